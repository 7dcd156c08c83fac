"""What a speaker needs to plan: own League branches with two weeks, their free hours, own lectures, swaps, colleagues."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from members.models import Person
from pairing_portal.common.scope import Scope

from ..lecture_querysets import league_branches_on_duty
from ..models import (
    Lecture,
    LectureAudience,
    LectureDuty,
    LectureSlot,
    LectureState,
    LectureSwap,
    NoLecture,
    TextbookChapter,
)
from ..quota import WeekStatus, monday_of
from ..words import STATE_BADGES, STATE_WORDS
from .board import board_rows
from .busy import read_taken
from .chapters_ahead import chapters_ahead
from .clashes import FORBIDDEN, Span, Taken, clash_problem, clashes
from .notices_plan import is_over
from .slot_services import slot_minutes

WEEK = timedelta(weeks=1)
# A lecture planned in a free hour lasts this long, or as long as the hour.
USUAL_MINUTES = 40


@dataclass(frozen=True)
class Offer:
    """A free hour on a day. `objections` in words; forbidden ones cannot be planned at all."""

    slot: LectureSlot
    on: date
    minutes: int
    objections: tuple[str, ...] = ()
    is_forbidden: bool = False

    @property
    def value(self) -> str:
        return f"{self.slot.pk}:{self.on.isoformat()}"


@dataclass(frozen=True)
class Week:
    monday: date
    status: WeekStatus
    word: Any
    badge: str
    planned: int
    offers: tuple[Offer, ...]
    none_said: NoLecture | None

    @property
    def open(self) -> int:
        """How many are to be planned: owed, neither counted, planned nor waiting for the League branch's yes, and not said to be none."""
        if self.none_said:
            return 0
        return max(0, self.status.missing - self.status.waiting - self.planned)


@dataclass(frozen=True)
class BranchPlan:
    league_branch: LeagueBranch
    chapter: TextbookChapter | None
    weeks: tuple[Week, ...]
    has_slots: bool
    # One press of a button is one plan, however often it is sent.
    key: str


def duty_branches(scope: Scope, on: date) -> Any:
    """The League branches whose lectures the user gives on a day."""
    return LeagueBranch.objects.active().filter(pk__in=league_branches_on_duty(scope, on)).order_by("name", "pk")


def gives_lectures(scope: Scope) -> bool:
    """On duty today for some League branch."""
    return bool(scope.person_id) and duty_branches(scope, timezone.localdate()).exists()


def offered_slots(scope: Scope, on: date) -> Any:
    """The free hours of these."""
    return LectureSlot.objects.filter(league_branch__in=duty_branches(scope, on).values("pk")).select_related(
        "league_branch"
    )


def branch_plans(scope: Scope, now: datetime) -> list[BranchPlan]:
    """This week and the next for each League branch of the user's duties; a fixed number of queries."""
    today = timezone.localdate(now)
    branches = list(duty_branches(scope, today))
    if not branches:
        return []
    mondays = [monday_of(today), monday_of(today) + WEEK]
    ids = [branch.pk for branch in branches]
    slots: dict[int, list[LectureSlot]] = defaultdict(list)
    for slot in LectureSlot.objects.filter(league_branch__in=ids).order_by("weekday", "starts_at"):
        slots[slot.league_branch_id].append(slot)
    taken = read_taken(
        people=[scope.person_id or 0], league_branches=ids, first=mondays[0], last=mondays[-1] + timedelta(days=6),
        places={slot.place for rows in slots.values() for slot in rows},
    )  # fmt: skip
    planned = _planned(ids, mondays)
    said = {(row.league_branch_id, row.monday): row for row in _none_said(ids, mondays)}
    chapters = chapters_ahead(ids)
    return [
        BranchPlan(
            league_branch=row.league_branch,
            chapter=next(iter(chapters[row.league_branch.pk]), None),
            weeks=tuple(
                Week(
                    monday=status.monday, status=status, word=STATE_WORDS[status.state], badge=STATE_BADGES[status.state],
                    planned=planned[row.league_branch.pk, status.monday],
                    offers=_offers(slots[row.league_branch.pk], status.monday, taken, scope, now),
                    none_said=said.get((row.league_branch.pk, status.monday)),
                )
                for status in row.cells
            ),
            has_slots=bool(slots[row.league_branch.pk]),
            key=secrets.token_urlsafe(16),
        )
        for row in board_rows(league_branches=branches, mondays=mondays, today=today)
    ]  # fmt: skip


def _planned(ids: Sequence[int], mondays: Sequence[date]) -> dict[tuple[int, date], int]:
    found: dict[tuple[int, date], int] = defaultdict(int)
    rows = LectureAudience.objects.filter(
        league_branch__in=ids, lecture__state=LectureState.PLANNED, lecture__on__range=(mondays[0], mondays[-1] + timedelta(days=6)),
    )  # fmt: skip
    for branch_id, on in rows.values_list("league_branch_id", "lecture__on"):
        found[branch_id, monday_of(on)] += 1
    return found


def _none_said(ids: Sequence[int], mondays: Sequence[date]) -> Any:
    return NoLecture.objects.filter(league_branch__in=ids, monday__in=mondays)


