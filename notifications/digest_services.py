"""The daily summary: who gets one now, and what stands in it. Its row is unique per person, channel and day, and decides."""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from .claim_services import LEASE, due_deliveries, free_at
from .hours import SendingHours
from .models import Channel, Delivery, DeliveryState, Digest
from .querysets import DeliveryQuerySet

logger = logging.getLogger(__name__)

# Channels on which a person is reached outside the portal.
PERSONAL_CHANNELS = (Channel.EMAIL, Channel.WECOM)
PEOPLE_AT_ONCE = 500
DIGESTS_AT_ONCE = 50


@dataclass(frozen=True)
class _Reader:
    user_id: int
    channel: str
    own_hour: int | None


def open_digests(*, now: datetime, hours: SendingHours) -> int:
    """Put what is due and not urgent into today's summaries; returns how many were opened.

    Whose hour has not come waits for it; who had a summary today waits for tomorrow's: what is in a summary stays as it is
    from the moment it is opened, so that sending it again says the same.
    """
    opened = 0
    while readers := _readers_waiting(now):
        try:
            opened += _open(readers, now=now, hours=hours)
        except IntegrityError:
            # Another tick opened them in this moment and sends them.
            logger.info("summaries are being opened by another tick")
            break
    return opened


def _unsorted(now: datetime) -> DeliveryQuerySet:
    """Due, not urgent, for a person, in no summary yet."""
    return due_deliveries(now).filter(channel__in=PERSONAL_CHANNELS, notice__is_urgent=False, digest=None)


def _readers_waiting(now: datetime) -> list[_Reader]:
    rows = _unsorted(now).order_by("notice__user_id", "channel")
    found = rows.values_list("notice__user_id", "channel", "notice__user__contact_choice__digest_hour").distinct()
    return [_Reader(*row) for row in found[:PEOPLE_AT_ONCE]]


@transaction.atomic
def _open(readers: list[_Reader], *, now: datetime, hours: SendingHours) -> int:
    today = timezone.localdate(now)
    served = _served(readers, today)
    waits: dict[tuple[datetime, str], list[int]] = defaultdict(list)
    fresh: list[Digest] = []
    for reader in readers:
        is_served = (reader.user_id, reader.channel) in served
        at = hours.digest_at(today + timedelta(days=is_served), reader.own_hour)
        if at > now:
            waits[at, reader.channel].append(reader.user_id)
        else:
            fresh.append(Digest(user_id=reader.user_id, channel=reader.channel, on=today))
    for (at, channel), user_ids in waits.items():
        _of(user_ids, channel, now).update(next_attempt_at=at)
    Digest.objects.bulk_create(fresh)
    for channel in PERSONAL_CHANNELS:
        if user_ids := [digest.user_id for digest in fresh if digest.channel == channel]:
            its_digest = Digest.objects.filter(user__notices=OuterRef("notice_id"), channel=channel, on=today)
            _of(user_ids, channel, now).update(digest=Subquery(its_digest.values("pk")[:1]))
    return len(fresh)


def _served(readers: list[_Reader], today: date) -> set[tuple[int, str]]:
    """(user, channel) of those who have today's summary, or got a late one of another day today, or still wait for that."""
    midnight = timezone.make_aware(datetime.combine(today, time.min))
    late = Q(sent_at__gte=midnight) | Q(sent_at=None, deliveries__state=DeliveryState.PENDING)
    of_today = Digest.objects.filter(Q(on=today) | late, user_id__in={reader.user_id for reader in readers})
    return set(of_today.values_list("user_id", "channel"))


def _of(user_ids: list[int], channel: str, now: datetime) -> DeliveryQuerySet:
    return _unsorted(now).filter(channel=channel, notice__user_id__in=user_ids)


@transaction.atomic
def claim_digests(
    *, now: datetime, channels: Collection[str] = PERSONAL_CHANNELS, limit: int = DIGESTS_AT_ONCE
) -> list[list[Delivery]]:
    """Take a lease on summaries that wait to be sent, each with all its deliveries; one that was being sent comes back whole."""
    token = str(uuid.uuid4())
    waiting = due_deliveries(now).filter(channel__in=channels, digest__isnull=False).values("digest")
    picked = Digest.objects.select_for_update(skip_locked=True).filter(pk__in=waiting).order_by("pk").only("pk")
    ids = [digest.pk for digest in picked[:limit]]
    Delivery.objects.filter(free_at(now), digest_id__in=ids, state=DeliveryState.PENDING).update(
        lease_token=token, lease_until=now + LEASE
    )
    held = Delivery.objects.filter(lease_token=token).select_related("notice__user", "digest")
    together: dict[int | None, list[Delivery]] = defaultdict(list)
    # A summary tells in the order of what was said; deliveries written as a set have numbers in no order.
    for delivery in held.order_by("digest_id", "notice_id", "pk"):
        together[delivery.digest_id].append(delivery)
    return list(together.values())
