"""What the page of stand-ins is made of: which branches, what if people leave, who is proposed. Fixed numbers of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Q

from branches.models import PartyBranch
from branches.policy import Policy
from members.models import Person
from pairing_portal.common.scope import Scope

from .board import read_board
from .continuity import ContinuityRules, Forecast, PersonFacts, forecast_branches
from .cover_words import reason_words
from .forecast import BranchForecast
from .models import BranchPairing, Cover, CoverDuty, CoverState, MemberPairing, PairingState
from .querysets import BranchPairingQuerySet
from .stand_ins import Duty, StandingCover, StandInReason, propose_stand_ins

LEAVERS_AT_MOST = 5


@dataclass(frozen=True)
class Trial:
    """What if these people left on a day?"""

    person_ids: frozenset[int]
    left_on: date

    def applied(self, people: Iterable[PersonFacts]) -> list[PersonFacts]:
        return [
            replace(one, left_on=min(self.left_on, one.left_on or self.left_on)) if one.key in self.person_ids else one
            for one in people
        ]


@dataclass(frozen=True)
class Outlook:
    """Forecasts of some branches and the people behind them: as they are known, and as they are shown with what is tried."""

    known: dict[int, Forecast]
    shown: dict[int, Forecast]
    known_people: dict[int, list[PersonFacts]]
    people: dict[int, list[PersonFacts]]


@dataclass(frozen=True)
class Proposal:
    """Who could stand in for whom; `stand_in` is None when nobody can, `absent` for the branch as a whole."""

    absent: Person | None
    stand_in: Person | None
    duty: CoverDuty
    from_on: date
    to_on: date
    reasons: tuple[str, ...]
    needs_a_look: bool


def may_open(scope: Scope) -> bool:
    """Committees and who oversees them; members read their own duties on their own page."""
    return scope.whole_college or bool(scope.branch_ids or scope.department_ids)


def open_pairings(scope: Scope) -> BranchPairingQuerySet:
    """Active pairings on one of whose committees the reader sits, or that the reader oversees."""
    rows: Any = BranchPairing.objects.visible_to(scope).filter(state=PairingState.ACTIVE).with_branches()
    if scope.whole_college:
        return rows  # type: ignore[no-any-return]  # the stubs know no querysets of ours
    return rows.filter(  # type: ignore[no-any-return]  # the stubs know no querysets of ours
        Q(helping_branch__in=scope.branch_ids)
        | Q(partner_branch__in=scope.branch_ids)
        | Q(helping_branch__department__in=scope.department_ids)
        | Q(partner_branch__department__in=scope.department_ids)
    )


def forecast_branches_of(scope: Scope, pairings: Iterable[BranchPairing]) -> list[PartyBranch]:
    """Active branches whose months the reader may see: own, overseen, and those paired with them by `pairings`."""
    if scope.whole_college:
        return list(PartyBranch.objects.active())
    paired = {pk for one in pairings for pk in (one.helping_branch_id, one.partner_branch_id)}
    seen = Q(pk__in=scope.branch_ids | paired) | Q(department_id__in=scope.department_ids)
    return list(PartyBranch.objects.active().filter(seen))


def knows_people_of(branch: PartyBranch, scope: Scope) -> bool:
    """Dates of a career are the own branch's and the department's; of a partner's people only months on campus."""
    return scope.whole_college or branch.pk in scope.branch_ids or scope.oversees(branch.department_id)


def outlook(forecasts: Sequence[BranchForecast], trial: Trial | None, *, today: date, months: int) -> Outlook:
    """What is known, and the same with people leaving; no query unless something is tried."""
    known = {one.branch.pk: Forecast(one.months, one.conversions) for one in forecasts}
    people = {one.branch.pk: list(one.people) for one in forecasts}
    if trial is None:
        return Outlook(known, known, people, people)
    left = {branch_id: trial.applied(members) for branch_id, members in people.items()}
    shown = forecast_branches(
        [one for members in left.values() for one in members],
        branch_ids=known, today=today, months=months, rules=ContinuityRules.in_force(Policy(), today),
    )  # fmt: skip
    return Outlook(known, shown, people, left)


def members_now(people: Iterable[PersonFacts], today: date) -> list[PersonFacts]:
    """Those who belong to the branch on a day."""
    return [one for one in people if one.member_within(today, today)]


def proposals_for(pairing: BranchPairing, *, seen: Outlook, covers: Sequence[Cover], today: date) -> list[Proposal]:
    """Stand-ins of the helping group for absences and gaps of the partner branch, from today to the pairing's end.

    `covers` are all of the pairing, whatever their state.
    """
    first, partner = max(today, pairing.starts_on), pairing.partner_branch_id
    if first > pairing.ends_on or partner not in seen.people:
        return []
    group = {card.pk for card in read_board(pairing, today=today).helpers}
    found = propose_stand_ins(
        absentees=members_now(seen.people[partner], first),
        helpers=[one for one in seen.people.get(pairing.helping_branch_id, ()) if one.key in group],
        first=first,
        last=pairing.ends_on,
        gap_months=[month.month for month in seen.shown[partner].gaps],
        pairs=set(MemberPairing.objects.open().filter(pairing=pairing).values_list("helper_id", "partner_id")),
        standing=[_standing(one) for one in covers if one.state in (CoverState.ASKED, CoverState.ACCEPTED)],
        declined={
            (one.absent_id, Duty(one.duty), one.stand_in_id) for one in covers if one.state == CoverState.DECLINED
        },
        cover_counts=_duties_of(group, today),
    )
    wanted = {pk for one in found for pk in (one.absent, one.stand_in) if pk is not None}
    people = {one.pk: one for one in Person.objects.filter(pk__in=wanted).select_related("school_class")}
    return [
        Proposal(
            absent=people[one.absent] if one.absent is not None else None,
            stand_in=people[one.stand_in] if one.stand_in is not None else None,
            duty=CoverDuty(one.duty.value),
            from_on=one.from_on,
            to_on=one.to_on,
            reasons=tuple(map(reason_words, one.reasons)),
            needs_a_look=StandInReason.PROBATIONARY in one.reasons,
        )
        for one in found
    ]


def by_partner(covers: Iterable[Cover]) -> Mapping[int, list[Cover]]:
    """Agreed duties by the branch that is helped."""
    found: dict[int, list[Cover]] = defaultdict(list)
    for cover in covers:
        if cover.state == CoverState.ACCEPTED:
            found[cover.pairing.partner_branch_id].append(cover)
    return found


def _standing(cover: Cover) -> StandingCover:
    return StandingCover(cover.absent_id, Duty(cover.duty), cover.from_on, cover.to_on)


def _duties_of(person_ids: Iterable[int], today: date) -> Counter[int]:
    """Open duties of each, in any pairing: nobody carries everything."""
    rows = Cover.objects.standing().filter(stand_in__in=list(person_ids), to_on__gte=today)
    return Counter(rows.values_list("stand_in_id", flat=True))
