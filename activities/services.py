"""Theory lectures: recorded once, confirmed by who heard them, counted for everybody concerned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import AcademicYear, LeagueBranch
from members.models import Person
from members.office_models import LEAGUE_POSTS, Post
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.registries import DueNotice
from pairing_portal.common.scope import Role, Scope

from . import notices
from .log_services import confirm_logs, correct_log, return_log, submit_log, withdraw_log
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
    QuotaExemption,
    Textbook,
)
from .rules import lecture_problems

__all__ = [
    "answer_audience", "assign_duty", "cancel_lecture", "confirm_logs", "correct_log", "end_duties_of", "grant_exemption",
    "record_lecture", "return_log", "submit_log", "withdraw_log",
]  # fmt: skip


@transaction.atomic
def record_lecture(
    *,
    speakers: Sequence[Person],
    league_branches: Sequence[LeagueBranch],
    on: date,
    minutes: int,
    textbook: Textbook | None,
    chapter: str = "",
    topic: str = "",
    starts_at: time | None = None,
    place: str = "",
    by: User,
    today: date,
    now: datetime,
) -> Lecture:
    """Record a lecture that was given, for one or several League branches; their secretaries are asked to confirm.

    Raises `Refused` for a day in the future, no speaker, or a speaker who is no Party member (R74).
    """
    refuse_blocked(
        lecture_problems(speakers=speakers, league_branches=league_branches, on=on, minutes=minutes, today=today)
    )
    lecture = Lecture.objects.create(
        on=on, starts_at=starts_at, minutes=minutes, textbook=textbook, chapter=chapter.strip(), topic=topic.strip(),
        place=place.strip(), state=LectureState.DELIVERED, recorded_by=by, recorded_at=now,
    )  # fmt: skip
    LectureSpeaker.objects.bulk_create([LectureSpeaker(lecture=lecture, person=person) for person in speakers])
    for branch in league_branches:
        LectureAudience.objects.create(lecture=lecture, league_branch=branch)
    _ask_for_confirmation(lecture, league_branches, now)
    return lecture


def _ask_for_confirmation(lecture: Lecture, league_branches: Sequence[LeagueBranch], now: datetime) -> None:
    posts = Post.objects.filter(
        league_branch__in=league_branches, kind__in=LEAGUE_POSTS, ended_on=None, person__user__isnull=False
    ).values_list("person__user_id", "league_branch_id")
    post_notices(
        notices=[
            DueNotice(
                kind=notices.LECTURE_TO_CONFIRM,
                user_id=user_id,
                dedupe_key=f"{notices.LECTURE_TO_CONFIRM}:{lecture.pk}:{branch_id}:{user_id}",
                subject={"lecture": lecture.pk, "league_branch": branch_id, "on": lecture.on.isoformat()},
                link="/lectures/confirm/",
            )
            for user_id, branch_id in posts
        ],
        now=now,
    )


@transaction.atomic
def answer_audience(
    *,
    audience: LectureAudience,
    took_place: bool,
    attendance: int | None = None,
    reason: str = "",
    scope: Scope,
    by: User,
    now: datetime,
) -> LectureAudience:
    """The League branch says whether the lecture took place. The first yes makes each speaker's log entry.

    Raises `Refused` when somebody answered before, when the user is a speaker, or does not speak for the League branch.
    """
    audience = (
        LectureAudience.objects.select_for_update(of=("self",))
        .select_related("lecture", "league_branch")
        .get(pk=audience.pk)
    )
    if audience.league_branch_id not in scope.league_branch_ids:
        raise Refused(_("The secretary of the League branch confirms its lectures."))
    if LectureSpeaker.objects.filter(lecture_id=audience.lecture_id, person_id=scope.person_id or 0).exists():
        raise Refused(_("A speaker does not confirm the own lecture. The deputy of the League branch may."))
    if audience.state != AudienceState.WAITING:
        raise Refused(
            _("This lecture was answered already: %(state)s by %(who)s.")
            % {"state": audience.get_state_display(), "who": audience.confirmed_by}
        )
    if audience.lecture.state != LectureState.DELIVERED:
        raise Refused(_("This lecture is “%(state)s”.") % {"state": audience.lecture.get_state_display()})
    if not took_place and not reason.strip():
        raise Refused(_("Please say what happened: the speaker will read it."), field="reason")
    size = audience.league_branch.member_count
    if attendance is not None and size and attendance > size * 2:
        raise Refused(
            _("%(attendance)d present is more than the League branch has members (%(size)d). Check the number.")
            % {"attendance": attendance, "size": size},
            field="attendance",
        )
    audience.state = AudienceState.CONFIRMED if took_place else AudienceState.DENIED
    audience.attendance, audience.reason = attendance, reason.strip()[:200]
    audience.confirmed_by, audience.confirmed_at = by, now
    audience.save()
    retire_notices(prefix=f"{notices.LECTURE_TO_CONFIRM}:{audience.lecture_id}:{audience.league_branch_id}:", now=now)
    if took_place:
        _log_speakers(audience, by=by, now=now)
    return audience


def _log_speakers(audience: LectureAudience, *, by: User, now: datetime) -> None:
    """One entry, many ledgers: each speaker's hour, once a lecture however many League branches confirm it."""
    lecture = audience.lecture
    logged = set(LogEntry.objects.filter(lecture=lecture).values_list("person_id", flat=True))
    for speaker in LectureSpeaker.objects.filter(lecture=lecture).exclude(person_id__in=logged):
        LogEntry.objects.create(
            person_id=speaker.person_id, on=lecture.on, minutes=lecture.minutes, purpose=LogPurpose.LECTURE, lecture=lecture,
            league_branch=audience.league_branch, summary=lecture.topic or lecture.chapter or str(audience.league_branch),
            state=LogState.CONFIRMED, created_at=now, submitted_at=now, confirmed_by=by, confirmed_at=now,
        )  # fmt: skip


