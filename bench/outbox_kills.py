"""Ten thousand reminders while the tick is killed (SIGKILL) at fifty random points, on PostgreSQL with a mail server that counts.

    python bench/outbox_kills.py [--reminders 10000] [--kills 50] [--database postgres://postgres@127.0.0.1:5432]

Each tick is a process of its own; what it held is taken over by the next. Prints how many ticks there were, where they were killed, and
what arrived. Makes a database of its own and drops it. To keep: none lost, none twice in the portal, outside no more repeats than
kills, each repeat under the same message id.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "portal_bench_outbox_kills"
KIND = "activities.lectures_behind"


def on_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def measure(reminders: int, kills: int) -> bool:
    from bench.outbox_drill import drill, mail_sink, tally
    from bench.reminder_season import THURSDAY, make_season

    make_season(reminders)
    with mail_sink() as sink:
        outcome = drill(kills=kills, reminders=reminders, start=THURSDAY, sink=sink)
    found, twice = tally(KIND), sink.twice()
    print(f"{reminders} reminders, {outcome.runs} ticks, {outcome.kills} of them killed: {dict(outcome.killed_at)}")
    print(f"  in the portal  {found['notices']} notices to {found['recipients']} people, {found['deliveries']}")
    print(
        f"  outside        {sink.taken} mails to {len(sink.ids)} people, {twice} twice, {len(sink.renamed())} under another id"
    )
    expected = {"portal sent": reminders, "email sent": reminders}
    whole = (found["notices"], found["recipients"], found["deliveries"]) == (reminders, reminders, expected)
    return whole and outcome.kills == kills and len(sink.ids) == reminders and twice <= kills and not sink.renamed()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reminders", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ["DATABASE_URL"] = on_database(options.database, DATABASE)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django
    import psycopg2

    server = psycopg2.connect(on_database(options.database, "postgres"))
    server.autocommit = True
    server.cursor().execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    server.cursor().execute(f"CREATE DATABASE {DATABASE}")
    kept = False
    try:
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        kept = measure(options.reminders, options.kills)
    finally:
        from django.db import connections

        connections.close_all()
        server.cursor().execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    if not kept:
        sys.exit("not kept")


if __name__ == "__main__":
    main()
