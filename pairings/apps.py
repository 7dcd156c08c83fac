from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PairingsConfig(AppConfig):
    name = "pairings"
    verbose_name = _("Pairing")

    def ready(self) -> None:
        from . import wiring
        from .materials import fill_materials

        wiring.register()
        post_migrate.connect(fill_materials, sender=self)
