"""The five lists of a month (RULES.md 4.3(e)): who is due a talk, who may take the next step, and whose probation is over.

Read set-wise: one query for the people of all lists, one for their talks and applications. A person stands in a list when the
rule lets them take the step by the end of the month and they have not taken it; a list says what is possible, not what must be.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from branches.models import LeagueBranch, PartyBranch
from branches.policy import Policy
from pairing_portal.common.scope import Scope

from .models import DevelopmentStep, Person
from .rules import earliest_activist_on, earliest_candidate_on, probation_ends_on, talk_due_on
from .stages import Stage

Number = Callable[[str], int]
TALK, CONVERSION_APPLICATION = 2, 22


@dataclass(frozen=True)
class DueList:
    """One list. `rule`: what it goes by; `headings`: those of the offices' form, in Chinese whatever the page's language."""

    key: str
    title: str | Promise
    sheet: str
    rule: str
    stage: Stage
    headings: tuple[str, ...]
    empty: str | Promise


_COMMON: Final = ("序号", "党支部", "学号", "姓名", "性别", "出生年月")
LISTS: Final = (
    DueList("talks", _("Applicants to be talked with"), "未谈话入党申请人名单", "R02", Stage.APPLICANT,
            (*_COMMON, "申请入党时间", "谈话截止时间", "联系方式"), _("Every applicant was talked with.")),
    DueList("activists", _("May become activists"), "可接收入党积极分子", "R03", Stage.APPLICANT,
            (*_COMMON, "申请入党时间"), _("No applicant may become an activist this month.")),
    DueList("candidates", _("May become candidates"), "可接收重点发展对象", "R07", Stage.ACTIVIST,
            (*_COMMON, "申请入党时间", "确定为入党积极分子时间"), _("No activist has been one for long enough.")),
    DueList("admissions", _("May be admitted"), "可接收预备党员", "R08", Stage.CANDIDATE,
            (*_COMMON, "申请入党时间", "确定为重点发展对象时间"), _("There is no candidate.")),
    DueList("conversions", _("May convert"), "可转正预备党员", "R17", Stage.PROBATIONARY,
            (*_COMMON, "申请入党时间", "确定为预备党员时间", "递交转正申请书时间"), _("Nobody's probation is over this month.")),
)  # fmt: skip
BY_KEY: Final[Mapping[str, DueList]] = {row.key: row for row in LISTS}


@dataclass(frozen=True)
class DueRow:
    """Somebody in a list. `on`: the day from which the step is lawful; for talks the day by which it is due."""

    person: Any
    branch: PartyBranch | None
    on: date
    applied_for_conversion_on: date | None = None

    def is_late(self, today: date) -> bool:
        return self.on < today


def month_end(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def due_rows(
    *, scope: Scope, month: date, branch_id: int | None = None, policy: Policy | None = None
) -> dict[str, list[DueRow]]:
    """Every list of a month, key → rows by branch, day and number, for the people the scope may change; four queries at most.

    Numbers are those in force at the end of the month. Applicants without a Party branch stand under the one that guides their
    class's League branch.
    """
    policy = policy or Policy()
    last = month_end(month)

    def number(key: str) -> int:
        return policy.number(key, last)

    stages = {row.stage for row in LISTS}
    people = list(
        Person.objects.changeable_by(scope)
        .filter(stage__in=stages)
        .select_related("party_branch")
        .distinct()
        .order_by("number")
    )
    talked, applied_again = _steps([person.pk for person in people])
    guiding = _guiding_branches({person.school_class_id for person in people if person.party_branch_id is None})
    found: dict[str, list[DueRow]] = {row.key: [] for row in LISTS}
    for person in people:
        branch = person.party_branch or guiding.get(person.school_class_id)
        if branch_id is not None and (branch is None or branch.pk != branch_id):
            continue
        for key, on in _days(person, talked, number):
            if key == "talks" or on <= last:
                found[key].append(DueRow(person, branch, on, applied_again.get(person.pk)))
    for rows in found.values():
        rows.sort(key=lambda row: (row.branch.pk if row.branch else 0, row.on, row.person.number))
    return found


def _days(person: Person, talked: set[int], number: Number) -> Iterable[tuple[str, date]]:
    """The lists a person may stand in, each with its day."""
    if person.stage == Stage.APPLICANT and person.applied_on:
        if person.pk not in talked:
            yield "talks", talk_due_on(person.applied_on, number)
        yield "activists", earliest_activist_on(person.applied_on, number)
    elif person.stage == Stage.ACTIVIST and person.activist_on:
        yield "candidates", earliest_candidate_on(person.activist_on, number)
    elif person.stage == Stage.CANDIDATE and person.candidate_on:
        yield "admissions", person.candidate_on
    elif person.stage == Stage.PROBATIONARY and person.admitted_on:
        yield "conversions", probation_ends_on(person.admitted_on, person.extended_to, number)


def _steps(ids: Sequence[int]) -> tuple[set[int], dict[int, date]]:
    """(people who were talked with, person → day of the application for full membership)."""
    rows = DevelopmentStep.objects.filter(person_id__in=ids, number__in=(TALK, CONVERSION_APPLICATION))
    talked: set[int] = set()
    applied: dict[int, date] = {}
    for person_id, number, done_on in rows.values_list("person_id", "number", "done_on"):
        if number == TALK:
            talked.add(person_id)
        else:
            applied[person_id] = done_on
    return talked, applied


def _guiding_branches(class_ids: set[int | None]) -> dict[int, PartyBranch]:
    rows = LeagueBranch.objects.filter(school_class_id__in=class_ids - {None}, party_branch__isnull=False)
    return {
        row.school_class_id: row.party_branch
        for row in rows.select_related("party_branch").order_by("pk")
        if row.school_class_id is not None and row.party_branch is not None
    }


def sheet_row(due: DueList, number: int, row: DueRow) -> list[Any]:
    """A row under the office's headings; dates stay dates."""
    person = row.person
    sex = {"male": "男", "female": "女"}.get(person.sex, "")
    born = person.born_on.strftime("%Y-%m") if person.born_on else ""
    common = [number, row.branch.name if row.branch else "", person.number, person.name, sex, born, person.applied_on]
    more: dict[str, list[Any]] = {
        "talks": [row.on, person.phone],
        "activists": [],
        "candidates": [person.activist_on],
        "admissions": [person.candidate_on],
        "conversions": [person.admitted_on, row.applied_for_conversion_on],
    }
    return common + more[due.key]


def counts_by_branch(found: Mapping[str, Sequence[DueRow]]) -> dict[int, dict[str, int]]:
    """Party branch id → list → how many: for the reminder of the month."""
    counts: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(BY_KEY, 0))
    for key, rows in found.items():
        for row in rows:
            if row.branch is not None:
                counts[row.branch.pk][key] += 1
    return dict(counts)
