"""When an observation is due next, and what stands against one (RULES.md R05, R06, R20). Pure: no ORM, no clock.

Months are calendar months: six after 31 August are 28 (29) February.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from members.stages import Stage
from pairing_portal.common.problems import Problem

OBSERVED_STAGES: Final = (Stage.ACTIVIST, Stage.CANDIDATE, Stage.PROBATIONARY)
# A contact is reminded two weeks ahead; the branch a month ahead (R05: info at 5 months, warn at 6).
CONTACT_SOON: Final = timedelta(days=14)
LATER, SOON, DUE = "later", "soon", "due"


@dataclass(frozen=True)
class Intervals:
    """Calendar months between two records, from policy."""

    contact: int = 3
    activist: int = 6
    probationary: int = 6

    def of_branch(self, stage: str) -> int:
        return self.probationary if stage == Stage.PROBATIONARY else self.activist


@dataclass(frozen=True)
class NextDue:
    """The next record: the first day of its period, from when it is spoken of, by when it is due."""

    from_on: date
    soon_on: date
    due_on: date

    def standing(self, today: date) -> str:
        """`later`, `soon` from `soon_on` on, `due` from `due_on` on."""
        if today >= self.due_on:
            return DUE
        return SOON if today >= self.soon_on else LATER

    def period_to(self, today: date) -> date:
        """The last day proposed: the due day, or today for who writes early; never before the second day."""
        return max(min(today, self.due_on), self.from_on + timedelta(days=1))


def contact_due(*, starts_on: date, last_to: date | None, months: int) -> NextDue:
    """R06: `months` after the last record of the link, or after the link began."""
    due_on = (last_to or starts_on) + relativedelta(months=months)
    return NextDue(last_to + timedelta(days=1) if last_to else starts_on, due_on - CONTACT_SOON, due_on)


def branch_due(*, since: date, last_to: date | None, months: int) -> NextDue:
    """R05, R20: `months` after the last review, or after the stage began (`since`); spoken of a month before."""
    has_review = last_to is not None and last_to >= since
    anchor = last_to if has_review and last_to is not None else since
    soon_on, due_on = anchor + relativedelta(months=months - 1), anchor + relativedelta(months=months)
    return NextDue(anchor + timedelta(days=1) if has_review else anchor, soon_on, due_on)


def stage_since(*, stage: str, activist_on: date | None, admitted_on: date | None) -> date | None:
    """From when the branch counts: admission for a probationary member, else the day of becoming an activist."""
    return admitted_on if stage == Stage.PROBATIONARY else activist_on


def rule_of(kind: str, stage: str) -> str:
    """The rule a record answers to."""
    if kind == "contact":
        return "R06"
    return "R20" if stage == Stage.PROBATIONARY else "R05"


def person_problems(*, name: str, stage: str, kind: str) -> Iterator[Problem]:
    """Activists, candidates and probationary members are observed; nobody before, nobody after, nobody who left."""
    rule = rule_of(kind, stage)
    if stage == Stage.LEFT:
        words = _("%(name)s has left, so nothing more is observed. What was recorded stays.")
    elif stage == Stage.FULL:
        words = _("%(name)s is a full member already. Observation ends with full membership; what was recorded stays.")
    elif stage not in OBSERVED_STAGES:
        words = _("%(name)s is not an activist yet. Observation begins when the branch has made somebody an activist.")
    else:
        return
    yield Problem(words % {"name": name}, rule)


def period_problems(
    *, period_from: date, period_to: date, today: date, earlier: Sequence[tuple[date, date]], rule: str
) -> Iterator[Problem]:
    """A period ends after it begins, is over by today, and lies beside the `earlier` ones; both its days belong to it."""
    if period_to <= period_from:
        yield Problem(_("The period must end after it begins. Choose a later last day."), rule, field="period_to")
        return
    if period_to > today:
        words = _(
            "The period ends on %(until)s, which is still to come. Write down only what has been: choose today or earlier."
        )
        yield Problem(words % {"until": date_format(period_to)}, rule, field="period_to")
    for first, last in sorted(earlier):
        if first <= period_to and period_from <= last:
            words = _("There is a record for %(first)s – %(last)s already; the two periods overlap. Begin on %(next)s or later, or correct that record.")  # fmt: skip
            values = {"first": date_format(first), "last": date_format(last), "next": date_format(last + timedelta(days=1))}  # fmt: skip
            yield Problem(words % values, rule, field="period_from")
            return
