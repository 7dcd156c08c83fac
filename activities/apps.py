from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ActivitiesConfig(AppConfig):
    name = "activities"
    verbose_name = _("Activities")

    def ready(self) -> None:
        from . import wiring
        from .classics import fill_classics
        from .kinds import fill_kinds

        wiring.register()
        post_migrate.connect(fill_kinds, sender=self)
        post_migrate.connect(fill_classics, sender=self)
