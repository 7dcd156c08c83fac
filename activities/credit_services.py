"""What somebody who was present is credited with: one confirmed entry, its minutes, and what they logged of that time themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.policy import policy_number
from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .event_models import Activity, ActivityState, OwnFields, Participation
from .event_rules import may_run
from .log_checks import OVERLAP
from .models import LogEntry, LogPurpose, LogState

# Meetings run over; what is credited may be so much longer than planned.
OVERTIME: Final = 60
A_DAY: Final = 720
# Entries of the people themselves that still count or will.
STANDING: Final = (LogState.SUBMITTED, LogState.CONFIRMED)


def is_service(activity: Activity) -> bool:
    return activity.kind.counts_as_service or activity.kind.own_fields == OwnFields.SERVICE


def minutes_allowed(activity: Activity) -> tuple[int, int]:
    """(least, most) each present person may be credited with.

    Volunteer service: at least one, and never more than it lasted without the ways, as written down or else as planned.
    """
    planned = int((activity.ends_at - activity.starts_at) / timedelta(minutes=1))
    if is_service(activity):
        written = getattr(activity, "service", None)
        return 1, min((written.service_minutes if written else None) or planned, A_DAY)
    return 0, min(planned + OVERTIME, A_DAY)


def refuse_minutes(activity: Activity, minutes: int, field: str) -> None:
    """Raises `Refused` for minutes out of the range, in words that say why."""
    least, most = minutes_allowed(activity)
    if least <= minutes <= most:
        return
    if is_service(activity):
        words = _("Between 1 and %(limit)d minutes of service: travel does not count, and the service was no longer.")
    else:
        words = _("Between 0 and %(limit)d minutes can be counted for one activity.")
    raise Refused(words % {"limit": most}, field=field)


def credit_people(activity: Activity, people: Iterable[Person], *, by: User, now: datetime) -> int:
    """One confirmed entry a person; who has one already, and an activity that counts no minutes, gets none. Returns how many.

    What they logged themselves of the same time stays and is marked for a second look; nobody's credit waits for it.
    """
    if not activity.counted_minutes:
        return 0
    known = set(LogEntry.objects.filter(activity=activity).values_list("person_id", flat=True))
    on = credit_day(activity)
    credited = [person for person in people if person.pk not in known]
    for person in credited:
        LogEntry.objects.create(
            person=person, on=on, minutes=activity.counted_minutes, activity=activity, summary=activity.title,
            purpose=LogPurpose.SERVICE if activity.kind.counts_as_service else LogPurpose.ACTIVITY, state=LogState.CONFIRMED,
            created_at=now, submitted_at=now, confirmed_by=by, confirmed_at=now,
        )  # fmt: skip
    for entry in entries_beside(activity, [person.pk for person in credited]):
        if entry.flag != OVERLAP:
            entry.flag = OVERLAP
            entry.save()
    return len(credited)


def credit_day(activity: Activity) -> date:
    """The local day on which the activity began."""
    return timezone.localtime(activity.starts_at).date()


def entries_beside(activity: Activity, person_ids: Collection[int]) -> list[LogEntry]:
    """What these people logged themselves of the time of the activity; and, without an hour, of a day that became too long.

    One query, and two more where somebody gave no hour.
    """
    on = credit_day(activity)
    begins, ends = (timezone.localtime(at).replace(tzinfo=None) for at in (activity.starts_at, activity.ends_at))
    own = LogEntry.objects.filter(
        person__in=person_ids, activity=None, lecture=None, state__in=STANDING, on__range=(on - timedelta(days=1), ends.date())
    )  # fmt: skip
    rows = list(own.select_related("person").order_by("person__name_key", "on", "starts_at", "pk"))
    found = [row for row in rows if row.starts_at is not None and _touches(row, begins, ends)]
    timeless = [row for row in rows if row.starts_at is None and row.on == on]
    if timeless:
        too_long = _with_a_day_too_long({row.person_id for row in timeless}, on)
        found += [row for row in timeless if row.person_id in too_long]
    return found


def _touches(entry: LogEntry, begins: datetime, ends: datetime) -> bool:
    assert entry.starts_at is not None  # asked by the caller
    starts = datetime.combine(entry.on, entry.starts_at)
    return starts < ends and begins < starts + timedelta(minutes=entry.minutes)


def _with_a_day_too_long(person_ids: Collection[int], on: date) -> set[int]:
    """Those whose entries of the day together pass what one day may hold."""
    limit, totals = policy_number("log_max_minutes_a_day", on), defaultdict[int, int](int)
    rows = LogEntry.objects.filter(person__in=person_ids, on=on, state__in=STANDING)
    for person_id, minutes in rows.values_list("person_id", "minutes"):
        totals[person_id] += minutes
    return {person_id for person_id, total in totals.items() if total > limit}


@transaction.atomic
def adjust_credit(
    *, participation: Participation, minutes: int, reason: str, scope: Scope, by: User, now: datetime
) -> LogEntry:
    """Other minutes for one person, who came late or stayed longer; the reason stays in the history of the entry.

    Raises `Refused`: not who runs the host, one's own, nothing credited, out of the range, no reason.
    """
    rows: Any = Activity.objects.select_for_update(of=("self",)).with_names()
    activity = rows.get(pk=participation.activity_id)
    if not may_run(activity, scope):
        raise Refused(_("Only who runs the host, or its department, may do this."))
    if participation.person_id == scope.person_id:
        raise Refused(_("Nobody changes their own minutes. Ask another member of the committee."))
    mine = LogEntry.objects.filter(activity=activity, person_id=participation.person_id)
    entry = mine.select_for_update(of=("self",)).first()
    if activity.state != ActivityState.FINISHED or entry is None:
        raise Refused(_("Nothing is credited here. Reload the page."))
    refuse_minutes(activity, max(minutes, 0), "minutes")
    if minutes < 1:
        raise Refused(_("At least one minute, or leave it as it is."), field="minutes")
    if not reason.strip():
        raise Refused(_("Please say why: it stays in the record of this person."), field="reason")
    entry.minutes, entry.state, entry.return_reason = minutes, LogState.CONFIRMED, ""
    entry.confirmed_by, entry.confirmed_at = by, now
    cast(Any, entry)._change_reason = reason.strip()[:100]
    entry.save()
    return entry


def credited_minutes(activity: Activity) -> dict[int, int]:
    """Person → minutes, of those who are credited."""
    rows = LogEntry.objects.filter(activity=activity)
    return dict(rows.values_list("person_id", "minutes"))
