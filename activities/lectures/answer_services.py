"""What becomes of a recorded lecture: answered by who heard it, the answer taken back, the lecture cancelled.

Each function locks the lecture first and the audience after it, so that two League branches which heard the same lecture
answer one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import LeagueBranch
from members.models import Person
from notifications.services import retire_notices, revive_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from ..models import (
    AudienceState,
    Lecture,
    LectureAudience,
    LectureListener,
    LectureSpeaker,
    LectureState,
    LogEntry,
    LogPurpose,
    LogState,
)
from ..quota import monday_of
from . import notices, notices_plan
from .board import week_statuses
from .class_list import class_list
from .locks import lock_lectures
from .rules import may_answer, may_cancel
from .swap_ends import end_open_swaps

# So long after answering the answer is undone without a word; later somebody may have relied on it.
UNDO_WITHIN = timedelta(minutes=10)


def lock_lecture(lecture_id: int) -> Lecture:
    """The lecture, locked before any row that hangs on it. Raises `Refused` when it is gone."""
    try:
        return Lecture.objects.select_for_update().get(pk=lecture_id)
    except Lecture.DoesNotExist as error:
        raise Refused(_("This lecture is no longer there. Reload the page.")) from error


def _lock_audience(audience: LectureAudience) -> LectureAudience:
    lecture = lock_lecture(audience.lecture_id)
    row: LectureAudience = (
        LectureAudience.objects.select_for_update(of=("self",)).select_related("league_branch").get(pk=audience.pk)
    )
    row.lecture = lecture
    return row


def _require_voice(audience: LectureAudience, scope: Scope) -> None:
    if not may_answer(audience, scope):
        raise Refused(_("The secretary of the League branch confirms its lectures."))
    if LectureSpeaker.objects.filter(lecture_id=audience.lecture_id, person_id=scope.person_id or 0).exists():
        raise Refused(_("A speaker does not confirm the own lecture. The deputy of the League branch may."))


@transaction.atomic
def answer_audience(
    *,
    audience: LectureAudience,
    took_place: bool,
    attendance: int | None = None,
    listeners: Sequence[Person] | None = None,
    minutes_heard: int | None = None,
    reason: str = "",
    scope: Scope,
    by: User,
    now: datetime,
) -> LectureAudience:
    """The League branch says whether the lecture took place. The first yes makes each speaker's log entry.

    `listeners` are those of the class list who were there; with them and no `attendance` they are counted. `minutes_heard` is how
    long it was, says the League branch: that counts. Raises `Refused` when somebody answered before, when the user is a speaker, or does not speak for the League branch.
    """
    audience = _lock_audience(audience)
    _require_voice(audience, scope)
    _require_open(audience)
    if not took_place and not reason.strip():
        raise Refused(_("Please say what happened: the speaker will read it."), field="reason")
    heard_by = list(dict.fromkeys(listeners or [])) if took_place else []
    _require_of_class(heard_by, audience.league_branch)
    if attendance is None and listeners is not None and took_place:
        attendance = len(heard_by)
    _require_possible(attendance, audience.league_branch.member_count, len(heard_by))
    audience.state = AudienceState.CONFIRMED if took_place else AudienceState.DENIED
    audience.attendance, audience.reason = attendance, reason.strip()[:200]
    audience.minutes_heard = _heard(minutes_heard, audience.lecture.minutes) if took_place else None
    audience.confirmed_by, audience.confirmed_at = by, now
    _remember(audience, by)
    audience.save()
    LectureListener.objects.bulk_create([LectureListener(audience=audience, person=row) for row in heard_by])
    retire_notices(prefix=notices.to_confirm_prefix(audience), now=now)
    if took_place:
        _log_speakers(audience, by=by, now=now)
        _retire_when_met(audience, now=now)
    else:
        notices.tell_speakers(audience=audience, what=notices.DENIED, by=by, now=now)
    return audience


def _require_open(audience: LectureAudience) -> None:
    if audience.state != AudienceState.WAITING:
        raise Refused(
            _("This lecture was answered already: %(state)s by %(who)s.")
            % {"state": audience.get_state_display(), "who": audience.confirmed_by}
        )
    if audience.lecture.state != LectureState.DELIVERED:
        raise Refused(_("This lecture is “%(state)s”.") % {"state": audience.lecture.get_state_display()})


def _require_of_class(listeners: Sequence[Person], league_branch: LeagueBranch) -> None:
    known = class_list([league_branch])[league_branch.pk] if listeners else []
    if not {row.pk for row in listeners} <= {row.pk for row in known}:
        raise Refused(_("Only people of the class list can be ticked. Reload the page."), field="listeners")


def _heard(minutes: int | None, said: int) -> int | None:
    """None when the League branch agrees with the speaker."""
    if minutes is not None and not 1 <= minutes <= 480:
        raise Refused(_("A lecture lasts between 1 and 480 minutes."), field="minutes_heard")
    return None if minutes == said else minutes


def _require_possible(attendance: int | None, size: int | None, ticked: int) -> None:
    if attendance is not None and attendance < ticked:
        raise Refused(_("More are ticked than are counted as present. Check the number."), field="attendance")
    if attendance is not None and size and attendance > size * 2:
        raise Refused(
            _("%(attendance)d present is more than the League branch has members (%(size)d). Check the number.")
            % {"attendance": attendance, "size": size},
            field="attendance",
        )


def _log_speakers(audience: LectureAudience, *, by: User, now: datetime) -> None:
    """One entry, many ledgers: each speaker's hour, once a lecture however many League branches confirm it."""
    lecture = audience.lecture
    logged = set(LogEntry.objects.filter(lecture=lecture).values_list("person_id", flat=True))
    for speaker in LectureSpeaker.objects.filter(lecture=lecture).exclude(person_id__in=logged):
        LogEntry.objects.create(
            person_id=speaker.person_id, on=lecture.on, minutes=audience.minutes_heard or lecture.minutes, purpose=LogPurpose.LECTURE, lecture=lecture,
            league_branch=audience.league_branch, summary=lecture.topic or lecture.chapter or str(audience.league_branch),
            state=LogState.CONFIRMED, created_at=now, submitted_at=now, confirmed_by=by, confirmed_at=now,
        )  # fmt: skip


