"""The calendar as a list by month or week; on wide screens a script draws month and week in its place."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from branches.calendar import week_start
from branches.services import load_calendar
from pairing_portal.common.errors import bad_request
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import calendar_sources
from pairing_portal.common.requests import scope_of

from .agenda import (  # fmt: skip
    Line,
    asked_day,
    asked_month,
    build_weeks,
    gather,
    last_day,
    month_beside,
    week_beside,
    week_words,
)
from .agenda_choice import SIDES, Choice, asked_choice
from .models import ActivityKind
from .owed_reader import owed_for
from .views_events import may_plan_somewhere

VIEWS = ("month", "week", "list")
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Asked:
    """Which days in which view, and what of them. View "": month on wide screens, list on others."""

    view: str
    first: date
    last: date
    choice: Choice
    today: date

    @property
    def is_week(self) -> bool:
        return self.view == "week"

    def address(self, *, first: date | None = None, **changes: Any) -> str:
        """The same page with other days, view or choice; now, everything and the usual view need no words."""
        asked = replace(self, **changes)
        start, when = first or asked.first, {}
        if asked.is_week and week_start(start) != week_start(self.today):
            when = {"on": start.isoformat()}
        elif not asked.is_week and (start.year, start.month) != (self.today.year, self.today.month):
            when = {"month": f"{start:%Y-%m}"}
        query = urlencode(when | asked.choice.query() | ({"view": asked.view} if asked.view else {}))
        return reverse("calendar") + (f"?{query}" if query else "")


@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    """What a month or week brings: activities, lectures, stand-ins, due days; as far as the user may see them."""
    scope, today = scope_of(request), timezone.localdate()
    try:
        asked = _asked(request, today)
        kinds = {kind.key: kind.name for kind in ActivityKind.objects.visible_to(scope)}
        if asked.choice.activity not in ("", *kinds):
            raise Refused(_("There is no such kind of activity. Choose one from the list."))
    except Refused as refusal:
        return bad_request(request, refusal)
    lines = gather(scope, asked.first, asked.last)
    shown = [line for line in lines if asked.choice.takes(line)]
    weeks = build_weeks(shown, asked.first, asked.last, today)
    page = {
        "first": asked.first,
        "last": asked.last,
        "view": asked.view,
        "is_week": asked.is_week,
        "weeks": weeks if shown else [week for week in weeks if week.marks],
        "has_entries": bool(shown),
        "choice": asked.choice,
        "filters": _filters(lines, asked),
        "activities": _activities(lines, asked.choice, kinds),
        "sides": SIDES,
        "chosen_words": _chosen_words(asked.choice, kinds),
        "all_kinds": asked.address(choice=Choice()),
        "keep": {"view": asked.view, "kind": asked.choice.kind} | _days_asked(request),
        "plan_url": reverse("activity_new") if may_plan_somewhere(scope) else "",
        "grid": _grid(asked),
        **_turning(asked),
        **owed_for(scope, today),
    }
    return render(request, "activities/calendar.html", page)


def _asked(request: HttpRequest, today: date) -> Asked:
    """Raises `Refused` for what cannot be read."""
    view, month = request.GET.get("view", ""), asked_month(request.GET.get("month", ""), today)
    if view not in ("", *VIEWS):
        raise Refused(_("The calendar is shown as month, week or list."))
    on, choice = asked_day(request.GET.get("on", ""), today), asked_choice(request.GET)
    if view == "week":
        first = week_start(on)
        return Asked(view, first, first + WEEK - timedelta(days=1), choice, today)
    first = month if request.GET.get("month") else on.replace(day=1)
    return Asked(view, first, last_day(first), choice, today)


def _days_asked(request: HttpRequest) -> dict[str, str]:
    """The days as the address has them, for the form that keeps them."""
    return {key: request.GET[key] for key in ("month", "on") if request.GET.get(key)}


def _turning(asked: Asked) -> dict[str, Any]:
    """Addresses of the days before and after, of today, and of the three views of these days."""
    beside = week_beside if asked.is_week else month_beside
    earlier, later = beside(asked.first, -1, asked.today), beside(asked.first, 1, asked.today)
    week = asked.today if asked.first <= asked.today <= asked.last else asked.first
    # A week belongs to the month its Thursday lies in.
    month = (asked.first + timedelta(days=3)).replace(day=1) if asked.is_week else asked.first
    return {
        "earlier": earlier and asked.address(first=earlier),
        "later": later and asked.address(first=later),
        "this_month": asked.address(first=asked.today),
        "views": [
            {"key": "month", "label": _("Month"), "url": asked.address(view="month", first=month)},
            {"key": "week", "label": _("Week"), "url": asked.address(view="week", first=week_start(week))},
            {"key": "list", "label": _("List"), "url": asked.address(view="list", first=month)},
        ],
    }


def _grid(asked: Asked) -> dict[str, str]:
    """What the script needs to draw month and week: where the entries are, what is chosen, words for the margin."""
    words = week_words(load_calendar(), asked.first - WEEK, asked.last + 2 * WEEK)
    return {
        "entries_url": f"{reverse('calendar_entries')}?{urlencode(asked.choice.query())}",
        "weeks": json.dumps(words, ensure_ascii=False),
        "now": timezone.localtime().isoformat()[:16],
    }


def _filters(lines: list[Line], asked: Asked) -> list[dict[str, Any]]:
    """All, then the kinds of entries these days have, and the one that is chosen; nothing when there is nothing to choose."""
    choice = asked.choice
    counts = Counter(line.entry.kind for line in lines if choice.takes_of_any_kind(line))
    kinds = [(key, source.label) for key, source in calendar_sources.items() if counts[key] or key == choice.kind]
    if len(kinds) < 2 and not choice.kind:
        return []
    return [
        {
            "label": label,
            "count": count,
            "url": asked.address(choice=replace(choice, kind=key)),
            "is_on": key == choice.kind,
        }
        for key, label, count in [("", _("all"), counts.total()), *((key, label, counts[key]) for key, label in kinds)]
    ]


def _activities(lines: list[Line], choice: Choice, kinds: dict[str, str]) -> list[tuple[str, str]]:
    """(key, name) of the kinds of activities these days have, and of the one that is chosen."""
    present = {line.entry.topic for line in lines} | {choice.activity}
    return [(key, name) for key, name in kinds.items() if key in present]


def _chosen_words(choice: Choice, kinds: dict[str, str]) -> str:
    """What the list is narrowed to: 主题党日 · own branch · only mine."""
    parts = [
        str(calendar_sources.get(choice.kind).label) if choice.kind else "",
        kinds.get(choice.activity, ""),
        str(SIDES.get(choice.side, "")),
        _("only mine") if choice.is_mine else "",
    ]
    return " · ".join(part for part in parts if part)
