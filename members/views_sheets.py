"""The ready-made sheets: what each would hold, and each as a workbook with its purpose on record."""

from __future__ import annotations

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

from accounts.exports import export_workbook, typed_purpose
from pairing_portal.common.errors import bad_request
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from .month_choice import month_choice
from .sheet_facts import facts_of
from .sheets import BY_KEY, SHEETS, due_people, lines, people_of, spec_of

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
    choice = month_choice(request.GET, scope, today)
    if choice is None:
        return bad_request(request)
    month, branch_id = choice.month, choice.branch_id
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
    context = {"shelf": shelf, **choice.context()}
    return render(request, "members/sheets.html", context)


@require_POST
def sheet_export(request: HttpRequest, key: str) -> HttpResponse:
    """One sheet as a workbook. Asks for a purpose, is limited and recorded as every export."""
    scope, now = _scope(request), timezone.now()
    if key not in BY_KEY:
        raise Http404
    sheet, today = BY_KEY[key], timezone.localdate(now)
    choice = month_choice(request.POST, scope, today)
    if choice is None:
        return bad_request(request)
    month, branch_id, purpose = choice.month, choice.branch_id, typed_purpose(request)
    if not purpose:
        messages.error(request, _("Please say what the export is for; it is written on the notes sheet."))
        query = urlencode({"month": f"{month:%Y-%m}", "branch": branch_id or ""})
        return redirect(f"{reverse('sheets')}?{query}#{key}")
    asked: dict[str, Any] = {"scope": scope, "month": month, "branch_id": branch_id}
    people: Any = due_people(**asked)[sheet.due] if sheet.due else people_of(sheet, **asked)
    detail: dict[str, Any] = {"rows": len(people) if sheet.due else people.order_by().count()}
    if sheet.is_monthly:
        detail["month"] = f"{month:%Y-%m}"
    if branch_id is not None:
        detail["branch"] = branch_id
    master = (_("master"), _("The national system is the master: this sheet is for typing over, not for keeping."))
    stamp = f"{month:%Y%m}" if sheet.is_monthly else f"{today:%Y%m%d}"
    rows = people if sheet.due else people.iterator(chunk_size=1_000)
    return export_workbook(
        request, by=request.user,  # type: ignore[arg-type]  # signed in
        sheets=lambda notes: [spec_of(sheet, rows, today=today, notes=[*notes, master])],
        name=f"{sheet.title}-{stamp}.xlsx", kind="sheet", key=key, purpose=purpose, now=now, detail=detail,
    )  # fmt: skip
