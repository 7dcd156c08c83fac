"""Where a pairing stands, in one sentence for whoever looks at it."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pairing_portal.common.scope import Scope

from .models import BranchPairing
from .rules import is_over, runs_a_side, wrote_it
from .states import PairingState


def situation(pairing: BranchPairing, scope: Scope, today: date) -> str:
    """What the state means for this person; `pairing` comes with its branches."""
    state, wrote = pairing.state, wrote_it(pairing, scope)
    author = _author_name(pairing)
    if state == PairingState.PROPOSED:
        return _proposed(pairing, scope, author)
    if state == PairingState.CHANGES_ASKED:
        if wrote:
            return _("The other branch asks for changes. Edit the proposal and send it again.")
        return _("Waiting for %(branch)s to change the proposal.") % {"branch": author}
    if state == PairingState.ACTIVE:
        if is_over(pairing, today):
            return _("The agreed time is over. Complete the pairing: the year is summed up and its pairs end.")
        return _("Both branches have agreed; it runs until %(day)s.") % {
            "day": date_format(pairing.ends_on, "DATE_FORMAT")
        }
    return {
        PairingState.DRAFT: _("Not sent yet: only the branch that writes it sees it."),
        PairingState.COMPLETED: _("The year is completed. Records and pairs stay to be read."),
        PairingState.ENDED_EARLY: _("Ended before its time. Records and pairs stay to be read."),
        PairingState.DECLINED: _("Declined; the reason stands below. A new proposal is possible."),
        PairingState.WITHDRAWN: _("Given up before it was agreed. A new proposal is possible."),
    }[PairingState(state)]


def _proposed(pairing: BranchPairing, scope: Scope, author: str) -> str:
    if wrote_it(pairing, scope):
        return _("Sent. The other branch has to answer; you can take it back until then.")
    if runs_a_side(pairing, scope):
        return _("%(branch)s proposes this. Read it, then confirm it, ask for changes or decline.") % {"branch": author}
    return _("Proposed by %(branch)s; the other branch has not answered yet.") % {"branch": author}


def _author_name(pairing: BranchPairing) -> str:
    is_partner = pairing.author_branch_id == pairing.partner_branch_id
    return str((pairing.partner_branch if is_partner else pairing.helping_branch).short_name)
