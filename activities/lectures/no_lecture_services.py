""" "No lecture this week, because …": said by those who know, and taken back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import LeagueBranch
from notifications.services import retire_notices, revive_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from ..models import NoLecture
from ..quota import WeekState, monday_of
from . import notices
from .board import week_statuses
from .locks import lock_league_branches
from .rules import has_duty

BACK, AHEAD = timedelta(weeks=4), timedelta(weeks=4)


def may_say_none(league_branch: LeagueBranch, scope: Scope, on: date) -> bool:
    """Its own secretaries, the speakers on duty, who runs the responsible Party branch, and the department."""
    if league_branch.pk in scope.league_branch_ids | scope.guided_league_branch_ids:
        return True
    if scope.oversees(league_branch.department_id):
        return True
    return bool(scope.person_id) and has_duty(scope.person_id or 0, league_branch.pk, on)


@transaction.atomic
def say_no_lecture(
    *, league_branch: LeagueBranch, on: date, reason: str, scope: Scope, by: User, now: datetime
) -> NoLecture:
    """Say that a League branch has no lecture in the week of `on`, and why. The quota misses it all the same.

    What is marked already is refused, and a week that is met, exempt or owes none.
    """
    today, monday = timezone.localdate(now), monday_of(on)
    if not may_say_none(league_branch, scope, today):
        raise Refused(_("The League branch, its speakers on duty, its Party branch and the department say this."))
    if not monday_of(today) - BACK <= monday <= monday_of(today) + AHEAD:
        raise Refused(_("Only the last four weeks and the next four can be marked."), field="week")
    if not reason.strip():
        raise Refused(_("Please say why: it stands in the board."), field="reason")
    lock_league_branches([league_branch.pk])
    known = NoLecture.objects.filter(league_branch=league_branch, monday=monday).first()
    if known is not None:
        raise Refused(_("This week is marked already: %(reason)s") % {"reason": known.reason})
    _require_owed(league_branch, monday, today)
    made: NoLecture = NoLecture.objects.create(
        league_branch=league_branch, monday=monday, reason=reason.strip()[:200], recorded_by=by, recorded_at=now
    )
    retire_notices(prefix=notices.behind_prefix(league_branch.pk, monday), now=now)
    return made


def _require_owed(league_branch: LeagueBranch, monday: date, today: date) -> None:
    state = week_statuses(league_branches=[league_branch], on=monday, today=today)[0].status.state
    words = {
        WeekState.MET: _("The week of %(day)s has all the lectures it is owed."),
        WeekState.EXEMPT: _("The week of %(day)s is exempt: nothing is owed."),
        WeekState.NOT_OWED: _("No lecture is owed in the week of %(day)s."),
    }.get(state)
    if words:
        raise Refused(words % {"day": date_format(monday)})


@transaction.atomic
def take_back_no_lecture(*, row: NoLecture, scope: Scope, by: User, now: datetime) -> None:
    """There may be a lecture after all. Gone already is fine; raises `Refused` for others than who may say it."""
    if not may_say_none(row.league_branch, scope, timezone.localdate(now)):
        raise Refused(_("The League branch, its speakers on duty, its Party branch and the department say this."))
    lock_league_branches([row.league_branch_id])
    found = NoLecture.objects.filter(pk=row.pk).first()
    if found is None:
        return
    found._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    found.delete()
    revive_notices(prefix=notices.behind_prefix(row.league_branch_id, row.monday), now=now)


def said_for(league_branch_ids: Any) -> Any:
    """What was said about these League branches (ids or a query of them)."""
    return NoLecture.objects.filter(league_branch__in=league_branch_ids)
