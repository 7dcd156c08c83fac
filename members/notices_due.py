"""Once a month: what the branch may decide this month, said to who runs it. Counts only, no names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources
from pairing_portal.common.scope import Role, Scope

from .due_lists import REVIEWS, counts_by_branch, due_rows
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
    """From the first of a month on, once: branches with somebody in a list. `count` is of people, who may stand in two lists."""
    today = timezone.localdate(now)
    month = today.replace(day=1)
    counts = counts_by_branch(due_rows(scope=EVERYBODY, month=month))
    posts = Post.objects.current(today).filter(
        party_branch_id__in=counts, kind__in=MANAGING_POSTS, person__user__is_active=True
    )
    for user_id, branch_id in sorted(set(posts.values_list("person__user_id", "party_branch_id"))):
        due = counts[branch_id]
        yield DueNotice(
            kind=DUE, user_id=user_id, dedupe_key=f"{DUE}:{month:%Y-%m}:{branch_id}:{user_id}",
            subject={
                "month": f"{month:%Y-%m}", "count": due.people, "talks": due.by_list["talks"], REVIEWS: due.by_list[REVIEWS],
            },
            link=f"{reverse('due_lists')}?month={month:%Y-%m}&branch={branch_id}",
        )  # fmt: skip


def _text(subject: dict[str, Any]) -> tuple[str, str]:
    count, talks, reviews = (int(subject.get(key, 0)) for key in ("count", "talks", REVIEWS))
    month = subject.get("month", "")
    if count:
        title = ngettext(
            "%(month)s: %(count)d person may take the next step",
            "%(month)s: %(count)d people may take the next step",
            count,
        ) % {"month": month, "count": count}
    else:
        title = _("%(month)s: half-year reviews are due") % {"month": month}
    words = []
    if talks:
        words.append(
            ngettext("%(count)d applicant waits for a talk.", "%(count)d applicants wait for a talk.", talks)
            % {"count": talks}
        )
    if reviews:
        words.append(
            ngettext("%(count)d half-year review is due.", "%(count)d half-year reviews are due.", reviews)
            % {"count": reviews}
        )
    if len(words) == 2:
        # Two sentences beside each other; not every language puts a space between them.
        return title, pgettext("two sentences", "%(first)s %(second)s") % {"first": words[0], "second": words[1]}
    return title, words[0] if words else _("The lists say what the rules allow; the branch decides.")


def _is_over(subject: dict[str, Any], now: datetime) -> bool:
    return f"{timezone.localdate(now):%Y-%m}" != subject.get("month")
