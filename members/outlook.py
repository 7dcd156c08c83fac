"""What the calendar still allows: the earliest lawful dates of the next stages, the latest that still fit, and what falls off campus.

Pure: dates and numbers of policy in, an outlook out. RULES.md 1.10 is the reason: three years leave one way only. Months are added
as the calendar has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

from .stages import Stage

Number = Callable[[str], int]
Span = tuple[date, date | None]
# Stage → the date that begins it, in their order.
MILESTONES: Final = (
    (Stage.APPLICANT, "applied_on"),
    (Stage.ACTIVIST, "activist_on"),
    (Stage.CANDIDATE, "candidate_on"),
    (Stage.PROBATIONARY, "admitted_on"),
    (Stage.FULL, "converted_on"),
)


@dataclass(frozen=True)
class LifeFacts:
    """What is known of a person: stage dates by field name, birth, leaving, and times away (first and last day, open end None)."""

    dates: Mapping[str, date | None]
    born_on: date | None = None
    extended_to: date | None = None
    leaves_on: date | None = None
    away: Sequence[Span] = ()


@dataclass(frozen=True)
class Milestone:
    """One stage. `on` is its day, `is_done` says whether it was reached or is the earliest lawful one; None when nothing is known.

    `latest_on`: the last day on which it may come so that admission still falls before leaving (R13), None without a leaving day.
    """

    stage: Stage
    on: date | None
    is_done: bool
    is_on_campus: bool = True
    latest_on: date | None = None

    @property
    def is_too_late(self) -> bool:
        """The earliest day lies after the last that still fits."""
        return not self.is_done and self.on is not None and self.latest_on is not None and self.on > self.latest_on


@dataclass(frozen=True)
class Outlook:
    milestones: tuple[Milestone, ...]
    leaves_on: date | None

    def of(self, stage: Stage) -> Milestone:
        return next(milestone for milestone in self.milestones if milestone.stage == stage)

    @property
    def can_be_admitted(self) -> bool:
        """Admission is done, or its earliest day is lawful: not within three months of leaving (R13) and on campus."""
        admission = self.of(Stage.PROBATIONARY)
        return admission.is_done or (admission.on is not None and admission.is_on_campus and not admission.is_too_late)

    @property
    def converts_off_campus(self) -> bool:
        """The probation ends while the person is away or gone: who decides then, and where, has to be arranged."""
        conversion = self.of(Stage.FULL)
        return not conversion.is_done and conversion.on is not None and not conversion.is_on_campus

    @property
    def next(self) -> Milestone | None:
        return next((milestone for milestone in self.milestones if not milestone.is_done), None)


def outlook(facts: LifeFacts, *, number: Number, today: date) -> Outlook:
    """Earliest and latest days of every stage. What lies in the past is done; a wait that is over counts from today."""
    latest = latest_days(facts.leaves_on, number)
    found: list[Milestone] = []
    previous: date | None = None
    for index, (stage, name) in enumerate(MILESTONES):
        known = facts.dates.get(name)
        is_done = known is not None and known <= today
        on = known if known is not None else _earliest(index, previous, facts, number, today)
        if on is not None and not is_done and stage != Stage.FULL:
            on = _back_on_campus(on, facts)
        found.append(Milestone(stage, on, is_done, on is None or is_on_campus(on, facts), latest.get(stage)))
        previous = on
    return Outlook(tuple(found), facts.leaves_on)


def _earliest(index: int, previous: date | None, facts: LifeFacts, number: Number, today: date) -> date | None:
    """The first lawful day of the milestone after `previous`; only the conversion may lie in the past: it is overdue then."""
    if index == 0:
        grown = facts.born_on + relativedelta(years=number("applicant_min_age")) if facts.born_on else today
        return max(grown, today)
    if previous is None:
        return None
    stage = MILESTONES[index][0]
    if stage == Stage.FULL:
        return facts.extended_to or previous + relativedelta(months=number("probation_months"))
    wait = {
        Stage.ACTIVIST: "application_to_activist_months",
        Stage.CANDIDATE: "activist_to_candidate_months",
        Stage.PROBATIONARY: "candidate_to_admission_months",
    }[stage]
    return max(previous + relativedelta(months=number(wait)), today)


def latest_days(leaves_on: date | None, number: Number) -> dict[Stage, date]:
    """Reckoned back from leaving: admission at least three months before (R13), and each stage early enough for the next."""
    if leaves_on is None:
        return {}
    admission = leaves_on - relativedelta(months=number("leaving_within_months"))
    candidate = admission - relativedelta(months=number("candidate_to_admission_months"))
    activist = candidate - relativedelta(months=number("activist_to_candidate_months"))
    applied = activist - relativedelta(months=number("application_to_activist_months"))
    return {
        Stage.APPLICANT: applied,
        Stage.ACTIVIST: activist,
        Stage.CANDIDATE: candidate,
        Stage.PROBATIONARY: admission,
        Stage.FULL: leaves_on,
    }


def is_on_campus(on: date, facts: LifeFacts) -> bool:
    """Not away on that day and not gone yet."""
    if facts.leaves_on is not None and on > facts.leaves_on:
        return False
    return not any(first <= on and (last is None or on <= last) for first, last in facts.away)


def _back_on_campus(on: date, facts: LifeFacts) -> date:
    """The first day from `on` that is not spent away: a meeting about somebody waits until they are back, when they come back."""
    for first, last in sorted(facts.away, key=lambda span: span[0]):
        if first <= on and last is not None and on <= last:
            on = last + timedelta(days=1)
    return on


def within_reach(outlooks: Iterable[Outlook]) -> tuple[int, int]:
    """(people who can still be admitted on campus, people in all)."""
    rows = list(outlooks)
    return sum(row.can_be_admitted for row in rows), len(rows)


def if_activist_by(facts: LifeFacts, by: date, *, number: Number, today: date) -> Outlook:
    """The outlook if an applicant became an activist on the day `by` at the latest; others keep theirs."""
    if facts.dates.get("applied_on") is None or facts.dates.get("activist_on") is not None:
        return outlook(facts, number=number, today=today)
    earliest = outlook(facts, number=number, today=today).of(Stage.ACTIVIST).on
    day = by if earliest is None else max(earliest, by)
    supposed = LifeFacts(
        {**facts.dates, "activist_on": day}, facts.born_on, facts.extended_to, facts.leaves_on, facts.away
    )
    return outlook(supposed, number=number, today=today)
