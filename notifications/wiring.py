"""What this room tells the floor."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.health import readiness_checks
from pairing_portal.common.registries import NavigationEntry, frame_counts, navigation
from pairing_portal.common.scope import Role


def unread_count(user_id: int) -> int:
    from .models import Notice

    return Notice.objects.filter(user_id=user_id).unread().count()


def tick_fault() -> str:
    """ "" while the tick runs; a portal that was never ticked is not ready either."""
    from .models import Heartbeat
    from .outbox import TICK_LATE_AFTER

    last = Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()
    if last is None:
        return "the tick has not run yet"
    late = timezone.now() - last
    return f"the tick last ran {int(late.total_seconds())} s ago" if late > TICK_LATE_AFTER else ""


def register() -> None:
    from . import notices

    notices.register()
    frame_counts.register("notices", unread_count)
    readiness_checks.register("tick", tick_fault)
    entry = NavigationEntry(
        _("Outbox"), "notice_outbox", "send", "/notices/outbox/", roles=frozenset({Role.ADMINISTRATOR})
    )
    navigation.register("outbox", entry, order=105)
