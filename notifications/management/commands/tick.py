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

    _is_busy = False
    _is_to_end = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--forever", action="store_true", help="keep ticking, one a minute; one such process a machine"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["forever"]:
            run_tick(now=timezone.now())
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        with self._only_one():
            while not self._is_to_end:
                self._tick()
                if not self._is_to_end:
                    time.sleep(60 - time.time() % 60)

    def _tick(self) -> None:
        self._is_busy = True
        try:
            run_tick(now=timezone.now())
        except Exception as error:
            # The kind of error alone: its text may quote a row.
            self.stderr.write(f"tick failed: {type(error).__name__}")
        finally:
            self._is_busy = False
        close_old_connections()

    def _end(self, *_signal: Any) -> None:
        """Between two ticks at once; within one when it is done, so that no message is left half-marked."""
        self._is_to_end = True
        if not self._is_busy:
            sys.exit(0)

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
