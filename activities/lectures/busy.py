"""Reads which hours of people, League branches and rooms are taken; the same number of queries for one as for a hundred."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

from ..models import (
    Activity,
    ActivityState,
    AudienceState,
    Lecture,
    LectureState,
    Participation,
    ParticipationState,
)
from .clashes import Kind, Span, Taken

DAY = timedelta(days=1)
# In these somebody is, or may still be, expected.
EXPECTED = (ParticipationState.INVITED, ParticipationState.SIGNED_UP, ParticipationState.WAITING, ParticipationState.PRESENT)  # fmt: skip
HELD = (ActivityState.APPROVED, ActivityState.PUBLISHED, ActivityState.FINISHED)


def read_taken(
    *,
    people: Collection[int],
    league_branches: Collection[int],
    places: Collection[str] = (),
    first: date,
    last: date,
    but_for: Collection[int] = (),
) -> list[Taken]:
    """What is on between two days, last included. `but_for`: ids of lectures that are about to move away."""
    rooms = {place.strip() for place in places} - {""}
    return [
        *_lectures(set(people), set(league_branches), rooms, first, last, set(but_for)),
        *_activities(people, rooms, first, last),
    ]


def _lectures(
    people: set[int], league_branches: set[int], rooms: set[str], first: date, last: date, but_for: set[int]
) -> Iterator[Taken]:
    concerned = Q(speakers__person__in=people) | Q(audiences__league_branch__in=league_branches) | Q(place__in=rooms)
    rows = Lecture.objects.filter(concerned, on__range=(first - DAY, last), starts_at__isnull=False)
    rows = rows.exclude(state=LectureState.CANCELLED).exclude(pk__in=but_for).distinct().order_by("on", "starts_at")
    for lecture in rows.prefetch_related("speakers", "audiences"):
        heard = [row.league_branch_id for row in lecture.audiences.all() if row.state != AudienceState.DENIED]
        if not heard:
            continue
        span = Span.of(lecture.on, lecture.starts_at, lecture.minutes)
        for speaker in lecture.speakers.all():
            if speaker.person_id in people:
                yield Taken(Kind.SPEAKER, speaker.person_id, span, lecture_id=lecture.pk)
        for branch_id in heard:
            if branch_id in league_branches:
                yield Taken(Kind.LEAGUE_BRANCH, branch_id, span, lecture_id=lecture.pk)
        if lecture.place in rooms:
            yield Taken(Kind.ROOM, lecture.place, span, lecture.place, lecture.pk)


def _activities(people: Collection[int], rooms: set[str], first: date, last: date) -> Iterator[Taken]:
    since, until = _midnight(first), _midnight(last + DAY)
    expected = Participation.objects.filter(person_id__in=people, state__in=EXPECTED, activity__state__in=HELD)
    near = expected.filter(activity__starts_at__lt=until, activity__ends_at__gt=since).order_by("activity__starts_at")
    for row in near.select_related("activity"):
        yield Taken(Kind.ACTIVITY, row.person_id, _span(row.activity), row.activity.title)
    if rooms:
        for activity in Activity.objects.between(since, until).filter(place__in=rooms, state__in=HELD):
            yield Taken(Kind.ROOM, activity.place, _span(activity), activity.place)


def _span(activity: Activity) -> Span:
    start, end = timezone.localtime(activity.starts_at), timezone.localtime(activity.ends_at)
    return Span(start.replace(tzinfo=None), max(1, int((end - start).total_seconds() // 60)))


def _midnight(on: date) -> datetime:
    return timezone.make_aware(datetime.combine(on, time.min))
