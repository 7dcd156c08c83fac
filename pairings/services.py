"""What happens to a pairing until both have agreed, and to single pairs. Each function is one door: rule, state, trail and
notice meet here. How a pairing ends stands in `ending_services`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import AcademicYear, PartyBranch
from members.models import Person, Post
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices
from .models import BranchPairing, MemberPairing, PairingAction, PairingState, PairingStep, PairingTask
from .plan_template import PlannedTask
from .rules import branch_pairing_problems, plan_problems, wrote_it
from .states import next_state
from .steps import given_reason, lock_pairing, require_step, settle, tell, write_step


@transaction.atomic
def propose_pairing(
    *,
    academic_year: AcademicYear,
    helping_branch: PartyBranch,
    partner_branch: PartyBranch,
    starts_on: date,
    ends_on: date,
    agreement: str,
    scope: Scope,
    by: User,
    now: datetime,
    principles: str = "",
    aims: str = "",
    tasks: Sequence[PlannedTask] = (),
    previous: BranchPairing | None = None,
    send: bool = True,
) -> BranchPairing:
    """Propose a pairing for one's own branch; that side is confirmed by sending. Tells the other side's secretaries.

    `tasks` become the shared work plan. `previous` is kept when it is of the same couple. Without `send` it stays a draft of
    the own branch. Raises `Refused` when a rule (R90) forbids it or the user runs neither branch.
    """
    _lock_branches(helping_branch, partner_branch)
    if not (scope.manages(helping_branch.pk) or scope.manages(partner_branch.pk)):
        raise Refused(
            _("One of the two branches must be your own. Choose your branch on one side."), field="helping_branch"
        )
    own = helping_branch if scope.manages(helping_branch.pk) else partner_branch
    pairing = BranchPairing(
        academic_year=academic_year, helping_branch=helping_branch, partner_branch=partner_branch, starts_on=starts_on,
        ends_on=ends_on, principles=principles, aims=aims, agreement=agreement, author_branch=own,
        previous=previous if previous is not None and _same_couple(previous, helping_branch, partner_branch) else None,
    )  # fmt: skip
    _refuse_unfit(pairing, tasks)
    pairing.save()
    _store_plan(pairing, tasks)
    if send:
        _send(pairing, scope=scope, by=by, now=now)
    else:
        write_step(pairing, PairingAction.DRAFT, by=by, now=now, branch=own)
    return pairing


@transaction.atomic
def revise_pairing(
    *,
    pairing: BranchPairing,
    academic_year: AcademicYear,
    helping_branch: PartyBranch,
    partner_branch: PartyBranch,
    starts_on: date,
    ends_on: date,
    principles: str,
    aims: str,
    agreement: str,
    tasks: Sequence[PlannedTask],
    scope: Scope,
    by: User,
    now: datetime,
    send: bool = True,
    seen_step: int | None = None,
) -> BranchPairing:
    """The proposer rewrites a draft or what the other side asked to change, and sends it again unless told not to.

    The couple is fixed once the other side has read a version. `seen_step` is the last step the page knew of.
    """
    _lock_branches(helping_branch, partner_branch)
    pairing = lock_pairing(pairing)
    require_step(pairing, PairingAction.REVISE)
    _refuse_stranger(pairing, scope)
    _refuse_stale(pairing, seen_step)
    changed = (pairing.academic_year_id, pairing.helping_branch_id, pairing.partner_branch_id) != (
        academic_year.pk, helping_branch.pk, partner_branch.pk,
    )  # fmt: skip
    if changed and was_sent(pairing):
        raise Refused(
            _("The year and the branches stay once a proposal was sent. Discard it and propose anew instead."),
            field="partner_branch",
        )
    if pairing.author_branch_id not in (helping_branch.pk, partner_branch.pk):
        raise Refused(
            _("One of the two branches must be your own. Choose your branch on one side."), field="helping_branch"
        )
    pairing.academic_year, pairing.helping_branch, pairing.partner_branch = (
        academic_year,
        helping_branch,
        partner_branch,
    )
    pairing.starts_on, pairing.ends_on = starts_on, ends_on
    pairing.principles, pairing.aims, pairing.agreement = principles, aims, agreement
    pairing.state = PairingState.DRAFT
    _refuse_unfit(pairing, tasks)
    pairing.save()
    _store_plan(pairing, tasks)
    settle(pairing, now=now)
    write_step(pairing, PairingAction.REVISE, by=by, now=now, branch=pairing.author_branch)
    if send:
        _send(pairing, scope=scope, by=by, now=now)
    return pairing


@transaction.atomic
def repropose_pairing(*, pairing: BranchPairing, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """Send a draft, or what the other side asked to change, to the other side (again)."""
    pairing = lock_pairing(pairing)
    require_step(pairing, PairingAction.PROPOSE)
    _refuse_stranger(pairing, scope)
    _refuse_unfit(pairing, ())
    settle(pairing, now=now)
    _send(pairing, scope=scope, by=by, now=now)
    return pairing


@transaction.atomic
def confirm_pairing(
    *, pairing: BranchPairing, scope: Scope, by: User, now: datetime, seen_step: int | None = None
) -> BranchPairing:
    """Confirm for the branch(es) the user runs; with both confirmed the pairing is active. Tells the other side.

    `seen_step` is the last step the page knew of: nobody confirms a text that was rewritten meanwhile.
    """
    pairing = lock_pairing(pairing)
    require_step(pairing, PairingAction.CONFIRM)
    sides = _unconfirmed_sides(pairing, scope)
    if not sides:
        raise Refused(_("Your branch has confirmed this already, or it is not yours to confirm. Reload the page."))
    _refuse_stale(pairing, seen_step)
    _refuse_unfit(pairing, ())
    for branch in sides:
        _confirm_side(pairing, branch, by, now)
    both = pairing.helping_confirmed_at and pairing.partner_confirmed_at
    if both:
        pairing.state = PairingState.ACTIVE
    pairing.save()
    for branch in sides:
        write_step(pairing, PairingAction.CONFIRM, by=by, now=now, branch=branch)
    if both:
        settle(pairing, now=now)
        write_step(pairing, PairingAction.ACTIVATE, by=by, now=now)
        others = [branch for branch in (pairing.helping_branch, pairing.partner_branch) if branch not in sides]
        tell(pairing, Post.objects.secretary_users(*others), notices.PAIRING_ACTIVE, now=now)
    return pairing


@transaction.atomic
def ask_changes(*, pairing: BranchPairing, reason: str, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """The side that was asked wants something changed, and says what. The proposer is told and may rewrite it."""
    pairing = lock_pairing(pairing)
    require_step(pairing, PairingAction.ASK_CHANGES)
    asked = _unconfirmed_sides(pairing, scope)
    if not asked:
        raise Refused(
            _("Only the branch that was asked may ask for changes. You can withdraw your own proposal instead.")
        )
    pairing.state = PairingState.CHANGES_ASKED
    _unconfirm(pairing)
    pairing.save()
    settle(pairing, now=now)
    write_step(pairing, PairingAction.ASK_CHANGES, by=by, now=now, branch=asked[0], reason=given_reason(reason))
    tell(
        pairing,
        Post.objects.secretary_users(pairing.author_branch),
        notices.PAIRING_CHANGES_ASKED,
        now=now,
        urgent=True,
    )
    return pairing


@transaction.atomic
def decline_pairing(*, pairing: BranchPairing, reason: str, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """The side that has not confirmed declines, with a reason. Tells the proposer's side."""
    pairing = lock_pairing(pairing)
    require_step(pairing, PairingAction.DECLINE)
    asked = _unconfirmed_sides(pairing, scope)
    if not asked:
        raise Refused(_("Only the branch that was asked may decline. You can withdraw your own proposal instead."))
    pairing.state = PairingState.DECLINED
    pairing.save()
    settle(pairing, now=now)
    write_step(pairing, PairingAction.DECLINE, by=by, now=now, branch=asked[0], reason=given_reason(reason))
    tell(pairing, Post.objects.secretary_users(pairing.author_branch), notices.PAIRING_DECLINED, now=now)
    return pairing


