"""The quota board: League branches × weeks, read set-wise (a fixed number of queries however many branches).

Every lecture of the weeks is read, so that a cell can say why; for sums over thousands of League branches see `counts`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from branches.calendar import Calendar, TermSpan
from branches.models import LeagueBranch
from branches.policy import Policy
from branches.services import load_calendar

from ..models import LectureAudience, LectureDuty, LectureSpeaker, NoLecture, QuotaExemption
from ..quota import (
    LectureFact,
    QuotaRules,
    WeekStatus,
    lectures_owed,
    monday_of,
    owes_lectures,
    quota_weeks,
    week_status,
)

# So far ahead a board shows weeks that have not begun.
WEEKS_AHEAD = timedelta(weeks=3)
# So far back one finds the boards of older terms.
YEARS_BACK = timedelta(days=4 * 366)


@dataclass(frozen=True)
class BranchWeek:
    league_branch: LeagueBranch
    status: WeekStatus


@dataclass(frozen=True)
class BoardRow:
    league_branch: LeagueBranch
    cells: tuple[WeekStatus, ...]


@dataclass(frozen=True)
class QuotaContext:
    """What every cell needs, read once."""

    calendar: Calendar
    policy: Policy
    _rules: dict[date, QuotaRules] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls) -> QuotaContext:
        return cls(load_calendar(), Policy())

    def rules_on(self, monday: date) -> QuotaRules:
        """The numbers in force when the week began: a later change does not rewrite it."""
        if monday not in self._rules:
            self._rules[monday] = QuotaRules.in_force(self.policy, monday)
        return self._rules[monday]

    def owed(self, monday: date) -> int:
        """How many lectures a League branch that owes any owes in a week."""
        return lectures_owed(self.calendar, monday, self.rules_on(monday))

    def academic_year(self, monday: date) -> int | None:
        """First year of the academic year a week belongs to; its Thursday decides."""
        return self.calendar.academic_year_start(monday + timedelta(days=3))

    def owes(self, branch: LeagueBranch, monday: date) -> bool:
        year = self.academic_year(monday)
        if year is None or not branch.is_active:
            return False
        return owes_lectures(branch.study_year(year), branch.party_branch_id is not None, self.rules_on(monday))

    def weeks(self, first: date, last: date) -> list[date]:
        """Mondays between two days in whose weeks lectures are owed, each by the rules of its time."""
        return quota_weeks(self.calendar, self.rules_on, first, last)


def week_statuses(*, league_branches: Sequence[LeagueBranch], on: date, today: date) -> list[BranchWeek]:
    """The week of `on` for each League branch."""
    monday = monday_of(on)
    return [
        BranchWeek(row.league_branch, row.cells[0])
        for row in board_rows(league_branches=league_branches, mondays=[monday], today=today)
    ]


def board_rows(
    *,
    league_branches: Sequence[LeagueBranch],
    mondays: Sequence[date],
    today: date,
    context: QuotaContext | None = None,
) -> list[BoardRow]:
    """One row a League branch, one cell a week, in the order given."""
    context = context or QuotaContext.load()
    if not mondays or not league_branches:
        return [BoardRow(branch, ()) for branch in league_branches]
    first, last = min(mondays), max(mondays) + timedelta(days=6)
    ids = [branch.pk for branch in league_branches]
    facts, exemptions, said = _facts(ids, first, last), _exemptions(ids, first, last), _said(ids, first, last)
    rules = {monday: context.rules_on(monday) for monday in mondays}
    return [
        BoardRow(
            branch,
            tuple(
                week_status(
                    calendar=context.calendar,
                    rules=rules[monday],
                    monday=monday,
                    today=today,
                    owes=context.owes(branch, monday),
                    exemptions=exemptions[branch.pk],
                    lectures=facts[branch.pk, monday],
                    said_why=said.get((branch.pk, monday), ""),
                )
                for monday in mondays
            ),
        )
        for branch in league_branches
    ]


def _exemptions(ids: Sequence[int], first: date, last: date) -> dict[int, list[tuple[date, date]]]:
    found: dict[int, list[tuple[date, date]]] = defaultdict(list)
    rows = QuotaExemption.objects.granted().filter(league_branch_id__in=ids, from_on__lte=last, to_on__gte=first)
    for branch_id, from_on, to_on in rows.values_list("league_branch_id", "from_on", "to_on"):
        found[branch_id].append((from_on, to_on))
    return found


def _said(ids: Sequence[int], first: date, last: date) -> dict[tuple[int, date], str]:
    """Why there is no lecture, where somebody said so."""
    rows = NoLecture.objects.filter(league_branch_id__in=ids, monday__gte=first, monday__lte=last)
    return {(branch, monday): why for branch, monday, why in rows.values_list("league_branch_id", "monday", "reason")}


def _facts(ids: Sequence[int], first: date, last: date) -> dict[tuple[int, date], list[LectureFact]]:
    audiences = list(
        LectureAudience.objects.filter(league_branch_id__in=ids, lecture__on__gte=first, lecture__on__lte=last)
        .order_by("lecture__on", "pk")
        .values_list(
            "pk", "league_branch_id", "lecture_id", "state", "lecture__on", "lecture__minutes", "lecture__state",
            "lecture__textbook__is_prescribed", "lecture__recorded_at", "minutes_heard",
        )
    )  # fmt: skip
    lecture_ids = {row[2] for row in audiences}
    shared = Counter(LectureAudience.objects.filter(lecture_id__in=lecture_ids).values_list("lecture_id", flat=True))
    speakers: dict[int, set[int]] = defaultdict(set)
    for lecture_id, person_id in LectureSpeaker.objects.filter(lecture_id__in=lecture_ids).values_list(
        "lecture_id", "person_id"
    ):
        speakers[lecture_id].add(person_id)
    duties = _duties(ids)
    found: dict[tuple[int, date], list[LectureFact]] = defaultdict(list)
    for pk, branch_id, lecture_id, state, on, minutes, lecture_state, prescribed, recorded_at, heard in audiences:
        responsible = {person for person, start, end in duties[branch_id] if start <= on <= end}
        found[branch_id, monday_of(on)].append(
            LectureFact(
                audience_id=pk, lecture_id=lecture_id, on=on, minutes=heard or minutes, lecture_state=lecture_state,
                audience_state=state, textbook_is_prescribed=bool(prescribed), recorded_on=timezone.localdate(recorded_at),
                speakers_on_duty=speakers[lecture_id] <= responsible, audiences=shared[lecture_id],
            )
        )  # fmt: skip
    return found


def _duties(ids: Sequence[int]) -> dict[int, list[tuple[int, date, date]]]:
    """Who was responsible for each League branch, from when until when."""
    found: dict[int, list[tuple[int, date, date]]] = defaultdict(list)
    rows = LectureDuty.objects.filter(league_branch_id__in=ids).values_list(
        "league_branch_id", "person_id", "academic_year__starts_on", "academic_year__ends_on", "ended_on"
    )
    for branch_id, person_id, starts_on, ends_on, ended_on in rows:
        found[branch_id].append((person_id, starts_on, min(ended_on, ends_on) if ended_on else ends_on))
    return found


def shown_terms(context: QuotaContext, today: date) -> list[TermSpan]:
    """Terms that have a board, the newest first: those with a week in which lectures are owed that has come or comes soon."""
    oldest, newest = today - YEARS_BACK, today + WEEKS_AHEAD
    near = [term for term in context.calendar.terms if term.ends_on >= oldest and term.start_monday <= newest]
    return sorted(
        (term for term in near if weeks_of(context, term, today)), key=lambda term: term.start_monday, reverse=True
    )


def weeks_of(context: QuotaContext, term: TermSpan, today: date) -> list[date]:
    """The weeks of a term in which lectures are owed, oldest first, at most three ahead of today."""
    weeks = context.weeks(term.start_monday - timedelta(days=3), min(term.ends_on, today + WEEKS_AHEAD))
    return [week for week in weeks if context.calendar.term_of(week + timedelta(days=3)) == term]


def shown_weeks(context: QuotaContext, today: date, term: TermSpan | None = None) -> list[date]:
    """The weeks a board shows: those of the term asked for; without one those of the newest, out of season the last season's.

    The current week is always among the latter when lectures are owed in it.
    """
    if term is None:
        terms = shown_terms(context, today)
        if not terms:
            return []
        term = terms[0]
    return weeks_of(context, term, today)


def focus_week(weeks: Sequence[date], today: date) -> date | None:
    """The week a board opens at: the current one, or the last quota week before today."""
    current = monday_of(today)
    past = [week for week in weeks if week <= current]
    return past[-1] if past else (weeks[0] if weeks else None)
