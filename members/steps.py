"""The 25 steps from application to the archive (RULES.md 1.2) as data. Pure: no ORM, no clock.

A college may rename a step (`StepLabel`); `labelled` puts its names over the usual ones. Numbers never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

STAGE_NAMES: Final[Mapping[int, Text]] = {
    1: _("Application"),
    2: _("Activist: confirmation, training and education"),
    3: _("Candidate: confirmation and observation"),
    4: _("Admission of the probationary member"),
    5: _("Probationary member: education, observation, conversion"),
}


@dataclass(frozen=True)
class Step:
    """One step. `hard_date`: what the calendar demands of it, "" where it demands nothing; `rules`: ids checked when it is done;
    `date_field`: the date of a person that is the same day; `is_voted`: a branch meeting votes on it."""

    number: int
    stage: int
    name: Text
    hard_date: Text = ""
    rules: tuple[str, ...] = ()
    date_field: str = ""
    is_voted: bool = False


STEPS: Final = (
    Step(1, 1, _("Application handed in"), _("18 years old on that day"), ("R01",), "applied_on"),
    Step(2, 1, _("Talk with the applicant"), _("within a month of the application"), ("R02",)),
    Step(3, 2, _("Recommended and confirmed as an activist"), _("the branch committee decides"), ("R03",), "activist_on"),
    Step(4, 2, _("Activist filed with the higher committee")),
    Step(5, 2, _("Cultivation contacts named"), _("one or two full members"), ("R04",)),
    Step(6, 2, _("Education and observation"), _("a review every half-year, for a year at least"), ("R05", "R06")),
    Step(7, 3, _("Confirmed as a development candidate"), _("a year after step 3 at the earliest"), ("R07",), "candidate_on"),
    Step(8, 3, _("Candidate filed with the higher committee")),
    Step(9, 3, _("Two sponsors named"), _("exactly two full members"), ("R08",)),
    Step(10, 3, _("Political review"), _("valid for a year"), ("R10",)),
    Step(11, 3, _("Short intensive training"), _("three days or 24 hours at least"), ("R09",)),
    Step(12, 4, _("Review by the branch committee")),
    Step(13, 4, _("Pre-review by the higher committee"), _("before the branch meeting"), ("R11",)),
    Step(14, 4, _("Membership form filled in"), _("after the pre-review")),
    Step(15, 4, _("Branch meeting on admission"), _("probation begins on this day"),
         ("R08", "R09", "R10", "R11", "R12", "R13", "R14"), "admitted_on", is_voted=True),
    Step(16, 4, _("Talk by the higher committee")),
    Step(17, 4, _("Approval of the admission"), _("within three months, six at the very latest"), ("R15",)),
    Step(18, 4, _("Filed one level up")),
    Step(19, 5, _("Placed in a branch and a Party group")),
    Step(20, 5, _("Oath")),
    Step(21, 5, _("Continued observation"), _("a review every half-year"), ("R20",)),
    Step(22, 5, _("Application for full membership"), _("when the probation is over")),
    Step(23, 5, _("Branch meeting on conversion"), _("not before the probation is over"), ("R12", "R14", "R17", "R18"),
         is_voted=True),
    Step(24, 5, _("Approval of the conversion"), _("within three months, six at the very latest"), ("R15",), "converted_on"),
    Step(25, 5, _("Papers archived")),
)  # fmt: skip
BY_NUMBER: Final[Mapping[int, Step]] = {step.number: step for step in STEPS}


def labelled(labels: Mapping[int, str]) -> dict[int, Text]:
    """Number → the name of a step: the college's own where it has one, else the usual one."""
    return {step.number: labels.get(step.number) or step.name for step in STEPS}
