"""A text column that is encrypted at rest with keys of its own (`FIELD_ENCRYPTION_KEYS`, newest first).

The stored value is a prefix and a Fernet token. Reading with the wrong keys raises; ciphertext never reaches a caller.
No lookup but `isnull` is possible: equal texts are stored differently.
"""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.utils.translation import gettext as _

PREFIX = "enc1:"


class Undecipherable(Exception):
    """A stored value cannot be read with the keys in use."""


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def encrypt(text: str, *, is_ageless: bool = False) -> str:
    """A token holds the second it was made in, readable without keys; an ageless one holds none."""
    keys, plain = _keys(), text.encode()
    return PREFIX + (keys.encrypt_at_time(plain, 0) if is_ageless else keys.encrypt(plain)).decode()


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


def is_current(stored: str) -> bool:
    """True when the value stands under the newest key already."""
    try:
        Fernet(settings.FIELD_ENCRYPTION_KEYS[0]).decrypt(stored.removeprefix(PREFIX).encode())
    except InvalidToken:
        return False
    return stored.startswith(PREFIX)


class EncryptedTextField(models.TextField):
    """Text that only the program with the right keys reads."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else encrypt(str(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else decrypt(value)

    def value_to_string(self, obj: Any) -> Any:
        """What `dumpdata` writes: as unreadable as the column itself."""
        return self.get_prep_value(self.value_from_object(obj))

    def to_python(self, value: Any) -> Any:
        """Undoes `value_to_string`. Whoever types something that looks like ciphertext is refused."""
        if isinstance(value, str) and value.startswith(PREFIX):
            try:
                return decrypt(value)
            except Undecipherable as error:
                raise ValidationError(_("This text cannot be stored."), code="undecipherable") from error
        return super().to_python(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it cannot be searched.")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        raise FieldError(f"{self.name} is encrypted: it cannot be searched.")
