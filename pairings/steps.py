"""What every step of a pairing needs: the lock, the state, the trail, the notices. Used by the services alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import PartyBranch
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import DueNotice

from . import notices
from .models import BranchPairing, PairingAction, PairingStep
from .states import next_state

REASON_LENGTH = 500


def lock_pairing(pairing: BranchPairing) -> BranchPairing:
    """The row as it is now, held until the transaction ends: two secretaries at once give one winner."""
    rows = BranchPairing.objects.select_for_update(of=("self",)).with_branches().select_related("author_branch")
    locked: BranchPairing = rows.get(pk=pairing.pk)
    return locked


def require_step(pairing: BranchPairing, action: PairingAction) -> None:
    """Raises `Refused`, naming who did what before, when the state does not allow `action`."""
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


def write_step(
    pairing: BranchPairing,
    action: PairingAction,
    *,
    by: User,
    now: datetime,
    branch: PartyBranch | None = None,
    reason: str = "",
) -> None:
    PairingStep.objects.create(pairing=pairing, action=action, by=by, for_branch=branch, at=now, reason=reason)


def given_reason(reason: str) -> str:
    """The reason without blanks around it; raises `Refused` when there is none, or too much."""
    reason = reason.strip()
    if not reason:
        raise Refused(_("Please give a reason: the other side will read it."), field="reason")
    if len(reason) > REASON_LENGTH:
        raise Refused(
            _("The reason is too long. Keep it under %(limit)d characters.") % {"limit": REASON_LENGTH}, field="reason"
        )
    return reason


def tell(
    pairing: BranchPairing, user_ids: Iterable[int], kind: str, *, now: datetime, urgent: bool = False, link: str = ""
) -> None:
    """One notice a step and user: a proposal that is withdrawn and sent again is told again."""
    step = PairingStep.objects.filter(pairing=pairing).count()
    post_notices(
        notices=[
            DueNotice(
                kind=kind,
                user_id=user_id,
                dedupe_key=f"{kind}:{pairing.pk}:{step}:{user_id}",
                subject={"pairing": pairing.pk, "name": str(pairing)},
                link=link or f"/pairings/{pairing.pk}/",
                urgent=urgent,
            )
            for user_id in sorted(set(user_ids))
        ],
        now=now,
    )


def settle(pairing: BranchPairing, *, now: datetime) -> None:
    """The proposal, or the wish for changes, was answered: it need not be announced any more."""
    for kind in (notices.PAIRING_PROPOSED, notices.PAIRING_CHANGES_ASKED):
        retire_notices(prefix=f"{kind}:{pairing.pk}:", now=now)
