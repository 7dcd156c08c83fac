"""What the tests of planned lectures do again and again: a duty, a free hour, a plan, a second speaker."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from activities.lectures import plan_services
from activities.lectures.plan_rules import Wish
from activities.models import LectureDuty, LectureSlot, TextbookChapter
from members.access import scope_for
from tests.activities.talks import book

# The tests' clock stands on Wednesday, 28 October 2026, ten o'clock.
THURSDAY, WEDNESDAY = dt.date(2026, 10, 29), dt.date(2026, 10, 28)


def on_duty(cast, name="liu_member", league_branch=None):
    return LectureDuty.objects.create(
        person=cast.person(name), league_branch=league_branch or cast.one, academic_year=cast.year
    )


def slot(cast, weekday=4, hour=16, place="A101", **changes):
    """Thursdays at four in A101."""
    values = {"weekday": weekday, "starts_at": dt.time(hour), "ends_at": dt.time(hour + 1), "place": place}
    return LectureSlot.objects.create(league_branch=cast.one, **values | changes)


def chapters(count=3):
    return [TextbookChapter.objects.create(textbook=book(), number=n, title=f"第{n}章") for n in range(1, count + 1)]


def wish(cast, name="liu_member", **changes):
    values = {
        "speakers": (cast.person(name),), "league_branches": (cast.one,), "on": THURSDAY, "starts_at": dt.time(16),
        "minutes": 40, "place": "A101",
    }  # fmt: skip
    return Wish(**values | changes)


def acting(cast, name="liu_member"):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "now": timezone.now()}


def plan(cast, name="liu_member", *, by=None, options=None, **changes):
    """A lecture of Liu's member for League branch One, tomorrow at four; the duty is made where it is missing."""
    return plan_services.plan_lecture(
        wish=wish(cast, name, **changes), **{"knowing": True} | (options or {}) | acting(cast, by or name)
    )


def planned(cast, name="liu_member", **changes):
    return plan(cast, name, **changes).lectures[0]
