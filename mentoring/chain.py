"""Who helps whom through all four tiers, as one graph: columns, who is reached, who carries too much. Pure.

A chain begins at a full member and follows the running links. An offer nobody has answered yet is drawn, but reaches nobody.
People of other branches are taken as reached: what stands above them is told on their own branch's page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from django.db.models import IntegerChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from members.stages import Stage
from pairing_portal.common.registries import Talks

from .rule_facts import LeagueFacts, Limits, PersonFacts
from .rules import TIERS
from .tiers import Tier

# The scheme gives each tier its own number; a person in several tiers at once carries at most these.
LINKS_AT_MOST: Final = 3


class Column(IntegerChoices):
    """The columns of the picture; League branches stand below them."""

    SENIORS = 1, gettext_lazy("Senior members")
    NEW_MEMBERS = 2, gettext_lazy("New members")
    ACTIVISTS = 3, gettext_lazy("Activists")
    CLASSMATES = 4, gettext_lazy("Classmates")


class GapKind(StrEnum):
    NOBODY = "nobody"
    ASKED = "asked"
    BROKEN = "broken"
    NO_SENIOR = "no_senior"
    NO_CONTACT = "no_contact"
    GUIDES = "guides"


@dataclass(frozen=True)
class ChainLink:
    """A link two people know of, or the guidance of a League branch (then `mentee_id` is 0). `mentor_id` is the guide's."""

    pk: int
    tier: int
    mentor_id: int
    mentee_id: int = 0
    league_id: int = 0
    starts_on: date = date.min
    ends_on: date | None = None
    is_running: bool = True
    is_formal: bool = False
    may_hand_on: bool = False
    talks: Talks = field(default_factory=Talks)

    @property
    def key(self) -> str:
        return f"guidance-{self.pk}" if self.league_id else f"link-{self.pk}"

    @property
    def source(self) -> str:
        return person_key(self.mentor_id)

    @property
    def target(self) -> str:
        return league_key(self.league_id) if self.league_id else person_key(self.mentee_id)


@dataclass(frozen=True)
class Load:
    """What a mentor carries in all, inside the picture and outside: links by tier; contacts are the formal ones of tier 2."""

    by_tier: Mapping[int, int] = field(default_factory=dict)
    contacts: int = 0

    @property
    def total(self) -> int:
        return sum(self.by_tier.values())


@dataclass(frozen=True)
class ChainFacts:
    """What the picture is made of. `own_ids`: people of the branch or class looked at; the others are linked with them.

    `wants_classmates`: classmates without a mentor are named too (a class); helping them is voluntary, so a branch does not.
    """

    people: Mapping[int, PersonFacts]
    own_ids: frozenset[int]
    leagues: Mapping[int, LeagueFacts] = field(default_factory=dict)
    own_league_ids: frozenset[int] = frozenset()
    links: tuple[ChainLink, ...] = ()
    loads: Mapping[int, Load] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    wants_classmates: bool = False


@dataclass(frozen=True)
class Gap:
    """Somebody no chain reaches, or not as it should: `short` stands in the picture, `words` in the list."""

    key: str
    kind: GapKind
    name: str
    short: str
    words: str


@dataclass(frozen=True)
class Overload:
    person: PersonFacts
    total: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class Chain:
    """The graph. `columns` holds every person once; `leagues` are those with guides, and own ones that should have some."""

    columns: Mapping[Column, tuple[PersonFacts, ...]]
    leagues: tuple[LeagueFacts, ...]
    links: tuple[ChainLink, ...]
    reached_ids: frozenset[int]
    gaps: tuple[Gap, ...]
    overloads: tuple[Overload, ...]

    @property
    def linked_keys(self) -> frozenset[str]:
        return frozenset(key for link in self.links for key in (link.source, link.target))

    @property
    def unlinked(self) -> tuple[PersonFacts, ...]:
        """People without any link, column by column."""
        linked = self.linked_keys
        return tuple(one for people in self.columns.values() for one in people if person_key(one.pk) not in linked)


def person_key(person_id: int) -> str:
    return f"person-{person_id}"


