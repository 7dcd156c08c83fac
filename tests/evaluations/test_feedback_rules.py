"""Feedback as numbers, for every input."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branches.calendar import TermSpan
from evaluations import feedback_rules as rules
from evaluations.feedback_rules import Asked, State
from pairing_portal.common.problems import Refused

QUESTIONS = [Asked(1, 1, "political", "甲"), Asked(2, 2, "learning", "乙", "b"), Asked(3, 3, "free", "丙")]
TERM = TermSpan(dt.date(2026, 9, 7), 18, 2, "autumn", 2026)
points = st.integers(1, 5)


def test_an_answer_keeps_the_questions_as_they_were_asked():
    assert rules.kept_answers(QUESTIONS, {1: 5, 2: 3, 3: " 谢谢 "}) == [
        {"number": 1, "dimension": "political", "text": "甲", "text_en": "", "points": 5},
        {"number": 2, "dimension": "learning", "text": "乙", "text_en": "b", "points": 3},
        {"number": 3, "dimension": "free", "text": "丙", "text_en": "", "words": "谢谢"},
    ]


@pytest.mark.parametrize("value", [None, 0, 6, -1, "5", 2.5, True, "", [5]], ids=str)
def test_points_are_whole_numbers_from_one_to_five(value):
    with pytest.raises(Refused) as refusal:
        rules.kept_answers(QUESTIONS, {1: value, 2: 3})
    assert refusal.value.field == "q1"


@pytest.mark.parametrize(("given_answers", "field"), [({1: 1, 2: 2, 9: 3}, "q9"), ({1: 1, 2: 2, 3: "字" * 501}, "q3")])
def test_strange_questions_and_endless_words_are_refused(given_answers, field):
    with pytest.raises(Refused) as refusal:
        rules.kept_answers(QUESTIONS, given_answers)
    assert refusal.value.field == field


def test_free_words_may_stay_empty():
    assert rules.kept_answers(QUESTIONS, {1: 1, 2: 2})[2]["words"] == ""


@given(st.lists(points, min_size=1, max_size=60))
def test_a_mean_is_bounded_exact_to_a_hundredth_and_free_of_order(found):
    mean = rules.mean_hundredths(found)

    assert 100 <= mean <= 500
    assert abs(Fraction(100 * sum(found), len(found)) - mean) <= Fraction(1, 2)
    assert mean == rules.mean_hundredths(sorted(found))


def test_dimensions_without_a_question_have_no_mean():
    answers = rules.kept_answers(QUESTIONS, {1: 5, 2: 2})

    assert rules.dimension_means(answers) == {"political": 500, "working": None, "learning": 200, "discipline": None}


@given(st.lists(st.lists(points, min_size=2, max_size=2), min_size=1, max_size=20))
def test_a_group_is_counted_per_question_whatever_the_order_of_its_sheets(sheets):
    made = [
        [{"number": n + 1, "text": f"q{n}", "text_en": "", "points": point} for n, point in enumerate(sheet)]
        for sheet in sheets
    ]
    found = rules.spreads(made)

    assert [sum(line.counts) for line in found] == [len(sheets)] * 2
    assert found == rules.spreads(made[::-1])


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_rate_says_hundred_only_when_nothing_is_missing(part, whole):
    rate = rules.percent(min(part, whole), whole)

    assert (rate is None) == (whole == 0)
    assert whole == 0 or (rate == 100) == (part >= whole)


@pytest.mark.parametrize(
    ("answered", "flags", "state"),
    [
        (0, (False, False, False), State.NOBODY), (1, (False, False, False), State.ONE), (2, (True, False, False), State.BOTH),
        (2, (True, True, True), State.BOTH), (1, (False, True, False), State.CALLED_OFF), (0, (False, True, True), State.CALLED_OFF),
        (1, (False, False, True), State.WITHOUT),
    ],
)  # fmt: skip
def test_where_a_link_stands(answered, flags, state):
    revealed, off, over = flags
    assert rules.state_of(answered, is_revealed=revealed, is_called_off=off, is_over=over) == state


@pytest.mark.parametrize(
    ("kind", "today", "days"),
    [
        ("mid_term", "2026-10-01", ("2026-11-09", "2026-11-22")), ("end_of_term", "2026-10-01", ("2026-12-28", "2027-01-10")),
        ("mid_term", "2026-12-01", ("2026-12-01", "2026-12-14")), ("end_of_term", "2027-01-20", ("2027-01-20", "2027-02-02")),
    ],
)  # fmt: skip
def test_a_round_is_proposed_by_the_term_and_never_in_the_past(kind, today, days):
    first, last = rules.proposed_days(kind, TERM, 14, dt.date.fromisoformat(today))
    assert (first.isoformat(), last.isoformat()) == days


def test_outside_terms_a_round_begins_today():
    today = dt.date(2026, 8, 1)
    assert rules.proposed_days("mid_term", None, 14, today) == (today, dt.date(2026, 8, 14))


def test_the_median_of_days_is_of_those_who_answered():
    day = dt.timedelta(days=1)
    assert (rules.median_days([day, 3 * day, 8 * day]), rules.median_days([-day]), rules.median_days([])) == (
        3.0,
        0.0,
        None,
    )
