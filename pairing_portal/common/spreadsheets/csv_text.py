"""Comma-separated text as people save it: unknown encoding, unknown delimiter."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from .refusal import FileRefused, Limits
from .sheet_scan import column_letters

DELIMITERS = (",", ";", "\t")
_SAMPLE_LINES, _SAMPLE_CHARACTERS = 20, 50_000
# What our own export puts in front of a text that a spreadsheet program would take for a formula.
_NEUTRALISED = re.compile(r"'(?=[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]|[\t\r\n])")


def decode_text(data: bytes) -> str:
    """UTF-8 (with or without its mark), else GB18030."""
    if b"\0" in data:
        raise FileRefused("not-a-spreadsheet" if data[:2] not in (b"\xff\xfe", b"\xfe\xff") else "encoding")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("encoding")


def sniff_delimiter(text: str) -> str:
    """The delimiter with which most of the first lines have the same, largest number of columns."""
    sample = text[:_SAMPLE_CHARACTERS].splitlines()[:_SAMPLE_LINES]
    best, best_score = DELIMITERS[0], (0, 0)
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in _rows("\n".join(sample), delimiter) if len(row) > 1)
        score = max(((width * lines, width) for width, lines in widths.items()), default=(0, 0))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def parse_text(text: str, sheet: str, limits: Limits) -> Iterator[tuple[int, list[str | None]]]:
    """(row number, cells) of every row that holds something; blank cells are None."""
    for number, row in enumerate(_rows(text, sniff_delimiter(text)), 1):
        cells = [(cell[1:] if _NEUTRALISED.match(cell) else cell) or None for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        if number > limits.rows:
            raise FileRefused("too-many-rows", sheet=sheet, limit=limits.rows)
        if len(cells) > limits.columns:
            raise FileRefused("too-many-columns", sheet=sheet, limit=column_letters(limits.columns))
        if any(cell is not None and len(cell) > limits.cell_characters for cell in cells):
            raise FileRefused("text-too-long", limit=limits.cell_characters)
        yield number, cells


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise FileRefused("text-too-long", limit=Limits().cell_characters) from error
