"""What each role sees first: what waits for me, what is late, how is it going."""

from __future__ import annotations

import statistics
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from activities.models import LogEntry, LogState
from branches.models import PartyBranch
from branches.policy import Policy
from members.models import Person
from pairing_portal.common.scope import Role, Scope
from pairings.models import BranchPairing, MemberPairing

from .supervision.base import may_supervise, watched_branches
from .supervision.figures import three_figures
from .workbench_events import event_tasks, my_events
from .workbench_lectures import lecture_tasks, my_lectures, quota_block
from .workbench_mentoring import mentoring_cells, mentoring_figure, mentoring_tasks
from .workbench_next import NOBODY, next_steps
from .workbench_pairings import pairing_tasks
from .workbench_parts import Figure, Task
from .workbench_records import record_tasks

WEEKS_SHOWN = 8
OVERSEEING = (Role.STAFF, Role.ADMINISTRATOR)


def build_workbench(scope: Scope, today: date) -> dict[str, Any]:
    """The context of the workbench for one user; blocks that do not concern them are absent."""
    context: dict[str, Any] = {"today": today, "tasks": _tasks(scope, today), "role": _role(scope)}
    if not context["tasks"]:
        context["next_steps"] = next_steps(context["role"])
    quota = quota_block(scope, today)
    context["quota"] = quota
    context["week_number"] = quota["number"] if quota else None
    context["has_dashboards"] = may_supervise(scope)
    if scope.person_id:
        context["me"] = _my_record(scope)
        context["my_events"] = my_events(scope)
        context["my_lectures"] = my_lectures(scope, timezone.now())
    if scope.branch_ids or scope.department_ids or scope.college_staff:
        context["figures"] = _figures(scope, today, quota)
    if scope.department_ids or scope.college_staff:
        context["health"] = _health(scope, today)
        context["spans_departments"] = len({row["branch"].department_id for row in context["health"]}) > 1
        context["weaknesses"] = three_figures([branch.pk for branch in watched_branches(scope)], today)
        # Talks and days until confirmed stand among those already.
        context["figures"] = context["figures"][::2]
    return context


def _role(scope: Scope) -> str:
    for role in (Role.STAFF, Role.SECRETARY, Role.COMMITTEE, Role.COUNSELLOR, Role.LEAGUE_SECRETARY, Role.PERSON):
        if scope.has(role):
            return role.value
    return Role.ADMINISTRATOR.value if scope.has(Role.ADMINISTRATOR) else NOBODY


def _tasks(scope: Scope, today: date) -> list[Task]:
    late_days = Policy().number("confirm_reminder_days", today)
    late_before = timezone.now() - timedelta(days=late_days)
    tasks = [*pairing_tasks(scope, today), *mentoring_tasks(scope, today), *event_tasks(scope), *record_tasks(scope)]
    if scope.managed_branch_ids or scope.has(Role.STAFF) or scope.person_id:
        logs = LogEntry.objects.confirmable_by(scope).aggregate(count=Count("pk"), oldest=Min("submitted_at"))
        if logs["count"]:
            is_late = logs["oldest"] < late_before
            tasks.append(
                Task(
                    _("Log entries to confirm"),
                    logs["count"],
                    reverse("log_confirm"),
                    "clipboard-check",
                    logs["oldest"],
                    is_late,
                )
            )
    tasks += lecture_tasks(scope, timezone.now(), today, late_days)
    if scope.person_id:
        returned = (
            LogEntry.objects.changeable_by(scope)
            .filter(state=LogState.RETURNED)
            .aggregate(count=Count("pk"), oldest=Min("submitted_at"))
        )
        if returned["count"]:
            tasks.append(
                Task(
                    _("Returned entries to correct"),
                    returned["count"],
                    reverse("my_logs") + "?state=returned",
                    "arrow-left",
                    returned["oldest"],
                )
            )
    return sorted(tasks, key=_urgency)


def _urgency(task: Task) -> tuple[bool, date]:
    """What is late comes first, then what has waited longest; what says no day comes last."""
    oldest = task.oldest
    day = timezone.localdate(oldest) if isinstance(oldest, datetime) else oldest
    return (not task.is_late, day or date.max)


def _my_record(scope: Scope) -> dict[str, Any]:
    own = LogEntry.objects.visible_to(scope).filter(person_id=scope.person_id)
    totals = own.aggregate(
        confirmed=Sum("minutes", filter=Q(state=LogState.CONFIRMED)),
        waiting=Count("pk", filter=Q(state=LogState.SUBMITTED)),
    )
    pairs = MemberPairing.objects.visible_to(scope).open().of_person(scope.person_id or 0).with_people()
    return {
        "minutes": totals["confirmed"] or 0,
        "waiting": totals["waiting"],
        "people": [{"pair": pair, "other": pair.other(scope.person_id)} for pair in pairs],
        "recent": own.with_names()[:3],
    }


