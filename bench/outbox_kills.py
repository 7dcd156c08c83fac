"""Ten thousand reminders while the tick is killed (SIGKILL) at fifty random points, on PostgreSQL with a mail server that counts.

    python bench/outbox_kills.py [--reminders 10000] [--kills 50] [--database postgres://postgres@127.0.0.1:5432]

Each tick is a process of its own; what it held is taken over by the next. Prints how many ticks there were, where they were killed, and
what arrived. Makes a database of its own and drops it. To keep: none lost, none twice in the portal, outside no more repeats than
kills, each repeat under the same message id.
"""

from __future__ import annotations

import argparse
import sys

from scratch import scratch_database

DATABASE = "portal_bench_outbox_kills"
KIND = "activities.lectures_behind"


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
    with scratch_database(options.database, DATABASE):
        kept = measure(options.reminders, options.kills)
    if not kept:
        sys.exit("not kept")


if __name__ == "__main__":
    main()
