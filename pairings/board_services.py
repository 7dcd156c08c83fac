"""Changes of a pairing's board: each locks the pairing, looks whether the page was stale, checks, writes, counts on.

A draft pair (`published_at` empty) and a published pair that is given up (`is_dropped`) are the draft; publishing makes
both real and tells everybody concerned once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Person, Post
from notifications.services import post_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import DueNotice
from pairing_portal.common.scope import Scope

from .board import Board, Card, Couple, read_board
from .models import BranchPairing, CommitteePairing, MemberPairing, PairingState
from .notices_board import PAIRS_PUBLISHED
from .proposal import Proposal, pair_reasons, propose
from .services import end_member_pairing


class StaleBoard(Refused):
    """Somebody else changed the board since the page was opened; nothing was written."""


def open_board(*, pairing_id: int, version: int | None, scope: Scope) -> BranchPairing:
    """The pairing, locked for a change of its board. Raises `Refused` when it is not the user's, not active or stale.

    `version` None is the command line, which reads and writes in one transaction.
    """
    pairing = BranchPairing.objects.select_for_update(of=("self",)).with_branches().get(pk=pairing_id)
    if not (scope.manages(pairing.helping_branch_id) or scope.manages(pairing.partner_branch_id)):
        raise Refused(_("The board is changed by the secretaries of the two branches."))
    if pairing.state != PairingState.ACTIVE:
        raise Refused(_("Members can be paired once both branches have confirmed the pairing."), rule="R90")
    if version is not None and pairing.board_version != version:
        raise StaleBoard(
            _("Somebody else changed this board meanwhile. You see it as it is now; please repeat your step.")
        )
    return pairing


def count_change(pairing: BranchPairing) -> None:
    """Pages that show an older version are stale from here on."""
    pairing.board_version += 1
    pairing.save(update_fields=["board_version"])


@transaction.atomic
def set_pair(
    *,
    pairing_id: int,
    helper_id: int,
    partner_id: int,
    version: int | None,
    scope: Scope,
    today: date,
    replace: bool = False,
    is_fixed: bool = True,
) -> tuple[MemberPairing, list[Couple]]:
    """Draw a pair by hand: it is pinned and the solver leaves it alone. `replace` gives up what stands in its way.

    Returns the pair and the couples that made room for it.

    Raises `Refused` (R90) for people of another branch or group, who left, asked to be left out, are never on campus together,
    or have as many partners as the sides allow.
    """
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    board = read_board(pairing, today=today)
    helper = on_side(board.helpers, helper_id, str(pairing.helping_branch.short_name))
    partner = on_side(board.partners, partner_id, str(pairing.partner_branch.short_name))
    known = MemberPairing.objects.filter(
        pairing=pairing, helper_id=helper_id, partner_id=partner_id, ended_on=None
    ).first()
    if known is not None and not known.is_dropped:
        raise Refused(
            _("%(helper)s and %(partner)s are paired already.") % {"helper": helper.name, "partner": partner.name}
        )
    for card in (helper, partner):
        refuse_unfit(card)
    if not helper.mask & partner.mask:
        raise Refused(
            _("%(helper)s and %(partner)s are never on campus together during the pairing. Choose another partner.")
            % {"helper": helper.name, "partner": partner.name},
            rule="R90",
        )
    made_room = _make_room(board, helper, partner, replace=replace)
    reasons, score = pair_reasons(board, helper, partner, today=today)
    if known is not None:
        known.is_dropped, known.is_fixed = False, is_fixed
        known.save()
        pair = known
    else:
        pair = MemberPairing.objects.create(
            pairing=pairing, helper_id=helper_id, partner_id=partner_id, starts_on=max(today, pairing.starts_on),
            support_areas=_agreed_areas(helper, partner), reasons=reasons, score=score,
            is_fixed=is_fixed,
        )  # fmt: skip
    count_change(pairing)
    return pair, made_room


def on_side(cards: Iterable[Card], person_id: int, branch: str) -> Card:
    card = next((card for card in cards if card.pk == person_id), None)
    if card is None:
        raise Refused(
            _(
                "This person does not stand on the side of %(branch)s: of another branch or group, or no longer a member there."
            )
            % {"branch": branch},
            rule="R90",
        )
    return card


def refuse_unfit(card: Card) -> None:
    if card.is_left_out:
        raise Refused(_("%(name)s asked to be left out. Speak with them first.") % {"name": card.name})
    if card.is_paired_elsewhere:
        raise Refused(
            _("%(name)s has a pair in another pairing of this year. End that one first.") % {"name": card.name},
            rule="R90",
        )


def _make_room(board: Board, helper: Card, partner: Card, *, replace: bool) -> list[Couple]:
    """Keep the capacities: with `replace` pairs that are not pinned go, else the surplus is refused."""
    gone: list[Couple] = []
    for card, limit in ((helper, board.capacity_helping), (partner, board.capacity_partner)):
        mine = [
            couple
            for couple in board.drafted
            if card.pk in (couple.helper.pk, couple.partner.pk) and couple not in gone
        ]
        if len(mine) < limit:
            continue
        movable = [couple for couple in mine if not couple.pair.is_fixed]
        if not replace or not movable:
            names = "、".join(str(couple.pair.other(card.pk)) for couple in mine)
            raise Refused(
                _(
                    "%(name)s is paired with %(others)s already; at most %(limit)d here. Give up or unpin that pair first."
                )
                % {"name": card.name, "others": names, "limit": limit},
                rule="R90",
            )
        gone.append(movable[-1])
        give_up(movable[-1].pair)
    return gone


def _agreed_areas(helper: Card, partner: Card) -> list[str]:
    """What one offers and the other asks for, in both directions."""
    return sorted((helper.offers & partner.asks) | (partner.offers & helper.asks))


def give_up(pair: MemberPairing) -> None:
    """Take a pair off the board: a draft goes, a published pair ends when the board is published."""
    if pair.is_draft:
        pair.delete()
        return
    pair.is_dropped, pair.is_fixed = True, False
    pair.save()


@transaction.atomic
def drop_pair(*, pairing_id: int, pair_id: int, version: int | None, scope: Scope) -> tuple[int, int, bool]:
    """Give up a pair in the draft. Returns the ids of the two and whether it was pinned, for the way back."""
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    pair = _pair_of(pairing, pair_id)
    if pair.is_dropped:
        raise StaleBoard(_("This pair is given up already."))
    was = (pair.helper_id, pair.partner_id, pair.is_fixed)
    give_up(pair)
    count_change(pairing)
    return was


@transaction.atomic
def keep_pair(*, pairing_id: int, pair_id: int, version: int | None, scope: Scope) -> MemberPairing:
    """A published pair that the draft gave up stays after all."""
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    pair = _pair_of(pairing, pair_id)
    pair.is_dropped = False
    pair.save()
    count_change(pairing)
    return pair


@transaction.atomic
def take_back(
    *, pairing_id: int, drop: int | None, couples: Iterable[tuple[int, int, bool]], scope: Scope, today: date
) -> None:
    """Undo the last step: give up the pair it made and draw again those it took away (helper, partner, pinned)."""
    pairing = open_board(pairing_id=pairing_id, version=None, scope=scope)
    if drop is not None:
        give_up(_pair_of(pairing, drop))
        count_change(pairing)
    for helper_id, partner_id, is_fixed in couples:
        set_pair(
            pairing_id=pairing_id, helper_id=helper_id, partner_id=partner_id, version=None, scope=scope, today=today,
            is_fixed=is_fixed,
        )  # fmt: skip


@transaction.atomic
def pin_pair(*, pairing_id: int, pair_id: int, is_fixed: bool, version: int | None, scope: Scope) -> MemberPairing:
    """Pin a pair, so that proposals leave it alone, or take the pin out."""
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    pair = _pair_of(pairing, pair_id)
    pair.is_fixed = is_fixed
    pair.save()
    count_change(pairing)
    return pair


def _pair_of(pairing: BranchPairing, pair_id: int) -> MemberPairing:
    pair = MemberPairing.objects.filter(pairing=pairing, pk=pair_id, ended_on=None).first()
    if pair is None:
        raise StaleBoard(_("This pair is not on the board any more. You see the board as it is now."))
    return pair


@transaction.atomic
def propose_pairs(
    *,
    pairing_id: int,
    version: int | None,
    scope: Scope,
    today: date,
    rearrange: bool = False,
    helpers: Collection[int] | None = None,
) -> Proposal:
    """Let the solver pair everybody else around pinned and published pairs (with `rearrange` around pinned ones only).

    `helpers` are the ids of those who take part on the helping side, everybody unless given. Writes the draft and returns
    the `Proposal`, which tells who was left over and why.
    """
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    board = read_board(pairing, today=today)
    if helpers is not None:
        board.helpers = [card for card in board.helpers if card.pk in helpers]
    proposal = propose(board, today=today, rearrange=rearrange)
    for couple in proposal.given_up:
        give_up(couple.pair)
    known = {
        (pair.helper_id, pair.partner_id): pair for pair in MemberPairing.objects.filter(pairing=pairing, ended_on=None)
    }
    for match in proposal.made:
        pair = known.get((match.helper.pk, match.partner.pk))
        if pair is not None:
            pair.is_dropped = False
            pair.save()
            continue
        MemberPairing.objects.create(
            pairing=pairing, helper_id=match.helper.pk, partner_id=match.partner.pk, starts_on=max(today, pairing.starts_on),
            support_areas=_agreed_areas(match.helper, match.partner), reasons=match.reasons, score=match.score,
        )  # fmt: skip
    count_change(pairing)
    return proposal


@transaction.atomic
def discard_draft(*, pairing_id: int, version: int | None, scope: Scope) -> BranchPairing:
    """The board is again what is published."""
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    for pair in MemberPairing.objects.filter(pairing=pairing, ended_on=None):
        if pair.is_draft:
            pair.delete()
        elif pair.is_dropped:
            pair.is_dropped = False
            pair.save()
    CommitteePairing.objects.filter(pairing=pairing, published_at=None).delete()
    count_change(pairing)
    return pairing


@transaction.atomic
def publish_board(
    *, pairing_id: int, version: int | None, scope: Scope, by: User, now: datetime, today: date
) -> dict[str, int]:
    """Make the draft real: new pairs begin, given up ones end, posts are paired; each person concerned gets one notice.

    Returns counts: new, ended, posts, told. Raises `Refused` when there is nothing to publish.
    """
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    pairs = list(
        MemberPairing.objects.filter(pairing=pairing, ended_on=None).select_related("helper", "partner").order_by("pk")
    )
    new = [pair for pair in pairs if pair.is_draft]
    dropped = [pair for pair in pairs if pair.is_dropped]
    posts = list(
        CommitteePairing.objects.filter(pairing=pairing, published_at=None, ended_on=None).select_related(
            "helping_post__person", "partner_post__person"
        )
    )
    if not (new or dropped or posts):
        raise Refused(_("Nothing changed since the last publishing."))
    _refuse_gone(pairing, new, today)
    for pair in dropped:
        end_member_pairing(pair=pair, on=today, reason=_("changed on the board"))
    for pair in new:
        pair.published_at, pair.starts_on = now, max(today, pairing.starts_on)
        pair.save()
    for row in posts:
        row.published_at = now
        row.save()
    pairing.board_published_at = now
    pairing.save()
    count_change(pairing)
    people = {person for pair in (*new, *dropped) for person in (pair.helper, pair.partner)}
    people |= {post.person for row in posts for post in (row.helping_post, row.partner_post) if post}
    told = tell_people(pairing, people, by=by, now=now)
    return {"new": len(new), "ended": len(dropped), "posts": len(posts), "told": told}


def _refuse_gone(pairing: BranchPairing, new: Iterable[MemberPairing], today: date) -> None:
    board = read_board(pairing, today=today)
    standing = {card.pk for card in (*board.helpers, *board.partners)}
    for pair in new:
        for person in (pair.helper, pair.partner):
            if person.pk not in standing:
                raise Refused(
                    _("%(name)s has graduated, left or moved to another branch or group. Give up that pair first.")
                    % {"name": person.name},
                    rule="R90",
                )


def tell_people(pairing: BranchPairing, people: Iterable[Person], *, by: User, now: datetime) -> int:
    """One notice a person, and the other side's secretaries; never the one who published."""
    users = {person.user_id for person in people if person.user_id}
    users |= set(Post.objects.secretary_users(pairing.helping_branch, pairing.partner_branch))
    users.discard(by.pk)
    return post_notices(
        notices=[
            DueNotice(
                kind=PAIRS_PUBLISHED,
                user_id=user_id,
                dedupe_key=f"{PAIRS_PUBLISHED}:{pairing.pk}:{pairing.board_version}:{user_id}",
                subject={"pairing": pairing.pk, "name": str(pairing)},
                link=f"/pairings/{pairing.pk}/",
            )
            for user_id in sorted(users)
        ],
        now=now,
    )
