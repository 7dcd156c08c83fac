"""What a mentor assessment counts, as arithmetic on days. Pure: no database, no words.

A year's assessment looks at days from the year's first to today, or to the year's last. What is done counts up to today; what is
owed counts once its day is over, so that nobody is behind with something that can still be done today.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from . import scoring

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """From `first` on; what is done counts until `done_until`, what is owed until `owed_until`; the year ends on `year_end`."""

    first: date
    done_until: date
    owed_until: date
    year_end: date

    @classmethod
    def of(cls, starts_on: date, ends_on: date, today: date) -> Span:
        return cls(starts_on, min(today, ends_on), min(today - A_DAY, ends_on), ends_on)


@dataclass(frozen=True)
class Window:
    """A stretch of days in which a confirmed talk is expected. `is_over`: only then it counts."""

    first: date
    last: date
    talks: int
    is_over: bool


def talk_windows(begins_on: date, ended_on: date | None, every: int, talks: Iterable[date], span: Span) -> list[Window]:
    """The windows of `every` days of a link within the span; a window counts once all its days are over while the link ran.

    The one that runs stands last and does not count; what is left of the days of a link that ended has no window.
    """
    days = sorted(day for day in talks if day <= span.done_until)
    first = max(begins_on, span.first)
    owed_until = min(span.owed_until, ended_on) if ended_on else span.owed_until
    last_begin = min(span.done_until, ended_on) if ended_on else span.done_until
    windows = []
    while first <= last_begin:
        last = first + timedelta(days=every - 1)
        is_over = last <= owed_until
        if is_over or ended_on is None or ended_on > span.done_until:
            windows.append(Window(first, last, sum(first <= day <= last for day in days), is_over))
        first = last + A_DAY
    return windows


def is_due(due_on: date, done_on: date | None, *, until: date, span: Span) -> bool:
    """Whether something agreed on is asked after: due in the year and over, or done before it was due.

    `until`: the last day on which it was the mentor's concern.
    """
    if not span.first <= due_on <= span.year_end:
        return False
    return due_on <= min(span.owed_until, until) or is_done(done_on, until=until, span=span)


def is_done(done_on: date | None, *, until: date, span: Span) -> bool:
    return done_on is not None and done_on <= min(span.done_until, until)


def share_of(required: int, speakers: int) -> Fraction:
    """What one of several speakers of a League branch owes of its lectures in a week."""
    return Fraction(required, max(1, speakers))


def whole(points: Fraction | None) -> int | None:
    """Points as they are shown and summed: whole, half up."""
    return None if points is None else int(points + Fraction(1, 2))


@dataclass(frozen=True)
class Counted:
    """One part before weighing: `points`, how many rows stand behind it, and the two numbers they come from."""

    points: int | None
    evidence: int
    done: Fraction
    owed: Fraction


def fulfilled(done: int | Fraction, owed: int | Fraction, evidence: int) -> Counted:
    """Done of owed, in fractions too (`scoring.fulfilled` takes whole numbers: both are brought to one denominator)."""
    done, owed = Fraction(done), Fraction(owed)
    scale = done.denominator * owed.denominator
    return Counted(whole(scoring.fulfilled(int(done * scale), int(owed * scale))), evidence, done, owed)


def said(marks: Sequence[int], answers: int) -> Counted:
    """Feedback: all marks given by all answers, in hundredths; `done` is their mean."""
    mean = Fraction(sum(marks), len(marks)) if marks else Fraction(0)
    return Counted(whole(scoring.from_marks(marks)), answers if marks else 0, mean, Fraction(500 if marks else 0))
