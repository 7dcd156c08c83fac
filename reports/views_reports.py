"""The reports page: a shelf, one report with its filters, and one's own exports."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.limits import EXPORTS, said_too_often, take_turn
from pairing_portal.common.doing import act, add_refusal
from pairing_portal.common.downloads import XLSX
from pairing_portal.common.errors import bad_request, too_many_requests
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done, say_refused

from .exporter import Report, ReportRequest, reports
from .forms import FORMATS, ReportForm
from .jobs import files
from .jobs.job_services import cancel_export, is_fetchable, request_export
from .jobs.run_services import request_of
from .jobs.start import begin
from .models import ExportJob, ExportState
from .report_page import RECENT, SEARCH_FROM, export_row, export_rows, preview, shelf
from .supervision.base import may_supervise
from .wiring import REPORT_ROLES

CONTENT_TYPES = {
    "xlsx": XLSX,
    "csv": "text/csv; charset=utf-8",
}


def _for_whom(request: HttpRequest) -> None:
    if not scope_of(request).has(*REPORT_ROLES):
        raise PermissionDenied(_("Reports are for branch committees and department staff."))


def _report_or_404(request: HttpRequest, name: str) -> Report:
    if name not in reports:
        raise Http404
    report = reports.get(name)
    if not scope_of(request).has(*report.roles):
        raise PermissionDenied(_("Reports are for branch committees and department staff."))
    return report


def _asked(request: HttpRequest, report: Report, values: Any, purpose: str = "") -> ReportRequest:
    return ReportRequest(
        scope=scope_of(request), today=timezone.localdate(), made_at=timezone.now(), made_by=str(request.user),
        purpose=purpose, parameters=report.given(values),
    )  # fmt: skip


def _recent(request: HttpRequest) -> dict[str, Any]:
    """One's own newest exports. One query."""
    jobs = list(ExportJob.objects.visible_to(scope_of(request))[:RECENT])
    exports = export_rows(jobs, timezone.now())
    return {"exports": exports, "has_active": any(one.is_active for one in exports)}


@require_GET
def report_list(request: HttpRequest) -> HttpResponse:
    """The shelf by subject. No report is computed for it: each shows its first rows when it is opened."""
    _for_whom(request)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:50]
    scope = scope_of(request)
    count = sum(len(group.reports) for group in shelf(scope))
    context = {"groups": shelf(scope, words), "words": words, "has_search": count > SEARCH_FROM, "count": count}
    context["has_dashboards"] = may_supervise(scope)
    return render(request, "reports/report_list.html", context | _recent(request))


@require_GET
def report_page(request: HttpRequest, name: str) -> HttpResponse:
    """One report: its first rows, its filters, its definitions. For the shelf, the part that unfolds."""
    report = _report_or_404(request, name)
    found = preview(report, _asked(request, report, request.GET))
    if request.GET.get("part") == "preview":
        return render(request, "reports/includes/report_preview.html", {"report": report, "preview": found})
    form = ReportForm(report=report, scope=scope_of(request), initial=report.given(request.GET))
    return _page(request, report, form, found)


def _page(request: HttpRequest, report: Report, form: ReportForm, found: Any, status: int = 200) -> HttpResponse:
    context = {
        "report": report,
        "form": form,
        "preview": found,
        "definitions": report.definitions(),
        "anchor": report.subject,
    }
    if request.headers.get("HX-Request"):
        return render(request, "reports/includes/report_body.html", context, status=status)
    return render(request, "reports/report_detail.html", context | _recent(request), status=status)


@require_POST
def report_download(request: HttpRequest, name: str) -> HttpResponseBase:
    """Ask for one report; recorded with its purpose. Quick ones come at once, others are written behind the page."""
    report = _report_or_404(request, name)
    suffix = request.POST.get("format", "")
    if suffix not in dict(FORMATS):
        return bad_request(request, Refused(_unknown_format(suffix[:20])))
    form = ReportForm(request.POST, report=report, scope=scope_of(request))
    asked = _asked(request, report, request.POST, request.POST.get("purpose", "").strip())
    try:
        report.accept(asked)
    except Refused as refusal:
        form.is_valid()
        add_refusal(form, refusal)
    if not form.is_valid():
        return _page(request, report, form, preview(report, asked), status=400)
    return _export(request, report, asked, suffix)


