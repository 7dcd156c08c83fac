"""What may be planned as a lecture, by whom, and what to think about first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import TypeVar

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from branches.policy import Policy
from branches.services import load_calendar
from members.models import Person
from members.stages import MEMBER_STAGES
from pairing_portal.common.problems import Problem, Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from ..models import AudienceState, Lecture, LectureDuty, LectureState
from ..quota import WeekState
from .board import week_statuses
from .busy import read_taken
from .clashes import Span, clash_problem, clashes
from .rules import has_duty

# Further than this nothing is planned: the year's duties end before.
LONGEST_AHEAD_DAYS = 366


class NeedsConsent(Refused):
    """Nothing forbids it, but it should be thought about: `warnings` in words. Asked again with `knowing` it is done."""

    def __init__(self, warnings: Sequence[str]) -> None:
        super().__init__(" ".join(warnings))
        self.warnings = list(warnings)

    @property
    def mark(self) -> str:
        """What the form sends back to say "I know": the same for the same warnings alone."""
        return hashlib.sha256("\n".join(self.warnings).encode()).hexdigest()[:16]


Outcome = TypeVar("Outcome")


def if_agreed(deed: Callable[[bool], Outcome], mark: str) -> Outcome:
    """`deed(knowing)` without consent, then with it where exactly these warnings were agreed to. Raises `Refused`."""
    try:
        return deed(False)
    except NeedsConsent as asked:
        if asked.mark != mark:
            raise
    return deed(True)


@dataclass(frozen=True)
class Wish:
    """A lecture as somebody wants it."""

    speakers: tuple[Person, ...]
    league_branches: tuple[LeagueBranch, ...]
    on: date
    starts_at: time | None
    minutes: int
    place: str = ""

    @property
    def begins(self) -> datetime | None:
        return datetime.combine(self.on, self.starts_at) if self.starts_at else None


def wish_of(lecture: Lecture, **changes: object) -> Wish:
    """A planned lecture with what is to change."""
    stands = Wish(
        speakers=tuple(row.person for row in lecture.speakers.select_related("person").order_by("pk")),
        league_branches=tuple(row.league_branch for row in lecture.audiences.select_related("league_branch").order_by("pk")),
        on=lecture.on, starts_at=lecture.starts_at, minutes=lecture.minutes, place=lecture.place,
    )  # fmt: skip
    return replace(stands, **changes)  # type: ignore[arg-type]  # fields of a wish, by their names


def may_plan(scope: Scope, league_branch: LeagueBranch, on: date) -> bool:
    """Who has the duty on that day, the committee of the responsible Party branch, and the department."""
    if scope.person_id and has_duty(scope.person_id, league_branch.pk, on):
        return True
    return league_branch.party_branch_id in scope.branch_ids or scope.oversees(league_branch.department_id)


def may_change_plan(lecture: Lecture, scope: Scope) -> bool:
    """Its speakers; and who may plan for one of its League branches without the duty: committee and department."""
    if any(row.person_id == scope.person_id for row in lecture.speakers.all()):
        return True
    return any(
        row.league_branch.party_branch_id in scope.branch_ids or scope.oversees(row.league_branch.department_id)
        for row in lecture.audiences.select_related("league_branch")
    )


def may_stand_in(person_id: int, lecture: Lecture, on: date) -> bool:
    """R74: on duty that day for a League branch of the same Party branch or department as one that hears the lecture."""
    heard = [row.league_branch for row in lecture.audiences.select_related("league_branch")]
    near = Q(league_branch__department_id__in=[branch.department_id for branch in heard])
    near |= Q(league_branch__party_branch_id__in=[row.party_branch_id for row in heard if row.party_branch_id])
    return LectureDuty.objects.filter(near, person_id=person_id).filter_active(on).exists()


def plan_problems(wish: Wish, *, now: datetime, but_for: Collection[int] = ()) -> list[Problem]:
    """Blocks and warnings about a lecture planned so; the clashes are right only under a lock on speakers and League branches."""
    problems = list(_basic_problems(wish, now))
    if not any(problem.field == "on" for problem in problems):  # a day far out of the way is compared with nothing
        problems += _clash_problems(wish, but_for)
    if not any(problem.severity == "block" for problem in problems):
        problems += _week_problems(wish, timezone.localdate(now))
    return problems


def _basic_problems(wish: Wish, now: datetime) -> Iterable[Problem]:
    today = timezone.localdate(now)
    if wish.starts_at is None:
        yield Problem(_("Say when it begins."), field="starts_at")
    if wish.on < today or (wish.begins and wish.begins < timezone.localtime(now).replace(tzinfo=None)):
        yield Problem(_("That hour is past. What was given already is recorded, not planned."), field="on")
    if (wish.on - today).days > LONGEST_AHEAD_DAYS:
        yield Problem(_("More than a year ahead nothing is planned. Check the date."), field="on")
    if not 1 <= wish.minutes <= 480:
        yield Problem(_("A lecture lasts between 1 and 480 minutes."), field="minutes")
    if not wish.speakers:
        yield Problem(_("Name at least one speaker."), "R74", field="speakers")
    for speaker in wish.speakers:
        if speaker.stage not in MEMBER_STAGES:
            words = _("%(name)s is not a Party member and cannot give a theory lecture.")
            yield Problem(words % {"name": speaker}, "R74", field="speakers")
    for branch in wish.league_branches:
        if not branch.is_active:
            yield Problem(_("%(branch)s is no longer active.") % {"branch": branch}, field="league_branches")


def _clash_problems(wish: Wish, but_for: Collection[int]) -> list[Problem]:
    if wish.starts_at is None:
        return []
    people, branches = [row.pk for row in wish.speakers], [row.pk for row in wish.league_branches]
    taken = read_taken(
        people=people, league_branches=branches, places=[wish.place], first=wish.on, last=wish.on, but_for=but_for
    )
    span = Span.of(wish.on, wish.starts_at, wish.minutes)
    return [
        clash_problem(row)
        for row in clashes(taken, span, people=people, league_branches=branches, place=wish.place)
    ]  # fmt: skip


def _week_problems(wish: Wish, today: date) -> Iterable[Problem]:
    minimum = Policy().number("lecture_min_minutes", wish.on)
    if wish.minutes < minimum:
        words = _("Shorter than %(minutes)d minutes: it will not count.")
        yield Problem(words % {"minutes": minimum}, "R71", "warn", "minutes")
    calendar = load_calendar()
    kind = calendar.days.get(wish.on)
    if kind in ("holiday", "break"):
        words = _("%(day)s is a day off.")
        yield Problem(words % {"day": date_format(wish.on)}, severity="warn", field="on")
    for row in week_statuses(league_branches=list(wish.league_branches), on=wish.on, today=today):
        if row.status.state == WeekState.EXEMPT:
            words = _("%(branch)s is exempt that week: the lecture is welcome, but none is owed.")
            yield Problem(words % {"branch": row.league_branch}, severity="warn", field="on")
        elif row.status.state == WeekState.NOT_OWED:
            words = _("%(branch)s owes no lecture that week.")
            yield Problem(words % {"branch": row.league_branch}, severity="warn", field="on")


def require_plan(wish: Wish, *, now: datetime, knowing: bool, but_for: Collection[int] = ()) -> None:
    """Raises `Refused` with the first block, or `NeedsConsent` with the warnings unless they are known."""
    problems = plan_problems(wish, now=now, but_for=but_for)
    refuse_blocked(problems)
    warnings = [str(problem) for problem in problems if problem.severity == "warn"]
    if warnings and not knowing:
        raise NeedsConsent(warnings)


def require_planned(lecture: Lecture) -> None:
    """Raises `Refused` for what was given or cancelled meanwhile."""
    if lecture.state != LectureState.PLANNED:
        raise Refused(_("This lecture is “%(state)s” now. Reload the page.") % {"state": lecture.get_state_display()})
    if any(row.state != AudienceState.WAITING for row in lecture.audiences.all()):
        raise Refused(_("A League branch has answered already. Ask its secretary to take the answer back first."))
