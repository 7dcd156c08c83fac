"""From dates to stage. Pure: imports no ORM.

The stage follows from the dates alone; a date in the future does not count yet. It is stored so that lists
can filter by it, written by the services and refreshed by the daily tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Stage(TextChoices):
    NON_MEMBER = "non_member", _("non-member")
    LEAGUE_MEMBER = "league_member", _("League member")
    APPLICANT = "applicant", _("applicant")
    ACTIVIST = "activist", _("activist")
    CANDIDATE = "candidate", _("development candidate")
    PROBATIONARY = "probationary", _("probationary member")
    FULL = "full", _("full member")
    LEFT = "left", _("left")


MEMBER_STAGES: Final = (Stage.PROBATIONARY, Stage.FULL)
# Those a Party branch works with before admission.
DEVELOPING_STAGES: Final = (Stage.APPLICANT, Stage.ACTIVIST, Stage.CANDIDATE)
ORDERED_DATES: Final = ("applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on")
# Highest first: the first date that has come decides.
_STAGE_BY_DATE: Final = (
    ("left_on", Stage.LEFT),
    ("converted_on", Stage.FULL),
    ("admitted_on", Stage.PROBATIONARY),
    ("candidate_on", Stage.CANDIDATE),
    ("activist_on", Stage.ACTIVIST),
    ("applied_on", Stage.APPLICANT),
    ("league_joined_on", Stage.LEAGUE_MEMBER),
)
STAGE_DATE_FIELDS: Final = tuple(name for name, _stage in _STAGE_BY_DATE)


def derive_stage(dates: Mapping[str, date | None], *, is_league_member: bool, today: date) -> Stage:
    """The stage on `today`. `dates` maps the names in `STAGE_DATE_FIELDS` to dates or None."""
    for name, stage in _STAGE_BY_DATE:
        value = dates.get(name)
        if value is not None and value <= today:
            return stage
    return Stage.LEAGUE_MEMBER if is_league_member else Stage.NON_MEMBER


def political_status(stage: str, *, is_league_member: bool) -> Any:
    """政治面貌, which exports show: an activist is a League member or a non-member, not a status of its own."""
    if stage == Stage.FULL:
        return _("Party member")
    if stage == Stage.PROBATIONARY:
        return _("probationary Party member")
    return _("CYLC member") if is_league_member else _("person without party affiliation")


def date_order_faults(dates: Mapping[str, date | None]) -> list[tuple[str, str]]:
    """Pairs (later field, earlier field) of `ORDERED_DATES` whose dates stand in the wrong order."""
    known = [(name, value) for name in ORDERED_DATES if (value := dates.get(name)) is not None]
    return [(later, earlier) for (earlier, first), (later, second) in pairwise(known) if second < first]
