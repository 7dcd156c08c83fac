"""The yearly democratic appraisal of a branch: self, peers, secret ballot, the committee's grade.

No row, time, order or history ties a ballot to a voter: every vote mixes the marks of all ballots and rewrites them, sealed, with
the whole roll of its round, in shuffled order, in one transaction.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import PartyBranch
from members.models import Person
from pairing_portal.common.secret_ballots import SealedField

from .querysets import AppraisalResultQuerySet, AppraisalRoundQuerySet, OfAppraisalQuerySet, SecretQuerySet


class AppraisalState(models.TextChoices):
    WRITING = "writing", _("self and peer appraisal")
    VOTING = "voting", _("ballot is open")
    COUNTED = "counted", _("votes counted")
    DECIDED = "decided", _("grades decided")


class AppraisalGrade(models.TextChoices):
    """RULES.md 1.8."""

    EXCELLENT = "excellent", _("excellent")
    QUALIFIED = "qualified", _("qualified")
    BASICALLY = "basically_qualified", _("basically qualified")
    UNQUALIFIED = "unqualified", _("unqualified")


class AppraisalItem(models.TextChoices):
    """The headings of the assessment form (RULES.md 4.3(j))."""

    IDEALS = "ideals", _("ideals and convictions")
    THEORY = "theory", _("political and theoretical quality")
    DISCIPLINE = "discipline", _("organisational discipline")
    INTEGRITY = "integrity", _("integrity")
    SERVICE = "service", _("closeness and service to people")
    EXAMPLE = "example", _("exemplary role")


class ItemMark(models.TextChoices):
    GOOD = "good", _("good")
    FAIR = "fair", _("fair")
    POOR = "poor", _("poor")


class AppraisalRound(models.Model):
    """The appraisal of one branch and one year."""

    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("Party branch"), on_delete=models.PROTECT, related_name="appraisals"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    state = models.CharField(_("state"), max_length=10, choices=AppraisalState, default=AppraisalState.WRITING)
    opened_on = models.DateField(_("opened on"))
    write_until_on = models.DateField(_("write until"))
    vote_until_on = models.DateField(_("vote until"), null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("opened by"), on_delete=models.PROTECT, related_name="+"
    )
    # A count on paper: who counted.
    is_on_paper = models.BooleanField(_("counted on paper"), default=False)
    first_teller = models.ForeignKey(
        Person, verbose_name=_("first teller"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    second_teller = models.ForeignKey(
        Person, verbose_name=_("second teller"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    eligible_count = models.PositiveSmallIntegerField(_("eligible"), null=True, blank=True)
    present_count = models.PositiveSmallIntegerField(_("present"), null=True, blank=True)
    returned_count = models.PositiveSmallIntegerField(_("ballots returned"), null=True, blank=True)
    counted_on = models.DateField(_("counted on"), null=True, blank=True)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    shown_at = models.DateTimeField(_("shown to the members at"), null=True, blank=True)

    history = HistoricalRecords()
    objects = AppraisalRoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("democratic appraisal")
        verbose_name_plural = _("democratic appraisals")
        ordering = ["-year", "party_branch_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["party_branch", "year"], name="appraisal_once_a_year",
                violation_error_message=_("This branch has an appraisal for that year already."),
            ),
            models.CheckConstraint(condition=Q(state__in=AppraisalState.values), name="appraisal_state_known"),
            models.CheckConstraint(
                condition=Q(write_until_on__gte=F("opened_on")),
                name="appraisal_closes_after_opening",
                violation_error_message=_("A round cannot close before it opens."),
            ),
            models.CheckConstraint(
                condition=Q(vote_until_on=None) | Q(vote_until_on__gte=F("opened_on")), name="appraisal_vote_after_opening"
            ),
            models.CheckConstraint(
                condition=Q(returned_count=None) | Q(returned_count__lte=F("present_count")),
                name="appraisal_ballots_within_present",
                violation_error_message=_("More ballots than voters present."),
            ),
            models.CheckConstraint(
                condition=Q(present_count=None) | Q(present_count__lte=F("eligible_count")),
                name="appraisal_present_within_eligible",
                violation_error_message=_("More present than eligible."),
            ),
            models.CheckConstraint(
                condition=Q(is_on_paper=False) | Q(first_teller__isnull=False, second_teller__isnull=False)
                & ~Q(first_teller=F("second_teller")),
                name="appraisal_paper_has_two_tellers",
                violation_error_message=_("A count on paper names two different tellers."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.party_branch} {self.year}"


class SelfAppraisal(models.Model):
    """What somebody writes of their own year."""

    round = models.ForeignKey(AppraisalRound, on_delete=models.CASCADE, related_name="self_appraisals")
    # The same person: `person` is whom it is about, for one rule of who sees it.
    person = models.ForeignKey(Person, verbose_name=_("about"), on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Person, verbose_name=_("author"), on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("self-appraisal"), max_length=3000)
    written_at = models.DateTimeField(_("written at"))

    objects = OfAppraisalQuerySet.as_manager()

    class Meta:
        verbose_name = _("self-appraisal")
        verbose_name_plural = _("self-appraisals")
        constraints = [
            models.UniqueConstraint(fields=["round", "person"], name="self_appraisal_once"),
            models.CheckConstraint(condition=Q(person=F("author")), name="self_appraisal_by_oneself"),
            models.CheckConstraint(condition=~Q(text=""), name="self_appraisal_has_words"),
        ]

    def __str__(self) -> str:
        return str(self.person)


class PeerAppraisal(models.Model):
    """What a member says of another: strengths and what to work on; named, read by the committee and, once shown, by them."""

    round = models.ForeignKey(AppraisalRound, on_delete=models.CASCADE, related_name="peer_appraisals")
    person = models.ForeignKey(Person, verbose_name=_("about"), on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Person, verbose_name=_("author"), on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("what is good, what to work on"), max_length=1000)
    written_at = models.DateTimeField(_("written at"))

    objects = OfAppraisalQuerySet.as_manager()

    class Meta:
        verbose_name = _("peer appraisal")
        verbose_name_plural = _("peer appraisals")
        constraints = [
            models.UniqueConstraint(fields=["round", "person", "author"], name="peer_appraisal_once"),
            models.CheckConstraint(
                condition=~Q(person=F("author")),
                name="peer_appraisal_of_another",
                violation_error_message=_("Nobody appraises themselves as a peer."),
            ),
            models.CheckConstraint(condition=~Q(text=""), name="peer_appraisal_has_words"),
        ]

    def __str__(self) -> str:
        return str(self.person)


class AppraisalRoll(models.Model):
    """Who may vote in a round and who has. Rewritten with every vote."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(AppraisalRound, on_delete=models.CASCADE, related_name="roll")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    has_voted = models.BooleanField(default=False)

    objects = SecretQuerySet.as_manager()

    class Meta:
        verbose_name = _("roll of an appraisal")
        verbose_name_plural = _("rolls of appraisals")
        constraints = [models.UniqueConstraint(fields=["round", "person"], name="appraisal_roll_once")]

    def __str__(self) -> str:
        return ""


