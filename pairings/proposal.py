"""Member pairs by exact assignment: what counts, what forbids, and why somebody is left over. Reads policy and past pairs only.

Weights are policy numbers (`match_*`), so that an argument about fairness is about five of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from branches.policy import Policy
from pairing_portal.common import matching

from .board import Board, Card, Couple
from .models import MemberPairing, SupportArea
from .wording import AREAS, GRADE_STEP, MONTHS, PAST_PAIR, SAME_MAJOR, left_over_words, reason_words

NO_SHARED_TIME, LEFT_OUT, ELSEWHERE = "no_shared_time", "left_out", "paired_elsewhere"
# Months that are counted at most: a longer time together is no better.
MONTHS_COUNTED = 12
GRADES_APART = 1
AREA_BITS = {area: 1 << number for number, area in enumerate(SupportArea.values)}


@dataclass(frozen=True)
class Weights:
    """Points of each reason, from policy on a day."""

    same_major: int
    grade_step: int
    area: int
    month: int
    past_pair: int

    @classmethod
    def in_force(cls, on: date) -> Weights:
        policy = Policy()
        return cls(
            same_major=policy.number("match_same_major", on),
            grade_step=policy.number("match_grade_step", on),
            area=policy.number("match_area", on),
            month=policy.number("match_month", on),
            past_pair=-policy.number("match_past_pair", on),
        )


@dataclass(frozen=True)
class Match:
    """A pair the solver made; `reasons` as stored in `MemberPairing.reasons`: [key, points, detail]."""

    helper: Card
    partner: Card
    score: int
    reasons: list[list[Any]]


@dataclass(frozen=True)
class LeftOver:
    card: Card
    is_helping: bool
    why: str


@dataclass
class Proposal:
    """`pairs`: everything that would stand; `made`: those not on the board yet; `given_up`: couples that would go."""

    pairs: list[Match]
    made: list[Match]
    given_up: list[Couple]
    left_over: list[LeftOver]


@dataclass(frozen=True)
class Option:
    """Somebody of the other side as a possible partner; `blocked` says in words why not, `taken_by` who has them now."""

    card: Card
    score: int
    words: list[str]
    blocked: str
    taken_by: str


def propose(board: Board, *, today: date, rearrange: bool = False) -> Proposal:
    """Solve the board around pinned pairs, and around published ones unless `rearrange`. Writes nothing."""
    standing = [
        couple for couple in board.drafted if couple.pair.is_fixed or (couple.state == "kept" and not rearrange)
    ]
    fixed = {(couple.helper.number, couple.partner.number) for couple in standing}
    result = matching.solve(_problem(board, fixed, today))
    helpers = {card.number: card for card in board.helpers}
    partners = {card.number: card for card in board.partners}
    pairs = [_match(helpers[pair.a], partners[pair.b], pair.score, pair.parts) for pair in result.pairs]
    on_board = {(couple.helper.pk, couple.partner.pk) for couple in board.drafted}
    wanted = {(pair.helper.pk, pair.partner.pk) for pair in pairs}
    left = [
        LeftOver((helpers if row.side == "a" else partners)[row.key], row.side == "a", _why(row))
        for row in result.left_over
    ]
    return Proposal(
        pairs=pairs,
        made=[pair for pair in pairs if (pair.helper.pk, pair.partner.pk) not in on_board],
        given_up=[couple for couple in board.drafted if (couple.helper.pk, couple.partner.pk) not in wanted],
        left_over=left,
    )


def _problem(board: Board, fixed: Collection[tuple[str, str]], today: date) -> matching.Problem:
    a, b = board.helpers, board.partners
    keys_a, keys_b = [card.number for card in a], [card.number for card in b]
    return matching.Problem(
        a=keys_a,
        b=keys_b,
        criteria=_criteria(a, b, keys_a, keys_b, Weights.in_force(today), _past_pairs(a, b)),
        blockers=[matching.disjoint(NO_SHARED_TIME, [card.mask for card in a], [card.mask for card in b])],
        fixed=fixed,
        limit_a=_limits(a, board.capacity_helping, fixed, 0),
        limit_b=_limits(b, board.capacity_partner, fixed, 1),
        out_a=_out(a, {pair[0] for pair in fixed}),
        out_b=_out(b, {pair[1] for pair in fixed}),
    )


def _limits(cards: Sequence[Card], capacity: int, fixed: Collection[tuple[str, str]], side: int) -> list[int]:
    """The capacity of the side; pairs that stood before the sides changed are not broken up by it."""
    held = [pair[side] for pair in fixed]
    return [max(capacity, held.count(card.number)) for card in cards]


def _out(cards: Sequence[Card], standing: Collection[str]) -> dict[str, str]:
    """Who takes no part: left out on request, or paired in another pairing; a pair that stands is not broken by it."""
    return {
        card.number: LEFT_OUT if card.is_left_out else ELSEWHERE
        for card in cards
        if (card.is_left_out or card.is_paired_elsewhere) and card.number not in standing
    }


def _criteria(
    a: Sequence[Card], b: Sequence[Card], keys_a: list[str], keys_b: list[str], weights: Weights,
    past: Collection[tuple[str, str]],
) -> list[matching.Criterion]:  # fmt: skip
    return [
        matching.same(SAME_MAJOR, weights.same_major, [card.major for card in a], [card.major for card in b]),
        matching.step(
            GRADE_STEP, weights.grade_step, [card.grade for card in a], [card.grade for card in b], best=GRADES_APART, tolerance=1
        ),
        matching.overlap(AREAS, weights.area, [_two_way(card, giving=True) for card in a], [_two_way(card, giving=False) for card in b]),
        matching.overlap(MONTHS, weights.month, [card.mask for card in a], [card.mask for card in b], at_most=MONTHS_COUNTED),
        matching.listed(PAST_PAIR, weights.past_pair, keys_a, keys_b, past),
    ]  # fmt: skip


def _two_way(card: Card, *, giving: bool) -> int:
    """Areas offered and asked as bits; the two halves are swapped on the other side, so that a bit in common is a fit."""
    offers = sum(AREA_BITS[area] for area in card.offers if area in AREA_BITS)
    asks = sum(AREA_BITS[area] for area in card.asks if area in AREA_BITS)
    shift = len(AREA_BITS)
    return offers | asks << shift if giving else asks | offers << shift


def _past_pairs(a: Sequence[Card], b: Sequence[Card]) -> set[tuple[str, str]]:
    """Couples that were paired and ended, by number."""
    rows = MemberPairing.objects.filter(
        helper_id__in=[card.pk for card in a], partner_id__in=[card.pk for card in b], ended_on__isnull=False
    )
    return set(rows.values_list("helper__number", "partner__number"))


def _match(helper: Card, partner: Card, score: int, parts: Sequence[tuple[str, int]]) -> Match:
    return Match(
        helper, partner, score, [[key, points, _detail(key, helper, partner)] for key, points in parts if points]
    )


def _detail(key: str, helper: Card, partner: Card) -> Any:
    """What the words of a reason name: months together, areas that fit, whether the grades lie one apart."""
    if key == MONTHS:
        return (helper.mask & partner.mask).bit_count()
    if key == AREAS:
        return sorted((helper.offers & partner.asks) | (partner.offers & helper.asks))
    if key == GRADE_STEP and helper.grade is not None and partner.grade is not None:
        return abs(helper.grade - partner.grade) == GRADES_APART
    return None


def _why(row: matching.LeftOver) -> str:
    """The code that `wording.left_over_words` speaks."""
    if row.why == matching.NOBODY_ALLOWED:
        return row.detail[0][0] if row.detail else row.why
    return row.why


def pair_reasons(board: Board, helper: Card, partner: Card, *, today: date) -> tuple[list[list[Any]], int]:
    """Reasons and score of one couple drawn by hand."""
    option = _points([helper], [partner], today)[0]
    match = _match(helper, partner, sum(points for _key, points in option), option)
    return match.reasons, match.score


def _points(a: Sequence[Card], b: Sequence[Card], today: date) -> list[list[tuple[str, int]]]:
    """The parts of every couple of two short lists, a's first with each of b, then a's second …"""
    keys_a, keys_b = [card.number for card in a], [card.number for card in b]
    criteria = _criteria(a, b, keys_a, keys_b, Weights.in_force(today), _past_pairs(a, b))
    i, j = np.arange(len(a))[:, None], np.arange(len(b))[None, :]
    grids = [(criterion.key, np.broadcast_to(criterion.points(i, j), (len(a), len(b)))) for criterion in criteria]
    return [[(key, int(grid[row, column])) for key, grid in grids] for row in range(len(a)) for column in range(len(b))]


def candidates(board: Board, person_id: int, *, today: date) -> list[Option]:
    """Everybody of the other side, the best first, those a rule forbids last."""
    is_helping = person_id in {card.pk for card in board.helpers}
    mine = next(card for card in (*board.helpers, *board.partners) if card.pk == person_id)
    others = board.partners if is_helping else board.helpers
    parts = _points([mine], others, today) if is_helping else _points(others, [mine], today)
    with_whom = {
        (couple.partner if is_helping else couple.helper).pk: (couple.helper if is_helping else couple.partner).name
        for couple in board.drafted
    }
    options = []
    for card, points in zip(others, parts, strict=True):
        helper, partner = (mine, card) if is_helping else (card, mine)
        match = _match(helper, partner, sum(value for _key, value in points), points)
        options.append(
            Option(card, match.score, reason_words(match.reasons), _blocked(mine, card), with_whom.get(card.pk, ""))
        )
    return sorted(options, key=lambda option: (bool(option.blocked), -option.score, option.card.number))


def _blocked(mine: Card, other: Card) -> str:
    for card in (mine, other):
        if card.is_left_out:
            return _("%(name)s asked to be left out") % {"name": card.name}
        if card.is_paired_elsewhere:
            return _("%(name)s has a pair in another pairing of this year") % {"name": card.name}
    return "" if mine.mask & other.mask else _("never on campus together during the pairing")


@dataclass(frozen=True)
class LeftOverLine:
    name: str
    why: str


def left_over_lines(board: Board, *, today: date) -> list[LeftOverLine]:
    """Why those without a partner have none, as the board stands; who could be paired right away is not listed."""
    proposal = propose(board, today=today)
    return [
        LeftOverLine(row.card.name, left_over_text(board, row))
        for row in sorted(proposal.left_over, key=lambda row: (not row.is_helping, row.card.number))
    ]


def left_over_text(board: Board, row: LeftOver) -> str:
    """The sentence for one person who stays without a partner."""
    limit = board.capacity_partner if row.is_helping else board.capacity_helping
    return left_over_words(row.why, limit=limit)
