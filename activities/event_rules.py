"""What an activity may be, who may do what with it, and why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from branches.models import LeagueBranch, PartyBranch
from pairing_portal.common.problems import Problem
from pairing_portal.common.scope import Scope
from pairings.models import BranchPairing
from pairings.states import PairingState

from .event_models import Activity, ActivityKind, ActivityState, Audience, KindGroup

# A reading month is the longest.
LONGEST: Final = timedelta(days=62)
AHEAD: Final = relativedelta(years=2)
BACK: Final = relativedelta(years=1)


@dataclass
class Plan:
    """An activity as somebody wants it; moments are aware."""

    kind: ActivityKind
    title: str
    starts_at: datetime
    ends_at: datetime
    party_branch: PartyBranch | None = None
    league_branch: LeagueBranch | None = None
    pairing: BranchPairing | None = None
    audience: str = Audience.MEMBERS
    place: str = ""
    description: str = ""
    capacity: int | None = None
    needs_sign_up: bool = False
    sign_up_until: datetime | None = None
    co_hosts: list[PartyBranch] = field(default_factory=list)


def may_plan(scope: Scope, *, party_branch: PartyBranch | None, league_branch: LeagueBranch | None) -> bool:
    """The committee of the Party branch, the secretaries of the League branch, and the department of either."""
    if party_branch is not None:
        return party_branch.pk in scope.branch_ids or scope.oversees(party_branch.department_id)
    if league_branch is not None:
        mine = scope.league_branch_ids | scope.guided_league_branch_ids
        return league_branch.pk in mine or scope.oversees(league_branch.department_id)
    return False


def may_run(activity: Activity, scope: Scope) -> bool:
    """Approve, publish, change, finish, cancel: who runs the first host, or oversees its department."""
    if activity.party_branch_id is not None:
        assert activity.party_branch is not None
        return scope.manages(activity.party_branch_id) or scope.oversees(activity.party_branch.department_id)
    assert activity.league_branch is not None
    return activity.league_branch_id in scope.league_branch_ids or scope.oversees(activity.league_branch.department_id)


def may_keep_list(activity: Activity, scope: Scope) -> bool:
    """Check people in: who runs a host, its committee, and who planned it."""
    own = activity.party_branch_id is not None and activity.party_branch_id in scope.branch_ids
    beside = any(row.party_branch_id in scope.branch_ids for row in activity.co_hosts.all())
    return own or beside or may_run(activity, scope) or activity.created_by_id == scope.user_id


def plan_problems(plan: Plan, now: datetime) -> list[Problem]:
    """Everything that speaks against an activity, field by field."""
    return [*_time_problems(plan, now), *_host_problems(plan), *_place_problems(plan)]


def _time_problems(plan: Plan, now: datetime) -> Iterator[Problem]:
    if plan.ends_at <= plan.starts_at:
        yield Problem(_("An activity must end after it starts. Choose a later end."), field="ends_at")
    elif plan.ends_at - plan.starts_at > LONGEST:
        words = _("An activity lasts at most %(days)d days. Plan several, or a repetition.")
        yield Problem(words % {"days": LONGEST.days}, field="ends_at")
    if plan.starts_at < now - BACK:
        yield Problem(_("More than a year ago cannot be entered any more."), field="starts_at")
    if plan.starts_at > now + AHEAD:
        yield Problem(_("More than two years ahead nothing is planned. Check the date."), field="starts_at")
    if plan.sign_up_until is not None and plan.sign_up_until > plan.starts_at:
        yield Problem(_("Sign-up must end before the activity starts."), field="sign_up_until")


def _host_problems(plan: Plan) -> Iterator[Problem]:
    if (plan.party_branch is None) == (plan.league_branch is None):
        yield Problem(_("An activity is hosted by one Party branch or one League branch."), field="host")
        return
    host = plan.party_branch or plan.league_branch
    assert host is not None
    if not host.is_active:
        yield Problem(_("%(branch)s is no longer active.") % {"branch": host}, field="host")
    if plan.kind.group == KindGroup.ORGANISATION and plan.party_branch is None:
        words = _("“%(kind)s” belongs to the life of Party branches. Choose another kind for a League branch.")
        yield Problem(words % {"kind": plan.kind}, "R40", field="kind")
    if plan.audience == Audience.LEAGUE and plan.league_branch is None:
        yield Problem(_("The class of a League branch is invited by that League branch."), field="audience")
    if plan.league_branch is not None and plan.audience in (Audience.MEMBERS, Audience.PARTY, Audience.COMMITTEE):
        yield Problem(_("A League branch invites its class, or everybody of the department."), field="audience")
    yield from _joint_problems(plan)


def _joint_problems(plan: Plan) -> Iterator[Problem]:
    if plan.pairing is None:
        return
    sides = {plan.pairing.helping_branch_id, plan.pairing.partner_branch_id}
    if plan.party_branch is None or plan.party_branch.pk not in sides:
        yield Problem(_("A joint activity is hosted by one of the two paired branches."), "R90", field="pairing")
    elif plan.pairing.state != PairingState.ACTIVE:
        yield Problem(_("This pairing is not running. Choose a running one, or none."), "R90", field="pairing")


def _place_problems(plan: Plan) -> Iterator[Problem]:
    if not plan.title.strip():
        yield Problem(_("Say what it is called."), field="title")
    if plan.capacity is not None and plan.capacity < 1:
        yield Problem(_("At least one place, or leave it empty for no limit."), field="capacity")
    if plan.capacity is not None and not plan.needs_sign_up:
        yield Problem(
            _("A limited number of places needs sign-up. Tick it, or leave the places empty."), field="capacity"
        )


@dataclass(frozen=True)
class Clash:
    """Something at the same time: the same room, or people who are invited to both."""

    activity: Activity
    is_room: bool
    people: int

    def __str__(self) -> str:
        when = date_format(timezone.localtime(self.activity.starts_at), "SHORT_DATETIME_FORMAT")
        values = {"title": self.activity.title, "when": when, "place": self.activity.place, "count": self.people}
        if self.is_room:
            return _("%(place)s is taken then: “%(title)s”, %(when)s.") % values
        return _("%(count)d people are invited to “%(title)s” at the same time (%(when)s).") % values


def clashes_of(plan: Plan, person_ids: Collection[int], *, but_for: int | None = None) -> list[Clash]:
    """Activities of the same time in the same room or with the same people; a warning, never a refusal. Two queries."""
    from django.db.models import Count, Q

    rows = (
        Activity.objects.between(plan.starts_at, plan.ends_at)
        .exclude(state__in=(ActivityState.CANCELLED, ActivityState.DRAFT))
        .exclude(pk=but_for)
        .filter(ends_at__lte=plan.starts_at + timedelta(days=2))
    )
    place = plan.place.strip()
    found = [Clash(row, True, 0) for row in rows.filter(place__iexact=place)[:5]] if place else []
    known = {clash.activity.pk for clash in found}
    invited = Count("participations", filter=Q(participations__person__in=list(person_ids)[:2000]))
    for row in rows.exclude(pk__in=known).annotate(shared=invited).filter(shared__gt=0)[:5]:
        found.append(Clash(row, False, row.shared))
    return found
