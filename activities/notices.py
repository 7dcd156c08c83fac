"""What is said about logs and lectures. No names of people, no categories: outside texts are read by outsiders."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from branches.models import LeagueBranch
from branches.policy import Policy
from members.office_models import LEAGUE_POSTS, MANAGING_POSTS, Post
from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources

from .models import AudienceState, LectureAudience, LectureDuty, LogEntry, LogState

LOG_RETURNED = "activities.log_returned"
LOGS_WAITING = "activities.logs_waiting"
LECTURE_TO_CONFIRM = "activities.lecture_to_confirm"
LECTURES_BEHIND = "activities.lectures_behind"
THURSDAY = 3


def register() -> None:
    for kind in (
        NoticeKind(
            LOG_RETURNED,
            gettext_lazy("Log entry returned"),
            lambda subject: (
                _("A log entry of %(on)s was returned") % subject,
                _("Read why, correct it and send it again."),
            ),
            obsolete=lambda subject, now: (
                not LogEntry.objects.filter(pk=subject.get("entry"), state=LogState.RETURNED).exists()
            ),
        ),
        NoticeKind(
            LOGS_WAITING, gettext_lazy("Logs wait for confirmation"), _logs_waiting_text, obsolete=_logs_settled
        ),
        NoticeKind(
            LECTURE_TO_CONFIRM,
            gettext_lazy("Lecture to confirm"),
            lambda subject: (
                _("Did the lecture of %(on)s take place?") % subject,
                _("One tap confirms it, so that it counts for this week."),
            ),
            obsolete=lambda subject, now: (
                not LectureAudience.objects.filter(
                    lecture_id=subject.get("lecture"),
                    league_branch_id=subject.get("league_branch"),
                    state=AudienceState.WAITING,
                ).exists()
            ),
            urgent=True,
        ),
        NoticeKind(LECTURES_BEHIND, gettext_lazy("Lectures missing this week"), _behind_text, obsolete=_quota_met),
    ):
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(LOGS_WAITING, ReminderSource(LOGS_WAITING, compute_logs_waiting))
    reminder_sources.register(LECTURES_BEHIND, ReminderSource(LECTURES_BEHIND, compute_lectures_behind))


def _logs_waiting_text(subject: dict[str, Any]) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    title = ngettext("%(count)d log entry waits for you", "%(count)d log entries wait for you", count) % {
        "count": count
    }
    return title, _("Open the list, look, and confirm them together.")


def _logs_settled(subject: dict[str, Any], now: datetime) -> bool:
    return not LogEntry.objects.filter(person__party_branch_id=subject.get("branch"), state=LogState.SUBMITTED).exists()


def compute_logs_waiting(now: datetime) -> Iterable[DueNotice]:
    """Once a week and branch: entries that wait longer than the policy allows, said to who runs the branch."""
    today = timezone.localdate(now)
    days = Policy().number("confirm_reminder_days", today)
    waiting: dict[int, int] = {}
    rows = LogEntry.objects.waiting_since(now - timedelta(days=days)).values_list("person__party_branch_id", flat=True)
    for branch_id in rows:
        if branch_id:
            waiting[branch_id] = waiting.get(branch_id, 0) + 1
    year, week, _day = today.isocalendar()
    posts = Post.objects.current(today).filter(
        party_branch_id__in=waiting, kind__in=MANAGING_POSTS, person__user__isnull=False
    )
    for branch_id, user_id in posts.values_list("party_branch_id", "person__user_id"):
        yield DueNotice(
            kind=LOGS_WAITING,
            user_id=user_id,
            dedupe_key=f"{LOGS_WAITING}:{branch_id}:{year}-W{week:02}:{user_id}",
            subject={"branch": branch_id, "count": waiting[branch_id]},
            link="/log/confirm/",
            expires_at=now + timedelta(days=7),
        )


def _behind_text(subject: dict[str, Any]) -> tuple[str, str]:
    missing = int(subject.get("missing", 1))
    title = ngettext(
        "%(name)s: %(count)d lecture missing this week", "%(name)s: %(count)d lectures missing this week", missing
    ) % {"name": subject.get("name", ""), "count": missing}
    return title, _("Until Sunday there is time. Plan it, or record why there is none.")


def _quota_met(subject: dict[str, Any], now: datetime) -> bool:
    from .board import week_statuses

    branch = LeagueBranch.objects.filter(pk=subject.get("league_branch")).first()
    if branch is None:
        return True
    status = week_statuses(league_branches=[branch], on=timezone.localdate(now), today=timezone.localdate(now))[
        0
    ].status
    return status.missing == 0


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
            dedupe_key=f"{LECTURES_BEHIND}:{branch_id}:{monday.isoformat()}:{user_id}",
            subject={"league_branch": branch_id, "name": row.league_branch.name, "missing": row.status.missing},
            link="/lectures/",
            expires_at=timezone.make_aware(datetime.combine(monday + timedelta(days=7), datetime.min.time())),
        )
