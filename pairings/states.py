"""The life of a branch pairing: one table of transitions. Pure."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PairingState(TextChoices):
    DRAFT = "draft", _("draft")
    PROPOSED = "proposed", _("proposed")
    ACTIVE = "active", _("active")
    COMPLETED = "completed", _("completed")
    DECLINED = "declined", _("declined")
    ENDED_EARLY = "ended_early", _("ended early")


class PairingAction(TextChoices):
    DRAFT = "draft", _("wrote a draft")
    PROPOSE = "propose", _("proposed")
    CONFIRM = "confirm", _("confirmed for one branch")
    ACTIVATE = "activate", _("confirmed by both branches")
    DECLINE = "decline", _("declined")
    WITHDRAW = "withdraw", _("withdrew the proposal")
    COMPLETE = "complete", _("completed")
    END_EARLY = "end_early", _("ended early")


OPEN_STATES: Final = (PairingState.DRAFT, PairingState.PROPOSED, PairingState.ACTIVE)
RUNNING_STATES: Final = (PairingState.ACTIVE, PairingState.COMPLETED)
TRANSITIONS: Final[dict[PairingAction, tuple[frozenset[PairingState], PairingState]]] = {
    PairingAction.PROPOSE: (frozenset({PairingState.DRAFT}), PairingState.PROPOSED),
    PairingAction.CONFIRM: (frozenset({PairingState.PROPOSED}), PairingState.PROPOSED),
    PairingAction.ACTIVATE: (frozenset({PairingState.PROPOSED}), PairingState.ACTIVE),
    PairingAction.DECLINE: (frozenset({PairingState.PROPOSED}), PairingState.DECLINED),
    PairingAction.WITHDRAW: (frozenset({PairingState.PROPOSED}), PairingState.DRAFT),
    PairingAction.COMPLETE: (frozenset({PairingState.ACTIVE}), PairingState.COMPLETED),
    PairingAction.END_EARLY: (frozenset({PairingState.ACTIVE}), PairingState.ENDED_EARLY),
}


def next_state(state: str, action: PairingAction) -> PairingState | None:
    """The state after `action`, or None when it is not allowed from `state`."""
    allowed, target = TRANSITIONS[action]
    return target if state in allowed else None
