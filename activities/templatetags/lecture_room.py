"""The pages of the lectures, as far as a reader may open them."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from activities.lectures.plan_reader import gives_lectures
from pairing_portal.common.requests import scope_of
from pairing_portal.common.room_pages import room_chips
from pairing_portal.common.scope import Role, Scope

register = template.Library()


@register.inclusion_tag("includes/room_nav.html", takes_context=True)
def lecture_room(context: dict[str, Any]) -> dict[str, Any]:
    """Chips that lead from one page of the lectures to the others."""
    request = context["request"]
    pages = [(label, reverse(name), icon, is_open) for label, name, icon, is_open in _pages(scope_of(request))]
    return room_chips(request, _("Theory lectures"), pages)


def _pages(scope: Scope) -> list[tuple[str, str, str, bool]]:
    arranges = bool(
        scope.managed_branch_ids or (scope.has(Role.STAFF) and (scope.department_ids or scope.college_staff))
    )
    concerned = arranges or bool(scope.league_branch_ids or scope.branch_ids)
    return [
        (_("Quota board"), "lectures", "table", True),
        (_("My lectures"), "lecture_plan", "calendar-check", gives_lectures(scope)),
        (_("To confirm"), "lectures_to_confirm", "check-circle", bool(scope.league_branch_ids)),
        (_("Free hours"), "lecture_slots", "clock", bool(scope.league_branch_ids)),
        (_("Textbook"), "textbook", "book", True),
        (_("Duties"), "lecture_duties", "people", arranges),
        (_("Excellent members"), "lecture_excellent", "award", arranges),
        (_("Exemptions"), "exemptions", "dash-circle", concerned),
        (_("Spot checks"), "spot_checks", "search", scope.has(Role.STAFF)),
    ]
