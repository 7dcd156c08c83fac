"""Posts, roles of staff, absences and what else hangs on a person, in the administration."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import LeagueBranch, PartyBranch
from branches.policy import policy_number
from pairing_portal.common.admin import NO_ROLES, PortalHistoryAdmin, PortalModelAdmin, register
from pairing_portal.common.problems import Problem
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, Role, Scope

from . import admin_process, post_services  # noqa: F401  # admin_process registers its pages
from .absence_services import save_absence
from .models import Absence, ExcellentMember, Person, Post, Sponsor, StaffRole
from .office_models import LEAGUE_POSTS, StaffKind
from .stages import MEMBER_STAGES, Stage

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
KEEPERS = frozenset({Role.SECRETARY, Role.COMMITTEE, Role.STAFF, Role.ADMINISTRATOR})


def keeps_a_roster(scope: Scope) -> bool:
    """Runs a branch, or is staff or administrator: sees a roster and may change it."""
    return bool(scope.managed_branch_ids) or scope.has(Role.STAFF, Role.ADMINISTRATOR)


def changeable_people(request: HttpRequest) -> Any:
    """People of the rosters one may change."""
    scope = scope_of(request)
    own = Person.objects.visible_to(scope).changeable_by(scope).order_by().values("pk")
    return Person.objects.visible_to(scope).filter(pk__in=own)


class OfPersonAdmin:
    """Rows of people one may change. Other people's rows can be neither picked nor planted."""

    view_roles = ADMIN_SITE_ROLES
    add_roles = change_roles = delete_roles = KEEPERS
    search_fields: Any = ("person__name", "person__number")
    list_select_related: Any = ("person",)
    admin_site: Any

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request) and keeps_a_roster(scope_of(request))  # type: ignore[misc]  # bound at once

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return ("person", "sponsor") if self.admin_site.is_registered(Person) else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "person":
            kwargs["queryset"] = changeable_people(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]  # bound at once


