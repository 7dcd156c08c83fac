"""Files that are refused before anything parses them, each with its own reason."""

from __future__ import annotations

import io
import pickle
import time
import tracemalloc
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
from django.utils import translation
from openpyxl.chart import BarChart

from pairing_portal.common.spreadsheets import FileRefused, Limits, check_file
from tests.common import workbooks as build

MEBIBYTE = 1024 * 1024


def refusal(data: bytes, name: str = "名册.xlsx", limits: Limits | None = None) -> str:
    """The code of the refusal, which must come quickly."""
    began = time.process_time()
    with pytest.raises(FileRefused) as caught:
        check_file(data, name, limits)
    assert time.process_time() - began < 2
    return caught.value.code


def extra_memory(data: bytes) -> int:
    tracemalloc.start()
    refusal(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_plain_files_of_the_three_kinds_pass() -> None:
    assert check_file(build.workbook(), "a.xlsx") == "xlsx"
    assert check_file(build.old_workbook(), "a.xls") == "xls"
    assert check_file("学号，姓名\r\n1,潘桂\r\n".encode(), "A.CSV") == "csv"


def test_the_content_decides_about_a_wrong_name() -> None:
    assert check_file(build.workbook(), "a.xls") == "xlsx"
    assert check_file(build.old_workbook(), "a.xlsx") == "xls"


def chart_only() -> bytes:
    book = openpyxl.Workbook()
    book.create_chartsheet("图").add_chart(BarChart())
    book.remove(book.worksheets[0])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def packed_with_password() -> bytes:
    data = bytearray(build.workbook())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(header)
        data[at + flags] |= 1
    return bytes(data)


def without(part: str) -> bytes:
    return build.pack({name: content for name, content in build.parts().items() if name != part})


def linked(kind: str) -> bytes:
    members = build.parts()
    link = f'<Relationship Id="rId9" Type="{build.OFFICE}/{kind}" Target="x/y.xml"/></Relationships>'
    path = "xl/_rels/workbook.xml.rels"
    return build.pack(members | {path: str(members[path]).replace("</Relationships>", link)})


def macro_enabled() -> bytes:
    types = build.CONTENT_TYPES.replace("application/xml", "application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    return build.pack(build.parts() | {"[Content_Types].xml": types})


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
FAR_COLUMN = f'<row r="1">{build.text_cell("XFD1", "x")}</row>'
FAR_ROW = f'<row r="1048576">{build.text_cell("A1048576", "x")}</row>'

BAD: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("empty-file", lambda: b""),
    "more than 20 MB": ("too-large", lambda: b"PK\x03\x04" + bytes(20 * MEBIBYTE)),
    "text with another name": ("not-a-spreadsheet", lambda: "学号 姓名".encode()),
    "a picture": ("not-a-spreadsheet", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100)),
    "a web page": ("web-page", lambda: b"\xef\xbb\xbf<HTML><table><tr><td>1</td></tr></table>"),
    "a flat XML workbook": ("web-page", lambda: b'<?xml version="1.0"?><Workbook/>'),
    "password": ("encrypted", lambda: build.rename_entry(build.old_workbook(), "Workbook", "EncryptedPackage")),
    "password on the parts": ("encrypted", packed_with_password),
    "macros": ("macros", lambda: build.workbook(xl__vbaProject__bin=b"x")),
    "macros by content type": ("macros", macro_enabled),
    "macro sheets of old": ("macros", lambda: linked("xlMacrosheet")),
    "macro sheet part": ("macros", lambda: build.pack(build.parts() | {"xl/macrosheets/sheet1.xml": "<a/>"})),
    "OpenDocument": (
        "other-format",
        lambda: build.pack({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}),
    ),
    "binary workbook": ("other-format", lambda: build.pack({"xl/workbook.bin": b"\x83\x01"})),
    "cut by a kilobyte": ("damaged", lambda: build.workbook(extra=bytes(range(256)) * 32)[:-1024]),
    "cut in the middle": ("damaged", lambda: build.workbook()[:700]),
    "only the magic": ("damaged", lambda: b"PK\x03\x04"),
    "a part twice": ("damaged", lambda: doubled("xl/workbook.xml", "XL/Workbook.xml")),
    "no workbook": ("no-workbook", lambda: without("xl/workbook.xml")),
    "a text document": ("no-workbook", lambda: build.pack({"word/document.xml": "<a/>"})),
    "no links": ("no-workbook", lambda: without("xl/_rels/workbook.xml.rels")),
    "sheet part missing": ("damaged", lambda: without("xl/worksheets/sheet1.xml")),
    "path upwards": ("unsafe-path", lambda: also("../../etc/x", b"x")),
    "path upwards with backslashes": ("unsafe-path", lambda: also("..\\x", b"x")),
    "absolute path": ("unsafe-path", lambda: also("/etc/x", b"x")),
    "201 parts": ("too-many-parts", lambda: build.pack(build.parts() | {f"x/{n}.txt": b"" for n in range(201)})),
    "a packed file inside": ("nested-archive", lambda: also("xl/media/a.png", build.workbook())),
    "a packed file by name": ("nested-archive", lambda: also("xl/embeddings/a.docx", b"x")),
    "links to other files": ("external-links", lambda: linked("externalLink")),
    "a part of links": ("external-links", lambda: build.pack(build.parts() | {"xl/externalLinks/a.xml": "<a/>"})),
    "entity bomb": ("doctype", lambda: build.workbook(before=ENTITIES)),
    "external entity": ("doctype", lambda: build.workbook(before=EXTERNAL)),
    "entities in the workbook": ("doctype", lambda: build.pack(build.parts() | {"xl/workbook.xml": ENTITIES + "<a/>"})),
    "entities in the texts": ("doctype", lambda: build.workbook(xl__sharedStrings__xml=ENTITIES + "<sst><si/></sst>")),
    "entities in the styles": ("doctype", lambda: build.pack(build.parts() | {"xl/styles.xml": ENTITIES + "<a/>"})),
    "another encoding": ("damaged", lambda: sheet(build.sheet_xml(build.ONE_CELL).encode("utf-16"))),
    "declared encoding": ("damaged", lambda: build.workbook(before='<?xml version="1.0" encoding="UTF-7"?>')),
    "no XML": ("damaged", lambda: sheet(b"\x00\x01\x02")),
    "broken XML": ("damaged", lambda: build.workbook("<!-- -->" + build.ONE_CELL + "</row>")),
    "column XFD": ("too-many-columns", lambda: build.workbook(FAR_COLUMN)),
    "column XFD, reference second": ("too-many-columns", lambda: build.workbook(swap(FAR_COLUMN))),
    "column DY": ("too-many-columns", lambda: build.workbook(FAR_COLUMN.replace("XFD", "DY"))),
    "column XFD in another namespace": ("too-many-columns", lambda: build.workbook(prefixed(FAR_COLUMN))),
    "129 cells without references": ("too-many-columns", lambda: row("<c><v>1</v></c>" * 129)),
    "row 1048576": ("too-many-rows", lambda: build.workbook(FAR_ROW)),
    "row 50002": ("too-many-rows", lambda: build.workbook(FAR_ROW.replace("1048576", "50002"))),
    "row 1048576 in single quotes": ("too-many-rows", lambda: build.workbook(FAR_ROW.replace('"', "'"))),
    "row 1048576 of the cell only": ("too-many-rows", lambda: build.workbook(f'<row r="1">{FAR_ROW[17:]}')),
    "50002 rows without references": ("too-many-rows", lambda: build.workbook("<row><c><v>1</v></c></row>" * 50_002)),
    "a very long text": ("text-too-long", lambda: row(build.text_cell("A1", "长" * 5_001))),
    "a very long shared text": ("text-too-long", lambda: shared(["长" * 5_001])),
    "no sheet but a chart": ("no-sheet", chart_only),
    "no cells": ("empty-workbook", lambda: build.workbook("")),
    "only formatted cells": ("empty-workbook", lambda: build.workbook('<row r="1"><c r="A1" s="1"/></row>')),
    "an error as reference": ("damaged", lambda: build.workbook('<row r="1"><c r="1A"><v>1</v></c></row>')),
}  # fmt: skip


