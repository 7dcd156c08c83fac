"""A roster of 20,000 rows on PostgreSQL beside its floor (calamine parse + COPY).

    python bench/import_roster.py [--rows 20000] [--database postgres://postgres@127.0.0.1:5432]

Prints CPU seconds of this process and its children, ratios to the floor, and peak memory. Makes a database of its own
and drops it. To keep: ours at most 4 × the floor, the same file again at most 2 ×, under 300 MB.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import os
import random
import resource
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
HEADINGS = (
    "序号", "党支部", "姓名", "学号", "性别", "民族", "出生年月", "层次", "专业", "班级", "政治面貌", "递交入党申请书时间",
    "确定为入党积极分子时间", "确定为发展对象时间", "接收为预备党员时间", "转正时间", "电话",
)  # fmt: skip
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗", "明华丽强军伟娜静磊洋艳勇杰涛超秀霞平刚桂英"
MAJORS = ("数控技术", "模具设计与制造", "土木工程", "工程造价")


def make_roster(path: Path, rows: int) -> None:
    """Invented people of four branches, dates as text in two ways and as dates."""
    sys.path.insert(0, str(ROOT))
    from pairing_portal.common.spreadsheets import Column, SheetSpec, write_xlsx

    chance = random.Random(7)

    def people():
        for number in range(rows):
            year = 2023 + number % 3
            applied = dt.date(year, 9, 1) + dt.timedelta(days=chance.randrange(28))
            dates = [applied]
            for days in (170, 370, 90, 365):
                later = dates[-1] + dt.timedelta(days=days + chance.randrange(20))
                dates.append(later if later < dt.date(2026, 9, 1) else None)
                if dates[-1] is None:
                    break
            dates += [None] * (5 - len(dates))
            texts = [day and (day.isoformat(), f"{day:%Y.%m.%d}", f"{day:%Y年%m月%d日}")[number % 3] for day in dates]
            stage = (
                "中共党员"
                if dates[4]
                else "中共预备党员"
                if dates[3]
                else "发展对象"
                if dates[2]
                else "入党积极分子"
                if dates[1]
                else "入党申请人"
            )
            name = chance.choice(SURNAMES) + "".join(chance.choice(GIVEN) for _ in range(1 + number % 2))
            yield (
                number + 1, f"机械系党总支第{'一二三四'[number % 4]}党支部", name, f"{year}{number:07}", "男女"[number % 2], "汉壮瑶苗"[number % 4],
                f"{year - 19}-{number % 12 + 1:02}-{number % 28 + 1:02}", "本科", MAJORS[number % 4], f"{year % 100}级{number % 40}班本科", stage, *texts,
                f"138{number:08}",
            )  # fmt: skip

    with path.open("wb") as stream:
        write_xlsx(stream, [SheetSpec("名册", [Column(heading) for heading in HEADINGS], people())])


def cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def floor(path: Path) -> float:
    """Parse with calamine, COPY into a plain table: no checks, no comparing, no history."""
    import python_calamine
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_floor (" + ", ".join(f"c{number} text" for number in range(len(HEADINGS))) + ")"
        )
        started = cpu()
        rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
        buffer = io.StringIO()
        csv.writer(buffer).writerows(rows)
        buffer.seek(0)
        cursor.cursor.copy_expert("COPY bench_floor FROM STDIN WITH (FORMAT csv)", buffer)
        spent = cpu() - started
        cursor.execute("DROP TABLE bench_floor")
    return spent


def run(path: Path, *, dry_run: bool = False) -> tuple[float, dict[str, int]]:
    from django.utils import timezone

    from members.importing.service import import_rosters

    data = path.read_bytes()
    started = cpu()
    report = import_rosters(
        files=[(path.name, data)], scope=None, dry_run=dry_run, today=timezone.localdate(), now=timezone.now()
    )
    assert not report.is_refused, (report.files[0].refusal, report.files[0].plan.refused[:2])
    return cpu() - started, report.files[0].counts


def measure(rows: int) -> None:
    import tempfile

    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.xlsx"
        subprocess.run([sys.executable, __file__, "--make", str(path), "--rows", str(rows)], check=True)
        base = min(floor(path) for _ in range(3))
        preview, _counts = run(path, dry_run=True)
        first, counts = run(path)
        again, same = run(path)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(f"rows                          {rows}")
    print(f"floor: parse + COPY           {base:6.2f} s CPU")
    print(f"checked, compared, applied    {first:6.2f} s CPU  {first / base:5.2f} x  {counts}")
    print(f"the same file again           {again:6.2f} s CPU  {again / base:5.2f} x  {same}")
    print(f"a preview alone               {preview:6.2f} s CPU  {preview / base:5.2f} x")
    print(f"peak memory                   {peak:6.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432")
    parser.add_argument("--make", type=Path)
    options = parser.parse_args()
    if options.make:
        from django.conf import settings

        settings.configure(USE_I18N=False, LANGUAGES=[("en", "English")])
        make_roster(options.make, options.rows)
        return
    import psycopg2

    name = f"bench_import_{os.getpid()}"
    server = urlsplit(options.database)
    admin = psycopg2.connect(urlunsplit(server._replace(scheme="postgresql", path="/postgres")))
    admin.autocommit = True
    admin.cursor().execute(f'CREATE DATABASE "{name}"')
    sys.path.insert(0, str(ROOT))
    os.environ |= {
        "DATABASE_URL": urlunsplit(server._replace(path=f"/{name}")), "DEBUG": "0", "PORTAL_MODE": "development",
        "SECRET_KEY": "bench-" + "x" * 50, "DJANGO_SETTINGS_MODULE": "pairing_portal.settings", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    try:
        measure(options.rows)
    finally:
        from django.db import connections

        connections.close_all()
        admin.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
