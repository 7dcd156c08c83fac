"""What this room itself has to say: to administrators, when something could not be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.registries import NoticeKind, asked_together, notice_kinds

from .models import Channel, Delivery, DeliveryState
from .sending_services import FAILED_KIND


def register() -> None:
    notice_kinds.register(
        FAILED_KIND,
        NoticeKind(
            FAILED_KIND,
            gettext_lazy("Messages that could not be delivered"),
            _text,
            urgent=True,
            # Outside may be what is broken.
            outside=False,
            may_mute=False,
            **asked_together(_settled),
        ),
    )


def _text(subject: dict[str, Any]) -> tuple[str, str]:
    channel = Channel(subject["channel"]).label
    return (
        _("Messages could not be delivered"),
        _("By %(channel)s. The outbox says why; retry them there, or drop them.") % {"channel": channel},
    )


def _settled(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    """Nothing of that channel is left to decide on."""
    parked = set(
        Delivery.objects.filter(state=DeliveryState.FAILED).order_by().values_list("channel", flat=True).distinct()
    )
    return [subject.get("channel") not in parked for subject in subjects]
