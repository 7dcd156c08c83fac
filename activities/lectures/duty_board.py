"""Reads the duties of a year for the page and for `duty_proposal.py`: League branches, who speaks there, who might. A fixed number of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from branches.models import AcademicYear, Department, LeagueBranch
from branches.policy import Policy
from branches.services import load_calendar
from members.models import ExcellentMember, Person
from pairing_portal.common.scope import Scope

from ..models import LectureDuty
from ..quota import QuotaRules, owes_lectures
from . import duty_proposal as proposal
from .duty_services import DutyNumbers, Pick
from .season import MonthsAhead, months_ahead, teaching_middles


@dataclass(frozen=True)
class SpeakerChoice:
    """Somebody who may be chosen: how many League branches they speak to, out of how many, and what to know about them."""

    person: Person
    is_excellent: bool
    load: int
    most: int
    ahead: MonthsAhead
    study_year: int | None

    @property
    def is_full(self) -> bool:
        return self.load >= self.most

    @property
    def label(self) -> str:
        """周鑫 · 大四 · 1/2"""
        words = [self.person.name]
        if self.study_year:
            words.append(_("year %(number)d") % {"number": self.study_year})
        words.append(f"{self.load}/{self.most}")
        if self.ahead.is_leaving:
            words.append(_("%(present)d of %(total)d months on campus") % vars(self.ahead))
        return " · ".join(words)


@dataclass(frozen=True)
class DutyRow:
    """One duty that stands, with what to look at."""

    duty: LectureDuty
    is_excellent: bool
    ahead: MonthsAhead


@dataclass
class Slot:
    """One choice of a speaker on the page; `picked` is chosen beforehand, `why` says for what reasons."""

    picked: int | None = None
    why: str = ""


@dataclass
class SeatRow:
    """A League branch on the page: duties that stand, choices that are open, `lacking` speakers."""

    league_branch: LeagueBranch
    duties: list[DutyRow]
    wanted: int
    slots: list[Slot] = field(default_factory=list)
    short_words: str = ""

    @property
    def lacking(self) -> int:
        return max(0, self.wanted - len(self.duties))

    @property
    def name(self) -> str:
        return f"seat-{self.league_branch.pk}"


@dataclass
class DutyBoard:
    rows: list[SeatRow]
    choices: list[SpeakerChoice]
    numbers: DutyNumbers
    majors: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @property
    def excellent(self) -> list[SpeakerChoice]:
        return [choice for choice in self.choices if choice.is_excellent]

    @property
    def others(self) -> list[SpeakerChoice]:
        return [choice for choice in self.choices if not choice.is_excellent]

    @property
    def uncovered(self) -> list[SeatRow]:
        return [row for row in self.rows if row.lacking]

    @property
    def nobody(self) -> list[SeatRow]:
        return [row for row in self.rows if not row.duties]


def read_duties(*, year: AcademicYear, scope: Scope, today: date, department: Department | None = None) -> DutyBoard:
    """The junior League branches the scope arranges (of one department, when said), their duties, and who may be chosen."""
    policy = Policy()
    numbers = DutyNumbers.in_force(year, today, policy)
    leagues = _leagues(year, scope, today, policy, department)
    duties = list(
        LectureDuty.objects.filter(academic_year=year, ended_on=None, league_branch__in=leagues)
        .select_related("person", "league_branch").order_by("person__name_key", "pk")
    )  # fmt: skip
    people = list(_speakers(scope, leagues, department))
    ids = {person.pk for person in people} | {duty.person_id for duty in duties}
    excellent = set(
        ExcellentMember.objects.filter(academic_year=year, person_id__in=ids).values_list("person_id", flat=True)
    )
    rows = LectureDuty.objects.filter(academic_year=year, ended_on=None, person_id__in=ids)
    load = Counter(rows.values_list("person_id", flat=True))
    middles = teaching_middles(load_calendar(), year, today)
    ahead = months_ahead([*people, *(duty.person for duty in duties)], middles)
    standing: dict[int, list[DutyRow]] = defaultdict(list)
    for duty in duties:
        standing[duty.league_branch_id].append(DutyRow(duty, duty.person_id in excellent, ahead[duty.person_id]))
    return DutyBoard(
        rows=[_seat(league, standing[league.pk], numbers.wanted) for league in leagues],
        choices=[
            SpeakerChoice(
                person, person.pk in excellent, load[person.pk], numbers.most, ahead[person.pk],
                person.study_year(year.start_year),
            )
            for person in people
        ],
        numbers=numbers,
        majors=_majors(leagues),
    )  # fmt: skip


def _leagues(
    year: AcademicYear, scope: Scope, today: date, policy: Policy, department: Department | None
) -> list[LeagueBranch]:
    on = min(max(today, year.starts_on), year.ends_on)
    rules = QuotaRules.in_force(policy, on)
    rows = LeagueBranch.objects.active().attachable_by(scope).select_related("party_branch", "department")
    if department is not None:
        rows = rows.filter(department=department)
    return [
        league
        for league in rows.order_by("department_id", "party_branch_id", "pk").distinct()
        if owes_lectures(league.study_year(year.start_year), league.party_branch_id is not None, rules)
    ]


def _speakers(scope: Scope, leagues: Sequence[LeagueBranch], department: Department | None) -> Any:
    """Members whom the scope may name; of the department that is looked at, and of the branches that answer."""
    people = Person.objects.visible_to(scope).changeable_by(scope).members().select_related("party_branch")
    if department is not None:
        people = people.filter(department=department)
    return people.distinct().order_by("name_key", "number")


def _majors(leagues: Sequence[LeagueBranch]) -> dict[int, frozenset[str]]:
    """What the people of each League branch's class study."""
    found: dict[int, set[str]] = defaultdict(set)
    classes = {league.school_class_id: league.pk for league in leagues if league.school_class_id}
    rows = Person.objects.filter(school_class_id__in=classes).exclude(major="").order_by()
    for class_id, major in rows.values_list("school_class_id", "major").distinct():
        found[classes[class_id]].add(major)
    return {pk: frozenset(majors) for pk, majors in found.items()}


