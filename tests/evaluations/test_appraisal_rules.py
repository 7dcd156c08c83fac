"""From counts to a proposal (RULES.md 1.8, R50)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.appraisal_rules import (
    BASICALLY,
    EXCELLENT,
    GRADES,
    QUALIFIED,
    UNQUALIFIED,
    Tally,
    counts_add_up,
    excellent_cap,
    proposed_grades,
    tally_of,
)

votes = st.integers(0, 30)


@st.composite
def tallies(draw):
    rows = draw(st.lists(st.tuples(votes, votes, votes, votes), max_size=12))
    return [Tally(number, *row) for number, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("counts", "grade"),
    [
        ((0, 0, 0, 0), ""),
        ((0, 1, 0, 0), QUALIFIED),
        ((6, 4, 0, 0), EXCELLENT),
        ((5, 5, 0, 0), QUALIFIED),
        ((0, 5, 5, 0), QUALIFIED),
        ((0, 4, 6, 0), BASICALLY),
        ((0, 4, 3, 3), BASICALLY),
        ((0, 5, 0, 5), QUALIFIED),
        ((0, 4, 0, 6), UNQUALIFIED),
    ],
)
def test_more_than_half_decide_read_from_below(counts, grade):
    assert proposed_grades([Tally(1, *counts)], cap=1) == {1: grade}


@pytest.mark.parametrize(("members", "cap"), [(0, 0), (2, 0), (3, 1), (22, 7), (23, 7), (24, 8)])
def test_at_most_one_third_are_excellent(members, cap):
    assert excellent_cap(members, 3) == cap


def test_those_tied_for_the_last_place_are_left_to_the_committee():
    rows = [Tally(1, 10, 0), Tally(2, 8, 2), Tally(3, 8, 2)]

    assert proposed_grades(rows, cap=2) == {1: EXCELLENT, 2: QUALIFIED, 3: QUALIFIED}


@given(tallies(), st.integers(0, 5))
def test_never_more_excellent_than_the_cap(rows, cap):
    assert list(proposed_grades(rows, cap=cap).values()).count(EXCELLENT) <= cap


@given(tallies(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(rows, cap, random):
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert proposed_grades(shuffled, cap=cap) == proposed_grades(rows, cap=cap)


@given(st.lists(st.sampled_from(GRADES), max_size=40))
def test_a_tally_counts_every_vote_once(grades):
    tally = tally_of(1, grades)

    assert (tally.votes, tally.excellent) == (len(grades), grades.count(EXCELLENT))


@pytest.mark.parametrize(
    ("counts", "returned", "adds_up"),
    [({"excellent": 2, "qualified": 3}, 5, True), ({"excellent": 3, "qualified": 3}, 5, False), ({"excellent": -1}, 5, False), ({}, 0, True)],
)  # fmt: skip
def test_nobody_has_more_votes_than_there_are_ballots(counts, returned, adds_up):
    assert counts_add_up(counts, returned) is adds_up
