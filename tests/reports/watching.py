"""What tests of the supervision board share: a watch, what a source finds in names, entries and links that are old."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from activities.models import LogEntry
from branches.models import PartyBranch
from members.access import scope_for
from mentoring.models import Mentorship
from reports.supervision.base import Watch, watched_branches
from reports.supervision.sources import BY_KEY, find_overdue

TODAY = dt.date(2026, 10, 28)
DAY = dt.timedelta(days=1)


def watch_of(cast, name: str, today: dt.date = TODAY) -> Watch:
    return Watch.over(watched_branches(scope_for(cast.user(name))), today, timezone.now())


def found(cast, key: str, name: str = "college_organiser", today: dt.date = TODAY):
    """(branch, person, since, who acts) of each row of one source, as names."""
    watch = watch_of(cast, name, today)
    branches = {branch.pk: branch.short_name for branch in PartyBranch.objects.all()}
    people = {person.pk: key for key, person in cast.people.items()}
    users = {user.pk: key for key, user in cast.users.items()}
    return [
        (branches[row.branch_id], people.get(row.person_id, ""), row.since, sorted(users[pk] for pk in row.user_ids))
        for row in find_overdue(watch, [BY_KEY[key]])[key]
    ]


def old_log(cast, name: str = "er_member", *, days: int = 5, **more) -> LogEntry:
    at = timezone.now() - dt.timedelta(days=days)
    values = {"purpose": "self_study", "minutes": 60, "summary": "学习", "created_at": at, "submitted_at": at} | more
    return LogEntry.objects.create(person=cast.person(name), on=TODAY - dt.timedelta(days=days), **values)


def running_link(cast, starts_on: dt.date, **more) -> Mentorship:
    now = timezone.now()
    values = {
        "tier": 3,
        "mentor": cast.person("er_member"),
        "mentee": cast.person("er_probationary"),
        "party_branch": cast.er,
    }
    return Mentorship.objects.create(
        state="active", starts_on=starts_on, published_at=now, created_at=now, **(values | more)
    )  # fmt: skip
