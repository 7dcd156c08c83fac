"""Whose turn a waiting entry is, and what was corrected after it had been confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from .models import LogEntry, LogState


@dataclass(frozen=True)
class Correction:
    """Why a confirmed entry was changed, and when."""

    why: str
    at: datetime


def days_left(entry: LogEntry, days: int, now: datetime) -> int:
    """Days the other side still has, at least one while its time runs."""
    if entry.submitted_at is None:
        return 0
    return max(0, ceil((entry.submitted_at + timedelta(days=days) - now) / timedelta(days=1)))


def corrections_of(entry: LogEntry) -> list[Correction]:
    """Newest first, from the history: an author's correction, or other minutes for one person of an activity."""
    states = (LogState.SUBMITTED, LogState.CONFIRMED)
    rows = LogEntry.history.filter(id=entry.pk, state__in=states).exclude(history_change_reason=None)
    return [
        Correction(row.history_change_reason, row.history_date)
        for row in rows.exclude(history_change_reason="").order_by("-history_date", "-history_id")
    ]
