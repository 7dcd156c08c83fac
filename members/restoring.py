"""What rooms give back when a move or a leaving was a mistake; and words both directions share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Handing, restorers


def held_by(person_id: int, branch_id: int | None) -> dict[str, list[dict[str, Any]]]:
    """What every room will end, as rows; rooms with nothing are left out."""
    found = {key: restorer.held(person_id, branch_id) for key, restorer in restorers.items()}
    return {key: rows for key, rows in found.items() if rows}


def lock_rooms(held: Mapping[str, list[dict[str, Any]]]) -> None:
    """Locks that come before those of people. Call it first in the transaction."""
    for key, restorer in restorers.items():
        if key in held:
            restorer.lock()


def restore(held: Mapping[str, list[dict[str, Any]]], handing: Handing) -> tuple[list[str], list[str]]:
    """Give back what may stand, room by room. Returns what is back and what has to be done by hand, in lines."""
    back: list[str] = []
    by_hand: list[str] = []
    for key, restorer in restorers.items():
        if rows := held.get(key):
            restored, left = restorer.restore(rows, handing)
            back += restored
            by_hand += left
    return back, by_hand


def handed_on_words(what: object, name: str) -> str:
    """What a successor has since stays with them."""
    return _("%(what)s stays with %(name)s, who took over.") % {"what": what, "name": name}


def refuse_other_holder(holder_id: int | None, handing: Handing) -> None:
    """What was chosen may have passed to somebody else since."""
    if holder_id != handing.person_id:
        raise Refused(_("Somebody else has it by now; nothing was changed."))
