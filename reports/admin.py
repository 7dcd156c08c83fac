"""Exports in the administration: who asked for what, and for what. Files are for those who asked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.admin import PortalModelAdmin, register
from pairing_portal.common.scope import Role, Scope

from .exporter import reports
from .models import ExportJob


@register(ExportJob)
class ExportJobAdmin(PortalModelAdmin):
    """Read only. The file and its name are shown to nobody here."""

    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ("created_at", "user", "report_title", "format", "purpose", "state", "rows_done", "attempts")
    list_filter = ("state", ("created_at", admin.DateFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("user__username", "user__display_name", "report")
    date_hierarchy = "created_at"
    fields = (
        "user", "report_title", "parameters", "format", "purpose", "state", "created_at", "started_at", "finished_at",
        "rows_done", "rows_total", "attempts", "size", "expires_at", "error",
    )  # fmt: skip
    readonly_fields = fields

    def scoped(self, queryset: models.QuerySet[Any], scope: Scope) -> models.QuerySet[Any]:
        """Everybody's, for administrators: what was asked for, not what came of it."""
        return queryset if scope.has(Role.ADMINISTRATOR) else queryset.none()

    @admin.display(description=_("report"))
    def report_title(self, job: ExportJob) -> str:
        return str(reports.get(job.report).title) if job.report in reports else job.report
