"""Writing what was asked for. Whoever's lease stands in the row writes it; a worker that dies loses the lease, not the job."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from pairing_portal.common.problems import Refused

from ..exporter import Report, ReportRequest, reports
from ..models import ExportJob, ExportState
from ..querysets import ExportJobQuerySet
from . import files
from .progress import LEASE, Progress, Stopped, TakesLonger

logger = logging.getLogger(__name__)

MAX_ATTEMPTS: Final = 3
# RULES.md P7.
LINK_VALID_FOR: Final = timedelta(minutes=10)
# What may be over the next time.
PASSING: Final = (OperationalError, InterfaceError, OSError, SoftTimeLimitExceeded)


def waiting_exports(now: datetime) -> ExportJobQuerySet:
    """What nobody writes, the oldest first: not begun, or left by a worker that did not come back in time."""
    free = Q(state=ExportState.QUEUED) | Q(state=ExportState.RUNNING, lease_until__lt=now)
    rows: ExportJobQuerySet = ExportJob.objects.filter(free, attempts__lt=MAX_ATTEMPTS).order_by("created_at", "pk")
    return rows


def claim(*, now: datetime, key: uuid.UUID | None = None) -> ExportJob | None:
    """Take a lease on the oldest job that waits, or on this one; None when there is none or somebody was quicker."""
    give_up(now=now)
    rows = waiting_exports(now) if key is None else waiting_exports(now).filter(pk=key)
    for found in list(rows.values_list("pk", flat=True)[:20]):
        taken = waiting_exports(now).filter(pk=found).order_by()
        changes: dict[str, Any] = {
            "state": ExportState.RUNNING, "lease_token": str(uuid.uuid4()), "lease_until": now + LEASE, "started_at": now,
            "attempts": F("attempts") + 1, "rows_done": 0, "rows_total": None,
        }  # fmt: skip
        if taken.update(**changes) == 1:
            return ExportJob.objects.select_related("user").filter(lease_token=changes["lease_token"]).first()
    return None


def give_up(*, now: datetime) -> int:
    """Jobs whose worker died for the last time have failed, in words. Returns how many."""
    with translation.override(settings.LANGUAGE_CODE):
        words = _("It broke off %(count)d times. Ask for less at once, or tell the administrators.") % {
            "count": MAX_ATTEMPTS
        }
    rows = ExportJob.objects.filter(state=ExportState.RUNNING, lease_until__lt=now, attempts__gte=MAX_ATTEMPTS)
    return int(
        rows.update(state=ExportState.FAILED, finished_at=now, error=words[:200], lease_token="", lease_until=None)
    )


def run_waiting(*, now: datetime, limit: int = 20) -> int:
    """Write what waits, one after the other; returns how many were begun."""
    count = 0
    while count < limit and (job := claim(now=now)):
        write_export(job=job, now=now)
        count += 1
    return count


def write_export(*, job: ExportJob, now: datetime, seconds: float | None = None) -> ExportJob:
    """Write a job we hold, and say what became of it. With `seconds` it is put back when it takes longer.

    Rights are those of this moment. What was written of a job that is no longer ours is thrown away.
    """
    progress = Progress(job, seconds=seconds)
    name = files.new_name(job.format)
    # Said after the attempt is left: an exception holds the rows' cursor open, and SQLite then lets nobody write beside it.
    ending = _attempt(job, name, progress, now)
    progress.close()
    ending()
    job.refresh_from_db()
    if job.file != name:
        files.remove(name)
    return job


def _attempt(job: ExportJob, name: str, progress: Progress, now: datetime) -> Callable[[], None]:
    """Write it; returns what is to be said of it."""
    unwritten = _("It could not be written. Try again later, or tell the administrators.")
    try:
        _write(job, name, progress, now)
    except Stopped:
        return lambda: None
    except TakesLonger:
        return partial(_put_back, job, uncounted=True)
    except Refused as refusal:
        return partial(_fail, job, refusal.text)
    except PASSING as error:
        # The kind of error alone: its text may quote a row.
        logger.warning("export %s broke off: %s", job.report, type(error).__name__)
        return partial(_fail, job, unwritten) if job.attempts >= MAX_ATTEMPTS else partial(_put_back, job)
    except Exception as error:
        logger.error("export %s failed: %s", job.report, type(error).__name__)
        return partial(_fail, job, unwritten)
    return partial(_finish, job, name, progress.done)


def request_of(job: ExportJob, now: datetime) -> tuple[Report, ReportRequest]:
    """The report and what is asked of it, with the rights its user has now. Raises `Refused` when there are none left."""
    if job.report not in reports:
        raise Refused(_("There is no such report any more."))
    report, user = reports.get(job.report), job.user
    scope = user.build_scope()
    if not user.is_active or not scope.has(*report.roles):
        raise Refused(_("Your role does not include this report any more."))
    asked = ReportRequest(
        scope=scope, today=timezone.localdate(now), made_at=now, made_by=f"{user} ({user.username})", purpose=job.purpose,
        parameters={str(key): str(value) for key, value in job.parameters.items()},
    )  # fmt: skip
    report.accept(asked)
    return report, asked


def _write(job: ExportJob, name: str, progress: Progress, now: datetime) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        report, asked = request_of(job, now)
        total = report.expected_rows(asked)
        if total is not None:
            _held(job).update(rows_total=total)
        path = files.path_of(name)
        if job.format == "csv":
            with path.open("wb") as stream:
                report.write_csv(stream, asked, watch=progress.watch)
        else:
            report.write_xlsx(path, asked, watch=progress.watch)
        path.chmod(0o600)


def _held(job: ExportJob) -> ExportJobQuerySet:
    """The row as long as our own lease stands in it."""
    rows: ExportJobQuerySet = ExportJob.objects.filter(
        pk=job.pk, state=ExportState.RUNNING, lease_token=job.lease_token
    )
    return rows


_FREED: dict[str, Any] = {"lease_token": "", "lease_until": None}


def _finish(job: ExportJob, name: str, rows: int) -> None:
    done = timezone.now()
    _held(job).update(
        state=ExportState.DONE, file=name, size=files.path_of(name).stat().st_size, rows_done=rows, rows_total=rows,
        finished_at=done, expires_at=done + LINK_VALID_FOR, **_FREED,
    )  # fmt: skip


def _fail(job: ExportJob, words: str) -> None:
    _held(job).update(state=ExportState.FAILED, error=words[:200], finished_at=timezone.now(), **_FREED)


def _put_back(job: ExportJob, *, uncounted: bool = False) -> None:
    changes = _FREED | ({"attempts": F("attempts") - 1} if uncounted else {})
    _held(job).update(state=ExportState.QUEUED, **changes)
