"""What is due in a month: the five lists on screen and as workbooks."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.limits import EXPORTS, said_too_often, take_turn
from accounts.models import AuditAction
from accounts.services import record_audit
from branches.models import PartyBranch
from pairing_portal.common.errors import bad_request, too_many_requests
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import Column, SheetSpec, write_xlsx

from .due_lists import BY_KEY, LISTS, DueRow, due_rows, sheet_row
from .rules import RULES

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONTHS_AHEAD, MONTHS_BACK = 24, 12


def _require_keeper(scope: Scope) -> None:
    if not (scope.managed_branch_ids or scope.department_ids or scope.college_staff):
        raise PermissionDenied(_("These lists are for the branch's secretary and for the department."))


def month_of(words: str, today: date) -> date | None:
    """The first day of a month written 2026-11; this month for nothing, None for what is no month within reach."""
    if not words:
        return today.replace(day=1)
    try:
        month = date.fromisoformat(f"{words}-01")
    except ValueError:
        return None
    months = (month.year - today.year) * 12 + month.month - today.month
    return month if -MONTHS_BACK <= months <= MONTHS_AHEAD else None


def _branch_of(words: str, scope: Scope) -> tuple[bool, int | None]:
    """(readable, id of a branch the scope answers for; None for all)."""
    if not words:
        return True, None
    known = _branches(scope)
    return (True, int(words)) if words.isascii() and words.isdigit() and int(words) in known else (False, None)


def _branches(scope: Scope) -> dict[int, PartyBranch]:
    rows = PartyBranch.objects.visible_to(scope).active().run_by(scope)
    return {branch.pk: branch for branch in rows.order_by("pk")}


@require_GET
def due_lists(request: HttpRequest) -> HttpResponse:
    """The month's lists, one under the other, each with what it goes by."""
    scope, today = scope_of(request), timezone.localdate()
    _require_keeper(scope)
    month = month_of(request.GET.get("month", "")[:7], today)
    readable, branch_id = _branch_of(request.GET.get("branch", "")[:20], scope)
    if month is None or not readable:
        return bad_request(request)
    found = due_rows(scope=scope, month=month, branch_id=branch_id)
    context: dict[str, Any] = {
        "lists": [{"list": row, "rows": found[row.key], "rule": RULES[row.rule]} for row in LISTS],
        "month": month, "previous": (month - timedelta(days=1)).replace(day=1), "next": (month + timedelta(days=32)).replace(day=1),
        "branches": list(_branches(scope).values()), "branch_id": branch_id, "today": today,
        "total": sum(len(rows) for rows in found.values()),
    }  # fmt: skip
    return render(request, "members/due_lists.html", context)


@require_POST
def due_list_export(request: HttpRequest, key: str) -> HttpResponse:
    """One list, or all of them as sheets of one workbook, under the office's headings."""
    scope, now = scope_of(request), timezone.now()
    _require_keeper(scope)
    if key != "all" and key not in BY_KEY:
        raise Http404
    today = timezone.localdate(now)
    month = month_of(request.POST.get("month", "")[:7], today)
    readable, branch_id = _branch_of(request.POST.get("branch", "")[:20], scope)
    if month is None or not readable:
        return bad_request(request)
    if wait := take_turn(limit=EXPORTS, user=request.user, now=now):  # type: ignore[arg-type]  # signed in
        return too_many_requests(request, said_too_often(EXPORTS, now, wait), wait_seconds=wait)
    found = due_rows(scope=scope, month=month, branch_id=branch_id)
    chosen = LISTS if key == "all" else (BY_KEY[key],)
    notes = [
        (_("made by"), str(request.user)), (_("made at"), f"{timezone.localtime(now):%Y-%m-%d %H:%M}"), (_("month"), f"{month:%Y-%m}"),
    ]  # fmt: skip
    sheets = [_sheet(row.key, found[row.key], month, notes) for row in chosen]
    buffer = io.BytesIO()
    write_xlsx(buffer, sheets)
    record_audit(
        action=AuditAction.EXPORTED, user=request.user, request=request, object_type="due_list", object_id=key,
        detail={"month": f"{month:%Y-%m}", "rows": sum(len(found[row.key]) for row in chosen)}, now=now,
    )  # fmt: skip
    response = HttpResponse(buffer.getvalue(), content_type=XLSX)
    name = "发展党员到期名单" if key == "all" else BY_KEY[key].sheet
    response["Content-Disposition"] = content_disposition_header(True, f"{name}-{month:%Y%m}.xlsx") or "attachment"
    return response


def _sheet(key: str, rows: list[DueRow], month: date, notes: list[tuple[str, str]]) -> SheetSpec:
    due = BY_KEY[key]
    columns = [
        Column(heading, kind="integer" if heading == "序号" else "date" if heading.endswith("时间") else "text")
        for heading in due.headings
    ]
    lines = (sheet_row(due, number, row) for number, row in enumerate(rows, 1))
    return SheetSpec(name=due.sheet, columns=columns, rows=lines, title=f"{due.sheet}({month:%Y年%m月})", notes=notes)
