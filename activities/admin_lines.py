"""The six lines in the administration: the list of classics, which the college keeps; talks, viewpoints and contests to look up."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.admin import PortalModelAdmin, PortalTabularInline, register
from pairing_portal.common.scope import ADMIN_SITE_ROLES, SETUP_ROLES, Role

from .line_models import ActivityTalk, Classic, ContestSetup, ContestTeam, Viewpoint

WORKING_ROLES = frozenset({Role.STAFF, Role.SECRETARY, Role.COMMITTEE})


@register(Classic)
class ClassicAdmin(PortalModelAdmin):
    """One that somebody saw is taken off the list and not deleted."""

    view_roles = ADMIN_SITE_ROLES
    add_roles = change_roles = SETUP_ROLES
    list_display = ("title", "kind", "author", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("title", "author")
    fields = ("kind", "title", "author", "is_active")


@register(ActivityTalk)
class ActivityTalkAdmin(PortalModelAdmin):
    """Micro Party lectures and experiences; written on the page of the activity. What listeners gave stays theirs."""

    view_roles = WORKING_ROLES
    list_display = ("title", "speaker_name", "activity", "topic", "minutes")
    list_filter = ("topic", ("activity__starts_at", admin.DateFieldListFilter))
    list_select_related = ("activity", "speaker")
    search_fields = ("title", "speaker__name", "speaker__number", "guest", "activity__title")
    fields = ("activity", "speaker", "guest", "title", "topic", "minutes", "material")

    @admin.display(description=_("speaker"))
    def speaker_name(self, talk: ActivityTalk) -> str:
        return talk.speaker.name if talk.speaker else talk.guest


@register(Viewpoint)
class ViewpointAdmin(PortalModelAdmin):
    """Posts of the reading month; one is taken away on the page of the activity."""

    view_roles = WORKING_ROLES
    list_display = ("posted_at", "person", "activity", "horizon", "source")
    list_filter = ("horizon", ("posted_at", admin.DateFieldListFilter))
    list_select_related = ("activity", "person")
    search_fields = ("source", "person__name", "person__number", "activity__title")
    date_hierarchy = "posted_at"
    fields = ("activity", "person", "horizon", "source", "words", "posted_at")


class ContestTeamInline(PortalTabularInline):
    model = ContestTeam
    view_roles = WORKING_ROLES
    fields = ("name", "group")


@register(ContestSetup)
class ContestSetupAdmin(PortalModelAdmin):
    """Contests with their teams; rounds and scores are kept on the page of the contest."""

    view_roles = WORKING_ROLES
    list_display = ("activity", "tie_rule", "team_count", "round_count", "is_live", "closed_at")
    list_filter = ("is_live", "tie_rule", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("activity",)
    search_fields = ("activity__title",)
    fields = ("activity", "tie_rule", "is_live", "closed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.annotate(
            teams=Count("activity__teams", distinct=True), rounds=Count("activity__rounds", distinct=True)
        )

    @admin.display(description=_("teams"), ordering="teams")
    def team_count(self, setup: Any) -> int:
        return int(setup.teams)

    @admin.display(description=_("rounds"), ordering="rounds")
    def round_count(self, setup: Any) -> int:
        return int(setup.rounds)
