"""Reasons of a pair in templates."""

from __future__ import annotations

from typing import Any

from django import template

from ..wording import reason_words

register = template.Library()


@register.filter
def reasons(pair: Any) -> list[str]:
    """The reasons of a member pair, each in words with its points."""
    return reason_words(pair.reasons)
