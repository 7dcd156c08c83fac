"""The checklist of a review: each line met, missing or not yet due; what comes next, what is taken back. Without a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from branches.policy import RULES as POLICY
from evaluations.conversion_checks import ReviewFacts, checklist, done_steps, gaps, missing_opinions, next_step
from members.rules import Facts, Vote

DUE = dt.date(2026, 10, 20)
BASE = ReviewFacts(
    facts=Facts(pk=1, name="潘桂", admitted_on=dt.date(2025, 10, 20), reviewed_on=dt.date(2026, 9, 30)), due_on=DUE,
    sponsor_ids=frozenset({7, 8}),
)  # fmt: skip
READY = replace(
    BASE,
    applied_on=dt.date(2026, 10, 10),
    committee_on=dt.date(2026, 10, 12),
    sponsors_heard=frozenset({7, 8}),
    opinion_kinds=frozenset({"sponsor", "group", "masses"}),
    facts=replace(BASE.facts, notice_from_on=dt.date(2026, 10, 12), notice_to_on=dt.date(2026, 10, 16)),
)


def number(key):
    return POLICY[key].default


def states(review, today) -> dict[str, str]:
    return {line.key: line.state for line in checklist(review, today, number)}


def facts(review, **changes):
    return replace(review, facts=replace(review.facts, **changes))


def test_before_the_year_is_over_nothing_is_missing_yet():
    found = states(BASE, dt.date(2026, 10, 1))
    assert set(found.values()) == {"met", "later"}
    assert found["half_years"] == "met"


def test_on_the_day_everything_not_on_record_is_missing():
    lines = checklist(BASE, DUE, number)
    missing = ["application", "sponsors", "heard", "committee", "notice"]
    assert [line.key for line in gaps(lines)] == missing
    assert states(BASE, DUE + dt.timedelta(days=1))["meeting"] == "missing"


def test_a_review_that_is_ready_has_no_gap_and_waits_for_its_meeting():
    assert gaps(checklist(READY, DUE, number)) == []
    assert next_step(READY) == "meeting"
    assert list(missing_opinions(READY)) == []


@pytest.mark.parametrize(
    ("reviewed_on", "today", "state"),
    [
        (None, dt.date(2026, 4, 19), "later"),
        (None, dt.date(2026, 4, 20), "missing"),
        (dt.date(2026, 4, 20), dt.date(2026, 10, 19), "met"),
        (dt.date(2026, 4, 20), dt.date(2026, 10, 20), "missing"),
    ],
)
def test_half_year_reviews_are_missing_from_the_day_one_is_due(reviewed_on, today, state):
    assert states(facts(BASE, reviewed_on=reviewed_on), today)["half_years"] == state


@pytest.mark.parametrize(("last", "state"), [(15, "missing"), (16, "met")])
def test_a_notice_shorter_than_five_working_days_is_a_gap(last, state):
    review = facts(READY, notice_to_on=dt.date(2026, 10, last))
    assert states(review, DUE)["notice"] == state


def test_a_notice_that_stands_is_not_yet_due_and_none_is_asked_for_an_annulment():
    assert states(READY, dt.date(2026, 10, 16))["notice"] == "later"
    assert states(READY, dt.date(2026, 10, 17))["notice"] == "met"
    annulled = facts(replace(BASE, decision="annul"), meeting_on=DUE)
    assert states(annulled, DUE)["notice"] == "met"


def test_a_deferred_discussion_is_overdue_from_its_own_day_on():
    review = replace(READY, deferred_to=dt.date(2027, 3, 1))
    assert states(review, dt.date(2027, 3, 1))["meeting"] == "later"
    assert states(review, dt.date(2027, 3, 2))["meeting"] == "missing"


@pytest.mark.parametrize(("today", "state"), [(dt.date(2027, 1, 20), "later"), (dt.date(2027, 1, 21), "missing")])
def test_an_approval_is_overdue_after_three_months(today, state):
    met = facts(replace(READY, decision="convert"), meeting_on=DUE, vote=Vote(3, 3, 3))
    assert states(met, today)["approval"] == state
    assert states(facts(met, approved_on=today), today)["approval"] == "met"


def test_each_line_names_its_rule_and_where_it_is_done():
    found = {line.key: (line.rule, line.step) for line in checklist(READY, DUE, number)}
    assert found == {
        "probation": ("R16", ""), "half_years": ("R20", "review"), "application": ("", "application"), "sponsors": ("R08", "opinion"),
        "heard": ("", "opinion"), "committee": ("", "committee"), "notice": ("R12", "notice"), "meeting": ("R14", "meeting"),
        "approval": ("R15", "approval"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "rule", "to"), [("convert", "R17", None), ("extend", "R18", dt.date(2027, 4, 20)), ("annul", "", None)]
)
def test_the_decision_says_from_when_it_counts(decision, rule, to):
    met = facts(replace(READY, decision=decision), meeting_on=DUE, vote=Vote(3, 3, 3), extend_to=to)
    line = next(line for line in checklist(met, DUE, number) if line.key == "decision")
    assert (line.rule, line.state) == (rule, "met")
    assert line.on == (to or DUE)


def test_steps_come_one_after_the_other_and_an_annulment_may_leave_some_out():
    assert (next_step(BASE), done_steps(BASE)) == ("application", [])
    assert done_steps(READY) == ["application", "committee", "notice"]
    annulled = facts(replace(BASE, decision="annul", committee_on=dt.date(2026, 10, 1)), meeting_on=DUE)
    assert (next_step(annulled), done_steps(annulled)) == ("approval", ["committee", "meeting"])
    assert next_step(replace(READY, is_closed=True)) == ""


def test_what_a_meeting_still_lacks_is_said_in_words():
    assert len(list(missing_opinions(BASE))) == 3
    half = replace(BASE, sponsors_heard=frozenset({7}), opinion_kinds=frozenset({"sponsor", "members"}))
    assert len(list(missing_opinions(half))) == 2
    assert len(list(missing_opinions(replace(READY, sponsor_ids=frozenset())))) == 1