def _export(request: HttpRequest, report: Report, asked: ReportRequest, suffix: str) -> HttpResponseBase:
    """Take a turn, make the job, and hand over its file when it is there in a moment."""
    user: Any = request.user
    if wait := take_turn(limit=EXPORTS, user=user, now=asked.made_at):
        return too_many_requests(request, said_too_often(EXPORTS, asked.made_at, wait), wait_seconds=wait)
    try:
        job = request_export(user=user, report=report, asked=asked, format=suffix, now=asked.made_at, request=request)
    except Refused as refusal:
        say_refused(request, refusal.text)
        return redirect(f"{reverse('reports')}#exports")
    job = begin(job, now=asked.made_at)
    if is_fetchable(job, timezone.now()):
        return _file(job)
    if job.state == ExportState.FAILED:
        say_refused(request, job.error)
    elif job.state != ExportState.CANCELLED:
        say_done(request, _("It is being written. You may leave this page; it stays under your exports."))
    return redirect(f"{reverse('reports')}#exports")


def _unknown_format(given: str) -> str:
    known = ", ".join(value for value, _label in FORMATS)
    if not given:
        return _("Say in which format the export is to be: %(known)s.") % {"known": known}
    return _("There is no export in the format “%(given)s”. Choose one of: %(known)s.") % {
        "given": given,
        "known": known,
    }


def _file(job: ExportJob) -> HttpResponseBase:
    """The file itself, never kept by a browser or proxy."""
    response: HttpResponseBase
    content_type = CONTENT_TYPES[job.format]
    if settings.PROTECTED_MEDIA_PREFIX:
        response = HttpResponse(content_type=content_type)
        prefix = settings.PROTECTED_MEDIA_PREFIX.rstrip("/")
        response.headers["X-Accel-Redirect"] = f"{prefix}/{files.FOLDER}/{quote(job.file)}"
    else:
        try:
            response = FileResponse(files.path_of(job.file).open("rb"), content_type=content_type)
        except OSError as error:
            raise Http404 from error
    filename = f"{reports.get(job.report).title}-{timezone.localdate(job.created_at):%Y%m%d}.{job.format}"
    response.headers["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


# --- One's own exports ----------------------------------------------------------------------------


def _own(request: HttpRequest, pk: Any) -> ExportJob:
    return get_visible_or_404(ExportJob.objects.visible_to(scope_of(request)).select_related("user"), pk=pk)


def _back() -> str:
    return f"{reverse('reports')}#exports"


@require_GET
def exports(request: HttpRequest) -> HttpResponse:
    """The list of one's exports, for the page that shows it; by itself it is the reports page."""
    _for_whom(request)
    if not request.headers.get("HX-Request"):
        return redirect(_back())
    return render(request, "reports/includes/report_exports.html", _recent(request))


@require_GET
def export_job(request: HttpRequest, pk: Any) -> HttpResponse:
    """How far one export is, for the page that asks again and again."""
    job = _own(request, pk)
    if not request.headers.get("HX-Request"):
        return redirect(_back())
    return render(request, "reports/includes/report_export.html", {"one": export_row(job, timezone.now())})


@require_GET
def export_file(request: HttpRequest, pk: Any) -> HttpResponseBase:
    """The file, for ten minutes and for who asked for it, with the rights held now."""
    job = _own(request, pk)
    try:
        request_of(job, timezone.now())
    except Refused as refusal:
        raise PermissionDenied(refusal.text) from refusal
    if not is_fetchable(job, timezone.now()):
        say_refused(request, _("This file is no longer kept. Ask for it again."))
        return redirect(_back())
    return _file(job)


@require_POST
def export_cancel(request: HttpRequest, pk: Any) -> HttpResponse:
    job = _own(request, pk)
    return act(request, lambda: cancel_export(job=job, now=timezone.now()), done=_("Cancelled."), back=_back())


@require_POST
def export_repeat(request: HttpRequest, pk: Any) -> HttpResponseBase:
    """The same again: same report, filter, purpose and format, as things stand now."""
    job = _own(request, pk)
    report = _report_or_404(request, job.report)
    asked = _asked(request, report, job.parameters, job.purpose)
    try:
        report.accept(asked)
    except Refused as refusal:
        say_refused(request, refusal.text)
        return redirect(_back())
    return _export(request, report, asked, job.format)
