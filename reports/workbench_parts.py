"""The pieces workbenches are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Task:
    """Something that waits: one click away, with its oldest age."""

    label: str
    count: int
    url: str
    icon: str
    oldest: datetime | date | None = None
    is_late: bool = False


@dataclass(frozen=True)
class Figure:
    """A number with its weeks behind it; `points` is a polyline for a 100 × 24 picture."""

    label: str
    value: str
    hint: str
    url: str
    points: str = ""
