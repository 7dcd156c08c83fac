"""Activities, their kinds and who takes part, in the administration: to look up; what changes them are the services."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, PortalModelAdmin, PortalTabularInline, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, SETUP_ROLES, Role

from .event_models import Activity, ActivityHost, ActivityKind, Participation
from .event_services import publish_activity

WORKING_ROLES = frozenset({Role.STAFF, Role.SECRETARY, Role.COMMITTEE})


@register(ActivityKind)
class ActivityKindAdmin(PortalModelAdmin):
    """What the college calls its activities; one that is used is put out of use and not deleted."""

    view_roles = ADMIN_SITE_ROLES
    add_roles = change_roles = SETUP_ROLES
    list_display = ("name", "group", "own_fields", "counts_as_training", "counts_as_service", "position", "is_active")
    list_filter = ("group", "is_active")
    search_fields = ("name", "key")
    fields = (
        "key", "name", "group", "own_fields", "icon", "tone", "owed_by", "counts_as_training", "counts_as_service",
        "position", "is_active",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: ActivityKind | None = None) -> tuple[str, ...]:
        """The key is what addresses and rules call it."""
        return ("key",) if obj else ()


class HostInline(PortalTabularInline):
    model = ActivityHost
    view_roles = WORKING_ROLES
    fields = ("party_branch", "approved_by", "approved_at")


@register(Activity)
class ActivityAdmin(PortalHistoryAdmin):
    """Read only; publishing is an action that calls the same service as the page, calling off opens that page."""

    view_roles = WORKING_ROLES
    list_display = ("starts_at", "title", "kind", "host_name", "place", "state", "is_joint_shown")
    list_filter = ("state", "kind", ("starts_at", admin.DateFieldListFilter))
    list_select_related = ("kind", "party_branch", "league_branch", "pairing")
    search_fields = ("title", "place")
    date_hierarchy = "starts_at"
    actions = ("publish_selected", "cancel_selected")
    inlines = (HostInline,)
    fields = (
        "kind", "title", "description", "party_branch", "league_branch", "pairing", "audience", "starts_at", "ends_at", "place",
        "needs_sign_up", "capacity", "sign_up_until", "state", "repeat_rule", "repeat_of", "summary", "counted_minutes", "finished_by",
        "finished_at", "cancel_reason", "created_by", "created_at",
    )  # fmt: skip

    @admin.display(description=_("host"))
    def host_name(self, activity: Activity) -> str:
        return str(activity.host)

    @admin.display(description=_("joint"), boolean=True)
    def is_joint_shown(self, activity: Activity) -> bool:
        return activity.is_joint

    @action(description=_("Publish the selected activities"))
    def publish_selected(self, request: HttpRequest, queryset: models.QuerySet[Activity]) -> None:
        rows, done = list(queryset[:100]), 0
        for row in rows:
            try:
                publish_activity(activity=row, scope=scope_of(request), by=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
                done += 1
            except Refused as refusal:
                self.message_user(request, f"{row}: {refusal.text}", messages.ERROR)
        level = messages.SUCCESS if done else messages.WARNING
        self.message_user(request, _("Published: %(count)d of %(all)d.") % {"count": done, "all": len(rows)}, level)

    @action(description=_("Call off the selected activity"))
    def cancel_selected(self, request: HttpRequest, queryset: models.QuerySet[Activity]) -> HttpResponse | None:
        chosen = list(queryset.values_list("pk", flat=True)[:2])
        if len(chosen) != 1:
            words = _("Choose one at a time: those invited read the reason.")
            self.message_user(request, words, messages.WARNING)
            return None
        return redirect("activity_cancel", pk=chosen[0])


@register(Participation)
class ParticipationAdmin(PortalHistoryAdmin):
    """Who took part, as the lists and the code made it."""

    view_roles = WORKING_ROLES
    list_display = ("activity", "person", "state", "checked_in_at", "way", "recorded_by")
    list_filter = ("state", "way")
    list_select_related = ("activity", "person", "recorded_by")
    search_fields = ("person__name", "person__number", "activity__title")
    fields = (
        "activity", "person", "state", "signed_up_at", "leave_reason", "checked_in_at", "checked_out_at", "way", "back_reason",
        "recorded_by",
    )  # fmt: skip
