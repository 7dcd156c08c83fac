"""Groups, places and committee pairs in the administration: to look at; the pages change them."""

from __future__ import annotations

from pairing_portal.common.admin import PortalHistoryAdmin, PortalModelAdmin, register
from pairing_portal.common.scope import ADMIN_SITE_ROLES, Role

from .models import BranchSplit, CommitteePairing, GroupPlace, PairingGroup

BOARD_ROLES = ADMIN_SITE_ROLES - {Role.COUNSELLOR}


@register(BranchSplit)
class BranchSplitAdmin(PortalModelAdmin):
    view_roles = BOARD_ROLES
    list_display = ("branch", "academic_year", "published_at", "published_by")
    list_filter = ("academic_year",)
    list_select_related = ("branch", "academic_year", "published_by")
    fields = ("branch", "academic_year", "published_at", "published_by")


@register(PairingGroup)
class PairingGroupAdmin(PortalModelAdmin):
    view_roles = BOARD_ROLES
    list_display = ("name", "pairing", "split")
    list_select_related = (
        "pairing__helping_branch",
        "pairing__partner_branch",
        "split__branch",
        "split__academic_year",
    )
    fields = ("name", "pairing", "split")


@register(GroupPlace)
class GroupPlaceAdmin(PortalHistoryAdmin):
    view_roles = BOARD_ROLES
    list_display = ("person", "group", "draft_group", "is_fixed", "academic_year")
    list_filter = ("is_fixed", "academic_year")
    list_select_related = ("person", "group", "draft_group", "academic_year")
    search_fields = ("person__name", "person__number")
    fields = ("person", "academic_year", "group", "draft_group", "is_fixed")


@register(CommitteePairing)
class CommitteePairingAdmin(PortalHistoryAdmin):
    view_roles = BOARD_ROLES
    list_display = ("kind", "pairing", "helping_post", "partner_post", "published_at", "ended_on")
    list_filter = ("kind",)
    list_select_related = (
        "pairing__helping_branch", "pairing__partner_branch", "helping_post__party_branch", "partner_post__party_branch",
    )  # fmt: skip
    fields = ("pairing", "kind", "helping_post", "partner_post", "published_at", "ended_on")
