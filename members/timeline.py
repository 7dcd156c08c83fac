"""Where the days of an outlook lie on a line: geometry only, drawn by the templates. Pure: no ORM, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from dateutil.relativedelta import relativedelta

from .outlook import Outlook, Span

WIDTH: Final = 720.0
# Terms begin in March and September; a longer line has a tick a year.
TICK_MONTHS: Final = (3, 9)
MANY_YEARS: Final = 5
DONE, EARLIEST, TOO_LATE = "done", "earliest", "late"


@dataclass(frozen=True)
class Axis:
    """From the first to the last day, both drawn; `x` of a day outside lies on the edge."""

    first: date
    last: date
    width: float = WIDTH

    def x(self, on: date) -> float:
        days = (self.last - self.first).days or 1
        return round(min(max((on - self.first).days / days, 0), 1) * self.width, 1)


@dataclass(frozen=True)
class Tick:
    x: float
    on: date


@dataclass(frozen=True)
class Mark:
    """A stage on the line. `state`: reached, the earliest lawful day, or an earliest day that is too late."""

    x: float
    stage: str
    on: date
    state: str
    # Marks close to each other are written on two levels.
    level: int = 0


@dataclass(frozen=True)
class Band:
    """A time away; `is_open` has no end yet."""

    x: float
    width: float
    first: date
    last: date | None

    @property
    def is_open(self) -> bool:
        return self.last is None


@dataclass(frozen=True)
class Timeline:
    axis: Axis
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    bands: tuple[Band, ...]
    today_x: float
    leaves_x: float | None = None
    # R13: the last day on which an admission still fits.
    limit_x: float | None = None


def axis_of(outlooks: Iterable[Outlook], today: date, *, width: float = WIDTH) -> Axis:
    """One line for all: whole half-years around every day that is known, today among them."""
    days = [today]
    for outlook in outlooks:
        days += [milestone.on for milestone in outlook.milestones if milestone.on]
        days += [outlook.leaves_on] if outlook.leaves_on else []
    first, last = min(days), max(days)
    start = date(first.year, 1 if first.month < 7 else 7, 1)
    end = date(last.year, 7, 1) if last.month < 7 else date(last.year + 1, 1, 1)
    return Axis(start, end, width)


def ticks_of(axis: Axis) -> tuple[Tick, ...]:
    """The beginnings of terms, or of every second one where there are many years."""
    months = TICK_MONTHS if axis.last.year - axis.first.year < MANY_YEARS else TICK_MONTHS[1:]
    days = [date(year, month, 1) for year in range(axis.first.year, axis.last.year + 1) for month in months]
    return tuple(Tick(axis.x(on), on) for on in days if axis.first <= on <= axis.last)


def lay_out(outlook: Outlook, axis: Axis, *, away: Sequence[Span], today: date) -> Timeline:
    """Marks in the order of the stages, bands of absences, today, the day of leaving and the last day for an admission."""
    marks: list[Mark] = []
    for milestone in outlook.milestones:
        if milestone.on is None:
            continue
        state = DONE if milestone.is_done else TOO_LATE if milestone.is_too_late else EARLIEST
        x = axis.x(milestone.on)
        level = 1 - marks[-1].level if marks and x - marks[-1].x < axis.width / 9 else 0
        marks.append(Mark(x, milestone.stage.value, milestone.on, state, level))
    bands = []
    for first, last in away:
        left = axis.x(first)
        bands.append(Band(left, round(axis.x(last or axis.last) - left, 1), first, last))
    limit = next((row.latest_on for row in outlook.milestones if row.stage.value == "probationary"), None)
    return Timeline(
        axis, ticks_of(axis), tuple(marks), tuple(bands), axis.x(today),
        axis.x(outlook.leaves_on) if outlook.leaves_on else None, axis.x(limit) if limit else None,
    )  # fmt: skip


def next_march(today: date) -> date:
    """The first day of March that is to come: the beginning of the next spring term, a day to try."""
    march = date(today.year, 3, 1)
    return march if march > today else march + relativedelta(years=1)
