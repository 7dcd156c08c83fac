"""Asking for an export, calling it off, asking again, forgetting it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditAction, User
from accounts.services import record_audit
from pairing_portal.common.problems import Refused

from ..exporter import Report, ReportRequest
from ..models import ExportJob, ExportState
from . import files

ACTIVE: Final = (ExportState.QUEUED, ExportState.RUNNING)
# How long the list of one's own exports reaches back; the trail keeps them longer.
KEPT_FOR: Final = timedelta(days=30)
MOST_AT_ONCE: Final = 5


@transaction.atomic
def request_export(
    *, user: User, report: Report, asked: ReportRequest, format: str, now: datetime, request: Any = None
) -> ExportJob:
    """A job that waits to be written, and its line in the trail.

    Raises `Refused` for an unknown filter, without a purpose, and when as many exports as may be are under way already.
    """
    report.accept(asked)
    if not asked.purpose.strip():
        raise Refused(_("Please say what the export is for; it is written on the notes sheet."), field="purpose")
    # Two presses at once count each other.
    User.objects.select_for_update().get(pk=user.pk)
    if ExportJob.objects.filter(user=user, state__in=ACTIVE).count() >= MOST_AT_ONCE:
        raise Refused(
            _("%(count)d of your exports are being written. Wait for one, or cancel it.") % {"count": MOST_AT_ONCE}
        )
    given = {key: value for key, value in (asked.parameters or {}).items() if value}
    job: ExportJob = ExportJob.objects.create(
        user=user, report=report.name, parameters=given, format=format, purpose=asked.purpose.strip(), created_at=now
    )
    record_audit(
        action=AuditAction.EXPORTED, user=user, request=request, object_type="report", object_id=report.name,
        detail={"purpose": job.purpose, "format": format, **given}, now=now,
    )  # fmt: skip
    return job


@transaction.atomic
def cancel_export(*, job: ExportJob, now: datetime) -> ExportJob:
    """Call it off: what waits is not begun, who writes it stops at the next step. Refuses what has ended."""
    row: ExportJob = ExportJob.objects.select_for_update().get(pk=job.pk)
    if row.state == ExportState.CANCELLED:
        return row
    if row.state not in ACTIVE:
        raise Refused(_("This export has ended already; there is nothing to cancel."))
    row.state, row.finished_at = ExportState.CANCELLED, now
    row.lease_token, row.lease_until = "", None
    row.save()
    return row


def is_fetchable(job: ExportJob, now: datetime) -> bool:
    """The file is there and its link valid."""
    return (
        job.state == ExportState.DONE and job.size is not None and job.expires_at is not None and now < job.expires_at
    )


def expire_files(*, now: datetime) -> int:
    """Delete files whose link is no longer valid; returns how many. Their rows stay for a while and say so."""
    gone = ExportJob.objects.filter(state=ExportState.DONE, expires_at__lte=now, size__isnull=False)
    found = list(gone.values_list("pk", "file"))
    for _key, name in found:
        files.remove(name)
    ExportJob.objects.filter(pk__in=[key for key, _name in found]).update(size=None)
    return len(found)


def forget_exports(*, now: datetime) -> int:
    """Delete jobs of long ago, and files no job knows of; returns how many of both."""
    expire_files(now=now)
    old, _rows = ExportJob.objects.filter(created_at__lt=now - KEPT_FOR).exclude(state__in=ACTIVE).delete()
    kept = set(ExportJob.objects.filter(state=ExportState.DONE, size__isnull=False).values_list("file", flat=True))
    return old + files.sweep(kept, now)
