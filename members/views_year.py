from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import SETUP_ROLES

from .year_turn import apply_turn, preview_turn


@require_http_methods(["GET", "POST"])
def year_turn(request: HttpRequest) -> HttpResponse:
    """Graduates leave, their posts and duties end, accounts close; each line can be unticked."""
    scope, today = scope_of(request), timezone.localdate()
    if not scope.has(*SETUP_ROLES):
        raise PermissionDenied(_("The new academic year is prepared by department staff and administrators."))
    lines: list[str] = []
    if request.method == "POST":
        ids = [
            int(value)
            for value in request.POST.getlist("person")[:20_000]
            if value.isascii() and value.isdigit() and len(value) < 18
        ]
        try:
            lines = apply_turn(
                scope=scope, person_ids=ids, fingerprint=request.POST.get("fingerprint", ""), today=today, by=request.user,  # type: ignore[arg-type]  # signed in
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            messages.error(request, refusal.text)
            return redirect("year_turn")
        messages.success(request, _("Done: %(count)d things were ended.") % {"count": len(lines)})
    turn = preview_turn(scope=scope, today=today)
    return render(request, "members/year_turn.html", {"turn": turn, "fingerprint": turn.fingerprint(), "lines": lines})
