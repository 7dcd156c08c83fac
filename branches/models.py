"""The organisation: departments, classes, Party branches and League branches."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .calendar_models import AcademicYear, CalendarDay, DayKind, PolicyValue, Term, TermSeason
from .querysets import DepartmentQuerySet, LeagueBranchQuerySet, PartyBranchQuerySet, SchoolClassQuerySet

__all__ = [
    "AcademicYear", "CalendarDay", "DayKind", "Department", "LeagueBranch", "LeagueModelType", "PartyBranch",
    "PartyBranchKind", "PolicyValue", "Programme", "SchoolClass", "Term", "TermSeason",
]  # fmt: skip


class Programme(models.TextChoices):
    DIPLOMA = "diploma", _("three-year diploma")
    BACHELOR = "bachelor", _("bachelor")
    UPGRADE = "upgrade", _("diploma to bachelor")
    STAFF = "staff", _("staff")


class PartyBranchKind(models.TextChoices):
    BACHELOR = "bachelor", _("bachelor students")
    DIPLOMA = "diploma", _("diploma students")
    MIXED = "mixed", _("mixed")


class LeagueModelType(models.TextChoices):
    THEORY_LEARNING = "theory-learning", _("theory learning")
    TECHNOLOGY_INNOVATION = "technology-innovation", _("technology and innovation")
    ONLINE_PUBLICITY = "online-publicity", _("online publicity")
    CULTURE_AND_SPORTS = "culture-and-sports", _("culture and sports")


class Department(models.Model):
    name = models.CharField(_("name"), max_length=50, unique=True)
    general_branch = models.CharField(
        _("general Party branch"), max_length=80, blank=True, help_text=_("The name rosters put before the branch.")
    )
    approving_committee = models.CharField(_("approving Party committee"), max_length=80, blank=True)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PartyBranch(models.Model):
    department = models.ForeignKey(
        Department, verbose_name=_("department"), on_delete=models.PROTECT, related_name="party_branches"
    )
    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=PartyBranchKind, default=PartyBranchKind.MIXED)
    committee_term_ends_on = models.DateField(_("committee term ends on"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    objects = PartyBranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("Party branch")
        verbose_name_plural = _("Party branches")
        ordering = ["department_id", "pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=PartyBranchKind.values), name="party_branch_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def short_name(self) -> str:
        """The name without its general branch: 第三党支部."""
        return self.name.split("党总支")[-1] or self.name


class SchoolClass(models.Model):
    department = models.ForeignKey(
        Department, verbose_name=_("department"), on_delete=models.PROTECT, related_name="classes"
    )
    name = models.CharField(_("name"), max_length=50)
    programme = models.CharField(_("programme"), max_length=10, choices=Programme)
    enrolment_year = models.PositiveSmallIntegerField(_("enrolment year"))

    objects = SchoolClassQuerySet.as_manager()

    class Meta:
        verbose_name = _("class")
        verbose_name_plural = _("classes")
        ordering = ["-enrolment_year", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["department", "name"],
                name="class_name_unique_in_department",
                violation_error_message=_("This department has a class of this name already."),
            ),
            models.CheckConstraint(
                condition=models.Q(enrolment_year__gte=1950, enrolment_year__lte=2100), name="class_enrolment_year_sane"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LeagueBranch(models.Model):
    department = models.ForeignKey(
        Department, verbose_name=_("department"), on_delete=models.PROTECT, related_name="league_branches"
    )
    name = models.CharField(_("name"), max_length=80, unique=True)
    school_class = models.ForeignKey(
        SchoolClass,
        verbose_name=_("class"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="league_branches",
    )
    enrolment_year = models.PositiveSmallIntegerField(_("enrolment year"))
    programme = models.CharField(_("programme"), max_length=10, choices=Programme, default=Programme.BACHELOR)
    party_branch = models.ForeignKey(
        PartyBranch,
        verbose_name=_("responsible Party branch"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="league_branches",
    )
    model_type = models.CharField(_("model type"), max_length=30, choices=LeagueModelType, blank=True)
    member_count = models.PositiveSmallIntegerField(_("League members"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    objects = LeagueBranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("League branch")
        verbose_name_plural = _("League branches")
        ordering = ["-enrolment_year", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(enrolment_year__gte=1950, enrolment_year__lte=2100),
                name="league_enrolment_year_sane",
            ),
            models.CheckConstraint(
                condition=models.Q(model_type="") | models.Q(model_type__in=LeagueModelType.values),
                name="league_model_type_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def study_year(self, academic_year_start: int) -> int:
        """Year of study in the academic year that starts in `academic_year_start` (专升本 counts from 3)."""
        entry_year = 3 if self.programme == Programme.UPGRADE else 1
        return entry_year + academic_year_start - self.enrolment_year
