from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from notifications.services import run_tick


class Command(BaseCommand):
    help = "Computes and sends what is due. Safe to repeat: what was said is not said again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", help="the moment to compute for, as 2026-10-29T09:00 (default: now)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        result = run_tick(now=_moment(options["at"]))
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            self.stdout.write(
                "{created} new, {sent} sent, {dropped} no longer needed, {failed} failed".format(**result)
            )


def _moment(text: str | None) -> datetime:
    if not text:
        return timezone.now()
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError("--at must read like 2026-10-29T09:00", returncode=2)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
