"""One uploaded workbook: its tables found, what was left out named, its faults marked. Every import reads this way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from pairing_portal.common.spreadsheets import Book, Fault, Table, Vocabulary, read_workbook, recognise, write_faults

from .plan import Refusal

# Columns that only count the rows.
ROW_NUMBERS = ("序号", "编号")


@dataclass
class WorkbookReading:
    """One file and what stands in it. `book` and `tables` are None and empty until `read_tables`."""

    name: str
    ignored_columns: list[str] = field(default_factory=list)
    never_stored: list[str] = field(default_factory=list)
    unknown_sheets: list[str] = field(default_factory=list)
    data: bytes = field(default=b"", repr=False)
    book: Book | None = None
    tables: list[Table] = field(default_factory=list)

    def read_tables(self, vocabularies: Sequence[Vocabulary]) -> Book:
        """Find the tables of the visible sheets; what is not one of ours is named, columns nobody reads are listed.

        Raises `FileRefused` for a file the gate does not let in, or a table that lacks headings.
        """
        self.book = read_workbook(self.data, self.name)
        for sheet in self.book.visible_sheets:
            table = recognise(sheet, vocabularies)
            if table is None:
                self.unknown_sheets.append(sheet.name)
                continue
            self.tables.append(table)
            self.never_stored += [heading for heading in table.never_stored if heading not in self.never_stored]
            self.ignored_columns += [
                heading
                for heading in table.ignored
                if heading not in self.ignored_columns and heading not in ROW_NUMBERS
            ]
        return self.book

    def mark_faults(self, target: BinaryIO, refused: Iterable[Refusal]) -> None:
        """The user's workbook with the refused rows marked; identity numbers are left out. Read it first."""
        assert self.book is not None
        write_faults(target, self.book, [fault for row in refused for fault in self._faults(row)], tables=self.tables)

    def _faults(self, row: Refusal) -> list[Fault]:
        table = next((table for table in self.tables if table.sheet.name == row.source.sheet), None)
        columns = [table.columns[key] for key in row.keys if table and key in table.columns]
        marks: list[int | None] = [*columns] or [None]
        return [
            Fault(row.source.sheet, row.source.row, column, row.message if number == 0 else "")
            for number, column in enumerate(marks)
        ]
