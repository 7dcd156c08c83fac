"""Whom and what a file may speak of: people and League branches within the user's reach, and the links among them.

A fixed number of queries for any number of rows. Somebody out of reach is treated as somebody who does not exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from branches.models import LeagueBranch, PartyBranch
from branches.policy import Policy
from members.models import Person
from members.querysets import person_visibility
from pairing_portal.common.scope import Scope

from ..facts import facts_of, league_facts_of, load_network, partners_of, year_start
from ..models import LeagueGuidance, Mentorship
from ..rules import LeagueFacts, Limits, PersonFacts
from ..tiers import LinkState, Tier
from .drafts import Named, PairDraft
from .places import Places

Couple = tuple[int, int, int]


class Unknown(Exception):
    """Nobody within reach is meant for certain; the words say what to do."""


@dataclass
class Reach:
    """`scope` None is the operator's command line. Load it inside the transaction that writes: it locks what it finds."""

    scope: Scope | None
    today: date
    by_number: dict[str, Person] = field(default_factory=dict)
    by_name: dict[str, list[Person]] = field(default_factory=lambda: defaultdict(list))
    leagues: dict[str, list[LeagueBranch]] = field(default_factory=lambda: defaultdict(list))
    facts: dict[int, PersonFacts] = field(default_factory=dict)
    league_facts: dict[int, LeagueFacts] = field(default_factory=dict)
    partners: dict[int, set[int]] = field(default_factory=dict)
    links: dict[Couple, Mentorship] = field(default_factory=dict)
    guidances: dict[tuple[int, int], LeagueGuidance] = field(default_factory=dict)
    declined: dict[Couple, date] = field(default_factory=dict)
    places: Places = field(init=False)
    limits: Limits = field(init=False)

    @classmethod
    def load(cls, drafts: Sequence[PairDraft], scope: Scope | None, today: date, *, lock: bool) -> Reach:
        reach = cls(scope, today)
        start = year_start(today)
        named = [draft.mentor for draft in drafts]
        named += [draft.mentee for draft in drafts if draft.tier != Tier.LEAGUE_BRANCHES]
        people = reach._people(named, lock=lock)
        for person in people:
            reach.by_number[person.number] = person
            reach.by_name[person.name].append(person)
            reach.facts[person.pk] = facts_of(person, start)
        leagues = reach._leagues([d.mentee.name for d in drafts if d.tier == Tier.LEAGUE_BRANCHES], start, lock=lock)
        reach._links([person.pk for person in people], [league.pk for league in leagues])
        branches = {person.party_branch_id for person in people} | {league.party_branch_id for league in leagues}
        reach.partners = partners_of(branches, today)
        reach.limits = Limits.on(today, Policy())
        return reach

    @property
    def is_unlimited(self) -> bool:
        return self.scope is None or self.scope.college_staff

    def may_keep(self, branch: PartyBranch) -> bool:
        """Whether the user arranges the links of this Party branch."""
        return self.scope is None or self.scope.manages(branch.pk) or self.scope.oversees(branch.department_id)

    def _people(self, named: Sequence[Named], *, lock: bool) -> list[Person]:
        """Those of these numbers and names whom the scope sees, or who belong to a branch paired with one it runs."""
        numbers = {who.number for who in named if who.number}
        names = {who.name for who in named if not who.number}
        people = Person.objects.filter(Q(number__in=numbers) | Q(name__in=names))
        if not self.is_unlimited:
            assert self.scope is not None
            paired = partners_of(self.scope.managed_branch_ids, self.today)
            near = Q(party_branch_id__in=set().union(*paired.values()))
            people = people.filter(person_visibility(self.scope) | near)
        people = people.select_related("party_branch", "school_class").order_by("pk")
        return list(people.select_for_update(of=("self",)) if lock else people)

    def _leagues(self, names: Sequence[str], start: int, *, lock: bool) -> list[LeagueBranch]:
        """League branches by their name, and by the name of their class."""
        wanted = {_compact(name) for name in names}
        if not wanted:
            return []
        leagues: Any = LeagueBranch.objects.all() if self.scope is None else LeagueBranch.objects.visible_to(self.scope)
        leagues = leagues.select_related("party_branch", "school_class").order_by("pk")
        found = []
        for league in leagues.select_for_update(of=("self",)) if lock else leagues:
            known_as = {
                _compact(league.name),
                _compact(league.school_class.name if league.school_class else league.name),
            }
            if wanted.isdisjoint(known_as):
                continue
            found.append(league)
            for name in known_as:
                self.leagues[name].append(league)
            self.league_facts[league.pk] = league_facts_of(league, start)
        return found

    def _links(self, people: Sequence[int], leagues: Sequence[int]) -> None:
        self.places = Places(load_network(people, leagues))
        links = Mentorship.objects.filter(mentor_id__in=people, mentee_id__in=people).with_people()
        for link in links.filter(state=LinkState.DECLINED):
            if link.ended_on is not None:
                self.declined[link.tier, link.mentor_id, link.mentee_id] = link.ended_on
        self.links = {(link.tier, link.mentor_id, link.mentee_id): link for link in links.open()}
        guidances = (
            LeagueGuidance.objects.open().filter(person_id__in=people, league_branch_id__in=leagues).with_names()
        )
        self.guidances = {(row.person_id, row.league_branch_id): row for row in guidances}

    # --- who is meant ---------------------------------------------------------------------------

    def person(self, who: Named) -> Person:
        """By number; by name only when one person of that name is within reach. Raises `Unknown`."""
        if who.number:
            return self._of_number(who)
        candidates = [person for person in self.by_name.get(who.name, ()) if _fits(person, who)]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            words = _("%(count)d people are called “%(name)s”. Write the number of the one who is meant.")
            raise Unknown(words % {"count": len(candidates), "name": who.name[:20]})
        raise Unknown(self._nobody(_("Nobody called “%(name)s” is in the roster. Write the number, or enter the person first."),
                                   _("“%(name)s” is outside what you manage, or not in the roster. Write the number if you are sure.")) % {"name": who.name[:20]})  # fmt: skip

    def _of_number(self, who: Named) -> Person:
        person = self.by_number.get(who.number)
        if person is None:
            raise Unknown(self._nobody(_("Number %(number)s is not in the roster. Check it, or import the roster first."),
                                       _("Number %(number)s is outside what you manage, or not in the roster. Check it.")) % {"number": who.number[:20]})  # fmt: skip
        if who.name and person.name != who.name:
            words = _("Number %(number)s belongs to %(name)s, the file says “%(stated)s”. Correct one of the two.")
            raise Unknown(words % {"number": person.number, "name": person.name, "stated": who.name[:20]})
        return person

    def league(self, name: str) -> LeagueBranch:
        """By its name or its class's. Raises `Unknown`."""
        found = self.leagues.get(_compact(name), [])
        if len(found) == 1:
            return found[0]
        if found:
            words = _("%(count)d League branches are called “%(name)s”. Write the full name of the League branch.")
            raise Unknown(words % {"count": len(found), "name": name[:40]})
        raise Unknown(self._nobody(_("There is no League branch “%(name)s”. Write its name as the portal has it."),
                                   _("League branch “%(name)s” is outside what you manage, or does not exist. Write its name as the portal has it.")) % {"name": name[:40]})  # fmt: skip

    def _nobody(self, nowhere: str, out_of_reach: str) -> str:
        return nowhere if self.is_unlimited else out_of_reach


def _compact(name: str) -> str:
    return "".join(name.split())


def _fits(person: Person, who: Named) -> bool:
    """Party branch and class, where the row names them, are this person's."""
    branch = person.party_branch.name if person.party_branch else ""
    school_class = person.school_class.name if person.school_class else ""
    return (not who.branch or branch.endswith(who.branch)) and (
        not who.school_class or school_class == who.school_class
    )
