"""How a rule says no: in words, with its id, and with what would be allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

Severity = Literal["block", "warn", "info"]


@dataclass(frozen=True)
class Problem:
    """One objection. `rule` is an id of the rule table (or ""), `message` says what, why and what to do."""

    message: str
    rule: str = ""
    severity: Severity = "block"
    field: str = ""

    def __str__(self) -> str:
        if not self.rule:
            return str(self.message)
        return str(self.message) + _(" (rule %(rule)s)") % {"rule": self.rule}


class Refused(ValidationError):
    """A service refuses: the state or a rule does not allow it. Shown to the user as it is."""

    def __init__(self, message: Any, *, rule: str = "", field: str = "") -> None:
        super().__init__(str(Problem(str(message), rule)), code=rule or "refused")
        self.rule = rule
        self.field = field

    @property
    def text(self) -> str:
        return str(self.messages[0])


def refuse_blocked(problems: Iterable[Problem]) -> None:
    """Raise `Refused` with the first blocking problem, if there is one."""
    for problem in problems:
        if problem.severity == "block":
            raise Refused(problem.message, rule=problem.rule, field=problem.field)
