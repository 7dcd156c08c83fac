from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Role, Scope

from .stages import DEVELOPING_STAGES, MEMBER_STAGES, Stage

if TYPE_CHECKING:
    pass


class PersonQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> PersonQuerySet:
        """RULES.md P6. Party people: own branch's committee and the department. People without a Party branch: themselves,
        their League branch's secretary, their class's counsellor, the department, the secretary of the Party branch
        responsible for their League branch."""
        if scope.whole_college and scope.has(Role.STAFF, Role.ADMINISTRATOR):
            return self
        return self.filter(person_visibility(scope))

    def changeable_by(self, scope: Scope) -> PersonQuerySet:
        if scope.whole_college and scope.has(Role.STAFF, Role.ADMINISTRATOR):
            return self
        return self.filter(
            Q(department_id__in=scope.department_ids)
            | Q(party_branch_id__in=scope.managed_branch_ids)
            | Q(party_branch=None, school_class__league_branches__party_branch_id__in=scope.managed_branch_ids)
            | Q(party_branch=None, school_class_id__in=scope.class_ids)
        )

    def members(self) -> PersonQuerySet:
        return self.filter(stage__in=MEMBER_STAGES)

    def activists(self) -> PersonQuerySet:
        """The second register: activists and candidates."""
        return self.filter(stage__in=(Stage.ACTIVIST, Stage.CANDIDATE))

    def developing(self) -> PersonQuerySet:
        return self.filter(stage__in=DEVELOPING_STAGES)

    def present(self) -> PersonQuerySet:
        return self.exclude(stage=Stage.LEFT)

    def away_on(self, on: date) -> PersonQuerySet:
        """People with an absence on a day."""
        return self.filter(_absent_on(on))

    def on_campus(self, on: date) -> PersonQuerySet:
        return self.present().exclude(_absent_on(on)).exclude(graduates_on__lt=on)

    def search(self, words: str) -> PersonQuerySet:
        """By name, pinyin (whole or initials) or number; at most 50 characters are read."""
        words = words.replace("\x00", "").strip()[:50]
        if not words:
            return self
        return self.filter(
            Q(name__icontains=words)
            | Q(number__startswith=words)
            | Q(name_key__icontains=words.lower().replace(" ", ""))
        )


def person_visibility(scope: Scope, prefix: str = "") -> Q:
    """The condition of `PersonQuerySet.visible_to`, for rows that point at a person through `prefix`."""

    def q(**lookup: Any) -> Q:
        return Q(**{prefix + name: value for name, value in lookup.items()})

    condition = q(pk=scope.person_id or 0)
    if scope.department_ids:
        condition |= q(department_id__in=scope.department_ids)
    if scope.branch_ids:
        condition |= q(party_branch_id__in=scope.branch_ids)
    class_ids = scope.class_ids
    if class_ids:
        condition |= q(school_class_id__in=class_ids)
    league_ids = scope.league_branch_ids | scope.guided_league_branch_ids
    if league_ids:
        from branches.models import SchoolClass

        classes = SchoolClass.objects.filter(league_branches__in=league_ids).values("pk")
        condition |= q(party_branch=None, school_class__in=classes)
    return condition


def _absent_on(on: date) -> Exists:
    from .models import Absence

    return Exists(
        Absence.objects.filter(person=OuterRef("pk"), from_on__lte=on).filter(Q(to_on=None) | Q(to_on__gte=on))
    )


class OfPersonQuerySet(ScopedQuerySet[Any]):
    """Rows that belong to one person: seen and changed with that person."""

    def visible_to(self, scope: Scope) -> OfPersonQuerySet:
        from .models import Person

        if scope.whole_college and scope.has(Role.STAFF, Role.ADMINISTRATOR):
            return self
        return self.filter(person__in=Person.objects.visible_to(scope))

    def changeable_by(self, scope: Scope) -> OfPersonQuerySet:
        from .models import Person

        if scope.whole_college and scope.has(Role.STAFF, Role.ADMINISTRATOR):
            return self
        return self.filter(person__in=Person.objects.changeable_by(scope))


class PostQuerySet(OfPersonQuerySet):
    def changeable_by(self, scope: Scope) -> PostQuerySet:
        """A post is changed by its own branch or department, wherever its holder belongs; `post_services.may_fill` is stricter."""
        if scope.whole_college and scope.has(Role.STAFF, Role.ADMINISTRATOR):
            return self
        return self.filter(
            Q(party_branch_id__in=scope.managed_branch_ids)
            | Q(party_branch__department_id__in=scope.department_ids)
            | Q(league_branch__party_branch_id__in=scope.managed_branch_ids)
            | Q(league_branch__department_id__in=scope.department_ids)
        )

    def current(self, today: date) -> PostQuerySet:
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=today)).filter(Q(since=None) | Q(since__lte=today))

    def secretary_users(self, *branches: Any) -> list[int]:
        """Accounts of the secretaries and deputies of these Party branches, each once."""
        from .office_models import SECRETARY_POSTS

        rows = self.filter(
            party_branch__in=branches, kind__in=SECRETARY_POSTS, ended_on=None, person__user__isnull=False
        )
        return sorted(set(rows.values_list("person__user_id", flat=True)))


