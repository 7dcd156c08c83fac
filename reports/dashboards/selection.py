"""What a dashboard is about: whose branches, which months; both stand in the address, and nothing else answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from dateutil.relativedelta import relativedelta
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from branches.models import AcademicYear, Department, PartyBranch, Term
from pairing_portal.common.scope import Scope

from ..unit_filter import UnitFilter
from .rollup import month_of

EARLIEST: Final = date(2000, 1, 1)
LONGEST: Final = relativedelta(years=6)
MONTHS_OFFERED: Final = 12
YEARS_OFFERED: Final = 3
# More branches than this stand together by department.
BRANCHES_SHOWN: Final = 12


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, and what to call them. `key` is the address's word, "" for days named one by one."""

    key: str
    label: str
    first: date
    last: date

    @property
    def months(self) -> list[date]:
        """The first days of the months the period touches, oldest first."""
        found, month = [], month_of(self.first)
        while month <= self.last:
            found.append(month)
            month += relativedelta(months=1)
        return found

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """The period as moments: from the first up to, and without, the second."""
        return day_starts(self.first), day_starts(self.last + timedelta(days=1))


def day_starts(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def month_label(month: date) -> str:
    """2026年10月."""
    return formats.date_format(month, "YEAR_MONTH_FORMAT")


def month_period(month: date) -> Period:
    return Period(f"{month:%Y-%m}", month_label(month), month, month + relativedelta(months=1, days=-1))


def periods_offered(
    today: date, years: Sequence[AcademicYear], terms: Sequence[Term]
) -> list[tuple[str, list[Period]]]:
    """What the list offers, by group: terms that have begun, months, academic and calendar years. The newest first."""
    begun = sorted(
        (term for term in terms if term.start_monday <= today), key=lambda term: term.start_monday, reverse=True
    )
    study = sorted((year for year in years if year.starts_on <= today), key=lambda year: -year.start_year)
    month = month_of(today)
    return [
        (_("term"), [Period(f"term-{row.pk}", str(row), row.start_monday, row.ends_on) for row in begun[: 2 * YEARS_OFFERED]]),
        (_("month"), [month_period(month - relativedelta(months=back)) for back in range(MONTHS_OFFERED)]),
        (_("academic year"), [_academic_year(year) for year in study[:YEARS_OFFERED]]),
        (_("calendar year"), [_calendar_year(today.year - back) for back in range(YEARS_OFFERED)]),
    ]  # fmt: skip


def _academic_year(year: AcademicYear) -> Period:
    label = _("academic year %(year)s") % {"year": year}
    return Period(f"{year.start_year}-{year.start_year + 1}", label, year.starts_on, year.ends_on)


def _calendar_year(year: int) -> Period:
    return Period(str(year), _("calendar year %(year)d") % {"year": year}, date(year, 1, 1), date(year, 12, 31))


def default_period(today: date, offered: Sequence[tuple[str, list[Period]]]) -> Period:
    """The academic year running today; between two, or where none is entered, the twelve months up to this one."""
    for _group, periods in offered:
        for period in periods:
            if re.fullmatch(r"\d{4}-\d{4}", period.key) and period.first <= today <= period.last:
                return period
    first = month_of(today) - relativedelta(months=MONTHS_OFFERED - 1)
    return Period("", _("the last 12 months"), first, month_period(month_of(today)).last)


class DashboardFilter(UnitFilter):
    """A period beside the unit."""

    period = forms.ChoiceField(label=gettext_lazy("period"), required=False)
    first = forms.DateField(label=gettext_lazy("from"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=gettext_lazy("to"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    field_order = ("period", "first", "last", "department", "branch")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = periods_offered(
            today, list(AcademicYear.objects.all()), list(Term.objects.select_related("academic_year"))
        )
        self.standard = default_period(today, self.offered)
        choices = [(group, [(row.key, row.label) for row in rows]) for group, rows in self.offered if rows]
        self.fields["period"].choices = [("", self.standard.label), *choices]  # type: ignore[attr-defined]  # a choice field

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if self.errors:
            return data
        if (first is None) != (last is None):
            raise ValidationError(_("Name the first day and the last."))
        if first and last:
            if first > last:
                raise ValidationError({"last": _("The last day is before the first.")})
            if first < EARLIEST or last > first + LONGEST:
                raise ValidationError(
                    {"first": _("A period begins in 2000 at the earliest and lasts six years at most.")}
                )
        branch, department = data.get("branch"), data.get("department")
        if branch and department and branch.department_id != department.pk:
            raise ValidationError({"branch": _("This branch is of another department.")})
        return data

    @cached_property
    def chosen_period(self) -> Period:
        """Days named one by one count before a period of the list."""
        data = self.cleaned_data
        if data.get("first"):
            label = _("%(first)s to %(last)s") % {
                "first": formats.date_format(data["first"]), "last": formats.date_format(data["last"])
            }  # fmt: skip
            return Period("", label, data["first"], data["last"])
        offered = {row.key: row for _group, rows in self.offered for row in rows}
        return offered.get(data.get("period", ""), self.standard)

    def address(self) -> dict[str, str]:
        """The filter as the address says it, without what was left empty."""
        data = self.cleaned_data
        named = {"period": data.get("period", ""), "first": data.get("first"), "last": data.get("last")}
        named |= {name: data[name].pk if data.get(name) else "" for name in ("department", "branch")}
        return {key: str(value) for key, value in named.items() if value}


@dataclass(frozen=True)
class Unit:
    """A branch or a department as one line of a figure."""

    key: str
    label: str
    branch_ids: frozenset[int]


@dataclass
class Selection:
    """The branches and the period one page is about, on a day."""

    scope: Scope
    branches: list[PartyBranch]
    period: Period
    today: date
    department: Department | None = None
    branch: PartyBranch | None = None
    address: dict[str, str] | None = None

    @property
    def ids(self) -> list[int]:
        return [branch.pk for branch in self.branches]

    def in_words(self) -> list[str]:
        """The period and the unit, for the line under the heading; several branches are counted."""
        count = len(self.branches)
        words = [self.period.label]
        if count == 1:
            return [*words, self.branches[0].short_name]
        departments = {row.department_id: str(row.department) for row in self.branches}
        words += [*departments.values()] if len(departments) == 1 else [str(self.department)] if self.department else []
        return [*words, ngettext("%(count)d Party branch", "%(count)d Party branches", count) % {"count": count}]

    @property
    def query(self) -> str:
        return urlencode(self.address or {})

    @cached_property
    def months(self) -> list[date]:
        """The whole months the period touches, up to this one: what comes later has no entries to show."""
        return [month for month in self.period.months if month <= self.today]

    @cached_property
    def units(self) -> list[Unit]:
        """Branches one by one, or their departments where they are many."""
        if len(self.branches) <= BRANCHES_SHOWN:
            return [Unit(f"branch-{row.pk}", row.short_name, frozenset({row.pk})) for row in self.branches]
        by_department: dict[int, list[PartyBranch]] = {}
        for row in self.branches:
            by_department.setdefault(row.department_id, []).append(row)
        return [
            Unit(f"department-{pk}", str(rows[0].department), frozenset(row.pk for row in rows))
            for pk, rows in by_department.items()
        ]

    @cached_property
    def rollup_rows(self) -> Q:
        """The rows of the rollup that together say what the branches did, as few as there are."""
        if self.branch is not None:
            return Q(party_branch_id=self.branch.pk)
        if self.scope.college_staff and self.department is None:
            return Q(department=None, party_branch=None)
        whole = {row.department_id for row in self.branches if self.scope.oversees(row.department_id)}
        single = [row.pk for row in self.branches if row.department_id not in whole]
        return Q(department_id__in=whole) | Q(party_branch_id__in=single)


def select(scope: Scope, chosen: DashboardFilter, branches: Sequence[PartyBranch], today: date) -> Selection:
    """What a valid filter leaves of the branches the user answers for."""
    data = chosen.cleaned_data
    rows = [
        row
        for row in branches
        if (not data.get("branch") or row.pk == data["branch"].pk)
        and (not data.get("department") or row.department_id == data["department"].pk)
    ]
    return Selection(
        scope, rows, chosen.chosen_period, today, data.get("department"), data.get("branch"), chosen.address()
    )
