"""A month of the calendar as weeks and days: entries of all rooms, teaching weeks, holidays and make-up days."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from branches.calendar import Calendar, weeks_between
from branches.models import CalendarDay
from branches.services import load_calendar
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import CalendarEntry, calendar_sources
from pairing_portal.common.scope import Scope

DAY = timedelta(days=1)
# How far from this month the calendar is turned; farther away nothing is planned or kept.
MONTHS_AT_MOST = 120
MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
DAY_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Mark:
    """Days in a row that differ from ordinary ones: a holiday, a break, exams, a make-up day."""

    kind: str
    word: Any
    name: str
    first: date
    last: date


@dataclass(frozen=True)
class Line:
    """An entry with the word for its kind, its colour, whose it is, and whether it concerns the user."""

    entry: CalendarEntry
    word: Any
    tone: str
    sides: tuple[str, ...]
    is_mine: bool


@dataclass(frozen=True)
class AgendaDay:
    on: date
    is_today: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class AgendaWeek:
    """The days of a week that lie in the month. `running`: what began before the month, in its first week alone."""

    first: date
    last: date
    number: int | None
    is_exam: bool
    is_current: bool
    marks: tuple[Mark, ...]
    running: tuple[Line, ...]
    days: tuple[AgendaDay, ...]

    @property
    def has_entries(self) -> bool:
        return bool(self.running) or any(day.lines for day in self.days)


def asked_month(text: str, today: date) -> date:
    """First day of the month named by `2026-11`, this month for "". Raises `Refused` for anything else or too far away."""
    if not text:
        return today.replace(day=1)
    found = MONTH.fullmatch(text)
    if found is None:
        raise Refused(_("A month is written as %(example)s.") % {"example": f"{today:%Y-%m}"})
    _must_be_near(int(found[1]), int(found[2]), today)
    return date(int(found[1]), int(found[2]), 1)


def asked_day(text: str, today: date) -> date:
    """A day written `2026-11-03`, today for "". Raises `Refused` for anything else or too far away."""
    if not text:
        return today
    try:
        found = date.fromisoformat(text) if DAY_WRITTEN.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise Refused(_("A day is written as %(example)s.") % {"example": f"{today:%Y-%m-%d}"})
    _must_be_near(found.year, found.month, today)
    return found


def _must_be_near(year: int, month: int, today: date) -> None:
    if abs(_months_from(today, year, month)) > MONTHS_AT_MOST:
        raise Refused(_("The calendar reaches ten years back and ten years ahead. Choose a month in between."))


def _months_from(today: date, year: int, month: int) -> int:
    return (year - today.year) * 12 + month - today.month


def month_beside(first: date, step: int, today: date) -> date | None:
    """The month before (-1) or after (1); None at the end of the calendar."""
    beside = (first - DAY if step < 0 else first + timedelta(days=31)).replace(day=1)
    return beside if abs(_months_from(today, beside.year, beside.month)) <= MONTHS_AT_MOST else None


def week_beside(monday: date, step: int, today: date) -> date | None:
    """The Monday before (-1) or after (1); None at the end of the calendar."""
    beside = monday + 7 * step * DAY
    return beside if abs(_months_from(today, beside.year, beside.month)) <= MONTHS_AT_MOST else None


def last_day(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - DAY


def gather(scope: Scope, first: date, last: date, kind: str = "") -> list[Line]:
    """What all rooms, or one kind of it, have on the calendar between two days; by day, then in the order of the sources."""
    found = [
        Line(
            entry, source.label, entry.tone or source.tone, entry.sides or source.sides, entry.is_mine or source.is_personal
        )
        for key, source in calendar_sources.items()
        if kind in ("", key)
        for entry in source.entries(scope, first, last)
    ]  # fmt: skip
    return sorted(found, key=lambda line: line.entry.on)


def build_weeks(lines: Sequence[Line], first: date, last: date, today: date) -> list[AgendaWeek]:
    """Every week that touches the days, each line once; three queries."""
    calendar, special = load_calendar(), special_days(first, last)
    by_day: dict[date, list[Line]] = defaultdict(list)
    for line in lines:
        by_day[line.entry.on].append(line)
    running = tuple(line for line in lines if line.entry.on < first)
    return [
        _week(max(monday, first), min(monday + 6 * DAY, last), calendar, special, by_day, today, running if monday <= first else ())
        for monday in weeks_between(first, last)
    ]  # fmt: skip


def special_days(first: date, last: date) -> list[CalendarDay]:
    return list(CalendarDay.objects.filter(on__range=(first, last)).order_by("on"))


def week_words(calendar: Calendar, first: date, last: date) -> dict[str, str]:
    """For the margin: Monday, as written in the address → teaching week or exam week; nothing outside terms."""
    found = {}
    for monday in weeks_between(first, last):
        number = calendar.teaching_week(monday)
        if calendar.is_exam_week(monday):
            found[monday.isoformat()] = _("Exams")
        elif number:
            found[monday.isoformat()] = _("Week %(number)d") % {"number": number}
    return found


def _week(
    first: date, last: date, calendar: Calendar, special: list[CalendarDay], by_day: dict[date, list[Line]],
    today: date, running: tuple[Line, ...],
) -> AgendaWeek:  # fmt: skip
    days = [first + number * DAY for number in range((last - first).days + 1)]
    return AgendaWeek(
        first=first,
        last=last,
        number=calendar.teaching_week(first),
        is_exam=calendar.is_exam_week(first),
        is_current=first <= today <= last,
        marks=tuple(marks_of(day for day in special if first <= day.on <= last)),
        running=running,
        days=tuple(
            AgendaDay(day, day == today, tuple(by_day.get(day, ()))) for day in days if day in by_day or day == today
        ),
    )


def marks_of(special: Iterable[CalendarDay]) -> list[Mark]:
    """Days that follow each other with the same kind and name are one mark."""

    def run(item: tuple[int, CalendarDay]) -> tuple[date, str, str]:
        number, day = item
        return day.on - number * DAY, day.kind, day.name

    marks = []
    for (_start, kind, name), items in groupby(enumerate(special), key=run):
        days = [day for _number, day in items]
        marks.append(Mark(kind, days[0].get_kind_display(), name, days[0].on, days[-1].on))
    return marks
