"""What the quick log offers first: one's own pairs and League branches, then the ordinary purposes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from pairing_portal.common.scope import Scope
from pairings.models import MemberPairing

from .models import LogPurpose
from .querysets import league_branches_on_duty


@dataclass(frozen=True)
class Choice:
    """One large button. `key` is what the form sends; `hint` says more in small print."""

    key: str
    label: str
    hint: str
    icon: str
    purpose: LogPurpose
    member_pairing: MemberPairing | None = None
    league_branch: LeagueBranch | None = None


def log_choices(scope: Scope, today: date | None = None) -> list[Choice]:
    """Choices of a person, most likely first. People in no pair still log study and service; duties are those of `today`."""
    choices: list[Choice] = []
    pairs = MemberPairing.objects.visible_to(scope).open().of_person(scope.person_id or 0).with_people()
    for pair in pairs:
        other = pair.other(scope.person_id)
        choices.append(
            Choice(f"pair-{pair.pk}", other.name, _("my pair"), "people", LogPurpose.PAIRING, member_pairing=pair)
        )
    duties = LeagueBranch.objects.visible_to(scope).active().filter(pk__in=league_branches_on_duty(scope, today))
    for branch in duties:
        choices.append(
            Choice(
                f"league-{branch.pk}",
                branch.name,
                _("my League branch"),
                "flag",
                LogPurpose.LEAGUE_BRANCH,
                league_branch=branch,
            )
        )
    choices.append(Choice("study", _("Study"), _("theory, reading, joint study"), "book", LogPurpose.SELF_STUDY))
    choices.append(Choice("service", _("Volunteer service"), _("on and off campus"), "heart", LogPurpose.SERVICE))
    choices.append(Choice("other", _("Other"), _("meetings, preparation, files"), "pencil", LogPurpose.OTHER))
    return choices