def _seat(league: LeagueBranch, duties: list[DutyRow], wanted: int) -> SeatRow:
    row = SeatRow(league, duties, wanted)
    row.slots = [Slot() for _number in range(row.lacking)] or [Slot()]
    return row


# --- The proposal on the page -------------------------------------------------------------------


def fill_in(board: DutyBoard) -> int:
    """Choose speakers beforehand by the solver, with the reasons in words; nothing is stored. Returns how many."""
    seats, speakers = _problem(board)
    found = proposal.propose(seats, speakers, wanted=board.numbers.wanted, most=board.numbers.most)
    rows = {row.league_branch.pk: row for row in board.rows}
    choices = {choice.person.pk: choice for choice in board.choices}
    for couple in found.couples:
        slot = next(slot for slot in rows[couple.seat.pk].slots if slot.picked is None)
        slot.picked = couple.speaker.pk
        slot.why = reason_words(couple, choices[couple.speaker.pk])
    for pk, (count, why) in found.short.items():
        rows[pk].short_words = short_words(count, why, board.numbers.most)
    return len(found.couples)


def _problem(board: DutyBoard) -> tuple[list[proposal.Seat], list[proposal.Speaker]]:
    seats = [
        proposal.Seat(
            row.league_branch.pk, row.league_branch.department_id, row.league_branch.party_branch_id,
            board.majors.get(row.league_branch.pk, frozenset()), frozenset(duty.duty.person_id for duty in row.duties),
        )
        for row in board.rows
    ]  # fmt: skip
    speakers = [
        proposal.Speaker(
            choice.person.pk, choice.person.number, choice.person.department_id, choice.person.party_branch_id,
            choice.person.major, choice.study_year, choice.ahead, choice.load,
        )
        for choice in board.excellent
    ]  # fmt: skip
    return seats, speakers


def keep_picks(board: DutyBoard, picks: Sequence[Pick]) -> None:
    """Show again what was chosen and not stored."""
    rows = {row.league_branch.pk: row for row in board.rows}
    for pick in picks:
        row = rows.get(pick.league_branch_id)
        if row is None:
            continue
        free = next((slot for slot in row.slots if slot.picked is None), None)
        if free is None:
            row.slots.append(Slot(pick.person_id))
        else:
            free.picked = pick.person_id


def reason_words(couple: proposal.Couple, choice: SpeakerChoice) -> str:
    """同系 · 同专业 · 在校 8 个月 · 大四 · 还没有任务"""
    plain = {
        proposal.SAME_DEPARTMENT: _("same department"),
        proposal.SAME_BRANCH: _("of the responsible branch"),
        proposal.SAME_MAJOR: _("same major"),
        proposal.MONTHS: ngettext(
            "on campus for %(count)d more month", "on campus for %(count)d more months", choice.ahead.present
        ) % {"count": choice.ahead.present},
        proposal.STUDY_YEAR: _("year %(number)d") % {"number": choice.study_year or 0},
    }  # fmt: skip
    words = [plain[key] for key, _points in couple.reasons]
    words.append(_("no duty yet") if choice.load == 0 else _("has %(count)d duty already") % {"count": choice.load})
    return " · ".join(words)


def short_words(count: int, why: str, most: int) -> str:
    """Why a League branch stays short of speakers, and what to do."""
    lacking = ngettext("%(count)d speaker is lacking", "%(count)d speakers are lacking", count) % {"count": count}
    if why == proposal.NOBODY_THERE:
        return _("%(lacking)s: no excellent member is chosen who is on campus. Choose some first.") % {
            "lacking": lacking
        }
    return _("%(lacking)s: every excellent member has %(most)d League branches already, or speaks here. Choose more of them.") % {
        "lacking": lacking, "most": most,
    }  # fmt: skip
