"""Somebody who has a pair goes: who of their side could take over, by the scores of the board; handing on; giving back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from members.models import Person
from members.restoring import handed_on_words, refuse_other_holder
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Handing, Restorer, Succession, Successor, SuccessorIdea
from pairing_portal.common.scope import Scope

from .board import Board, read_board
from .board_services import count_change, on_side, refuse_unfit, tell_people
from .models import (
    BranchPairing,
    BranchSplit,
    CommitteePairing,
    Cover,
    GroupPlace,
    MemberPairing,
    PairingGroup,
    PairingState,
)
from .proposal import candidates, pair_reasons
from .rules import is_over, oversees_it, runs_a_side
from .services import end_member_pairing

PAIR: Final = "pair"
NAMED: Final = 3


# --- Who could take over -------------------------------------------------------------------------


def ideas(person_id: int, branch_id: int | None, on: date) -> list[SuccessorIdea]:
    """For each running pair: the best three of the person's own side who have room and are on campus with the other that day."""
    found = []
    boards: dict[int, Board] = {}
    for pair in _running(person_id, branch_id):
        board = boards.get(pair.pairing_id) or boards.setdefault(pair.pairing_id, read_board(pair.pairing, today=on))
        best = _best(board, pair, person_id, on)
        what = _("pair with %(name)s") % {"name": pair.other(person_id).name}
        found.append(SuccessorIdea(what, [one.name for one in best], f"{PAIR}-{pair.pk}", best))
    return found


def _running(person_id: int, branch_id: int | None) -> list[MemberPairing]:
    helper, partner = Q(helper_id=person_id), Q(partner_id=person_id)
    if branch_id is not None:
        helper &= Q(pairing__helping_branch_id=branch_id)
        partner &= Q(pairing__partner_branch_id=branch_id)
    pairs = MemberPairing.objects.open().filter(helper | partner, pairing__state=PairingState.ACTIVE)
    pairs = pairs.select_related("helper", "partner", "pairing__helping_branch", "pairing__partner_branch")
    return list(pairs.order_by("pk"))


def _best(board: Board, pair: MemberPairing, goes: int, on: date) -> list[Successor]:
    stays = pair.other(goes)
    cards = {card.pk for card in (*board.helpers, *board.partners)}
    if stays.pk not in cards or is_over(board.pairing, on):
        return []
    goes_helps = pair.helper_id == goes
    limit = board.capacity_helping if goes_helps else board.capacity_partner
    held = _held(board, but=pair.pk)
    options = [
        option for option in candidates(board, stays.pk, today=on) if not option.blocked and option.card.pk != goes
    ]
    here = set(
        Person.objects.on_campus(on).filter(pk__in=[option.card.pk for option in options]).values_list("pk", flat=True)
    )
    known = {
        couple.pair.other(stays.pk).pk for couple in board.drafted if stays.pk in (couple.helper.pk, couple.partner.pk)
    }
    return [
        Successor(option.card.pk, option.card.name, _("; ").join(option.words))
        for option in options
        if option.card.pk in here - known and held[option.card.pk] < limit
    ][:NAMED]


def _held(board: Board, *, but: int) -> Counter[int]:
    """Pairs each one has on the board."""
    return Counter(
        pk for couple in board.drafted if couple.pair.pk != but for pk in (couple.helper.pk, couple.partner.pk)
    )


# --- Handing on ----------------------------------------------------------------------------------


def changeable(numbers: Sequence[int], scope: Scope) -> set[int]:
    pairs = MemberPairing.objects.filter(pk__in=numbers)
    pairs = pairs.select_related("pairing__helping_branch", "pairing__partner_branch")
    return {pair.pk for pair in pairs if runs_a_side(pair.pairing, scope) or oversees_it(pair.pairing, scope)}


def lock_pairings(numbers: Sequence[int]) -> None:
    """Boards lock their pairing before anything else."""
    rows = BranchPairing.objects.select_for_update(of=("self",)).filter(member_pairings__in=numbers)
    list(rows.order_by("pk"))


