"""Announcements and minutes in the administration: to look up; what changes them are the services."""

from __future__ import annotations

from django.contrib import admin

from pairing_portal.common.admin import PortalHistoryAdmin, PortalTabularInline, register
from pairing_portal.common.scope import Role

from .record_models import Announcement, MeetingMinutes, Motion

WORKING_ROLES = frozenset({Role.STAFF, Role.SECRETARY, Role.COMMITTEE})


@register(Announcement)
class AnnouncementAdmin(PortalHistoryAdmin):
    view_roles = WORKING_ROLES
    list_display = (
        "published_at", "title", "department", "party_branch", "league_branch", "is_important", "published_by", "withdrawn_at",
    )  # fmt: skip
    list_filter = ("is_important", ("published_at", admin.DateFieldListFilter))
    list_select_related = ("department", "party_branch", "league_branch", "published_by")
    search_fields = ("title",)
    date_hierarchy = "published_at"
    fields = (
        "title", "text", "department", "party_branch", "league_branch", "is_important", "published_by", "published_at",
        "withdrawn_at",
    )  # fmt: skip


class MotionInline(PortalTabularInline):
    model = Motion
    view_roles = WORKING_ROLES
    fields = ("what", "yes", "no", "abstained")


@register(MeetingMinutes)
class MeetingMinutesAdmin(PortalHistoryAdmin):
    """Read only, of the activities one keeps: others read signed minutes on their page."""

    view_roles = WORKING_ROLES
    list_display = ("activity", "session", "eligible_count", "present_count", "written_by", "written_at", "signed_at")
    list_filter = (("written_at", admin.DateFieldListFilter), ("signed_at", admin.EmptyFieldListFilter))
    list_select_related = ("activity", "written_by")
    search_fields = ("session", "activity__title")
    date_hierarchy = "written_at"
    inlines = (MotionInline,)
    fields = (
        "activity", "session", "chair", "recorder", "guests", "eligible_count", "present_count", "agenda", "points", "resolutions",
        "written_by", "written_at", "signed_by", "signed_at",
    )  # fmt: skip

    def scoped(self, queryset, scope):  # type: ignore[no-untyped-def]  # a test double
        """Committees of the host and the department: a paired branch sees a meeting, not its unsigned minutes."""
        return queryset.visible_to(scope) if scope.whole_college else queryset.changeable_by(scope)
