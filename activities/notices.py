"""What is said about logs. No names of people, no categories: outside texts are read by outsiders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from branches.policy import Policy
from members.access import scope_for
from members.office_models import MANAGING_POSTS, Post, StaffKind, StaffRole
from notifications.models import Notice
from pairing_portal.common.registries import (
    DueNotice,
    NoticeKind,
    ReminderSource,
    asked_together,
    notice_kinds,
    reminder_sources,
)

from .models import LogEntry, LogState
from .querysets import LogEntryQuerySet

LOG_RETURNED = "activities.log_returned"
LOGS_WAITING = "activities.logs_waiting"
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
            **asked_together(_logs_not_returned),
        ),
        NoticeKind(
            LOGS_WAITING,
            gettext_lazy("Logs wait for confirmation"),
            _logs_waiting_text,
            **asked_together(_logs_settled),
        ),
    ):  # fmt: skip
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(LOGS_WAITING, ReminderSource(LOGS_WAITING, compute_logs_waiting))


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