class PostForm(forms.ModelForm):
    """Adding appoints, changing corrects the dates or ends the term: each through its service, which has the last word."""

    replace_holder = forms.BooleanField(
        label=gettext_lazy("end the term of the present holder"),
        required=False,
        help_text=gettext_lazy("Their term ends on the day the new one begins."),
    )
    # Set by the admin for the request.
    scope: Scope

    class Meta:
        model = Post
        fields = ("person", "kind", "party_branch", "league_branch", "since", "planned_end_on", "ended_on")

    def _get_validation_exclusions(self) -> set[str]:
        """Whether a post is free is for the service to say, which can make it free."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # absent from the stubs
        return excluded | {"party_branch", "league_branch"} if self.instance.pk is None else excluded

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.instance.pk is None and not self.errors:
            self._clean_appointment(cleaned)
        return cleaned

    def _clean_appointment(self, cleaned: dict[str, Any]) -> None:
        party, league, kind = cleaned.get("party_branch"), cleaned.get("league_branch"), cleaned["kind"]
        if (party is None) == (league is None) or (league is not None) != (kind in LEAGUE_POSTS):
            self.add_error("kind", _("A post belongs to one Party branch or to one League branch, as its kind says."))
            return
        branch = party or league
        if not post_services.may_fill(self.scope, kind, branch):
            self.add_error(
                "kind", _("This post is filled by the department or by the branch itself, not by your role.")
            )
        holder = post_services.current_holder(branch, kind)
        if holder is not None and not cleaned.get("replace_holder"):
            self.add_error(
                "replace_holder",
                _("%(name)s holds this post. Tick here to end that term.") % {"name": holder.person.name},
            )
        for problem in post_services.appointment_problems(person=cleaned["person"], kind=kind, branch=branch):
            if problem.severity == "block":
                self.add_error("person", str(problem))


@register(Post)
class PostAdmin(OfPersonAdmin, PortalHistoryAdmin):
    """Posts are given and ended, never deleted."""

    form = PostForm
    delete_roles = NO_ROLES
    list_display = ("person", "kind", "party_branch", "league_branch", "since", "planned_end_on", "ended_on")
    list_filter = ("kind", ("ended_on", admin.EmptyFieldListFilter), "party_branch")
    list_select_related = ("person", "party_branch", "league_branch")
    fields = ("person", "kind", "party_branch", "league_branch", "since", "planned_end_on")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.fields, "replace_holder") if obj is None else (*self.fields, "ended_on")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        # A term that has ended is history.
        ended = ("since", "planned_end_on", "ended_on") if obj.ended_on else ()
        return ("person", "kind", "party_branch", "league_branch", *ended)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.scope = scope_of(request)
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_change_permission(request, obj):
            return False
        if not isinstance(obj, Post):
            return True
        branch = obj.party_branch or obj.league_branch
        return branch is not None and post_services.may_fill(scope_of(request), obj.kind, branch)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        scope = scope_of(request)
        if db_field.name == "party_branch":
            rows = PartyBranch.objects.visible_to(scope)
            kwargs["queryset"] = rows if scope.has(Role.ADMINISTRATOR) else rows.run_by(scope)
        if db_field.name == "league_branch":
            rows = LeagueBranch.objects.visible_to(scope)
            kwargs["queryset"] = rows if scope.has(Role.ADMINISTRATOR) else rows.supervised_by(scope)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Post, form: Any, change: bool) -> None:
        common: dict[str, Any] = {"scope": scope_of(request), "by": request.user, "now": timezone.now()}
        if change:
            if form.changed_data:
                self._change(obj, form, request, common)
            return
        made = post_services.appoint_to_post(
            person=obj.person, kind=obj.kind, branch=obj.party_branch or obj.league_branch, since=obj.since,
            planned_end_on=obj.planned_end_on, replace_holder=form.cleaned_data["replace_holder"], request=request, **common,
        )  # fmt: skip
        obj.pk, obj._state.adding = made.pk, False

    def _change(self, obj: Post, form: Any, request: HttpRequest, common: dict[str, Any]) -> None:
        if {"since", "planned_end_on"} & set(form.changed_data):
            post_services.correct_post(post=obj, since=obj.since, planned_end_on=obj.planned_end_on, **common)
        if obj.ended_on is not None and "ended_on" in form.changed_data:
            post_services.end_post(post=obj, ended_on=obj.ended_on, request=request, **common)


class StaffRoleForm(forms.ModelForm):
    class Meta:
        model = StaffRole
        fields = ("user", "kind", "department", "classes")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        department, classes = cleaned.get("department"), list(cleaned.get("classes") or [])
        strange = [str(row) for row in classes if department is not None and row.department_id != department.pk]
        if strange:
            self.add_error(
                "classes", _("Not of this department: %(classes)s.") % {"classes": _(", ").join(strange[:5])}
            )
        if classes and cleaned.get("kind") == StaffKind.ORGANISER:
            self.add_error("classes", _("Only counsellors have classes."))
        return cleaned


@register(StaffRole)
class StaffRoleAdmin(PortalModelAdmin):
    """Who is organiser or counsellor: power over the system gives these roles, and holds none by giving them."""

    form = StaffRoleForm
    view_roles = add_roles = change_roles = delete_roles = ADMINISTRATORS
    list_display = ("user", "kind", "department")
    list_filter = ("kind", "department")
    list_select_related = ("user", "department")
    search_fields = ("user__username", "user__display_name")
    autocomplete_fields = ("user",)
    filter_horizontal = ("classes",)

    def save_model(self, request: HttpRequest, obj: StaffRole, form: Any, change: bool) -> None:
        post_services.save_staff_role(role=obj, by=request.user, now=timezone.now(), request=request)  # type: ignore[arg-type]  # signed in

    def delete_model(self, request: HttpRequest, obj: StaffRole) -> None:
        post_services.remove_staff_roles(roles=[obj], by=request.user, now=timezone.now(), request=request)  # type: ignore[arg-type]  # signed in

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[StaffRole]) -> None:
        post_services.remove_staff_roles(
            roles=list(queryset),
            by=request.user,
            now=timezone.now(),
            request=request,  # type: ignore[arg-type]  # has META, which is all that is read
        )


@register(Absence)
class AbsenceAdmin(OfPersonAdmin, PortalHistoryAdmin):
    list_display = ("person", "kind", "from_on", "to_on")
    list_filter = ("kind",)
    date_hierarchy = "from_on"
    fields = ("person", "kind", "from_on", "to_on")

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        save_absence(absence=obj, by=request.user)  # type: ignore[arg-type]  # signed in


@register(ExcellentMember)
class ExcellentMemberAdmin(OfPersonAdmin, PortalHistoryAdmin):
    list_display = ("person", "academic_year", "note")
    list_filter = ("academic_year",)
    list_select_related = ("person", "academic_year")
    fields = ("person", "academic_year", "note")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "person" and field is not None:
            field.queryset = changeable_people(request).filter(stage__in=MEMBER_STAGES)
        return field


class SponsorForm(forms.ModelForm):
    """R08: full members sponsor, and not more of them than the rule says."""

    class Meta:
        model = Sponsor
        fields = ("person", "sponsor", "named_on")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        person, sponsor = cleaned.get("person"), cleaned.get("sponsor")
        if sponsor is not None and sponsor.stage != Stage.FULL:
            problem = Problem(_("%(name)s is no full member and cannot sponsor.") % {"name": sponsor.name}, rule="R08")
            self.add_error("sponsor", str(problem))
        if person is not None:
            limit = policy_number("sponsors", timezone.localdate())
            if person.sponsors.exclude(pk=self.instance.pk).count() >= limit:
                problem = Problem(
                    _("%(name)s has %(limit)d sponsors already.") % {"name": person.name, "limit": limit}, rule="R08"
                )
                self.add_error("person", str(problem))
        return cleaned


@register(Sponsor)
class SponsorAdmin(OfPersonAdmin, PortalModelAdmin):
    form = SponsorForm
    # A secretary sponsors too, whose own row may lie in another branch's roster.
    offers_visible = frozenset({"sponsor"})
    list_display = ("person", "sponsor", "named_on")
    list_select_related = ("person", "sponsor")
    fields = ("person", "sponsor", "named_on")
