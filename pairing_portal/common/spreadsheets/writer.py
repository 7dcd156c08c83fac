"""Writes workbooks and .csv files, row by row from a generator. Nothing it writes can become a formula."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

import rustpy_xlsxwriter
from django.utils.translation import gettext as _
from rustpy_xlsxwriter import Format

from .neutral import Writable, csv_text, legal_text, writable
from .refusal import Words

Kind = Literal["text", "integer", "number", "date", "datetime", "percent"]
Notes = Sequence[tuple[object, object]]

_WIDTHS: dict[str, float] = {"text": 14, "integer": 9, "number": 10, "date": 12, "datetime": 17, "percent": 9}
_NUMBER_FORMATS = {
    "text": "@", "integer": "0", "number": "General", "percent": "0.0%",
    "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm",
}  # fmt: skip
_WIDEST = 60.0
_A4 = 9
_FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_LONGEST_NAME = 31
_CSV_ROWS_A_WRITE = 500

_LINE, _HEAD_FILL = "#E4E7EB", "#FDF3F1"


class BytesTarget(Protocol):
    """Whatever takes bytes: a file, a buffer, a response."""

    def write(self, data: bytes, /) -> Any: ...


@dataclass(frozen=True)
class Column:
    """`total`: the last row carries the column's sum. `width` in characters; None is what the heading needs."""

    heading: Words
    width: float | None = None
    kind: Kind = "text"
    total: bool = False


@dataclass
class SheetSpec:
    """One sheet. `rows` is consumed once, as it is written; each row has as many values as there are columns.

    `notes` (label, value) stand on a last sheet of the workbook: who made it, when, from what, for what.
    """

    name: Words
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    title: Words | None = None
    notes: Notes | None = None


def write_xlsx(target: Path | BinaryIO, sheets: Sequence[SheetSpec]) -> None:
    """Write a workbook. A file appears under its name only when it is complete; an error leaves nothing behind.

    Raises ValueError for a sheet without columns or with the same heading twice.
    """
    specs = [*sheets, *_notes_sheet(sheets)]
    names = sheet_names([str(spec.name) for spec in specs])
    layout = _Layout()
    content: list[tuple[str, Any]] = []
    for name, spec in zip(names, specs, strict=True):
        headings = _headings(spec)
        layout.add(name, spec, headings)
        content.append((name, _records(spec, headings)))
    if isinstance(target, Path):
        write_whole_file(target, lambda partial: _write(content, str(partial), layout))
    else:
        _write(content, target, layout)


def write_csv(target: BytesTarget, sheet: SheetSpec) -> None:
    """Write one sheet as UTF-8 with a byte order mark, so that Excel reads it; without title and notes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    target.write(b"\xef\xbb\xbf")
    writer.writerow([csv_text(heading) for heading in _headings(sheet)])
    for number, row in enumerate(_all_rows(sheet), 1):
        writer.writerow([_csv_cell(value) for value in row])
        if number % _CSV_ROWS_A_WRITE == 0:
            _flush(buffer, target)
    _flush(buffer, target)


def _flush(buffer: io.StringIO, target: BytesTarget) -> None:
    target.write(buffer.getvalue().encode())
    buffer.seek(0)
    buffer.truncate()


def _csv_cell(cell: Writable) -> Writable:
    if isinstance(cell, str):
        return csv_text(cell)
    return cell.strftime("%Y-%m-%d %H:%M") if isinstance(cell, datetime) else cell


@dataclass
class _Layout:
    """What the library wants to know of each sheet, keyed by its name."""

    options: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, spec: SheetSpec, headings: Sequence[str]) -> None:
        header_row = 0 if spec.title is None else 1
        last = max(len(headings) - 1, 1)
        texts = [heading for heading, column in zip(headings, spec.columns, strict=True) if column.kind == "text"]
        self._set("header_row", name, header_row)
        self._set("freeze_panes", name, {"row": header_row + 1, "col": 0})
        self._set("autofilter", name, True)
        self._set("header_format", name, _header_format())
        self._set("column_widths", name, [_width(column) for column in spec.columns])
        self._set("column_formats", name, [_format(column.kind) for column in spec.columns])
        self._set("page_setup", name, _page_setup(header_row))
        if spec.title is not None:
            title = legal_text(str(spec.title))
            self._set("merge_ranges", name, [(0, 0, 0, last, title, Format().set_bold().set_font_size(15))])
            self._set("row_heights", name, {0: 26.0})
        if texts:
            self._set("ignore_errors", name, texts)

    def _set(self, option: str, name: str, value: Any) -> None:
        self.options.setdefault(option, {})[name] = value


def _write(content: list[tuple[str, Any]], target: str | BinaryIO, layout: _Layout) -> None:
    rustpy_xlsxwriter.write_worksheets(content, target, **layout.options)


def write_whole_file(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill another file, which takes the name of `target` when it is complete."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        write(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _records(spec: SheetSpec, headings: Sequence[str]) -> Iterator[dict[str, Writable]]:
    """The rows as the library takes them. A sheet without any gets a blank one: it brings the header."""
    empty = True
    for row in _all_rows(spec):
        empty = False
        yield dict(zip(headings, row, strict=True))
    if empty:
        yield dict.fromkeys(headings)


def _all_rows(spec: SheetSpec) -> Iterator[Sequence[Any]]:
    """The rows, made writable, and the row of totals where one is asked for."""
    summed = [index for index, column in enumerate(spec.columns) if column.total]
    totals: dict[int, int | float] = dict.fromkeys(summed, 0)
    prepare = _preparer(spec.columns)
    for row in spec.rows:
        for index in summed:
            value = writable(row[index])
            if isinstance(value, int | float):
                totals[index] += value
        yield prepare(row)
    if summed:
        last: list[Any] = [None] * len(spec.columns)
        for index, total in totals.items():
            last[index] = total
        if last[0] is None:
            last[0] = _("Total")
        yield last


def _preparer(columns: Sequence[Column]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A function that makes the values of a row writable; rows of clean texts, numbers and dates pass as they are."""
    texts = [index for index, column in enumerate(columns) if column.kind == "text"]
    others = [(index, _PLAIN[column.kind]) for index, column in enumerate(columns) if column.kind != "text"]
    # itemgetter gives a tuple only for two or more.
    pick = itemgetter(*texts) if len(texts) > 1 else lambda row: [row[index] for index in texts]
    converters = [_CONVERTERS[column.kind] for column in columns]

    def prepare(row: Sequence[Any]) -> Sequence[Any]:
        try:
            if "".join(pick(row)).isprintable() and all(row[index].__class__ in plain for index, plain in others):
                return row
        except TypeError:
            pass
        return [convert(value) for convert, value in zip(converters, row, strict=True)]

    return prepare


