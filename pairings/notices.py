"""What is said about pairings, to whom, and when it need not be said any more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.registries import NoticeKind, notice_kinds

from .models import BranchPairing, PairingState

PAIRING_PROPOSED = "pairings.proposed"
PAIRING_ACTIVE = "pairings.active"
PAIRING_DECLINED = "pairings.declined"
PAIRING_ENDED = "pairings.ended"


def _proposal_settled(subject: dict[str, Any], now: datetime) -> bool:
    return not BranchPairing.objects.filter(pk=subject.get("pairing"), state=PairingState.PROPOSED).exists()


def register() -> None:
    for kind in (
        NoticeKind(
            PAIRING_PROPOSED,
            gettext_lazy("Pairing proposed"),
            lambda subject: (
                _("A pairing is proposed: %(name)s") % subject,
                _("Read the agreement, then confirm or decline it."),
            ),
            obsolete=_proposal_settled,
            urgent=True,
        ),
        NoticeKind(
            PAIRING_ACTIVE,
            gettext_lazy("Pairing confirmed"),
            lambda subject: (
                _("Both branches have confirmed: %(name)s") % subject,
                _("The pairing is active. Members can be paired now."),
            ),
        ),
        NoticeKind(
            PAIRING_DECLINED,
            gettext_lazy("Pairing declined"),
            lambda subject: (
                _("A pairing was declined: %(name)s") % subject,
                _("The reason stands on the page of the pairing."),
            ),
        ),
        NoticeKind(
            PAIRING_ENDED,
            gettext_lazy("Pairing ended"),
            lambda subject: (_("A pairing has ended: %(name)s") % subject, _("Its records stay where they are.")),
        ),
    ):
        notice_kinds.register(kind.kind, kind)