@transaction.atomic
def withdraw_pairing(*, pairing: BranchPairing, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """The proposing side takes its proposal back before the other has confirmed: it is a draft again."""
    pairing = lock_pairing(pairing)
    require_step(pairing, PairingAction.WITHDRAW)
    if not wrote_it(pairing, scope):
        raise Refused(_("Only the branch that proposed may withdraw. You can decline instead."))
    _take_back(pairing, PairingAction.WITHDRAW, by=by, now=now)
    return pairing


@transaction.atomic
def discard_pairing(*, pairing: BranchPairing, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """The proposer gives up a draft, or a proposal the other side wants changed. The couple is free for another proposal."""
    pairing = lock_pairing(pairing)
    require_step(pairing, PairingAction.DISCARD)
    _refuse_stranger(pairing, scope)
    _take_back(pairing, PairingAction.DISCARD, by=by, now=now)
    return pairing


@transaction.atomic
def pair_members(
    *,
    pairing: BranchPairing,
    helper: Person,
    partner: Person,
    support_areas: list[str],
    starts_on: date,
    now: datetime,
    reasons: list[Any] | None = None,
    score: int | None = None,
    is_fixed: bool = False,
) -> MemberPairing:
    """Pair one member of each side of an active pairing. Raises `Refused` (R90) for anybody else."""
    pairing = lock_pairing(pairing)
    if pairing.state != PairingState.ACTIVE:
        raise Refused(_("Members can be paired once both branches have confirmed the pairing."), rule="R90")
    if helper.party_branch_id != pairing.helping_branch_id or partner.party_branch_id != pairing.partner_branch_id:
        raise Refused(_("Each of the two must belong to one of the paired branches."), rule="R90")
    if MemberPairing.objects.filter(ended_on=None, helper=helper, partner=partner).exists():
        raise Refused(_("%(helper)s and %(partner)s are paired already.") % {"helper": helper, "partner": partner})
    return MemberPairing.objects.create(
        pairing=pairing, helper=helper, partner=partner, support_areas=support_areas, starts_on=starts_on,
        reasons=reasons or [], score=score, is_fixed=is_fixed, published_at=now,
    )  # fmt: skip


@transaction.atomic
def end_member_pairing(*, pair: MemberPairing, on: date, reason: str) -> MemberPairing:
    """End one pair; its history and logs stay."""
    pair.ended_on = max(on, pair.starts_on)
    pair.is_dropped = False
    pair.end_reason = reason[:200]
    pair.save()
    return pair


def was_sent(pairing: BranchPairing) -> bool:
    """The other side has had the text before it at least once."""
    return PairingStep.objects.filter(pairing=pairing, action=PairingAction.PROPOSE).exists()


def _lock_branches(*branches: PartyBranch) -> None:
    """One order of locks: a second proposal for the same couple waits here, then reads why it is refused."""
    list(PartyBranch.objects.select_for_update().filter(pk__in=[branch.pk for branch in branches]).order_by("pk"))


def _same_couple(pairing: BranchPairing, one: PartyBranch, other: PartyBranch) -> bool:
    return {pairing.helping_branch_id, pairing.partner_branch_id} == {one.pk, other.pk}


def _refuse_unfit(pairing: BranchPairing, tasks: Sequence[PlannedTask]) -> None:
    problems = branch_pairing_problems(
        academic_year=pairing.academic_year,
        helping_branch=pairing.helping_branch,
        partner_branch=pairing.partner_branch,
        starts_on=pairing.starts_on,
        ends_on=pairing.ends_on,
        pairing_id=pairing.pk,
        author_branch_id=pairing.author_branch_id,
    )
    refuse_blocked([*problems, *plan_problems(tasks, starts_on=pairing.starts_on, ends_on=pairing.ends_on)])


def _refuse_stranger(pairing: BranchPairing, scope: Scope) -> None:
    if not wrote_it(pairing, scope):
        raise Refused(_("Only the branch that proposed may change or send this proposal."))


def _refuse_stale(pairing: BranchPairing, seen_step: int | None) -> None:
    last = PairingStep.objects.filter(pairing=pairing).select_related("by").last()
    if seen_step is not None and last is not None and last.pk != seen_step:
        raise Refused(
            _("The proposal has changed since you opened it (%(who)s, %(what)s). Read it again, then decide.")
            % {"who": last.by, "what": last.get_action_display()}
        )


def _store_plan(pairing: BranchPairing, tasks: Sequence[PlannedTask]) -> None:
    """The plan is `tasks` afterwards; lines that stay keep their rows."""
    wanted = {(task.area, task.side, task.what, task.due_on): task for task in tasks}
    for row in PairingTask.objects.filter(pairing=pairing).of_plan():
        if wanted.pop((row.area, row.side, row.what, row.due_on), None) is None:
            row.delete()
    for task in wanted.values():
        PairingTask.objects.create(pairing=pairing, area=task.area, side=task.side, what=task.what, due_on=task.due_on)


def _send(pairing: BranchPairing, *, scope: Scope, by: User, now: datetime) -> None:
    """The author's side is confirmed by sending; somebody who runs both branches confirms both."""
    for branch in _unconfirmed_sides(pairing, scope):
        _confirm_side(pairing, branch, by, now)
    both = pairing.helping_confirmed_at and pairing.partner_confirmed_at
    pairing.state = PairingState.ACTIVE if both else PairingState.PROPOSED
    pairing.save()
    write_step(pairing, PairingAction.PROPOSE, by=by, now=now, branch=pairing.author_branch)
    if both:
        write_step(pairing, PairingAction.ACTIVATE, by=by, now=now)
    else:
        tell(
            pairing, Post.objects.secretary_users(_asked_side(pairing)), notices.PAIRING_PROPOSED, now=now, urgent=True
        )


def _take_back(pairing: BranchPairing, action: PairingAction, *, by: User, now: datetime) -> None:
    """Withdrawn or discarded; a side that waits for the changes it asked for is told that it need not."""
    waits = pairing.state == PairingState.CHANGES_ASKED
    pairing.state = next_state(pairing.state, action) or pairing.state
    _unconfirm(pairing)
    pairing.save()
    settle(pairing, now=now)
    write_step(pairing, action, by=by, now=now, branch=pairing.author_branch)
    if waits:
        # The page is the author's alone from here on: the list is as far as the other side can go.
        users = Post.objects.secretary_users(_asked_side(pairing))
        tell(pairing, users, notices.PAIRING_TAKEN_BACK, now=now, link="/pairings/")


def _unconfirmed_sides(pairing: BranchPairing, scope: Scope) -> list[PartyBranch]:
    sides = []
    if pairing.helping_confirmed_at is None and scope.manages(pairing.helping_branch_id):
        sides.append(pairing.helping_branch)
    if pairing.partner_confirmed_at is None and scope.manages(pairing.partner_branch_id):
        sides.append(pairing.partner_branch)
    return sides


def _asked_side(pairing: BranchPairing) -> PartyBranch:
    """The side that did not write the proposal."""
    is_helping = pairing.author_branch_id == pairing.helping_branch_id
    return pairing.partner_branch if is_helping else pairing.helping_branch


def _confirm_side(pairing: BranchPairing, branch: PartyBranch, by: User, now: datetime) -> None:
    if branch.pk == pairing.helping_branch_id:
        pairing.helping_confirmed_by, pairing.helping_confirmed_at = by, now
    else:
        pairing.partner_confirmed_by, pairing.partner_confirmed_at = by, now


def _unconfirm(pairing: BranchPairing) -> None:
    pairing.helping_confirmed_by = pairing.helping_confirmed_at = None
    pairing.partner_confirmed_by = pairing.partner_confirmed_at = None
