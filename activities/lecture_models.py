"""Theory lectures: the textbook, who gives them, who heard them, who owes them when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import AcademicYear, LeagueBranch
from branches.querysets import CollegeWideQuerySet
from members.models import Person

from .lecture_querysets import (
    LectureAudienceQuerySet,
    LectureDutyQuerySet,
    LectureQuerySet,
    OfLeagueBranchQuerySet,
    SpeakerQuerySet,
)


class Textbook(models.Model):
    """A textbook for theory lectures; the prescribed one is what counts."""

    title = models.CharField(_("title"), max_length=100, unique=True)
    publisher = models.CharField(_("publisher"), max_length=100, blank=True)
    edition = models.CharField(_("edition"), max_length=50, blank=True)
    is_prescribed = models.BooleanField(_("prescribed"), default=False)

    objects = CollegeWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("textbook")
        verbose_name_plural = _("textbooks")
        ordering = ["-is_prescribed", "title"]

    def __str__(self) -> str:
        return f"《{self.title}》"


class LectureState(models.TextChoices):
    PLANNED = "planned", _("planned")
    DELIVERED = "delivered", _("given")
    CANCELLED = "cancelled", _("cancelled")


class Lecture(models.Model):
    """A theory lecture, one row however many League branches hear it."""

    on = models.DateField(_("date"), db_index=True)
    starts_at = models.TimeField(_("starts at"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    topic = models.CharField(_("topic"), max_length=100, blank=True)
    textbook = models.ForeignKey(
        Textbook, verbose_name=_("textbook"), null=True, blank=True, on_delete=models.PROTECT, related_name="lectures"
    )
    chapter = models.CharField(_("chapter"), max_length=100, blank=True)
    place = models.CharField(_("place"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=LectureState, default=LectureState.DELIVERED)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded at"))
    # One press of the button is one lecture, however often the form is sent.
    idempotency_key = models.CharField(max_length=40, null=True, blank=True, unique=True, editable=False)
    cancel_reason = models.CharField(_("why cancelled"), max_length=200, blank=True)

    history = HistoricalRecords()
    objects = LectureQuerySet.as_manager()

    class Meta:
        verbose_name = _("theory lecture")
        verbose_name_plural = _("theory lectures")
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=480),
                name="lecture_minutes_sane",
                violation_error_message=_("A lecture lasts between 1 and 480 minutes."),
            ),
            models.CheckConstraint(condition=Q(state__in=LectureState.values), name="lecture_state_known"),
            models.CheckConstraint(
                condition=~Q(state=LectureState.CANCELLED) | ~Q(cancel_reason=""), name="lecture_cancelled_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.topic or self.chapter}"


class LectureSpeaker(models.Model):
    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="speakers")
    person = models.ForeignKey(
        Person, verbose_name=_("speaker"), on_delete=models.PROTECT, related_name="lectures_given"
    )

    objects = SpeakerQuerySet.as_manager()

    class Meta:
        verbose_name = _("speaker")
        verbose_name_plural = _("speakers")
        constraints = [models.UniqueConstraint(fields=["lecture", "person"], name="lecture_speaker_once")]

    def __str__(self) -> str:
        return str(self.person)


class AudienceState(models.TextChoices):
    WAITING = "waiting", _("waiting for confirmation")
    CONFIRMED = "confirmed", _("confirmed")
    DENIED = "denied", _("did not take place")


class LectureAudience(models.Model):
    """One League branch hearing a lecture; its secretary confirms, never the speaker."""

    lecture = models.ForeignKey(Lecture, verbose_name=_("lecture"), on_delete=models.CASCADE, related_name="audiences")
    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), on_delete=models.PROTECT, related_name="lecture_audiences"
    )
    attendance = models.PositiveSmallIntegerField(_("present"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=AudienceState, default=AudienceState.WAITING)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("confirmed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    history = HistoricalRecords()
    objects = LectureAudienceQuerySet.as_manager()

    class Meta:
        verbose_name = _("lecture audience")
        verbose_name_plural = _("lecture audiences")
        constraints = [
            models.UniqueConstraint(fields=["lecture", "league_branch"], name="audience_once_per_lecture"),
            models.CheckConstraint(
                condition=Q(state=AudienceState.WAITING) | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="audience_answer_has_author",
            ),
            models.CheckConstraint(condition=Q(state__in=AudienceState.values), name="audience_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.league_branch}"


class LectureDuty(models.Model):
    """Who is responsible for the lectures of a League branch in an academic year."""

    academic_year = models.ForeignKey(
        AcademicYear, verbose_name=_("academic year"), on_delete=models.PROTECT, related_name="+"
    )
    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), on_delete=models.PROTECT, related_name="lecture_duties"
    )
    person = models.ForeignKey(
        Person, verbose_name=_("speaker"), on_delete=models.PROTECT, related_name="lecture_duties"
    )
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    history = HistoricalRecords()
    objects = LectureDutyQuerySet.as_manager()

    class Meta:
        verbose_name = _("lecture duty")
        verbose_name_plural = _("lecture duties")
        constraints = [
            models.UniqueConstraint(
                fields=["academic_year", "league_branch", "person"],
                condition=Q(ended_on=None),
                name="duty_once_a_year",
                violation_error_message=_("This person has that duty already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} → {self.league_branch}"


class ExemptionReason(models.TextChoices):
    MILITARY_TRAINING = "military_training", _("military training")
    INTERNSHIP = "internship", _("internship")
    EXAMS = "exams", _("exams")
    OTHER = "other", _("other")


class QuotaExemption(models.Model):
    """Days on which a League branch owes no lectures; a week touched by one is exempt."""

    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), on_delete=models.CASCADE, related_name="exemptions"
    )
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    reason = models.CharField(_("reason"), max_length=20, choices=ExemptionReason)
    note = models.CharField(_("note"), max_length=200, blank=True)

    history = HistoricalRecords()
    objects = OfLeagueBranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("exemption from the quota")
        verbose_name_plural = _("exemptions from the quota")
        ordering = ["-from_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_on__gte=F("from_on")),
                name="exemption_ends_after_start",
                violation_error_message=_("An exemption cannot end before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.league_branch} {self.from_on} – {self.to_on}"
