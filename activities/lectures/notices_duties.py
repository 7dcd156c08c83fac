"""What is said when a lecture duty begins or ends: to the speaker, by the League branch's name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from notifications.services import post_notices, retire_notices
from pairing_portal.common.registries import DueNotice, NoticeKind, asked_together, notice_kinds

from ..models import LectureDuty

DUTY_ASSIGNED = "activities.lecture_duty_assigned"
DUTY_ENDED = "activities.lecture_duty_ended"
# What may be said of a duty; each takes back the other.
KINDS = {"assigned": DUTY_ASSIGNED, "ended": DUTY_ENDED}


def register() -> None:
    for kind in (
        NoticeKind(
            DUTY_ASSIGNED,
            gettext_lazy("Lecture duty assigned"),
            lambda subject: (
                _("You give the theory lectures of %(name)s") % subject,
                _("Plan the first week: the page shows when the League branch is free."),
            ),
            **asked_together(_duty_over),
        ),
        NoticeKind(
            DUTY_ENDED,
            gettext_lazy("Lecture duty ended"),
            lambda subject: (
                _("Your lecture duty for %(name)s has ended") % subject,
                _("What you gave stays on your record. Nothing more is asked of you there."),
            ),
        ),
    ):
        notice_kinds.register(kind.kind, kind)


def tell_duty_changed(*, duty: LectureDuty, what: str, by: User | None, now: datetime) -> None:
    """To the speaker, unless they did it themselves. `what`: assigned or ended; the other is not true any more and leaves the bell.

    Call it in the transaction of the change. A duty that ends and is taken up again is told of each time.
    """
    for other, kind in KINDS.items():
        if other != what:
            retire_notices(prefix=f"{kind}:{duty.pk}:", now=now)
    user_id = duty.person.user_id
    if user_id is None or user_id == (by.pk if by else None):
        return
    kind = KINDS[what]
    key = f"{kind}:{duty.pk}:{now:%Y%m%d%H%M%S%f}:{user_id}"
    subject = {"duty": duty.pk, "name": duty.league_branch.name}
    post_notices(notices=[DueNotice(kind=kind, user_id=user_id, dedupe_key=key, subject=subject, link="/lectures/")], now=now)  # fmt: skip


def _duty_over(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = {subject.get("duty", 0) for subject in subjects}
    running = set(
        LectureDuty.objects.filter(pk__in=ids)
        .filter(Q(ended_on=None) | Q(ended_on__gt=timezone.localdate(now)))
        .values_list("pk", flat=True)
    )
    return [subject.get("duty") not in running for subject in subjects]
