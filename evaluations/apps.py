"""How help, members and branches are judged: feedback, assessments, conversion, appraisal."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class EvaluationsConfig(AppConfig):
    name = "evaluations"
    verbose_name = _("Evaluations")

    def ready(self) -> None:
        from . import wiring
        from .questionnaires import fill_questionnaires

        wiring.register()
        post_migrate.connect(fill_questionnaires, sender=self)
