from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pairing_portal.common.encrypted_columns import encrypted_columns, rotate_column


class Command(BaseCommand):
    help = (
        "Writes every encrypted column again under the newest key (the first of FIELD_ENCRYPTION_KEYS). May be interrupted and "
        "run again; afterwards the older keys can be taken away, once no backup needs them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        for column in encrypted_columns():
            done = rotate_column(column, dry_run=options["dry_run"])
            unreadable += done.unreadable
            verb = "would be rewritten" if options["dry_run"] else "rewritten"
            current = done.rows - done.rotated - done.unreadable
            self.stdout.write(
                f"{column}: {done.rows} rows, {done.rotated} {verb}, {current} under the newest key already, "
                f"{done.unreadable} not readable"
            )
        if unreadable:
            raise CommandError(
                f"{unreadable} rows cannot be read with the keys in FIELD_ENCRYPTION_KEYS; they were left as they are. "
                "Put the key they were written with back and run this again."
            )