def league_key(league_id: int) -> str:
    return f"league-{league_id}"


def build_chain(facts: ChainFacts) -> Chain:
    reached = reached_ids(facts)
    return Chain(
        columns=_columns(facts),
        leagues=tuple(_leagues_shown(facts)),
        links=facts.links,
        reached_ids=reached,
        gaps=(*_people_gaps(facts, reached), *_league_gaps(facts)),
        overloads=tuple(_overloads(facts)),
    )


def column_of(person: PersonFacts, *, is_guided: bool, is_guiding: bool) -> Column:
    """By stage; a full member guided as a new one (`is_guided`) who guides nobody in that tier stands with the new ones."""
    was_member = person.stage == Stage.LEFT and person.admitted_on is not None
    if person.stage == Stage.FULL or was_member:
        return Column.NEW_MEMBERS if is_guided and not is_guiding else Column.SENIORS
    if person.stage == Stage.PROBATIONARY:
        return Column.NEW_MEMBERS
    if person.stage in TIERS[Tier.ACTIVISTS].mentee_stages:
        return Column.ACTIVISTS
    return Column.CLASSMATES


def _columns(facts: ChainFacts) -> dict[Column, tuple[PersonFacts, ...]]:
    guided = {link.mentee_id for link in facts.links if link.tier == Tier.NEW_MEMBERS}
    guiding = {link.mentor_id for link in facts.links if link.tier == Tier.NEW_MEMBERS}
    found: dict[Column, list[PersonFacts]] = {column: [] for column in Column}
    for person in facts.people.values():
        column = column_of(person, is_guided=person.pk in guided, is_guiding=person.pk in guiding)
        found[column].append(person)
    return {column: tuple(people) for column, people in found.items()}


def reached_ids(facts: ChainFacts) -> frozenset[int]:
    """People to whom a path of running links leads from a full member or from outside; those themselves too."""
    helped: dict[int, list[int]] = {}
    for link in facts.links:
        if link.is_running and link.mentee_id:
            helped.setdefault(link.mentor_id, []).append(link.mentee_id)
    reached = {one.pk for one in facts.people.values() if _begins_a_chain(one, facts)}
    waiting = sorted(reached)
    while waiting:
        for mentee_id in helped.get(waiting.pop(), ()):
            if mentee_id not in reached:
                reached.add(mentee_id)
                waiting.append(mentee_id)
    return frozenset(reached)


def _begins_a_chain(person: PersonFacts, facts: ChainFacts) -> bool:
    if person.stage == Stage.LEFT:
        return False
    return person.stage == Stage.FULL or person.pk not in facts.own_ids


def tier_wanted(person: PersonFacts, *, wants_classmates: bool) -> Tier | None:
    """The tier in which somebody should be helped: new members and activists always, classmates where they are asked for."""
    if person.stage == Stage.PROBATIONARY:
        return Tier.NEW_MEMBERS
    if person.stage in TIERS[Tier.ACTIVISTS].mentee_stages:
        return Tier.ACTIVISTS
    if wants_classmates and person.stage in TIERS[Tier.CLASSMATES].mentee_stages:
        return Tier.CLASSMATES
    return None


def _people_gaps(facts: ChainFacts, reached: frozenset[int]) -> Iterator[Gap]:
    helpers: dict[int, list[ChainLink]] = {}
    for link in facts.links:
        helpers.setdefault(link.mentee_id, []).append(link)
    own = [person for person in facts.people.values() if person.pk in facts.own_ids]
    wanted = [(person, tier_wanted(person, wants_classmates=facts.wants_classmates)) for person in own]
    # New members first, classmates last.
    for person, tier in sorted(wanted, key=lambda row: -(row[1] or 0)):
        kind = _gap_kind(tier, helpers.get(person.pk, []), person.pk in reached) if tier else None
        if kind is not None:
            short, words = _gap_words(kind, tier)
            yield Gap(person_key(person.pk), kind, person.name, short, words)