def _retire_when_met(audience: LectureAudience, *, now: datetime) -> None:
    """The week has what it is owed: nobody needs to be reminded of it any more."""
    on = audience.lecture.on
    week = week_statuses(league_branches=[audience.league_branch], on=on, today=timezone.localdate(now))[0]
    if not week.status.missing:
        retire_notices(prefix=notices.behind_prefix(audience.league_branch_id, monday_of(on)), now=now)


@transaction.atomic
def take_back_answer(
    *, audience: LectureAudience, reason: str = "", scope: Scope, by: User, now: datetime
) -> LectureAudience:
    """The answer was a mistake: the lecture waits for its League branch again, and the history keeps what was said.

    Log entries of the speakers go, unless another League branch confirmed the lecture: then they rest on its answer.
    Whoever answered may undo it within `UNDO_WITHIN` without a reason; with one, the speakers are told. Raises `Refused`.
    """
    audience = _lock_audience(audience)
    _require_voice(audience, scope)
    if audience.state == AudienceState.WAITING:
        raise Refused(_("There is no answer to take back: this lecture waits for one."))
    is_undo = audience.confirmed_by_id == by.pk and (audience.confirmed_at or now) >= now - UNDO_WITHIN
    if not is_undo and not reason.strip():
        raise Refused(_("Please say why: the speaker relied on the first answer."), field="reason")
    was_confirmed = audience.state == AudienceState.CONFIRMED
    why = reason.strip()[:100] or None
    audience.state, audience.attendance, audience.reason = AudienceState.WAITING, None, ""
    audience.confirmed_by = audience.confirmed_at = audience.minutes_heard = None
    _remember(audience, by, why)
    audience.save()
    audience.listeners.all().delete()
    if was_confirmed:
        _unlog_speakers(audience.lecture, by=by, why=why)
        revive_notices(prefix=notices.behind_prefix(audience.league_branch_id, monday_of(audience.lecture.on)), now=now)
    revive_notices(prefix=notices.to_confirm_prefix(audience), now=now)
    notices.ask_for_confirmation(lecture=audience.lecture, league_branches=[audience.league_branch], now=now)
    if why:
        notices.tell_speakers(audience=audience, what=notices.TAKEN_BACK, by=by, now=now)
    return audience


