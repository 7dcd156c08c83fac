"""The outbox: say once, send later, drop what nobody needs any more."""

from __future__ import annotations

import json
import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from pairing_portal.common.registries import DueNotice, notice_kinds, reminder_sources

from .channels import CHANNELS, Undeliverable
from .daily_services import run_daily_jobs
from .models import Channel, Delivery, DeliveryState, Heartbeat, Notice

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
BATCH = 200
MAX_ATTEMPTS = 6
# Minutes to wait after each failed attempt.
BACKOFF_MINUTES = (1, 5, 15, 60, 240, 720)


@transaction.atomic
def post_notices(*, notices: Iterable[DueNotice], now: datetime) -> int:
    """Write notices and their deliveries; what was said before (same dedupe key) is skipped. Returns how many are new.

    Call it in the transaction of what the notices tell of.
    """
    wanted = {notice.dedupe_key: notice for notice in notices if notice.kind in notice_kinds}
    known = set(Notice.objects.filter(dedupe_key__in=wanted).values_list("dedupe_key", flat=True))
    fresh = [notice for key, notice in wanted.items() if key not in known]
    Notice.objects.bulk_create([_row(notice, now) for notice in fresh], batch_size=500, ignore_conflicts=True)
    # Only rows without deliveries are ours to complete; a second tick at the same moment finds them done.
    created = Notice.objects.filter(dedupe_key__in=[notice.dedupe_key for notice in fresh], deliveries=None)
    rows = list(created.values_list("pk", "user__email"))
    Delivery.objects.bulk_create(
        [
            Delivery(notice_id=pk, channel=channel, next_attempt_at=now)
            for pk, email in rows
            for channel in ([Channel.PORTAL, Channel.EMAIL] if email else [Channel.PORTAL])
        ],
        batch_size=500,
        ignore_conflicts=True,
    )
    return len(rows)


def _row(notice: DueNotice, now: datetime) -> Notice:
    return Notice(
        user_id=notice.user_id,
        kind=notice.kind,
        subject=notice.subject,
        link=notice.link,
        dedupe_key=notice.dedupe_key,
        is_urgent=notice.urgent,
        created_at=now,
        due_at=notice.due_at,
        expires_at=notice.expires_at,
    )


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
    by_kind: dict[str, list[Notice]] = defaultdict(list)
    for row in rows:
        by_kind[row.kind].append(row)
    done = [pk for kind, notices in by_kind.items() for pk in _done_by_now(kind, notices, now)]
    Heartbeat.objects.filter(pk=place.pk).update(
        at=now, result={"after": rows[-1].pk if len(rows) == limit else 0, "retired": len(done)}
    )
    return Notice.objects.filter(pk__in=done, obsolete_at=None).update(obsolete_at=now)


def retire_done(*, kind: str, now: datetime) -> int:
    """As `retire_obsolete`, at once and for all unread notices of one kind: call it where its kind of work was done."""
    unread = list(Notice.objects.filter(kind=kind, obsolete_at=None, read_at=None).only("pk", "subject", "expires_at"))
    return Notice.objects.filter(pk__in=_done_by_now(kind, unread, now), obsolete_at=None).update(obsolete_at=now)


def _done_by_now(kind: str, notices: Sequence[Notice], now: datetime) -> list[int]:
    if kind not in notice_kinds:
        return [notice.pk for notice in notices]
    # Recipients of the same thing share its subject: it is asked about once.
    subjects = list({_subject_key(notice): notice.subject for notice in notices}.items())
    ask = notice_kinds.get(kind)
    if ask.obsolete_among is not None:
        answers = list(ask.obsolete_among([subject for _key, subject in subjects], now))
    else:
        answers = [ask.obsolete(subject, now) for _key, subject in subjects]
    done = {key for (key, _subject), is_done in zip(subjects, answers, strict=True) if is_done}
    return [
        notice.pk
        for notice in notices
        if _subject_key(notice) in done or (notice.expires_at is not None and notice.expires_at <= now)
    ]


def _subject_key(notice: Notice) -> str:
    return json.dumps(notice.subject, sort_keys=True)


