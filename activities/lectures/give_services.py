"""A planned lecture was given: one entry, then the League branch is asked."""

from __future__ import annotations

from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from ..models import Lecture, LectureState, Textbook, TextbookChapter
from . import notices, notices_plan
from .answer_services import lock_lecture
from .locks import lock_people
from .plan_rules import may_change_plan, require_planned, wish_of
from .rules import given_problems
from .swap_ends import end_open_swaps


@transaction.atomic
def give_lecture(
    *,
    lecture: Lecture,
    minutes: int | None = None,
    textbook: Textbook | None = None,
    textbook_chapter: TextbookChapter | None = None,
    chapter: str = "",
    topic: str = "",
    on: date | None = None,
    starts_at: time | None = None,
    as_planned: bool = False,
    scope: Scope,
    by: User,
    now: datetime,
) -> Lecture:
    """Say that a planned lecture was given; its League branches are asked to confirm it.

    `as_planned` takes day, minutes, chapter and material from the plan: the one tap. Said twice by the same user it stays as the
    first time. Raises `Refused` before it began, for others than its speakers and who plans for them, and as recording does.
    """
    lecture = lock_lecture(lecture.pk)
    if not may_change_plan(lecture, scope):
        raise Refused(_("Only its speakers, the responsible branch and the department record this lecture."))
    if lecture.state == LectureState.DELIVERED and lecture.recorded_by_id == by.pk:
        return lecture
    require_planned(lecture)
    stands = wish_of(lecture)
    day, hour = on or lecture.on, starts_at or lecture.starts_at
    _require_begun(day, hour, now)
    lock_people(row.pk for row in stands.speakers)
    length = minutes or lecture.minutes
    refuse_blocked(
        given_problems(
            speakers=stands.speakers, league_branches=stands.league_branches, on=day, minutes=length,
            chapter=lecture.chapter if as_planned else chapter, topic=lecture.topic if as_planned else topic,
            starts_at=hour, today=timezone.localdate(now), lecture_id=lecture.pk,
        )
    )  # fmt: skip
    if not as_planned:
        lecture.textbook, lecture.textbook_chapter = textbook, textbook_chapter
        lecture.chapter, lecture.topic = chapter.strip(), topic.strip()
    lecture.on, lecture.starts_at, lecture.minutes = day, hour, length
    lecture.state, lecture.recorded_by, lecture.recorded_at = LectureState.DELIVERED, by, now
    lecture.save()
    end_open_swaps(lecture, now=now)
    retire_notices(prefix=notices_plan.planned_prefix(lecture.pk), now=now)
    retire_notices(prefix=notices_plan.given_prefix(lecture.pk), now=now)
    notices.ask_for_confirmation(lecture=lecture, league_branches=list(stands.league_branches), now=now)
    return lecture


def _require_begun(on: date, starts_at: time | None, now: datetime) -> None:
    local = timezone.localtime(now)
    if on > local.date():
        raise Refused(_("The day lies in the future. Record the lecture once it was given."), field="on")
    if on == local.date() and starts_at is not None and starts_at > local.time():
        raise Refused(_("It has not begun yet. Record the lecture once it was given."), field="starts_at")
