"""Links that break when people graduate, with a successor proposed for each. Pure; the rules have the last word.

Somebody leaves in or before a year when that is the year of their expected graduation, or an earlier one. A link planned to
end in a year before that does not break; one planned to end with it does, for the other one stays. One whose mentee leaves ends with it and needs no successor. Presumed is that probationary members
become full on the day their probation ends (R16); who is proposed on that presumption is named with that day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from members.stages import Stage
from pairing_portal.common.problems import Problem

from .chain import ChainFacts, ChainLink
from .rule_facts import GuideFacts, LeagueFacts, LinkFacts, Network, PersonFacts
from .rules import TIERS, GuidanceCase, LinkCase, guidance_problems, link_problems


@dataclass(frozen=True)
class Successor:
    """Who could take over: how many links they keep then, what is near, and what the rules remark without forbidding."""

    person: PersonFacts
    load: int
    is_same_class: bool
    is_same_branch: bool
    remarks: tuple[str, ...] = ()
    # Set when they are a full member by then only, from this day on.
    full_from: date | None = None


@dataclass(frozen=True)
class Break:
    """A link that breaks on a day because `leaver` graduates."""

    link: ChainLink
    leaver: PersonFacts
    on: date
    needs_successor: bool
    successor: Successor | None = None


@dataclass(frozen=True)
class Leaving:
    """What is asked: who graduates in or before `year`, seen from `today`.

    `partners`: branches paired with a Party branch, by its id. `network`: every link that takes a place, not only those drawn.
    `start_year`: of the academic year in which study years were counted. `full_from`: when the probation of probationary
    members ends.
    """

    year: int
    today: date
    start_year: int
    network: Network = field(default_factory=Network)
    partners: Mapping[int, frozenset[int]] = field(default_factory=dict)
    full_from: Mapping[int, date] = field(default_factory=dict)


def leaves_by(person: PersonFacts | None, year: int) -> bool:
    return person is not None and person.graduates_on is not None and person.graduates_on.year <= year


def find_breaks(facts: ChainFacts, leaving: Leaving) -> list[Break]:
    """The earliest first. Each successor takes the place of the one before: nobody is proposed beyond what the rules allow."""
    broken = [one for link in facts.links if (one := _break_of(link, facts, leaving)) is not None]
    broken.sort(key=lambda one: (one.on, one.link.tier, one.link.key))
    search = _Search(facts, leaving)
    return [replace(one, successor=search.successor(one)) if one.needs_successor else one for one in broken]


def _break_of(link: ChainLink, facts: ChainFacts, leaving: Leaving) -> Break | None:
    mentor, mentee = facts.people[link.mentor_id], facts.people.get(link.mentee_id)
    leavers = [one for one in (mentor, mentee) if one is not None and leaves_by(one, leaving.year)]
    if not leavers or not link.is_running:
        return None
    leaver = min(leavers, key=lambda one: (one.graduates_on or date.max, one.pk))
    on = leaver.graduates_on or date.max
    if link.ends_on is not None and link.ends_on.year < on.year:
        return None
    on = min(on, link.ends_on or on)
    league = facts.leagues.get(link.league_id)
    is_over = leaves_by(mentee, leaving.year)
    if league is not None:
        is_over = _grown(league, on, leaving).study_year > facts.limits.junior_study_years
    return Break(link, leaver, on, needs_successor=not is_over)


def _years_on(on: date, leaving: Leaving) -> int:
    """Academic years between those in which study years were counted and a later day."""
    return max(on.year - (on.month < 9) - leaving.start_year, 0)


def _grown(league: LeagueFacts, on: date, leaving: Leaving) -> LeagueFacts:
    return replace(league, study_year=league.study_year + _years_on(on, leaving))


class _Search:
    """Proposes one successor after the other; each proposal takes its place in the network."""

    def __init__(self, facts: ChainFacts, leaving: Leaving) -> None:
        self.facts, self.leaving = facts, leaving
        self.stayers = [
            one for pk, one in facts.people.items() if pk in facts.own_ids and not leaves_by(one, leaving.year)
        ]
        self.network = self._after_leaving()
        self.load = Counter(link.mentor_id for link in self.network.links)
        self.load.update(row.person_id for row in self.network.guides)

    def _after_leaving(self) -> Network:
        """What still stands when everybody who leaves has left; people who are not drawn are taken to stay."""
        people, year = self.facts.people, self.leaving.year
        return Network(
            [
                link for link in self.leaving.network.links
                if link.ended_on is None
                and not (leaves_by(people.get(link.mentor_id), year) or leaves_by(people.get(link.mentee_id), year))
            ],
            [
                row for row in self.leaving.network.guides
                if row.ended_on is None and not leaves_by(people.get(row.person_id), year)
            ],
        )  # fmt: skip

    def successor(self, broken: Break) -> Successor | None:
        """The first whom nothing speaks against, else the first whom nothing forbids; the least loaded and nearest come first."""
        link, second = broken.link, None
        target: Any = self.facts.leagues.get(link.league_id) or self.facts.people[link.mentee_id]
        for person in sorted(self._candidates(broken), key=lambda one: self._order(one, target)):
            problems = self._problems(person, broken)
            if any(problem.severity == "block" for problem in problems):
                continue
            remarks = tuple(str(problem) for problem in problems if problem.severity == "warn")
            found = Successor(
                person,
                self.load[person.pk],
                is_same_class=_near(person, target, "class_id"),
                is_same_branch=_near(person, target, "branch_id"),
                remarks=remarks,
                full_from=self._full_from(person, broken.on),
            )
            if not remarks:
                return self._take(found, broken)
            second = second or found
        return self._take(second, broken) if second else None

    def _candidates(self, broken: Break) -> list[PersonFacts]:
        """Who stays and may mentor in this tier at the stage they will have then."""
        link, stages = broken.link, TIERS[broken.link.tier].mentor_stages
        then = (self._grown_up(one, broken.on) for one in self.stayers)
        return [one for one in then if one.stage in stages and one.pk not in (link.mentor_id, link.mentee_id)]

    def _grown_up(self, person: PersonFacts, on: date) -> PersonFacts:
        return replace(person, stage=Stage.FULL) if self._full_from(person, on) else person

    def _full_from(self, person: PersonFacts, on: date) -> date | None:
        """The day on which a probationary member becomes full, if that is before the hand-over."""
        day = self.leaving.full_from.get(person.pk)
        return day if day is not None and day <= on else None

    def _order(self, person: PersonFacts, target: Any) -> tuple[object, ...]:
        return (
            self.load[person.pk],
            not _near(person, target, "class_id"),
            not _near(person, target, "branch_id"),
            abs((person.study_year or 0) - (target.study_year or 0)),
            person.name,
            person.pk,
        )

    def _problems(self, person: PersonFacts, broken: Break) -> list[Problem]:
        link, facts, on = broken.link, self.facts, max(broken.on, self.leaving.today)
        if link.league_id:
            league, years = facts.leagues[link.league_id], _years_on(broken.on, self.leaving)
            guide = replace(person, study_year=None if person.study_year is None else person.study_year + years)
            return guidance_problems(GuidanceCase(
                guide=guide, league=_grown(league, broken.on, self.leaving), starts_on=on, network=self.network,
                limits=facts.limits, partner_branches=self._partners(league.branch_id), replaces=link.pk,
            ))  # fmt: skip
        mentee = facts.people[link.mentee_id]
        return link_problems(LinkCase(
            tier=link.tier, mentor=person, mentee=mentee, starts_on=on, is_formal=link.is_formal, network=self.network,
            limits=facts.limits, partner_branches=self._partners(mentee.branch_id), replaces=link.pk,
        ))  # fmt: skip

    def _partners(self, branch_id: int | None) -> frozenset[int]:
        return self.leaving.partners.get(branch_id or 0, frozenset())

    def _take(self, found: Successor, broken: Break) -> Successor:
        link, pk, on = broken.link, found.person.pk, max(broken.on, self.leaving.today)
        if link.league_id:
            self.network.guides.append(GuideFacts(0, pk, link.league_id, on))
        else:
            self.network.links.append(LinkFacts(0, link.tier, pk, link.mentee_id, on, is_formal=link.is_formal))
        self.load[pk] += 1
        return found


def _near(person: PersonFacts, target: Any, name: str) -> bool:
    mine = getattr(person, name)
    return mine is not None and mine == getattr(target, name, None)
