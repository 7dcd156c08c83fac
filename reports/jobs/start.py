"""Who writes an export: the worker where there is a broker, else a thread of this process. The tick sees to what is left."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from ..models import ExportJob
from .job_services import expire_files
from .run_services import claim, run_waiting, waiting_exports, write_export

logger = logging.getLogger(__name__)

# A request waits so long for its file; what takes longer goes on behind it.
SECONDS_TO_WAIT: Final = 2.0
# One export at a time in a process: the pages go on.
_only_one = threading.Lock()


def begin(job: ExportJob, *, now: datetime) -> ExportJob:
    """Write it at once when that is quick; else leave it to the background, which begins anew. Returns the job as it stands then."""
    held = claim(now=now, key=job.pk)
    if held is not None:
        job = write_export(job=held, now=now, seconds=SECONDS_TO_WAIT)
        if job.state == "queued":
            start(job.pk)
    return job


def start(key: UUID) -> None:
    """Have it written in the background once what was asked is stored. A start that fails is made up for by the tick."""
    transaction.on_commit(partial(_start, key))


def _start(key: UUID) -> None:
    if settings.REDIS_URL:
        _send(key)
    else:
        threading.Thread(target=_run_here, args=[key], name=f"export-{key}", daemon=True).start()


def _send(key: UUID) -> bool:
    """Hand it to the worker; False when the broker does not take it."""
    from ..tasks import write_one

    try:
        write_one.delay(str(key))
    except Exception as error:
        logger.warning("an export waits for the tick: %s", type(error).__name__)
        return False
    return True


def _run_here(key: UUID) -> None:
    try:
        with _only_one:
            run_one(key)
    except Exception as error:
        logger.warning("an export waits for the tick: %s", type(error).__name__)
    finally:
        connections.close_all()


def run_one(key: UUID) -> bool:
    """Write this job unless somebody does already; True when we did."""
    now = timezone.now()
    job = claim(now=now, key=key)
    if job is not None:
        write_export(job=job, now=now)
    return job is not None


def keep_exports(now: datetime) -> int:
    """What every tick does: deletes files whose time is over, and sees to jobs that nobody writes. Returns how many it had begun;
    a broker that refuses one is not asked again for the others."""
    expire_files(now=now)
    if not settings.REDIS_URL:
        return run_waiting(now=now)
    keys = list(waiting_exports(now).values_list("pk", flat=True)[:20])
    return sum(1 for _sent in takewhile(bool, map(_send, keys)))
