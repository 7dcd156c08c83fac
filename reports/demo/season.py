"""The demonstration's calendar. Pure.

The demonstration must show a running week on any day it is loaded, in August as well. So its terms follow the real
ones when today lies in them, and are stretched or moved when it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

# From these days (month, day) on the term has quota weeks behind it.
SEASON_READY = (10, 26)
SPRING_READY = (3, 22)
MAX_WEEKS = 30


@dataclass(frozen=True)
class DemoTerm:
    season: str
    start_monday: date
    teaching_weeks: int
    exam_weeks: int = 2

    @property
    def ends_on(self) -> date:
        return self.start_monday + timedelta(weeks=self.teaching_weeks + self.exam_weeks, days=-1)


@dataclass(frozen=True)
class DemoSeason:
    start_year: int
    starts_on: date
    ends_on: date
    terms: tuple[DemoTerm, ...]


def first_monday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=-first.weekday() % 7)


def demo_season(today: date) -> DemoSeason:
    """The academic year the demonstration plays in; today is always in one of its teaching weeks."""
    start_year = today.year if (today.month, today.day) >= SEASON_READY else today.year - 1
    monday = today - timedelta(days=today.weekday())
    autumn_start = first_monday(start_year, 9)
    in_autumn = today.year == start_year or (today.month, today.day) < SPRING_READY
    weeks_so_far = (monday - autumn_start).days // 7 + 1
    autumn = DemoTerm("autumn", autumn_start, min(MAX_WEEKS, max(18, weeks_so_far + 2)) if in_autumn else 18)
    spring_start = max(first_monday(start_year + 1, 3), autumn.ends_on + timedelta(days=1))
    if not in_autumn and (monday - spring_start).days // 7 + 3 > MAX_WEEKS:
        spring_start = monday - timedelta(weeks=12)
    weeks_so_far = (monday - spring_start).days // 7 + 1
    spring = DemoTerm("spring", spring_start, 18 if in_autumn else max(18, weeks_so_far + 2))
    ends_on = max(date(start_year + 1, 8, 31), spring.ends_on)
    return DemoSeason(start_year, date(start_year, 9, 1), ends_on, (autumn, spring))
