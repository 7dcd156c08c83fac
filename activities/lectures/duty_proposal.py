"""Speakers for League branches by exact assignment: balanced, near, on campus; what stands is kept.

Pure: no ORM, no clock, no words. Each League branch gets its first speaker before any gets a second, and nobody gets a second
League branch while somebody who may speak has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from pairing_portal.common import matching

from .season import MonthsAhead

SAME_DEPARTMENT, SAME_BRANCH, SAME_MAJOR, MONTHS, STUDY_YEAR, AWAY, HAS_DUTY = (
    "same_department", "same_branch", "same_major", "months", "study_year", "away", "has_duty",
)  # fmt: skip
WEIGHTS: Final = {SAME_DEPARTMENT: 40, SAME_BRANCH: 20, SAME_MAJOR: 30, MONTHS: 3, STUDY_YEAR: 5}
YEARS_COUNTED: Final = 3
NOTHING_AHEAD: Final = MonthsAhead(0, 0)
# Why a League branch stays short of speakers.
NOBODY_THERE, ALL_TAKEN = "nobody_there", "all_taken"


@dataclass(frozen=True)
class Seat:
    """A League branch that takes speakers. `majors`: what its class studies; `has`: people on duty there already."""

    pk: int
    department_id: int
    party_branch_id: int | None
    majors: frozenset[str] = frozenset()
    has: frozenset[int] = frozenset()

    @property
    def key(self) -> str:
        return f"{self.pk:012}"


@dataclass(frozen=True)
class Speaker:
    """Somebody who may be asked. `load`: League branches they are on duty for in the year."""

    pk: int
    number: str
    department_id: int
    party_branch_id: int | None
    major: str = ""
    study_year: int | None = None
    ahead: MonthsAhead = NOTHING_AHEAD
    load: int = 0

    @property
    def is_away(self) -> bool:
        return self.ahead.total > 0 and self.ahead.present == 0


@dataclass(frozen=True)
class Couple:
    """A proposed duty; `reasons` are keys with their points, those that gave any."""

    speaker: Speaker
    seat: Seat
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Proposal:
    """`short`: for each League branch that stays short, how many speakers it lacks and why."""

    couples: list[Couple] = field(default_factory=list)
    short: dict[int, tuple[int, str]] = field(default_factory=dict)


def propose(seats: Sequence[Seat], speakers: Sequence[Speaker], *, wanted: int, most: int) -> Proposal:
    """Fill every League branch up to `wanted` speakers, none of whom gets more than `most` League branches."""
    return _Plan(seats, speakers, wanted, most).run()


class _Plan:
    def __init__(self, seats: Sequence[Seat], speakers: Sequence[Speaker], wanted: int, most: int) -> None:
        self.seats, self.wanted, self.most = seats, wanted, most
        self.speakers = [speaker for speaker in speakers if not speaker.is_away]
        self.load = Counter({speaker.pk: speaker.load for speaker in self.speakers})
        self.has = {seat.pk: set(seat.has) for seat in seats}
        self.couples: list[Couple] = []

    def run(self) -> Proposal:
        for place in range(1, self.wanted + 1):
            while self._fill(place):
                pass
        missing = {seat.pk: self.wanted - len(self.has[seat.pk]) for seat in self.seats}
        why = ALL_TAKEN if self.speakers else NOBODY_THERE
        return Proposal(self.couples, {pk: (count, why) for pk, count in missing.items() if count > 0})

    def _fill(self, place: int) -> bool:
        """One speaker more for League branches that have fewer than `place`; those with the lightest load are asked first."""
        waiting = [seat for seat in self.seats if len(self.has[seat.pk]) < place]
        for level in sorted({self.load[speaker.pk] for speaker in self.speakers}):
            pool = [speaker for speaker in self.speakers if self.load[speaker.pk] == level]
            if level >= self.most or not waiting:
                return False
            result = matching.solve(self._problem(pool, waiting))
            by_number = {speaker.number: speaker for speaker in pool}
            by_key = {seat.key: seat for seat in waiting}
            for pair in result.pairs:
                self._take(by_number[pair.a], by_key[pair.b], pair.parts)
            if result.pairs:
                return True
        return False

    def _take(self, speaker: Speaker, seat: Seat, parts: tuple[tuple[str, int], ...]) -> None:
        self.load[speaker.pk] += 1
        self.has[seat.pk].add(speaker.pk)
        self.couples.append(Couple(speaker, seat, tuple(part for part in parts if part[1])))

    def _problem(self, pool: Sequence[Speaker], waiting: Sequence[Seat]) -> matching.Problem:
        a, b = [speaker.number for speaker in pool], [seat.key for seat in waiting]
        taken = [(s.number, seat.key) for s in pool for seat in waiting if s.pk in self.has[seat.pk]]
        majors = [(s.number, seat.key) for s in pool for seat in waiting if s.major and s.major in seat.majors]
        return matching.Problem(
            a=a,
            b=b,
            criteria=[
                matching.same(
                    SAME_DEPARTMENT, WEIGHTS[SAME_DEPARTMENT],
                    [speaker.department_id for speaker in pool], [seat.department_id for seat in waiting],
                ),
                matching.same(
                    SAME_BRANCH, WEIGHTS[SAME_BRANCH],
                    [speaker.party_branch_id for speaker in pool], [seat.party_branch_id for seat in waiting],
                ),
                matching.listed(SAME_MAJOR, WEIGHTS[SAME_MAJOR], a, b, majors),
                _of_speaker(MONTHS, [speaker.ahead.present * WEIGHTS[MONTHS] for speaker in pool]),
                _of_speaker(STUDY_YEAR, [_years(speaker) * WEIGHTS[STUDY_YEAR] for speaker in pool]),
            ],
            blockers=[matching.barred(HAS_DUTY, a, b, taken)],
        )  # fmt: skip


def _years(speaker: Speaker) -> int:
    return max(0, min((speaker.study_year or 1) - 1, YEARS_COUNTED))


def _of_speaker(key: str, points: Sequence[int]) -> matching.Criterion:
    """Points that depend on the speaker alone."""
    row: Any = np.array(points, np.int32)
    return matching.Criterion(key, lambda i, j: row[i] + np.zeros_like(j, np.int32))
