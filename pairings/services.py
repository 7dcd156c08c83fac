"""What happens to a pairing. Each function is one door: rule, state, trail and notice meet here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import AcademicYear, PartyBranch
from members.models import Person
from members.office_models import SECRETARY_POSTS, Post
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.registries import DueNotice
from pairing_portal.common.scope import Scope

from . import notices
from .models import BranchPairing, MemberPairing, PairingAction, PairingState, PairingStep
from .rules import branch_pairing_problems
from .states import next_state


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
) -> BranchPairing:
    """Propose a pairing for one's own branch; that side is confirmed by proposing. Tells the other side's secretaries.

    Raises `Refused` when a rule (R90) forbids it or the user runs neither branch.
    """
    # One order of locks: a second proposal for the same couple waits here, then reads why it is refused.
    list(PartyBranch.objects.select_for_update().filter(pk__in=[helping_branch.pk, partner_branch.pk]).order_by("pk"))
    refuse_blocked(
        branch_pairing_problems(
            academic_year=academic_year,
            helping_branch=helping_branch,
            partner_branch=partner_branch,
            starts_on=starts_on,
            ends_on=ends_on,
        )
    )
    if not (scope.manages(helping_branch.pk) or scope.manages(partner_branch.pk)):
        raise Refused(
            _("One of the two branches must be your own. Choose your branch on one side."), field="helping_branch"
        )
    own = helping_branch if scope.manages(helping_branch.pk) else partner_branch
    pairing = BranchPairing(
        academic_year=academic_year,
        helping_branch=helping_branch,
        partner_branch=partner_branch,
        starts_on=starts_on,
        ends_on=ends_on,
        agreement=agreement,
        state=PairingState.PROPOSED,
        author_branch=own,
    )
    for branch in _unconfirmed_sides(pairing, scope):
        _confirm_side(pairing, branch, by, now)
    if pairing.helping_confirmed_at and pairing.partner_confirmed_at:
        pairing.state = PairingState.ACTIVE
    pairing.save()
    _trail(pairing, PairingAction.PROPOSE, by=by, now=now, branch=own)
    _tell(pairing, _secretaries(_side_waiting(pairing)), notices.PAIRING_PROPOSED, now=now)
    return pairing


@transaction.atomic
def confirm_pairing(*, pairing: BranchPairing, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """Confirm for the branch(es) the user runs; with both confirmed the pairing is active. Tells the other side."""
    pairing = _locked(pairing)
    _require(pairing, PairingAction.CONFIRM)
    sides = _unconfirmed_sides(pairing, scope)
    if not sides:
        raise Refused(_("Your branch has confirmed this already, or it is not yours to confirm. Reload the page."))
    for branch in sides:
        _confirm_side(pairing, branch, by, now)
        _trail(pairing, PairingAction.CONFIRM, by=by, now=now, branch=branch)
    if pairing.helping_confirmed_at and pairing.partner_confirmed_at:
        pairing.state = PairingState.ACTIVE
        _settled(pairing, now=now)
        _trail(pairing, PairingAction.ACTIVATE, by=by, now=now)
        others = [branch for branch in (pairing.helping_branch, pairing.partner_branch) if branch not in sides]
        _tell(pairing, _secretaries(*others), notices.PAIRING_ACTIVE, now=now)
    pairing.save()
    return pairing


@transaction.atomic
def decline_pairing(*, pairing: BranchPairing, reason: str, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """The side that has not confirmed declines, with a reason. Tells the proposer's side."""
    pairing = _locked(pairing)
    _require(pairing, PairingAction.DECLINE)
    if not _unconfirmed_sides(pairing, scope):
        raise Refused(_("Only the branch that was asked may decline. You can withdraw your own proposal instead."))
    pairing.state = PairingState.DECLINED
    pairing.save()
    _settled(pairing, now=now)
    _trail(pairing, PairingAction.DECLINE, by=by, now=now, reason=_reason(reason))
    _tell(pairing, _secretaries(*_confirmed_sides(pairing)), notices.PAIRING_DECLINED, now=now)
    return pairing


