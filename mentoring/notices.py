"""What is said about links, to whom, and when it need not be said any more. No text names a mentee or why somebody is helped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from members.models import Person, Post
from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds

from .models import LeagueGuidance, Mentorship
from .tiers import LinkState, Tier

LINK_OFFERED = "mentoring.offered"
LINK_BEGAN = "mentoring.began"
OFFER_ANSWERED = "mentoring.answered"
LINK_ENDED = "mentoring.ended"
GUIDANCE_BEGAN = "mentoring.guidance_began"
GUIDANCE_ENDED = "mentoring.guidance_ended"


def register() -> None:
    for kind in (
        NoticeKind(
            LINK_OFFERED,
            gettext_lazy("A mentor is offered"),
            lambda subject: (
                _("Somebody of your class would like to help you"),
                _("Look who it is and say yes or no. Nobody asks why."),
            ),
            obsolete_among=_no_longer_offered,
        ),
        NoticeKind(
            LINK_BEGAN,
            gettext_lazy("A mentoring link begins"),
            lambda subject: (
                _("A mentoring link of yours has begun"),
                _("Who it is, how to reach them and what was agreed stands on your page."),
            ),
        ),
        NoticeKind(
            OFFER_ANSWERED,
            gettext_lazy("An offer was answered"),
            lambda subject: (
                _("An offer was accepted") if subject.get("accepted") else _("An offer was declined"),
                _("The link runs from now on.")
                if subject.get("accepted")
                else _("Somebody else may fit better; a no needs no reason."),
            ),
        ),
        NoticeKind(
            LINK_ENDED,
            gettext_lazy("A mentoring link ended"),
            lambda subject: (
                _("A mentoring link of yours has ended"),
                _("What was logged stays and keeps counting."),
            ),
        ),
        NoticeKind(
            GUIDANCE_BEGAN,
            gettext_lazy("Guidance of a League branch begins"),
            lambda subject: (
                _("Guidance begins: %(name)s") % subject,
                _("The plan with its milestones and the focus areas stand on the page."),
            ),
        ),
        NoticeKind(
            GUIDANCE_ENDED,
            gettext_lazy("Guidance of a League branch ended"),
            lambda subject: (
                _("Guidance has ended: %(name)s") % subject,
                _("What was logged stays and keeps counting."),
            ),
        ),
    ):
        notice_kinds.register(kind.kind, kind)


def offer_prefix(link: Mentorship) -> str:
    return f"{LINK_OFFERED}:{link.pk}:"


def link_published(link: Mentorship, by: User | None) -> list[DueNotice]:
    """Tier 1: the mentee is asked. Else both are told; never who did it."""
    if link.tier == Tier.CLASSMATES:
        return [_said(LINK_OFFERED, link, user_id, "/mentoring/me/") for user_id in _users(link.mentee)]
    return [_said(LINK_BEGAN, link, user_id, "/mentoring/me/") for user_id in _users(link.mentor, link.mentee, but=by)]


def offer_answered(link: Mentorship) -> list[DueNotice]:
    """The mentor and the secretaries who arranged it. What was declined is not the mentor's to look at any more."""
    accepted = link.state == LinkState.ACTIVE
    page, secretaries = f"/mentoring/links/{link.pk}/", Post.objects.secretary_users(link.party_branch)
    users = {*_users(link.mentor), *secretaries} - {link.mentee.user_id}
    return [
        _said(OFFER_ANSWERED, link, user_id, page if accepted or user_id in secretaries else "/mentoring/me/", accepted=accepted)
        for user_id in sorted(users)
    ]  # fmt: skip


def link_ended(link: Mentorship, by: User | None) -> list[DueNotice]:
    return [_said(LINK_ENDED, link, user_id, "/mentoring/me/") for user_id in _users(link.mentor, link.mentee, but=by)]


def runs_again(row: Mentorship | LeagueGuidance, by: User | None, now: datetime) -> list[DueNotice]:
    """An end was taken back: said each time, to everybody but who did it."""
    if isinstance(row, Mentorship):
        users = _users(row.mentor, row.mentee, but=by)
        told = [_said(LINK_BEGAN, row, user_id, "/mentoring/me/") for user_id in users]
    else:
        told = guidance_published(row, by)
    return [replace(notice, dedupe_key=f"{notice.dedupe_key}:{now.isoformat()}") for notice in told]


def ended_by_leaving(row: Mentorship | LeagueGuidance) -> list[DueNotice]:
    """Everybody the end concerns; the caller leaves out who left."""
    return link_ended(row, None) if isinstance(row, Mentorship) else guidance_ended(row, None)


def _said(kind: str, link: Mentorship, user_id: int, url: str, **more: Any) -> DueNotice:
    return DueNotice(
        kind=kind, user_id=user_id, dedupe_key=f"{kind}:{link.pk}:{user_id}", subject={"link": link.pk} | more, link=url
    )


def guidance_published(row: LeagueGuidance, by: User | None) -> list[DueNotice]:
    return _guidance_notices(GUIDANCE_BEGAN, row, by)


def guidance_ended(row: LeagueGuidance, by: User | None) -> list[DueNotice]:
    return _guidance_notices(GUIDANCE_ENDED, row, by)


def _guidance_notices(kind: str, row: LeagueGuidance, by: User | None) -> list[DueNotice]:
    """The guide and the League branch's secretaries."""
    posts = Post.objects.filter(league_branch=row.league_branch_id, ended_on=None).select_related("person")
    users = _users(row.person, *(post.person for post in posts), but=by)
    return [
        DueNotice(
            kind=kind,
            user_id=user_id,
            dedupe_key=f"{kind}:{row.pk}:{user_id}",
            subject={"guidance": row.pk, "name": row.league_branch.name},
            link=f"/mentoring/league/{row.league_branch_id}/",
        )
        for user_id in users
    ]


def _users(*people: Person, but: User | None = None) -> list[int]:
    users = {person.user_id for person in people if person.user_id}
    return sorted(users - {but.pk if but else None})


def _no_longer_offered(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = [subject.get("link") for subject in subjects]
    waiting = set(Mentorship.objects.filter(pk__in=ids, state=LinkState.OFFERED).values_list("pk", flat=True))
    return [pk not in waiting for pk in ids]
