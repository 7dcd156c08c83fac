"""How a register lists: filters that stay short in a large college, counting that stops, columns somebody chose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from simple_history.models import DeletedObject
from simple_history.template_utils import HistoricalRecordContextHelper

from branches.models import Department, PartyBranch, SchoolClass
from pairing_portal.common.admin import CappedChangeList
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from .models import REGISTER_STAGES, Person
from .registers import BY_KEY, RegisterColumn, may_see_contacts

# More rows than this are not counted and not leafed through: whoever looks for somebody among them filters.
COUNTED = 10_000
# Longer lists of places are offered once something above them is chosen.
OFFERED = 80
YEARS_BACK = 6
# Why a version was written, where the writer left a code.
REASONS = {"roster": _("import of a roster")}
# Parameters of the page that are no filters.
OWN_PARAMETERS = ("cols", "view")


class CappedPaginator(Paginator):
    """Counts no further than `COUNTED`; `is_capped` says that there are more."""

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: COUNTED + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNTED)

    @property
    def is_capped(self) -> bool:
        return self._counted > COUNTED


class RegisterChangeList(CappedChangeList):
    """Knows which parameters choose columns, so that they stay in every link and filter nothing."""

    def get_filters_params(self, params: Any = None) -> Any:
        found = super().get_filters_params(params)
        for name in OWN_PARAMETERS:
            found.pop(name, None)
        return found


class AwayFilter(admin.SimpleListFilter):
    title = _("where")
    parameter_name = "away"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("away now")), ("no", _("on campus"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = timezone.localdate()
        if self.value() == "yes":
            return queryset.away_on(today)
        return queryset.on_campus(today) if self.value() == "no" else queryset


class LeavingFilter(admin.SimpleListFilter):
    title = _("graduates")
    parameter_name = "graduates"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("this_year", _("this year")), ("next_year", _("next year"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        later = {"this_year": 0, "next_year": 1}.get(self.value() or "")
        return queryset if later is None else queryset.filter(graduates_on__year=timezone.localdate().year + later)


class GradeFilter(admin.SimpleListFilter):
    """The year of enrolment: 2026 级."""

    title = _("enrolment year")
    parameter_name = "enrolment_year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        this_year = timezone.localdate().year
        return [(str(year), str(year)) for year in range(this_year, this_year - YEARS_BACK, -1)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        return queryset.filter(enrolment_year=int(value)) if value.isascii() and value.isdigit() and len(value) == 4 else queryset  # fmt: skip


class StageFilter(admin.ChoicesFieldListFilter):
    """Only the stages the register holds."""

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        held = REGISTER_STAGES.get(getattr(changelist.model._meta.default_manager, "register", ""))
        labels = {str(stage.label) for stage in held or ()}
        for position, choice in enumerate(super().choices(changelist)):
            if held is None or position == 0 or str(choice["display"]) in labels:
                yield choice


def _chosen(request: HttpRequest, field: str) -> int | None:
    value = request.GET.get(f"{field}__id__exact", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None


class PlaceFilter(admin.RelatedFieldListFilter, ABC):
    """Places of the scope, offered when they are few; a long list waits for the place above it."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[int, str]]:
        rows = list(self.offered(request, scope_of(request))[: OFFERED + 1])
        return [] if len(rows) > OFFERED else [(row.pk, str(row)) for row in rows]

    def has_output(self) -> bool:
        # A filter in the address filters, and can be taken off, also where its list is not offered.
        return super().has_output() or self.lookup_val is not None or bool(self.lookup_val_isnull)

    @abstractmethod
    def offered(self, request: HttpRequest, scope: Scope) -> QuerySet[Any]:
        """Said by each place: what the scope may choose, as narrow as the places above it make it."""

    @property
    def include_empty_choice(self) -> bool:
        # "Empty" beside a handful of places, not in place of them.
        return bool(self.field.null and self.lookup_choices)


class DepartmentFilter(PlaceFilter):
    """For those who see more than one department."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[int, str]]:
        scope = scope_of(request)
        if not scope.whole_college and len(scope.department_ids) < 2:
            return []
        return super().field_choices(field, request, model_admin)

    def offered(self, request: HttpRequest, scope: Scope) -> QuerySet[Any]:
        rows = Department.objects.visible_to(scope).order_by("name")
        return rows if scope.whole_college else rows.filter(pk__in=scope.department_ids)


class BranchFilter(PlaceFilter):
    """Party branches, of the chosen department where one is chosen; nothing to choose for those who see one branch."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[int, str]]:
        scope = scope_of(request)
        if not (scope.whole_college or scope.department_ids) and len(scope.branch_ids) < 2:
            return []
        rows = list(self.offered(request, scope)[: OFFERED + 1])
        # 第三党支部 is enough within a department; the college has several of them.
        is_short = not scope.whole_college or _chosen(request, "department") is not None
        return [] if len(rows) > OFFERED else [(row.pk, row.short_name if is_short else row.name) for row in rows]

    def offered(self, request: HttpRequest, scope: Scope) -> QuerySet[Any]:
        rows = PartyBranch.objects.visible_to(scope).order_by("department", "name")
        department = _chosen(request, "department")
        return rows.filter(department=department) if department else rows


class ClassFilter(PlaceFilter):
    """Classes, of the chosen department and year where one is chosen."""

    def offered(self, request: HttpRequest, scope: Scope) -> QuerySet[Any]:
        rows = SchoolClass.objects.visible_to(scope).order_by("-enrolment_year", "name")
        department, year = _chosen(request, "department"), request.GET.get("enrolment_year", "")
        if department:
            rows = rows.filter(department=department)
        if year.isascii() and year.isdigit() and len(year) == 4:
            rows = rows.filter(enrolment_year=int(year))
        return rows


def cell_of(column: RegisterColumn, scope: Scope) -> Callable[[Person], Any]:
    """What a list shows under a sensitive column: nothing for people whose roster somebody else keeps."""

    def shown(person: Person) -> Any:
        return column.value(person) if may_see_contacts(scope, person) else None

    shown.__name__ = f"shown_{column.key}"
    shown.short_description = column.heading  # type: ignore[attr-defined]  # what the admin reads
    return shown


def list_columns(keys: tuple[str, ...], scope: Scope) -> tuple[Any, ...]:
    """The admin's `list_display` for chosen columns."""
    return tuple(
        cell_of(BY_KEY[key], scope) if BY_KEY[key].is_sensitive else {"name": "shown_name"}.get(key, key)
        for key in keys
    )


class ReadableChanges(HistoricalRecordContextHelper):
    """Before and after as the forms write them: 预备党员, not probationary; 是, not True; — for nothing."""

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        field = self.model._meta.get_field(change.field)
        # What pointed at nobody comes as something deleted that never was.
        if value is None or value == "" or (isinstance(value, DeletedObject) and value.pk is None):
            return "—"
        if isinstance(value, bool):
            return str(_("yes") if value else _("no"))
        if isinstance(value, date):
            return value.isoformat()
        choices = dict(getattr(field, "flatchoices", ()) or ())
        return (
            str(choices[value]) if choices and value in choices else super().prepare_delta_change_value(change, value)
        )
