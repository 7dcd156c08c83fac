"""How pairings end: a year completed or given up early, and pairs of which one member leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Person, Post
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import DueNotice
from pairing_portal.common.scope import Scope

from . import notices, notices_covers
from .board import Board, Card, read_board
from .models import BranchPairing, CommitteePairing, Cover, CoverState, MemberPairing, PairingAction, PairingState
from .proposal import candidates, pair_reasons
from .rules import is_over, oversees_it, runs_a_side
from .services import end_member_pairing
from .steps import given_reason, lock_pairing, require_step, tell, write_step
from .summary import count_summary


@transaction.atomic
def end_pairing(
    *, pairing: BranchPairing, reason: str, scope: Scope, by: User, now: datetime, today: date
) -> BranchPairing:
    """Complete a pairing whose time is over, or end it early with a reason; either side or the department may.

    The year is summed up; open pairs, paired posts and stand-in duties end, drafts go. Tells the secretaries of both sides
    and everybody whose pair or duty ended.
    """
    pairing = lock_pairing(pairing)
    early = not is_over(pairing, today)
    action = PairingAction.END_EARLY if early else PairingAction.COMPLETE
    require_step(pairing, action)
    if not (runs_a_side(pairing, scope) or oversees_it(pairing, scope)):
        raise Refused(_("Only the secretaries of the two branches or the department may end a pairing."))
    why = given_reason(reason) if early or reason.strip() else ""
    pairing.summary = count_summary(pairing)
    pairing.state = PairingState.ENDED_EARLY if early else PairingState.COMPLETED
    pairing.board_version += 1
    pairing.save()
    concerned = _end_pairs(pairing, today) | _end_covers(pairing, by=by, now=now, today=today)
    _end_posts(pairing, today)
    retire_notices(prefix=f"{notices.PAIRING_OVER}:{pairing.pk}:", now=now)
    write_step(pairing, action, by=by, now=now, reason=why)
    told = {*Post.objects.secretary_users(pairing.helping_branch, pairing.partner_branch), *concerned} - {by.pk}
    tell(pairing, told, notices.PAIRING_ENDED, now=now)
    return pairing


def _end_pairs(pairing: BranchPairing, today: date) -> set[int]:
    """Open pairs end, drafts go. Returns the accounts of those who had a pair."""
    MemberPairing.objects.filter(pairing=pairing, published_at=None).delete()
    pairs = MemberPairing.objects.open().filter(pairing=pairing).select_related("helper", "partner")
    users: set[int] = set()
    for pair in pairs:
        end_member_pairing(pair=pair, on=today, reason=str(pairing.get_state_display()))
        users |= {person.user_id for person in (pair.helper, pair.partner) if person.user_id}
    return users


def _end_posts(pairing: BranchPairing, today: date) -> None:
    CommitteePairing.objects.filter(pairing=pairing, published_at=None).delete()
    for row in CommitteePairing.objects.filter(pairing=pairing, ended_on=None):
        row.ended_on = today
        row.save()


def _end_covers(pairing: BranchPairing, *, by: User, now: datetime, today: date) -> set[int]:
    """Stand-in duties end with the pairing, asks fall away. Returns the accounts of the two of each agreed duty.

    A duty that had begun ends today; one that had not keeps the days agreed.
    """
    covers = Cover.objects.standing().filter(pairing=pairing).select_related("absent", "stand_in")
    users: set[int] = set()
    for cover in covers:
        if cover.state == CoverState.ASKED:
            cover.answered_by, cover.answered_at = by, now
        else:
            users |= {person.user_id for person in (cover.stand_in, cover.absent) if person and person.user_id}
            if cover.from_on <= today:
                cover.to_on = min(cover.to_on, today)
        cover.state, cover.reason = CoverState.ENDED, _("the pairing has ended")
        cover.save()
        for kind in (notices_covers.COVER_ASKED, notices_covers.COVER_ACCEPTED):
            retire_notices(prefix=notices_covers.cover_prefix(kind, cover), now=now)
    return users


@transaction.atomic
def end_pairs_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Somebody left: their open pairs end that day, their drafts go, and a successor is proposed as a draft on the board.

    Tells the secretaries of both sides, one notice each. Returns a line a pair.
    """
    gone = frozenset(person_ids)
    theirs = Q(helper_id__in=gone) | Q(partner_id__in=gone)
    touched = MemberPairing.objects.filter(theirs, ended_on=None).values("pairing")
    lines: list[str] = []
    for pairing in (
        BranchPairing.objects.select_for_update(of=("self",)).with_branches().filter(pk__in=touched).order_by("pk")
    ):
        MemberPairing.objects.filter(theirs, pairing=pairing, published_at=None).delete()
        pairs = list(
            MemberPairing.objects.open()
            .filter(theirs, pairing=pairing)
            .select_related("helper", "partner")
            .order_by("pk")
        )
        for pair in pairs:
            end_member_pairing(pair=pair, on=left_on, reason=_("one of the two left"))
        successors = _propose_successors(pairing, pairs, gone, left_on)
        BranchPairing.objects.filter(pk=pairing.pk).update(board_version=F("board_version") + 1)
        lines += [_("The pair %(pair)s ends.") % {"pair": pair} for pair in pairs]
        lines += [_("Proposed on the board: %(pair)s.") % {"pair": pair} for pair in successors]
        if pairs:
            _tell_of_leaving(pairing, pairs, successors, now=timezone.now())
    return lines