def _gap_kind(tier: Tier, helpers: list[ChainLink], is_reached: bool) -> GapKind | None:
    running = [link for link in helpers if link.is_running]
    if not running:
        return GapKind.ASKED if helpers else GapKind.NOBODY
    if not is_reached:
        return GapKind.BROKEN
    if tier == Tier.NEW_MEMBERS and not any(link.tier == tier for link in running):
        return GapKind.NO_SENIOR
    if tier == Tier.ACTIVISTS and not any(link.tier == tier and link.is_formal for link in running):
        return GapKind.NO_CONTACT
    return None


def _gap_words(kind: GapKind, tier: Tier | None) -> tuple[str, str]:
    if kind == GapKind.ASKED:
        return _("asked"), _("A classmate is offered as mentor; the answer is still open.")
    if kind == GapKind.BROKEN:
        return _("cut off"), _("Has a mentor, but nobody guides that mentor: the chain ends above.")
    if kind == GapKind.NO_SENIOR:
        return _("no senior"), _("Is helped, but by no senior member yet.")
    if kind == GapKind.NO_CONTACT:
        return _("no contact"), _("Is helped, but has no formal cultivation contact yet (rule R04, at least one).")
    if tier == Tier.NEW_MEMBERS:
        return _("nobody"), _("New member without a senior member.")
    if tier == Tier.ACTIVISTS:
        return _("nobody"), _("Activist without a cultivation contact.")
    return _("nobody"), _("Classmate without a mentor; this help is voluntary.")


def _is_junior(league: LeagueFacts, limits: Limits) -> bool:
    return league.is_active and league.study_year <= limits.junior_study_years


def _guides_by_league(links: Iterable[ChainLink]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for link in links:
        if link.league_id and link.is_running:
            counts[link.league_id] = counts.get(link.league_id, 0) + 1
    return counts


def _leagues_shown(facts: ChainFacts) -> Iterator[LeagueFacts]:
    guides = _guides_by_league(facts.links)
    for league in facts.leagues.values():
        if guides.get(league.pk) or (league.pk in facts.own_league_ids and _is_junior(league, facts.limits)):
            yield league


def _league_gaps(facts: ChainFacts) -> Iterator[Gap]:
    """R82: junior League branches with fewer guides than the scheme asks for."""
    guides = _guides_by_league(facts.links)
    for league in facts.leagues.values():
        missing = facts.limits.guides_min - guides.get(league.pk, 0)
        if league.pk in facts.own_league_ids and _is_junior(league, facts.limits) and missing > 0:
            short = ngettext("%(count)d guide missing", "%(count)d guides missing", missing) % {"count": missing}
            words = _("Junior League branch with %(count)d of at least %(limit)d guides (rule R82).")
            values = {"count": guides.get(league.pk, 0), "limit": facts.limits.guides_min}
            yield Gap(league_key(league.pk), GapKind.GUIDES, league.name, short, words % values)


def _overloads(facts: ChainFacts) -> Iterator[Overload]:
    found = []
    for pk, load in facts.loads.items():
        words = tuple(_overload_words(load, facts.limits)) if pk in facts.people else ()
        if words:
            found.append(Overload(facts.people[pk], load.total, words))
    yield from sorted(found, key=lambda row: -row.total)


def _overload_words(load: Load, limits: Limits) -> Iterator[str]:
    tier_words = (
        (load.by_tier.get(Tier.NEW_MEMBERS, 0), limits.senior_mentees_max, "R80", _("new members")),
        (load.contacts, limits.contact_mentees_warn, "R04", _("activists as formal contact")),
        (load.by_tier.get(Tier.CLASSMATES, 0), limits.classmates_per_mentor, "R84", _("classmates")),
    )
    for count, limit, rule, what in tier_words:
        if count > limit:
            words = _("%(what)s: %(count)d, at most %(limit)d (rule %(rule)s)")
            yield words % {"what": what, "count": count, "limit": limit, "rule": rule}
    if load.total > LINKS_AT_MOST:
        yield _("in all %(count)d links; more than %(limit)d are hard to look after") % {
            "count": load.total, "limit": LINKS_AT_MOST,
        }  # fmt: skip
