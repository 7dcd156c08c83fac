"""The list of classics, in the administration: kept by the college."""

from __future__ import annotations

from pairing_portal.common.admin import PortalModelAdmin, register
from pairing_portal.common.scope import ADMIN_SITE_ROLES, SETUP_ROLES

from .line_models import Classic


@register(Classic)
class ClassicAdmin(PortalModelAdmin):
    """One that somebody saw is taken off the list and not deleted."""

    view_roles = ADMIN_SITE_ROLES
    add_roles = change_roles = SETUP_ROLES
    list_display = ("title", "kind", "author", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("title", "author")
    fields = ("kind", "title", "author", "is_active")
