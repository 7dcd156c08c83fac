from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Scope

from .states import OPEN_STATES, RUNNING_STATES, PairingState

if TYPE_CHECKING:
    pass


def _pairing_visibility(scope: Scope, prefix: str = "") -> Q:
    """Pairings of own branches (members see theirs too), of the department, or all for the whole college."""
    branches = scope.branch_ids | scope.own_branch_ids
    condition = Q(**{prefix + "helping_branch_id__in": branches}) | Q(**{prefix + "partner_branch_id__in": branches})
    if scope.department_ids:
        condition |= Q(**{prefix + "helping_branch__department_id__in": scope.department_ids})
        condition |= Q(**{prefix + "partner_branch__department_id__in": scope.department_ids})
    return condition


class BranchPairingQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> BranchPairingQuerySet:
        if scope.whole_college:
            return self
        seen = self.filter(_pairing_visibility(scope))
        # A draft is its author's own branch's business.
        return seen.exclude(Q(state=PairingState.DRAFT) & ~Q(helping_branch_id__in=scope.managed_branch_ids))

    def changeable_by(self, scope: Scope) -> BranchPairingQuerySet:
        return self.filter(
            Q(helping_branch_id__in=scope.managed_branch_ids) | Q(partner_branch_id__in=scope.managed_branch_ids)
        )

    def open(self) -> BranchPairingQuerySet:
        return self.filter(state__in=OPEN_STATES)

    def running_on(self, on: date) -> BranchPairingQuerySet:
        return self.filter(state__in=RUNNING_STATES, starts_on__lte=on, ends_on__gte=on)

    def waiting_for(self, scope: Scope) -> BranchPairingQuerySet:
        """Proposals that a branch managed by the user has not confirmed yet."""
        return self.filter(state=PairingState.PROPOSED).filter(
            Q(helping_branch_id__in=scope.managed_branch_ids, helping_confirmed_at=None)
            | Q(partner_branch_id__in=scope.managed_branch_ids, partner_confirmed_at=None)
        )

    def with_branches(self) -> BranchPairingQuerySet:
        return self.select_related("helping_branch", "partner_branch", "academic_year")

    def with_pair_counts(self) -> BranchPairingQuerySet:
        """`pair_count`: open member pairs."""
        return self.annotate(pair_count=Count("member_pairings", filter=Q(member_pairings__ended_on=None)))


class OfPairingQuerySet(ScopedQuerySet[Any]):
    """Rows that hang on a branch pairing."""

    def visible_to(self, scope: Scope) -> OfPairingQuerySet:
        from .models import BranchPairing

        if scope.whole_college:
            return self
        return self.filter(pairing__in=BranchPairing.objects.visible_to(scope))


class MemberPairingQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> MemberPairingQuerySet:
        """The two people themselves, the committees of both branches, the department."""
        if scope.whole_college:
            return self
        condition = Q(helper_id=scope.person_id or 0) | Q(partner_id=scope.person_id or 0)
        condition |= Q(pairing__helping_branch_id__in=scope.branch_ids)
        condition |= Q(pairing__partner_branch_id__in=scope.branch_ids)
        condition |= Q(pairing__helping_branch__department_id__in=scope.department_ids)
        condition |= Q(pairing__partner_branch__department_id__in=scope.department_ids)
        return self.filter(condition)

    def changeable_by(self, scope: Scope) -> MemberPairingQuerySet:
        return self.filter(
            Q(pairing__helping_branch_id__in=scope.managed_branch_ids)
            | Q(pairing__partner_branch_id__in=scope.managed_branch_ids)
        )

    def open(self) -> MemberPairingQuerySet:
        return self.filter(ended_on=None)

    def with_people(self) -> MemberPairingQuerySet:
        """Name, class and major of both: what a partner branch may see of people."""
        return self.select_related("helper__school_class", "partner__school_class")

    def of_person(self, person_id: int) -> MemberPairingQuerySet:
        return self.filter(Q(helper_id=person_id) | Q(partner_id=person_id))
