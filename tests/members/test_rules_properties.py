"""Rules R01–R20 over all days: later is never worse, more votes are never worse, and nothing depends on the order of facts."""

from __future__ import annotations

import datetime as dt

from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from branches.policy import RULES as POLICY
from members import rules
from members.rules import Facts, Helper, Vote, check

DAYS = st.dates(dt.date(2016, 1, 1), dt.date(2034, 12, 31))
SPAN = st.integers(0, 900)
COUNTS = st.integers(0, 40)


def number(key: str) -> int:
    return POLICY[key].default


def blocked(step: str, facts: Facts, today: dt.date = dt.date(2030, 1, 1)) -> bool:
    return any(problem.severity == "block" for problem in check(step, facts, today, number))


def objections(step: str, facts: Facts, today: dt.date) -> list[tuple[str, str]]:
    return [(problem.rule, problem.severity) for problem in check(step, facts, today, number)]


@given(DAYS, SPAN, SPAN)
def test_what_is_lawful_on_a_day_is_lawful_on_every_later_one(start, first, more):
    on, later = start + dt.timedelta(days=first), start + dt.timedelta(days=first + more)
    for step, make in (
        ("application", lambda day: Facts(born_on=start - relativedelta(years=17), applied_on=day)),
        ("candidate", lambda day: Facts(activist_on=start, candidate_on=day)),
        ("R17", lambda day: Facts(admitted_on=start, meeting_on=day)),
        ("R17", lambda day: Facts(admitted_on=start, converted_on=day)),
        ("activist", lambda day: Facts(applied_on=start, activist_on=day)),
    ):
        assert not blocked(step, make(later)) or blocked(step, make(on))


@given(DAYS)
def test_the_earliest_day_is_lawful_and_the_day_before_is_not(start):
    day = dt.timedelta(days=1)
    candidate = rules.earliest_candidate_on(start, number)
    assert not blocked("candidate", Facts(activist_on=start, candidate_on=candidate))
    assert blocked("candidate", Facts(activist_on=start, candidate_on=candidate - day))
    ends_on = rules.probation_ends_on(start, None, number)
    assert not blocked("R17", Facts(admitted_on=start, meeting_on=ends_on))
    assert blocked("R17", Facts(admitted_on=start, meeting_on=ends_on - day))
    low, high = rules.extension_bounds(ends_on, number)
    for to, is_blocked in ((low, False), (high, False), (low - day, True), (high + day, True)):
        assert blocked("R18", Facts(admitted_on=start, extend_to=to)) == is_blocked


@given(DAYS, DAYS, SPAN)
def test_what_is_overdue_stays_overdue_while_nothing_is_done(start, today, more):
    later = today + dt.timedelta(days=more)
    facts = Facts(applied_on=start, activist_on=start, meeting_on=start)
    for step in ("talk", "R05", "R06", "approval"):
        hard = {rule for rule, severity in objections(step, facts, today) if severity == "warn" or rule == "R06"}
        assert hard <= {rule for rule, _severity in objections(step, facts, later)}
    late = Facts(admitted_on=start)
    assert set(objections("overdue", late, today)) <= set(objections("overdue", late, later))


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_one_more_vote_in_favour_never_turns_a_yes_into_a_no(eligible, present, yes, no, abstained):
    def passes(vote: Vote) -> bool:
        return not list(rules.vote_problems(vote))

    vote = Vote(eligible, present, yes, no, abstained)
    if not passes(vote):
        return
    assert 2 * present > eligible
    assert 2 * yes > eligible
    if no:
        assert passes(Vote(eligible, present, yes + 1, no - 1, abstained))
    if present < eligible:
        assert passes(Vote(eligible, present + 1, yes, no, abstained))


@given(
    DAYS,
    st.integers(0, 40),
    st.dictionaries(DAYS, st.sampled_from(["holiday", "makeup", "exam", "break"]), max_size=30),
)
def test_working_days_add_up_and_the_proposed_end_is_just_long_enough(first, length, days):
    last = first + dt.timedelta(days=length)
    middle = first + dt.timedelta(days=length // 2)
    whole = rules.working_days(first, last, days)
    assert 0 <= whole <= length + 1
    parts = rules.working_days(first, middle, days) + rules.working_days(middle + dt.timedelta(days=1), last, days)
    assert parts == whole
    end = rules.notice_may_end_on(first, days, number)
    assert rules.working_days(first, end, days) == number("public_notice_days")
    assert rules.working_days(first, end - dt.timedelta(days=1), days) == number("public_notice_days") - 1


@given(st.permutations([Helper(1, "甲", True), Helper(2, "乙", True), Helper(3, "丙", False), Helper(1, "甲", True)]))
def test_the_order_of_contacts_and_sponsors_does_not_matter(helpers):
    for step in ("contacts", "sponsors"):
        facts = Facts(pk=9, contacts=tuple(helpers), sponsors=tuple(helpers))
        expected = Facts(pk=9, contacts=tuple(sorted(helpers, key=str)), sponsors=tuple(sorted(helpers, key=str)))
        assert sorted(objections(step, facts, dt.date(2026, 1, 1))) == sorted(
            objections(step, expected, dt.date(2026, 1, 1))
        )
