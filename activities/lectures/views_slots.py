"""The League branch's side of planning: its free hours, and a week without a lecture."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from branches.models import LeagueBranch
from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.errors import bad_request
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from ..lecture_querysets import concerned_league_branches
from ..models import LectureSlot
from ..quota import monday_of
from . import no_lecture_services, slot_services
from .forms_plan import NoLectureForm, SlotForm
from .no_lecture_services import may_say_none


def _own_branches(scope: Scope) -> list[LeagueBranch]:
    own = LeagueBranch.objects.visible_to(scope).active().filter(pk__in=scope.league_branch_ids)
    return list(own.order_by("name", "pk"))


@require_http_methods(["GET", "POST"])
def lecture_slots(request: HttpRequest) -> HttpResponse:
    """For the League branch's secretary: the week's free hours, and one more."""
    scope = scope_of(request)
    branches = _own_branches(scope)
    if not branches:
        raise PermissionDenied(_("Free hours are offered by the secretary of the League branch."))
    # Who answers for several chooses; the undo of removing an hour carries it in its address.
    wanted = request.POST.get("branch") or request.GET.get("branch")
    branch = next((row for row in branches if str(row.pk) == wanted), branches[0])
    data = request.GET if request.method == "POST" and "weekday" in request.GET else posted(request)
    form = SlotForm(data)
    if request.method == "POST" and form.is_valid():
        try:
            slot = slot_services.add_slot(league_branch=branch, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(
                request, _("Offered. Speakers see it when they plan."), undo_url=reverse("lecture_slot_remove", args=[slot.pk])
            )  # fmt: skip
            return redirect(f"{reverse('lecture_slots')}?branch={branch.pk}")
    slots = LectureSlot.objects.visible_to(scope).filter(league_branch=branch).order_by("weekday", "starts_at")
    context = {
        "form": form, "branch": branch, "branches": branches, "here": f"{reverse('lecture_slots')}?branch={branch.pk}",
        "slots": [{"row": row, "weekday": WEEKDAYS[row.weekday - 1]} for row in slots],
    }  # fmt: skip
    return render(request, "activities/lecture_slots.html", context, status=400 if form.errors else 200)


@require_POST
def lecture_slot_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Offered no longer."""
    scope = scope_of(request)
    slot = get_visible_or_404(LectureSlot.objects.visible_to(scope), pk=pk)
    if slot.league_branch_id not in scope.league_branch_ids:
        raise PermissionDenied(_("Free hours are offered by the secretary of the League branch."))
    back = f"{reverse('lecture_slots')}?branch={slot.league_branch_id}"
    again = urlencode(
        {
            "branch": slot.league_branch_id, "weekday": slot.weekday, "starts_at": slot.starts_at.isoformat("minutes"),
            "ends_at": slot.ends_at.isoformat("minutes"), "place": slot.place,
        }
    )  # fmt: skip
    return act(
        request,
        lambda: slot_services.remove_slot(slot=slot, scope=scope),
        done=_("Removed. Lectures planned in it stay."),
        back=back,
        undo_url=f"{reverse('lecture_slots')}?{again}",
    )


def _week(text: str) -> date | None:
    """The Monday asked for; None for what is no day of these years."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return monday_of(day) if day and date(2000, 1, 8) <= day <= date(2100, 12, 31) else None


@require_http_methods(["GET", "POST"])
def lecture_none(request: HttpRequest, pk: int) -> HttpResponse:
    """ "No lecture this week, because …"."""
    scope, now = scope_of(request), timezone.now()
    branch = get_visible_or_404(concerned_league_branches(scope), pk=pk)
    if not may_say_none(branch, scope, timezone.localdate(now)):
        raise PermissionDenied(
            _("The League branch, its speakers on duty, its Party branch and the department say this.")
        )
    asked = request.POST.get("week") or request.GET.get("week") or timezone.localdate(now).isoformat()
    monday = _week(asked)
    if monday is None:
        return bad_request(request)
    form = NoLectureForm(posted(request), initial={"week": monday})
    back = f"{reverse('lecture_week', args=[pk])}?week={monday.isoformat()}"
    if request.method == "POST" and form.is_valid():
        try:
            row = no_lecture_services.say_no_lecture(
                league_branch=branch, on=monday, reason=form.cleaned_data["reason"], scope=scope, by=request.user, now=now  # type: ignore[arg-type]  # signed in
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Said. It stands in the board."), undo_url=reverse("lecture_none_back", args=[row.pk]))
            return redirect(back)
    context = {"form": form, "league_branch": branch, "monday": monday, "back": back}
    return render(request, "activities/lecture_none.html", context, status=400 if form.errors else 200)


@require_POST
def lecture_none_back(request: HttpRequest, pk: int) -> HttpResponse:
    """There may be a lecture after all."""
    scope = scope_of(request)
    # A speaker on duty sees the League branch, though the row belongs to who supervises it.
    rows = no_lecture_services.said_for(concerned_league_branches(scope).values("pk"))
    row = get_visible_or_404(rows.select_related("league_branch"), pk=pk)
    if not may_say_none(row.league_branch, scope, timezone.localdate()):
        raise PermissionDenied(
            _("The League branch, its speakers on duty, its Party branch and the department say this.")
        )
    return act(
        request,
        lambda: no_lecture_services.take_back_no_lecture(row=row, scope=scope, by=request.user, now=timezone.now()),  # type: ignore[arg-type]  # signed in
        done=_("Taken back. The week is open again."),
        back=f"{reverse('lecture_week', args=[row.league_branch_id])}?week={row.monday.isoformat()}",
    )
