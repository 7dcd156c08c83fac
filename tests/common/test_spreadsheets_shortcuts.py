"""Quick ways through cells and rows give what the thorough ways give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairing_portal.common.spreadsheets import CellProblem, Field, Row, Sheet, Vocabulary, recognise
from pairing_portal.common.spreadsheets import headings as module
from pairing_portal.common.spreadsheets import values as parse

WORDS = (
    None, "", " ", "\u200b", "20230310001", 20230310001.0, "合计", "合 计:3", "共22人", "共同", "小计", "Total", "单雄信",
    "填表人:张三", "注:无", "（盖章）", "备注", "⼩计", "Ｔotal", "total 3", "审核人", "说明1、", "*合计", "書記", "note: x", 5.0,
)  # fmt: skip
PEOPLE = Vocabulary("people", [Field("number", "学号", required=True), Field("name", "姓名", required=True)])


@given(
    st.permutations(["学号", "姓名", "备注", "职务"]),
    st.lists(st.lists(st.sampled_from(WORDS), max_size=5) | st.none(), max_size=12),
)
def test_totals_footers_and_blank_rows_are_found_as_if_each_row_were_looked_at(heading, rows) -> None:
    header = Row(1, tuple(heading))
    below = [Row(number, tuple(heading if cells is None else cells)) for number, cells in enumerate(rows, 2)]
    table = recognise(Sheet("名册", rows=[header, *below]), [PEOPLE])
    assert table is not None
    expected = [row for row in below if module._is_data(row, table, header)]
    assert table.rows == expected
    assert table.skipped == [row.number for row in below if row not in expected and any(map(module._filled, row.cells))]
    for key in ("number", "name"):
        assert list(table.column(key)) == [table.cell(row, key) for row in expected]


def outcome(parser, cell):
    try:
        return parser(cell)
    except CellProblem as problem:
        return problem.code


@pytest.mark.parametrize("parser", [parse.to_number_text, parse.to_phone, parse.to_name])
@given(text=st.text(alphabet="0123458679ABENULno潘桂.+-−１\u200d \u0301", max_size=14))
def test_a_clean_cell_means_the_same_as_one_that_has_to_be_cleaned(parser, text) -> None:
    assert outcome(parser, text) == outcome(parser, f" {text}")
