"""A lecture is planned, alone or week after week; moved, and both taken back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.services import load_calendar
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from ..models import Lecture, LectureAudience, LectureSpeaker, LectureState, TextbookChapter
from ..quota import WeekState, monday_of
from . import notices_plan
from .board import QuotaContext, board_rows
from .chapters_ahead import chapters_ahead
from .coverage import prescribed_textbook
from .locks import lock_league_branches, lock_lectures, lock_people
from .plan_rules import (
    Wish,
    may_change_plan,
    may_plan,
    plan_problems,
    require_plan,
    require_planned,
    wish_of,
)

# So long a plan or a move is taken back without a word.
UNDO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Planned:
    """What was planned, the first week first; and the days of a series that were left out, each with why."""

    lectures: list[Lecture]
    left_out: list[tuple[date, str]]


def plan_lecture(
    *,
    wish: Wish,
    chapter: TextbookChapter | None = None,
    chapter_words: str = "",
    topic: str = "",
    repeat_weekly: bool = False,
    knowing: bool = False,
    idempotency_key: str | None = None,
    scope: Scope,
    by: User,
    now: datetime,
) -> Planned:
    """Plan a lecture; with `repeat_weekly` one in every following quota week of the term, chapter after chapter.

    Weeks in which nothing is owed, days off and hours that are taken are left out and named. The League branches are told. The
    same `idempotency_key` twice gives the same plan. Raises `Refused`, or `NeedsConsent` for what is done only `knowing` it.
    """
    try:
        with transaction.atomic():
            lock_people(row.pk for row in wish.speakers)
            lock_league_branches(row.pk for row in wish.league_branches)
            known = _planned_before(idempotency_key, by)
            if known:
                return Planned(known, [])
            _require_right(wish, scope)
            require_plan(wish, now=now, knowing=knowing)
            more, left_out = _following(wish, now) if repeat_weekly else ([], [])
            wishes = [wish, *more]
            chapters = _chapters(wish, chapter, chapter_words, len(wishes))
            series_id = uuid.uuid4() if len(wishes) > 1 else None
            lectures = [
                _create(
                    one, chapter=chapters[number], words=chapter_words if number == 0 else "", topic=topic, series_id=series_id,
                    key=idempotency_key if number == 0 else None, by=by, now=now,
                )
                for number, one in enumerate(wishes)
            ]  # fmt: skip
            notices_plan.tell_planned(lectures=lectures, now=now)
            return Planned(lectures, left_out)
    except IntegrityError as error:
        raise Refused(
            _("This lecture could not be saved as it is. Open the form again and check the entries.")
        ) from error


def _planned_before(key: str | None, by: User) -> list[Lecture]:
    first = Lecture.objects.filter(idempotency_key=key, recorded_by=by).first() if key else None
    if first is None or first.series_id is None:
        return [first] if first else []
    return list(Lecture.objects.filter(series_id=first.series_id).order_by("on", "pk"))


def _require_right(wish: Wish, scope: Scope) -> None:
    if not wish.league_branches:
        raise Refused(_("Name at least one League branch that hears the lecture."), field="league_branches")
    for branch in wish.league_branches:
        if not may_plan(scope, branch, wish.on):
            raise Refused(
                _("Lectures for %(branch)s are planned by its speakers on duty, its Party branch and the department.")
                % {"branch": branch},
                rule="R74",
            )


def _following(wish: Wish, now: datetime) -> tuple[list[Wish], list[tuple[date, str]]]:
    """The same hour of the weeks after, to the end of the term's teaching."""
    context = QuotaContext.load()
    term = context.calendar.term_of(wish.on)
    if term is None:
        return [], []
    days = []
    on = wish.on + timedelta(weeks=1)
    while on <= term.teaching_ends_on:
        days.append(on)
        on += timedelta(weeks=1)
    mondays = [monday_of(day) for day in days]
    rows = board_rows(
        league_branches=list(wish.league_branches), mondays=mondays, today=timezone.localdate(now), context=context
    )
    wishes, left_out = [], []
    for number, day in enumerate(days):
        why = _why_not(replace(wish, on=day), [row.cells[number].state for row in rows], now)
        if why:
            left_out.append((day, why))
        else:
            wishes.append(replace(wish, on=day))
    return wishes, left_out


def _why_not(wish: Wish, states: list[WeekState], now: datetime) -> str:
    """Why a week of a series is left out; "" for a good one."""
    if load_calendar().days.get(wish.on) in ("holiday", "break", "exam"):
        return _("a day off")
    if all(state == WeekState.EXEMPT for state in states):
        return _("exempt")
    if all(state in (WeekState.NOT_OWED, WeekState.EXEMPT) for state in states):
        return _("no lecture is owed")
    clash = [problem for problem in plan_problems(wish, now=now) if problem.field == "starts_at"]
    return str(clash[0].message) if clash else ""


def _chapters(wish: Wish, first: TextbookChapter | None, words: str, count: int) -> list[TextbookChapter | None]:
    """The chosen chapter, then those the first League branch has not heard, in their order; without a choice, none."""
    if first is None:
        return [None] * count
    branch_id = wish.league_branches[0].pk
    ahead = [row for row in chapters_ahead([branch_id])[branch_id] if row.pk != first.pk]
    later = [row for row in ahead if row.textbook_id == first.textbook_id and row.number > first.number]
    chapters: list[TextbookChapter | None] = [first, *later]
    return (chapters + [None] * count)[:count]


