from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, PortalTabularInline, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, Role

from . import admin_board, admin_covers, admin_work, services  # noqa: F401  # they register their pages
from .models import BranchPairing, MemberPairing, PairingStep
from .summary import summary_lines

PAIRING_ROLES = ADMIN_SITE_ROLES - {Role.COUNSELLOR}


class StepInline(PortalTabularInline):
    """How the pairing came about; written by the services, never by hand."""

    model = PairingStep
    view_roles = PAIRING_ROLES
    fields = readonly_fields = ("at", "action", "by", "for_branch", "reason")


@register(BranchPairing)
class BranchPairingAdmin(PortalHistoryAdmin):
    """Pairings; their state changes through the same services as on the pages."""

    view_roles = PAIRING_ROLES
    list_display = ("__str__", "academic_year", "starts_on", "ends_on", "state")
    list_filter = ("state", "academic_year")
    list_select_related = ("helping_branch", "partner_branch", "academic_year")
    search_fields = ("helping_branch__name", "partner_branch__name")
    fieldsets = (
        (None, {"fields": ("academic_year", "helping_branch", "partner_branch", "starts_on", "ends_on", "state")}),
        (_("Agreement"), {"fields": ("principles", "aims", "agreement", "author_branch", "previous")}),
        (
            _("Confirmation"),
            {
                "fields": (
                    "helping_confirmed_by",
                    "helping_confirmed_at",
                    "partner_confirmed_by",
                    "partner_confirmed_at",
                )
            },
        ),
        (_("What it came to"), {"fields": ("board_published_at", "summary_in_words")}),
    )
    readonly_fields = ("summary_in_words",)
    inlines = (StepInline,)
    actions = ("confirm_selected",)

    @admin.display(description=_("summary"))
    def summary_in_words(self, pairing: BranchPairing) -> str:
        return ";".join(f"{label} {figure}" for label, figure in summary_lines(pairing.summary)) or "—"

    @action(description=_("Confirm for my branch"))
    def confirm_selected(self, request: HttpRequest, queryset: models.QuerySet[BranchPairing]) -> None:
        scope, confirmed = scope_of(request), 0
        for pairing in BranchPairing.objects.visible_to(scope).filter(pk__in=queryset.values("pk")):
            try:
                services.confirm_pairing(pairing=pairing, scope=scope, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
                confirmed += 1
            except Refused as refusal:
                self.message_user(request, f"{pairing}:{refusal.text}", messages.WARNING)
        if confirmed:
            self.message_user(request, _("Confirmed: %(count)d.") % {"count": confirmed}, messages.SUCCESS)


@register(MemberPairing)
class MemberPairingAdmin(PortalHistoryAdmin):
    view_roles = PAIRING_ROLES
    list_display = ("helper", "partner", "pairing", "starts_on", "ended_on")
    list_filter = (("ended_on", admin.EmptyFieldListFilter),)
    list_select_related = ("helper", "partner", "pairing__helping_branch", "pairing__partner_branch")
    # By name only: the other branch does not learn numbers.
    search_fields = ("helper__name", "partner__name")
    fields = (
        "pairing", "helper", "partner", "support_areas", "reasons", "goal", "published_at", "successor_of", "starts_on",
        "ended_on", "end_reason",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields
