"""What else is on at the hour of a lecture. Pure: spans of time in, clashes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.utils.formats import time_format
from django.utils.translation import gettext as _

from pairing_portal.common.problems import Problem


class Kind(StrEnum):
    """Whose hour is taken. Nobody gives or hears two lectures at once; the others may be a mistake of the calendar."""

    SPEAKER = "speaker"
    LEAGUE_BRANCH = "league_branch"
    ACTIVITY = "activity"
    ROOM = "room"


FORBIDDEN = (Kind.SPEAKER, Kind.LEAGUE_BRANCH)


@dataclass(frozen=True)
class Span:
    """From a moment on, local time without zone; `minutes` long."""

    start: datetime
    minutes: int

    @classmethod
    def of(cls, on: date, starts_at: time, minutes: int) -> Span:
        return cls(datetime.combine(on, starts_at), minutes)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    def overlaps(self, other: Span) -> bool:
        """One that begins when the other ends does not."""
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        return f"{time_format(self.start.time())}–{time_format(self.end.time())}"


@dataclass(frozen=True)
class Taken:
    """An hour somebody or some room has. `key`: id of the person or League branch, or the name of the room."""

    kind: Kind
    key: int | str
    span: Span
    what: str = ""
    lecture_id: int | None = None


def clashes(
    taken: Iterable[Taken], span: Span, *, people: Collection[int], league_branches: Collection[int], place: str = ""
) -> list[Taken]:
    """What of `taken` overlaps a lecture by these people to these League branches there, what is forbidden first."""
    wanted: dict[Kind, set[int | str]] = {
        Kind.SPEAKER: set(people),
        Kind.ACTIVITY: set(people),
        Kind.LEAGUE_BRANCH: set(league_branches),
        Kind.ROOM: {place.strip()} if place.strip() else set(),
    }
    found = [row for row in taken if row.key in wanted[row.kind] and row.span.overlaps(span)]
    # The room of a lecture that clashes anyway needs no second sentence.
    told = {row.lecture_id for row in found if row.kind in FORBIDDEN}
    found = [row for row in found if row.kind != Kind.ROOM or row.lecture_id is None or row.lecture_id not in told]
    return sorted(found, key=lambda row: (row.kind not in FORBIDDEN, row.span.start, str(row.key)))


def clash_problem(row: Taken) -> Problem:
    """The clash in words: a block for two lectures at once, a warning for the others."""
    words = {
        Kind.SPEAKER: _("The speaker gives another lecture then (%(when)s). Choose another hour."),
        Kind.LEAGUE_BRANCH: _("The League branch hears another lecture then (%(when)s). Choose another hour."),
        Kind.ACTIVITY: _("The speaker is expected at “%(what)s” then (%(when)s)."),
        Kind.ROOM: _("%(what)s is taken then (%(when)s)."),
    }[row.kind]
    severity = "block" if row.kind in FORBIDDEN else "warn"
    return Problem(words % {"when": row.span, "what": row.what}, severity=severity, field="starts_at")  # type: ignore[arg-type]  # one of the two words
