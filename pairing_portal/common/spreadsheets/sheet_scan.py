"""Counts rows, columns and texts of a worksheet's XML before anything builds a table from it.

Two readings. The quick one looks for whatever is *not* the plain shape that spreadsheet programs write, with
regular expressions over the unpacked bytes; it costs a fraction of parsing. Whatever it does not know is read
again, exactly, by a streaming XML parser that keeps nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

from .refusal import FileRefused, Limits
from .workbook_xml import local, refusing_parser

Position = tuple[int, int]
Pieces = Callable[[], Iterator[bytes]]

_PROLOG = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml([^>]*)\?>)?\s*")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)[\"']")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z]\w*)[\s/>]")
_DECLARATION = re.compile(rb"<!(?!--|\[CDATA\[)")
_SHARED_STRING = re.compile(rb"<(?:\w+:)?si[\s/>]")
_MARKUP = re.compile(rb"<!")
_PREFIXED = re.compile(rb":(?:c|row)[\s/>]")
_ERROR_VALUE = re.compile(rb' t="e"')
_FORMULA = re.compile(rb"<f[\s/>]")
_FORMULA_WITHOUT_RESULT = re.compile(rb"<f(?:\s[^<>]*)?(?:/>|>[^<]*</f>)\s*(?:(</c>)|<v\s*/>|<v>\s*</v>)")
_CELL_START = re.compile(rb'<c r="([A-Z]+)([0-9]+)"([^>]*)>')
# No tag of an honest worksheet is longer; the longest are lists of ranges.
_LONGEST_TAG = 1024 * 1024
# Pieces shorter than this wait for the next one, so that a cell is not cut in two.
_SHORTEST_BLOCK = 64 * 1024


@dataclass
class SheetFacts:
    """`without_result`: cells (row, column; both from 1) with a formula or an error in place of a value."""

    has_values: bool = False
    without_result: set[Position] = field(default_factory=set)


def first_tag(start: bytes) -> str | None:
    """The local name of the root element, None when it is not XML. Refuses encodings we cannot look through."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start[:4]:
        if b"<" in start[:8]:
            raise FileRefused("damaged")
        return None
    prolog = _PROLOG.match(start)
    assert prolog is not None  # matches the empty string
    if not start[prolog.end() :].startswith(b"<"):
        return None
    encoding = _ENCODING.search(prolog.group(1) or b"")
    if encoding is not None and encoding.group(1).lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        raise FileRefused("damaged")
    root = _ROOT.search(start, prolog.end())
    return root.group(1).decode() if root is not None else ""


def scan_xml(pieces: Iterable[bytes]) -> None:
    """Any other XML part: refuses document types and entities."""
    for block in _whole_tags(pieces):
        if _DECLARATION.search(block):
            raise FileRefused("doctype")


def scan_shared_strings(pieces: Iterable[bytes], limits: Limits) -> None:
    """The table of texts: refuses too many or too long ones."""
    count = 0
    for block in _whole_tags(pieces):
        if _DECLARATION.search(block):
            raise FileRefused("doctype")
        _check_texts(block, limits)
        count += len(_SHARED_STRING.findall(block))
        if count > limits.shared_strings:
            raise FileRefused("too-many-texts", limit=limits.shared_strings)


def scan_sheet(pieces: Pieces, name: str, limits: Limits) -> SheetFacts:
    """One worksheet: refuses values outside the limits. `pieces` is called again for a second reading."""
    facts = SheetFacts()
    for block in _whole_cells(pieces()):
        _check_texts(block, limits)
        if _has_odd_shape(block, limits):
            return _ExactScan(name, limits).run(pieces())
        if not facts.has_values:
            facts.has_values = b"<v" in block or b"<is" in block
        if b"f" in block and _FORMULA.search(block):
            facts.without_result.update(_formulas_without_result(block))
            _check_formulas(facts, name, limits)
    return facts


def column_number(letters: str) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _has_odd_shape(block: bytes, limits: Limits) -> bool:
    cell, row = _odd_shapes(limits.rows, limits.columns)
    # A single byte is found in a tenth of the time a pattern takes, and the rare ones are in few blocks.
    return bool(
        cell.search(block)
        or row.search(block)
        or _ERROR_VALUE.search(block)
        or (b"!" in block and _MARKUP.search(block))
        or (b":" in block and _PREFIXED.search(block))
    )


@lru_cache(maxsize=16)
def _odd_shapes(rows: int, columns: int) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Patterns of a cell and of a row that is not written as `<c r="B2"` with a reference inside the limits.

    Two that each begin with plain bytes are faster than one with alternatives. The row of a cell's own reference is
    bounded by its digits only: it says the same as its row's in every honest file, and is checked again when the
    sheet has been parsed.
    """
    cell = rf'<c(?! r="(?:{_letters_up_to(columns)})\d{{1,{len(str(rows))}}}")[\s/>]'
    row = rf'<row(?! r="(?:{_numbers_up_to(rows)})"[^\'>]*>)[\s/>]'
    return re.compile(cell.encode()), re.compile(row.encode())


def _numbers_up_to(limit: int) -> str:
    """A pattern for exactly the numbers 1 to `limit`."""
    digits = str(limit)
    patterns = [rf"[1-9]\d{{0,{len(digits) - 2}}}"] if len(digits) > 1 else []
    for at, digit in enumerate(digits):
        lowest = 1 if at == 0 else 0
        if int(digit) > lowest:
            patterns.append(rf"{digits[:at]}[{lowest}-{int(digit) - 1}]\d{{{len(digits) - at - 1}}}")
    return "|".join([*patterns, digits])


def _letters_up_to(limit: int) -> str:
    """A pattern for the letters of exactly the columns 1 to `limit` (at most ZZ)."""
    first, second = column_letters(min(limit, 702))[:-1], column_letters(min(limit, 702))[-1]
    if not first:
        return f"[A-{second}]"
    whole = f"|[A-{chr(ord(first) - 1)}][A-Z]" if first > "A" else ""
    return f"[A-Z]{whole}|{first}[A-{second}]"


def _whole_tags(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut only in front of a `<`."""
    return _cut(pieces, b"<")


