"""Who is responsible for the lectures of a League branch, and when it owes none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import AcademicYear, LeagueBranch
from members.models import Person
from pairing_portal.common.problems import Refused

from ..models import LectureDuty, QuotaExemption


@transaction.atomic
def assign_duty(*, person: Person, league_branch: LeagueBranch, academic_year: AcademicYear) -> LectureDuty:
    """Make a Party member responsible for the lectures of a League branch. Raises `Refused` (R74) for others."""
    if person.stage not in ("probationary", "full"):
        raise Refused(
            _("%(name)s is not a Party member and cannot give a theory lecture.") % {"name": person}, rule="R74"
        )
    duty, _created = LectureDuty.objects.get_or_create(
        person=person, league_branch=league_branch, academic_year=academic_year, ended_on=None
    )
    return duty


@transaction.atomic
def grant_exemption(
    *, league_branches: Sequence[LeagueBranch], from_on: date, to_on: date, reason: str, note: str = ""
) -> list[QuotaExemption]:
    """Exempt League branches from the quota between two days; every week touched is exempt."""
    if to_on < from_on:
        raise Refused(_("An exemption cannot end before it begins."), field="to_on")
    return [
        QuotaExemption.objects.create(league_branch=branch, from_on=from_on, to_on=to_on, reason=reason, note=note)
        for branch in league_branches
    ]


def end_duties_of(person_ids: list[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Somebody left: their lecture duties end that day. Returns a line a duty."""
    lines = []
    for duty in LectureDuty.objects.filter(person_id__in=person_ids, ended_on=None).select_related(
        "person", "league_branch"
    ):
        duty.ended_on = left_on
        duty.save()
        lines.append(_("The lecture duty %(duty)s ends.") % {"duty": duty})
    return lines
