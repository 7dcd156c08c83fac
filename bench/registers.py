"""A page of a register at 20,000 and at 200,000 people on PostgreSQL.

    python bench/registers.py [--small 20000] [--large 200000] [--rounds 9] [--runs 1] [--database postgres://postgres@127.0.0.1:5432]

Makes a database of each size from one that is migrated once, fills it with COPY (a department, a branch and a class have the same size in both: the college
grows by departments), and asks for the register of members as the organiser of one department, and the registers of members
and of everybody as the organiser of the whole college: the first page, a filtered one, searches and a deep page. Each is asked
for once unmeasured, then ROUNDS times a few, the small and the large database in turn; printed is the least CPU of this process and of
its database process together, beside the least CPU of the page's own SQL alone. The page of the large college may cost 1.3 × that of the small one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import os
import random
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 1.3
# Requests that are measured together; every list but that of one number fills its page in both sizes: rows cost more to show than to find.
TIMES = 3
PEOPLE_A_DEPARTMENT, BRANCHES_A_DEPARTMENT, CLASSES_A_DEPARTMENT = 5_000, 20, 100
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗", "明华丽强军伟娜静磊洋艳勇杰涛超秀霞平刚桂英"
# Of a hundred people: who is how far.
STAGES = (("league_member", 60), ("applicant", 18), ("activist", 8), ("candidate", 4), ("probationary", 4), ("full", 6))
DATES = ("applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on")


def fill(count: int) -> None:
    """Invented people, set-wise."""
    from django.db import connection

    from branches.models import Department, PartyBranch, SchoolClass
    from members.importing.apply import copy_lines
    from members.names import name_key

    chance = random.Random(8)
    stages = [stage for stage, share in STAGES for _ in range(share)]
    reached = {"applicant": 1, "activist": 2, "candidate": 3, "probationary": 4, "full": 5}
    departments = count // PEOPLE_A_DEPARTMENT
    for number in range(departments):
        home = Department.objects.create(name=f"第{number:03}系", general_branch=f"第{number:03}系党总支")
        PartyBranch.objects.bulk_create(
            PartyBranch(department=home, name=f"第{number:03}系党总支第{at}党支部")
            for at in range(BRANCHES_A_DEPARTMENT)
        )
        SchoolClass.objects.bulk_create(
            SchoolClass(
                department=home,
                name=f"{22 + at % 5}级{number:03}系{at}班本科",
                programme="bachelor",
                enrolment_year=2022 + at % 5,
            )
            for at in range(CLASSES_A_DEPARTMENT)
        )
    homes = list(Department.objects.order_by("pk").values_list("pk", flat=True))
    branches = {home: list(PartyBranch.objects.filter(department=home).values_list("pk", flat=True)) for home in homes}
    classes = {
        home: list(SchoolClass.objects.filter(department=home).values_list("pk", "enrolment_year")) for home in homes
    }
    rows = []
    for number in range(count):
        home = homes[number // PEOPLE_A_DEPARTMENT]
        stage = chance.choice(stages)
        school_class, year = chance.choice(classes[home])
        name = chance.choice(SURNAMES) + "".join(chance.choice(GIVEN) for _ in range(1 + number % 2))
        days = [dt.date(2022, 9, 1) + dt.timedelta(days=200 * at + number % 90) for at in range(reached.get(stage, 0))]
        branch = chance.choice(branches[home]) if reached.get(stage, 0) > 1 else None
        rows.append(
            (f"{year}{number:07}", name, name_key(name), "male", "汉", None, "13800000000", "bachelor", "土木工程", year,
             dt.date(year + 4, 6, 30), home, school_class, branch, stage, True, *days, *[None] * (5 - len(days)))
        )  # fmt: skip
    columns = (
        "number", "name", "name_key", "sex", "ethnicity", "born_on", "phone", "programme", "major", "enrolment_year", "graduates_on",
        "department_id", "school_class_id", "party_branch_id", "stage", "is_league_member", *DATES,
    )  # fmt: skip
    lines = copy_lines(list(zip(*rows, strict=True)))
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY members_person ({', '.join(columns)}) FROM STDIN", io.BytesIO(lines))
        cursor.execute(
            "INSERT INTO members_absence (person_id, kind, from_on, to_on) "
            "SELECT id, 'internship', CURRENT_DATE - 30, CURRENT_DATE + 30 FROM members_person WHERE id % 25 = 0"
        )


def people() -> dict[str, Any]:
    """Accounts: the organiser of one department and that of the whole college."""
    from accounts.models import User
    from branches.models import Department
    from members.models import StaffRole

    home = Department.objects.order_by("pk")[1]
    for name, department in (("department", home), ("college", None)):
        user = User.objects.create_user(name, password=None, display_name=name)
        StaffRole.objects.create(user=user, kind="organiser", department=department)
    return {"home": home}


def pages(home: Any) -> list[tuple[str, str, str]]:
    """(title, account, address)."""
    from django.urls import reverse

    from branches.models import PartyBranch
    from members.models import Member

    members, everybody = (reverse(f"admin:members_{name}_changelist") for name in ("member", "person"))
    member = Member.objects.filter(department=home).order_by("number")[17].number
    branch = PartyBranch.objects.filter(department=home).order_by("pk")[3].pk
    return [
        ("department, members, first page", "department", members),
        ("department, members, one branch", "department", f"{members}?party_branch__id__exact={branch}"),
        ("department, members, search 王", "department", f"{members}?q=%E7%8E%8B"),
        ("department, members, page 8", "department", f"{members}?p=8"),
        ("college, members, first page", "college", members),
        ("college, members, a department", "college", f"{members}?department__id__exact={home.pk}"),
        ("college, members, away now", "college", f"{members}?away=yes"),
        ("college, members, search a number", "college", f"{members}?q={member}"),
        ("college, members, page 30", "college", f"{members}?p=30"),
        ("college, everybody, first page", "college", everybody),
        ("college, everybody, candidates", "college", f"{everybody}?stage__exact=candidate"),
        ("college, everybody, a grade", "college", f"{everybody}?enrolment_year=2024"),
        ("college, everybody, search a number", "college", f"{everybody}?q={member}"),
        ("college, everybody, search 王", "college", f"{everybody}?q=%E7%8E%8B"),
        ("college, everybody, search 王明", "college", f"{everybody}?q=%E7%8E%8B%E6%98%8E"),
        ("college, everybody, search lp", "college", f"{everybody}?q=lp"),
        ("college, members, search 王, page 2", "college", f"{members}?q=%E7%8E%8B&p=2"),
        ("college, everybody, page 150", "college", f"{everybody}?p=150"),
    ]


def cpu_of(pid: int | str = "self") -> float:
    """Seconds a process has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def prepare() -> None:
    """The tables of a database."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def serve() -> None:
    """Answer, on standard input and output, for one database: a page's number in, its CPU out."""
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    # What a first request would load.
    import_module("pairing_portal.urls")
    fill(int(os.environ["BENCH_PEOPLE"]))
    home = people()["home"]
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    from accounts.models import User

    clients = {}
    for name in ("department", "college"):
        clients[name] = Client(headers={"host": "localhost"})
        clients[name].force_login(
            User.objects.get(username=name), backend="allauth.account.auth_backends.AuthenticationBackend"
        )
    asked = pages(home)
    print("ready", flush=True)
    for line in sys.stdin:
        title, who, address = asked[int(line)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with CaptureQueriesContext(connection) as found:
            answer = clients[who].get(address)
        assert answer.status_code == 200, (title, answer.status_code)
        # Read now: the next request empties the log.
        captured = [query["sql"] for query in found.captured_queries]
        statements = [statement for statement in captured if statement.startswith("SELECT")]
        database, own = cpu_of(pid), cpu_of()
        for _ in range(TIMES):
            clients[who].get(address)
        database, own = cpu_of(pid) - database, cpu_of() - own
        start = cpu_of(pid) + cpu_of()
        with connection.cursor() as cursor:
            for _ in range(TIMES):
                for statement in statements:
                    cursor.execute(statement)
                    cursor.fetchall()
        sql = cpu_of(pid) + cpu_of() - start
        print(json.dumps([(own + database) / TIMES, sql / TIMES, len(captured), database / TIMES]), flush=True)


def execute(database: str, statement: str) -> None:
    import psycopg2

    admin = psycopg2.connect(urlunsplit(urlsplit(database)._replace(scheme="postgresql", path="/postgres")))
    admin.autocommit = True
    admin.cursor().execute(statement)
    admin.close()


def environment(database: str, name: str) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": urlunsplit(urlsplit(database)._replace(path=f"/{name}")), "DEBUG": "0", "PORTAL_MODE": "development",
        "SECRET_KEY": "bench-" + "x" * 50, "DJANGO_SETTINGS_MODULE": "pairing_portal.settings", "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip


class Server:
    """A process with a database of its own."""

    def __init__(self, people_: int, database: str, template: str) -> None:
        self.name, self.database = f"bench_registers_{people_}_{os.getpid()}", database
        execute(database, f'CREATE DATABASE "{self.name}" TEMPLATE "{template}"')
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            env=environment(database, self.name) | {"BENCH_PEOPLE": str(people_)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> str:
        line = self.process.stdout.readline().strip()  # type: ignore[union-attr]  # a pipe
        assert line, "the process ended"
        return line

    def ask(self, number: int) -> list[float]:
        self.process.stdin.write(f"{number}\n")  # type: ignore[union-attr]  # a pipe
        self.process.stdin.flush()  # type: ignore[union-attr]  # a pipe
        found: list[float] = json.loads(self.read())
        return found

    def close(self) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]  # a pipe
        self.process.wait(timeout=60)
        execute(self.database, f'DROP DATABASE "{self.name}" WITH (FORCE)')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--runs", type=int, default=1, help="so many tables, one after the other")
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--prepare", action="store_true")
    options = parser.parse_args()
    if options.serve or options.prepare:
        (serve if options.serve else prepare)()
        return
    template, servers = f"bench_registers_{os.getpid()}", []
    execute(options.database, f'CREATE DATABASE "{template}"')
    try:
        subprocess.run([sys.executable, __file__, "--prepare"], env=environment(options.database, template), check=True)
        for size in (options.small, options.large):
            servers.append(Server(size, options.database, template))
        for server in servers:
            assert server.read() == "ready"
        worst = max(report(servers, options) for _run in range(options.runs))
        sys.exit(worst > LIMIT)
    finally:
        for server in servers:
            server.close()
        execute(options.database, f'DROP DATABASE "{template}" WITH (FORCE)')


def report(servers: list[Server], options: argparse.Namespace) -> float:
    """Prints the table; returns the worst ratio."""
    titles = [
        "department, members, first page", "department, members, one branch", "department, members, search 王", "department, members, page 8",
        "college, members, first page", "college, members, a department", "college, members, away now", "college, members, search a number",
        "college, members, page 30", "college, everybody, first page", "college, everybody, candidates", "college, everybody, a grade",
        "college, everybody, search a number", "college, everybody, search 王", "college, everybody, search 王明",
        "college, everybody, search lp", "college, members, search 王, page 2", "college, everybody, page 150",
    ]  # fmt: skip
    print(f"{'ms of CPU a page':<36}{options.small:>9}{options.large:>9}{'ratio':>7}   SQL alone{'':>6}ratio  queries")
    worst = 0.0
    for number, title in enumerate(titles):
        best: list[list[float]] = [[], []]
        for _round in range(options.rounds):
            for at, server in enumerate(servers):
                found = server.ask(number)
                best[at] = [min(pair) for pair in zip(best[at] or found, found, strict=True)]
        (small, small_sql, _n, _db), (large, large_sql, queries, _db2) = best
        ratio = large / small
        worst = max(worst, ratio)
        print(
            f"{title:<36}{1000 * small:9.1f}{1000 * large:9.1f}{ratio:7.2f}{1000 * small_sql:9.1f}{1000 * large_sql:9.1f}"
            f"{large_sql / small_sql:7.2f}{queries:7.0f}", flush=True,
        )  # fmt: skip
    print(f"the worst page costs {worst:.2f} x (at most {LIMIT})", flush=True)
    return worst


if __name__ == "__main__":
    main()
