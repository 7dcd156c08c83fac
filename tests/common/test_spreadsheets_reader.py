"""What comes out of files: rows with their own numbers, cells with their types, the samples as they are."""

from __future__ import annotations

import resource
from datetime import date, datetime
from pathlib import Path

import pytest

from pairing_portal.common.spreadsheets import (
    UNCALCULATED,
    Book,
    Cell,
    FileRefused,
    Limits,
    Row,
    Sheet,
    read_workbook,
    reader,
)
from pairing_portal.common.spreadsheets.gate import Inspection
from tests.common import workbooks as build

SAMPLES = Path(__file__).parent.parent / "samples"


def sample(name: str) -> Book:
    return read_workbook((SAMPLES / name).read_bytes(), name)


def rows_of(data: bytes, name: str = "名册.xlsx", limits: Limits | None = None) -> list[tuple[int, tuple[Cell, ...]]]:
    return [tuple(row) for row in read_workbook(data, name, limits).sheets[0].rows]


def refusal(data: bytes, name: str = "名册.xlsx", limits: Limits | None = None) -> str:
    with pytest.raises(FileRefused) as caught:
        read_workbook(data, name, limits)
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "sheets"),
    [
        ("机械系第二党支部党员花名册.xlsx", [("党员花名册", True, 1, 27, 26), ("说明", False, 1, 1, 1)]),
        ("机械系第三党支部发展党员信息表.xlsx", [("成员信息", True, 1, 32, 32), ("说明", False, 1, 1, 1)]),
        ("机械系第四党支部名册.xls", [("名册", True, 1, 24, 24)]),
        (
            "土木系第六党支部.xlsx",
            [("党员", True, 1, 23, 23), ("入党积极分子", True, 1, 11, 11), ("团支部", True, 1, 6, 6)],
        ),
        (
            "土木系2026级班级名单.xlsx",
            [("26土木本科1班", True, 1, 32, 32), ("26工程专科1班", True, 1, 44, 44)],
        ),
        ("土木系帮扶结对表.xlsx", [("结对", True, 1, 20, 20), ("说明", False, 1, 1, 1)]),
    ],
)
def test_each_sample_has_its_sheets_and_row_numbers(name: str, sheets: list[tuple[str, bool, int, int, int]]) -> None:
    found = [(s.name, s.visible, s.rows[0].number, s.rows[-1].number, len(s.rows)) for s in sample(name).sheets]
    assert found == sheets


def test_the_blank_row_before_the_totals_is_dropped_and_the_numbers_stay() -> None:
    rows = sample("机械系第二党支部党员花名册.xlsx").sheets[0].rows
    assert [row.number for row in rows[-3:]] == [24, 25, 27]
    assert rows[-1].cells[:3] == ("合计", "22人", None)


def test_dates_numbers_and_texts_of_a_sample_row_keep_their_types() -> None:
    row = sample("机械系第二党支部党员花名册.xlsx").sheets[0].rows[4]
    assert row == Row(
        5,
        (
            2.0, "甘杰怡", "女", "仫佬族", "2005年5月28日", 20230310001.0, "45010320050528424X", "模具设计与制造",
            "23模具本科2班", "本科", "20230923", "2024-03-29", "2025/4/27", date(2025, 7, 16), "2026.07.16",
            "书记", 13553761378.0, None,
        ),
    )  # fmt: skip


def test_dates_of_an_old_workbook_are_dates() -> None:
    row = sample("机械系第四党支部名册.xls").sheets[0].rows[4]
    assert row.number == 5
    assert row.cells[4:8] == (date(2006, 3, 12), "中共预备党员", "专科", 2024)
    assert row.cells[10:] == (
        date(2024, 9, 25),
        date(2025, 1, 23),
        date(2026, 2, 17),
        date(2026, 3, 31),
        None,
        13694262765.0,
    )


def test_a_text_that_looks_like_a_formula_is_text() -> None:
    assert sample("机械系第二党支部党员花名册.xlsx").sheets[0].rows[6].cells[-1] == (
        '=HYPERLINK("http://example.invalid","点击")'
    )


def test_visible_sheets_leave_hidden_ones_out() -> None:
    data = build.pack(
        build.parts({"甲": build.sheet_xml(build.ONE_CELL), "乙": build.sheet_xml(build.ONE_CELL)}, hidden=["甲"])
    )
    book = read_workbook(data, "a.xlsx")
    assert [sheet.name for sheet in book.visible_sheets] == ["乙"]
    assert [(sheet.name, sheet.visible) for sheet in book.sheets] == [("甲", False), ("乙", True)]


