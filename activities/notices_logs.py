"""What is said about log entries that were confirmed. No names of people, no categories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds

from .models import LogEntry, LogState

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
    ids = [subject.get("entry") for subject in subjects]
    waiting = set(LogEntry.objects.filter(pk__in=ids, state=LogState.SUBMITTED).values_list("pk", flat=True))
    return [entry_id not in waiting for entry_id in ids]
