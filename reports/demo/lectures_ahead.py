"""What is still to come of the demonstration's lectures: hours offered, lectures planned, a swap asked for, a week explained."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from accounts.models import User
from activities.lectures.board import week_statuses
from activities.lectures.no_lecture_services import say_no_lecture
from activities.lectures.plan_rules import Wish
from activities.lectures.plan_services import plan_lecture
from activities.lectures.slot_services import add_slot
from activities.lectures.swap_services import ask_swap
from activities.models import Lecture, TextbookChapter
from activities.quota import WeekState
from branches.models import AcademicYear, LeagueBranch
from members.access import scope_for
from members.models import Person

from .together import moment

# Hours a League branch is free: Tuesdays and Thursdays.
FREE_ON, FROM, UNTIL = (2, 4), time(16, 20), time(17, 10)
WEEK = timedelta(weeks=1)


def look_ahead(
    juniors: Sequence[LeagueBranch], speakers: Sequence[Person], *, this_week: date, year: AcademicYear, today: date
) -> None:
    """Free hours of every League branch, a lecture planned for the first three, a colleague asked to give one of them."""
    if len(juniors) < 4 or len(speakers) < 8:
        return
    _explain(juniors, this_week=this_week, today=today)
    for number, league in enumerate(juniors, start=1):
        for weekday in FREE_ON:
            add_slot(
                league_branch=league, weekday=weekday, starts_at=FROM, ends_at=UNTIL, place=f"教学楼A10{number}",
                scope=scope_for(_secretary(league), today),
            )  # fmt: skip
    soon = next(day for day in _days_after(today) if day.isoweekday() in FREE_ON)
    plans = (
        (juniors[0], speakers[1], this_week + WEEK + timedelta(days=1), FROM),
        (juniors[1], speakers[2], soon, FROM),
        # An hour later, so that the colleague who is asked below is free.
        (juniors[2], speakers[4], soon, time(19, 10)),
    )
    now = moment(today - timedelta(days=1), 20)
    lectures = [
        _plan(league, speaker, number, on, hour, now=now, today=today)
        for number, (league, speaker, on, hour) in enumerate(plans, start=1)
        if on <= year.ends_on
    ]
    if len(lectures) == len(plans):
        ask_swap(
            lecture=lectures[1], colleague=speakers[4], note="那天有实验课，能否替我讲一次？",
            scope=scope_for(_account(speakers[2]), today), now=now,
        )  # fmt: skip


def _days_after(today: date) -> list[date]:
    return [today + timedelta(days=number) for number in range(1, 8)]


def _secretary(league: LeagueBranch) -> User:
    return _account(league.posts.get(kind="league_secretary").person)


def _account(person: Person) -> User:
    if person.user is None:
        raise LookupError(f"{person} has no account")
    return person.user


def _plan(
    league: LeagueBranch, speaker: Person, number: int, on: date, hour: time, *, now: datetime, today: date
) -> Lecture:
    chapter = TextbookChapter.objects.get(textbook__is_prescribed=True, number=number)
    wish = Wish(
        speakers=(speaker,), league_branches=(league,), on=on, starts_at=hour, minutes=40,
        place=f"教学楼A10{number}",
    )  # fmt: skip
    user = _account(speaker)
    # Known: a day off or a week that owes nothing, where the demonstration is made at the end of a term.
    planned = plan_lecture(wish=wish, chapter=chapter, knowing=True, scope=scope_for(user, today), by=user, now=now)
    return planned.lectures[0]


def _explain(juniors: Sequence[LeagueBranch], *, this_week: date, today: date) -> None:
    """Of the weeks that were missed lately, the secretary of the League branch said of one why there was no lecture."""
    for back in range(1, 5):
        for row in week_statuses(league_branches=juniors, on=this_week - back * WEEK, today=today):
            if row.status.state == WeekState.MISSED:
                secretary = _secretary(row.league_branch)
                say_no_lecture(
                    league_branch=row.league_branch, on=row.status.monday, reason="第二次没能按要求讲完，已约定补讲",
                    scope=scope_for(secretary, today), by=secretary, now=moment(today, 8),
                )  # fmt: skip
                return
