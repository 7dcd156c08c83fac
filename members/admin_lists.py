"""How a register lists: filters that stay short in a large college, counting that stops, columns somebody chose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat
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
# Of what is searched for, and of who is away: so many are looked up once, for the count and the page alike.
FOUND = 1_000
# Longer lists of places are offered once something above them is chosen.
OFFERED = 80
YEARS_BACK = 6
# Why a version was written, where the writer left a code.
REASONS = {"roster": _("import of a roster")}
# Parameters of the page that are no filters.
OWN_PARAMETERS = ("cols", "view")


class CappedPaginator(Paginator):
    """Counts no further than `limit`; `is_capped` says that there are more. `is_search` chooses the words for it."""

    is_search = False

    @property
    def limit(self) -> int:
        return COUNTED

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.limit + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.limit)

    @property
    def is_capped(self) -> bool:
        return self._counted > self.limit


class FoundPaginator(CappedPaginator):
    """For few among many: looks up the keys of the first `FOUND` in their order, once; a page reads the rows of its own keys.

    The order of an index is no help here. PostgreSQL takes whoever is looked for to be spread evenly over the register and leafs
    through it in order until a page is full; all of one surname stand in one place, though, so that it reads half of the college.
    Therefore the keys are ordered by an expression without an index: found first, sorted then.
    """

    is_search = True

    @property
    def limit(self) -> int:
        return FOUND

    @cached_property
    def _keys(self) -> list[int]:
        rows: Any = self.object_list
        first, *rest = rows.query.order_by or rows.model._meta.ordering
        is_descending, name = first.startswith("-"), first.removeprefix("-")
        sorted_by = Concat(F(name), Value(""))
        rows = rows.select_related(None).order_by(sorted_by.desc() if is_descending else sorted_by.asc(), *rest)
        return list(rows.values_list("pk", flat=True)[: self.limit + 1])

    @cached_property
    def _counted(self) -> int:
        return len(self._keys)

    def rows(self, first: int, last: int) -> Any:
        """The rows between two places of the list."""
        rows: Any = self.object_list
        return rows.filter(pk__in=self._keys[first : min(last, self.limit)])

    def page(self, number: Any) -> Any:
        number = self.validate_number(number)
        return self._get_page(self.rows((number - 1) * self.per_page, number * self.per_page), number, self)


class RegisterChangeList(CappedChangeList):
    """Knows which parameters choose columns, so that they stay in every link and filter nothing."""

    def get_filters_params(self, params: Any = None) -> Any:
        found = super().get_filters_params(params)
        for name in OWN_PARAMETERS:
            found.pop(name, None)
        return found

    def in_words(self) -> list[dict[str, Any]]:
        """What is filtered: the filter's title, the choice, and the address without it."""
        found = []
        for spec in self.filter_specs if self.get_filters_params() else ():
            everything, *choices = list(spec.choices(self))
            found += [
                {"title": spec.title, "choice": choice["display"], "off": everything["query_string"]}
                for choice in choices
                if choice["selected"]
            ]
        return found

    def get_results(self, request: HttpRequest) -> None:
        """What is listed without pages is read by its keys, too, where the paginator has them."""
        super().get_results(request)
        is_whole = not self.multi_page or (self.show_all and self.can_show_all)
        if is_whole and isinstance(self.paginator, FoundPaginator):
            self.result_list = self.paginator.rows(0, self.result_count)


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
