"""The rollup says what the entries say: against sums made in Python, whatever happened in between, however often it is made."""

from __future__ import annotations

import datetime as dt
import random
import statistics

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from activities.models import LogEntry
from notifications.models import Heartbeat
from notifications.tick_services import run_tick
from reports.dashboards.rollup import EVERY, made_at, median_of, rebuild_rollup, refresh_rollup
from reports.models import LogRollup

NOW = dt.datetime(2026, 10, 28, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
DAY = dt.timedelta(days=1)
FREE = ("self_study", "service", "other")
PEOPLE = (
    "er_member",
    "er_probationary",
    "er_secretary",
    "san_member",
    "san_activist",
    "si_secretary",
    "liu_member",
    "liu_activist",
    "classmate",
)


def entry(
    cast,
    name: str,
    on: dt.date,
    *,
    minutes: int = 60,
    purpose: str = "self_study",
    state: str = "confirmed",
    took: int = 2,
    hour: int = 12,
) -> LogEntry:
    """Handed in on its day at an hour of the portal's zone; confirmed so many days later at the same hour."""
    at = dt.datetime.combine(on, dt.time(hour), NOW.tzinfo)
    more = {}
    if state == "confirmed":
        more = {"confirmed_by": cast.user("er_deputy"), "confirmed_at": at + took * DAY}
    if state == "returned":
        more = {"return_reason": "缺少说明"}
    return LogEntry.objects.create(
        person=cast.person(name), on=on, minutes=minutes, purpose=purpose, summary="学习", state=state, created_at=at,
        submitted_at=None if state == "draft" else at, **more,
    )  # fmt: skip


def random_entries(cast, seed: int, count: int = 60) -> None:
    luck = random.Random(seed)  # sample rows, not secrets
    for _number in range(count):
        entry(
            cast, luck.choice(PEOPLE), dt.date(2026, 6, 1) + luck.randrange(150) * DAY, minutes=luck.randint(1, 300),
            purpose=luck.choice(FREE), state=luck.choice(("confirmed", "confirmed", "submitted", "returned", "draft")),
            took=luck.randrange(40), hour=luck.choice((0, 7, 12, 23)),
        )  # fmt: skip


def expected() -> dict[tuple, tuple]:
    """What the rollup must hold, counted in Python."""
    found: dict[tuple, list] = {}
    for row in LogEntry.objects.filter(state__in=("submitted", "confirmed")).select_related("person__party_branch"):
        branch = row.person.party_branch
        if branch is None or not branch.is_active:
            continue
        month = row.on.replace(day=1)
        for unit in ((None, branch.pk), (branch.department_id, None), (None, None)):
            sums = found.setdefault((month, *unit, row.purpose), [0, 0, 0, 0, {}])
            sums[0] += 1
            sums[1] += row.minutes
            if row.state == "confirmed":
                days = (timezone.localdate(row.confirmed_at) - timezone.localdate(row.submitted_at)).days
                sums[2] += 1
                sums[3] += row.minutes
                sums[4][str(days)] = sums[4].get(str(days), 0) + 1
    return {key: tuple(value) for key, value in found.items()}


def stored() -> dict[tuple, tuple]:
    columns = ("entries", "minutes", "confirmed_entries", "confirmed_minutes", "days")
    rows = LogRollup.objects.values_list("month", "department_id", "party_branch_id", "purpose", *columns)
    return {tuple(row[:4]): tuple(row[4:]) for row in rows}


@pytest.mark.parametrize("seed", range(3))
def test_the_rollup_is_the_entries_summed_up(cast, seed):
    random_entries(cast, seed)
    written = rebuild_rollup(now=NOW)
    assert stored() == expected()
    assert written == len(expected()) > 20
    rebuild_rollup(now=NOW)
    assert stored() == expected()


def test_days_are_those_of_the_portals_zone(cast):
    row = entry(cast, "er_member", dt.date(2026, 10, 1))
    # 1 October 23:30 to 2 October 0:30: an hour, and a day; in UTC both are the first.
    row.submitted_at = dt.datetime(2026, 10, 1, 23, 30, tzinfo=NOW.tzinfo)
    row.confirmed_at = dt.datetime(2026, 10, 2, 0, 30, tzinfo=NOW.tzinfo)
    row.save()
    rebuild_rollup(now=NOW)
    assert set(LogRollup.objects.values_list("confirmed_entries", flat=True)) == {1}
    assert [row.days for row in LogRollup.objects.all()] == [{"1": 1}] * 3


def test_a_closed_branch_and_people_without_one_are_not_in_it(cast):
    entry(cast, "san_member", dt.date(2026, 10, 1))
    entry(cast, "classmate", dt.date(2026, 10, 1))
    cast.san.is_active = False
    cast.san.save()
    assert rebuild_rollup(now=NOW) == 0


def test_a_tick_makes_this_month_and_the_last_anew_every_few_minutes(cast):
    entry(cast, "er_member", dt.date(2026, 8, 20))
    entry(cast, "er_member", dt.date(2026, 10, 20))
    assert made_at() is None
    assert refresh_rollup(now=NOW) == 6
    assert made_at() == NOW
    entry(cast, "er_member", dt.date(2026, 8, 21))
    entry(cast, "er_member", dt.date(2026, 9, 21))
    assert refresh_rollup(now=NOW + EVERY - dt.timedelta(seconds=1)) is None
    assert LogRollup.objects.count() == 6
    later = NOW + EVERY
    assert refresh_rollup(now=later) == 6
    assert made_at() == later
    counts = dict(LogRollup.objects.filter(party_branch=cast.er).values_list("month", "entries"))
    assert counts == {dt.date(2026, 8, 1): 1, dt.date(2026, 9, 1): 1, dt.date(2026, 10, 1): 1}
    rebuild_rollup(now=later)
    counts = dict(LogRollup.objects.filter(party_branch=cast.er).values_list("month", "entries"))
    assert counts[dt.date(2026, 8, 1)] == 2


def test_the_daily_job_follows_people_who_moved(cast, quiet_reminders):
    entry(cast, "er_member", dt.date(2026, 6, 20))
    run_tick(now=NOW)
    assert LogRollup.objects.filter(party_branch=cast.er).count() == 1
    person = cast.person("er_member")
    person.party_branch = cast.si
    person.save()
    run_tick(now=NOW + DAY)
    assert stored() == expected()
    assert list(LogRollup.objects.exclude(party_branch=None).values_list("party_branch", flat=True)) == [cast.si.pk]
    assert Heartbeat.objects.get(name="rollup").at == NOW + DAY


def test_the_command_makes_it(cast, capsys):
    entry(cast, "er_member", dt.date(2026, 6, 20))
    call_command("rebuild_rollup")
    assert capsys.readouterr().out == "3 rows\n"
    assert stored() == expected()


@given(st.lists(st.integers(min_value=0, max_value=400), max_size=60))
def test_the_median_of_a_histogram_is_that_of_its_values(values):
    counts = {value: values.count(value) for value in values}
    assert median_of(counts) == (statistics.median(values) if values else None)
