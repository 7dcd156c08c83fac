"""The quota, exact: weeks of RULES.md 4.2, what counts and why not."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.quota import (
    Flag,
    LectureFact,
    NotCounted,
    QuotaRules,
    WeekState,
    is_quota_week,
    judge,
    lectures_owed,
    monday_of,
    owes_lectures,
    quota_days,
    quota_weeks,
    season_start,
    week_status,
)
from branches.calendar import Calendar, TermSpan

AUTUMN = TermSpan(dt.date(2026, 9, 7), 18, 2, "autumn", 2026)
SPRING = TermSpan(dt.date(2027, 3, 1), 18, 2, "spring", 2026)
HOLIDAYS = {dt.date(2026, 10, day): "holiday" for day in range(1, 8)} | {
    dt.date(2026, 10, 10): "makeup",
    dt.date(2027, 1, 1): "holiday",
}
CALENDAR = Calendar((AUTUMN, SPRING), HOLIDAYS)
RULES = QuotaRules()
W6 = dt.date(2026, 10, 12)


def fact(**changes) -> LectureFact:
    values = {
        "audience_id": 1, "lecture_id": 1, "on": dt.date(2026, 10, 13), "minutes": 30, "lecture_state": "delivered",
        "audience_state": "confirmed", "textbook_is_prescribed": True, "recorded_on": dt.date(2026, 10, 13),
    }  # fmt: skip
    return LectureFact(**values | changes)


def test_first_quota_week_of_2026_is_12_to_18_october():
    weeks = quota_weeks(CALENDAR, RULES, dt.date(2026, 9, 1), dt.date(2027, 1, 31))
    assert weeks[0] == W6
    assert CALENDAR.teaching_week(W6) == 6


def test_the_weeks_of_the_national_holiday_do_not_count_but_the_new_year_week_does():
    assert not is_quota_week(CALENDAR, dt.date(2026, 9, 28), RULES)
    assert not is_quota_week(CALENDAR, dt.date(2026, 10, 5), RULES)
    assert is_quota_week(CALENDAR, dt.date(2026, 12, 28), RULES)


def test_the_worked_example_of_the_rules_week_by_week():
    """Term start 7 September 2026: W4 and W5 have three teaching days, W6 is the first quota week, W17 counts with four."""
    start = dt.date(2026, 9, 7)
    week = [start + dt.timedelta(weeks=number) for number in range(20)]
    holidays = {dt.date(2026, 9, 25): "holiday", **HOLIDAYS}
    calendar = Calendar((AUTUMN, SPRING), holidays)
    assert (week[3], week[4], week[5]) == (dt.date(2026, 9, 28), dt.date(2026, 10, 5), dt.date(2026, 10, 12))
    assert [quota_days(calendar, week[number - 1], RULES) for number in (4, 5, 6, 17)] == [3, 3, 5, 4]
    assert [lectures_owed(calendar, monday, RULES) for monday in week[:6]] == [0, 0, 0, 0, 0, 2]
    assert week[16] == dt.date(2026, 12, 28)
    assert lectures_owed(calendar, week[16], RULES) == 2
    assert quota_weeks(calendar, RULES, start, dt.date(2027, 1, 31)) == week[5:18]


@pytest.mark.parametrize(
    ("days", "lectures_a_week", "owed"), [(1, 2, 1), (2, 2, 1), (3, 2, 2), (3, 3, 2), (3, 1, 1), (0, 2, 0)]
)
def test_a_short_week_owes_its_share_rounded_up_where_the_college_says_so(days, lectures_a_week, owed):
    monday = dt.date(2026, 10, 19)
    off = {monday + dt.timedelta(days=number): "holiday" for number in range(5 - days)}
    rules = QuotaRules(lectures_a_week=lectures_a_week, short_weeks_pro_rata=True)
    calendar = Calendar((AUTUMN,), off)
    assert lectures_owed(calendar, monday, rules) == owed
    assert lectures_owed(calendar, monday, QuotaRules(lectures_a_week=lectures_a_week)) == 0
    state = week_status(calendar=calendar, rules=rules, monday=monday, today=monday, owes=True).state
    assert state == (WeekState.RUNNING if owed else WeekState.NOT_OWED)


def test_a_lecture_on_any_day_of_the_week_counts_for_it():
    for number in range(7):
        on = W6 + dt.timedelta(days=number)
        assert status([fact(on=on, recorded_on=on)]).counted == 1


def test_the_whole_academic_year_has_exam_weeks_but_no_holidays():
    rules = QuotaRules(whole_year=True)
    weeks = quota_weeks(CALENDAR, rules, dt.date(2026, 9, 1), dt.date(2027, 8, 31))
    assert [week for week in weeks if CALENDAR.is_exam_week(week)] == [
        dt.date(2027, 1, 11), dt.date(2027, 1, 18), dt.date(2027, 7, 5), dt.date(2027, 7, 12),
    ]  # fmt: skip
    assert [week for week in weeks if CALENDAR.term_of(week) is None] == []


def test_season_ends_before_the_exams_of_each_term():
    weeks = quota_weeks(CALENDAR, RULES, dt.date(2026, 9, 1), dt.date(2027, 8, 31))
    assert [week for week in weeks if CALENDAR.is_exam_week(week)] == []
    assert weeks[-1] == SPRING.start_monday + dt.timedelta(weeks=17)


@pytest.mark.parametrize(
    ("year", "expected"), [(2026, dt.date(2026, 10, 5)), (2027, dt.date(2027, 10, 4)), (2029, dt.date(2029, 10, 1))]
)
def test_season_starts_on_the_first_monday_of_october(year, expected):
    assert season_start(year, RULES) == expected


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"minutes": 29}, NotCounted.TOO_SHORT),
        ({"minutes": 30}, None),
        ({"textbook_is_prescribed": False}, NotCounted.OTHER_MATERIAL),
        ({"audience_state": "waiting"}, NotCounted.NOT_CONFIRMED),
        ({"audience_state": "denied"}, NotCounted.DENIED),
        ({"lecture_state": "cancelled"}, NotCounted.CANCELLED),
        ({"lecture_state": "planned"}, NotCounted.PLANNED),
    ],
)
def test_what_counts_and_the_first_reason_why_not(changes, why):
    verdict = judge(fact(**changes), RULES, is_exempt=False)
    assert (verdict.counts, verdict.why) == (why is None, why)


def test_late_entry_and_a_speaker_without_duty_count_and_are_flagged():
    verdict = judge(
        fact(recorded_on=dt.date(2026, 10, 21), speakers_on_duty=False, audiences=2), RULES, is_exempt=False
    )
    assert verdict.counts
    assert verdict.flags == (Flag.LATE_ENTRY, Flag.SPEAKER_WITHOUT_DUTY, Flag.SHARED)
    assert judge(fact(recorded_on=dt.date(2026, 10, 20)), RULES, is_exempt=False).flags == ()


def test_other_material_counts_where_the_college_allows_it():
    verdict = judge(fact(textbook_is_prescribed=False), QuotaRules(textbook_required=False), is_exempt=False)
    assert verdict.counts


def status(lectures=(), *, today=dt.date(2026, 10, 15), owes=True, exemptions=(), monday=W6):
    return week_status(
        calendar=CALENDAR, rules=RULES, monday=monday, today=today, owes=owes, exemptions=exemptions, lectures=lectures
    )


def test_states_of_a_week():
    assert status([fact(), fact()]).state == WeekState.MET
    assert status([fact()]).state == WeekState.RUNNING
    assert status([fact()], today=dt.date(2026, 10, 18)).state == WeekState.RUNNING
    assert status([fact()], today=dt.date(2026, 10, 19)).state == WeekState.MISSED
    assert status(owes=False).state == WeekState.NOT_OWED
    assert status(monday=dt.date(2026, 10, 5)).state == WeekState.NOT_OWED


def test_a_week_touched_by_an_exemption_is_exempt_and_its_lectures_do_not_count():
    touched = status([fact()], exemptions=[(dt.date(2026, 10, 18), dt.date(2026, 10, 20))])
    assert (touched.state, touched.required, touched.counted) == (WeekState.EXEMPT, 0, 0)
    assert touched.verdicts[0].why == NotCounted.EXEMPT
    assert status(exemptions=[(dt.date(2026, 10, 19), dt.date(2026, 10, 25))]).state == WeekState.RUNNING


@pytest.mark.parametrize(
    ("study_year", "has_branch", "limit", "expected"),
    [
        (1, True, 1, True),
        (2, True, 1, False),
        (2, True, 2, True),
        (1, False, 1, False),
        (0, True, 1, False),
        (3, True, 2, False),
    ],
)
def test_only_junior_league_branches_with_a_responsible_branch_owe(study_year, has_branch, limit, expected):
    assert owes_lectures(study_year, has_branch, QuotaRules(junior_study_years=limit)) is expected


@given(st.dates(dt.date(2020, 1, 1), dt.date(2035, 12, 31)))
def test_every_day_belongs_to_the_week_of_its_monday(day):
    monday = monday_of(day)
    assert monday.weekday() == 0
    assert dt.timedelta(0) <= day - monday <= dt.timedelta(days=6)


@given(st.dates(dt.date(2026, 8, 1), dt.date(2027, 8, 31)), st.lists(st.sampled_from([10, 29, 30, 45]), max_size=5))
def test_counted_never_exceeds_lectures_and_missing_never_goes_below_zero(day, lengths):
    monday = monday_of(day)
    lectures = [fact(on=monday, minutes=minutes, recorded_on=monday) for minutes in lengths]
    week = status(lectures, monday=monday, today=day)
    assert week.counted == sum(minutes >= 30 for minutes in lengths)
    assert week.missing == max(0, week.required - week.counted)


@given(st.sets(st.dates(dt.date(2026, 9, 7), dt.date(2027, 1, 10)), max_size=20))
def test_more_holidays_never_make_more_quota_weeks(extra):
    fewer = Calendar((AUTUMN,), {})
    more = Calendar((AUTUMN,), dict.fromkeys(extra, "holiday"))
    first, last = dt.date(2026, 9, 1), dt.date(2027, 2, 1)
    assert set(quota_weeks(more, RULES, first, last)) <= set(quota_weeks(fewer, RULES, first, last))
