"""The academic calendar as a value (RULES.md 4.1, 4.2). Pure: no ORM, no clock.

Weeks run Monday to Sunday; week 1 starts on the term's Monday and weeks count through holidays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

WEEK = timedelta(days=7)


def week_start(on: date) -> date:
    """Monday of the week of a day."""
    return on - timedelta(days=on.weekday())


def weeks_between(first: date, last: date) -> list[date]:
    """Mondays of all weeks that two days, first and last included, lie in or between; empty when `last` is earlier."""
    monday, mondays = week_start(first), []
    while monday <= last:
        mondays.append(monday)
        monday += WEEK
    return mondays


@dataclass(frozen=True)
class TermSpan:
    """One term: teaching weeks first, exam weeks after them."""

    start_monday: date
    teaching_weeks: int
    exam_weeks: int
    season: str
    academic_year_start: int

    @property
    def teaching_ends_on(self) -> date:
        """Sunday of the last teaching week."""
        return self.start_monday + self.teaching_weeks * WEEK - timedelta(days=1)

    @property
    def ends_on(self) -> date:
        """Sunday of the last exam week."""
        return self.start_monday + (self.teaching_weeks + self.exam_weeks) * WEEK - timedelta(days=1)

    def contains(self, on: date) -> bool:
        return self.start_monday <= on <= self.ends_on

    def week_number(self, on: date) -> int:
        return (on - self.start_monday).days // 7 + 1

    @property
    def mondays(self) -> list[date]:
        """The Monday of every week, exam weeks included."""
        return weeks_between(self.start_monday, self.ends_on)


@dataclass(frozen=True)
class Calendar:
    """All terms and all days that differ. `days` maps a date to holiday, makeup, exam or break."""

    terms: tuple[TermSpan, ...] = ()
    days: Mapping[date, str] = field(default_factory=dict)

    def term_of(self, on: date) -> TermSpan | None:
        """The term a day lies in, exam weeks included."""
        return next((term for term in self.terms if term.contains(on)), None)

    def teaching_week(self, on: date) -> int | None:
        """Week of the term, from 1; None outside terms."""
        term = self.term_of(on)
        return term.week_number(on) if term else None

    def academic_year_start(self, on: date) -> int | None:
        """First year of the academic year whose term a day lies in; None outside terms."""
        term = self.term_of(on)
        return term.academic_year_start if term else None

    def is_exam_week(self, on: date) -> bool:
        term = self.term_of(on)
        return term is not None and on > term.teaching_ends_on

    def is_teaching_day(self, on: date) -> bool:
        """Monday to Friday of a teaching week less holidays, exam days and breaks; make-up days count."""
        term = self.term_of(on)
        if term is None or on > term.teaching_ends_on:
            return False
        kind = self.days.get(on)
        if kind == "makeup":
            return True
        return kind is None and on.weekday() < 5

    def teaching_days(self, monday: date) -> int:
        """Teaching days of the week that starts on `monday`."""
        return sum(self.is_teaching_day(monday + timedelta(days=number)) for number in range(7))

    def label(self, on: date) -> str:
        """2026年10月12日(第6教学周): the day and where it lies in the term; the day alone outside terms."""
        term, day = self.term_of(on), date_format(on, "DATE_FORMAT")
        if term is None:
            return day
        words = _("%(day)s (exam week)") if self.is_exam_week(on) else _("%(day)s (teaching week %(week)d)")
        return words % {"day": day, "week": term.week_number(on)}
