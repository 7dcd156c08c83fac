"""What is said about lectures. No names of people: outside texts are read by outsiders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from branches.models import LeagueBranch
from members.office_models import LEAGUE_POSTS, Post
from notifications.services import post_notices
from pairing_portal.common.registries import (
    DueNotice,
    NoticeKind,
    ReminderSource,
    asked_together,
    notice_kinds,
    reminder_sources,
)

from ..models import AudienceState, Lecture, LectureAudience, LectureDuty, LectureSpeaker

LECTURE_TO_CONFIRM = "activities.lecture_to_confirm"
LECTURES_BEHIND = "activities.lectures_behind"
LECTURE_CHANGED = "activities.lecture_changed"
# What speakers are told about a lecture of theirs.
DENIED, TAKEN_BACK, CANCELLED = "denied", "taken_back", "cancelled"
THURSDAY = 3
Subject = dict[str, Any]


def register() -> None:
    for kind in (
        NoticeKind(
            LECTURE_TO_CONFIRM,
            gettext_lazy("Lecture to confirm"),
            lambda subject: (
                _("Did the lecture of %(on)s take place?") % subject,
                _("One tap confirms it, so that it counts for this week."),
            ),
            urgent=True,
            **asked_together(_lectures_answered),
        ),
        NoticeKind(
            LECTURES_BEHIND,
            gettext_lazy("Lectures missing this week"),
            _behind_text,
            **asked_together(_quotas_met),
        ),
        NoticeKind(
            LECTURE_CHANGED, gettext_lazy("Your lecture does not count now"), _changed_text, **asked_together(_changed_again)
        ),
    ):  # fmt: skip
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(LECTURES_BEHIND, ReminderSource(LECTURES_BEHIND, compute_lectures_behind))


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
    ids = [subject.get("audience") for subject in subjects]
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
    from .board import week_statuses

    today = timezone.localdate(now)
    branches = list(LeagueBranch.objects.filter(pk__in={subject.get("league_branch") for subject in subjects}))
    behind = {
        row.league_branch.pk
        for row in week_statuses(league_branches=branches, on=today, today=today)
        if row.status.missing
    }
    return [subject.get("league_branch") not in behind for subject in subjects]


def compute_lectures_behind(now: datetime) -> Iterable[DueNotice]:
    """From Thursday on: League branches that are behind this week, said to their secretary and to the speakers on duty."""
    from .board import week_statuses

    today = timezone.localdate(now)
    if today.weekday() < THURSDAY:
        return
    behind = {
        row.league_branch.pk: row
        for row in week_statuses(league_branches=list(LeagueBranch.objects.active()), on=today, today=today)
        if row.status.missing
    }
    if not behind:
        return
    posts = Post.objects.current(today).filter(
        league_branch_id__in=behind, kind__in=LEAGUE_POSTS, person__user__isnull=False
    )
    duties = LectureDuty.objects.filter(league_branch_id__in=behind, person__user__isnull=False).filter_active(today)
    recipients = set(posts.values_list("league_branch_id", "person__user_id"))
    recipients |= set(duties.values_list("league_branch_id", "person__user_id"))
    for branch_id, user_id in sorted(recipients):
        row = behind[branch_id]
        monday = row.status.monday
        yield DueNotice(
            kind=LECTURES_BEHIND,
            user_id=user_id,
            dedupe_key=f"{behind_prefix(branch_id, monday)}{user_id}",
            subject={"league_branch": branch_id, "name": row.league_branch.name, "missing": row.status.missing},
            link="/lectures/",
            expires_at=timezone.make_aware(datetime.combine(monday + timedelta(days=7), datetime.min.time())),
        )
