"""What the small XML parts of an .xlsx file say: its sheets, its links, its date system."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from .refusal import FileRefused
from .zip_parts import ZipParts

WORKBOOK = "xl/workbook.xml"
WORKBOOK_LINKS = "xl/_rels/workbook.xml.rels"
PACKAGE_LINKS = "_rels/.rels"
CONTENT_TYPES = "[content_types].xml"
# The parts read here are a few kilobytes in every honest file.
_SMALL_PART = 4 * 1024 * 1024

OnElement = Callable[[str, dict[str, str]], None]


@dataclass
class WorkbookParts:
    """`sheets` maps each sheet's part (lower-case path) to the sheet's name, in the order of the workbook."""

    sheets: dict[str, str] = field(default_factory=dict)
    date1904: bool = False


def local(name: str) -> str:
    """The name of an element or attribute without its prefix."""
    return name.rpartition(":")[2]


def refusing_parser() -> expat.XMLParserType:
    """An expat parser that refuses document types and entities instead of expanding or fetching them."""
    parser = expat.ParserCreate()

    def refuse(*_: object) -> int:
        raise FileRefused("doctype")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    return parser


def each_element(parts: ZipParts, path: str, on_element: OnElement) -> None:
    """Call `on_element(local name, attributes by local name)` for every start tag of a small part."""
    parser = refusing_parser()

    def start(name: str, attributes: dict[str, str]) -> None:
        on_element(local(name), {local(key): value for key, value in attributes.items()})

    parser.StartElementHandler = start
    size = 0
    try:
        for piece in parts.pieces(path):
            size += len(piece)
            if size > _SMALL_PART:
                raise FileRefused("expands")
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise FileRefused("damaged") from error


def read_workbook_parts(parts: ZipParts) -> WorkbookParts:
    """Find the worksheets; refuses macros, links to other files and workbooks without a worksheet."""
    if WORKBOOK not in parts.members or WORKBOOK_LINKS not in parts.members or CONTENT_TYPES not in parts.members:
        raise FileRefused("no-workbook")
    _refuse_macro_types(parts)
    targets = _sheet_targets(parts)
    found = WorkbookParts()
    kinds = set()

    def on_element(name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            found.date1904 = attributes.get("date1904", "0").lower() in {"1", "true", "on"}
        elif name == "sheet" and attributes.get("id") in targets:
            path, kind = targets[attributes["id"]]
            found.sheets[path] = attributes.get("name", "")
            kinds.add(kind)

    each_element(parts, WORKBOOK, on_element)
    if "worksheet" not in kinds:
        raise FileRefused("no-sheet")
    if any(path not in parts.members for path in found.sheets):
        raise FileRefused("damaged")
    return found


def _sheet_targets(parts: ZipParts) -> dict[str, tuple[str, str]]:
    """Link id → path and kind of each linked part. Kinds are not trusted: whatever is listed as a sheet is examined."""
    targets: dict[str, tuple[str, str]] = {}

    def on_element(name: str, attributes: dict[str, str]) -> None:
        if name != "Relationship":
            return
        kind = attributes.get("Type", "").rpartition("/")[2].lower()
        if kind in {"externallink", "externallinkpath"}:
            raise FileRefused("external-links")
        if kind in {"vbaproject", "xlmacrosheet", "xlintlmacrosheet"}:
            raise FileRefused("macros")
        target = attributes.get("Target", "").replace("\\", "/")
        path = target if target.startswith("/") else posixpath.join("/xl", target)
        targets[attributes.get("Id", "")] = posixpath.normpath(path).lstrip("/").lower(), kind

    each_element(parts, WORKBOOK_LINKS, on_element)
    return targets


def _refuse_macro_types(parts: ZipParts) -> None:
    def on_element(_: str, attributes: dict[str, str]) -> None:
        content_type = attributes.get("ContentType", "").lower()
        if "macroenabled" in content_type or "vbaproject" in content_type:
            raise FileRefused("macros")

    each_element(parts, CONTENT_TYPES, on_element)
