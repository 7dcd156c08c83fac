"""Why somebody is helped: five coarse codes, encrypted, only with the person's consent, each reading kept.

No history, no admin, no list: a withdrawn consent erases what it allowed (SAFETY.md "Sensitive fields", RULES.md P2, P3).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models import Person
from pairing_portal.common.encryption import EncryptedTextField

from .querysets import ConsentQuerySet, NeedQuerySet, ReadingQuerySet


class ConsentState(models.TextChoices):
    GIVEN = "given", _("given")
    WITHDRAWN = "withdrawn", _("withdrawn")


class SupportConsent(models.Model):
    """The person's own, separate consent: which text, when, from which address, and when it was taken back."""

    person = models.ForeignKey(
        Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="support_consents"
    )
    version = models.CharField(_("version of the text"), max_length=20)
    state = models.CharField(_("state"), max_length=10, choices=ConsentState, default=ConsentState.GIVEN)
    given_at = models.DateTimeField(_("given at"))
    given_from = models.GenericIPAddressField(_("given from"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-given_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(state=ConsentState.GIVEN), name="support_consent_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(state=ConsentState.GIVEN, withdrawn_at=None)
                | Q(state=ConsentState.WITHDRAWN, withdrawn_at__isnull=False, withdrawn_at__gte=F("given_at")),
                name="support_consent_withdrawn_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}"


class SupportNeed(models.Model):
    """The codes of one person, together in one encrypted text; there is no row without a consent in force."""

    person = models.OneToOneField(
        Person, verbose_name=_("person"), on_delete=models.CASCADE, related_name="support_need"
    )
    consent = models.ForeignKey(SupportConsent, on_delete=models.PROTECT, related_name="needs")
    # Codes of `needs.py`, comma separated; psychological is the referral alone.
    codes = EncryptedTextField(_("codes"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"))

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("support need")
        verbose_name_plural = _("support needs")
        default_permissions = ()

    def __str__(self) -> str:
        return "…"


class SupportReading(models.Model):
    """Who looked at a person's support needs, as what, and when; shown to the person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="support_readings")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # How they came to see it: mentor, counsellor, secretary, self.
    role = models.CharField(max_length=20)
    at = models.DateTimeField(_("at"))

    objects = ReadingQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading of support needs")
        verbose_name_plural = _("readings of support needs")
        default_permissions = ()
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.role} {self.at}"
