"""Workbooks are opened by a program people use: LibreOffice reads back what we wrote, text as text, nothing as a formula."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import subprocess
from pathlib import Path

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from pairing_portal.common.spreadsheets import Chart, Column, SheetSpec, write_xlsx
from reports.demo.load import load_demo
from reports.exporter import ReportRequest, reports
from reports.management.commands.export_report import OPERATOR
from tests.conftest import NOW, TODAY

# The mark makes pytest-django set the database up for the fixture of the module.
pytestmark = [pytest.mark.django_db, pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")]

NAMES = sorted(report.name for report in reports)


def convert(folder: Path, to: str, paths: list[Path]) -> None:
    """One run for all of them: starting the program takes longer than a workbook."""
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", to, "--outdir", str(folder), *map(str, paths)],
        check=True, timeout=600, capture_output=True,
    )  # fmt: skip


def test_libreoffice_reads_what_we_write(tmp_path):
    path = tmp_path / "台账.xlsx"
    rows = [("00123", "=1+1", dt.date(2026, 10, 12), 3), ("20240310001", "@SUM(1)", None, 4)]
    columns = [Column("学号"), Column("备注"), Column("日期", kind="date"), Column("次数", kind="integer", total=True)]
    with path.open("wb") as stream:
        write_xlsx(stream, [SheetSpec("台账", columns, rows, title="结对共建台账", notes=[("用途", "测试")])])
    convert(tmp_path, "csv:Text - txt - csv (StarCalc):44,34,76", [path])
    found = list(csv.reader((tmp_path / "台账.csv").open(encoding="utf-8")))
    assert found[0][0] == "结对共建台账"
    assert found[1] == ["学号", "备注", "日期", "次数"]
    assert found[2] == ["00123", "=1+1", "2026-10-12", "3"]
    assert found[3][:2] == ["20240310001", "@SUM(1)"]
    assert found[-1][-1] == "7"


@pytest.fixture(scope="module")
def printed(django_db_setup, django_db_blocker, tmp_path_factory) -> Path:
    """Every report of the demonstration as a workbook, and what LibreOffice made of it: text and paper."""
    folder = tmp_path_factory.mktemp("office")
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False):
        outer = transaction.atomic()
        # As the transactions of single tests are: code that insists on its own outermost one must run inside.
        outer._from_testcase = True
        with outer:
            load_demo(stage="evaluating", today=TODAY)
            asked = ReportRequest(scope=OPERATOR, today=TODAY, made_at=timezone.now(), made_by="测试", purpose="=打印")
            for report in reports:
                report.write_xlsx(folder / f"{report.name}.xlsx", asked)
            transaction.set_rollback(True)
    books = [folder / f"{name}.xlsx" for name in NAMES]
    books.append(folder / "chart.xlsx")
    columns = [Column("支部"), Column("次数", kind="integer")]
    spec = SheetSpec(
        "图", columns, [("一支部", 3), ("二支部", 5)], title="图", charts=[Chart("次数", "支部", ["次数"])]
    )
    write_xlsx(books[-1], [spec])
    convert(folder, "pdf", books)
    # -1: every sheet into a file of its own.
    convert(folder, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", books)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_libreoffice_opens_every_report_and_prints_it(printed, name):
    paper = (printed / f"{name}.pdf").read_bytes()
    assert paper.startswith(b"%PDF")
    assert paper.rstrip().endswith(b"%%EOF")
    sheets = sorted(printed.glob(f"{name}-*.csv"))
    # The sheets of the report, and that of the notes.
    assert len(sheets) >= 2
    cells = [cell for sheet in sheets for row in csv.reader(sheet.open(encoding="utf-8")) for cell in row]
    assert str(reports.get(name).title) in cells
    assert "=打印" in cells
    assert [cell for cell in cells if cell.startswith(("#", "Err:"))] == []
    first = next(sheet for sheet in sheets if str(reports.get(name).title) in sheet.read_text(encoding="utf-8"))
    assert first.exists()


def test_a_chart_is_drawn(printed):
    # Paper with a drawing is larger than that of the same two rows.
    assert (printed / "chart.pdf").stat().st_size > 5000
