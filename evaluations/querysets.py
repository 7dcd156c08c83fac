"""Who sees what of the evaluations. Judging people takes a post: an administrator sees none of it.

Author, subject, committee and department are the four who may; `docs/operator.md` holds the table, the role × address table
keeps it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Role, Scope


def _over(scope: Scope, person: str) -> Q:
    """People of branches whose committee the user sits on, and of departments they oversee."""
    return Q(**{f"{person}__party_branch_id__in": scope.branch_ids}) | Q(
        **{f"{person}__department_id__in": scope.department_ids}
    )


class QuestionnaireQuerySet(ScopedQuerySet[Any]):
    """Data of the college: read by everybody who signs in, kept by the college's staff."""

    is_college_wide = True

    def visible_to(self, scope: Scope) -> QuestionnaireQuerySet:
        return self

    def changeable_by(self, scope: Scope) -> QuestionnaireQuerySet:
        return self if scope.college_staff or scope.has(Role.ADMINISTRATOR) else self.none()


class FeedbackRoundQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> FeedbackRoundQuerySet:
        """The round itself, not its answers: everybody of the departments it is for."""
        if scope.college_staff:
            return self
        return self.filter(Q(department=None) | Q(department_id__in=scope.home_department_ids))

    def changeable_by(self, scope: Scope) -> FeedbackRoundQuerySet:
        return self if scope.college_staff else self.filter(department_id__in=scope.department_ids)


def exchange_visibility(scope: Scope, prefix: str = "") -> Q:
    """The two sides, the League branch's secretary, the committees of both sides' branches, the department."""
    me = scope.person_id or 0

    def q(**lookup: Any) -> Q:
        return Q(**{prefix + name: value for name, value in lookup.items()})

    near = q(mentor_id=me) | q(mentee_id=me) | q(league_branch_id__in=scope.league_branch_ids)
    near |= q(mentor__party_branch_id__in=scope.branch_ids) | q(mentee__party_branch_id__in=scope.branch_ids)
    near |= q(mentor__department_id__in=scope.department_ids) | q(mentee__department_id__in=scope.department_ids)
    return near | q(league_branch__department_id__in=scope.department_ids)


class FeedbackExchangeQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> FeedbackExchangeQuerySet:
        return self if scope.college_staff else self.filter(exchange_visibility(scope))

    def changeable_by(self, scope: Scope) -> FeedbackExchangeQuerySet:
        return self.none()

    def open(self, now: datetime) -> FeedbackExchangeQuerySet:
        return self.filter(opens_at__lte=now, closes_at__gt=now, called_off_at=None)

    def revealed(self, now: datetime) -> FeedbackExchangeQuerySet:
        """Both sides have answered, or time is up: now the answers may be read."""
        return self.filter(Q(revealed_at__isnull=False) | Q(closes_at__lte=now))


class FeedbackQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope, now: datetime | None = None) -> FeedbackQuerySet:
        """One's own answer always; the others' once both have answered or the exchange has closed."""
        from django.utils import timezone

        moment = now or timezone.now()
        told = Q(exchange__revealed_at__isnull=False) | Q(exchange__closes_at__lte=moment)
        seen = told if scope.college_staff else told & exchange_visibility(scope, "exchange__")
        return self.filter(Q(author_id=scope.person_id or 0) | seen)

    def changeable_by(self, scope: Scope) -> FeedbackQuerySet:
        return self.none()


class SecretQuerySet(ScopedQuerySet[Any]):
    """Ballots, rolls and anonymous answers: no list, no page, for nobody. Services count them."""


class MentorAssessmentQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> MentorAssessmentQuerySet:
        """Committee and department; the person once it was shown to them."""
        if scope.college_staff:
            return self
        own = Q(person_id=scope.person_id or 0, shown_at__isnull=False)
        return self.filter(_over(scope, "person") | own)

    def changeable_by(self, scope: Scope) -> MentorAssessmentQuerySet:
        """The secretary of the person's branch, and the department; never the person."""
        rows = self if scope.college_staff else self.filter(
            Q(person__party_branch_id__in=scope.managed_branch_ids) | Q(person__department_id__in=scope.department_ids)
        )  # fmt: skip
        return rows.exclude(person_id=scope.person_id or 0)

    def current(self) -> MentorAssessmentQuerySet:
        return self.filter(is_current=True)


class ConversionReviewQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> ConversionReviewQuerySet:
        """The committee of the branch that reviews, the department, and the person."""
        if scope.college_staff:
            return self
        me = Q(person_id=scope.person_id or 0)
        return self.filter(
            Q(party_branch_id__in=scope.branch_ids) | Q(party_branch__department_id__in=scope.department_ids) | me
        )

    def changeable_by(self, scope: Scope) -> ConversionReviewQuerySet:
        rows = self if scope.college_staff else self.filter(
            Q(party_branch_id__in=scope.managed_branch_ids) | Q(party_branch__department_id__in=scope.department_ids)
        )  # fmt: skip
        return rows.exclude(person_id=scope.person_id or 0)

    def open(self) -> ConversionReviewQuerySet:
        return self.filter(closed_at=None)


class OfConversionReviewQuerySet(ScopedQuerySet[Any]):
    """Opinions and votes of a review: committee and department; an opinion also its author. The person reads none."""

    def visible_to(self, scope: Scope) -> OfConversionReviewQuerySet:
        if scope.college_staff:
            return self.exclude(review__person_id=scope.person_id or 0)
        near = Q(review__party_branch_id__in=scope.branch_ids) | Q(
            review__party_branch__department_id__in=scope.department_ids
        )
        return self.filter(near | Q(author_id=scope.person_id or 0)).exclude(review__person_id=scope.person_id or 0)


class PartnerOpinionQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> PartnerOpinionQuerySet:
        """The branch that wrote it, the branch of the person, the department; not the person."""
        if scope.college_staff:
            return self
        near = Q(by_branch_id__in=scope.branch_ids) | _over(scope, "person")
        return self.filter(near).exclude(person_id=scope.person_id or 0)

    def changeable_by(self, scope: Scope) -> PartnerOpinionQuerySet:
        return self.filter(by_branch_id__in=scope.managed_branch_ids)


class AppraisalRoundQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> AppraisalRoundQuerySet:
        """Members of the branch, its committee, the department."""
        if scope.college_staff:
            return self
        return self.filter(
            Q(party_branch_id__in=scope.branch_ids | scope.own_branch_ids)
            | Q(party_branch__department_id__in=scope.department_ids)
        )

    def changeable_by(self, scope: Scope) -> AppraisalRoundQuerySet:
        return self.filter(party_branch_id__in=scope.managed_branch_ids)


class OfAppraisalQuerySet(ScopedQuerySet[Any]):
    """Self and peer appraisals: the author; the committee and the department; what is said of somebody they read when shown."""

    def visible_to(self, scope: Scope) -> OfAppraisalQuerySet:
        if scope.college_staff:
            return self
        me = scope.person_id or 0
        return self.filter(
            Q(author_id=me)
            | Q(round__party_branch_id__in=scope.branch_ids)
            | Q(round__party_branch__department_id__in=scope.department_ids)
            | Q(person_id=me, round__shown_at__isnull=False)
        )


class AppraisalResultQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> AppraisalResultQuerySet:
        """Counts and grades once counted: committee and department; one's own once shown."""
        if scope.college_staff:
            return self
        return self.filter(
            Q(round__party_branch_id__in=scope.branch_ids)
            | Q(round__party_branch__department_id__in=scope.department_ids)
            | Q(person_id=scope.person_id or 0, round__shown_at__isnull=False)
        )
