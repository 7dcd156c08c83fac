"""Activation codes and account numbers as people type them. Pure, but for the secret key."""

from __future__ import annotations

import secrets
import unicodedata

from django.utils.crypto import salted_hmac

# Neither 0 and O nor 1, I and L: a code is read from paper and typed on a phone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10


def new_code() -> str:
    """Ten characters, 49 bits: cannot be guessed within the few tries that are allowed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def spoken(code: str) -> str:
    """As printed: two groups of five."""
    return f"{code[:5]}-{code[5:]}"


def plain(typed: str, limit: int = 64) -> str:
    """Full-width characters made plain; blanks, invisible and control characters removed."""
    text = unicodedata.normalize("NFKC", typed[: limit * 4])
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c)[0] != "C")[:limit]


def typed_code(typed: str) -> str:
    """A code as it was issued, however it was typed: small letters, dashes and blanks do not matter."""
    return "".join(c for c in plain(typed).upper() if c.isalnum())


def typed_number(typed: str) -> str:
    """A student or staff number without blanks and full-width digits."""
    return plain(typed)


def code_hash(code: str) -> str:
    """What is stored of a code: keyed with the secret, so that a copy of the database opens no account."""
    return salted_hmac("accounts.activation", code, algorithm="sha256").hexdigest()


def account_key(number: str) -> str:
    """Tells accounts apart in the trail without storing what was typed: people type passwords into the wrong field."""
    return salted_hmac("accounts.attempt", typed_number(number).upper(), algorithm="sha256").hexdigest()[:32]
