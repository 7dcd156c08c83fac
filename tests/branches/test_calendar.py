"""The academic calendar: weeks, teaching days, and where a day lies."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template import Context, Template
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from branches.calendar import Calendar, TermSpan, week_start, weeks_between
from branches.services import load_calendar

D = dt.date
DAYS = {D(2026, 10, day): "holiday" for day in range(1, 8)} | {
    D(2026, 9, 20): "makeup", D(2026, 10, 10): "makeup", D(2027, 1, 1): "holiday", D(2026, 9, 25): "holiday"
}  # fmt: skip
AUTUMN = TermSpan(D(2026, 9, 7), 18, 2, "autumn", 2026)
SPRING = TermSpan(D(2027, 3, 1), 18, 2, "spring", 2026)
CALENDAR = Calendar((AUTUMN, SPRING), DAYS)

any_day = st.dates(D(2025, 1, 1), D(2028, 12, 31))


@pytest.mark.parametrize(
    ("on", "week"),
    [
        (D(2026, 9, 6), None), (D(2026, 9, 7), 1), (D(2026, 9, 13), 1), (D(2026, 9, 14), 2), (D(2026, 9, 28), 4),
        (D(2026, 10, 4), 4), (D(2026, 10, 5), 5), (D(2026, 10, 12), 6), (D(2026, 12, 28), 17), (D(2027, 1, 3), 17),
        (D(2027, 1, 10), 18), (D(2027, 1, 11), 19), (D(2027, 1, 24), 20), (D(2027, 1, 25), None), (D(2027, 3, 1), 1),
    ],
)  # fmt: skip
def test_weeks_are_counted_from_the_first_monday_through_holidays(on, week):
    assert CALENDAR.teaching_week(on) == week


@pytest.mark.parametrize(
    ("monday", "week", "days"),
    [
        (D(2026, 9, 28), 4, 3), (D(2026, 10, 5), 5, 3), (D(2026, 10, 12), 6, 5), (D(2026, 12, 28), 17, 4),
        (D(2026, 9, 14), 2, 6), (D(2026, 9, 21), 3, 4), (D(2027, 1, 11), 19, 0), (D(2027, 1, 25), None, 0),
    ],
)  # fmt: skip
def test_teaching_days_of_the_weeks_of_2026(monday, week, days):
    assert (CALENDAR.teaching_week(monday), CALENDAR.teaching_days(monday)) == (week, days)


@pytest.mark.parametrize(
    ("kind", "on", "teaches"),
    [
        ("holiday", D(2026, 11, 4), False), ("exam", D(2026, 11, 4), False), ("break", D(2026, 11, 4), False),
        ("makeup", D(2026, 11, 7), True), ("makeup", D(2026, 11, 8), True), ("makeup", D(2026, 11, 4), True),
        ("makeup", D(2027, 1, 16), False), ("makeup", D(2027, 2, 6), False),
    ],
)  # fmt: skip
def test_what_a_marked_day_is(kind, on, teaches):
    assert Calendar((AUTUMN,), {on: kind}).is_teaching_day(on) is teaches


def test_exam_weeks_follow_the_teaching_weeks():
    exam = [on for on in (D(2027, 1, 10), D(2027, 1, 11), D(2027, 1, 24), D(2027, 1, 25)) if CALENDAR.is_exam_week(on)]
    assert exam == [D(2027, 1, 11), D(2027, 1, 24)]


def test_the_academic_year_goes_on_in_spring_and_stops_between_terms():
    days = (D(2026, 12, 31), D(2027, 1, 1), D(2027, 2, 10), D(2027, 5, 4), D(2027, 8, 1))
    assert [CALENDAR.academic_year_start(on) for on in days] == [2026, 2026, None, 2026, None]


def test_weeks_between_holds_the_weeks_of_both_ends():
    assert weeks_between(D(2026, 12, 30), D(2027, 1, 4)) == [D(2026, 12, 28), D(2027, 1, 4)]
    assert weeks_between(D(2027, 1, 4), D(2027, 1, 3)) == [D(2027, 1, 4)][:0]
    assert AUTUMN.mondays[0] == AUTUMN.start_monday
    assert len(AUTUMN.mondays) == 20


@given(any_day)
def test_a_week_starts_on_monday_and_holds_its_days(on):
    monday = week_start(on)
    assert monday.weekday() == 0
    assert 0 <= (on - monday).days <= 6
    assert weeks_between(on, on) == [monday]


@given(any_day)
def test_a_week_number_changes_on_mondays_only(on):
    next_day = on + dt.timedelta(days=1)
    if next_day.weekday() != 0:
        assert CALENDAR.teaching_week(next_day) == CALENDAR.teaching_week(on)
    elif None not in (CALENDAR.teaching_week(on), CALENDAR.teaching_week(next_day)):
        assert CALENDAR.teaching_week(next_day) == CALENDAR.teaching_week(on) + 1


@given(st.sampled_from(AUTUMN.mondays[:18]), st.sets(st.integers(0, 6)), st.sets(st.integers(0, 6)))
def test_holidays_take_days_away_and_make_up_days_bring_them_back(monday, holidays, makeups):
    days = {monday + dt.timedelta(days=n): "holiday" for n in holidays} | {
        monday + dt.timedelta(days=n): "makeup" for n in makeups
    }
    assert Calendar((AUTUMN,), days).teaching_days(monday) == len(({0, 1, 2, 3, 4} - holidays) | makeups)


def test_a_day_is_named_with_its_week():
    with translation.override("zh-hans"):
        labels = [CALENDAR.label(on) for on in (D(2026, 10, 12), D(2027, 1, 12), D(2027, 2, 10))]
    assert labels == ["2026年10月12日（第6教学周）", "2027年1月12日（考试周）", "2027年2月10日"]


def test_the_filter_names_the_week_of_days_and_moments():
    template = Template(
        "{% load calendar_tags %}{{ day|week_date:calendar }}|{{ moment|week_date:calendar }}|{{ none|week_date:calendar }}"
    )
    moment = dt.datetime(2026, 10, 11, 16, 30, tzinfo=dt.UTC)  # Monday already in Shanghai
    with translation.override("zh-hans"):
        text = template.render(Context({"day": D(2026, 10, 12), "moment": moment, "none": None, "calendar": CALENDAR}))
    assert text == "2026年10月12日（第6教学周）|2026年10月12日（第6教学周）|"


def test_the_calendar_is_read_in_two_queries(cast, django_assert_num_queries):
    with django_assert_num_queries(2):
        calendar = load_calendar()
    assert calendar.terms == (AUTUMN,)
    assert calendar.teaching_days(D(2026, 10, 5)) == 3