def hand_pair_over(number: int, successor_id: int, handing: Handing) -> str:
    """The pair ends and the successor's begins: at once for who runs a side, as a draft on the board for the department.

    Raises `Refused` (R90) as the board does.
    """
    pair = MemberPairing.objects.select_related("helper", "partner", "pairing").get(pk=number)
    pairing = BranchPairing.objects.select_for_update(of=("self",)).with_branches().get(pk=pair.pairing_id)
    if not (runs_a_side(pairing, handing.scope) or oversees_it(pairing, handing.scope)):
        raise Refused(_("The board is changed by the secretaries of the two branches."))
    if pair.ended_on is not None or pairing.state != PairingState.ACTIVE:
        raise Refused(_("This pair is not on the board any more. You see the board as it is now."))
    board = read_board(pairing, today=handing.today)
    helps = pair.helper_id == handing.person_id
    refuse_other_holder(pair.helper_id if helps else pair.partner_id, handing)
    old, stays = (pair.helper, pair.partner) if helps else (pair.partner, pair.helper)
    helper = on_side(board.helpers, successor_id if helps else stays.pk, str(pairing.helping_branch.short_name))
    partner = on_side(board.partners, stays.pk if helps else successor_id, str(pairing.partner_branch.short_name))
    successor = helper if helps else partner
    refuse_unfit(successor)
    names = {"helper": helper.name, "partner": partner.name}
    if not helper.mask & partner.mask:
        words = _("%(helper)s and %(partner)s are never on campus together during the pairing. Choose another partner.")
        raise Refused(words % names, rule="R90")
    if MemberPairing.objects.filter(helper_id=helper.pk, partner_id=partner.pk, ended_on=None).exists():
        raise Refused(_("%(helper)s and %(partner)s are paired already.") % names)
    limit = board.capacity_helping if helps else board.capacity_partner
    if _held(board, but=pair.pk)[successor.pk] >= limit:
        words = _("%(name)s has as many pairs as the sides allow (%(limit)d). Choose somebody else.")
        raise Refused(words % {"name": successor.name, "limit": limit}, rule="R90")
    reasons, score = pair_reasons(board, helper, partner, today=handing.today)
    end_member_pairing(pair=pair, on=handing.on, reason=_("handed over to %(name)s") % {"name": successor.name})
    is_real = runs_a_side(pairing, handing.scope)
    made = MemberPairing.objects.create(
        pairing=pairing, helper_id=helper.pk, partner_id=partner.pk, support_areas=pair.support_areas, successor_of=pair,
        starts_on=max(handing.today, pairing.starts_on), reasons=reasons, score=score, is_fixed=True,
        published_at=handing.now if is_real else None,
    )  # fmt: skip
    count_change(pairing)
    if is_real:
        tell_people(pairing, [made.helper, made.partner], by=handing.by, now=handing.now)
        return _("%(what)s goes from %(old)s to %(new)s.") % {
            "what": _("The pair with %(name)s") % {"name": stays.name}, "old": old.name, "new": successor.name,
        }  # fmt: skip
    return _("Proposed on the board: %(pair)s.") % {"pair": made}


# --- Giving back ---------------------------------------------------------------------------------


def held(person_id: int, branch_id: int | None) -> list[dict[str, Any]]:
    """Running pairs, paired posts, the place in a group; stand-in duties are agreed on anew."""
    rows: list[dict[str, Any]] = [{"pair": pair.pk} for pair in _running(person_id, branch_id)]
    helping, partner = Q(helping_post__person_id=person_id), Q(partner_post__person_id=person_id)
    places = GroupPlace.objects.filter(person_id=person_id)
    theirs = Q(stand_in_id=person_id) | Q(absent_id=person_id)
    covers = Cover.objects.standing().filter(theirs)
    if branch_id is not None:
        helping &= Q(pairing__helping_branch_id=branch_id)
        partner &= Q(pairing__partner_branch_id=branch_id)
        places = places.filter(split__branch_id=branch_id)
        covers = covers.filter(Q(pairing__helping_branch_id=branch_id) | Q(pairing__partner_branch_id=branch_id))
    posts = CommitteePairing.objects.filter(helping | partner, ended_on=None, published_at__isnull=False).order_by("pk")
    rows += [{"posts": pk} for pk in posts.values_list("pk", flat=True)]
    rows += [
        {"split": place.split_id, "person": person_id, "group": place.group_id, "draft": place.draft_group_id, "fixed": place.is_fixed}
        for place in places
    ]  # fmt: skip
    covers = covers.select_related("stand_in", "absent", "pairing__partner_branch")
    return rows + [{"cover": str(cover)} for cover in covers.order_by("pk")]


