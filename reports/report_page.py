"""What the reports page shows: the shelf by subject, a few rows of a sheet, one's own exports."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import Column

from .exporter import SUBJECTS, Report, ReportRequest, reports, reports_for
from .jobs.job_services import ACTIVE, is_fetchable
from .models import ExportJob, ExportState

PREVIEW_ROWS: Final = 5
RECENT: Final = 6
SEARCH_FROM: Final = 10

_TONES: Final = {
    ExportState.QUEUED: "wait", ExportState.RUNNING: "wait", ExportState.DONE: "ok", ExportState.FAILED: "late",
    ExportState.CANCELLED: "exempt",
}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """The reports of one subject."""

    key: str
    label: Any
    reports: list[Report]


@dataclass(frozen=True)
class Preview:
    """The first rows of a sheet; `problem` says why there are none."""

    headings: list[str]
    rows: list[list[str]]
    problem: str = ""
    is_cut: bool = False


@dataclass(frozen=True)
class ExportRow:
    """One of one's own exports as it stands now."""

    job: ExportJob
    title: str
    filter: str
    tone: str
    state: str
    hint: str
    is_active: bool
    is_fetchable: bool
    may_repeat: bool


def shelf(scope: Scope, words: str = "") -> list[Group]:
    """The reports somebody may have, by subject; only those whose title or description holds all the words. Asks no database."""
    wanted = words.casefold().split()
    found: dict[str, list[Report]] = {key: [] for key in SUBJECTS}
    for report in reports_for(scope):
        text = f"{report.title} {report.description} {SUBJECTS[report.subject]}".casefold()
        if all(word in text for word in wanted):
            found[report.subject].append(report)
    return [Group(key, SUBJECTS[key], sorted(some, key=lambda one: one.name)) for key, some in found.items() if some]


def preview(report: Report, asked: ReportRequest) -> Preview:
    """A few rows as they would stand in the sheet."""
    columns = report.columns()
    headings = [str(column.heading) for column in columns]
    try:
        report.accept(asked)
    except Refused as refusal:
        return Preview(headings, [], refusal.text)
    columns = report.columns_for(asked)
    headings = [str(column.heading) for column in columns]
    rows = list(islice(_rows(report, asked), PREVIEW_ROWS + 1))
    shown = [[_shown(value, column) for value, column in zip(row, columns, strict=True)] for row in rows[:PREVIEW_ROWS]]
    return Preview(headings, shown, is_cut=len(rows) > PREVIEW_ROWS)


def _rows(report: Report, asked: ReportRequest) -> Iterable[Sequence[Any]]:
    return iter(report.rows(asked))


def _shown(value: Any, column: Column) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return f"{local:%Y-%m-%d}" if column.kind == "date" else f"{local:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if column.kind == "percent" and isinstance(value, int | float):
        return f"{value:.1%}"
    return str(value)


def export_row(job: ExportJob, now: datetime) -> ExportRow:
    fetchable = is_fetchable(job, now)
    known = job.report in reports
    return ExportRow(
        job=job, title=str(reports.get(job.report).title) if known else job.report, filter=_filter(job) if known else "",
        tone="exempt" if _is_expired(job, fetchable) else _TONES[ExportState(job.state)],
        state=str(_("expired")) if _is_expired(job, fetchable) else str(job.get_state_display()),
        hint=_hint(job, now, fetchable), is_active=job.state in ACTIVE, is_fetchable=fetchable,
        may_repeat=known and job.state not in ACTIVE and not fetchable,
    )  # fmt: skip


def export_rows(jobs: Iterable[ExportJob], now: datetime) -> list[ExportRow]:
    return [export_row(job, now) for job in jobs]


def _is_expired(job: ExportJob, fetchable: bool) -> bool:
    return job.state == ExportState.DONE and not fetchable


def _filter(job: ExportJob) -> str:
    """In words where that asks no database."""
    said = []
    for one in reports.get(job.report).parameter_list():
        if value := str(job.parameters.get(one.name, "")):
            label = value if callable(one.offered) else one.in_words(value, Scope())
            said.append(f"{one.label}: {label}")
    return "; ".join(said)


def _hint(job: ExportJob, now: datetime, fetchable: bool) -> str:
    if job.state == ExportState.RUNNING:
        if job.rows_total:
            return _("%(done)d of %(all)d rows") % {"done": job.rows_done, "all": job.rows_total}
        return ngettext("%(count)d row so far", "%(count)d rows so far", job.rows_done) % {"count": job.rows_done}
    if job.state == ExportState.QUEUED:
        return _("It begins in a moment. You may leave this page; it goes on.")
    if fetchable and job.expires_at:
        minutes = max(1, math.ceil((job.expires_at - now).total_seconds() / 60))
        return ngettext(
            "to be fetched for %(count)d more minute", "to be fetched for %(count)d more minutes", minutes
        ) % {"count": minutes}
    if job.state == ExportState.FAILED:
        return str(job.error)
    return _("The file was deleted after ten minutes. Ask for it again.") if job.state == ExportState.DONE else ""
