"""What a mentor assessment counts, as arithmetic: bounded, and never worse for more of the good."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations import assessment_rules as rules
from evaluations import scoring
from evaluations.assessment_rules import Span

FIRST, LAST = dt.date(2026, 9, 1), dt.date(2027, 8, 31)
days = st.integers(-40, 400).map(lambda number: FIRST + dt.timedelta(days=number))
spans = days.map(lambda today: Span.of(FIRST, LAST, today))


def points(windows) -> Fraction | None:
    over = [window for window in windows if window.is_over]
    return scoring.regularity(sum(window.talks > 0 for window in over), len(over))


def span(today: str) -> Span:
    return Span.of(FIRST, LAST, dt.date.fromisoformat(today))


def test_what_can_still_be_done_today_is_not_owed_yet():
    assert span("2026-10-28") == Span(FIRST, dt.date(2026, 10, 28), dt.date(2026, 10, 27), LAST)
    assert span("2028-01-01") == Span(FIRST, LAST, LAST, LAST)


@pytest.mark.parametrize(
    ("today", "ended_on", "expected"),
    [
        ("2026-09-30", None, [("2026-09-01", "2026-09-30", False)]),
        ("2026-10-01", None, [("2026-09-01", "2026-09-30", True), ("2026-10-01", "2026-10-30", False)]),
        ("2026-10-28", dt.date(2026, 9, 29), []),
        ("2026-10-28", dt.date(2026, 9, 30), [("2026-09-01", "2026-09-30", True)]),
    ],
)
def test_only_whole_windows_count_and_the_running_one_is_named(today, ended_on, expected):
    windows = rules.talk_windows(FIRST, ended_on, 30, [], span(today))
    assert [(str(one.first), str(one.last), one.is_over) for one in windows] == expected


def test_a_link_from_before_the_year_is_looked_at_from_the_first_day_of_the_year():
    windows = rules.talk_windows(dt.date(2026, 3, 3), None, 30, [dt.date(2026, 8, 30)], span("2026-10-02"))
    assert [(str(one.first), one.talks) for one in windows] == [("2026-09-01", 0), ("2026-10-01", 0)]


@given(begins=days, ended=st.none() | days, every=st.integers(7, 90), talks=st.lists(days), more=days, span=spans)
def test_more_talks_are_never_worse_and_nobody_has_more_than_all(begins, ended, every, talks, more, span):
    before = points(rules.talk_windows(begins, ended, every, talks, span))
    after = points(rules.talk_windows(begins, ended, every, [*talks, more], span))
    if before is None:
        assert after is None
    else:
        assert 0 <= before <= after <= 100


@given(begins=days, ended=st.none() | days, every=st.integers(7, 90), talks=st.lists(days), span=spans)
def test_windows_follow_each_other_and_the_order_of_talks_says_nothing(begins, ended, every, talks, span):
    windows = rules.talk_windows(begins, ended, every, talks, span)
    assert windows == rules.talk_windows(begins, ended, every, talks[::-1], span)
    assert all((one.last - one.first).days == every - 1 for one in windows)
    assert all((after.first - before.last).days == 1 for before, after in pairwise(windows))
    assert all(one.last <= span.owed_until for one in windows if one.is_over)


@given(due=days, done=st.none() | days, until=days, span=spans)
def test_what_is_done_is_asked_after_as_long_as_it_is_of_the_year(due, done, until, span):
    if rules.is_done(done, until=until, span=span) and FIRST <= due <= LAST:
        assert rules.is_due(due, done, until=until, span=span)


@given(
    done=st.fractions(0, 50), owed=st.fractions(0, 50), more=st.fractions(0, 50), evidence=st.integers(0, 9)
)  # fmt: skip
def test_shares_are_bounded_and_more_is_never_worse(done, owed, more, evidence):
    before, after = rules.fulfilled(done, owed, evidence), rules.fulfilled(done + more, owed, evidence)
    if not owed:
        assert (before.points, after.points) == (None, None)
    else:
        assert 0 <= before.points <= after.points <= 100


def test_two_speakers_owe_half_each_and_one_is_never_divided_by_nobody():
    assert (rules.share_of(2, 2), rules.share_of(1, 2), rules.share_of(2, 0)) == (1, Fraction(1, 2), 2)


@given(st.lists(st.integers(100, 500), min_size=1))
def test_marks_become_points_between_none_and_all(marks):
    counted = rules.said(marks, 1)
    assert 0 <= counted.points <= 100
    assert counted.done == Fraction(sum(marks), len(marks))


def test_half_a_point_is_rounded_up():
    assert (rules.whole(Fraction(1, 2)), rules.whole(Fraction(49, 100)), rules.whole(None)) == (1, 0, None)