def _propose_successors(
    pairing: BranchPairing, ended: Iterable[MemberPairing], gone: frozenset[int], left_on: date
) -> list[MemberPairing]:
    """A draft pair for each who stays behind, as long as the other's side has somebody free."""
    if pairing.state != PairingState.ACTIVE or is_over(pairing, left_on):
        return []
    board = read_board(pairing, today=left_on)
    standing = {card.pk for card in (*board.helpers, *board.partners)} - gone
    busy = set()
    for row in MemberPairing.objects.filter(pairing=pairing, ended_on=None).values_list("helper_id", "partner_id"):
        busy.update(row)
    made = []
    for pair in ended:
        leaver_helps = pair.helper_id in gone
        stays = pair.partner if leaver_helps else pair.helper
        if stays.pk not in standing:
            continue
        card = _best_free(board, stays.pk, taken=busy | gone, left_on=left_on)
        if card is None:
            continue
        busy.add(card.pk)
        mine = next(one for one in (*board.helpers, *board.partners) if one.pk == stays.pk)
        helper, partner = (card, mine) if leaver_helps else (mine, card)
        reasons, score = pair_reasons(board, helper, partner, today=left_on)
        made.append(
            MemberPairing.objects.create(
                pairing=pairing, helper_id=helper.pk, partner_id=partner.pk, support_areas=pair.support_areas, successor_of=pair,
                starts_on=max(left_on, pairing.starts_on), reasons=reasons, score=score,
            )
        )  # fmt: skip
    return made


def _best_free(board: Board, person_id: int, *, taken: set[int], left_on: date) -> Card | None:
    """The highest score among those of the other side who have no pair, are on campus that day and were never refused by a rule.

    Not the same person again: a couple that just ended is no successor of itself.
    """
    couples = (
        MemberPairing.objects.filter(pairing=board.pairing).of_person(person_id).values_list("helper_id", "partner_id")
    )
    taken = taken | {one for couple in couples for one in couple}
    options = [option for option in candidates(board, person_id, today=left_on) if not option.blocked]
    here = set(
        Person.objects.on_campus(left_on)
        .filter(pk__in=[option.card.pk for option in options])
        .values_list("pk", flat=True)
    )
    return next((option.card for option in options if option.card.pk in here - taken), None)


def _tell_of_leaving(
    pairing: BranchPairing, ended: Sequence[MemberPairing], successors: Sequence[MemberPairing], *, now: datetime
) -> None:
    post_notices(
        notices=[
            DueNotice(
                kind=notices.PAIRS_NEED_SUCCESSORS,
                user_id=user_id,
                dedupe_key=f"{notices.PAIRS_NEED_SUCCESSORS}:{pairing.pk}:{ended[-1].pk}:{user_id}",
                subject={
                    "pairing": pairing.pk, "name": str(pairing), "ended": len(ended), "proposed": len(successors),
                },
                link=f"/pairings/{pairing.pk}/",
            )
            for user_id in Post.objects.secretary_users(pairing.helping_branch, pairing.partner_branch)
        ],
        now=now,
    )  # fmt: skip
