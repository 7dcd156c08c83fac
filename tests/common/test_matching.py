"""The assignment: proved against trying everything, never worse than greedy, and every reason true."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairing_portal.common.matching import (
    Criterion,
    LeftOver,
    Pair,
    Problem,
    Result,
    barred,
    barred_where,
    disjoint,
    listed,
    overlap,
    same,
    solve,
    step,
)

THOROUGH = settings(max_examples=200, deadline=None, derandomize=True)
QUICK = settings(THOROUGH, max_examples=80)
GRID = np.arange(2)[:, None], np.arange(2)[None, :]


def points_of(key: str, matrix: list[list[int]], columns: int) -> Criterion:
    table = np.array(matrix, np.int32).reshape(len(matrix), columns)
    return Criterion(key, lambda i, j: table[i, j])


@st.composite
def problems(draw, most: int = 4, cells: int = 12) -> Problem:
    """Small problems of every shape: uneven, blocked, people out, limits for all or for each, pairs fixed by hand."""
    rows = draw(st.integers(0, most))
    columns = draw(st.integers(0, most if not rows else min(most + 1, cells // rows)))
    a = draw(st.permutations([f"a{number}" for number in range(rows)]))
    b = draw(st.permutations([f"b{number}" for number in range(columns)]))

    def matrix(values):
        return draw(st.lists(st.lists(values, min_size=columns, max_size=columns), min_size=rows, max_size=rows))

    def limit(people):
        each = st.lists(st.integers(0, 3), min_size=len(people), max_size=len(people))
        return draw(st.one_of(st.integers(1, 3), each))

    how_often = draw(st.sampled_from([[False], [False, False, True], [False, True, True]]))
    blocked = np.array(matrix(st.sampled_from(how_often)), np.bool_).reshape(rows, columns)
    problem = Problem(
        a,
        b,
        criteria=[
            points_of("one", matrix(st.integers(-9, 9)), columns),
            points_of("two", matrix(st.integers(0, 2)), columns),
        ],
        blockers=[
            barred_where("blocked", blocked),
            barred(
                "hostile",
                a,
                b,
                [(left, right) for left, right in zip(a, b, strict=False) if draw(st.integers(0, 4)) == 0],
            ),
        ],
        limit_a=limit(a),
        limit_b=limit(b),
        out_a={key: "left_out" for key in a if draw(st.integers(0, 5)) == 0},
        out_b={key: "graduated" for key in b if draw(st.integers(0, 5)) == 0},
    )
    load: Counter[str] = Counter()
    limits = limits_of(problem)
    fixed = []
    for pair in itertools.product(a, b):
        if draw(st.integers(0, 4)) == 0 and all(load[key] < limits[key] for key in pair):
            fixed.append(pair)
            load.update(pair)
    return replace(problem, fixed=fixed)


def limits_of(problem: Problem) -> dict[str, int]:
    found = {}
    for keys, limit in ((problem.a, problem.limit_a), (problem.b, problem.limit_b)):
        found |= {key: limit if isinstance(limit, int) else limit[number] for number, key in enumerate(keys)}
    return found


def score_of(problem: Problem, left: str, right: str) -> int:
    cell = np.array(problem.a.index(left)), np.array(problem.b.index(right))
    return sum(int(criterion.points(*cell)) for criterion in problem.criteria)


def allowed_pairs(problem: Problem) -> set[tuple[str, str]]:
    """What the hard rules leave, pairs fixed by hand not among them; cell by cell, without the module's grids."""
    return {
        (left, right)
        for left, right in itertools.product(problem.a, problem.b)
        if left not in problem.out_a
        and right not in problem.out_b
        and (left, right) not in problem.fixed
        and not any(
            bool(blocker.excludes(np.array(problem.a.index(left)), np.array(problem.b.index(right))))
            for blocker in problem.blockers
        )
    }


def rooms(problem: Problem) -> dict[str, int]:
    """The rule of second partners in plain words: only on the side with fewer people waiting, shared alike, within limits."""
    load, limits, allowed = Counter(itertools.chain(*problem.fixed)), limits_of(problem), allowed_pairs(problem)
    usable = {pair for pair in allowed if all(load[key] < limits[key] for key in pair)}
    waiting = [
        {key for key in keys if not load[key] and any(key in pair for pair in usable)}
        for keys in (problem.a, problem.b)
    ]
    room = {key: max(load[key], int(key in waiting[0] | waiting[1])) for key in limits}
    fewer = 0 if len(waiting[0]) < len(waiting[1]) else 1
    out = {*problem.out_a, *problem.out_b}
    helpers = [key for key in (problem.a, problem.b)[fewer] if (load[key] or key in waiting[fewer]) and key not in out]
    if len(waiting[0]) != len(waiting[1]):
        for share in range(2, 9):
            if sum(room[key] - load[key] for key in helpers) >= len(waiting[1 - fewer]):
                break
            room |= {key: max(load[key], min(limits[key], share)) for key in helpers}
    return room


