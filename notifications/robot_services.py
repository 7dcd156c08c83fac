"""Robots are set up by administrators. Their keys go in and never come out again."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.addresses import HasMeta
from accounts.models import AuditAction, User
from accounts.services import record_audit
from branches.models import Department
from pairing_portal.common.problems import Refused

from .channels import RateLimited, TryLater, Undeliverable
from .channels.robots import speak
from .channels.wording import Group, Wording, portal_address
from .models import Robot, RobotKind

KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")
SECRET = re.compile(r"[A-Za-z0-9_-]{6,128}")
# Path and parameter of the address that the chat shows when the robot is made.
PASTED = {RobotKind.WECOM: ("/cgi-bin/webhook/send", "key"), RobotKind.DINGTALK: ("/robot/send", "access_token")}


@transaction.atomic
def set_up_robot(
    *,
    robot_id: int | None,
    name: str,
    kind: str,
    department: Department | None,
    key: str,
    secret: str,
    is_active: bool,
    by: User,
    now: datetime,
    request: HasMeta | None = None,
    drop_secret: bool = False,
) -> Robot:
    """Make a robot, or change one; an empty `key` or `secret` keeps what is stored, `drop_secret` takes the secret away.

    `key` is the key itself or the whole address the chat showed. Refused when it is not one, or leads to another host.
    """
    robot = Robot() if robot_id is None else Robot.objects.select_for_update().get(pk=robot_id)
    before = (robot.name, robot.kind, robot.department_id, robot.is_active)
    fresh_key, fresh_secret = check_robot(robot=None if robot_id is None else robot, kind=kind, key=key, secret=secret)
    if kind != robot.kind or drop_secret:
        robot.secret = ""
    robot.key, robot.secret = fresh_key or robot.key, fresh_secret or robot.secret
    robot.name, robot.kind, robot.department, robot.is_active = name.strip(), kind, department, is_active
    robot.save()
    after = (robot.name, robot.kind, robot.department_id, robot.is_active)
    columns = ("name", "kind", "department", "is_active")
    changed = [
        column for column, old, new in zip(columns, before, after, strict=True) if old != new or robot_id is None
    ]
    changed += [word for word, given in (("key", key), ("secret", secret or drop_secret)) if given]
    record_audit(
        action=AuditAction.SET_UP, user=by, request=request, object_type="robot", object_id=robot.pk,
        detail={"columns": sorted(changed)}, now=now,
    )  # fmt: skip
    return robot


def check_robot(*, robot: Robot | None, kind: str, key: str, secret: str) -> tuple[str, str]:
    """Key and secret as they are stored, "" for what is kept. Refused as `set_up_robot` says; writes nothing."""
    if not key and (robot is None or kind != robot.kind):
        raise Refused(_("Enter the robot's key."), field="key")
    return _checked_key(kind, key) if key else "", _checked_secret(kind, secret) if secret else ""


def _checked_key(kind: str, text: str) -> str:
    text = text.strip()
    if "://" in text:
        text = _key_of_address(kind, text)
    if not KEY.fullmatch(text):
        raise Refused(_("This is not a robot's key. Paste the address that the chat shows for the robot."), field="key")
    return text


def _key_of_address(kind: str, address: str) -> str:
    base = urlsplit(settings.WECOM_API if kind == RobotKind.WECOM else settings.DINGTALK_API)
    path, parameter = PASTED[RobotKind(kind)]
    try:
        parts = urlsplit(address)
        given = parse_qs(parts.query).get(parameter, [""])
    except ValueError:
        parts, given = urlsplit(""), [""]
    if (parts.scheme, parts.netloc, parts.path) != ("https", base.netloc, path):
        raise Refused(
            _("The address of such a robot begins with %(address)s.")
            % {"address": f"{base.geturl()}{path}?{parameter}="},
            field="key",
        )
    return given[0]


def _checked_secret(kind: str, text: str) -> str:
    text = text.strip()
    if kind != RobotKind.DINGTALK:
        raise Refused(_("Only robots of DingTalk have a secret for signing."), field="secret")
    if not SECRET.fullmatch(text):
        raise Refused(_("This is not a secret for signing; DingTalk's begins with SEC."), field="secret")
    return text


def send_trial(*, robot_id: int, by: User, now: datetime, request: HasMeta | None = None) -> None:
    """Let the robot say that it can be heard. Asks outside, so it is not called in a transaction; refused with the reason."""
    robot = Robot.objects.get(pk=robot_id)
    try:
        speak(robot, _trial_wording())
    except RateLimited as limit:
        raise Refused(
            _("This robot has spoken too often. Try again in %(seconds)d seconds.")
            % {"seconds": int(limit.retry_after.total_seconds())}
        ) from limit
    except (Undeliverable, TryLater) as error:
        raise Refused(_("The message did not arrive: %(why)s.") % {"why": error}) from error
    record_audit(
        action=AuditAction.SET_UP, user=by, request=request, object_type="robot", object_id=robot.pk,
        detail={"trial": True}, now=now,
    )  # fmt: skip


def _trial_wording() -> Wording:
    with translation.override(settings.LANGUAGE_CODE):
        body = _("The portal can write to this chat. Summaries hold numbers and names of branches, never of people.")
        return Wording(
            _("Trial message"),
            (Group("", (body,)),),
            _("Sign in to the portal to see it."),
            portal_address("/"),
        )
