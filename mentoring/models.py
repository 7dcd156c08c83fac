"""Who helps whom: links between two people (tiers 1–3) and guidance of a League branch (tier 4)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import LeagueBranch, PartyBranch
from members.models import Person

from .need_models import ConsentState, SupportConsent, SupportNeed, SupportReading
from .querysets import LeagueGuidanceQuerySet, MentorshipQuerySet
from .tiers import OPEN_STATES, PERSON_TIERS, FocusArea, LinkState, Tier
from .work_models import (
    ContactCard,
    ContactWay,
    GoalStep,
    HelpKind,
    HelpRequest,
    LeagueMilestone,
    LeaguePlan,
    MentoringGoal,
    ObservationKind,
    ObservationRecord,
)

__all__ = [
    "ConsentState", "ContactCard", "ContactWay", "FocusArea", "GoalStep", "HelpKind", "HelpRequest", "LeagueGuidance",
    "LeagueMilestone", "LeaguePlan", "LinkState", "MentoringGoal", "Mentorship", "ObservationKind", "ObservationRecord",
    "SupportConsent", "SupportNeed", "SupportReading", "Tier",
]  # fmt: skip


class Mentorship(models.Model):
    """One person helps another within a tier. The Party branch that keeps the link arranges, publishes and ends it."""

    tier = models.PositiveSmallIntegerField(_("tier"), choices=[(tier.value, tier.label) for tier in PERSON_TIERS])
    mentor = models.ForeignKey(
        Person, verbose_name=_("mentor"), on_delete=models.PROTECT, related_name="mentorships_as_mentor"
    )
    mentee = models.ForeignKey(
        Person, verbose_name=_("mentee"), on_delete=models.PROTECT, related_name="mentorships_as_mentee"
    )
    # Tiers 2 and 3: the mentee's branch; tier 1: the mentor's. Does not move with people.
    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("kept by"), on_delete=models.PROTECT, related_name="mentorships"
    )
    state = models.CharField(_("state"), max_length=10, choices=LinkState, default=LinkState.DRAFT)
    is_formal = models.BooleanField(_("formal cultivation contact"), default=False)
    goal = models.CharField(_("goal"), max_length=200, blank=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("planned end"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=200, blank=True)
    # [[criterion key, points, detail], …] of the proposal, spoken by `wording.py`.
    reasons = models.JSONField(_("why they were matched"), default=list, blank=True)
    score = models.SmallIntegerField(_("score"), null=True, blank=True)
    successor_of = models.ForeignKey(
        "self", verbose_name=_("takes over from"), null=True, blank=True, on_delete=models.SET_NULL, related_name="successors"
    )  # fmt: skip
    arranged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("arranged by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    created_at = models.DateTimeField(_("arranged at"))
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    # Tier 1: when the mentee said yes or no.
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    history = HistoricalRecords()
    objects = MentorshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("mentoring link")
        verbose_name_plural = _("mentoring links")
        ordering = ["tier", "mentor__name_key", "pk"]
        permissions = [
            ("import_mentorship", "Can import mentoring links"),
            ("export_mentorship", "Can export mentoring links"),
        ]
        indexes = [
            models.Index(fields=["mentor", "tier"], condition=Q(ended_on=None), name="mentorship_open_mentor"),
            models.Index(fields=["mentee", "tier"], condition=Q(ended_on=None), name="mentorship_open_mentee"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(mentor=F("mentee")),
                name="mentorship_of_two_people",
                violation_error_message=_("Nobody mentors themselves."),
            ),
            models.UniqueConstraint(
                fields=["mentor", "mentee", "tier"],
                condition=Q(state__in=OPEN_STATES),
                name="mentorship_open_once",
                violation_error_message=_("These two are linked in this tier already."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")),
                name="mentorship_ends_after_start",
                violation_error_message=_("The link must end after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("starts_on")), name="mentorship_ended_after_start"
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=(LinkState.ENDED, LinkState.DECLINED), ended_on__isnull=False)
                    | Q(state__in=OPEN_STATES, ended_on=None)
                ),
                name="mentorship_over_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(is_formal=False) | Q(tier=Tier.ACTIVISTS), name="mentorship_formal_in_tier_two"
            ),
            models.CheckConstraint(condition=Q(tier__in=PERSON_TIERS), name="mentorship_tier_known"),
            models.CheckConstraint(
                condition=~Q(state=LinkState.ACTIVE, tier=Tier.CLASSMATES) | Q(answered_at__isnull=False),
                name="mentorship_classmate_said_yes",
            ),
            models.CheckConstraint(
                condition=Q(state=LinkState.DRAFT) | Q(state=LinkState.DECLINED) | Q(published_at__isnull=False),
                name="mentorship_known_means_published",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.mentor} → {self.mentee}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def other(self, person_id: int | None) -> Person:
        """The one of the two who is not `person_id`."""
        return self.mentee if self.mentor_id == person_id else self.mentor


class LeagueGuidance(models.Model):
    """A senior member guides a junior League branch (tier 4), in named focus areas."""

    person = models.ForeignKey(
        Person, verbose_name=_("guide"), on_delete=models.PROTECT, related_name="league_guidances"
    )
    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), on_delete=models.PROTECT, related_name="guidances"
    )
    # The responsible Party branch when it was arranged, or the guide's own where none is responsible.
    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("kept by"), on_delete=models.PROTECT, related_name="league_guidances"
    )
    # Draft, active or ended; a League branch is not asked person by person.
    state = models.CharField(_("state"), max_length=10, choices=LinkState, default=LinkState.DRAFT)
    focus_areas = models.JSONField(_("focus areas"), default=list, blank=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("planned end"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=200, blank=True)
    reasons = models.JSONField(_("why they were matched"), default=list, blank=True)
    score = models.SmallIntegerField(_("score"), null=True, blank=True)
    successor_of = models.ForeignKey(
        "self", verbose_name=_("takes over from"), null=True, blank=True, on_delete=models.SET_NULL, related_name="successors"
    )  # fmt: skip
    arranged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("arranged by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    created_at = models.DateTimeField(_("arranged at"))
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)

    history = HistoricalRecords()
    objects = LeagueGuidanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("guidance of a League branch")
        verbose_name_plural = _("guidance of League branches")
        ordering = ["league_branch_id", "person__name_key", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "league_branch"],
                condition=Q(state__in=OPEN_STATES),
                name="guidance_open_once",
                violation_error_message=_("This member guides the League branch already."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")),
                name="guidance_ends_after_start",
                violation_error_message=_("The guidance must end after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("starts_on")), name="guidance_ended_after_start"
            ),
            models.CheckConstraint(
                condition=Q(state=LinkState.ENDED, ended_on__isnull=False)
                | Q(state__in=(LinkState.DRAFT, LinkState.ACTIVE), ended_on=None),
                name="guidance_over_has_its_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} → {self.league_branch}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES
