"""Taking deliveries out of the queue, and putting them back: whoever's lease stands in the row may send it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from .models import Delivery, DeliveryState
from .querysets import DeliveryQuerySet

LEASE = timedelta(minutes=5)
BATCH = 200
MAX_ATTEMPTS = 6
# Minutes to wait after each failed attempt.
BACKOFF_MINUTES = (1, 5, 15, 60, 240, 720)


def free_at(now: datetime) -> Q:
    """Nobody holds it, or whoever did has not come back in time."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


def due_deliveries(now: datetime) -> DeliveryQuerySet:
    """What waits, may go out at `now` and is held by nobody."""
    rows: DeliveryQuerySet = Delivery.objects.filter(
        free_at(now), state=DeliveryState.PENDING, next_attempt_at__lte=now
    )
    return rows


@transaction.atomic
def claim(*, rows: DeliveryQuerySet, now: datetime, limit: int = BATCH) -> list[Delivery]:
    """Take a lease on up to `limit` of these due rows. Two ticks at once never hold the same row.

    On PostgreSQL rows that somebody is taking are passed over; on SQLite a writer is alone. The update decides in both.
    """
    token = str(uuid.uuid4())
    picked = rows.select_for_update(skip_locked=True, of=("self",)).order_by("next_attempt_at", "pk").only("pk")
    ids = [row.pk for row in picked[:limit]]
    Delivery.objects.filter(free_at(now), pk__in=ids, state=DeliveryState.PENDING).update(
        lease_token=token, lease_until=now + LEASE
    )
    held = Delivery.objects.filter(lease_token=token).select_related("notice__user", "notice__robot", "digest")
    # A message tells in the order of what was said; deliveries written as a set have numbers in no order.
    return list(held.order_by("notice_id", "pk"))


def begin(deliveries: Sequence[Delivery], *, now: datetime) -> bool:
    """Count an attempt, just before sending; False when a row is not ours any more: then nothing is sent.

    Counted here and not when claimed: what was claimed and never tried has used up nothing.
    """
    held = _held(deliveries)
    with transaction.atomic():
        if held.update(attempts=F("attempts") + 1, lease_until=now + LEASE) == len(deliveries):
            return True
        transaction.set_rollback(True)
    return False


def finish(
    deliveries: Sequence[Delivery], *, state: DeliveryState, sent_at: datetime | None = None, error: str = ""
) -> int:
    """Mark what became of rows we hold. Returns how many they were; a row somebody else took over is left to them."""
    return _held(deliveries).update(state=state, sent_at=sent_at, error=error[:300], **_FREED)


def put_back(
    deliveries: Sequence[Delivery], *, at: datetime | None = None, uncounted: bool = False, error: str = ""
) -> int:
    """Leave rows we hold for a later attempt: at `at`, or at once; `uncounted` takes the begun attempt back."""
    changes: dict[str, Any] = dict(_FREED)
    if at is not None:
        changes["next_attempt_at"] = at
    if uncounted:
        changes["attempts"] = F("attempts") - 1
    if error:
        changes["error"] = error[:300]
    return _held(deliveries).update(**changes)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts."""
    return timedelta(minutes=BACKOFF_MINUTES[min(max(attempts, 1), len(BACKOFF_MINUTES)) - 1])


def _held(deliveries: Collection[Delivery]) -> DeliveryQuerySet:
    """The rows as long as our own lease stands in them."""
    tokens = {delivery.lease_token for delivery in deliveries}
    rows: DeliveryQuerySet = Delivery.objects.filter(
        pk__in=[delivery.pk for delivery in deliveries], lease_token__in=tokens, state=DeliveryState.PENDING
    )
    return rows


_FREED: dict[str, Any] = {"lease_token": "", "lease_until": None}
