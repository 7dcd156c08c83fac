"""What an activity has of its own line, on its page."""

from __future__ import annotations

from typing import Any

from django import template

from pairing_portal.common.scope import Scope

from ..line_page import own_fields_of

register = template.Library()


@register.filter
def own_fields_for(activity: Any, scope: Scope) -> dict[str, Any]:
    """Talks, viewpoints, classics, contest or service of an activity; `line` is empty where there is nothing."""
    return own_fields_of(activity, scope)
