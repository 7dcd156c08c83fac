"""A month of 5,000 activities of a department as data, beside the bare query of the same rows.

    python bench/month_view.py [--rows 5000]

Prints queries and seconds (the least of five) of /calendar/entries/ for a department's organiser, of the bare SQL that fetches the
same columns, and the size of the answer. Works in a database of its own (SQLite, thrown away). To keep: at most 8 queries for what
the answer says, those that find out who asks not counted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ZONE = dt.timezone(dt.timedelta(hours=8))
NOW = dt.datetime(2026, 10, 28, 10, tzinfo=ZONE)
ADDRESS = "/calendar/entries/?start=2026-09-28&end=2026-11-02"
BARE = """
    SELECT a.id, a.title, a.starts_at, a.ends_at, a.place, a.state, a.version, k.key, k.name, k.icon, k.tone, b.name
    FROM activities_activity a JOIN activities_activitykind k ON k.id = a.kind_id
    JOIN branches_partybranch b ON b.id = a.party_branch_id
    WHERE b.department_id = %s AND a.state <> 'draft' AND a.starts_at < %s AND a.ends_at > %s ORDER BY a.starts_at, a.id
"""


def least(times: int, work: Callable[[], Any]) -> tuple[float, Any]:
    best, result = 1e9, None
    for _number in range(times):
        started = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - started)
    return best, result


def fill(rows: int) -> Any:
    """The people of the tests, and activities of three branches of one department spread over October."""
    from activities.models import Activity, ActivityKind
    from tests.cast import build_cast

    cast = build_cast(NOW.date())
    kinds, start = list(ActivityKind.objects.all()), dt.datetime(2026, 10, 1, 8, tzinfo=ZONE)
    step = dt.timedelta(days=30) / rows
    Activity.objects.bulk_create(
        Activity(
            kind=kinds[number % len(kinds)], title=f"活动{number}", party_branch=(cast.er, cast.san, cast.si)[number % 3], place="A101",
            starts_at=start + number * step, ends_at=start + number * step + dt.timedelta(minutes=90), state="published",
            created_by=cast.user("er_secretary"), created_at=start, check_in_secret="x" * 43,
        )
        for number in range(rows)
    )  # fmt: skip
    return cast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--show", action="store_true", help="print the queries")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "pairing_portal.settings"
        os.environ |= {
            "PORTAL_MODE": "embedded",
            "PORTAL_DATA_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
        }
        sys.path.insert(0, str(ROOT))
        measure(options)


def measure(options: argparse.Namespace) -> None:
    import django
    import time_machine

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    call_command("migrate", verbosity=0)
    with time_machine.travel(NOW, tick=True):
        cast = fill(options.rows)
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(cast.user("mech_organiser"), backend="allauth.account.auth_backends.AuthenticationBackend")
        client.get(ADDRESS)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(ADDRESS)
            queries = len(captured)
        if options.show:
            print(*(row["sql"][:160] for row in captured), sep="\n")
        ours, answer = least(5, lambda: client.get(ADDRESS))

    def bare() -> int:
        with connection.cursor() as cursor:
            cursor.execute(BARE, [cast.mech.pk, dt.datetime(2026, 11, 1, 16), dt.datetime(2026, 9, 27, 16)])
            return len(cursor.fetchall())

    floor, found = least(5, bare)
    size = len(gzip.compress(answer.content))
    print(f"{len(answer.json()['events'])} events, {queries} queries with those that find out who asks")
    print(f"the view {ours:.3f} s; the bare SQL {floor:.3f} s for {found} rows; {ours / floor:.1f} times")
    print(f"the answer {len(answer.content) / 1024:.0f} KB, {size / 1024:.0f} KB compressed")


if __name__ == "__main__":
    main()
