"""The rollup of log entries: made by the database from the entries, again and again the same, whoever asks and how often.

The first tick of a day makes it whole, which brings home people who moved, entries confirmed late and branches that were closed;
every few minutes a tick makes the current month and the last one anew. A page says of when it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from activities.models import LogEntry, LogState
from branches.models import PartyBranch
from members.models import Person
from notifications.models import Heartbeat

from ..models import LogRollup

ROLLUP: Final = "rollup"
EVERY: Final = timedelta(minutes=5)
# Older and later entries are mistakes no dashboard offers a period for.
FIRST: Final = date(2000, 1, 1)
LAST: Final = date(2100, 1, 1)
TABLES: Final = {
    "log": LogEntry._meta.db_table,
    "person": Person._meta.db_table,
    "branch": PartyBranch._meta.db_table,
    "rollup": LogRollup._meta.db_table,
}
# What the two databases say differently. Days are counted in the portal's zone, and never fewer than none.
WORDS: Final[dict[str, dict[str, str]]] = {
    "postgresql": {
        "month": "date_trunc('month', l.\"on\")::date",
        "days": "GREATEST(0, (l.confirmed_at AT TIME ZONE %s)::date - (COALESCE(l.submitted_at, l.created_at) AT TIME ZONE %s)::date)",
        "histogram": "COALESCE(jsonb_object_agg(days::text, entries) FILTER (WHERE is_confirmed = 1), '{}'::jsonb)",
        # Without the type the database takes it for text, in which the unit column would not fit.
        "nothing": "NULL::bigint",
    },
    "sqlite": {
        "month": "date(l.\"on\", 'start of month')",
        "days": "MAX(0, CAST(julianday(django_datetime_cast_date(l.confirmed_at, %s, 'UTC')) - "
        "julianday(django_datetime_cast_date(COALESCE(l.submitted_at, l.created_at), %s, 'UTC')) AS INTEGER))",
        "histogram": "COALESCE(json_group_object(CAST(days AS TEXT), entries) FILTER (WHERE is_confirmed = 1), '{}')",
        "nothing": "NULL",
    },
}
# Entries, counted once by branch; then the same counts by department and for the college.
FILL: Final = """
INSERT INTO {rollup} (month, department_id, party_branch_id, purpose, entries, minutes, confirmed_entries, confirmed_minutes, days)
WITH counted AS (
    SELECT {month} AS month, b.id AS branch_id, b.department_id AS department_id, l.purpose AS purpose,
        CASE WHEN l.state = %s THEN 1 ELSE 0 END AS is_confirmed,
        CASE WHEN l.state = %s THEN {days} ELSE -1 END AS days, COUNT(*) AS entries, SUM(l.minutes) AS minutes
    FROM {log} l JOIN {person} p ON p.id = l.person_id JOIN {branch} b ON b.id = p.party_branch_id
    WHERE b.is_active AND l.state IN (%s, %s) AND l."on" >= %s AND l."on" < %s
    GROUP BY 1, 2, 3, 4, 5, 6
),
units AS (
    SELECT month, {nothing} AS department_id, branch_id AS party_branch_id, purpose, is_confirmed, days, entries, minutes FROM counted
    UNION ALL
    SELECT month, department_id, {nothing}, purpose, is_confirmed, days, SUM(entries), SUM(minutes) FROM counted
    GROUP BY month, department_id, purpose, is_confirmed, days
    UNION ALL
    SELECT month, {nothing}, {nothing}, purpose, is_confirmed, days, SUM(entries), SUM(minutes) FROM counted
    GROUP BY month, purpose, is_confirmed, days
)
SELECT month, department_id, party_branch_id, purpose, SUM(entries), SUM(minutes), SUM(entries * is_confirmed), SUM(minutes * is_confirmed),
    {histogram}
FROM units GROUP BY month, department_id, party_branch_id, purpose
"""


@dataclass
class LogSums:
    """What several rows of the rollup say together."""

    entries: int = 0
    minutes: int = 0
    confirmed_entries: int = 0
    confirmed_minutes: int = 0
    days: dict[int, int] = field(default_factory=dict)

    def add(self, row: tuple[int, int, int, int, dict[str, int]]) -> None:
        self.entries += row[0]
        self.minutes += row[1]
        self.confirmed_entries += row[2]
        self.confirmed_minutes += row[3]
        for days, count in row[4].items():
            self.days[int(days)] = self.days.get(int(days), 0) + count


def median_of(days: dict[int, int]) -> float | None:
    """The median of values with how often each came; None of nothing. The middle of two is their mean."""
    total = sum(days.values())
    if not total:
        return None
    return (_at(days, (total - 1) // 2) + _at(days, total // 2)) / 2


def _at(days: dict[int, int], place: int) -> int:
    """The value at a place, from 0, of all values in their order."""
    seen = 0
    for value in sorted(days):
        seen += days[value]
        if seen > place:
            return value
    raise IndexError(place)


def month_of(day: date) -> date:
    return day.replace(day=1)


def read_sums(units: Q, months: Iterable[date]) -> dict[tuple[date, str], LogSums]:
    """Sums by month and purpose of the units named; one query."""
    found: dict[tuple[date, str], LogSums] = {}
    columns = ("month", "purpose", "entries", "minutes", "confirmed_entries", "confirmed_minutes", "days")
    for month, purpose, *row in (
        LogRollup.objects.filter(units, month__in=list(months)).order_by().values_list(*columns)
    ):
        found.setdefault((month, purpose), LogSums()).add(tuple(row))
    return found


def made_at() -> datetime | None:
    """Of when the youngest figures are; None before the first tick."""
    found: datetime | None = (
        Heartbeat.objects.filter(name=ROLLUP, result__has_key="made").values_list("at", flat=True).first()
    )
    return found


@transaction.atomic
def rebuild_rollup(*, now: datetime) -> int:
    """Make the whole rollup anew from the entries. Repeatable; returns how many rows it has."""
    _take(now)
    LogRollup.objects.all().delete()
    written = _fill(FIRST, LAST)
    Heartbeat.objects.filter(name=ROLLUP).update(at=now, result={"made": now.isoformat()})
    return written


@transaction.atomic
def refresh_rollup(*, now: datetime) -> int | None:
    """Make the current month and the last one anew, unless that was done a moment ago: then None, else the rows written."""
    place = _take(now)
    if "made" not in place.result:
        return rebuild_rollup(now=now)
    if now - place.at < EVERY:
        return None
    first = month_of(timezone.localdate(now)) - relativedelta(months=1)
    LogRollup.objects.filter(month__gte=first).delete()
    written = _fill(first, LAST)
    Heartbeat.objects.filter(pk=place.pk).update(at=now)
    return written


def _take(now: datetime) -> Heartbeat:
    """Whoever makes the rollup holds this row: a tick and the command never write the same months at once."""
    place, _created = Heartbeat.objects.get_or_create(name=ROLLUP, defaults={"at": now})
    return Heartbeat.objects.select_for_update().get(pk=place.pk)


def _fill(first: date, before: date) -> int:
    zone = settings.TIME_ZONE
    confirmed, submitted = LogState.CONFIRMED.value, LogState.SUBMITTED.value
    parameters: list[Any] = [confirmed, confirmed, zone, zone, confirmed, submitted, first, before]
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(**TABLES, **WORDS[connection.vendor]), parameters)
        return int(cursor.rowcount)
