"""Writes workbooks and .csv files, row by row from a generator. Nothing it writes can become a formula."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from functools import lru_cache
from itertools import chain, islice
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

import rustpy_xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _
from rustpy_xlsxwriter import Format

from .finishing import Finish, finish
from .neutral import LONGEST_TEXT, MOST_DIGITS, Writable, csv_text, legal_text, writable
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
_ROWS_AT_ONCE = 512
# A chart is about as high as so many rows.
_CHART_ROWS = 18

_LINE, _HEAD_FILL = "#E4E7EB", "#FDF3F1"


class BytesTarget(Protocol):
    """Whatever takes bytes: a file, a buffer, a response."""

    def write(self, data: bytes, /) -> Any: ...


@dataclass(frozen=True)
class Column:
    """`total`: the last row carries the column's sum. `width` in characters; None is what the heading needs.

    `wrap`: a text that is wider than the column goes on below, and the row grows with it.
    """

    heading: Words
    width: float | None = None
    kind: Kind = "text"
    total: bool = False
    wrap: bool = False


@dataclass(frozen=True)
class Chart:
    """Drawn right of the table, one below the other. `categories` and `series` are headings of columns of the sheet."""

    title: Words
    categories: Words
    series: Sequence[Words]
    kind: Literal["column", "bar", "line", "pie", "column_stacked", "bar_stacked"] = "column"
    x_title: Words | None = None
    y_title: Words | None = None


@dataclass
class SheetSpec:
    """One sheet. `rows` is consumed once, as it is written; each row has as many values as there are columns.

    `notes` (label, value) stand on a last sheet of the workbook: who made it, when, from what, for what. `bands`: rows between
    the title and the headings, each of texts over several columns (first, last, text), as the forms of offices have them.
    A sheet with `charts` is kept in memory while it is written, and has no row of totals: it would be drawn too.
    """

    name: Words
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    title: Words | None = None
    notes: Notes | None = None
    bands: Sequence[Sequence[tuple[int, int, Words]]] = ()
    charts: Sequence[Chart] = ()


def write_xlsx(target: Path | BinaryIO, sheets: Sequence[SheetSpec]) -> None:
    """Write a workbook. A file appears under its name only when it is complete; an error leaves nothing behind.

    Raises ValueError for a sheet without columns or with the same heading twice, and for charts that cannot be drawn.
    """
    specs = [*sheets, *_notes_sheet(sheets)]
    names = sheet_names([str(spec.name) for spec in specs])
    layout = _Layout()
    finishes = {number: wanted for number, spec in enumerate(specs, 1) if (wanted := _finish_of(spec))}
    content: list[tuple[str, Any]] = []
    for name, spec in zip(names, specs, strict=True):
        headings = _headings(spec)
        layout.add(name, spec, headings)
        content.append((name, _records(spec, headings)))
    if isinstance(target, Path):
        write_whole_file(target, lambda partial: _write_file(content, partial, layout, finishes))
    elif finishes:
        with tempfile.NamedTemporaryFile() as plain:
            _write_file(content, Path(plain.name), layout, finishes)
            shutil.copyfileobj(plain, target)
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
        first_band, header_row = int(spec.title is not None), _header_row(spec)
        last = max(len(headings) - 1, 1)
        texts = [heading for heading, column in zip(headings, spec.columns, strict=True) if column.kind == "text"]
        self._set("header_row", name, header_row)
        self._set("freeze_panes", name, {"row": header_row + 1, "col": 0})
        self._set("autofilter", name, True)
        self._set("header_format", name, _header_format())
        self._set("column_widths", name, [_width(column) for column in spec.columns])
        self._set("column_formats", name, [_format(column) for column in spec.columns])
        self._set("page_setup", name, _page_setup(header_row, is_drawn=bool(spec.charts)))
        merged: list[tuple[int, int, int, int, str, Format]] = []
        if spec.title is not None:
            merged.append((0, 0, 0, last, legal_text(str(spec.title)), _title_format()))
            self._set("row_heights", name, {0: 26.0})
        for row, band in enumerate(spec.bands, first_band):
            merged += [
                (row, first, row, to, legal_text(str(text)), _band_format(len(band))) for first, to, text in band
            ]
        if merged:
            self._set("merge_ranges", name, merged)
        if texts:
            self._set("ignore_errors", name, texts)
        if spec.charts:
            self._set("charts", name, _charts(spec, headings, header_row))
            # Out of the streaming mode: only then the library knows the values that it draws.
            self._set("dedupe_strings", name, True)

    def _set(self, option: str, name: str, value: Any) -> None:
        self.options.setdefault(option, {})[name] = value


def _write(content: list[tuple[str, Any]], target: str | BinaryIO, layout: _Layout) -> None:
    rustpy_xlsxwriter.write_worksheets(content, target, **layout.options)


def _write_file(content: list[tuple[str, Any]], path: Path, layout: _Layout, finishes: Mapping[int, Finish]) -> None:
    _write(content, str(path), layout)
    if finishes:
        with path.open("rb") as plain:
            finished = finish(plain, finishes)
        if finished is not None:
            path.write_bytes(finished)


def _header_row(spec: SheetSpec) -> int:
    """From 0: below the title and the bands."""
    return (spec.title is not None) + len(spec.bands)


def _finish_of(spec: SheetSpec) -> Finish | None:
    has_sums = any(column.total for column in spec.columns)
    if not has_sums and not any(column.wrap for column in spec.columns):
        return None
    widths, wraps = [_width(column) for column in spec.columns], [column.wrap for column in spec.columns]
    return Finish(_header_row(spec), widths, wraps, has_sums)


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
    for rows in _lots(spec):
        empty = False
        yield from [dict(zip(headings, row)) for row in rows]  # noqa: B905  # rows were checked, many at once
    if empty:
        yield dict.fromkeys(headings)


def _all_rows(spec: SheetSpec) -> Iterator[Sequence[Any]]:
    return chain.from_iterable(_lots(spec))


def _lots(spec: SheetSpec) -> Iterator[Iterable[Sequence[Any]]]:
    """The rows, made writable, some at once, and the row of totals where one is asked for."""
    totals: dict[int, int | float] = {index: 0 for index, column in enumerate(spec.columns) if column.total}
    rows = iter(spec.rows)
    # The first ones singly: whoever watches the rows hears of them at once.
    size = 1
    while some := list(islice(rows, size)):
        yield _writable_rows(some, spec.columns, totals)
        size = min(size * 2, _ROWS_AT_ONCE)
    if totals:
        last: list[Any] = [totals.get(index) for index in range(len(spec.columns))]
        if last[0] is None:
            last[0] = _("Total")
        yield [last]


def _writable_rows(
    rows: Sequence[Sequence[Any]], columns: Sequence[Column], totals: dict[int, int | float]
) -> Iterable[Sequence[Any]]:
    """Some rows at once, column by column: a column that is clean passes as it is, which is nearly all of them."""
    values: list[Sequence[Any]] = list(zip(*rows, strict=True))
    if len(values) != len(columns):
        raise ValueError(f"rows have {len(values)} values for {len(columns)} columns")
    is_clean = True
    for index, column in enumerate(columns):
        if not _CLEAN[column.kind](values[index]):
            is_clean = False
            values[index] = _CONVERT_ALL.get(column.kind, _one_by_one)(values[index], column.kind)
        if index in totals:
            totals[index] = sum((cell for cell in values[index] if isinstance(cell, int | float)), totals[index])
    return rows if is_clean else zip(*values, strict=True)


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
_NONE = type(None)


def _one_by_one(values: Sequence[Any], kind: str) -> Sequence[Any]:
    return list(map(_CONVERTERS[kind], values))


def _local_times(values: Sequence[Any], kind: str) -> Sequence[Any]:
    """Moments with a zone, in the zone of the wall clock. They keep it: both formats write what the clock shows."""
    if set(map(type, values)) - {datetime, _NONE}:
        return _one_by_one(values, kind)
    found = list(filter(None, values))
    if not found:
        return values
    if any(value.tzinfo is None for value in found):
        return _one_by_one(values, kind)
    zone = _constant(timezone.get_current_timezone(), min(found).year - 1, max(found).year + 1)
    return [value and value.astimezone(zone) for value in values]


@lru_cache(maxsize=64)
def _constant(zone: tzinfo, first_year: int, last_year: int) -> tzinfo:
    """The zone as an offset where it keeps the same one in all these years: that is reckoned with three times as fast."""
    offsets = {
        zone.utcoffset(datetime(year, month, day, 12))  # noqa: DTZ001  # the zone is asked about its own wall clock
        for year in range(max(first_year, 2), min(last_year, 9998) + 1)
        for month in range(1, 13)
        for day in (1, 15)
    }
    return fixed_zone(offsets.pop() or timedelta()) if len(offsets) == 1 else zone


_CONVERT_ALL: dict[str, Callable[[Sequence[Any], str], Sequence[Any]]] = {"datetime": _local_times}


def _clean_texts(values: Sequence[Any]) -> bool:
    """Printable, no cell longer than a cell can be, some of them blank."""
    kinds = set(map(type, values))
    if not kinds <= {str, _NONE}:
        return False
    if _NONE in kinds:
        values = list(filter(None, values))
    joined = "".join(values)
    return joined.isprintable() and (len(joined) <= LONGEST_TEXT or max(map(len, values)) <= LONGEST_TEXT)


def _clean_numbers(values: Sequence[Any]) -> bool:
    kinds = set(map(type, values))
    if not kinds <= {int, float, bool, _NONE}:
        return False
    # Without those of value 0.
    found = list(filter(None, values))
    if float in kinds and not all(map(isfinite, found)):
        return False
    return not found or -MOST_DIGITS < min(found) <= max(found) < MOST_DIGITS


def _clean_days(values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {date, _NONE}


def _never(values: Sequence[Any]) -> bool:
    return False


_CLEAN: dict[str, Callable[[Sequence[Any]], bool]] = {
    "text": _clean_texts, "integer": _clean_numbers, "number": _clean_numbers, "percent": _clean_numbers,
    "date": _clean_days, "datetime": _never,
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
            _("Notes"), [Column(_("About this file"), width=24, wrap=True), Column(_("Content"), width=90, wrap=True)],
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


def _format(column: Column) -> Format:
    kind = column.kind
    cell = Format().set_num_format(_NUMBER_FORMATS[kind]).set_align("vcenter")
    if kind == "text":
        # Whoever edits such a cell still cannot make it a formula by accident.
        cell = cell.set_quote_prefix()
    elif kind in ("date", "datetime"):
        cell = cell.set_align("center")
    else:
        # Not against the text of the next column.
        cell = cell.set_align("right").set_indent(1)
    return cell.set_text_wrap() if column.wrap else cell


def _header_format() -> Format:
    header = Format().set_bold().set_text_wrap().set_align("center").set_align("vcenter")
    return header.set_background_color(_HEAD_FILL).set_border_bottom("thin").set_border_bottom_color(_LINE)


def _title_format() -> Format:
    """Smaller rather than cut where the table is narrow."""
    return Format().set_bold().set_font_size(15).set_align("vcenter").set_shrink()


def _band_format(texts: int) -> Format:
    """Of a note, which is alone in its row, or of groups above their columns."""
    return Format().set_text_wrap() if texts == 1 else Format().set_bold().set_align("center").set_border_bottom("thin")


def _charts(spec: SheetSpec, headings: Sequence[str], header_row: int) -> list[dict[str, Any]]:
    if any(column.total for column in spec.columns):
        raise ValueError(f"{spec.name}: a sheet with charts has no row of totals")
    drawn = []
    for number, chart in enumerate(spec.charts):
        named = [legal_text(str(heading)) for heading in (chart.categories, *chart.series)]
        if unknown := [heading for heading in named if heading not in headings]:
            raise ValueError(f"{spec.name}: a chart of {unknown}, which are no columns")
        titles = {"x_axis": chart.x_title, "y_axis": chart.y_title}
        drawn.append(
            {
                "type": chart.kind, "title": legal_text(str(chart.title)), "categories": named[0], "series": named[1:],
                "row": header_row + number * _CHART_ROWS, "col": len(headings) + 1, "width": 560, "height": 320,
                **{key: legal_text(str(title)) for key, title in titles.items() if title is not None},
            }
        )  # fmt: skip
    return drawn


def _page_setup(header_row: int, *, is_drawn: bool) -> dict[str, Any]:
    return {
        "landscape": True, "paper_size": _A4, "fit_to_pages": (1, 0), "repeat_rows": (0, header_row),
        "footer": "&C&P / &N", "center_horizontally": True, "print_gridlines": not is_drawn,
        "margins": {"left": 0.4, "right": 0.4, "top": 0.5, "bottom": 0.6},
    }  # fmt: skip
