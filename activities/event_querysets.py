from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from branches.models import SchoolClass
from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Role, Scope

HIDDEN_STATES = ("draft", "proposed", "approved")


def hosts(scope: Scope, prefix: str = "") -> Q:
    """Activities whose hosts (first host or co-host) the scope runs: these plan, approve, publish, finish."""

    def q(**lookup: Any) -> Q:
        return Q(**{prefix + name: value for name, value in lookup.items()})

    condition = q(party_branch_id__in=scope.managed_branch_ids) | q(league_branch_id__in=scope.league_branch_ids)
    return condition | q(co_hosts__party_branch_id__in=scope.managed_branch_ids)


class ActivityQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> ActivityQuerySet:
        """Known ones: the hosts' people, paired branches, the class, the department, who is invited. Before that: the hosts."""
        if scope.whole_college:
            return self
        return self.filter(pk__in=self.model._base_manager.filter(self._seen(scope)).values("pk"))

    def _seen(self, scope: Scope) -> Q:
        branches = scope.branch_ids | scope.own_branch_ids
        near = Q(party_branch_id__in=branches) | Q(co_hosts__party_branch_id__in=branches)
        near |= Q(participations__person_id=scope.person_id or 0)
        near |= Q(league_branch_id__in=scope.league_branch_ids | scope.guided_league_branch_ids)
        near |= Q(league_branch__school_class_id__in=scope.class_ids)
        if scope.person_id:
            near |= Q(league_branch__school_class__in=SchoolClass.objects.filter(people=scope.person_id))
        if branches:
            near |= Q(party_branch__in=partners_of(branches))
        near |= Q(audience="open") & (
            Q(party_branch__department_id__in=scope.home_department_ids)
            | Q(league_branch__department_id__in=scope.home_department_ids)
        )
        overseen = Q(party_branch__department_id__in=scope.department_ids)
        overseen |= Q(league_branch__department_id__in=scope.department_ids)
        committee = Q(party_branch_id__in=scope.branch_ids) | Q(created_by_id=scope.user_id or 0)
        return hosts(scope) | committee | overseen | near & ~Q(state__in=HIDDEN_STATES)

    def changeable_by(self, scope: Scope) -> ActivityQuerySet:
        """Hosts, and the department they belong to; a committee member who planned it until it is published."""
        if scope.college_staff:
            return self
        ids = self.model._base_manager.filter(
            hosts(scope)
            | Q(party_branch__department_id__in=scope.department_ids)
            | Q(league_branch__department_id__in=scope.department_ids)
            | Q(created_by_id=scope.user_id or 0, state__in=HIDDEN_STATES)
        )
        return self.filter(pk__in=ids.values("pk"))

    def run_by(self, scope: Scope) -> ActivityQuerySet:
        """Of the first hosts whom the scope runs itself, without those it merely oversees."""
        own = Q(party_branch_id__in=scope.managed_branch_ids) | Q(league_branch_id__in=scope.league_branch_ids)
        return self.filter(own)

    def known(self) -> ActivityQuerySet:
        return self.exclude(state__in=HIDDEN_STATES)

    def between(self, first: datetime, last: datetime) -> ActivityQuerySet:
        """Touching the time from `first` up to `last`."""
        return self.filter(starts_at__lt=last, ends_at__gt=first)

    def with_names(self) -> ActivityQuerySet:
        return self.select_related("kind", "party_branch", "league_branch", "pairing")


def partners_of(branch_ids: frozenset[int]) -> Any:
    """Branches paired with these now or once: their known activities stand in one's calendar."""
    from branches.models import PartyBranch
    from pairings.models import BranchPairing

    running = BranchPairing.objects.filter(state__in=("active", "completed"))
    return PartyBranch.objects.filter(
        Q(pk__in=running.filter(helping_branch_id__in=branch_ids).values("partner_branch_id"))
        | Q(pk__in=running.filter(partner_branch_id__in=branch_ids).values("helping_branch_id"))
    ).values("pk")


class OfActivityQuerySet(ScopedQuerySet[Any]):
    """Rows that hang on an activity: seen and changed with it."""

    @property
    def path(self) -> str:
        """From the row to its activity."""
        fields = {field.name for field in self.model._meta.get_fields()}
        steps = {
            "activity": "activity",
            "talk": "talk__activity",
            "round": "round__activity",
            "minutes": "minutes__activity",
        }
        return next(path for name, path in steps.items() if name in fields)

    def visible_to(self, scope: Scope) -> OfActivityQuerySet:
        from .event_models import Activity

        return self.filter(**{f"{self.path}__in": Activity.objects.visible_to(scope)})

    def changeable_by(self, scope: Scope) -> OfActivityQuerySet:
        from .event_models import Activity

        return self.filter(**{f"{self.path}__in": Activity.objects.changeable_by(scope)})