def also(name: str, content: bytes) -> bytes:
    return build.pack(build.parts() | {name: content})


def row(cells: str) -> bytes:
    return build.workbook(f"<row>{cells}</row>")


def doubled(first: str, second: str) -> bytes:
    members = build.parts()
    return build.pack(members | {second: members[first]})


def sheet(content: bytes) -> bytes:
    return build.pack(build.parts() | {"xl/worksheets/sheet1.xml": content})


def swap(rows: str) -> str:
    return rows.replace('<c r="XFD1" t="inlineStr"', '<c t="inlineStr" r="XFD1"')


def prefixed(rows: str) -> str:
    return rows.replace("<c ", f'<p:c xmlns:p="{build.MAIN}" ').replace("</c>", "</p:c>")


def shared(texts: list[str]) -> bytes:
    table = "".join(f"<si><t>{text}</t></si>" for text in texts)
    return build.workbook('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', xl__sharedStrings__xml=f"<sst>{table}</sst>")


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_its_reason(case: str) -> None:
    code, data = BAD[case]
    assert refusal(data()) == code


def test_a_bomb_is_refused_by_what_it_says_about_its_size() -> None:
    data = build.workbook_with_long_cell(300)
    assert len(data) < MEBIBYTE
    assert refusal(data) == "expands"


