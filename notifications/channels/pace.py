"""How often a robot speaks: at most 20 messages a minute, counted in the database, so that all workers count together."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from ..models import Heartbeat

TIMES = 20
WINDOW = timedelta(minutes=1)


@transaction.atomic
def take_turn(*, robot_id: int, at: datetime) -> timedelta:
    """Zero when the robot may speak now, and this turn is counted; else how long to wait. A turn is taken before its message."""
    row = _row(robot_id, at)
    moment = at.timestamp()
    closed = row.result.get("closed_until", 0) - moment
    # A clock that was set back must not silence a robot.
    if 0 < closed <= timedelta(hours=1).total_seconds():
        return timedelta(seconds=closed)
    recent = [turn for turn in row.result.get("turns", []) if 0 <= moment - turn < WINDOW.total_seconds()]
    if len(recent) >= TIMES:
        return WINDOW - timedelta(seconds=moment - recent[0])
    row.at, row.result = at, {"turns": [*recent, moment]}
    row.save(update_fields=["at", "result"])
    return timedelta()


@transaction.atomic
def close(*, robot_id: int, at: datetime, wait: timedelta) -> None:
    """The other side has had enough: nobody asks it again before `wait` is over."""
    row = _row(robot_id, at)
    row.result |= {"closed_until": (at + wait).timestamp()}
    row.save(update_fields=["result"])


def _row(robot_id: int, at: datetime) -> Heartbeat:
    name = f"robot:{robot_id}"
    Heartbeat.objects.get_or_create(name=name, defaults={"at": at})
    return Heartbeat.objects.select_for_update().get(name=name)
