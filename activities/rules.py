"""What may be logged and what may be recorded as a lecture, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Final

from dateutil.relativedelta import relativedelta
from django.db.models import Sum
from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from branches.policy import Policy
from members.models import Person
from mentoring.models import FocusArea, LeagueGuidance, LinkState, Mentorship
from pairing_portal.common.problems import Problem
from pairings.models import MemberPairing

from .log_checks import overlap_problems
from .models import (
    LogEntry,
    LogPurpose,
    LogState,
)

MINUTES_A_DAY = 24 * 60


def log_problems(
    *,
    person: Person,
    on: date,
    minutes: int,
    purpose: str,
    member_pairing: MemberPairing | None,
    league_branch: LeagueBranch | None,
    mentorship: Mentorship | None = None,
    league_guidance: LeagueGuidance | None = None,
    focus_area: str = "",
    late_reason: str,
    starts_at: time | None = None,
    today: date,
    policy: Policy,
    entry_id: int | None = None,
    entered_on: date | None = None,
) -> list[Problem]:
    """Every objection to a log entry: its day, its length, whom it was for. `entry_id`: the entry being corrected;
    `entered_on`: the day it was first sent, by which its lateness is judged."""
    problems = _day_problems(on, late_reason, today, policy, entered_on or today)
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
    if starts_at is not None:
        problems += overlap_problems(person=person, on=on, starts_at=starts_at, minutes=minutes, entry_id=entry_id)
    if purpose == LogPurpose.PAIRING:
        if member_pairing is None or person.pk not in (member_pairing.helper_id, member_pairing.partner_id):
            problems.append(Problem(_("Choose one of your own pairs."), field="target"))
        elif on < member_pairing.starts_on or (member_pairing.ended_on and on > member_pairing.ended_on):
            problems.append(Problem(_("On that day this pair did not exist. Check the date."), field="on"))
    if purpose == LogPurpose.LEAGUE_BRANCH and league_branch is None:
        problems.append(Problem(_("Choose the League branch."), field="target"))
    if purpose == LogPurpose.MENTORING:
        problems += _link_problems(person, on, mentorship)
    if purpose == LogPurpose.LEAGUE_BRANCH and league_guidance is not None:
        problems += _guidance_problems(person, on, league_branch, league_guidance, focus_area)
    return problems


RAN: Final = (LinkState.ACTIVE, LinkState.ENDED)


def _link_problems(person: Person, on: date, link: Mentorship | None) -> Iterator[Problem]:
    """A mentoring link of one's own, on a day on which it ran."""
    if link is None or link.state not in RAN or person.pk not in (link.mentor_id, link.mentee_id):
        yield Problem(_("Choose one of your own mentoring links."), field="target")
    elif on < link.starts_on or (link.ended_on and on > link.ended_on):
        yield Problem(_("On that day this mentoring link did not run. Check the date."), field="on")


def _guidance_problems(
    person: Person, on: date, league_branch: LeagueBranch | None, guidance: LeagueGuidance, focus_area: str
) -> Iterator[Problem]:
    """One's own guidance, on a day on which it ran, with what it was about."""
    is_same = league_branch is not None and guidance.league_branch_id == league_branch.pk
    if guidance.person_id != person.pk or guidance.state not in RAN or not is_same:
        yield Problem(_("Choose a League branch that you guide."), field="target")
    elif on < guidance.starts_on or (guidance.ended_on and on > guidance.ended_on):
        yield Problem(_("On that day you did not guide this League branch. Check the date."), field="on")
    if focus_area not in FocusArea.values:
        yield Problem(_("Say which focus area the guidance was about."), field="focus_area")


def _day_problems(on: date, late_reason: str, today: date, policy: Policy, entered_on: date) -> list[Problem]:
    if on > today:
        return [Problem(_("The day lies in the future. Log it once it is done."), field="on")]
    if on < today - relativedelta(years=1):
        return [Problem(_("More than a year ago cannot be logged any more."), field="on")]
    late_after = policy.number("log_late_after_days", today)
    if (entered_on - on).days > late_after and not late_reason.strip():
        return [
            Problem(
                _("That is more than %(days)d days ago. Please say why it is entered late.") % {"days": late_after},
                field="late_reason",
            )
        ]
    return []
