"""What is written down and kept: minutes, announcements, attachments, the address of a calendar feed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import Department, LeagueBranch, PartyBranch
from members.models import Person

from .event_models import Activity
from .event_querysets import (
    AnnouncementQuerySet,
    AttachmentQuerySet,
    FeedQuerySet,
    OfActivityQuerySet,
    ReadMarkQuerySet,
)
from .lecture_models import TextbookChapter


class MeetingMinutes(models.Model):
    """Minutes of organisational life (RULES.md 4.3(i)). Who was present and absent comes from the participations."""

    activity = models.OneToOneField(
        Activity, verbose_name=_("activity"), on_delete=models.CASCADE, related_name="minutes"
    )
    session = models.CharField(_("name of the meeting (number)"), max_length=100, blank=True)
    chair = models.ForeignKey(
        Person, verbose_name=_("chair"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorder = models.ForeignKey(
        Person, verbose_name=_("recorder"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    guests = models.CharField(_("attending without a vote"), max_length=300, blank=True)
    eligible_count = models.PositiveSmallIntegerField(_("eligible"), null=True, blank=True)
    present_count = models.PositiveSmallIntegerField(_("present"), null=True, blank=True)
    agenda = models.TextField(_("agenda"), max_length=3000, blank=True)
    points = models.TextField(_("points made"), max_length=10000, blank=True)
    resolutions = models.TextField(_("resolutions"), max_length=5000, blank=True)
    # Written once; a correction after that is seen in the history.
    signed_at = models.DateTimeField(_("signed at"), null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("signed by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("written by"), on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField(_("written at"))

    history = HistoricalRecords()
    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("minutes")
        verbose_name_plural = _("minutes of meetings")
        constraints = [
            models.CheckConstraint(
                condition=Q(eligible_count=None) | Q(present_count=None) | Q(present_count__lte=F("eligible_count")),
                name="minutes_present_within_eligible",
                violation_error_message=_("There cannot be more present than eligible."),
            ),
        ]

    def __str__(self) -> str:
        return self.session or str(self.activity)


class Motion(models.Model):
    """One vote of a meeting."""

    minutes = models.ForeignKey(MeetingMinutes, on_delete=models.CASCADE, related_name="motions")
    what = models.CharField(_("what was voted on"), max_length=200)
    yes = models.PositiveSmallIntegerField(_("in favour"), default=0)
    no = models.PositiveSmallIntegerField(_("against"), default=0)
    abstained = models.PositiveSmallIntegerField(_("abstained"), default=0)

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.what


class Announcement(models.Model):
    """Something said to everybody of a branch, League branch or department; who has read it is known."""

    title = models.CharField(_("title"), max_length=100)
    text = models.TextField(_("text"), max_length=5000)
    department = models.ForeignKey(
        Department, verbose_name=_("department"), null=True, blank=True, on_delete=models.PROTECT, related_name="announcements"
    )  # fmt: skip
    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("Party branch"), null=True, blank=True, on_delete=models.PROTECT, related_name="announcements"
    )  # fmt: skip
    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("League branch"), null=True, blank=True, on_delete=models.PROTECT, related_name="announcements"
    )  # fmt: skip
    is_important = models.BooleanField(_("important"), default=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("published by"), on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(_("published at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    history = HistoricalRecords()
    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(department__isnull=False, party_branch=None, league_branch=None)
                | Q(department=None, party_branch__isnull=False, league_branch=None)
                | Q(department=None, party_branch=None, league_branch__isnull=False),
                name="announcement_has_one_audience",
                violation_error_message=_("Choose one audience."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ReadMark(models.Model):
    """Who has read an announcement."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="read_marks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(_("read at"))

    objects = ReadMarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("read mark")
        verbose_name_plural = _("read marks")
        constraints = [models.UniqueConstraint(fields=["announcement", "user"], name="read_mark_once")]

    def __str__(self) -> str:
        return f"{self.at}"


class AttachmentKind(models.TextChoices):
    IMAGE = "image", _("picture")
    DOCUMENT = "document", _("document")


class Attachment(models.Model):
    """A picture or document of exactly one entry; its file has a name of its own and is served only to who may see the entry."""

    # A random name; the folder is not under the web root.
    file = models.FileField(_("file"), upload_to="attachments/%Y/%m/", max_length=120)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=10, choices=AttachmentKind)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64)
    log_entry = models.ForeignKey(
        "activities.LogEntry", null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    activity = models.ForeignKey(Activity, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments")
    announcement = models.ForeignKey(
        Announcement, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    chapter = models.ForeignKey(
        TextbookChapter, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("uploaded by"), on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(_("uploaded at"))

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(log_entry__isnull=False, activity=None, announcement=None, chapter=None)
                | Q(log_entry=None, activity__isnull=False, announcement=None, chapter=None)
                | Q(log_entry=None, activity=None, announcement__isnull=False, chapter=None)
                | Q(log_entry=None, activity=None, announcement=None, chapter__isnull=False),
                name="attachment_of_one_entry",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarFeed(models.Model):
    """The secret address of somebody's calendar feed; a new one makes the old stop working."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="calendar_feeds"
    )
    # Only the hash is kept: who reads the database cannot read the calendar.
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("made at"))
    revoked_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    last_read_at = models.DateTimeField(_("last read at"), null=True, blank=True)

    objects = FeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(revoked_at=None), name="calendar_feed_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at}"
