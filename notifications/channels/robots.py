"""Robots in group chats of staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import Notice, Robot, RobotKind
from . import dingtalk, pace, wecom
from .base import RateLimited, Undeliverable
from .wording import Wording, word

SAY: dict[str, Callable[..., None]] = {RobotKind.WECOM: wecom.say, RobotKind.DINGTALK: dingtalk.say}


class RobotChannel:
    """Into the chat of the notices' robot, at the pace its service allows."""

    def send(self, notices: Sequence[Notice], *, key: str, now: datetime) -> None:
        robot = notices[0].robot
        if robot is None or not robot.is_active:
            raise Undeliverable(_("the robot is not in use"))
        speak(robot, word(notices))


def speak(robot: Robot, said: Wording) -> None:
    """Take a turn and send. Raises as a channel does."""
    # The moment itself, not that of the tick: a tick may take minutes, and the other side counts by the clock.
    at = timezone.now()
    if wait := pace.take_turn(robot_id=robot.pk, at=at):
        raise RateLimited(max(wait, timedelta(seconds=1)))
    try:
        SAY[robot.kind](robot, said, at=at)
    except RateLimited as limit:
        pace.close(robot_id=robot.pk, at=at, wait=limit.retry_after)
        raise
