"""WeCom (企业微信): an app's message to a person, and a group robot. Formats and limits: RULES.md 5.2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from ..models import ContactChoice, Notice, Robot
from .base import RateLimited, TryLater, Undeliverable
from .http import ask
from .wording import Wording, word

TEXT_BYTES = 2048
MARKDOWN_BYTES = 4096
# The same content to the same person within half an hour is one message.
DUPLICATE_SECONDS = 1800
# "@all" and "a|b" would reach others.
ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")

STALE_TOKEN = frozenset({40014, 41001, 42001})
# Too many messages, or too many at once.
TOO_OFTEN = frozenset({45009, 45011, 45033})
PAUSE = timedelta(minutes=1)
# No such person, not within the app's reach, without a licence; text refused.
NO_SUCH_PERSON = frozenset({40003, 40031, 60111, 81013, 82001, 94000})
TEXT_REFUSED = frozenset({40008, 40058, 44004, 45002})
# The robot was removed from its chat, or its key never was one.
NO_SUCH_ROBOT = frozenset({93000, 93004, 93008})


class WecomAppChannel:
    """To one person, by the college's own app."""

    def send(self, notices: Sequence[Notice], *, key: str, now: datetime) -> None:
        if not settings.WECOM_SECRET:
            raise Undeliverable(_("WeCom is not set up"))
        message = {
            "touser": _account(notices[0]),
            "toparty": "",
            "totag": "",
            "msgtype": "text",
            "agentid": settings.WECOM_AGENT_ID,
            "text": {"content": word(notices).text(TEXT_BYTES)},
            "safe": 0,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DUPLICATE_SECONDS,
        }
        reply = _send(message, _token())
        if reply["errcode"] in STALE_TOKEN:
            # Once only: a token that is refused right after it was issued is another fault.
            reply = _send(message, _token(fresh=True))
        _check(reply["errcode"])
        if reply.get("invaliduser") or reply.get("unlicenseduser"):
            raise Undeliverable(_("WeCom does not know this account"))


def _account(notice: Notice) -> str:
    choice = ContactChoice.objects.filter(user=notice.user).only("wecom_id").first()
    account = choice.wecom_id if choice is not None else ""
    if not account:
        raise Undeliverable(_("no WeCom account"))
    if not ACCOUNT.fullmatch(account):
        raise Undeliverable(_("the WeCom account cannot be used"))
    return account


def _send(message: dict[str, Any], token: str) -> dict[str, Any]:
    return ask(settings.WECOM_API, "/cgi-bin/message/send", query={"access_token": token}, payload=message)


def _token(*, fresh: bool = False) -> str:
    """The app's access token, kept as long as it lives."""
    kept = f"wecom-token-{settings.WECOM_CORP_ID}-{settings.WECOM_AGENT_ID}"
    known = None if fresh else cache.get(kept)
    if known:
        return str(known)
    secret = {"corpid": settings.WECOM_CORP_ID, "corpsecret": settings.WECOM_SECRET}
    reply = ask(settings.WECOM_API, "/cgi-bin/gettoken", query=secret)
    _check(reply["errcode"])
    token, lives = reply.get("access_token"), reply.get("expires_in")
    if not isinstance(token, str) or not token or type(lives) is not int:
        raise TryLater(_("WeCom gave no access token"))
    # A little less than promised: it must not end on its way.
    cache.set(kept, token, timeout=min(max(lives - 300, 0), 7200))
    return token


def _check(code: int) -> None:
    """Raises what an errcode other than 0 means. A wrong secret or address of ours is mended by the operator, then it works."""
    if code == 0:
        return
    if code in TOO_OFTEN:
        raise RateLimited(PAUSE)
    if code in NO_SUCH_PERSON:
        raise Undeliverable(_("WeCom does not know this account (%(code)d)") % {"code": code})
    if code in NO_SUCH_ROBOT:
        raise Undeliverable(_("the robot is no longer in its chat (%(code)d)") % {"code": code})
    if code in TEXT_REFUSED:
        raise Undeliverable(_("WeCom refused the text (%(code)d)") % {"code": code})
    raise TryLater(_("WeCom answered with error %(code)d") % {"code": code})


def say(robot: Robot, said: Wording, *, at: datetime) -> None:
    """One markdown message into the robot's chat."""
    content = said.markdown(MARKDOWN_BYTES, heading="**%s**", bullet="> ")
    reply = ask(
        settings.WECOM_API,
        "/cgi-bin/webhook/send",
        query={"key": robot.key},
        payload={"msgtype": "markdown", "markdown": {"content": content}},
    )
    _check(reply["errcode"])
