"""The order of the 25 steps and the facts each is judged by. Pure: the record of a person comes in, objections go out.

The person's own dates are the truth of the steps that have one (1, 3, 7, 15); the row of such a step adds who, papers and votes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pairing_portal.common.problems import Problem

from . import rules
from .rules import Facts, Helper, Number, Vote
from .steps import BY_NUMBER, STEPS

Text = str | Promise
CONVERT, EXTEND, ANNUL = "convert", "extend", "annul"
DECISIONS: Final[Mapping[str, Text]] = {
    CONVERT: gettext_lazy("convert"),
    EXTEND: gettext_lazy("extend the probation"),
    ANNUL: gettext_lazy("annul"),
}
MILESTONES: Final = (1, 3, 7, 15)
MEETINGS: Final = (15, 23)
# What has to be done before a step can be, in law or in the nature of things.
NEEDS: Final[Mapping[int, int]] = {
    2: 1, 3: 1, 4: 3, 5: 3, 6: 3, 7: 3, 8: 7, 9: 7, 10: 7, 11: 7, 12: 7, 13: 7, 14: 7, 15: 7, 16: 15, 17: 15, 18: 17,
    19: 15, 20: 15, 21: 15, 22: 15, 23: 22, 24: 23, 25: 24,
}  # fmt: skip
# Besides: what a step comes after when both are on record.
AFTER: Final[Mapping[int, int]] = {13: 12, 14: 13}
# A mistyped year is no event of a life.
LONGEST_YEARS: Final = 100


@dataclass(frozen=True)
class Entry:
    """What somebody enters for a step. `notice_*`: the public notice before a meeting; `decision`: of a meeting on conversion."""

    done_on: date
    who: str = ""
    documents: tuple[str, ...] = ()
    note: str = ""
    reason: str = ""
    days: int | None = None
    hours: int | None = None
    is_passed: bool | None = None
    sponsor_ids: tuple[int, ...] = ()
    vote: Vote | None = None
    notice_from_on: date | None = None
    notice_to_on: date | None = None
    decision: str = ""
    extended_to: date | None = None


@dataclass(frozen=True)
class Done:
    """A step on record. `is_from_roster`: only the person's date says so, nobody has written the step down."""

    on: date
    is_from_roster: bool = False


@dataclass(frozen=True)
class Known:
    """A person's record as the rules see it. `facts` holds the dates, the admission's meeting, contacts and sponsors."""

    facts: Facts
    done: Mapping[int, Done] = field(default_factory=dict)
    # Of the meeting on conversion: its day is `done[23]`.
    conversion_vote: Vote | None = None
    conversion_notice: tuple[date | None, date | None] = (None, None)
    decision: str = ""
    decided_until: date | None = None
    # The first probation was extended and this is the second round: steps 22 to 24 come again.
    is_second_round: bool = False

    def is_done(self, number: int) -> bool:
        return number in self.done and not (self.is_second_round and number in (22, 23, 24, 25))

    @property
    def next_number(self) -> int:
        """The first open step behind the last milestone; one passed over before it is named apart. 0 when all is done."""
        last = max((number for number in (*MILESTONES, 23, 24) if self.is_done(number)), default=0)
        return next((number for number in range(last + 1, 26) if not self.is_done(number)), 0)


def is_open(known: Known, number: int) -> bool:
    """What the step needs is done, so that it can be recorded."""
    return number not in NEEDS or known.is_done(NEEDS[number])


def _d(on: date) -> str:
    return str(date_format(on))


def order_problems(known: Known, number: int, on: date, today: date, names: Mapping[int, Text]) -> Iterator[Problem]:
    """A day that has come, after what lies before it and before what comes after; what is needed first is done."""
    if on > today:
        yield Problem(_("This day is still to come. Record what has happened."), field="done_on")
    if on.year < today.year - LONGEST_YEARS:
        yield Problem(_("That is more than a hundred years ago. Check the year."), field="done_on")
    needed = NEEDS.get(number)
    if needed and not known.is_done(needed):
        words = _("Before step %(number)d comes step %(needed)d: %(name)s. Record that first.")
        yield Problem(words % {"number": number, "needed": needed, "name": names[needed]}, field="done_on")
        return
    before, after = _bounds(known, number)
    # R02 has its own words for a talk before the application.
    if before and on < known.done[before].on and number != 2:
        words = _("Step %(before)d, %(name)s, was on %(on)s. This day cannot lie before it.")
        values = {"before": before, "name": names[before], "on": _d(known.done[before].on)}
        yield Problem(words % values, field="done_on")
    if after and on > known.done[after].on:
        words = _("Step %(after)d, %(name)s, was on %(on)s already. This day cannot lie after it.")
        values = {"after": after, "name": names[after], "on": _d(known.done[after].on)}
        yield Problem(words % values, field="done_on")