@transaction.atomic
def cancel_lecture(*, lecture: Lecture, scope: Scope, by: User) -> Lecture:
    """Take back a lecture nobody has confirmed: who recorded it, or the department."""
    lecture = Lecture.objects.select_for_update().get(pk=lecture.pk)
    if lecture.recorded_by_id != by.pk and not scope.has(Role.STAFF):
        raise Refused(_("Only who recorded the lecture may take it back."))
    if lecture.audiences.exclude(state=AudienceState.WAITING).exists():
        raise Refused(_("A League branch has answered already, so the record stays."))
    lecture.state = LectureState.CANCELLED
    lecture.save()
    return lecture


@transaction.atomic
def assign_duty(*, person: Person, league_branch: LeagueBranch, academic_year: AcademicYear) -> LectureDuty:
    """Make a Party member responsible for the lectures of a League branch. Raises `Refused` (R74) for others."""
    if person.stage not in ("probationary", "full"):
        raise Refused(
            _("%(name)s is not a Party member and cannot give a theory lecture.") % {"name": person}, rule="R74"
        )
    duty, _created = LectureDuty.objects.get_or_create(
        person=person, league_branch=league_branch, academic_year=academic_year, ended_on=None
    )
    return duty


@transaction.atomic
def grant_exemption(
    *, league_branches: Sequence[LeagueBranch], from_on: date, to_on: date, reason: str, note: str = ""
) -> list[QuotaExemption]:
    """Exempt League branches from the quota between two days; every week touched is exempt."""
    if to_on < from_on:
        raise Refused(_("An exemption cannot end before it begins."), field="to_on")
    return [
        QuotaExemption.objects.create(league_branch=branch, from_on=from_on, to_on=to_on, reason=reason, note=note)
        for branch in league_branches
    ]


def end_duties_of(person_ids: list[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Somebody left: their lecture duties end that day. Returns a line a duty."""
    lines = []
    for duty in LectureDuty.objects.filter(person_id__in=person_ids, ended_on=None).select_related(
        "person", "league_branch"
    ):
        duty.ended_on = left_on
        duty.save()
        lines.append(_("The lecture duty %(duty)s ends.") % {"duty": duty})
    return lines
