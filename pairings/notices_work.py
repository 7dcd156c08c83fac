"""The shared work plan, inspections, projects, a member pair."""

from __future__ import annotations


def register() -> None:
    pass
