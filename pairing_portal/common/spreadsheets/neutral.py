"""Makes cell values harmless and writable: no formula, no character a file format forbids."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from math import isfinite

from django.utils import timezone

Writable = str | int | float | bool | date | datetime | None

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?")
_FORMULA = re.compile("[ \xa0\u1680\u180e\u2000-\u200f\u202a-\u202f\u205f-\u2069\u3000\ufeff]*[=+\\-@\t\r\n\0＝＋－＠]")
# From here on a spreadsheet shows a number without its last digits.
MOST_DIGITS = 10**15
LONGEST_TEXT = 32_767


def legal_text(text: str) -> str:
    """The text without characters XML forbids, line ends as one character, no longer than a cell can hold."""
    if text.isprintable():
        return text[:LONGEST_TEXT]
    return _LINE_ENDS.sub("\n", _ILLEGAL.sub("", text))[:LONGEST_TEXT]


def csv_text(text: str) -> str:
    """A text that no spreadsheet program takes for a formula when it opens the .csv file."""
    legal = legal_text(text)
    return "'" + legal if _FORMULA.match(text) or _FORMULA.match(legal) else legal


def writable(value: object) -> Writable:
    """A value as a cell can hold it: numbers and dates stay, everything else becomes text.

    Times with a zone become local wall time; numbers with more than 15 digits become text; NaN and infinity are blank.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return legal_text(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
    if isinstance(value, date):
        return value
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, int):
        return value if abs(value) < MOST_DIGITS else str(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    return legal_text(str(value))
