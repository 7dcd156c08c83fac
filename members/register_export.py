"""Taking a register out: asked what for, counted, written, recorded."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from accounts.limits import EXPORTS, said_too_often, take_turn
from accounts.models import AuditAction
from accounts.services import record_audit
from pairing_portal.common.errors import too_many_requests
from pairing_portal.common.requests import scope_of
from pairing_portal.common.spreadsheets import SheetSpec, write_xlsx

from .import_views import XLSX
from .registers import BY_KEY, EXPORTED, export_columns, offered_columns, sheet_columns, sheet_rows

PURPOSE_LENGTH = 100


def export_register(
    page: Any,
    request: HttpRequest,
    rows: Callable[[], Any],
    keys: Sequence[str],
    hidden: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """The page that asks what for; with an answer, the workbook of `rows` with the usual columns and those of `keys`.

    `hidden`: what the page's form sends back besides. Sensitive columns are left out for who keeps no roster.
    """
    scope = scope_of(request)
    try:
        # What the list shows: the rows of the scope, its filters and its search, in its order.
        people = rows().select_related("department", "party_branch", "school_class")
    except IncorrectLookupParameters:
        return redirect(request.path)
    offered = {column.key for column in offered_columns(scope)}
    extra = [key for key in dict.fromkeys(keys) if key in offered and key not in EXPORTED]
    count = people.order_by().count()
    purpose = request.POST.get("purpose", "").replace("\x00", "").strip()[:PURPOSE_LENGTH]
    if request.method != "POST" or not purpose:
        context = {
            **page.admin_site.each_context(request), "title": _("Export"), "opts": page.model._meta, "row_count": count,
            "lacks_purpose": "purpose" in request.POST or (request.method == "POST" and not hidden), "hidden": hidden,
            "extra": [BY_KEY[key] for key in extra],
        }  # fmt: skip
        return TemplateResponse(request, "admin/members/register_export.html", context)
    now = timezone.now()
    if wait := take_turn(limit=EXPORTS, user=request.user, now=now):  # type: ignore[arg-type]  # signed in
        return too_many_requests(request, said_too_often(EXPORTS, now, wait), wait_seconds=wait)
    columns, buffer = export_columns(extra), io.BytesIO()
    title = str(page.model._meta.verbose_name_plural)
    notes = [
        (_("made by"), str(request.user)), (_("made at"), timezone.localtime(now).strftime("%Y-%m-%d %H:%M")), (_("purpose"), purpose),
    ]  # fmt: skip
    spec = SheetSpec(title[:31], sheet_columns(columns), sheet_rows(people, columns, scope), title=title, notes=notes)
    write_xlsx(buffer, [spec])
    detail: dict[str, Any] = {"purpose": purpose, "format": "xlsx", "rows": count, "filters": sorted(request.GET)[:20]}
    if extra:
        detail["columns"] = extra
    record_audit(
        action=AuditAction.EXPORTED, user=request.user, request=request, object_type=page.model._meta.model_name or "",  # type: ignore[arg-type]  # signed in
        detail=detail, now=now,
    )  # fmt: skip
    response = HttpResponse(buffer.getvalue(), content_type=XLSX)
    name = f"{title}-{timezone.localdate(now):%Y%m%d}.xlsx"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
