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
    LectureSwapQuerySet,
    ListenerQuerySet,
    OfLeagueBranchQuerySet,
    QuotaExemptionQuerySet,
    SpeakerQuerySet,
    SpotCheckQuerySet,
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


class TextbookChapter(models.Model):
    """A chapter: what a lecture is about, with its outline. Materials hang on it as attachments."""

    textbook = models.ForeignKey(
        Textbook, verbose_name=_("textbook"), on_delete=models.CASCADE, related_name="chapters"
    )
    number = models.PositiveSmallIntegerField(_("chapter number"))
    title = models.CharField(_("title"), max_length=100)
    outline = models.TextField(_("outline"), max_length=3000, blank=True)

    objects = CollegeWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("chapter of a textbook")
        verbose_name_plural = _("chapters of textbooks")
        ordering = ["textbook_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["textbook", "number"],
                name="chapter_number_once",
                violation_error_message=_("This textbook has a chapter of that number already."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


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
    # One of the textbook's chapters, or free words for what is not in the list; coverage counts the former.
    textbook_chapter = models.ForeignKey(
        TextbookChapter, verbose_name=_("chapter of the textbook"), null=True, blank=True, on_delete=models.PROTECT, related_name="lectures"
    )  # fmt: skip
    chapter = models.CharField(_("chapter"), max_length=100, blank=True)
    # Lectures planned together, week after week, share it.
    series_id = models.UUIDField(null=True, blank=True, editable=False, db_index=True)
    planned_at = models.DateTimeField(_("planned at"), null=True, blank=True)
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
    # How long it was, says who heard it; empty: as long as the speaker says. This is what the quota counts.
    minutes_heard = models.PositiveSmallIntegerField(_("minutes heard"), null=True, blank=True)
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
            models.CheckConstraint(
                condition=Q(minutes_heard=None) | Q(minutes_heard__gte=1, minutes_heard__lte=480),
                name="audience_minutes_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.league_branch}"


class LectureListener(models.Model):
    """Somebody of the class list who was there, ticked by the League branch."""

    audience = models.ForeignKey(LectureAudience, on_delete=models.CASCADE, related_name="listeners")
    person = models.ForeignKey(
        Person, verbose_name=_("present"), on_delete=models.CASCADE, related_name="lectures_heard"
    )

    objects = ListenerQuerySet.as_manager()

    class Meta:
        verbose_name = _("listener")
        verbose_name_plural = _("listeners")
        constraints = [models.UniqueConstraint(fields=["audience", "person"], name="listener_once")]

    def __str__(self) -> str:
        return str(self.person)


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
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("assigned by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    assigned_at = models.DateTimeField(_("assigned at"), null=True, blank=True)

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


class ExemptionState(models.TextChoices):
    ASKED = "asked", _("asked for")
    GRANTED = "granted", _("granted")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


class QuotaExemption(models.Model):
    """Days on which a League branch owes no lectures; a week touched by a granted one is exempt."""

    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), on_delete=models.CASCADE, related_name="exemptions"
    )
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    reason = models.CharField(_("reason"), max_length=20, choices=ExemptionReason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=ExemptionState, default=ExemptionState.GRANTED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    asked_at = models.DateTimeField(_("asked at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("decided by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=200, blank=True)

    history = HistoricalRecords()
    objects = QuotaExemptionQuerySet.as_manager()

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
            models.CheckConstraint(condition=Q(state__in=ExemptionState.values), name="exemption_state_known"),
            models.CheckConstraint(
                condition=~Q(state=ExemptionState.REFUSED) | ~Q(answer=""), name="exemption_refused_has_answer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.league_branch} {self.from_on} – {self.to_on}"


class NoLecture(models.Model):
    """ "No lecture this week, because …": known and said; the quota still misses it, the cell says why."""

    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), on_delete=models.CASCADE, related_name="no_lectures"
    )
    # Always a Monday; the service sees to it.
    monday = models.DateField(_("week of"))
    reason = models.CharField(_("reason"), max_length=200)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded at"))

    history = HistoricalRecords()
    objects = OfLeagueBranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("week without a lecture")
        verbose_name_plural = _("weeks without a lecture")
        ordering = ["-monday", "league_branch_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["league_branch", "monday"],
                name="no_lecture_once_a_week",
                violation_error_message=_("This week is marked already."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="no_lecture_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.league_branch} {self.monday}"


class LectureSlot(models.Model):
    """A free hour of a League branch in the week, and the room: offered to speakers who plan."""

    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), on_delete=models.CASCADE, related_name="lecture_slots"
    )
    # 1 Monday … 7 Sunday.
    weekday = models.PositiveSmallIntegerField(_("weekday"))
    starts_at = models.TimeField(_("from"))
    ends_at = models.TimeField(_("to"))
    place = models.CharField(_("place"), max_length=100, blank=True)

    objects = OfLeagueBranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("free hour for lectures")
        verbose_name_plural = _("free hours for lectures")
        ordering = ["league_branch_id", "weekday", "starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["league_branch", "weekday", "starts_at"], name="lecture_slot_once"),
            models.CheckConstraint(condition=Q(weekday__gte=1, weekday__lte=7), name="lecture_slot_weekday_known"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="lecture_slot_ends_after_start",
                violation_error_message=_("A free hour cannot end before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.league_branch} {self.weekday} {self.starts_at}"


class SwapState(models.TextChoices):
    ASKED = "asked", _("asked")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


class LectureSwap(models.Model):
    """A speaker asks a colleague to give a planned lecture, perhaps for one of theirs in return."""

    lecture = models.ForeignKey(Lecture, verbose_name=_("lecture"), on_delete=models.CASCADE, related_name="swaps")
    asker = models.ForeignKey(Person, verbose_name=_("asks"), on_delete=models.PROTECT, related_name="+")
    colleague = models.ForeignKey(Person, verbose_name=_("is asked"), on_delete=models.PROTECT, related_name="+")
    in_return = models.ForeignKey(
        Lecture, verbose_name=_("in return"), null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=SwapState, default=SwapState.ASKED)
    asked_at = models.DateTimeField(_("asked at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    history = HistoricalRecords()
    objects = LectureSwapQuerySet.as_manager()

    class Meta:
        verbose_name = _("swap of a lecture")
        verbose_name_plural = _("swaps of lectures")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["lecture", "asker"],
                condition=Q(state=SwapState.ASKED),
                name="swap_one_open",
                violation_error_message=_("A colleague is asked already. Take the question back first."),
            ),
            models.CheckConstraint(condition=~Q(asker=F("colleague")), name="swap_with_somebody_else"),
            models.CheckConstraint(condition=Q(state__in=SwapState.values), name="swap_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.asker} → {self.colleague}"


class SpotCheckState(models.TextChoices):
    OPEN = "open", _("to be checked")
    CLEAR = "clear", _("as recorded")
    DOUBTFUL = "doubtful", _("not as recorded")


class SpotCheck(models.Model):
    """A confirmed lecture drawn at random: staff ask somebody who was there, instead of demanding a photo of each."""

    audience = models.OneToOneField(
        LectureAudience, verbose_name=_("lecture"), on_delete=models.CASCADE, related_name="spot_check"
    )
    # The week it was drawn for, and the number the draw began with: anybody can draw the same sample again.
    monday = models.DateField(_("week of"), db_index=True)
    seed = models.CharField(_("draw"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=SpotCheckState, default=SpotCheckState.OPEN)
    note = models.CharField(_("what was found"), max_length=300, blank=True)
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("drawn by"), on_delete=models.PROTECT, related_name="+"
    )
    drawn_at = models.DateTimeField(_("drawn at"))
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("checked by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)

    history = HistoricalRecords()
    objects = SpotCheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("spot check")
        verbose_name_plural = _("spot checks")
        ordering = ["-monday", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=SpotCheckState.values), name="spot_check_state_known"),
            models.CheckConstraint(
                condition=~Q(state=SpotCheckState.DOUBTFUL) | ~Q(note=""), name="spot_check_doubt_has_note"
            ),
            models.CheckConstraint(
                condition=Q(state=SpotCheckState.OPEN) | Q(checked_by__isnull=False, checked_at__isnull=False),
                name="spot_check_answer_has_author",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.audience} {self.monday}"
