"""A small workbook writer with a look for each cell, which the streaming library lacks. For marked rosters."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from .neutral import Writable, writable
from .sheet_scan import column_letters

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # cells have no zone
_SECONDS_A_DAY = 86_400


class Look(IntEnum):
    """How a cell is shown. The order is that of the formats in `_STYLES`; a fault is the same cell with a fill."""

    PLAIN = 0
    FAULT = 1
    REMARK = 2
    HEADING = 3


class _Value(IntEnum):
    NUMBER = 0
    TEXT = 1
    DAY = 2
    MOMENT = 3


# fillId and fontId by look, numFmtId by kind of value.
_FILLS = {Look.PLAIN: 0, Look.FAULT: 2, Look.REMARK: 0, Look.HEADING: 3}
_FONTS = {Look.PLAIN: 0, Look.FAULT: 0, Look.REMARK: 1, Look.HEADING: 2}
_NUMBER_FORMATS = {_Value.NUMBER: 0, _Value.TEXT: 49, _Value.DAY: 164, _Value.MOMENT: 165}


@dataclass(frozen=True)
class Marked:
    """One cell: a value and its look."""

    value: Writable
    look: Look = Look.PLAIN


@dataclass(frozen=True)
class MarkedSheet:
    """`rows`: (row number from 1, cells), ascending; numbers left out stay blank rows. `widths` in characters."""

    name: str
    rows: Iterable[tuple[int, Sequence[Marked]]]
    widths: Sequence[float] = ()


def write_marked(target: BinaryIO, sheets: Sequence[MarkedSheet]) -> None:
    """Write a workbook; texts are inline texts, so that nothing in it is a formula."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _content_types(len(sheets)))
        archive.writestr("_rels/.rels", _links([("officeDocument", "xl/workbook.xml")]))
        archive.writestr("xl/workbook.xml", _workbook([sheet.name for sheet in sheets]))
        targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
        archive.writestr("xl/_rels/workbook.xml.rels", _links([*targets, ("styles", "styles.xml")]))
        archive.writestr("xl/styles.xml", _styles())
        for number, sheet in enumerate(sheets, 1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
                for piece in _sheet(sheet):
                    part.write(piece.encode())


def _sheet(sheet: MarkedSheet) -> Iterator[str]:
    yield f'{_XML}<worksheet xmlns="{_MAIN}">'
    if sheet.widths:
        columns = (
            f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(sheet.widths, 1)
        )
        yield f"<cols>{''.join(columns)}</cols>"
    yield "<sheetData>"
    for number, cells in sheet.rows:
        written = "".join(_cell(f"{column_letters(at)}{number}", cell) for at, cell in enumerate(cells, 1))
        yield f'<row r="{number}">{written}</row>'
    yield "</sheetData></worksheet>"


def _cell(reference: str, cell: Marked) -> str:
    value = writable(cell.value)
    if value is None or value == "":
        return f'<c r="{reference}" s="{_style(cell.look, _Value.TEXT)}"/>' if cell.look is not Look.PLAIN else ""
    if isinstance(value, str):
        text = escape(value, {"\r": "&#13;"})
        style = _style(cell.look, _Value.TEXT)
        return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{reference}" s="{_style(cell.look, _Value.NUMBER)}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        kind = _Value.MOMENT if isinstance(value, datetime) else _Value.DAY
        return f'<c r="{reference}" s="{_style(cell.look, kind)}"><v>{_day_number(value)}</v></c>'
    return f'<c r="{reference}" s="{_style(cell.look, _Value.NUMBER)}"><v>{value!r}</v></c>'


def _day_number(value: date) -> float | int:
    if not isinstance(value, datetime):
        return (value - _EPOCH.date()).days
    return (value - _EPOCH).total_seconds() / _SECONDS_A_DAY


def _style(look: Look, kind: _Value) -> int:
    return look * len(_Value) + kind


def _styles() -> str:
    formats = "".join(
        f'<xf numFmtId="{_NUMBER_FORMATS[kind]}" fontId="{_FONTS[look]}" fillId="{_FILLS[look]}" borderId="0" '
        f'xfId="0" applyNumberFormat="1" applyFill="1" applyFont="1" quotePrefix="{int(kind is _Value.TEXT)}"/>'
        for look in Look
        for kind in _Value
    )
    return (
        f'{_XML}<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
        '<fonts count="3"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><sz val="11"/><color rgb="FFA3271D"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><color rgb="FFA3271D"/><name val="Calibri"/></font></fonts>'
        '<fills count="4"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill>'
        f"{_fill('FFF9C9C3')}{_fill('FFFDF3F1')}</fills>"
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(Look) * len(_Value)}">{formats}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _fill(color: str) -> str:
    return f'<fill><patternFill patternType="solid"><fgColor rgb="{color}"/></patternFill></fill>'


def _workbook(names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>' for number, name in enumerate(names, 1)
    )
    return f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'


def _links(targets: Sequence[tuple[str, str]]) -> str:
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _content_types(sheets: int) -> str:
    parts = [("workbook.xml", "sheet.main"), ("styles.xml", "styles")]
    parts += [(f"worksheets/sheet{number}.xml", "worksheet") for number in range(1, sheets + 1)]
    overrides = "".join(f'<Override PartName="/xl/{path}" ContentType="{_TYPES}.{kind}+xml"/>' for path, kind in parts)
    return (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
