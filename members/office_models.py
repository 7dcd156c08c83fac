"""What hangs on a person: posts, absences, steps, roles of staff."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import AcademicYear, Department, LeagueBranch, PartyBranch, SchoolClass

from .querysets import AbsenceQuerySet, OfPersonQuerySet, PostQuerySet, StaffRoleQuerySet


class PostKind(models.TextChoices):
    BRANCH_SECRETARY = "branch_secretary", _("branch secretary")
    DEPUTY_SECRETARY = "deputy_secretary", _("deputy secretary")
    ORGANIZATION_OFFICER = "organization_officer", _("committee member for organisation")
    PUBLICITY_OFFICER = "publicity_officer", _("committee member for publicity")
    DISCIPLINE_OFFICER = "discipline_officer", _("committee member for discipline inspection")
    YOUTH_OFFICER = "youth_officer", _("committee member for youth work")
    UNITED_FRONT_OFFICER = "united_front_officer", _("committee member for the united front")
    SECRECY_OFFICER = "secrecy_officer", _("committee member for secrecy")
    LEAGUE_SECRETARY = "league_secretary", _("League branch secretary")
    LEAGUE_DEPUTY = "league_deputy", _("deputy League branch secretary")


LEAGUE_POSTS = (PostKind.LEAGUE_SECRETARY, PostKind.LEAGUE_DEPUTY)
# Several people may hold these at once.
SHARED_POSTS = (PostKind.DEPUTY_SECRETARY, PostKind.LEAGUE_DEPUTY)
# These run the branch: they change its roster and confirm for it.
MANAGING_POSTS = (PostKind.BRANCH_SECRETARY, PostKind.DEPUTY_SECRETARY, PostKind.ORGANIZATION_OFFICER)
SECRETARY_POSTS = (PostKind.BRANCH_SECRETARY, PostKind.DEPUTY_SECRETARY)


class Post(models.Model):
    """An office in a Party branch or in a League branch, exactly one of them."""

    person = models.ForeignKey(
        "members.Person", verbose_name=_("person"), on_delete=models.PROTECT, related_name="posts"
    )
    party_branch = models.ForeignKey(
        PartyBranch,
        verbose_name=_("Party branch"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="posts",
    )
    league_branch = models.ForeignKey(
        LeagueBranch,
        verbose_name=_("League branch"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="posts",
    )
    kind = models.CharField(_("post"), max_length=30, choices=PostKind)
    since = models.DateField(_("since"), null=True, blank=True)
    planned_end_on = models.DateField(_("planned end"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    history = HistoricalRecords()
    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ["party_branch_id", "league_branch_id", "kind"]
        constraints = [
            models.CheckConstraint(
                condition=Q(party_branch=None, league_branch__isnull=False, kind__in=LEAGUE_POSTS)
                | Q(party_branch__isnull=False, league_branch=None) & ~Q(kind__in=LEAGUE_POSTS),
                name="post_in_exactly_one_branch",
                violation_error_message=_(
                    "A post belongs to one Party branch or to one League branch, as its kind says."
                ),
            ),
            models.UniqueConstraint(
                fields=["party_branch", "kind"],
                condition=Q(ended_on=None, party_branch__isnull=False) & ~Q(kind__in=SHARED_POSTS),
                name="post_one_holder_in_party_branch",
                violation_error_message=_("This post has a holder. End that term first."),
            ),
            models.UniqueConstraint(
                fields=["league_branch", "kind"],
                condition=Q(ended_on=None, league_branch__isnull=False) & ~Q(kind__in=SHARED_POSTS),
                name="post_one_holder_in_league_branch",
                violation_error_message=_("This post has a holder. End that term first."),
            ),
            models.CheckConstraint(
                condition=Q(since=None) | Q(ended_on=None) | Q(ended_on__gte=F("since")),
                name="post_ends_after_start",
                violation_error_message=_("A post cannot end before it began."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party_branch or self.league_branch} {self.get_kind_display()}"


class AbsenceKind(models.TextChoices):
    INTERNSHIP = "internship", _("internship")
    EXCHANGE = "exchange", _("exchange")
    LEAVE = "leave", _("leave of absence")


class Absence(models.Model):
    """Away from campus, first and last day included; an open end means until further notice."""

    person = models.ForeignKey(
        "members.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="absences"
    )
    kind = models.CharField(_("reason"), max_length=20, choices=AbsenceKind, default=AbsenceKind.INTERNSHIP)
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"), null=True, blank=True)

    history = HistoricalRecords()
    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["from_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")),
                name="absence_ends_after_start",
                violation_error_message=_("An absence cannot end before it begins."),
            ),
            models.UniqueConstraint(
                fields=["person", "kind", "from_on"],
                name="absence_once",
                violation_error_message=_("This absence is recorded already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.from_on} – {self.to_on or ''}"


class DevelopmentStep(models.Model):
    """One of the 25 steps of a person's process record."""

    person = models.ForeignKey(
        "members.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="steps"
    )
    number = models.PositiveSmallIntegerField(_("step"))
    done_on = models.DateField(_("done on"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    # Who did it or who was named: the contacts, the sponsors, who held the talk.
    who = models.CharField(_("who"), max_length=100, blank=True)
    # Codes of the papers that lie in the file; the papers themselves are not kept here.
    documents = models.JSONField(_("documents in the file"), default=list, blank=True)
    # Of the training (11): how long, and whether it was passed; of the review (10): whether it was clean.
    days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    hours = models.PositiveSmallIntegerField(_("hours"), null=True, blank=True)
    is_passed = models.BooleanField(_("passed"), null=True, blank=True)
    # Why it was recorded although a rule warned.
    reason = models.CharField(_("why in spite of a warning"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip

    history = HistoricalRecords()
    objects = OfPersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("development step")
        verbose_name_plural = _("development steps")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "number"],
                name="step_once_per_person",
                violation_error_message=_("This step is recorded already."),
            ),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=25), name="step_number_known"),
        ]

    def __str__(self) -> str:
        return f"{self.number}"


