"""What is said about logs and lectures. No names of people, no categories: outside texts are read by outsiders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from branches.models import LeagueBranch
from branches.policy import Policy
from members.access import scope_for
from members.office_models import LEAGUE_POSTS, MANAGING_POSTS, Post, StaffKind, StaffRole
from notifications.models import Notice
from notifications.services import post_notices
from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources

from .models import AudienceState, Lecture, LectureAudience, LectureDuty, LectureSpeaker, LogEntry, LogState
from .querysets import LogEntryQuerySet

LOG_RETURNED = "activities.log_returned"
LOGS_WAITING = "activities.logs_waiting"
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
            LOG_RETURNED,
            gettext_lazy("Log entry returned"),
            lambda subject: (
                _("A log entry of %(on)s was returned") % subject,
                _("Read why, correct it and send it again."),
            ),
            **_asked_together(_logs_not_returned),
        ),
        NoticeKind(
            LOGS_WAITING,
            gettext_lazy("Logs wait for confirmation"),
            _logs_waiting_text,
            **_asked_together(_logs_settled),
        ),
        NoticeKind(
            LECTURE_TO_CONFIRM,
            gettext_lazy("Lecture to confirm"),
            lambda subject: (
                _("Did the lecture of %(on)s take place?") % subject,
                _("One tap confirms it, so that it counts for this week."),
            ),
            urgent=True,
            **_asked_together(_lectures_answered),
        ),
        NoticeKind(
            LECTURES_BEHIND,
            gettext_lazy("Lectures missing this week"),
            _behind_text,
            **_asked_together(_quotas_met),
        ),
        NoticeKind(
            LECTURE_CHANGED, gettext_lazy("Your lecture does not count now"), _changed_text, **_asked_together(_changed_again)
        ),
    ):  # fmt: skip
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(LOGS_WAITING, ReminderSource(LOGS_WAITING, compute_logs_waiting))
    reminder_sources.register(LECTURES_BEHIND, ReminderSource(LECTURES_BEHIND, compute_lectures_behind))


def _asked_together(among: Callable[[Sequence[Subject], datetime], list[bool]]) -> dict[str, Any]:
    """Both questions of a `NoticeKind` from one that is answered for many subjects at once."""
    return {"obsolete": lambda subject, now: among([subject], now)[0], "obsolete_among": among}


def _logs_not_returned(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    ids = [subject.get("entry") for subject in subjects]
    returned = set(LogEntry.objects.filter(pk__in=ids, state=LogState.RETURNED).values_list("pk", flat=True))
    return [entry_id not in returned for entry_id in ids]


# --- Logs that wait ------------------------------------------------------------------------------


def _logs_waiting_text(subject: dict[str, Any]) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    title = ngettext("%(count)d log entry waits for you", "%(count)d log entries wait for you", count) % {
        "count": count
    }
    return title, _("Open the list, look, and confirm them together.")


def _logs_settled(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    """Nothing of what the reminder counted waits any more."""
    told = {entry_id for subject in subjects for entry_id in subject.get("entries", ())}
    waiting = set(LogEntry.objects.filter(pk__in=told, state=LogState.SUBMITTED).values_list("pk", flat=True))
    return [waiting.isdisjoint(subject.get("entries", ())) for subject in subjects]


def compute_logs_waiting(now: datetime) -> Iterable[DueNotice]:
    """Once a week: entries that wait longer than the policy allows, said to each who may confirm some of them, and how many."""
    today = timezone.localdate(now)
    late = LogEntry.objects.waiting_since(now - timedelta(days=Policy().number("confirm_reminder_days", today)))
    year, week, _day = today.isocalendar()
    recipients = {f"{LOGS_WAITING}:{year}-W{week:02}:{user.pk}": user for user in _who_may_confirm(late, today)}
    told = set(Notice.objects.filter(dedupe_key__in=recipients).values_list("dedupe_key", flat=True))
    for key, user in recipients.items():
        # Whoever was told this week is not asked about again: a scope costs queries.
        if key in told:
            continue
        mine = LogEntry.objects.confirmable_by(scope_for(user, today), today).filter(pk__in=late.values("pk"))
        entries = sorted(mine.values_list("pk", flat=True))
        if entries:
            yield DueNotice(
                kind=LOGS_WAITING,
                user_id=user.pk,
                dedupe_key=key,
                subject={"count": len(entries), "entries": entries},
                link="/log/confirm/",
                expires_at=now + timedelta(days=7),
            )


def _who_may_confirm(late: LogEntryQuerySet, today: date) -> list[User]:
    """Users who run the branches of the authors or guide their classes, and staff for what is left to them: perhaps more
    than may confirm, never fewer."""
    rows = list(late.order_by().values_list("person__party_branch_id", "person__school_class_id").distinct())
    if not rows:
        return []
    branches, classes = {branch for branch, _class in rows}, {school_class for _branch, school_class in rows}
    posts = Post.objects.current(today).filter(
        Q(party_branch__in=branches - {None}) | Q(party_branch__league_branches__school_class__in=classes - {None}),
        kind__in=MANAGING_POSTS,
    )
    wanted = Q(person__pk__in=posts.values("person_id"))
    left = late.left_to_staff(today).order_by().values_list("person__department_id", flat=True)
    departments = set(left.distinct())
    if departments:
        staff = StaffRole.objects.filter(Q(department=None) | Q(department__in=departments), kind=StaffKind.ORGANISER)
        wanted |= Q(pk__in=staff.values("user_id"))
    return list(User.objects.filter(wanted, is_active=True).order_by("pk").distinct())


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
