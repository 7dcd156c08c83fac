"""Exports in tests: a report that does what the test wants, and who asks for it."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from django.utils import timezone

from members.access import scope_for
from pairing_portal.common.scope import EVERYBODY_ROLES
from pairing_portal.common.spreadsheets import Column
from reports.exporter import Report, ReportRequest, reports
from reports.jobs import files, progress
from reports.jobs.job_services import (
    request_export,
)
from reports.models import ExportJob
from tests.notifications.test_celery import worker  # noqa: F401  # a fixture


@pytest.fixture(name="media", autouse=True)
def media_fixture(settings, tmp_path, monkeypatch) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    # For processes of their own.
    monkeypatch.setenv("MEDIA_ROOT", str(settings.MEDIA_ROOT))
    return settings.MEDIA_ROOT / "exports"


class Counting(Report):
    """Gives ten rows, and before each does what the test wants."""

    name, title, description = "counting", "计数", "x"
    roles, subject = EVERYBODY_ROLES, "supervision"
    parameters = (("state", "x"),)
    before = staticmethod(lambda number: None)

    def columns(self) -> list[Column]:
        return [Column("学号"), Column("次数", kind="integer", total=True)]

    def rows(self, request: ReportRequest):
        for number in range(10):
            type(self).before(number)
            yield f"00{number}", number

    def expected_rows(self, request: ReportRequest) -> int:
        return 10


@pytest.fixture(name="counting")
def counting_fixture(monkeypatch) -> type[Report]:
    kept = dict(reports._items) | {"counting": (100, Counting())}
    monkeypatch.setattr(reports, "_items", kept)
    monkeypatch.setattr(Counting, "before", staticmethod(lambda number: None))
    # Every row is told.
    monkeypatch.setattr(progress, "TELL_EVERY_SECONDS", -1)
    return Counting


def ask(cast, name="er_secretary", **changes) -> ExportJob:
    user, now = cast.user(name), timezone.now()
    asked = ReportRequest(
        scope=scope_for(user), today=now.date(), made_at=now, made_by="x", purpose=changes.pop("purpose", "月报"), parameters=changes
    )  # fmt: skip
    return request_export(user=user, report=Counting(), asked=asked, format="xlsx", now=now)


def written(job: ExportJob) -> list[list[object]]:
    book = openpyxl.load_workbook(files.path_of(job.file))
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def names(media: Path) -> list[str]:
    return sorted(path.name for path in media.iterdir()) if media.exists() else []
