"""What a stand-in duty may be, who may agree to it, and why not. A stand-in takes over work, never membership."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _

from branches.models import PartyBranch
from members.models import Person
from members.stages import MEMBER_STAGES
from pairing_portal.common.problems import Problem
from pairing_portal.common.scope import Scope

from .board import read_board
from .continuity import PersonFacts
from .forecast import load_facts
from .models import BranchPairing, Cover, CoverDuty, CoverState, PairingState
from .spans import days_within
from .work_rules import branch_ids, day_words, within_pairing


def runs_a_side(pairing: BranchPairing, scope: Scope) -> bool:
    """Who may ask for a stand-in, and end one."""
    return scope.manages(pairing.helping_branch_id) or scope.manages(pairing.partner_branch_id)


def may_answer(cover: Cover, scope: Scope) -> bool:
    """The stand-in's own branch lends its people: nobody else says yes or no."""
    return cover.state == CoverState.ASKED and scope.manages(cover.pairing.helping_branch_id)


def may_end(cover: Cover, scope: Scope) -> bool:
    """Either side ends a duty; an ask without an answer is taken back by the side that asked."""
    if cover.state == CoverState.ASKED:
        return scope.manages(cover.pairing.partner_branch_id)
    return cover.state == CoverState.ACCEPTED and runs_a_side(cover.pairing, scope)


def ask_problems(
    *,
    pairing: BranchPairing,
    absent: Person | None,
    stand_in: Person,
    duty: str,
    from_on: date,
    to_on: date,
    today: date,
) -> Iterator[Problem]:
    """Everything that speaks against a duty, the dates first; `absent` is None for the partner branch as a whole."""
    if duty not in CoverDuty.values:
        words = _("Choose one of the duties in the list. Quorum, vote and posts are never lent to another branch.")
        yield Problem(words, field="duty")
    if to_on < from_on:
        yield Problem(_("A stand-in duty cannot end before it begins. Choose a later last day."), field="to_on")
        return
    if from_on < today:
        yield Problem(_("That day has passed. Let the duty begin today or later."), field="from_on")
    yield from within_pairing(pairing, from_on, "from_on")
    yield from within_pairing(pairing, to_on, "to_on")
    yield from stand_in_problems(pairing, stand_in, from_on, to_on, today)
    if absent is not None:
        yield from _absent_problems(pairing, absent, stand_in, from_on)
    yield from _taken_problems(pairing, absent, duty, from_on, to_on)


def stand_in_problems(
    pairing: BranchPairing, stand_in: Person, from_on: date, to_on: date, today: date
) -> Iterator[Problem]:
    """A student member of the helping branch, of the group of this pairing, on campus on more than half of the days."""
    name = {"name": stand_in.name, "branch": pairing.helping_branch.short_name}
    if stand_in.party_branch_id != pairing.helping_branch_id:
        words = (
            _("%(name)s is of the branch that is helped. Choose somebody of %(branch)s.")
            if stand_in.party_branch_id == pairing.partner_branch_id
            else _("%(name)s belongs to neither of the two branches. Choose somebody of %(branch)s.")
        )
        yield Problem(words % name, "R90", field="stand_in")
        return
    board = read_board(pairing, today=today)
    if stand_in.pk not in {card.pk for card in board.helpers}:
        words = (
            _("%(name)s is in the group for another partner. Choose somebody of the group for this pairing.")
            if board.is_split and stand_in.stage in MEMBER_STAGES
            else _("%(name)s is not a student member of %(branch)s now. Choose somebody who is.")
        )
        yield Problem(words % name, "R90", field="stand_in")
        return
    (facts,) = load_facts(Person.objects.filter(pk=stand_in.pk), since=today) or (None,)
    if facts is None or not _is_there(facts, from_on, to_on):
        words = _("%(name)s is away on half of those days or more. Choose somebody else, or a shorter time.")
        yield Problem(words % name, field="stand_in")


def _is_there(facts: PersonFacts, from_on: date, to_on: date) -> bool:
    """The same measure as for proposals."""
    return 2 * days_within(facts.present_within(from_on, to_on), from_on, to_on) > (to_on - from_on).days + 1


def _absent_problems(pairing: BranchPairing, absent: Person, stand_in: Person, from_on: date) -> Iterator[Problem]:
    partner: PartyBranch = pairing.partner_branch
    name = {"name": absent.name, "branch": partner.short_name}
    if absent.party_branch_id == stand_in.party_branch_id:
        words = _("%(name)s is of the stand-in's own branch. A branch divides its own work itself; choose somebody of %(branch)s.")  # fmt: skip
        yield Problem(words % name, "R90", field="absent")
    elif absent.party_branch_id not in branch_ids(pairing):
        words = _("%(name)s belongs to neither of the two branches. Choose somebody of %(branch)s.")
        yield Problem(words % name, "R90", field="absent")
    elif absent.stage not in MEMBER_STAGES or (absent.graduates_on is not None and absent.graduates_on < from_on):
        words = _("%(name)s is no longer a member of %(branch)s by then. Choose somebody who is, or the branch as a whole.")  # fmt: skip
        yield Problem(words % name, field="absent")


def _taken_problems(
    pairing: BranchPairing, absent: Person | None, duty: str, from_on: date, to_on: date
) -> Iterator[Problem]:
    standing = (
        Cover.objects.standing()
        .filter(pairing=pairing, absent=absent, duty=duty, from_on__lte=to_on, to_on__gte=from_on)
        .select_related("stand_in")
    )
    other = standing.first()
    if other is None:
        return
    values = {"name": other.stand_in.name, "first": day_words(other.from_on), "last": day_words(other.to_on)}
    words = (
        _(
            "%(name)s was asked for this already, from %(first)s to %(last)s. Take that back first, or choose other days."
        )
        if other.state == CoverState.ASKED
        else _("%(name)s does this already, from %(first)s to %(last)s. End that first, or choose other days.")
    )
    yield Problem(words % values)


def is_open(pairing: BranchPairing) -> bool:
    return pairing.state == PairingState.ACTIVE