def test_rows_and_columns_count_from_the_first_of_the_sheet() -> None:
    rows = f'<row r="3">{build.text_cell("C3", "x")}</row><row r="7">{build.text_cell("D7", "y")}</row>'
    assert rows_of(build.workbook(rows)) == [(3, (None, None, "x", None)), (7, (None, None, None, "y"))]


def test_every_kind_of_cell_comes_out_as_its_type() -> None:
    cells = (
        '<c r="A1"><v>1.5</v></c><c r="B1" t="b"><v>1</v></c><c r="C1" s="1"><v>45536</v></c>'
        '<c r="D1" s="1"><v>45536.5</v></c><c r="E1" s="2"><v>0.5</v></c>'
        '<c r="F1" t="str"><v>abc</v></c><c r="G1"><v>20240012345</v></c>'
        f"{build.text_cell('H1', '  ')}{build.text_cell('I1', '=1+1')}"
    )
    assert rows_of(build.workbook(f'<row r="1">{cells}</row>')) == [
        (
            1,
            (
                1.5,
                True,
                date(2024, 9, 1),
                datetime(2024, 9, 1, 12),
                "12:00:00",
                "abc",
                20240012345.0,
                None,
                "=1+1",
            ),
        )
    ]


def test_the_types_of_an_old_workbook_come_out_too() -> None:
    data = build.old_workbook([["a", 5, 1.25, True, date(2024, 9, 1), datetime(2024, 9, 1, 12)]])
    assert rows_of(data, "a.xls") == [(1, ("a", 5, 1.25, True, date(2024, 9, 1), datetime(2024, 9, 1, 12)))]


@pytest.mark.parametrize("flag", ['date1904="1"', 'date1904="true"'])
def test_a_workbook_that_counts_from_1904_gives_the_right_day(flag: str) -> None:
    cell = '<row r="1"><c r="A1" s="1"><v>44074</v></c><c r="B1"><v>44074</v></c></row>'
    data = build.pack(build.parts({"名册": build.sheet_xml(cell)}, properties=f"<workbookPr {flag}/>"))
    book = read_workbook(data, "a.xlsx")
    assert (book.date1904, book.sheets[0].date1904) == (True, True)
    assert book.sheets[0].rows == [Row(1, (date(2024, 9, 1), 44074.0))]


def test_an_old_workbook_that_counts_from_1904_says_so() -> None:
    book = read_workbook(build.old_workbook([["学号"]], date1904=True), "a.xls")
    assert (book.date1904, book.sheets[0].date1904) == (True, True)
    assert read_workbook(build.old_workbook(), "a.xls").date1904 is False


FORMULAS = {
    "no value": ("<f>1+1</f>", "", UNCALCULATED),
    "blank value": ("<f>1+1</f><v></v>", "", UNCALCULATED),
    "blank value, closed": ("<f>1+1</f><v/>", "", UNCALCULATED),
    "shared, no value": ('<f t="shared" si="0"/>', "", UNCALCULATED),
    "text type, no value": ("<f>A2</f>", ' t="str"', UNCALCULATED),
    "error": ("<f>1/0</f><v>#DIV/0!</v>", ' t="e"', UNCALCULATED),
    "error typed": ("<v>#N/A</v>", ' t="e"', UNCALCULATED),
    "number": ("<f>1+1</f><v>2</v>", "", 2.0),
    "text": ("<f>A2</f><v>x</v>", ' t="str"', "x"),
    "empty text": ("<f>A2</f><v></v>", ' t="str"', None),
}


@pytest.mark.parametrize("case", FORMULAS)
@pytest.mark.parametrize("oddity", ["", "<!-- read tag by tag -->"], ids=["quick", "exact"])
def test_a_formula_without_a_result_is_recognisable(case: str, oddity: str) -> None:
    content, kind, expected = FORMULAS[case]
    rows = f'<row r="1">{build.text_cell("A1", "x")}<c r="B1"{kind}>{content}</c></row>'
    cells = rows_of(build.workbook(oddity + rows))[0][1]
    assert (*cells, None)[:2] == ("x", expected)


def test_a_row_of_nothing_but_formulas_without_results_is_kept() -> None:
    rows = f'{build.ONE_CELL}<row r="4"><c r="C4"><f>A1</f></c></row><row r="6">{build.text_cell("A6", "z")}</row>'
    assert rows_of(build.workbook(rows)) == [(1, ("学号",)), (4, (None, None, UNCALCULATED)), (6, ("z",))]


def test_a_sheet_of_formulas_without_results_is_refused() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><f>1</f></c></row>' for n in range(1, 5))
    assert refusal(build.workbook(rows), limits=Limits(formulas_without_result=3)) == "formulas"


