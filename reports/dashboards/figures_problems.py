"""The three problems the pairing work set out to mend, each as one figure at the start of the period and now.

Example of members (先锋作用), level of theory (理论水平), forms of training (培训形式). What can be counted is not the problem
itself; each figure says how it is reckoned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Final

from dateutil.relativedelta import relativedelta
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from activities.models import ActivityState, LogPurpose

from .base import Axes, Axis, FigureSource, Rows, Values, number
from .figures_log import confirmed_entries, hours, minute_rows
from .figures_work import activities_hosted, activity_rows
from .rollup import read_sums
from .selection import Period, Selection, month_label, month_period

START: Final = "start"
NOW: Final = "now"
VALUE: Final = "value"
NOT_BEGUN: Final = gettext_lazy("The period has not begun.")
EXAMPLE: Final = (LogPurpose.PAIRING, LogPurpose.MENTORING, LogPurpose.LEAGUE_BRANCH, LogPurpose.SERVICE)
THEORY: Final = (LogPurpose.SELF_STUDY, LogPurpose.LECTURE)


def compared(selection: Selection) -> dict[str, date]:
    """The first month of the period, and the last that is over; the running one where no other came after the first."""
    months = selection.months
    if not months:
        return {}
    over = [month for month in months if month_period(month).last < selection.today]
    return {START: months[0], NOW: over[-1] if len(over) > 1 else months[-1]}


def _axes(selection: Selection) -> Axes:
    words = {START: _("start: %(month)s"), NOW: _("last whole month: %(month)s"), "so_far": _("now: %(month)s so far")}
    lines = []
    for key, month in compared(selection).items():
        is_running = key == NOW and month_period(month).last >= selection.today
        lines.append(Axis(key, words["so_far" if is_running else key] % {"month": month_label(month)}))
    return Axes(lines, [Axis(VALUE, _("value"))])


def _entry_values(purposes: Sequence[LogPurpose], selection: Selection, axes: Axes) -> Values:
    months = compared(selection)
    sums = read_sums(selection.rollup_rows, set(months.values()))
    return {
        (key, VALUE): sum(sums[month, str(one)].confirmed_minutes for one in purposes if (month, str(one)) in sums)
        for key, month in months.items()
    }


def _entry_rows(purposes: Sequence[LogPurpose], selection: Selection, line: str, column: str) -> Rows:
    months = {month for key, month in compared(selection).items() if line in ("", key)}
    return minute_rows(confirmed_entries(selection, months, [str(one) for one in purposes]))


def _held(selection: Selection, period: Period) -> object:
    return activities_hosted(selection, period).filter(state=ActivityState.FINISHED)


def _form_values(selection: Selection, axes: Axes) -> Values:
    return {(key, VALUE): _forms(_held(selection, month_period(month))) for key, month in compared(selection).items()}


def _forms(rows: object) -> int:
    found: int = rows.order_by().aggregate(n=Count("kind_id", distinct=True))["n"]  # type: ignore[attr-defined]  # activities
    return found


def _form_rows(selection: Selection, line: str, column: str) -> Rows:
    months = compared(selection)
    first, last = months.get(line or START, selection.period.first), months.get(line or NOW, selection.period.last)
    rows = _held(selection, Period("", "", first, last + relativedelta(months=1, days=-1)))
    return activity_rows(rows, partial(_forms, rows))


def _problem(key: str, title: object, definition: object, purposes: Sequence[LogPurpose]) -> FigureSource:
    return FigureSource(
        key, title, definition, "pair", gettext_lazy("month"), pgettext_lazy("counted in", "hours"), NOT_BEGUN, _axes, partial(_entry_values, purposes),  # type: ignore[arg-type]  # lazy texts
        partial(_entry_rows, purposes), hours, from_rollup=True,
    )  # fmt: skip


PROBLEMS: Final = (
    _problem(
        "example",
        gettext_lazy("Example of members"),
        gettext_lazy("Confirmed hours in a month of pairing, mentoring, work with League branches and volunteer service."),
        EXAMPLE,
    ),
    _problem(
        "theory",
        gettext_lazy("Level of theory"),
        gettext_lazy("Confirmed hours in a month of study and of theory lectures given."),
        THEORY,
    ),
    FigureSource(
        "forms",
        gettext_lazy("Forms of training"),
        gettext_lazy("How many different kinds of activity the branches finished in a month; behind it stand the activities."),
        "pair",
        gettext_lazy("month"),
        pgettext_lazy("counted in", "kinds"),
        NOT_BEGUN,
        _axes,
        _form_values,
        _form_rows,
        number,
        adds_up=False,
    ),
)  # fmt: skip
