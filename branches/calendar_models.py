"""The academic calendar and the numbers a college may change."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .querysets import AcademicYearQuerySet, CollegeWideQuerySet, PolicyValueQuerySet, TermQuerySet


class AcademicYear(models.Model):
    """From one September to the next summer's end; named by its first year (2026: 2026–2027)."""

    start_year = models.PositiveSmallIntegerField(_("first year"), unique=True)
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))

    objects = AcademicYearQuerySet.as_manager()

    class Meta:
        verbose_name = _("academic year")
        verbose_name_plural = _("academic years")
        ordering = ["-start_year"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="academic_year_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.start_year}–{self.start_year + 1}"


class TermSeason(models.TextChoices):
    AUTUMN = "autumn", _("autumn term")
    SPRING = "spring", _("spring term")


class Term(models.Model):
    """Week 1 starts on `start_monday`; teaching weeks come first, exam weeks follow them."""

    academic_year = models.ForeignKey(
        AcademicYear, verbose_name=_("academic year"), on_delete=models.CASCADE, related_name="terms"
    )
    season = models.CharField(_("term"), max_length=10, choices=TermSeason)
    start_monday = models.DateField(_("Monday of week 1"), unique=True)
    teaching_weeks = models.PositiveSmallIntegerField(_("teaching weeks"), default=18)
    exam_weeks = models.PositiveSmallIntegerField(_("exam weeks"), default=2)

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ["start_monday"]
        constraints = [
            models.UniqueConstraint(fields=["academic_year", "season"], name="term_one_of_each_season"),
            models.CheckConstraint(
                condition=Q(start_monday__iso_week_day=1),
                name="term_starts_on_monday",
                violation_error_message=_("A term starts on a Monday."),
            ),
            models.CheckConstraint(
                condition=Q(teaching_weeks__gte=1, teaching_weeks__lte=30, exam_weeks__lte=6), name="term_weeks_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.academic_year} {self.get_season_display()}"

    @property
    def ends_on(self) -> date:
        """Sunday of the last exam week."""
        return self.start_monday + timedelta(weeks=self.teaching_weeks + self.exam_weeks, days=-1)

    @property
    def teaching_ends_on(self) -> date:
        """Sunday of the last teaching week."""
        return self.start_monday + timedelta(weeks=self.teaching_weeks, days=-1)

    def week_number(self, on: date) -> int | None:
        """Week of the term, from 1; None before it starts and after its last exam week."""
        number = (on - self.start_monday).days // 7 + 1
        return number if 1 <= number <= self.teaching_weeks + self.exam_weeks else None


class DayKind(models.TextChoices):
    HOLIDAY = "holiday", _("holiday")
    MAKEUP = "makeup", _("make-up day")
    EXAM = "exam", _("exam day")
    BREAK = "break", _("break")


class CalendarDay(models.Model):
    """A day that differs from an ordinary one. Ordinary Mondays to Fridays within a term are teaching days."""

    on = models.DateField(_("date"), unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=DayKind)
    name = models.CharField(_("name"), max_length=50, blank=True)

    objects = CollegeWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["on"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=DayKind.values), name="calendar_day_kind_known")]

    def __str__(self) -> str:
        return f"{self.on} {self.name or self.get_kind_display()}"


class PolicyValue(models.Model):
    """A college's own number in place of a default of `branches.policy`, from a date on."""

    key = models.CharField(_("rule"), max_length=60)
    value = models.CharField(_("value"), max_length=60)
    source = models.CharField(_("source"), max_length=200, help_text=_("Which decision of the college sets it."))
    effective_from = models.DateField(_("effective from"))

    objects = PolicyValueQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy value")
        verbose_name_plural = _("policy values")
        ordering = ["key", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["key", "effective_from"],
                name="policy_one_value_per_day",
                violation_error_message=_("This rule has a value from that day already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"
