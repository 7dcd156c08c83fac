"""What a Party branch owes by frequency (RULES.md 1.7, R40, R41) and when it is next due. Pure: no ORM, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from dateutil.relativedelta import relativedelta

# The one policy that counts times a year; the others count months between two.
A_YEAR: Final = "org_life_meetings_a_year"
OF_COMMITTEES: Final = "committee_meeting_months"
OF_GROUPS: Final = "group_meeting_months"
SOON: Final = timedelta(days=30)


@dataclass(frozen=True)
class Duty:
    """One kind of activity a branch owes: every so many months, or so many times a calendar year."""

    key: str
    name: str
    icon: str
    policy: str
    number: int

    @property
    def is_yearly(self) -> bool:
        return self.policy == A_YEAR


@dataclass(frozen=True)
class Done:
    """What is on record for one branch and one kind: the last finished, how many this year, the next that is planned."""

    last_on: date | None = None
    this_year: int = 0
    planned_on: date | None = None


@dataclass(frozen=True)
class Owed:
    duty: Duty
    last_on: date | None
    due_on: date
    planned_on: date | None
    today: date

    @property
    def is_overdue(self) -> bool:
        """From the day after it was due."""
        return self.due_on < self.today

    @property
    def is_planned(self) -> bool:
        """Something of the kind is on the calendar, in time or, once it is late, at all."""
        return self.planned_on is not None and (self.planned_on <= self.due_on or self.is_overdue)

    @property
    def days(self) -> int:
        """To go; negative when overdue."""
        return (self.due_on - self.today).days

    @property
    def standing(self) -> Literal["late", "wait", "ok"]:
        if self.is_planned:
            return "ok"
        if self.is_overdue:
            return "late"
        return "wait" if self.due_on - self.today <= SOON else "ok"


def next_due(duty: Duty, done: Done, *, since: date, today: date) -> date:
    """When the next one is due at the latest.

    Every so many months: by calendar months from the last one (30 November and three months is 28 February), from `since`
    when there was none. So many times a year: by the end of this year, and of the next once the year has had them.
    """
    if not duty.is_yearly:
        return (done.last_on or since) + relativedelta(months=duty.number)
    return date(today.year + (done.this_year >= duty.number), 12, 31)


def is_owed(duty: Duty, *, has_committee: bool, has_groups: bool) -> bool:
    """Committee meetings only where there is a committee, group meetings where there are Party groups."""
    return not ((duty.policy == OF_COMMITTEES and not has_committee) or (duty.policy == OF_GROUPS and not has_groups))


def owed_between(duty: Duty, first: date, last: date) -> int:
    """How many fell due from `first` to `last`: one for each whole stretch of months, the yearly ones at the end of a year."""
    if duty.is_yearly:
        return duty.number * sum(first <= date(year, 12, 31) <= last for year in range(first.year, last.year + 1))
    count = 0
    while first + relativedelta(months=duty.number * (count + 1)) - timedelta(days=1) <= last:
        count += 1
    return count


def what_is_owed(
    duties: Iterable[Duty], records: dict[str, Done], *, since: date, today: date, has_committee: bool = True,
    has_groups: bool = True,
) -> list[Owed]:  # fmt: skip
    """A line for each duty, the earliest due first, without what this branch does not owe."""
    found = []
    for duty in duties:
        if not is_owed(duty, has_committee=has_committee, has_groups=has_groups):
            continue
        done = records.get(duty.key, Done())
        due_on = next_due(duty, done, since=since, today=today)
        found.append(Owed(duty, done.last_on, due_on, done.planned_on, today))
    return sorted(found, key=lambda row: row.due_on)
