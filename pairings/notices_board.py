"""The board of a pairing, the split of a branch, wishes."""

from __future__ import annotations


def register() -> None:
    pass
