"""Lectures on the calendar of who gives them and of the League branches that hear them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from pairing_portal.common.registries import CalendarEntry
from pairing_portal.common.scope import Scope

from .models import Activity, ActivityState, Lecture, LectureAudience, LectureState, Participation
from .quota import monday_of

# These can still be given another time.
MOVABLE = (ActivityState.DRAFT, ActivityState.PROPOSED, ActivityState.APPROVED, ActivityState.PUBLISHED)


def events(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Activities that touch these days, as far as the user may see them; three queries however many there are."""
    since, until = _midnight(first), _midnight(last + timedelta(days=1))
    rows: Any = Activity.objects.visible_to(scope).exclude(state=ActivityState.DRAFT).between(since, until)
    mine = dict(
        Participation.objects.filter(
            person_id=scope.person_id or 0, activity__starts_at__lt=until, activity__ends_at__gt=since
        ).values_list("activity_id", "state")
    )
    may_move = set(
        Activity.objects.changeable_by(scope)
        .filter(state__in=MOVABLE)
        .between(since, until)
        .values_list("pk", flat=True)
    )
    columns = (
        "pk", "title", "starts_at", "ends_at", "place", "state", "version", "kind__name", "kind__icon", "kind__tone",
        "party_branch__name", "league_branch__name",
    )  # fmt: skip
    for row in rows.order_by("starts_at", "pk").values_list(*columns, named=True):
        starts, ends = timezone.localtime(row.starts_at), timezone.localtime(row.ends_at)
        host = (row.party_branch__name or "").split("党总支")[-1] or row.league_branch__name
        yield CalendarEntry(
            on=starts.date(), until=ends.date(), title=row.title, kind="event", icon=row.kind__icon, tone=row.kind__tone,
            url=f"/activities/{row.pk}/", starts_at=starts, ends_at=ends, place=row.place, version=row.version,
            uid=f"activity-{row.pk}", is_cancelled=row.state == ActivityState.CANCELLED, is_mine=row.pk in mine,
            move_url=f"/activities/{row.pk}/move/" if row.pk in may_move else "",
            note=" · ".join(part for part in (_clock(starts, ends), row.place, host, row.kind__name, _state_words(row.state)) if part),
        )  # fmt: skip


def _midnight(on: date) -> datetime:
    return timezone.make_aware(datetime.combine(on, time.min))


def _clock(starts: datetime, ends: datetime) -> str:
    if starts.date() != ends.date():
        return time_format(starts)
    return f"{time_format(starts)}–{time_format(ends)}"


def _state_words(state: str) -> str:
    """Only what is not simply published."""
    return "" if state in (ActivityState.PUBLISHED, ActivityState.FINISHED) else str(ActivityState(state).label)


def lectures(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Lectures planned or given, with the League branches among their audiences the user has to do with; three queries."""
    heard = LectureAudience.objects.visible_to(scope).select_related("league_branch").order_by("league_branch_id")
    rows: Any = Lecture.objects.visible_to(scope).exclude(state=LectureState.CANCELLED)
    rows = rows.filter(on__range=(first, last)).with_speakers()
    for lecture in rows.prefetch_related(Prefetch("audiences", queryset=heard)).order_by("on", "starts_at", "pk"):
        audiences = list(lecture.audiences.all())
        yield CalendarEntry(
            on=lecture.on, title=_title(lecture), kind="lecture", icon="book", note=_note(lecture, audiences),
            url=_week_page(lecture, audiences),
        )  # fmt: skip


def _title(lecture: Lecture) -> str:
    return lecture.topic or lecture.chapter or str(lecture.textbook or _("theory lecture"))


def _note(lecture: Lecture, audiences: list[LectureAudience]) -> str:
    parts = [
        lecture.get_state_display() if lecture.state == LectureState.PLANNED else "",
        time_format(lecture.starts_at) if lecture.starts_at else "",
        lecture.place,
        "、".join(audience.league_branch.name for audience in audiences),
        "、".join(speaker.person.name for speaker in lecture.speakers.all()),
    ]
    return " · ".join(part for part in parts if part)


def _week_page(lecture: Lecture, audiences: list[LectureAudience]) -> str:
    """The week of the first League branch the user may look at; "" for a speaker who has to do with none."""
    if not audiences:
        return ""
    page = reverse("lecture_week", args=[audiences[0].league_branch_id])
    return f"{page}?week={monday_of(lecture.on).isoformat()}"
