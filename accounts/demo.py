"""Demonstration accounts: one click each, in demonstration mode only."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from pairing_portal.common.registries import demo_accounts

from .lockout import attempted_number
from .models import User


def is_demo_attempt(request: HttpRequest, credentials: dict[str, str] | None = None) -> bool:
    """Demonstration accounts are never locked out, as they have no password to guess."""
    if not settings.PORTAL_DEMO:
        return False
    number = attempted_number(request, credentials)
    return bool(number) and User.objects.demonstration().filter(username__iexact=number).exists()


def demo_account(username: str) -> User | None:
    """The demonstration account of this name; None for any other account and outside demonstration mode."""
    if not settings.PORTAL_DEMO:
        return None
    return User.objects.demonstration().filter(username=username[:32]).first()


def offered_accounts() -> list[dict[str, Any]]:
    """What the sign-in page offers: registered accounts that exist. Empty outside demonstration mode."""
    if not settings.PORTAL_DEMO:
        return []
    known = sorted(User.objects.demonstration().values_list("username", flat=True))
    return [
        {"username": username, "label": item.label, "description": item.description}
        for item in demo_accounts
        for username in known
        if fnmatchcase(username, item.username)
    ]