class ActivityHostQuerySet(OfActivityQuerySet):
    def waiting_for(self, scope: Scope) -> ActivityHostQuerySet:
        """Co-hosts of proposed activities whose yes the user gives."""
        return self.filter(activity__state="proposed", approved_at=None, party_branch_id__in=scope.managed_branch_ids)


class ParticipationQuerySet(ScopedQuerySet[Any]):
    """One's own; all of an activity for its hosts and committees and the department."""

    def visible_to(self, scope: Scope) -> ParticipationQuerySet:
        from .event_models import Activity

        if scope.college_staff:
            return self
        own = Q(person_id=scope.person_id or 0)
        led = Q(activity__in=Activity.objects.changeable_by(scope)) | Q(activity__party_branch_id__in=scope.branch_ids)
        beside = Activity._base_manager.filter(co_hosts__party_branch_id__in=scope.branch_ids)
        planned = Q(activity__created_by_id=scope.user_id or 0)
        return self.filter(own | led | planned | Q(activity__in=beside))

    def changeable_by(self, scope: Scope) -> ParticipationQuerySet:
        from .event_models import Activity

        return self.filter(activity__in=Activity.objects.changeable_by(scope))

    def coming(self) -> ParticipationQuerySet:
        """These take a place."""
        return self.filter(state__in=("signed_up", "present"))


class ViewingQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> ViewingQuerySet:
        from members.models import Person

        if scope.college_staff:
            return self
        return self.filter(person__in=Person.objects.visible_to(scope))

    def changeable_by(self, scope: Scope) -> ViewingQuerySet:
        return self.filter(person_id=scope.person_id or 0)


class AnnouncementQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> AnnouncementQuerySet:
        """Of one's branch, class and departments; withdrawn ones only for who may change them."""
        if scope.whole_college:
            return self
        branches = scope.branch_ids | scope.own_branch_ids
        near = Q(party_branch_id__in=branches) | Q(league_branch_id__in=scope.league_branch_ids)
        near |= Q(league_branch_id__in=scope.guided_league_branch_ids) | Q(department_id__in=scope.home_department_ids)
        near |= Q(league_branch__school_class_id__in=scope.class_ids)
        if scope.person_id:
            near |= Q(league_branch__school_class__in=SchoolClass.objects.filter(people=scope.person_id))
        return self.filter(self._own(scope) | near & Q(withdrawn_at=None))

    def _own(self, scope: Scope) -> Q:
        own = Q(party_branch_id__in=scope.managed_branch_ids) | Q(league_branch_id__in=scope.league_branch_ids)
        if scope.has(Role.STAFF):
            own |= Q(department_id__in=scope.department_ids) | Q(party_branch__department_id__in=scope.department_ids)
        return own

    def changeable_by(self, scope: Scope) -> AnnouncementQuerySet:
        return self if scope.college_staff else self.filter(self._own(scope))


class ReadMarkQuerySet(ScopedQuerySet[Any]):
    """Who published sees who has read; everybody their own mark."""

    def visible_to(self, scope: Scope) -> ReadMarkQuerySet:
        from .record_models import Announcement

        mine = Q(user_id=scope.user_id or 0)
        return self.filter(mine | Q(announcement__in=Announcement.objects.changeable_by(scope)))


class AttachmentQuerySet(ScopedQuerySet[Any]):
    """With the entry they hang on."""

    def visible_to(self, scope: Scope) -> AttachmentQuerySet:
        from .event_models import Activity
        from .models import LogEntry
        from .record_models import Announcement

        return self.filter(
            Q(log_entry__in=LogEntry.objects.visible_to(scope))
            | Q(activity__in=Activity.objects.visible_to(scope))
            | Q(announcement__in=Announcement.objects.visible_to(scope))
            # Materials of the textbook are for everybody who signs in.
            | Q(chapter__isnull=False)
        )

    def changeable_by(self, scope: Scope) -> AttachmentQuerySet:
        return self.visible_to(scope).filter(uploaded_by_id=scope.user_id or 0)


class FeedQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> FeedQuerySet:
        return self.filter(user_id=scope.user_id or 0)

    def open(self) -> FeedQuerySet:
        return self.filter(revoked_at=None)
