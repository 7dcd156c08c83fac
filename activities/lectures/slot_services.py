"""The free hours a League branch offers to speakers."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from ..models import LectureSlot
from .locks import lock_league_branches

AT_MOST = 21


@transaction.atomic
def add_slot(
    *, league_branch: LeagueBranch, weekday: int, starts_at: time, ends_at: time, place: str = "", scope: Scope
) -> LectureSlot:
    """Offer a free hour of the week. The same one twice is one. Raises `Refused` for one that overlaps another."""
    _require_voice(league_branch.pk, scope)
    if not 1 <= weekday <= 7:
        raise Refused(_("Choose a day of the week."), field="weekday")
    if ends_at <= starts_at:
        raise Refused(_("A free hour cannot end before it begins."), field="ends_at")
    lock_league_branches([league_branch.pk])
    offered = list(LectureSlot.objects.filter(league_branch=league_branch))
    for row in offered:
        if (row.weekday, row.starts_at, row.ends_at, row.place) == (weekday, starts_at, ends_at, place.strip()):
            return row
        if row.weekday == weekday and row.starts_at < ends_at and starts_at < row.ends_at:
            raise Refused(_("This overlaps an hour you offer already. Remove that one first."), field="starts_at")
    if len(offered) >= AT_MOST:
        raise Refused(_("At most %(count)d free hours can be offered.") % {"count": AT_MOST})
    made: LectureSlot = LectureSlot.objects.create(
        league_branch=league_branch, weekday=weekday, starts_at=starts_at, ends_at=ends_at, place=place.strip()[:100]
    )
    return made


@transaction.atomic
def remove_slot(*, slot: LectureSlot, scope: Scope) -> None:
    """Offer the hour no longer; lectures planned in it stay. Gone already is fine."""
    _require_voice(slot.league_branch_id, scope)
    LectureSlot.objects.filter(pk=slot.pk).delete()


def _require_voice(league_branch_id: int, scope: Scope) -> None:
    if league_branch_id not in scope.league_branch_ids:
        raise Refused(_("The secretary of the League branch says when it is free."))


def slot_minutes(slot: LectureSlot) -> int:
    """How long the hour is."""
    day = datetime(2000, 1, 1)  # noqa: DTZ001  # two times of one day are compared
    return int((datetime.combine(day, slot.ends_at) - datetime.combine(day, slot.starts_at)).total_seconds() // 60)
