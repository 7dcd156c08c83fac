"""The assignment of whole cohorts beside its floor (the bare dense solver on the matrix prepared for it).

    python bench/matching.py [--large 5000]

Prints wall and CPU seconds, peak memory of a process of its own, the ratio to the floor, and the score beside greedy.
To keep: 500 x 500 under 1 s with reasons; 5,000 x 5,000 at most 2 x the floor's CPU, scores, parts and reasons of people left
over included, under 1.5 GB. The bare solver on as many random costs is printed too: costs made of people's features take it
about a fifth longer, because many people are alike, and two thirds longer still where a few second partners are given,
because everybody on that side then has a second column.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# One thread, so that CPU seconds and wall seconds speak of the same work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from scipy.optimize import linear_sum_assignment

from pairing_portal.common import matching
from pairing_portal.common.matching import Problem, barred, disjoint, listed, overlap, same, solve, step

MAJORS, AREAS, MONTHS, PAST_PAIRS = 8, 4, 24, 3


def person(chance: random.Random) -> dict[str, Any]:
    """Invented features; one in three is away for two to eight months, one in a hundred for the whole time."""
    months = (1 << MONTHS) - 1
    if chance.random() < 0.01:
        months = 0
    elif chance.random() < 1 / 3:
        months &= ~(((1 << chance.randint(2, 8)) - 1) << chance.randrange(MONTHS))
    return {
        "major": f"major {chance.randrange(MAJORS)}",
        "year": 2023 + chance.randrange(4),
        "offers": chance.randrange(1 << AREAS),
        "asks": chance.randrange(1 << AREAS),
        "months": months,
    }


def make_cohort(rows: int, columns: int) -> dict[str, Any]:
    """Two sides with features, past pairs, pairs of this year that rule others out, some pairs fixed, some people out."""
    chance = random.Random(7)
    a, b = [f"A{number:06}" for number in range(rows)], [f"B{number:06}" for number in range(columns)]
    return {
        "a": a,
        "b": b,
        "left": [person(chance) for _ in a],
        "right": [person(chance) for _ in b],
        "past": {(key, chance.choice(b)) for key in a for _ in range(PAST_PAIRS)},
        "paired": {(key, chance.choice(b)) for key in a},
        "fixed": [(a[number], b[number]) for number in range(0, min(rows, columns), 100)],
        "out_a": dict.fromkeys(a[5::97], "left_out"),
        "out_b": dict.fromkeys(b[7::97], "left_out"),
    }


def make_problem(cohort: dict[str, Any], limit: int) -> Problem:
    a, b, left, right = (cohort[name] for name in ("a", "b", "left", "right"))

    def of(people: list[dict[str, Any]], name: str) -> list[Any]:
        return [features[name] for features in people]

    offered = [features["offers"] | features["asks"] << AREAS for features in left]
    asked = [features["asks"] | features["offers"] << AREAS for features in right]
    return Problem(
        a,
        b,
        criteria=(
            same("same_major", 30, of(left, "major"), of(right, "major")),
            step("grade_step", 10, of(left, "year"), of(right, "year"), best=1, tolerance=1),
            overlap("areas", 15, offered, asked),
            overlap("months", 2, of(left, "months"), of(right, "months")),
            listed("past_pair", -25, a, b, cohort["past"]),
        ),
        blockers=(
            disjoint("no_shared_time", of(left, "months"), of(right, "months")),
            barred("already_paired", a, b, cohort["paired"]),
        ),
        fixed=cohort["fixed"],
        limit_a=limit,
        limit_b=limit,
        out_a=cohort["out_a"],
        out_b=cohort["out_b"],
    )


def greedy_score(problem: Problem) -> tuple[int, int]:
    """First come, first served on the best cell: pairs and score, without second partners."""
    i, j = np.arange(len(problem.a))[:, None], np.arange(len(problem.b))[None, :]
    scores = sum(criterion.points(i, j) for criterion in problem.criteria) + np.zeros((i.size, j.size), np.int64)
    closed = np.zeros(scores.shape, np.bool_)
    for blocker in problem.blockers:
        closed |= blocker.excludes(i, j)
    rows, columns = ({key: number for number, key in enumerate(keys)} for keys in (problem.a, problem.b))
    closed[[rows[key] for key in problem.out_a]] = True
    closed[:, [columns[key] for key in problem.out_b]] = True
    free_rows, free_columns = np.ones(i.size, np.bool_), np.ones(j.size, np.bool_)
    pairs = total = 0
    fixed = [(rows[left], columns[right]) for left, right in problem.fixed]
    order = np.argsort(-scores, axis=None, kind="stable")
    for is_fixed, cells in ((True, fixed), (False, zip(*np.unravel_index(order, scores.shape), strict=True))):
        for row, column in cells:
            if free_rows[row] and free_columns[column] and (is_fixed or not closed[row, column]):
                free_rows[row] = free_columns[column] = False
                pairs, total = pairs + 1, total + int(scores[row, column])
    return pairs, total


def run(rows: int, columns: int, limit: int, *, is_floor: bool) -> dict[str, Any]:
    """One measurement, from plain features to reasons; the floor takes the matrix that `solve` prepared for the solver."""
    cohort = make_cohort(rows, columns)
    matrices: list[Any] = []
    if is_floor:
        matching.linear_sum_assignment = lambda cost: matrices.append(cost) or linear_sum_assignment(cost)
    solve(make_problem(make_cohort(20, 20), 1))
    matrices.clear()
    cpu, wall = time.process_time(), time.perf_counter()
    result = solve(make_problem(cohort, limit))
    found = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if is_floor:
        cpu = time.process_time()
        linear_sum_assignment(matrices[0])
        found["same"] = time.process_time() - cpu
        drawn = np.random.default_rng(7).random((rows, columns))
        cpu = time.process_time()
        linear_sum_assignment(drawn)
        found["square"] = time.process_time() - cpu
    seconds = sum(pair.is_second for pair in result.pairs)
    return found | {
        "pairs": len(result.pairs), "seconds": seconds, "left": len(result.left_over), "total": result.total,
    }  # fmt: skip


def child(rows: int, columns: int, limit: int, *, is_floor: bool = False) -> dict[str, Any]:
    command = [sys.executable, __file__, "--run", json.dumps([rows, columns, limit, is_floor])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def show(name: str, ours: dict[str, Any]) -> None:
    print(
        f"{name:<20} {ours['wall']:7.3f} s  {ours['cpu']:7.3f} s CPU  {ours['peak']:6.0f} MB  {ours['pairs']} pairs "
        f"({ours['seconds']} second ones), {ours['left']} left over, score {ours['total']}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=5_000)
    parser.add_argument("--run")
    options = parser.parse_args()
    if options.run:
        rows, columns, limit, is_floor = json.loads(options.run)
        print(json.dumps(run(rows, columns, limit, is_floor=is_floor)))
        return
    small = child(500, 500, 1)
    show("500 x 500", small)
    pairs, score = greedy_score(make_problem(make_cohort(500, 500), 1))
    print(f"  greedy                   {pairs} pairs, score {score}; ours {small['total'] / score:.4f} x")
    show("500 x 700, two", child(500, 700, 2))
    # With two partners a few more people on one side make a second column for everybody on the other.
    for name, limit in (("one", 1), ("two", 2)):
        compare(f"{options.large} x {options.large}, {name}", options.large, limit)


def compare(name: str, size: int, limit: int) -> None:
    """Ours beside the floors, each the best of two runs."""
    ours = min((child(size, size, limit) for _ in range(2)), key=lambda found: found["cpu"])
    floors = [child(size, size, limit, is_floor=True) for _ in range(2)]
    show(name, ours)
    for key, words in (("same", "bare solver, same matrix"), ("square", "bare solver, random    ")):
        floor = min(found[key] for found in floors)
        print(f"  {words}                {floor:7.3f} s CPU  {ours['cpu'] / floor:5.2f} x")


if __name__ == "__main__":
    main()
