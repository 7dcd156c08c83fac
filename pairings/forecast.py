"""The continuity forecast of many branches, read set-wise (a fixed number of queries however many branches)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q

from branches.models import PartyBranch
from branches.policy import Policy
from members.models import Absence, Person
from members.querysets import PersonQuerySet

from .continuity import (
    MONTHS_AHEAD,
    AbsenceFact,
    ContinuityRules,
    ConversionOffCampus,
    MonthForecast,
    PersonFacts,
    forecast_branches,
    months_ahead,
)


@dataclass(frozen=True)
class BranchForecast:
    """The months ahead of one branch; `people` are the facts it was made from, for stand-ins and for trying what if."""

    branch: PartyBranch
    months: tuple[MonthForecast, ...]
    conversions: tuple[ConversionOffCampus, ...]
    people: tuple[PersonFacts, ...]

    @property
    def gaps(self) -> tuple[MonthForecast, ...]:
        return tuple(month for month in self.months if month.gap)


def forecast_for(
    *, branches: Iterable[PartyBranch], today: date, months: int = MONTHS_AHEAD, assume_conversion: bool = True
) -> list[BranchForecast]:
    """A forecast for each branch, in the order given. The caller has chosen branches that the reader may see.

    Three queries beside that of `branches`. `ValueError` unless 1 to 60 months are asked for.
    """
    since = months_ahead(today, months)[0]
    chosen = list(branches)
    people: dict[int, list[PersonFacts]] = defaultdict(list)
    for person in load_facts(Person.objects.filter(party_branch__in=[branch.pk for branch in chosen]), since=since):
        people[person.branch_id].append(person)
    found = forecast_branches(
        [person for members in people.values() for person in members],
        branch_ids=[branch.pk for branch in chosen],
        today=today,
        months=months,
        rules=ContinuityRules.in_force(Policy(), today),
        assume_conversion=assume_conversion,
    )
    return [
        BranchForecast(branch, found[branch.pk].months, found[branch.pk].conversions, tuple(people[branch.pk]))
        for branch in chosen
    ]


def load_facts(people: PersonQuerySet, *, since: date) -> list[PersonFacts]:
    """Facts of those of `people` who are or will be admitted and have not left before `since`, by number. Two queries.

    Absences that ended before `since` are left out. People without a Party branch are passed over.
    """
    members = (
        people.exclude(party_branch=None)
        .filter(Q(admitted_on__isnull=False) | Q(converted_on__isnull=False))
        .filter(Q(left_on=None) | Q(left_on__gt=since))
    )
    absences: dict[int, list[AbsenceFact]] = defaultdict(list)
    rows: Any = (
        Absence.objects.filter(person__in=members.order_by().values("pk"))
        .filter(Q(to_on=None) | Q(to_on__gte=since))
        .order_by("from_on", "pk")
        .values_list("person_id", "from_on", "to_on", "kind")
    )
    for person_id, from_on, to_on, kind in rows:
        absences[person_id].append(AbsenceFact(from_on, to_on, kind))
    return [
        PersonFacts(absences=tuple(absences[row["key"]]), **row)
        for row in members.order_by("number").values(
            "number", "name", "admitted_on", "converted_on", "extended_to", "graduates_on", "left_on", "major",
            key=F("pk"), branch_id=F("party_branch_id"),
        )
    ]  # fmt: skip
