"""The mentor assessment as a sum: named parts, named weights, nothing else. Pure: facts in, points out.

Each part is 0 to 100 points. A part without evidence is left out and the others keep their proportions: no evidence is not zero.
What each part adds is a whole number, and these numbers add up to the total, so that anybody can check it by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

TALKS, FEEDBACK, PROGRESS, LECTURES, ACTIVITIES = "talks", "feedback", "progress", "lectures", "activities"
PARTS = (TALKS, FEEDBACK, PROGRESS, LECTURES, ACTIVITIES)
FULL = 100


class WeightsDoNotAddUp(ValueError):
    """The weights sum to something else than 100; `total` is what they sum to."""

    def __init__(self, total: int) -> None:
        super().__init__(f"weights sum to {total}")
        self.total = total


@dataclass(frozen=True)
class Part:
    """One part: `points` from 0 to 100, None without evidence; `evidence`: how many rows stand behind it."""

    key: str
    weight: int
    points: Fraction | None
    evidence: int = 0


@dataclass(frozen=True)
class Score:
    """`total` is None when nothing is known; `adds` says what each part with evidence adds to it."""

    total: int | None
    adds: Mapping[str, int]


def check_weights(weights: Mapping[str, int]) -> None:
    """Raise `WeightsDoNotAddUp` unless they are not negative and sum to 100."""
    total = sum(weights.values())
    if total != FULL or any(weight < 0 for weight in weights.values()):
        raise WeightsDoNotAddUp(total)


def score(parts: Sequence[Part]) -> Score:
    """The weighted mean of the parts with evidence, rounded half up, and what each adds (largest remainders first)."""
    known = [part for part in parts if part.points is not None and part.weight > 0]
    weight = sum(part.weight for part in known)
    if not weight:
        return Score(None, {})
    shares = {part.key: Fraction(part.weight, weight) * _bounded(part.points) for part in known}
    total = int(sum(shares.values(), Fraction(0)) + Fraction(1, 2))
    return Score(total, _whole(shares, total))


def _bounded(points: Fraction | None) -> Fraction:
    return min(max(points or Fraction(0), Fraction(0)), Fraction(FULL))


def _whole(shares: Mapping[str, Fraction], total: int) -> dict[str, int]:
    whole = {key: int(share) for key, share in shares.items()}
    rest = total - sum(whole.values())
    # Ties go to the name that comes first, whatever the order of the parts.
    by_remainder = sorted(shares, key=lambda key: (whole[key] - shares[key], key))
    for key in by_remainder[:rest]:
        whole[key] += 1
    return whole


# --- From facts to points ------------------------------------------------------------------------


def regularity(windows_with_talk: int, windows: int) -> Fraction | None:
    """Talks: the share of the link's windows (30 days, by policy) in which a confirmed talk lies. None before the first is over."""
    return Fraction(FULL * min(windows_with_talk, windows), windows) if windows else None


def from_marks(hundredths: Iterable[int]) -> Fraction | None:
    """Feedback: means of the four dimensions, each 100 to 500 (one to five points, in hundredths); 1 is 0 points, 5 is 100."""
    marks = list(hundredths)
    if not marks:
        return None
    return sum((Fraction(mark - 100, 4) for mark in marks), Fraction(0)) / len(marks)


def fulfilled(done: int, owed: int) -> Fraction | None:
    """Progress, lectures, activities: what was done of what was owed or agreed; more than owed is full. None when nothing was."""
    return Fraction(FULL * min(done, owed), owed) if owed else None
