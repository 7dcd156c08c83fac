"""The outbox: say once, send later, drop what nobody needs any more.

What other rooms call is handed on from here: writing in `writing_services`, retiring in `retire_services`, sending in
`sending_services`, the tick in `tick_services`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User

from .claim_services import LEASE, MAX_ATTEMPTS
from .models import Notice
from .retire_services import retire_done, retire_notices, retire_obsolete, revive_notices
from .sending_services import claim_deliveries, send_pending
from .tick_services import compute_reminders, run_tick
from .writing_services import post_notice_set, post_notices

__all__ = [
    "LEASE",
    "MAX_ATTEMPTS",
    "claim_deliveries",
    "compute_reminders",
    "mark_read",
    "mark_unread",
    "post_notice_set",
    "post_notices",
    "retire_done",
    "retire_notices",
    "retire_obsolete",
    "revive_notices",
    "run_tick",
    "send_pending",
]

# As long as the toast is there, and a little more.
UNDO_WITHIN = timedelta(minutes=10)


@transaction.atomic
def mark_read(*, user: User, notice_ids: Sequence[int] | None, now: datetime) -> int:
    """Mark the user's own notices as read; all that stand in the bell when `notice_ids` is None."""
    mine = Notice.objects.filter(user=user, read_at=None)
    chosen = mine.current(now) if notice_ids is None else mine.filter(pk__in=notice_ids)
    return chosen.update(read_at=now)


@transaction.atomic
def mark_unread(*, user: User, read_at: datetime, now: datetime) -> int:
    """Take back what `mark_read` did at the moment `read_at`, while that is fresh. Returns how many are unread again."""
    if not now - UNDO_WITHIN <= read_at <= now:
        return 0
    return Notice.objects.filter(user=user, read_at=read_at).update(read_at=None)
