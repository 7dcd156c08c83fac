from __future__ import annotations

import io

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.limits import EXPORTS, SEARCHES, said_too_often, take_turn
from accounts.models import AuditAction
from accounts.services import record_audit
from pairing_portal.common.errors import bad_request, too_many_requests
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of

from . import search as searching
from .exporter import ReportRequest, reports, reports_for
from .forms import ExportForm
from .wiring import REPORT_ROLES
from .workbench import build_workbench

CONTENT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
PREVIEW_ROWS = 5


@require_GET
def workbench(request: HttpRequest) -> HttpResponse:
    """Each role's first page: what waits for me, what is late, how is it going."""
    scope = scope_of(request)
    return render(request, "reports/workbench.html", build_workbench(scope, timezone.localdate()))


@require_GET
def report_list(request: HttpRequest) -> HttpResponse:
    """A shelf with a small preview of each sheet."""
    scope = scope_of(request)
    if not scope.has(*REPORT_ROLES):
        raise PermissionDenied(_("Reports are for branch committees and department staff."))
    shelf = []
    for report in reports_for(scope):
        rows = []
        for row in report.rows(_report_request(request, "")):
            rows.append(row)
            if len(rows) == PREVIEW_ROWS:
                break
        shelf.append({"report": report, "headings": [column.heading for column in report.columns()], "rows": rows})
    return render(request, "reports/report_list.html", {"shelf": shelf, "form": ExportForm()})


def _report_request(request: HttpRequest, purpose: str, parameters: dict[str, str] | None = None) -> ReportRequest:
    return ReportRequest(
        scope=scope_of(request),
        today=timezone.localdate(),
        made_at=timezone.now(),
        made_by=str(request.user),
        purpose=purpose,
        parameters=parameters,
    )


@require_POST
def report_download(request: HttpRequest, name: str) -> HttpResponse:
    """Write one report for the user; recorded with its purpose."""
    if name not in reports:
        raise Http404
    report, scope = reports.get(name), scope_of(request)
    if not scope.has(*report.roles):
        raise PermissionDenied(_("Reports are for branch committees and department staff."))
    form = ExportForm(request.POST)
    if "format" in form.errors:
        return bad_request(request, Refused(_unknown_format(request.POST.get("format", "")[:20])))
    if not form.is_valid():
        messages.error(request, _("Please say what the export is for; it is written on the notes sheet."))
        return redirect("reports")
    given = {key: request.POST.get(key, "")[:50] for key, _label in report.parameters}
    asked = _report_request(request, form.cleaned_data["purpose"], given)
    try:
        report.check(asked)
    except Refused as refusal:
        return bad_request(request, refusal)
    if wait := take_turn(limit=EXPORTS, user=request.user, now=asked.made_at):  # type: ignore[arg-type]  # signed in
        words = said_too_often(EXPORTS, asked.made_at, wait)
        return too_many_requests(request, words, wait_seconds=wait)
    suffix = form.cleaned_data["format"]
    buffer = io.BytesIO()
    (report.write_csv if suffix == "csv" else report.write_xlsx)(buffer, asked)
    record_audit(
        action=AuditAction.EXPORTED, user=request.user, request=request, object_type="report", object_id=name,
        detail={"purpose": asked.purpose, "format": suffix, **{key: value for key, value in given.items() if value}},
        now=timezone.now(),
    )  # fmt: skip
    response = HttpResponse(buffer.getvalue(), content_type=CONTENT_TYPES[suffix])
    filename = f"{report.title}-{asked.today:%Y%m%d}.{suffix}"
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


def _unknown_format(given: str) -> str:
    known = ", ".join(value for value, _label in ExportForm.base_fields["format"].choices)
    if not given:
        return _("Say in which format the export is to be: %(known)s.") % {"known": known}
    return _("There is no export in the format “%(given)s”. Choose one of: %(known)s.") % {
        "given": given,
        "known": known,
    }


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """People by name, pinyin or number; branches; pages."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:50]
    if words and (wait := take_turn(limit=SEARCHES, user=request.user, now=timezone.now())):  # type: ignore[arg-type]  # signed in
        said = _("You searched %(count)d times within a minute, which is the limit. Go on in %(seconds)d seconds.")
        return too_many_requests(request, said % {"count": SEARCHES.times, "seconds": wait}, wait_seconds=wait)
    results = searching.search(scope_of(request), words) if words else None
    return render(request, "reports/search.html", {"words": words, "results": results})
