"""The mentor's assessment: advisory, every version kept, with an objection and its answer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import AcademicYear
from members.models import Person

from .querysets import MentorAssessmentQuerySet


class MentorGrade(models.TextChoices):
    GOOD = "good", _("good")
    FAIR = "fair", _("fair")
    WEAK = "weak", _("needs support")


class MentorAssessment(models.Model):
    """One version of what the portal knows of somebody's help in a year, what the committee decided, and what they said to it.

    `parts`: [{"key", "weight", "points" (0–100, or null: no evidence), "evidence": n, "link"}] as they were on that day.
    """

    person = models.ForeignKey(Person, verbose_name=_("mentor"), on_delete=models.PROTECT, related_name="assessments")
    academic_year = models.ForeignKey(
        AcademicYear, verbose_name=_("academic year"), on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    is_current = models.BooleanField(_("newest version"), default=True)
    parts = models.JSONField(_("parts"), default=list)
    # 0–100; empty: no evidence at all.
    total = models.PositiveSmallIntegerField(_("sum"), null=True, blank=True)
    computed_at = models.DateTimeField(_("computed at"))
    computed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("computed by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    grade = models.CharField(_("what the committee decided"), max_length=8, choices=MentorGrade, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("decided by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    shown_at = models.DateTimeField(_("shown to the person at"), null=True, blank=True)
    objection = models.TextField(_("objection"), max_length=1000, blank=True)
    objected_at = models.DateTimeField(_("objected at"), null=True, blank=True)
    answer_due_on = models.DateField(_("answer due on"), null=True, blank=True)
    answer = models.TextField(_("answer"), max_length=1000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("answered by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    objects = MentorAssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("mentor assessment")
        verbose_name_plural = _("mentor assessments")
        ordering = ["-academic_year_id", "person_id", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["person", "academic_year", "version"], name="assessment_version_once"),
            models.UniqueConstraint(
                fields=["person", "academic_year"], condition=Q(is_current=True), name="assessment_one_current"
            ),
            models.CheckConstraint(condition=Q(total=None) | Q(total__lte=100), name="assessment_total_bounded"),
            models.CheckConstraint(
                condition=Q(grade="") | Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(reason=""),
                name="assessment_decision_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(objected_at=None) | Q(answer_due_on__isnull=False) & ~Q(objection=""),
                name="assessment_objection_has_words_and_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.academic_year}"
