"""What stands beside a link: goals, observation records, plans of League branches, contact, calls for help."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import AcademicYear, LeagueBranch, LeagueModelType
from members.models import Person

from .querysets import (
    ContactCardQuerySet,
    GoalQuerySet,
    GoalStepQuerySet,
    HelpRequestQuerySet,
    LeagueMilestoneQuerySet,
    LeaguePlanQuerySet,
    ObservationQuerySet,
)


class MentoringGoal(models.Model):
    """What the two want to reach, by when; it holds once both have agreed."""

    mentorship = models.ForeignKey(
        "mentoring.Mentorship", verbose_name=_("mentoring link"), on_delete=models.CASCADE, related_name="goals"
    )
    what = models.CharField(_("goal"), max_length=200)
    due_on = models.DateField(_("due on"))
    proposed_by = models.ForeignKey(Person, verbose_name=_("proposed by"), on_delete=models.PROTECT, related_name="+")
    mentor_agreed_at = models.DateTimeField(_("agreed by the mentor at"), null=True, blank=True)
    mentee_agreed_at = models.DateTimeField(_("agreed by the mentee at"), null=True, blank=True)
    reached_on = models.DateField(_("reached on"), null=True, blank=True)
    dropped_on = models.DateField(_("given up on"), null=True, blank=True)
    drop_reason = models.CharField(_("why given up"), max_length=200, blank=True)

    history = HistoricalRecords()
    objects = GoalQuerySet.as_manager()

    class Meta:
        verbose_name = _("mentoring goal")
        verbose_name_plural = _("mentoring goals")
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(what=""), name="mentoring_goal_says_what"),
            models.CheckConstraint(
                condition=Q(reached_on=None) | Q(dropped_on=None), name="mentoring_goal_reached_or_dropped"
            ),
            models.CheckConstraint(
                condition=Q(mentor_agreed_at__isnull=False) | Q(mentee_agreed_at__isnull=False),
                name="mentoring_goal_has_an_author",
            ),
            models.CheckConstraint(
                condition=Q(dropped_on=None) | ~Q(drop_reason=""), name="mentoring_goal_dropped_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def is_agreed(self) -> bool:
        return self.mentor_agreed_at is not None and self.mentee_agreed_at is not None

    @property
    def is_open(self) -> bool:
        return self.reached_on is None and self.dropped_on is None


class GoalStep(models.Model):
    """A step on the way to a goal."""

    goal = models.ForeignKey(MentoringGoal, verbose_name=_("goal"), on_delete=models.CASCADE, related_name="steps")
    what = models.CharField(_("step"), max_length=200)
    due_on = models.DateField(_("due on"))
    done_on = models.DateField(_("done on"), null=True, blank=True)

    objects = GoalStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("step towards a goal")
        verbose_name_plural = _("steps towards goals")
        ordering = ["due_on", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(what=""), name="goal_step_says_what")]

    def __str__(self) -> str:
        return self.what


class ObservationKind(models.TextChoices):
    CONTACT = "contact", _("contact's record, each quarter")
    BRANCH = "branch", _("branch's review, each half-year")


class ObservationRecord(models.Model):
    """How an activist, candidate or probationary member developed in a period (headings of RULES.md 4.3(k); R05, R06, R20)."""

    person = models.ForeignKey(
        Person, verbose_name=_("person observed"), on_delete=models.PROTECT, related_name="observations"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ObservationKind)
    # The contact's link; empty for the branch's review.
    mentorship = models.ForeignKey(
        "mentoring.Mentorship", verbose_name=_("mentoring link"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="observations",
    )  # fmt: skip
    period_from = models.DateField(_("period from"))
    period_to = models.DateField(_("period to"))
    politics = models.TextField(_("politics and thought"), max_length=1000)
    study = models.TextField(_("study"), max_length=1000)
    work = models.TextField(_("work and social practice"), max_length=1000)
    masses = models.TextField(_("standing among the others"), max_length=1000)
    strengths = models.TextField(_("main strengths and weaknesses"), max_length=1000)
    observer = models.ForeignKey(
        Person, verbose_name=_("observer"), null=True, blank=True, on_delete=models.PROTECT, related_name="observations_made"
    )  # fmt: skip
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    signed_on = models.DateField(_("signed on"))

    history = HistoricalRecords()
    objects = ObservationQuerySet.as_manager()

    class Meta:
        verbose_name = _("observation record")
        verbose_name_plural = _("observation records")
        ordering = ["-period_to", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(period_to__gt=F("period_from")),
                name="observation_period_in_order",
                violation_error_message=_("The period must end after it begins."),
            ),
            models.CheckConstraint(
                condition=Q(kind=ObservationKind.CONTACT, mentorship__isnull=False)
                | Q(kind=ObservationKind.BRANCH, mentorship=None),
                name="observation_contact_has_its_link",
            ),
            models.UniqueConstraint(
                fields=["mentorship", "period_to"],
                condition=Q(mentorship__isnull=False),
                name="observation_contact_once_a_period",
                violation_error_message=_("There is a record of this contact for the same period already."),
            ),
            models.UniqueConstraint(
                fields=["person", "period_to"],
                condition=Q(kind=ObservationKind.BRANCH),
                name="observation_branch_once_a_period",
                violation_error_message=_("The branch reviewed this period already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.period_from} – {self.period_to}"


class LeaguePlan(models.Model):
    """What a League branch is building in an academic year, by its model type."""

    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), on_delete=models.PROTECT, related_name="plans"
    )
    academic_year = models.ForeignKey(
        AcademicYear, verbose_name=_("academic year"), on_delete=models.PROTECT, related_name="+"
    )
    model_type = models.CharField(_("model type"), max_length=30, choices=LeagueModelType)
    aim = models.CharField(_("aim"), max_length=300, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("made by"), on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("made at"))

    history = HistoricalRecords()
    objects = LeaguePlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan of a League branch")
        verbose_name_plural = _("plans of League branches")
        constraints = [
            models.UniqueConstraint(
                fields=["league_branch", "academic_year"],
                name="league_plan_once_a_year",
                violation_error_message=_("This League branch has a plan for that year already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.league_branch} {self.academic_year}"


class LeagueMilestone(models.Model):
    """One thing a League branch sets out to do by a day."""

    plan = models.ForeignKey(LeaguePlan, verbose_name=_("plan"), on_delete=models.CASCADE, related_name="milestones")
    what = models.CharField(_("milestone"), max_length=200)
    focus_area = models.CharField(_("focus area"), max_length=20, blank=True)
    due_on = models.DateField(_("due on"))
    done_on = models.DateField(_("done on"), null=True, blank=True)
    result = models.CharField(_("what came of it"), max_length=300, blank=True)

    history = HistoricalRecords()
    objects = LeagueMilestoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("milestone of a League branch")
        verbose_name_plural = _("milestones of League branches")
        ordering = ["due_on", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(what=""), name="league_milestone_says_what")]

    def __str__(self) -> str:
        return self.what


class ContactWay(models.TextChoices):
    HIDDEN = "hidden", _("show nothing")
    PHONE = "phone", _("show my phone number")
    OTHER = "other", _("show what I write here")


class ContactCard(models.Model):
    """What mentors and mentees see of how to reach a person; the phone is hidden until its owner chooses otherwise."""

    person = models.OneToOneField(
        Person, verbose_name=_("person"), on_delete=models.CASCADE, related_name="contact_card"
    )
    way = models.CharField(_("contact"), max_length=10, choices=ContactWay, default=ContactWay.HIDDEN)
    words = models.CharField(_("how to reach me"), max_length=60, blank=True)

    objects = ContactCardQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact card")
        verbose_name_plural = _("contact cards")
        constraints = [
            models.CheckConstraint(condition=~Q(way=ContactWay.OTHER) | ~Q(words=""), name="contact_card_says_how"),
            models.CheckConstraint(condition=Q(way__in=ContactWay.values), name="contact_card_way_known"),
        ]

    def __str__(self) -> str:
        return str(self.get_way_display())


class HelpKind(models.TextChoices):
    FIRST_MENTOR = "first_mentor", _("I would like a mentor")
    ANOTHER_MENTOR = "another_mentor", _("I would like another mentor")
    TALK = "talk", _("I would like to talk with the secretary")


class HelpRequest(models.Model):
    """ "I need help": goes to the branch secretary alone. No words are asked for, so none can leak."""

    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="help_requests")
    kind = models.CharField(_("wish"), max_length=20, choices=HelpKind)
    asked_at = models.DateTimeField(_("asked at"))
    handled_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("answered by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    answer = models.CharField(_("answer"), max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    objects = HelpRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("call for help")
        verbose_name_plural = _("calls for help")
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(handled_at=None, withdrawn_at=None),
                name="help_request_one_open",
                violation_error_message=_("You have asked already; the secretary has it."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
