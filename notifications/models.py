"""What is to be said, to whom, and how it went."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import Department
from pairing_portal.common.encrypted_columns import EncryptedTextField

from .querysets import DeliveryQuerySet, DigestQuerySet, NoticeQuerySet, OwnChoiceQuerySet, RobotQuerySet


class RobotKind(models.TextChoices):
    WECOM = "wecom", _("WeCom group robot")
    DINGTALK = "dingtalk", _("DingTalk group robot")


class Robot(models.Model):
    """A robot in a group chat of staff: it reads out summaries, never names of people."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=RobotKind)
    department = models.ForeignKey(
        Department,
        verbose_name=_("department"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("Empty: the whole college."),
    )
    # The key is a secret: whoever has it can write into the chat.
    key = EncryptedTextField(_("key"), max_length=200)
    secret = EncryptedTextField(_("secret for signing"), max_length=200, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = RobotQuerySet.as_manager()

    class Meta:
        verbose_name = _("chat robot")
        verbose_name_plural = _("chat robots")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=RobotKind.values), name="robot_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """One thing said to one user or by one robot, written in the transaction of what it tells of. `dedupe_key` is said once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recipient"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="notices",
    )
    robot = models.ForeignKey(
        Robot, verbose_name=_("robot"), null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(_("kind"), max_length=60)
    subject = models.JSONField(_("subject"), default=dict, blank=True)
    link = models.CharField(_("link"), max_length=200, blank=True)
    dedupe_key = models.CharField(max_length=200, unique=True)
    is_urgent = models.BooleanField(_("urgent"), default=False)
    # Said to a deputy because this user is away.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("on behalf of"), null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )  # fmt: skip
    created_at = models.DateTimeField(_("created at"))
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("of no use after"), null=True, blank=True)
    obsolete_at = models.DateTimeField(_("obsolete since"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["user", "read_at", "-created_at"], name="notice_user_unread")]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, robot=None) | Q(user=None, robot__isnull=False),
                name="notice_to_user_or_robot",
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class Channel(models.TextChoices):
    PORTAL = "portal", _("in the portal")
    EMAIL = "email", _("e-mail")
    WECOM = "wecom", _("WeCom message")
    ROBOT = "robot", _("chat robot")


class DeliveryState(models.TextChoices):
    PENDING = "pending", _("waiting")
    SENT = "sent", _("sent")
    DROPPED = "dropped", _("dropped")
    FAILED = "failed", _("failed")


class Digest(models.Model):
    """The one summary a person gets on a channel and day; its key is the message id, so that a summary sent twice is one."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recipient"), on_delete=models.CASCADE, related_name="digests"
    )
    channel = models.CharField(_("channel"), max_length=20, choices=Channel)
    on = models.DateField(_("day"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily summary")
        verbose_name_plural = _("daily summaries")
        constraints = [
            models.UniqueConstraint(fields=["user", "channel", "on"], name="digest_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.on}"


class Delivery(models.Model):
    """A notice on one channel. Claimed by a lease: whoever's update touches the row sends it."""

    notice = models.ForeignKey(Notice, verbose_name=_("notice"), on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=20, choices=Channel)
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"))
    lease_token = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    # The summary it went out in; empty for what is urgent or stands in the portal.
    digest = models.ForeignKey(
        Digest, verbose_name=_("daily summary"), null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries"
    )  # fmt: skip
    error = models.CharField(_("error"), max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="pending"), name="delivery_pending"),
            models.Index(fields=["lease_token"], condition=~Q(lease_token=""), name="delivery_leased"),
            models.Index(fields=["id"], condition=Q(state="failed"), name="delivery_failed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="delivery_once_per_channel"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_has_time"
            ),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.channel}"


class ContactChoice(models.Model):
    """How somebody wants to be reached outside the portal."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="contact_choice"
    )
    by_email = models.BooleanField(_("by e-mail"), default=True)
    by_wecom = models.BooleanField(_("by WeCom"), default=True)
    # Their id in the college's WeCom, often the student number.
    wecom_id = models.CharField(_("WeCom account"), max_length=64, blank=True)
    digest_hour = models.PositiveSmallIntegerField(_("hour of the daily summary"), null=True, blank=True)

    objects = OwnChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("way to be reached")
        verbose_name_plural = _("ways to be reached")
        constraints = [
            models.CheckConstraint(
                condition=Q(digest_hour=None) | Q(digest_hour__lte=23), name="contact_choice_hour_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class MutedKind(models.Model):
    """A kind of notice somebody does not want outside the portal; in the portal it still stands."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="muted_kinds"
    )
    kind = models.CharField(_("kind"), max_length=60)

    objects = OwnChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("muted kind of notice")
        verbose_name_plural = _("muted kinds of notices")
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="muted_once")]

    def __str__(self) -> str:
        return self.kind


class Heartbeat(models.Model):
    """When the tick last ran, and what it did: one row."""

    name = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()
    result = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
