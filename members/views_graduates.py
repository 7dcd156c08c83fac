"""The graduates of a year, each with how their affiliation goes on: choose, look, apply all or nothing."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from pairing_portal.common.doing import posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done, say_refused

from . import transfer_page
from .forms_transfers import GraduatesForm


@require_http_methods(["GET", "POST"])
def graduates(request: HttpRequest) -> HttpResponse:
    """The graduates of a year, each with how they go on: choose, look, apply all or nothing."""
    scope, today = scope_of(request), timezone.localdate()
    if not (scope.managed_branch_ids or scope.department_ids or scope.college_staff):
        raise PermissionDenied(
            _("The affiliation of graduates is arranged by the branch's secretary or the department.")
        )
    years = transfer_page.graduation_years(scope, today)
    asked = request.POST.get("year") or request.GET.get("year") or ""
    year = int(asked) if asked in {str(one) for one in years} else today.year + (today.month >= 9)
    lines = transfer_page.graduates_of(scope, year)
    form = GraduatesForm(posted(request), initial={"starts_on": today})
    context: dict[str, Any] = {
        "year": year, "years": years, "lines": lines, "form": form, "kinds": transfer_page.GOING, "is_preview": False,
        "chosen": [], "message": "",
    }  # fmt: skip
    if request.method == "POST":
        answer = _graduates_posted(request, lines, form, context)
        if answer is not None:
            return answer
    status = 400 if context["message"] or form.errors else 200
    return render(request, "members/transfer_graduates.html", context, status=status)


def _graduates_posted(
    request: HttpRequest, lines: list[transfer_page.Graduate], form: GraduatesForm, context: dict[str, Any]
) -> HttpResponse | None:
    """Look first, then apply; a redirect when it is done, None when the page is shown again."""
    chosen = transfer_page.read_choices(lines, request.POST)
    faults = sum(bool(line.choice.error) for line in chosen)
    if not chosen:
        context["message"] = _("Nobody is chosen. Choose for each graduate how the affiliation goes on.")
    elif faults:
        context["message"] = ngettext(
            "%(count)d line is not complete yet.", "%(count)d lines are not complete yet.", faults
        ) % {"count": faults}
    if context["message"] or not form.is_valid():
        return None
    on = form.cleaned_data["starts_on"]
    mark = transfer_page.fingerprint(chosen, on)
    if request.POST.get("action") == "apply" and request.POST.get("fingerprint") == mark:
        try:
            made = transfer_page.apply_graduates(
                chosen=chosen, on=on, scope=scope_of(request), by=cast(User, request.user), today=timezone.localdate(),
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            context["message"] = refusal.text
            return None
        words = ngettext("%(count)d transfer is entered.", "%(count)d transfers are entered.", len(made))
        say_done(request, words % {"count": len(made)})
        return redirect("transfers")
    if request.POST.get("action") == "apply":
        say_refused(request, _("The list changed since it was shown. Look at it again."))
    context |= {
        "is_preview": True, "chosen": chosen, "fingerprint": mark, "holdings": transfer_page.graduates_preview(chosen, on),
    }  # fmt: skip
    return None
