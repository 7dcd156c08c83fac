"""What the quota board shows: departments × weeks, League branches × weeks, and all there is about one row.

Every function asks a fixed number of queries, however many rows there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from branches.models import Department, LeagueBranch
from pairing_portal.common.scope import Scope

from ..models import LectureAudience, LectureDuty, LectureState, NoLecture, QuotaExemption
from ..quota import WeekState, WeekStatus
from ..words import pace_words, why_words
from .board import QuotaContext, board_rows
from .board_filters import SAID
from .counts import Totals, branch_cells, department_totals
from .coverage import Coverage, coverage, prescribed_textbook


@dataclass(frozen=True)
class WeekHead:
    monday: date
    number: int | None
    is_focus: bool
    is_current: bool

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)


@dataclass(frozen=True)
class ShownCell:
    """One week of one League branch as the board draws it."""

    status: WeekStatus
    is_focus: bool
    is_ahead: bool
    pace: str
    why: str

    @property
    def is_owed(self) -> bool:
        return self.status.state != WeekState.NOT_OWED

    @property
    def is_said(self) -> bool:
        return self.status.is_unmet_with_reason


@dataclass(frozen=True)
class ShownRow:
    league_branch: LeagueBranch
    cells: tuple[ShownCell, ...]
    current: ShownCell | None
    speakers: tuple[str, ...] = ()
    heard: int = 0
    chapters: int = 0
    planned: LectureAudience | None = None
    asked: QuotaExemption | None = None

    @property
    def history(self) -> tuple[ShownCell, ...]:
        """The other weeks in which something is owed."""
        return tuple(cell for cell in self.cells if not cell.is_focus and cell.is_owed)


@dataclass(frozen=True)
class DepartmentCell:
    monday: date
    totals: Totals | None
    is_focus: bool
    is_ahead: bool

    @property
    def kind(self) -> str:
        """The kind of badge: the worst of its League branches speaks."""
        if self.totals is None or self.totals.owing == self.totals.exempt:
            return "exempt"
        if not self.totals.unmet:
            return "ok"
        return "late" if self.totals.is_over else "wait"


@dataclass(frozen=True)
class DepartmentRow:
    department: Department
    cells: tuple[DepartmentCell, ...]
    current: DepartmentCell | None


@dataclass(frozen=True)
class BoardWeeks:
    """The weeks of a board, the newest first: what matters is seen without scrolling, the history follows to the right."""

    heads: tuple[WeekHead, ...]
    focus: date | None
    today: date
    context: QuotaContext = field(repr=False)

    @property
    def mondays(self) -> list[date]:
        return [head.monday for head in self.heads]


def board_weeks(context: QuotaContext, mondays: Sequence[date], focus: date | None, today: date) -> BoardWeeks:
    """Heads of the columns. `mondays` come oldest first."""
    heads = tuple(
        WeekHead(
            monday, context.calendar.teaching_week(monday + timedelta(days=3)), monday == focus,
            monday <= today <= monday + timedelta(days=6),
        )
        for monday in reversed(mondays)
    )  # fmt: skip
    return BoardWeeks(heads, focus, today, context)


def department_rows(league_branches: Any, weeks: BoardWeeks) -> list[DepartmentRow]:
    """Departments × weeks of a query set of League branches; departments in which nothing is owed are absent."""
    totals = department_totals(
        league_branches=league_branches, mondays=weeks.mondays, today=weeks.today, context=weeks.context
    )
    departments = Department.objects.filter(pk__in={department for department, _monday in totals}).order_by("pk")
    rows = []
    for department in departments:
        cells = tuple(
            DepartmentCell(
                head.monday, totals.get((department.pk, head.monday)), head.is_focus, head.monday > weeks.today
            )
            for head in weeks.heads
        )
        rows.append(DepartmentRow(department, cells, next((cell for cell in cells if cell.is_focus), None)))
    return rows


def focus_totals(league_branches: Any, weeks: BoardWeeks) -> Totals | None:
    """How the League branches stand in the week in focus, all pages of them."""
    if weeks.focus is None:
        return None
    totals = department_totals(
        league_branches=league_branches, mondays=[weeks.focus], today=weeks.today, context=weeks.context
    )
    found = list(totals.values())
    return sum(found[1:], start=found[0]) if found else None


def in_state(league_branches: Any, state: str, weeks: BoardWeeks) -> Any:
    """Those League branches of a query set whose week in focus is in that state (or `SAID`)."""
    if weeks.focus is None:
        return league_branches.none()
    cells = branch_cells(
        league_branches=league_branches, mondays=[weeks.focus], today=weeks.today, context=weeks.context
    )
    if state == SAID:
        said = set(NoLecture.objects.filter(monday=weeks.focus).values_list("league_branch_id", flat=True))
        unmet = (WeekState.MISSED, WeekState.RUNNING)
        found = [branch for (branch, _monday), cell in cells.items() if branch in said and cell.state in unmet]
    else:
        found = [branch for (branch, _monday), cell in cells.items() if cell.state == state]
    return league_branches.filter(pk__in=found)


def shown_rows(league_branches: Sequence[LeagueBranch], weeks: BoardWeeks, scope: Scope) -> list[ShownRow]:
    """One page of League branches with their weeks, speakers, textbook, next lecture and exemption asked for."""
    ids = [branch.pk for branch in league_branches]
    rows = board_rows(league_branches=league_branches, mondays=weeks.mondays, today=weeks.today, context=weeks.context)
    speakers, heard = speakers_of(ids, weeks.today, scope), coverage(ids, prescribed_textbook())
    planned, asked = _next_planned(ids, weeks.today, scope), _asked(ids, scope)
    shown = []
    for row in rows:
        pk, cells = row.league_branch.pk, tuple(_cell(status, weeks) for status in row.cells)
        shown.append(
            ShownRow(
                row.league_branch, cells, next((cell for cell in cells if cell.is_focus), None), tuple(speakers.get(pk, ())),
                *_chapters(heard, pk), planned.get(pk), asked.get(pk),
            )
        )  # fmt: skip
    return shown


def _chapters(heard: Coverage, pk: int) -> tuple[int, int]:
    return heard.heard_count(pk), len(heard.chapters)


def _cell(status: WeekStatus, weeks: BoardWeeks) -> ShownCell:
    is_ahead = status.monday > weeks.today
    pace = pace_words(status, weeks.today)
    return ShownCell(status, status.monday == weeks.focus, is_ahead, pace, "" if is_ahead else why_words(status))


def speakers_of(ids: Sequence[int], today: date, scope: Scope) -> Mapping[int, list[str]]:
    """Names of those responsible for each League branch today."""
    found: dict[int, list[str]] = defaultdict(list)
    duties = LectureDuty.objects.visible_to(scope).filter(league_branch__in=ids).filter_active(today)
    for branch, name in duties.order_by("pk").values_list("league_branch_id", "person__name"):
        found[branch].append(name)
    return found


def _next_planned(ids: Sequence[int], today: date, scope: Scope) -> dict[int, LectureAudience]:
    planned = (
        LectureAudience.objects.visible_to(scope)
        .filter(league_branch__in=ids, lecture__state=LectureState.PLANNED, lecture__on__gte=today)
        .select_related("lecture")
        .order_by("lecture__on", "lecture__starts_at", "pk")
    )
    found: dict[int, LectureAudience] = {}
    for audience in planned:
        found.setdefault(audience.league_branch_id, audience)
    return found


def _asked(ids: Sequence[int], scope: Scope) -> dict[int, QuotaExemption]:
    """The oldest exemption each League branch asked for that nobody has answered."""
    rows = QuotaExemption.objects.visible_to(scope).waiting().filter(league_branch__in=ids).order_by("-pk")
    return {row.league_branch_id: row for row in rows}
