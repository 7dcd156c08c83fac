"""The administration of people: the register of members, that of activists, and everybody."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.admin import ImportExportMixin

from accounts.limits import EXPORTS, said_too_often, take_turn
from accounts.models import AuditAction
from accounts.services import record_audit
from branches.models import LeagueBranch
from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.errors import too_many_requests
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, NOBODY, SETUP_ROLES, Role, Scope
from pairing_portal.common.spreadsheets import Column, SheetSpec, write_xlsx

from . import admin_posts  # noqa: F401  # registers its pages
from .import_views import XLSX, roster_apply, roster_import
from .importing.access import may_import
from .leaving_services import not_yet_text, save_leaver
from .models import Activist, Member, Person
from .services import save_person

KEEPERS = frozenset({Role.SECRETARY, Role.COMMITTEE, Role.STAFF, Role.ADMINISTRATOR})


class AwayFilter(admin.SimpleListFilter):
    title = gettext_lazy("where")
    parameter_name = "away"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("away now")), ("no", gettext_lazy("on campus"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = timezone.localdate()
        if self.value() == "yes":
            return queryset.away_on(today)
        return queryset.on_campus(today) if self.value() == "no" else queryset


class LeavingFilter(admin.SimpleListFilter):
    title = gettext_lazy("graduates")
    parameter_name = "graduates"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("this_year", gettext_lazy("this year"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(graduates_on__year=timezone.localdate().year) if self.value() else queryset


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


class RosterAdmin(ImportExportMixin, PortalHistoryAdmin):
    """Common to the registers. Import and export are ours; django-import-export gives their addresses and buttons."""

    view_roles = ADMIN_SITE_ROLES
    change_roles = import_roles = export_roles = KEEPERS
    delete_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ("name", "number", "stage", "branch", "school_class", "programme", "graduates_on")
    list_filter = ("stage", "party_branch", "school_class", "programme", AwayFilter, LeavingFilter)
    list_select_related = ("party_branch", "school_class")
    search_fields = ("name", "number", "name_key")
    search_help_text = gettext_lazy("Name, pinyin or number")
    ordering = ("name_key", "number")
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
    register_title: Any = ""

    @admin.display(description=gettext_lazy("Party branch"), ordering="party_branch")
    def branch(self, person: Person) -> str:
        return person.party_branch.short_name if person.party_branch else ""

    @admin.display(description=gettext_lazy("political status"))
    def political(self, person: Person) -> str:
        return str(person.political_status)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The number is who somebody is: a wrong one is a new row, not an edit.
        return (*self.readonly_fields, "number") if obj else self.readonly_fields

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Person]:
        return super().get_queryset(request).distinct()

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
        try:
            # What the list shows: the rows of the scope, its filters and its search, in its order.
            rows = self.get_export_queryset(request).select_related("department", "party_branch", "school_class")
        except IncorrectLookupParameters:
            return redirect(request.path)
        purpose = request.POST.get("purpose", "").strip()[:100]
        if request.method != "POST" or not purpose:
            context = {
                **self.admin_site.each_context(request), "title": _("Export"), "opts": self.model._meta, "row_count": rows.count(),
                "lacks_purpose": request.method == "POST",
            }  # fmt: skip
            return TemplateResponse(request, "admin/members/register_export.html", context)
        now = timezone.now()
        if wait := take_turn(limit=EXPORTS, user=request.user, now=now):  # type: ignore[arg-type]  # signed in
            return too_many_requests(request, said_too_often(EXPORTS, now, wait), wait_seconds=wait)
        buffer = io.BytesIO()
        title = str(self.model._meta.verbose_name_plural)
        notes = [
            (_("made by"), str(request.user)), (_("made at"), timezone.localtime().strftime("%Y-%m-%d %H:%M")), (_("purpose"), purpose),
        ]  # fmt: skip
        write_xlsx(buffer, [SheetSpec(title[:31], _columns(), _rows(rows), title=title, notes=notes)])
        record_audit(
            action=AuditAction.EXPORTED, user=request.user, request=request, object_type=self.model._meta.model_name or "",  # type: ignore[arg-type]  # signed in
            detail={"purpose": purpose, "format": "xlsx", "rows": rows.count(), "filters": sorted(request.GET)[:20]},
            now=now,
        )  # fmt: skip
        response = HttpResponse(buffer.getvalue(), content_type=XLSX)
        response["Content-Disposition"] = (
            content_disposition_header(True, f"{title}-{timezone.localdate():%Y%m%d}.xlsx") or ""
        )
        return response


def _columns() -> list[Column]:
    dates = (_("applied on"), _("activist since"), _("candidate since"), _("admitted on"), _("full member since"))
    texts = (
        _("student or staff number"),
        _("name"),
        _("sex"),
        _("department"),
        _("Party branch"),
        _("class"),
        _("stage"),
        _("political status"),
    )
    return [
        *(Column(heading, width=14) for heading in texts),
        *(Column(heading, width=12, kind="date") for heading in dates),
    ]


def _rows(people: models.QuerySet[Person]) -> Iterable[tuple[Any, ...]]:
    for person in people.iterator(chunk_size=1_000):
        yield (
            person.number, person.name, str(person.get_sex_display()), person.department.name,
            person.party_branch.name if person.party_branch else "", person.school_class.name if person.school_class else "",
            str(person.get_stage_display()), str(person.political_status),
            person.applied_on, person.activist_on, person.candidate_on, person.admitted_on, person.converted_on,
        )  # fmt: skip


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

    list_filter = ("stage", "party_branch", "programme", AwayFilter, LeavingFilter)


@register(Activist)
class ActivistAdmin(PartOfTheRoster, RosterAdmin):
    """The register of activists and candidates."""

    list_display = ("name", "number", "stage", "branch", "school_class", "activist_on", "candidate_on")
    list_filter = ("stage", "party_branch", "programme", AwayFilter)
