from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db.models import Q

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Role, Scope

from .tiers import OPEN_STATES, PUBLISHED_STATES, LinkState


def keepers(scope: Scope, prefix: str = "") -> Q:
    """Links the scope may arrange: of a branch it runs, or of a department it oversees."""
    condition = Q(**{prefix + "party_branch_id__in": scope.managed_branch_ids})
    if scope.department_ids:
        condition |= Q(**{prefix + "party_branch__department_id__in": scope.department_ids})
    return condition


def link_visibility(scope: Scope, prefix: str = "") -> Q:
    """RULES.md P6. Published links: the two, the committees of the three branches concerned, the mentee's counsellor, the
    department. A draft: who keeps it and the committee beside them."""

    def q(**lookup: Any) -> Q:
        return Q(**{prefix + name: value for name, value in lookup.items()})

    me = scope.person_id or 0
    near = q(mentor_id=me) | q(mentee_id=me)
    if scope.branch_ids:
        near |= q(party_branch_id__in=scope.branch_ids) | q(mentor__party_branch_id__in=scope.branch_ids)
        near |= q(mentee__party_branch_id__in=scope.branch_ids)
    if scope.guided_league_branch_ids:
        near |= q(mentee__party_branch=None, mentee__school_class__league_branches__in=scope.guided_league_branch_ids)
    if scope.class_ids:
        near |= q(mentee__school_class_id__in=scope.class_ids)
    if scope.department_ids:
        near |= q(mentee__department_id__in=scope.department_ids) | q(mentor__department_id__in=scope.department_ids)
    return near & q(state__in=PUBLISHED_STATES) | keepers(scope, prefix) | q(party_branch_id__in=scope.branch_ids)


class MentorshipQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> MentorshipQuerySet:
        if scope.whole_college:
            return self
        # A set of ids: joins to League branches would repeat rows.
        return self.filter(pk__in=self.model._base_manager.filter(link_visibility(scope)).values("pk"))

    def changeable_by(self, scope: Scope) -> MentorshipQuerySet:
        return self if scope.college_staff else self.filter(keepers(scope))

    def open(self) -> MentorshipQuerySet:
        """Draft, waiting or running: these take a place."""
        return self.filter(state__in=OPEN_STATES)

    def running(self) -> MentorshipQuerySet:
        return self.filter(state=LinkState.ACTIVE)

    def of_person(self, person_id: int) -> MentorshipQuerySet:
        return self.filter(Q(mentor_id=person_id) | Q(mentee_id=person_id))

    def with_people(self) -> MentorshipQuerySet:
        return self.select_related(
            "mentor__party_branch", "mentor__school_class", "mentee__party_branch", "mentee__school_class", "party_branch"
        )  # fmt: skip


class LeagueGuidanceQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> LeagueGuidanceQuerySet:
        """Published: the guide, the League branch's secretaries, the committees, the class's counsellor, the department."""
        if scope.whole_college:
            return self
        near = Q(person_id=scope.person_id or 0) | Q(league_branch_id__in=scope.league_branch_ids)
        near |= Q(person__party_branch_id__in=scope.branch_ids) | Q(league_branch__school_class_id__in=scope.class_ids)
        near |= Q(league_branch__department_id__in=scope.department_ids)
        kept = keepers(scope) | Q(party_branch_id__in=scope.branch_ids)
        return self.filter(near & Q(state__in=PUBLISHED_STATES) | kept)

    def changeable_by(self, scope: Scope) -> LeagueGuidanceQuerySet:
        return self if scope.college_staff else self.filter(keepers(scope))

    def open(self) -> LeagueGuidanceQuerySet:
        return self.filter(state__in=OPEN_STATES)

    def running(self) -> LeagueGuidanceQuerySet:
        return self.filter(state=LinkState.ACTIVE)

    def with_names(self) -> LeagueGuidanceQuerySet:
        return self.select_related("person__party_branch", "league_branch__school_class", "party_branch")


def _two(scope: Scope, prefix: str = "mentorship__") -> Q:
    me = scope.person_id or 0
    return Q(**{prefix + "mentor_id": me}) | Q(**{prefix + "mentee_id": me})


class GoalQuerySet(ScopedQuerySet[Any]):
    """Goals are seen with their link and changed by the two."""

    link = "mentorship"

    def visible_to(self, scope: Scope) -> GoalQuerySet:
        from .models import Mentorship

        return self.filter(**{f"{self.link}__in": Mentorship.objects.visible_to(scope)})

    def changeable_by(self, scope: Scope) -> GoalQuerySet:
        return self.filter(_two(scope, f"{self.link}__"))

    def open(self) -> GoalQuerySet:
        return self.filter(reached_on=None, dropped_on=None)

    def agreed(self) -> GoalQuerySet:
        return self.filter(mentor_agreed_at__isnull=False, mentee_agreed_at__isnull=False)

    def overdue(self, today: date) -> GoalQuerySet:
        return self.open().agreed().filter(due_on__lt=today)


class GoalStepQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> GoalStepQuerySet:
        from .models import Mentorship

        return self.filter(goal__mentorship__in=Mentorship.objects.visible_to(scope))

    def changeable_by(self, scope: Scope) -> GoalStepQuerySet:
        return self.filter(_two(scope, "goal__mentorship__"))


