from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from pairing_portal.common.startup import DATABASE_WAIT_SECONDS, look_around, pending_migrations, wait_for_database


class Command(BaseCommand):
    help = "What a process looks at before it serves: waits for the database, names what is wrong, exits 1 on a fault."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wait", type=int, default=DATABASE_WAIT_SECONDS, help="seconds to wait for the database")
        parser.add_argument("--migrate", action="store_true", help="run waiting migrations, and load the demonstration into a new database when PORTAL_DEMO is 1")  # fmt: skip
        parser.add_argument(
            "--worker", action="store_true", help="be as strict as a worker: waiting migrations stop it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if fault := wait_for_database(seconds=options["wait"]):
            raise CommandError(f"cannot start: DATABASE_URL: the database does not answer: {fault}")
        if options["migrate"]:
            self._migrate()
        findings = look_around(now=timezone.now(), for_worker=options["worker"])
        for warning in findings.warnings:
            self.stderr.write(f"pairing portal: warning: {warning}")
        if findings.faults:
            raise CommandError("\n".join(f"cannot start: {fault}" for fault in findings.faults))

    def _migrate(self) -> None:
        if pending_migrations():
            call_command("migrate", interactive=False, verbosity=0)
        # Nobody at all: a database nobody has used yet, also after a first start that was broken off.
        if settings.PORTAL_DEMO and not get_user_model().objects.exists():
            call_command("load_demo")
