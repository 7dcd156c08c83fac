"""The quota in one statement: states of thousands of League branches in weeks, counted by the database.

The board reads every lecture to say why it counts; sums need none of that. This statement says the same as
`quota.week_status`, week by week with the rules of its time, and a test keeps the two from drifting apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q

from branches.models import LeagueBranch, Programme

from ..models import AudienceState, ExemptionState, Lecture, LectureAudience, LectureState, QuotaExemption, Textbook
from ..quota import WeekState
from .board import QuotaContext

# Who entered as a third-year student counts as one who entered two years earlier (`LeagueBranch.study_year`).
UPGRADE_YEARS = 2
TABLES = {
    "branch": LeagueBranch._meta.db_table,
    "audience": LectureAudience._meta.db_table,
    "lecture": Lecture._meta.db_table,
    "textbook": Textbook._meta.db_table,
    "exemption": QuotaExemption._meta.db_table,
}
# Days between two dates, as each database says it.
DAYS_SINCE = {"postgresql": '(l."on" - %s)', "sqlite": 'CAST(julianday(l."on") - julianday(%s) AS INTEGER)'}
# A row of `weeks` is a week in which lectures are owed: its number from the first one shown, its days, the rules in
# force, and the years of enrolment that owe. A row of `cells` is one owed week of one League branch.
CELLS = """
WITH weeks (number, monday, sunday, required, min_minutes, any_material, oldest, newest) AS (VALUES {weeks}),
counted AS (
    SELECT a.league_branch_id AS branch_id, w.number AS number, COUNT(*) AS counted
    FROM {audience} a
    JOIN {lecture} l ON l.id = a.lecture_id
    JOIN weeks w ON w.number = {days_since} / 7
    LEFT JOIN {textbook} t ON t.id = l.textbook_id
    WHERE l."on" >= %s AND l."on" <= %s AND l.state = %s AND a.state = %s
        AND COALESCE(a.minutes_heard, l.minutes) >= w.min_minutes AND (w.any_material = 1 OR t.is_prescribed)
    GROUP BY a.league_branch_id, w.number
),
exempt AS (
    SELECT DISTINCT e.league_branch_id AS branch_id, w.number AS number
    FROM {exemption} e JOIN weeks w ON e.from_on <= w.sunday AND e.to_on >= w.monday
    WHERE e.state = %s
),
cells AS (
    SELECT b.id AS branch_id, b.department_id AS department_id, w.number AS number,
        CASE WHEN x.number IS NULL THEN 0 ELSE 1 END AS is_exempt,
        COALESCE(c.counted, 0) AS counted, w.required AS required
    FROM {branch} b
    JOIN weeks w ON b.enrolment_year - CASE WHEN b.programme = %s THEN %s ELSE 0 END BETWEEN w.oldest AND w.newest
    LEFT JOIN counted c ON c.branch_id = b.id AND c.number = w.number
    LEFT JOIN exempt x ON x.branch_id = b.id AND x.number = w.number
    WHERE b.is_active AND b.party_branch_id IS NOT NULL AND b.id IN ({branches})
)
"""
BY_DEPARTMENT = """
SELECT department_id, number, COUNT(*), SUM(is_exempt),
    SUM(CASE WHEN is_exempt = 0 AND counted >= required THEN 1 ELSE 0 END)