def test_a_bomb_below_the_size_limit_is_refused_by_its_ratio() -> None:
    assert refusal(build.workbook_with_long_cell(30)) == "expands"


def test_a_bomb_that_lies_about_its_size_is_found_while_unpacking() -> None:
    data = build.understate_size(build.workbook("<row/>" * MEBIBYTE), "xl/worksheets/sheet1.xml", 90_000)
    assert refusal(data) == "damaged"


@pytest.mark.parametrize("size", [300, 90], ids=["as it says", "lying"])
def test_a_bomb_takes_little_memory(size: int) -> None:
    data = build.workbook_with_long_cell(300)
    data = data if size == 300 else build.understate_size(data, "xl/worksheets/sheet1.xml", size * 1_000)
    assert extra_memory(data) < 20 * MEBIBYTE


def test_a_part_with_another_checksum_is_refused() -> None:
    data = bytearray(build.workbook())
    at = data.find(b"PK\x01\x02")
    data[at + 16] ^= 0xFF
    assert refusal(bytes(data)) == "damaged"


def test_many_rows_are_refused_quickly() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 262_143))
    assert refusal(build.workbook(rows)) == "too-many-rows"


def test_a_hundred_thousand_blank_rows_with_borders_are_accepted_quickly() -> None:
    blank = "".join(f'<row r="{n}"><c r="A{n}" s="1"/><c r="B{n}" s="1"/></row>' for n in range(2, 100_002))
    data = build.workbook(build.ONE_CELL + blank)
    began = time.process_time()
    assert check_file(data, "a.xlsx") == "xlsx"
    assert time.process_time() - began < 2


def test_a_great_many_blank_cells_are_refused() -> None:
    blank = "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(60_000, 61_000))
    assert refusal(build.workbook(build.ONE_CELL + blank), limits=Limits(tags=1_000)) == "too-many-blank-cells"


def test_the_limits_are_parameters() -> None:
    rows = "".join(f'<row r="{n}"><c r="B{n}"><v>1</v></c></row>' for n in range(1, 12))
    data = build.workbook(rows)
    assert check_file(data, "a.xlsx", Limits(rows=11, columns=2)) == "xlsx"
    assert refusal(data, limits=Limits(rows=10)) == "too-many-rows"
    assert refusal(data, limits=Limits(columns=1)) == "too-many-columns"
    assert refusal(shared(["a", "b", "c"]), limits=Limits(shared_strings=2)) == "too-many-texts"
    assert refusal(build.workbook("x" * 2 * MEBIBYTE), limits=Limits(file_bytes=1_000)) == "too-large"


@pytest.mark.parametrize("edge", ["DX50001", "A1", "Z999", "AA1000", "DX1"])
def test_the_last_cell_within_the_limits_passes(edge: str) -> None:
    number = edge.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert check_file(build.workbook(f'<row r="{number}">{build.text_cell(edge, "x")}</row>'), "a.xlsx") == "xlsx"