class AppraisalBallot(models.Model):
    """One ballot's worth of marks, nobody's: mixed with those of all others (`ballot_marks`), and sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(AppraisalRound, on_delete=models.CASCADE, related_name="ballots")
    marks = SealedField(default=dict)

    objects = SecretQuerySet.as_manager()

    class Meta:
        verbose_name = _("ballot")
        verbose_name_plural = _("ballots")

    def __str__(self) -> str:
        return ""


class AppraisalResult(models.Model):
    """Counts of one member, the grade proposed from them, the committee's grade and why; what the member said to it."""

    round = models.ForeignKey(
        AppraisalRound, verbose_name=_("democratic appraisal"), on_delete=models.CASCADE, related_name="results"
    )
    person = models.ForeignKey(
        Person, verbose_name=_("member"), on_delete=models.PROTECT, related_name="appraisal_results"
    )
    # Takes part without a grade (R51).
    is_probationary = models.BooleanField(_("probationary member"), default=False)
    excellent_count = models.PositiveSmallIntegerField(_("excellent"), default=0)
    qualified_count = models.PositiveSmallIntegerField(_("qualified"), default=0)
    basically_count = models.PositiveSmallIntegerField(_("basically qualified"), default=0)
    unqualified_count = models.PositiveSmallIntegerField(_("unqualified"), default=0)
    # item → {mark: count}
    items = models.JSONField(_("by heading"), default=dict, blank=True)
    proposed = models.CharField(_("proposed"), max_length=20, choices=AppraisalGrade, blank=True)
    grade = models.CharField(_("grade"), max_length=20, choices=AppraisalGrade, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # The mentoring record as it was attached.
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    objection = models.TextField(_("objection"), max_length=1000, blank=True)
    objected_at = models.DateTimeField(_("objected at"), null=True, blank=True)
    answer_due_on = models.DateField(_("answer due on"), null=True, blank=True)
    answer = models.TextField(_("answer"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("answered by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip

    history = HistoricalRecords()
    objects = AppraisalResultQuerySet.as_manager()

    class Meta:
        verbose_name = _("appraisal of a member")
        verbose_name_plural = _("appraisals of members")
        ordering = ["round_id", "person_id"]
        constraints = [
            models.UniqueConstraint(fields=["round", "person"], name="appraisal_result_once"),
            models.CheckConstraint(
                condition=Q(is_probationary=False) | Q(grade="", proposed=""),
                name="appraisal_probationary_without_grade",
                violation_error_message=_("A probationary member takes part without a grade (R51)."),
            ),
            models.CheckConstraint(condition=Q(grade="") | ~Q(reason=""), name="appraisal_grade_has_reason"),
            models.CheckConstraint(
                condition=Q(objected_at=None) | Q(answer_due_on__isnull=False) & ~Q(objection=""),
                name="appraisal_objection_has_words_and_date",
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)
