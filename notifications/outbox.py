"""How sending goes, for operators: the tick, the queue, what was given up. Never what the notices say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Min

from pairing_portal.common.registries import notice_kinds

from .claim_services import due_deliveries
from .models import Channel, Delivery, DeliveryState, Heartbeat
from .querysets import DeliveryQuerySet

TICK_LATE_AFTER: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Failing:
    """A reminder source or a daily job that raised when it was last asked: its name, the kind of error, since when."""

    name: str
    error: str
    at: datetime


@dataclass(frozen=True)
class OutboxFacts:
    now: datetime
    tick_at: datetime | None
    tick_result: dict[str, int]
    failing: list[Failing]
    due: int
    oldest_due_at: datetime | None
    waiting: int
    parked: int
    # channel -> state -> deliveries
    counts: dict[str, dict[str, int]]

    @property
    def tick_is_late(self) -> bool:
        return self.tick_at is None or self.now - self.tick_at > TICK_LATE_AFTER

    @property
    def tick_age(self) -> timedelta | None:
        return None if self.tick_at is None else self.now - self.tick_at

    @property
    def queue_age(self) -> timedelta | None:
        """How long the oldest delivery that may go out has been waiting for it; None when nothing is due."""
        return None if self.oldest_due_at is None else self.now - self.oldest_due_at


def outbox_facts(now: datetime) -> OutboxFacts:
    """Everything the operators' page and command show, in a fixed number of queries."""
    beats = {beat.name: beat for beat in Heartbeat.objects.all()}
    tick = beats.get("tick")
    queue = due_deliveries(now).aggregate(count=Count("pk"), oldest=Min("next_attempt_at"))
    counts = _counts()
    return OutboxFacts(
        now=now,
        tick_at=tick.at if tick else None,
        tick_result={key: value for key, value in tick.result.items() if isinstance(value, int)} if tick else {},
        failing=[
            Failing(name, str(beat.result["failed"]), beat.at)
            for name, beat in sorted(beats.items())
            if isinstance(beat.result, dict) and "failed" in beat.result and ":" in name
        ],
        due=queue["count"],
        oldest_due_at=queue["oldest"],
        waiting=sum(states[DeliveryState.PENDING] for states in counts.values()),
        parked=sum(states[DeliveryState.FAILED] for states in counts.values()),
        counts=counts,
    )


def _counts() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {
        str(channel): dict.fromkeys(DeliveryState.values, 0) for channel in Channel.values
    }
    for channel, state, count in (
        Delivery.objects.order_by().values_list("channel", "state").annotate(count=Count("pk"))
    ):
        found.setdefault(channel, dict.fromkeys(DeliveryState.values, 0))[state] = count
    return found


def parked(rows: DeliveryQuerySet) -> DeliveryQuerySet:
    """Of these, what was given up, newest first, with the kind of its notice."""
    found: DeliveryQuerySet = rows.filter(state=DeliveryState.FAILED).select_related("notice").order_by("-pk")
    return found


def kind_label(kind: str) -> Any:
    """What a kind of notice is called."""
    return notice_kinds.get(kind).label if kind in notice_kinds else kind
