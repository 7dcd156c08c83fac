"""Recording a lecture that was given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import LeagueBranch
from members.models import Person
from pairing_portal.common.problems import Refused, refuse_blocked

from ..models import Lecture, LectureAudience, LectureSpeaker, LectureState, Textbook, TextbookChapter
from . import notices
from .locks import lock_people
from .rules import given_problems


def record_lecture(
    *,
    speakers: Sequence[Person],
    league_branches: Sequence[LeagueBranch],
    on: date,
    minutes: int,
    textbook: Textbook | None,
    textbook_chapter: TextbookChapter | None = None,
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
    who is no Party member (R74), the same lecture recorded before, two at once, or more than a day's minutes of a speaker.
    """
    try:
        with transaction.atomic():
            lock_people(row.pk for row in speakers)
            if idempotency_key:
                known: Lecture | None = Lecture.objects.filter(idempotency_key=idempotency_key, recorded_by=by).first()
                if known is not None:
                    return known
            refuse_blocked(
                given_problems(
                    speakers=speakers, league_branches=league_branches, on=on, minutes=minutes, chapter=chapter, topic=topic,
                    starts_at=starts_at, today=today,
                )
            )  # fmt: skip
            lecture: Lecture = Lecture.objects.create(
                on=on, starts_at=starts_at, minutes=minutes, textbook=textbook, textbook_chapter=textbook_chapter,
                chapter=chapter.strip(), topic=topic.strip(), place=place.strip(), state=LectureState.DELIVERED, recorded_by=by,
                recorded_at=now, idempotency_key=idempotency_key or None,
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
