"""Goals, observation records and plans in the administration: to read, with their history; they change on their pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.admin import PortalHistoryAdmin, PortalTabularInline, register
from pairing_portal.common.scope import ADMIN_SITE_ROLES, BRANCH_ROLES, SETUP_ROLES

from .models import GoalStep, LeagueMilestone, LeaguePlan, MentoringGoal, ObservationRecord

OBSERVING_ROLES = BRANCH_ROLES | SETUP_ROLES


class GoalStateFilter(admin.SimpleListFilter):
    """Proposed, agreed, overdue, reached or given up."""

    title = _("state")
    parameter_name = "goal_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("proposed", _("waiting for the other's yes")),
            ("agreed", _("agreed")),
            ("overdue", _("overdue")),
            ("reached", _("reached")),
            ("dropped", _("given up")),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        rows: Any = queryset
        agreed = models.Q(mentor_agreed_at__isnull=False, mentee_agreed_at__isnull=False)
        match self.value():
            case "proposed":
                return rows.open().exclude(agreed)
            case "agreed":
                return rows.open().agreed()
            case "overdue":
                return rows.overdue(timezone.localdate())
            case "reached":
                return rows.filter(reached_on__isnull=False)
            case "dropped":
                return rows.filter(dropped_on__isnull=False)
        return queryset


class StepInline(PortalTabularInline):
    model = GoalStep
    fields = ("what", "due_on", "done_on")


@register(MentoringGoal)
class MentoringGoalAdmin(PortalHistoryAdmin):
    view_roles = ADMIN_SITE_ROLES
    list_display = ("what", "mentorship", "due_on", "proposed_by", "reached_on", "dropped_on")
    list_filter = (GoalStateFilter, ("due_on", admin.DateFieldListFilter))
    list_select_related = ("mentorship__mentor", "mentorship__mentee", "proposed_by")
    search_fields = ("what", "mentorship__mentor__name", "mentorship__mentee__name")
    inlines = (StepInline,)
    fields = (
        "mentorship", "what", "due_on", "proposed_by", "mentor_agreed_at", "mentee_agreed_at", "reached_on", "dropped_on",
        "drop_reason",
    )  # fmt: skip


@register(ObservationRecord)
class ObservationRecordAdmin(PortalHistoryAdmin):
    """The person observed finds nothing here; an administrator who is not of the college's staff neither."""

    view_roles = OBSERVING_ROLES
    list_display = ("person", "kind", "period_from", "period_to", "observer", "signed_on")
    list_filter = ("kind", ("period_to", admin.DateFieldListFilter))
    list_select_related = ("person", "observer")
    search_fields = ("person__name", "person__number", "observer__name")
    fields = (
        "person", "kind", "mentorship", "period_from", "period_to", "politics", "study", "work", "masses", "strengths",
        "observer", "recorded_by", "signed_on",
    )  # fmt: skip


class MilestoneInline(PortalTabularInline):
    model = LeagueMilestone
    fields = ("what", "focus_area", "due_on", "done_on", "result")


@register(LeaguePlan)
class LeaguePlanAdmin(PortalHistoryAdmin):
    view_roles = ADMIN_SITE_ROLES
    list_display = ("league_branch", "academic_year", "model_type", "aim", "made_by")
    list_filter = ("model_type", "academic_year")
    list_select_related = ("league_branch", "academic_year", "made_by")
    search_fields = ("league_branch__name", "aim")
    inlines = (MilestoneInline,)
    fields = ("league_branch", "academic_year", "model_type", "aim", "made_by", "created_at")


@register(LeagueMilestone)
class LeagueMilestoneAdmin(PortalHistoryAdmin):
    view_roles = ADMIN_SITE_ROLES
    list_display = ("what", "plan", "focus_area", "due_on", "done_on")
    list_filter = ("focus_area", ("due_on", admin.DateFieldListFilter))
    list_select_related = ("plan__league_branch", "plan__academic_year")
    search_fields = ("what", "plan__league_branch__name")
    fields = ("plan", "what", "focus_area", "due_on", "done_on", "result")
