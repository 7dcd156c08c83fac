"""The administration of people: the registers of members, candidates, activists and applicants, and everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.admin import ImportExportMixin

from branches.models import LeagueBranch
from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, NOBODY, SETUP_ROLES, Role, Scope

from . import admin_posts, admin_transfers  # noqa: F401  # registers their pages
from .admin_actions import RegisterActions
from .admin_lists import (
    REASONS,
    AwayFilter,
    BranchFilter,
    CappedPaginator,
    ClassFilter,
    DepartmentFilter,
    FoundPaginator,
    GradeFilter,
    LeavingFilter,
    ReadableChanges,
    RegisterChangeList,
    StageFilter,
    list_columns,
)
from .import_views import roster_apply, roster_import
from .importing.access import may_import
from .leaving_services import not_yet_text, save_leaver
from .models import Activist, Applicant, Candidate, Member, Person, SavedView
from .register_export import export_register
from .registers import chosen_columns, find_people, offered_columns
from .saved_view_services import address_of, kept_query
from .services import save_person

KEEPERS = frozenset({Role.SECRETARY, Role.COMMITTEE, Role.STAFF, Role.ADMINISTRATOR})
PLACES = (("department", DepartmentFilter), ("party_branch", BranchFilter), ("school_class", ClassFilter))
STUDIES = (GradeFilter, "programme", LeavingFilter, AwayFilter)


class PersonForm(forms.ModelForm):
    """Keeps what the database cannot: a branch and class of the person's department, within what the user manages."""

    portal_scope: Scope = NOBODY

    def clean_left_on(self) -> date | None:
        day: date | None = self.cleaned_data["left_on"]
        if day is not None and "left_on" in self.changed_data and day > timezone.localdate():
            raise forms.ValidationError(not_yet_text())
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        department, branch, school_class = data.get("department"), data.get("party_branch"), data.get("school_class")
        for name, row in (("party_branch", branch), ("school_class", school_class)):
            if row is not None and department is not None and row.department_id != department.pk:
                self.add_error(name, _("This belongs to another department. Choose one of the person's department."))
        scope = self.portal_scope
        if not scope.whole_college and department is not None and department.pk not in scope.department_ids:
            if not (scope.manages(branch.pk) if branch else self._stays_a_classmate(school_class)):
                self.add_error("party_branch", _("Choose a Party branch that you manage."))
        return data

    def _stays_a_classmate(self, school_class: Any) -> bool:
        """Known without a Party branch, and in a class whose League branch the user guides, before and after."""
        known = self.instance.pk is not None and self.initial.get("party_branch") is None
        guided = LeagueBranch.objects.visible_to(self.portal_scope).filter(
            pk__in=self.portal_scope.guided_league_branch_ids
        )
        return known and school_class is not None and guided.filter(school_class=school_class).exists()