def test_harmless_oddities_pass() -> None:
    rows = f'<!-- note --><row r="1" spans="1:2">{build.text_cell("A1", "<![CDATA[<!DOCTYPE]]>")}</row>'
    after = '<extLst><ext xmlns:x14="urn:x"><x14:cfRule><xm:f xmlns:xm="urn:y">A1</xm:f></x14:cfRule></ext></extLst>'
    assert check_file(build.workbook(rows, after=after), "a.xlsx") == "xlsx"


def test_a_sheet_is_examined_wherever_its_part_lies() -> None:
    members = build.parts()
    members["xl/other.bin"] = build.sheet_xml(FAR_COLUMN)
    links = "xl/_rels/workbook.xml.rels"
    members[links] = str(members[links]).replace("worksheets/sheet1.xml", "/xl/x/../other.bin")
    assert refusal(build.pack(members)) == "too-many-columns"


OLD = {
    "record of encryption": ("encrypted", lambda: build.change_record(build.old_workbook(), 0x00E1, 0x002F)),
    "macros": ("macros", lambda: build.rename_entry(build.old_workbook(), "", "_VBA_PROJECT_CUR", kind=1)),
    "macro sheet": ("macros", lambda: build.change_record(build.old_workbook(), 0x85, 0x85, bytes(5) + b"\x01")),
    "only a chart": ("no-sheet", lambda: build.change_record(build.old_workbook(), 0x85, 0x85, bytes(5) + b"\x02")),
    "links to other files": (
        "external-links",
        lambda: build.change_record(build.old_workbook(), 0x5C, 0x01AE, b"\x01\x00\x06\x00\x00\x01b.xls"),
    ),
    "no workbook": ("no-workbook", lambda: build.rename_entry(build.old_workbook(), "Workbook", "WordDocument")),
    "cut": ("damaged", lambda: build.old_workbook()[:600]),
    "no directory": ("damaged", lambda: build.old_workbook()[:48] + b"\xff\xff\x00\x00" + build.old_workbook()[52:]),
    "sectors without end": ("damaged", lambda: looping()),
}  # fmt: skip


def looping() -> bytes:
    """A directory whose sectors follow each other in a circle."""
    data = bytearray(build.old_workbook())
    directory = int.from_bytes(data[48:52], "little")
    table = 512 * (int.from_bytes(data[76:80], "little") + 1)
    data[table + 4 * directory : table + 4 * directory + 4] = directory.to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize("case", OLD)
def test_a_bad_old_workbook_is_refused_with_its_reason(case: str) -> None:
    code, data = OLD[case]
    assert refusal(data(), "名册.xls") == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b" \r\n,,\r\n", "empty-workbook"),
        ("学号，姓名".encode("utf-16"), "encoding"),
        (b"a\0b", "not-a-spreadsheet"),
        (b"\xff\xff\xff\x80", "encoding"),
    ],
)
def test_a_bad_csv_is_refused_with_its_reason(data: bytes, code: str) -> None:
    assert refusal(data, "名册.csv") == code


def test_the_message_says_what_why_and_what_to_do() -> None:
    with pytest.raises(FileRefused) as caught:
        check_file(build.workbook(FAR_COLUMN), "a.xlsx")
    with translation.override("en"):
        assert caught.value.message == (
            "Sheet “名册” has content to the right of column DX. Delete what stands there and save it again."
        )
        assert str(caught.value) == caught.value.message


def test_every_message_can_be_shown() -> None:
    details = {"limit": 1, "sheet": "S", "kind": ".ods", "field": "F", "headings": "H", "fields": "F"}
    for code in FileRefused.texts:
        assert "%(" not in FileRefused(code, **details).message


def test_a_refusal_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(FileRefused("too-large", limit=20)))
    assert (copy.code, copy.details) == ("too-large", {"limit": 20})


def test_nothing_is_unpacked_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("unpacked to disk")

    monkeypatch.setattr(zipfile.ZipFile, "extract", fail)
    monkeypatch.setattr("builtins.open", fail)
    assert refusal(build.pack(build.parts() | {"../../etc/x": b"x"})) == "unsafe-path"
