"""What the quick log offers first: one's own pairs, mentoring links and League branches, then the ordinary purposes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from mentoring.models import LeagueGuidance, Mentorship
from pairing_portal.common.scope import Scope
from pairings.models import MemberPairing

from .event_models import Activity, ActivityState, Participation, ParticipationState
from .lecture_querysets import league_branches_on_duty
from .models import LogPurpose

TAKES_PART = (ParticipationState.INVITED, ParticipationState.SIGNED_UP, ParticipationState.PRESENT)


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
    mentorship: Mentorship | None = None
    league_guidance: LeagueGuidance | None = None


def log_choices(scope: Scope, today: date | None = None) -> list[Choice]:
    """Choices of a person, most likely first. People in no pair still log study and service; duties are those of `today`."""
    choices: list[Choice] = []
    pairs = MemberPairing.objects.visible_to(scope).open().of_person(scope.person_id or 0).with_people()
    for pair in pairs:
        other = pair.other(scope.person_id)
        choices.append(
            Choice(f"pair-{pair.pk}", other.name, _("my pair"), "people", LogPurpose.PAIRING, member_pairing=pair)
        )
    choices += _link_choices(scope)
    guided = _guidance_choices(scope)
    choices += guided
    duties = LeagueBranch.objects.visible_to(scope).active().filter(pk__in=league_branches_on_duty(scope, today))
    # Where one guides the League branch as well, the guidance is what is logged: it says what it was about.
    for branch in duties.exclude(pk__in=[choice.league_branch.pk for choice in guided if choice.league_branch]):
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


def todays_activities(scope: Scope, today: date) -> list[Activity]:
    """Today's activities one takes part in: finishing them credits the hours, so nobody logs them by hand."""
    part = Participation.objects.visible_to(scope).filter(person_id=scope.person_id or 0)
    mine = part.filter(state__in=TAKES_PART).values("activity_id")
    known = (ActivityState.PUBLISHED, ActivityState.FINISHED)
    rows = Activity.objects.visible_to(scope).filter(pk__in=mine, state__in=known, starts_at__date=today)
    return list(rows.order_by("starts_at", "pk"))


def _link_choices(scope: Scope) -> list[Choice]:
    """Running mentoring links of both roles: first the people one helps, then those who help."""
    me = scope.person_id or 0
    links = list(Mentorship.objects.visible_to(scope).running().of_person(me).select_related("mentor", "mentee"))
    return [
        Choice(
            f"link-{link.pk}",
            link.other(me).name,
            _("I help them") if link.mentor_id == me else _("they help me"),
            "person-check" if link.mentor_id == me else "heart",
            LogPurpose.MENTORING,
            mentorship=link,
        )
        for link in sorted(links, key=lambda link: link.mentor_id != me)
    ]


def _guidance_choices(scope: Scope) -> list[Choice]:
    """League branches one guides."""
    own = LeagueGuidance.objects.visible_to(scope).running().filter(person_id=scope.person_id or 0)
    return [
        Choice(
            f"guidance-{row.pk}",
            row.league_branch.name,
            _("I guide this League branch"),
            "flag",
            LogPurpose.LEAGUE_BRANCH,
            league_branch=row.league_branch,
            league_guidance=row,
        )
        for row in own.select_related("league_branch")
    ]
