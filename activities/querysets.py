from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Prefetch, Q, Value, When
from django.utils import timezone

from branches.models import LeagueBranch
from members.office_models import LEAGUE_POSTS, MANAGING_POSTS, Post
from members.stages import Stage
from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Scope

if TYPE_CHECKING:
    pass


class LogEntryQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> LogEntryQuerySet:
        """Own entries; submitted ones of the branch's committee and of the department; those of a pair, mentoring link or
        guided League branch one belongs to, and of mentoring links one's branch keeps."""
        own = Q(person_id=scope.person_id or 0)
        submitted = ~Q(state="draft")
        if scope.college_staff:
            return self.filter(own | submitted)
        near = Q(person__party_branch_id__in=scope.branch_ids) | Q(person__department_id__in=scope.department_ids)
        near |= Q(mentorship__party_branch_id__in=scope.branch_ids) | _of_guided_classes(scope) | _of_other_side(scope)
        return self.filter(own | submitted & near)

    def changeable_by(self, scope: Scope) -> LogEntryQuerySet:
        """Only who did it writes it."""
        return self.filter(person_id=scope.person_id or 0)

    def judged_by(self, scope: Scope, on: date | None = None) -> LogEntryQuerySet:
        """Entries of others that are the user's to confirm or return, whatever their state: those of managed branches, of
        people without a Party branch in a class whose League branch a managed branch guides, and for staff what is left.
        What waits is also for the other side: who was talked with says best that it happened."""
        mine = Q(state="submitted") & _of_other_side(scope)
        mine |= Q(person__party_branch_id__in=scope.managed_branch_ids) | _of_guided_classes(scope)
        if scope.college_staff or scope.department_ids:
            theirs = Q() if scope.college_staff else Q(person__department_id__in=scope.department_ids)
            mine |= theirs & _nobody_manages(on or timezone.localdate())
        return self.filter(mine).exclude(person_id=scope.person_id or 0)

    def left_to_staff(self, on: date) -> LogEntryQuerySet:
        """Entries nobody in a Party branch may judge: no branch, a vacant one, or one its author runs alone."""
        return self.filter(_nobody_manages(on))

    def confirmable_by(self, scope: Scope, on: date | None = None) -> LogEntryQuerySet:
        """What waits for the user's confirmation, never the user's own."""
        return self.judged_by(scope, on).filter(state="submitted")

    def from_the_other_side(self, scope: Scope) -> LogEntryQuerySet:
        """What others logged of a pair, mentoring link or guided League branch of the user's."""
        return self.filter(_of_other_side(scope)).exclude(person_id=scope.person_id or 0)

    def with_turn(self, scope: Scope, silent_since: datetime) -> LogEntryQuerySet:
        """With `turn`: 0 left unanswered by the other side since that moment, 1 the user's, 2 the other side may answer."""
        silent, mine, theirs = Value(0), Value(1), Value(2)
        return self.annotate(
            turn=Case(
                When(_of_other_side(scope), then=mine),
                When(_other_side_can_answer() & Q(submitted_at__lte=silent_since), then=silent),
                When(_other_side_can_answer(), then=theirs),
                default=mine,
                output_field=IntegerField(),
            )
        )

    def confirmed(self) -> LogEntryQuerySet:
        return self.filter(state="confirmed")

    def waiting_since(self, moment: datetime) -> LogEntryQuerySet:
        return self.filter(state="submitted", submitted_at__lte=moment)

    def with_names(self) -> LogEntryQuerySet:
        return self.select_related(
            "person", "person__party_branch", "member_pairing__helper", "member_pairing__partner", "league_branch",
            "mentorship__mentor", "mentorship__mentee", "confirmed_by",
        )  # fmt: skip

    def with_lecture_answers(self) -> LogEntryQuerySet:
        """With the lecture and what the League branches that heard it confirmed, as `lecture.heard_by`."""
        from .models import LectureAudience

        answers = LectureAudience.objects.filter(state="confirmed").select_related("league_branch", "confirmed_by")
        heard = Prefetch("lecture__audiences", queryset=answers.order_by("confirmed_at", "pk"), to_attr="heard_by")
        return self.select_related("lecture__textbook", "confirmed_by").prefetch_related(heard)


def _of_other_side(scope: Scope) -> Q:
    """Entries of a pair or mentoring link of two of whom the user is one, and of guidance of the user's League branch."""
    me = scope.person_id or 0
    two = Q(member_pairing__helper_id=me) | Q(member_pairing__partner_id=me)
    two |= Q(mentorship__mentor_id=me) | Q(mentorship__mentee_id=me)
    return two | Q(league_guidance__league_branch_id__in=scope.league_branch_ids)


def _other_side_can_answer() -> Q:
    """Entries of two whose other one has an open account, or of a League branch whose secretary has."""
    author = F("person")
    can = Q(member_pairing__helper=author, member_pairing__partner__user__is_active=True)
    can |= Q(member_pairing__partner=author, member_pairing__helper__user__is_active=True)
    can |= Q(mentorship__mentor=author, mentorship__mentee__user__is_active=True)
    can |= Q(mentorship__mentee=author, mentorship__mentor__user__is_active=True)
    posts = Post.objects.current(timezone.localdate()).filter(
        league_branch=OuterRef("league_guidance__league_branch"), kind__in=LEAGUE_POSTS, person__user__is_active=True
    )
    return can | Q(Exists(posts.exclude(person=OuterRef("person"))))


def _of_guided_classes(scope: Scope) -> Q:
    """People without a Party branch in classes whose League branch a managed branch guides."""
    guided = LeagueBranch.objects.active().filter(pk__in=scope.guided_league_branch_ids, school_class__isnull=False)
    return Q(person__party_branch=None, person__school_class_id__in=guided.values("school_class_id"))


def _nobody_manages(on: date) -> Q:
    """No manager with an open account, other than the author, in the author's branch or in the one that guides their class."""
    managers = (
        Post.objects.current(on)
        .filter(kind__in=MANAGING_POSTS, person__user__is_active=True)
        .exclude(person__stage=Stage.LEFT)
        .exclude(person_id=OuterRef("person_id"))
    )
    own = managers.filter(party_branch_id=OuterRef("person__party_branch_id"))
    guided = LeagueBranch.objects.active().filter(school_class_id=OuterRef(OuterRef("person__school_class_id")))
    guiding = managers.filter(party_branch_id__in=guided.values("party_branch_id"))
    return ~Exists(own) & ~(Q(person__party_branch=None) & Exists(guiding))
