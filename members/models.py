"""One row per human being, whatever the stage."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import AcademicYear, Department, LeagueBranch, PartyBranch, Programme, SchoolClass

from .affiliation_models import AffiliationTransfer, AskedBy, MobileMember, TransferKind, TransferState
from .development_models import VOTED_STEPS, SavedView, StepLabel, StepVote
from .names import name_key
from .office_models import (
    Absence,
    AbsenceKind,
    DevelopmentStep,
    ExcellentMember,
    Post,
    PostKind,
    Sponsor,
    StaffKind,
    StaffRole,
)
from .party_group_models import PartyGroup, PartyGroupPlace
from .querysets import PersonQuerySet
from .stages import MEMBER_STAGES, ORDERED_DATES, STAGE_DATE_FIELDS, Stage, derive_stage, political_status

__all__ = [
    "VOTED_STEPS",
    "Absence",
    "AbsenceKind",
    "Activist",
    "AffiliationTransfer",
    "Applicant",
    "AskedBy",
    "Candidate",
    "DevelopmentStep",
    "ExcellentMember",
    "Member",
    "MobileMember",
    "PartyGroup",
    "PartyGroupPlace",
    "Person",
    "Post",
    "PostKind",
    "SavedView",
    "Sex",
    "Sponsor",
    "StaffKind",
    "StaffRole",
    "Stage",
    "StepLabel",
    "StepVote",
    "TransferKind",
    "TransferState",
]  # fmt: skip


class Sex(models.TextChoices):
    MALE = "male", _("male")
    FEMALE = "female", _("female")


def _in_order() -> Q:
    """Every pair of the ordered dates: either unknown or not before the earlier one."""
    condition = Q()
    for position, earlier in enumerate(ORDERED_DATES):
        for later in ORDERED_DATES[position + 1 :]:
            condition &= (
                Q(**{f"{earlier}__isnull": True}) | Q(**{f"{later}__isnull": True}) | Q(**{f"{later}__gte": F(earlier)})
            )
    return condition


def _stage_backed_by_dates() -> Q:
    """No stage without its date. (The other direction needs today's date and is kept by the services.)"""
    return (
        Q(stage=Stage.NON_MEMBER)
        | Q(stage=Stage.LEAGUE_MEMBER, is_league_member=True)
        | Q(stage=Stage.APPLICANT, applied_on__isnull=False)
        | Q(stage=Stage.ACTIVIST, activist_on__isnull=False)
        | Q(stage=Stage.CANDIDATE, candidate_on__isnull=False)
        | Q(stage=Stage.PROBATIONARY, admitted_on__isnull=False)
        | Q(stage=Stage.FULL, converted_on__isnull=False)
        | Q(stage=Stage.LEFT, left_on__isnull=False)
    )


class Person(models.Model):
    number = models.CharField(
        _("student or staff number"),
        max_length=20,
        unique=True,
        error_messages={"unique": _("This number is in the roster already, or outside what you manage.")},
    )
    name = models.CharField(_("name"), max_length=50)
    name_key = models.CharField(_("pinyin"), max_length=200, editable=False, db_index=True)
    sex = models.CharField(_("sex"), max_length=6, choices=Sex, blank=True)
    ethnicity = models.CharField(_("ethnicity"), max_length=20, blank=True)
    born_on = models.DateField(_("born on"), null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    programme = models.CharField(_("programme"), max_length=10, choices=Programme, blank=True)
    major = models.CharField(_("major"), max_length=80, blank=True)
    enrolment_year = models.PositiveSmallIntegerField(_("enrolment year"), null=True, blank=True)
    graduates_on = models.DateField(_("expected graduation"), null=True, blank=True)
    department = models.ForeignKey(
        Department, verbose_name=_("department"), on_delete=models.PROTECT, related_name="people"
    )
    school_class = models.ForeignKey(
        SchoolClass, verbose_name=_("class"), null=True, blank=True, on_delete=models.PROTECT, related_name="people"
    )
    party_branch = models.ForeignKey(
        PartyBranch,
        verbose_name=_("Party branch"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="person",
    )

    stage = models.CharField(
        _("stage"), max_length=20, choices=Stage, default=Stage.NON_MEMBER, editable=False, db_index=True
    )
    is_league_member = models.BooleanField(_("League member"), default=False)
    league_joined_on = models.DateField(_("joined the League on"), null=True, blank=True)
    applied_on = models.DateField(_("applied on"), null=True, blank=True)
    activist_on = models.DateField(_("activist since"), null=True, blank=True)
    candidate_on = models.DateField(_("candidate since"), null=True, blank=True)
    admitted_on = models.DateField(_("admitted on"), null=True, blank=True)
    converted_on = models.DateField(_("full member since"), null=True, blank=True)
    extended_to = models.DateField(_("probation extended to"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["name_key"])
    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["name_key", "number"]
        permissions = [("import_person", "Can import people"), ("export_person", "Can export people")]
        indexes = [
            models.Index(fields=["party_branch", "stage", "name_key"], name="person_branch_stage"),
            models.Index(fields=["school_class", "name_key"], name="person_class"),
            # A page of a register is read in the order of its index, however long the register is.
            models.Index(fields=["name_key", "number"], name="person_in_order"),
            models.Index(fields=["stage", "name_key", "number"], name="person_stage_order"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=_in_order(),
                name="person_dates_in_order",
                violation_error_message=_(
                    "The dates must stand in order: application, activist, candidate, admission, full membership."
                ),
            ),
            models.CheckConstraint(
                condition=_stage_backed_by_dates(),
                name="person_stage_backed_by_dates",
                violation_error_message=_("The stage does not fit the dates."),
            ),
            models.CheckConstraint(
                condition=Q(extended_to=None) | Q(admitted_on__isnull=False, extended_to__gt=F("admitted_on")),
                name="person_extension_after_admission",
                violation_error_message=_("Probation can only be extended after admission."),
            ),
            models.CheckConstraint(condition=~Q(number="") & ~Q(name=""), name="person_has_number_and_name"),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="person_stage_known"),
            models.CheckConstraint(
                condition=Q(programme="") | Q(programme__in=Programme.values), name="person_programme_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = name_key(self.name)
        if self.league_joined_on is not None:
            self.is_league_member = True
        super().save(*args, **kwargs)

    @property
    def stage_dates(self) -> dict[str, date | None]:
        return {name: getattr(self, name) for name in STAGE_DATE_FIELDS}

    def settle_stage(self, today: date) -> None:
        """Write the stage that follows from the dates; the caller saves."""
        self.stage = derive_stage(self.stage_dates, is_league_member=self.is_league_member, today=today)

    @property
    def political_status(self) -> Any:
        return political_status(self.stage, is_league_member=self.is_league_member)

    def study_year(self, academic_year_start: int) -> int | None:
        """Year of study in the academic year starting in `academic_year_start`; None for staff."""
        if self.enrolment_year is None or self.programme == Programme.STAFF:
            return None
        return (3 if self.programme == Programme.UPGRADE else 1) + academic_year_start - self.enrolment_year


# The registers: each a part of the roster, by stage.
REGISTER_STAGES = {
    "members": MEMBER_STAGES,
    "activists": (Stage.ACTIVIST,),
    "candidates": (Stage.CANDIDATE,),
    "applicants": (Stage.APPLICANT,),
}


class RegisterManager(models.Manager.from_queryset(PersonQuerySet)):  # type: ignore[misc]  # built at run time
    def __init__(self, register: str) -> None:
        super().__init__()
        self.register = register

    def deconstruct(self) -> Any:
        return (False, "members.models.RegisterManager", None, (self.register,), {})

    def get_queryset(self) -> PersonQuerySet:
        rows: PersonQuerySet = super().get_queryset()
        return rows.filter(stage__in=REGISTER_STAGES[self.register])


class Member(Person):
    """The register of members: probationary and full."""

    objects = RegisterManager("members")

    class Meta:
        proxy = True
        verbose_name = _("Party member")
        verbose_name_plural = _("Party members")
        permissions = [("import_member", "Can import members"), ("export_member", "Can export members")]


class Activist(Person):
    """The register of activists."""

    objects = RegisterManager("activists")

    class Meta:
        proxy = True
        verbose_name = _("activist")
        verbose_name_plural = _("activists")
        permissions = [("import_activist", "Can import activists"), ("export_activist", "Can export activists")]


class Candidate(Person):
    """The register of development candidates."""

    objects = RegisterManager("candidates")

    class Meta:
        proxy = True
        verbose_name = _("development candidate")
        verbose_name_plural = _("development candidates")
        permissions = [("import_candidate", "Can import candidates"), ("export_candidate", "Can export candidates")]


class Applicant(Person):
    """The register of applicants."""

    objects = RegisterManager("applicants")

    class Meta:
        proxy = True
        verbose_name = _("applicant")
        verbose_name_plural = _("applicants")
        permissions = [("import_applicant", "Can import applicants"), ("export_applicant", "Can export applicants")]


def current_league_branches(person: Person) -> models.QuerySet[LeagueBranch]:
    """The League branches of a person's class."""
    return LeagueBranch.objects.filter(school_class_id=person.school_class_id, is_active=True)


def academic_year_of(on: date) -> AcademicYear | None:
    """The academic year a day lies in."""
    return AcademicYear.objects.filter(starts_on__lte=on, ends_on__gte=on).first()