def _offers(
    slots: Sequence[LectureSlot], monday: date, taken: Sequence[Taken], scope: Scope, now: datetime
) -> tuple[Offer, ...]:
    local = timezone.localtime(now).replace(tzinfo=None)
    offers = []
    for slot in slots:
        on = monday + timedelta(days=slot.weekday - 1)
        minutes = min(USUAL_MINUTES, slot_minutes(slot))
        span = Span.of(on, slot.starts_at, minutes)
        if span.start < local:
            continue
        found = clashes(
            taken, span, people=[scope.person_id or 0], league_branches=[slot.league_branch_id], place=slot.place
        )
        words = tuple(str(clash_problem(row).message) for row in found)
        offers.append(Offer(slot, on, minutes, words, any(row.kind in FORBIDDEN for row in found)))
    return tuple(offers)


# --- Own lectures, swaps, colleagues --------------------------------------------------------------


@dataclass(frozen=True)
class OwnLectures:
    """Planned lectures of the user: those whose time has passed, and those to come, the next first."""

    over: list[Lecture] = field(default_factory=list)
    coming: list[Lecture] = field(default_factory=list)


def own_lectures(scope: Scope, now: datetime) -> OwnLectures:
    """With League branches, speakers and open questions to colleagues; four queries."""
    rows = Lecture.objects.filter(speakers__person_id=scope.person_id or 0, state=LectureState.PLANNED)
    found = OwnLectures()
    for lecture in _for_list(rows).order_by("on", "starts_at", "pk"):
        (found.over if is_over(lecture, now) else found.coming).append(lecture)
    return found


def _for_list(rows: Any) -> Any:
    return rows.select_related("textbook_chapter", "textbook").prefetch_related(
        "audiences__league_branch", "speakers__person"
    )


def series_rest(lecture: Lecture) -> int:
    """How many lectures of its series are still planned after it."""
    if lecture.series_id is None:
        return 0
    rest = Lecture.objects.filter(series_id=lecture.series_id, state=LectureState.PLANNED, on__gt=lecture.on)
    return int(rest.count())


def takeable(scope: Scope, today: date) -> Any:
    """Planned lectures of today that the user may take over: of colleagues, in a department of one's own duty."""
    own = LectureDuty.objects.filter(person_id=scope.person_id or 0).filter_active(today)
    near = Q(audiences__league_branch__department__in=own.values("league_branch__department"))
    near |= Q(audiences__league_branch__party_branch__in=own.values("league_branch__party_branch"))
    rows = Lecture.objects.filter(near, on=today, state=LectureState.PLANNED)
    rows = rows.exclude(speakers__person_id=scope.person_id or 0)
    return _for_list(rows.distinct().order_by("starts_at", "pk"))


def my_swaps(scope: Scope, now: datetime) -> dict[str, list[LectureSwap]]:
    """Open questions about lectures to come: put to the user, and by the user."""
    me = scope.person_id or 0
    rows = LectureSwap.objects.open().filter(Q(asker_id=me) | Q(colleague_id=me), lecture__state=LectureState.PLANNED)
    rows = rows.filter(lecture__on__gte=timezone.localdate(now)).select_related(
        "lecture", "in_return", "asker", "colleague"
    )
    found = list(rows.prefetch_related("lecture__audiences__league_branch", "in_return__audiences__league_branch"))
    return {
        "asked_of_me": [row for row in found if row.colleague_id == me],
        "asked_by_me": [row for row in found if row.asker_id == me],
    }


@dataclass(frozen=True)
class SwapOffer:
    """A colleague, alone or with one of their lectures in return."""

    person: Person
    in_return: Lecture | None
    words: str


@dataclass(frozen=True)
class Colleague:
    person: Person
    offers: dict[str, SwapOffer]


def colleagues_for(lecture: Lecture, scope: Scope, now: datetime) -> list[Colleague]:
    """Who is on duty that day in the same department or for the same Party branch, with their lectures to come; three queries."""
    heard = [row.league_branch for row in lecture.audiences.select_related("league_branch")]
    near = Q(league_branch__department_id__in=[row.department_id for row in heard])
    near |= Q(league_branch__party_branch_id__in=[row.party_branch_id for row in heard if row.party_branch_id])
    duties = LectureDuty.objects.filter(near).filter_active(lecture.on).exclude(person_id=scope.person_id or 0)
    giving = {row.person_id for row in lecture.speakers.all()}
    free = Person.objects.filter(pk__in=duties.values("person_id")).members().exclude(pk__in=giving)
    people = list(free.order_by("name_key", "number"))
    theirs: dict[int, list[Lecture]] = defaultdict(list)
    rows = Lecture.objects.filter(
        speakers__person__in=people, state=LectureState.PLANNED, on__gte=timezone.localdate(now)
    )  # fmt: skip
    for row in (
        rows.distinct().order_by("on", "starts_at", "pk").prefetch_related("speakers", "audiences__league_branch")
    ):
        for speaker in row.speakers.all():
            theirs[speaker.person_id].append(row)
    return [Colleague(person, _swap_offers(person, theirs[person.pk])) for person in people]


def _swap_offers(person: Person, lectures: list[Lecture]) -> dict[str, SwapOffer]:
    offers = {str(person.pk): SwapOffer(person, None, _("%(name)s, nothing in return") % {"name": person.name})}
    for row in lectures:
        where = "、".join(audience.league_branch.name for audience in row.audiences.all())
        when = f"{date_format(row.on)} {time_format(row.starts_at) if row.starts_at else ''}".strip()
        words = _("%(name)s, in return for %(when)s %(where)s") % {"name": person.name, "when": when, "where": where}
        offers[f"{person.pk}:{row.pk}"] = SwapOffer(person, row, words)
    return offers
