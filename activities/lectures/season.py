"""Who is on campus for the months in which lectures are still to be given, read at once for many people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from branches.calendar import Calendar
from branches.models import AcademicYear
from members.models import Absence, Person

MIDDLE = 15


@dataclass(frozen=True)
class MonthsAhead:
    """Months of teaching that are still ahead, and in how many of them somebody is on campus."""

    present: int
    total: int

    @property
    def is_leaving(self) -> bool:
        return self.present < self.total


def teaching_middles(calendar: Calendar, year: AcademicYear, today: date) -> list[date]:
    """The 15th of each month from today to the end of the year that lies in a term; of every month where no term is known."""
    middles, on = [], date(max(today, year.starts_on).year, max(today, year.starts_on).month, MIDDLE)
    while on <= year.ends_on:
        if on >= today:
            middles.append(on)
        on = date(on.year + on.month // 12, on.month % 12 + 1, MIDDLE)
    return [on for on in middles if calendar.term_of(on) is not None] or middles


def months_ahead(people: Sequence[Person], middles: Sequence[date]) -> dict[int, MonthsAhead]:
    """For each person the months in the middle of which they are neither away nor gone. One query."""
    away: dict[int, list[tuple[date, date | None]]] = defaultdict(list)
    if middles:
        rows = Absence.objects.filter(person__in=people, from_on__lte=middles[-1]).exclude(to_on__lt=middles[0])
        for person_id, from_on, to_on in rows.values_list("person_id", "from_on", "to_on"):
            away[person_id].append((from_on, to_on))
    return {
        person.pk: MonthsAhead(
            sum(
                (person.graduates_on is None or person.graduates_on >= middle)
                and (person.left_on is None or person.left_on > middle)
                and not any(first <= middle and (last is None or middle <= last) for first, last in away[person.pk])
                for middle in middles
            ),
            len(middles),
        )
        for person in people
    }
