"""What the dashboard pages show: every figure in its place, and the rows behind one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from .base import Axis, Figure, FigureSource, Rows, read_figure
from .figures_log import HOURS, TIMELINESS
from .figures_people import HEALTH, PAIRING, PIPELINE
from .figures_problems import PROBLEMS
from .figures_work import LINES, QUOTA
from .rollup import made_at
from .selection import Selection

# In the order of the page.
CHARTS: Final[Sequence[FigureSource]] = (PAIRING, HEALTH, QUOTA, LINES, PIPELINE, HOURS, TIMELINESS)
SOURCES: Final[dict[str, FigureSource]] = {source.key: source for source in (*PROBLEMS, *CHARTS)}


@dataclass(frozen=True)
class Dashboard:
    """`made_at`: of when the figures from log entries are, None before they were first made."""

    problems: list[Figure]
    charts: list[Figure]
    made_at: datetime | None


def build_dashboard(selection: Selection) -> Dashboard:
    """All figures of a selection; a fixed number of queries."""
    return Dashboard(
        [read_figure(source, selection) for source in PROBLEMS],
        [read_figure(source, selection) for source in CHARTS],
        made_at(),
    )


@dataclass(frozen=True)
class Behind:
    """One number's rows: its line and column (None: all of them), the rows."""

    source: FigureSource
    line: Axis | None
    column: Axis | None
    rows: Rows


def rows_behind(source: FigureSource, selection: Selection, line: str, column: str) -> Behind | None:
    """The rows of a line and a column by their keys, "" for all; None when the figure has no such line or column."""
    axes = source.axes(selection)
    lines = {axis.key: axis for axis in axes.lines}
    columns = {axis.key: axis for axis in axes.columns}
    if (line and line not in lines) or (column and column not in columns):
        return None
    return Behind(source, lines.get(line), columns.get(column), source.rows(selection, line, column))


def show_rows(rows: Rows, page: Any) -> list[Any]:
    """One page of rows, named."""
    return rows.show(list(page.object_list))
