from __future__ import annotations

import fcntl
import signal
import sys
import time
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from notifications.services import run_tick


class Command(BaseCommand):
    help = "One tick of the outbox; with --forever one a minute, for an installation without a broker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--forever", action="store_true", help="keep ticking, one a minute; one such process a machine"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["forever"]:
            run_tick(now=timezone.now())
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: sys.exit(0))
        with self._only_one():
            while True:
                try:
                    run_tick(now=timezone.now())
                except Exception as error:
                    self.stderr.write(f"tick failed: {type(error).__name__}: {error}")
                close_old_connections()
                time.sleep(60 - time.time() % 60)

    def _only_one(self) -> TextIO:
        """The open lock file; waits while another loop on this machine holds it, and takes over when that one ends."""
        path = settings.DATA_DIR / "tick.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.stderr.write("another tick loop is running on this data directory; waiting for it to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        return lock
