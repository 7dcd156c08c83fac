"""The pieces of a dashboard: a figure is lines × columns of numbers, and each number opens the rows it is the sum of.

A figure says three things: its axes, its numbers (`read`), and the rows behind any of them (`rows`). A fixed number of queries
each, however many branches there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise

from .selection import Selection

Text = str | Promise
ALL: Final = ""
# Signs of the four states, beside their colours and words.
SIGNS: Final = {"ok": "✓", "wait": "…", "late": "!", "exempt": "–"}


@dataclass(frozen=True)
class Axis:
    """One line or column. `tone`: a colour of the tokens; `sign` stands with it, so that colour never says it alone."""

    key: str
    label: str
    tone: str = "brand"
    sign: str = ""


@dataclass(frozen=True)
class ShownRow:
    """One row as the page behind a number lists it; `amount` is what it adds to the number, in words."""

    title: str
    about: str
    url: str
    amount: str = ""


@dataclass(frozen=True)
class Rows:
    """What is behind a number: `items` (a query set or a list), how some of them are shown, and what all of them come to."""

    items: Any
    show: Callable[[Sequence[Any]], list[ShownRow]]
    amount: Callable[[], float | None]


@dataclass(frozen=True)
class Axes:
    lines: list[Axis]
    columns: list[Axis]


Values = Mapping[tuple[str, str], float | None]


@dataclass(frozen=True)
class FigureSource:
    """`in_words(number)`: how a number is written. `shape` of the picture: "stacked" and "bars" lie, "columns" stand, "line";
    "pair" is a figure at the start and now. `unit`: of what the numbers are. `empty`: what to do where there is nothing; `see_also` is
    the page to do it. `adds_up`: the numbers of a line may be summed. `from_rollup`: as old as the rollup."""

    key: str
    title: Text
    definition: Text
    shape: str
    line_name: Text
    unit: Text
    empty: Text
    axes: Callable[[Selection], Axes]
    read: Callable[[Selection, Axes], Values]
    rows: Callable[[Selection, str, str], Rows]
    in_words: Callable[[float | None], str]
    adds_up: bool = True
    from_rollup: bool = False
    see_also: str = ""


@dataclass(frozen=True)
class Cell:
    """One number with its rows. `width` and `offset`: its bar in percent of the longest line."""

    value: float | None
    text: str
    url: str
    column: Axis
    offset: float = 0
    width: float = 0


@dataclass(frozen=True)
class Line:
    axis: Axis
    cells: list[Cell]
    total: Cell | None


@dataclass(frozen=True)
class Figure:
    source: FigureSource
    columns: list[Axis]
    lines: list[Line]

    @property
    def is_empty(self) -> bool:
        """Nothing but zeros: there are no rows."""
        return not any(cell.value for line in self.lines for cell in line.cells)


def state_axis(key: str, label: str, tone: str) -> Axis:
    """A column that is a state: with the sign of its tone."""
    return Axis(key, label, tone, SIGNS[tone])


def number(value: float | None) -> str:
    """A count."""
    return f"{value or 0:.0f}"


def rows_address(source: FigureSource, selection: Selection, line: str, column: str = ALL) -> str:
    """The page of rows behind one number, with the same period and branches."""
    asked = (selection.address or {}) | {key: value for key, value in (("line", line), ("column", column)) if value}
    address = reverse("dashboard_rows", args=[source.key])
    return f"{address}?{urlencode(asked)}" if asked else address


def read_figure(source: FigureSource, selection: Selection) -> Figure:
    """The numbers of one figure, each with its address."""
    axes = source.axes(selection)
    values = source.read(selection, axes)
    longest = max((_length(values, line, axes) for line in axes.lines), default=0) or 1
    lines = [_line(source, selection, line, axes, values, longest) for line in axes.lines]
    return Figure(source, axes.columns, lines)


def _length(values: Values, line: Axis, axes: Axes) -> float:
    return sum(values.get((line.key, column.key)) or 0 for column in axes.columns)


def _line(source: FigureSource, selection: Selection, line: Axis, axes: Axes, values: Values, longest: float) -> Line:
    cells, offset = [], 0.0
    for column in axes.columns:
        value = values.get((line.key, column.key), None if not source.adds_up else 0)
        width = round(100 * (value or 0) / longest, 2)
        url = rows_address(source, selection, line.key, column.key)
        cells.append(Cell(value, source.in_words(value), url, column, round(offset, 2), width))
        offset += width
    total = None
    if source.adds_up and len(axes.columns) > 1:
        summed = _length(values, line, axes)
        total = Cell(summed, source.in_words(summed), rows_address(source, selection, line.key), line)
    return Line(line, cells, total)
