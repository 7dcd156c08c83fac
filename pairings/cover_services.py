"""Asking for a stand-in, answering, ending. The row of the pairing is the one lock of all its covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Person, Post
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import cover_rules, notices_covers
from .models import BranchPairing, Cover, CoverState
from .spans import DAY
from .steps import lock_pairing
from .work_rules import day_words

REASON_LENGTH = 200


@transaction.atomic
def ask_cover(
    *,
    pairing: BranchPairing,
    absent: Person | None,
    stand_in: Person,
    duty: str,
    from_on: date,
    to_on: date,
    scope: Scope,
    by: User,
    now: datetime,
    today: date,
) -> Cover:
    """Ask for somebody of the helping branch; `absent` is None for the partner branch as a whole.

    The helping branch's own secretary agrees by asking; else its secretaries are told. Raises `Refused`.
    """
    pairing = _hold(pairing)
    if not cover_rules.runs_a_side(pairing, scope):
        raise Refused(_("A stand-in is asked for by a secretary of the two branches. Ask one of them."))
    values: dict[str, Any] = {"absent": absent, "stand_in": stand_in, "duty": duty, "from_on": from_on, "to_on": to_on}
    refuse_blocked(cover_rules.ask_problems(pairing=pairing, today=today, **values))
    cover = Cover(pairing=pairing, asked_by=by, asked_at=now, **values)
    if scope.manages(pairing.helping_branch_id):
        cover.state, cover.answered_by, cover.answered_at = CoverState.ACCEPTED, by, now
    cover.save()
    if cover.state == CoverState.ASKED:
        told = _secretaries(pairing.helping_branch, but=by)
        post_notices(notices=notices_covers.to_secretaries(cover, notices_covers.COVER_ASKED, told), now=now)
    else:
        _tell(cover, notices_covers.COVER_ACCEPTED, _secretaries(pairing.partner_branch, but=by), now=now)
    return cover


@transaction.atomic
def accept_cover(*, cover: Cover, scope: Scope, by: User, now: datetime, today: date) -> Cover:
    """The stand-in's branch says yes. Tells the two it concerns and who asked; a second press reads who was first."""
    cover = _held_ask(cover, scope)
    if cover.to_on < today:
        raise Refused(_("The days asked for are over. Decline it, or ask again for other days."))
    first = max(cover.from_on, today)
    refuse_blocked(cover_rules.stand_in_problems(cover.pairing, cover.stand_in, first, cover.to_on, today))
    _answer(cover, CoverState.ACCEPTED, by=by, now=now)
    _tell(cover, notices_covers.COVER_ACCEPTED, {cover.asked_by_id} - {by.pk}, now=now)
    return cover


@transaction.atomic
def decline_cover(*, cover: Cover, reason: str, scope: Scope, by: User, now: datetime) -> Cover:
    """The stand-in's branch says no, with a reason; that person is not proposed for it again. Tells who asked."""
    cover = _held_ask(cover, scope)
    cover.reason = _given_reason(reason)
    _answer(cover, CoverState.DECLINED, by=by, now=now)
    told = {cover.asked_by_id} - {by.pk}
    post_notices(notices=notices_covers.to_secretaries(cover, notices_covers.COVER_DECLINED, told), now=now)
    return cover


@transaction.atomic
def withdraw_cover(*, cover: Cover, scope: Scope, by: User, now: datetime) -> Cover:
    """Take back an ask that nobody has answered."""
    cover = _held(cover)
    if cover.state != CoverState.ASKED:
        raise _answered(cover)
    if not cover_rules.may_end(cover, scope):
        raise Refused(_("Only the branch that asked takes this back. The other branch can decline it."))
    cover.reason = str(_("taken back"))
    _answer(cover, CoverState.ENDED, by=by, now=now)
    return cover


@transaction.atomic
def end_cover(
    *, cover: Cover, over_from: date, scope: Scope, by: User, now: datetime, today: date, reason: str = ""
) -> Cover:
    """End an agreed duty from today or tomorrow on; one that has not begun falls away. Either side may.

    Tells the two it concerns and the other secretaries.
    """
    cover = _held(cover)
    if cover.state != CoverState.ACCEPTED:
        raise _answered(cover)
    if not cover_rules.may_end(cover, scope):
        raise Refused(_("A stand-in duty is ended by a secretary of the two branches. Ask one of them."))
    if cover.to_on < today:
        raise Refused(
            _("This stand-in duty was over on %(on)s. There is nothing to end.") % {"on": day_words(cover.to_on)}
        )
    if over_from not in (today, today + DAY):
        raise Refused(_("End a duty from today or from tomorrow on."), field="over_from")
    _end(cover, over_from=over_from, reason=reason.strip()[:REASON_LENGTH], now=now)
    pairing = cover.pairing
    told = set(_secretaries(pairing.helping_branch, pairing.partner_branch, but=by))
    _tell(cover, notices_covers.COVER_ENDED, told, now=now)
    return cover


