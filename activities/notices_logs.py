"""What is said about log entries: to the other side that one waits, to who confirmed one that it was corrected.

No names of people, no categories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Person, Post
from members.office_models import LEAGUE_POSTS
from pairing_portal.common.registries import DueNotice, NoticeKind, asked_together, notice_kinds

from .models import LogEntry, LogState

LOG_ASKS = "activities.log_asks"
LOG_CORRECTED = "activities.log_corrected"
Subject = dict[str, Any]


def register() -> None:
    kind = NoticeKind(
        LOG_CORRECTED,
        gettext_lazy("An entry you confirmed was corrected"),
        lambda subject: (
            _("An entry of %(on)s was corrected after you confirmed it") % subject,
            _("It waits for confirmation again; the reason stands with it."),
        ),
        obsolete=lambda subject, now: _settled([subject], now)[0],
        obsolete_among=_settled,
    )
    notice_kinds.register(kind.kind, kind)
    asks = NoticeKind(
        LOG_ASKS,
        gettext_lazy("Somebody logged what you did together"),
        lambda subject: (
            _("A log entry waits for you to say that it happened"),
            _("Open the list, look, and confirm with one tap. You are told at most once a day."),
        ),
        **asked_together(_nothing_waits),
    )
    notice_kinds.register(asks.kind, asks)


def corrected(entry: LogEntry, *, user_id: int, now: datetime) -> DueNotice:
    """For the one who had confirmed it."""
    return DueNotice(
        kind=LOG_CORRECTED,
        user_id=user_id,
        dedupe_key=f"{LOG_CORRECTED}:{entry.pk}:{now:%Y%m%d%H%M%S}",
        subject={"entry": entry.pk, "on": entry.on.isoformat()},
        link=f"/log/{entry.pk}/",
    )


def _settled(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    """It does not wait any more: confirmed again, returned or gone."""
    ids = [int(subject.get("entry") or 0) for subject in subjects]
    waiting = set(LogEntry.objects.filter(pk__in=ids, state=LogState.SUBMITTED).values_list("pk", flat=True))
    return [entry_id not in waiting for entry_id in ids]


# --- To the other side ----------------------------------------------------------------------------


def asks(entry: LogEntry, now: datetime) -> list[DueNotice]:
    """For the other side of an entry, those with an open account: one a day and person, however many entries there are."""
    if entry.state != LogState.SUBMITTED:
        return []
    on = timezone.localdate(now)
    people = Person.objects.filter(_other_side_of(entry), user__is_active=True).exclude(pk=entry.person_id)
    return [
        DueNotice(
            kind=LOG_ASKS,
            user_id=user_id,
            dedupe_key=f"{LOG_ASKS}:{on.isoformat()}:{user_id}",
            subject={"person": person_id},
            link="/log/confirm/",
        )
        for person_id, user_id in people.order_by("pk").values_list("pk", "user_id").distinct()
    ]


def _other_side_of(entry: LogEntry) -> Q:
    """The other one of two, or who runs the guided League branch."""
    pair, link, guidance = entry.member_pairing, entry.mentorship, entry.league_guidance
    if pair is not None:
        return Q(pk__in=(pair.helper_id, pair.partner_id))
    if link is not None:
        return Q(pk__in=(link.mentor_id, link.mentee_id))
    if guidance is not None:
        posts = Post.objects.current(timezone.localdate()).filter(kind__in=LEAGUE_POSTS)
        return Q(pk__in=posts.filter(league_branch_id=guidance.league_branch_id).values("person_id"))
    return Q(pk__in=())


def _nothing_waits(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    """True for people of whom the other side logged nothing that still waits. Four queries, however many there are."""
    ids = {subject.get("person") for subject in subjects}
    asked = set(_waiting_for(ids, "member_pairing__helper", "member_pairing__partner"))
    asked |= set(_waiting_for(ids, "mentorship__mentor", "mentorship__mentee"))
    posts = Post.objects.current(timezone.localdate(now)).filter(kind__in=LEAGUE_POSTS, person__in=ids)
    branches: dict[int, set[int]] = {}
    for person_id, branch_id in posts.values_list("person_id", "league_branch_id"):
        branches.setdefault(branch_id, set()).add(person_id)
    rows = LogEntry.objects.filter(state=LogState.SUBMITTED, league_guidance__league_branch__in=branches)
    for branch_id, author in rows.values_list("league_guidance__league_branch_id", "person_id"):
        asked |= branches[branch_id] - {author}
    return [subject.get("person") not in asked for subject in subjects]


def _waiting_for(ids: Iterable[Any], one: str, other: str) -> Iterable[int]:
    """Whom of these people an entry of the other one of two waits for."""
    rows = LogEntry.objects.filter(Q(**{f"{one}__in": ids}) | Q(**{f"{other}__in": ids}), state=LogState.SUBMITTED)
    for author, first, second in rows.values_list("person_id", f"{one}_id", f"{other}_id"):
        yield first if author == second else second
