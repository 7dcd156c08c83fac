"""What the counts of a ballot suggest, and what may not be (RULES.md 1.8, R50, R51). Pure: numbers in, a proposal out.

Votes alone do not decide: the committee gives the grade, from the vote and from daily conduct, with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

EXCELLENT, QUALIFIED, BASICALLY, UNQUALIFIED = "excellent", "qualified", "basically_qualified", "unqualified"
GRADES = (EXCELLENT, QUALIFIED, BASICALLY, UNQUALIFIED)


@dataclass(frozen=True)
class Tally:
    """Votes one member got."""

    person_id: int
    excellent: int = 0
    qualified: int = 0
    basically: int = 0
    unqualified: int = 0

    @property
    def votes(self) -> int:
        return self.excellent + self.qualified + self.basically + self.unqualified


def excellent_cap(members: int, divisor: int) -> int:
    """R50: at most so many are rated excellent of `members` full members, rounded down."""
    return members // divisor


def proposed_grades(tallies: Sequence[Tally], *, cap: int) -> dict[int, str]:
    """A grade for each member from the votes alone.

    More than half of the votes decide, read from below: unqualified, then unqualified or basically qualified; else qualified.
    Excellent is proposed to those with more than half of the votes for it, at most `cap`; where the last places are tied, to
    none of the tied: the committee chooses.
    """
    grades = {tally.person_id: _floor_grade(tally) for tally in tallies}
    able = [tally for tally in tallies if grades[tally.person_id] == QUALIFIED and tally.excellent * 2 > tally.votes]
    for person_id in _first(able, cap):
        grades[person_id] = EXCELLENT
    return grades


def _floor_grade(tally: Tally) -> str:
    if tally.votes == 0:
        return ""
    if tally.unqualified * 2 > tally.votes:
        return UNQUALIFIED
    return BASICALLY if (tally.unqualified + tally.basically) * 2 > tally.votes else QUALIFIED


def _first(able: Sequence[Tally], cap: int) -> list[int]:
    """Those with the highest share of votes for excellent, without the ones tied across the last place."""
    if len(able) <= cap:
        return [tally.person_id for tally in able]

    def share(tally: Tally) -> float:
        return tally.excellent / tally.votes

    ranked = sorted(able, key=share, reverse=True)
    edge = share(ranked[cap])
    return [tally.person_id for tally in ranked[:cap] if share(tally) > edge]


def tally_of(person_id: int, grades: Sequence[str]) -> Tally:
    """Counts of the grades given to one member."""
    return Tally(person_id, *(sum(grade == name for grade in grades) for name in GRADES))


def counts_add_up(counts: Mapping[str, int], returned: int) -> bool:
    """Nobody has more votes than ballots were handed in."""
    return all(count >= 0 for count in counts.values()) and sum(counts.values()) <= returned
