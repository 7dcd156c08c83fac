"""The life of a branch pairing: one table of transitions. Pure."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PairingState(TextChoices):
    DRAFT = "draft", _("draft")
    PROPOSED = "proposed", _("proposed")
    CHANGES_ASKED = "changes_asked", _("changes asked for")
    ACTIVE = "active", pgettext_lazy("pairing", "active")
    COMPLETED = "completed", _("completed")
    DECLINED = "declined", _("declined")
    ENDED_EARLY = "ended_early", _("ended early")
    WITHDRAWN = "withdrawn", _("discarded")


class PairingAction(TextChoices):
    DRAFT = "draft", _("wrote a draft")
    PROPOSE = "propose", _("proposed")
    CONFIRM = "confirm", _("confirmed for one branch")
    ACTIVATE = "activate", _("confirmed by both branches")
    DECLINE = "decline", _("declined")
    WITHDRAW = "withdraw", _("withdrew the proposal")
    ASK_CHANGES = "ask_changes", _("asked for changes")
    REVISE = "revise", _("revised the agreement")
    DISCARD = "discard", _("discarded the draft")
    COMPLETE = "complete", _("completed")
    END_EARLY = "end_early", _("ended early")


OPEN_STATES: Final = (PairingState.DRAFT, PairingState.PROPOSED, PairingState.CHANGES_ASKED, PairingState.ACTIVE)
# Seen by the author's branch only.
UNSENT_STATES: Final = (PairingState.DRAFT, PairingState.WITHDRAWN)
# Before both have confirmed: the proposer may still write on it.
_WRITABLE: Final = frozenset({PairingState.DRAFT, PairingState.CHANGES_ASKED})
RUNNING_STATES: Final = (PairingState.ACTIVE, PairingState.COMPLETED)
TRANSITIONS: Final[dict[PairingAction, tuple[frozenset[PairingState], PairingState]]] = {
    PairingAction.PROPOSE: (_WRITABLE, PairingState.PROPOSED),
    PairingAction.CONFIRM: (frozenset({PairingState.PROPOSED}), PairingState.PROPOSED),
    PairingAction.ACTIVATE: (frozenset({PairingState.PROPOSED}), PairingState.ACTIVE),
    PairingAction.DECLINE: (frozenset({PairingState.PROPOSED}), PairingState.DECLINED),
    PairingAction.WITHDRAW: (frozenset({PairingState.PROPOSED, PairingState.CHANGES_ASKED}), PairingState.DRAFT),
    PairingAction.ASK_CHANGES: (frozenset({PairingState.PROPOSED}), PairingState.CHANGES_ASKED),
    PairingAction.REVISE: (_WRITABLE, PairingState.DRAFT),
    PairingAction.DISCARD: (_WRITABLE, PairingState.WITHDRAWN),
    PairingAction.COMPLETE: (frozenset({PairingState.ACTIVE}), PairingState.COMPLETED),
    PairingAction.END_EARLY: (frozenset({PairingState.ACTIVE}), PairingState.ENDED_EARLY),
}


def next_state(state: str, action: PairingAction) -> PairingState | None:
    """The state after `action`, or None when it is not allowed from `state`."""
    allowed, target = TRANSITIONS[action]
    return target if state in allowed else None
