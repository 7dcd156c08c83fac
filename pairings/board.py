"""The board of a pairing as it is read: who stands on each side, with a fixed number of queries however many people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q

from branches.models import Programme
from branches.policy import Policy
from members.models import Absence, Person, Stage

from .models import BranchPairing, BranchSplit, CommitteePairing, GroupPlace, MatchingWish, MemberPairing
from .presence import Period, month_count, months_between, presence_mask

KEPT, NEW, DROPPED = "kept", "new", "dropped"


@dataclass(frozen=True)
class Card:
    """What both branches may know of somebody: name, class, major, stage, months on campus during the pairing."""

    pk: int
    number: str
    name: str
    name_key: str
    class_name: str
    major: str
    stage: str
    grade: int | None
    mask: int
    is_left_out: bool
    is_paired_elsewhere: bool
    offers: frozenset[str]
    asks: frozenset[str]

    @property
    def months(self) -> int:
        return month_count(self.mask)


@dataclass(frozen=True)
class Couple:
    """A pair on the board; `state` is kept (published), new (draft) or dropped (to end on publishing)."""

    pair: MemberPairing
    helper: Card
    partner: Card

    @property
    def state(self) -> str:
        if self.pair.is_dropped:
            return DROPPED
        return NEW if self.pair.is_draft else KEPT


@dataclass
class Board:
    """Both sides of a pairing. `capacity_*`: partners each member of a side may have."""

    pairing: BranchPairing
    helpers: list[Card]
    partners: list[Card]
    couples: list[Couple]
    committee: list[CommitteePairing]
    months: int
    capacity_helping: int
    capacity_partner: int
    is_split: bool
    needs_split: bool
    # Pairs of which one stands here no more: moved to another branch or group, or no member now.
    loose: list[MemberPairing] = field(default_factory=list)

    @property
    def drafted(self) -> list[Couple]:
        return [couple for couple in self.couples if couple.state != DROPPED]

    @property
    def dropped(self) -> list[Couple]:
        return [couple for couple in self.couples if couple.state == DROPPED]

    @property
    def free_helpers(self) -> list[Card]:
        taken = {couple.helper.pk for couple in self.drafted}
        return [card for card in self.helpers if card.pk not in taken]

    @property
    def free_partners(self) -> list[Card]:
        taken = {couple.partner.pk for couple in self.drafted}
        return [card for card in self.partners if card.pk not in taken]

    @property
    def changes(self) -> int:
        """What publishing would change: new and dropped pairs, posts not published, pairs of people who are gone."""
        new = sum(1 for couple in self.couples if couple.state != KEPT)
        new += sum(1 for pair in self.loose if pair.is_draft or pair.is_dropped)
        return new + sum(1 for row in self.committee if row.published_at is None)


def read_board(pairing: BranchPairing, *, today: date) -> Board:
    """Everything the page, the solver and the rules need to know of one pairing."""
    split = BranchSplit.objects.filter(
        academic_year_id=pairing.academic_year_id, branch_id=pairing.helping_branch_id
    ).first()
    is_split = split is not None and split.published_at is not None
    helping = _members(pairing.helping_branch_id, today)
    if is_split:
        placed = GroupPlace.objects.filter(split=split, group__pairing=pairing).values("person")
        helping = helping.filter(pk__in=placed)
    partner = _members(pairing.partner_branch_id, today)
    pairs = list(
        MemberPairing.objects.filter(pairing=pairing, ended_on=None)
        .select_related("helper", "partner")
        .order_by("helper__number", "pk")
    )
    cards = read_cards(
        [*helping.select_related("school_class"), *partner.select_related("school_class")], pairing=pairing, today=today
    )
    helpers = [card for card in cards.values() if card.branch_id == pairing.helping_branch_id]
    partners = [card for card in cards.values() if card.branch_id == pairing.partner_branch_id]
    by_id = {card.pk: card.card for card in cards.values()}
    couples = [
        Couple(pair, by_id[pair.helper_id], by_id[pair.partner_id])
        for pair in pairs
        if pair.helper_id in by_id and pair.partner_id in by_id
    ]
    capacities = side_capacities(len(helpers), len(partners), limit=Policy().number("pair_partners_max", today))
    others = (
        BranchPairing.objects.filter(
            academic_year_id=pairing.academic_year_id, helping_branch_id=pairing.helping_branch_id, state="active"
        )
        .exclude(pk=pairing.pk)
        .exists()
    )
    return Board(
        pairing=pairing,
        helpers=[row.card for row in helpers],
        partners=[row.card for row in partners],
        couples=couples,
        committee=_committee(pairing),
        months=len(months_between(pairing.starts_on, pairing.ends_on)),
        capacity_helping=capacities[0],
        capacity_partner=capacities[1],
        is_split=is_split,
        needs_split=others and not is_split,
        loose=[pair for pair in pairs if pair.helper_id not in by_id or pair.partner_id not in by_id],
    )


def side_capacities(helping: int, partner: int, *, limit: int) -> tuple[int, int]:
    """Partners each member may have: one; on the smaller side as many as its size asks for, at most `limit`."""
    if not helping or not partner:
        return 1, 1
    return (
        min(limit, -(-partner // helping)) if partner > helping else 1,
        min(limit, -(-helping // partner)) if helping > partner else 1,
    )


@dataclass(frozen=True)
class _PlacedCard:
    branch_id: int | None
    card: Card

    @property
    def pk(self) -> int:
        return self.card.pk


def read_cards(people: Sequence[Person], *, pairing: BranchPairing, today: date) -> dict[int, _PlacedCard]:
    """Cards by person id, in the order given; absences, wishes and other pairings are read for all at once."""
    ids = [person.pk for person in people]
    absences: dict[int, list[Period]] = defaultdict(list)
    for person_id, from_on, to_on in Absence.objects.filter(person_id__in=ids).values_list(
        "person_id", "from_on", "to_on"
    ):
        absences[person_id].append((from_on, to_on))
    wishes = {
        wish.person_id: wish
        for wish in MatchingWish.objects.filter(person_id__in=ids, academic_year_id=pairing.academic_year_id)
    }
    elsewhere = _paired_elsewhere(ids, pairing)
    first = max(today, pairing.starts_on) if today <= pairing.ends_on else pairing.starts_on
    months = months_between(pairing.starts_on, pairing.ends_on)
    found = {}
    for person in people:
        wish = wishes.get(person.pk)
        card = Card(
            pk=person.pk,
            number=person.number,
            name=person.name,
            name_key=person.name_key,
            class_name=person.school_class.name if person.school_class else "",
            major=person.major,
            stage=str(person.get_stage_display()),
            grade=_grade(person),
            mask=presence_mask(
                months=months,
                first=first,
                last=pairing.ends_on,
                absences=absences[person.pk],
                leaves_on=person.graduates_on,
            ),
            is_left_out=bool(wish and wish.is_left_out),
            is_paired_elsewhere=person.pk in elsewhere,
            offers=frozenset(wish.offers if wish else ()),
            asks=frozenset(wish.asks if wish else ()),
        )
        found[person.pk] = _PlacedCard(person.party_branch_id, card)
    return found


def _grade(person: Person) -> int | None:
    """The year a student would have started a four-year programme: 专升本 enters in its third year."""
    if person.enrolment_year is None:
        return None
    return person.enrolment_year - (2 if person.programme == Programme.UPGRADE else 0)


def _members(branch_id: int, today: date) -> Any:
    """Student members of a branch; teachers run branches and are not paired with students."""
    return (
        Person.objects.filter(party_branch_id=branch_id, stage__in=(Stage.PROBATIONARY, Stage.FULL))
        .exclude(programme=Programme.STAFF)
        .filter(Q(graduates_on=None) | Q(graduates_on__gte=today))
        .order_by("number")
    )


def _paired_elsewhere(ids: Iterable[int], pairing: BranchPairing) -> set[int]:
    rows = (
        MemberPairing.objects.on_board()
        .filter(pairing__academic_year_id=pairing.academic_year_id)
        .exclude(pairing=pairing)
        .filter(Q(helper_id__in=ids) | Q(partner_id__in=ids))
        .values_list("helper_id", "partner_id")
    )
    return {person_id for row in rows for person_id in row}


def _committee(pairing: BranchPairing) -> list[CommitteePairing]:
    return list(
        CommitteePairing.objects.filter(pairing=pairing, ended_on=None)
        .select_related("helping_post__person", "partner_post__person")
        .order_by("pk")
    )
