"""What is said about exemptions: to who decides that one was asked for, to the League branch what was decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from branches.models import LeagueBranch
from members.models import Post, StaffRole
from members.office_models import LEAGUE_POSTS, StaffKind
from notifications.services import post_notices
from pairing_portal.common.registries import DueNotice, NoticeKind, asked_together, notice_kinds

from ..models import ExemptionState, QuotaExemption

EXEMPTION_ASKED = "activities.exemption_asked"
EXEMPTION_DECIDED = "activities.exemption_decided"
PAGE = "/lectures/exemptions/"
Subject = dict[str, Any]


def register() -> None:
    for kind in (
        NoticeKind(
            EXEMPTION_ASKED, gettext_lazy("Exemption from the lecture quota asked for"), _asked_text, to_office=True,
            **asked_together(_not_waiting),
        ),
        NoticeKind(
            EXEMPTION_DECIDED, gettext_lazy("Exemption from the lecture quota decided"), _decided_text,
            **asked_together(_decided_otherwise),
        ),
    ):  # fmt: skip
        notice_kinds.register(kind.kind, kind)


def _days(subject: Subject) -> dict[str, str]:
    def day(name: str) -> str:
        try:
            return date_format(date.fromisoformat(subject.get(name, "")))
        except ValueError:
            return ""

    return {"name": subject.get("name", ""), "first": day("from"), "last": day("to")}


def _asked_text(subject: Subject) -> tuple[str, str]:
    return (
        _("%(name)s asks to be exempt from lectures, %(first)s to %(last)s") % _days(subject),
        _("Grant or refuse it on the page of exemptions; until then the weeks count."),
    )


def _decided_text(subject: Subject) -> tuple[str, str]:
    titles = {
        ExemptionState.GRANTED: _("%(name)s is exempt from lectures, %(first)s to %(last)s"),
        ExemptionState.REFUSED: _("%(name)s is not exempt from lectures, %(first)s to %(last)s"),
        ExemptionState.WITHDRAWN: _("The exemption of %(name)s was taken back, %(first)s to %(last)s"),
    }
    bodies = {
        ExemptionState.GRANTED: _("Every week these days touch is exempt."),
        ExemptionState.REFUSED: _("The answer stands on the page of exemptions. The weeks count."),
        ExemptionState.WITHDRAWN: _("The weeks count again."),
    }
    state = ExemptionState(subject.get("state", ExemptionState.GRANTED))
    return titles[state] % _days(subject), bodies[state]


def _subject(exemption: QuotaExemption) -> Subject:
    return {
        "exemption": exemption.pk, "name": exemption.league_branch.name, "state": str(exemption.state),
        "from": exemption.from_on.isoformat(), "to": exemption.to_on.isoformat(),
    }  # fmt: skip


def tell_asked(*, exemption: QuotaExemption, by: User, now: datetime) -> None:
    """To the secretaries of the responsible Party branch; where there is none, to the organisers of the department."""
    post_notices(
        notices=[
            DueNotice(
                kind=EXEMPTION_ASKED, user_id=user_id, subject=_subject(exemption), link=f"{PAGE}?state=asked",
                dedupe_key=f"{EXEMPTION_ASKED}:{exemption.pk}:{exemption.from_on}:{exemption.to_on}:{now:%Y%m%d%H%M%S}:{user_id}",
            )
            for user_id in sorted(_deciders(exemption.league_branch) - {by.pk})
        ],
        now=now,
    )  # fmt: skip


def _deciders(league_branch: LeagueBranch) -> set[int]:
    if league_branch.party_branch_id is not None:
        users = set(Post.objects.secretary_users(league_branch.party_branch_id))
        if users:
            return users
    roles = StaffRole.objects.filter(kind=StaffKind.ORGANISER, department_id=league_branch.department_id)
    return set(roles.values_list("user_id", flat=True))


def tell_decided(*, exemptions: Sequence[QuotaExemption], by: User, now: datetime) -> None:
    """To the League branches' secretaries and deputies, one notice an exemption; two queries however many there are."""
    users: dict[int, set[int]] = defaultdict(set)
    posts = Post.objects.filter(
        league_branch__in=[row.league_branch_id for row in exemptions], kind__in=LEAGUE_POSTS, ended_on=None,
        person__user__isnull=False,
    )  # fmt: skip
    for branch_id, user_id in posts.values_list("league_branch_id", "person__user_id"):
        users[branch_id].add(user_id)
    post_notices(notices=_decided(exemptions, users, by, now), now=now)


def _decided(
    exemptions: Iterable[QuotaExemption], users: dict[int, set[int]], by: User, now: datetime
) -> Iterable[DueNotice]:
    for row in exemptions:
        for user_id in sorted(
            (users[row.league_branch_id] | ({row.asked_by_id} if row.asked_by_id else set())) - {by.pk}
        ):
            yield DueNotice(
                kind=EXEMPTION_DECIDED, user_id=user_id, subject=_subject(row), link=PAGE,
                dedupe_key=f"{EXEMPTION_DECIDED}:{row.pk}:{row.state}:{now:%Y%m%d%H%M%S}:{user_id}",
            )  # fmt: skip


def _states(subjects: Sequence[Subject]) -> dict[int, str]:
    ids = [subject.get("exemption", 0) for subject in subjects]
    return dict(QuotaExemption.objects.filter(pk__in=ids).values_list("pk", "state"))


def _not_waiting(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    states = _states(subjects)
    return [states.get(subject.get("exemption", 0)) != ExemptionState.ASKED for subject in subjects]


def _decided_otherwise(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    states = _states(subjects)
    return [states.get(subject.get("exemption", 0)) != subject.get("state") for subject in subjects]
