"""Spot checks: drawn once a week, worked through as a list."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from branches.policy import Policy
from pairing_portal.common.doing import act
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from ..models import SpotCheck, SpotCheckState
from ..quota import monday_of
from . import spot_check_services as checking

SHOWN_SETTLED = 30


def _require_staff(scope: Scope) -> None:
    if not checking.may_check(scope):
        raise PermissionDenied(_("Spot checks are the department's."))


def _last_week(today: date) -> date:
    return monday_of(today) - timedelta(weeks=1)


@require_GET
def spot_checks(request: HttpRequest) -> HttpResponse:
    """What is to be checked, and what was found."""
    scope, today = scope_of(request), timezone.localdate()
    _require_staff(scope)
    rows = SpotCheck.objects.visible_to(scope).select_related(
        "audience__league_branch", "audience__lecture__textbook", "audience__confirmed_by", "checked_by"
    )
    rows = rows.prefetch_related("audience__lecture__speakers__person")
    monday = _last_week(today)
    context = {
        "open": list(rows.filter(state=SpotCheckState.OPEN).order_by("monday", "pk")),
        "settled": list(rows.exclude(state=SpotCheckState.OPEN).order_by("-checked_at", "-pk")[:SHOWN_SETTLED]),
        "monday": monday,
        "is_drawn": rows.filter(monday=monday).exists(),
        "percent": Policy().number("spot_check_percent", monday),
    }
    return render(request, "activities/spot_checks.html", context)


@require_POST
def spot_checks_draw(request: HttpRequest) -> HttpResponse:
    """Draw from last week."""
    scope, now = scope_of(request), timezone.now()
    _require_staff(scope)
    monday = _last_week(timezone.localdate(now))
    try:
        drawn = checking.draw_spot_checks(on=monday, scope=scope, by=request.user, now=now)  # type: ignore[arg-type]  # signed in
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        count = len(drawn)
        if count:
            words = ngettext("%(count)d lecture drawn from the week of %(day)s.", "%(count)d lectures drawn from the week of %(day)s.", count)  # fmt: skip
        else:
            words = _("Nothing was added: the week of %(day)s is drawn already, or no lecture of it is confirmed.")
        say_done(request, words % {"count": count, "day": date_format(monday)})
    return redirect("spot_checks")


@require_POST
def spot_check_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """As recorded, or not and what was found."""
    scope = scope_of(request)
    check = get_visible_or_404(SpotCheck.objects.visible_to(scope), pk=pk)
    found, note = request.POST.get("found"), request.POST.get("note", "")[:500]
    if found not in ("clear", "doubtful"):
        say_refused(request, _("Please say whether it was as recorded."))
        return redirect("spot_checks")
    return act(
        request,
        lambda: checking.settle_spot_check(
            check=check, as_recorded=found == "clear", note=note, scope=scope, by=request.user, now=timezone.now()  # type: ignore[arg-type]  # signed in
        ),
        done=_("Recorded. Who answers for the lecture is told.") if found == "doubtful" else _("Recorded."),
        back="spot_checks",
        undo_url=reverse("spot_check_reopen", args=[check.pk]),
    )  # fmt: skip


@require_POST
def spot_check_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of a moment ago."""
    scope = scope_of(request)
    check = get_visible_or_404(SpotCheck.objects.visible_to(scope), pk=pk)
    return act(
        request,
        lambda: checking.reopen_spot_check(check=check, scope=scope, by=request.user, now=timezone.now()),  # type: ignore[arg-type]  # signed in
        done=_("Taken back. It is to be checked again."),
        back="spot_checks",
    )
