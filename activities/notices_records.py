"""What is said about minutes and announcements, and what records need to be told at the start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Post
from members.office_models import SECRETARY_POSTS
from pairing_portal.common.registries import (
    DueNotice,
    NavigationEntry,
    NoticeKind,
    ReminderSource,
    navigation,
    notice_kinds,
    reminder_sources,
)

from .announcement_services import ANNOUNCED
from .minutes_services import MINUTES_DUE, due_on, without_minutes
from .record_models import Announcement


def register() -> None:
    from . import attachment_services

    attachment_services.register()
    notice_kinds.register(
        MINUTES_DUE, NoticeKind(MINUTES_DUE, gettext_lazy("Minutes that are due"), _minutes_text, obsolete_among=_minutes_written, to_office=True)
    )  # fmt: skip
    reminder_sources.register(MINUTES_DUE, ReminderSource(MINUTES_DUE, compute_minutes_due))
    notice_kinds.register(
        ANNOUNCED, NoticeKind(ANNOUNCED, gettext_lazy("New announcement"), _announced_text, obsolete_among=_withdrawn)
    )
    navigation.register(
        "announcements", NavigationEntry(gettext_lazy("Announcements"), "announcements", "megaphone", "/announcements/"), order=55
    )  # fmt: skip


# --- Minutes --------------------------------------------------------------------------------------


def _minutes_text(subject: dict[str, Any]) -> tuple[str, str]:
    name = {"name": subject.get("name", "")}
    title = _("Minutes are overdue: %(name)s") if subject.get("late") else _("Minutes are due: %(name)s")
    try:
        day = date_format(date.fromisoformat(subject.get("due", "")), "DATE_FORMAT")
    except ValueError:
        day = ""
    return title % name, _("They are to be written by %(day)s.") % {"day": day}


def compute_minutes_due(now: datetime) -> Iterator[DueNotice]:
    """To the secretaries of the host: once the day before they are due, once when that day has passed."""
    today = timezone.localdate(now)
    meetings = list(without_minutes(now).filter(party_branch__isnull=False))
    users = _secretaries({meeting.party_branch_id for meeting in meetings}, today)
    for meeting in meetings:
        due = due_on(meeting)
        if today < due - timedelta(days=1):
            continue
        stage = "late" if today > due else "due"
        subject = {"activity": meeting.pk, "name": meeting.title, "due": due.isoformat(), "late": stage == "late"}
        for user_id in sorted(users.get(meeting.party_branch_id, ())):
            yield DueNotice(
                kind=MINUTES_DUE, user_id=user_id, dedupe_key=f"{MINUTES_DUE}:{meeting.pk}:{stage}:{user_id}", subject=subject,
                link=reverse("minutes", args=[meeting.pk]),
            )  # fmt: skip


def _secretaries(branch_ids: set[int], today: date) -> dict[int, set[int]]:
    posts = Post.objects.current(today).filter(
        kind__in=SECRETARY_POSTS, party_branch__in=branch_ids, person__user__isnull=False
    )
    users: dict[int, set[int]] = {}
    for branch_id, user_id in posts.values_list("party_branch_id", "person__user_id"):
        users.setdefault(branch_id, set()).add(user_id)
    return users


def _minutes_written(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    asked = {subject.get("activity") for subject in subjects}
    still = set(without_minutes(now).filter(pk__in=asked).values_list("pk", flat=True))
    return [subject.get("activity") not in still for subject in subjects]


# --- Announcements --------------------------------------------------------------------------------


def _announced_text(subject: dict[str, Any]) -> tuple[str, str]:
    title = _("Announcement: %(name)s") % {"name": subject.get("name", "")}
    return title, _("From %(who)s. Open it to read it.") % {"who": subject.get("from", "")}


def _withdrawn(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    """Who has read one is taken care of where they read it."""
    asked = {subject.get("announcement") for subject in subjects}
    standing = set(Announcement.objects.filter(pk__in=asked, withdrawn_at=None).values_list("pk", flat=True))
    return [subject.get("announcement") not in standing for subject in subjects]
