"""Reads a branch's plan of mentoring: its people and links for `proposal.py`, and the page's sections. A fixed number of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from branches.models import LeagueBranch, PartyBranch
from branches.policy import Policy
from members.models import Absence, Person, Post
from members.stages import Stage
from pairing_portal.common.scope import Scope

from .facts import facts_of, league_facts_of, load_network, partners_of, year_start
from .models import LeagueGuidance, Mentorship
from .proposal import MONTHS_COUNTED, Card, PlanBoard, Weights, places, propose
from .rules import TIERS, Limits, Network
from .tiers import LinkState, Tier
from .wording import NOT_PROPOSED, reason_words, without_words


def read_plan(branch: PartyBranch, *, scope: Scope, today: date, skip: Collection[str] = ()) -> PlanBoard:
    """The board of a branch. Classmates are those the scope may see; `skip`: tokens of drafts that are to count for nothing."""
    policy, start = Policy(), year_start(today)
    partners = frozenset(partners_of([branch.pk], today).get(branch.pk, set()))
    party = list(Person.objects.filter(
        Q(party_branch=branch) | Q(party_branch__in=partners, stage=Stage.FULL)
    ).exclude(stage=Stage.LEFT).select_related("party_branch", "school_class"))  # fmt: skip
    classmates = _classmates(branch, party, scope)
    people = [*party, *classmates]
    ids = [person.pk for person in people]
    leagues = LeagueBranch.objects.filter(party_branch=branch).select_related("school_class")
    months = _months_on_campus(people, today)
    declined = Mentorship.objects.filter(
        mentee__in=[person.pk for person in classmates], tier=Tier.CLASSMATES, state=LinkState.DECLINED,
        ended_on__gte=date(start, 9, 1),
    )  # fmt: skip
    facts = {league.pk: league_facts_of(league, start) for league in leagues}
    return PlanBoard(
        branch_id=branch.pk,
        today=today,
        cards={
            person.pk: Card(facts_of(person, start), person.major, months[person.pk])
            for person in people
        },
        leagues=facts,
        network=_without(load_network(ids, list(facts)), skip),
        limits=Limits.on(today, policy),
        weights=Weights.in_force(today, policy),
        contacts_min=policy.number("contacts_min", today),
        partner_branches=partners,
        classmates=frozenset(person.pk for person in classmates),
        said_no=frozenset(declined.values_list("mentee_id", flat=True)),
    )  # fmt: skip


def _classmates(branch: PartyBranch, party: Iterable[Person], scope: Scope) -> list[Person]:
    """People without a Party branch who sit in a class with one of the branch who may help (RULES.md P6: as far as seen)."""
    row = TIERS[Tier.CLASSMATES]
    classes = {
        person.school_class_id
        for person in party
        if person.party_branch_id == branch.pk and person.stage in row.mentor_stages and person.school_class_id
    }
    people = Person.objects.visible_to(scope).filter(
        school_class__in=classes, party_branch=None, stage__in=row.mentee_stages
    )
    return list(people.select_related("party_branch", "school_class").distinct())


def _months_on_campus(people: Sequence[Person], today: date) -> dict[int, int]:
    """A bit for each of the next months in the middle of which a person is neither away nor gone."""
    middles = [_middle(today, number) for number in range(MONTHS_COUNTED)]
    away: dict[int, list[tuple[date, date | None]]] = defaultdict(list)
    rows = Absence.objects.filter(person__in=people, from_on__lte=middles[-1]).exclude(to_on__lt=middles[0])
    for person_id, from_on, to_on in rows.values_list("person_id", "from_on", "to_on"):
        away[person_id].append((from_on, to_on))
    masks = {}
    for person in people:
        masks[person.pk] = sum(
            1 << number
            for number, middle in enumerate(middles)
            if (person.graduates_on is None or person.graduates_on >= middle)
            and not any(from_on <= middle and (to_on is None or middle <= to_on) for from_on, to_on in away[person.pk])
        )
    return masks


def _middle(today: date, number: int) -> date:
    """The 15th of a month: this month's unless it is over, then one after the other."""
    month = today.month - 1 + number + (today.day > 15)
    return date(today.year + month // 12, month % 12 + 1, 15)


def _without(network: Network, skip: Collection[str]) -> Network:
    return Network(
        [link for link in network.links if f"l{link.pk}" not in skip],
        [row for row in network.guides if f"g{row.pk}" not in skip],
    )


def token(row: Mentorship | LeagueGuidance) -> str:
    """How a form names a row of the plan: l12 is a link, g5 a guidance."""
    return f"{'l' if isinstance(row, Mentorship) else 'g'}{row.pk}"


def tier_of(row: Mentorship | LeagueGuidance) -> int:
    return row.tier if isinstance(row, Mentorship) else Tier.LEAGUE_BRANCHES


# --- The page ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlanRow:
    """A link or guidance as the page shows it. `abroad`: the mentor's branch when it is not the one of the plan."""

    row: Mentorship | LeagueGuidance
    mentor: str
    abroad: str
    mentee: str
    words: list[str]

    @property
    def token(self) -> str:
        return token(self.row)

    @property
    def is_formal(self) -> bool:
        return isinstance(self.row, Mentorship) and self.row.is_formal


@dataclass(frozen=True)
class WithoutGroup:
    """People who stay without a mentor for the same reason."""

    why: str
    names: list[str]


@dataclass(frozen=True)
class Overload:
    name: str
    has: int
    limit: int


@dataclass
class Section:
    """One tier of the page."""

    tier: Tier
    rule: Any
    standing: list[PlanRow]
    drafts: list[PlanRow]
    without: list[WithoutGroup]
    overloaded: list[Overload]
    told: int

    @property
    def without_count(self) -> int:
        return sum(len(group.names) for group in self.without)


@dataclass(frozen=True)
class PlanPage:
    """`told`: how many accounts publishing everything would tell, each counted once."""

    sections: list[Section]
    told: int

    @property
    def draft_count(self) -> int:
        return sum(len(section.drafts) for section in self.sections)


def read_rows(branch: PartyBranch, scope: Scope) -> list[Mentorship | LeagueGuidance]:
    """Open links and guidances the branch keeps, drafts included."""
    links = Mentorship.objects.visible_to(scope).filter(party_branch=branch).open().with_people()
    guidances = LeagueGuidance.objects.visible_to(scope).filter(party_branch=branch).open().with_names()
    return [*links.order_by("tier", "mentee__number", "pk"), *guidances.order_by("league_branch_id", "person__number")]


def plan_page(branch: PartyBranch, *, scope: Scope, user_id: int | None, today: date) -> PlanPage:
    """The four tiers of a branch: what stands, what is drafted, who stays without and why, who has too many."""
    board, rows = read_plan(branch, scope=scope, today=today), read_rows(branch, scope)
    told = _told([row for row in rows if row.state == LinkState.DRAFT], user_id)
    sections = []
    for tier in Tier:
        mine = [row for row in rows if tier_of(row) == tier]
        drafts = [row for row in mine if row.state == LinkState.DRAFT]
        sections.append(Section(
            tier=tier,
            rule=TIERS[tier],
            standing=[_plan_row(row, branch) for row in mine if row.state != LinkState.DRAFT],
            drafts=[_plan_row(row, branch) for row in drafts],
            without=_groups(board, tier),
            overloaded=list(_overloaded(board, tier, mine)),
            told=len({user for row in drafts for user in told[token(row)]}),
        ))  # fmt: skip
    return PlanPage(sections, told=len({user for users in told.values() for user in users}))


def _plan_row(row: Mentorship | LeagueGuidance, branch: PartyBranch) -> PlanRow:
    mentor = row.mentor if isinstance(row, Mentorship) else row.person
    mentee = row.mentee.name if isinstance(row, Mentorship) else row.league_branch.name
    home = mentor.party_branch
    abroad = home.short_name if home is not None and home.pk != branch.pk else ""
    return PlanRow(row, mentor.name, abroad, mentee, reason_words(row.reasons))


def _told(drafts: Sequence[Mentorship | LeagueGuidance], user_id: int | None) -> dict[str, set[int]]:
    """Accounts that publishing each draft tells; the same as `notices.py` says: tier 1 asks the mentee, else both are told."""
    leagues = {row.league_branch_id for row in drafts if isinstance(row, LeagueGuidance)}
    secretaries: dict[int, set[int]] = defaultdict(set)
    if leagues:
        posts = Post.objects.filter(league_branch__in=leagues, ended_on=None, person__user__isnull=False)
        for league_id, secretary_id in posts.values_list("league_branch_id", "person__user_id"):
            secretaries[league_id].add(secretary_id)
    found = {}
    for row in drafts:
        if isinstance(row, LeagueGuidance):
            users = {row.person.user_id, *secretaries[row.league_branch_id]} - {user_id}
        elif row.tier == Tier.CLASSMATES:
            users = {row.mentee.user_id}
        else:
            users = {row.mentor.user_id, row.mentee.user_id} - {user_id}
        found[token(row)] = {user for user in users if user is not None}
    return found


def _groups(board: PlanBoard, tier: Tier) -> list[WithoutGroup]:
    """Everybody who should have a mentor and has none, not even a drafted one: the many with one reason together."""
    proposal = propose(board, tier)
    limit = places(board.limits, tier)
    whys = {row.seeker.pk: row.why for row in proposal.without}
    seekers = {couple.seeker.pk: couple.seeker for couple in proposal.couples}
    seekers |= {row.seeker.pk: row.seeker for row in proposal.without}
    groups: dict[str, list[str]] = defaultdict(list)
    for seeker in sorted(seekers.values(), key=lambda seeker: seeker.key):
        name = seeker.name if seeker.wants == 1 else f"{seeker.name}({seeker.has}/{seeker.wants})"
        groups[whys.get(seeker.pk, NOT_PROPOSED)].append(name)
    return [WithoutGroup(without_words(why, tier=tier, limit=limit), groups[why]) for why in sorted(groups)]


def _overloaded(board: PlanBoard, tier: Tier, rows: Sequence[Mentorship | LeagueGuidance]) -> Iterator[Overload]:
    """Mentors of the plan who help more than the tier allows, links of other branches counted."""
    names = {row.mentor_id: row.mentor.name for row in rows if isinstance(row, Mentorship)}
    names |= {row.person_id: row.person.name for row in rows if isinstance(row, LeagueGuidance)}
    counts: Counter[int] = Counter()
    for link in board.network.open_links(tier):
        counts[link.mentor_id] += link.is_formal or tier != Tier.ACTIVISTS
    for guide in board.network.guides:
        counts[guide.person_id] += guide.ended_on is None and tier == Tier.LEAGUE_BRANCHES
    limit = places(board.limits, tier)
    for pk, name in sorted(names.items(), key=lambda item: (item[1], item[0])):
        if counts[pk] > limit:
            yield Overload(name, counts[pk], limit)
