"""A text column that is encrypted at rest with keys of its own (`FIELD_ENCRYPTION_KEYS`, newest first).

The stored value is a prefix and a Fernet token. Reading with the wrong keys raises; ciphertext never reaches a caller.
No lookup but `isnull` is possible: equal texts are stored differently.
"""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models

PREFIX = "enc1:"


class Undecipherable(Exception):
    """A stored value cannot be read with the keys in use."""


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def encrypt(text: str) -> str:
    return PREFIX + _keys().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Raises `Undecipherable` for what was written with other keys, or not by `encrypt`."""
    if not stored.startswith(PREFIX):
        raise Undecipherable("not an encrypted value")
    try:
        return _keys().decrypt(stored.removeprefix(PREFIX).encode()).decode()
    except InvalidToken as error:
        raise Undecipherable("the keys in FIELD_ENCRYPTION_KEYS do not open this value") from error


def rotate(stored: str) -> str:
    """The same text under the newest key."""
    try:
        return PREFIX + _keys().rotate(stored.removeprefix(PREFIX).encode()).decode()
    except InvalidToken as error:
        raise Undecipherable("the keys in FIELD_ENCRYPTION_KEYS do not open this value") from error


class EncryptedTextField(models.TextField):
    """Text that only the program with the right keys reads."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else encrypt(str(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else decrypt(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it cannot be searched.")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        raise FieldError(f"{self.name} is encrypted: it cannot be searched.")
