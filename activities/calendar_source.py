"""Lectures on the calendar of who gives them and of the League branches that hear them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Case, Exists, OuterRef, Prefetch, Q, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pairing_portal.common.registries import CalendarEntry
from pairing_portal.common.scope import Scope

from .event_querysets import partners_of
from .models import Activity, ActivityHost, ActivityState, Lecture, LectureAudience, LectureState, Participation
from .quota import monday_of

# These can still be given another time.
MOVABLE = (ActivityState.DRAFT, ActivityState.PROPOSED, ActivityState.APPROVED, ActivityState.PUBLISHED)


def events(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Activities that touch these days, as far as the user may see them; one query however many there are."""
    since, until = _midnight(first), _midnight(last + timedelta(days=1))
    rows: Any = Activity.objects.visible_to(scope).exclude(state=ActivityState.DRAFT).between(since, until)
    columns = (
        "pk", "title", "starts_at", "ends_at", "place", "state", "version", "kind__key", "kind__name", "kind__icon", "kind__tone",
        "party_branch__name", "league_branch__name", "by_own", "by_partner", "is_mine", "may_move",
    )  # fmt: skip
    for row in _with_flags(rows, scope).order_by("starts_at", "pk").values_list(*columns, named=True):
        starts, ends = timezone.localtime(row.starts_at), timezone.localtime(row.ends_at)
        host = (row.party_branch__name or "").split("党总支")[-1] or row.league_branch__name
        yield CalendarEntry(
            on=starts.date(), until=ends.date(), title=row.title, kind="event", icon=row.kind__icon, tone=row.kind__tone,
            url=f"/activities/{row.pk}/", starts_at=starts, ends_at=ends, place=row.place, version=row.version,
            uid=f"activity-{row.pk}", is_cancelled=row.state == ActivityState.CANCELLED, is_mine=row.is_mine,
            move_url=f"/activities/{row.pk}/move/" if row.may_move else "", topic=row.kind__key, sides=_sides(row),
            note=" · ".join(part for part in (_clock(starts, ends), row.place, host, row.kind__name, _state_words(row.state)) if part),
        )  # fmt: skip


def _with_flags(rows: Any, scope: Scope) -> Any:
    """What the user has to do with each.

    `by_own`: hosted by the user's branches, or by those of the departments they answer for; `by_partner`: by paired ones;
    `is_mine`: the user takes part; `may_move`: and may give it another time.
    """
    branches = scope.branch_ids | scope.own_branch_ids
    beside = ActivityHost.objects.filter(activity=OuterRef("pk"), party_branch_id__in=branches)
    own = Q(party_branch_id__in=branches) | Q(party_branch__department_id__in=scope.department_ids) | Exists(beside)
    part = Participation.objects.filter(activity=OuterRef("pk"), person_id=scope.person_id or 0)
    movable = Q(state__in=MOVABLE, pk__in=Activity.objects.changeable_by(scope).values("pk"))
    return rows.annotate(
        by_own=_flag(own),
        by_partner=_flag(Q(party_branch__in=partners_of(branches))),
        is_mine=Exists(part),
        may_move=_flag(movable),
    )


def _flag(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False))


def _sides(row: Any) -> tuple[str, ...]:
    """("other",) for what is open to the whole department and hosted by neither."""
    found = (("own", row.by_own), ("partner", row.by_partner), ("league", bool(row.league_branch__name)))
    return tuple(side for side, holds in found if holds) or ("other",)


def _midnight(on: date) -> datetime:
    return timezone.make_aware(datetime.combine(on, time.min))


def _clock(starts: datetime, ends: datetime) -> str:
    language = get_language() or ""
    words = _hour(starts.hour, starts.minute, language)
    return words if starts.date() != ends.date() else f"{words}–{_hour(ends.hour, ends.minute, language)}"


@lru_cache(maxsize=2048)
def _hour(hour: int, minute: int, language: str) -> str:
    """A day has few of them, a busy month names them ten thousand times."""
    return str(time_format(time(hour, minute)))


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
        starts = _at(lecture)
        yield CalendarEntry(
            starts_at=starts, ends_at=starts + timedelta(minutes=lecture.minutes) if starts else None, uid=f"lecture-{lecture.pk}",
            on=lecture.on, title=_title(lecture), kind="lecture", icon="book", note=_note(lecture, audiences),
            url=_week_page(lecture, audiences), place=lecture.place,
            is_mine=any(speaker.person_id == scope.person_id for speaker in lecture.speakers.all()),
        )  # fmt: skip


def _at(lecture: Lecture) -> datetime | None:
    return timezone.make_aware(datetime.combine(lecture.on, lecture.starts_at)) if lecture.starts_at else None


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
