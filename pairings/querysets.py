from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Scope

from .states import OPEN_STATES, RUNNING_STATES, UNSENT_STATES, PairingState

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
        return seen.exclude(Q(state__in=UNSENT_STATES) & ~Q(author_branch_id__in=scope.managed_branch_ids))

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
        """`pair_count`: published open member pairs."""
        running = Q(member_pairings__ended_on=None, member_pairings__published_at__isnull=False)
        return self.annotate(pair_count=Count("member_pairings", filter=running))


class OfPairingQuerySet(ScopedQuerySet[Any]):
    """Rows that hang on a branch pairing; `path` leads from the row to it."""

    path = "pairing"

    def visible_to(self, scope: Scope) -> OfPairingQuerySet:
        from .models import BranchPairing

        if scope.whole_college:
            return self
        return self.filter(**{f"{self.path}__in": BranchPairing.objects.visible_to(scope)})

    def changeable_by(self, scope: Scope) -> OfPairingQuerySet:
        """The secretaries of the two branches; a deed of the pairing is theirs to write down."""
        from .models import BranchPairing

        return self.filter(**{f"{self.path}__in": BranchPairing.objects.changeable_by(scope)})


class CommitteePairingQuerySet(OfPairingQuerySet):
    def vacant(self) -> CommitteePairingQuerySet:
        """Rows of which one side has no holder."""
        return self.filter(Q(helping_post=None) | Q(partner_post=None))


class FindingQuerySet(OfPairingQuerySet):
    path = "inspection__pairing"

    def unmended(self) -> FindingQuerySet:
        """Problems found and not reported mended yet."""
        return self.exclude(problem="").filter(mended_on=None)


class MilestoneQuerySet(OfPairingQuerySet):
    path = "project__pairing"


class TaskQuerySet(OfPairingQuerySet):
    """The shared plan is seen by both branches; a pair's own tasks by the two and the committees."""

    def visible_to(self, scope: Scope) -> TaskQuerySet:
        from .models import MemberPairing

        seen: Any = super().visible_to(scope)
        if scope.whole_college:
            return seen
        return seen.filter(Q(member_pairing=None) | Q(member_pairing__in=MemberPairing.objects.visible_to(scope)))

    def open(self) -> TaskQuerySet:
        return self.filter(done_on=None)

    def of_plan(self) -> TaskQuerySet:
        """The lines of the shared work plan, without the tasks of single pairs."""
        return self.filter(member_pairing=None)


class CoverQuerySet(OfPairingQuerySet):
    """A stand-in duty is seen by the two it concerns, the committees and the department."""

    def visible_to(self, scope: Scope) -> CoverQuerySet:
        if scope.whole_college:
            return self
        me = scope.person_id or 0
        return self.filter(
            Q(stand_in_id=me)
            | Q(absent_id=me)
            | Q(pairing__helping_branch_id__in=scope.branch_ids)
            | Q(pairing__partner_branch_id__in=scope.branch_ids)
            | Q(pairing__helping_branch__department_id__in=scope.department_ids)
            | Q(pairing__partner_branch__department_id__in=scope.department_ids)
        )

    def standing(self) -> CoverQuerySet:
        """Asked or accepted: what is not to be proposed again."""
        return self.filter(state__in=("asked", "accepted"))

    def accepted(self) -> CoverQuerySet:
        return self.filter(state="accepted")


class SplitQuerySet(ScopedQuerySet[Any]):
    """How a branch is divided is known to its committee and the department."""

    def visible_to(self, scope: Scope) -> SplitQuerySet:
        if scope.whole_college:
            return self
        return self.filter(Q(branch_id__in=scope.branch_ids) | Q(branch__department_id__in=scope.department_ids))

    def changeable_by(self, scope: Scope) -> SplitQuerySet:
        return self.filter(branch_id__in=scope.managed_branch_ids)


class OfSplitQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> OfSplitQuerySet:
        from .models import BranchSplit

        return self if scope.whole_college else self.filter(split__in=BranchSplit.objects.visible_to(scope))

    def changeable_by(self, scope: Scope) -> OfSplitQuerySet:
        return self.filter(split__branch_id__in=scope.managed_branch_ids)


class WishQuerySet(ScopedQuerySet[Any]):
    """What somebody offers and asks for: their own, and their branch's secretary's business; never the partner's."""

    def visible_to(self, scope: Scope) -> WishQuerySet:
        return self.filter(Q(person_id=scope.person_id or 0) | Q(person__party_branch_id__in=scope.managed_branch_ids))


class MemberPairingQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> MemberPairingQuerySet:
        """The two people themselves once published, the committees of both branches, the department."""
        if scope.whole_college:
            return self
        published = Q(published_at__isnull=False)
        condition = published & Q(helper_id=scope.person_id or 0) | published & Q(partner_id=scope.person_id or 0)
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
        """Published and running: what people know as their pair."""
        return self.filter(ended_on=None, published_at__isnull=False)

    def published(self) -> MemberPairingQuerySet:
        return self.filter(published_at__isnull=False)

    def on_board(self) -> MemberPairingQuerySet:
        """The draft of the board: what would be running were it published now."""
        return self.filter(ended_on=None, is_dropped=False)

    def with_people(self) -> MemberPairingQuerySet:
        """Name, class and major of both: what a partner branch may see of people."""
        return self.select_related("helper__school_class", "partner__school_class")

    def of_person(self, person_id: int) -> MemberPairingQuerySet:
        return self.filter(Q(helper_id=person_id) | Q(partner_id=person_id))

    def with_open_task_counts(self) -> MemberPairingQuerySet:
        """`open_tasks`: what the two set out to do and have not ticked off."""
        return self.annotate(open_tasks=Count("tasks", filter=Q(tasks__done_on=None)))