class Sponsor(models.Model):
    """A full member who sponsors a candidate's admission (入党介绍人)."""

    person = models.ForeignKey(
        "members.Person", verbose_name=_("candidate"), on_delete=models.CASCADE, related_name="sponsors"
    )
    sponsor = models.ForeignKey(
        "members.Person", verbose_name=_("sponsor"), on_delete=models.PROTECT, related_name="sponsored"
    )
    named_on = models.DateField(_("named on"), null=True, blank=True)

    objects = OfPersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("sponsor")
        verbose_name_plural = _("sponsors")
        constraints = [
            models.UniqueConstraint(fields=["person", "sponsor"], name="sponsor_once"),
            models.CheckConstraint(
                condition=~Q(person=F("sponsor")),
                name="sponsor_is_somebody_else",
                violation_error_message=_("Nobody sponsors themselves."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.sponsor)


class ExcellentMember(models.Model):
    """Chosen as an excellent member for an academic year; such members give the theory lectures."""

    person = models.ForeignKey(
        "members.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="excellent_years"
    )
    academic_year = models.ForeignKey(AcademicYear, verbose_name=_("academic year"), on_delete=models.PROTECT)
    note = models.CharField(_("why"), max_length=200, blank=True)

    history = HistoricalRecords()
    objects = OfPersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("excellent member")
        verbose_name_plural = _("excellent members")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "academic_year"],
                name="excellent_once_a_year",
                violation_error_message=_("This person is chosen for that year already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.academic_year}"


class StaffKind(models.TextChoices):
    ORGANISER = "organiser", _("Party organiser")
    COUNSELLOR = "counsellor", _("counsellor")


class StaffRole(models.Model):
    """What a member of staff does here: a department's or the college's organiser, or counsellor of classes."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="staff_roles"
    )
    kind = models.CharField(_("role"), max_length=20, choices=StaffKind)
    department = models.ForeignKey(
        Department,
        verbose_name=_("department"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="staff_roles",
        help_text=_("Empty: the whole college."),
    )
    classes = models.ManyToManyField(SchoolClass, verbose_name=_("classes"), blank=True, related_name="counsellors")

    objects = StaffRoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("staff role")
        verbose_name_plural = _("staff roles")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "department"],
                name="staff_role_once",
                violation_error_message=_("This role is given already."),
            ),
            models.UniqueConstraint(
                fields=["user", "kind"],
                condition=Q(department=None),
                name="staff_role_college_once",
                violation_error_message=_("This role is given already."),
            ),
            models.CheckConstraint(
                condition=Q(kind=StaffKind.ORGANISER) | Q(department__isnull=False),
                name="staff_counsellor_in_department",
                violation_error_message=_("A counsellor belongs to a department."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_kind_display()}"
