"""The mentor assessment as a sum: bounded, monotone, without an order, and its parts add up."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring import (
    PARTS,
    Part,
    Score,
    WeightsDoNotAddUp,
    check_weights,
    from_marks,
    fulfilled,
    regularity,
    score,
)

points = st.one_of(st.none(), st.fractions(0, 100, max_denominator=60))


@st.composite
def part_lists(draw):
    keys = draw(st.lists(st.sampled_from(PARTS), unique=True))
    return [Part(key, draw(st.integers(0, 100)), draw(points), 1) for key in keys]


def test_the_weights_name_what_each_part_adds():
    parts = [Part("talks", 30, Fraction(100)), Part("feedback", 30, Fraction(50)), Part("lectures", 40, Fraction(25))]

    assert score(parts) == Score(55, {"talks": 30, "feedback": 15, "lectures": 10})


def test_a_part_without_evidence_is_left_out_and_not_counted_as_zero():
    parts = [Part("talks", 30, Fraction(80)), Part("feedback", 70, None)]

    assert score(parts) == Score(80, {"talks": 80})


def test_without_any_evidence_there_is_no_sum():
    assert score([Part("talks", 100, None)]) == Score(None, {})


@given(part_lists())
def test_the_sum_is_bounded_and_its_parts_add_up(parts):
    result = score(parts)

    assert result.total is None or 0 <= result.total <= 100
    assert sum(result.adds.values()) == (result.total or 0)


@given(part_lists(), st.randoms(use_true_random=False))
def test_the_order_of_the_parts_does_not_matter(parts, random):
    shuffled = list(parts)
    random.shuffle(shuffled)

    assert score(shuffled) == score(parts)


@given(part_lists(), st.integers(0, 4), st.fractions(0, 100, max_denominator=60))
def test_more_points_never_lower_the_sum(parts, index, more):
    known = [part for part in parts if part.points is not None]
    if not known:
        return
    chosen = known[index % len(known)]
    raised = [
        replace(part, points=min(Fraction(100), part.points + more)) if part == chosen else part for part in parts
    ]

    assert (score(raised).total or 0) >= (score(parts).total or 0)


@given(part_lists())
def test_full_points_everywhere_are_a_hundred(parts):
    full = [replace(part, points=Fraction(100)) for part in parts]

    assert score(full).total in (100, None)


@pytest.mark.parametrize("weights", [{"talks": 99}, {"talks": 60, "feedback": 60}, {"talks": 110, "feedback": -10}, {}])
def test_weights_that_do_not_add_up_are_refused(weights):
    with pytest.raises(WeightsDoNotAddUp) as error:
        check_weights(weights)

    assert error.value.total == sum(weights.values())


def test_the_usual_weights_add_up():
    from branches.policy import RULES

    check_weights({key: RULES[f"assess_{key}"].default for key in PARTS})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (regularity(0, 0), None),
        (regularity(2, 4), 50),
        (regularity(9, 4), 100),
        (from_marks([]), None),
        (from_marks([100]), 0),
        (from_marks([300, 500]), 75),
        (fulfilled(0, 0), None),
        (fulfilled(1, 4), 25),
        (fulfilled(5, 4), 100),
    ],
)
def test_facts_become_points(value, expected):
    assert value == expected
