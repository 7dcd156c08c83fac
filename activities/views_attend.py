"""One's own part in an activity: sign up, give the place back, ask for leave, check in with the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.toasts import say_done, say_refused

from . import attend_services as attending
from .check_in_codes import is_valid
from .event_models import Activity, Participation, ParticipationState
from .views_events import visible_activity


def _own(request: HttpRequest, pk: int) -> tuple[Activity, Person]:
    """A visible activity and the person behind the account."""
    scope, found = visible_activity(request, pk)
    if scope.person_id is None:
        raise PermissionDenied(_("Only people of the roster take part. Your account is not linked to one."))
    return found, get_visible_or_404(Person.objects.visible_to(scope), pk=scope.person_id)


def _press(
    request: HttpRequest, pk: int, service: Callable[..., Participation], said: Callable[[Participation], tuple[str, str]], **more: Any
) -> HttpResponse:  # fmt: skip
    """`said` gives the words and the name of the address that takes it back, or ""."""
    found, person = _own(request, pk)
    try:
        row = service(activity=found, person=person, now=timezone.now(), **more)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        words, undo = said(row)
        say_done(request, words, undo_url=reverse(undo, args=[pk]) if undo else "")
    return redirect("activity", pk=pk)


@require_POST
def activity_sign_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a place, or stand in line."""

    def said(row: Participation) -> tuple[str, str]:
        if row.state == ParticipationState.WAITING:
            return _("No place is free. You stand in line and are told when one is."), "activity_withdraw"
        return _("You are signed up."), "activity_withdraw"

    return _press(request, pk, attending.sign_up, said)


@require_POST
def activity_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the place back."""
    return _press(request, pk, attending.withdraw, lambda row: (_("Given back. The next in line gets your place."), ""))


@require_POST
def activity_ask_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask to be excused, with a reason."""
    reason = request.POST.get("reason", "")[:200]
    words = _("Sent. You are told what the host answers.")
    return _press(request, pk, attending.ask_leave, lambda row: (words, "activity_come_after_all"), reason=reason)


@require_POST
def activity_come_after_all(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the request for leave back."""

    def said(row: Participation) -> tuple[str, str]:
        if row.state == ParticipationState.WAITING:
            return _("No place is free. You stand in line and are told when one is."), ""
        return _("Good: you are expected again."), ""

    return _press(request, pk, attending.come_after_all, said)


@never_cache
@require_http_methods(["GET", "POST"])
def activity_check_in(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Where the code on the screen leads: one large button. Twice is once."""
    found, person = _own(request, pk)
    refused = ""
    if request.method == "POST":
        try:
            attending.check_in(activity=found, person=person, code=code[:40], now=timezone.now())
        except Refused as refusal:
            refused = refusal.text
        else:
            return redirect("activity_check_in", pk=pk, code=code)
    row = found.participations.filter(person=person).first()
    is_here = row is not None and row.state == ParticipationState.PRESENT
    if not is_here and not refused and not is_valid(code[:40], found.check_in_secret, found.pk, timezone.now()):
        refused = _("This code is too old. Scan the one that is on the screen now.")
    context = {"activity": found, "row": row if is_here else None, "person": person, "refused": refused}
    return render(request, "activities/activity_check_in.html", context, status=400 if refused and not is_here else 200)
