from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BranchesConfig(AppConfig):
    name = "branches"
    verbose_name = _("Organisation")

    def ready(self) -> None:
        from pairing_portal.common.registries import NavigationEntry, navigation

        navigation.register(
            "organisation", NavigationEntry(_("Organisation"), "organisation", "building", "/branches/"), order=20
        )
