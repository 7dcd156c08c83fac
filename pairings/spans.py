"""Stretches of days, first and last day included. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import accumulate

DAY = timedelta(days=1)
Span = tuple[date, date]


def clip(from_on: date | None, to_on: date | None, first: date, last: date) -> list[Span]:
    """What of a period lies between two days; no first day means never."""
    if from_on is None:
        return []
    start, end = max(from_on, first), last if to_on is None else min(to_on, last)
    return [(start, end)] if start <= end else []


def outside(span: Span, holes: Iterable[tuple[date, date | None]]) -> list[Span]:
    """The parts of `span` that lie in no hole, in order; a hole without an end has none."""
    start, last = span
    parts = []
    for from_on, to_on in sorted(holes, key=lambda hole: hole[0]):
        if from_on > last:
            break
        if from_on > start:
            parts.append((start, from_on - DAY))
        if to_on is None or to_on >= last:
            return parts
        start = max(start, to_on + DAY)
    parts.append((start, last))
    return parts


def days_within(spans: Iterable[Span], first: date, last: date) -> int:
    return sum(max(0, (min(end, last) - max(start, first)).days + 1) for start, end in spans)


def count_by_day(lives: Iterable[Iterable[Span]], first: date, last: date) -> list[int]:
    """For each day from `first` to `last`, in how many lives it lies."""
    changes = [0] * ((last - first).days + 2)
    for spans in lives:
        for start, end in spans:
            changes[(start - first).days] += 1
            changes[(end - first).days + 1] -= 1
    return list(accumulate(changes[:-1]))
