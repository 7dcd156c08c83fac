from __future__ import annotations

from uuid import UUID

from celery import shared_task

from .jobs.start import run_one

# Far above the worker's usual limit: the lease, not the clock, says whether somebody still writes.
MINUTE = 60


@shared_task(name="reports.write_export", ignore_result=True, time_limit=20 * MINUTE, soft_time_limit=18 * MINUTE)
def write_one(key: str) -> bool:
    """Write one export; may be sent twice."""
    return run_one(UUID(key))