FROM cells GROUP BY department_id, number
"""
BY_BRANCH = "SELECT branch_id, number, is_exempt, counted, required FROM cells"


@dataclass(frozen=True)
class Totals:
    """How the League branches of a department that owe lectures stand in one week."""

    owing: int
    exempt: int
    met: int
    is_over: bool

    @property
    def due(self) -> int:
        """Those that have to have their lectures."""
        return self.owing - self.exempt

    @property
    def unmet(self) -> int:
        return self.due - self.met

    @property
    def missed(self) -> int:
        return self.unmet if self.is_over else 0

    @property
    def running(self) -> int:
        return 0 if self.is_over else self.unmet

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.owing + other.owing, self.exempt + other.exempt, self.met + other.met, self.is_over and other.is_over
        )


@dataclass(frozen=True)
class Cell:
    """One owed week of one League branch, without its lectures."""

    state: WeekState
    counted: int
    required: int


def department_totals(
    *, league_branches: Any, mondays: Sequence[date], today: date, context: QuotaContext
) -> dict[tuple[int, date], Totals]:
    """Totals by department and Monday, of a query set of League branches; pairs where nothing is owed are absent.

    One query, and one row of answer for each department and week.
    """
    return {
        (department_id, monday): Totals(owing, exempt, met, is_over=today > monday + timedelta(days=6))
        for department_id, monday, owing, exempt, met in _rows(BY_DEPARTMENT, league_branches, mondays, context)
    }


def branch_cells(
    *, league_branches: Any, mondays: Sequence[date], today: date, context: QuotaContext
) -> dict[tuple[int, date], Cell]:
    """State, counted and required by League branch and Monday, of a query set; weeks that owe nothing are absent. One query."""
    found = {}
    for branch_id, monday, is_exempt, counted, required in _rows(BY_BRANCH, league_branches, mondays, context):
        if is_exempt:
            found[branch_id, monday] = Cell(WeekState.EXEMPT, 0, 0)
            continue
        unmet = WeekState.MISSED if today > monday + timedelta(days=6) else WeekState.RUNNING
        found[branch_id, monday] = Cell(WeekState.MET if counted >= required else unmet, counted, required)
    return found


def _rows(select: str, league_branches: Any, mondays: Sequence[date], context: QuotaContext) -> list[tuple[Any, ...]]:
    """The answer of `select` over `cells`, its second column the Monday."""
    statement = cells_statement(league_branches, mondays, context)
    if statement is None:
        return []
    cells, parameters, first = statement
    with connection.cursor() as cursor:
        cursor.execute(cells + select, parameters)
        return [(key, first + timedelta(weeks=number), *rest) for key, number, *rest in cursor.fetchall()]


def cells_statement(
    league_branches: Any, mondays: Sequence[date], context: QuotaContext
) -> tuple[str, list[Any], date] | None:
    """The `WITH` that makes `cells`, its parameters, and the Monday of week number 0; None when nothing can be owed."""
    if not mondays:
        return None
    first = min(mondays)
    weeks = [row for monday in sorted(set(mondays)) if (row := _week(monday, first, context)) is not None]
    compiler = league_branches.order_by().values("pk").query.get_compiler(connection=connection)
    if not weeks:
        return None
    try:
        branches, branch_parameters = compiler.as_sql()
    except EmptyResultSet:  # nobody can be among them: `none()`, or in an empty list
        return None
    days_since = DAYS_SINCE[connection.vendor]
    sql = CELLS.format(weeks=", ".join([_PLACES] * len(weeks)), days_since=days_since, branches=branches, **TABLES)
    parameters = [
        *(value for week in weeks for value in week),
        first, first, max(mondays) + timedelta(days=6), LectureState.DELIVERED.value, AudienceState.CONFIRMED.value,
        ExemptionState.GRANTED.value, Programme.UPGRADE.value, UPGRADE_YEARS, *branch_parameters,
    ]  # fmt: skip
    return sql, parameters, first


_PLACES = "(" + ", ".join(["%s"] * 8) + ")"


def _week(monday: date, first: date, context: QuotaContext) -> tuple[Any, ...] | None:
    year, required, rules = context.academic_year(monday), context.owed(monday), context.rules_on(monday)
    if year is None or not required:
        return None
    number, sunday = (monday - first).days // 7, monday + timedelta(days=6)
    oldest = year + 1 - rules.junior_study_years
    return (number, monday, sunday, required, rules.min_minutes, int(not rules.textbook_required), oldest, year)


def owing_in(mondays: Sequence[date], context: QuotaContext) -> Q:
    """League branches that owe lectures in at least one of the weeks, exempt or not: R75 as a condition of a query."""
    found = Q(pk__in=[])
    for oldest, newest in {(week[-2], week[-1]) for monday in mondays if (week := _week(monday, monday, context))}:
        plain = Q(enrolment_year__range=(oldest, newest)) & ~Q(programme=Programme.UPGRADE)
        upgraded = Q(
            enrolment_year__range=(oldest + UPGRADE_YEARS, newest + UPGRADE_YEARS), programme=Programme.UPGRADE
        )
        found |= plain | upgraded
    return found & Q(is_active=True, party_branch__isnull=False)
