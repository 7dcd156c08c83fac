"""Cells that several forms have alike. Pure but for the words of the catalogue."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import timezone

from branches.models import Programme
from members.models import Sex
from members.stages import Stage, political_status

_SEX = dict(Sex.choices)
_PROGRAMMES = dict(Programme.choices)
_STAGES = dict(Stage.choices)


def sex(value: str) -> str:
    return str(_SEX.get(value, ""))


def programme(value: str) -> str:
    return str(_PROGRAMMES.get(value, ""))


def stage(value: str) -> str:
    return str(_STAGES.get(value, ""))


def status(value: str, is_league_member: bool) -> str:
    """政治面貌: what a form asks for; the stage is finer."""
    return str(political_status(value, is_league_member=is_league_member))


def grade(enrolment_year: int | None) -> str:
    return f"{enrolment_year}级" if enrolment_year else ""


def year_and_month(on: date | None) -> str:
    """出生年月, as the forms write it."""
    return on.strftime("%Y-%m") if on else ""


def hours(minutes: int | None) -> float | None:
    """Minutes as hours, to the hundredth; a sum of hours may differ in the last digit, the minutes do not."""
    return round(minutes / 60, 2) if minutes is not None else None


def local(moment: datetime | None) -> datetime | None:
    """The wall clock of the college: a workbook knows no time zones."""
    return timezone.localtime(moment).replace(tzinfo=None) if moment else None


def points(hundredths: Any) -> float | None:
    """A mean kept in hundredths, as points from 1 to 5."""
    return round(hundredths / 100, 2) if hundredths is not None else None
