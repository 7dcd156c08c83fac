"""What is said about calls for help. No text says who asked or what for; the pages do, to those who may read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Person
from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds

from .models import HelpRequest

HELP_ASKED = "mentoring.help_asked"
HELP_ANSWERED = "mentoring.help_answered"


def register() -> None:
    for kind in (
        NoticeKind(
            HELP_ASKED,
            gettext_lazy("Somebody asks for help"),
            lambda subject: (
                _("Somebody of your branch has a wish"),
                _("It stands in the portal, for you alone. A short answer soon is worth much."),
            ),
            obsolete_among=_no_longer_open,
        ),
        NoticeKind(
            HELP_ANSWERED,
            gettext_lazy("Your secretary has answered"),
            lambda subject: (_("Your secretary has answered"), _("The answer is on your page.")),
        ),
    ):
        notice_kinds.register(kind.kind, kind)


def asked_prefix(row: HelpRequest) -> str:
    return f"{HELP_ASKED}:{row.pk}:"


def help_asked(row: HelpRequest, readers: Iterable[Person]) -> list[DueNotice]:
    return [
        DueNotice(
            kind=HELP_ASKED, user_id=reader.user_id, dedupe_key=f"{asked_prefix(row)}{reader.user_id}",
            subject={"help": row.pk}, link="/mentoring/help/",
        )
        for reader in readers
        if reader.user_id
    ]  # fmt: skip


def help_answered(row: HelpRequest) -> list[DueNotice]:
    if not row.person.user_id:
        return []
    key = f"{HELP_ANSWERED}:{row.pk}:{row.person.user_id}"
    return [
        DueNotice(
            kind=HELP_ANSWERED, user_id=row.person.user_id, dedupe_key=key, subject={"help": row.pk}, link="/mentoring/me/"
        )
    ]  # fmt: skip


def _no_longer_open(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = [subject.get("help") for subject in subjects]
    waiting = set(HelpRequest.objects.open().filter(pk__in=ids).values_list("pk", flat=True))
    return [pk not in waiting for pk in ids]
