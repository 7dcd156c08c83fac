"""What people did, entered once; and every model of this room by its name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import LeagueBranch
from members.models import Person
from mentoring.models import FocusArea, LeagueGuidance, Mentorship
from pairings.models import MemberPairing

from .event_models import (
    Activity,
    ActivityHost,
    ActivityKind,
    ActivityState,
    Audience,
    CheckInWay,
    KindGroup,
    OwnFields,
    Participation,
    ParticipationState,
)
from .lecture_models import (
    AudienceState,
    ExemptionReason,
    ExemptionState,
    Lecture,
    LectureAudience,
    LectureDuty,
    LectureListener,
    LectureSlot,
    LectureSpeaker,
    LectureState,
    LectureSwap,
    NoLecture,
    QuotaExemption,
    SpotCheck,
    SpotCheckState,
    SwapState,
    Textbook,
    TextbookChapter,
)
from .line_models import (
    ActivityTalk,
    Classic,
    ClassicViewing,
    ContestRound,
    ContestScore,
    ContestSetup,
    ContestTeam,
    ServiceDetail,
    TalkRating,
    Viewpoint,
)
from .querysets import LogEntryQuerySet
from .record_models import Announcement, Attachment, CalendarFeed, MeetingMinutes, Motion, ReadMark

__all__ = [
    "Activity", "ActivityHost", "ActivityKind", "ActivityState", "ActivityTalk", "Announcement", "Attachment", "Audience",
    "AudienceState", "CalendarFeed", "CheckInWay", "Classic", "ClassicViewing", "ContestRound", "ContestScore",
    "ContestSetup", "ContestTeam", "ExemptionReason", "ExemptionState", "KindGroup", "Lecture", "LectureAudience",
    "LectureDuty", "LectureListener", "LectureSlot", "LectureSpeaker", "LectureState", "LectureSwap", "LogEntry",
    "LogPurpose", "LogState", "MeetingMinutes", "Motion", "NoLecture", "OwnFields", "Participation", "ParticipationState",
    "QuotaExemption", "ReadMark", "ServiceDetail", "SpotCheck", "SpotCheckState", "SwapState", "TalkRating", "Textbook",
    "TextbookChapter", "Viewpoint",
]  # fmt: skip


class LogState(models.TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("waiting for confirmation")
    CONFIRMED = "confirmed", _("confirmed")
    RETURNED = "returned", _("returned")


class LogPurpose(models.TextChoices):
    PAIRING = "pairing", _("member pairing")
    MENTORING = "mentoring", _("mentoring")
    LECTURE = "lecture", _("theory lecture")
    LEAGUE_BRANCH = "league_branch", _("League branch")
    SELF_STUDY = "self_study", _("study")
    SERVICE = "service", _("volunteer service")
    ACTIVITY = "activity", _("activity")
    OTHER = "other", _("other")


# What an entry hangs on, by its purpose; the others hang on nothing.
SUBJECTS = {
    LogPurpose.PAIRING: "member_pairing",
    LogPurpose.MENTORING: "mentorship",
    LogPurpose.LECTURE: "lecture",
    LogPurpose.LEAGUE_BRANCH: "league_branch",
    LogPurpose.ACTIVITY: "activity",
}
# A service may come from an activity, a lecture names the League branch too.
ALSO_ALLOWED = {LogPurpose.SERVICE: {"activity"}, LogPurpose.LECTURE: {"league_branch"}}


def _purpose_has_its_subject() -> Q:
    """Each purpose with its own subject and none of the others'."""
    condition = Q()
    for purpose in LogPurpose.values:
        own = SUBJECTS.get(LogPurpose(purpose))
        row = Q(purpose=purpose)
        for subject in SUBJECTS.values():
            if subject == own:
                row &= Q(**{f"{subject}__isnull": False})
            elif subject not in ALSO_ALLOWED.get(LogPurpose(purpose), set()):
                row &= Q(**{f"{subject}__isnull": True})
        condition |= row
    return condition


class LogEntry(models.Model):
    """What somebody did, entered once; every ledger counts this same row."""

    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="log_entries")
    on = models.DateField(_("date"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    purpose = models.CharField(_("what for"), max_length=20, choices=LogPurpose)
    member_pairing = models.ForeignKey(
        MemberPairing,
        verbose_name=_("member pairing"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="log_entries",
    )
    mentorship = models.ForeignKey(
        Mentorship, verbose_name=_("mentoring link"), null=True, blank=True, on_delete=models.PROTECT, related_name="log_entries",
    )  # fmt: skip
    league_branch = models.ForeignKey(
        LeagueBranch,
        verbose_name=_("League branch"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="log_entries",
    )
    # Whose duty the work with the League branch was, and what it was about.
    league_guidance = models.ForeignKey(
        LeagueGuidance, verbose_name=_("guidance"), null=True, blank=True, on_delete=models.PROTECT, related_name="log_entries",
    )  # fmt: skip
    focus_area = models.CharField(_("focus area"), max_length=20, choices=FocusArea, blank=True)
    lecture = models.ForeignKey(
        Lecture, verbose_name=_("lecture"), null=True, blank=True, on_delete=models.PROTECT, related_name="log_entries"
    )
    # Made by finishing the activity, one for each who was present.
    activity = models.ForeignKey(
        Activity,
        verbose_name=_("activity"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="log_entries",
    )
    starts_at = models.TimeField(_("began at"), null=True, blank=True)
    summary = models.CharField(_("what was done"), max_length=500)
    late_reason = models.CharField(_("why entered late"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=LogState, default=LogState.SUBMITTED)
    # One press of the button is one entry, however often the phone sends it.
    idempotency_key = models.CharField(max_length=40, null=True, blank=True, unique=True, editable=False)
    created_at = models.DateTimeField(_("created at"))
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("confirmed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    return_reason = models.CharField(_("why returned"), max_length=200, blank=True)
    # Why somebody should look twice before confirming, "" for nothing: a code of `rules.py`.
    flag = models.CharField(_("look twice"), max_length=20, blank=True)

    history = HistoricalRecords()
    objects = LogEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")
        ordering = ["-on", "-pk"]
        indexes = [
            models.Index(fields=["person", "-on"], name="log_person_on"),
            models.Index(fields=["submitted_at"], condition=Q(state="submitted"), name="log_waiting"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=1440),
                name="log_minutes_sane",
                violation_error_message=_("Between 1 minute and 24 hours."),
            ),
            models.CheckConstraint(
                condition=~Q(state=LogState.CONFIRMED) | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="log_confirmed_has_author",
            ),
            models.CheckConstraint(
                condition=~Q(state=LogState.RETURNED) | ~Q(return_reason=""), name="log_returned_has_reason"
            ),
            models.CheckConstraint(
                condition=_purpose_has_its_subject(),
                name="log_purpose_has_its_subject",
            ),
            models.CheckConstraint(
                condition=Q(league_guidance=None) | Q(purpose=LogPurpose.LEAGUE_BRANCH) & ~Q(focus_area=""),
                name="log_guidance_names_its_focus",
                violation_error_message=_("Say which focus area the guidance was about."),
            ),
            models.UniqueConstraint(
                fields=["lecture", "person"], condition=Q(lecture__isnull=False), name="log_one_per_lecture_and_speaker"
            ),
            models.UniqueConstraint(
                fields=["activity", "person"],
                condition=Q(activity__isnull=False),
                name="log_one_per_activity_and_person",
            ),
            models.CheckConstraint(condition=Q(state__in=LogState.values), name="log_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.minutes} min"
