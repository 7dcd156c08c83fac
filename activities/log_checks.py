"""What a log entry is compared with: what the person did at that time, and what they wrote before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Person
from pairing_portal.common.problems import Problem

from .event_models import Activity, ActivityState, Participation, ParticipationState
from .models import AudienceState, Lecture, LectureAudience, LectureState, LogEntry, LogState

# Value of `LogEntry.flag`: the same sentence so often within so many days.
REPEATED: Final = "repeated"
# Value of `LogEntry.flag`: hours of an activity are credited for the same time.
OVERLAP: Final = "overlap"
REPEATED_TIMES: Final = 3
REPEATED_DAYS: Final = 14


class Span(NamedTuple):
    """Something the person did, from and to in local time."""

    starts: datetime
    ends: datetime
    what: str


def overlap_problems(
    *, person: Person, on: date, starts_at: time, minutes: int, entry_id: int | None = None
) -> list[Problem]:
    """The first thing of the person's that stands at the same time with its hour: an entry, an activity, a lecture."""
    starts = datetime.combine(on, starts_at)
    ends = starts + timedelta(minutes=minutes)
    for span in _spans(person, on, entry_id):
        if starts < span.ends and span.starts < ends:
            words = _(
                "Already entered for that time: %(what)s (%(from)s–%(to)s). Check when it began and how long it took."
            )
            return [
                Problem(
                    words % {"what": span.what, "from": f"{span.starts:%H:%M}", "to": f"{span.ends:%H:%M}"},
                    field="starts_at",
                )
            ]
    return []


def _spans(person: Person, on: date, entry_id: int | None) -> Iterator[Span]:
    """Of the day and its neighbours, for what goes on past midnight. A returned entry does not stand in the way."""
    days = (on - timedelta(days=1), on + timedelta(days=1))
    entries = LogEntry.objects.filter(person=person, on__range=days, starts_at__isnull=False).exclude(pk=entry_id)
    for entry in entries.exclude(state=LogState.RETURNED).order_by("on", "starts_at"):
        yield _span(entry.on, entry.starts_at, entry.minutes, entry.summary)
    came = Participation.objects.filter(activity=OuterRef("pk"), person=person, state=ParticipationState.PRESENT)
    known = (ActivityState.PUBLISHED, ActivityState.FINISHED)
    first = timezone.make_aware(datetime.combine(days[0], time.min))
    last = timezone.make_aware(datetime.combine(days[1], time.max))
    for activity in Activity.objects.filter(Exists(came), state__in=known, starts_at__lte=last, ends_at__gte=first):
        yield Span(_local(activity.starts_at), _local(activity.ends_at), activity.title)
    standing = LectureAudience.objects.filter(lecture=OuterRef("pk")).exclude(state=AudienceState.DENIED)
    lectures = Lecture.objects.filter(
        Exists(standing), speakers__person=person, on__range=days, starts_at__isnull=False
    )
    for lecture in lectures.exclude(state=LectureState.CANCELLED):
        yield _span(
            lecture.on, lecture.starts_at, lecture.minutes, lecture.topic or lecture.chapter or _("theory lecture")
        )


def _span(on: date, starts_at: time, minutes: int, what: str) -> Span:
    starts = datetime.combine(on, starts_at)
    return Span(starts, starts + timedelta(minutes=minutes), what)


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment).replace(tzinfo=None)


def flag_of(*, person: Person, on: date, summary: str, entry_id: int | None = None) -> str:
    """`REPEATED` when with this entry the person wrote the same sentence too often within two weeks, else ""."""
    reach = timedelta(days=REPEATED_DAYS - 1)
    others = LogEntry.objects.filter(person=person, on__range=(on - reach, on + reach), activity=None, lecture=None)
    rows = others.exclude(pk=entry_id).values_list("on", "summary")
    days = sorted([on, *(day for day, text in rows if _same(text) == _same(summary))])
    return REPEATED if _crowded(days) else ""


def _same(text: str) -> str:
    """Whatever the blanks and the full stop at the end."""
    return re.sub(r"[.!。\uff01]+$", "", "".join(text.split()).casefold())


def _crowded(days: list[date]) -> bool:
    """Are there so many of these days, in order, within the window?"""
    step = REPEATED_TIMES - 1
    return any(days[index + step] - days[index] < timedelta(days=REPEATED_DAYS) for index in range(len(days) - step))
