"""Which lectures, duties and exemptions somebody sees."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone

from branches.models import LeagueBranch
from members.querysets import OfPersonQuerySet
from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Role, Scope


def league_branches_on_duty(scope: Scope, on: date | None = None) -> Any:
    """Ids of League branches whose lectures the user gives on a day (today when not said): a duty holds in its year alone."""
    from .models import LectureDuty

    own = LectureDuty.objects.filter(person_id=scope.person_id or 0)
    return own.filter_active(on or timezone.localdate()).values("league_branch_id")


def concerned_league_branches(scope: Scope, on: date | None = None) -> Any:
    """League branches whose lectures the user has to do with: supervised ones, and those of own duties on that day."""
    supervised = LeagueBranch.objects.supervised_by(scope).values("pk")
    return LeagueBranch.objects.filter(Q(pk__in=supervised) | Q(pk__in=league_branches_on_duty(scope, on)))


class LectureQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> LectureQuerySet:
        """Lectures one gives, and those to League branches one answers for."""
        if scope.college_staff:
            return self
        concerned = concerned_league_branches(scope).values("pk")
        return self.filter(
            Q(speakers__person_id=scope.person_id or 0) | Q(audiences__league_branch__in=concerned)
        ).distinct()

    def with_speakers(self) -> LectureQuerySet:
        return self.select_related("textbook").prefetch_related("speakers__person")


class LectureAudienceQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> LectureAudienceQuerySet:
        if scope.college_staff:
            return self
        return self.filter(league_branch__in=concerned_league_branches(scope).values("pk"))

    def waiting_for(self, scope: Scope) -> LectureAudienceQuerySet:
        """Lectures given to League branches of which the user is secretary, not confirmed yet."""
        return self.filter(league_branch_id__in=scope.league_branch_ids, state="waiting", lecture__state="delivered")

    def answered_by(self, scope: Scope) -> LectureAudienceQuerySet:
        """Answers of the user's own League branches, newest first."""
        return (
            self.filter(league_branch_id__in=scope.league_branch_ids)
            .exclude(state="waiting")
            .order_by("-confirmed_at", "-pk")
        )

    def with_lecture(self) -> LectureAudienceQuerySet:
        return self.select_related("lecture__textbook", "league_branch", "confirmed_by").prefetch_related(
            "lecture__speakers__person"
        )


class OfLeagueBranchQuerySet(ScopedQuerySet[Any]):
    """Rows that belong to a League branch: duties, exemptions, "no lecture this week"."""

    def visible_to(self, scope: Scope) -> OfLeagueBranchQuerySet:
        if scope.college_staff or scope.has(Role.ADMINISTRATOR):
            return self
        return self.filter(league_branch__in=LeagueBranch.objects.supervised_by(scope).values("pk"))

    def changeable_by(self, scope: Scope) -> OfLeagueBranchQuerySet:
        if scope.college_staff:
            return self
        return self.filter(
            Q(league_branch__party_branch_id__in=scope.managed_branch_ids)
            | Q(league_branch__department_id__in=scope.department_ids)
        )


class LectureDutyQuerySet(OfLeagueBranchQuerySet):
    def visible_to(self, scope: Scope) -> LectureDutyQuerySet:
        if scope.college_staff or scope.has(Role.ADMINISTRATOR):
            return self
        supervised = LeagueBranch.objects.supervised_by(scope).values("pk")
        return self.filter(Q(league_branch__in=supervised) | Q(person_id=scope.person_id or 0))

    def filter_active(self, on: date) -> LectureDutyQuerySet:
        """Duties of the academic year of a day that have not ended by then."""
        return self.filter(academic_year__starts_on__lte=on, academic_year__ends_on__gte=on).filter(
            Q(ended_on=None) | Q(ended_on__gt=on)
        )


class SpeakerQuerySet(OfPersonQuerySet):
    pass


class QuotaExemptionQuerySet(OfLeagueBranchQuerySet):
    def visible_to(self, scope: Scope) -> QuotaExemptionQuerySet:
        if scope.college_staff or scope.has(Role.ADMINISTRATOR):
            return self
        supervised = LeagueBranch.objects.supervised_by(scope).values("pk")
        return self.filter(Q(league_branch__in=supervised) | Q(league_branch_id__in=scope.league_branch_ids))

    def granted(self) -> QuotaExemptionQuerySet:
        """Those that count."""
        return self.filter(state="granted")

    def waiting(self) -> QuotaExemptionQuerySet:
        return self.filter(state="asked")


class ListenerQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> ListenerQuerySet:
        """Whoever sees the League branch's lectures, and everybody their own."""
        if scope.college_staff:
            return self
        concerned = concerned_league_branches(scope).values("pk")
        return self.filter(Q(audience__league_branch__in=concerned) | Q(person_id=scope.person_id or 0))


class LectureSwapQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> LectureSwapQuerySet:
        """The two speakers, and who sees the lecture's League branches."""
        if scope.college_staff:
            return self
        supervised = LeagueBranch.objects.supervised_by(scope).values("pk")
        me = scope.person_id or 0
        return self.filter(
            Q(asker_id=me) | Q(colleague_id=me) | Q(lecture__audiences__league_branch__in=supervised)
        ).distinct()

    def open(self) -> LectureSwapQuerySet:
        return self.filter(state="asked")


class SpotCheckQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> SpotCheckQuerySet:
        """Staff alone: a check that is announced is none."""
        if scope.college_staff:
            return self
        return self.filter(audience__league_branch__department_id__in=scope.department_ids)
