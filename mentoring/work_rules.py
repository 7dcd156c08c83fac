"""What stands against a goal, a step or a milestone, in words. Pure: no ORM, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pairing_portal.common.problems import Problem

STEPS_MAX: Final = 6


@dataclass(frozen=True)
class StepEntry:
    """A step as somebody wrote it. `pk`: of a step that is there already; `is_kept`: its day is unchanged or it is done."""

    what: str
    due_on: date
    pk: int | None = None
    is_kept: bool = False


def goal_problems(
    *, due_on: date, steps: Sequence[StepEntry], today: date, link_ends_on: date | None
) -> Iterator[Problem]:
    """A goal is due from today on and while the link runs; its steps by then. Each of these days may be the day itself."""
    if due_on < today:
        words = _("%(on)s is over. Choose a day from today on.")
        yield Problem(words % {"on": date_format(due_on)}, field="due_on")
    if link_ends_on is not None and due_on > link_ends_on:
        words = _("The link is planned until %(until)s. Choose a day by then, or ask the branch to prolong the link.")
        yield Problem(words % {"until": date_format(link_ends_on)}, field="due_on")
    if len(steps) > STEPS_MAX:
        words = _("At most %(limit)d steps for one goal. Put two of them together.")
        yield Problem(words % {"limit": STEPS_MAX}, field="steps")
    for step in steps:
        if step.due_on > due_on:
            words = _("The step “%(what)s” is due after the goal (%(on)s). Choose an earlier day.")
            yield Problem(words % {"what": step.what, "on": date_format(due_on)}, field="steps")
        if step.due_on < today and not step.is_kept:
            words = _("The day of the step “%(what)s” is over. Choose a day from today on.")
            yield Problem(words % {"what": step.what}, field="steps")


def milestone_problems(*, due_on: date, year_starts_on: date, year_ends_on: date) -> Iterator[Problem]:
    """A milestone lies in the academic year of its plan, first and last day included."""
    if not year_starts_on <= due_on <= year_ends_on:
        words = _("The academic year of this plan runs from %(first)s to %(last)s. Choose a day in between.")
        values = {"first": date_format(year_starts_on), "last": date_format(year_ends_on)}
        yield Problem(words % values, field="due_on")
