"""What is said after something was done: a message, and for ten seconds the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

UNDO_MARK = "undo:"


def say_done(request: HttpRequest, text: Any, *, undo_url: str = "") -> None:
    """Say what happened. `undo_url` is an address of the portal that takes it back by POST; the toast offers it."""
    messages.success(request, str(text), extra_tags=f"{UNDO_MARK}{undo_url}" if undo_url else "")


def undo_address(extra_tags: str | None) -> str:
    """The address `say_done` put into a message's tags, or ""; addresses of other hosts are refused."""
    for tag in (extra_tags or "").split():
        address = tag.removeprefix(UNDO_MARK)
        if tag.startswith(UNDO_MARK) and address.startswith("/") and not address.startswith(("//", "/\\")):
            return address
    return ""


def say_refused(request: HttpRequest, text: Any) -> None:
    """Say why something was not done; the words of a `Refused` say what to do instead."""
    messages.error(request, str(text))
