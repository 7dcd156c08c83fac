"""A branch that appraises its members, and ballots to put into its box."""

from __future__ import annotations

import datetime as dt

from branches.models import Department, PartyBranch
from evaluations import appraisal_services as services
from evaluations.models import AppraisalItem, AppraisalResult, AppraisalRound
from members.models import Person, Stage
from pairing_portal.common.scope import Scope
from tests.cast import MEMBER, PROBATIONARY

TODAY = dt.date(2026, 10, 29)
LAST_DAY = dt.date(2026, 11, 12)


def voting_branch(cast, *, full: int, probationary: int = 0, name: str = "机械系党总支第九党支部") -> PartyBranch:
    branch = PartyBranch.objects.create(department=cast.mech, name=name, kind="bachelor")
    start = Person.objects.count()
    for number in range(full + probationary):
        dates, stage = (MEMBER, Stage.FULL) if number < full else (PROBATIONARY, Stage.PROBATIONARY)
        Person.objects.create(
            number=f"9{start + number:07}", name=f"成员{number}", department=Department.objects.get(pk=cast.mech.pk),
            party_branch=branch, stage=stage, **dates,
        )  # fmt: skip
    return branch


def manager(branch: PartyBranch) -> Scope:
    return Scope(managed_branch_ids=frozenset({branch.pk}), branch_ids=frozenset({branch.pk}))


def begun(cast, branch: PartyBranch, year: int = 2026) -> AppraisalRound:
    return services.open_round(
        party_branch=branch, year=year, write_until_on=LAST_DAY, scope=manager(branch), by=cast.user("er_secretary"), today=TODAY
    )  # fmt: skip


def voting(cast, branch: PartyBranch, year: int = 2026) -> AppraisalRound:
    round = begun(cast, branch, year)
    return services.open_ballot(round=round, vote_until_on=LAST_DAY, scope=manager(branch), today=TODAY)


def full_ballot(round: AppraisalRound, grade: str = "qualified", **own: str) -> dict[int, dict]:
    """Everybody gets `grade`; `own`: another grade for the person of an id, as p12="excellent"."""
    marks = {}
    for person_id, is_probationary in AppraisalResult.objects.filter(round=round).values_list(
        "person_id", "is_probationary"
    ):
        given = own.get(f"p{person_id}", grade)
        marks[person_id] = {
            "grade": "" if is_probationary else given,
            "items": dict.fromkeys(AppraisalItem.values, "good"),
        }
    return marks
