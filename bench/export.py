"""100,000 rows × 12 columns as a report's workbook, beside a .csv of the same `values_list`, from PostgreSQL.

    python bench/export.py [--rows 100000] [--database postgres://postgres@127.0.0.1:5432]

Prints CPU seconds (the least of three, each in a process of its own), the ratio to the .csv, and how much memory each needs more
than the idle program. Two shapes: a ledger (texts, numbers, three moments) and a register (short texts and days, the cheapest of
all to write as text). The workbook is written as an export job is: by the base of reports, with progress and lease kept.
To keep: at most 1.6 × the .csv, at most 40 MB more memory; 10,000 rows under 2 s. Makes a database of its own and drops it.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
SHAPES = {
    "ledger": (
        "user__username", "user__display_name", "report", "purpose", "format", "state", "created_at", "started_at", "finished_at",
        "rows_done", "size", "error",
    ),
    "register": (
        "number", "name", "sex", "ethnicity", "born_on", "programme", "enrolment_year", "phone", "major", "stage", "applied_on",
        "activist_on",
    ),
}  # fmt: skip
KINDS = {
    "enrolment_year": "integer", "rows_done": "integer", "size": "integer", "born_on": "date", "applied_on": "date",
    "activist_on": "date", "created_at": "datetime", "started_at": "datetime", "finished_at": "datetime",
}  # fmt: skip


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory() -> float:
    """MB this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


class Watched:
    """The most memory held within the block, looked at fifty times a second."""

    def __enter__(self) -> Watched:
        self.most = memory()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def _look(self) -> None:
        while not self.is_over.wait(0.02):
            self.most = max(self.most, memory())

    def __exit__(self, *_fault: object) -> None:
        self.is_over.set()
        self.thread.join()


def fill(rows: int) -> None:
    from branches.models import Department
    from members.models import Person

    department, first = Department.objects.create(name="机械系"), dt.date(2023, 9, 1)
    people = (
        Person(
            number=f"2023{number:07}", name="王李张刘陈"[number % 5] + "明华丽强"[number % 4], sex="mf"[number % 2], ethnicity="汉族", department=department,
            name_key=f"wang ming {number % 900}", born_on=first - dt.timedelta(days=7000 + number % 900), programme="diploma", major="数控技术",
            enrolment_year=2023 + number % 3, phone=f"138{number:08}", applied_on=first + dt.timedelta(days=number % 60) if number % 3 else None,
            stage="applicant" if number % 3 else "non_member",
        )
        for number in range(rows)
    )  # fmt: skip
    Person.objects.bulk_create(people, batch_size=5000)


def fill_ledger(rows: int) -> None:
    from accounts.models import User
    from reports.models import ExportJob

    users = [User.objects.create(username=f"20230310{n:03}", display_name="甘杰怡") for n in range(50)]
    first = dt.datetime(2026, 9, 1, 0, 30, tzinfo=dt.UTC)
    jobs = (
        ExportJob(
            user=users[number % 50], report="pairings", purpose="月报:结对共建开展情况", state="cancelled",
            created_at=first + dt.timedelta(minutes=number), started_at=first + dt.timedelta(minutes=number, seconds=2),
            finished_at=first + dt.timedelta(minutes=number, seconds=3), rows_done=number % 977, size=number,
        )
        for number in range(rows)
    )  # fmt: skip
    ExportJob.objects.bulk_create(jobs, batch_size=5000)


def selected(shape: str, rows: int) -> Any:
    from members.models import Person
    from reports.models import ExportJob

    table = ExportJob.objects.order_by("created_at") if shape == "ledger" else Person.objects.order_by("pk")
    return table.values_list(*SHAPES[shape])[:rows].iterator(chunk_size=2000)


def write_csv(target: Path, shape: str, rows: int) -> None:
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(SHAPES[shape])
        writer.writerows(selected(shape, rows))


def write_report(target: Path, shape: str, rows: int) -> None:
    from django.utils import timezone

    from accounts.models import User
    from pairing_portal.common.scope import Scope
    from pairing_portal.common.spreadsheets import Column
    from reports.exporter import Report, ReportRequest
    from reports.jobs.progress import Progress
    from reports.jobs.run_services import claim
    from reports.models import ExportJob

    class Bench(Report):
        name, title, description = "bench", "台账", ""

        def columns(self) -> list[Column]:
            return [Column(field, kind=KINDS.get(field, "text"), width=12) for field in SHAPES[shape]]  # type: ignore[arg-type]  # kinds as above

        def rows(self, request: ReportRequest) -> Any:
            return selected(shape, rows)

    now = timezone.now()
    user, _made = User.objects.get_or_create(username="bench")
    made = ExportJob.objects.create(
        user=user, report="bench", purpose="bench", created_at=now
    )  # the newest: outside what is read
    job = claim(now=now, key=made.pk)
    assert job is not None
    progress = Progress(job)
    asked = ReportRequest(scope=Scope(), today=now.date(), made_at=now, made_by="bench")
    Bench().write_xlsx(target, asked, watch=progress.watch)
    progress.close()
    assert progress.done == rows


def one(how: str, shape: str, rows: int) -> None:
    """In a process of its own: what it cost."""
    import django

    django.setup()
    work = {"csv": write_csv, "xlsx": write_report}[how]
    with tempfile.TemporaryDirectory() as folder:
        # Modules, connection and the library's first call cost nobody's rows.
        work(Path(folder) / "warm", shape, 10)
        before, idle, started = cpu(), memory(), time.perf_counter()
        target = Path(folder) / "out"
        with Watched() as watched:
            work(target, shape, rows)
        facts = {"cpu": cpu() - before, "wall": time.perf_counter() - started, "more": watched.most - idle}
        print(json.dumps(facts | {"size": target.stat().st_size}))


def run(how: str, shape: str, rows: int) -> dict[str, float]:
    """The least of three."""
    command = [sys.executable, __file__, "--one", how, "--shape", shape, "--rows", str(rows)]
    found = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        for _number in range(3)
    ]
    return min(found, key=lambda facts: float(facts["cpu"]))


def measure(rows: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill(max(rows, 10_000))
    fill_ledger(max(rows, 10_000))
    for shape in SHAPES:
        floor, ours, small = run("csv", shape, rows), run("xlsx", shape, rows), run("xlsx", shape, 10_000)
        print(f"{shape}: {rows} rows x {len(SHAPES[shape])} columns")
        for title, facts in ((".csv of the same values_list", floor), ("workbook of a report", ours)):
            print(
                f"  {title:<30} {facts['cpu']:6.2f} s CPU  {facts['more']:5.0f} MB more  {facts['size'] / 1e6:5.1f} MB"
            )
        print(f"  ratio {ours['cpu'] / floor['cpu']:.2f} (at most 1.6), memory {ours['more']:.0f} MB (at most 40)")
        print(f"  10000 rows: {small['wall']:.2f} s, {small['cpu']:.2f} s CPU (under 2)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432")
    parser.add_argument("--shape", choices=tuple(SHAPES), default="ledger", help=argparse.SUPPRESS)
    parser.add_argument("--one", choices=("csv", "xlsx"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.one:
        one(options.one, options.shape, options.rows)
        return
    import psycopg2

    name = f"bench_export_{os.getpid()}"
    server = urlsplit(options.database)
    admin = psycopg2.connect(urlunsplit(server._replace(scheme="postgresql", path="/postgres")))
    admin.autocommit = True
    admin.cursor().execute(f'CREATE DATABASE "{name}"')
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
