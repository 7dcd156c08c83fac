"""From a table to rows, column by column: twenty thousand rows repeat few values, so each is read once.

Whatever is not plain (a problem, a note, a post, an absence) is left to `rows`, row by row; a plain row comes out the
same both ways.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date
from itertools import repeat
from typing import Any

from pairing_portal.common.spreadsheets import Cell, CellProblem
from pairing_portal.common.spreadsheets import values as parse

from ..stages import ORDERED_DATES, STAGE_DATE_FIELDS, Stage, derive_stage
from .directory import Directory
from .drafts import PERSON_FIELDS, PersonDraft, PlainRow
from .rows import NAME_LENGTH, NUMBER_LENGTH, PARSERS, STUDIES, PeopleReader, eighteenth_birthday, studies_of

Column = Sequence[Any]

# Stands for a value that makes its row one for `rows`.
NOT_PLAIN = object()
# A roster does not say who has left.
DATES = tuple(name for name in STAGE_DATE_FIELDS if name != "left_on")
FIRST, LAST = date.min, date.max


class Memo(dict[Any, Any]):
    """A function's results by argument, each computed once."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def __missing__(self, key: Any) -> Any:
        value = self[key] = self.function(key)
        return value


class ColumnReader:
    """Reads the people of one table. Ask `rows()` once."""

    def __init__(self, reader: PeopleReader, directory: Directory) -> None:
        self.reader, self.table, self.directory, self.today = reader, reader.table, directory, reader.today
        self.count = len(self.table.rows)
        self.blank: Column = [None] * self.count
        self.odd: set[int] = set()

    def rows(self) -> list[PlainRow | PersonDraft]:
        """Every row of the table in its order."""
        if not self.count:
            return []
        numbers = self._numbers()
        columns = self._columns(numbers)
        stages = columns.pop("stage")
        values = zip(*(columns[name] for name in PERSON_FIELDS), strict=True)
        found: list[PlainRow | PersonDraft] = list(
            map(PlainRow._make, zip(repeat(self.reader), self.table.rows, numbers, stages, values))
        )
        for at in self.odd:
            found[at] = self.reader.draft(self.table.rows[at])
        return found

    def _columns(self, numbers: Column) -> dict[str, Column]:
        """The columns of PERSON_FIELDS and `stage`."""
        columns = {key: self._read(key) for key in ("sex", "ethnicity", "born_on", "phone", "major", *DATES)}
        columns["name"] = self._parsed("name", _name)
        columns |= self._studies(numbers)
        columns |= self._places(columns["school_class"])
        columns |= self._stages(columns)
        self._check_dates(columns)
        for key in ("post", "away_from", "away_to"):
            self._parsed(key, _nothing(key))
        return columns

    # --- single columns -------------------------------------------------------------------------

    def _numbers(self) -> Column:
        return [number or "" for number in self._parsed("number", _number)]

    def _read(self, key: str) -> Column:
        parser = PARSERS[key]
        return self._parsed(key, lambda cell: None if cell is None or cell == "" else parser(cell))

    def _parsed(self, key: str, parser: Callable[[Cell], Any]) -> Column:
        """The values of a field, None where it is blank, absent, or has a problem, which is noted in `odd`."""
        cells = self.table.column(key)
        if cells is None:
            return self.blank
        if bool in set(map(type, cells)):
            # True is 1 to a dictionary: kept from it, lest 1 be read as True.
            self.odd.update(at for at, cell in enumerate(cells) if cell.__class__ is bool)
            cells = [None if cell.__class__ is bool else cell for cell in cells]
        values = list(map(Memo(lambda cell: _value(parser, cell)).__getitem__, cells))
        return self._plain(values)

    def _plain(self, values: list[Any]) -> Column:
        if NOT_PLAIN not in values:
            return values
        self._note(value is NOT_PLAIN for value in values)
        return [None if value is NOT_PLAIN else value for value in values]

    def _note(self, faults: Any) -> None:
        self.odd.update(at for at, is_faulty in enumerate(faults) if is_faulty)

    # --- columns that follow from several -------------------------------------------------------

    def _studies(self, numbers: Column) -> dict[str, Column]:
        programmes = [
            programme or years for programme, years in zip(self._read("programme"), self._read("years"), strict=True)
        ]
        classes, stated, graduations = map(self._read, ("school_class", "enrolment_year", "graduates_on"))
        beginnings = [number[:4] for number in numbers]
        known = Memo(lambda key: studies_of(key[0], key[1], key[2], key[3], lambda: key[4]))
        found = map(known.__getitem__, zip(programmes, classes, stated, beginnings, graduations, strict=True))
        cleaned = Memo(lambda name: name.replace(" ", "") if name else None).__getitem__
        return {
            **dict(zip(STUDIES, zip(*found, strict=True), strict=True)),
            "school_class": list(map(cleaned, classes)),
        }  # fmt: skip

    def _places(self, classes: Column) -> dict[str, Column]:
        known = Memo(self._place)
        keys = zip(self._read("branch"), self._read("department"), classes, strict=True)
        branches, departments = zip(*map(known.__getitem__, keys), strict=True)
        return {"party_branch": branches, "department": self._plain(list(departments))}

    def _place(self, key: tuple[str | None, str | None, str | None]) -> tuple[str | None, Any]:
        stated_branch, stated_department, school_class = key
        branch = self.reader.branch_of(stated_branch)
        department = self.reader.department_of(branch, stated_department)
        placing = self.directory.place(branch, school_class or "", department)
        is_plain = placing.department and not placing.objection and (branch or not self.reader.is_party_roster)
        return branch or None, placing.department if is_plain else NOT_PLAIN

    def _stages(self, columns: dict[str, Column]) -> dict[str, Column]:
        # The stage asks of a date only whether it has come.
        come = Memo(lambda day: day and (self.today if day <= self.today else LAST)).__getitem__
        dates = [map(come, columns[name]) for name in DATES]
        known = Memo(self._stage)
        found = map(known.__getitem__, zip(self._read("status"), *dates, strict=True))
        stages, memberships = zip(*found, strict=True)
        return {"stage": self._plain(list(stages)), "is_league_member": memberships}

    def _stage(self, key: tuple[Any, ...]) -> tuple[Any, bool | None]:
        """The stage and what the status says of the League, of one combination of status and dates."""
        status, *dates = key
        by_name = dict(zip(DATES, dates, strict=True))
        is_league_member = status == Stage.LEAGUE_MEMBER if status in (Stage.LEAGUE_MEMBER, Stage.NON_MEMBER) else None
        if status is not None:
            is_assumed = status == Stage.FULL and "converted_on" not in self.table.columns
            by_dates = derive_stage(by_name, is_league_member=False, today=self.today)
            if is_assumed or self.reader.objection_to(status, by_dates):
                return NOT_PLAIN, None
        belongs = bool(is_league_member) or by_name["league_joined_on"] is not None
        return derive_stage(by_name, is_league_member=belongs, today=self.today).value, is_league_member

    def _check_dates(self, columns: dict[str, Column]) -> None:
        """Note rows whose dates stand in the wrong order, lie before adulthood, or whose birth is to come."""
        so_far: Column = [FIRST] * self.count
        for name in ORDERED_DATES:
            dates = [day or before for day, before in zip(columns[name], so_far, strict=True)]
            self._note(map(operator.lt, dates, so_far))
            so_far = dates
        births = columns["born_on"]
        adult = Memo(lambda born_on: eighteenth_birthday(born_on) if born_on else FIRST).__getitem__
        applied = [day or LAST for day in columns["applied_on"]]
        self._note(map(operator.lt, applied, map(adult, births)))
        self._note(map(Memo(lambda born_on: born_on is not None and born_on >= self.today).__getitem__, births))


def _value(parser: Callable[[Cell], Any], cell: Cell) -> Any:
    try:
        return parser(cell)
    except CellProblem:
        return NOT_PLAIN


def _number(cell: Cell) -> Any:
    number = None if cell is None or cell == "" else parse.to_number_text(cell)
    return number if number and len(number) <= NUMBER_LENGTH else NOT_PLAIN


def _name(cell: Cell) -> Any:
    name, had_controls = parse.to_name(cell)
    return name if name and not had_controls and len(name) <= NAME_LENGTH else NOT_PLAIN


def _nothing(key: str) -> Callable[[Cell], Any]:
    """A parser of cells that only count when they say something."""
    return lambda cell: None if cell is None or cell == "" or not PARSERS[key](cell) else NOT_PLAIN