@transaction.atomic
def end_covers_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Somebody leaves on a day: asks for or by them fall away, duties end the day before. Returns a line a duty.

    Where a stand-in leaves, the page proposes another at once. Tells the secretaries of both branches and who stays.
    """
    gone, now = frozenset(person_ids), timezone.now()
    theirs = Q(stand_in_id__in=gone) | Q(absent_id__in=gone)
    touched = Cover.objects.standing().filter(theirs, to_on__gte=left_on).values("pairing")
    lines = []
    for pairing in (
        BranchPairing.objects.select_for_update(of=("self",)).with_branches().filter(pk__in=touched).order_by("pk")
    ):
        covers = Cover.objects.standing().filter(theirs, pairing=pairing, to_on__gte=left_on)
        for cover in covers.select_related("stand_in", "absent").order_by("pk"):
            cover.pairing = pairing
            _end_for_leaving(cover, left_on=left_on, by_user_id=by_user_id, now=now)
            lines.append(_("The stand-in duty %(cover)s ends.") % {"cover": cover})
            if cover.stand_in_id in gone and cover.absent_id not in gone and cover_rules.is_open(pairing):
                lines.append(_("Another stand-in is proposed on the page “Who stands in”."))
    return lines


def _end_for_leaving(cover: Cover, *, left_on: date, by_user_id: int | None, now: datetime) -> None:
    was_agreed = cover.state == CoverState.ACCEPTED
    if was_agreed and cover.from_on < left_on and left_on > timezone.localdate(now):
        # They leave later: until then the duty is done.
        cover.to_on = left_on - DAY
        cover.save()
    else:
        if not was_agreed:
            # A job without an account settles in the name of who asked.
            cover.answered_by_id, cover.answered_at = by_user_id or cover.asked_by_id, now
        _end(cover, over_from=left_on, reason=str(_("one of the two left")), now=now)
    told = set(_secretaries(cover.pairing.helping_branch, cover.pairing.partner_branch)) - {by_user_id}
    _tell(cover, notices_covers.COVER_ENDED, told, now=now, with_the_two=was_agreed)


def _hold(pairing: BranchPairing) -> BranchPairing:
    """The pairing as it is now, locked until the transaction ends. Raises `Refused` (R90) unless it is active."""
    row = lock_pairing(pairing)
    if not cover_rules.is_open(row):
        words = _(
            "Stand-ins are agreed while a pairing is active. This one is “%(state)s”; agree on a new pairing first."
        )
        raise Refused(words % {"state": row.get_state_display()}, rule="R90")
    return row


def _held(cover: Cover) -> Cover:
    """The cover as it is now, under the lock of its pairing."""
    pairing = _hold(cover.pairing)
    row: Cover = Cover.objects.select_related("stand_in", "absent", "asked_by", "answered_by").get(pk=cover.pk)
    row.pairing = pairing
    return row


def _held_ask(cover: Cover, scope: Scope) -> Cover:
    cover = _held(cover)
    if cover.state != CoverState.ASKED:
        raise _answered(cover)
    if not cover_rules.may_answer(cover, scope):
        words = _("The secretary of %(branch)s answers: it lends its own people. Ask there.")
        raise Refused(words % {"branch": cover.pairing.helping_branch.short_name})
    return cover


def _answered(cover: Cover) -> Refused:
    if cover.state == CoverState.ASKED:
        return Refused(_("This has not been answered yet. Accept or decline it, or take it back."))
    words = _("This stand-in duty is “%(state)s” already (%(who)s). Reload the page to see what can be done.")
    return Refused(words % {"state": cover.get_state_display(), "who": cover.answered_by})


def _answer(cover: Cover, state: CoverState, *, by: User, now: datetime) -> None:
    cover.state, cover.answered_by, cover.answered_at = state, by, now
    cover.save()
    retire_notices(prefix=notices_covers.cover_prefix(notices_covers.COVER_ASKED, cover), now=now)


def _end(cover: Cover, *, over_from: date, reason: str, now: datetime) -> None:
    """A duty that had begun is shortened; one that had not keeps the days agreed."""
    if cover.state == CoverState.ACCEPTED and cover.from_on < over_from:
        cover.to_on = min(cover.to_on, over_from - DAY)
    cover.state, cover.reason = CoverState.ENDED, reason
    cover.save()
    for kind in (notices_covers.COVER_ASKED, notices_covers.COVER_ACCEPTED):
        retire_notices(prefix=notices_covers.cover_prefix(kind, cover), now=now)


def _given_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused(_("Please give a reason: the other side will read it."), field="reason")
    if len(reason) > REASON_LENGTH:
        words = _("The reason is too long. Keep it under %(limit)d characters.")
        raise Refused(words % {"limit": REASON_LENGTH}, field="reason")
    return reason


def _secretaries(*branches: Any, but: User | None = None) -> list[int]:
    return [user_id for user_id in Post.objects.secretary_users(*branches) if but is None or user_id != but.pk]


def _tell(cover: Cover, kind: str, others: Iterable[int], *, now: datetime, with_the_two: bool = True) -> None:
    """One notice each: who is one of the two and a secretary besides reads it as one of the two."""
    two = notices_covers.to_the_two(cover, kind) if with_the_two else []
    known = {notice.user_id for notice in two}
    rest = notices_covers.to_secretaries(cover, kind, sorted(set(others) - known))
    post_notices(notices=[*two, *rest], now=now)
