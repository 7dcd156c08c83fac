from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.admin import PortalModelAdmin, register
from pairing_portal.common.scope import Role

from .models import Delivery


@register(Delivery)
class DeliveryAdmin(PortalModelAdmin):
    """How sending goes; the words themselves are their recipients' only."""

    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ("notice_kind", "channel", "state", "attempts", "next_attempt_at", "sent_at", "error")
    list_filter = ("state", "channel")
    list_select_related = ("notice",)
    fields = ("channel", "state", "attempts", "next_attempt_at", "sent_at", "error")

    @admin.display(description=_("notice"))
    def notice_kind(self, delivery: Delivery) -> str:
        return delivery.notice.kind

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
