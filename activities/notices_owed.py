"""Once a week the secretaries are told what their branch owes and has not planned (R40, R41)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.calendar import week_start
from branches.models import PartyBranch
from branches.policy import policy_number
from members.models import Post
from members.office_models import SECRETARY_POSTS
from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources

from .owed import Owed
from .owed_reader import owed_of

OWED: Final = "activities.owed"


def register() -> None:
    notice_kinds.register(
        OWED,
        NoticeKind(
            OWED, gettext_lazy("Organisational life that is due"), _text, obsolete_among=_settled, to_office=True
        ),
    )
    reminder_sources.register(OWED, ReminderSource(OWED, compute_owed))


def _text(subject: dict[str, Any]) -> tuple[str, str]:
    names = "、".join(subject.get("names", []))
    return (
        _("Due soon or overdue: %(names)s") % {"names": names},
        _("Nothing of it is on the calendar of %(branch)s yet. Plan it, or finish what was held already.")
        % {"branch": subject.get("branch_name", "")},
    )


def compute_owed(now: datetime) -> Iterator[DueNotice]:
    """One notice a week and branch, said on its first day: so each is told `owed_reminder_days` before or up to a week earlier."""
    today = timezone.localdate(now)
    monday = week_start(today)
    until = monday + timedelta(days=6 + policy_number("owed_reminder_days", today))
    posts = Post.objects.current(today).filter(kind__in=SECRETARY_POSTS, person__user__isnull=False)
    users: dict[int, set[int]] = {}
    for branch_id, user_id in posts.values_list("party_branch_id", "person__user_id"):
        users.setdefault(branch_id, set()).add(user_id)
    for branch, owes in owed_of(PartyBranch.objects.active().filter(pk__in=users), today).items():
        open_ones = still_open(owes, until)
        if not open_ones:
            continue
        subject = {
            "branch": branch.pk, "branch_name": branch.short_name, "until": until.isoformat(),
            "names": [row.duty.name for row in open_ones], "keys": [row.duty.key for row in open_ones],
        }  # fmt: skip
        for user_id in sorted(users[branch.pk]):
            yield DueNotice(
                kind=OWED, user_id=user_id, dedupe_key=f"{OWED}:{branch.pk}:{monday.isoformat()}:{user_id}",
                subject=subject, link=f"{reverse('calendar')}#owed-title",
            )  # fmt: skip


def still_open(owes: Sequence[Owed], until: date) -> list[Owed]:
    """Due on `until` at the latest, and not planned."""
    return [row for row in owes if row.due_on <= until and not row.is_planned]


def _settled(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    """True for those whose branch has held or planned all of it since, or is no more."""
    today = timezone.localdate(now)
    branches = PartyBranch.objects.active().filter(pk__in={subject.get("branch") for subject in subjects})
    owes = {branch.pk: rows for branch, rows in owed_of(branches, today).items()}
    return [
        not {
            row.duty.key
            for row in still_open(owes.get(subject.get("branch", 0), []), _day(subject.get("until", "")) or today)
        }
        & set(subject.get("keys", []))
        for subject in subjects
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
