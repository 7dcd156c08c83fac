"""What is rewritten in a written workbook: heights of wrapped rows, the look of sums, the reach of the filter."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
import python_calamine

from pairing_portal.common.spreadsheets import Chart, Column, SheetSpec, finishing, write_xlsx

LONG = "与同学相处融洽，愿意听取意见，" * 8
COLUMNS = [
    Column("姓名", 12), Column("考察", 20, wrap=True), Column("日期", 12, "date"), Column("次数", 9, "integer", total=True),
]  # fmt: skip
ROWS = [("甘", LONG, dt.date(2026, 10, 12), 3), ("罗", "好", None, 4), ("潘" * 30, "好", None, None)]


def spec(**changes) -> SheetSpec:
    return SheetSpec(**{"name": "表", "columns": COLUMNS, "rows": ROWS, "title": "考察记录"} | changes)


def written(*sheets: SheetSpec) -> bytes:
    target = io.BytesIO()
    write_xlsx(target, list(sheets))
    return target.getvalue()


def sheet(data: bytes, at: int = 0):
    return openpyxl.load_workbook(io.BytesIO(data)).worksheets[at]


def test_sums_are_bold_under_a_line_and_out_of_the_filter():
    found = sheet(written(spec()))
    assert [cell.value for cell in found[6]] == ["合计", None, None, 7]
    assert [cell.font.bold for cell in found[6]] == [True] * 4
    assert [cell.border.top.style for cell in found[6]] == ["thin"] * 4
    assert [cell.font.bold for cell in found[5]] == [False] * 4
    # The look of the column besides.
    assert [cell.number_format for cell in found[6]] == [cell.number_format for cell in found[3]]
    assert found.auto_filter.ref == "A2:D5"
    with zipfile.ZipFile(io.BytesIO(written(spec()))) as archive:
        assert "!$A$2:$D$5</definedName>" in archive.read("xl/workbook.xml").decode()


def test_each_sheet_has_its_own_filter():
    plain = spec(
        name="名单", columns=[Column("姓名"), Column("次数", kind="integer")], rows=[("甘", 1), ("罗", 2)], title=None
    )
    data = written(plain, spec(), spec(name="另"))
    assert [sheet(data, at).auto_filter.ref for at in range(3)] == ["A1:B3", "A2:D5", "A2:D5"]


def test_a_row_is_as_high_as_its_longest_wrapped_text():
    found = sheet(written(spec()))
    heights = {row: found.row_dimensions[row].height for row in range(2, 7)}
    lines = finishing.lines_of(LONG, 20)
    assert lines > 8
    # Below the headings a column that does not wrap makes no row higher.
    assert heights == {2: None, 3: lines * 17, 4: None, 5: None, 6: None}
    # Whoever writes more into the row finds it growing.
    with zipfile.ZipFile(io.BytesIO(written(spec()))) as archive:
        assert f'<row r="3" ht="{lines * 17}">' in archive.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, 1),
        ("甘" * 5, 10.5, 1),
        ("甘" * 6, 10.5, 2),
        ("1" * 9, 10, 1),
        ("一\n二\n", 10, 3),
        ("甘" * 100, 21, 10),
    ],
)
def test_lines_of_a_text(text, width, lines):
    assert finishing.lines_of(text, width) == lines


def test_headings_wrap_in_every_column():
    columns = [Column("很长很长很长的标题", 9, "integer"), Column("次数", 9, "integer", total=True)]
    assert sheet(written(spec(columns=columns, rows=[(1, 2)]))).row_dimensions[2].height == 3 * 17


def test_shared_texts_are_measured_too():
    columns = [Column("姓名", 20, wrap=True), Column("次数", kind="integer")]
    data = written(spec(columns=columns, rows=[(LONG, 3), ("好", 1)], charts=[Chart("图", "姓名", ["次数"])]))
    found = sheet(data)
    assert [found.row_dimensions[row].height for row in (3, 4)] == [finishing.lines_of(LONG, 20) * 17, None]
    assert len(found._charts) == 1


def test_a_large_workbook_stays_as_it_was_written(monkeypatch, tmp_path):
    small = written(spec())
    monkeypatch.setattr(finishing, "LARGEST", 100)
    target = tmp_path / "表.xlsx"
    write_xlsx(target, [spec()])
    for data in (written(spec()), target.read_bytes()):
        found = sheet(data)
        assert found.auto_filter.ref == "A2:D6"
        assert [[cell.value for cell in row] for row in found] == [[cell.value for cell in row] for row in sheet(small)]


def test_a_file_and_a_stream_hold_the_same(tmp_path):
    target = tmp_path / "表.xlsx"
    write_xlsx(target, [spec(notes=[("说明" * 20, "一")])])
    data = written(spec(notes=[("说明" * 20, "一")]))
    for at in range(2):
        assert [[cell.value for cell in row] for row in sheet(target.read_bytes(), at)] == [
            [cell.value for cell in row] for row in sheet(data, at)
        ]
    assert [path.name for path in tmp_path.iterdir()] == ["表.xlsx"]
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert book.get_sheet_by_index(0).to_python()[5] == ["合计", "", "", 7.0]


@pytest.mark.parametrize("text", ['<a> & "b"', '</row><row r="9">', "=1+1", '<c r="A1" s="2"/>', "&#10;"])
def test_texts_that_look_like_parts_of_a_sheet_stay_texts(text):
    found = sheet(written(spec(rows=[(text, text, None, 3)])))
    assert [cell.value for cell in found[3]] == [text, text, None, 3]
    assert [cell.value for cell in found[4]] == ["合计", None, None, 3]


def test_a_table_without_rows_has_its_sums():
    found = sheet(written(spec(rows=[])))
    assert [cell.value for cell in found[3]] == ["合计", None, None, 0]
    assert found.auto_filter.ref == "A2:D2"
