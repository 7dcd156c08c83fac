"""Transfers and mobile members in the administration: to read, with their history; they change on their pages.

Moving people takes a post: an administrator finds nothing here.
"""

from __future__ import annotations

from django.contrib import admin

from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.scope import BRANCH_ROLES, Role

from . import admin_party_groups  # noqa: F401  # registers its pages
from .models import AffiliationTransfer, MobileMember

MOVING_ROLES = BRANCH_ROLES | {Role.STAFF}


@register(AffiliationTransfer)
class AffiliationTransferAdmin(PortalHistoryAdmin):
    view_roles = MOVING_ROLES
    list_display = (
        "person",
        "kind",
        "from_branch",
        "to_branch",
        "to_unit",
        "starts_on",
        "valid_until_on",
        "receipt_on",
        "state",
    )
    list_filter = ("state", "kind", ("starts_on", admin.DateFieldListFilter))
    list_select_related = ("person", "from_branch", "to_branch")
    search_fields = ("person__name", "person__number", "letter_number")
    fields = (
        "person", "kind", ("from_branch", "to_branch"), "to_unit", "letter_number", ("starts_on", "valid_until_on"),
        ("receipt_on", "last_contact_on"), "state", "reason", ("asked_by", "recorded_by"), ("settled_at", "settled_by"), "taken_back_why",
    )  # fmt: skip


@register(MobileMember)
class MobileMemberAdmin(PortalHistoryAdmin):
    view_roles = MOVING_ROLES
    list_display = ("person", "cause", "place", "from_on", "to_on", "contact", "last_contact_on", "ended_on")
    list_filter = (("ended_on", admin.EmptyFieldListFilter), ("from_on", admin.DateFieldListFilter))
    list_select_related = ("person", "contact")
    search_fields = ("person__name", "person__number")
    fields = ("person", ("from_on", "to_on"), "cause", "place", "contact", "talked_on", "last_contact_on", "ended_on")
