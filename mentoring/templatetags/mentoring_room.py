"""The pages of this room, as far as a reader may open them."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from pairing_portal.common.requests import scope_of
from pairing_portal.common.room_pages import room_chips
from pairing_portal.common.scope import Role, Scope

register = template.Library()


@register.inclusion_tag("includes/room_nav.html", takes_context=True)
def mentoring_room(context: dict[str, Any]) -> dict[str, Any]:
    """Chips of the room; nothing for who has a page or two alone."""
    request = context["request"]
    return room_chips(request, _("Tiered mentoring"), _pages(scope_of(request)), least=3)


def _pages(scope: Scope) -> list[tuple[str, str, str, bool]]:
    committee = bool(scope.branch_ids or scope.department_ids or scope.whole_college)
    arranges = bool(scope.managed_branch_ids or scope.department_ids or scope.college_staff)
    own = min(scope.managed_branch_ids, default=None)
    return [
        (_("Mine"), reverse("my_mentoring"), "person", scope.person_id is not None),
        (_("Who helps whom"), reverse("mentoring"), "list", True),
        (_("Chain"), reverse("mentoring_chain"), "diagram-3", committee or bool(scope.class_ids)),
        (_("Proposal"), reverse("mentoring_plan", args=[own]) if own else "", "pencil-square", own is not None),
        (_("How the links go"), reverse("mentoring_health"), "graph-up", committee),
        (_("Observation records"), reverse("mentoring_observations"), "journal-text", committee),
        (_("Calls for help"), reverse("mentoring_helps"), "chat", scope.has(Role.SECRETARY)),
        (_("Support needs"), reverse("mentoring_needs"), "heart", scope.has(Role.SECRETARY, Role.COUNSELLOR)),
        (_("Import pairs"), reverse("mentoring_import"), "upload", arranges),
        (_("The rules"), reverse("mentoring_rules"), "book", True),
    ]
