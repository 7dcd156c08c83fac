"""Links in the administration: registers to read; what changes goes through the services of the pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES

from . import admin_guidance, admin_work, services  # noqa: F401  # they register their pages
from .admin_guidance import end_with_reason
from .models import Mentorship
from .tiers import LinkState
from .wording import reason_words


@register(Mentorship)
class MentorshipAdmin(PortalHistoryAdmin):
    """Links of tiers 1–3: published and ended as on the pages."""

    view_roles = ADMIN_SITE_ROLES
    list_display = ("mentor", "mentee", "tier", "is_formal", "party_branch", "state", "starts_on", "ended_on")
    list_filter = ("tier", "state", "is_formal", ("starts_on", admin.DateFieldListFilter))
    list_select_related = ("mentor", "mentee", "party_branch")
    # By name only: another branch does not learn numbers.
    search_fields = ("mentor__name", "mentee__name", "mentor__name_key", "mentee__name_key")
    fieldsets = (
        (None, {"fields": ("tier", "mentor", "mentee", "is_formal", "party_branch", "state", "goal")}),
        (_("Time"), {"fields": ("starts_on", "ends_on", "ended_on", "end_reason", "published_at", "answered_at")}),
        (_("How it came about"), {"fields": ("reasons_in_words", "arranged_by", "created_at", "successor_of")}),
    )
    readonly_fields = ("reasons_in_words",)
    actions = ("publish_selected", "end_selected")

    @admin.display(description=_("why they were matched"))
    def reasons_in_words(self, link: Mentorship) -> str:
        return " · ".join(reason_words(link.reasons)) or "—"

    @action(description=_("Publish the selected drafts"))
    def publish_selected(self, request: HttpRequest, queryset: models.QuerySet[Mentorship]) -> None:
        scope, published = scope_of(request), 0
        drafts = Mentorship.objects.visible_to(scope).filter(pk__in=queryset.values("pk"), state=LinkState.DRAFT)
        for link in drafts:
            try:
                published += len(services.publish_links(
                    links=[link], scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                    today=timezone.localdate(), now=timezone.now(),
                ))  # fmt: skip
            except Refused as refusal:
                self.message_user(request, f"{link}:{refusal.text}", messages.WARNING)
        if published:
            self.message_user(request, _("Published: %(count)d.") % {"count": published}, messages.SUCCESS)

    @action(description=_("End the selected, with a reason"))
    def end_selected(self, request: HttpRequest, queryset: models.QuerySet[Mentorship]) -> Any:
        scope = scope_of(request)
        rows = Mentorship.objects.visible_to(scope).filter(pk__in=queryset.values("pk")).with_people()

        def end(link: Mentorship, reason: str) -> None:
            services.end_link(
                link=link, reason=reason, scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                today=timezone.localdate(), now=timezone.now(),
            )  # fmt: skip

        return end_with_reason(self, request, rows, end)
