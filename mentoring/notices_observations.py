"""Observation records that are due: to the contact (R06) and to the branch's secretaries (R05, R20). No text names a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from members.models import Post
from members.office_models import SECRETARY_POSTS
from notifications.services import retire_done
from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources

from .observation_rules import LATER, SOON
from .observations import contact_links, intervals_on, next_of_link, next_of_person, observed_people

RECORD_DUE: Final = "mentoring.record_due"
REVIEW_DUE: Final = "mentoring.review_due"


def register() -> None:
    for kind in (
        NoticeKind(
            RECORD_DUE, gettext_lazy("Contact's record is due"), _record_text, obsolete_among=_records_settled
        ),
        NoticeKind(
            REVIEW_DUE, gettext_lazy("Half-year review is due"), _review_text, obsolete_among=_reviews_settled, to_office=True
        ),
    ):  # fmt: skip
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(RECORD_DUE, ReminderSource(RECORD_DUE, compute_records_due))
    reminder_sources.register(REVIEW_DUE, ReminderSource(REVIEW_DUE, compute_reviews_due))


def contact_prefix(link_id: int) -> str:
    return f"{RECORD_DUE}:{link_id}:"


def review_prefix(branch_id: int, due_on: date) -> str:
    return f"{REVIEW_DUE}:{branch_id}:{due_on.isoformat()}:"


def compute_records_due(now: datetime) -> Iterator[DueNotice]:
    """To each formal contact: two weeks before the quarter's record is due, and on the day; once each."""
    today = timezone.localdate(now)
    intervals = intervals_on(today)
    for link in contact_links().filter(mentor__user__isnull=False):
        due = next_of_link(link, intervals)
        standing = due.standing(today)
        if standing == LATER:
            continue
        yield DueNotice(
            kind=RECORD_DUE, user_id=link.mentor.user_id,
            dedupe_key=f"{contact_prefix(link.pk)}{due.due_on.isoformat()}:{standing}:{link.mentor.user_id}",
            subject={"link": link.pk, "due": due.due_on.isoformat(), "said": standing},
            link=f"/mentoring/observe/{link.pk}/", due_at=_end_of(due.due_on),
        )  # fmt: skip


def compute_reviews_due(now: datetime) -> Iterable[DueNotice]:
    """To the secretaries of each branch: a month before reviews are due, and on the day.

    People whose reviews fall on one day share a notice, or a whole intake would fill the bell.
    """
    today = timezone.localdate(now)
    intervals = intervals_on(today)
    together: dict[tuple[int, date, str], int] = defaultdict(int)
    for person in observed_people():
        due = next_of_person(person, intervals)
        if due is not None and (standing := due.standing(today)) != LATER:
            together[person.party_branch_id, due.due_on, standing] += 1
    if not together:
        return
    secretaries = _secretaries({branch_id for branch_id, _due, _said in together}, today)
    for (branch_id, due_on, standing), count in sorted(together.items()):
        for user_id in secretaries.get(branch_id, []):
            yield DueNotice(
                kind=REVIEW_DUE, user_id=user_id, dedupe_key=f"{review_prefix(branch_id, due_on)}{standing}:{user_id}",
                subject={"branch": branch_id, "due": due_on.isoformat(), "said": standing, "count": count},
                link="/mentoring/observations/?kind=branch", due_at=_end_of(due_on),
            )  # fmt: skip


def retire_reviews(*, now: datetime) -> None:
    """A review was written: notices for days on which nobody of a branch is due any more leave the bell."""
    retire_done(kind=REVIEW_DUE, now=now)


def _secretaries(branch_ids: set[int], on: date) -> dict[int, list[int]]:
    posts = Post.objects.current(on).filter(
        party_branch_id__in=branch_ids, kind__in=SECRETARY_POSTS, person__user__isnull=False
    )
    found: dict[int, set[int]] = defaultdict(set)
    for branch_id, user_id in posts.values_list("party_branch_id", "person__user_id"):
        found[branch_id].add(user_id)
    return {branch_id: sorted(users) for branch_id, users in found.items()}


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.max))


def _on(subject: dict[str, Any]) -> str:
    return str(date_format(date.fromisoformat(str(subject["due"]))))


def _record_text(subject: dict[str, Any]) -> tuple[str, str]:
    body = _("Five short paragraphs; the record before stands beside them.")
    if subject.get("said") == SOON:
        return _("A contact's record is due on %(on)s") % {"on": _on(subject)}, body
    return _("A contact's record was due on %(on)s") % {"on": _on(subject)}, body


def _review_text(subject: dict[str, Any]) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    if subject.get("said") == SOON:
        title = ngettext("%(count)d half-year review is due by %(on)s", "%(count)d half-year reviews are due by %(on)s", count)  # fmt: skip
    else:
        title = ngettext("%(count)d half-year review was due on %(on)s", "%(count)d half-year reviews were due on %(on)s", count)  # fmt: skip
    return title % {"count": count, "on": _on(subject)}, _("The page says for whom, and what was written last time.")


def _records_settled(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    intervals = intervals_on(timezone.localdate(now))
    links = contact_links(Q(pk__in=[subject.get("link") for subject in subjects]))
    waiting = {link.pk: next_of_link(link, intervals).due_on.isoformat() for link in links}
    return [waiting.get(subject.get("link")) != subject.get("due") for subject in subjects]


def _reviews_settled(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    intervals = intervals_on(timezone.localdate(now))
    people = observed_people(Q(party_branch_id__in={subject.get("branch") for subject in subjects}))
    dues = [(person.party_branch_id, next_of_person(person, intervals)) for person in people]
    waiting = {(branch_id, due.due_on.isoformat()) for branch_id, due in dues if due is not None}
    return [(subject.get("branch"), subject.get("due")) not in waiting for subject in subjects]
