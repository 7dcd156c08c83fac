"""What is said about pairings, to whom, and when it need not be said any more.

Outside texts are read by outsiders: branches are named, people are not, reasons stand on the page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from members.office_models import SECRETARY_POSTS, Post
from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources

from .models import BranchPairing, PairingState

PAIRING_PROPOSED = "pairings.proposed"
PAIRING_CHANGES_ASKED = "pairings.changes_asked"
PAIRING_TAKEN_BACK = "pairings.taken_back"
PAIRING_ACTIVE = "pairings.active"
PAIRING_DECLINED = "pairings.declined"
PAIRING_ENDED = "pairings.ended"
PAIRING_OVER = "pairings.over"
PAIRS_NEED_SUCCESSORS = "pairings.successors"


def register() -> None:
    for kind in (*_agreement_kinds(), *_ending_kinds()):
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(PAIRING_OVER, ReminderSource(PAIRING_OVER, compute_over))


def _agreement_kinds() -> Iterator[NoticeKind]:
    yield NoticeKind(
        PAIRING_PROPOSED,
        gettext_lazy("Pairing proposed"),
        lambda subject: (
            _("A pairing is proposed: %(name)s") % subject,
            _("Read the agreement, then confirm it, ask for changes or decline."),
        ),
        obsolete=_left_state(PairingState.PROPOSED),
        urgent=True,
        to_office=True,
    )
    yield NoticeKind(
        PAIRING_CHANGES_ASKED,
        gettext_lazy("Changes asked for"),
        lambda subject: (
            _("The other branch asks for changes: %(name)s") % subject,
            _("What it wants changed stands on the page. Edit the proposal and send it again."),
        ),
        obsolete=_left_state(PairingState.CHANGES_ASKED),
        urgent=True,
        to_office=True,
    )
    yield NoticeKind(
        PAIRING_TAKEN_BACK,
        gettext_lazy("Proposal taken back"),
        lambda subject: (
            _("The proposal was taken back: %(name)s") % subject,
            _("There is nothing to answer for now."),
        ),
    )
    yield NoticeKind(
        PAIRING_ACTIVE,
        gettext_lazy("Pairing confirmed"),
        lambda subject: (
            _("Both branches have confirmed: %(name)s") % subject,
            _("The pairing is active. Members can be paired now."),
        ),
    )
    yield NoticeKind(
        PAIRING_DECLINED,
        gettext_lazy("Pairing declined"),
        lambda subject: (
            _("A pairing was declined: %(name)s") % subject,
            _("The reason stands on the page of the pairing."),
        ),
    )


def _ending_kinds() -> Iterator[NoticeKind]:
    yield NoticeKind(
        PAIRING_ENDED,
        gettext_lazy("Pairing ended"),
        lambda subject: (_("A pairing has ended: %(name)s") % subject, _("Its records stay where they are.")),
    )
    yield NoticeKind(
        PAIRING_OVER,
        gettext_lazy("Pairing to complete"),
        lambda subject: (
            _("The agreed time is over: %(name)s") % subject,
            _("Complete the pairing: the year is summed up and its pairs end."),
        ),
        obsolete=_left_state(PairingState.ACTIVE),
        to_office=True,
    )
    yield NoticeKind(PAIRS_NEED_SUCCESSORS, gettext_lazy("Pairs ended by leaving"), _successors_text, to_office=True)


def _left_state(state: PairingState) -> Any:
    """Obsolete once the pairing is in another state than `state`."""

    def obsolete(subject: dict[str, Any], now: datetime) -> bool:
        return not BranchPairing.objects.filter(pk=subject.get("pairing"), state=state).exists()

    return obsolete


def _successors_text(subject: dict[str, Any]) -> tuple[str, str]:
    ended, proposed = int(subject.get("ended", 1)), int(subject.get("proposed", 0))
    title = ngettext(
        "%(count)d pair ended because somebody left: %(name)s",
        "%(count)d pairs ended because people left: %(name)s",
        ended,
    ) % {"count": ended, "name": subject.get("name", "")}
    if not proposed:
        return title, _("Nobody of that side is free. Look at the board who could take over.")
    body = ngettext(
        "A successor is proposed on the board. Look, change it if need be, and publish.",
        "%(count)d successors are proposed on the board. Look, change them if need be, and publish.",
        proposed,
    )
    return title, body % {"count": proposed}


def compute_over(now: datetime) -> Iterator[DueNotice]:
    """Once a pairing: its last day has come, said to the secretaries of both branches. Nothing ends by itself."""
    over = list(
        BranchPairing.objects.with_branches().filter(state=PairingState.ACTIVE, ends_on__lte=timezone.localdate(now))
    )
    if not over:
        return
    secretaries: dict[int, set[int]] = defaultdict(set)
    posts = Post.objects.filter(
        party_branch__in={branch for pairing in over for branch in (pairing.helping_branch_id, pairing.partner_branch_id)},
        kind__in=SECRETARY_POSTS, ended_on=None, person__user__isnull=False,
    )  # fmt: skip
    for branch_id, user_id in posts.values_list("party_branch_id", "person__user_id"):
        secretaries[branch_id].add(user_id)
    for pairing in over:
        for user_id in sorted(secretaries[pairing.helping_branch_id] | secretaries[pairing.partner_branch_id]):
            yield DueNotice(
                kind=PAIRING_OVER,
                user_id=user_id,
                dedupe_key=f"{PAIRING_OVER}:{pairing.pk}:{user_id}",
                subject={"pairing": pairing.pk, "name": str(pairing)},
                link=f"/pairings/{pairing.pk}/",
            )
