"""The board and its lists: rules down, branches (or departments) across, rows behind each cell with who is to act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from members.models import Person
from pairing_portal.common.scope import Scope

from .base import Overdue, SupervisionSource, Watch, names_of_people, names_of_users
from .forms import ALL_RULES, SupervisionFilter
from .sources import BY_KEY, SOURCES, find_overdue
from .trend import Trend, trends

# More branches than this stand together by department, until one is chosen.
BRANCHES_ACROSS: Final = 12


@dataclass(frozen=True)
class Column:
    """A branch, or a department with its branches; `key` and `pk` narrow the address down to it."""

    label: str
    key: str
    pk: int
    branch_ids: frozenset[int]


@dataclass(frozen=True)
class Cell:
    count: int
    oldest: int
    url: str


@dataclass(frozen=True)
class BoardRow:
    source: SupervisionSource
    cells: tuple[Cell, ...]
    total: Cell
    trend: Trend

    @property
    def severity_word(self) -> str:
        return {"block": _("blocks"), "warn": _("warning"), "info": _("reminder")}[self.source.severity]


@dataclass(frozen=True)
class Board:
    columns: list[Column]
    rows: list[BoardRow]
    quiet: int
    total: int
    watch: Watch

    @property
    def across(self) -> list[Column]:
        """Columns beside the one of all; a single branch is its own total."""
        return self.columns if len(self.columns) > 1 else []

    @property
    def by_department(self) -> bool:
        return bool(self.columns) and self.columns[0].key == "department"


@dataclass(frozen=True)
class Row:
    """One thing that is overdue as a list shows it."""

    source: SupervisionSource
    overdue: Overdue
    branch: Any
    person: str
    days: int
    url: str
    recipients: tuple[str, ...]
    is_mine: bool

    @property
    def may_remind(self) -> bool:
        """Somebody else has an account and is to act."""
        return bool(self.recipients)


def watch_for(branches: Any, chosen: SupervisionFilter, today: date, now: datetime) -> Watch:
    """The watched branches the filter leaves; those of one department, one branch, or all."""
    data = chosen.cleaned_data if chosen.is_valid() else {}
    rows = [
        branch
        for branch in branches
        if (not data.get("branch") or branch.pk == data["branch"].pk)
        and (not data.get("department") or branch.department_id == data["department"].pk)
    ]
    return Watch.over(rows if chosen.is_valid() else [], today, now)


def read_rows(watch: Watch, chosen: SupervisionFilter, scope: Scope) -> dict[str, list[Overdue]]:
    """Source key → rows the filter leaves, for the rules it asks for."""
    data = chosen.cleaned_data if chosen.is_valid() else {}
    sources = [BY_KEY[data["rule"]]] if data.get("rule") else SOURCES
    found = find_overdue(watch, sources, viewer_id=scope.person_id)
    words = data.get("person", "")
    if not words:
        return found
    asked = {row.person_id for rows in found.values() for row in rows if row.person_id}
    people = set(Person.objects.filter(pk__in=asked).search(words).values_list("pk", flat=True))
    return {key: [row for row in rows if row.person_id in people] for key, rows in found.items()}


def read_board(watch: Watch, chosen: SupervisionFilter, scope: Scope) -> Board:
    """Rules with something, or all of them where the address says so; a fixed number of queries for any number of branches."""
    data = chosen.cleaned_data if chosen.is_valid() else {}
    found = read_rows(watch, chosen, scope)
    counts = {key: len(rows) for key, rows in found.items()}
    moved = trends(scope=scope, branch_ids=watch.ids, now_overdue=counts, today=watch.today)
    columns = _columns(watch)
    shown = [key for key in found if found[key] or data.get("show") == ALL_RULES]
    kept = {name: getattr(data.get(name), "pk", data.get(name)) for name in ("department", "branch", "person")}
    rows = []
    for key in shown:
        base = {name: value for name, value in kept.items() if value} | {"rule": key}
        cells = tuple(
            _cell([row for row in found[key] if row.branch_id in column.branch_ids], base | {column.key: column.pk}, watch)
            for column in columns
        )  # fmt: skip
        # With a person in the filter the days that were kept say nothing about them.
        trend = Trend(()) if data.get("person") else moved[key]
        rows.append(BoardRow(BY_KEY[key], cells, _cell(found[key], base, watch), trend))
    return Board(columns, rows, sum(not rows_ for rows_ in found.values()), sum(counts.values()), watch)


def _cell(rows: Sequence[Overdue], query: Mapping[str, Any], watch: Watch) -> Cell:
    oldest = max((row.days(watch.today) for row in rows), default=0)
    return Cell(len(rows), oldest, f"{reverse('supervision_list')}?{urlencode(query)}")


def _columns(watch: Watch) -> list[Column]:
    branches = list(watch.branches.values())
    departments = {branch.department_id: branch.department for branch in branches}
    if len(branches) <= BRANCHES_ACROSS or len(departments) < 2:
        return [Column(branch.short_name, "branch", branch.pk, frozenset({branch.pk})) for branch in branches]
    return [
        Column(department.name, "department", pk, frozenset(row.pk for row in branches if row.department_id == pk))
        for pk, department in departments.items()
    ]


def list_rows(found: Mapping[str, Iterable[Overdue]], watch: Watch, scope: Scope) -> list[Row]:
    """Rows with the names their viewer may read, the oldest first; two queries for the names."""
    pairs = [(BY_KEY[key], row) for key, rows in found.items() for row in rows]
    people = names_of_people(row.person_id for _source, row in pairs if row.person_id)
    users = names_of_users(user_id for _source, row in pairs for user_id in row.user_ids)
    rows = [_row(source, row, people, users, watch, scope) for source, row in pairs]
    return sorted(rows, key=lambda row: (-row.days, row.overdue.branch_id, row.source.key, row.overdue.key))


def _row(
    source: SupervisionSource, row: Overdue, people: Mapping[int, str], users: Mapping[int, str], watch: Watch, scope: Scope
) -> Row:  # fmt: skip
    is_mine = scope.user_id in row.user_ids
    # What falls to the secretaries may be done by whoever runs the branch.
    may_do = is_mine or (scope.manages(row.branch_id) and row.user_ids == watch.runs(row.branch_id))
    return Row(
        source=source, overdue=row, branch=watch.branches[row.branch_id], person=people.get(row.person_id or 0, ""),
        days=row.days(watch.today), url=row.url if may_do else row.look_url or row.url,
        recipients=tuple(sorted(users[pk] for pk in row.user_ids if pk in users and pk != scope.user_id)), is_mine=is_mine,
    )  # fmt: skip


def by_person(rows: Iterable[Row]) -> list[Row]:
    """The same rows person by person, who has most to be seen to first; what concerns nobody in particular comes last."""
    ordered = list(rows)
    counts: dict[int | None, int] = {}
    for row in ordered:
        counts[row.overdue.person_id] = counts.get(row.overdue.person_id, 0) + 1
    return sorted(
        ordered,
        key=lambda row: (row.overdue.person_id is None, -counts[row.overdue.person_id], row.overdue.person_id or 0),
    )
