"""What of the calendar somebody wants to see: kind of entry, kind of activity, whose, one's own only; all of it in the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import calendar_sources

from .agenda import Line

SIDES: Final[dict[str, Any]] = {
    "own": gettext_lazy("own branch"),
    "partner": gettext_lazy("partner branch"),
    "league": gettext_lazy("League branches"),
}
SLUG: Final = re.compile(r"[a-z0-9_-]{1,40}", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    kind: str = ""
    activity: str = ""
    side: str = ""
    is_mine: bool = False

    def takes(self, line: Line) -> bool:
        return self.kind in ("", line.entry.kind) and self.takes_of_any_kind(line)

    def takes_of_any_kind(self, line: Line) -> bool:
        """Without the kind of entry: how many there would be of each."""
        return (
            self.activity in ("", line.entry.topic)
            and (not self.side or self.side in line.sides)
            and (line.is_mine or not self.is_mine)
        )

    @property
    def is_narrow(self) -> bool:
        """Anything is left out, by whatever but the kind of entry."""
        return bool(self.activity or self.side or self.is_mine)

    def query(self) -> dict[str, str]:
        """As the address has it; what is not chosen needs no words."""
        found = {"kind": self.kind, "activity": self.activity, "side": self.side, "mine": "1" if self.is_mine else ""}
        return {key: value for key, value in found.items() if value}


def asked_choice(values: Mapping[str, str]) -> Choice:
    """What an address asks for. Raises `Refused` in words for what the calendar does not have."""
    kind, activity, side, mine = (values.get(key, "") for key in ("kind", "activity", "side", "mine"))
    if kind and kind not in calendar_sources:
        raise Refused(_("The calendar has no entries of this kind. Choose one of the kinds it offers."))
    if activity and not SLUG.fullmatch(activity):
        raise Refused(_("There is no such kind of activity. Choose one from the list."))
    if side and side not in SIDES:
        raise Refused(_("Choose own branch, partner branch or League branches."))
    if mine not in ("", "1"):
        raise Refused(_("“Only mine” is either on or off."))
    return Choice(kind, activity, side, mine == "1")