def test_control_characters_of_the_channel_do_not_survive_in_cells() -> None:
    text = build.text_cell("A1", "a&#127;b&#128;c&#129;d&#130;e&#131;f")
    rows = f'<row r="1">{text}<c r="B1" s="1"><v>45536</v></c></row>'
    rows += f'<row r="2">{build.text_cell("A2", "&#129;2024")}{build.text_cell("B2", "&#129;x")}</row>'
    assert rows_of(build.workbook(rows)) == [(1, ("abcdef", date(2024, 9, 1))), (2, ("2024", "x"))]


def test_rare_characters_and_emoji_survive() -> None:
    assert rows_of(build.workbook(f'<row r="1">{build.text_cell("A1", "𠮷田·买买提 👨‍👩‍👧")}</row>')) == [
        (1, ("𠮷田·买买提 👨‍👩‍👧",))
    ]


def test_more_rows_than_one_message_arrive_in_order() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 9_001) if n % 7)
    found = rows_of(build.workbook(rows))
    assert found == [(n, (float(n),)) for n in range(1, 9_001) if n % 7]


# What only the child can see.


def test_a_range_that_takes_too_much_memory_ends_in_a_refusal() -> None:
    rows = f'{build.ONE_CELL}<row r="1048576">{build.text_cell("XFD1048576", "x")}</row>'
    with pytest.raises(FileRefused) as caught:
        reader._parse_in_child(build.workbook(rows), Inspection("xlsx"), Limits())
    assert caught.value.code == "too-heavy"


def test_time_that_runs_out_ends_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_WALL_SECONDS", 0.0)
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 30_000))
    assert refusal(build.workbook(rows)) == "too-heavy"


def test_more_text_than_may_come_ends_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_OUTPUT_BYTES", 1_000)
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 1_000))
    assert refusal(build.workbook(rows)) == "too-heavy"


def test_a_text_that_is_missing_from_the_table_is_damage() -> None:
    assert refusal(build.workbook('<row r="1"><c r="A1" t="s"><v>7</v></c></row>')) == "damaged"


def test_the_limits_of_an_old_workbook_are_kept() -> None:
    data = build.old_workbook([["a", "b"], ["c", "d" * 40]])
    assert refusal(data, "a.xls", Limits(rows=1)) == "too-many-rows"
    assert refusal(data, "a.xls", Limits(columns=1)) == "too-many-columns"
    assert refusal(data, "a.xls", Limits(cell_characters=39)) == "text-too-long"
    assert refusal(build.old_workbook([[""]]), "a.xls") == "empty-workbook"


def test_a_text_in_several_pieces_counts_as_one() -> None:
    runs = "".join(f"<r><t>{'长' * 30}</t></r>" for _ in range(3))
    data = build.workbook(f'<row r="1"><c r="A1" t="inlineStr"><is>{runs}</is></c></row>')
    assert refusal(data, limits=Limits(cell_characters=80)) == "text-too-long"


def test_the_child_inherits_no_environment_and_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nonexistent")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert rows_of(build.workbook()) == [(1, ("学号",))]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime > before.ru_utime + before.ru_stime


# Comma-separated text.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_in_each_encoding_with_each_delimiter(encoding: str, delimiter: str) -> None:
    text = delimiter.join(["学号", "姓 名", "备注"]) + "\r\n\r\n" + delimiter.join(["001", '"李,;\t梅"', ""]) + "\r\n"
    book = read_workbook(text.encode(encoding), "第二党支部.csv")
    assert book.sheets == [Sheet("第二党支部", rows=[Row(1, ("学号", "姓 名", "备注")), Row(3, ("001", "李,;\t梅"))])]


def test_a_line_break_within_a_csv_cell_does_not_count_as_a_row() -> None:
    assert rows_of(b'a,"1\r\n2"\nb,3\n', "a.csv") == [(1, ("a", "1\r\n2")), (2, ("b", "3"))]


def test_our_own_sign_against_formulas_is_taken_off_again() -> None:
    assert rows_of(b"a,'=1+1\nb,'\t-2\nc,'abc\n", "a.csv") == [
        (1, ("a", "=1+1")),
        (2, ("b", "\t-2")),
        (3, ("c", "'abc")),
    ]


def test_the_limits_of_a_csv_are_kept() -> None:
    data = "a,b\nc,长长长\n".encode()
    assert refusal(data, "a.csv", Limits(rows=1)) == "too-many-rows"
    assert refusal(data, "a.csv", Limits(columns=1)) == "too-many-columns"
    assert refusal(data, "a.csv", Limits(cell_characters=2)) == "text-too-long"
    assert refusal(b'"' + b"x" * 200_000 + b'"', "a.csv") == "text-too-long"
