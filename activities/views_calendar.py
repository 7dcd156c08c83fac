"""The calendar as a list by month."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pairing_portal.common.errors import bad_request
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import calendar_sources
from pairing_portal.common.requests import scope_of

from .agenda import Line, asked_month, build_weeks, gather, last_day, month_beside


@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    """What a month brings: lectures, stand-ins, due days; own and the paired branch's, as far as the user may see them."""
    scope, today = scope_of(request), timezone.localdate()
    try:
        first, kind = asked_month(request.GET.get("month", ""), today), _asked_kind(request.GET.get("kind", ""))
    except Refused as refusal:
        return bad_request(request, refusal)
    last = last_day(first)
    lines = gather(scope, first, last)
    shown = [line for line in lines if kind in ("", line.entry.kind)]
    weeks = build_weeks(shown, first, last, today)
    earlier, later = month_beside(first, -1, today), month_beside(first, 1, today)
    page = {
        "first": first,
        "weeks": weeks if shown else [week for week in weeks if week.marks],
        "has_entries": bool(shown),
        "filters": _filters(lines, first, kind, today),
        "kind": kind,
        "earlier": earlier and _address(earlier, kind, today),
        "later": later and _address(later, kind, today),
        "this_month": _address(today, kind, today),
        "all_kinds": _address(first, "", today),
    }
    return render(request, "activities/calendar.html", page)


def _asked_kind(text: str) -> str:
    """A kind of entry, "" for all. Raises `Refused` for one there is not."""
    if text and text not in calendar_sources:
        raise Refused(_("The calendar has no entries of this kind. Choose one of the kinds it offers."))
    return text


def _address(month: date, kind: str, today: date) -> str:
    """The page of a month; this month and all kinds need no words in the address."""
    is_now = (month.year, month.month) == (today.year, today.month)
    query = urlencode(
        {key: value for key, value in (("month", "" if is_now else f"{month:%Y-%m}"), ("kind", kind)) if value}
    )
    return reverse("calendar") + (f"?{query}" if query else "")


def _filters(lines: list[Line], first: date, kind: str, today: date) -> list[dict[str, Any]]:
    """All, then the kinds the month has, and the one that is chosen; nothing when there is nothing to choose."""
    counts = Counter(line.entry.kind for line in lines)
    kinds = [(key, source.label) for key, source in calendar_sources.items() if counts[key] or key == kind]
    if len(kinds) < 2 and not kind:
        return []
    return [
        {"label": label, "count": count, "url": _address(first, key, today), "is_on": key == kind}
        for key, label, count in [("", _("all"), len(lines)), *((key, label, counts[key]) for key, label in kinds)]
    ]
