"""What every channel shares: its one method, and the three ways in which it may not work.

The words of these exceptions are shown to operators and kept with the delivery: they name no person, quote no reply
and hold no key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ..models import Notice


class Undeliverable(Exception):
    """Trying again will not help."""


class TryLater(Exception):
    """It did not work now; the same may work later."""


class RateLimited(Exception):
    """Nothing was sent: the other side takes no more for `retry_after`."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"wait {int(retry_after.total_seconds())} s")
        self.retry_after = retry_after


class DeliveryChannel(Protocol):
    """Sends one message outside: `notices` are all of one user, or all of one robot, and never empty.

    `key` is the message's id: the same message sent twice carries the same one. Raises `Undeliverable` or `RateLimited`; every
    other exception means that it may work later.
    """

    def send(self, notices: Sequence[Notice], *, key: str, now: datetime) -> None: ...


class PortalChannel:
    """The notice is in the list behind the bell as soon as it is written."""

    def send(self, notices: Sequence[Notice], *, key: str, now: datetime) -> None:
        return None
