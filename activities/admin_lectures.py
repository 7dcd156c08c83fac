"""Lectures, duties, exemptions, textbooks and what hangs on lectures in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, PortalModelAdmin, PortalTabularInline, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, SETUP_ROLES, Role

from . import services
from .lectures import exemption_services, textbook_services
from .models import (
    Lecture,
    LectureAudience,
    LectureDuty,
    LectureSlot,
    LectureSpeaker,
    LectureSwap,
    NoLecture,
    QuotaExemption,
    SpotCheck,
    Textbook,
    TextbookChapter,
)

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
    list_display = ("person", "league_branch", "academic_year", "ended_on", "assigned_by")
    list_filter = ("academic_year",)
    list_select_related = ("person", "league_branch", "academic_year", "assigned_by")
    search_fields = ("person__name", "person__number", "league_branch__name")
    fields = ("academic_year", "league_branch", "person")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is None else (*self.fields, "ended_on", "assigned_by", "assigned_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else (*self.fields, "assigned_by", "assigned_at")

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
        made = services.assign_duty(**same, by=_user(request), now=timezone.now())
        obj.pk, obj._state.adding = made.pk, False


@register(QuotaExemption)
class QuotaExemptionAdmin(PortalHistoryAdmin):
    """Adding grants; requests are granted and exemptions taken back by actions that call the pages' services."""

    view_roles = WORKING_ROLES
    add_roles = change_roles = delete_roles = frozenset({Role.STAFF})
    list_display = ("league_branch", "from_on", "to_on", "reason", "note", "state", "decided_by")
    list_filter = ("state", "reason")
    list_select_related = ("league_branch", "decided_by")
    search_fields = ("league_branch__name",)
    fields = ("league_branch", "from_on", "to_on", "reason", "note")
    decided = ("state", "asked_by", "asked_at", "decided_by", "decided_at", "answer")
    actions = ("grant_selected", "take_back_selected")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is None else (*self.fields, *self.decided)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.decided

    def save_model(self, request: HttpRequest, obj: QuotaExemption, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = services.grant_exemption(
            league_branches=[obj.league_branch], from_on=obj.from_on, to_on=obj.to_on, reason=obj.reason, note=obj.note,
            by=_user(request), now=timezone.now(),
        )[0]  # fmt: skip
        obj.pk, obj._state.adding = made.pk, False

    @action(description=_("Grant the selected requests"))
    def grant_selected(self, request: HttpRequest, queryset: models.QuerySet[QuotaExemption]) -> None:
        self._each(
            request, queryset,
            lambda row: exemption_services.decide_exemption(
                exemption=row, is_granted=True, answer="", scope=scope_of(request), by=_user(request), now=timezone.now()
            ),
        )  # fmt: skip

    @action(description=_("Take the selected back"))
    def take_back_selected(self, request: HttpRequest, queryset: models.QuerySet[QuotaExemption]) -> None:
        self._each(
            request, queryset,
            lambda row: exemption_services.withdraw_exemption(
                exemption=row, scope=scope_of(request), by=_user(request), now=timezone.now()
            ),
        )  # fmt: skip

    def _each(self, request: HttpRequest, queryset: models.QuerySet[QuotaExemption], deed: Any) -> None:
        done = 0
        for row in QuotaExemption.objects.visible_to(scope_of(request)).filter(pk__in=queryset.values("pk")):
            try:
                deed(row)
                done += 1
            except Refused as refusal:
                self.message_user(request, f"{row}:{refusal.text}", messages.WARNING)
        if done:
            self.message_user(request, _("Done: %(count)d.") % {"count": done}, messages.SUCCESS)


@register(Textbook)
class TextbookAdmin(PortalModelAdmin):
    view_roles = ADMIN_SITE_ROLES
    add_roles = change_roles = delete_roles = SETUP_ROLES
    list_display = ("title", "publisher", "edition", "is_prescribed")
    fields = ("title", "publisher", "edition", "is_prescribed")

    def get_readonly_fields(self, request: HttpRequest, obj: Textbook | None = None) -> Any:
        """Once lectures were given from it the mark stays: weeks that are over would be judged anew. A new edition is a new row."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "is_prescribed") if obj is not None and obj.lectures.exists() else fields


@register(TextbookChapter)
class TextbookChapterAdmin(PortalModelAdmin):
    """Read here; chapters are added and put in order on the page of the textbook, where their numbers are kept."""

    view_roles = ADMIN_SITE_ROLES
    delete_roles = SETUP_ROLES
    list_display = ("number", "title", "textbook")
    list_display_links = ("title",)
    list_filter = ("textbook",)
    list_select_related = ("textbook",)
    search_fields = ("title",)
    fields = ("textbook", "number", "title", "outline")

    def delete_model(self, request: HttpRequest, obj: TextbookChapter) -> None:
        textbook_services.remove_chapter(chapter=obj, scope=scope_of(request))


@register(NoLecture)
class NoLectureAdmin(PortalHistoryAdmin):
    """Weeks without a lecture, and why; written on the page of the week."""

    view_roles = WORKING_ROLES
    list_display = ("league_branch", "monday", "reason", "recorded_by", "recorded_at")
    list_select_related = ("league_branch", "recorded_by")
    search_fields = ("league_branch__name", "reason")
    date_hierarchy = "monday"
    fields = ("league_branch", "monday", "reason", "recorded_by", "recorded_at")


@register(LectureSlot)
class LectureSlotAdmin(PortalModelAdmin):
    view_roles = WORKING_ROLES
    list_display = ("league_branch", "weekday", "starts_at", "ends_at", "place")
    list_filter = ("weekday",)
    list_select_related = ("league_branch",)
    search_fields = ("league_branch__name", "place")
    fields = ("league_branch", "weekday", "starts_at", "ends_at", "place")


@register(LectureSwap)
class LectureSwapAdmin(PortalHistoryAdmin):
    view_roles = WORKING_ROLES
    list_display = ("lecture", "asker", "colleague", "state", "asked_at")
    list_filter = ("state",)
    list_select_related = ("lecture", "asker", "colleague")
    search_fields = ("asker__name", "colleague__name")
    fields = ("lecture", "asker", "colleague", "in_return", "note", "state", "asked_at", "answered_at")


@register(SpotCheck)
class SpotCheckAdmin(PortalHistoryAdmin):
    """Staff alone: a check that is announced is none."""

    view_roles = frozenset({Role.STAFF})
    list_display = ("audience", "monday", "state", "drawn_by", "checked_by")
    list_filter = ("state",)
    list_select_related = ("audience__league_branch", "drawn_by", "checked_by")
    search_fields = ("audience__league_branch__name",)
    date_hierarchy = "monday"
    fields = ("audience", "monday", "seed", "state", "note", "drawn_by", "drawn_at", "checked_by", "checked_at")


def _user(request: HttpRequest) -> Any:
    return request.user
