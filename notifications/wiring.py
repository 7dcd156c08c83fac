"""What this room tells the floor."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from pairing_portal.common.health import readiness_checks
from pairing_portal.common.registries import frame_counts

TICK_LATE_AFTER = timedelta(minutes=5)


def unread_count(user_id: int) -> int:
    from .models import Notice

    return Notice.objects.filter(user_id=user_id).unread().count()


def tick_fault() -> str:
    """ "" while the tick runs; a portal that was never ticked is not ready either."""
    from .models import Heartbeat

    last = Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()
    if last is None:
        return "the tick has not run yet"
    late = timezone.now() - last
    return f"the tick last ran {int(late.total_seconds())} s ago" if late > TICK_LATE_AFTER else ""


def register() -> None:
    frame_counts.register("notices", unread_count)
    readiness_checks.register("tick", tick_fault)
