"""Guidance of League branches in the administration, and the page that asks why something ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES

from . import guidance_services
from .links import focus_words
from .models import LeagueGuidance
from .tiers import LinkState
from .wording import reason_words


def end_with_reason(
    page: PortalHistoryAdmin, request: HttpRequest, rows: models.QuerySet[Any], end: Callable[[Any, str], None]
) -> HttpResponse | None:
    """Ask for one reason for all chosen rows, then end each through its service; what is refused is said by name."""
    reason = request.POST.get("reason", "").replace("\x00", "").strip()[:200]
    if not reason:
        context = {
            **page.admin_site.each_context(request),
            "title": _("End the selected, with a reason"),
            "opts": page.model._meta,
            "rows": [str(row) for row in rows],
            "keys": [row.pk for row in rows],
            "checkbox": ACTION_CHECKBOX_NAME,
            "lacks_reason": "reason" in request.POST,
        }
        return TemplateResponse(request, "admin/mentoring/end_selected.html", context)
    ended = 0
    for row in rows:
        try:
            end(row, reason)
            ended += 1
        except Refused as refusal:
            page.message_user(request, f"{row}:{refusal.text}", messages.WARNING)
    if ended:
        page.message_user(request, _("Ended: %(count)d.") % {"count": ended}, messages.SUCCESS)
    return None


@register(LeagueGuidance)
class LeagueGuidanceAdmin(PortalHistoryAdmin):
    """Guidance of League branches (tier 4): published and ended as on the pages."""

    view_roles = ADMIN_SITE_ROLES
    list_display = ("person", "league_branch", "focus_in_words", "party_branch", "state", "starts_on", "ended_on")
    list_filter = ("state", ("starts_on", admin.DateFieldListFilter))
    list_select_related = ("person", "league_branch", "party_branch")
    search_fields = ("person__name", "person__name_key", "league_branch__name")
    fieldsets = (
        (None, {"fields": ("person", "league_branch", "focus_in_words", "party_branch", "state")}),
        (gettext_lazy("Time"), {"fields": ("starts_on", "ends_on", "ended_on", "end_reason", "published_at")}),
        (
            gettext_lazy("How it came about"),
            {"fields": ("reasons_in_words", "arranged_by", "created_at", "successor_of")},
        ),
    )
    readonly_fields = ("focus_in_words", "reasons_in_words")
    actions = ("publish_selected", "end_selected")

    @admin.display(description=gettext_lazy("focus areas"))
    def focus_in_words(self, row: LeagueGuidance) -> str:
        return "、".join(focus_words(row.focus_areas)) or "—"

    @admin.display(description=gettext_lazy("why they were matched"))
    def reasons_in_words(self, row: LeagueGuidance) -> str:
        return " · ".join(reason_words(row.reasons)) or "—"

    @action(description=gettext_lazy("Publish the selected drafts"))
    def publish_selected(self, request: HttpRequest, queryset: models.QuerySet[LeagueGuidance]) -> None:
        scope, published = scope_of(request), 0
        drafts = LeagueGuidance.objects.visible_to(scope).filter(pk__in=queryset.values("pk"), state=LinkState.DRAFT)
        for row in drafts:
            try:
                published += len(guidance_services.publish_guidances(
                    guidances=[row], scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                    today=timezone.localdate(), now=timezone.now(),
                ))  # fmt: skip
            except Refused as refusal:
                self.message_user(request, f"{row}:{refusal.text}", messages.WARNING)
        if published:
            self.message_user(request, _("Published: %(count)d.") % {"count": published}, messages.SUCCESS)

    @action(description=gettext_lazy("End the selected, with a reason"))
    def end_selected(self, request: HttpRequest, queryset: models.QuerySet[LeagueGuidance]) -> Any:
        scope = scope_of(request)
        rows = LeagueGuidance.objects.visible_to(scope).filter(pk__in=queryset.values("pk")).with_names()

        def end(row: LeagueGuidance, reason: str) -> None:
            guidance_services.end_guidance(
                guidance=row, reason=reason, scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                today=timezone.localdate(), now=timezone.now(),
            )  # fmt: skip

        return end_with_reason(self, request, rows, end)