def compute_reminders(*, now: datetime) -> int:
    """Ask every registered source what is missing at `now` and write what was not said yet."""
    return sum(post_notices(notices=source.compute(now), now=now) for source in reminder_sources)


def claim_deliveries(*, now: datetime, limit: int = BATCH) -> list[Delivery]:
    """Take a lease on pending deliveries. Two ticks at once never hold the same row: the update decides."""
    token = str(uuid.uuid4())
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    candidates = list(
        Delivery.objects.filter(free, state=DeliveryState.PENDING, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "pk")
        .values_list("pk", flat=True)[:limit]
    )
    Delivery.objects.filter(free, pk__in=candidates, state=DeliveryState.PENDING).update(
        lease_token=token, lease_until=now + LEASE, attempts=F("attempts") + 1
    )
    return list(Delivery.objects.filter(lease_token=token).select_related("notice", "notice__user").order_by("pk"))


def send_pending(*, now: datetime) -> dict[str, int]:
    """Send what is due, batch by batch. Returns counts of sent, dropped and failed deliveries."""
    counts = {"sent": 0, "dropped": 0, "failed": 0}
    while batch := claim_deliveries(now=now):
        for delivery in batch:
            counts[_send_one(delivery, now=now)] += 1
        if len(batch) < BATCH:
            break
    return counts


def _send_one(delivery: Delivery, *, now: datetime) -> str:
    notice = delivery.notice
    if _is_obsolete(notice, now):
        Notice.objects.filter(pk=notice.pk, obsolete_at=None).update(obsolete_at=now)
        _finish(delivery, state=DeliveryState.DROPPED)
        return "dropped"
    try:
        CHANNELS[delivery.channel].send(notice)
    except Undeliverable as error:
        _finish(delivery, state=DeliveryState.FAILED, error=str(error))
        return "failed"
    except Exception as error:
        # A channel that is down must not stop the others; the row keeps why, without the text of the notice.
        logger.warning("delivery %s on %s failed: %s", delivery.pk, delivery.channel, type(error).__name__)
        _retry(delivery, now=now, error=type(error).__name__)
        return "failed"
    _finish(delivery, state=DeliveryState.SENT, sent_at=now)
    return "sent"


def _is_obsolete(notice: Notice, now: datetime) -> bool:
    if notice.obsolete_at is not None or not notice.user.is_active:
        return True
    if notice.expires_at is not None and notice.expires_at <= now:
        return True
    if notice.kind not in notice_kinds:
        return True
    return notice_kinds.get(notice.kind).obsolete(notice.subject, now)


def _finish(delivery: Delivery, *, state: DeliveryState, sent_at: datetime | None = None, error: str = "") -> None:
    Delivery.objects.filter(pk=delivery.pk, lease_token=delivery.lease_token).update(
        state=state, sent_at=sent_at, error=error[:300], lease_token="", lease_until=None
    )


def _retry(delivery: Delivery, *, now: datetime, error: str) -> None:
    if delivery.attempts >= MAX_ATTEMPTS:
        _finish(delivery, state=DeliveryState.FAILED, error=error)
        return
    wait = timedelta(minutes=BACKOFF_MINUTES[min(delivery.attempts, len(BACKOFF_MINUTES)) - 1])
    Delivery.objects.filter(pk=delivery.pk, lease_token=delivery.lease_token).update(
        next_attempt_at=now + wait, error=error[:300], lease_token="", lease_until=None
    )


def run_tick(*, now: datetime) -> dict[str, int]:
    """One tick: compute, write, send. Safe to repeat, to run late and to run twice at once."""
    run_daily_jobs(now=now)
    created = compute_reminders(now=now)
    retire_obsolete(now=now)
    result = {"created": created, **send_pending(now=now)}
    Heartbeat.objects.update_or_create(name="tick", defaults={"at": now, "result": result})
    return result


@transaction.atomic
def mark_read(*, user: User, notice_ids: Sequence[int] | None, now: datetime) -> int:
    """Mark the user's own notices as read; all of them when `notice_ids` is None."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if notice_ids is not None:
        unread = unread.filter(pk__in=notice_ids)
    return unread.update(read_at=now)