def _remember(row: LectureAudience | LogEntry, by: User, why: str | None = None) -> None:
    """Who writes the next line of the row's history, and why."""
    row._history_user = by  # type: ignore[union-attr]  # the names simple_history reads
    row._change_reason = why  # type: ignore[union-attr]  # a column, not a relation


def _unlog_speakers(lecture: Lecture, *, by: User, why: str | None) -> None:
    other = (
        LectureAudience.objects.filter(lecture=lecture, state=AudienceState.CONFIRMED).order_by("confirmed_at").first()
    )
    for entry in LogEntry.objects.select_for_update().filter(lecture=lecture).order_by("pk"):
        _remember(entry, by, why)
        if other is None:
            entry.delete()
        else:
            entry.league_branch_id, entry.confirmed_by_id = other.league_branch_id, other.confirmed_by_id
            entry.confirmed_at, entry.minutes = other.confirmed_at, other.minutes_heard or lecture.minutes
            entry.save()


@transaction.atomic
def cancel_lecture(
    *, lecture: Lecture, reason: str, and_rest: bool = False, scope: Scope, by: User, now: datetime
) -> Lecture:
    """Take back a lecture that no League branch has answered, with a reason. It stays in the list and does not count.

    `and_rest`: with it what is still planned of its series after it. The League branch of a planned one is told.
    Raises `Refused` for others than its speakers, who recorded it, and who guides or oversees a League branch it was for.
    """
    ids = [lecture.pk]
    if and_rest and lecture.series_id:
        rest = Lecture.objects.filter(series_id=lecture.series_id, state=LectureState.PLANNED, on__gt=lecture.on)
        ids += rest.values_list("pk", flat=True)
    rows = lock_lectures(ids)
    if not reason.strip():
        raise Refused(_("Please say why: the League branch and the speakers read it."), field="reason")
    cancelled = rows.pop(lecture.pk)
    _cancel(cancelled, reason, scope=scope, by=by, now=now)
    for row in rows.values():
        # One that was given, answered or cancelled meanwhile stays as it is.
        if row.state == LectureState.PLANNED:
            _cancel(row, reason, scope=scope, by=by, now=now)
    return cancelled


def _cancel(lecture: Lecture, reason: str, *, scope: Scope, by: User, now: datetime) -> None:
    if not may_cancel(lecture, scope):
        raise Refused(_("Only its speakers, the secretary who guides the League branch and the department cancel it."))
    if lecture.state == LectureState.CANCELLED:
        raise Refused(_("This lecture is cancelled already."))
    audiences = list(lecture.audiences.select_related("league_branch"))
    if any(audience.state != AudienceState.WAITING for audience in audiences):
        raise Refused(_("A League branch has answered already. Ask its secretary to take the answer back first."))
    was_planned = lecture.state == LectureState.PLANNED
    lecture.state, lecture.cancel_reason = LectureState.CANCELLED, reason.strip()[:200]
    lecture._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    lecture.save()
    retire_notices(prefix=f"{notices.LECTURE_TO_CONFIRM}:{lecture.pk}:", now=now)
    if was_planned:
        end_open_swaps(lecture, now=now)
        notices_plan.retire_plan(lecture, now=now)
        notices_plan.tell_changed(lecture=lecture, what=notices_plan.CALLED_OFF, urgent_day=lecture.on, by=by, now=now)
    for audience in audiences[:1]:
        audience.lecture = lecture
        notices.tell_speakers(audience=audience, what=notices.CANCELLED, by=by, now=now)