class ObservationQuerySet(ScopedQuerySet[Any]):
    """The person observed does not read the running record of themselves; the branch, the contact and the department do."""

    def visible_to(self, scope: Scope) -> ObservationQuerySet:
        if scope.college_staff:
            return self
        near = Q(mentorship__mentor_id=scope.person_id or 0) | Q(recorded_by_id=scope.user_id or 0)
        near |= Q(person__party_branch_id__in=scope.branch_ids) | Q(mentorship__party_branch_id__in=scope.branch_ids)
        near |= Q(person__department_id__in=scope.department_ids)
        return self.filter(near).exclude(person_id=scope.person_id or 0)

    def changeable_by(self, scope: Scope) -> ObservationQuerySet:
        """A contact's record by its contact; the branch's review by who runs the branch."""
        mine = Q(kind="contact", mentorship__mentor_id=scope.person_id or 0)
        return self.filter(mine | Q(kind="branch", person__party_branch_id__in=scope.managed_branch_ids))


class LeaguePlanQuerySet(ScopedQuerySet[Any]):
    """Seen by the League branch, its guides, the responsible Party branch, the counsellor and the department."""

    path = ""

    def visible_to(self, scope: Scope) -> LeaguePlanQuerySet:
        if scope.whole_college:
            return self
        return self.filter(self._near(scope) | self._at(scope, "school_class_id__in", scope.class_ids))

    def changeable_by(self, scope: Scope) -> LeaguePlanQuerySet:
        return self.filter(self._near(scope, committees=False))

    def _at(self, scope: Scope, lookup: str, value: Collection[int]) -> Q:
        return Q(**{f"{self.path}league_branch__{lookup}": value})

    def _near(self, scope: Scope, *, committees: bool = True) -> Q:
        from .models import LeagueGuidance

        guided = LeagueGuidance.objects.running().filter(person_id=scope.person_id or 0).values("league_branch_id")
        branches = scope.branch_ids if committees else scope.managed_branch_ids
        condition = Q(**{f"{self.path}league_branch__in": guided})
        condition |= self._at(scope, "pk__in", scope.league_branch_ids)
        condition |= self._at(scope, "party_branch_id__in", branches)
        return condition | self._at(scope, "department_id__in", scope.department_ids)


class LeagueMilestoneQuerySet(LeaguePlanQuerySet):
    path = "plan__"

    def open(self) -> LeagueMilestoneQuerySet:
        return self.filter(done_on=None)


class ContactCardQuerySet(ScopedQuerySet[Any]):
    """One's own, and those of the people one is linked with in a running or offered link."""

    def visible_to(self, scope: Scope) -> ContactCardQuerySet:
        from .models import Mentorship

        me = scope.person_id or 0
        links = Mentorship.objects.filter(state__in=(LinkState.OFFERED, LinkState.ACTIVE))
        return self.filter(
            Q(person_id=me)
            | Q(person__in=links.filter(mentor_id=me).values("mentee_id"))
            | Q(person__in=links.filter(mentee_id=me).values("mentor_id"))
        )

    def changeable_by(self, scope: Scope) -> ContactCardQuerySet:
        return self.filter(person_id=scope.person_id or 0)


class HelpRequestQuerySet(ScopedQuerySet[Any]):
    """Confidential: the person, and the secretary of their Party branch or of the one responsible for their League branch."""

    def visible_to(self, scope: Scope) -> HelpRequestQuerySet:
        return self.filter(Q(person_id=scope.person_id or 0) | Q(pk__in=self._for_secretary(scope)))

    def changeable_by(self, scope: Scope) -> HelpRequestQuerySet:
        return self.filter(pk__in=self._for_secretary(scope)).exclude(person_id=scope.person_id or 0)

    def _for_secretary(self, scope: Scope) -> Any:
        rows = self.model._base_manager
        if not scope.has(Role.SECRETARY):
            return rows.none().values("pk")
        own = Q(person__party_branch_id__in=scope.managed_branch_ids)
        guided = Q(person__party_branch=None, person__school_class__league_branches__in=scope.guided_league_branch_ids)
        return rows.filter(own | guided).values("pk")

    def open(self) -> HelpRequestQuerySet:
        return self.filter(handled_at=None, withdrawn_at=None)


class ConsentQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> ConsentQuerySet:
        return self.filter(person_id=scope.person_id or 0)

    def in_force(self) -> ConsentQuerySet:
        return self.filter(state="given")


class NeedQuerySet(ScopedQuerySet[Any]):
    """Only `needs.py` reads these rows, and notes each reading. Administrators and departments see none."""

    def visible_to(self, scope: Scope) -> NeedQuerySet:
        from members.models import Person

        return self.filter(person__in=Person.objects.filter(need_readers(scope)).values("pk"))


def need_readers(scope: Scope, prefix: str = "") -> Q:
    """People whose needs the scope may read: oneself, one's mentees, one's classes as counsellor, one's branch as secretary."""
    from .models import Mentorship

    def q(**lookup: Any) -> Q:
        return Q(**{prefix + name: value for name, value in lookup.items()})

    me = scope.person_id or 0
    mentees = Mentorship.objects.running().filter(mentor_id=me).values("mentee_id")
    condition = q(pk=me) | q(pk__in=mentees)
    if scope.has(Role.COUNSELLOR):
        condition |= q(school_class_id__in=scope.class_ids)
    if scope.has(Role.SECRETARY):
        condition |= q(party_branch_id__in=scope.managed_branch_ids)
        condition |= q(party_branch=None, school_class__league_branches__in=scope.guided_league_branch_ids)
    return condition


class ReadingQuerySet(ScopedQuerySet[Any]):
    """Shown to the person read about."""

    def visible_to(self, scope: Scope) -> ReadingQuerySet:
        return self.filter(person_id=scope.person_id or 0)
