"""Ways to reach somebody: each has one method `send(notice)` and raises when it did not work.

Outside texts carry no names of mentees and no categories (RULES.md P5): the kinds' texts are written so.
"""

from __future__ import annotations

from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from pairing_portal.common.registries import notice_kinds

from .models import Channel, Notice


class Undeliverable(Exception):
    """Trying again will not help."""


class DeliveryChannel(Protocol):
    def send(self, notice: Notice) -> None: ...


class PortalChannel:
    """The notice is in the list behind the bell as soon as it is written."""

    def send(self, notice: Notice) -> None:
        return None


class EmailChannel:
    """A short mail in Chinese; the dedupe key is its Message-ID, so that a mail sent twice is one mail."""

    def send(self, notice: Notice) -> None:
        address = notice.user.email
        if not address:
            raise Undeliverable("no address")
        with translation.override(settings.LANGUAGE_CODE):
            title, body = notice_kinds.get(notice.kind).text(notice.subject)
            footer = _("Sign in to the portal to see it.")
        EmailMessage(
            subject=title,
            body=f"{body}\n\n{footer}",
            to=[address],
            headers={"Message-ID": f"<notice-{notice.pk}@{settings.DEFAULT_FROM_EMAIL.split('@')[-1]}>"},
        ).send()


CHANNELS: dict[str, DeliveryChannel] = {Channel.PORTAL: PortalChannel(), Channel.EMAIL: EmailChannel()}
