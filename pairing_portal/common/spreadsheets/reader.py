"""Reads a workbook into rows of plain values. The parsing itself happens in a child process (child.py)."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from itertools import repeat
from pathlib import Path
from typing import Any, Final, NamedTuple

from . import child
from .csv_text import decode_text, parse_text
from .gate import FileRefused, Inspection, Limits, inspect_file
from .sheet_scan import Position, column_letters

_MEMORY_BYTES = 512 * 1024 * 1024
_CPU_SECONDS = 15
_WALL_SECONDS = 60.0
# Everything a file within the limits can hold, as text; more means that the same text is repeated without end.
_OUTPUT_BYTES = 256 * 1024 * 1024


class _Sentinel(Enum):
    UNCALCULATED = "formula without a result"

    def __repr__(self) -> str:
        return self.name


UNCALCULATED: Final = _Sentinel.UNCALCULATED

Cell = str | int | float | date | datetime | bool | _Sentinel | None


class Row(NamedTuple):
    """`number` is the spreadsheet's own, from 1."""

    number: int
    cells: tuple[Cell, ...]


@dataclass
class Sheet:
    """`rows` without the blank ones. `date1904`: bare day numbers count from 1904."""

    name: str
    visible: bool = True
    rows: list[Row] = field(default_factory=list)
    date1904: bool = False

    @property
    def width(self) -> int:
        """The number of columns of the widest row."""
        return max((len(row.cells) for row in self.rows), default=0)


@dataclass
class Book:
    """One file. `name` as it was given; `sheets` in the order of the workbook, hidden ones included."""

    name: str
    sheets: list[Sheet]
    date1904: bool = False

    @property
    def visible_sheets(self) -> list[Sheet]:
        return [sheet for sheet in self.sheets if sheet.visible]


def read_workbook(data: bytes, name: str, limits: Limits | None = None) -> Book:
    """The rows of an .xlsx, .xls or .csv file. Raises `FileRefused`; then nothing was read.

    Cells are text, numbers (usually float), date, datetime, bool, None for a blank one, or `UNCALCULATED` for a formula
    without a usable result (only .xlsx tells). Times of day and durations are text.
    """
    limits = limits or Limits()
    inspection = inspect_file(data, name, limits)
    if inspection.kind == "csv":
        sheets = [_csv_sheet(data, Path(name).stem, limits)]
    else:
        sheets = _parse_in_child(data, inspection, limits)
    if not any(sheet.rows for sheet in sheets):
        raise FileRefused("empty-workbook")
    return Book(name, sheets, inspection.date1904)


def _csv_sheet(data: bytes, name: str, limits: Limits) -> Sheet:
    rows = [Row(number, tuple(cells)) for number, cells in parse_text(decode_text(data), name, limits)]
    return Sheet(name, rows=rows)


def _parse_in_child(data: bytes, inspection: Inspection, limits: Limits) -> list[Sheet]:
    sheets: list[Sheet] = []
    for kind, text in _messages(data, limits):
        if kind == "rows":
            sheets[-1].rows += _decode_rows(text)
        elif kind == "sheet":
            sheets.append(Sheet(text[1:], visible=text[0] == "1", date1904=inspection.date1904))
        elif kind == "refused":
            raise _refusal(*text.split(child.CELL_END))
        else:
            break
    else:
        raise FileRefused("too-heavy")
    for sheet in sheets:
        _mark_uncalculated(sheet, inspection.without_result.get(sheet.name, set()))
    return sheets


def _refusal(code: str, sheet: str, limit: str) -> FileRefused:
    return FileRefused(code, sheet=sheet, limit=column_letters(int(limit)) if code == "too-many-columns" else limit)


def _messages(data: bytes, limits: Limits) -> Iterator[tuple[str, str]]:
    """The messages of the child as they come. The child is gone when the iteration ends, however it ends."""
    calamine = importlib.util.find_spec("python_calamine")
    assert calamine is not None  # a requirement of the project
    assert calamine.origin is not None
    numbers = (_MEMORY_BYTES, _CPU_SECONDS, limits.rows, limits.columns, limits.cell_characters)
    command = [
        sys.executable, "-I", "-S", child.__file__, str(Path(calamine.origin).parent.parent), *map(str, numbers),
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603  # our own script with our own numbers
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    ) as process:
        watchdog = threading.Timer(_WALL_SECONDS, process.kill)
        watchdog.start()
        try:
            yield from _exchange(process, data)
        finally:
            watchdog.cancel()
            process.kill()


def _exchange(process: subprocess.Popen[bytes], data: bytes) -> Iterator[tuple[str, str]]:
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018  # one fact for the type checker
    try:
        process.stdin.write(data)
        process.stdin.close()
    except BrokenPipeError:
        return
    received = 0
    while head := process.stdout.readline(100):
        kind, _, length = head.decode().partition(" ")
        received += int(length or 0)
        if received > _OUTPUT_BYTES:
            raise FileRefused("too-heavy")
        content = process.stdout.read(int(length or 0))
        # A child that ran out of memory or time leaves half a message.
        if not head.endswith(b"\n") or len(content) < int(length):
            return
        yield kind, content.decode()


def _decode_rows(text: str) -> Iterator[Row]:
    numbers, *columns = text.split(child.COLUMN_END)
    cells = zip(*map(_decode_column, columns), strict=True)
    # The same as Row(number, cells), without a call in Python for each row.
    return map(tuple.__new__, repeat(Row), zip(map(int, numbers.split(child.CELL_END)), cells, strict=True))


def _decode_column(column: str) -> list[Any]:
    """The cells of a column. Dates and numbers repeat, so each different one is read once."""
    cells: list[Any] = column.split(child.CELL_END)
    if not any(mark in column for mark in _READ_MARKED):
        return [cell or None for cell in cells]
    read: dict[str, Any] = {cell: _READ_MARKED[cell[0]](cell[1:]) for cell in set(cells) if cell[:1] in _READ_MARKED}
    read[""] = None
    return [read.get(cell, cell) for cell in cells]


def _read_date(text: str) -> date:
    return date.fromisoformat(text) if len(text) == len("2024-09-01") else datetime.fromisoformat(text)


def _read_other(text: str) -> int | bool:
    return text == "True" if text in {"True", "False"} else int(text)


_READ_MARKED: dict[str, Callable[[str], Cell]] = {
    child.DATE_MARK: _read_date, child.FLOAT_MARK: float, child.OTHER_MARK: _read_other,
}  # fmt: skip


def _mark_uncalculated(sheet: Sheet, positions: set[Position]) -> None:
    """Put the sentinel where the gate saw formulas without results; calamine leaves those cells blank."""
    if not positions:
        return
    rows = {row.number: list(row.cells) for row in sheet.rows}
    for number, column in positions:
        cells = rows.setdefault(number, [])
        cells.extend([None] * (column - len(cells)))
        if cells[column - 1] is None:
            cells[column - 1] = UNCALCULATED
    sheet.rows = [Row(number, tuple(rows[number])) for number in sorted(rows)]
