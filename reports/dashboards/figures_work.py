"""Figures about what was held in the period: the lecture quota by week, activities by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from activities.lectures.board import QuotaContext
from activities.lectures.counts import Cell, branch_cells, department_totals
from activities.models import Activity, ActivityKind, ActivityState, KindGroup
from activities.quota import WeekState
from activities.words import STATE_BADGES, STATE_WORDS
from branches.models import LeagueBranch

from .base import ALL, Axes, Axis, FigureSource, Rows, ShownRow, Values, number, state_axis
from .selection import Period, Selection

HELD: Final = "held"
PLANNED: Final = "planned"
GROUP: Final = "group-"
WEEK_STATES: Final = (WeekState.MET, WeekState.MISSED, WeekState.RUNNING, WeekState.EXEMPT)


# --- The lecture quota by week --------------------------------------------------------------------


def _league_branches(selection: Selection) -> Any:
    return LeagueBranch.objects.active().filter(party_branch_id__in=selection.ids)


def _mondays(selection: Selection, context: QuotaContext) -> list[date]:
    """Mondays of the period, up to this week, in whose weeks lectures are owed."""
    return context.weeks(selection.period.first, min(selection.period.last, selection.today))


def _quota_axes(selection: Selection) -> Axes:
    context = QuotaContext.load()
    lines = []
    for monday in _mondays(selection, context):
        week = context.calendar.teaching_week(monday + timedelta(days=3))
        day = formats.date_format(monday, "MONTH_DAY_FORMAT")
        label = _("week %(number)d, %(day)s") % {"number": week, "day": day} if week else day
        lines.append(Axis(monday.isoformat(), label))
    return Axes(
        lines, [state_axis(str(state.value), str(STATE_WORDS[state]), STATE_BADGES[state]) for state in WEEK_STATES]
    )


def _quota_values(selection: Selection, axes: Axes) -> Values:
    found = Counter[tuple[str, str]]()
    totals = department_totals(
        league_branches=_league_branches(selection), mondays=[date.fromisoformat(line.key) for line in axes.lines],
        today=selection.today, context=QuotaContext.load(),
    )  # fmt: skip
    for (_department, monday), row in totals.items():
        for state, count in (
            (WeekState.MET, row.met), (WeekState.MISSED, row.missed), (WeekState.RUNNING, row.running),
            (WeekState.EXEMPT, row.exempt),
        ):  # fmt: skip
            found[monday.isoformat(), str(state.value)] += count
    return found


def _quota_rows(selection: Selection, line: str, column: str) -> Rows:
    context = QuotaContext.load()
    mondays = [date.fromisoformat(line)] if line else _mondays(selection, context)
    cells = branch_cells(
        league_branches=_league_branches(selection), mondays=mondays, today=selection.today, context=context
    )
    found = [
        (monday, branch_id, cell)
        for (branch_id, monday), cell in sorted(cells.items(), key=lambda item: (item[0][1], item[0][0]))
        if column in (ALL, str(cell.state.value))
    ]
    return Rows(found, _show_weeks, lambda: len(found))


def _show_weeks(page: Sequence[tuple[date, int, Cell]]) -> list[ShownRow]:
    named = LeagueBranch.objects.in_bulk([branch_id for _monday, branch_id, _cell in page])
    return [
        ShownRow(
            named[branch_id].name,
            f"{formats.date_format(monday)} · {STATE_WORDS[cell.state]}",
            f"{reverse('lecture_week', args=[branch_id])}?week={monday.isoformat()}",
            "" if cell.state == WeekState.EXEMPT else f"{cell.counted}/{cell.required}",
        )
        for monday, branch_id, cell in page
    ]


QUOTA: Final = FigureSource(
    "quota",
    gettext_lazy("Lecture quota by week"),
    gettext_lazy("League branches of the Party branches that owe lectures in a week, by whether they had them; in the weeks the period touches, up to this one."),
    "columns",
    gettext_lazy("week"),
    pgettext_lazy("counted in", "League branches"),
    gettext_lazy("No League branch of these Party branches owes lectures in the period. Which Party branch a League branch belongs to is set under Organisation."),
    _quota_axes,
    _quota_values,
    _quota_rows,
    number,
    see_also="lectures",
)  # fmt: skip


# --- Activities by line ---------------------------------------------------------------------------


def activities_hosted(selection: Selection, period: Period) -> Any:
    """Published or finished activities that begin in a period and that one of the branches hosts, alone or
    with others, or a League branch of theirs."""
    first, before = period.moments
    hosted = Q(party_branch_id__in=selection.ids) | Q(league_branch__party_branch_id__in=selection.ids)
    hosted |= Q(pk__in=Activity.objects.filter(co_hosts__party_branch_id__in=selection.ids).order_by().values("pk"))
    states = (ActivityState.PUBLISHED, ActivityState.FINISHED)
    return Activity.objects.filter(hosted, state__in=states, starts_at__gte=first, starts_at__lt=before)


def _lines_axes(selection: Selection) -> Axes:
    kinds = ActivityKind.objects.filter(group=KindGroup.LINE)
    lines = [Axis(row.key, row.name) for row in kinds]
    lines += [Axis(f"{GROUP}{group.value}", str(group.label)) for group in (KindGroup.ORGANISATION, KindGroup.LEAGUE)]
    return Axes(lines, [state_axis(HELD, _("held"), "ok"), state_axis(PLANNED, _("planned, or not finished"), "wait")])


def _line_key(kind: str, group: str) -> str:
    return kind if group == KindGroup.LINE else f"{GROUP}{group}"


def _lines_values(selection: Selection, axes: Axes) -> Values:
    found = Counter[tuple[str, str]]()
    rows = activities_hosted(selection, selection.period).order_by()
    for kind, group, state, count in rows.values_list("kind__key", "kind__group", "state").annotate(n=Count("pk")):
        found[_line_key(kind, group), HELD if state == ActivityState.FINISHED else PLANNED] += count
    return found


def _lines_rows(selection: Selection, line: str, column: str) -> Rows:
    rows = activities_hosted(selection, selection.period)
    if line.startswith(GROUP):
        rows = rows.filter(kind__group=line.removeprefix(GROUP))
    elif line:
        rows = rows.filter(kind__key=line, kind__group=KindGroup.LINE)
    if column:
        rows = rows.filter(state=ActivityState.FINISHED if column == HELD else ActivityState.PUBLISHED)
    return activity_rows(rows, rows.count)


def activity_rows(rows: Any, amount: Any) -> Rows:
    """Activities, the newest first."""
    return Rows(rows.with_names().order_by("-starts_at", "-pk"), _show_activities, amount)


def _show_activities(page: Sequence[Activity]) -> list[ShownRow]:
    found = []
    for row in page:
        host = row.party_branch.short_name if row.party_branch else row.league_branch.name if row.league_branch else ""
        day = formats.date_format(timezone.localtime(row.starts_at))
        about = f"{row.kind.name} · {host} · {day} · {row.get_state_display()}"
        found.append(ShownRow(row.title, about, reverse("activity", args=[row.pk])))
    return found


LINES: Final = FigureSource(
    "lines",
    gettext_lazy("Activities by line"),
    gettext_lazy("Published activities of the branches that begin in the period: the six lines of the pairing work, and the rest in two groups."),
    "stacked",
    gettext_lazy("line"),
    pgettext_lazy("counted in", "activities"),
    gettext_lazy("The branches have published no activity that begins in the period. Plan one, alone or with the other branch."),
    _lines_axes,
    _lines_values,
    _lines_rows,
    number,
    see_also="activities",
)  # fmt: skip
