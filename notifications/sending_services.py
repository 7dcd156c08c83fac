"""Sending what waits: claimed with a lease, checked again, sent, marked. A crash in between sends the same message again."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from branches.policy import Policy
from pairing_portal.common.registries import DueNotice

from .channels import CHANNELS
from .channels.base import RateLimited, TryLater, Undeliverable
from .claim_services import (
    BATCH,
    MAX_ATTEMPTS,
    backoff,
    begin,
    claim,
    due_deliveries,
    finish,
    put_back,
)
from .digest_services import PERSONAL_CHANNELS, claim_digests, open_digests
from .hours import SendingHours
from .models import Channel, Delivery, DeliveryState, Digest, Notice
from .obsolete import done_by_now
from .querysets import DeliveryQuerySet
from .writing_services import post_notices

logger = logging.getLogger(__name__)

FAILED_KIND: Final = "notifications.deliveries_failed"
OUTBOX: Final = "/notices/outbox/"
# A tick stops sending after so long, well before a worker's time limit; the next one goes on.
SENDING_SECONDS: Final = 30.0
# A channel that fails so often in a row is left alone for the rest of the tick, so that its time-outs keep nobody back.
GIVE_UP_AFTER: Final = 3
SLOW_SECONDS: Final = 2.0
# Sending this message ends the program each time, it seems.
INTERRUPTED_TOO_OFTEN: Final = 20


@dataclass
class Parcel:
    """One message to one user or by one robot: what it sums up, and under which message id."""

    channel: str
    key: str
    deliveries: list[Delivery]
    digest: Digest | None = None

    @property
    def notices(self) -> list[Notice]:
        return [delivery.notice for delivery in self.deliveries]


@dataclass
class Run:
    """One round of sending: its moment, its end, and what came of it so far."""

    now: datetime
    until: float
    counts: dict[str, int] = field(default_factory=lambda: {"sent": 0, "dropped": 0, "failed": 0})
    failed_in_a_row: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)

    def may_send(self, channel: str) -> bool:
        return time.monotonic() < self.until and self.failed_in_a_row[channel] < GIVE_UP_AFTER

    def is_up(self) -> list[str]:
        """Channels worth trying."""
        return [channel for channel in Channel.values if self.failed_in_a_row[channel] < GIVE_UP_AFTER]


def send_pending(*, now: datetime, seconds: float = SENDING_SECONDS) -> dict[str, int]:
    """Send what is due. Returns counts of deliveries that were sent or dropped, and of attempts that failed.

    Urgent notices go one by one, the others in one summary a person, channel and day, those of a robot in one message.
    In the quiet hours nothing goes out: what is due waits for their end, and no attempt is counted.
    """
    run = Run(now, time.monotonic() + seconds)
    _settle_portal(now)
    hours = SendingHours.in_force(Policy(), timezone.localdate(now))
    morning = hours.quiet_ends(now)
    if morning is not None:
        due_deliveries(now).update(next_attempt_at=morning)
        return run.counts
    _send_all(run, _claim_urgent)
    _send_all(run, _claim_robots)
    # A summary that could not be sent yesterday goes first, and is the only one of its reader today.
    _send_all(run, _claim_summaries)
    open_digests(now=now, hours=hours)
    _send_all(run, _claim_summaries)
    return run.counts


def _settle_portal(now: datetime) -> None:
    """In the portal a notice stands as soon as it is written; rows of an older release may still wait."""
    Delivery.objects.filter(channel=Channel.PORTAL, state=DeliveryState.PENDING).update(
        state=DeliveryState.SENT, sent_at=now
    )


# --- What goes together ---------------------------------------------------------------------------


def claim_deliveries(*, now: datetime, limit: int = BATCH) -> list[Delivery]:
    """Take a lease on urgent deliveries to people; each is a message of its own."""
    return _claim_urgent_rows(now, PERSONAL_CHANNELS, limit)


def _claim_urgent_rows(now: datetime, channels: Iterable[str], limit: int = BATCH) -> list[Delivery]:
    urgent = due_deliveries(now).filter(channel__in=list(channels), notice__is_urgent=True)
    return claim(rows=urgent, now=now, limit=limit)


def _claim_urgent(run: Run) -> list[Parcel]:
    rows = _claim_urgent_rows(run.now, set(run.is_up()) & set(PERSONAL_CHANNELS))
    return [Parcel(row.channel, f"notice-{row.notice_id}-{row.channel}", [row]) for row in rows]


def _claim_robots(run: Run) -> list[Parcel]:
    if Channel.ROBOT not in run.is_up():
        return []
    rows: DeliveryQuerySet = due_deliveries(run.now).filter(channel=Channel.ROBOT)
    by_robot: dict[int | None, list[Delivery]] = defaultdict(list)
    for delivery in claim(rows=rows, now=run.now):
        by_robot[delivery.notice.robot_id].append(delivery)
    return [Parcel(Channel.ROBOT, f"robot-{robot_id}-{rows[0].notice_id}", rows) for robot_id, rows in by_robot.items()]


def _claim_summaries(run: Run) -> list[Parcel]:
    parcels = []
    for rows in claim_digests(now=run.now, channels=set(run.is_up()) & set(PERSONAL_CHANNELS)):
        digest = rows[0].digest
        assert digest is not None  # claimed by it
        key = f"digest-{digest.user_id}-{digest.channel}-{digest.on:%Y-%m-%d}"
        parcels.append(Parcel(digest.channel, key, rows, digest=digest))
    return parcels


# --- One message after another --------------------------------------------------------------------


def _send_all(run: Run, claim_some: Any) -> None:
    """Claim and send until nothing is left, the time is up or every channel is down."""
    while time.monotonic() < run.until:
        parcels: list[Parcel] = claim_some(run)
        if not parcels:
            return
        _drop_obsolete(parcels, run)
        for parcel in parcels:
            if not parcel.deliveries:
                continue
            if run.may_send(parcel.channel):
                _send_one(parcel, run)
            else:
                # For the next tick. A later moment, or this tick would claim it again and again.
                put_back(parcel.deliveries, at=run.now + timedelta(seconds=1))


def _drop_obsolete(parcels: Sequence[Parcel], run: Run) -> None:
    """Take out what nobody needs any more, asking each kind once for all of them."""
    notices = {notice.pk: notice for parcel in parcels for notice in parcel.notices}
    gone = {pk for pk, notice in notices.items() if _is_void(notice)}
    done, unanswered = done_by_now([notice for pk, notice in notices.items() if pk not in gone], run.now)
    gone |= done
    for parcel in parcels:
        dropped = [row for row in parcel.deliveries if row.notice_id in gone]
        unknown = [row for row in parcel.deliveries if row.notice_id not in gone and row.notice.kind in unanswered]
        if dropped:
            run.counts["dropped"] += finish(dropped, state=DeliveryState.DROPPED)
        if unknown and begin(unknown, now=run.now):
            _failed(Parcel(parcel.channel, parcel.key, unknown), run, "the check failed")
        parcel.deliveries = [row for row in parcel.deliveries if row not in dropped and row not in unknown]
        if parcel.digest is not None and dropped and not parcel.deliveries and not unknown:
            _forget_empty(parcel.digest, dropped)
    Notice.objects.filter(pk__in=gone, obsolete_at=None).update(obsolete_at=run.now)


def _is_void(notice: Notice) -> bool:
    """Fulfilled already, or there is nobody left to tell."""
    if notice.obsolete_at is not None:
        return True
    if notice.robot is not None:
        return not notice.robot.is_active
    return notice.user is None or not notice.user.is_active


def _forget_empty(digest: Digest, dropped: Sequence[Delivery]) -> None:
    """A summary that was never tried and has nothing to say leaves the day free for another one."""
    if all(row.attempts == 0 for row in dropped):
        Digest.objects.filter(pk=digest.pk, sent_at=None).delete()


def _send_one(parcel: Parcel, run: Run) -> None:
    if max(row.attempts for row in parcel.deliveries) >= INTERRUPTED_TOO_OFTEN:
        _park(parcel, run, "interrupted again and again")
        return
    if not begin(parcel.deliveries, now=run.now):
        return
    started = time.monotonic()
    try:
        CHANNELS[parcel.channel].send(parcel.notices, key=parcel.key, now=run.now)
    except Undeliverable as error:
        _park(parcel, run, str(error))
    except RateLimited as error:
        put_back(parcel.deliveries, at=run.now + max(error.retry_after, timedelta(seconds=1)), uncounted=True)
    except Exception as error:
        # A channel that is down must not stop the others; the row keeps why, without the text of the notice.
        logger.warning("a message on %s failed: %s", parcel.channel, type(error).__name__)
        # A quick "later" concerns this one recipient; no answer, or a slow one, concerns the channel.
        if not isinstance(error, TryLater) or time.monotonic() - started >= SLOW_SECONDS:
            run.failed_in_a_row[parcel.channel] += 1
        _failed(parcel, run, str(error) if isinstance(error, TryLater) else type(error).__name__)
    else:
        run.failed_in_a_row[parcel.channel] = 0
        _sent(parcel, run)


@transaction.atomic
def _sent(parcel: Parcel, run: Run) -> None:
    run.counts["sent"] += finish(parcel.deliveries, state=DeliveryState.SENT, sent_at=run.now)
    if parcel.digest is not None:
        Digest.objects.filter(pk=parcel.digest.pk, sent_at=None).update(sent_at=run.now)


def _failed(parcel: Parcel, run: Run, words: str) -> None:
    """Try again later, a little later each time; after the last time leave it to the operators."""
    attempts = max(row.attempts for row in parcel.deliveries) + 1
    if attempts >= MAX_ATTEMPTS:
        _park(parcel, run, words)
        return
    run.counts["failed"] += put_back(parcel.deliveries, at=run.now + backoff(attempts), error=words)


def _park(parcel: Parcel, run: Run, words: str) -> None:
    """Given up, with the reason; the administrators are told in the same transaction, once a day and channel."""
    with transaction.atomic():
        count = finish(parcel.deliveries, state=DeliveryState.FAILED, error=words)
        if count and parcel.channel not in run.told:
            _tell_administrators(parcel.channel, run.now)
    if count:
        run.counts["failed"] += count
        run.told.add(parcel.channel)
        logger.error("%d deliveries on %s were given up: %s", count, parcel.channel, words)


def _tell_administrators(channel: str, now: datetime) -> None:
    on = timezone.localdate(now)
    administrators = User.objects.filter(is_superuser=True, is_active=True).values_list("pk", flat=True)
    post_notices(
        notices=[
            DueNotice(
                kind=FAILED_KIND, user_id=user_id, dedupe_key=f"{FAILED_KIND}:{channel}:{on}:{user_id}",
                subject={"channel": channel}, link=OUTBOX, urgent=True, expires_at=now + timedelta(days=7),
            )
            for user_id in administrators
        ],
        now=now,
    )  # fmt: skip
