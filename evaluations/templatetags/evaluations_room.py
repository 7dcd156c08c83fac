"""The pages of this room, as far as a reader may open them."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from pairing_portal.common.requests import scope_of
from pairing_portal.common.room_pages import room_chips

from ..home import room_pages

register = template.Library()


@register.inclusion_tag("includes/room_nav.html", takes_context=True)
def evaluations_room(context: dict[str, Any]) -> dict[str, Any]:
    """Chips that lead from one page of the room to the others; nothing for who has one page alone."""
    request = context["request"]
    scope = scope_of(request)
    pages = [(page.label, reverse(page.url_name), page.icon, page.is_open(scope)) for page in room_pages]
    return room_chips(request, _("Evaluations"), pages, least=2)
