"""What stands on the board of a pairing beside the pairs: groups, posts, wishes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import AcademicYear, PartyBranch
from members.models import Person, Post
from members.office_models import PostKind

from .querysets import CommitteePairingQuerySet, OfPairingQuerySet, OfSplitQuerySet, SplitQuerySet, WishQuerySet


class BranchSplit(models.Model):
    """How one helping branch is divided over its partners in an academic year: a draft and what is published."""

    academic_year = models.ForeignKey(
        AcademicYear, verbose_name=_("academic year"), on_delete=models.PROTECT, related_name="+"
    )
    branch = models.ForeignKey(
        PartyBranch, verbose_name=_("Party branch"), on_delete=models.PROTECT, related_name="splits"
    )
    # Raised by every change; a page that shows an older one is stale.
    version = models.PositiveIntegerField(default=0, editable=False)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("published by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+",
    )  # fmt: skip

    objects = SplitQuerySet.as_manager()

    class Meta:
        verbose_name = _("split of a branch")
        verbose_name_plural = _("splits of branches")
        ordering = ["-academic_year__start_year", "branch_id"]
        constraints = [models.UniqueConstraint(fields=["academic_year", "branch"], name="split_once_a_year")]

    def __str__(self) -> str:
        return f"{self.branch.short_name} {self.academic_year}"


class PairingGroup(models.Model):
    """The helping branch's members allocated to one pairing; together with their partners they are a contest team."""

    split = models.ForeignKey(BranchSplit, on_delete=models.CASCADE, related_name="groups")
    pairing = models.OneToOneField(
        "pairings.BranchPairing", verbose_name=_("pairing"), on_delete=models.PROTECT, related_name="group"
    )
    name = models.CharField(_("name"), max_length=50)

    objects = OfPairingQuerySet.as_manager()

    class Meta:
        verbose_name = _("pairing group")
        verbose_name_plural = _("pairing groups")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class GroupPlace(models.Model):
    """Where one member stands: the published group and the group of the draft."""

    split = models.ForeignKey(BranchSplit, on_delete=models.CASCADE, related_name="places")
    academic_year = models.ForeignKey(
        AcademicYear, verbose_name=_("academic year"), on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="group_places")
    group = models.ForeignKey(
        PairingGroup, verbose_name=_("published group"), null=True, blank=True, on_delete=models.SET_NULL, related_name="places",
    )  # fmt: skip
    draft_group = models.ForeignKey(
        PairingGroup, verbose_name=_("group in the draft"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
    )  # fmt: skip
    is_fixed = models.BooleanField(_("fixed by hand"), default=False)

    history = HistoricalRecords()
    objects = OfSplitQuerySet.as_manager()

    class Meta:
        verbose_name = _("place in a group")
        verbose_name_plural = _("places in groups")
        constraints = [
            models.UniqueConstraint(
                fields=["academic_year", "person"],
                name="place_one_group_a_year",
                violation_error_message=_("Each member is in one group a year."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} → {self.group or '—'}"


class CommitteePairing(models.Model):
    """Two committee members who work together: same post to same post (R91). A side without holder is a vacancy."""

    pairing = models.ForeignKey(
        "pairings.BranchPairing", verbose_name=_("pairing"), on_delete=models.PROTECT, related_name="committee_pairings"
    )
    kind = models.CharField(_("post"), max_length=30, choices=PostKind)
    helping_post = models.ForeignKey(
        Post,
        verbose_name=_("post of the helping branch"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    partner_post = models.ForeignKey(
        Post,
        verbose_name=_("post of the partner branch"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    history = HistoricalRecords()
    objects = CommitteePairingQuerySet.as_manager()

    class Meta:
        verbose_name = _("committee pairing")
        verbose_name_plural = _("committee pairings")
        ordering = ["pairing_id", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(helping_post__isnull=False) | Q(partner_post__isnull=False), name="committee_pairing_has_a_side"
            ),
            models.UniqueConstraint(
                fields=["pairing", "helping_post"], condition=Q(ended_on=None, helping_post__isnull=False),
                name="committee_pairing_helping_once", violation_error_message=_("This post is paired already."),
            ),
            models.UniqueConstraint(
                fields=["pairing", "partner_post"], condition=Q(ended_on=None, partner_post__isnull=False),
                name="committee_pairing_partner_once", violation_error_message=_("This post is paired already."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()}"


class MatchingWish(models.Model):
    """What a member offers and asks for in a year's pairing, and whether they asked to be left out."""

    academic_year = models.ForeignKey(
        AcademicYear, verbose_name=_("academic year"), on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(
        Person, verbose_name=_("person"), on_delete=models.CASCADE, related_name="matching_wishes"
    )
    offers = models.JSONField(_("offers"), default=list, blank=True)
    asks = models.JSONField(_("asks for"), default=list, blank=True)
    is_left_out = models.BooleanField(_("left out on request"), default=False)

    history = HistoricalRecords()
    objects = WishQuerySet.as_manager()

    class Meta:
        verbose_name = _("wish for the pairing")
        verbose_name_plural = _("wishes for the pairing")
        constraints = [models.UniqueConstraint(fields=["academic_year", "person"], name="wish_once_a_year")]

    def __str__(self) -> str:
        return f"{self.person} {self.academic_year}"