def worth(problem: Problem, pairs: set[tuple[str, str]]) -> tuple[int, ...]:
    load = Counter(itertools.chain(*pairs))
    beyond = [count - 1 for count in load.values()]
    spread = sum(count * (count + 1) // 2 for count in beyond)
    return len(load), len(pairs), -sum(beyond), -spread, sum(score_of(problem, *pair) for pair in pairs)


def best_by_trying(problem: Problem) -> tuple[int, ...]:
    room, fixed = rooms(problem), set(problem.fixed)
    cells = sorted(allowed_pairs(problem))

    def tried(number: int, pairs: set[tuple[str, str]], load: Counter[str]) -> tuple[int, ...]:
        if number == len(cells):
            return worth(problem, pairs)
        found = tried(number + 1, pairs, load)
        if all(load[key] < room[key] for key in cells[number]):
            found = max(found, tried(number + 1, pairs | {cells[number]}, load + Counter(cells[number])))
        return found

    return tried(0, fixed, Counter(itertools.chain(*fixed)))


def pairs_of(result: Result) -> set[tuple[str, str]]:
    return {(pair.a, pair.b) for pair in result.pairs}


@THOROUGH
@given(problems())
def test_nothing_is_better_than_what_is_found(problem):
    assert worth(problem, pairs_of(solve(problem))) == best_by_trying(problem)


@QUICK
@given(problems(most=12, cells=144))
def test_pairs_keep_the_rules_and_everybody_is_paired_or_told_why(problem):
    result = solve(problem)
    made, fixed, room, limits = pairs_of(result), set(problem.fixed), rooms(problem), limits_of(problem)
    load = Counter(itertools.chain(*made))
    assert len(made) == len(result.pairs)
    assert {(pair.a, pair.b) for pair in result.pairs if pair.is_fixed} == fixed
    assert made - fixed - allowed_pairs(problem) == set()
    assert [key for key in load if load[key] > limits[key]] == []
    assert [key for key in load if load[key] > room[key]] == []
    assert sorted([*load, *(left.key for left in result.left_over)]) == sorted([*problem.a, *problem.b])
    assert [pair for pair in result.pairs if pair.score != sum(points for _key, points in pair.parts)] == []
    assert [pair.score for pair in result.pairs] == [score_of(problem, pair.a, pair.b) for pair in result.pairs]
    assert result.total == sum(pair.score for pair in result.pairs)


@QUICK
@given(problems(most=8, cells=64))
def test_the_reason_of_everybody_left_over_is_true(problem):
    result = solve(problem)
    load, room, allowed = Counter(itertools.chain(*pairs_of(result))), rooms(problem), allowed_pairs(problem)
    for left in result.left_over:
        mine, others = (problem.out_a, problem.b) if left.side == "a" else (problem.out_b, problem.a)
        fitting = [key for key in others if {(left.key, key), (key, left.key)} & allowed]
        if left.key in mine:
            assert (left.why, left.detail) == (mine[left.key], ())
        elif limits_of(problem)[left.key] == 0:
            assert (left.why, left.detail) == ("full", ())
        elif fitting:
            assert (left.why, left.detail) == ("capacity", (("limit", max(room[key] for key in fitting)),))
            assert [key for key in fitting if load[key] < room[key]] == []
        else:
            assert left.why == "nobody_allowed"
            assert sum(count for _key, count in left.detail) >= len(others)
            assert all(0 < count <= len(others) for _key, count in left.detail)


@QUICK
@given(problems(most=8, cells=64), st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_given_changes_nothing(problem, chance):
    rows, columns = list(range(len(problem.a))), list(range(len(problem.b)))
    chance.shuffle(rows)
    chance.shuffle(columns)
    row_at, column_at = np.array(rows, np.intp), np.array(columns, np.intp)

    def turned(ask):
        return lambda i, j: ask(row_at[i], column_at[j])

    shuffled = replace(
        problem,
        a=[problem.a[row] for row in rows],
        b=[problem.b[column] for column in columns],
        criteria=[replace(each, points=turned(each.points)) for each in problem.criteria],
        blockers=[replace(each, excludes=turned(each.excludes)) for each in problem.blockers],
        fixed=set(problem.fixed),
        limit_a=problem.limit_a if isinstance(problem.limit_a, int) else [problem.limit_a[row] for row in rows],
        limit_b=problem.limit_b
        if isinstance(problem.limit_b, int)
        else [problem.limit_b[column] for column in columns],
    )
    assert solve(shuffled) == solve(problem)


@pytest.mark.parametrize(("rows", "columns"), [(40, 40), (30, 45), (45, 20)])
def test_never_worse_than_greedy(rows, columns):
    chance = random.Random(rows * columns)
    a, b = [f"a{number}" for number in range(rows)], [f"b{number}" for number in range(columns)]
    matrix = [[chance.randrange(60) for _ in b] for _ in a]
    closed = [pair for pair in itertools.product(a, b) if chance.random() < 0.3]
    problem = Problem(
        a, b, criteria=[points_of("points", matrix, columns)], blockers=[barred("closed", a, b, closed)], limit_a=2, limit_b=2
    )  # fmt: skip
    room = rooms(problem)
    load, greedy = Counter(), set()
    # First everybody's first partner, best cells first; then second ones.
    for round_ in (1, 2):
        for left, right in sorted(allowed_pairs(problem), key=lambda pair: (-score_of(problem, *pair), pair)):
            if (left, right) not in greedy and all(load[key] < min(round_, room[key]) for key in (left, right)):
                greedy.add((left, right))
                load.update((left, right))
    assert worth(problem, pairs_of(solve(problem))) >= worth(problem, greedy)


def flat(rows: int, columns: int, **changes) -> Problem:
    """People who all fit equally well."""
    return Problem([f"a{number}" for number in range(rows)], [f"b{number}" for number in range(columns)], **changes)


def test_even_sides_give_nobody_a_second_partner():
    result = solve(flat(4, 4, limit_a=3, limit_b=3))
    assert [(len(result.pairs), pair.is_second) for pair in result.pairs] == [(4, False)] * 4
    assert result.left_over == ()


def test_second_partners_are_shared_alike_on_the_smaller_side():
    result = solve(flat(3, 7, limit_a=4, limit_b=4))
    assert sorted(Counter(pair.a for pair in result.pairs).values()) == [2, 2, 3]
    assert sum(pair.is_second for pair in result.pairs) == 4


def test_nobody_is_given_more_than_the_limit():
    result = solve(flat(2, 5, limit_a=2))
    assert Counter(pair.a for pair in result.pairs) == {"a0": 2, "a1": 2}
    assert [(left.key, left.why, left.detail) for left in result.left_over] == [("b4", "capacity", (("limit", 2),))]


def test_people_who_are_out_do_not_make_the_sides_uneven():
    result = solve(flat(3, 4, limit_a=2, out_b={"b1": "left_out"}))
    assert pairs_of(result) == {("a0", "b0"), ("a1", "b2"), ("a2", "b3")}
    assert result.left_over == (LeftOver("b1", "b", "left_out"),)


def test_people_who_fit_only_the_same_one_stay_unpaired_where_sides_are_even():
    a, b = ["a0", "a1", "a2"], ["b0", "b1", "b2"]
    closed = [("a0", "b1"), ("a0", "b2"), ("a1", "b1"), ("a1", "b2"), ("a2", "b0")]
    result = solve(Problem(a, b, blockers=[barred("closed", a, b, closed)], limit_a=2, limit_b=2))
    assert len(result.pairs) == 2
    assert [(left.why, left.detail) for left in result.left_over] == [("capacity", (("limit", 1),))] * 2


def test_a_second_partner_goes_to_a_fixed_pair_or_a_new_one_by_score():
    matrix = [[0, 1, 1], [0, 5, 5]]
    result = solve(flat(2, 3, criteria=[points_of("points", matrix, 3)], fixed=[("a0", "b0")], limit_a=2))
    assert pairs_of(result) == {("a0", "b0"), ("a1", "b1"), ("a1", "b2")}


def test_a_pair_more_counts_before_any_score():
    points = points_of("points", [[1000, 0], [0, 0]], 2)
    a, b = ["a0", "a1"], ["b0", "b1"]
    result = solve(Problem(a, b, criteria=[points], blockers=[barred("no", a, b, [("a1", "b1")])]))
    assert pairs_of(result) == {("a0", "b1"), ("a1", "b0")}


def test_a_first_partner_counts_before_any_score():
    points = points_of("points", [[1000, 1000, 1000], [-5, -5, -5]], 3)
    result = solve(Problem(["a0", "a1"], ["b0", "b1", "b2"], criteria=[points], limit_a=3))
    assert Counter(pair.a for pair in result.pairs) == {"a0": 2, "a1": 1}


def test_fixed_pairs_stay_against_the_rules_and_the_rest_is_solved_around_them():
    matrix = [[9, 1, 1], [1, 9, 1], [1, 1, 9]]
    problem = flat(
        3, 3, criteria=[points_of("points", matrix, 3)], fixed=[("a0", "b1"), ("a2", "b1")], limit_b=2, out_a={"a0": "left_out"}
    )  # fmt: skip
    assert solve(problem).pairs == (
        Pair("a0", "b1", 1, (("points", 1),), is_fixed=True, is_second=False),
        Pair("a1", "b0", 1, (("points", 1),), is_fixed=False, is_second=False),
        Pair("a2", "b1", 1, (("points", 1),), is_fixed=True, is_second=True),
    )


def test_the_parts_name_each_reason_that_gave_or_took_points():
    a, b = ["2301", "2302"], ["2401", "2402"]
    problem = Problem(
        a,
        b,
        criteria=[
            same("same_major", 30, ["CNC", "civil"], ["civil", "CNC"]),
            overlap("months", 2, [0b111, 0b100], [0b110, 0b011]),
            listed("past_pair", -25, a, b, [("2301", "2402"), ("2301", "gone")]),
        ],
    )
    assert [(pair.a, pair.b, pair.score, pair.parts) for pair in solve(problem).pairs] == [
        ("2301", "2402", 9, (("same_major", 30), ("months", 4), ("past_pair", -25))),
        ("2302", "2401", 32, (("same_major", 30), ("months", 2))),
    ]


def test_somebody_whom_the_rules_leave_alone_is_told_which():
    a, b = ["a0", "a1"], ["b0", "b1", "b2"]
    problem = Problem(
        a,
        b,
        blockers=[disjoint("no_shared_time", [0b1, 0b1], [0b1, 0b10, 0b10]), barred("paired", a, b, [("a0", "b0")])],
        out_b={"b2": "graduated"},
    )
    assert solve(problem).left_over == (
        LeftOver("a0", "a", "nobody_allowed", (("no_shared_time", 2), ("paired", 1), ("graduated", 1))),
        LeftOver("b1", "b", "nobody_allowed", (("no_shared_time", 2),)),
        LeftOver("b2", "b", "graduated"),
    )


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (same("k", 5, ["x", ""], ["", "x"]), [[0, 5], [0, 0]]),
        (same("k", 5, [None, 7], [None, 7]), [[0, 0], [0, 5]]),
        (step("k", 10, [2024, 2023], [2025, None]), [[10, 0], [0, 0]]),
        (step("k", 10, [2024, 2023], [2024, 2025], best=1, tolerance=1), [[5, 10], [10, 5]]),
        (step("k", 9, [4, 1], [4, 7], best=0, tolerance=2), [[9, 0], [0, 0]]),
        (overlap("k", 3, [0b1011, 0], [0b0011, 0b1111]), [[6, 9], [0, 0]]),
        (overlap("k", 3, [0b1011, 1 << 63], [0b0011, (1 << 64) - 1], at_most=2), [[6, 6], [0, 3]]),
        (listed("k", -4, ["a", "c"], ["b", "d"], [("c", "b"), ("x", "b")]), [[0, 0], [-4, 0]]),
    ],
)
def test_points_of_each_kind_of_reason(made, expected):
    assert made.points(*GRID).tolist() == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (disjoint("k", [0b01, 0b11], [0b10, 0b01]), [[True, False], [False, False]]),
        (barred("k", ["a", "c"], ["b", "d"], [("a", "d"), ("x", "y")]), [[False, True], [False, False]]),
        (barred_where("k", np.array([[True, False], [False, True]])), [[True, False], [False, True]]),
    ],
)
def test_what_each_kind_of_rule_excludes(made, expected):
    assert made.excludes(*GRID).tolist() == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"a": ["a0", "a0"]}, "side a names somebody twice"),
        ({"fixed": [("a0", "b0"), ("a0", "b0")]}, "the same pair twice"),
        ({"fixed": [("a0", "b0"), ("a1", "b0")]}, "b0 on side b may have 1 at most"),
        ({"fixed": [("a0", "b9")]}, "b9 is not on side b"),
        ({"limit_a": [1, 1, 1]}, "broadcast"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        solve(replace(flat(2, 2), **changes))


def test_weights_that_would_lose_exactness_are_refused():
    people = [f"{number:04}" for number in range(3000)]
    heavy = listed("k", 2_000_000_000, people, people, [("0000", "0000")])
    with pytest.raises(ValueError, match="too large for an exact sum"):
        solve(Problem(people, people, criteria=[heavy]))


def test_one_side_empty_leaves_the_other_alone():
    assert solve(flat(0, 2)).left_over == (
        LeftOver("b0", "b", "nobody_allowed"),
        LeftOver("b1", "b", "nobody_allowed"),
    )