def _figures(scope: Scope, today: date, quota: dict[str, Any] | None) -> list[Figure]:
    """Four figures of the branches one answers for, each leading to its rows."""
    visible = Person.objects.visible_to(scope).members()
    members = visible.count()
    pairs = MemberPairing.objects.visible_to(scope).open()
    paired = visible.filter(Q(pk__in=pairs.values("helper_id")) | Q(pk__in=pairs.values("partner_id"))).count()
    weeks = [today - timedelta(days=today.weekday(), weeks=back) for back in range(WEEKS_SHOWN - 1, -1, -1)]
    minutes, delays = _by_week(scope, weeks)
    figures = [
        Figure(_("Paired members"), f"{paired}/{members}", _("members with an open pair"), reverse("pairings")),
        Figure(
            _("Confirmed hours, 30 days"), f"{sum(minutes[-4:]) / 60:.0f}", _("from the same entries every ledger counts"),
            reverse("log_confirm") if scope.managed_branch_ids else reverse("reports"), _sparkline(minutes),
        ),
        Figure(
            _("Days until confirmed"), f"{statistics.median(delays):.1f}" if delays else "—", _("median of the last 8 weeks"),
            reverse("log_confirm") if scope.managed_branch_ids else reverse("reports"),
        ),
    ]  # fmt: skip
    figures.insert(1, mentoring_figure(scope, today))
    if quota:
        del figures[2]  # four figures stand in one line; the hours are among the reports
        figures.insert(
            2,
            Figure(
                _("Lecture quota, week %(number)s") % {"number": quota["number"] or "–"}, f"{quota['met']}/{quota['owing']}",
                _("League branches that have what they are owed"), reverse("lectures"), _sparkline(quota["history"]),
            ),
        )  # fmt: skip
    return figures


def _by_week(scope: Scope, weeks: list[date]) -> tuple[list[float], list[float]]:
    """Confirmed minutes per week, and the days each entry waited for its confirmation."""
    per_week: dict[date, float] = defaultdict(float)
    delays = []
    rows = (
        LogEntry.objects.visible_to(scope)
        .confirmed()
        .filter(on__gte=weeks[0])
        .values_list("on", "minutes", "submitted_at", "confirmed_at")
        .distinct()
    )
    for on, minutes, submitted_at, confirmed_at in rows:
        per_week[on - timedelta(days=on.weekday())] += minutes
        if submitted_at and confirmed_at:
            delays.append(max(0.0, (confirmed_at - submitted_at).total_seconds() / 86400))
    return [per_week[week] for week in weeks], delays


def _sparkline(values: list[float]) -> str:
    """Points of a polyline, 100 wide and 24 high."""
    if len(values) < 2 or not any(values):
        return ""
    top, step = max(values), 100 / (len(values) - 1)
    return " ".join(f"{index * step:.1f},{22 - 20 * value / top:.1f}" for index, value in enumerate(values))


def _health(scope: Scope, today: date) -> list[dict[str, Any]]:
    """Branches as rows, health as cells: for those who oversee a department."""
    branches = PartyBranch.objects.active()
    if not scope.college_staff:
        branches = branches.filter(department_id__in=scope.department_ids)
    members = dict(
        branches.annotate(n=Count("people", filter=Q(people__stage__in=("probationary", "full")))).values_list(
            "pk", "n"
        )
    )
    away = dict(
        Person.objects.visible_to(scope)
        .members()
        .away_on(today)
        .values_list("party_branch_id")
        .annotate(n=Count("pk"))
        .order_by()
    )
    waiting = {
        branch: (count, oldest)
        for branch, count, oldest in LogEntry.objects.visible_to(scope)
        .filter(state=LogState.SUBMITTED)
        .values_list("person__party_branch_id")
        .annotate(n=Count("pk", distinct=True), oldest=Min("submitted_at"))
        .order_by()
    }
    paired = set()
    for pairing in BranchPairing.objects.visible_to(scope).running_on(today):
        paired |= {pairing.helping_branch_id, pairing.partner_branch_id}
    late_before = timezone.now() - timedelta(days=Policy().number("confirm_reminder_days", today))
    mentoring = mentoring_cells(scope, today)
    rows = []
    for branch in branches.select_related("department").order_by("department_id", "pk"):
        count, oldest = waiting.get(branch.pk, (0, None))
        rows.append(
            {
                "branch": branch,
                "members": members.get(branch.pk, 0),
                "away": away.get(branch.pk, 0),
                "is_paired": branch.pk in paired,
                "mentoring": mentoring.get(branch.pk),
                "waiting": count,
                "oldest": oldest,
                "is_late": bool(oldest and oldest < late_before),
            }
        )
    return rows
