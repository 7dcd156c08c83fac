"""What is said about lectures. No names of people: outside texts are read by outsiders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import CharField, DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from branches.models import LeagueBranch
from members.office_models import LEAGUE_POSTS, Post
from notifications.services import post_notice_set, post_notices
from pairing_portal.common.registries import (
    DueNotice,
    NoticeKind,
    ReminderSource,
    asked_together,
    notice_kinds,
    reminder_sources,
)

from ..models import AudienceState, Lecture, LectureAudience, LectureDuty, LectureSpeaker, LectureState
from ..quota import monday_of
from .behind import behind, key_of, unexplained
from .board import QuotaContext

LECTURE_TO_CONFIRM = "activities.lecture_to_confirm"
LECTURES_BEHIND = "activities.lectures_behind"
LECTURE_CHANGED = "activities.lecture_changed"
# What speakers are told about a lecture of theirs.
DENIED, TAKEN_BACK, CANCELLED = "denied", "taken_back", "cancelled"
THURSDAY = 3
# A lecture that waits is asked about once more after this, and no more after that.
ASKED_AGAIN_AFTER, ASKED_AGAIN_UNTIL = timedelta(days=2), timedelta(days=14)
Subject = dict[str, Any]


def register() -> None:
    from . import notices_duties, notices_week

    for kind in (
        NoticeKind(
            LECTURE_TO_CONFIRM,
            gettext_lazy("Lecture to confirm"),
            lambda subject: (
                _("Did the lecture of %(on)s take place?") % subject,
                _("One tap confirms it, so that it counts for this week."),
            ),
            urgent=True,
            may_mute=False,
            to_office=True,
            **asked_together(_lectures_answered),
        ),
        NoticeKind(
            LECTURES_BEHIND,
            gettext_lazy("Lectures missing this week"),
            _behind_text,
            to_office=True,
            **asked_together(_quotas_met),
        ),
        NoticeKind(
            LECTURE_CHANGED, gettext_lazy("Your lecture does not count now"), _changed_text, **asked_together(_changed_again)
        ),
    ):  # fmt: skip
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(LECTURES_BEHIND, source_of(LECTURES_BEHIND, behind_rows))
    reminder_sources.register(LECTURE_TO_CONFIRM, source_of(LECTURE_TO_CONFIRM, unconfirmed_rows))
    notices_week.register()
    notices_duties.register()


# --- Lectures ------------------------------------------------------------------------------------


def to_confirm_prefix(audience: LectureAudience) -> str:
    return f"{LECTURE_TO_CONFIRM}:{audience.lecture_id}:{audience.league_branch_id}:"


def ask_for_confirmation(*, lecture: Lecture, league_branches: Sequence[LeagueBranch], now: datetime) -> None:
    """Ask the secretaries of the League branches whether the lecture took place."""
    posts = Post.objects.filter(
        league_branch__in=league_branches, kind__in=LEAGUE_POSTS, ended_on=None, person__user__isnull=False
    ).values_list("person__user_id", "league_branch_id")
    post_notices(
        notices=[
            DueNotice(
                kind=LECTURE_TO_CONFIRM,
                user_id=user_id,
                dedupe_key=f"{LECTURE_TO_CONFIRM}:{lecture.pk}:{branch_id}:{user_id}",
                subject={"lecture": lecture.pk, "league_branch": branch_id, "on": lecture.on.isoformat()},
                link="/lectures/confirm/",
            )
            for user_id, branch_id in posts
        ],
        now=now,
    )


def _lectures_answered(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    waiting = set(
        LectureAudience.objects.filter(
            lecture_id__in=[subject.get("lecture") for subject in subjects], state=AudienceState.WAITING
        ).values_list("lecture_id", "league_branch_id")
    )
    return [(subject.get("lecture"), subject.get("league_branch")) not in waiting for subject in subjects]


def tell_speakers(*, audience: LectureAudience, what: str, by: User, now: datetime) -> None:
    """Tell the speakers, but not the one who did it, that a lecture of theirs does not count now. `what`: DENIED and so on."""
    lecture, branch_id = audience.lecture, audience.league_branch_id
    speakers = LectureSpeaker.objects.filter(lecture=lecture, person__user__isnull=False).exclude(person__user=by)
    on_duty = set(
        LectureDuty.objects.filter(league_branch_id=branch_id)
        .filter_active(lecture.on)
        .values_list("person_id", flat=True)
    )
    week = f"/lectures/league/{branch_id}/?week={lecture.on.isoformat()}"
    post_notices(
        notices=[
            DueNotice(
                kind=LECTURE_CHANGED,
                user_id=user_id,
                dedupe_key=f"{LECTURE_CHANGED}:{audience.pk}:{what}:{now:%Y%m%d%H%M%S}:{user_id}",
                subject={"audience": audience.pk, "what": what, "on": lecture.on.isoformat()},
                # The page of the week is open to those who answer for it; others read of it on the board.
                link=week if person_id in on_duty else "/lectures/",
            )
            for user_id, person_id in speakers.values_list("person__user_id", "person_id")
        ],
        now=now,
    )  # fmt: skip


def _changed_text(subject: Subject) -> tuple[str, str]:
    titles = {
        DENIED: _("Your lecture of %(on)s did not take place, says the League branch"),
        TAKEN_BACK: _("The answer about your lecture of %(on)s was taken back"),
        CANCELLED: _("Your lecture of %(on)s was cancelled"),
    }
    bodies = {
        DENIED: _("Read why on the page of the week. If it is a mistake, ask its secretary to take the answer back."),
        TAKEN_BACK: _("It waits for the League branch again and does not count until then."),
        CANCELLED: _("The reason stands on the page of the week."),
    }
    return titles[subject["what"]] % subject, bodies[subject["what"]]


def _changed_again(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    ids = [int(subject.get("audience", 0)) for subject in subjects]
    states = dict(LectureAudience.objects.filter(pk__in=ids).values_list("pk", "state"))
    stands = {DENIED: AudienceState.DENIED, TAKEN_BACK: AudienceState.WAITING, CANCELLED: AudienceState.WAITING}
    return [states.get(subject.get("audience")) != stands.get(subject.get("what", "")) for subject in subjects]


# --- The week's quota ----------------------------------------------------------------------------


def behind_prefix(branch_id: int, monday: date) -> str:
    return f"{LECTURES_BEHIND}:{branch_id}:{monday.isoformat()}:"


def _behind_text(subject: dict[str, Any]) -> tuple[str, str]:
    missing = int(subject.get("missing", 1))
    title = ngettext(
        "%(name)s: %(count)d lecture missing this week", "%(name)s: %(count)d lectures missing this week", missing
    ) % {"name": subject.get("name", ""), "count": missing}
    return title, _("Until Sunday there is time. Plan it, or record why there is none.")


def _quotas_met(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    today = timezone.localdate(now)
    asked = {int(subject.get("league_branch", 0)) for subject in subjects}
    monday = monday_of(today)
    lacking = unexplained(behind(monday, QuotaContext.load()), monday)
    still = set(lacking.filter(pk__in=asked).values_list("pk", flat=True))
    return [subject.get("league_branch") not in still for subject in subjects]


def behind_rows(now: datetime) -> list[QuerySet[Any, Any]]:
    """From Thursday on: League branches behind this week, with their secretaries and with the speakers on duty, as sets of notices."""
    today = timezone.localdate(now)
    if today.weekday() < THURSDAY:
        return []
    monday = monday_of(today)
    branches = unexplained(behind(monday, QuotaContext.load()), monday)
    posts = Q(posts__ended_on=None) | Q(posts__ended_on__gt=today)
    since = Q(posts__since=None) | Q(posts__since__lte=today)
    duties = Q(lecture_duties__ended_on=None) | Q(lecture_duties__ended_on__gt=today)
    secretaries = branches.filter(posts, since, posts__kind__in=LEAGUE_POSTS, posts__person__user__isnull=False)
    speakers = branches.filter(
        duties,
        lecture_duties__academic_year__starts_on__lte=today,
        lecture_duties__academic_year__ends_on__gte=today,
        lecture_duties__person__user__isnull=False,
    )
    return [
        _behind_notices(secretaries, "posts__person__user_id", monday),
        _behind_notices(speakers, "lecture_duties__person__user_id", monday),
    ]


def _behind_notices(branches: QuerySet[LeagueBranch], user: str, monday: date) -> QuerySet[Any, Any]:
    return branches.order_by().values(
        user_id=F(user),
        dedupe_key=key_of(f"{LECTURES_BEHIND}:", F("pk"), f":{monday.isoformat()}:", F(user)),
        subject=JSONObject(league_branch=F("pk"), name=F("name"), missing=F("missing")),
        link=Value("/lectures/"),
        expires_at=Value(midnight(monday + timedelta(days=7)), output_field=DateTimeField()),
    )


# --- Waiting for two days ------------------------------------------------------------------------


def unconfirmed_rows(now: datetime) -> list[QuerySet[Any, Any]]:
    """Lectures nobody answered for two days, asked about once more: the League branch's secretary and deputies."""
    today = timezone.localdate(now)
    posts = "league_branch__posts"
    waiting = LectureAudience.objects.filter(
        Q(**{f"{posts}__ended_on": None}) | Q(**{f"{posts}__ended_on__gt": today}),
        Q(**{f"{posts}__since": None}) | Q(**{f"{posts}__since__lte": today}),
        **{f"{posts}__kind__in": LEAGUE_POSTS, f"{posts}__person__user__isnull": False},
        state=AudienceState.WAITING,
        lecture__state=LectureState.DELIVERED,
        lecture__on__range=(today - ASKED_AGAIN_UNTIL, today - ASKED_AGAIN_AFTER),
        lecture__recorded_at__lte=now - ASKED_AGAIN_AFTER,
    )
    user = F(f"{posts}__person__user_id")
    return [
        waiting.order_by().values(
            user_id=user,
            dedupe_key=key_of(f"{LECTURE_TO_CONFIRM}:", F("lecture_id"), ":", F("league_branch_id"), ":again:", user),
            subject=JSONObject(
                lecture=F("lecture_id"), league_branch=F("league_branch_id"), on=Cast("lecture__on", CharField())
            ),
            link=Value("/lectures/confirm/"),
            expires_at=Value(midnight(today + ASKED_AGAIN_UNTIL), output_field=DateTimeField()),
        )
    ]


# --- Sets ----------------------------------------------------------------------------------------


def midnight(on: date) -> datetime:
    """The moment a day begins."""
    return timezone.make_aware(datetime.combine(on, time.min))


def source_of(kind: str, rows: Callable[[datetime], list[QuerySet[Any, Any]]]) -> ReminderSource:
    """A source whose notices the database writes; read one by one they are the same."""

    def compute(now: datetime) -> Iterator[DueNotice]:
        for found in rows(now):
            for row in found:
                yield DueNotice(kind=kind, **row)

    def write(now: datetime) -> int:
        return sum(post_notice_set(kind=kind, rows=found, now=now) for found in rows(now))

    return ReminderSource(kind, compute, write)
