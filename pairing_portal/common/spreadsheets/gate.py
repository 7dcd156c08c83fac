"""Decides, before anything parses a file, whether it is one of the three kinds we read and harmless to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .csv_text import decode_text
from .old_workbook import OLE_MAGIC, check_old_workbook
from .refusal import MEGABYTE, CellProblem, Explained, FileRefused, Limits
from .sheet_scan import Position, first_tag, scan_shared_strings, scan_sheet, scan_xml
from .workbook_xml import read_workbook_parts
from .zip_parts import ZipParts

__all__ = [
    "CellProblem",
    "Explained",
    "FileRefused",
    "Inspection",
    "Kind",
    "Limits",
    "check_file",
    "inspect_file",
]

Kind = Literal["xlsx", "xls", "csv"]

_ZIP_MAGIC = b"PK"
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_WEB_PAGE = (b"<html", b"<!doctype html", b"<table", b"<meta", b"<?xml", b"mime-version")
_MACRO_PARTS = ("vbaproject", "xl/macrosheets/", "xl/vba")


@dataclass(frozen=True)
class Inspection:
    """What the gate saw. `without_result`: sheet name → cells (row, column from 1) whose formula has no result."""

    kind: Kind
    date1904: bool = False
    without_result: Mapping[str, set[Position]] = field(default_factory=dict)


def check_file(data: bytes, name: str, limits: Limits | None = None) -> Kind:
    """The kind of a file that may be read. Raises `FileRefused` for every other file.

    Decides by content; `name` only tells a .csv from any other text. The limits on rows, columns and texts of .xls and
    .csv files are kept while they are read.
    """
    return inspect_file(data, name, limits or Limits()).kind


def inspect_file(data: bytes, name: str, limits: Limits) -> Inspection:
    """`check_file` with what else the gate learned."""
    if not data:
        raise FileRefused("empty-file")
    if len(data) > limits.file_bytes:
        raise FileRefused("too-large", limit=limits.file_bytes // MEGABYTE)
    if data.startswith(_ZIP_MAGIC):
        return _inspect_packed(data, limits)
    if data.startswith(OLE_MAGIC):
        return Inspection("xls", date1904=check_old_workbook(data))
    if data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGE):
        raise FileRefused("web-page")
    if not name.lower().endswith(".csv"):
        raise FileRefused("not-a-spreadsheet")
    if not decode_text(data).strip(" \t\r\n,;\ufeff"):
        raise FileRefused("empty-workbook")
    return Inspection("csv")


def _inspect_packed(data: bytes, limits: Limits) -> Inspection:
    parts = ZipParts(data, limits)
    _refuse_other_kinds(parts)
    workbook = read_workbook_parts(parts)
    has_values = False
    without_result: dict[str, set[Position]] = {}
    for path in parts.members:
        root = first_tag(parts.start_of(path))
        if path in workbook.sheets or root == "worksheet":
            if root is None:
                raise FileRefused("damaged")
            name = workbook.sheets.get(path, path)
            facts = scan_sheet(lambda path=path: parts.pieces(path), name, limits)  # type: ignore[misc]  # the default binds the path
            has_values = has_values or facts.has_values or bool(facts.without_result)
            if facts.without_result:
                without_result[name] = facts.without_result
        elif root == "sst":
            scan_shared_strings(parts.pieces(path), limits)
        elif root is not None:
            scan_xml(parts.pieces(path))
    if not has_values:
        raise FileRefused("empty-workbook")
    return Inspection("xlsx", workbook.date1904, without_result)


def _refuse_other_kinds(parts: ZipParts) -> None:
    if "mimetype" in parts.members and parts.start_of("mimetype").startswith(_OPEN_DOCUMENT):
        raise FileRefused("other-format", kind=".ods")
    if "xl/workbook.bin" in parts.members:
        raise FileRefused("other-format", kind=".xlsb")
    for path in parts.members:
        if any(part in path for part in _MACRO_PARTS):
            raise FileRefused("macros")
        if path.startswith("xl/externallinks/"):
            raise FileRefused("external-links")
