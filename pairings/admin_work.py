"""The shared work plan, inspections and projects in the administration: mostly to read; what changes goes through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, PortalModelAdmin, PortalTabularInline, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, SETUP_ROLES, Role

from . import work_services
from .models import (
    CrossInspection,
    InspectionFinding,
    InspectionMaterial,
    JointProject,
    PairingTask,
    ProjectMilestone,
)

WORK_ROLES = ADMIN_SITE_ROLES - {Role.COUNSELLOR}


class TaskStateFilter(admin.SimpleListFilter):
    """Open, overdue or done."""

    title = _("state")
    parameter_name = "work_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("to do")), ("overdue", _("overdue")), ("done", _("done"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() == "done":
            return queryset.filter(done_on__isnull=False)
        if self.value() == "open":
            return queryset.filter(done_on=None)
        if self.value() == "overdue":
            return queryset.filter(done_on=None, due_on__lt=timezone.localdate())
        return queryset


@register(PairingTask)
class PairingTaskAdmin(PortalHistoryAdmin):
    """Lines of work plans and of pairs; ticking off is an action that calls the service of the page."""

    view_roles = WORK_ROLES
    list_display = ("what", "area", "pairing", "side", "who", "due_on", "done_on")
    list_filter = (TaskStateFilter, "area", "side")
    list_select_related = ("pairing__helping_branch", "pairing__partner_branch", "who")
    search_fields = ("what", "who__name", "evidence")
    fields = (
        "pairing", "member_pairing", "area", "what", "side", "who", "starts_on", "due_on", "done_on", "done_by", "evidence",
    )  # fmt: skip
    actions = ("tick_off_selected",)

    @action(description=_("Tick off the selected tasks"))
    def tick_off_selected(self, request: HttpRequest, queryset: models.QuerySet[PairingTask]) -> None:
        scope, done = scope_of(request), 0
        for task in PairingTask.objects.visible_to(scope).filter(pk__in=queryset.values("pk")):
            try:
                work_services.finish_task(
                    task=task, evidence="", scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                    today=timezone.localdate(), now=timezone.now(),
                )  # fmt: skip
                done += 1
            except Refused as refusal:
                self.message_user(request, f"{task}:{refusal.text}", messages.WARNING)
        if done:
            self.message_user(request, _("Ticked off: %(count)d.") % {"count": done}, messages.SUCCESS)


class FindingInline(PortalTabularInline):
    model = InspectionFinding
    view_roles = WORK_ROLES
    fields = ("material", "expected", "found", "problem", "mend_by_on", "mended_on", "mended_by", "mend_note")


@register(CrossInspection)
class CrossInspectionAdmin(PortalHistoryAdmin):
    view_roles = WORK_ROLES
    list_display = ("on", "inspecting_branch", "inspected_branch", "inspectors", "recorded_by")
    list_filter = (("on", admin.DateFieldListFilter),)
    list_select_related = ("inspecting_branch", "inspected_branch", "recorded_by")
    search_fields = ("inspecting_branch__name", "inspected_branch__name", "inspectors")
    inlines = (FindingInline,)
    fields = ("pairing", "inspecting_branch", "inspected_branch", "on", "inspectors", "note", "recorded_by")


@register(InspectionMaterial)
class InspectionMaterialAdmin(PortalModelAdmin):
    """What an inspection looks at. A record that was inspected stays: take it out of use instead of deleting it."""

    view_roles = WORK_ROLES
    add_roles = change_roles = SETUP_ROLES
    list_display = ("name", "hint", "position", "is_active")
    list_filter = ("is_active",)
    fields = ("name", "hint", "position", "is_active")


class MilestoneInline(PortalTabularInline):
    model = ProjectMilestone
    view_roles = WORK_ROLES
    fields = ("title", "due_on", "done_on")


@register(JointProject)
class JointProjectAdmin(PortalHistoryAdmin):
    view_roles = WORK_ROLES
    list_display = ("title", "pairing", "lead", "state")
    list_filter = ("state",)
    list_select_related = ("pairing__helping_branch", "pairing__partner_branch", "lead")
    search_fields = ("title", "question", "lead__name")
    inlines = (MilestoneInline,)
    fields = ("pairing", "title", "question", "lead", "members", "state", "outcome")
