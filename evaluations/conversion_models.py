"""The review of a probationary member at the end of the year: opinions, notice, meeting, decision, approval."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import PartyBranch
from members.models import Person

from .querysets import ConversionReviewQuerySet, OfConversionReviewQuerySet, PartnerOpinionQuerySet


class ReviewDecision(models.TextChoices):
    CONVERT = "convert", _("convert on time")
    EXTEND = "extend", _("extend the probation")
    ANNUL = "annul", _("annul the probationary membership")


class ConversionReview(models.Model):
    """One review of one probationary member; a second one follows an extension."""

    person = models.ForeignKey(
        Person, verbose_name=_("probationary member"), on_delete=models.PROTECT, related_name="conversion_reviews"
    )
    # The branch that reviews; the person may move later.
    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("Party branch"), on_delete=models.PROTECT, related_name="conversion_reviews"
    )
    # The day the probation ends: admission or the end of the extension (R16).
    due_on = models.DateField(_("probation ends on"))
    opened_at = models.DateTimeField(_("opened at"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("opened by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    applied_on = models.DateField(_("application for full membership on"), null=True, blank=True)
    committee_reviewed_on = models.DateField(_("reviewed by the branch committee on"), null=True, blank=True)
    notice_from_on = models.DateField(_("public notice from"), null=True, blank=True)
    notice_to_on = models.DateField(_("public notice to"), null=True, blank=True)
    notice_result = models.CharField(_("what the public notice brought"), max_length=300, blank=True)
    # Transferred in: the discussion may wait, at most six months; the date stays the day of expiry.
    deferred_to = models.DateField(_("discussion deferred to"), null=True, blank=True)
    defer_reason = models.CharField(_("why deferred"), max_length=200, blank=True)
    meeting_on = models.DateField(_("branch meeting on"), null=True, blank=True)
    eligible_count = models.PositiveSmallIntegerField(_("eligible"), null=True, blank=True)
    present_count = models.PositiveSmallIntegerField(_("present"), null=True, blank=True)
    written_count = models.PositiveSmallIntegerField(_("opinions in writing before the meeting"), null=True, blank=True)
    issued_count = models.PositiveSmallIntegerField(_("ballots issued"), null=True, blank=True)
    returned_count = models.PositiveSmallIntegerField(_("ballots returned"), null=True, blank=True)
    yes_count = models.PositiveSmallIntegerField(_("yes"), null=True, blank=True)
    no_count = models.PositiveSmallIntegerField(_("no"), null=True, blank=True)
    abstained_count = models.PositiveSmallIntegerField(_("abstained"), null=True, blank=True)
    decision = models.CharField(_("decision"), max_length=10, choices=ReviewDecision, blank=True)
    extended_to = models.DateField(_("extended to"), null=True, blank=True)
    decision_reason = models.CharField(_("reason"), max_length=500, blank=True)
    approved_on = models.DateField(_("approved by the higher committee on"), null=True, blank=True)
    is_approved = models.BooleanField(_("approved"), null=True, blank=True)
    approval_note = models.CharField(_("opinion of the higher committee"), max_length=500, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    close_reason = models.CharField(_("why closed"), max_length=200, blank=True)
    # The pack as it lay before the meeting, so that later figures do not change what was decided on.
    pack = models.JSONField(_("evidence pack"), default=dict, blank=True)
    pack_at = models.DateTimeField(_("pack of"), null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["pack"])
    objects = ConversionReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversion review")
        verbose_name_plural = _("conversion reviews")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(closed_at=None), name="conversion_review_one_open",
                violation_error_message=_("A review of this person is open already."),
            ),
            models.CheckConstraint(
                condition=Q(present_count=None) | Q(present_count__lte=F("eligible_count")),
                name="conversion_present_within_eligible",
                violation_error_message=_("More present than eligible."),
            ),
            models.CheckConstraint(
                condition=Q(returned_count=None) | Q(returned_count__lte=F("issued_count")),
                name="conversion_returned_within_issued",
                violation_error_message=_("More ballots returned than issued."),
            ),
            models.CheckConstraint(
                condition=Q(yes_count=None)
                | Q(yes_count__lte=F("returned_count") - F("no_count") - F("abstained_count")),
                name="conversion_votes_within_ballots",
                violation_error_message=_("More votes than ballots."),
            ),
            models.CheckConstraint(
                condition=Q(decision="") | Q(meeting_on__isnull=False), name="conversion_decided_at_a_meeting"
            ),
            models.CheckConstraint(
                condition=Q(decision="extend", extended_to__isnull=False) | ~Q(decision="extend") & Q(extended_to=None),
                name="conversion_extension_has_its_end",
            ),
            models.CheckConstraint(
                condition=Q(notice_to_on=None) | Q(notice_to_on__gte=F("notice_from_on")),
                name="conversion_notice_ends_after_start",
                violation_error_message=_("The public notice cannot end before it begins."),
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(is_approved__isnull=False) | ~Q(close_reason=""),
                name="conversion_closed_has_reason",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person} {self.due_on}"


class OpinionKind(models.TextChoices):
    SPONSOR = "sponsor", _("sponsor")
    GROUP = "group", _("Party group")
    MEMBERS = "members", _("members of the branch")
    MASSES = "masses", _("people outside the Party")
    LEAGUE_BRANCH = "league_branch", _("League branch")
    COMMITTEE = "committee", _("branch committee")


class ReviewOpinion(models.Model):
    """An opinion heard in a review: who gave it, and when."""

    review = models.ForeignKey(
        ConversionReview, verbose_name=_("conversion review"), on_delete=models.CASCADE, related_name="opinions"
    )
    kind = models.CharField(_("whose opinion"), max_length=15, choices=OpinionKind)
    author = models.ForeignKey(
        Person, verbose_name=_("given by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField(_("opinion"), max_length=2000)
    given_on = models.DateField(_("given on"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded at"))

    history = HistoricalRecords()
    objects = OfConversionReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("opinion in a review")
        verbose_name_plural = _("opinions in reviews")
        ordering = ["kind", "given_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="review_opinion_has_words"),
            models.CheckConstraint(condition=Q(kind__in=OpinionKind.values), name="review_opinion_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind="sponsor") | Q(author__isnull=False), name="review_opinion_of_a_sponsor_is_named"
            ),
            models.UniqueConstraint(
                fields=["review", "author"], condition=Q(kind="sponsor"), name="review_opinion_once_per_sponsor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.given_on}"


class PartnerOpinion(models.Model):
    """What the partner branch says of one of the paired members' example (先锋模范作用的考核监督), once a term of the pairing."""

    person = models.ForeignKey(
        Person, verbose_name=_("about"), on_delete=models.PROTECT, related_name="partner_opinions"
    )
    by_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("partner branch"), on_delete=models.PROTECT, related_name="opinions_given"
    )
    text = models.TextField(_("opinion"), max_length=1000)
    given_on = models.DateField(_("given on"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded at"))

    history = HistoricalRecords()
    objects = PartnerOpinionQuerySet.as_manager()

    class Meta:
        verbose_name = _("opinion of the partner branch")
        verbose_name_plural = _("opinions of partner branches")
        ordering = ["-given_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="partner_opinion_has_words"),
            models.UniqueConstraint(fields=["person", "by_branch", "given_on"], name="partner_opinion_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.given_on}"
