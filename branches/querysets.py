from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Count, Q

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import SETUP_ROLES, Scope

if TYPE_CHECKING:
    pass


class DepartmentQuerySet(ScopedQuerySet[Any]):
    is_college_wide: ClassVar[bool] = True

    def visible_to(self, scope: Scope) -> DepartmentQuerySet:
        if scope.whole_college:
            return self
        return self.filter(pk__in=scope.home_department_ids)

    def changeable_by(self, scope: Scope) -> DepartmentQuerySet:
        return self if scope.whole_college else self.filter(pk__in=scope.department_ids)


class InDepartmentQuerySet(ScopedQuerySet[Any]):
    """Branches and classes: their names are known within the department."""

    def visible_to(self, scope: Scope) -> InDepartmentQuerySet:
        if scope.whole_college:
            return self
        return self.filter(department_id__in=scope.home_department_ids)

    def changeable_by(self, scope: Scope) -> InDepartmentQuerySet:
        if scope.whole_college and scope.has(*SETUP_ROLES):
            return self
        return self.filter(department_id__in=scope.department_ids)


class PartyBranchQuerySet(InDepartmentQuerySet):
    def active(self) -> PartyBranchQuerySet:
        return self.filter(is_active=True)

    def with_members(self) -> PartyBranchQuerySet:
        """`full_count`, `probationary_count`, `developing_count`: people by stage, counted in the same query."""

        def people(*stages: str) -> Count:
            return Count("people", filter=Q(people__stage__in=stages), distinct=True)

        return self.annotate(
            full_count=people("full"),
            probationary_count=people("probationary"),
            developing_count=people("applicant", "activist", "candidate"),
        )

    def run_by(self, scope: Scope) -> PartyBranchQuerySet:
        """Branches the user runs as secretary, deputy or committee member for organisation, or oversees as staff."""
        if scope.college_staff:
            return self
        return self.filter(Q(pk__in=scope.managed_branch_ids) | Q(department_id__in=scope.department_ids))

    def attachable_by(self, scope: Scope) -> PartyBranchQuerySet:
        """Branches whose roster the scope keeps; every branch for who sets up the whole college."""
        return self if scope.whole_college and scope.has(*SETUP_ROLES) else self.run_by(scope)


class SchoolClassQuerySet(InDepartmentQuerySet):
    pass


class LeagueBranchQuerySet(InDepartmentQuerySet):
    def active(self) -> LeagueBranchQuerySet:
        return self.filter(is_active=True)

    def supervised_by(self, scope: Scope) -> LeagueBranchQuerySet:
        """League branches whose lectures the user answers for: own, guided by a managed branch, or of the department."""
        if scope.college_staff:
            return self
        return self.filter(
            Q(pk__in=scope.league_branch_ids)
            | Q(party_branch_id__in=scope.branch_ids)
            | Q(department_id__in=scope.department_ids)
        )

    def attachable_by(self, scope: Scope) -> LeagueBranchQuerySet:
        """League branches for which the scope arranges lectures: guided by a managed branch, or of the department."""
        if scope.college_staff:
            return self
        return self.filter(Q(party_branch_id__in=scope.managed_branch_ids) | Q(department_id__in=scope.department_ids))


class CollegeWideQuerySet(ScopedQuerySet[Any]):
    """The calendar and policy are the same for everybody and no secret; anybody's row may name one of them."""

    is_college_wide: ClassVar[bool] = True

    def visible_to(self, scope: Scope) -> CollegeWideQuerySet:
        return self if scope.user_id else self.none()

    def changeable_by(self, scope: Scope) -> CollegeWideQuerySet:
        return self if scope.whole_college and scope.has(*SETUP_ROLES) else self.none()

    def attachable_by(self, scope: Scope) -> CollegeWideQuerySet:
        return self.visible_to(scope)


class AcademicYearQuerySet(CollegeWideQuerySet):
    def current(self, today: Any) -> Any:
        """The academic year a day lies in, or None."""
        return self.filter(starts_on__lte=today, ends_on__gte=today).first()


class TermQuerySet(CollegeWideQuerySet):
    def with_year(self) -> TermQuerySet:
        return self.select_related("academic_year")


class PolicyValueQuerySet(CollegeWideQuerySet):
    def in_force(self, on: Any) -> PolicyValueQuerySet:
        return self.filter(effective_from__lte=on).order_by("key", "effective_from")
