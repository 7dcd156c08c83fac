"""One branch divided over groups: even sizes first, then features, fixed people where they are."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairing_portal.common.matching import SplitItem, balanced_split

QUICK = settings(max_examples=120, deadline=None, derandomize=True)


def distance(items, placed, names, shares, weights) -> tuple[Fraction, Fraction]:
    """How far sizes (squared) and features (weighted) are from their shares; the definition, in fractions."""
    whole = sum(shares[name] for name in names)

    def off(keys: set[str], name: str) -> Fraction:
        return abs(Fraction(len(keys) * shares[name], whole) - sum(placed[key] == name for key in keys))

    sizes = sum(off(set(placed), name) ** 2 for name in names)
    values = {pair for item in items for pair in item.features.items() if pair[1]}
    features = sum(
        weights.get(value[0], 1) * off({item.key for item in items if value in item.features.items()}, name)
        for value in values
        for name in names
    )
    return sizes, features


@st.composite
def splits(draw):
    count, names = draw(st.integers(0, 7)), [f"g{number}" for number in range(draw(st.integers(1, 3)))]
    items = [
        SplitItem(f"p{number}", {"major": draw(st.sampled_from("ABC")), "away": draw(st.sampled_from(["", "away"]))})
        for number in range(count)
    ]
    fixed = {item.key: draw(st.sampled_from(names)) for item in items if draw(st.integers(0, 2)) == 0}
    shares = {name: draw(st.integers(1, 3)) for name in names}
    return items, names, fixed, shares, {"major": draw(st.integers(0, 3))}


@QUICK
@given(splits())
def test_no_split_is_better(case):
    items, names, fixed, shares, weights = case
    result = balanced_split(items, names, fixed=fixed, shares=shares, weights=weights)
    tried = (
        dict(zip([item.key for item in items], homes, strict=True))
        for homes in itertools.product(names, repeat=len(items))
    )
    best = min(
        distance(items, placed, names, shares, weights)
        for placed in tried
        if all(placed[key] == name for key, name in fixed.items())
    )
    assert distance(items, result.groups, names, shares, weights) == best
    assert {key: result.groups[key] for key in fixed} == fixed
    assert result.is_proved


def cohort(count: int, seed: int) -> list[SplitItem]:
    chance = random.Random(seed)
    return [
        SplitItem(
            f"{number:03}",
            {
                "major": chance.choice("ABCDEFGH"),
                "stage": chance.choice(["full", "probationary"]),
                "grade": chance.choice(["2023", "2024", "2025"]),
                "away": chance.choice(["", "", "away"]),
            },
        )
        for number in range(count)
    ]


def test_twenty_two_people_for_two_partners_are_eleven_and_eleven():
    items = cohort(22, 1)
    result = balanced_split(items, ["branch 3", "branch 4"])
    assert Counter(result.groups.values()) == {"branch 3": 11, "branch 4": 11}
    assert [value for value, tally in result.counts.items() if abs(tally["branch 3"] - tally["branch 4"]) > 1] == []


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_sizes_differ_by_one_at_most(groups):
    result = balanced_split(cohort(58, groups), [f"g{number}" for number in range(groups)])
    sizes = Counter(result.groups.values())
    assert max(sizes.values()) - min(sizes.values()) == (1 if 58 % groups else 0)


def test_a_group_that_is_fixed_too_large_leaves_the_others_even():
    items = cohort(12, 3)
    result = balanced_split(items, ["g0", "g1", "g2"], fixed={item.key: "g0" for item in items[:8]})
    assert Counter(result.groups.values()) == {"g0": 8, "g1": 2, "g2": 2}


def test_the_weightier_features_are_evened_out_where_not_all_can_be():
    # Each way to make two couples leaves one feature uneven.
    items = [
        SplitItem("1", {"major": "A", "stage": "full", "away": "x"}),
        SplitItem("2", {"major": "A", "stage": "new", "away": "y"}),
        SplitItem("3", {"major": "B", "stage": "full", "away": "y"}),
        SplitItem("4", {"major": "B", "stage": "new", "away": "x"}),
    ]
    for lightest in ("major", "stage", "away"):
        weights = {"major": 2, "stage": 2, "away": 2} | {lightest: 1}
        result = balanced_split(items, ["g0", "g1"], weights=weights)
        uneven = {value[0] for value, tally in result.counts.items() if tally["g0"] != tally["g1"]}
        assert uneven == {lightest}


def test_shares_are_kept():
    result = balanced_split(cohort(30, 4), ["g0", "g1"], shares={"g0": 2, "g1": 1})
    assert Counter(result.groups.values()) == {"g0": 20, "g1": 10}


def test_counts_say_how_many_of_each_feature_stand_where():
    items = [SplitItem("1", {"major": "A", "away": ""}), SplitItem("2", {"major": "A", "away": "yes"})]
    result = balanced_split(items, ["x", "y"], fixed={"1": "y"})
    assert result.groups == {"1": "y", "2": "x"}
    assert result.counts == {("away", "yes"): {"x": 1, "y": 0}, ("major", "A"): {"x": 1, "y": 1}}


def test_the_order_of_people_and_groups_changes_nothing():
    items, names = cohort(31, 5), ["g0", "g1", "g2"]
    expected = balanced_split(items, names, fixed={"004": "g2", "010": "g0"})
    random.Random(2).shuffle(items)
    assert balanced_split(items, names[::-1], fixed={"010": "g0", "004": "g2"}) == expected


def test_a_search_without_time_still_gives_even_sizes():
    result = balanced_split(cohort(60, 6), [f"g{number}" for number in range(5)], seconds=0.0)
    assert Counter(result.groups.values()) == {f"g{number}": 12 for number in range(5)}


@pytest.mark.parametrize(
    ("items", "groups", "options", "message"),
    [
        ([SplitItem("1"), SplitItem("1")], ["x"], {}, "split twice"),
        ([SplitItem("1")], [], {}, "must be named"),
        ([SplitItem("1")], ["x", "x"], {}, "each once"),
        ([SplitItem("1")], ["x"], {"fixed": {"2": "x"}}, "in no group: 2"),
        ([SplitItem("1")], ["x"], {"fixed": {"1": "y"}}, "in no group: 1"),
        ([SplitItem("1")], ["x"], {"shares": {"x": 0}}, "must be positive"),
    ],
)
def test_what_cannot_be_meant_is_refused(items, groups, options, message):
    with pytest.raises(ValueError, match=message):
        balanced_split(items, groups, **options)
