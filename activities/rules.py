"""What may be logged and what may be recorded as a lecture, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dateutil.relativedelta import relativedelta
from django.db.models import Sum
from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from branches.policy import Policy
from members.models import Person
from members.stages import MEMBER_STAGES
from pairing_portal.common.problems import Problem
from pairings.models import MemberPairing

from .models import LectureDuty, LogEntry, LogPurpose, LogState


def log_problems(
    *,
    person: Person,
    on: date,
    minutes: int,
    purpose: str,
    member_pairing: MemberPairing | None,
    league_branch: LeagueBranch | None,
    late_reason: str,
    today: date,
    policy: Policy,
    entry_id: int | None = None,
) -> list[Problem]:
    """Every objection to a log entry: its day, its length, whom it was for. `entry_id`: the entry being corrected."""
    problems = _day_problems(on, late_reason, today, policy)
    limit = policy.number("log_max_minutes_a_day", on)
    others = LogEntry.objects.filter(person=person, on=on).exclude(pk=entry_id).exclude(state=LogState.RETURNED)
    already = others.aggregate(total=Sum("minutes"))["total"] or 0
    if already + minutes > limit:
        problems.append(
            Problem(
                _(
                    "With this entry the day would have %(total)d minutes; at most %(limit)d can be logged. Check the date and the minutes."
                )
                % {"total": already + minutes, "limit": limit},
                field="minutes",
            )
        )
    if purpose == LogPurpose.PAIRING:
        if member_pairing is None or person.pk not in (member_pairing.helper_id, member_pairing.partner_id):
            problems.append(Problem(_("Choose one of your own pairs."), field="target"))
        elif on < member_pairing.starts_on or (member_pairing.ended_on and on > member_pairing.ended_on):
            problems.append(Problem(_("On that day this pair did not exist. Check the date."), field="on"))
    if purpose == LogPurpose.LEAGUE_BRANCH and league_branch is None:
        problems.append(Problem(_("Choose the League branch."), field="target"))
    return problems


def _day_problems(on: date, late_reason: str, today: date, policy: Policy) -> list[Problem]:
    if on > today:
        return [Problem(_("The day lies in the future. Log it once it is done."), field="on")]
    if on < today - relativedelta(years=1):
        return [Problem(_("More than a year ago cannot be logged any more."), field="on")]
    late_after = policy.number("log_late_after_days", today)
    if (today - on).days > late_after and not late_reason.strip():
        return [
            Problem(
                _("That is more than %(days)d days ago. Please say why it is entered late.") % {"days": late_after},
                field="late_reason",
            )
        ]
    return []


def lecture_problems(
    *, speakers: Sequence[Person], league_branches: Sequence[LeagueBranch], on: date, minutes: int, today: date
) -> list[Problem]:
    """Objections to recording a lecture. A short lecture or other material is recorded and does not count (R71, R72)."""
    problems = []
    if on > today:
        problems.append(Problem(_("The day lies in the future. Record the lecture once it was given."), field="on"))
    if on < today - relativedelta(years=1):
        problems.append(Problem(_("More than a year ago cannot be recorded any more."), field="on"))
    if not 1 <= minutes <= 480:
        problems.append(Problem(_("A lecture lasts between 1 and 480 minutes."), field="minutes"))
    if not speakers:
        problems.append(Problem(_("Name at least one speaker."), "R74", field="speakers"))
    for speaker in speakers:
        if speaker.stage not in MEMBER_STAGES:
            problems.append(
                Problem(
                    _("%(name)s is not a Party member and cannot give a theory lecture.") % {"name": speaker},
                    "R74",
                    field="speakers",
                )
            )
    if not league_branches:
        problems.append(Problem(_("Name at least one League branch that heard the lecture."), field="league_branches"))
    for branch in league_branches:
        if not branch.is_active:
            problems.append(Problem(_("%(branch)s is no longer active.") % {"branch": branch}, field="league_branches"))
    return problems


def has_duty(person_id: int, league_branch_id: int, on: date) -> bool:
    """R74: is this person responsible for the lectures of this League branch on a day?"""
    return LectureDuty.objects.filter(person_id=person_id, league_branch_id=league_branch_id).filter_active(on).exists()
