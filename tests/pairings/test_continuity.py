"""The months ahead, exact: half a month, half the votes, conversions off campus, and what may be done about a gap."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from pairings.continuity import (
    AbsenceFact,
    ContinuityRules,
    OffCampus,
    PersonFacts,
    Remedy,
    RemedyKind,
    conversion_due_on,
    forecast,
    forecast_branches,
    months_ahead,
    remedies,
)

TODAY = dt.date(2026, 10, 28)
RULES = ContinuityRules()


def day(month: int, number: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, number)


def full(key: int = 1, *absences: tuple[dt.date, dt.date | None], **changes) -> PersonFacts:
    values = {"admitted_on": day(5, 10, 2025), "converted_on": day(5, 10)} | changes
    return PersonFacts(key, f"N{key:02}", f"P{key}", 1, absences=tuple(AbsenceFact(*one) for one in absences), **values)


def probationary(key: int = 9, *absences: tuple[dt.date, dt.date | None], **changes) -> PersonFacts:
    return full(key, *absences, **{"admitted_on": day(5, 20), "converted_on": None} | changes)


def month(people, number: int, year: int = 2026, **more):
    found = {one.month: one for one in forecast(people, today=TODAY, months=60, **more).months}
    return found[day(number, 1, year)]


def numbers(people, number: int, year: int = 2026, **more) -> tuple[int, int, int, bool]:
    one = month(people, number, year, **more)
    return one.members, one.on_campus, one.full_on_campus, one.gap


def test_24_months_begin_with_the_running_one_and_cross_the_years():
    months = [one.month for one in forecast([], today=TODAY).months]
    assert (months[0], months[3], months[-1], len(months)) == (day(10, 1), day(1, 1, 2027), day(9, 1, 2028), 24)


@pytest.mark.parametrize("months", [0, -1, 61])
def test_only_1_to_60_months_can_be_asked_for(months):
    with pytest.raises(ValueError, match="from 1 to 60"):
        months_ahead(TODAY, months)
    assert len(months_ahead(TODAY, 60)) == 60


@pytest.mark.parametrize(
    ("first", "last", "is_there"),
    [
        (day(11, 1), day(11, 15), False),  # 15 of 30 days are half, not more
        (day(11, 1), day(11, 14), True),
        (day(11, 16), day(11, 30), False),
        (day(11, 17), day(11, 30), True),
        (day(11, 17), None, True),
        (day(10, 1), day(11, 15), False),
        (day(11, 16), day(12, 31), False),
    ],
)
def test_on_campus_means_more_than_half_of_the_days(first, last, is_there):
    assert month([full(1, (first, last))], 11).on_campus == is_there


@pytest.mark.parametrize(
    ("year", "last_day_away", "is_there"),
    [(2027, 13, True), (2027, 14, False), (2028, 14, True), (2028, 15, False)],
)
def test_february_has_28_or_29_days(year, last_day_away, is_there):
    away = (day(2, 1, year), day(2, last_day_away, year))
    assert month([full(1, away)], 2, year).on_campus == is_there


def test_a_month_of_31_days_needs_16_and_both_ends_of_an_absence_count():
    assert month([full(1, (day(12, 17), day(12, 31)))], 12).on_campus == 1
    assert month([full(1, (day(12, 16), day(12, 31)))], 12).on_campus == 0


def test_absences_that_overlap_are_counted_once():
    twice = full(1, (day(11, 1), day(11, 10)), (day(11, 5), day(11, 14)))
    assert month([twice], 11).on_campus == 1
    assert month([full(1, (day(11, 1), day(11, 8)), (day(11, 9), day(11, 15)))], 11).on_campus == 0


def test_an_internship_of_everybody_is_a_gap_from_its_first_whole_month_to_its_last():
    people = [full(key, (day(11, 20), day(5, 31, 2027))) for key in (1, 2, 3)]
    assert numbers(people, 11) == (3, 3, 3, False)
    assert numbers(people, 12) == (3, 0, 0, True)
    assert numbers(people, 5, 2027) == (3, 0, 0, True)
    assert numbers(people, 6, 2027) == (3, 3, 3, False)
    assert month(people, 12).empty


def test_exactly_half_of_the_votes_is_no_quorum_and_one_more_is():
    away = (day(11, 1), day(11, 30))
    two_of_four = [full(1), full(2), full(3, away), full(4, away)]
    assert numbers(two_of_four, 11) == (4, 2, 2, True)
    assert month(two_of_four, 11).empty is False
    assert numbers([*two_of_four, full(5)], 11) == (5, 3, 3, False)


def test_one_day_with_a_quorum_is_enough_and_is_named():
    people = [full(1), full(2, (day(10, 1), day(11, 11)), (day(11, 13), None)), full(3, (day(10, 1), None))]
    november = month(people, 11)
    assert (november.full_on_campus, november.gap, november.quorum_days) == (1, False, 1)
    assert (november.first_quorum_on, november.last_quorum_on) == (day(11, 12), day(11, 12))
    assert month(people, 12).gap


def test_many_on_campus_but_never_together_are_a_gap():
    # Each of three is there 20 of 30 days, yet never all three, and two of five are away all the time.
    parts = [(day(11, 1), day(11, 10)), (day(11, 11), day(11, 20)), (day(11, 21), day(11, 30))]
    people = [full(1 + place, part) for place, part in enumerate(parts)]
    people += [full(key, (day(10, 1), None)) for key in (4, 5)]
    assert numbers(people, 11) == (5, 3, 3, True)


def test_probationary_members_have_no_vote():
    people = [full(1, (day(11, 1), day(11, 30))), probationary(8), probationary(9)]
    assert numbers(people, 11) == (3, 2, 0, True)
    assert numbers([full(1), probationary(8, (day(11, 1), None)), probationary(9, (day(11, 1), None))], 11)[3] is False


def test_a_branch_without_full_members_or_people_is_a_gap_and_below_three():
    nobody = month([], 11)
    assert (nobody.members, nobody.gap, nobody.empty, nobody.below_three) == (0, True, True, True)
    assert month([full(1), full(2)], 11).below_three is True
    assert month([full(1), full(2), full(3)], 11).below_three is False


def test_below_three_counts_full_members_wherever_they_are():
    assert month([full(key, (day(11, 1), None)) for key in (1, 2, 3)], 11).below_three is False


def test_graduation_day_is_the_last_in_the_branch_and_the_day_of_leaving_the_first_outside():
    graduate = full(1, graduates_on=day(6, 30, 2027))
    assert [month([graduate], number, 2027).members for number in (6, 7)] == [1, 0]
    assert month([full(1, graduates_on=day(6, 15, 2027))], 6, 2027).members == 0
    assert month([full(1, graduates_on=day(6, 16, 2027))], 6, 2027).members == 1
    assert month([full(1, left_on=day(6, 16, 2027))], 6, 2027).members == 0
    assert month([full(1, left_on=day(6, 17, 2027))], 6, 2027).members == 1
    assert month([full(1, graduates_on=day(6, 30, 2027), left_on=day(1, 1, 2027))], 1, 2027).members == 0


def test_nobody_is_a_member_before_admission_and_applicants_never():
    assert [month([probationary(admitted_on=day(12, 10))], number).members for number in (11, 12)] == [0, 1]
    assert month([full(1, admitted_on=None, converted_on=None)], 11).members == 0
    assert month([full(1, admitted_on=None)], 11).full_on_campus == 1


def test_conversion_is_presumed_on_the_day_probation_ends_unless_told_otherwise():
    people = [probationary()]
    assert [month(people, number, 2027).full_members for number in (5, 6)] == [0, 1]
    assert month(people, 5, 2027).first_quorum_on == day(5, 20, 2027)
    assert month(people, 6, 2027, assume_conversion=False).full_members == 0


def test_an_extension_moves_the_presumed_conversion():
    people = [probationary(extended_to=day(11, 20, 2027))]
    assert [month(people, number, 2027).full_members for number in (6, 11, 12)] == [0, 0, 1]


def test_an_overdue_conversion_is_presumed_for_today_never_for_the_past():
    people = [probationary(admitted_on=day(9, 1, 2025))]
    october = month(people, 10)
    assert (october.full_members, october.first_quorum_on) == (0, TODAY)
    assert month(people, 11).full_members == 1


@pytest.mark.parametrize(
    ("admitted_on", "due_on"),
    [
        (day(2, 29, 2028), day(2, 28, 2029)),
        (day(2, 28, 2027), day(2, 28, 2028)),
        (day(12, 31, 2026), day(12, 31, 2027)),
    ],
)
def test_probation_is_a_calendar_year(admitted_on, due_on):
    assert conversion_due_on(probationary(admitted_on=admitted_on), RULES) == due_on


def conversions(*people):
    return [
        (one.person.key, one.due_on, one.why, one.until, one.absence_kind)
        for one in forecast(people, today=TODAY).conversions
    ]


def test_conversions_while_away_say_until_when_and_follow_a_chain_of_absences():
    due = day(5, 20, 2027)
    assert conversions(probationary(9, (day(3, 1, 2027), due))) == [(9, due, OffCampus.AWAY, due, "")]
    assert conversions(probationary(9, (due, day(6, 1, 2027)))) == [(9, due, OffCampus.AWAY, day(6, 1, 2027), "")]
    chain = ((day(3, 1, 2027), day(6, 30, 2027)), (day(7, 1, 2027), day(8, 31, 2027)), (day(9, 2, 2027), None))
    assert conversions(probationary(9, *chain)) == [(9, due, OffCampus.AWAY, day(8, 31, 2027), "")]
    assert conversions(probationary(9, (day(3, 1, 2027), None))) == [(9, due, OffCampus.AWAY, None, "")]
    assert conversions(probationary(9, (day(3, 1, 2027), day(5, 19, 2027)), (day(5, 21, 2027), None))) == []


def test_conversions_after_graduation_are_listed_and_not_those_of_who_has_left():
    due = day(5, 20, 2027)
    assert conversions(probationary(graduates_on=day(5, 19, 2027))) == [(9, due, OffCampus.GRADUATED, None, "")]
    assert conversions(probationary(graduates_on=due)) == []
    assert conversions(probationary(graduates_on=day(3, 1, 2027), left_on=due)) == []


def test_conversions_outside_the_months_and_of_full_members_are_not_listed():
    away = (day(1, 1), None)
    overdue = probationary(2, away, admitted_on=day(9, 30, 2025))
    distant = probationary(3, away, extended_to=day(10, 1, 2028))
    assert conversions(full(1, away), overdue, distant) == []
    early = probationary(4, away, admitted_on=day(10, 1, 2025))
    assert conversions(probationary(5, away), early) == [
        (4, day(10, 1), OffCampus.AWAY, None, ""),
        (5, day(5, 20, 2027), OffCampus.AWAY, None, ""),
    ]


def test_the_kind_of_the_absence_is_kept():
    person = replace(probationary(), absences=(AbsenceFact(day(3, 1, 2027), None, "internship"),))
    assert conversions(person)[0][-1] == "internship"


def test_branches_are_told_apart_and_those_without_people_are_there():
    people = [full(1), full(2), replace(full(3), branch_id=2), replace(full(4), branch_id=7)]
    found = forecast_branches(people, branch_ids=[3, 2, 1], today=TODAY, months=1)
    assert {key: one.months[0].members for key, one in found.items()} == {3: 0, 2: 1, 1: 2}
    assert list(found) == [3, 2, 1]


def lawful(people, number: int, year: int = 2026, today: dt.date = TODAY) -> list[tuple[str, bool, dt.date | None]]:
    found = forecast(people, today=today)
    gap = next(one for one in found.months if one.month == day(number, 1, year))
    return [(one.kind.value, one.applies, one.on) for one in remedies(gap, found.months, today=today)]


def test_remedies_name_the_nearest_day_with_a_quorum():
    people = [full(key, (day(11, 20), day(2, 3, 2027))) for key in (1, 2, 3)]
    assert lawful(people, 12)[0] == ("other_date", True, day(11, 19))
    assert lawful(people, 1, 2027)[0] == ("other_date", True, day(2, 4, 2027))
    assert lawful(people, 12)[1:] == [("written_opinions", True, None), ("joint_branch", False, None)]
    assert lawful(people, 11) == []


def test_no_remedy_lies_before_today():
    people = [full(key, (TODAY, day(12, 31))) for key in (1, 2, 3)]
    assert lawful(people, 11)[0] == ("other_date", True, day(1, 1, 2027))
    forever = [full(key, (TODAY, None)) for key in (1, 2, 3)]
    assert lawful(forever, 11)[0] == ("other_date", False, None)


def test_a_joint_branch_is_open_below_three_and_opinions_need_somebody_who_votes():
    found = forecast([full(1, (day(11, 1), None)), full(2, (day(11, 1), None))], today=TODAY)
    joint = Remedy(RemedyKind.JOINT_BRANCH, applies=True)
    assert remedies(found.months[1], found.months, today=TODAY)[2] == joint
    nobody = forecast([probationary(graduates_on=day(12, 31))], today=TODAY)
    assert [one.applies for one in remedies(nobody.months[1], nobody.months, today=TODAY)] == [False, False, True]


days = st.dates(dt.date(2026, 1, 1), dt.date(2029, 12, 31))


@st.composite
def absences(draw) -> AbsenceFact:
    first, length = draw(days), draw(st.none() | st.integers(0, 400))
    return AbsenceFact(first, None if length is None else first + dt.timedelta(length))


@st.composite
def persons(draw) -> PersonFacts:
    admitted_on = draw(st.dates(dt.date(2023, 1, 1), dt.date(2027, 12, 31)))
    converted_on = admitted_on + relativedelta(years=1) if draw(st.booleans()) else None
    person = full(1, admitted_on=admitted_on, converted_on=converted_on, graduates_on=draw(st.none() | days))
    return replace(person, absences=tuple(draw(st.lists(absences(), max_size=3))))


@settings(deadline=None)
@given(st.lists(persons(), min_size=1, max_size=6), absences())
def test_one_more_absence_never_adds_anybody_or_heals_a_gap(people, absence):
    before = forecast(people, today=TODAY).months
    first = replace(people[0], absences=(*people[0].absences, absence))
    after = forecast([first, *people[1:]], today=TODAY).months
    for old, new in zip(before, after, strict=True):
        assert (new.members, new.full_members) == (old.members, old.full_members)
        assert new.on_campus <= old.on_campus
        assert new.full_on_campus <= old.full_on_campus
        assert new.quorum_days <= old.quorum_days
        assert new.gap >= old.gap


@settings(deadline=None)
@given(st.lists(persons(), max_size=6))
def test_the_numbers_of_a_month_fit_each_other(people):
    for one in forecast(people, today=TODAY).months:
        assert 0 <= one.full_on_campus <= one.on_campus <= one.members <= len(people)
        assert one.full_on_campus <= one.full_members <= one.members
        assert one.gap or not one.empty
        assert one.gap is (one.first_quorum_on is None) is (one.last_quorum_on is None)


@settings(deadline=None)
@given(st.lists(persons(), max_size=4))
def test_spans_agree_with_counting_every_day(people):
    first = dt.date(2026, 10, 1)
    for one in forecast(people, today=TODAY, months=6).months:
        length = ((one.month + relativedelta(months=1)) - one.month).days
        calendar_days = [one.month + dt.timedelta(step) for step in range(length)]
        assert calendar_days[0] >= first

        def there(person, on):
            return person.admitted_on <= on and (person.graduates_on is None or on <= person.graduates_on)

        def here(person, on):
            return there(person, on) and not any(absence.covers(on) for absence in person.absences)

        def votes(person, on):
            due = person.converted_on or max(person.admitted_on + relativedelta(years=1), TODAY)
            return there(person, on) and on >= due

        assert one.members == sum(2 * sum(there(p, on) for on in calendar_days) > length for p in people)
        assert one.on_campus == sum(2 * sum(here(p, on) for on in calendar_days) > length for p in people)
        assert one.quorum_days == sum(
            2 * sum(votes(p, on) and here(p, on) for p in people) > sum(votes(p, on) for p in people)
            for on in calendar_days
        )
