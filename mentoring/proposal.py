"""Mentors for a whole branch, tier by tier, by exact assignment: who is asked, what counts, what forbids, who stays without.

Pure: no ORM, no clock. People come in as a `PlanBoard` (`plan_board.py` reads it). Rules become matrices, so that 200 people
take no longer than three; each couple that comes out is asked of `rules.py` once more, which has the last word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from branches.models import Programme
from branches.policy import Policy
from members.stages import Stage
from pairing_portal.common import matching
from pairing_portal.common.problems import Problem

from . import wording
from .rules import (
    TIERS,
    GuidanceCase,
    GuideFacts,
    LeagueFacts,
    Limits,
    LinkCase,
    LinkFacts,
    Network,
    PersonFacts,
    guidance_problems,
    link_problems,
)
from .tiers import Tier

# Months that are looked ahead; years ahead that still count.
MONTHS_COUNTED: Final = 12
ALL_MONTHS: Final = (1 << MONTHS_COUNTED) - 1
YEARS_COUNTED: Final = 3
LEAGUE_BRANCHES_PER_GUIDE: Final = 1
# What the law asks for comes first; classmates last, so that those who help nobody yet are asked there.
ORDER: Final = (Tier.ACTIVISTS, Tier.NEW_MEMBERS, Tier.LEAGUE_BRANCHES, Tier.CLASSMATES)


@dataclass(frozen=True)
class Weights:
    """Points of each reason, from policy on a day."""

    same_class: int = 20
    same_major: int = 15
    months: int = 2
    light_load: int = 10
    higher_year: int = 5
    upgrade: int = 20

    @classmethod
    def in_force(cls, on: date, policy: Policy) -> Weights:
        return cls(**{name: policy.number(f"mentor_{name}", on) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Card:
    """A person of the plan. `months`: a bit for each of the next twelve in which they are on campus."""

    facts: PersonFacts
    major: str = ""
    months: int = ALL_MONTHS

    @property
    def key(self) -> str:
        return self.facts.number


@dataclass
class PlanBoard:
    """What a plan is made of. `classmates`: people outside the branch who may be offered a mentor; `said_no`: those who
    declined one this year. `network` holds what stands; it grows while tiers are proposed one after the other."""

    branch_id: int
    today: date
    cards: dict[int, Card]
    leagues: dict[int, LeagueFacts] = field(default_factory=dict)
    network: Network = field(default_factory=Network)
    limits: Limits = field(default_factory=Limits)
    weights: Weights = field(default_factory=Weights)
    contacts_min: int = 1
    partner_branches: frozenset[int] = frozenset()
    classmates: frozenset[int] = frozenset()
    said_no: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Seeker:
    """Who is to be helped: a person, in tier 4 a League branch; `has` mentors of the `wants` the scheme asks for."""

    pk: int
    key: str
    name: str
    facts: PersonFacts | LeagueFacts
    has: int
    wants: int
    major: str = ""
    months: int = ALL_MONTHS

    @property
    def class_id(self) -> int | None:
        return self.facts.class_id if isinstance(self.facts, PersonFacts) else None


@dataclass(frozen=True)
class Couple:
    """A proposed link or guidance; `reasons` as stored: [key, points, detail]."""

    tier: int
    mentor: Card
    seeker: Seeker
    score: int
    reasons: list[list[Any]]


@dataclass(frozen=True)
class Without:
    """Somebody who stays with fewer mentors than wanted, and the code `wording.without_words` speaks."""

    tier: int
    seeker: Seeker
    has: int
    why: str


@dataclass(frozen=True)
class Proposal:
    couples: list[Couple]
    without: list[Without]


# --- Who takes part ------------------------------------------------------------------------------


def is_here(person: PersonFacts, today: date) -> bool:
    return person.stage != Stage.LEFT and (person.graduates_on is None or person.graduates_on >= today)


def mentors_for(board: PlanBoard, tier: int) -> list[Card]:
    """Who may be proposed as mentor at all, by number; contacts are full members. Tier 1 asks the branch's own people only."""
    stages = frozenset({Stage.FULL}) if tier == Tier.ACTIVISTS else TIERS[tier].mentor_stages
    branches = {board.branch_id} if tier == Tier.CLASSMATES else {board.branch_id, *board.partner_branches}
    found = [
        card
        for card in board.cards.values()
        if card.facts.stage in stages and card.facts.branch_id in branches and is_here(card.facts, board.today)
        and (tier != Tier.CLASSMATES or card.facts.class_id is not None)
    ]  # fmt: skip
    return sorted(found, key=lambda card: card.key)


