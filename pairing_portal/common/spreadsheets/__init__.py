"""Spreadsheets in and out: the only place that knows the libraries, and the gate in front of them."""

from __future__ import annotations

from .faults import Fault, write_faults
from .gate import check_file
from .headings import Field, Table, Vocabulary, normalise_heading, recognise
from .reader import UNCALCULATED, Book, Cell, Row, Sheet, read_workbook
from .refusal import CellProblem, FileRefused, Limits
from .writer import Chart, Column, SheetSpec, write_csv, write_xlsx

__all__ = [
    "UNCALCULATED", "Book", "Cell", "CellProblem", "Chart", "Column", "Fault", "Field", "FileRefused", "Limits",
    "Row", "Sheet", "SheetSpec", "Table", "Vocabulary", "check_file", "normalise_heading", "read_workbook", "recognise",
    "write_csv", "write_faults", "write_xlsx",
]  # fmt: skip
