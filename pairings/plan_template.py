"""The shared work plan a proposal starts from: what, which side, by when. Pure: no ORM, no clock.

Areas and sides are the values of `TaskArea` and `Side`; the three heads are those of the pairing scheme
(抓组织规范、抓组织组建、抓党员发展).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class TemplateLine:
    """`share`: hundredths of the period that are gone when the task is due."""

    key: str
    area: str
    side: str
    what: Any
    share: int


@dataclass(frozen=True)
class PlannedTask:
    """One line of a work plan before it is stored; no `due_on` means during the whole period."""

    area: str
    side: str
    what: str
    due_on: date | None


PLAN: Final = (
    TemplateLine("records", "standards", "both", _("Read each other's records for the first time and list what is missing"), 20),
    TemplateLine("meetings", "standards", "both", _("Hold the Three Meetings and One Lecture on time, with full minutes"), 50),
    TemplateLine("mended", "standards", "both", _("Read each other's records again and check what was mended"), 75),
    TemplateLine("committees", "building", "both", _("Pair the committees post to post and hold a joint committee meeting"), 10),
    TemplateLine("stand_ins", "building", "helping", _("Name a stand-in for each duty before partner members leave for internships"), 35),
    TemplateLine("party_day", "building", "both", _("Hold a joint theme Party day and a joint study meeting"), 60),
    TemplateLine("year_plan", "development", "partner", _("Draw up the year's plan for developing members"), 15),
    TemplateLine("guidance", "development", "helping", _("Guide the partner's applicants and activists: talk with each at least once"), 45),
    TemplateLine("files", "development", "both", _("Go through the files of members under development together"), 80),
)  # fmt: skip


def due_on(share: int, starts_on: date, ends_on: date) -> date:
    """The day on which `share` hundredths of the period are gone; always inside it."""
    days = max((ends_on - starts_on).days, 0)
    return starts_on + timedelta(days=days * share // 100)


def planned(line: TemplateLine, starts_on: date, ends_on: date) -> PlannedTask:
    return PlannedTask(line.area, line.side, str(line.what), due_on(line.share, starts_on, ends_on))


def moved(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def moved_plan(tasks: Iterable[PlannedTask], *, years: int, starts_on: date, ends_on: date) -> list[PlannedTask]:
    """Last year's plan for another year: days move by `years` and stay inside the new period."""
    return [
        replace(task, due_on=min(max(moved(task.due_on, years), starts_on), ends_on)) if task.due_on else task
        for task in tasks
    ]