def _bounds(known: Known, number: int) -> tuple[int, int]:
    """(the newest step that must lie before, the earliest that must lie after); 0 where there is none."""
    before = [step for step in (NEEDS.get(number), AFTER.get(number)) if step and known.is_done(step)]
    before += [step for step in MILESTONES if step < number and known.is_done(step)]
    after = [step for step, needed in (*NEEDS.items(), *AFTER.items()) if needed == number and known.is_done(step)]
    # Papers, filings and talks follow a milestone when they follow: only what leads to the next one must lie before it.
    leads = number in (*MILESTONES, 2, 9, 10, 11, 12, 13, 14)
    after += [step for step in MILESTONES if step > number and leads and known.is_done(step)]
    # A talk may be written down after the activist was confirmed: R02 warns of the delay.
    after = [step for step in after if not (number in (2, 4) and step in (3, 7)) and not (number == 1 and step == 2)]
    return (
        max(before, key=lambda step: known.done[step].on, default=0),
        min(after, key=lambda step: known.done[step].on, default=0),
    )


def gap_problem(known: Known, number: int, names: Mapping[int, Text]) -> Problem | None:
    """Steps without a date of their own that are passed over by a milestone: to be said, and to be recorded later."""
    if number not in (3, 7, 15, 23):
        return None
    first = BY_NUMBER[number].stage - 1 if number != 23 else 5
    missing = [
        step.number for step in STEPS
        if step.stage >= first and step.number < number and not known.is_done(step.number)
    ]  # fmt: skip
    if not missing:
        return None
    words = ngettext(
        "Not on record yet: step %(steps)s. It can be recorded later.",
        "Not on record yet: steps %(steps)s. They can be recorded later.",
        len(missing),
    )
    steps = _(", ").join(f"{step} {names[step]}" for step in missing)
    return Problem(words % {"steps": steps}, severity="info")


def facts_with(known: Known, number: int, entry: Entry, sponsors: tuple[Helper, ...] | None = None) -> Facts:
    """The facts as they would stand with the entry. Steps 22 to 25 have a meeting, a notice and a vote of their own."""
    facts, on = known.facts, entry.done_on
    if number >= 22:
        facts = conversion_facts(known)
    match number:
        case 1 | 3 | 7:
            return replace(facts, **{BY_NUMBER[number].date_field: on})  # type: ignore[arg-type]  # all of them dates
        case 2:
            return replace(facts, talked_on=on)
        case 9:
            return facts if sponsors is None else replace(facts, sponsors=sponsors)
        case 10:
            return replace(facts, political_review_on=on, is_political_review_clean=entry.is_passed)
        case 11:
            return replace(
                facts,
                training_days=entry.days or 0,
                training_hours=entry.hours or 0,
                is_training_passed=entry.is_passed,
            )
        case 13:
            return replace(facts, pre_reviewed_on=on)
        case 15:
            return replace(_with_meeting(facts, entry), admitted_on=on)
        case 17 | 24:
            return replace(facts, approved_on=on)
        case 23:
            return replace(_with_meeting(facts, entry), extend_to=entry.extended_to)
    return facts


def _with_meeting(facts: Facts, entry: Entry) -> Facts:
    return replace(
        facts, meeting_on=entry.done_on, vote=entry.vote, notice_from_on=entry.notice_from_on, notice_to_on=entry.notice_to_on
    )  # fmt: skip


def conversion_facts(known: Known) -> Facts:
    """The facts of the conversion: its meeting, vote and notice instead of the admission's."""
    first, last = known.conversion_notice
    meeting = known.done[23].on if known.is_done(23) else None
    return replace(
        known.facts,
        meeting_on=meeting,
        vote=known.conversion_vote,
        notice_from_on=first,
        notice_to_on=last,
        approved_on=None,
    )


def rules_of(number: int, decision: str = "") -> tuple[str, ...]:
    """Ids asked when a step is recorded; an extension is judged differently from a conversion (R17, R18)."""
    if number == 23:
        return rules.STEPS["extension" if decision == EXTEND else "conversion"]
    return BY_NUMBER[number].rules


