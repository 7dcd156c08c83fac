"""Notices that ask for nothing any more leave the bell: at once where the work was done, else with the tick."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from .claim_services import BATCH
from .models import Heartbeat, Notice
from .obsolete import done_by_now


def retire_notices(*, prefix: str, now: datetime, user_id: int | None = None) -> int:
    """What notices with this start of their dedupe key asked for is done: they leave the bell at once; of one user if given."""
    notices = Notice.objects.filter(dedupe_key__startswith=prefix, obsolete_at=None)
    if user_id is not None:
        notices = notices.filter(user_id=user_id)
    return notices.update(obsolete_at=now)


def revive_notices(*, prefix: str, now: datetime) -> int:
    """What was done is undone: notices with this start of their dedupe key stand in the bell again, unread, until they expire."""
    retired = Notice.objects.filter(dedupe_key__startswith=prefix).exclude(obsolete_at=None)
    return retired.filter(Q(expires_at=None) | Q(expires_at__gt=now)).update(obsolete_at=None, read_at=None)


def retire_obsolete(*, now: datetime, limit: int = BATCH) -> int:
    """Unread notices that ask for what is done by now, or expired, leave the bell. Returns how many did.

    Looks at the next `limit` of them, in turn, so that a tick stays short however many there are.
    """
    place, _created = Heartbeat.objects.get_or_create(name="retire", defaults={"at": now})
    unread = Notice.objects.filter(obsolete_at=None, read_at=None, pk__gt=place.result.get("after", 0))
    rows = list(unread.order_by("pk").only("pk", "kind", "subject", "expires_at")[:limit])
    done, _unanswered = done_by_now(rows, now)
    Heartbeat.objects.filter(pk=place.pk).update(
        at=now, result={"after": rows[-1].pk if len(rows) == limit else 0, "retired": len(done)}
    )
    return Notice.objects.filter(pk__in=done, obsolete_at=None).update(obsolete_at=now)


def retire_done(*, kind: str, now: datetime) -> int:
    """As `retire_obsolete`, at once and for all unread notices of one kind: call it where its kind of work was done."""
    unread = Notice.objects.filter(kind=kind, obsolete_at=None, read_at=None)
    done, _unanswered = done_by_now(list(unread.only("pk", "kind", "subject", "expires_at")), now)
    return Notice.objects.filter(pk__in=done, obsolete_at=None).update(obsolete_at=now)
