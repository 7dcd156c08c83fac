"""Dashboards, and the rows behind their numbers: for who runs a branch, and for the staff of a department or of the college."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pairing_portal.common.errors import bad_request
from pairing_portal.common.requests import scope_of

from .dashboards.page import SOURCES, build_dashboard, rows_behind, show_rows
from .dashboards.rollup import made_at
from .dashboards.selection import DashboardFilter, Selection, select
from .supervision.base import may_supervise, watched_branches

PAGE = 50


def _asked(request: HttpRequest) -> tuple[DashboardFilter, Selection | None]:
    """The filter of the address and what it leaves, None when it is not valid. 403 for who answers for no branch: an
    administrator sets up the portal and judges nobody."""
    scope = scope_of(request)
    if not may_supervise(scope):
        raise PermissionDenied(
            _("Dashboards are for branch secretaries and the organisers of departments and the college.")
        )
    branches, today = watched_branches(scope), timezone.localdate()
    chosen = DashboardFilter(request.GET, branches=branches, today=today)
    return chosen, select(scope, chosen, list(branches), today) if chosen.is_valid() else None


@require_GET
def dashboards(request: HttpRequest) -> HttpResponse:
    """The figures of the branches one answers for; period and unit stand in the address."""
    chosen, selection = _asked(request)
    context = {
        "filter": chosen,
        "words": selection.in_words() if selection else [],
        "is_filtered": bool(selection is None or selection.address),
        "selection": selection,
        "dashboard": build_dashboard(selection) if selection else None,
        "now": timezone.now(),
    }
    return render(request, "reports/dashboard.html", context, status=200 if selection else 400)


@require_GET
def dashboard_rows(request: HttpRequest, name: str) -> HttpResponse:
    """The rows one number is the sum of."""
    _filter, selection = _asked(request)
    if name not in SOURCES:
        raise Http404
    source = SOURCES[name]
    behind = (
        rows_behind(source, selection, request.GET.get("line", ""), request.GET.get("column", ""))
        if selection
        else None
    )
    if selection is None or behind is None:
        return bad_request(request)
    page = Paginator(behind.rows.items, PAGE).get_page(request.GET.get("page"))
    context = {
        "source": source,
        "behind": behind,
        "words": selection.in_words(),
        "amount": source.in_words(behind.rows.amount()),
        "page": page,
        "rows": show_rows(behind.rows, page),
        "query": selection.query,
        "made_at": made_at() if source.from_rollup else None,
    }
    return render(request, "reports/dashboard_rows.html", context)
