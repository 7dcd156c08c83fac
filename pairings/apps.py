from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PairingsConfig(AppConfig):
    name = "pairings"
    verbose_name = _("Pairing")

    def ready(self) -> None:
        from . import wiring

        wiring.register()
