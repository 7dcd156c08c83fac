"""Theory lectures: recorded once, confirmed by who heard them, counted for everybody concerned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import AcademicYear, LeagueBranch
from members.models import Person
from pairing_portal.common.problems import Refused, refuse_blocked

from . import notices
from .answer_services import answer_audience, cancel_lecture, take_back_answer
from .log_services import confirm_logs, correct_log, return_log, submit_log, withdraw_log
from .models import Lecture, LectureAudience, LectureDuty, LectureSpeaker, LectureState, QuotaExemption, Textbook
from .rules import lecture_problems, same_day_problems

__all__ = [
    "answer_audience", "assign_duty", "cancel_lecture", "confirm_logs", "correct_log", "end_duties_of", "grant_exemption",
    "record_lecture", "return_log", "submit_log", "take_back_answer", "withdraw_log",
]  # fmt: skip


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
    idempotency_key: str | None = None,
    by: User,
    today: date,
    now: datetime,
) -> Lecture:
    """Record a lecture that was given, for one or several League branches; their secretaries are asked to confirm.

    The same `idempotency_key` twice gives the same lecture. Raises `Refused` for a day in the future, no speaker, a speaker
    who is no Party member (R74), the same lecture recorded before, or more than a day's minutes of a speaker.
    """
    try:
        with transaction.atomic():
            _lock_speakers(speakers)
            if idempotency_key:
                known: Lecture | None = Lecture.objects.filter(idempotency_key=idempotency_key, recorded_by=by).first()
                if known is not None:
                    return known
            refuse_blocked(
                lecture_problems(
                    speakers=speakers, league_branches=league_branches, on=on, minutes=minutes, today=today
                )
            )
            refuse_blocked(
                same_day_problems(
                    speakers=speakers, league_branches=league_branches, on=on, minutes=minutes, chapter=chapter, topic=topic
                )
            )  # fmt: skip
            lecture: Lecture = Lecture.objects.create(
                on=on, starts_at=starts_at, minutes=minutes, textbook=textbook, chapter=chapter.strip(), topic=topic.strip(),
                place=place.strip(), state=LectureState.DELIVERED, recorded_by=by, recorded_at=now,
                idempotency_key=idempotency_key or None,
            )  # fmt: skip
            LectureSpeaker.objects.bulk_create([LectureSpeaker(lecture=lecture, person=person) for person in speakers])
            for branch in league_branches:
                LectureAudience.objects.create(lecture=lecture, league_branch=branch)
            notices.ask_for_confirmation(lecture=lecture, league_branches=league_branches, now=now)
            return lecture
    except IntegrityError as error:
        raise Refused(
            _("This lecture could not be saved as it is. Open the form again and check the entries.")
        ) from error


def _lock_speakers(speakers: Sequence[Person]) -> None:
    """The speakers' rows, in one order: the lock under which the lectures of a day are compared and added up."""
    ids = [person.pk for person in speakers]
    list(Person.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))


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