def restore(rows: Sequence[dict[str, Any]], handing: Handing) -> tuple[list[str], list[str]]:
    """A pair runs again where both still stand on its sides with room, and nobody has taken over."""
    back: list[str] = []
    by_hand = [
        _("Agree on the stand-in duty again: %(cover)s") % {"cover": row["cover"]} for row in rows if "cover" in row
    ]
    pairs = MemberPairing.objects.filter(pk__in=[row["pair"] for row in rows if "pair" in row], ended_on__isnull=False)
    posts = CommitteePairing.objects.filter(
        pk__in=[row["posts"] for row in rows if "posts" in row], ended_on__isnull=False
    )
    touched = {*pairs.values_list("pairing_id", flat=True), *posts.values_list("pairing_id", flat=True)}
    for row in rows:
        if "split" in row and _restore_place(row):
            back.append(_("place in the pairing group"))
    pairings = BranchPairing.objects.select_for_update(of=("self",)).with_branches().filter(pk__in=touched)
    for pairing in pairings.order_by("pk"):
        for pair in pairs.filter(pairing=pairing).select_related("helper", "partner").order_by("pk"):
            why = _refusal(pairing, pair, handing)
            if why:
                by_hand.append(why)
                continue
            MemberPairing.objects.filter(successor_of=pair, published_at=None, ended_on=None).delete()
            pair.ended_on, pair.end_reason = None, ""
            pair.save()
            back.append(_("pair %(pair)s") % {"pair": pair})
        for row in posts.filter(pairing=pairing).select_related("helping_post", "partner_post").order_by("pk"):
            if _restore_posts(pairing, row):
                back.append(_("paired posts: %(row)s") % {"row": row.get_kind_display()})
            else:
                by_hand.append(_("Pair the posts again on the board: %(row)s") % {"row": row.get_kind_display()})
        count_change(pairing)
    return back, by_hand


def _refusal(pairing: BranchPairing, pair: MemberPairing, handing: Handing) -> str:
    """Why the pair does not run again; "" when it does."""
    successor = (
        pair.successors.filter(ended_on=None, published_at__isnull=False).select_related("helper", "partner").first()
    )
    if successor is not None:
        new = successor.partner if successor.helper_id == pair.helper_id else successor.helper
        return handed_on_words(pair, new.name)
    if pairing.state != PairingState.ACTIVE or is_over(pairing, handing.today):
        return _("%(pair)s: the pairing of the branches is over.") % {"pair": pair}
    board = read_board(pairing, today=handing.today)
    sides = {card.pk for card in board.helpers}, {card.pk for card in board.partners}
    counts = Counter(
        pk
        for couple in board.couples
        if not (couple.pair.is_draft and couple.pair.successor_of_id == pair.pk)
        for pk in (couple.helper.pk, couple.partner.pk)
    )
    limits = (board.capacity_helping, board.capacity_partner)
    for person, side, limit in zip((pair.helper, pair.partner), sides, limits, strict=True):
        if person.pk not in side or counts[person.pk] >= limit:
            return _("%(pair)s: pair anew on the board, %(name)s is not free.") % {"pair": pair, "name": person.name}
    return ""


def _restore_place(row: dict[str, Any]) -> bool:
    split = BranchSplit.objects.filter(pk=row["split"]).first()
    if (
        split is None
        or GroupPlace.objects.filter(academic_year_id=split.academic_year_id, person_id=row["person"]).exists()
    ):
        return False
    groups = PairingGroup.objects.filter(split=split).in_bulk([pk for pk in (row["group"], row["draft"]) if pk])
    GroupPlace.objects.create(
        split=split, academic_year_id=split.academic_year_id, person_id=row["person"], group=groups.get(row["group"]),
        draft_group=groups.get(row["draft"]), is_fixed=row["fixed"],
    )  # fmt: skip
    return True


def _restore_posts(pairing: BranchPairing, row: CommitteePairing) -> bool:
    """Where the terms run again and neither is paired meanwhile."""
    posts = [post for post in (row.helping_post, row.partner_post) if post is not None]
    same = Q(helping_post__in=posts) | Q(partner_post__in=posts)
    taken = CommitteePairing.objects.filter(same, pairing=pairing, ended_on=None).exists()
    if taken or any(post.ended_on is not None for post in posts) or pairing.state != PairingState.ACTIVE:
        return False
    row.ended_on = None
    row.save()
    return True


PAIRS: Final = Succession(changeable, hand_pair_over, lock_pairings)
RESTORER: Final = Restorer(held, restore)