def seekers_for(board: PlanBoard, tier: int) -> list[Seeker]:
    """Who should have a mentor and has fewer than the scheme asks for, by number."""
    if tier == Tier.LEAGUE_BRANCHES:
        found = list(_league_seekers(board))
    else:
        links = [link for link in board.network.open_links(tier) if tier != Tier.ACTIVISTS or link.is_formal]
        has = Counter(link.mentee_id for link in links)
        wants = min(board.contacts_min, board.limits.contacts_max) if tier == Tier.ACTIVISTS else 1
        found = [
            Seeker(card.facts.pk, card.key, card.facts.name, card.facts, has[card.facts.pk], wants, card.major, card.months)
            for card in _people_to_help(board, tier)
        ]  # fmt: skip
    return sorted((seeker for seeker in found if seeker.has < seeker.wants), key=lambda seeker: seeker.key)


def _people_to_help(board: PlanBoard, tier: int) -> list[Card]:
    """Tier 1: classmates of those who may help. Tier 2: the branch's activists. Tier 3: its probationary members."""
    here = [card for card in board.cards.values() if is_here(card.facts, board.today)]
    if tier == Tier.CLASSMATES:
        classes = {card.facts.class_id for card in mentors_for(board, tier)}
        return [
            card
            for card in here
            if card.facts.stage in TIERS[tier].mentee_stages and card.facts.class_id in classes
            and (card.facts.branch_id == board.branch_id or card.facts.pk in board.classmates)
        ]  # fmt: skip
    stages = TIERS[tier].mentee_stages if tier == Tier.ACTIVISTS else {Stage.PROBATIONARY}
    return [card for card in here if card.facts.branch_id == board.branch_id and card.facts.stage in stages]


def _league_seekers(board: PlanBoard) -> Iterable[Seeker]:
    """Active junior League branches of the branch."""
    wants = min(board.limits.guides_min, board.limits.guides_max)
    for league in board.leagues.values():
        if league.is_active and league.study_year <= board.limits.junior_study_years:
            has = len(board.network.guides_of(league.pk))
            yield Seeker(league.pk, f"{league.pk:012}", league.name, league, has, wants)


def places(limits: Limits, tier: int) -> int:
    """How many one mentor of the tier may have."""
    return {
        Tier.CLASSMATES: limits.classmates_per_mentor,
        Tier.ACTIVISTS: limits.contact_mentees_warn,
        Tier.NEW_MEMBERS: limits.senior_mentees_max,
        Tier.LEAGUE_BRANCHES: LEAGUE_BRANCHES_PER_GUIDE,
    }[Tier(tier)]


def taken_places(network: Network, tier: int) -> Counter[int]:
    """Mentees of each mentor that count for the limit of the tier; drafts count too."""
    if tier == Tier.LEAGUE_BRANCHES:
        return Counter(row.person_id for row in network.guides if row.ended_on is None)
    links = network.open_links(tier)
    return Counter(link.mentor_id for link in links if tier != Tier.ACTIVISTS or link.is_formal)


# --- What forbids --------------------------------------------------------------------------------