class AbsenceQuerySet(OfPersonQuerySet):
    def on(self, day: date) -> AbsenceQuerySet:
        return self.filter(from_on__lte=day).filter(Q(to_on=None) | Q(to_on__gte=day))


class StaffRoleQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> StaffRoleQuerySet:
        if scope.whole_college:
            return self
        return self.filter(models.Q(department_id__in=scope.department_ids) | models.Q(user_id=scope.user_id or 0))

    def changeable_by(self, scope: Scope) -> StaffRoleQuerySet:
        """Roles of the whole college are given by whoever oversees the whole college, never by a department."""
        if scope.whole_college:
            return self
        return self.filter(department_id__in=scope.department_ids)


class OfStepQuerySet(ScopedQuerySet[Any]):
    """Votes hang on a step; they are seen with its person."""

    def visible_to(self, scope: Scope) -> OfStepQuerySet:
        from .models import Person

        return self.filter(step__person__in=Person.objects.visible_to(scope).values("pk"))

    def changeable_by(self, scope: Scope) -> OfStepQuerySet:
        from .models import Person

        return self.filter(step__person__in=Person.objects.changeable_by(scope).values("pk"))


class SavedViewQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> SavedViewQuerySet:
        return self.filter(user_id=scope.user_id or 0)


class TransferQuerySet(OfPersonQuerySet):
    """Transfers: one's own, those of the branches one sits on the committee of on either side, and the department's."""

    def visible_to(self, scope: Scope) -> TransferQuerySet:
        if scope.college_staff:
            return self
        condition = Q(person_id=scope.person_id or 0)
        for side in ("from_branch", "to_branch"):
            condition |= Q(**{f"{side}_id__in": scope.branch_ids})
            condition |= Q(**{f"{side}__department_id__in": scope.department_ids})
        return self.filter(condition)

    def changeable_by(self, scope: Scope) -> TransferQuerySet:
        """Those of branches one runs, on either side, and of one's department."""
        if scope.college_staff:
            return self
        condition = Q(pk=None)
        for side in ("from_branch", "to_branch"):
            condition |= Q(**{f"{side}_id__in": scope.managed_branch_ids})
            condition |= Q(**{f"{side}__department_id__in": scope.department_ids})
        return self.filter(condition)

    def open(self) -> TransferQuerySet:
        return self.filter(state="open")

    def with_names(self) -> TransferQuerySet:
        return self.select_related("person", "person__party_branch", "from_branch", "to_branch", "recorded_by")


class MobileQuerySet(OfPersonQuerySet):
    """Mobile members: oneself, whom one keeps in touch with, and those of the branches and departments one answers for."""

    def visible_to(self, scope: Scope) -> MobileQuerySet:
        if scope.college_staff:
            return self
        return self.filter(
            Q(person_id=scope.person_id or 0)
            | Q(contact_id=scope.person_id or 0)
            | Q(person__party_branch_id__in=scope.branch_ids)
            | Q(person__department_id__in=scope.department_ids)
        )

    def changeable_by(self, scope: Scope) -> MobileQuerySet:
        if scope.college_staff:
            return self
        return self.filter(
            Q(person__party_branch_id__in=scope.managed_branch_ids) | Q(person__department_id__in=scope.department_ids)
        )

    def open(self) -> MobileQuerySet:
        return self.filter(ended_on=None)

    def with_names(self) -> MobileQuerySet:
        return self.select_related("person", "person__party_branch", "contact")


class PartyGroupQuerySet(ScopedQuerySet[Any]):
    """Party groups: those of the branches whose committee one sits on, of the department, and one's own."""

    def visible_to(self, scope: Scope) -> PartyGroupQuerySet:
        if scope.whole_college:
            return self
        mine = self.model.objects.filter(places__person_id=scope.person_id or 0, places__left_on=None).values("pk")
        return self.filter(
            Q(branch_id__in=scope.branch_ids) | Q(branch__department_id__in=scope.department_ids) | Q(pk__in=mine)
        )

    def changeable_by(self, scope: Scope) -> PartyGroupQuerySet:
        """Set up by the branch; its department may help."""
        if scope.college_staff:
            return self
        return self.filter(
            Q(branch_id__in=scope.managed_branch_ids) | Q(branch__department_id__in=scope.department_ids)
        )

    def active(self) -> PartyGroupQuerySet:
        return self.filter(dissolved_on=None)


class PartyGroupPlaceQuerySet(OfPersonQuerySet):
    """Places in Party groups are seen with the person."""

    def open(self) -> PartyGroupPlaceQuerySet:
        return self.filter(left_on=None)
