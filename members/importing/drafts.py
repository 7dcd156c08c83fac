"""What a row says, before the database is asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from pairing_portal.common.spreadsheets import Row

# The fields of a person a roster may fill, in the order of the preview. Names of classes and branches are text here.
PERSON_FIELDS = (
    "name", "sex", "ethnicity", "born_on", "phone", "major", "league_joined_on", "applied_on", "activist_on", "candidate_on",
    "admitted_on", "converted_on", "school_class", "programme", "enrolment_year", "graduates_on", "party_branch",
    "is_league_member", "department",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where a row stands: file, sheet and the spreadsheet's own row number."""

    file: str
    sheet: str
    row: int


@dataclass(frozen=True)
class RowProblem:
    """One objection to a row; `column` is the heading as the file writes it, `key` the field.

    `only_if_new`: it speaks against making somebody new so, not against somebody who stands so in the portal already.
    """

    column: str
    message: str
    key: str = ""
    only_if_new: bool = False


@dataclass
class PersonDraft:
    """One person as a row has it. `values` holds only what the row says: a blank cell never erases."""

    source: Source
    number: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    posts: list[str] = field(default_factory=list)
    absence: tuple[Any, Any] | None = None
    problems: list[RowProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Headings of the table as the file writes them, by field.
    headings: Mapping[str, str] = field(default_factory=dict)
    # Fields the row does not state: their values were guessed from the class and the number.
    guessed: frozenset[str] = frozenset()

    def content(self) -> tuple[Any, ...]:
        """What makes two rows the same."""
        return (tuple(sorted(self.values.items(), key=lambda item: item[0])), tuple(self.posts), self.absence)


class Drafter(Protocol):
    """The reader of one table, as far as a plain row needs it."""

    def source(self, row: Row) -> Source: ...
    def draft(self, row: Row) -> PersonDraft: ...
    def guessed(self, row: Row) -> frozenset[str]: ...


class PlainRow(NamedTuple):
    """A row without problems, notes, posts or absence: values only, in the order of PERSON_FIELDS, None where it says nothing.

    `stage` follows from these values alone. Nearly all rows of a roster are plain; the rest become drafts.
    """

    reader: Drafter
    row: Row
    number: str
    stage: str
    values: tuple[Any, ...]

    @property
    def source(self) -> Source:
        return self.reader.source(self.row)

    @property
    def guessed(self) -> frozenset[str]:
        return self.reader.guessed(self.row)

    def draft(self) -> PersonDraft:
        """The same row with all that can be said about it."""
        return self.reader.draft(self.row)


@dataclass
class LeagueDraft:
    """One League branch as a row has it."""

    source: Source
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    secretary_number: str = ""
    secretary_name: str = ""
    problems: list[RowProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Headings of the table as the file writes them, by field.
    headings: Mapping[str, str] = field(default_factory=dict)
