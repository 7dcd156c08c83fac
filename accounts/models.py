"""Who signs in, and the trail of what was read, exported and tried."""

from __future__ import annotations

from typing import Any, NoReturn, cast

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import scope_builders
from pairing_portal.common.scope import Scope

from .querysets import ActivationCodeQuerySet, AuditEventQuerySet, PortalUserManager, StoredUploadQuerySet


class User(AbstractUser):
    """An account; the student or staff number is its name. What it may do follows from posts and roles."""

    first_name = None  # type: ignore[assignment]  # a Chinese name is one field
    last_name = None  # type: ignore[assignment]  # a Chinese name is one field
    username = models.CharField(
        _("student or staff number"),
        max_length=32,
        unique=True,
        validators=[RegexValidator(r"^[0-9A-Za-z._-]{2,32}$", _("Letters, digits, dot, dash and underscore only."))],
        error_messages={"unique": _("This number has an account already.")},
    )
    display_name = models.CharField(_("name"), max_length=50, blank=True)
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    password_changed_at = models.DateTimeField(_("password changed at"), null=True, blank=True)
    is_demo = models.BooleanField(_("demonstration account"), default=False, editable=False)
    # Sessions opened before this moment are closed: see get_session_auth_hash.
    sessions_ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PortalUserManager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["username"]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    def has_module_perms(self, app_label: str) -> bool:
        """Django's own permissions are given to nobody; asking for them would cost every page of the administration two queries."""
        return bool(self.is_active and self.is_superuser)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A session holds this; a new password or `sessions_ended_at` makes every other session worthless."""
        ended = self.sessions_ended_at.timestamp() if self.sessions_ended_at else ""
        return salted_hmac(
            "accounts.models.User.session", f"{self.password}|{ended}", secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def is_activated(self) -> bool:
        """Chose a password once; demonstration accounts need none."""
        return self.is_demo or self.has_usable_password()

    def build_scope(self) -> Scope:
        """What this user may see; see `members.access.scope_for`."""
        return scope_builders.get("members")(self)


class PreviousPassword(models.Model):
    """Hashes of passwords used before, so that the last five are not chosen again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="previous_passwords")
    password = models.CharField(max_length=128)
    replaced_at = models.DateTimeField()

    class Meta:
        verbose_name = _("previous password")
        verbose_name_plural = _("previous passwords")
        ordering = ["-replaced_at", "-pk"]


class ActivationCode(models.Model):
    """A one-time code with which somebody opens their account; only its hash is stored."""

    user = models.ForeignKey(User, verbose_name=_("account"), on_delete=models.CASCADE, related_name="activation_codes")
    code_hash = models.CharField(max_length=64, unique=True, editable=False)
    issued_by = models.ForeignKey(
        User, verbose_name=_("issued by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    issued_at = models.DateTimeField(_("issued at"))
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = ActivationCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation code")
        verbose_name_plural = _("activation codes")
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(used_at=None, revoked_at=None),
                name="activation_one_open_code_per_user",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("issued_at")), name="activation_expires_after_issue"
            ),
        ]


class AuditAction(models.TextChoices):
    SIGN_IN = "sign_in", _("signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("sign-in failed")
    SIGN_OUT = "sign_out", _("signed out")
    LOCKED_OUT = "locked_out", _("locked out")
    PASSWORD_CHANGED = "password_changed", _("changed the password")
    ACTIVATED = "activated", _("opened the account")
    CODES_ISSUED = "codes_issued", _("issued activation codes")
    RESET = "reset", _("reset the account")
    CLOSED = "closed", _("closed the account")
    REOPENED = "reopened", _("reopened the account")
    SESSIONS_ENDED = "sessions_ended", _("ended other sessions")
    IMPORTED = "imported", _("imported")
    EXPORTED = "exported", _("exported")
    READ_SENSITIVE = "read_sensitive", _("read sensitive data")
    APPOINTED = "appointed", _("appointed")
    SET_UP = "set_up", _("changed the set-up")


class AuditEvent(models.Model):
    """One line of the trail. Only ever added; kept two years (RULES.md P10)."""

    at = models.DateTimeField(_("at"), db_index=True)
    user = models.ForeignKey(User, verbose_name=_("account"), null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=30, choices=AuditAction)
    ip_address = models.GenericIPAddressField(_("address"), null=True)
    object_type = models.CharField(_("kind of object"), max_length=50, blank=True)
    object_id = models.CharField(_("object"), max_length=64, blank=True)
    succeeded = models.BooleanField(_("succeeded"), default=True)
    # Counts, file hashes, names of columns; never the data themselves.
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_action_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("audit events are only ever added")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("audit events are only ever added")


class StoredUpload(models.Model):
    """An uploaded file between preview and apply: one owner, half an hour, used once."""

    token = models.CharField(max_length=43, unique=True, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=30)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    parameters = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = StoredUploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("stored upload")
        verbose_name_plural = _("stored uploads")

    def data(self) -> bytes:
        """The file as it was sent (PostgreSQL hands out a memoryview)."""
        return bytes(cast(bytes, self.content))


class UseCount(models.Model):
    """How often somebody did something limited since a moment: one row a person and kind, see `limits`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    since = models.DateTimeField()
    times = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("use count")
        verbose_name_plural = _("use counts")
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="use_count_once_per_user_and_kind")]
