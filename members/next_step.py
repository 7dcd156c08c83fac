"""One's own next step towards membership and the first lawful day for it. Pure: dates and numbers of policy come in.

Months are added as the calendar has them (31 August + 6 months is the last day of February), as periods are counted in law.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .rules import (
    Number,
    earliest_activist_on,
    earliest_candidate_on,
    of_age_on,
    probation_ends_on,
    talk_due_on,
)
from .stages import Stage


@dataclass(frozen=True)
class NextStep:
    """`on`: the first day on which the step is lawful, None where no day is set; `words` say why and name the rule."""

    title: str
    words: str
    rule: str
    on: date | None = None

    def is_open(self, today: date) -> bool:
        """True when the rule no longer makes one wait."""
        return self.on is not None and self.on <= today


def next_step(*, stage: str, dates: Mapping[str, date | None], number: Number, today: date) -> NextStep | None:
    """The next step of a person in `stage`. `dates` holds the stage dates, `born_on` and `extended_to`; `number` gives a
    rule's number in force. None for full members, those who left, and where the date to count from is unknown.
    """
    step = _STEPS.get(stage)
    return step(dates, number, today) if step else None


def _to_apply(dates: Mapping[str, date | None], number: Number, today: date) -> NextStep:
    age, born_on = number("applicant_min_age"), dates.get("born_on")
    words = _("Whoever is %(age)d years old may apply (rule R01).") % {"age": age}
    return NextStep(_("Apply for membership"), words, "R01", of_age_on(born_on, number) if born_on else None)


def _to_activist(dates: Mapping[str, date | None], number: Number, today: date) -> NextStep | None:
    applied_on = dates.get("applied_on")
    if applied_on is None:
        return None
    talk_by = talk_due_on(applied_on, number)
    if talk_by >= today:
        words = _("The branch will talk with you by %(by)s (rule R02).") % {"by": date_format(talk_by)}
    else:
        words = _("The branch's talk with you was due by %(by)s (rule R02). If there was none, ask the secretary.") % {
            "by": date_format(talk_by)
        }
    wait = number("application_to_activist_months")
    if wait:
        words += " " + _("Between application and activist lie at least %(months)d months (rule R03).") % {
            "months": wait
        }
    return NextStep(_("Become an activist"), words, "R03", earliest_activist_on(applied_on, number))


def _to_candidate(dates: Mapping[str, date | None], number: Number, today: date) -> NextStep | None:
    activist_on = dates.get("activist_on")
    if activist_on is None:
        return None
    months = number("activist_to_candidate_months")
    words = _("An activist is trained and observed for at least %(months)d months first (rule R07).") % {
        "months": months
    }
    return NextStep(_("Become a development candidate"), words, "R07", earliest_candidate_on(activist_on, number))


def _to_admission(dates: Mapping[str, date | None], number: Number, today: date) -> NextStep:
    words = _("First come two sponsors (rule R08), training of %(days)d days or %(hours)d hours (rule R09) and the political review (rule R10); then the branch meeting decides. No day is set.")  # fmt: skip
    values = {"days": number("training_days"), "hours": number("training_hours_before_admission")}
    return NextStep(_("Be admitted as a probationary member"), words % values, "R08")


def _to_full(dates: Mapping[str, date | None], number: Number, today: date) -> NextStep | None:
    admitted_on, extended_to = dates.get("admitted_on"), dates.get("extended_to")
    if admitted_on is None:
        return None
    ends_on = probation_ends_on(admitted_on, extended_to, number)
    if extended_to:
        words = _("Your probation was extended to this day (rule R18).")
    else:
        words = _("Probation lasts %(months)d months from the day of admission (rule R16).") % {
            "months": number("probation_months")
        }
    if ends_on <= today:
        words += " " + _("It is over: hand in your application, the branch decides now (rule R19).")
    else:
        words += " " + _("The branch cannot decide before (rule R17).")
    return NextStep(_("Become a full member"), words, "R18" if extended_to else "R16", ends_on)


_STEPS: Final[dict[str, Callable[[Mapping[str, date | None], Number, date], NextStep | None]]] = {
    Stage.NON_MEMBER: _to_apply,
    Stage.LEAGUE_MEMBER: _to_apply,
    Stage.APPLICANT: _to_activist,
    Stage.ACTIVIST: _to_candidate,
    Stage.CANDIDATE: _to_admission,
    Stage.PROBATIONARY: _to_full,
}
