"""Lectures on the calendar of who gives them and of the League branches that hear them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from pairing_portal.common.registries import CalendarEntry
from pairing_portal.common.scope import Scope

from .models import Lecture, LectureAudience, LectureState
from .quota import monday_of


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
