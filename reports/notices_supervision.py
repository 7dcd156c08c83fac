"""What is said to those who are to act when somebody who supervises reminds them. No names: outside texts are read by outsiders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from branches.models import PartyBranch
from pairing_portal.common.registries import NoticeKind, asked_together, notice_kinds

from .supervision.base import Overdue, Watch
from .supervision.remind_services import REMINDED, SEVERAL
from .supervision.sources import BY_KEY, find_overdue


def register() -> None:
    notice_kinds.register(
        REMINDED,
        NoticeKind(
            REMINDED, gettext_lazy("Reminders of those who supervise"), _text, to_office=True, **asked_together(_settled)
        ),
    )  # fmt: skip


def _text(subject: dict[str, Any]) -> tuple[str, str]:
    source = BY_KEY.get(str(subject.get("source", "")))
    count, days = int(subject.get("count", 1)), int(subject.get("days", 0))
    title = _("Reminder: %(what)s") % {"what": source.label if source else _("something is overdue")}
    words = ngettext(
        "%(branch)s: %(count)d is open. Please see to it, then the reminder goes away by itself.",
        "%(branch)s: %(count)d are open. Please see to them, then the reminder goes away by itself.",
        count,
    ) % {"branch": subject.get("branch_name", ""), "count": count}
    if not days:
        return title, words
    age = ngettext("Overdue for %(days)d day.", "The oldest is overdue for %(days)d days.", days) % {"days": days}
    return title, _("%(words)s %(more)s") % {"words": words, "more": age}


def _settled(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    """True for those of whose rule, branch and person nothing is overdue any more. Each rule is asked once."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for subject in subjects:
        wanted[str(subject.get("source", ""))].add(int(subject.get("branch", 0)))
    branches = PartyBranch.objects.active().in_bulk({pk for ids in wanted.values() for pk in ids})
    today = timezone.localdate(now)
    open_rows: dict[str, list[Overdue]] = {}
    for key, ids in wanted.items():
        watch = Watch.over([branches[pk] for pk in sorted(ids) if pk in branches], today, now)
        open_rows[key] = find_overdue(watch, [BY_KEY[key]])[key] if key in BY_KEY else []
    return [not _is_open(subject, open_rows[str(subject.get("source", ""))]) for subject in subjects]


def _is_open(subject: dict[str, Any], rows: Sequence[Overdue]) -> bool:
    person = subject.get("person", SEVERAL)
    return any(
        row.branch_id == subject.get("branch") and (person == SEVERAL or row.person_id == person) for row in rows
    )
