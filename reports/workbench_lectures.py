"""What lectures put on the workbench: what waits for whom, the quota of the week, and the speaker's next lecture."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from activities.lecture_querysets import concerned_league_branches
from activities.lectures.behind import behind
from activities.lectures.board import QuotaContext, board_rows, focus_week, shown_weeks
from activities.lectures.counts import Totals, department_totals
from activities.lectures.plan_reader import duty_branches, my_swaps, own_lectures
from activities.models import ExemptionState, LectureAudience, LectureState, QuotaExemption
from activities.quota import monday_of
from pairing_portal.common.scope import Scope

from .workbench_parts import Task

WEEKS_SHOWN = 8
BEHIND_SHOWN = 6


def lecture_tasks(scope: Scope, now: datetime, today: date, late_days: int) -> list[Task]:
    """Confirmations of a League branch; exemptions to decide; what a speaker has to report, answer and plan."""
    tasks = _confirmations(scope, today, late_days) if scope.league_branch_ids else []
    if scope.managed_branch_ids or scope.department_ids or scope.college_staff:
        tasks += _exemptions(scope)
    if scope.person_id:
        tasks += _of_speaker(scope, now, today)
    return tasks


def _confirmations(scope: Scope, today: date, late_days: int) -> list[Task]:
    waiting = LectureAudience.objects.visible_to(scope).waiting_for(scope)
    found = waiting.aggregate(count=Count("pk"), oldest=Min("lecture__on"))
    if not found["count"]:
        return []
    is_late = found["oldest"] < today - timedelta(days=late_days)
    address = reverse("lectures_to_confirm")
    return [Task(_("Lectures to confirm"), found["count"], address, "check-circle", found["oldest"], is_late)]


def _exemptions(scope: Scope) -> list[Task]:
    asked = QuotaExemption.objects.changeable_by(scope).filter(state=ExemptionState.ASKED)
    found = asked.aggregate(count=Count("pk"), oldest=Min("asked_at"))
    if not found["count"]:
        return []
    return [
        Task(
            _("Exemptions from lectures to decide"),
            found["count"],
            reverse("exemptions"),
            "dash-circle",
            found["oldest"],
        )
    ]


def _of_speaker(scope: Scope, now: datetime, today: date) -> list[Task]:
    address, tasks = reverse("lecture_plan"), []
    over = own_lectures(scope, now).over
    if over:
        tasks.append(Task(_("Lectures to report as given"), len(over), address, "check-lg", over[0].on))
    asked = my_swaps(scope, now)["asked_of_me"]
    if asked:
        tasks.append(Task(_("Colleagues who ask to swap a lecture"), len(asked), address, "arrow-left-right"))
    open_now = lectures_to_plan(scope, today)
    if open_now:
        tasks.append(Task(_("Lectures of this week to plan"), open_now, address, "calendar"))
    return tasks


def lectures_to_plan(scope: Scope, today: date) -> int:
    """How many lectures of this week the user's League branches lack that are neither counted, planned nor waiting."""
    branches = list(duty_branches(scope, today))
    if not branches:
        return 0
    monday = monday_of(today)
    ahead = LectureAudience.objects.filter(
        league_branch__in=branches, lecture__state=LectureState.PLANNED, lecture__on__range=(monday, monday + timedelta(days=6))
    )  # fmt: skip
    planned = dict(ahead.order_by().values_list("league_branch_id").annotate(number=Count("pk")))
    rows = board_rows(league_branches=branches, mondays=[monday], today=today)
    return sum(
        max(0, row.cells[0].missing - row.cells[0].waiting - planned.get(row.league_branch.pk, 0))
        for row in rows
        if not row.cells[0].said_why
    )


def my_lectures(scope: Scope, now: datetime) -> list[Any]:
    """The next lectures the user gives, for the workbench of a speaker."""
    return own_lectures(scope, now).coming[:2] if scope.person_id else []


def quota_block(scope: Scope, today: date) -> dict[str, Any] | None:
    """The focus week of the League branches the user has to do with; None when there are none. Counted by the database."""
    branches = concerned_league_branches(scope).active()
    if not branches.exists():
        return None
    context = QuotaContext.load()
    weeks = shown_weeks(context, today)
    focus = focus_week(weeks, today)
    if focus is None:
        return None
    past = [week for week in weeks if week <= focus][-WEEKS_SHOWN:]
    totals = department_totals(league_branches=branches, mondays=past, today=today, context=context)
    sums = {week: _sum([one for (_department, monday), one in totals.items() if monday == week]) for week in past}
    now = sums[focus]
    return {
        "focus": focus,
        "sunday": focus + timedelta(days=6),
        "number": context.calendar.teaching_week(focus + timedelta(days=3)),
        "owing": now.due,
        "met": now.met,
        "behind": _behind(branches, focus, today, context) if now.unmet else [],
        "more": max(0, now.unmet - BEHIND_SHOWN),
        "history": [sums[week].met / max(1, sums[week].due) for week in past],
        "is_current": focus <= today <= focus + timedelta(days=6),
    }


def _sum(found: list[Totals]) -> Totals:
    return sum(found, start=Totals(0, 0, 0, is_over=True))


def _behind(branches: Any, monday: date, today: date, context: QuotaContext) -> list[dict[str, Any]]:
    lacking = behind(monday, context).filter(pk__in=branches.order_by().values("pk"))
    first = list(lacking.order_by("department_id", "-enrolment_year", "pk")[:BEHIND_SHOWN])
    rows = board_rows(league_branches=first, mondays=[monday], today=today, context=context)
    return [{"league_branch": row.league_branch, "status": row.cells[0]} for row in rows]
