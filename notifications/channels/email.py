"""A short mail; its Message-ID is the key, so that a mail sent twice is one mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from ..models import Notice
from .base import TryLater, Undeliverable
from .wording import word

# Out-of-office replies and mailing lists leave such mails alone.
AUTOMATIC = {"Auto-Submitted": "auto-generated", "Precedence": "bulk", "X-Auto-Response-Suppress": "All"}


# What EMAIL_URL stands for when nobody set it in production: it takes every mail and sends none.
NOWHERE = "django.core.mail.backends.dummy.EmailBackend"


def goes_out() -> bool:
    """Is there a way for mails? Without one no notice waits to be mailed, and none counts as sent."""
    return settings.EMAIL_BACKEND != NOWHERE


class EmailChannel:
    """Through the college's mail server (EMAIL_URL)."""

    def send(self, notices: Sequence[Notice], *, key: str, now: datetime) -> None:
        if not goes_out():
            # Written while there was a mail server.
            raise Undeliverable(_("no mail server is set (EMAIL_URL)"))
        said = word(notices)
        message = EmailMessage(
            subject=said.title,
            body=said.plain(),
            to=[_address(notices[0])],
            headers={**AUTOMATIC, "Message-ID": message_id(key)},
        )
        try:
            message.send()
        except SMTPRecipientsRefused as error:
            _judge([code for code, _words in error.recipients.values()])
        except SMTPDataError as error:
            _judge([error.smtp_code])


def message_id(key: str) -> str:
    """`<key@domain of the sender>`."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{re.sub(r'[^A-Za-z0-9._-]', '-', key)}@{domain}>"


def _address(notice: Notice) -> str:
    address = notice.user.email if notice.user is not None else ""
    if not address:
        raise Undeliverable(_("no e-mail address"))
    try:
        validate_email(address)
    except ValidationError:
        # From None: the chain would carry the address.
        raise Undeliverable(_("the e-mail address cannot be used")) from None
    return address


def _judge(codes: Sequence[int]) -> None:
    """5xx is the server's last word on this address or text; everything else may pass."""
    code = codes[0] if codes else 0
    if 500 <= code < 600:
        raise Undeliverable(_("the mail server refused (%(code)d)") % {"code": code}) from None
    raise TryLater(_("the mail server asks to wait (%(code)d)") % {"code": code}) from None
