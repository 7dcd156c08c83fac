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
WRITABLE_STATES: Final = frozenset({PairingState.DRAFT, PairingState.CHANGES_ASKED})
# Agreed once and over: next year can start from it.
ENDED_STATES: Final = frozenset({PairingState.COMPLETED, PairingState.ENDED_EARLY})
# Both have confirmed it once: it has a board, work and pairs.
AGREED_STATES: Final = frozenset({PairingState.ACTIVE}) | ENDED_STATES
RUNNING_STATES: Final = (PairingState.ACTIVE, PairingState.COMPLETED)
TRANSITIONS: Final[dict[PairingAction, tuple[frozenset[PairingState], PairingState]]] = {
    PairingAction.PROPOSE: (WRITABLE_STATES, PairingState.PROPOSED),
    PairingAction.CONFIRM: (frozenset({PairingState.PROPOSED}), PairingState.PROPOSED),
    PairingAction.ACTIVATE: (frozenset({PairingState.PROPOSED}), PairingState.ACTIVE),
    PairingAction.DECLINE: (frozenset({PairingState.PROPOSED}), PairingState.DECLINED),
    PairingAction.WITHDRAW: (frozenset({PairingState.PROPOSED, PairingState.CHANGES_ASKED}), PairingState.DRAFT),
    PairingAction.ASK_CHANGES: (frozenset({PairingState.PROPOSED}), PairingState.CHANGES_ASKED),
    PairingAction.REVISE: (WRITABLE_STATES, PairingState.DRAFT),
    PairingAction.DISCARD: (WRITABLE_STATES, PairingState.WITHDRAWN),
    PairingAction.COMPLETE: (frozenset({PairingState.ACTIVE}), PairingState.COMPLETED),
    PairingAction.END_EARLY: (frozenset({PairingState.ACTIVE}), PairingState.ENDED_EARLY),
}


def next_state(state: str, action: PairingAction) -> PairingState | None:
    """The state after `action`, or None when it is not allowed from `state`."""
    allowed, target = TRANSITIONS[action]
    return target if state in allowed else None
