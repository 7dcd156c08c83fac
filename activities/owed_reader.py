"""Reads for many branches at once what they owe; the same number of queries for one branch as for a hundred."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from branches.models import AcademicYear, PartyBranch
from branches.policy import Policy
from members.models import Post
from pairing_portal.common.scope import Scope

from .models import Activity, ActivityHost, ActivityKind, ActivityState
from .owed import Done, Duty, Owed, what_is_owed

PLANNED = (ActivityState.PROPOSED, ActivityState.APPROVED, ActivityState.PUBLISHED)
# A secretary and a deputy alone are no committee.
COMMITTEE_FROM = 3
SHOWN_AT_ONCE = 12


@dataclass(frozen=True)
class BranchOwes:
    branch: PartyBranch
    owed: Owed


def owed_for(scope: Scope, today: date) -> dict[str, Any]:
    """For the page: lines of the branches whose committee the user sits on, of a department's or the college's for its organisers."""
    own = Q(pk__in=scope.branch_ids) | Q(department_id__in=scope.department_ids)
    branches = PartyBranch.objects.active() if scope.college_staff else PartyBranch.objects.active().filter(own)
    if not (scope.college_staff or scope.branch_ids or scope.department_ids):
        return {"owed": [], "owed_later": [], "owed_late": 0, "owes_many": False}
    found = owed_of(list(branches.visible_to(scope)), today)
    rows = [BranchOwes(branch, owed) for branch, owes in found.items() for owed in owes]
    # What is late and unplanned first, then by day.
    rows.sort(key=lambda row: (row.owed.is_planned, row.owed.due_on))
    urgent = [row for row in rows if row.owed.standing != "ok"]
    return {
        "owed": urgent[:SHOWN_AT_ONCE],
        "owed_later": urgent[SHOWN_AT_ONCE:] + [row for row in rows if row.owed.standing == "ok"],
        "owed_late": sum(row.owed.standing == "late" for row in rows),
        "owes_many": len(found) > 1,
    }


def owed_of(branches: Iterable[PartyBranch], today: date) -> dict[PartyBranch, list[Owed]]:
    """What each branch owes; six queries, however many branches."""
    listed = list(branches)
    ids = [branch.pk for branch in listed]
    duties = _duties(today)
    records, committees, since = _records(ids, today), _committees(ids, today), _since(today)
    return {
        branch: what_is_owed(
            duties, records[branch.pk], since=since, today=today, has_committee=branch.pk in committees
        )
        for branch in listed
    }


def _duties(today: date) -> list[Duty]:
    policy = Policy()
    kinds = ActivityKind.objects.filter(is_active=True).exclude(owed_by="")
    return [Duty(kind.key, kind.name, kind.icon, kind.owed_by, policy.number(kind.owed_by, today)) for kind in kinds]


def _records(ids: list[int], today: date) -> dict[int, dict[str, Done]]:
    """Branch → kind → what is on record. A joint one counts for both hosts."""
    found: dict[int, dict[str, Done]] = defaultdict(dict)
    hosted: Any = Activity.objects.filter(party_branch_id__in=ids)
    joined: Any = ActivityHost.objects.filter(party_branch_id__in=ids, approved_at__isnull=False)
    for rows, path in ((hosted, ""), (joined, "activity__")):
        for branch, key, last, this_year, planned in _counted(rows, path, today):
            found[branch][key] = _both(found[branch].get(key, Done()), Done(_day(last), this_year, _day(planned)))
    return found


def _counted(rows: Any, path: str, today: date) -> Any:
    """(branch, kind, last finished, finished this year, next planned); `path` leads from the row to its activity."""

    def q(**lookup: Any) -> Q:
        return Q(**{path + name: value for name, value in lookup.items()})

    finished = q(state=ActivityState.FINISHED)
    planned = q(state__in=PLANNED, starts_at__gte=_midnight(today))
    owed = rows.exclude(q(kind__owed_by="")).order_by().values_list("party_branch_id", f"{path}kind__key")
    return owed.annotate(
        last=Max(f"{path}starts_at", filter=finished),
        this_year=Count("pk", filter=finished & q(starts_at__gte=_midnight(today.replace(month=1, day=1)))),
        planned=Min(f"{path}starts_at", filter=planned),
    )


def _midnight(on: date) -> datetime:
    return timezone.make_aware(datetime.combine(on, time.min))


def _both(one: Done, other: Done) -> Done:
    lasts = [day for day in (one.last_on, other.last_on) if day]
    plans = [day for day in (one.planned_on, other.planned_on) if day]
    return Done(max(lasts, default=None), one.this_year + other.this_year, min(plans, default=None))


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


def _committees(ids: list[int], today: date) -> set[int]:
    """Branches with a committee of at least three."""
    seats = Post.objects.current(today).filter(party_branch_id__in=ids).order_by().values_list("party_branch_id")
    counted = seats.annotate(people=Count("person_id", distinct=True)).filter(people__gte=COMMITTEE_FROM)
    return {branch for branch, _people in counted}


def _since(today: date) -> date:
    """Where nothing is on record, the months count from the beginning of the academic year, or of this one."""
    year = AcademicYear.objects.current(today)
    return year.starts_on if year else today.replace(month=1, day=1)
