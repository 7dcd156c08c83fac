"""Once a month: what the branch may decide this month, said to who runs it. Counts only, no names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources
from pairing_portal.common.scope import Role, Scope

from .due_lists import counts_by_branch, due_rows
from .models import Post
from .office_models import MANAGING_POSTS

DUE: Final = "members.due_lists"
# The reminder looks at every branch, as the organisers of the college do.
EVERYBODY: Final = Scope(roles=frozenset({Role.STAFF}), college_staff=True, whole_college=True)


def register() -> None:
    notice_kinds.register(
        DUE, NoticeKind(DUE, gettext_lazy("What is due this month"), _text, obsolete=_is_over, to_office=True)
    )
    reminder_sources.register(DUE, ReminderSource(DUE, compute_due))


def compute_due(now: datetime) -> Iterator[DueNotice]:
    """From the first of a month on, once: branches with somebody in a list."""
    today = timezone.localdate(now)
    month = today.replace(day=1)
    counts = counts_by_branch(due_rows(scope=EVERYBODY, month=month))
    posts = Post.objects.current(today).filter(
        party_branch_id__in=counts, kind__in=MANAGING_POSTS, person__user__is_active=True
    )
    for user_id, branch_id in sorted(set(posts.values_list("person__user_id", "party_branch_id"))):
        total = sum(counts[branch_id].values())
        yield DueNotice(
            kind=DUE, user_id=user_id, dedupe_key=f"{DUE}:{month:%Y-%m}:{branch_id}:{user_id}",
            subject={"month": f"{month:%Y-%m}", "count": total, "talks": counts[branch_id]["talks"]},
            link=f"{reverse('due_lists')}?month={month:%Y-%m}&branch={branch_id}",
        )  # fmt: skip


def _text(subject: dict[str, Any]) -> tuple[str, str]:
    count = int(subject.get("count", 0))
    title = ngettext(
        "%(month)s: %(count)d person may take the next step",
        "%(month)s: %(count)d people may take the next step",
        count,
    ) % {"month": subject.get("month", ""), "count": count}
    talks = int(subject.get("talks", 0))
    if not talks:
        return title, _("The lists say what the rules allow; the branch decides.")
    return title, ngettext("%(count)d applicant waits for a talk.", "%(count)d applicants wait for a talk.", talks) % {
        "count": talks
    }


def _is_over(subject: dict[str, Any], now: datetime) -> bool:
    return f"{timezone.localdate(now):%Y-%m}" != subject.get("month")
