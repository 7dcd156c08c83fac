"""Builds workbooks in memory, good and bad ones, without a spreadsheet library."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache

import xlwt

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

CONTENT_TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
)
PACKAGE_LINKS = (
    f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
# Formats 0 plain, 1 a date, 2 a time of day.
FORMATS = '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="20"/>'
STYLES = f'<styleSheet xmlns="{MAIN}"><cellXfs count="3">{FORMATS}</cellXfs></styleSheet>'


def sheet_xml(rows: str, *, before: str = "", after: str = "") -> str:
    """A worksheet around `<row>` elements."""
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def text_cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


ONE_CELL = f'<row r="1">{text_cell("A1", "学号")}</row>'


def parts(
    sheets: Mapping[str, str] | None = None, *, hidden: Sequence[str] = (), properties: str = ""
) -> dict[str, str | bytes]:
    """The parts of a workbook: sheet name → its XML."""
    sheets = {"名册": sheet_xml(ONE_CELL)} if sheets is None else sheets
    listed = "".join(
        f'<sheet name="{name}" sheetId="{at}" r:id="rId{at}" state="{"hidden" if name in hidden else "visible"}"/>'
        for at, name in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    return {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": PACKAGE_LINKS,
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}<sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/sheet{at}.xml": xml for at, xml in enumerate(sheets.values(), 1)},
    }


def pack(members: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(rows: str = ONE_CELL, *, before: str = "", after: str = "", **extra: str | bytes) -> bytes:
    """An .xlsx with one sheet 名册; `extra` are further parts, their slashes written as two underscores."""
    members = parts({"名册": sheet_xml(rows, before=before, after=after)})
    return pack(members | {name.replace("__", "/"): content for name, content in extra.items()})


@cache
def workbook_with_long_cell(mebibytes: int) -> bytes:
    """One cell of so many million letters, packed piece by piece."""
    buffer = io.BytesIO()
    before, after = sheet_xml(f'<row r="1">{text_cell("A1", "|")}</row>').split("|")
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts().items():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            part.write(before.encode())
            for _ in range(mebibytes):
                part.write(b"a" * 1024 * 1024)
            part.write(after.encode())
    return buffer.getvalue()


def understate_size(data: bytes, member: str, size: int) -> bytes:
    """The same packed file, but `member` says that it unpacks to `size` bytes."""
    changed = bytearray(data)
    name = member.encode()
    for header, name_at, size_at in ((b"PK\x01\x02", 46, 24), (b"PK\x03\x04", 30, 22)):
        at = data.find(header)
        while at >= 0 and data[at + name_at : at + name_at + len(name)] != name:
            at = data.find(header, at + 1)
        changed[at + size_at : at + size_at + 4] = size.to_bytes(4, "little")
    return bytes(changed)


def old_workbook(rows: Sequence[Sequence[object]] = (("学号",),), *, date1904: bool = False) -> bytes:
    """An .xls with one sheet 名册."""
    book = xlwt.Workbook()
    book.dates_1904 = date1904
    sheet = book.add_sheet("名册")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if hasattr(value, "year"):
                sheet.write(at, column, value, day)
            else:
                sheet.write(at, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def rename_entry(data: bytes, old: str, new: str, kind: int = 2) -> bytes:
    """The same compound file with another name (and kind) in one line of its directory; "" takes an unused line."""
    wanted = old.encode("utf-16-le")
    directory = 512 * (int.from_bytes(data[48:52], "little") + 1)
    for at in range(directory, directory + 512, 128):
        length = int.from_bytes(data[at + 64 : at + 66], "little")
        if data[at : at + max(length - 2, 0)] == wanted:
            raw = new.encode("utf-16-le")
            entry = raw.ljust(64, b"\0") + (len(raw) + 2).to_bytes(2, "little") + bytes([kind])
            return data[:at] + entry + data[at + 67 :]
    raise AssertionError(f"no entry {old!r}")


def change_record(data: bytes, record: int, new: int, content: bytes | None = None) -> bytes:
    """The same .xls with the first record of one kind turned into another."""
    at = data.find(b"\x09\x08\x10\x00")
    while int.from_bytes(data[at : at + 2], "little") != record:
        at += 4 + int.from_bytes(data[at + 2 : at + 4], "little")
    changed = data[:at] + new.to_bytes(2, "little") + data[at + 2 :]
    if content is not None:
        changed = changed[: at + 4] + content + changed[at + 4 + len(content) :]
    return changed
