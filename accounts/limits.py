"""What one person may do only so often (SAFETY.md 8). Counted in the database, so that every process counts the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import UseCount, User


@dataclass(frozen=True)
class Limit:
    """`times` within `window`, which begins with the first use."""

    kind: str
    times: int
    window: timedelta


EXPORTS = Limit("export", 10, timedelta(hours=1))
# One request with several files is one upload.
UPLOADS = Limit("upload", 10, timedelta(hours=1))
SEARCHES = Limit("search", 60, timedelta(minutes=1))


@transaction.atomic
def take_turn(*, limit: Limit, user: User, now: datetime) -> int:
    """0 when the user may go on, and this use is counted; else the seconds to wait. A refused try does not prolong the wait."""
    row, _created = UseCount.objects.select_for_update().get_or_create(
        user=user, kind=limit.kind, defaults={"since": now}
    )
    # A clock that was set back must not lock somebody out.
    if not row.since <= now < row.since + limit.window:
        row.since, row.times = now, 0
    if row.times >= limit.times:
        return math.ceil((row.since + limit.window - now).total_seconds())
    row.times += 1
    row.save()
    return 0


def said_too_often(limit: Limit, now: datetime, wait: int) -> str:
    """What somebody is told who exported too often; `wait` are the seconds `take_turn` gave."""
    again_at = timezone.localtime(now + timedelta(seconds=wait))
    words = _("You exported %(count)d times within an hour, which is the limit. Go on at %(time)s.")
    return words % {"count": limit.times, "time": f"{again_at:%H:%M}"}
