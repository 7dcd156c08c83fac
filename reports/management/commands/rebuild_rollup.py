from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from reports.dashboards.rollup import rebuild_rollup


class Command(BaseCommand):
    help = "Makes the sums of log entries that the dashboards read anew, all of them."

    def handle(self, *args: Any, **options: Any) -> None:
        written = rebuild_rollup(now=timezone.now())
        self.stdout.write(f"{written} rows")
