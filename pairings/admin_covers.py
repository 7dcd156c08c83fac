"""Stand-in duties in the administration: to read, and to accept through the same service as on the page."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, Role

from . import cover_services
from .models import Cover


@register(Cover)
class CoverAdmin(PortalHistoryAdmin):
    view_roles = ADMIN_SITE_ROLES - {Role.COUNSELLOR}
    list_display = ("stand_in", "absent", "duty", "pairing", "from_on", "to_on", "state")
    list_filter = ("state", "duty", ("from_on", admin.DateFieldListFilter))
    list_select_related = ("stand_in", "absent", "pairing__helping_branch", "pairing__partner_branch")
    search_fields = ("stand_in__name", "absent__name")
    fields = (
        "pairing", "absent", "stand_in", "duty", "from_on", "to_on", "state", "asked_by", "asked_at", "answered_by",
        "answered_at", "reason",
    )  # fmt: skip
    actions = ("accept_selected",)

    @action(description=_("Accept the selected stand-ins"))
    def accept_selected(self, request: HttpRequest, queryset: models.QuerySet[Cover]) -> None:
        scope, accepted = scope_of(request), 0
        for cover in Cover.objects.visible_to(scope).filter(pk__in=queryset.values("pk")).select_related("pairing"):
            try:
                cover_services.accept_cover(
                    cover=cover, scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                    now=timezone.now(), today=timezone.localdate(),
                )  # fmt: skip
                accepted += 1
            except Refused as refusal:
                self.message_user(request, f"{cover}:{refusal.text}", messages.WARNING)
        if accepted:
            self.message_user(request, _("Accepted: %(count)d.") % {"count": accepted}, messages.SUCCESS)
