"""Activities of branch Er for tests: planned, published, joint, at times around the fixed clock (28 October 2026, 10:00)."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from activities.event_rules import Plan
from activities.event_services import plan_activity, publish_activity
from activities.models import Activity, ActivityKind
from members.access import scope_for

ZONE = dt.timezone(dt.timedelta(hours=8))


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> dt.datetime:
    """A moment of autumn 2026 in the portal's zone."""
    return dt.datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def act(cast, name: str) -> dict[str, object]:
    """The keyword arguments every service takes, for one of the cast."""
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "now": timezone.now()}


def plan_of(cast, *, kind: str = "theme_day", **changes) -> Plan:
    """A theme day of Er on Friday the 30th, 15:00 to 17:00."""
    values = {
        "kind": ActivityKind.objects.get(key=kind), "title": "主题党日：重温入党誓词", "starts_at": at(30, 15), "ends_at": at(30, 17),
        "party_branch": cast.er, "place": "A101",
    }  # fmt: skip
    return Plan(**values | changes)


def planned(cast, *, who: str = "er_secretary", repeat_rule: str = "", **changes) -> Activity:
    """A draft."""
    return plan_activity(plan=plan_of(cast, **changes), repeat_rule=repeat_rule, **act(cast, who))[0]


def published(cast, *, who: str = "er_secretary", **changes) -> Activity:
    """Published: the members of Er are invited."""
    return publish_activity(activity=planned(cast, who=who, **changes), **act(cast, who))
