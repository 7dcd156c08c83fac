"""Workbooks are opened by a program people use: LibreOffice reads back what we wrote, text as text, nothing as a formula."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import subprocess

import pytest

from pairing_portal.common.spreadsheets import Column, SheetSpec, write_xlsx

pytestmark = pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")


def test_libreoffice_reads_what_we_write(tmp_path):
    path = tmp_path / "台账.xlsx"
    rows = [("00123", "=1+1", dt.date(2026, 10, 12), 3), ("20240310001", "@SUM(1)", None, 4)]
    columns = [Column("学号"), Column("备注"), Column("日期", kind="date"), Column("次数", kind="integer", total=True)]
    with path.open("wb") as stream:
        write_xlsx(stream, [SheetSpec("台账", columns, rows, title="结对共建台账", notes=[("用途", "测试")])])
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76",
         "--outdir", str(tmp_path), str(path)],
        check=True, timeout=180, capture_output=True,
    )  # fmt: skip
    found = list(csv.reader((tmp_path / "台账.csv").open(encoding="utf-8")))
    assert found[0][0] == "结对共建台账"
    assert found[1] == ["学号", "备注", "日期", "次数"]
    assert found[2] == ["00123", "=1+1", "2026-10-12", "3"]
    assert found[3][:2] == ["20240310001", "@SUM(1)"]
    assert found[-1][-1] == "7"
