"""Gives a roster back with its faulty cells marked and, in a last column, what is wrong with them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from .headings import HEADER_WITHIN, Table, normalise_heading, without_brackets
from .marked import Look, Marked, MarkedSheet, write_marked
from .neutral import Writable
from .reader import UNCALCULATED, Book, Cell, Row, Sheet
from .writer import sheet_names, write_whole_file

# Identity numbers are not written back, whether or not the caller knows the column.
_NEVER_STORED = {
    "身份证", "身份证号", "身份证号码", "公民身份号码", "公民身份证号码", "居民身份证号", "居民身份证号码",
    "证件号", "证件号码",
}  # fmt: skip
_IDENTITY_NUMBER = re.compile(r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx]")
_PROBLEM_WIDTH = 60.0
_WIDTH = 14.0


@dataclass(frozen=True)
class Fault:
    """`row` is the spreadsheet's own number, `column_index` counts from 0; None means the row as a whole."""

    sheet: str
    row: int
    column_index: int | None
    message: str


def write_faults(target: Path | BinaryIO, book: Book, faults: Sequence[Fault], *, tables: Iterable[Table] = ()) -> None:
    """Write the visible sheets of `book`, every row where it was, with the faults marked.

    `tables` are what was recognised in the book: they say where the header is and which columns are never stored.
    Columns and cells that hold identity numbers stay blank in any case. A file appears only when it is complete.
    """
    known = {id(table.sheet): table for table in tables}
    sheets = book.visible_sheets
    marked = [
        MarkedSheet(name, _marked_rows(sheet, faults, known.get(id(sheet))), [_WIDTH] * sheet.width + [_PROBLEM_WIDTH])
        for name, sheet in zip(sheet_names([sheet.name for sheet in sheets]), sheets, strict=True)
    ]
    if isinstance(target, Path):
        buffer = io.BytesIO()
        write_marked(buffer, marked)
        write_whole_file(target, lambda partial: partial.write_bytes(buffer.getvalue()))
    else:
        write_marked(target, marked)


def _marked_rows(sheet: Sheet, faults: Sequence[Fault], table: Table | None) -> Iterator[tuple[int, list[Marked]]]:
    by_row: dict[int, list[Fault]] = {}
    for fault in faults:
        if fault.sheet == sheet.name:
            by_row.setdefault(fault.row, []).append(fault)
    dropped = _dropped_columns(sheet, table)
    header_row = table.header_row if table is not None else sheet.rows[0].number if sheet.rows else 0
    width = sheet.width
    for row in sheet.rows:
        found = by_row.get(row.number, [])
        blank = dropped if row.number != header_row else set()
        cells = [Marked(_given_back(cell, index in blank)) for index, cell in enumerate(row.cells)]
        cells += [Marked(None)] * (width - len(cells))
        for index in {fault.column_index for fault in found if fault.column_index is not None}:
            if index < width:
                cells[index] = Marked(cells[index].value, Look.FAULT)
        yield row.number, [*cells, _remark(row, header_row, found)]


def _remark(row: Row, header_row: int, found: Sequence[Fault]) -> Marked:
    if found:
        return Marked("\n".join(dict.fromkeys(fault.message for fault in found)), Look.REMARK)
    return Marked(_("Problem"), Look.HEADING) if row.number == header_row else Marked(None)


def _dropped_columns(sheet: Sheet, table: Table | None) -> set[int]:
    if table is not None:
        return set(table.never_stored_columns)
    return {
        index
        for row in sheet.rows[:HEADER_WITHIN]
        for index, cell in enumerate(row.cells)
        if isinstance(cell, str) and without_brackets(normalise_heading(cell)) in _NEVER_STORED
    }


def _given_back(cell: Cell, is_dropped: bool) -> Writable:
    if is_dropped or cell is UNCALCULATED:
        return None
    return _IDENTITY_NUMBER.sub("***", cell) if isinstance(cell, str) else cell
