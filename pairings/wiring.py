"""What this room tells the rooms below it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import (
    LeaveEffect,
    NavigationEntry,
    PersonPanel,
    leave_effects,
    navigation,
    person_panels,
)
from pairing_portal.common.scope import Role, Scope


def register() -> None:
    from . import notices, notices_board, notices_covers, notices_work
    from .services import end_pairs_of

    for spoken in (notices, notices_board, notices_covers, notices_work):
        spoken.register()
    leave_effects.register("pairings", LeaveEffect(_("Member pairings end"), end_pairs_of))
    person_panels.register("pairings", PersonPanel(_("Pairing"), "pairings/person_panel.html", panel, tab="pairing"))
    navigation.register(
        "pairings",
        NavigationEntry(_("Pairing"), "pairings", "link", "/pairings/", roles=frozenset(Role) - {Role.COUNSELLOR}),
        order=40,
    )


def panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """Open pairs of a person, as far as the viewer may see them."""
    from .models import MemberPairing

    pairs = (
        MemberPairing.objects.visible_to(scope)
        .of_person(person_id)
        .select_related("helper", "partner", "pairing__helping_branch", "pairing__partner_branch")
    )
    rows = [{"pair": pair, "other": pair.other(person_id)} for pair in pairs]
    return {"rows": rows} if rows else None
