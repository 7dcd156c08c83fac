"""The four mentoring tiers. Sibling of pairings; neither imports the other."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MentoringConfig(AppConfig):
    name = "mentoring"
    verbose_name = _("Tiered mentoring")

    def ready(self) -> None:
        from . import wiring

        wiring.register()
