"""What may be logged and what may be recorded as a lecture, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time
from typing import Final

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, OuterRef, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from branches.policy import Policy
from members.models import Person
from members.stages import MEMBER_STAGES
from mentoring.models import FocusArea, LeagueGuidance, LinkState, Mentorship
from pairing_portal.common.problems import Problem
from pairing_portal.common.scope import Role, Scope
from pairings.models import MemberPairing

from .log_checks import overlap_problems
from .models import (
    AudienceState,
    Lecture,
    LectureAudience,
    LectureDuty,
    LectureSpeaker,
    LectureState,
    LogEntry,
    LogPurpose,
    LogState,
)

MINUTES_A_DAY = 24 * 60


def log_problems(
    *,
    person: Person,
    on: date,
    minutes: int,
    purpose: str,
    member_pairing: MemberPairing | None,
    league_branch: LeagueBranch | None,
    mentorship: Mentorship | None = None,
    league_guidance: LeagueGuidance | None = None,
    focus_area: str = "",
    late_reason: str,
    starts_at: time | None = None,
    today: date,
    policy: Policy,
    entry_id: int | None = None,
    entered_on: date | None = None,
) -> list[Problem]:
    """Every objection to a log entry: its day, its length, whom it was for. `entry_id`: the entry being corrected;
    `entered_on`: the day it was first sent, by which its lateness is judged."""
    problems = _day_problems(on, late_reason, today, policy, entered_on or today)
    limit = policy.number("log_max_minutes_a_day", on)
    others = LogEntry.objects.filter(person=person, on=on).exclude(pk=entry_id).exclude(state=LogState.RETURNED)
    already = others.aggregate(total=Sum("minutes"))["total"] or 0
    if already + minutes > limit:
        problems.append(
            Problem(
                _(
                    "With this entry the day would have %(total)d minutes; at most %(limit)d can be logged. Check the date and the minutes."
                )
                % {"total": already + minutes, "limit": limit},
                field="minutes",
            )
        )
    if starts_at is not None:
        problems += overlap_problems(person=person, on=on, starts_at=starts_at, minutes=minutes, entry_id=entry_id)
    if purpose == LogPurpose.PAIRING:
        if member_pairing is None or person.pk not in (member_pairing.helper_id, member_pairing.partner_id):
            problems.append(Problem(_("Choose one of your own pairs."), field="target"))
        elif on < member_pairing.starts_on or (member_pairing.ended_on and on > member_pairing.ended_on):
            problems.append(Problem(_("On that day this pair did not exist. Check the date."), field="on"))
    if purpose == LogPurpose.LEAGUE_BRANCH and league_branch is None:
        problems.append(Problem(_("Choose the League branch."), field="target"))
    if purpose == LogPurpose.MENTORING:
        problems += _link_problems(person, on, mentorship)
    if purpose == LogPurpose.LEAGUE_BRANCH and league_guidance is not None:
        problems += _guidance_problems(person, on, league_branch, league_guidance, focus_area)
    return problems


RAN: Final = (LinkState.ACTIVE, LinkState.ENDED)


def _link_problems(person: Person, on: date, link: Mentorship | None) -> Iterator[Problem]:
    """A mentoring link of one's own, on a day on which it ran."""
    if link is None or link.state not in RAN or person.pk not in (link.mentor_id, link.mentee_id):
        yield Problem(_("Choose one of your own mentoring links."), field="target")
    elif on < link.starts_on or (link.ended_on and on > link.ended_on):
        yield Problem(_("On that day this mentoring link did not run. Check the date."), field="on")


def _guidance_problems(
    person: Person, on: date, league_branch: LeagueBranch | None, guidance: LeagueGuidance, focus_area: str
) -> Iterator[Problem]:
    """One's own guidance, on a day on which it ran, with what it was about."""
    is_same = league_branch is not None and guidance.league_branch_id == league_branch.pk
    if guidance.person_id != person.pk or guidance.state not in RAN or not is_same:
        yield Problem(_("Choose a League branch that you guide."), field="target")
    elif on < guidance.starts_on or (guidance.ended_on and on > guidance.ended_on):
        yield Problem(_("On that day you did not guide this League branch. Check the date."), field="on")
    if focus_area not in FocusArea.values:
        yield Problem(_("Say which focus area the guidance was about."), field="focus_area")


def _day_problems(on: date, late_reason: str, today: date, policy: Policy, entered_on: date) -> list[Problem]:
    if on > today:
        return [Problem(_("The day lies in the future. Log it once it is done."), field="on")]
    if on < today - relativedelta(years=1):
        return [Problem(_("More than a year ago cannot be logged any more."), field="on")]
    late_after = policy.number("log_late_after_days", today)
    if (entered_on - on).days > late_after and not late_reason.strip():
        return [
            Problem(
                _("That is more than %(days)d days ago. Please say why it is entered late.") % {"days": late_after},
                field="late_reason",
            )
        ]
    return []


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


def same_day_problems(
    *,
    speakers: Sequence[Person],
    league_branches: Sequence[LeagueBranch],
    on: date,
    minutes: int,
    chapter: str,
    topic: str,
) -> list[Problem]:
    """Objections that compare a lecture with the speakers' others of that day. Right only under a lock on the speakers."""
    return [
        *_recorded_before(speakers, league_branches, on, _taught(chapter, topic)),
        *_longer_than_a_day(speakers, on, minutes),
    ]


def _taught(chapter: str, topic: str) -> str:
    """What makes two lectures of a day the same one: the chapter; without one, the topic."""
    return " ".join((chapter.strip() or topic).split()).casefold()


def _recorded_before(
    speakers: Sequence[Person], league_branches: Sequence[LeagueBranch], on: date, taught: str
) -> list[Problem]:
    given = (
        LectureAudience.objects.filter(
            league_branch__in=league_branches, lecture__on=on, lecture__speakers__person__in=speakers
        )
        .exclude(state=AudienceState.DENIED)
        .exclude(lecture__state=LectureState.CANCELLED)
        .select_related("lecture", "league_branch")
        .distinct()
    )
    return [
        Problem(
            _(
                "This lecture is recorded already: %(on)s, %(branch)s, %(what)s. If it was another one, write which chapter or part it was."
            )
            % {"on": date_format(on), "branch": audience.league_branch, "what": audience.lecture.chapter or audience.lecture.topic or "—"},
            field="chapter",
        )
        for audience in given
        if _taught(audience.lecture.chapter, audience.lecture.topic) == taught
    ]  # fmt: skip


def _longer_than_a_day(speakers: Sequence[Person], on: date, minutes: int) -> list[Problem]:
    heard = LectureAudience.objects.filter(lecture=OuterRef("pk")).exclude(state=AudienceState.DENIED)
    standing = Lecture.objects.filter(Exists(heard), on=on).exclude(state=LectureState.CANCELLED)
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
