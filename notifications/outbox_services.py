"""What operators do with deliveries that were given up: try again, or let them go."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from .claim_services import free_at
from .models import DeliveryState
from .querysets import DeliveryQuerySet
from .retire_services import retire_done
from .sending_services import FAILED_KIND


@transaction.atomic
def retry_deliveries(*, rows: DeliveryQuerySet, now: datetime) -> int:
    """Those of `rows` that were given up wait again, with all their attempts before them. Returns how many.

    Message ids stay, and the summary they belonged to: what did arrive is not doubled.
    """
    count = rows.filter(state=DeliveryState.FAILED).update(
        state=DeliveryState.PENDING, attempts=0, next_attempt_at=now, error="", lease_token="", lease_until=None
    )
    retire_done(kind=FAILED_KIND, now=now)
    return count


@transaction.atomic
def drop_deliveries(*, rows: DeliveryQuerySet, now: datetime) -> int:
    """Those of `rows` that were given up, or wait and are held by nobody, will not be sent. Returns how many.

    In the portal their notices still stand. The reason stays with the row.
    """
    count = rows.filter(free_at(now), state__in=(DeliveryState.FAILED, DeliveryState.PENDING)).update(
        state=DeliveryState.DROPPED, lease_token="", lease_until=None
    )
    retire_done(kind=FAILED_KIND, now=now)
    return count
