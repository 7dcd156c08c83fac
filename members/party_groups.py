"""Party groups as they are read: those of branches with their members, and the facts rule R35 looks at. Fixed numbers of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from branches.models import PartyBranch
from pairing_portal.common.problems import Problem

from .models import PartyGroup, PartyGroupPlace, Person, Stage
from .stages import MEMBER_STAGES
from .structure import GroupFacts, StructureNumbers, group_problems


@dataclass
class GroupLine:
    """One group on a page: who is in it, what rule R35 says of it."""

    group: PartyGroup
    people: list[Person] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def full(self) -> int:
        return sum(person.stage == Stage.FULL for person in self.people)

    def facts(self) -> GroupFacts:
        leader = next((person for person in self.people if person.pk == self.group.leader_id), None)
        return GroupFacts(
            self.group.name, len(self.people), self.full, leader is not None and leader.stage == Stage.FULL
        )


def standing_places() -> Any:
    """Open places of people who are of the group's branch: a roster that moved somebody counts at once."""
    return PartyGroupPlace.objects.open().filter(
        group__dissolved_on=None, person__party_branch_id=F("group__branch_id"), person__left_on=None
    )


def groups_of(branch_ids: Collection[int]) -> dict[int, list[GroupLine]]:
    """Branch id -> its groups with their people. Two queries."""
    found: dict[int, list[GroupLine]] = defaultdict(list)
    lines: dict[int, GroupLine] = {}
    for group in (
        PartyGroup.objects.active().filter(branch_id__in=branch_ids).select_related("leader").order_by("name", "pk")
    ):
        lines[group.pk] = GroupLine(group)
        found[group.branch_id].append(lines[group.pk])
    places = (
        standing_places().filter(group_id__in=lines).select_related("person").order_by("person__name_key", "person_id")
    )
    for place in places:
        lines[place.group_id].people.append(place.person)
    return dict(found)


def facts_of_groups(branch_ids: Collection[int]) -> dict[int, list[GroupFacts]]:
    """For the structure of branches. Two queries."""
    return {branch_id: [line.facts() for line in lines] for branch_id, lines in groups_of(branch_ids).items()}


def branches_with_groups(branch_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Branches that keep their groups here, and those of them that have one now. One query."""
    rows = PartyGroup.objects.filter(branch_id__in=branch_ids).order_by().values_list("branch_id", "dissolved_on")
    kept, active = set(), set()
    for branch_id, dissolved_on in rows:
        kept.add(branch_id)
        if dissolved_on is None:
            active.add(branch_id)
    return kept, active


def group_of(person_id: int) -> PartyGroup | None:
    """The group somebody is in now."""
    place = standing_places().filter(person_id=person_id).select_related("group").first()
    return place.group if place else None


@dataclass(frozen=True)
class GroupPage:
    """The groups of one branch, and the members who are in none."""

    lines: Sequence[GroupLine]
    without: Sequence[Person]
    problems: Sequence[Problem]
    dissolved: Sequence[PartyGroup]


def read_page(branch: PartyBranch, numbers: StructureNumbers) -> GroupPage:
    lines = groups_of([branch.pk]).get(branch.pk, [])
    for line in lines:
        line.problems = group_problems([line.facts()], numbers)
    placed = {person.pk for line in lines for person in line.people}
    members = Person.objects.filter(party_branch=branch, stage__in=MEMBER_STAGES, left_on=None).order_by(
        "name_key", "pk"
    )
    people = list(members)
    return GroupPage(
        lines=lines,
        without=[person for person in people if person.pk not in placed],
        problems=group_problems([line.facts() for line in lines], numbers, members=len(people)) if not lines else [],
        dissolved=list(
            PartyGroup.objects.filter(branch=branch, dissolved_on__isnull=False).order_by("-dissolved_on", "pk")[:20]
        ),
    )
