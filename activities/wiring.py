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
    from . import notices
    from .services import end_duties_of

    notices.register()
    leave_effects.register("activities", LeaveEffect(_("Lecture duties end"), end_duties_of))
    person_panels.register(
        "hours", PersonPanel(_("Activities and hours"), "activities/person_panel.html", panel, tab="activity")
    )
    navigation.register(
        "lectures", NavigationEntry(_("Theory lectures"), "lectures", "book", "/lectures/", phone=True), order=60
    )
    navigation.register(
        "log",
        NavigationEntry(_("Log"), "quick_log", "pencil", "/log/", roles=frozenset({Role.PERSON}), phone=True),
        order=70,
    )


def panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """Confirmed minutes and the newest entries of a person, as far as the viewer may see them."""
    from django.db.models import Sum

    from .models import LogEntry

    rows = LogEntry.objects.visible_to(scope).filter(person_id=person_id).with_names()
    if not rows.exists():
        return None
    confirmed = rows.confirmed().aggregate(total=Sum("minutes"))["total"] or 0
    return {"entries": rows[:20], "confirmed_minutes": confirmed, "confirmed_count": rows.confirmed().count()}
