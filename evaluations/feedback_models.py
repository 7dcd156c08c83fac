"""Feedback: questionnaires as data, rounds, the exchange of two sides, and what each said."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import Department, LeagueBranch, Term
from members.models import Person
from mentoring.models import LeagueGuidance, Mentorship
from pairing_portal.common.encryption import EncryptedTextField
from pairing_portal.common.secret_ballots import SealedField

from .querysets import (
    FeedbackExchangeQuerySet,
    FeedbackQuerySet,
    FeedbackRoundQuerySet,
    QuestionnaireQuerySet,
    SecretQuerySet,
)


class Dimension(models.TextChoices):
    """The four dimensions of the scheme, and free words."""

    POLITICAL = "political", _("political consciousness")
    WORKING = "working", _("working ability")
    LEARNING = "learning", _("learning ability")
    DISCIPLINE = "discipline", _("self-discipline")
    FREE = "free", _("in own words")


class Side(models.TextChoices):
    MENTEE = "mentee", _("mentee")
    MENTOR = "mentor", _("mentor")
    LEAGUE = "league", _("League branch secretary")


class Questionnaire(models.Model):
    """Questions asked of one side; a college may write its own. What was asked in a round stays as it was asked."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    side = models.CharField(_("answered by"), max_length=10, choices=Side)
    is_current = models.BooleanField(_("in use"), default=True)

    objects = QuestionnaireQuerySet.as_manager()

    class Meta:
        verbose_name = _("questionnaire")
        verbose_name_plural = _("questionnaires")
        ordering = ["side", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["side"],
                condition=Q(is_current=True),
                name="questionnaire_one_current_a_side",
                violation_error_message=_("Another questionnaire of this side is in use. Put that away first."),
            ),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="questionnaire_side_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """One question: points from 1 to 5, or free words."""

    questionnaire = models.ForeignKey(
        Questionnaire, verbose_name=_("questionnaire"), on_delete=models.CASCADE, related_name="questions"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    dimension = models.CharField(_("dimension"), max_length=12, choices=Dimension)
    text = models.CharField(_("question"), max_length=200)
    text_en = models.CharField(_("question in English"), max_length=200, blank=True)

    objects = QuestionnaireQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["questionnaire_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["questionnaire", "number"], name="question_number_once"),
            models.CheckConstraint(condition=Q(dimension__in=Dimension.values), name="question_dimension_known"),
        ]

    def __str__(self) -> str:
        return self.text


class RoundKind(models.TextChoices):
    MID_TERM = "mid_term", _("mid-term feedback")
    END_OF_TERM = "end_of_term", _("end-of-term feedback")
    CLOSING = "closing", _("feedback at the end of a link")


class FeedbackRound(models.Model):
    """A time in which all running links of a department (or the college) are asked. The closing kind stays open all term: each
    of its exchanges has days of its own."""

    title = models.CharField(_("title"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=RoundKind)
    term = models.ForeignKey(Term, verbose_name=_("term"), on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(
        Department, verbose_name=_("department"), null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text=_("Empty: the whole college."),
    )  # fmt: skip
    opens_at = models.DateTimeField(_("opens at"))
    closes_at = models.DateTimeField(_("closes at"))
    # Besides the two sides: the class of a guided League branch is asked without names, in groups of five and more.
    asks_classes = models.BooleanField(_("classes are asked without names"), default=False)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("opened by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    created_at = models.DateTimeField(_("made at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    history = HistoricalRecords()
    objects = FeedbackRoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback round")
        verbose_name_plural = _("feedback rounds")
        ordering = ["-opens_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")),
                name="feedback_round_closes_after_opening",
                violation_error_message=_("A round cannot close before it opens."),
            ),
            models.CheckConstraint(condition=Q(kind__in=RoundKind.values), name="feedback_round_kind_known"),
            models.UniqueConstraint(
                fields=["kind", "term", "department"], name="feedback_round_once_a_term",
                violation_error_message=_("There is such a round this term already."),
            ),
            models.UniqueConstraint(
                fields=["kind", "term"], condition=Q(department=None), name="feedback_round_once_a_term_college",
                violation_error_message=_("There is such a round this term already."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title


class FeedbackExchange(models.Model):
    """One link in a round: two sides who are asked, blind to each other until both have answered or time is up."""

    round = models.ForeignKey(
        FeedbackRound, verbose_name=_("round"), on_delete=models.CASCADE, related_name="exchanges"
    )
    mentorship = models.ForeignKey(
        Mentorship, verbose_name=_("mentoring link"), null=True, blank=True, on_delete=models.CASCADE, related_name="exchanges"
    )  # fmt: skip
    league_guidance = models.ForeignKey(
        LeagueGuidance, verbose_name=_("guidance"), null=True, blank=True, on_delete=models.CASCADE, related_name="exchanges"
    )  # fmt: skip
    # Copied from the link, so that who sees the exchange is decided without joins and stays when the link changes.
    mentor = models.ForeignKey(Person, verbose_name=_("mentor"), on_delete=models.PROTECT, related_name="+")
    mentee = models.ForeignKey(
        Person, verbose_name=_("mentee"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    opens_at = models.DateTimeField(_("opens at"))
    closes_at = models.DateTimeField(_("closes at"))
    revealed_at = models.DateTimeField(_("both answered at"), null=True, blank=True)
    # Somebody left in the middle: no longer asked, what was said stays.
    called_off_at = models.DateTimeField(_("called off at"), null=True, blank=True)
    call_off_reason = models.CharField(_("why called off"), max_length=200, blank=True)

    objects = FeedbackExchangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback of a link")
        verbose_name_plural = _("feedback of links")
        ordering = ["closes_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(mentorship__isnull=False, league_guidance=None, mentee__isnull=False, league_branch=None)
                | Q(mentorship=None, league_guidance__isnull=False, mentee=None, league_branch__isnull=False),
                name="exchange_of_one_link",
            ),
            models.UniqueConstraint(
                fields=["round", "mentorship"], condition=Q(mentorship__isnull=False), name="exchange_once_per_link"
            ),
            models.UniqueConstraint(
                fields=["round", "league_guidance"],
                condition=Q(league_guidance__isnull=False),
                name="exchange_once_per_guidance",
            ),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="exchange_closes_after_opening"),
            models.CheckConstraint(
                condition=Q(called_off_at=None) | ~Q(call_off_reason=""), name="exchange_called_off_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mentor} – {self.mentee or self.league_branch}"


class Feedback(models.Model):
    """What one side said, once. `answers`: question id → points from 1 to 5, or words; `questions`: as they were asked."""

    exchange = models.ForeignKey(
        FeedbackExchange, verbose_name=_("feedback of a link"), on_delete=models.CASCADE, related_name="feedback"
    )
    side = models.CharField(_("side"), max_length=10, choices=Side)
    author = models.ForeignKey(Person, verbose_name=_("author"), on_delete=models.PROTECT, related_name="+")
    # [{"number", "dimension", "text", "text_en", "points" | "words"}]
    answers = models.JSONField(_("answers"), default=list)
    # Means of the points by dimension, in hundredths, so that sets of rows can be summed up.
    political = models.PositiveSmallIntegerField(null=True, blank=True)
    working = models.PositiveSmallIntegerField(null=True, blank=True)
    learning = models.PositiveSmallIntegerField(null=True, blank=True)
    discipline = models.PositiveSmallIntegerField(null=True, blank=True)
    # For the mentor's branch secretary alone.
    remark = EncryptedTextField(_("confidential remark to the secretary"), max_length=1000, blank=True)
    submitted_at = models.DateTimeField(_("submitted at"))

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ["-submitted_at"]
        constraints = [
            models.UniqueConstraint(fields=["exchange", "side"], name="feedback_once_per_side"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="feedback_side_known"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 100, f"{name}__lte": 500}),
                    name=f"feedback_{name}_between_1_and_5",
                )
                for name in ("political", "working", "learning", "discipline")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange_id} {self.side}"


class ClassFeedback(models.Model):
    """What a guided class said, without a name, a time or an order: every answer mixes the points of its group and rewrites
    its rows, sealed and shuffled, as with ballots."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    exchange = models.ForeignKey(FeedbackExchange, on_delete=models.CASCADE, related_name="class_feedback")
    answers = SealedField(default=list)

    objects = SecretQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback without a name")
        verbose_name_plural = _("feedback without names")

    def __str__(self) -> str:
        return ""


class ClassFeedbackRoll(models.Model):
    """Who of the class was asked and has answered; rewritten together with the answers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    exchange = models.ForeignKey(FeedbackExchange, on_delete=models.CASCADE, related_name="class_roll")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    has_answered = models.BooleanField(default=False)

    objects = SecretQuerySet.as_manager()

    class Meta:
        verbose_name = _("roll of feedback without names")
        verbose_name_plural = _("rolls of feedback without names")
        constraints = [models.UniqueConstraint(fields=["exchange", "person"], name="class_roll_once")]

    def __str__(self) -> str:
        return ""
