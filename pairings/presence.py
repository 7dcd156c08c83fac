"""Months on campus as bits of a number. Pure: no ORM, no clock.

Bit 0 is the first month. Somebody is on campus in a month when present on more than half of the days that count.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

Period = tuple[date, date | None]
MONTHS_AT_MOST = 60


def months_between(first: date, last: date) -> list[date]:
    """The first days of all months from that of `first` to that of `last`; at most 60."""
    months, month = [], first.replace(day=1)
    while month <= last and len(months) < MONTHS_AT_MOST:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def month_ends_on(month: date) -> date:
    """The last day of a month."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def days_away(first: date, last: date, absences: Iterable[Period]) -> int:
    """Days from `first` to `last`, both included, that lie in at least one absence."""
    away: set[int] = set()
    for from_on, to_on in absences:
        start, end = max(first, from_on), min(last, to_on or last)
        away.update(range(start.toordinal(), end.toordinal() + 1))
    return len(away)


def presence_mask(
    *, months: Sequence[date], first: date, last: date, absences: Sequence[Period], leaves_on: date | None
) -> int:
    """A bit for each of `months` in which the person is on campus on more than half of its days in [`first`, `last`].

    `leaves_on` is the last day at the college (graduation, leaving); None when unknown.
    """
    mask = 0
    for number, month in enumerate(months):
        start, end = max(month, first), min(month_ends_on(month), last)
        counted = (end - start).days + 1
        if leaves_on is not None and leaves_on < end:
            present_until = max(leaves_on, start - timedelta(days=1))
        else:
            present_until = end
        present = (present_until - start).days + 1
        if present > 0:
            present -= days_away(start, present_until, absences)
        if counted > 0 and 2 * present > counted:
            mask |= 1 << number
    return mask


def month_count(mask: int) -> int:
    return mask.bit_count()
