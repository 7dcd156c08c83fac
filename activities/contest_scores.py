"""From judges' scores to places. Pure: nothing here knows the database, and the order in which scores came in plays no part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

HUNDREDTH: Final = Decimal("0.01")
LAST_ROUND, BEST_ROUND, SHARED = "last_round", "best_round", "shared"


@dataclass(frozen=True)
class RoundRule:
    """One round: its highest score, and its share of the whole."""

    id: int
    position: int
    max_score: Decimal
    weight: int


@dataclass(frozen=True)
class Mark:
    """What one judge gave one team in one round."""

    round_id: int
    team_id: int
    judge: str
    score: Decimal


@dataclass(frozen=True)
class Hole:
    """A judge who scored others in this round has no score for this team; without a judge, nobody scored the round."""

    round_id: int
    team_id: int | None = None
    judge: str = ""


@dataclass(frozen=True)
class Standing:
    """A team's place. Points are hundredths of what could be reached: 0 to 100, a round and in total."""

    team_id: int
    total: Decimal
    by_round: Mapping[int, Decimal] = field(default_factory=dict)
    # Empty before the first score of the contest.
    place: int | None = None
    is_shared: bool = False


def standings(
    rounds: Sequence[RoundRule], team_ids: Iterable[int], marks: Iterable[Mark], tie_rule: str
) -> list[Standing]:
    """Teams from the first place down, those of one place by id.

    A round counts the average of its judges as a share of its highest score, times its weight; a round without scores counts
    nothing. What is shown decides: totals equal to the hundredth are a tie. Places are those of sport: 1, 1, 3.
    """
    played = sorted(rounds, key=lambda row: (row.position, row.id))
    teams = sorted(set(team_ids))
    given = _given(marks)
    weights = sum(row.weight for row in played)
    shares = {team: {row.id: _share(row, given.get((row.id, team))) for row in played} for team in teams}
    rows = [
        Standing(
            team,
            _points(sum((share[row.id] or 0) * row.weight for row in played) / Fraction(weights or 1)),
            {key: _points(value) for key, value in share.items() if value is not None},
        )
        for team, share in shares.items()
    ]
    if not given:
        return rows
    keys = {row.team_id: (row.total, _tie_break(row, played, tie_rule)) for row in rows}
    return _placed(rows, keys)


def _placed(rows: list[Standing], keys: Mapping[int, tuple[Decimal, Decimal]]) -> list[Standing]:
    found = []
    for row in sorted(rows, key=lambda row: row.team_id):
        key = keys[row.team_id]
        better = sum(other > key for other in keys.values())
        same = sum(other == key for other in keys.values())
        found.append(Standing(row.team_id, row.total, row.by_round, better + 1, same > 1))
    return sorted(found, key=lambda row: (row.place or 0, row.team_id))


def _given(marks: Iterable[Mark]) -> dict[tuple[int, int], list[Decimal]]:
    found: dict[tuple[int, int], list[Decimal]] = {}
    for mark in marks:
        found.setdefault((mark.round_id, mark.team_id), []).append(mark.score)
    return found


def _share(rule: RoundRule, scores: list[Decimal] | None) -> Fraction | None:
    """The average of the judges as a share of the highest score, in hundredths; None without a score."""
    if not scores:
        return None
    average = sum(map(Fraction, scores), Fraction(0)) / len(scores)
    return average * 100 / Fraction(rule.max_score)


def _points(value: Fraction) -> Decimal:
    """Rounded to the hundredth, half up."""
    exact = value * 100
    return Decimal(int(exact + Fraction(1, 2))).scaleb(-2).quantize(HUNDREDTH, ROUND_HALF_UP)


def _tie_break(row: Standing, played: Sequence[RoundRule], tie_rule: str) -> Decimal:
    """What decides between equal totals; the same for all when the place is shared."""
    if tie_rule == LAST_ROUND and played:
        return row.by_round.get(played[-1].id, Decimal(0))
    if tie_rule == BEST_ROUND:
        return max(row.by_round.values(), default=Decimal(0))
    return Decimal(0)


def holes(rounds: Iterable[RoundRule], team_ids: Iterable[int], marks: Iterable[Mark]) -> list[Hole]:
    """What is missing before the result can stand, in the order of rounds, judges and teams."""
    teams = sorted(set(team_ids))
    given = {(mark.round_id, mark.judge, mark.team_id) for mark in marks}
    found = []
    for row in sorted(rounds, key=lambda row: (row.position, row.id)):
        judges = sorted({judge for round_id, judge, _team in given if round_id == row.id})
        if not judges:
            found.append(Hole(row.id))
        found += [Hole(row.id, team, judge) for judge in judges for team in teams if (row.id, judge, team) not in given]
    return found
