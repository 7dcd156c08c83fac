"""Lectures, duties, exemptions and textbooks in the admin."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.admin import PortalHistoryAdmin, PortalModelAdmin, PortalTabularInline, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, SETUP_ROLES, Role

from . import services
from .models import Lecture, LectureAudience, LectureDuty, LectureSpeaker, QuotaExemption, Textbook

WORKING_ROLES = frozenset({Role.STAFF, Role.SECRETARY, Role.COMMITTEE})
DUTY_ROLES = frozenset({Role.STAFF, Role.SECRETARY})


class SpeakerInline(PortalTabularInline):
    model = LectureSpeaker
    view_roles = WORKING_ROLES
    fields = ("person",)


class AudienceInline(PortalTabularInline):
    model = LectureAudience
    view_roles = WORKING_ROLES
    fields = ("league_branch", "attendance", "state", "confirmed_by", "confirmed_at", "reason")


@register(Lecture)
class LectureAdmin(PortalHistoryAdmin):
    view_roles = WORKING_ROLES
    list_display = ("on", "topic", "chapter", "minutes", "textbook", "state")
    list_filter = ("state", "textbook")
    list_select_related = ("textbook",)
    search_fields = ("topic", "chapter")
    date_hierarchy = "on"
    inlines = (SpeakerInline, AudienceInline)
    fields = (
        "on",
        "starts_at",
        "minutes",
        "topic",
        "textbook",
        "chapter",
        "place",
        "state",
        "cancel_reason",
        "recorded_by",
        "recorded_at",
    )


@register(LectureDuty)
class LectureDutyAdmin(PortalHistoryAdmin):
    """Adding assigns through the service; who has the duty changes by ending one and assigning another."""

    view_roles = WORKING_ROLES
    add_roles = change_roles = DUTY_ROLES
    list_display = ("person", "league_branch", "academic_year", "ended_on")
    list_filter = ("academic_year",)
    list_select_related = ("person", "league_branch", "academic_year")
    search_fields = ("person__name", "person__number", "league_branch__name")
    fields = ("academic_year", "league_branch", "person")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is None else (*self.fields, "ended_on")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "person" and field is not None:
            field.queryset = field.queryset.members()
        return field

    def save_model(self, request: HttpRequest, obj: LectureDuty, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        same = {"person": obj.person, "league_branch": obj.league_branch, "academic_year": obj.academic_year}
        if LectureDuty.objects.changeable_by(scope_of(request)).filter(**same, ended_on=None).exists():
            raise Refused(_("This person has that duty already."))
        made = services.assign_duty(**same)
        obj.pk, obj._state.adding = made.pk, False


@register(QuotaExemption)
class QuotaExemptionAdmin(PortalHistoryAdmin):
    view_roles = WORKING_ROLES
    add_roles = change_roles = delete_roles = frozenset({Role.STAFF})
    list_display = ("league_branch", "from_on", "to_on", "reason", "note")
    list_filter = ("reason",)
    list_select_related = ("league_branch",)
    search_fields = ("league_branch__name",)
    fields = ("league_branch", "from_on", "to_on", "reason", "note")


@register(Textbook)
class TextbookAdmin(PortalModelAdmin):
    view_roles = ADMIN_SITE_ROLES
    add_roles = change_roles = delete_roles = SETUP_ROLES
    list_display = ("title", "publisher", "edition", "is_prescribed")
    fields = ("title", "publisher", "edition", "is_prescribed")
