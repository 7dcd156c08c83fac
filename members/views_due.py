"""What is due in a month: the lists on screen and as workbooks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
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

from .due_lists import BY_KEY, LISTS, REVIEWS, DueRow, due_rows, sheet_row
from .month_choice import month_choice
from .rules import RULES

# Of every list so many where all stand on the page; one list by itself has pages.
SHORT, PAGE = 20, 100


def _require_keeper(scope: Scope) -> None:
    if not (scope.managed_branch_ids or scope.department_ids or scope.college_staff):
        raise PermissionDenied(_("These lists are for the branch's secretary and for the department."))


@require_GET
def due_lists(request: HttpRequest) -> HttpResponse:
    """The month's lists one under the other, each with what it goes by; or one of them by itself, page by page."""
    scope, today = scope_of(request), timezone.localdate()
    _require_keeper(scope)
    choice, key = month_choice(request.GET, scope, today), request.GET.get("list", "")
    if choice is None or (key and key not in BY_KEY):
        return bad_request(request)
    found = due_rows(scope=scope, month=choice.month, branch_id=choice.branch_id)
    page = Paginator(found[key], PAGE).get_page(request.GET.get("page")) if key else None
    context: dict[str, Any] = {
        "chips": [{"list": row, "count": len(found[row.key])} for row in LISTS],
        "shown": [
            {"list": row, "rows": found[row.key][:SHORT] if page is None else page.object_list,
             "count": len(found[row.key]), "rules": [RULES[rule] for rule in row.rules]}
            for row in LISTS if key in ("", row.key)
        ],
        **choice.context(list=key), "today": today, "key": key, "page": page, "reviews": REVIEWS,
        # Who writes a review: whoever runs the person's own branch.
        "written_by_me": scope.managed_branch_ids,
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
