"""What is done once a day: each job by itself, marked when it is done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

from pairing_portal.common.registries import daily_jobs

from .models import Heartbeat

logger = logging.getLogger(__name__)

# A tick that died in a job holds it so long at most.
LEASE = timedelta(minutes=30)


def run_daily_jobs(*, now: datetime) -> list[str]:
    """Run every daily job that was not done today; returns the keys of those done now.

    A job that fails is logged without its data and tried again by the next tick; the others are not kept back. Of two
    ticks at once one holds the job.
    """
    return [key for key, job in daily_jobs.items() if _run(key, job, now)]


def _run(key: str, job: Callable[[date], object], now: datetime) -> bool:
    name = f"job:{key}"
    if not _claim(name, now):
        return False
    try:
        job(timezone.localdate(now))
    except Exception as error:
        # The kind of error alone: its text may quote a row.
        logger.error("daily job %s failed: %s", key, type(error).__name__)
        Heartbeat.objects.filter(name=name).update(result={"failed": type(error).__name__})
        return False
    Heartbeat.objects.filter(name=name).update(at=now, result={})
    return True


def _claim(name: str, now: datetime) -> bool:
    """Take the job for a while, unless it was done today or somebody holds it: the update decides."""
    midnight = timezone.make_aware(datetime.combine(timezone.localdate(now), time.min))
    Heartbeat.objects.get_or_create(name=name, defaults={"at": midnight - timedelta(days=1)})
    free = Q(result__busy_until__isnull=True) | Q(result__busy_until__lt=now.timestamp())
    held = Heartbeat.objects.filter(free, name=name, at__lt=midnight)
    return held.update(result={"busy_until": (now + LEASE).timestamp()}) == 1
