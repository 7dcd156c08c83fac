"""What is due in a month: the five lists on screen and as workbooks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.exports import Notes, export_workbook, typed_purpose
from pairing_portal.common.errors import bad_request
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import Column, SheetSpec

from .due_lists import BY_KEY, LISTS, DueRow, due_rows, sheet_row
from .month_choice import month_choice
from .rules import RULES


def _require_keeper(scope: Scope) -> None:
    if not (scope.managed_branch_ids or scope.department_ids or scope.college_staff):
        raise PermissionDenied(_("These lists are for the branch's secretary and for the department."))


@require_GET
def due_lists(request: HttpRequest) -> HttpResponse:
    """The month's lists, one under the other, each with what it goes by."""
    scope, today = scope_of(request), timezone.localdate()
    _require_keeper(scope)
    choice = month_choice(request.GET, scope, today)
    if choice is None:
        return bad_request(request)
    found = due_rows(scope=scope, month=choice.month, branch_id=choice.branch_id)
    context: dict[str, Any] = {
        "lists": [{"list": row, "rows": found[row.key], "rule": RULES[row.rule]} for row in LISTS],
        **choice.context(), "today": today,
        "total": sum(len(rows) for rows in found.values()),
    }  # fmt: skip
    return render(request, "members/due_lists.html", context)


@require_POST
def due_list_export(request: HttpRequest, key: str) -> HttpResponse:
    """One list, or all of them as sheets of one workbook, under the office's headings. Asks for a purpose."""
    scope, now = scope_of(request), timezone.now()
    _require_keeper(scope)
    if key != "all" and key not in BY_KEY:
        raise Http404
    choice = month_choice(request.POST, scope, timezone.localdate(now))
    if choice is None:
        return bad_request(request)
    month, purpose = choice.month, typed_purpose(request)
    if not purpose:
        messages.error(request, _("Please say what the export is for; it is written on the notes sheet."))
        query = urlencode({"month": f"{month:%Y-%m}", "branch": choice.branch_id or ""})
        return redirect(f"{reverse('due_lists')}?{query}")
    found = due_rows(scope=scope, month=month, branch_id=choice.branch_id)
    chosen = LISTS if key == "all" else (BY_KEY[key],)
    name = "发展党员到期名单" if key == "all" else BY_KEY[key].sheet
    return export_workbook(
        request, by=request.user,  # type: ignore[arg-type]  # signed in
        sheets=lambda notes: [_sheet(row.key, found[row.key], month, notes) for row in chosen],
        name=f"{name}-{month:%Y%m}.xlsx", kind="due_list", key=key, purpose=purpose, now=now,
        detail={"month": f"{month:%Y-%m}", "rows": sum(len(found[row.key]) for row in chosen)},
    )  # fmt: skip


def _sheet(key: str, rows: list[DueRow], month: date, notes: Notes) -> SheetSpec:
    due = BY_KEY[key]
    columns = [
        Column(heading, kind="integer" if heading == "序号" else "date" if heading.endswith("时间") else "text")
        for heading in due.headings
    ]
    lines = (sheet_row(due, number, row) for number, row in enumerate(rows, 1))
    return SheetSpec(name=due.sheet, columns=columns, rows=lines, title=f"{due.sheet}({month:%Y年%m月})", notes=notes)
