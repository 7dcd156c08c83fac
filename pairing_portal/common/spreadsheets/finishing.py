"""Finishes a written workbook: rows as high as their wrapped texts, and a last row of sums that looks like one.

The streaming library gives one look to all cells of a column, knows no height before a row is there, and ends the filter with the
last row. So the few words that say so are rewritten afterwards; the values stay as they were written. A workbook too large to be
printed stays as it is: most programs find the heights by themselves.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import BinaryIO, Final

from .sheet_scan import column_letters

# Unpacked bytes: some 12,000 rows of twelve columns. More would cost as much again as writing them.
LARGEST: Final = 8_000_000

_STYLES: Final = "xl/styles.xml"
_WORKBOOK: Final = "xl/workbook.xml"
_TEXTS: Final = "xl/sharedStrings.xml"
_FILTER: Final = re.compile(r'(<autoFilter ref="[A-Z]+\d+:[A-Z]+)(\d+)("/>)')
_COLUMN: Final = re.compile(r'<col min="(\d+)" max="(\d+)"[^>]*? style="(\d+)"')
_CELL: Final = re.compile(r'<c r="([A-Z]+)\d+"(?: s="(\d+)")?([^>]*?)(?:/>|>(.*?)</c>)')
_FORMAT: Final = re.compile(r"<xf [^>]*/>|<xf [^>]*>.*?</xf>")
_LINE_ABOVE: Final = '<border><left/><right/><top style="thin"><color auto="1"/></top><bottom/><diagonal/></border>'

# A row that has no height of its own, and a text in it: as it is, or its number among those of the workbook.
_ROW: Final = re.compile(rb'<row r="(\d+)"(?: spans="[^"]*")?>')
_TEXT: Final = re.compile(rb'<c r="([A-Z]+)\d+"[^>]*? t="(?:inlineStr"><is><t[^>]*>([^<]*)</t>|s"><v>(\d+)</v>)')
_SHARED: Final = re.compile(rb"<si><t[^>]*>([^<]*)</t></si>")
# Points a line of the common fonts needs, and how wide a letter is, in digits. Rather too wide than cut.
_LINE_HEIGHT: Final = 17
_MOST_HEIGHT: Final = 400
_WIDE, _NARROW = 2.1, 1.1


@dataclass(frozen=True)
class Finish:
    """What is to be done to one sheet. `header_row` from 0, where every text wraps; `widths` in digits, below it those that `wrap`."""

    header_row: int
    widths: Sequence[float]
    wraps: Sequence[bool]
    has_sums: bool


def finish(source: BinaryIO, sheets: Mapping[int, Finish]) -> bytes | None:
    """The workbook with its sheets, by number from 1, finished; None when it is too large."""
    with zipfile.ZipFile(source) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            return None
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    looks, workbook = _Looks(parts[_STYLES].decode()), parts[_WORKBOOK].decode()
    shared = _SHARED.findall(parts.get(_TEXTS, b""))
    for number, wanted in sheets.items():
        path = f"xl/worksheets/sheet{number}.xml"
        if wanted.has_sums:
            parts[path] = _with_sums(parts[path], looks)
            filtered = (
                rf'(<definedName name="_xlnm\._FilterDatabase" localSheetId="{number - 1}"[^>]*>[^<]*\$)(\d+)(</)'
            )
            workbook = re.sub(filtered, _one_less, workbook)
        parts[path] = b"".join(_with_heights(parts[path], wanted, shared))
    parts[_STYLES], parts[_WORKBOOK] = looks.styles.encode(), workbook.encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, part in parts.items():
            archive.writestr(path, part)
    return target.getvalue()


# --- Heights -------------------------------------------------------------------------------------


def lines_of(text: str, width: float) -> int:
    """Lines a text takes in a column of this width."""
    return sum(max(1, ceil(_measure(line) / width)) for line in text.split("\n"))


def _measure(line: str) -> float:
    return sum(_WIDE if ord(letter) > 0x2E7F else _NARROW for letter in line)


def _with_heights(sheet: bytes, wanted: Finish, shared: Sequence[bytes]) -> Iterator[bytes]:
    """The same part; rows from the headings on say how high they are, as a program would that has fitted them."""
    every = {column_letters(at).encode(): width for at, width in enumerate(wanted.widths, 1)}
    wrapped = {letters: width for (letters, width), wraps in zip(every.items(), wanted.wraps, strict=True) if wraps}
    at = 0
    starts = list(_ROW.finditer(sheet))
    ends_of = [*(start.start() for start in starts[1:]), len(sheet)]
    for this, ends in zip(starts, ends_of, strict=bool(starts)):
        number = int(this[1])
        if number <= wanted.header_row:
            continue
        widths = every if number == wanted.header_row + 1 else wrapped
        most = 1
        for letters, own, position in _TEXT.findall(sheet, this.end(), ends):
            width, text = widths.get(letters), shared[int(position)] if position else own
            # A byte is never narrower than it is counted here.
            if width is not None and (len(text) * _NARROW > width or b"\n" in text):
                most = max(most, lines_of(text.decode(), width))
        if most > 1:
            yield sheet[at : this.end() - 1]
            yield f' ht="{min(most * _LINE_HEIGHT, _MOST_HEIGHT)}"'.encode()
            at = this.end() - 1
    yield sheet[at:]


# --- Sums ----------------------------------------------------------------------------------------


def _one_less(found: re.Match[str]) -> str:
    return f"{found[1]}{int(found[2]) - 1}{found[3]}"


def _with_sums(sheet: bytes, looks: _Looks) -> bytes:
    """The same part, its last row bold under a line and the filter one row shorter."""
    begins, ends = sheet.rindex(b"<row "), sheet.rindex(b"</row>")
    opening, cells = sheet[begins:ends].decode().split(">", 1)
    row = opening.partition('r="')[2].partition('"')[0]
    written = {letters: (style, more, inner) for letters, style, more, inner in _CELL.findall(cells)}
    line = []
    for first, last, column_style in _COLUMN.findall(sheet[: sheet.index(b"<sheetData>")].decode()):
        for at in range(int(first), int(last) + 1):
            letters = column_letters(at)
            # A cell without a value is not written; the line goes on above it.
            style, more, inner = written.get(letters, (column_style, "", ""))
            look = looks.of_sums(int(style or column_style))
            line.append(f'<c r="{letters}{row}" s="{look}"{more}>{inner}</c>')
    tail = _FILTER.sub(_one_less, sheet[ends:].decode())
    return sheet[:begins] + f"{opening}>{''.join(line)}{tail}".encode()


class _Looks:
    """The looks of a workbook and those added to them: the same number format and alignment, bold, a line above."""

    def __init__(self, styles: str) -> None:
        self.styles = styles
        self._added: dict[int, int] = {}
        self._bold = self._border = 0

    def of_sums(self, style: int) -> int:
        """The number of the look of a sum in a column of this look."""
        if style not in self._added:
            if not self._added:
                fonts = re.findall(r"<font>.*?</font>", self._inner("fonts"))
                self._bold = self._add("fonts", fonts[0].replace("<font>", "<font><b/>"))
                self._border = self._add("borders", _LINE_ABOVE)
            plain = _FORMAT.findall(self._inner("cellXfs"))[style]
            look = re.sub(r'fontId="\d+"', f'fontId="{self._bold}"', plain)
            look = re.sub(r'borderId="\d+"', f'borderId="{self._border}"', look)
            look = re.sub(r' apply(?:Font|Border)="1"', "", look)
            look = look.replace("<xf ", '<xf applyFont="1" applyBorder="1" ', 1)
            self._added[style] = self._add("cellXfs", look)
        return self._added[style]

    def _inner(self, name: str) -> str:
        return self.styles.partition(f"<{name} ")[2].partition(">")[2].partition(f"</{name}>")[0]

    def _add(self, name: str, text: str) -> int:
        """Put another one at the end of a list; its number."""
        number = int(self.styles.partition(f'<{name} count="')[2].partition('"')[0])
        counted = self.styles.replace(f'<{name} count="{number}"', f'<{name} count="{number + 1}"', 1)
        self.styles = counted.replace(f"</{name}>", f"{text}</{name}>", 1)
        return number
