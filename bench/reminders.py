"""Reminders for 20,000 League branches on PostgreSQL, beside the bare INSERT … SELECT of the same rows.

    python bench/reminders.py [--branches 20000] [--database postgres://postgres@127.0.0.1:5432]

Thursday's reminders: to the secretary of each League branch that is behind (by e-mail too), and to its speaker. The floor is SQL
written by hand: it finds who is behind by one grouping of the week's lectures and writes the same notices and deliveries, nothing
else. Prints seconds (the least of five, each on empty tables, taken in turns), their ratio, and what a repeat costs and adds. Makes a
database of its own and drops it. To keep: at most 1.5 × the floor, and a repeat adds none.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from scratch import scratch_database

DATABASE = "portal_bench_reminders"
TRIES = 5
KEPT = 1.5
# Both recipients of a League branch that is behind; the keys, words and times are those of the portal.
NOTICES = """
INSERT INTO notifications_notice (user_id, kind, subject, link, dedupe_key, is_urgent, created_at, expires_at)
SELECT r.user_id, 'activities.lectures_behind', jsonb_build_object('league_branch', b.id, 'name', b.name, 'missing', 2 - COALESCE(c.counted, 0)),
    '/lectures/', 'activities.lectures_behind:' || b.id || ':2026-10-26:' || r.user_id, false, %(now)s, TIMESTAMPTZ '2026-11-02 00:00+08'
FROM branches_leaguebranch b
JOIN (
    SELECT p.league_branch_id, m.user_id FROM members_post p JOIN members_person m ON m.id = p.person_id
    WHERE p.kind IN ('league_secretary', 'league_deputy') AND p.ended_on IS NULL AND m.user_id IS NOT NULL
    UNION ALL
    SELECT d.league_branch_id, m.user_id FROM activities_lectureduty d JOIN members_person m ON m.id = d.person_id
    JOIN branches_academicyear y ON y.id = d.academic_year_id
    WHERE d.ended_on IS NULL AND m.user_id IS NOT NULL AND '2026-10-29' BETWEEN y.starts_on AND y.ends_on
) r ON r.league_branch_id = b.id
LEFT JOIN (
    SELECT a.league_branch_id, COUNT(*) AS counted FROM activities_lectureaudience a
    JOIN activities_lecture l ON l.id = a.lecture_id JOIN activities_textbook t ON t.id = l.textbook_id
    WHERE l."on" BETWEEN '2026-10-26' AND '2026-11-01' AND l.state = 'delivered' AND a.state = 'confirmed' AND t.is_prescribed
        AND COALESCE(a.minutes_heard, l.minutes) >= 30 GROUP BY 1
) c ON c.league_branch_id = b.id
WHERE b.is_active AND b.party_branch_id IS NOT NULL AND b.enrolment_year = 2026 AND b.programme <> 'upgrade' AND COALESCE(c.counted, 0) < 2
    AND NOT EXISTS (SELECT 1 FROM activities_quotaexemption e WHERE e.league_branch_id = b.id AND e.state = 'granted'
        AND e.from_on <= '2026-11-01' AND e.to_on >= '2026-10-26')
ON CONFLICT DO NOTHING
"""
DELIVERIES = """
INSERT INTO notifications_delivery (notice_id, channel, state, attempts, next_attempt_at, lease_token, sent_at, error)
SELECT n.id, 'portal', 'sent', 0, %(now)s, '', %(now)s, '' FROM notifications_notice n
UNION ALL
SELECT n.id, 'email', 'pending', 0, %(now)s, '', NULL, '' FROM notifications_notice n JOIN accounts_user u ON u.id = n.user_id WHERE u.email <> ''
ON CONFLICT DO NOTHING
"""


def bare() -> None:
    from django.db import connection, transaction

    from bench.reminder_season import THURSDAY

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NOTICES, {"now": THURSDAY})
        cursor.execute(DELIVERIES, {"now": THURSDAY})


def computed() -> int:
    from django.db import transaction

    from activities.lectures.notices import LECTURES_BEHIND
    from bench.reminder_season import THURSDAY
    from pairing_portal.common.registries import reminder_sources

    with transaction.atomic():
        return reminder_sources.get(LECTURES_BEHIND).write(THURSDAY)


def empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE notifications_notice, notifications_delivery RESTART IDENTITY CASCADE")
        cursor.execute("VACUUM ANALYZE")


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rows() -> tuple[list[Any], list[Any]]:
    """What stands in both tables, in an order of its own."""
    from notifications.models import Delivery, Notice

    notices = Notice.objects.order_by("dedupe_key").values_list("dedupe_key", "user_id", "subject", "expires_at")
    sent = Delivery.objects.order_by("notice__dedupe_key", "channel").values_list(
        "notice__dedupe_key", "channel", "state"
    )
    return list(notices), list(sent)


def measure(branches: int) -> bool:
    from bench.reminder_season import make_season

    make_season(branches, speakers=True, heard=True)
    floors, ours, repeats = [], [], []
    for _number in range(TRIES):
        empty()
        floors.append(seconds(bare))
        expected = rows()
        empty()
        ours.append(seconds(computed))
        assert rows() == expected, "the two wrote different rows"
        repeats.append(_repeat())
    ratio, again = min(ours) / min(floors), sum(count for _spent, count in repeats)
    print(f"{branches} League branches: {len(expected[0])} reminders, {len(expected[1])} deliveries")
    print(f"  bare INSERT … SELECT {min(floors):6.2f} s")
    print(f"  computed             {min(ours):6.2f} s  {ratio:.2f} x")
    print(f"  repeat               {min(spent for spent, _count in repeats):6.2f} s  adds {again}")
    return ratio <= KEPT and again == 0


def _repeat() -> tuple[float, int]:
    started = time.perf_counter()
    count = computed()
    return time.perf_counter() - started, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branches", type=int, default=20_000)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432")
    options = parser.parse_args()
    with scratch_database(options.database, DATABASE):
        kept = measure(options.branches)
    if not kept:
        sys.exit("not kept")


if __name__ == "__main__":
    main()