def rule_problems(number: int, facts: Facts, today: date, policy: Number, *, decision: str = "") -> list[Problem]:
    """What the rules say to a step with these facts, hardest first. Rules of what is past are not asked again: nobody names
    contacts or sponsors for a member any more."""
    if facts.admitted_on is not None and not {5: facts.contacts, 9: facts.sponsors}.get(number, True):
        return []
    found = [problem for rule in rules_of(number, decision) for problem in rules.check(rule, facts, today, policy)]
    # A half-year that is over is reminded of; it does not stand against writing down what was done.
    found = [replace(row, severity="info") if row.rule in ("R05", "R06", "R20") else row for row in found]
    return sorted(found, key=lambda problem: ("block", "warn", "info").index(problem.severity))


def later_problems(known: Known, number: int, facts: Facts, today: date, policy: Number) -> list[Problem]:
    """A corrected date must not make unlawful what was decided on it: the waits that count from it (R03, R07, R17)."""
    asked: list[str] = []
    if number == 1 and known.is_done(3):
        asked.append("R03")
    if number == 3 and known.is_done(7):
        asked.append("R07")
    if number == 15:
        facts = replace(facts, meeting_on=known.done[23].on if known.is_done(23) else None)
        asked.append("R17")
    return [problem for rule in asked for problem in rules.check(rule, facts, today, policy)]


# --- When ------------------------------------------------------------------------------------------


def possible_from(known: Known, number: int, policy: Number) -> date | None:
    """The first lawful day of a step, None where it waits for another or nothing is known."""
    facts = known.facts
    if number == 1:
        return rules.of_age_on(facts.born_on, policy) if facts.born_on else None
    if not is_open(known, number):
        return None
    on = known.done[NEEDS[number]].on
    match number:
        case 3:
            return rules.earliest_activist_on(on, policy)
        case 7:
            return rules.earliest_candidate_on(on, policy)
        case 22 if facts.admitted_on:
            ends_on = rules.probation_ends_on(facts.admitted_on, facts.extended_to, policy)
            return ends_on - timedelta(days=policy("conversion_opens_days"))
        case 23 if facts.admitted_on:
            return rules.probation_ends_on(facts.admitted_on, facts.extended_to, policy)
    return on


def due_by(known: Known, number: int, policy: Number) -> date | None:
    """The day by which the step is due, None where no rule says one."""
    facts = known.facts
    if number == 2 and facts.applied_on:
        return rules.talk_due_on(facts.applied_on, policy)
    if number in (6, 21) and facts.converted_on is None and (number == 21) == (facts.admitted_on is not None):
        due = rules.review_due_on(facts, policy)
        return None if due == date.max else due
    if number == 17 and facts.admitted_on:
        return rules.approval_due_on(facts.admitted_on, policy)
    if number == 24 and known.is_done(23):
        return rules.approval_due_on(known.done[23].on, policy)
    return None


def standing_problems(known: Known, number: int, today: date, policy: Number) -> list[Problem]:
    """What a rule says of a step today, before anybody records it: what it would meet, and what is overdue."""
    facts = known.facts
    match number:
        case 6 if facts.activist_on and facts.admitted_on is None:
            return [*rules.check("R05", facts, today, policy), *rules.check("R06", facts, today, policy)]
        case 21 if facts.admitted_on and facts.converted_on is None:
            return rules.check("R20", facts, today, policy)
        case 22 if facts.admitted_on and facts.converted_on is None:
            return rules.check("R16", facts, today, policy)
    if known.is_done(number) or not is_open(known, number):
        return []
    match number:
        case 1 | 3 | 7:
            return rule_problems(number, facts_with(known, number, Entry(today)), today, policy)
        case 2 | 5:
            return rule_problems(number, facts, today, policy)
        case 9 | 10 | 11 if facts.admitted_on is None:
            return rule_problems(number, facts, today, policy)
        case 15:
            return rule_problems(15, replace(facts, meeting_on=today, vote=None), today, policy)
        case 17:
            return rules.check("R15", facts, today, policy)
        case 23 if facts.admitted_on and facts.converted_on is None:
            overdue = rules.check("R19", replace(facts, meeting_on=None), today, policy)
            return overdue or rules.check("R17", replace(facts, meeting_on=today), today, policy)
        case 24:
            return rules.check("R15", conversion_facts(known), today, policy)
    return []


def step_heading(number: int, name: Text) -> Text:
    return format_lazy("{number} {name}", number=number, name=name)
