"""One branch divided evenly over several groups. Pure: no ORM, no clock, no words. Imported through `matching`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

Value = tuple[str, str]
Kind = tuple[Value, ...]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SplitItem:
    """Somebody to be put into a group, with their features by name (major, stage …); an empty value is not balanced."""

    key: str
    features: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """`groups`: the group of each key. `counts`: people by (feature, value) and group. `is_proved`: no better split exists."""

    groups: dict[str, str]
    counts: dict[Value, dict[str, int]]
    is_proved: bool


def balanced_split(
    items: Sequence[SplitItem],
    groups: Sequence[str],
    *,
    fixed: Mapping[str, str] | None = None,
    shares: Mapping[str, int] | None = None,
    weights: Mapping[str, int] | None = None,
    seconds: float = 5.0,
) -> Split:
    """Divide people over groups: first sizes as near to the shares as possible (least squares; alike unless `shares` differ),
    then the least weighted sum of |people − share| over all values of all features and all groups.

    `fixed` keys stay in their group. `weights` are by feature, 1 unless given. The order of people and groups changes nothing.
    After `seconds` the best split so far is taken. Raises ValueError for people or groups given twice or unknown, and
    shares that are not positive.
    """
    names, people = sorted(groups), sorted(items, key=lambda item: item.key)
    held = dict(fixed or {})
    parts = [int((shares or {}).get(name, 1)) for name in names]
    _check(people, names, held, parts)
    kinds: dict[Kind, list[str]] = {}
    for item in people:
        if item.key not in held:
            kinds.setdefault(_kind(item), []).append(item.key)
    order = sorted(kinds)
    model = _Model(
        kinds=order,
        free=[len(kinds[kind]) for kind in order],
        held=[[_kind(item) for item in people if held.get(item.key) == name] for name in names],
        parts=parts,
        weights=weights or {},
    )
    counts, is_proved = model.solve(seconds)
    for kind, row in zip(order, counts, strict=True):
        homes = [name for name, count in zip(names, row, strict=True) for _ in range(count)]
        held.update(zip(kinds[kind], homes, strict=True))
    tally: dict[Value, dict[str, int]] = {}
    for item in people:
        for value in _kind(item):
            tally.setdefault(value, dict.fromkeys(names, 0))[held[item.key]] += 1
    return Split({item.key: held[item.key] for item in people}, dict(sorted(tally.items())), is_proved)


def _kind(item: SplitItem) -> Kind:
    return tuple(sorted((name, value) for name, value in item.features.items() if value))


def _check(people: Sequence[SplitItem], names: Sequence[str], fixed: Mapping[str, str], parts: Sequence[int]) -> None:
    keys = {item.key for item in people}
    if len(keys) != len(people):
        raise ValueError("somebody is to be split twice")
    if not names or len(set(names)) != len(names):
        raise ValueError("the groups must be named, each once")
    if min(parts) < 1:
        raise ValueError("the share of a group must be positive")
    strangers = sorted(key for key, name in fixed.items() if key not in keys or name not in names)
    if strangers:
        raise ValueError(f"fixed, but not here or in no group: {', '.join(strangers)}")


def size_bounds(held: Sequence[int], parts: Sequence[int], free: int) -> list[tuple[int, int]]:
    """The least and greatest size of each group among all best sizes: least sum of squared distances from its share.

    `held` people are in the groups already, `free` ones are to be added. The two differ by one at most.
    """
    people, whole = sum(held) + free, sum(parts)
    sizes = list(held)
    last = None

    def price(group: int) -> int:
        # By how much one person more raises the squared distance, times whole / 2 and less a constant.
        return sizes[group] * whole - people * parts[group]

    for _ in range(free):
        group = min(range(len(sizes)), key=price)
        last = price(group)
        sizes[group] += 1
    if last is None:
        return [(size, size) for size in sizes]
    # Whoever was added at the last price could as well stand in another group that has this price.
    return [
        (size - (size > at_first and price(group) - whole == last), size + (price(group) == last))
        for group, (size, at_first) in enumerate(zip(sizes, held, strict=True))
    ]


class _Model:
    """How many free people of each kind go into each group, as an integer programme over counts.

    Over counts and not people, because people of one kind are interchangeable and would be searched in every order.
    The variables are the counts, kind by kind, then a distance for each value and group.
    """

    def __init__(
        self,
        *,
        kinds: Sequence[Kind],
        free: Sequence[int],
        held: Sequence[Sequence[Kind]],
        parts: Sequence[int],
        weights: Mapping[str, int],
    ) -> None:
        self.kinds, self.free, self.held, self.parts = kinds, free, held, parts
        self.values = sorted({value for kind in kinds for value in kind if weights.get(value[0], 1)})
        self.cells = len(kinds) * len(parts)
        self.width = self.cells + len(self.values) * len(parts)
        self.cost = np.zeros(self.width)
        for number, (name, _value) in enumerate(self.values):
            start = self.cells + number * len(parts)
            self.cost[start : start + len(parts)] = weights.get(name, 1)

    def solve(self, seconds: float) -> tuple[list[list[int]], bool]:
        """The counts, a row for each kind, and whether they are proved to be best."""
        if not self.kinds:
            return [], True
        # The first bound is nearly always the answer; presolving takes longer than it saves.
        found = self._run(self.cost, {"time_limit": seconds, "mip_rel_gap": 0.0, "presolve": False})
        if found.x is None:
            # Sizes alone are a transport problem, which needs no search.
            found = self._run(np.zeros(self.width), {})
        counts = np.rint(found.x[: self.cells]).astype(int).reshape(len(self.kinds), len(self.parts))
        return counts.tolist(), found.status == 0

    def _run(self, cost: Array, options: dict[str, float]):  # type: ignore[no-untyped-def]  # scipy has no types
        integrality = np.arange(self.width) < self.cells
        constraints = [self._people(), self._sizes(), *([self._distances()] if self.values else [])]
        return milp(
            cost,
            integrality=integrality.astype(int),
            bounds=Bounds(0, np.inf),
            constraints=constraints,
            options=options,
        )

    def _people(self) -> LinearConstraint:
        rows = np.zeros((len(self.kinds), self.width))
        for number in range(len(self.kinds)):
            rows[number, number * len(self.parts) : (number + 1) * len(self.parts)] = 1
        return LinearConstraint(rows, self.free, self.free)

    def _sizes(self) -> LinearConstraint:
        held = [len(kinds) for kinds in self.held]
        bounds = np.array(size_bounds(held, self.parts, sum(self.free))) - np.array(held)[:, None]
        rows = np.zeros((len(self.parts), self.width))
        for group in range(len(self.parts)):
            rows[group, group : self.cells : len(self.parts)] = 1
        return LinearConstraint(rows, bounds[:, 0], bounds[:, 1])

    def _distances(self) -> LinearConstraint:
        """distance ≥ slope × count + rest, by three lines: below the share, above it, and between the whole numbers around it.

        The third line cuts off fractions, so that the first bound of the search is nearly the answer. All times `whole`.
        """
        whole = sum(self.parts)
        rows, least = [], []
        for number, value in enumerate(self.values):
            has = np.array([value in kind for kind in self.kinds])
            held = [sum(value in kind for kind in kinds) for kinds in self.held]
            people = sum(held) + int(np.array(self.free)[has].sum())
            for group, part in enumerate(self.parts):
                share = people * part
                below, rest = divmod(share, whole)
                for slope, at_zero in (
                    (-whole, share),
                    (whole, -share),
                    (whole - 2 * rest, rest - below * (whole - 2 * rest)),
                ):
                    row = np.zeros(self.width)
                    row[group : self.cells : len(self.parts)] = -slope * has
                    row[self.cells + number * len(self.parts) + group] = 1
                    rows.append(row)
                    least.append(at_zero + slope * held[group])
        return LinearConstraint(np.array(rows), np.array(least), np.inf)
