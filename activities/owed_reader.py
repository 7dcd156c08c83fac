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
from branches.policy import Policy, policy_number
from members.models import Person, Post
from members.party_groups import branches_with_groups
from members.stages import MEMBER_STAGES
from pairing_portal.common.scope import Scope

from .models import Activity, ActivityHost, ActivityKind, ActivityState
from .owed import OF_GROUPS, Done, Duty, Owed, is_owed, what_is_owed

PLANNED = (ActivityState.PROPOSED, ActivityState.APPROVED, ActivityState.PUBLISHED)
# A secretary and a deputy alone are no committee.
COMMITTEE_FROM = 3
SHOWN_AT_ONCE = 12


@dataclass(frozen=True)
class BranchOwes:
    branch: PartyBranch
    owed: Owed


@dataclass(frozen=True)
class Bodies:
    """What there is in each of some branches: those with a committee, those with Party groups, and how many members.

    A branch that keeps its groups in the portal has those it has. One that keeps none has groups when it is large enough that they
    are expected, or when a group meeting of its own is on record or planned.
    """

    committees: set[int]
    groups: set[int]
    members: dict[int, int]


def owed_for(scope: Scope, today: date) -> dict[str, Any]:
    """For the page: lines of the branches whose committee the user sits on, of a department's or the college's for its organisers."""
    own = Q(pk__in=scope.branch_ids) | Q(department_id__in=scope.department_ids)
    branches = PartyBranch.objects.active() if scope.college_staff else PartyBranch.objects.active().filter(own)
    if not (scope.college_staff or scope.branch_ids or scope.department_ids):
        return {"owed": [], "owed_later": [], "owed_late": 0, "owes_many": False, "without_groups": []}
    found, bodies = _owed_and_bodies(list(branches.visible_to(scope)), today)
    rows = [BranchOwes(branch, owed) for branch, owes in found.items() for owed in owes]
    # What is late and unplanned first, then by day.
    rows.sort(key=lambda row: (row.owed.is_planned, row.owed.due_on))
    urgent = [row for row in rows if row.owed.standing != "ok"]
    return {
        "owed": urgent[:SHOWN_AT_ONCE],
        "owed_later": urgent[SHOWN_AT_ONCE:] + [row for row in rows if row.owed.standing == "ok"],
        "owed_late": sum(row.owed.standing == "late" for row in rows),
        "owes_many": len(found) > 1,
        "without_groups": [
            (branch, bodies.members.get(branch.pk, 0)) for branch in found if branch.pk not in bodies.groups
        ],
        "groups_above": policy_number("group_expected_above", today),
    }


def owed_of(branches: Iterable[PartyBranch], today: date) -> dict[PartyBranch, list[Owed]]:
    """What each branch owes; eight queries, however many branches."""
    return _owed_and_bodies(list(branches), today)[0]


def _owed_and_bodies(branches: list[PartyBranch], today: date) -> tuple[dict[PartyBranch, list[Owed]], Bodies]:
    ids = [branch.pk for branch in branches]
    policy = Policy()
    duties, records, since = duties_of(policy, today), _records(ids, today), _since(today)
    bodies = _bodies(ids, duties, records, policy, today)
    owes = {
        branch: what_is_owed(
            duties, records[branch.pk], since=since, today=today, has_committee=branch.pk in bodies.committees,
            has_groups=branch.pk in bodies.groups,
        )
        for branch in branches
    }  # fmt: skip
    return owes, bodies


def owed_by(branch_id: int, today: date) -> list[Duty]:
    """What one branch owes at all: not what asks for a committee or for groups it does not have."""
    policy = Policy()
    duties = duties_of(policy, today)
    bodies = _bodies([branch_id], duties, _records([branch_id], today), policy, today)
    has = {"has_committee": branch_id in bodies.committees, "has_groups": branch_id in bodies.groups}
    return [duty for duty in duties if is_owed(duty, **has)]


def _bodies(
    ids: list[int], duties: list[Duty], records: dict[int, dict[str, Done]], policy: Policy, today: date
) -> Bodies:
    rows = Person.objects.filter(party_branch_id__in=ids, stage__in=MEMBER_STAGES).order_by()
    members = dict(rows.values_list("party_branch_id").annotate(count=Count("pk")))
    above = policy.number("group_expected_above", today)
    keys = [duty.key for duty in duties if duty.policy == OF_GROUPS]
    # Only what was held or is planned counts as a record: a meeting called off says nothing.
    with_record = {pk for pk in ids if any(_is_on_record(records[pk].get(key, Done())) for key in keys)}
    large = {pk for pk, count in members.items() if count > above}
    kept, active = branches_with_groups(ids)
    return Bodies(_committees(ids, today), active | (with_record | large) - kept, members)


def _is_on_record(done: Done) -> bool:
    return done.last_on is not None or done.planned_on is not None


def duties_of(policy: Policy, today: date) -> list[Duty]:
    """Kinds in use that are owed by frequency."""
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
