"""The forecast of who is on campus, and who stands in."""

from __future__ import annotations


def register() -> None:
    pass
