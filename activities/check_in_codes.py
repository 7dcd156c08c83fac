"""The rotating code of the projector: a new one every fifteen seconds, signed, without any other service. Pure."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Final

SECONDS: Final = 15
# The code on the screen and the two before it: time to raise the phone, walk through sign-in and press.
ACCEPTED: Final = 3
LENGTH: Final = 12


def window_of(now: datetime) -> int:
    """Number of the fifteen seconds a moment lies in."""
    return int(now.timestamp()) // SECONDS


def code_at(secret: str, activity_id: int, window: int) -> str:
    """The code of one window; of one activity only, and not to be guessed without the secret."""
    text = f"{activity_id}:{window}".encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()[:LENGTH]


def code_now(secret: str, activity_id: int, now: datetime) -> str:
    return code_at(secret, activity_id, window_of(now))


def is_valid(code: str, secret: str, activity_id: int, now: datetime) -> bool:
    """True for the newest codes; each is compared in constant time."""
    window = window_of(now)
    given = code.strip().lower().encode()
    fits = [
        hmac.compare_digest(given, code_at(secret, activity_id, window - back).encode()) for back in range(ACCEPTED)
    ]
    return any(fits)