def _create(
    wish: Wish, *, chapter: TextbookChapter | None, words: str, topic: str, series_id: uuid.UUID | None, key: str | None,
    by: User, now: datetime,
) -> Lecture:  # fmt: skip
    lecture: Lecture = Lecture.objects.create(
        on=wish.on, starts_at=wish.starts_at, minutes=wish.minutes, place=wish.place.strip()[:100], state=LectureState.PLANNED,
        # Until it is given and says otherwise, a lecture is from the book that counts.
        textbook=chapter.textbook if chapter else prescribed_textbook(), textbook_chapter=chapter,
        chapter=words.strip() or (chapter.title if chapter else ""), topic=topic.strip(), series_id=series_id,
        planned_at=now, recorded_by=by, recorded_at=now, idempotency_key=key or None,
    )  # fmt: skip
    LectureSpeaker.objects.bulk_create([LectureSpeaker(lecture=lecture, person=row) for row in wish.speakers])
    for branch in wish.league_branches:
        LectureAudience.objects.create(lecture=lecture, league_branch=branch)
    return lecture


@transaction.atomic
def unplan(*, lecture: Lecture, scope: Scope, by: User, now: datetime) -> int:
    """Take a plan back that one made a moment ago, with its whole series. Returns how many lectures went.

    Later, or once somebody else has touched it, a lecture is cancelled with a reason instead. Raises `Refused`.
    """
    ids = [lecture.pk]
    if lecture.series_id:
        ids = list(Lecture.objects.filter(series_id=lecture.series_id).values_list("pk", flat=True))
    rows = lock_lectures(ids)
    for row in rows.values():
        require_planned(row)
        if row.recorded_by_id != by.pk or (row.planned_at or row.recorded_at) < now - UNDO_WITHIN or row.swaps.exists():
            raise Refused(_("This stands already. Cancel the lecture with a reason instead."))
    for pk in sorted(rows):
        retire_notices(prefix=notices_plan.planned_prefix(pk), now=now)
        rows[pk].delete()
    return len(rows)


@transaction.atomic
def move_lecture(
    *,
    lecture: Lecture,
    on: date,
    starts_at: time,
    minutes: int,
    place: str,
    knowing: bool = False,
    scope: Scope,
    by: User,
    now: datetime,
) -> Lecture:
    """Give a planned lecture another time or room; the League branches and the other speakers are told.

    Raises `Refused`, or `NeedsConsent` for what is done only `knowing` it.
    """
    lecture = lock_lectures([lecture.pk])[lecture.pk]
    require_planned(lecture)
    if not may_change_plan(lecture, scope):
        raise Refused(_("Only its speakers, the responsible branch and the department change this plan."))
    wish = wish_of(lecture, on=on, starts_at=starts_at, minutes=minutes, place=place.strip())
    _lock_wish(wish)
    if (lecture.on, lecture.starts_at, lecture.minutes, lecture.place) == (on, starts_at, minutes, place.strip()):
        return lecture
    require_plan(wish, now=now, knowing=knowing, but_for=[lecture.pk])
    return _settle(lecture, wish, by=by, now=now)


@transaction.atomic
def move_back(*, lecture: Lecture, scope: Scope, by: User, now: datetime) -> Lecture:
    """Undo the last move of a moment ago, made by the same user, if the old hour is still free. Raises `Refused`."""
    lecture = lock_lectures([lecture.pk])[lecture.pk]
    require_planned(lecture)
    last, before = _last_two(lecture)
    if before is None or last.history_user_id != by.pk or last.history_date < now - UNDO_WITHIN:
        raise Refused(_("There is no move to take back. Give the lecture a new time instead."))
    if not may_change_plan(lecture, scope):
        raise Refused(_("Only its speakers, the responsible branch and the department change this plan."))
    wish = wish_of(lecture, on=before.on, starts_at=before.starts_at, minutes=before.minutes, place=before.place)
    _lock_wish(wish)
    require_plan(wish, now=now, knowing=True, but_for=[lecture.pk])
    return _settle(lecture, wish, by=by, now=now)


def _last_two(lecture: Lecture) -> tuple[Any, Any]:
    """The lecture's last two lines in the history, the newest first; None where there is none."""
    rows = list(lecture.history.order_by("-history_id")[:2])
    return (rows[0] if rows else None), (rows[1] if len(rows) > 1 else None)


def _lock_wish(wish: Wish) -> None:
    lock_people(row.pk for row in wish.speakers)
    lock_league_branches(row.pk for row in wish.league_branches)


def _settle(lecture: Lecture, wish: Wish, *, by: User, now: datetime) -> Lecture:
    old_day = lecture.on
    lecture.on, lecture.starts_at, lecture.minutes, lecture.place = wish.on, wish.starts_at, wish.minutes, wish.place
    lecture._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    lecture.save()
    notices_plan.tell_changed(
        lecture=lecture, what=notices_plan.MOVED, urgent_day=min(old_day, wish.on), by=by, now=now
    )
    return lecture