def _whole_cells(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut in front of a cell where there is one, so that a cell is seen whole."""
    return _cut(pieces, b"<c ")


def _cut(pieces: Iterable[bytes], mark: bytes) -> Iterator[bytes]:
    rest = b""
    first = True
    for piece in pieces:
        if first:
            prolog = _PROLOG.match(piece)
            piece = piece[prolog.end() :] if prolog is not None else piece
            first = False
        block = rest + piece
        at = block.rfind(mark)
        if at <= 0 and len(block) >= _SHORTEST_BLOCK:
            at = block.rfind(b"<")
        if at <= 0 and len(block) > _LONGEST_TAG:
            at = len(block)
        if at > 0:
            yield block[:at]
        rest = block[max(at, 0) :]
    if rest:
        yield rest


def _check_texts(block: bytes, limits: Limits) -> None:
    """Refuse a text longer than a cell may hold. Looks only at the last `<` of each window of that length."""
    window = limits.cell_characters
    at = 0
    while at + window < len(block):
        last = block.rfind(b"<", at, at + window)
        if last >= 0:
            at = last + 1
            continue
        ends = block.find(b"<", at)
        ends = len(block) if ends < 0 else ends
        _, _, text = block[at:ends].partition(b">")
        if ends - at > _LONGEST_TAG or len(html.unescape(text.decode("utf-8", "replace"))) > window:
            raise FileRefused("text-too-long", limit=limits.cell_characters)
        at = ends + 1


def _formulas_without_result(block: bytes) -> Iterator[Position]:
    for match in _FORMULA_WITHOUT_RESULT.finditer(block):
        start = _CELL_START.match(block, block.rfind(b"<c ", 0, match.start()))
        if start is None:
            continue
        # A formula may well yield an empty text: then the type says so.
        if match.group(1) is None and b't="str"' in start.group(3):
            continue
        yield int(start.group(2)), column_number(start.group(1).decode())


def _check_formulas(facts: SheetFacts, name: str, limits: Limits) -> None:
    if len(facts.without_result) > limits.formulas_without_result:
        raise FileRefused("formulas", sheet=name)


class _ExactScan:
    """Reads a worksheet tag by tag, counting positions the way readers do when references are missing."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self.limits = limits
        self.facts = SheetFacts()
        self.row = self.column = 0
        self.tags = 0
        self.type = ""
        self.has_formula = self.has_value = False
        self.in_value = False

    def run(self, pieces: Iterable[bytes]) -> SheetFacts:
        parser = refusing_parser()
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        try:
            for block in _whole_tags(pieces):
                _check_texts(block, self.limits)
                parser.Parse(block, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError) as error:
            raise FileRefused("damaged") from error
        return self.facts

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.tags += 1
        if self.tags > self.limits.tags:
            raise FileRefused("too-many-blank-cells", sheet=self.name)
        kind = local(name)
        if kind == "c":
            self.start_cell(attributes)
        elif kind == "row":
            self.row = int(attributes["r"]) if "r" in attributes else self.row + 1
            self.column = 0
        elif kind == "f":
            self.has_formula = True
        elif kind == "v":
            self.in_value = True
        elif kind == "is":
            self.note_value()

    def start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference:
            letters = reference.rstrip("0123456789")
            if not letters.isascii() or not letters.isalpha():
                raise FileRefused("damaged")
            self.column = column_number(letters)
            self.row = int(reference[len(letters) :])
        else:
            self.column += 1
        self.type = attributes.get("t", "")
        self.has_formula = self.has_value = self.in_value = False

    def text(self, data: str) -> None:
        if self.in_value and (data.strip() or self.type == "str"):
            self.note_value()

    def note_value(self) -> None:
        self.has_value = self.facts.has_values = True
        if self.row > self.limits.rows:
            raise FileRefused("too-many-rows", sheet=self.name, limit=self.limits.rows)
        if self.column > self.limits.columns:
            raise FileRefused("too-many-columns", sheet=self.name, limit=column_letters(self.limits.columns))

    def end(self, name: str) -> None:
        kind = local(name)
        if kind == "v":
            self.in_value = False
            if self.type == "str":
                self.note_value()
        elif kind == "c" and (self.type == "e" or (self.has_formula and not self.has_value)):
            if self.row <= self.limits.rows and self.column <= self.limits.columns:
                self.facts.without_result.add((self.row, self.column))
                _check_formulas(self.facts, self.name, self.limits)
