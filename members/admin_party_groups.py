"""Party groups in the administration: to read, with their history; groups are dissolved and places ended by the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display

from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import BRANCH_ROLES, Role

from . import party_group_services as services
from .models import PartyGroup, PartyGroupPlace

GROUP_ROLES = BRANCH_ROLES | {Role.STAFF, Role.ADMINISTRATOR}


class GroupActions:
    """An action for who may change a row; each row by its service, refusals said one by one."""

    message_user: Any

    def has_keep_permission(self, request: HttpRequest) -> bool:
        scope = scope_of(request)
        return bool(scope.managed_branch_ids or scope.department_ids or scope.college_staff)

    def each(self, request: HttpRequest, rows: Any, deed: Any, done: Any) -> None:
        count = 0
        for row in rows:
            try:
                deed(row)
                count += 1
            except Refused as refusal:
                self.message_user(request, f"{row}: {refusal.text}", level="warning")
        if count:
            self.message_user(request, done(count))


@register(PartyGroup)
class PartyGroupAdmin(GroupActions, PortalHistoryAdmin):
    view_roles = GROUP_ROLES
    list_display = ("name", "branch", "leader", "formed_on", "dissolved_on", "page")
    list_filter = (("dissolved_on", admin.EmptyFieldListFilter), "branch")
    list_select_related = ("branch", "leader")
    search_fields = ("name", "leader__name")
    fields = ("branch", "name", "leader", ("formed_on", "dissolved_on"))
    actions = ("dissolve_selected",)

    @display(description=gettext_lazy("people"))
    def page(self, group: PartyGroup) -> str:
        """Who is in it is changed on the branch's page."""
        return format_html('<a href="{}">{}</a>', reverse("party_groups", args=[group.branch_id]), _("Party groups"))

    @action(description=gettext_lazy("Dissolve the selected groups today"), permissions=["keep"])
    def dissolve_selected(self, request: HttpRequest, queryset: Any) -> None:
        today = timezone.localdate()
        self.each(
            request, queryset.order_by("pk"),
            lambda group: services.dissolve_group(group=group, on=today, scope=scope_of(request), by=request.user, today=today),
            lambda count: ngettext("%(count)d group dissolved.", "%(count)d groups dissolved.", count) % {"count": count},
        )  # fmt: skip


@register(PartyGroupPlace)
class PartyGroupPlaceAdmin(GroupActions, PortalHistoryAdmin):
    view_roles = GROUP_ROLES
    list_display = ("person", "group", "joined_on", "left_on")
    list_filter = (("left_on", admin.EmptyFieldListFilter), "group__branch")
    list_select_related = ("person", "group")
    search_fields = ("person__name", "person__number", "group__name")
    fields = ("person", "group", ("joined_on", "left_on"))
    actions = ("take_out_selected",)

    @action(description=gettext_lazy("Take the selected out of their groups today"), permissions=["keep"])
    def take_out_selected(self, request: HttpRequest, queryset: Any) -> None:
        today = timezone.localdate()
        self.each(
            request, queryset.select_related("group").order_by("pk"),
            lambda place: services.remove_member(
                group=place.group, person_id=place.person_id, scope=scope_of(request), by=request.user, today=today
            ),
            lambda count: ngettext("%(count)d member taken out.", "%(count)d members taken out.", count) % {"count": count},
        )  # fmt: skip
