from __future__ import annotations

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role

from . import admin_events, admin_lectures, admin_lines, admin_records, services  # noqa: F401  # they register their pages
from .models import LogEntry

WORKING_ROLES = frozenset({Role.STAFF, Role.SECRETARY, Role.COMMITTEE})
DUTY_ROLES = frozenset({Role.STAFF, Role.SECRETARY})


@register(LogEntry)
class LogEntryAdmin(PortalHistoryAdmin):
    """Logs; confirming is an action that calls the same service as the page."""

    view_roles = WORKING_ROLES
    list_display = ("on", "person", "branch", "minutes", "purpose", "whom", "summary", "state", "confirmed_by")
    list_filter = ("state", "purpose", "focus_area", ("on", admin.DateFieldListFilter))
    list_select_related = (
        "person__party_branch", "confirmed_by", "member_pairing__helper", "member_pairing__partner", "mentorship__mentor",
        "mentorship__mentee", "league_branch",
    )  # fmt: skip
    search_fields = ("person__name", "person__number", "summary")
    date_hierarchy = "on"
    actions = ("confirm_selected",)
    fields = (
        "person", "on", "minutes", "purpose", "member_pairing", "mentorship", "league_branch", "league_guidance", "focus_area",
        "lecture", "summary", "late_reason", "state", "submitted_at", "confirmed_by", "confirmed_at", "return_reason",
    )  # fmt: skip

    @admin.display(description=_("Party branch"))
    def branch(self, entry: LogEntry) -> str:
        return entry.person.party_branch.short_name if entry.person.party_branch else ""

    @admin.display(description=_("with whom or for whom"))
    def whom(self, entry: LogEntry) -> str:
        return str(entry.member_pairing or entry.mentorship or entry.league_branch or "")

    @action(description=_("Confirm the selected entries"))
    def confirm_selected(self, request: HttpRequest, queryset: models.QuerySet[LogEntry]) -> None:
        ids = list(queryset.values_list("pk", flat=True)[:1000])
        count = services.confirm_logs(entry_ids=ids, scope=scope_of(request), by=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, _("Confirmed: %(count)d of %(all)d.") % {"count": count, "all": len(ids)}, level)
