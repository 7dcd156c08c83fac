"""Which observations are due next, and for whom: set-wise, two queries for any number of people (plus policy)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Max, OuterRef, Q, Subquery

from branches.policy import Policy
from members.models import Person
from pairing_portal.common.scope import Scope

from .models import Mentorship, ObservationKind, ObservationRecord
from .observation_rules import (
    DUE,
    OBSERVED_STAGES,
    SOON,
    Intervals,
    NextDue,
    branch_due,
    contact_due,
    stage_since,
)
from .tiers import Tier


@dataclass(frozen=True)
class DueRow:
    """One record that comes next. `link` for the contact's; `may_write` when the viewer is the one to write it."""

    kind: str
    person: Person
    next: NextDue
    standing: str
    last_to: date | None
    link: Mentorship | None = None
    may_write: bool = False
    last_id: int | None = None

    @property
    def badge(self) -> str:
        return {DUE: "late", SOON: "wait"}.get(self.standing, "neutral")

    @property
    def branch_id(self) -> int | None:
        return self.person.party_branch_id


def intervals_on(today: date) -> Intervals:
    policy = Policy()
    return Intervals(
        policy.number("contact_entry_months", today), policy.number("activist_review_months", today),
        policy.number("probation_review_months", today),
    )  # fmt: skip


def contact_links(condition: Q | None = None) -> Any:
    """Running links of formal contacts whose mentee is still observed, with the end and id of the last record as `last_to`, `last_id`."""
    links = Mentorship.objects.running().filter(tier=Tier.ACTIVISTS, is_formal=True, mentee__stage__in=OBSERVED_STAGES)
    if condition is not None:
        links = links.filter(condition)
    return links.select_related("mentor", "mentee__party_branch").annotate(
        last_to=Max("observations__period_to"), last_id=_newest(mentorship=OuterRef("pk"))
    )  # fmt: skip


def observed_people(condition: Q | None = None) -> Any:
    """People a branch observes, with the end and id of its last review as `last_to`, `last_id`."""
    people = Person.objects.filter(stage__in=OBSERVED_STAGES, party_branch__isnull=False)
    if condition is not None:
        people = people.filter(condition)
    reviews = Q(observations__kind=ObservationKind.BRANCH)
    return people.select_related("party_branch").annotate(
        last_to=Max("observations__period_to", filter=reviews),
        last_id=_newest(person=OuterRef("pk"), kind=ObservationKind.BRANCH),
    )


def _newest(**which: Any) -> Subquery:
    rows = ObservationRecord.objects.filter(**which).order_by("-period_to", "-pk")
    return Subquery(rows.values("pk")[:1])


def next_of_link(link: Any, intervals: Intervals) -> NextDue:
    """`link` as `contact_links` gives it."""
    return contact_due(starts_on=link.starts_on, last_to=link.last_to, months=intervals.contact)


def next_of_person(person: Any, intervals: Intervals) -> NextDue | None:
    """`person` as `observed_people` gives it; None when the dates are unknown."""
    since = stage_since(stage=person.stage, activist_on=person.activist_on, admitted_on=person.admitted_on)
    if since is None:
        return None
    return branch_due(since=since, last_to=person.last_to, months=intervals.of_branch(person.stage))


def due_rows(scope: Scope, today: date, *, own_only: bool = False) -> list[DueRow]:
    """What comes next for the scope, the earliest due first: own mentees as contact, and the branches and departments seen.

    `own_only`: without the department's. Nobody finds themselves here.
    """
    intervals, me = intervals_on(today), scope.person_id or 0
    rows = []
    for link in contact_links(Q(mentor_id=me) | _near(scope, "mentee__", own_only)).exclude(mentee_id=me):
        due = next_of_link(link, intervals)
        rows.append(DueRow(
            ObservationKind.CONTACT, link.mentee, due, due.standing(today), link.last_to, link, link.mentor_id == me,
            link.last_id,
        ))  # fmt: skip
    for person in observed_people(_near(scope, "", own_only)).exclude(pk=me):
        due_by_branch = next_of_person(person, intervals)
        if due_by_branch is None:
            continue
        rows.append(DueRow(
            ObservationKind.BRANCH, person, due_by_branch, due_by_branch.standing(today), person.last_to,
            may_write=scope.manages(person.party_branch_id), last_id=person.last_id,
        ))  # fmt: skip
    return sorted(rows, key=lambda row: (row.next.due_on, row.person.name_key, row.person.pk, row.kind))


def _near(scope: Scope, prefix: str, own_only: bool) -> Q:
    if scope.college_staff and not own_only:
        return Q(**{prefix + "pk__isnull": False})
    near = Q(**{prefix + "party_branch_id__in": scope.branch_ids})
    if not own_only:
        near |= Q(**{prefix + "department_id__in": scope.department_ids})
    return near


@dataclass
class BranchCount:
    """How a branch stands: what is due, what is due soon, how many are observed."""

    branch: Any
    due: int = 0
    soon: int = 0
    people: int = 0


def by_branch(rows: Iterable[DueRow]) -> list[BranchCount]:
    """The overview of a department: most due first."""
    counts: dict[int, BranchCount] = {}
    for row in rows:
        if row.branch_id is None:
            continue
        count = counts.setdefault(row.branch_id, BranchCount(row.person.party_branch))
        count.due += row.standing == DUE
        count.soon += row.standing == SOON
        count.people += row.kind == ObservationKind.BRANCH
    return sorted(counts.values(), key=lambda count: (-count.due, -count.soon, count.branch.pk))


def last_record(*, person_id: int, kind: str, link: Mentorship | None, scope: Scope) -> ObservationRecord | None:
    """The record before, shown beside the one being written."""
    rows = ObservationRecord.objects.visible_to(scope).filter(person_id=person_id, kind=kind)
    if link is not None:
        rows = rows.filter(mentorship=link)
    found: ObservationRecord | None = rows.select_related("observer").first()
    return found