class RosterAdmin(RegisterActions, ImportExportMixin, PortalHistoryAdmin):
    """Common to the registers. Import and export are ours; django-import-export gives their addresses and buttons.

    A page costs the same in a long register as in a short one: it is read in the order of an index, counted no further than
    `COUNTED`, and its filters offer only lists that are short.
    """

    view_roles = ADMIN_SITE_ROLES
    change_roles = import_roles = export_roles = KEEPERS
    delete_roles = frozenset({Role.ADMINISTRATOR})
    list_filter: Any = (("stage", StageFilter), *PLACES, *STUDIES)
    list_select_related = ("party_branch", "school_class", "department")
    list_before_template = "admin/members/register_tools.html"
    list_filter_sheet = False
    search_fields = ("name", "number", "name_key")
    search_help_text = gettext_lazy("Beginning or end of the name, pinyin, initials or number")
    ordering = ("name_key", "number")
    # Any other order would sort the whole register for every page.
    sortable_by = ("shown_name", "number")
    readonly_fields = ("stage", "political")
    form = PersonForm
    # Names known within the department; the form says which department, class and branch go together.
    offers_visible = frozenset({"department", "school_class"})
    fieldsets = (
        (None, {"fields": ("number", "name", "sex", "ethnicity", "born_on", "phone")}),
        (gettext_lazy("Studies"), {"fields": ("department", "programme", "major", "school_class", "enrolment_year", "graduates_on")}),
        (
            gettext_lazy("Development"),
            {
                "fields": (
                    "stage", "political", "party_branch", "is_league_member", "league_joined_on", "applied_on", "activist_on", "candidate_on",
                    "admitted_on", "converted_on", "extended_to", "left_on",
                )
            },
        ),
    )  # fmt: skip

    class Media:
        css = {"all": ["css/registers.css"]}  # Django's own form of it

    @admin.display(description=gettext_lazy("name"), ordering="name_key")
    def shown_name(self, person: Person) -> str:
        return person.name

    @admin.display(description=gettext_lazy("Party branch"))
    def branch(self, person: Person) -> str:
        return person.party_branch.short_name if person.party_branch else ""

    @admin.display(description=gettext_lazy("political status"))
    def political(self, person: Person) -> str:
        return str(person.political_status)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The number is who somebody is: a wrong one is a new row, not an edit.
        return (*self.readonly_fields, "number") if obj else self.readonly_fields

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return find_people(queryset, search_term), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RegisterChangeList]:
        return RegisterChangeList

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> CappedPaginator:
        finds_few = request.GET.get("q", "").strip() or request.GET.get(AwayFilter.parameter_name) == "yes"
        return (FoundPaginator if finds_few else CappedPaginator)(queryset, per_page, *args, **kwargs)

    def get_list_display(self, request: HttpRequest) -> Any:
        return list_columns(self._columns(request), scope_of(request))

    @property
    def register_name(self) -> str:
        return str(self.model._meta.model_name)

    def _columns(self, request: HttpRequest) -> tuple[str, ...]:
        return chosen_columns(self.register_name, request.GET.getlist("cols"), scope_of(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        scope, chosen = scope_of(request), self._columns(request)
        views = SavedView.objects.visible_to(scope).filter(register=self.register_name)
        opened = request.GET.get("view", "")
        tools = {
            "views": [{"view": view, "query": address_of(view), "is_open": str(view.pk) == opened} for view in views],
            "columns": [(column, column.key in chosen) for column in offered_columns(scope) if column.key != "name"],
            "kept": parse_qsl(kept_query(request.GET.urlencode())),
            "query": request.GET.urlencode(),
            "chosen": chosen,
            "register": self.register_name,
        }
        return super().changelist_view(request, {**(extra_context or {}), "tools": tools})

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Any, *args: Any, **kwargs: Any
    ) -> None:
        super().set_history_delta_changes(request, historical_records, *args, **kwargs)
        for record in historical_records:
            reason = record.history_change_reason or ""
            record.history_change_reason = REASONS.get(reason, reason)

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> ReadableChanges:
        return ReadableChanges(self.model, historical_record)

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        today = timezone.localdate()
        if obj.left_on is None or "left_on" not in form.changed_data:
            save_person(person=obj, today=today, by=request.user)  # type: ignore[arg-type]  # signed in
            return
        lines = save_leaver(person=obj, by=request.user, today=today, now=timezone.now(), request=request)  # type: ignore[arg-type]  # signed in
        for line in lines:
            self.message_user(request, line)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.portal_scope = scope_of(request)
        return form

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and may_import(scope_of(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        # django-import-export stands first and would ask for a permission nobody is given.
        return self._allowed(request, self.export_roles)

    # --- import: the same steps as on the portal's own page ----------------------------------------

    def _address(self, name: str) -> str:
        return reverse(f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_{name}")

    def _import_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": _("Import rosters"),
            "opts": self.model._meta,
            "upload_url": self._address("import"),
            "apply_url": self._address("process_import"),
        }

    def import_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        return roster_import(request, template="admin/members/roster_import.html", extra=self._import_context(request))

    def process_import(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        return roster_apply(
            request, template="admin/members/roster_import.html",
            done=f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_changelist", extra=self._import_context(request),
        )  # fmt: skip

    # --- export: our writer, the rows of the scope, the fewest columns -----------------------------

    def export_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_export_permission(request):
            raise PermissionDenied
        rows: Callable[[], Any] = lambda: self.get_export_queryset(request)  # noqa: E731  # reads the list's filters only when asked
        return export_register(self, request, rows, request.GET.getlist("cols"))


@register(Person)
class PersonAdmin(RosterAdmin):
    """Everybody, whatever the stage."""

    add_roles = SETUP_ROLES | {Role.SECRETARY}


class PartOfTheRoster:
    """A register shows some of the people; their history is that of the person."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:members_person_history", object_id)


@register(Member)
class MemberAdmin(PartOfTheRoster, RosterAdmin):
    """The register of members."""


@register(Candidate)
class CandidateAdmin(PartOfTheRoster, RosterAdmin):
    """The register of development candidates."""

    list_filter = (*PLACES, *STUDIES)


@register(Activist)
class ActivistAdmin(PartOfTheRoster, RosterAdmin):
    """The register of activists."""

    list_filter = (*PLACES, *STUDIES)


@register(Applicant)
class ApplicantAdmin(PartOfTheRoster, RosterAdmin):
    """The register of applicants."""

    list_filter = (*PLACES, *STUDIES)
