"""Watches the rows of an export: says how far it is, keeps the lease, and stops when nobody wants it any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from ..models import ExportJob, ExportState

# A report must give its first row within the lease, or another worker begins it too.
LEASE: Final = timedelta(minutes=3)
TELL_EVERY_SECONDS: Final = 0.5


class Stopped(Exception):
    """The job was cancelled, or another worker holds it."""


class TakesLonger(Exception):
    """More time went by than was given to the request: the background goes on."""


class Progress:
    """Rows written so far. Says so at most twice a second, however many rows there are."""

    def __init__(self, job: ExportJob, *, seconds: float | None = None) -> None:
        self.job = job
        self.done = 0
        self._line: BaseDatabaseWrapper | None = None
        self._started = time.monotonic()
        self._seconds = seconds

    def watch(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """The same rows. Raises `Stopped` or `TakesLonger` between two of them."""
        clock, due = time.monotonic, self._started + TELL_EVERY_SECONDS
        done = self.done
        try:
            for row in rows:
                yield row
                done += 1
                if clock() >= due:
                    self.done = done
                    self.tell()
                    due = clock() + TELL_EVERY_SECONDS
        finally:
            self.done = done
            # With the rows their cursor is closed.
            if isinstance(rows, Generator):
                rows.close()

    def tell(self) -> None:
        """Write how far it is and prolong the lease. Raises `Stopped` when the job is no longer ours."""
        if self._seconds is not None and time.monotonic() - self._started > self._seconds:
            raise TakesLonger
        if not self._update(timezone.now()):
            raise Stopped

    def close(self) -> None:
        if self._line is not None and self._line is not connection:
            self._line.close()
        self._line = None

    def _update(self, now: datetime) -> int:
        """One statement on a connection of its own: the rows' connection may hold an old picture of the database open."""
        line = self._own_line()
        field: Callable[[str], Any] = ExportJob._meta.get_field
        table = ExportJob._meta.db_table
        key = field("id").get_db_prep_value(self.job.pk, line)
        until = field("lease_until").get_db_prep_value(now + LEASE, line)
        with line.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET rows_done = %s, lease_until = %s WHERE id = %s AND lease_token = %s AND state = %s",  # noqa: S608  # the table's name alone
                [self.done, until, key, self.job.lease_token, ExportState.RUNNING.value],
            )
            return int(cursor.rowcount)

    def _own_line(self) -> BaseDatabaseWrapper:
        if self._line is None:
            # Within a transaction nobody else sees the job yet.
            self._line = connection if connection.in_atomic_block else connection.copy()  # type: ignore[attr-defined]  # the proxy passes it on
        return self._line
