"""The lists of a month: the five of RULES.md 4.3(e) (who is due a talk, who may take the next step, whose probation is over),
and whose half-year review is due.

Read set-wise: one query for the people of all lists, one for their steps, two for how they are guided. A person stands in a list
of the five when the rule lets them take the step by the end of the month and they have not taken it: it says what is possible, not
what must be. Talks and reviews are due by their day, and stay in the list until they are on record.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from branches.models import LeagueBranch, PartyBranch
from branches.policy import Policy
from pairing_portal.common.registries import Cultivation, cultivation
from pairing_portal.common.scope import Scope

from .models import DevelopmentStep, Person
from .rules import (
    Facts,
    earliest_activist_on,
    earliest_candidate_on,
    probation_ends_on,
    review_due_on,
    talk_due_on,
)
from .stages import Stage

Number = Callable[[str], int]
TALK, CONTACTS_NAMED, CONVERSION_APPLICATION = 2, 5, 22
REVIEWS: Final = "reviews"
POSSIBLE_FROM: Final = _("possible from")
# Those the branch reviews each half-year: activists until they are admitted, then probationary members.
REVIEWED_STAGES: Final = (Stage.ACTIVIST, Stage.CANDIDATE, Stage.PROBATIONARY)


@dataclass(frozen=True)
class DueList:
    """One list. `rules`: what it goes by; `headings`: those of the offices' form, in Chinese whatever the page's language;
    `day`: what the day of a row is; `has_deadline`: whether a row is late after that day."""

    key: str
    title: str | Promise
    sheet: str
    rules: tuple[str, ...]
    stages: tuple[Stage, ...]
    headings: tuple[str, ...]
    empty: str | Promise
    day: str | Promise = POSSIBLE_FROM
    has_deadline: bool = False


_COMMON: Final = ("序号", "党支部", "学号", "姓名", "性别", "出生年月")
LISTS: Final = (
    DueList("talks", _("Applicants to be talked with"), "未谈话入党申请人名单", ("R02",), (Stage.APPLICANT,),
            (*_COMMON, "申请入党时间", "谈话截止时间", "联系方式"), _("Every applicant was talked with."),
            day=_("talk due by"), has_deadline=True),
    DueList("activists", _("May become activists"), "可接收入党积极分子", ("R03",), (Stage.APPLICANT,),
            (*_COMMON, "申请入党时间"), _("No applicant may become an activist this month.")),
    DueList("candidates", _("May become candidates"), "可接收重点发展对象", ("R07",), (Stage.ACTIVIST,),
            (*_COMMON, "申请入党时间", "确定为入党积极分子时间"), _("No activist has been one for long enough.")),
    DueList("admissions", _("May be admitted"), "可接收预备党员", ("R08",), (Stage.CANDIDATE,),
            (*_COMMON, "申请入党时间", "确定为重点发展对象时间"), _("There is no candidate.")),
    DueList("conversions", _("May convert"), "可转正预备党员", ("R17",), (Stage.PROBATIONARY,),
            (*_COMMON, "申请入党时间", "确定为预备党员时间", "递交转正申请书时间"), _("Nobody's probation is over this month."),
            has_deadline=True),
    DueList(REVIEWS, _("Half-year reviews due"), "半年考察到期名单", ("R05", "R20"), REVIEWED_STAGES,
            (*_COMMON, "申请入党时间", "确定为入党积极分子时间", "上次考察时间", "本次考察截止时间", "培养联系人"),
            _("No half-year review is due this month."), day=_("review due by"), has_deadline=True),
)  # fmt: skip
BY_KEY: Final[Mapping[str, DueList]] = {row.key: row for row in LISTS}


@dataclass(frozen=True)
class DueRow:
    """Somebody in a list. `on`: the day from which the step is lawful; for talks and reviews the day by which they are due."""

    person: Any
    branch: PartyBranch | None
    on: date
    applied_for_conversion_on: date | None = None
    reviewed_on: date | None = None
    contacts: tuple[str, ...] = ()

    def is_late(self, today: date) -> bool:
        return self.on < today


def month_end(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def next_review_on(
    *, stage: str, activist_on: date | None, admitted_on: date | None, reviewed_on: date | None, number: Number
) -> date | None:
    """R05, R20: by when the branch reviews somebody next, calendar months after the last review or after the stage began; None for
    who is not reviewed, or whose dates are unknown. A day of admission counts once it has come, as the stage says."""
    if stage not in REVIEWED_STAGES:
        return None
    admitted_on = admitted_on if stage == Stage.PROBATIONARY else None
    since = admitted_on if stage == Stage.PROBATIONARY else activist_on
    if since is None:
        return None
    return review_due_on(Facts(activist_on=activist_on, admitted_on=admitted_on, reviewed_on=reviewed_on), number)


@dataclass(frozen=True)
class _Known:
    """What is on record about the people of the lists, by person."""

    talked: set[int] = field(default_factory=set)
    applied: dict[int, date] = field(default_factory=dict)
    # Contacts as step 5 names them, with its day.
    named: dict[int, tuple[date, str]] = field(default_factory=dict)
    guided: dict[int, Cultivation] = field(default_factory=dict)

    def contacts(self, person: Person) -> tuple[str, ...]:
        """The formal contacts of running links; where there is none, those the process record names since the last beginning."""
        guided = self.guided.get(person.pk, Cultivation())
        if guided.contacts:
            return tuple(name for _pk, name, _is_full in guided.contacts)
        on, words = self.named.get(person.pk, (date.min, ""))
        return (words,) if words and person.activist_on and on >= person.activist_on else ()

    def reviewed_on(self, person: Person) -> date | None:
        return self.guided.get(person.pk, Cultivation()).reviewed_on


def due_rows(
    *, scope: Scope, month: date, branch_id: int | None = None, policy: Policy | None = None
) -> dict[str, list[DueRow]]:
    """Every list of a month, key → rows by branch, day and number, for the people the scope may change; six queries at most.

    Numbers are those in force at the end of the month. Applicants without a Party branch stand under the one that guides their
    class's League branch.
    """
    policy = policy or Policy()
    last = month_end(month)

    def number(key: str) -> int:
        return policy.number(key, last)

    stages = {stage for row in LISTS for stage in row.stages}
    people = list(
        Person.objects.changeable_by(scope)
        .filter(stage__in=stages)
        .select_related("party_branch")
        .distinct()
        .order_by("number")
    )
    known = _read(people, last)
    guiding = _guiding_branches({person.school_class_id for person in people if person.party_branch_id is None})
    found: dict[str, list[DueRow]] = {row.key: [] for row in LISTS}
    for person in people:
        branch = person.party_branch or guiding.get(person.school_class_id)
        if branch_id is not None and (branch is None or branch.pk != branch_id):
            continue
        for key, on in _days(person, known, number):
            if key == "talks" or on <= last:
                found[key].append(DueRow(
                    person, branch, on, known.applied.get(person.pk), known.reviewed_on(person), known.contacts(person)
                ))  # fmt: skip
    for rows in found.values():
        rows.sort(key=lambda row: (row.branch.pk if row.branch else 0, row.on, row.person.number))
    return found


def _days(person: Person, known: _Known, number: Number) -> Iterable[tuple[str, date]]:
    """The lists a person may stand in, each with its day."""
    if person.stage == Stage.APPLICANT and person.applied_on:
        if person.pk not in known.talked:
            yield "talks", talk_due_on(person.applied_on, number)
        yield "activists", earliest_activist_on(person.applied_on, number)
    elif person.stage == Stage.ACTIVIST and person.activist_on:
        yield "candidates", earliest_candidate_on(person.activist_on, number)
    elif person.stage == Stage.CANDIDATE and person.candidate_on:
        yield "admissions", person.candidate_on
    elif person.stage == Stage.PROBATIONARY and person.admitted_on:
        yield "conversions", probation_ends_on(person.admitted_on, person.extended_to, number)
    review_on = next_review_on(
        stage=person.stage, activist_on=person.activist_on, admitted_on=person.admitted_on,
        reviewed_on=known.reviewed_on(person), number=number,
    )  # fmt: skip
    # A review is written by the person's own branch: without one there is nobody to write it.
    if review_on is not None and person.party_branch_id is not None:
        yield REVIEWS, review_on


def _read(people: Sequence[Person], on: date) -> _Known:
    known = _Known()
    rows = DevelopmentStep.objects.filter(
        person_id__in=[person.pk for person in people], number__in=(TALK, CONTACTS_NAMED, CONVERSION_APPLICATION)
    )
    for person_id, number, done_on, who in rows.values_list("person_id", "number", "done_on", "who"):
        if number == TALK:
            known.talked.add(person_id)
        elif number == CONTACTS_NAMED:
            known.named[person_id] = done_on, who.strip()
        else:
            known.applied[person_id] = done_on
    observed = [person.pk for person in people if person.stage in REVIEWED_STAGES]
    for ask in cultivation if observed else ():
        known.guided.update(ask(observed, on))
    return known


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
        REVIEWS: [person.activist_on, row.reviewed_on, row.on, "、".join(row.contacts)],
    }
    return common + more[due.key]


@dataclass
class BranchCounts:
    """How many stand in each list of a branch. `people`: who is due a talk or may take a step, each counted once."""

    by_list: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BY_KEY, 0))
    people: int = 0


def counts_by_branch(found: Mapping[str, Sequence[DueRow]]) -> dict[int, BranchCounts]:
    """Party branch id → counts: for the reminder of the month."""
    counts: dict[int, BranchCounts] = defaultdict(BranchCounts)
    people: dict[int, set[int]] = defaultdict(set)
    for key, rows in found.items():
        for row in rows:
            if row.branch is None:
                continue
            counts[row.branch.pk].by_list[key] += 1
            if key != REVIEWS:
                people[row.branch.pk].add(row.person.pk)
    for branch_id, ids in people.items():
        counts[branch_id].people = len(ids)
    return dict(counts)
