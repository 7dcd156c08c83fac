"""Who goes with whom: an exact assignment of two sides with capacities, for named reasons.

Pure: no ORM, no clock, no words; what is returned are keys, points and codes. People have string keys and are sorted by
them, so the order in which they are given changes nothing. Everything that describes people is a sequence parallel to
the keys of their side; all points are whole numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from .splitting import Split, SplitItem, balanced_split

__all__ = [
    "CAPACITY", "FULL", "NOBODY_ALLOWED", "Blocker", "Criterion", "LeftOver", "Pair", "Problem", "Result", "Split",
    "SplitItem", "balanced_split", "barred", "barred_where", "disjoint", "listed", "overlap", "same", "solve", "step",
]  # fmt: skip

FULL: Final = "full"
NOBODY_ALLOWED: Final = "nobody_allowed"
CAPACITY: Final = "capacity"

Index = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer[Any]]
Costs = npt.NDArray[np.float64]
# Positions in the two sides, of shapes that broadcast: a grid is (rows, 1) and (1, columns), chosen pairs are (n,) and (n,).
PointsOf = Callable[[Index, Index], IntArray]
ExcludesOf = Callable[[Index, Index], BoolArray]

# Cells worked on at once: few enough to stay in a processor's cache.
_BLOCK_CELLS: Final = 1 << 18
_EXACT: Final = 1 << 53
_UNKNOWN: Final = 1_000_000


@dataclass(frozen=True)
class Criterion:
    """A named reason. `points(i, j)` are the points of a's number i with b's number j, within 32 bits."""

    key: str
    points: PointsOf


@dataclass(frozen=True)
class Blocker:
    """A hard rule. `excludes(i, j)` is true where a's number i may not go with b's number j."""

    key: str
    excludes: ExcludesOf


@dataclass(frozen=True)
class Problem:
    """Two sides to be matched.

    `limit_*`: partners a person may have at most, one number or one for each person. `out_*`: people who take no part, with
    the code that says why. `fixed`: pairs made by hand; they stay whatever the rules say, use capacity and come first.
    """

    a: Sequence[str]
    b: Sequence[str]
    criteria: Sequence[Criterion] = ()
    blockers: Sequence[Blocker] = ()
    fixed: Collection[tuple[str, str]] = ()
    limit_a: int | Sequence[int] = 1
    limit_b: int | Sequence[int] = 1
    out_a: Mapping[str, str] = field(default_factory=dict)
    out_b: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """`score` is the sum of `parts`, which names the criteria that gave or took points.

    `is_second`: one of the two has a better pair already (fixed ones come first, then the higher score).
    """

    a: str
    b: str
    score: int
    parts: tuple[tuple[str, int], ...]
    is_fixed: bool
    is_second: bool


@dataclass(frozen=True)
class LeftOver:
    """Somebody without a partner. `why` and `detail`:

    a code of `out_*`, no detail · `full`: may have no partner at all · `nobody_allowed`: for each blocker and each code of
    the other side's `out_*`, how many people it rules out · `capacity`: everybody allowed has as many partners as they
    are given room for, ("limit", that number).
    """

    key: str
    side: Literal["a", "b"]
    why: str
    detail: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Result:
    """`pairs` and `left_over` in the order of their keys; `total` is the score of all pairs."""

    pairs: tuple[Pair, ...]
    left_over: tuple[LeftOver, ...]
    total: int


# Reasons and rules made from plain features.


def same(key: str, weight: int, a_codes: Sequence[Hashable], b_codes: Sequence[Hashable]) -> Criterion:
    """`weight` where both have the same code; None and "" are unknown and equal nothing."""
    numbers: dict[Hashable, int] = {}
    left, right = _coded(a_codes, numbers, -1), _coded(b_codes, numbers, -2)
    return Criterion(key, lambda i, j: (left[i] == right[j]) * np.int32(weight))


def step(
    key: str,
    weight: int,
    a_numbers: Sequence[int | None],
    b_numbers: Sequence[int | None],
    *,
    best: int = 1,
    tolerance: int = 0,
) -> Criterion:
    """`weight` where the numbers (grades, years) are `best` apart, evenly less down to nothing beyond `tolerance` more or fewer."""
    left = np.array([-_UNKNOWN if number is None else number for number in a_numbers], np.int32)
    right = np.array([_UNKNOWN if number is None else number for number in b_numbers], np.int32)
    ladder: IntArray = np.array(
        [weight * (tolerance + 1 - off) // (tolerance + 1) for off in range(tolerance + 2)], np.int32
    )

    def points(i: Index, j: Index) -> IntArray:
        off = np.minimum(np.abs(np.abs(left[i] - right[j]) - best), tolerance + 1)
        found: IntArray = ladder[off]
        return found

    return Criterion(key, points)


def overlap(
    key: str, weight: int, a_bits: Sequence[int], b_bits: Sequence[int], *, at_most: int | None = None
) -> Criterion:
    """`weight` for each bit (area, month) that both have, `at_most` so many of them; up to 64 bits.

    For areas offered and asked both ways put one side's offers and asks where the other has its asks and offers.
    """
    left, right = np.array(a_bits, np.uint64), np.array(b_bits, np.uint64)
    ladder = np.array([weight * min(count, 64 if at_most is None else at_most) for count in range(65)], np.int32)
    return Criterion(key, lambda i, j: ladder[np.bitwise_count(left[i] & right[j])])


def listed(
    key: str, weight: int, a_keys: Sequence[str], b_keys: Sequence[str], pairs: Collection[tuple[str, str]]
) -> Criterion:
    """`weight`, which may be negative, for the pairs of a list; pairs of people who are not here are passed over."""
    table = _table(a_keys, b_keys, pairs).astype(np.int8)
    return Criterion(key, lambda i, j: table[i, j] * np.int32(weight))


def barred(key: str, a_keys: Sequence[str], b_keys: Sequence[str], pairs: Collection[tuple[str, str]]) -> Blocker:
    """Rules out the pairs of a list; pairs of people who are not here are passed over."""
    return barred_where(key, _table(a_keys, b_keys, pairs))


def barred_where(key: str, matrix: BoolArray) -> Blocker:
    """Rules out the true cells of a matrix with a row for each of a, a column for each of b."""
    return Blocker(key, lambda i, j: matrix[i, j])


def disjoint(key: str, a_bits: Sequence[int], b_bits: Sequence[int]) -> Blocker:
    """Rules out people who have no bit (month) in common."""
    left, right = np.array(a_bits, np.uint64), np.array(b_bits, np.uint64)
    return Blocker(key, lambda i, j: (left[i] & right[j]) == 0)


def _coded(codes: Sequence[Hashable], numbers: dict[Hashable, int], unknown: int) -> IntArray:
    return np.array(
        [unknown if code is None or code == "" else numbers.setdefault(code, len(numbers)) for code in codes], np.int32
    )


def _table(a_keys: Sequence[str], b_keys: Sequence[str], pairs: Collection[tuple[str, str]]) -> BoolArray:
    rows = {key: number for number, key in enumerate(a_keys)}
    columns = {key: number for number, key in enumerate(b_keys)}
    table = np.zeros((len(a_keys), len(b_keys)), np.bool_)
    for left, right in pairs:
        if left in rows and right in columns:
            table[rows[left], columns[right]] = True
    return table


# The assignment.


class _Side:
    """One side, sorted by key. `index` leads from a place in that order to the caller's; `load` counts fixed partners,
    `room` is how many a person is given room for, fixed ones included."""

    def __init__(
        self, name: Literal["a", "b"], keys: Sequence[str], limit: int | Sequence[int], out: Mapping[str, str]
    ):
        if len(set(keys)) != len(keys):
            raise ValueError(f"side {name} names somebody twice")
        self.name, self.out = name, out
        self.index: Index = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.intp)
        self.keys = [keys[number] for number in self.index]
        self.place = {key: number for number, key in enumerate(self.keys)}
        self.is_out = np.array([key in out for key in self.keys], np.bool_)
        self.limit = np.broadcast_to(np.array(limit, np.int64), (len(keys),))[self.index]
        self.load = np.zeros(len(keys), np.int64)
        self.room = self.load

    def fix(self, key: str) -> int:
        """Count a fixed partner. Raises ValueError when the person is unknown or has as many as they may."""
        if key not in self.place:
            raise ValueError(f"fixed pair: {key} is not on side {self.name}")
        place = self.place[key]
        if self.load[place] >= self.limit[place]:
            raise ValueError(f"fixed pairs: {key} on side {self.name} may have {self.limit[place]} at most")
        self.load[place] += 1
        return place

    @property
    def may_take(self) -> BoolArray:
        return self.load < self.limit

    def give_room(self, waiting: BoolArray, *, to_serve: int) -> None:
        """One partner for each who waits; for all alike more, within their limits, until `to_serve` others are served."""
        takes_part = waiting | (self.load > 0)
        limit = np.where(takes_part & ~self.is_out, self.limit, self.load)
        most = 1
        self.room = np.maximum(self.load, np.minimum(limit, most))
        while (self.room - self.load).sum() < to_serve and most < limit.max(initial=0):
            most += 1
            self.room = np.maximum(self.load, np.minimum(limit, most))


def solve(problem: Problem) -> Result:
    """The best matching, in this order: as many pairs and people with a partner as possible; as few second (third …) partners
    as possible, spread evenly; the highest total score.

    Second partners are given on one side only, the one with fewer people still to be matched (people who are out or have
    nobody allowed do not count), and no more than it takes to serve the other side if all shared alike, within the limits.

    Raises ValueError for keys given twice, fixed pairs that repeat, name strangers or break a limit, and weights so large
    that the sums would no longer be exact.
    """
    a = _Side("a", problem.a, problem.limit_a, problem.out_a)
    b = _Side("b", problem.b, problem.limit_b, problem.out_b)
    fixed = sorted(problem.fixed)
    if len(set(fixed)) != len(fixed):
        raise ValueError("fixed pairs: the same pair twice")
    chosen = [(a.fix(left), b.fix(right)) for left, right in fixed]
    allowed = _allowed(problem, a, b)
    if _give_rooms(a, b, allowed) == "a":
        chosen += [(left, right) for right, left in _assign(problem, b, a, allowed.T)]
    else:
        chosen += _assign(problem, a, b, allowed)
    pairs = _pairs(problem, a, b, np.array(chosen, np.intp).reshape(-1, 2), len(fixed))
    left_over = [
        *_left_over(problem, a, b, {pair.a for pair in pairs}, allowed),
        *_left_over(problem, b, a, {pair.b for pair in pairs}, allowed.T),
    ]
    return Result(tuple(pairs), tuple(left_over), sum(pair.score for pair in pairs))


def _chunks(rows: int, columns: int) -> Iterator[slice]:
    size = max(1, _BLOCK_CELLS // max(1, columns))
    return (slice(start, start + size) for start in range(0, rows, size))


def _ask(of: PointsOf | ExcludesOf, side: _Side, other: _Side, places: Index, others: Index) -> npt.NDArray[Any]:
    """A grid of answers with a row for each place of `side`, whichever side that is."""
    i, j = side.index[places, None], other.index[None, others]
    return np.broadcast_to(of(i, j) if side.name == "a" else of(j, i), (len(places), len(others)))


def _allowed(problem: Problem, a: _Side, b: _Side) -> BoolArray:
    allowed = np.ones((len(a.keys), len(b.keys)), np.bool_)
    places, others = np.arange(len(a.keys)), np.arange(len(b.keys))
    for rows in _chunks(*allowed.shape):
        for blocker in problem.blockers:
            allowed[rows] &= ~_ask(blocker.excludes, a, b, places[rows], others)
    allowed[a.is_out] = False
    allowed[:, b.is_out] = False
    return allowed


def _give_rooms(a: _Side, b: _Side, allowed: BoolArray) -> str:
    """Decide how many partners each person has room for; returns the side that may be given second ones."""
    waiting_a = a.may_take & (a.load == 0) & allowed[:, b.may_take].any(axis=1)
    waiting_b = b.may_take & (b.load == 0) & allowed[a.may_take].any(axis=0)
    count_a, count_b = int(waiting_a.sum()), int(waiting_b.sum())
    a.give_room(waiting_a, to_serve=count_b)
    b.give_room(waiting_b, to_serve=count_a)
    return "a" if count_a < count_b else "b"


def _assign(problem: Problem, seekers: _Side, givers: _Side, allowed: BoolArray) -> list[tuple[int, int]]:
    """New pairs as places. One row for each seeker without a partner; a column, a slot, for each partner a giver has room for."""
    rows = np.flatnonzero((seekers.load == 0) & (seekers.room > 0))
    columns = np.flatnonzero(givers.room > givers.load)
    open_cells = allowed[np.ix_(rows, columns)]
    if not open_cells.any():
        return []
    scores = np.zeros(open_cells.shape, np.int32)
    for chunk in _chunks(rows.size, columns.size):
        for criterion in problem.criteria:
            scores[chunk] += _ask(criterion.points, seekers, givers, rows[chunk], columns)
    slots = sorted(
        (level, number)
        for number, column in enumerate(columns.tolist())
        for level in range(givers.load[column], givers.room[column])
    )
    level, owner = np.array(slots, np.intp).T
    row, slot = linear_sum_assignment(_cost(scores, open_cells, owner, level))
    is_pair = open_cells[row, owner[slot]]
    return list(zip(rows[row[is_pair]].tolist(), columns[owner[slot[is_pair]]].tolist(), strict=True))


def _cost(scores: IntArray, allowed: BoolArray, owner: Index, level: Index) -> Costs:
    """A row a seeker, a column a slot: nothing for a cell that is not allowed, else minus bonus, plus level, minus score.

    Whole numbers throughout, so exact. One level outweighs all scores together. A pair more changes the levels' sum by one
    level at most (the slots that can be filled form a matroid), so that a bonus of as many steps as there are levels
    outweighs the levels as well.
    """
    low, high = int(scores.min()), int(scores.max())
    most_pairs = min(len(scores), owner.size)
    one_level = most_pairs * (high - low) + 1
    bonus = one_level * (int(level.max()) + 1)
    if (bonus + high - low) * most_pairs >= _EXACT:
        raise ValueError("the weights are too large for an exact sum")
    offset = (low - bonus + one_level * level).astype(np.float64)
    is_plain = np.array_equal(owner, np.arange(scores.shape[1]))
    cost = np.empty((len(scores), owner.size), np.float64)
    for rows in _chunks(len(scores), owner.size):
        points, is_open = scores[rows], allowed[rows]
        if not is_plain:
            points, is_open = points[:, owner], is_open[:, owner]
        np.multiply(offset - points.astype(np.float64), is_open, out=cost[rows])
    return cost


def _pairs(problem: Problem, a: _Side, b: _Side, chosen: Index, fixed: int) -> list[Pair]:
    """The pairs in the order of their keys; the first `fixed` of `chosen` are those made by hand."""
    i, j = a.index[chosen[:, 0]], b.index[chosen[:, 1]]
    points = [np.broadcast_to(criterion.points(i, j), i.shape).tolist() for criterion in problem.criteria]
    keys = [criterion.key for criterion in problem.criteria]
    drafts = []
    for number, (left, right) in enumerate(chosen.tolist()):
        parts = tuple((key, of_all[number]) for key, of_all in zip(keys, points, strict=True) if of_all[number])
        drafts.append((number >= fixed, -sum(part for _key, part in parts), a.keys[left], b.keys[right], parts))
    seen_a, seen_b, pairs = set(), set(), []
    for is_new, minus_score, left_key, right_key, parts in sorted(drafts):
        is_second = left_key in seen_a or right_key in seen_b
        pairs.append(Pair(left_key, right_key, -minus_score, parts, not is_new, is_second))
        seen_a.add(left_key)
        seen_b.add(right_key)
    return sorted(pairs, key=lambda pair: (pair.a, pair.b))


def _left_over(problem: Problem, side: _Side, other: _Side, paired: set[str], allowed: BoolArray) -> Iterator[LeftOver]:
    """Why each person of `side` who is not `paired` has no partner. `allowed` has a row for each of `side`."""
    alone = np.array([place for place, key in enumerate(side.keys) if key not in paired], np.intp)
    others = np.arange(len(other.keys))
    counts: list[list[tuple[str, int]]] = [[] for _ in alone]
    for chunk in _chunks(alone.size, others.size):
        for blocker in problem.blockers:
            excluded = _ask(blocker.excludes, side, other, alone[chunk], others).sum(axis=1).tolist()
            for found, count in zip(counts[chunk], excluded, strict=True):
                found.append((blocker.key, count))
    out = sorted(Counter(other.out[key] for key in other.keys if key in other.out).items())
    for place, found in zip(alone.tolist(), counts, strict=True):
        key = side.keys[place]
        if key in side.out:
            yield LeftOver(key, side.name, side.out[key])
        elif side.limit[place] < 1:
            yield LeftOver(key, side.name, FULL)
        elif allowed[place].any():
            yield LeftOver(key, side.name, CAPACITY, (("limit", int(other.room[allowed[place]].max())),))
        else:
            yield LeftOver(key, side.name, NOBODY_ALLOWED, tuple(entry for entry in [*found, *out] if entry[1]))
