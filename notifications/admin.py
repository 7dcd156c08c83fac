from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from pairing_portal.common.admin import PortalModelAdmin, register
from pairing_portal.common.scope import Role

from . import admin_robots  # noqa: F401  # registers its page
from .models import Delivery
from .outbox import kind_label
from .outbox_services import drop_deliveries, retry_deliveries
from .querysets import DeliveryQuerySet


@register(Delivery)
class DeliveryAdmin(PortalModelAdmin):
    """How sending goes; the words themselves are their recipients' only."""

    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ("notice_kind", "channel", "state", "attempts", "next_attempt_at", "sent_at", "error")
    list_filter = ("state", "channel")
    list_select_related = ("notice",)
    fields = ("channel", "state", "attempts", "next_attempt_at", "sent_at", "error")
    actions = ("retry_selected", "drop_selected")

    @admin.display(description=_("notice"))
    def notice_kind(self, delivery: Delivery) -> str:
        return str(kind_label(delivery.notice.kind))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @action(description=_("Try again what was given up"))
    def retry_selected(self, request: HttpRequest, rows: DeliveryQuerySet) -> None:
        count = retry_deliveries(rows=rows.order_by(), now=timezone.now())
        words = ngettext("%(count)d message waits again.", "%(count)d messages wait again.", count)
        self.message_user(request, words % {"count": count})

    @action(description=_("Drop what was given up or waits"))
    def drop_selected(self, request: HttpRequest, rows: DeliveryQuerySet) -> None:
        count = drop_deliveries(rows=rows.order_by(), now=timezone.now())
        words = ngettext("%(count)d message was dropped.", "%(count)d messages were dropped.", count)
        self.message_user(request, words % {"count": count})
