from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _

from .registries import NavigationEntry, navigation
from .scope import ADMIN_SITE_ROLES


class CommonConfig(AppConfig):
    name = "pairing_portal.common"
    label = "common"

    def ready(self) -> None:
        entry = NavigationEntry(_("Administration"), "admin:index", "gear", "/admin/", roles=ADMIN_SITE_ROLES)
        navigation.register("administration", entry, order=100)


class PortalAdminConfig(AdminConfig):
    """The admin on our own site class: who may enter follows from posts and roles."""

    default_site = "pairing_portal.common.admin.PortalAdminSite"
