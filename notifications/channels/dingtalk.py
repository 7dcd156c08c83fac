"""A group robot of DingTalk (钉钉). Formats and limits: RULES.md 5.3.

A robot is secured by a signature (its `secret`) or by a keyword. Every message holds the portal's name, so that this name,
entered as the keyword, always fits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from ..models import Robot
from .base import RateLimited, TryLater, Undeliverable
from .http import ask
from .wording import Wording, cut

TEXT_BYTES = 4096
TITLE_BYTES = 120
# Who sent more than 20 in a minute is not heard for so long.
PAUSE = timedelta(minutes=10)
TOO_OFTEN = frozenset({90018, 90030, 130101, 302033, 410100})
NO_SUCH_ROBOT = frozenset({300001, 300005, 400013, 400101, 400102, 400106})
# Signature, keyword or address of the caller do not fit what the robot was told to accept.
NOT_SECURED = 310000
TEXT_REFUSED = frozenset({400105, 430101, 430102, 430103, 430104, 460101})


def signature(timestamp_ms: int, secret: str) -> str:
    """The value of `sign`, before it is quoted for the address."""
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def say(robot: Robot, said: Wording, *, at: datetime) -> None:
    """One markdown message into the robot's chat; `at` is the moment that is signed."""
    query = {"access_token": robot.key}
    if robot.secret:
        timestamp_ms = int(at.timestamp() * 1000)
        query |= {"timestamp": str(timestamp_ms), "sign": signature(timestamp_ms, robot.secret)}
    with translation.override(settings.LANGUAGE_CODE):
        heading = f"#### {_('Pairing Portal')} · %s"
    text = said.markdown(TEXT_BYTES, heading=heading, bullet="- ")
    payload = {
        "msgtype": "markdown",
        "markdown": {"title": cut(said.title, TITLE_BYTES), "text": text},
        "at": {"isAtAll": False},
    }
    _check(ask(settings.DINGTALK_API, "/robot/send", query=query, payload=payload)["errcode"])


def _check(code: int) -> None:
    """Raises what an errcode other than 0 means."""
    if code == 0:
        return
    if code in TOO_OFTEN:
        raise RateLimited(PAUSE)
    if code in NO_SUCH_ROBOT:
        raise Undeliverable(_("the robot is no longer in its chat (%(code)d)") % {"code": code})
    if code == NOT_SECURED:
        raise Undeliverable(
            _("the robot's security setting refused: its secret or keyword does not fit (%(code)d)") % {"code": code}
        )
    if code in TEXT_REFUSED:
        raise Undeliverable(_("DingTalk refused the text (%(code)d)") % {"code": code})
    raise TryLater(_("DingTalk answered with error %(code)d") % {"code": code})
