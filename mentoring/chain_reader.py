"""Reads a branch or class as the chain: its people, what they are linked with, talks, loads. Fixed numbers of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import Q, QuerySet

from branches.models import LeagueBranch, PartyBranch, SchoolClass
from branches.policy import Policy
from members.models import Person
from members.stages import Stage
from pairing_portal.common.registries import Talks, talk_records
from pairing_portal.common.scope import Scope

from .chain import Chain, ChainFacts, ChainLink, Load, build_chain
from .chain_breaks import Break, Leaving, find_breaks
from .facts import facts_of, load_network, partners_of, year_start
from .models import LeagueGuidance, Mentorship
from .rules import LeagueFacts, Limits
from .services import may_arrange
from .tiers import LinkState, Tier

Place = PartyBranch | SchoolClass
KNOWN = (LinkState.OFFERED, LinkState.ACTIVE)


@dataclass(frozen=True)
class ReadChain:
    facts: ChainFacts
    chain: Chain
    breaks: list[Break]
    graduation_years: list[int]
    year: int


def may_open(scope: Scope) -> bool:
    """Committees, who oversees them, counsellors; administrators for set-up. Others have their own page."""
    return scope.whole_college or bool(scope.branch_ids or scope.department_ids or scope.class_ids)


def may_see_chain(place: Place, scope: Scope) -> bool:
    """A branch: its committee and the department. A class: its counsellor and the department."""
    near = scope.branch_ids if isinstance(place, PartyBranch) else scope.class_ids
    return scope.whole_college or place.pk in near or scope.oversees(place.department_id)


def branches_of(scope: Scope) -> list[PartyBranch]:
    """Active branches whose chain the scope may see, own ones first."""
    rows = PartyBranch.objects.visible_to(scope).filter(is_active=True)
    if not scope.whole_college:
        rows = rows.filter(Q(pk__in=scope.branch_ids) | Q(department_id__in=scope.department_ids))
    own = scope.own_branch_ids & scope.branch_ids
    return sorted(rows, key=lambda one: (one.pk not in own, one.pk not in scope.branch_ids))


def classes_of(scope: Scope) -> list[SchoolClass]:
    rows = SchoolClass.objects.visible_to(scope)
    if not scope.whole_college:
        rows = rows.filter(Q(pk__in=scope.class_ids) | Q(department_id__in=scope.department_ids))
    return list(rows)


def read_chain(place: Place, scope: Scope, *, today: date, year: int | None = None) -> ReadChain:
    """The chain of a branch or class as `scope` may see it; `year`: whose graduation is looked at (default: this academic year's)."""
    start = year_start(today)
    leaving_year = year or start + 1
    here = {"party_branch": place} if isinstance(place, PartyBranch) else {"school_class": place}
    own = list(
        Person.objects.visible_to(scope).filter(**here).exclude(stage=Stage.LEFT)
        .select_related("party_branch", "school_class")
    )  # fmt: skip
    own_ids = frozenset(person.pk for person in own)
    links = list(
        Mentorship.objects.visible_to(scope).with_people().filter(state__in=KNOWN)
        .filter(Q(mentor__in=own_ids) | Q(mentee__in=own_ids)).order_by("tier", "mentor__name_key", "mentee__name_key", "pk")
    )  # fmt: skip
    guidances, leagues = _tier_four(place, scope, own_ids)
    people = {
        person.pk: facts_of(person, start)
        for person in [*own, *_people_of(links), *(row.person for row in guidances)]
    }  # fmt: skip
    own_leagues = frozenset(row.pk for row in leagues)
    known_leagues = {row.pk: _league(row, start) for row in [*leagues, *(one.league_branch for one in guidances)]}
    policy = Policy()
    facts = ChainFacts(
        people=people, own_ids=own_ids, leagues=known_leagues, own_league_ids=own_leagues,
        links=(*_links(links, scope), *_guidance_links(guidances)), loads=_loads(list(people)),
        limits=Limits.on(today, policy), wants_classmates=isinstance(place, SchoolClass),
    )  # fmt: skip
    leaving = Leaving(
        year=leaving_year, today=today, start_year=start, network=load_network(list(people), list(known_leagues)),
        partners=_partners(facts, today), full_from=_full_from(own, policy.number("probation_months", today)),
    )  # fmt: skip
    breaks = find_breaks(facts, leaving)
    return ReadChain(facts, build_chain(facts), breaks, _years(facts, leaving_year, start), leaving_year)


def _people_of(links: Iterable[Mentorship]) -> list[Person]:
    return [person for link in links for person in (link.mentor, link.mentee)]


def _league(row: LeagueBranch, start: int) -> LeagueFacts:
    return LeagueFacts(row.pk, row.name, row.study_year(start), row.party_branch_id, row.department_id, row.is_active)


def _tier_four(place: Place, scope: Scope, own_ids: Collection[int]) -> tuple[list[LeagueGuidance], list[LeagueBranch]]:
    here = {"party_branch": place} if isinstance(place, PartyBranch) else {"school_class": place}
    leagues = list(LeagueBranch.objects.visible_to(scope).filter(is_active=True, **here))
    rows: QuerySet[Any] = LeagueGuidance.objects.visible_to(scope).running().select_related(
        "person__party_branch", "person__school_class", "league_branch", "party_branch"
    )  # fmt: skip
    near = Q(person__in=own_ids) | Q(league_branch__in=[row.pk for row in leagues])
    return list(rows.filter(near)), leagues


def _links(links: list[Mentorship], scope: Scope) -> list[ChainLink]:
    talks = _talks("link", [link.pk for link in links])
    return [
        ChainLink(
            pk=link.pk, tier=link.tier, mentor_id=link.mentor_id, mentee_id=link.mentee_id, starts_on=link.starts_on,
            ends_on=link.ends_on, is_running=link.state == LinkState.ACTIVE, is_formal=link.is_formal,
            may_hand_on=link.state == LinkState.ACTIVE and may_arrange(link.party_branch, scope),
            talks=talks.get(link.pk, Talks()),
        )
        for link in links
    ]  # fmt: skip


def _guidance_links(guidances: list[LeagueGuidance]) -> list[ChainLink]:
    talks = _talks("guidance", [row.pk for row in guidances])
    return [
        ChainLink(
            pk=row.pk, tier=Tier.LEAGUE_BRANCHES, mentor_id=row.person_id, league_id=row.league_branch_id,
            starts_on=row.starts_on, ends_on=row.ends_on, talks=talks.get(row.pk, Talks()),
        )
        for row in guidances
    ]  # fmt: skip


def _talks(kind: str, ids: list[int]) -> dict[int, Talks]:
    return talk_records.get(kind)(ids) if kind in talk_records else {}


def _loads(people: Collection[int]) -> dict[int, Load]:
    """All links these people carry, also those outside the picture: a number, no names."""
    tiers: dict[int, Counter[int]] = {}
    contacts: Counter[int] = Counter()
    rows = Mentorship.objects.filter(mentor_id__in=people, state__in=KNOWN)
    for mentor_id, tier, is_formal in rows.order_by().values_list("mentor_id", "tier", "is_formal"):
        tiers.setdefault(mentor_id, Counter())[tier] += 1
        contacts[mentor_id] += is_formal
    guided = LeagueGuidance.objects.running().filter(person_id__in=people).order_by()
    for person_id in guided.values_list("person_id", flat=True):
        tiers.setdefault(person_id, Counter())[Tier.LEAGUE_BRANCHES] += 1
    return {pk: Load(counts, contacts[pk]) for pk, counts in tiers.items()}


def _partners(facts: ChainFacts, today: date) -> dict[int, frozenset[int]]:
    branches = {one.branch_id for one in facts.people.values()} | {one.branch_id for one in facts.leagues.values()}
    return {pk: frozenset(found) for pk, found in partners_of(branches, today).items()}


def _full_from(people: Iterable[Person], probation_months: int) -> dict[int, date]:
    """When the probation of each probationary member ends (R16), or its extension."""
    months = relativedelta(months=probation_months)
    return {
        one.pk: one.extended_to or one.admitted_on + months
        for one in people
        if one.stage == Stage.PROBATIONARY and one.admitted_on is not None
    }


def _years(facts: ChainFacts, year: int, start: int) -> list[int]:
    known = {
        one.graduates_on.year for one in facts.people.values() if one.graduates_on and one.graduates_on.year > start
    }
    return sorted(known | {year, start + 1})
