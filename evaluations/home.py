"""The room's front page: a small registry of cards, each filled by one part of the room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pairing_portal.common.registries import Registry
from pairing_portal.common.scope import Scope


@dataclass(frozen=True)
class Card:
    """One thing on the front page. `waiting`: how many wait for the reader; `state` is a badge's kind beside `words`."""

    title: Any
    words: str
    url: str
    icon: str
    waiting: int = 0
    state: str = ""
    state_text: str = ""


@dataclass(frozen=True)
class RoomPage:
    """A chip that leads to a page of the room; `is_open(scope)` says for whom."""

    label: Any
    url_name: str
    icon: str
    is_open: Callable[[Scope], bool]


# key → cards(scope, today): the parts of the room put theirs here, in the order of the registry.
home_cards: Registry[Callable[[Scope, date], list[Card]]] = Registry("cards of the evaluations")
room_pages: Registry[RoomPage] = Registry("pages of the evaluations")


def cards_for(scope: Scope, today: date) -> list[Card]:
    """What the reader finds on the front page, what waits first."""
    found = [card for cards in home_cards for card in cards(scope, today)]
    return sorted(found, key=lambda card: card.waiting == 0)
