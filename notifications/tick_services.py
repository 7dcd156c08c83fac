"""One tick: what is done once a day, what is due, what is no longer, what is to be sent. Celery and the loop drive the same."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Max

from pairing_portal.common.registries import ReminderSource, reminder_sources, tick_jobs

from .daily_services import run_daily_jobs
from .models import Channel, Delivery, Heartbeat
from .retire_services import retire_obsolete
from .sending_services import send_pending
from .writing_services import post_notices

logger = logging.getLogger(__name__)

TICK: Final = "tick"
SOURCE_PREFIX: Final = "source:"
# Any number, the same for every process of the portal.
TICK_LOCK: Final = 7_316_040_961


def run_tick(*, now: datetime) -> dict[str, int]:
    """One tick: compute, write, send. Safe to repeat, to run late and to run twice at once.

    Returns counts: `created` notices; `sent` deliveries, those that stand in the portal since this tick among them; `dropped`
    ones that nobody needs any more; `failed` attempts. Only one tick runs at a time: a second one does nothing.
    """
    with _only_tick() as is_ours:
        if not is_ours:
            return {"created": 0, "sent": 0, "dropped": 0, "failed": 0}
        before = Delivery.objects.aggregate(last=Max("pk"))["last"] or 0
        run_daily_jobs(now=now)
        created = compute_reminders(now=now)
        retire_obsolete(now=now)
        counts = send_pending(now=now)
        in_portal = Delivery.objects.filter(pk__gt=before, channel=Channel.PORTAL, sent_at=now).count()
        result = {"created": created, **counts, "sent": counts["sent"] + in_portal}
        Heartbeat.objects.update_or_create(name=TICK, defaults={"at": now, "result": result})
        _run_tick_jobs(now)
        return result


def _run_tick_jobs(now: datetime) -> None:
    """What other rooms do every minute; one that fails is logged without its data and keeps nobody back."""
    for key, job in tick_jobs.items():
        try:
            job(now)
        except Exception as error:
            logger.error("tick job %s failed: %s", key, type(error).__name__)


@contextmanager
def _only_tick() -> Iterator[bool]:
    """True for the one tick that runs. On PostgreSQL a lock says so, which ends with its connection.

    On SQLite nothing is locked: leases and unique keys decide row by row, as they do where the lock is lost.
    """
    if connection.vendor != "postgresql":
        yield True
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [TICK_LOCK])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            _unlock()


def _unlock() -> None:
    # A broken transaction or connection has no statement left for us; what it held ends with it or with the next try.
    if connection.needs_rollback or not connection.is_usable():
        connection.close()
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [TICK_LOCK])


def compute_reminders(*, now: datetime) -> int:
    """Ask every registered source what is missing at `now` and write what was not said yet. Returns how many are new.

    A source that fails is logged without its data and marked for the operators; the others are asked all the same.
    """
    marked = set(
        Heartbeat.objects.filter(name__startswith=SOURCE_PREFIX, result__has_key="failed").values_list(
            "name", flat=True
        )
    )
    return sum(_ask(key, source, marked, now) for key, source in reminder_sources.items())


def _ask(key: str, source: ReminderSource, marked: set[str], now: datetime) -> int:
    name = f"{SOURCE_PREFIX}{key}"[: Heartbeat._meta.get_field("name").max_length]
    try:
        with transaction.atomic():
            created = source.write(now) if source.write else post_notices(notices=source.compute(now), now=now)
    except Exception as error:
        # The kind of error alone: its text may quote a row.
        logger.error("reminder source %s failed: %s", key, type(error).__name__)
        Heartbeat.objects.update_or_create(name=name, defaults={"at": now, "result": {"failed": type(error).__name__}})
        return 0
    if name in marked:
        Heartbeat.objects.filter(name=name).delete()
    return created
