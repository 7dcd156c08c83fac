"""Two ticks at once, ticks repeated, and a portal that was down for 26 hours, on PostgreSQL with a mail server that counts.

    python bench/outbox_outages.py [--reminders 2000] [--database postgres://postgres@127.0.0.1:5432]

Every tick is a process of its own. Prints what stands in the database and what arrived. Makes a database of its own and drops it. To
keep: two at once say everything once, three more runs change no row, and after 26 hours what is still valid goes out once and
what has expired does not. What happens while Redis is away is asserted in `tests/notifications/test_faults.py`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from typing import Any

from scratch import scratch_database

DATABASE = "portal_bench_outbox_outages"
BEHIND, PLAIN = "activities.lectures_behind", "pairings.ended"
MINUTE, DAYS_LATE = dt.timedelta(minutes=1), dt.timedelta(hours=26)


def ticks(sink: Any, at: dt.datetime, *, together: int = 1) -> tuple[dt.datetime, int]:
    """So many ticks at once, minute after minute, until nothing waits. Returns the next minute and how many ticks ran."""
    from bench.outbox_drill import start_tick
    from notifications.models import Delivery

    ran = 0
    while True:
        codes = [tick.wait(timeout=600) for tick in [start_tick(at, sink) for _number in range(together)]]
        if any(codes):
            raise RuntimeError(f"ticks ended with {codes}")
        ran, at = ran + together, at + MINUTE
        if not Delivery.objects.filter(state="pending").exists():
            return at, ran


def rows() -> list[Any]:
    """Every delivery as it stands."""
    from notifications.models import Delivery

    return list(Delivery.objects.order_by("pk").values_list("pk", "notice__dedupe_key", "channel", "state", "attempts"))


def twice_at_once(reminders: int) -> bool:
    from bench.outbox_drill import mail_sink, tally
    from bench.reminder_season import THURSDAY

    with mail_sink() as sink:
        at, ran = ticks(sink, THURSDAY, together=2)
        found, stood, mails = tally(BEHIND), rows(), sink.taken
        for _run in range(3):
            at, _ran = ticks(sink, at)
    print(
        f"{reminders} reminders, {ran} ticks, two at a time: {found['deliveries']}, {mails} mails, {sink.twice()} twice"
    )
    print(
        f"  three ticks more: {'the same rows' if rows() == stood else 'OTHER ROWS'}, {sink.taken - mails} mails more"
    )
    whole = found["deliveries"] == {"portal sent": reminders, "email sent": reminders}
    return whole and rows() == stood and sink.taken == mails == len(sink.ids) == reminders


def a_day_late(reminders: int) -> bool:
    """Half of what was said before the portal went down holds for two days, half for 25 hours."""
    from accounts.models import User
    from bench.outbox_drill import mail_sink, tally
    from bench.reminder_season import THURSDAY
    from notifications.services import post_notices
    from pairing_portal.common.registries import DueNotice

    start = THURSDAY + dt.timedelta(hours=1)
    users = list(User.objects.exclude(email="").order_by("pk").values_list("pk", flat=True)[:reminders])
    post_notices(
        notices=[
            DueNotice(
                kind=PLAIN, user_id=user, dedupe_key=f"late:{number}", subject={"name": "x"}, urgent=True,
                expires_at=start + dt.timedelta(hours=48 if number % 2 else 25),
            )
            for number, user in enumerate(users)
        ],
        now=start,
    )  # fmt: skip
    with mail_sink() as sink:
        at, _ran = ticks(sink, start + DAYS_LATE)
        mails = sink.taken
        ticks(sink, at)
    found = tally(PLAIN)["deliveries"]
    print(
        f"{reminders} notices, 26 hours down: {found}, {mails} mails, {sink.twice()} twice, {sink.taken - mails} later"
    )
    valid = reminders // 2
    expected = {"portal sent": reminders, "email sent": valid, "email dropped": reminders - valid}
    return found == expected and sink.taken == mails == len(sink.ids) == valid


def measure(reminders: int) -> bool:
    from bench.reminder_season import make_season

    make_season(reminders)
    # Both, whatever comes of the first.
    return all([twice_at_once(reminders), a_day_late(reminders)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reminders", type=int, default=2_000)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432")
    options = parser.parse_args()
    with scratch_database(options.database, DATABASE):
        kept = measure(options.reminders)
    if not kept:
        sys.exit("not kept")


if __name__ == "__main__":
    main()
