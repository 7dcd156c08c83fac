from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from pairing_portal.common.problems import Refused
from reports.demo.load import STAGES, load_demo


class Command(BaseCommand):
    help = "Loads the demonstration: two departments, four Party branches, five League branches, invented people."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stage", choices=STAGES, default="running", help="the phase of the year (default: running)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            company = load_demo(stage=options["stage"], today=timezone.localdate())
        except Refused as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(f"{options['stage']}: {len(company.by_number)} people, {len(company.branches)} Party branches, "
                          f"{len(company.league_branches)} League branches")  # fmt: skip
