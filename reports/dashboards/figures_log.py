"""Figures from log entries, read from the rollup: hours by month and purpose, how long confirmation took."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final

from dateutil.relativedelta import relativedelta
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from activities.models import LogEntry, LogPurpose

from .base import Axes, Axis, FigureSource, Rows, ShownRow, Values
from .rollup import median_of, read_sums
from .selection import Selection, month_label

MEDIAN: Final = "median"
PURPOSE_TONES: Final = {
    LogPurpose.PAIRING: "brand", LogPurpose.MENTORING: "gold", LogPurpose.LECTURE: "ok", LogPurpose.LEAGUE_BRANCH: "violet",
    LogPurpose.SELF_STUDY: "wait", LogPurpose.SERVICE: "ink", LogPurpose.ACTIVITY: "exempt", LogPurpose.OTHER: "line",
}  # fmt: skip


def hours(minutes: float | None) -> str:
    """Minutes as hours, to a tenth."""
    return f"{(minutes or 0) / 60:.1f}"


def days(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"


def month_axis(selection: Selection) -> list[Axis]:
    return [Axis(f"{month:%Y-%m}", month_label(month)) for month in selection.months]


def months_named(selection: Selection, line: str) -> list[date]:
    """The month a line names, or all that are shown."""
    return [month for month in selection.months if line in ("", f"{month:%Y-%m}")]


def confirmed_entries(selection: Selection, months: Collection[date], purposes: Collection[str] = ()) -> Any:
    """Confirmed entries of people of the branches in whole months: the same rows the rollup counts."""
    within = Q(pk__in=[])
    for month in months:
        within |= Q(on__gte=month, on__lt=month + relativedelta(months=1))
    rows = LogEntry.objects.confirmed().filter(within, person__party_branch_id__in=selection.ids)
    return rows.filter(purpose__in=purposes) if purposes else rows


def minute_rows(entries: Any) -> Rows:
    """Entries, each with its hours; together they come to their minutes."""

    def show(page: Sequence[LogEntry]) -> list[ShownRow]:
        return [_shown(row, _("%(hours)s h") % {"hours": hours(row.minutes)}) for row in page]

    ordered = entries.select_related("person__party_branch").order_by("-on", "-pk")
    return Rows(ordered, show, lambda: entries.aggregate(total=Sum("minutes"))["total"] or 0)


def _shown(row: LogEntry, amount: str) -> ShownRow:
    branch = row.person.party_branch.short_name if row.person.party_branch else ""
    about = f"{branch} · {formats.date_format(row.on)} · {row.get_purpose_display()}"
    return ShownRow(row.person.name, about, reverse("log_entry", args=[row.pk]), amount)


# --- Hours ------------------------------------------------------------------------------------------


def _hours_axes(selection: Selection) -> Axes:
    columns = [Axis(str(purpose.value), str(purpose.label), PURPOSE_TONES[purpose]) for purpose in LogPurpose]
    return Axes(month_axis(selection), columns)


def _hours_values(selection: Selection, axes: Axes) -> Values:
    sums = read_sums(selection.rollup_rows, selection.months)
    return {(f"{month:%Y-%m}", purpose): row.confirmed_minutes for (month, purpose), row in sums.items()}


def _hours_rows(selection: Selection, line: str, column: str) -> Rows:
    purposes = [column] if column else []
    return minute_rows(confirmed_entries(selection, months_named(selection, line), purposes))


HOURS: Final = FigureSource(
    "hours",
    gettext_lazy("Hours by month and purpose"),
    gettext_lazy("Confirmed hours of the people of the branches, in the whole months the period touches."),
    "columns",
    gettext_lazy("month"),
    pgettext_lazy("counted in", "hours"),
    gettext_lazy(
        "No entry of the period is confirmed yet. People log what they did; mentors and committees confirm it."
    ),
    _hours_axes,
    _hours_values,
    _hours_rows,
    hours,
    from_rollup=True,
    see_also="log_confirm",
)


# --- Timeliness -------------------------------------------------------------------------------------


def _days_axes(selection: Selection) -> Axes:
    return Axes(month_axis(selection), [Axis(MEDIAN, _("median days"))])


def _days_values(selection: Selection, axes: Axes) -> Values:
    together: dict[date, dict[int, int]] = {}
    for (month, _purpose), row in read_sums(selection.rollup_rows, selection.months).items():
        counts = together.setdefault(month, {})
        for took, count in row.days.items():
            counts[took] = counts.get(took, 0) + count
    return {(f"{month:%Y-%m}", MEDIAN): median_of(counts) for month, counts in together.items()}


def days_taken(entry: LogEntry) -> int:
    """Whole days from handing in to confirmation, by the calendar of the portal's zone."""
    handed_in, confirmed = entry.submitted_at or entry.created_at, entry.confirmed_at
    return max(0, (timezone.localdate(confirmed) - timezone.localdate(handed_in)).days)


def _days_rows(selection: Selection, line: str, column: str) -> Rows:
    entries = confirmed_entries(selection, months_named(selection, line))

    def show(page: Sequence[LogEntry]) -> list[ShownRow]:
        words = [(row, days_taken(row)) for row in page]
        return [_shown(row, ngettext("%(days)d day", "%(days)d days", took) % {"days": took}) for row, took in words]

    def amount() -> float | None:
        handed_in = TruncDate(Coalesce("submitted_at", "created_at"))
        by_days = entries.order_by().annotate(handed_in_on=handed_in, confirmed_on=TruncDate("confirmed_at"))
        counts: dict[int, int] = {}
        for first, last, count in by_days.values_list("handed_in_on", "confirmed_on").annotate(n=Count("pk")):
            took = max(0, (last - first).days)
            counts[took] = counts.get(took, 0) + count
        return median_of(counts)

    return Rows(entries.select_related("person__party_branch").order_by("-on", "-pk"), show, amount)


TIMELINESS: Final = FigureSource(
    "timeliness",
    gettext_lazy("Days to confirmed feedback"),
    gettext_lazy("Median of whole days from handing in an entry to its confirmation, of the entries confirmed, by the month of what was done."),
    "line",
    gettext_lazy("month"),
    pgettext_lazy("counted in", "days"),
    gettext_lazy("No entry of the period is confirmed yet, so there is nothing to measure."),
    _days_axes,
    _days_values,
    _days_rows,
    days,
    adds_up=False,
    from_rollup=True,
    see_also="supervision",
)  # fmt: skip