def _text(value: object) -> Writable:
    cell = writable(value)
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat(sep=" ", timespec="minutes") if isinstance(cell, datetime) else str(cell)


def _day(value: object) -> Writable:
    cell = writable(value)
    return cell.date() if isinstance(cell, datetime) else cell


def _moment(value: object) -> Writable:
    cell = writable(value)
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  # cells have no zone
    return cell


_CONVERTERS: dict[str, Callable[[object], Writable]] = {
    "text": _text, "integer": writable, "number": writable, "percent": writable, "date": _day, "datetime": _moment,
}  # fmt: skip
# Classes of values that need no conversion. Floats may be infinite and integers long, so they do.
_NONE = type(None)
_PLAIN: dict[str, tuple[type, ...]] = {
    "integer": (_NONE,), "number": (_NONE,), "percent": (_NONE,), "date": (date, _NONE), "datetime": (_NONE,),
}  # fmt: skip


def _headings(spec: SheetSpec) -> list[str]:
    headings = [legal_text(str(column.heading)) for column in spec.columns]
    if not headings or len(set(headings)) != len(headings):
        raise ValueError(f"{spec.name}: a sheet needs columns with different headings, not {headings}")
    return headings


def _notes_sheet(sheets: Sequence[SheetSpec]) -> Iterator[SheetSpec]:
    rows: list[tuple[object, object]] = []
    for sheet in sheets:
        rows += sheet.notes or []
    if rows:
        yield SheetSpec(
            _("Notes"), [Column(_("About this file"), width=24), Column(_("Content"), width=_WIDEST)],
            [(_text(label), _text(value)) for label, value in dict.fromkeys(rows)],
        )  # fmt: skip


def sheet_names(wanted: Sequence[str]) -> list[str]:
    """Names a workbook accepts: legal characters, at most 31 of them, each only once whatever the case."""
    used: set[str] = set()
    names = []
    for text in wanted:
        plain = _FORBIDDEN_IN_NAMES.sub(" ", legal_text(text)).replace("\n", " ").strip().strip("'") or "Sheet"
        name, number = plain[:_LONGEST_NAME], 1
        while name.casefold() in used:
            number += 1
            name = f"{plain[: _LONGEST_NAME - len(str(number)) - 1]} {number}"
        used.add(name.casefold())
        names.append(name)
    return names


def _width(column: Column) -> float:
    if column.width is not None:
        return column.width
    # A Chinese character is as wide as two digits; the arrow of the filter takes another two.
    heading = sum(2 if ord(letter) > 0x2E7F else 1 for letter in str(column.heading)) + 3
    return float(min(max(_WIDTHS[column.kind], heading), _WIDEST))


def _format(kind: str) -> Format:
    cell = Format().set_num_format(_NUMBER_FORMATS[kind]).set_align("vcenter")
    # Whoever edits such a cell still cannot make it a formula by accident.
    return cell.set_quote_prefix() if kind == "text" else cell


def _header_format() -> Format:
    header = Format().set_bold().set_text_wrap().set_align("center").set_align("vcenter")
    return header.set_background_color(_HEAD_FILL).set_border_bottom("thin").set_border_bottom_color(_LINE)


def _page_setup(header_row: int) -> dict[str, Any]:
    return {
        "landscape": True, "paper_size": _A4, "fit_to_pages": (1, 0), "repeat_rows": (0, header_row),
        "footer": "&C&P / &N", "center_horizontally": True,
        "margins": {"left": 0.4, "right": 0.4, "top": 0.5, "bottom": 0.6},
    }  # fmt: skip
