"""Who is paired with whom, and every step of how it came about."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import AcademicYear, PartyBranch
from members.models import Person

from .board_models import BranchSplit, CommitteePairing, GroupPlace, MatchingWish, PairingGroup
from .querysets import BranchPairingQuerySet, MemberPairingQuerySet, OfPairingQuerySet
from .states import OPEN_STATES, PairingAction, PairingState
from .work_models import (
    Cover,
    CoverDuty,
    CoverState,
    CrossInspection,
    InspectionFinding,
    InspectionMaterial,
    JointProject,
    PairingTask,
    ProjectMilestone,
    Side,
    TaskArea,
)

__all__ = [
    "BranchPairing", "BranchSplit", "CommitteePairing", "Cover", "CoverDuty", "CoverState", "CrossInspection", "GroupPlace",
    "InspectionFinding", "InspectionMaterial", "JointProject", "MatchingWish", "MemberPairing", "PairingAction", "PairingGroup",
    "PairingState", "PairingStep", "PairingTask", "ProjectMilestone", "Side", "SupportArea", "TaskArea",
]  # fmt: skip


class BranchPairing(models.Model):
    """An agreement between a helping branch (usually bachelor) and its partner (usually diploma) for one academic year."""

    academic_year = models.ForeignKey(
        AcademicYear, verbose_name=_("academic year"), on_delete=models.PROTECT, related_name="+"
    )
    helping_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("helping branch"), on_delete=models.PROTECT, related_name="pairings_as_helper"
    )
    partner_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("partner branch"), on_delete=models.PROTECT, related_name="pairings_as_partner"
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    principles = models.TextField(_("principles"), max_length=2000, blank=True)
    aims = models.TextField(_("aims"), max_length=2000, blank=True)
    agreement = models.TextField(_("agreement"), max_length=5000, blank=True)
    state = models.CharField(_("state"), max_length=20, choices=PairingState, default=PairingState.DRAFT, db_index=True)
    helping_confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("confirmed for the helping branch by"),
        null=True, blank=True, on_delete=models.PROTECT, related_name="+",
    )  # fmt: skip
    helping_confirmed_at = models.DateTimeField(_("confirmed for the helping branch at"), null=True, blank=True)
    partner_confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("confirmed for the partner branch by"),
        null=True, blank=True, on_delete=models.PROTECT, related_name="+",
    )  # fmt: skip
    partner_confirmed_at = models.DateTimeField(_("confirmed for the partner branch at"), null=True, blank=True)
    # Whose draft it is: only this branch sees and writes it until it is sent.
    author_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("proposed by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    previous = models.ForeignKey(
        "self",
        verbose_name=_("continues"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="continued_by",
    )
    # Raised by every change of the board; a page that shows an older one is stale.
    board_version = models.PositiveIntegerField(default=0, editable=False)
    board_published_at = models.DateTimeField(_("pairs published at"), null=True, blank=True)
    # What the pairing came to, counted when it ended.
    summary = models.JSONField(_("summary"), null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["board_version"])
    objects = BranchPairingQuerySet.as_manager()

    class Meta:
        verbose_name = _("branch pairing")
        verbose_name_plural = _("branch pairings")
        ordering = ["-academic_year__start_year", "helping_branch_id", "partner_branch_id"]
        permissions = [("export_branchpairing", "Can export branch pairings")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(helping_branch=F("partner_branch")),
                name="pairing_of_two_different_branches",
                violation_error_message=_("A branch cannot be paired with itself. Choose another partner."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")),
                name="pairing_ends_after_start",
                violation_error_message=_("The pairing must end after it starts."),
            ),
            models.UniqueConstraint(
                Least("helping_branch", "partner_branch"),
                Greatest("helping_branch", "partner_branch"),
                "academic_year",
                condition=Q(state__in=OPEN_STATES),
                name="pairing_one_open_per_couple_and_year",
                violation_error_message=_(
                    "These two branches have an open pairing for that year. Open it in the list of pairings instead."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(state=PairingState.ACTIVE)
                | Q(
                    helping_confirmed_by__isnull=False, helping_confirmed_at__isnull=False,
                    partner_confirmed_by__isnull=False, partner_confirmed_at__isnull=False,
                ),
                name="pairing_active_means_both_confirmed",
            ),
            models.CheckConstraint(condition=Q(state__in=PairingState.values), name="pairing_state_known"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.helping_branch.short_name} ↔ {self.partner_branch.short_name}"


class PairingStep(models.Model):
    """One step in the life of a pairing: who, when, why."""

    pairing = models.ForeignKey(
        BranchPairing, verbose_name=_("pairing"), on_delete=models.CASCADE, related_name="steps"
    )
    action = models.CharField(_("action"), max_length=20, choices=PairingAction)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+")
    for_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("for"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("at"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    objects = OfPairingQuerySet.as_manager()

    class Meta:
        verbose_name = _("step of a pairing")
        verbose_name_plural = _("steps of pairings")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.get_action_display()


class SupportArea(models.TextChoices):
    STUDY = "study", _("study")
    LIFE = "life", _("life")
    JOB_HUNTING = "job_hunting", _("job hunting")
    WORK = "work", _("work")


class MemberPairing(models.Model):
    """Two members of paired branches who help each other."""

    pairing = models.ForeignKey(
        BranchPairing, verbose_name=_("branch pairing"), on_delete=models.PROTECT, related_name="member_pairings"
    )
    helper = models.ForeignKey(
        Person,
        verbose_name=_("member of the helping branch"),
        on_delete=models.PROTECT,
        related_name="pairings_as_helper",
    )
    partner = models.ForeignKey(
        Person,
        verbose_name=_("member of the partner branch"),
        on_delete=models.PROTECT,
        related_name="pairings_as_partner",
    )
    support_areas = models.JSONField(_("support areas"), default=list, blank=True)
    reasons = models.JSONField(_("why they were matched"), default=list, blank=True)
    score = models.SmallIntegerField(_("score"), null=True, blank=True)
    is_fixed = models.BooleanField(_("fixed by hand"), default=False)
    goal = models.CharField(_("goal"), max_length=200, blank=True)
    # Empty while it is a draft on the board; nobody outside the two committees sees it before.
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    # A published pair that the draft on the board gives up; it ends when the board is published.
    is_dropped = models.BooleanField(_("given up in the draft"), default=False)
    successor_of = models.ForeignKey(
        "self",
        verbose_name=_("takes over from"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="successors",
    )
    starts_on = models.DateField(_("from"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=200, blank=True)

    history = HistoricalRecords()
    objects = MemberPairingQuerySet.as_manager()

    class Meta:
        verbose_name = _("member pairing")
        verbose_name_plural = _("member pairings")
        ordering = ["pairing_id", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(helper=F("partner")),
                name="member_pairing_of_two_people",
                violation_error_message=_("Nobody is paired with themselves."),
            ),
            models.UniqueConstraint(
                Least("helper", "partner"),
                Greatest("helper", "partner"),
                condition=Q(ended_on=None),
                name="member_pairing_open_once",
                violation_error_message=_("These two are paired already."),
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("starts_on")),
                name="member_pairing_ends_after_start",
                violation_error_message=_("A pairing cannot end before it began."),
            ),
            models.CheckConstraint(
                condition=Q(is_dropped=False) | Q(published_at__isnull=False),
                name="member_pairing_only_published_is_dropped",
            ),
        ]
        indexes = [
            models.Index(fields=["pairing"], condition=Q(ended_on=None), name="member_pairing_open"),
        ]

    def __str__(self) -> str:
        return f"{self.helper} ↔ {self.partner}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None

    def other(self, person_id: int | None) -> Person:
        """The one of the two who is not `person_id`."""
        return self.partner if self.helper_id == person_id else self.helper