def blockers(
    board: PlanBoard, tier: int, mentors: Sequence[Card], seekers: Sequence[Seeker], network: Network
) -> list[matching.Blocker]:
    """The rules of the tier as matrices; the places a mentor has are the solver's own business."""  # fmt: skip
    found = [
        matching.barred_where(wording.LINKED, _cells(mentors, seekers, _linked(board, tier, network))),
        matching.barred_where(wording.CIRCLE, _cells(mentors, seekers, _circles(tier, mentors, seekers, network))),
    ]
    if tier == Tier.CLASSMATES:
        theirs, mine = _column([card.facts.class_id for card in mentors]), [seeker.class_id for seeker in seekers]
        found.append(matching.barred_where(wording.OTHER_CLASS, theirs != _row(mine)))
    elif tier == Tier.NEW_MEMBERS:
        theirs, mine = _column([_day(card.facts) for card in mentors]), _row([_day(seeker.facts) for seeker in seekers])
        unknown = (theirs == 0) | (mine == 0)
        found.append(matching.barred_where(wording.UNKNOWN_DAY, unknown))
        found.append(matching.barred_where(wording.NOT_EARLIER, ~unknown & (theirs >= mine)))
    elif tier == Tier.LEAGUE_BRANCHES:
        theirs, mine = (
            _column([card.facts.study_year or 0 for card in mentors]),
            [seeker.facts.study_year or 0 for seeker in seekers],
        )
        unknown = _column([card.facts.study_year is None for card in mentors]) == 1
        found.append(matching.barred_where(wording.NOT_HIGHER, unknown | (theirs <= _row(mine))))
    return found  # fmt: skip


def _day(facts: PersonFacts | LeagueFacts) -> int:
    on = facts.admitted_on if isinstance(facts, PersonFacts) else None
    return on.toordinal() if on else 0


def _column(values: Sequence[Any]) -> Any:
    return np.array([-1 if value is None else int(value) for value in values], np.int64)[:, None]


def _row(values: Sequence[Any]) -> Any:
    return np.array([-2 if value is None else int(value) for value in values], np.int64)[None, :]


def _cells(mentors: Sequence[Card], seekers: Sequence[Seeker], couples: Collection[tuple[int, int]]) -> Any:
    rows = {card.facts.pk: number for number, card in enumerate(mentors)}
    columns = {seeker.pk: number for number, seeker in enumerate(seekers)}
    cells = np.zeros((len(mentors), len(seekers)), np.bool_)
    for mentor_id, seeker_id in couples:
        if mentor_id in rows and seeker_id in columns:
            cells[rows[mentor_id], columns[seeker_id]] = True
    return cells


def _linked(board: PlanBoard, tier: int, network: Network) -> set[tuple[int, int]]:
    """Couples whose link stands, or ends after the new one would begin."""
    if tier == Tier.LEAGUE_BRANCHES:
        rows = [(row.person_id, row.league_branch_id, row.ended_on) for row in network.guides]
    else:
        rows = [(link.mentor_id, link.mentee_id, link.ended_on) for link in network.links if link.tier == tier]
    return {(mentor, seeker) for mentor, seeker, ended_on in rows if ended_on is None or ended_on > board.today}


def _circles(tier: int, mentors: Sequence[Card], seekers: Sequence[Seeker], network: Network) -> set[tuple[int, int]]:
    """Couples in which the one to be helped mentors the other already, directly or through others."""
    if tier == Tier.LEAGUE_BRANCHES:
        return set()
    mentees: dict[int, list[int]] = defaultdict(list)
    for link in network.open_links(tier):
        mentees[link.mentor_id].append(link.mentee_id)
    found = set()
    for seeker in seekers:
        seen, waiting = {seeker.pk}, [seeker.pk]
        while waiting:
            fresh = set(mentees.get(waiting.pop(), ())) - seen
            seen |= fresh
            waiting.extend(fresh)
        found |= {(card.facts.pk, seeker.pk) for card in mentors if card.facts.pk in seen} if len(seen) > 1 else set()
    return found


# --- What counts ---------------------------------------------------------------------------------


