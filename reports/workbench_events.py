"""What activities put on the workbench: a yes that is waited for, leave to answer, activities to finish. One query each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from activities.event_page import short_when
from activities.models import Activity, ActivityHost, ActivityState, Participation, ParticipationState
from pairing_portal.common.scope import Role, Scope

from .workbench_parts import Task

FINISH_WITHIN = timedelta(days=3)
EVENTS_SHOWN = 3


def event_tasks(scope: Scope) -> list[Task]:
    """For who runs a Party or League branch."""
    if not (scope.managed_branch_ids or scope.has(Role.LEAGUE_SECRETARY)):
        return []
    tasks = _approvals(scope) if scope.managed_branch_ids else []
    return [*tasks, *_leave(scope), *_to_finish(scope)]


def my_events(scope: Scope) -> list[dict[str, Any]]:
    """The next activities one is expected at, or asked to sign up for: when in words, and one's own state. One query."""
    rows = (
        Participation.objects.visible_to(scope)
        .filter(person_id=scope.person_id, activity__state=ActivityState.PUBLISHED, activity__ends_at__gte=timezone.now())
        .exclude(state__in=(ParticipationState.WITHDRAWN, ParticipationState.LEAVE))
        .select_related("activity__kind")
        .order_by("activity__starts_at", "activity_id")
    )  # fmt: skip
    return [{"activity": row.activity, "when": short_when(row.activity), "row": row} for row in rows[:EVENTS_SHOWN]]


def _approvals(scope: Scope) -> list[Task]:
    waiting = ActivityHost.objects.waiting_for(scope)
    found = waiting.aggregate(
        count=Count("activity", distinct=True), first=Min("activity__starts_at"), one=Min("activity")
    )
    address = _address(found, reverse("activities") + "?state=proposed&when=all")
    return _task(_("Joint activities to approve"), found, address, "check-circle", is_late=_soon(found["first"]))


def _leave(scope: Scope) -> list[Task]:
    """Asked of activities that are still to come, or go on."""
    asked = Participation.objects.changeable_by(scope).filter(
        state=ParticipationState.LEAVE_ASKED, activity__state=ActivityState.PUBLISHED, activity__ends_at__gte=timezone.now()
    )  # fmt: skip
    found = asked.aggregate(count=Count("pk", distinct=True), first=Min("activity__starts_at"), one=Min("activity"))
    address = reverse("activity_list", args=[found["one"]]) + "?state=leave_asked" if found["one"] else ""
    return _task(_("Requests for leave to answer"), found, address, "person-check", is_late=_soon(found["first"]))


def _to_finish(scope: Scope) -> list[Task]:
    """Over and not finished: nobody is credited before."""
    now = timezone.now()
    over = Activity.objects.run_by(scope).filter(state=ActivityState.PUBLISHED, ends_at__lt=now)
    found = over.aggregate(count=Count("pk", distinct=True), first=Min("ends_at"), one=Min("pk"))
    address = _address(found, reverse("activities") + "?state=published&when=past")
    is_late = bool(found["first"] and found["first"] < now - FINISH_WITHIN)
    return _task(_("Activities to finish"), found, address, "flag", oldest=found["first"], is_late=is_late)


def _address(found: dict[str, Any], several: str) -> str:
    """The one itself, or the list of them."""
    return reverse("activity", args=[found["one"]]) if found["count"] == 1 else several


def _soon(first: datetime | None) -> bool:
    """Late is what begins within two days."""
    return bool(first and first < timezone.now() + timedelta(days=2))


def _task(
    label: str, found: dict[str, Any], address: str, icon: str, *, oldest: datetime | None = None, is_late: bool = False
) -> list[Task]:
    return [Task(label, found["count"], address, icon, oldest, is_late)] if found["count"] else []
