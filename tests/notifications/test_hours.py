"""The quiet hours and the hour of the summary, for every hour there is."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from branches.policy import RULES
from notifications.hours import SendingHours

CHINA = dt.timezone(dt.timedelta(hours=8))


def within(key):
    return st.integers(RULES[key].low, RULES[key].high)


hours = st.builds(SendingHours, within("quiet_from_hour"), within("quiet_until_hour"), within("digest_hour"))
moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: dt.datetime(2026, 1, 1, tzinfo=CHINA) + dt.timedelta(minutes=minutes)
)


@given(hours, moments)
def test_the_quiet_hours_end_at_the_next_hour_that_is_not_quiet(hours, now):
    end = hours.quiet_ends(now)
    assert (end is None) == (not hours.is_quiet(now.hour))
    if end is not None:
        assert now < end <= now + dt.timedelta(hours=16)
        assert not hours.is_quiet(end.astimezone(CHINA).hour)
        assert end.minute == 5
        step = now
        while step + dt.timedelta(hours=1) < end:
            assert hours.is_quiet(step.hour)
            step += dt.timedelta(hours=1)


@given(hours, moments, st.none() | st.integers(0, 23))
def test_a_summary_never_goes_out_in_the_quiet_hours_and_on_its_own_day(hours, now, own_hour):
    at = hours.digest_at(now.date(), own_hour).astimezone(CHINA)
    assert (at.date(), at.minute) == (now.date(), 5)
    assert not hours.is_quiet(at.hour)
    wanted = hours.digest if own_hour is None else own_hour
    assert at.hour == wanted or hours.is_quiet(wanted)


def test_the_hours_to_choose_from():
    assert SendingHours(22, 7, 8).loud_hours() == list(range(7, 22))
    assert SendingHours(24, 0, 8).loud_hours() == list(range(24))
