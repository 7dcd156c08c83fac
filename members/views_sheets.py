"""The ready-made sheets: what each would hold, and each as a workbook with its purpose on record."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.limits import EXPORTS, said_too_often, take_turn
from accounts.models import AuditAction
from accounts.services import record_audit
from pairing_portal.common.errors import bad_request, too_many_requests
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import write_xlsx

from .import_views import XLSX
from .register_export import PURPOSE_LENGTH
from .sheet_facts import facts_of
from .sheets import BY_KEY, SHEETS, due_people, lines, people_of, spec_of
from .views_due import _branch_of as branch_of
from .views_due import _branches as branches_of
from .views_due import month_of

PREVIEW_ROWS = 3


def _scope(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if not (scope.managed_branch_ids or scope.department_ids or scope.college_staff):
        raise PermissionDenied(_("These sheets are for the branch's secretary and for the department."))
    return scope


@require_GET
def sheet_list(request: HttpRequest) -> HttpResponse:
    """Every sheet with its first rows; the same number of queries however many people there are."""
    scope, today = _scope(request), timezone.localdate()
    month = month_of(request.GET.get("month", "")[:7], today)
    readable, branch_id = branch_of(request.GET.get("branch", "")[:20], scope)
    if month is None or not readable:
        return bad_request(request)
    due = due_people(scope=scope, month=month, branch_id=branch_id)
    found: dict[str, list[Any]] = {}
    for sheet in SHEETS:
        rows = due[sheet.due] if sheet.due else people_of(sheet, scope=scope, month=month, branch_id=branch_id)
        found[sheet.key] = list(rows[: PREVIEW_ROWS + 1])
    facts = facts_of(sorted({person.pk for people in found.values() for person in people}), today)
    shelf = [
        {
            "sheet": sheet,
            "rows": list(lines(sheet, [(person, facts) for person in found[sheet.key][:PREVIEW_ROWS]])),
            "has_more": len(found[sheet.key]) > PREVIEW_ROWS,
        }
        for sheet in SHEETS
    ]
    context = {
        "shelf": shelf, "month": month, "previous": (month - timedelta(days=1)).replace(day=1),
        "next": (month + timedelta(days=32)).replace(day=1), "branches": list(branches_of(scope).values()), "branch_id": branch_id,
    }  # fmt: skip
    return render(request, "members/sheets.html", context)


@require_POST
def sheet_export(request: HttpRequest, key: str) -> HttpResponse:
    """One sheet as a workbook. Asks for a purpose, is limited and recorded as every export."""
    scope, now = _scope(request), timezone.now()
    if key not in BY_KEY:
        raise Http404
    sheet, today = BY_KEY[key], timezone.localdate(now)
    month = month_of(request.POST.get("month", "")[:7], today)
    readable, branch_id = branch_of(request.POST.get("branch", "")[:20], scope)
    if month is None or not readable:
        return bad_request(request)
    purpose = request.POST.get("purpose", "").replace("\x00", "").strip()[:PURPOSE_LENGTH]
    if not purpose:
        messages.error(request, _("Please say what the export is for; it is written on the notes sheet."))
        query = urlencode({"month": f"{month:%Y-%m}", "branch": branch_id or ""})
        return redirect(f"{reverse('sheets')}?{query}#{key}")
    if wait := take_turn(limit=EXPORTS, user=request.user, now=now):  # type: ignore[arg-type]  # signed in
        return too_many_requests(request, said_too_often(EXPORTS, now, wait), wait_seconds=wait)
    asked: dict[str, Any] = {"scope": scope, "month": month, "branch_id": branch_id}
    people: Any = due_people(**asked)[sheet.due] if sheet.due else people_of(sheet, **asked)
    count = len(people) if sheet.due else people.order_by().count()
    notes = [
        (_("made by"), str(request.user)), (_("made at"), f"{timezone.localtime(now):%Y-%m-%d %H:%M}"), (_("purpose"), purpose),
        (_("master"), _("The national system is the master: this sheet is for typing over, not for keeping.")),
    ]  # fmt: skip
    buffer = io.BytesIO()
    rows = people if sheet.due else people.iterator(chunk_size=1_000)
    write_xlsx(buffer, [spec_of(sheet, rows, today=today, notes=notes)])
    detail: dict[str, Any] = {"purpose": purpose, "format": "xlsx", "rows": count}
    if sheet.is_monthly:
        detail["month"] = f"{month:%Y-%m}"
    if branch_id is not None:
        detail["branch"] = branch_id
    record_audit(
        action=AuditAction.EXPORTED, user=request.user, request=request, object_type="sheet", object_id=key, detail=detail, now=now,  # type: ignore[arg-type]  # signed in
    )  # fmt: skip
    response = HttpResponse(buffer.getvalue(), content_type=XLSX)
    stamp = f"{month:%Y%m}" if sheet.is_monthly else f"{today:%Y%m%d}"
    response["Content-Disposition"] = content_disposition_header(True, f"{sheet.title}-{stamp}.xlsx") or "attachment"
    return response
