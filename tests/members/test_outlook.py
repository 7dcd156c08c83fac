"""What the calendar still allows (RULES.md 1.10, R13): earliest and latest lawful days against internship and graduation."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branches.policy import RULES
from members.outlook import LifeFacts, if_activist_by, is_on_campus, latest_days, outlook, within_reach
from members.stages import Stage

TODAY = dt.date(2026, 10, 29)
INTERNSHIP = (dt.date(2028, 1, 3), dt.date(2028, 6, 30))
days = st.dates(dt.date(2020, 1, 1), dt.date(2032, 12, 31))


def number(key):
    return RULES[key].default


def look(today=TODAY, **facts):
    dates = {name: facts.pop(name, None) for name in ("applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on")}  # fmt: skip
    return outlook(LifeFacts(dates, **facts), number=number, today=today)


def days_of(found):
    return {milestone.stage.value: milestone.on for milestone in found.milestones}


def test_the_fastest_way_of_a_diploma_student_who_applies_in_the_first_term():
    found = look(applied_on=dt.date(2026, 9, 20), leaves_on=dt.date(2029, 6, 30), away=[INTERNSHIP])

    assert days_of(found) == {
        "applicant": dt.date(2026, 9, 20), "activist": TODAY, "candidate": dt.date(2027, 10, 29),
        # Three months on, the internship has begun: the meeting waits until it is over.
        "probationary": dt.date(2028, 7, 1), "full": dt.date(2029, 7, 1),
    }  # fmt: skip
    assert (found.can_be_admitted, found.converts_off_campus) == (True, True)


def test_whoever_leaves_within_three_months_is_not_admitted():
    boundary = look(candidate_on=dt.date(2026, 7, 1), applied_on=dt.date(2025, 1, 1), activist_on=dt.date(2025, 6, 1), leaves_on=dt.date(2027, 1, 29))  # fmt: skip
    too_late = look(candidate_on=dt.date(2026, 7, 1), applied_on=dt.date(2025, 1, 1), activist_on=dt.date(2025, 6, 1), leaves_on=dt.date(2027, 1, 28))  # fmt: skip

    assert (boundary.can_be_admitted, too_late.can_be_admitted) == (True, False)
    assert too_late.of(Stage.PROBATIONARY).is_too_late


def test_the_latest_days_are_reckoned_back_from_leaving():
    assert latest_days(dt.date(2029, 6, 30), number) == {
        Stage.FULL: dt.date(2029, 6, 30), Stage.PROBATIONARY: dt.date(2029, 3, 30), Stage.CANDIDATE: dt.date(2028, 12, 30),
        Stage.ACTIVIST: dt.date(2027, 12, 30), Stage.APPLICANT: dt.date(2027, 12, 30),
    }  # fmt: skip


def test_a_leap_day_adds_a_year_as_the_calendar_does():
    found = look(today=dt.date(2024, 3, 1), admitted_on=dt.date(2024, 2, 29))

    assert found.of(Stage.FULL).on == dt.date(2025, 2, 28)


def test_whoever_is_not_grown_up_waits_for_the_birthday():
    assert look(born_on=dt.date(2009, 2, 28)).of(Stage.APPLICANT).on == dt.date(2027, 2, 28)


def test_an_open_absence_is_never_over():
    found = look(applied_on=dt.date(2026, 9, 1), away=[(dt.date(2026, 10, 1), None)])

    assert (found.of(Stage.ACTIVIST).is_on_campus, found.can_be_admitted) == (False, False)


def test_an_extension_moves_the_end_of_probation():
    assert look(admitted_on=dt.date(2025, 11, 1), extended_to=dt.date(2027, 5, 1)).of(Stage.FULL).on == dt.date(
        2027, 5, 1
    )


def test_a_cohort_is_counted_with_and_without_the_march_list():
    cohort = [
        LifeFacts({"applied_on": dt.date(2026, 9, 20)}, leaves_on=leaves)
        for leaves in (dt.date(2028, 6, 30), dt.date(2028, 9, 30), dt.date(2029, 6, 30))
    ]
    now = within_reach(outlook(facts, number=number, today=TODAY) for facts in cohort)
    march = within_reach(if_activist_by(facts, dt.date(2027, 3, 31), number=number, today=TODAY) for facts in cohort)

    assert (now, march) == ((3, 3), (2, 3))


@pytest.mark.parametrize(
    ("on", "here"),
    [
        (dt.date(2028, 1, 2), True),
        (dt.date(2028, 1, 3), False),
        (dt.date(2028, 6, 30), False),
        (dt.date(2028, 7, 1), True),
        (dt.date(2029, 6, 30), True),
        (dt.date(2029, 7, 1), False),
    ],
)
def test_first_and_last_days_away_and_the_last_day_at_college(on, here):
    assert is_on_campus(on, LifeFacts({}, leaves_on=dt.date(2029, 6, 30), away=[INTERNSHIP])) is here


@given(days, days)
def test_an_earlier_application_never_makes_anything_later(first, second):
    earlier, later = sorted((first, second))
    today = later
    early, late = look(today=today, applied_on=earlier), look(today=today, applied_on=later)

    assert all(a.on <= b.on for a, b in zip(early.milestones, late.milestones, strict=True))


@given(days, days)
def test_the_days_of_the_stages_stand_in_order(applied, leaves):
    found = [milestone.on for milestone in look(today=applied, applied_on=applied, leaves_on=leaves).milestones]

    assert found == sorted(found)
