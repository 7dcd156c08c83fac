"""Lines of the calendar in the form its month and week view reads them. Times are the portal's own, without an offset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from pairing_portal.common.problems import Refused

from .agenda import DAY, Line, Mark, asked_day

# A month view shows six weeks; nothing asks for much more.
DAYS_AT_MOST: Final = 100


def asked_span(values: Mapping[str, str], today: date) -> tuple[date, date]:
    """First and last day of what is asked for: `end` is the day after it. Raises `Refused` in words."""
    if not values.get("start") or not values.get("end"):
        raise Refused(_("Say from which day to which."))
    first, last = asked_day(values["start"], today), asked_day(values["end"], today) - DAY
    if last < first:
        raise Refused(_("The last day is before the first."))
    if last - first >= timedelta(days=DAYS_AT_MOST):
        raise Refused(_("At most %(days)d days at once.") % {"days": DAYS_AT_MOST})
    return first, last


def as_event(line: Line) -> dict[str, Any]:
    """What lasts longer than a day stands as whole days, and is moved on its own page: a drag would change its hours."""
    entry = line.entry
    is_timed = entry.starts_at is not None and entry.ends_at is not None and entry.ends_at - entry.starts_at < DAY
    if entry.starts_at is not None and entry.ends_at is not None and is_timed:
        starts, ends = entry.starts_at.isoformat()[:16], entry.ends_at.isoformat()[:16]
    else:
        starts, ends = entry.on.isoformat(), ((entry.until or entry.on) + DAY).isoformat()
    found: dict[str, Any] = {
        "title": entry.title, "start": starts, "end": ends, "allDay": not is_timed, "icon": entry.icon,
        "tone": line.tone, "words": " · ".join(part for part in (str(line.word), entry.note) if part),
    }  # fmt: skip
    # What most do not have is left out: a busy month is read over the telephone network too.
    more = {
        "id": entry.uid, "url": entry.url, "move": entry.move_url if is_timed else "",
        "cancelled": entry.is_cancelled, "mine": entry.is_mine,
    }  # fmt: skip
    return found | {key: value for key, value in more.items() if value}


def as_background(mark: Mark) -> dict[str, Any]:
    """A holiday, a break, exams or a make-up day behind the days it colours, in words."""
    title = " ".join(part for part in (str(mark.word), mark.name) if part)
    return {
        "title": title, "start": mark.first.isoformat(), "end": (mark.last + DAY).isoformat(), "allDay": True,
        "display": "background", "mark": mark.kind,
    }  # fmt: skip
