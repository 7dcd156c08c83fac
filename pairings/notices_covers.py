"""What is said about stand-ins, to whom, and when it need not be said any more. Outside texts name branches, not people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds

from .models import Cover, CoverState, PairingState

COVER_ASKED = "pairings.cover_asked"
COVER_ACCEPTED = "pairings.cover_accepted"
COVER_DECLINED = "pairings.cover_declined"
COVER_ENDED = "pairings.cover_ended"


def register() -> None:
    for kind in (
        NoticeKind(
            COVER_ASKED,
            gettext_lazy("Stand-in asked for"),
            lambda subject: (
                _("A stand-in is asked for: %(name)s") % subject,
                _("Look who it is and for how long, then accept or decline."),
            ),
            obsolete=_left_state(CoverState.ASKED),
            to_office=True,
        ),
        NoticeKind(
            COVER_ACCEPTED,
            gettext_lazy("Stand-in agreed"),
            lambda subject: (
                _("A stand-in is agreed: %(name)s") % subject,
                _("Duty and days stand on the page. Quorum, vote and posts stay with each branch."),
            ),
            obsolete=_left_state(CoverState.ACCEPTED),
        ),
        NoticeKind(
            COVER_DECLINED,
            gettext_lazy("Stand-in declined"),
            lambda subject: (
                _("A stand-in was declined: %(name)s") % subject,
                _("The reason stands on the page; somebody else is proposed there."),
            ),
        ),
        NoticeKind(
            COVER_ENDED,
            gettext_lazy("Stand-in duty ended"),
            lambda subject: (
                _("A stand-in duty has ended: %(name)s") % subject,
                _("Whoever is still away may need another stand-in."),
            ),
        ),
    ):
        notice_kinds.register(kind.kind, kind)


def cover_prefix(kind: str, cover: Cover) -> str:
    return f"{kind}:{cover.pk}:"


def to_secretaries(cover: Cover, kind: str, user_ids: Iterable[int]) -> list[DueNotice]:
    """Said on the page where it is answered."""
    return [_notice(cover, kind, user_id, f"/pairings/continuity/?pairing={cover.pairing_id}") for user_id in user_ids]


def to_the_two(cover: Cover, kind: str) -> list[DueNotice]:
    """To the stand-in and who is away, one each; it stands on their own page."""
    people = (cover.stand_in, cover.absent)
    return [_notice(cover, kind, person.user_id, "/members/me/") for person in people if person and person.user_id]


def _notice(cover: Cover, kind: str, user_id: int, link: str) -> DueNotice:
    return DueNotice(
        kind=kind,
        user_id=user_id,
        dedupe_key=f"{cover_prefix(kind, cover)}{user_id}",
        subject={"cover": cover.pk, "name": str(cover.pairing)},
        link=link,
    )


def _left_state(state: CoverState) -> Callable[[dict[str, Any], datetime], bool]:
    """Obsolete once the duty is in another state than `state`, its days or its pairing are over."""

    def obsolete(subject: dict[str, Any], now: datetime) -> bool:
        rows = Cover.objects.filter(pk=subject.get("cover"), state=state, to_on__gte=timezone.localdate(now))
        return not rows.filter(pairing__state=PairingState.ACTIVE).exists()

    return obsolete