@transaction.atomic
def withdraw_pairing(*, pairing: BranchPairing, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """The proposing side takes its proposal back before the other has confirmed: it is a draft again."""
    pairing = _locked(pairing)
    _require(pairing, PairingAction.WITHDRAW)
    if not any(scope.manages(branch.pk) for branch in _confirmed_sides(pairing)):
        raise Refused(_("Only the branch that proposed may withdraw. You can decline instead."))
    pairing.state = PairingState.DRAFT
    pairing.helping_confirmed_by = pairing.helping_confirmed_at = None
    pairing.partner_confirmed_by = pairing.partner_confirmed_at = None
    pairing.save()
    _settled(pairing, now=now)
    _trail(pairing, PairingAction.WITHDRAW, by=by, now=now)
    return pairing


@transaction.atomic
def repropose_pairing(*, pairing: BranchPairing, scope: Scope, by: User, now: datetime) -> BranchPairing:
    """Send a draft to the other side (again)."""
    pairing = _locked(pairing)
    _require(pairing, PairingAction.PROPOSE)
    sides = _unconfirmed_sides(pairing, scope)
    if not sides:
        raise Refused(_("One of the two branches must be your own. Choose your branch on one side."))
    for branch in sides:
        _confirm_side(pairing, branch, by, now)
    pairing.state = PairingState.PROPOSED
    pairing.save()
    _trail(pairing, PairingAction.PROPOSE, by=by, now=now, branch=sides[0])
    _tell(pairing, _secretaries(_side_waiting(pairing)), notices.PAIRING_PROPOSED, now=now)
    return pairing


@transaction.atomic
def end_pairing(
    *, pairing: BranchPairing, reason: str, scope: Scope, by: User, now: datetime, today: date
) -> BranchPairing:
    """Complete a pairing whose time is over, or end it early with a reason; either side or the department may."""
    pairing = _locked(pairing)
    early = today < pairing.ends_on
    action = PairingAction.END_EARLY if early else PairingAction.COMPLETE
    _require(pairing, action)
    sides = (pairing.helping_branch, pairing.partner_branch)
    if not any(scope.manages(branch.pk) or scope.oversees(branch.department_id) for branch in sides):
        raise Refused(_("Only the secretaries of the two branches or the department may end a pairing."))
    pairing.state = PairingState.ENDED_EARLY if early else PairingState.COMPLETED
    pairing.save()
    why = _reason(reason) if early else reason
    MemberPairing.objects.filter(pairing=pairing, published_at=None).delete()
    for pair in MemberPairing.objects.open().filter(pairing=pairing):
        end_member_pairing(pair=pair, on=today, reason=str(pairing.get_state_display()))
    _trail(pairing, action, by=by, now=now, reason=why)
    _tell(pairing, _secretaries(*sides), notices.PAIRING_ENDED, now=now)
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
    pairing = _locked(pairing)
    if pairing.state != PairingState.ACTIVE:
        raise Refused(_("Members can be paired once both branches have confirmed the pairing."), rule="R90")
    if helper.party_branch_id != pairing.helping_branch_id or partner.party_branch_id != pairing.partner_branch_id:
        raise Refused(_("Each of the two must belong to one of the paired branches."), rule="R90")
    if MemberPairing.objects.filter(ended_on=None, helper=helper, partner=partner).exists():
        raise Refused(_("%(helper)s and %(partner)s are paired already.") % {"helper": helper, "partner": partner})
    return MemberPairing.objects.create(
        pairing=pairing,
        helper=helper,
        partner=partner,
        support_areas=support_areas,
        starts_on=starts_on,
        reasons=reasons or [],
        score=score,
        is_fixed=is_fixed,
        published_at=now,
    )


@transaction.atomic
def end_member_pairing(*, pair: MemberPairing, on: date, reason: str) -> MemberPairing:
    """End one pair; its history and logs stay."""
    pair.ended_on = max(on, pair.starts_on)
    pair.is_dropped = False
    pair.end_reason = reason[:200]
    pair.save()
    return pair


def end_pairs_of(person_ids: list[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Somebody left: their open pairs end that day. Returns a line a pair."""
    lines = []
    pairs = MemberPairing.objects.open().select_related("helper", "partner").filter(helper_id__in=person_ids)
    for pair in pairs | MemberPairing.objects.open().select_related("helper", "partner").filter(
        partner_id__in=person_ids
    ):
        end_member_pairing(pair=pair, on=left_on, reason=_("one of the two left"))
        lines.append(_("The pair %(pair)s ends.") % {"pair": pair})
    return lines


def _locked(pairing: BranchPairing) -> BranchPairing:
    """The row as it is now, held until the transaction ends: two secretaries at once give one winner."""
    return BranchPairing.objects.select_for_update(of=("self",)).with_branches().get(pk=pairing.pk)


def _settled(pairing: BranchPairing, *, now: datetime) -> None:
    """The proposal was answered: it need not be announced any more."""
    retire_notices(prefix=f"{notices.PAIRING_PROPOSED}:{pairing.pk}:", now=now)


def _require(pairing: BranchPairing, action: PairingAction) -> None:
    if next_state(pairing.state, action) is None:
        last = PairingStep.objects.filter(pairing=pairing).select_related("by").last()
        raise Refused(
            _("This pairing is “%(state)s” now (%(who)s, %(what)s). Reload the page to see what can be done.")
            % {
                "state": pairing.get_state_display(),
                "who": last.by if last else "",
                "what": last.get_action_display() if last else "",
            }
        )


def _unconfirmed_sides(pairing: BranchPairing, scope: Scope) -> list[PartyBranch]:
    sides = []
    if pairing.helping_confirmed_at is None and scope.manages(pairing.helping_branch_id):
        sides.append(pairing.helping_branch)
    if pairing.partner_confirmed_at is None and scope.manages(pairing.partner_branch_id):
        sides.append(pairing.partner_branch)
    return sides


def _confirmed_sides(pairing: BranchPairing) -> list[PartyBranch]:
    sides = []
    if pairing.helping_confirmed_at is not None:
        sides.append(pairing.helping_branch)
    if pairing.partner_confirmed_at is not None:
        sides.append(pairing.partner_branch)
    return sides


def _side_waiting(pairing: BranchPairing) -> PartyBranch:
    return pairing.partner_branch if pairing.partner_confirmed_at is None else pairing.helping_branch


def _confirm_side(pairing: BranchPairing, branch: PartyBranch, by: User, now: datetime) -> None:
    if branch.pk == pairing.helping_branch_id:
        pairing.helping_confirmed_by, pairing.helping_confirmed_at = by, now
    else:
        pairing.partner_confirmed_by, pairing.partner_confirmed_at = by, now


def _trail(
    pairing: BranchPairing,
    action: PairingAction,
    *,
    by: User,
    now: datetime,
    branch: PartyBranch | None = None,
    reason: str = "",
) -> None:
    PairingStep.objects.create(pairing=pairing, action=action, by=by, for_branch=branch, at=now, reason=reason[:500])


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Please give a reason: the other side will read it."), field="reason")
    return reason.strip()


def _secretaries(*branches: PartyBranch) -> list[int]:
    """Accounts of the secretaries and deputies of these branches."""
    return list(
        Post.objects.filter(
            party_branch__in=branches, kind__in=SECRETARY_POSTS, ended_on=None, person__user__isnull=False
        ).values_list("person__user_id", flat=True)
    )


def _tell(pairing: BranchPairing, user_ids: Iterable[int], kind: str, *, now: datetime) -> None:
    # One notice a step: a proposal that is withdrawn and sent again is told again.
    step = PairingStep.objects.filter(pairing=pairing).count()
    post_notices(
        notices=[
            DueNotice(
                kind=kind,
                user_id=user_id,
                dedupe_key=f"{kind}:{pairing.pk}:{step}:{user_id}",
                subject={"pairing": pairing.pk, "name": str(pairing)},
                link=f"/pairings/{pairing.pk}/",
            )
            for user_id in set(user_ids)
        ],
        now=now,
    )
