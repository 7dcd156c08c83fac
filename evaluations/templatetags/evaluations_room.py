"""The pages of this room, as far as a reader may open them."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from pairing_portal.common.requests import scope_of

from ..home import room_pages

register = template.Library()


@register.inclusion_tag("evaluations/includes/room_nav.html", takes_context=True)
def evaluations_room(context: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Chips that lead from one page of the room to the others; nothing for who has one page alone."""
    request = context["request"]
    scope = scope_of(request)
    pages = [
        {"label": page.label, "url": (url := reverse(page.url_name)), "icon": page.icon, "is_here": request.path == url}
        for page in room_pages
        if page.is_open(scope)
    ]
    return {"pages": pages if len(pages) > 1 else []}
