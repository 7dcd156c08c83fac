"""What may be recorded as a lecture, who answers for it, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, OuterRef, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from members.models import Person
from members.stages import MEMBER_STAGES
from pairing_portal.common.problems import Problem
from pairing_portal.common.scope import Role, Scope

from ..models import AudienceState, Lecture, LectureAudience, LectureDuty, LectureSpeaker, LectureState
from .busy import read_taken
from .clashes import FORBIDDEN, Span, clash_problem, clashes

MINUTES_A_DAY = 24 * 60


def lecture_problems(
    *, speakers: Sequence[Person], league_branches: Sequence[LeagueBranch], on: date, minutes: int, today: date
) -> list[Problem]:
    """Objections to recording a lecture. A short lecture or other material is recorded and does not count (R71, R72)."""
    problems = []
    if on > today:
        problems.append(Problem(_("The day lies in the future. Record the lecture once it was given."), field="on"))
    if on < today - relativedelta(years=1):
        problems.append(Problem(_("More than a year ago cannot be recorded any more."), field="on"))
    if not 1 <= minutes <= 480:
        problems.append(Problem(_("A lecture lasts between 1 and 480 minutes."), field="minutes"))
    if not speakers:
        problems.append(Problem(_("Name at least one speaker."), "R74", field="speakers"))
    for speaker in speakers:
        if speaker.stage not in MEMBER_STAGES:
            problems.append(
                Problem(
                    _("%(name)s is not a Party member and cannot give a theory lecture.") % {"name": speaker},
                    "R74",
                    field="speakers",
                )
            )
    if not league_branches:
        problems.append(Problem(_("Name at least one League branch that heard the lecture."), field="league_branches"))
    for branch in league_branches:
        if not branch.is_active:
            problems.append(Problem(_("%(branch)s is no longer active.") % {"branch": branch}, field="league_branches"))
    return problems


def given_problems(
    *, speakers: Sequence[Person], league_branches: Sequence[LeagueBranch], on: date, minutes: int, chapter: str, topic: str,
    starts_at: time | None, today: date, lecture_id: int | None = None,
) -> list[Problem]:  # fmt: skip
    """Everything against recording a lecture that was given. `lecture_id`: the planned one it is. Right under a lock on the speakers."""
    return [
        *lecture_problems(speakers=speakers, league_branches=league_branches, on=on, minutes=minutes, today=today),
        *same_day_problems(
            speakers=speakers, league_branches=league_branches, on=on, minutes=minutes, chapter=chapter, topic=topic,
            lecture_id=lecture_id,
        ),
        *_at_once(speakers, league_branches, on, starts_at, minutes, lecture_id),
    ]  # fmt: skip


def _at_once(
    speakers: Sequence[Person], league_branches: Sequence[LeagueBranch], on: date, starts_at: time | None, minutes: int,
    lecture_id: int | None,
) -> list[Problem]:  # fmt: skip
    """Two lectures at once are not possible, neither for who gives nor for who hears them; without an hour nobody knows."""
    if starts_at is None:
        return []
    people, branches = [row.pk for row in speakers], [row.pk for row in league_branches]
    but_for = [lecture_id] if lecture_id else []
    taken = read_taken(people=people, league_branches=branches, first=on, last=on, but_for=but_for)
    found = clashes(taken, Span.of(on, starts_at, minutes), people=people, league_branches=branches)
    return [clash_problem(row) for row in found if row.kind in FORBIDDEN]


def same_day_problems(
    *,
    speakers: Sequence[Person],
    league_branches: Sequence[LeagueBranch],
    on: date,
    minutes: int,
    chapter: str,
    topic: str,
    lecture_id: int | None = None,
) -> list[Problem]:
    """Objections that compare a lecture with the speakers' others of that day. Right only under a lock on the speakers."""
    return [
        *_recorded_before(speakers, league_branches, on, _taught(chapter, topic), lecture_id),
        *_longer_than_a_day(speakers, on, minutes, lecture_id),
    ]


def _taught(chapter: str, topic: str) -> str:
    """What makes two lectures of a day the same one: the chapter; without one, the topic."""
    return " ".join((chapter.strip() or topic).split()).casefold()


def _recorded_before(
    speakers: Sequence[Person], league_branches: Sequence[LeagueBranch], on: date, taught: str, lecture_id: int | None
) -> list[Problem]:
    given = (
        LectureAudience.objects.filter(
            league_branch__in=league_branches, lecture__on=on, lecture__speakers__person__in=speakers
        )
        .exclude(state=AudienceState.DENIED)
        .exclude(lecture__state=LectureState.CANCELLED)
        .exclude(lecture_id=lecture_id)
        .select_related("lecture", "league_branch")
        .distinct()
    )
    return [
        _same_lecture(audience) for audience in given if _taught(audience.lecture.chapter, audience.lecture.topic) == taught
    ]  # fmt: skip


def _same_lecture(audience: LectureAudience) -> Problem:
    lecture = audience.lecture
    values = {
        "on": date_format(lecture.on),
        "branch": audience.league_branch,
        "what": lecture.chapter or lecture.topic or "—",
    }
    if lecture.state == LectureState.PLANNED:
        words = _(
            "This lecture is planned already: %(on)s, %(branch)s, %(what)s. Say there that it was given. If it was another one, write which chapter or part it was."
        )
    else:
        words = _(
            "This lecture is recorded already: %(on)s, %(branch)s, %(what)s. If it was another one, write which chapter or part it was."
        )
    return Problem(words % values, field="chapter")


def _longer_than_a_day(
    speakers: Sequence[Person], on: date, minutes: int, lecture_id: int | None = None
) -> list[Problem]:
    heard = LectureAudience.objects.filter(lecture=OuterRef("pk")).exclude(state=AudienceState.DENIED)
    standing = Lecture.objects.filter(Exists(heard), on=on).exclude(state=LectureState.CANCELLED).exclude(pk=lecture_id)
    given = LectureSpeaker.objects.filter(person__in=speakers, lecture__in=standing)
    totals = dict(given.values_list("person_id").annotate(total=Sum("lecture__minutes")).order_by())
    return [
        Problem(
            _("%(name)s would have %(total)d minutes of lectures on that day. Check the date and the minutes.")
            % {"name": speaker, "total": totals[speaker.pk] + minutes},
            field="minutes",
        )
        for speaker in speakers
        if totals.get(speaker.pk, 0) + minutes > MINUTES_A_DAY
    ]


def may_answer(audience: LectureAudience, scope: Scope) -> bool:
    """The League branch's own secretaries answer for it, and take an answer back."""
    return audience.league_branch_id in scope.league_branch_ids


def may_cancel(lecture: Lecture, scope: Scope) -> bool:
    """Who recorded the lecture, who gave it, who guides a League branch that was to hear it, or its department."""
    if lecture.recorded_by_id == scope.user_id or scope.college_staff:
        return True
    if any(speaker.person_id == scope.person_id for speaker in lecture.speakers.all()):
        return True
    return any(
        audience.league_branch_id in scope.guided_league_branch_ids
        or (scope.has(Role.STAFF) and scope.oversees(audience.league_branch.department_id))
        for audience in lecture.audiences.all()
    )


def has_duty(person_id: int, league_branch_id: int, on: date) -> bool:
    """R74: is this person responsible for the lectures of this League branch on a day?"""
    return LectureDuty.objects.filter(person_id=person_id, league_branch_id=league_branch_id).filter_active(on).exists()
