"""Taking a register out: asked what for, counted, written, recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.exports import export_workbook, typed_purpose
from pairing_portal.common.requests import scope_of
from pairing_portal.common.spreadsheets import SheetSpec

from .registers import BY_KEY, EXPORTED, export_columns, offered_columns, sheet_columns, sheet_rows


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
    purpose = typed_purpose(request)
    if request.method != "POST" or not purpose:
        context = {
            **page.admin_site.each_context(request), "title": _("Export"), "opts": page.model._meta, "row_count": count,
            "lacks_purpose": "purpose" in request.POST or (request.method == "POST" and not hidden), "hidden": hidden,
            "extra": [BY_KEY[key] for key in extra],
        }  # fmt: skip
        return TemplateResponse(request, "admin/members/register_export.html", context)
    columns, now, title = export_columns(extra), timezone.now(), str(page.model._meta.verbose_name_plural)
    detail: dict[str, Any] = {"rows": count, "filters": sorted(request.GET)[:20]}
    if extra:
        detail["columns"] = extra
    return export_workbook(
        request, by=request.user,  # type: ignore[arg-type]  # signed in
        sheets=lambda notes: [
            SheetSpec(title[:31], sheet_columns(columns), sheet_rows(people, columns, scope), title=title, notes=notes)
        ],
        name=f"{title}-{timezone.localdate(now):%Y%m%d}.xlsx", kind=page.model._meta.model_name or "", key="", purpose=purpose, now=now,
        detail=detail,
    )  # fmt: skip
