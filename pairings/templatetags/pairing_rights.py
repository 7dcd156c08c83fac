"""What of a pairing opens for somebody, in templates."""

from __future__ import annotations

from typing import Any

from django import template

from pairing_portal.common.scope import Scope

from ..rules import sits_beside_it

register = template.Library()


@register.filter
def board_opens_for(pairing: Any, scope: Scope) -> bool:
    """The board with its drafts is for the two committees and the department."""
    return sits_beside_it(pairing, scope)