def criteria(
    board: PlanBoard, tier: int, mentors: Sequence[Card], seekers: Sequence[Seeker], loads: Counter[int]
) -> list[matching.Criterion]:
    """The reasons of a tier. Support needs and calls for help are none: a reason is read by others."""  # fmt: skip
    weights = board.weights
    light = np.array([weights.light_load * (2 - min(loads[card.facts.pk], 2)) // 2 for card in mentors], np.int32)
    found = [
        matching.overlap(
            wording.MONTHS, weights.months, [card.months for card in mentors], [seeker.months for seeker in seekers],
            at_most=MONTHS_COUNTED,
        ),
        matching.Criterion(wording.LIGHT_LOAD, lambda i, j: light[i] + 0 * j),
    ]  # fmt: skip
    if tier != Tier.LEAGUE_BRANCHES:
        found.append(matching.same(
            wording.SAME_MAJOR, weights.same_major, [card.major for card in mentors], [seeker.major for seeker in seekers]
        ))  # fmt: skip
    if tier in (Tier.ACTIVISTS, Tier.NEW_MEMBERS):
        classes = [card.facts.class_id for card in mentors]
        found.append(
            matching.same(wording.SAME_CLASS, weights.same_class, classes, [seeker.class_id for seeker in seekers])
        )
    if tier in (Tier.ACTIVISTS, Tier.LEAGUE_BRANCHES):
        found.append(_years_ahead(weights.higher_year, mentors, seekers))
    if tier == Tier.LEAGUE_BRANCHES:
        upgrade = np.array(
            [weights.upgrade * (card.facts.programme == Programme.UPGRADE) for card in mentors], np.int32
        )
        found.append(matching.Criterion(wording.UPGRADE, lambda i, j: upgrade[i] + 0 * j))
    return found


def _years_ahead(weight: int, mentors: Sequence[Card], seekers: Sequence[Seeker]) -> matching.Criterion:
    """`weight` for each year of study the mentor is ahead; nothing where one of the years is unknown."""
    mine = np.array([card.facts.study_year or 0 for card in mentors], np.int32)
    theirs = np.array([seeker.facts.study_year or 99 for seeker in seekers], np.int32)
    return matching.Criterion(
        wording.HIGHER_YEAR, lambda i, j: weight * np.clip(mine[i] - theirs[j], 0, YEARS_COUNTED).astype(np.int32)
    )


def couple_detail(key: str, mentor: Card, seeker: Seeker, loads: Counter[int]) -> Any:
    """What the words of a reason name."""
    if key == wording.MONTHS:
        return (mentor.months & seeker.months).bit_count()
    if key == wording.LIGHT_LOAD:
        return loads[mentor.facts.pk]
    if key == wording.HIGHER_YEAR:
        return (mentor.facts.study_year or 0) - (seeker.facts.study_year or 0)
    return None


def loads_of(network: Network) -> Counter[int]:
    """How many each one helps in all tiers."""
    helped = Counter(link.mentor_id for link in network.links if link.ended_on is None)
    helped.update(row.person_id for row in network.guides if row.ended_on is None)
    return helped


# --- The proposal --------------------------------------------------------------------------------


def propose(board: PlanBoard, tier: int) -> Proposal:
    """The best couples of one tier. Each who waits gets one mentor after the other, as long as somebody fits.

    First among the branch's own people; those of paired branches are asked only for whom nobody of the own branch has room.
    """
    return _Proposing(board, tier).run()


def propose_tiers(board: PlanBoard, tiers: Collection[int]) -> list[Couple]:
    """The couples of several tiers; each tier counts those proposed before."""
    couples: list[Couple] = []
    for tier in ORDER:
        if tier in tiers:
            fresh = propose(board, tier).couples
            for couple in fresh:
                stand(board.network, couple, board.today)
            couples += fresh
    return couples


def stand(network: Network, couple: Couple, today: date) -> None:
    """Count a couple among those that stand."""
    if couple.tier == Tier.LEAGUE_BRANCHES:
        network.guides.append(GuideFacts(0, couple.mentor.facts.pk, couple.seeker.pk, today))
    else:
        is_formal = couple.tier == Tier.ACTIVISTS
        network.links.append(
            LinkFacts(0, couple.tier, couple.mentor.facts.pk, couple.seeker.pk, today, is_formal=is_formal)
        )


def couple_problems(board: PlanBoard, tier: int, mentor: Card, seeker: Seeker, network: Network) -> list[Problem]:
    """What the rules say against one couple."""
    if isinstance(seeker.facts, LeagueFacts):
        return guidance_problems(GuidanceCase(
            mentor.facts, seeker.facts, board.today, network=network, limits=board.limits,
            partner_branches=board.partner_branches,
        ))  # fmt: skip
    return link_problems(LinkCase(
        tier, mentor.facts, seeker.facts, board.today, is_formal=tier == Tier.ACTIVISTS, network=network, limits=board.limits,
        partner_branches=board.partner_branches,
    ))  # fmt: skip


class _Proposing:
    """One tier being proposed: what is still wanted, what was found, and what stood in the way."""

    def __init__(self, board: PlanBoard, tier: int) -> None:
        self.board, self.tier = board, tier
        self.network = Network([*board.network.links], [*board.network.guides])
        self.loads = loads_of(board.network)
        self.seekers = seekers_for(board, tier)
        self.has = {seeker.pk: seeker.has for seeker in self.seekers}
        self.couples: list[Couple] = []
        self.refused: set[tuple[int, int]] = set()
        self.obstacles: dict[int, list[matching.LeftOver]] = defaultdict(list)

    def run(self) -> Proposal:
        mentors = mentors_for(self.board, self.tier)
        own: list[Card] = []
        partners: list[Card] = []
        for card in mentors:
            (own if card.facts.branch_id == self.board.branch_id else partners).append(card)
        for pool in (own, partners):
            while self._round(pool):
                pass
        without = [
            Without(self.tier, seeker, self.has[seeker.pk], self._why(seeker))
            for seeker in self.seekers
            if self.has[seeker.pk] < seeker.wants
        ]
        return Proposal(sorted(self.couples, key=lambda couple: (couple.seeker.key, couple.mentor.key)), without)

    def _is_waiting(self, seeker: Seeker) -> bool:
        said_no = self.tier == Tier.CLASSMATES and seeker.pk in self.board.said_no
        return self.has[seeker.pk] < seeker.wants and not said_no

    def _round(self, pool: Sequence[Card]) -> bool:
        """One more mentor for each who waits; False when nothing more can be found in this pool."""
        waiting = [seeker for seeker in self.seekers if self._is_waiting(seeker)]
        if not waiting or not pool:
            return False
        result = matching.solve(self._problem(pool, waiting))
        mentors, seekers = {card.key: card for card in pool}, {seeker.key: seeker for seeker in waiting}
        for pair in result.pairs:
            self._take(mentors[pair.a], seekers[pair.b], pair)
        if not result.pairs:
            for row in result.left_over:
                if row.side == "b":
                    self.obstacles[seekers[row.key].pk].append(row)
        return bool(result.pairs)

    def _problem(self, pool: Sequence[Card], waiting: Sequence[Seeker]) -> matching.Problem:
        taken, limit = taken_places(self.network, self.tier), places(self.board.limits, self.tier)
        forbidden = blockers(self.board, self.tier, pool, waiting, self.network)
        return matching.Problem(
            a=[card.key for card in pool],
            b=[seeker.key for seeker in waiting],
            criteria=criteria(self.board, self.tier, pool, waiting, self.loads),
            blockers=[*forbidden, matching.barred_where(wording.BY_RULES, _cells(pool, waiting, self.refused))],
            limit_a=[max(0, limit - taken[card.facts.pk]) for card in pool],
        )

    def _take(self, mentor: Card, seeker: Seeker, pair: matching.Pair) -> None:
        """Keep a couple of the solver, unless the rules know better: then it is not asked for again."""
        problems = couple_problems(self.board, self.tier, mentor, seeker, self.network)
        if any(problem.severity == "block" for problem in problems):
            self.refused.add((mentor.facts.pk, seeker.pk))
            return
        reasons = [[key, points, couple_detail(key, mentor, seeker, self.loads)] for key, points in pair.parts]
        if mentor.facts.branch_id != self.board.branch_id:
            reasons.append([wording.PAIRED_BRANCH, 0, mentor.facts.branch_name])
        couple = Couple(self.tier, mentor, seeker, pair.score, reasons)
        stand(self.network, couple, self.board.today)
        self.has[seeker.pk] += 1
        self.couples.append(couple)

    def _why(self, seeker: Seeker) -> str:
        if not self._is_waiting(seeker):
            return wording.SAID_NO
        rows = self.obstacles[seeker.pk]
        if any(row.why == matching.CAPACITY for row in rows):
            return wording.CAPACITY
        counts: Counter[str] = Counter()
        for row in rows:
            counts.update(dict(row.detail))
        # Whom they have already is the last thing to say to one who needs a second.
        by_weight = sorted(counts, key=lambda key: (key == wording.LINKED, -counts[key], key))
        return by_weight[0] if by_weight else wording.NOBODY
