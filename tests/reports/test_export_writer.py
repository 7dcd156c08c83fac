"""What a report's file holds, whatever its rows are: no formula, numbers as numbers, student numbers as text; and charts."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest
import python_calamine
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from pairing_portal.common.spreadsheets import Chart, Column, SheetSpec, write_csv, write_xlsx
from pairing_portal.common.spreadsheets import writer as module

NASTY = (
    "=cmd|'/C calc'!A0", "@SUM(1)", "+1", "-1", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠SUM(1)", "\u200b=1", " =1+1",
    "=HYPERLINK(\"http://example.invalid\")", "00123", "20230310001", "1e5", "2026-10-12", "TRUE", "#REF!", "<b>&amp;", "多\n行",
)  # fmt: skip


def book_of(*specs: SheetSpec) -> bytes:
    target = io.BytesIO()
    write_xlsx(target, list(specs))
    return target.getvalue()


def test_nasty_texts_stay_texts_for_every_reader():
    data = book_of(
        SheetSpec("台账", [Column("学号"), Column("次数", kind="integer")], [(text, 1) for text in NASTY], title="题")
    )
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    cells = [row[0] for row in sheet.iter_rows(min_row=3)]
    expected = [text.replace("\r", "\n") for text in NASTY]
    assert [(cell.value, cell.data_type, cell.quotePrefix) for cell in cells] == [
        (text, "s", True) for text in expected
    ]
    found = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in found[2:]] == expected
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        assert [name for name in sheets if b"<f" in archive.read(name)] == []


def test_the_same_in_csv_begins_with_nothing_a_program_would_reckon():
    target = io.BytesIO()
    write_csv(target, SheetSpec("台账", [Column("学号"), Column("备注")], [(text, text) for text in NASTY]))
    cells = [line.split(",")[0].strip('"') for line in target.getvalue().decode("utf-8-sig").split("\r\n")[1:] if line]
    assert [cell for cell in cells if cell[:1] in "=+-@＝＋－＠\t" and cell] == []


def test_layout_is_that_of_an_office():
    columns = [Column("学号"), Column("日期", kind="date"), Column("次数", kind="integer", total=True)]
    data = book_of(
        SheetSpec(
            "台账", columns, [("001", dt.date(2026, 10, 12), 3), ("002", None, 4)], title="题", notes=[("用途", "月报")]
        )
    )
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    setup = sheet.page_setup
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("A3", "A2:C4", "$1:$2")
    assert (setup.orientation, int(setup.paperSize), int(setup.fitToWidth or 1), int(setup.fitToHeight)) == (
        "landscape",
        9,
        1,
        0,
    )
    assert sheet.sheet_properties.pageSetUpPr.fitToPage is True
    assert [cell.value for cell in sheet[5]] == ["合计", None, 7]
    assert [cell.number_format for cell in sheet[3]] == ["@", "yyyy-mm-dd", "0"]
    assert list(book.worksheets[1].iter_rows(min_row=2, values_only=True)) == [("用途", "月报")]


# --- Many rows at once ---------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.floats(), st.text(max_size=8), st.sampled_from(NASTY),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**6), max_value=10**6), st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)),
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1)),  # without a zone on purpose
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1), timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=-7))])),  # the zones come with them
)  # fmt: skip
KINDS = ("text", "integer", "number", "percent", "date", "datetime")


def as_seen(value: object) -> object:
    """What a reader of the file can tell apart: the wall clock, not the zone."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    return (type(value).__name__, value)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(*[VALUES] * len(KINDS)), max_size=20))
def test_many_at_once_are_what_each_would_be_alone(rows):
    columns = [Column(kind, kind=kind, total=kind in ("integer", "number")) for kind in KINDS]
    found = [list(map(as_seen, row)) for row in module._all_rows(SheetSpec("x", columns, rows))][:-1]
    alone = [[as_seen(module._CONVERTERS[kind](value)) for kind, value in zip(KINDS, row, strict=True)] for row in rows]
    assert found == alone


def test_a_long_text_is_cut_wherever_it_stands():
    rows = [("a" * 40_000,), ("b",), ("c" * 32_767,)]
    found = [len(row[0]) for row in module._all_rows(SheetSpec("x", [Column("x")], rows))]
    assert found == [32_767, 1, 32_767]


def test_a_row_of_the_wrong_length_is_a_mistake():
    for rows in ([("a",)], [("a", "b"), ("a",)], [("a", "b", "c")]):
        with pytest.raises(ValueError):
            book_of(SheetSpec("x", [Column("a"), Column("b")], rows))


def test_totals_are_sums_of_what_is_written():
    columns = [Column("x"), Column("n", kind="number", total=True)]
    rows = [("a", Decimal("1.5")), ("b", None), ("c", float("inf")), ("d", 2)] * 300
    assert list(module._all_rows(SheetSpec("x", columns, rows)))[-1] == ["合计", 1050.0]


def test_moments_are_those_of_the_wall_clock_summer_time_or_not():
    moments = [dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC), dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC), None]
    columns = [Column("x", kind="datetime")]
    for zone, hours in (("Asia/Shanghai", [20, 20]), ("Europe/Berlin", [13, 14])):
        with timezone.override(zone):
            found = [row[0] for row in module._all_rows(SheetSpec("x", columns, [(one,) for one in moments]))]
            data = book_of(SheetSpec("x", columns, [(one,) for one in moments]))
        assert [value and value.hour for value in found] == [*hours, None]
        sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
        assert [row[0].value.hour for row in sheet.iter_rows(min_row=2, max_row=3)] == hours


# --- Charts --------------------------------------------------------------------------------------


def test_a_chart_draws_the_columns_it_names():
    columns = [Column("支部"), Column("次数", kind="integer"), Column("人数", kind="integer")]
    chart = Chart("各支部", "支部", ["次数", "人数"], y_title="次")
    data = book_of(SheetSpec("图", columns, [("一支部", 3, 2), ("二支部", 5, 4)], title="题", charts=[chart, chart]))
    drawn = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]._charts
    assert [[series.val.numRef.f for series in one.series] for one in drawn] == [["图!$B$3:$B$4", "图!$C$3:$C$4"]] * 2
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read("xl/charts/chart1.xml").decode()
    # The values stand in the chart too, for programs that do not look them up.
    assert [part in text for part in ("<c:v>一支部</c:v>", "<c:v>5</c:v>", "各支部")] == [True] * 3


def test_a_chart_of_nothing_or_with_totals_is_a_mistake():
    columns = [Column("支部"), Column("次数", kind="integer", total=True)]
    with pytest.raises(ValueError):
        book_of(SheetSpec("图", columns, [], charts=[Chart("x", "支部", ["次数"])]))
    with pytest.raises(ValueError):
        book_of(SheetSpec("图", [Column("支部")], [], charts=[Chart("x", "支部", ["没有"])]))
