from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from notifications.models import Delivery, DeliveryState
from notifications.outbox import OutboxFacts, outbox_facts, parked
from notifications.outbox_services import drop_deliveries, retry_deliveries
from notifications.querysets import DeliveryQuerySet

LISTED = 100


class Command(BaseCommand):
    help = (
        "How sending goes: last tick, queue, what was given up and why. Retries or drops it. Prints no notice's words."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--retry", nargs="+", default=[], metavar="ID", help="try these again, or everything given up: --retry all"
        )
        parser.add_argument("--drop", nargs="+", default=[], metavar="ID", help="never send these")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        retry, drop = _rows(options["retry"], may_be_all=True), _rows(options["drop"], may_be_all=False)
        retried = retry_deliveries(rows=retry, now=now) if retry is not None else 0
        dropped = drop_deliveries(rows=drop, now=now) if drop is not None else 0
        facts = outbox_facts(now)
        listed = list(parked(Delivery.objects.all())[:LISTED])
        if options["json"]:
            self.stdout.write(json.dumps(_object(facts, listed) | {"retried": retried, "dropped": dropped}))
            return
        for line in _lines(facts, listed):
            self.stdout.write(line)
        if options["retry"] or options["drop"]:
            self.stdout.write(f"{retried} wait again, {dropped} dropped")


def _rows(given: list[str], *, may_be_all: bool) -> DeliveryQuerySet | None:
    if not given:
        return None
    if may_be_all and given == ["all"]:
        return Delivery.objects.filter(state=DeliveryState.FAILED)
    if any(not (word.isascii() and word.isdigit() and len(word) < 18) for word in given):
        raise CommandError("give the numbers shown by this command" + (", or all" if may_be_all else ""), returncode=2)
    return Delivery.objects.filter(pk__in=[int(word) for word in given])


def _seconds(age: timedelta | None) -> int | None:
    return None if age is None else int(age.total_seconds())


def _object(facts: OutboxFacts, listed: list[Delivery]) -> dict[str, Any]:
    return {
        "tick": {
            "at": facts.tick_at.isoformat() if facts.tick_at else None,
            "age_seconds": _seconds(facts.tick_age),
            "late": facts.tick_is_late,
            "result": facts.tick_result,
        },
        "failing": [{"name": one.name, "error": one.error, "at": one.at.isoformat()} for one in facts.failing],
        "due": facts.due,
        "oldest_due_seconds": _seconds(facts.queue_age),
        "counts": facts.counts,
        "parked": [
            {
                "id": row.pk, "channel": row.channel, "kind": row.notice.kind, "attempts": row.attempts,
                "error": row.error,
            }
            for row in listed
        ],
    }  # fmt: skip


def _lines(facts: OutboxFacts, listed: list[Delivery]) -> list[str]:
    age = _seconds(facts.tick_age)
    tick = "the tick has not run yet" if age is None else f"last tick {age} s ago"
    queue = _seconds(facts.queue_age)
    lines = [
        tick + (" (stopped)" if facts.tick_is_late else ""),
        f"{facts.due} due"
        + ("" if queue is None else f", the oldest for {queue} s")
        + f", {facts.waiting} waiting in all",
    ]
    lines += [f"failing: {one.name}: {one.error} at {one.at:%Y-%m-%d %H:%M}" for one in facts.failing]
    for channel, states in facts.counts.items():
        if any(states.values()):
            lines.append(f"{channel}: " + ", ".join(f"{count} {state}" for state, count in states.items()))
    lines += [f"given up: {row.pk} {row.channel} {row.notice.kind} after {row.attempts}: {row.error}" for row in listed]
    return lines
