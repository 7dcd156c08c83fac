"""Beside the 25 steps: what a college calls them, the votes, and views of the registers people keep for themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.querysets import CollegeWideQuerySet

from .office_models import DevelopmentStep
from .querysets import OfStepQuerySet, SavedViewQuerySet

VOTED_STEPS = (15, 23)


class StepLabel(models.Model):
    """What a college calls one of the 25 steps; without a row the usual name stands."""

    number = models.PositiveSmallIntegerField(_("step"), unique=True)
    label = models.CharField(_("name of the step"), max_length=60)

    objects = CollegeWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("name of a development step")
        verbose_name_plural = _("names of development steps")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=25), name="step_label_number_known"),
            models.CheckConstraint(condition=~Q(label=""), name="step_label_has_words"),
        ]

    def __str__(self) -> str:
        return self.label


class StepVote(models.Model):
    """The vote of a branch meeting on a person: step 15 and step 23 (RULES.md 1.2, 1.4)."""

    step = models.OneToOneField(
        DevelopmentStep, verbose_name=_("development step"), on_delete=models.CASCADE, related_name="vote"
    )
    eligible_count = models.PositiveSmallIntegerField(_("eligible"))
    present_count = models.PositiveSmallIntegerField(_("present"))
    written_count = models.PositiveSmallIntegerField(_("opinions in writing before the meeting"), default=0)
    issued_count = models.PositiveSmallIntegerField(_("ballots issued"))
    returned_count = models.PositiveSmallIntegerField(_("ballots returned"))
    yes_count = models.PositiveSmallIntegerField(_("yes"))
    no_count = models.PositiveSmallIntegerField(_("no"), default=0)
    abstained_count = models.PositiveSmallIntegerField(_("abstained"), default=0)

    history = HistoricalRecords()
    objects = OfStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("vote of a branch meeting")
        verbose_name_plural = _("votes of branch meetings")
        constraints = [
            models.CheckConstraint(
                condition=Q(present_count__lte=F("eligible_count")), name="step_vote_present_within_eligible",
                violation_error_message=_("More present than eligible."),
            ),
            models.CheckConstraint(
                condition=Q(returned_count__lte=F("issued_count")), name="step_vote_returned_within_issued",
                violation_error_message=_("More ballots returned than issued."),
            ),
            models.CheckConstraint(
                condition=Q(yes_count__lte=F("returned_count") - F("no_count") - F("abstained_count")),
                name="step_vote_within_ballots", violation_error_message=_("More votes than ballots."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.yes_count}/{self.eligible_count}"


class SavedView(models.Model):
    """A register as somebody likes to see it: filters, order, columns."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="saved_views"
    )
    register = models.CharField(_("register"), max_length=20)
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(_("filter"), max_length=500, blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["register", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "register", "name"], name="saved_view_name_once",
                violation_error_message=_("You have a view of this name already."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name
