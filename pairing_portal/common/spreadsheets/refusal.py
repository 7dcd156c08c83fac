"""Why a file or a cell is not accepted, in the reader's words. Every reason has a stable code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How much of a file is read at all. Sizes in bytes unless the name says otherwise."""

    file_bytes: int = 20 * MEGABYTE
    members: int = 200
    unpacked_bytes: int = 200 * MEGABYTE
    ratio: int = 100
    rows: int = 50_001
    columns: int = 128
    shared_strings: int = 100_000
    cell_characters: int = 5_000
    # Tags of one worksheet that has to be read tag by tag; more take seconds.
    tags: int = 8_000_000
    formulas_without_result: int = 10_000


class Explained(Exception):
    """An objection with a stable `code` and a `message` that is translated when it is "
    "shown, not when it is raised."""

    texts: ClassVar[Mapping[str, Words]] = {}

    def __init__(self, code: str, **details: Any) -> None:
        self.code = code
        self.details = details
        super().__init__(code)

    @property
    def message(self) -> str:
        text = str(self.texts[self.code])
        return text % self.details if self.details else text

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self.code, self.details)


def _rebuild(kind: type[Explained], code: str, details: dict[str, Any]) -> Explained:
    return kind(code, **details)


class FileRefused(Explained):
    """The whole file is refused: nothing of it was read into the portal."""

    texts = {
        "empty-file": _("The file is empty (0 bytes). Choose the file again; it may not have finished downloading."),
        "too-large": _("The file is larger than %(limit)s MB. Remove pictures from it or split it into several files."),
        "not-a-spreadsheet": _(
            "This is not a spreadsheet, whatever its name says. "
            "Open it in Excel or WPS and save it as .xlsx, .xls or .csv."
        ),
        "web-page": _(
            "This file is a web page with the name of a spreadsheet. Open it in Excel or WPS and save it as .xlsx."
        ),
        "other-format": _("Files of the kind %(kind)s are not read. Open the file and save it as .xlsx."),
        "encrypted": _(
            "The file is encrypted with a password. "
            "Remove the password (File, Info, Protect Workbook) and save it again."
        ),
        "macros": _("The file contains macros. Save it as .xlsx (a workbook without macros) and choose that file."),
        "external-links": _(
            "The file takes values from other files. "
            "Break these links (Data, Edit Links, Break Link) and save it again."
        ),
        "damaged": _(
            "The file is damaged or incomplete. Open it in Excel or WPS, save it again and choose the new file."
        ),
        "no-workbook": _(
            "The file is packed like a workbook but has none inside. Open it in Excel or WPS and save it as .xlsx."
        ),
        "unsafe-path": _(
            "The file contains a part whose name leaves the file. "
            "Copy the cells into a new workbook and choose that one."
        ),
        "too-many-parts": _(
            "The file consists of more than %(limit)s parts. Remove pictures and objects from it and save it again."
        ),
        "expands": _(
            "The file unpacks to far more than its size. "
            "Copy the cells that matter into a new workbook and choose that one."
        ),
        "nested-archive": _(
            "The file contains another packed file. Remove embedded objects from the workbook and save it again."
        ),
        "doctype": _(
            "The file contains document type definitions, which no spreadsheet program writes. "
            "Copy the cells into a new workbook and choose that one."
        ),
        "too-many-rows": _(
            "Sheet “%(sheet)s” has content below row %(limit)s. Delete what stands there, or split the file."
        ),
        "too-many-columns": _(
            "Sheet “%(sheet)s” has content to the right of column %(limit)s. "
            "Delete what stands there and save it again."
        ),
        "too-many-blank-cells": _(
            "Sheet “%(sheet)s” has a very large area of formatted but blank cells. "
            "Delete the blank rows below the table and the blank columns beside it, and save it again."
        ),
        "too-many-texts": _("The file holds more than %(limit)s different texts. Split it into several files."),
        "text-too-long": _(
            "A cell holds more than %(limit)s characters. "
            "Shorten it or move the text elsewhere, and save the file again."
        ),
        "formulas": _(
            "The formulas in sheet “%(sheet)s” have no results. "
            "Open the file in Excel or WPS, let it calculate, and save it."
        ),
        "no-sheet": _(
            "The file has no sheet with cells, for example only a chart. Choose the file that holds the table."
        ),
        "empty-workbook": _("No cell of the file holds anything. Choose the file that holds the table."),
        "too-heavy": _(
            "The file needs too much memory or time to be read. "
            "Copy the cells that matter into a new workbook and choose that one."
        ),
        "encoding": _(
            "The text of this file is neither UTF-8 nor GB18030. Open it in Excel or WPS and save it as .xlsx."
        ),
        "duplicate-heading": _(
            "Sheet “%(sheet)s” has more than one column for “%(field)s”: %(headings)s. Delete or rename all but one."
        ),
        "missing-headings": _(
            "Sheet “%(sheet)s” lacks these columns: %(fields)s. "
            "Add them with exactly these headings and choose the file again."
        ),
    }


class CellProblem(Explained):
    """One cell cannot be used. `message` says what stands there and what to write instead."""

    texts = {
        "uncalculated": _(
            "The formula in this cell has no result. "
            "Open the file in Excel or WPS, let it calculate and save it, "
            "or type the value."
        ),
        "impossible-date": _("“%(text)s” is no date that exists. Correct it, for example 2024-09-01."),
        "date-out-of-range": _("“%(text)s” lies outside the years 1900 to 2100. Correct it, for example 2024-09-01."),
        "unreadable-date": _("“%(text)s” cannot be read as a date. Write it like 2024-09-01."),
        "month-only": _("“%(text)s” lacks the day. Write the whole date, for example 2024-09-01."),
        "ambiguous-month": _(
            "“%(text)s” can be read as two different months. Write it as text like 2024-09, or as 2024-09-01."
        ),
        "precision-lost": _(
            "“%(text)s” is a number whose last digits Excel has lost. "
            "Format the column as text and type the number again."
        ),
        "scientific": _(
            "“%(text)s” is a number shortened by Excel, its last digits are missing. "
            "Format the column as text and type the number again."
        ),
        "not-a-number": _("“%(text)s” is not a student or staff number. Write letters and digits only."),
        "unknown-choice": _("“%(text)s” is not one of: %(allowed)s. Write one of these."),
        "unknown-ethnicity": _(
            "“%(text)s” is not the name of an ethnic group. Check the characters, for example 汉 or 壮."
        ),
        "not-a-phone": _(
            "“%(text)s” is not a telephone number. Write 11 digits for a mobile phone, or area code and number."
        ),
        "not-an-integer": _("“%(text)s” is not a whole number. Write digits only."),
        "too-small": _("%(text)s is less than %(low)s. Write a number from %(low)s."),
        "too-big": _("%(text)s is more than %(high)s. Write a number up to %(high)s."),
    }
