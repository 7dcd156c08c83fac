"""Finds the table in a sheet: the header row by its content, the columns by what their headings mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, zip_longest

from django.conf import settings
from django.utils import translation

from .reader import Cell, Row, Sheet
from .refusal import FileRefused, Words

# The header row is looked for among this many rows that hold something.
HEADER_WITHIN = 15
# A row counts as a header from this many known headings on.
_FEWEST_HEADINGS = 2
# From this many known headings on, a table that lacks required ones was meant to be one.
_NEARLY = 3

_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x1f\x7f-\x9f]+")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|《[^《》]*》|<[^<>]*>")
_TOTAL = re.compile(
    r"(合计|总计|小计|共计|累计|总数|总人数|total|subtotal|grandtotal)([:(\d].*)?$|共\d+人$", re.IGNORECASE
)
_FOOTER = re.compile(
    r"(填表人|填报人|制表人|制表|填表|填报|审核人|审核|审批人|负责人|经办人|联系人|联系电话|填表日期|填报日期|"
    r"制表日期|填表单位|填报单位|支部书记|书记签字|签字|签名|盖章|单位盖章|日期|注|备注|说明|填表说明|"
    r"note|notes|preparedby|filledinby):"
    r"|以下空白|\(?(盖章|公章|签字|签名)\)?$|(注|备注|说明)\d*[.、]",
    re.IGNORECASE,
)
# No total, no footer and no blank begins like this: digits, letters and ideographs that NFKC leaves alone, without the
# first ones of the words above.
_PLAIN_START = re.compile(
    "[0-9A-EH-MOQRU-Za-eh-moqru-z]|(?![合总小共累填制审负经联支书签盖单日注备说以公])[\u4e00-\u9fef]"
)
# How many filled cells a row's first words may stand behind and still make it a totals row.
_TOTAL_WITHIN = 3


def normalise_heading(text: object) -> str:
    """A heading as it is compared: NFKC, lower case, no spaces, line breaks, invisible characters, outer marks."""
    plain = unicodedata.normalize("NFKC", "" if text is None else str(text))
    return _INVISIBLE.sub("", plain).casefold().strip("*:;,。、.·_-'\"")


def without_brackets(heading: str) -> str:
    """当前专业(全称) → 当前专业. Takes and gives a normalised heading; one that is only a bracket stays."""
    previous, plain = "", heading
    while plain != previous:
        previous, plain = plain, _BRACKETS.sub("", plain)
    return plain.strip("*:;,。、.·_-'\"") or heading


@dataclass(frozen=True)
class Field:
    """What a column means. `label` is the heading our own templates use; `synonyms` are what others write."""

    key: str
    label: Words
    synonyms: Sequence[str] = ()
    required: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """The columns of one kind of table. What stands under a heading of `never_stored` is dropped and reported."""

    name: str
    fields: Sequence[Field]
    never_stored: Sequence[str] = ()

    def meanings(self) -> dict[str, str]:
        """Normalised heading → key, labels in every language. ValueError when a heading would mean two fields."""
        found: dict[str, str] = {}
        for entry in self.fields:
            for heading in (*_in_every_language(entry.label), *entry.synonyms):
                if found.setdefault(normalise_heading(heading), entry.key) != entry.key:
                    raise ValueError(f"{self.name}: {heading!r} means both {entry.key} and another field")
        return found

    def dropped(self) -> set[str]:
        """The normalised headings of columns that are never stored."""
        return set(map(normalise_heading, self.never_stored))

    @property
    def required(self) -> list[Field]:
        return [entry for entry in self.fields if entry.required]

    def label(self, key: str) -> str:
        """The label of a field."""
        return next(str(entry.label) for entry in self.fields if entry.key == key)


def _in_every_language(words: Words) -> Iterator[str]:
    if isinstance(words, str):
        yield words
        return
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            yield str(words)


@dataclass
class Table:
    """A recognised table. Numbers of rows are the spreadsheet's own; indexes of columns count from 0.

    `headings` gives each field's heading as the file writes it; `title` is the text of the rows above the header.
    """

    vocabulary: Vocabulary
    sheet: Sheet
    header_row: int
    columns: dict[str, int]
    headings: dict[str, str]
    ignored: list[str]
    never_stored: list[str]
    never_stored_columns: list[int]
    title: str
    date1904: bool = False
    rows: list[Row] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    # The cells of `rows` by column, all as long as `rows`.
    cells_by_column: list[tuple[Cell, ...]] = field(default_factory=list, repr=False, compare=False)

    def column(self, key: str) -> Sequence[Cell] | None:
        """The cells of a field in the order of `rows`; None when the table has no such column."""
        index = self.columns.get(key)
        if index is None:
            return None
        return self.cells_by_column[index] if index < len(self.cells_by_column) else [None] * len(self.rows)

    def cell(self, row: Row, key: str) -> Cell:
        """The cell of a field; None when the table has no such column."""
        index = self.columns.get(key)
        return row.cells[index] if index is not None and index < len(row.cells) else None


@dataclass
class _Header:
    """One row read as a header: columns by field, exact headings apart from those known without their bracket."""

    vocabulary: Vocabulary
    at: int
    row: Row
    exact: dict[str, list[int]] = field(default_factory=dict)
    loose: dict[str, list[int]] = field(default_factory=dict)
    dropped: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        return set(self.exact) | set(self.loose)

    @property
    def missing(self) -> list[Field]:
        return [entry for entry in self.vocabulary.required if entry.key not in self.keys]

    @property
    def score(self) -> tuple[int, int, int]:
        return len(self.keys), len(self.exact), -len(self.unknown)

    @property
    def is_nearly_complete(self) -> bool:
        """Whether this was meant to be such a table although required columns are missing."""
        known, shown = len(self.keys), len(self.keys) + len(self.unknown)
        has_required = len(self.missing) < len(self.vocabulary.required)
        return (known >= _FEWEST_HEADINGS and has_required) or (known >= _NEARLY and 2 * known >= shown)


def recognise(sheet: Sheet, vocabularies: Iterable[Vocabulary]) -> Table | None:
    """The table of a sheet in the vocabulary that knows most of its headings, or None when it is none of them.

    Raises `FileRefused` (missing-headings, naming all) for a sheet that was meant to be such a table, and
    (duplicate-heading) when two columns would be one field.
    """
    headers = [
        header
        for vocabulary in vocabularies
        for header in _read_headers(vocabulary, sheet.rows[:HEADER_WITHIN])
        if len(header.keys) >= _FEWEST_HEADINGS
    ]
    complete = [header for header in headers if not header.missing]
    if complete:
        return _table(sheet, max(complete, key=lambda header: (*header.score, -header.at)))
    nearly = [header for header in headers if header.is_nearly_complete]
    if nearly:
        best = max(nearly, key=lambda header: (*header.score, -header.at))
        fields = ", ".join(str(entry.label) for entry in best.missing)
        raise FileRefused("missing-headings", sheet=sheet.name, fields=fields)
    return None


def _read_headers(vocabulary: Vocabulary, rows: Sequence[Row]) -> Iterator[_Header]:
    meanings, dropped = vocabulary.meanings(), vocabulary.dropped()
    for at, row in enumerate(rows):
        header = _Header(vocabulary, at, row)
        for index, cell in enumerate(row.cells):
            heading = normalise_heading(cell) if isinstance(cell, str) else ""
            bare = without_brackets(heading)
            if heading in meanings:
                header.exact.setdefault(meanings[heading], []).append(index)
            elif heading in dropped or bare in dropped:
                header.dropped.append(index)
            elif bare in meanings:
                header.loose.setdefault(meanings[bare], []).append(index)
            elif heading:
                header.unknown.append(index)
        yield header


def _table(sheet: Sheet, header: _Header) -> Table:
    columns: dict[str, int] = {}
    unknown = list(header.unknown)
    for key in (entry.key for entry in header.vocabulary.fields):
        exact, loose = header.exact.get(key, []), header.loose.get(key, [])
        candidates = exact or loose
        if len(candidates) > 1:
            headings = ", ".join(_shown(header.row.cells[index]) for index in candidates)
            label = header.vocabulary.label(key)
            raise FileRefused("duplicate-heading", sheet=sheet.name, field=label, headings=headings)
        if candidates:
            columns[key] = candidates[0]
            # 电话 and 电话(家长): the exact one is meant, the other one is not ours.
            unknown += loose if exact else []
    table = Table(
        vocabulary=header.vocabulary,
        sheet=sheet,
        header_row=header.row.number,
        columns=columns,
        headings={key: _shown(header.row.cells[index]) for key, index in columns.items()},
        ignored=[_shown(header.row.cells[index]) for index in sorted(unknown)],
        never_stored=[_shown(header.row.cells[index]) for index in header.dropped],
        never_stored_columns=list(header.dropped),
        title=_title(sheet.rows[: header.at]),
        date1904=sheet.date1904,
    )
    _fill(table, header.row, sheet.rows[header.at + 1 :])
    return table


def _fill(table: Table, header: Row, rows: Sequence[Row]) -> None:
    """Sort the rows below the header into data and skipped ones; only those that might not be data are looked at."""
    columns = list(zip_longest(*(row.cells for row in rows)))
    key_column = next(iter(table.columns.values()))
    doubtful = _doubtful(columns, key_column) if key_column < len(columns) else set(range(len(rows)))
    doubtful.update(at for at, row in enumerate(rows) if row.cells == header.cells)
    left_out = {at for at in doubtful if not _is_data(rows[at], table, header)}
    table.skipped = [rows[at].number for at in sorted(left_out) if any(map(_filled, rows[at].cells))]
    if left_out:
        keeps = [at not in left_out for at in range(len(rows))]
        rows, columns = list(compress(rows, keeps)), [tuple(compress(column, keeps)) for column in columns]
    table.rows, table.cells_by_column = list(rows), columns


def _doubtful(columns: Sequence[tuple[Cell, ...]], key_column: int) -> set[int]:
    """Positions of rows that may be totals, footers or blank where data should be: more than there are, none missing."""
    found: set[int] = set()
    for index, column in enumerate(columns):
        texts = {cell for cell in set(column) if cell.__class__ is str and not _PLAIN_START.match(cell)}  # type: ignore[arg-type]  # a str by the line's own test
        odd: set[Cell] = {text for text in texts if _may_end_table(text)}  # type: ignore[arg-type]  # strings are cells
        if index == key_column:
            odd.add(None)
        if odd and not odd.isdisjoint(column):
            found.update(at for at, cell in enumerate(column) if cell in odd)
    return found


def _may_end_table(text: str) -> bool:
    """Whether a cell looks blank, like a total or like a footer, wherever in its row it stands."""
    return not _filled(text) or bool(_TOTAL.match(normalise_heading(text)) or _FOOTER.match(_without_spaces(text)))


def _is_data(row: Row, table: Table, header: Row) -> bool:
    cells = row.cells
    if not any(_filled(cells[index]) for index in table.columns.values() if index < len(cells)):
        return False
    if any(map(_TOTAL.match, _leading_words(cells))) or _FOOTER.match(_first_text(cells)):
        return False
    # Tables printed over several pages repeat their header.
    return cells != header.cells


def _leading_words(cells: Sequence[Cell]) -> Iterator[str]:
    filled = [cell for cell in cells if _filled(cell)][:_TOTAL_WITHIN]
    return (normalise_heading(cell) for cell in filled if isinstance(cell, str))


def _first_text(cells: Sequence[Cell]) -> str:
    """The first words of a row with its colons kept: they tell 负责人:张三 from a person's post."""
    first = next((cell for cell in cells if _filled(cell)), None)
    return _without_spaces(first) if isinstance(first, str) else ""


def _without_spaces(text: str) -> str:
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def _filled(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(_INVISIBLE.sub("", cell)))


def _shown(cell: Cell) -> str:
    return " ".join(str(cell).split())


def _title(rows: Sequence[Row]) -> str:
    lines = (" ".join(_shown(cell) for cell in row.cells if _filled(cell)) for row in rows)
    return "\n".join(line for line in lines if line)
