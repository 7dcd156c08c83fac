"""The chips that lead from one page of a room to the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class RoomChip:
    label: Any
    url: str
    icon: str
    is_here: bool


def room_chips(
    request: HttpRequest, label: Any, pages: Iterable[tuple[Any, str, str, bool]], *, least: int = 1
) -> dict[str, Any]:
    """What `includes/room_nav.html` shows. `pages`: (label, address, icon, may be opened); fewer than `least` are not worth a row."""
    chips = [RoomChip(words, url, icon, request.path == url) for words, url, icon, is_open in pages if is_open]
    return {"pages": chips if len(chips) >= least else [], "label": label}
