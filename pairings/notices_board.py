"""What is said when pairs and groups are published."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.registries import NoticeKind, notice_kinds

PAIRS_PUBLISHED = "pairings.pairs_published"
GROUPS_PUBLISHED = "pairings.groups_published"


def register() -> None:
    for kind in (
        NoticeKind(
            PAIRS_PUBLISHED,
            gettext_lazy("Pairs published"),
            lambda subject: (
                _("Your pairs have changed: %(name)s") % subject,
                _("Look who you are paired with and agree on a first talk."),
            ),
        ),
        NoticeKind(
            GROUPS_PUBLISHED,
            gettext_lazy("Groups published"),
            lambda subject: (
                _("You are in a group now: %(name)s") % subject,
                _("Your group works with one partner branch this year."),
            ),
        ),
    ):
        notice_kinds.register(kind.kind, kind)
