"""The lecture duty as a part of the mentor assessment: weeks in which lectures were owed, shared among the speakers, and lectures given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from django.utils import timezone

from activities.lectures.board import QuotaContext
from activities.lectures.counts import Cell, branch_cells
from activities.models import AudienceState, LectureAudience, LectureDuty, LectureState
from activities.quota import WeekState, monday_of
from branches.models import AcademicYear, LeagueBranch
from branches.policy import Policy
from branches.services import load_calendar

from . import scoring
from .assessment_facts import ONE, MentorFacts, Row
from .assessment_rules import Span, share_of

A_WEEK = timedelta(days=6)


@dataclass(frozen=True)
class Duty:
    """Somebody's duty for a League branch: from a day on, until the day before `ended_on`."""

    person_id: int
    league_branch_id: int
    name: str
    from_on: date
    ended_on: date | None

    def has_week(self, monday: date) -> bool:
        """Whole weeks only: nobody owes lectures of days before the duty was theirs."""
        return self.from_on <= monday and (self.ended_on is None or monday + A_WEEK < self.ended_on)


def read_lectures(
    found: dict[int, MentorFacts], ids: Sequence[int], year: AcademicYear, span: Span, policy: Policy
) -> None:
    """Rows of owed weeks and of lectures given, for those who have a duty in the year; the others have none."""
    duties = _duties(ids, year, span)
    mine = [duty for duty in duties if duty.person_id in found]
    if not mine:
        return
    context = QuotaContext(load_calendar(), policy)
    branches = {duty.league_branch_id for duty in mine}
    mondays = [monday for monday in context.weeks(span.first, span.owed_until) if monday + A_WEEK <= span.owed_until]
    cells = branch_cells(
        league_branches=LeagueBranch.objects.filter(pk__in=branches), mondays=mondays, today=span.done_until,
        context=context,
    )  # fmt: skip
    for duty in mine:
        others = [other for other in duties if other.league_branch_id == duty.league_branch_id]
        found[duty.person_id].rows[scoring.LECTURES] += _weeks(duty, others, mondays, cells)
    _read_given(found, mine, span, context)
    for pk in {duty.person_id for duty in mine}:
        found[pk].rows[scoring.LECTURES].sort(key=lambda row: (row.first, row.about, row.source))


def _duties(ids: Sequence[int], year: AcademicYear, span: Span) -> list[Duty]:
    """Duties of these people, and of everybody who shares their League branches."""
    branches = LectureDuty.objects.filter(academic_year=year, person_id__in=ids).values("league_branch_id")
    rows = LectureDuty.objects.filter(academic_year=year, league_branch_id__in=branches).order_by("pk")
    return [
        Duty(person_id, branch_id, name, max(span.first, timezone.localdate(at)) if at else span.first, ended_on)
        for person_id, branch_id, name, at, ended_on in rows.values_list(
            "person_id", "league_branch_id", "league_branch__name", "assigned_at", "ended_on"
        )
    ]


def _weeks(
    duty: Duty, others: Iterable[Duty], mondays: Iterable[date], cells: dict[tuple[int, date], Cell]
) -> list[Row]:
    rows = []
    for monday in mondays:
        cell = cells.get((duty.league_branch_id, monday))
        if cell is None or not duty.has_week(monday):
            continue
        speakers = len({other.person_id for other in others if other.has_week(monday)})
        is_exempt = cell.state == WeekState.EXEMPT
        owed = Fraction(0) if is_exempt else share_of(cell.required, speakers)
        state, source = ("exempt" if is_exempt else "owed"), ("week", duty.league_branch_id)
        rows.append(Row(duty.name, state, monday, source, monday + A_WEEK, owed=owed))
    return rows


def _read_given(found: dict[int, MentorFacts], duties: Sequence[Duty], span: Span, context: QuotaContext) -> None:
    """Lectures they gave to League branches of their duty, confirmed there; counted as the quota counts them."""
    mine: dict[tuple[int, int], str] = {(duty.person_id, duty.league_branch_id): duty.name for duty in duties}
    people, branches = {person for person, _branch in mine}, {branch for _person, branch in mine}
    heard = LectureAudience.objects.filter(
        league_branch_id__in=branches, state=AudienceState.CONFIRMED, lecture__state=LectureState.DELIVERED,
        lecture__on__gte=span.first, lecture__on__lte=span.done_until, lecture__speakers__person_id__in=people,
    ).order_by("lecture__on", "pk")  # fmt: skip
    given: dict[int, list[Row]] = defaultdict(list)
    for person_id, branch_id, on, minutes, said, prescribed in heard.values_list(
        "lecture__speakers__person_id", "league_branch_id", "lecture__on", "lecture__minutes", "minutes_heard",
        "lecture__textbook__is_prescribed",
    ):  # fmt: skip
        if (person_id, branch_id) not in mine:
            continue
        rules = context.rules_on(monday_of(on))
        state = "given"
        if (said or minutes) < rules.min_minutes:
            state = "short"
        elif rules.textbook_required and not prescribed:
            state = "other_book"
        done = ONE if state == "given" else Fraction(0)
        given[person_id].append(Row(mine[person_id, branch_id], state, on, ("week", branch_id), done=done))
    for person_id, rows in given.items():
        found[person_id].rows[scoring.LECTURES] += rows
