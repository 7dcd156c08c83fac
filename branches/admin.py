from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditAction
from accounts.services import record_audit
from pairing_portal.common.admin import PortalModelAdmin, PortalTabularInline, register
from pairing_portal.common.scope import SETUP_ROLES

from .models import AcademicYear, CalendarDay, Department, LeagueBranch, PartyBranch, PolicyValue, SchoolClass, Term
from .policy import RULES, check_policy_value


class SetupAdmin(PortalModelAdmin):
    """Everybody who works in the administration reads the organisation; staff and administrators change it."""

    add_roles = change_roles = SETUP_ROLES

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record_audit(
            action=AuditAction.SET_UP, user=request.user, request=request, object_type=self.model._meta.model_name or "",  # type: ignore[arg-type]  # signed in
            object_id=obj.pk, detail={"columns": sorted(form.changed_data)}, now=timezone.now(),
        )  # fmt: skip


@register(Department)
class DepartmentAdmin(SetupAdmin):
    list_display = ("name", "general_branch", "approving_committee")
    search_fields = ("name",)


@register(PartyBranch)
class PartyBranchAdmin(SetupAdmin):
    list_display = ("name", "department", "kind", "committee_term_ends_on", "is_active")
    list_filter = ("department", "kind", "is_active")
    list_select_related = ("department",)
    search_fields = ("name",)


@register(SchoolClass)
class SchoolClassAdmin(SetupAdmin):
    list_display = ("name", "department", "programme", "enrolment_year")
    list_filter = ("department", "programme", "enrolment_year")
    list_select_related = ("department",)
    search_fields = ("name",)


@register(LeagueBranch)
class LeagueBranchAdmin(SetupAdmin):
    list_display = ("name", "department", "school_class", "enrolment_year", "party_branch", "model_type", "is_active")
    list_filter = ("department", "enrolment_year", "model_type", "is_active")
    list_select_related = ("department", "school_class", "party_branch")
    search_fields = ("name",)


class TermInline(PortalTabularInline):
    model = Term
    add_roles = change_roles = SETUP_ROLES
    fields = ("season", "start_monday", "teaching_weeks", "exam_weeks")
    max_num = 2


@register(AcademicYear)
class AcademicYearAdmin(SetupAdmin):
    list_display = ("__str__", "starts_on", "ends_on")
    inlines = (TermInline,)


@register(CalendarDay)
class CalendarDayAdmin(SetupAdmin):
    delete_roles = SETUP_ROLES
    list_display = ("on", "kind", "name")
    list_filter = ("kind",)
    date_hierarchy = "on"


class PolicyValueForm(forms.ModelForm):
    key = forms.ChoiceField(label=_("rule"))

    class Meta:
        model = PolicyValue
        fields = ("key", "value", "source", "effective_from")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "key" in self.fields:
            self.fields["key"].choices = [
                (key, f"{rule.rule} {rule.label} ({rule.default} {rule.unit})") for key, rule in RULES.items()
            ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("key") and data.get("value") is not None:
            try:
                data["value"] = str(check_policy_value(data["key"], data["value"]))
            except forms.ValidationError as error:
                self.add_error("value", error)
        return data


@register(PolicyValue)
class PolicyValueAdmin(SetupAdmin):
    """A college's own numbers; what was in force before its date keeps counting for the time before."""

    form = PolicyValueForm
    delete_roles = SETUP_ROLES
    list_display = ("label", "key", "value", "effective_from", "source")
    list_filter = ("key",)
    search_fields = ("key", "source")

    @admin.display(description=_("rule"))
    def label(self, row: PolicyValue) -> str:
        rule = RULES.get(row.key)
        return f"{rule.rule} {rule.label}" if rule else row.key
