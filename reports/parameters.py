"""What a report may be narrowed down by: read from the short tuples a report gives, checked, said in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from django.utils.translation import gettext as _

from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

ParameterKind = Literal["text", "choice", "year", "month", "date", "integer"]
Choices = Sequence[tuple[str, Any]]

KINDS: Final = frozenset({"text", "year", "month", "date", "integer"})
LONGEST: Final = 50
_MOST_DIGITS: Final = 6


@dataclass(frozen=True)
class Parameter:
    """One filter of a report. A fixed list of choices is checked here; what a function offers, the report itself reads."""

    name: str
    label: Any
    kind: ParameterKind = "text"
    offered: Choices | Callable[[Scope], Choices] = ()

    def choices(self, scope: Scope) -> list[tuple[str, str]]:
        given = self.offered(scope) if callable(self.offered) else self.offered
        return [(str(value), str(label)) for value, label in given]

    def check(self, value: str, scope: Scope) -> None:
        """Raise `Refused` for what cannot be read as this kind; it is never left out silently."""
        if self.kind == "choice":
            if not callable(self.offered):
                self._check_choice(value, scope)
        elif not _READS[self.kind](value):
            raise Refused(_unreadable(self.kind) % {"given": value}, field=self.name)

    def in_words(self, value: str, scope: Scope) -> str:
        """The value as people read it."""
        return dict(self.choices(scope)).get(value, value) if self.kind == "choice" else value

    def _check_choice(self, value: str, scope: Scope) -> None:
        choices = self.choices(scope)
        if value not in {key for key, _label in choices}:
            known = ", ".join(label for _key, label in choices[:20])
            words = _("“%(given)s” cannot be chosen for “%(label)s”. Choose one of: %(known)s.")
            raise Refused(words % {"given": value, "label": self.label, "known": known}, field=self.name)


def read_parameter(given: Sequence[Any]) -> Parameter:
    """(name, label), (name, label, kind) or (name, label, choices): pairs, a class of choices, or a function of the scope."""
    name, label, *rest = given
    if not rest:
        return Parameter(name, label)
    if isinstance(rest[0], str):
        if rest[0] not in KINDS:
            raise ValueError(f"{name}: there is no kind {rest[0]!r} of parameter")
        return Parameter(name, label, rest[0])  # type: ignore[arg-type]  # looked up just now
    return Parameter(name, label, "choice", getattr(rest[0], "choices", rest[0]))


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isascii() and text.isdigit()


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text).year >= 1900
    except ValueError:
        return False


_READS: dict[str, Callable[[str], bool]] = {
    "text": lambda text: len(text) <= LONGEST,
    "year": _is_year,
    "month": lambda text: len(text) == 7 and _is_date(f"{text}-01"),
    "date": _is_date,
    "integer": lambda text: text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS,
}


def _unreadable(kind: str) -> str:
    return {
        "year": _("“%(given)s” is no year: write four digits, for example 2026."),
        "month": _("“%(given)s” is no month: write it as 2026-10."),
        "date": _("“%(given)s” is no day: write it as 2026-10-12."),
        "integer": _("“%(given)s” is no number: write digits only."),
    }.get(kind, _("“%(given)s” is too long."))
