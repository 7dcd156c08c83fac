"""Party groups: set up, people assigned, another leader, dissolved. One transaction each; rule R35 warns and forbids nothing.

Services return what R35 says of the groups they touched. The branch's row is locked first, so that two at once see each other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import PartyBranch
from branches.policy import Policy
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.scope import Scope

from .models import PartyGroup, PartyGroupPlace, Person
from .party_groups import groups_of, standing_places
from .stages import MEMBER_STAGES
from .structure import StructureNumbers, group_problems
from .transfer_base import BACK, runs

NAME_LENGTH: Final = 40


@transaction.atomic
def set_up_group(
    *,
    branch: PartyBranch,
    name: str,
    people: Collection[int] = (),
    leader_id: int | None = None,
    on: date,
    scope: Scope,
    by: User,
    today: date,
) -> tuple[PartyGroup, list[Problem]]:
    """A new group of the branch with its people and, among them, its leader. Raises `Refused`."""
    branch = _lock_branch(branch.pk, scope)
    name = _free_name(branch, name)
    if not today - BACK <= on <= today:
        raise Refused(_("A group is set up today or earlier, within the last year. Check the day."), field="on")
    group = PartyGroup(branch=branch, name=name, formed_on=on)
    save_group_row(group, by)
    wanted = {*people, *([leader_id] if leader_id else [])}
    if wanted:
        _place(group, wanted, on=on, by=by)
    if leader_id:
        lead_group(group, leader_id, by=by)
    return group, problems_of([group], today)


@transaction.atomic
def rename_group(*, group: PartyGroup, name: str, scope: Scope, by: User) -> PartyGroup:
    row = _lock(group, scope)
    if name.strip() != row.name:
        row.name = _free_name(row.branch, name)
        save_group_row(row, by)
    return row


@transaction.atomic
def assign_members(
    *, group: PartyGroup, people: Collection[int], on: date, scope: Scope, by: User, today: date
) -> tuple[int, list[Problem]]:
    """Put several members of the branch into a group at once; who was in another one goes over. Returns how many are new here.

    Raises `Refused` for others than members of the branch and for a day before the group.
    """
    row = _lock(group, scope)
    if not people:
        raise Refused(_("Choose at least one member first."), field="people")
    if not row.formed_on <= on <= today:
        raise Refused(_("Members join between the day the group was set up and today."), field="on")
    left = set(PartyGroupPlace.objects.open().filter(person__in=people).values_list("group_id", flat=True)) - {row.pk}
    count = _place(row, people, on=on, by=by)
    touched = [row, *PartyGroup.objects.filter(pk__in=left, dissolved_on=None)]
    return count, problems_of(touched, today)


@transaction.atomic
def change_group(
    *, group: PartyGroup, name: str, people: Collection[int], leader_id: int | None, scope: Scope, by: User, today: date
) -> tuple[PartyGroup, list[Problem]]:
    """The group as a form shows it: its name, everybody who is in it from today on, its leader. Raises `Refused`."""
    row = rename_group(group=group, name=name, scope=scope, by=by)
    wanted = {*people, *([leader_id] if leader_id else [])}
    places = PartyGroupPlace.objects.open().filter(group=row).select_related("person", "group")
    end_places([place for place in places if place.person_id not in wanted], today, by)
    left = set(PartyGroupPlace.objects.open().filter(person__in=wanted).values_list("group_id", flat=True)) - {row.pk}
    if wanted:
        _place(row, wanted, on=today, by=by)
    row.refresh_from_db()
    if row.leader_id != leader_id:
        row, _problems = change_leader(group=row, leader_id=leader_id, scope=scope, by=by, today=today)
    return row, problems_of([row, *PartyGroup.objects.filter(pk__in=left, dissolved_on=None)], today)


@transaction.atomic
def remove_member(
    *, group: PartyGroup, person_id: int, scope: Scope, by: User, today: date
) -> tuple[PartyGroup, list[Problem]]:
    """Somebody is in no group any more; where they led it, the group is without leader."""
    row = _lock(group, scope)
    places = PartyGroupPlace.objects.open().filter(group=row, person_id=person_id).select_related("person", "group")
    if not places:
        raise Refused(_("This member is not in the group any more. Reload the page."))
    end_places(list(places), today, by)
    row.refresh_from_db()
    return row, problems_of([row], today)


@transaction.atomic
def change_leader(
    *, group: PartyGroup, leader_id: int | None, scope: Scope, by: User, today: date
) -> tuple[PartyGroup, list[Problem]]:
    """One of the group leads it from now on; None: nobody yet."""
    row = _lock(group, scope)
    if leader_id is None:
        row.leader = None
        save_group_row(row, by)
    else:
        lead_group(row, leader_id, by=by)
    return row, problems_of([row], today)


@transaction.atomic
def dissolve_group(*, group: PartyGroup, on: date, scope: Scope, by: User, today: date) -> PartyGroup:
    """The group ends on that day; its people are in none. Meetings on record stay."""
    row = _lock(group, scope)
    if not row.formed_on <= on <= today:
        raise Refused(_("A group is dissolved between the day it was set up and today."), field="on")
    end_places(list(PartyGroupPlace.objects.open().filter(group=row).select_related("person", "group")), on, by)
    row.refresh_from_db()
    row.leader, row.dissolved_on = None, on
    save_group_row(row, by)
    return row


def problems_of(groups: Sequence[PartyGroup], today: date) -> list[Problem]:
    """What R35 says of these groups now."""
    policy = Policy()
    numbers = StructureNumbers.in_force(lambda key: policy.number(key, today))
    wanted = {group.pk for group in groups}
    found = groups_of({group.branch_id for group in groups})
    facts = [line.facts() for lines in found.values() for line in lines if line.group.pk in wanted]
    return group_problems(facts, numbers)


# --- Shared --------------------------------------------------------------------------------------


def _lock_branch(branch_id: int, scope: Scope) -> PartyBranch:
    branch = PartyBranch.objects.select_for_update(of=("self",)).select_related("department").get(pk=branch_id)
    if not runs(scope, branch):
        raise Refused(_("Party groups are set up by the branch's secretary or the department."))
    return branch


def _lock(group: PartyGroup, scope: Scope) -> PartyGroup:
    _lock_branch(group.branch_id, scope)
    row = PartyGroup.objects.select_for_update(of=("self",)).select_related("branch").get(pk=group.pk)
    if row.dissolved_on is not None:
        raise Refused(_("This group is dissolved. Set up another one."))
    return row


def _free_name(branch: PartyBranch, name: str) -> str:
    name = " ".join(name.split())[:NAME_LENGTH]
    if not name:
        raise Refused(_("Give the group a name, the first group, say."), field="name")
    if PartyGroup.objects.active().filter(branch=branch, name=name).exists():
        raise Refused(_("The branch has a Party group of this name already."), field="name")
    return name


def _place(group: PartyGroup, people: Collection[int], *, on: date, by: User | None) -> int:
    """Locks the people; who is there already stays."""
    rows = list(Person.objects.select_for_update(of=("self",)).filter(pk__in=people).order_by("pk"))
    for person in rows:
        if person.party_branch_id != group.branch_id or person.stage not in MEMBER_STAGES:
            words = _("%(name)s is no member of this branch. Only its members are in its groups.")
            raise Refused(words % {"name": person.name}, field="people")
    if len(rows) != len(set(people)):
        raise Refused(_("One of these people is not in the roster any more. Reload the page."), field="people")
    standing = PartyGroupPlace.objects.open().filter(person__in=rows).select_related("person", "group")
    there = {place.person_id for place in standing if place.group_id == group.pk}
    end_places([place for place in standing if place.group_id != group.pk], on, by)
    fresh = [person for person in rows if person.pk not in there]
    for person in fresh:
        save_group_row(PartyGroupPlace(group=group, person=person, joined_on=on), by)
    return len(fresh)


def lead_group(group: PartyGroup, leader_id: int, *, by: User | None) -> None:
    if not standing_places().filter(group=group, person_id=leader_id).exists():
        raise Refused(_("The leader is one of the group. Put the member into the group first."), field="leader")
    group.leader_id = leader_id
    save_group_row(group, by)


def end_places(places: Sequence[PartyGroupPlace], on: date, by: User | None) -> list[str]:
    """Places end; a group whose leader goes has none. Returns a line each."""
    lines = []
    for place in places:
        place.left_on = max(on, place.joined_on)
        save_group_row(place, by)
        lines.append(_("%(name)s: Party group %(group)s ends.") % _words(place))
        led = PartyGroup.objects.active().filter(pk=place.group_id, leader_id=place.person_id).first()
        if led is not None:
            led.leader = None
            save_group_row(led, by)
            lines.append(_("The Party group %(group)s needs another leader.") % {"group": led.name})
    return lines


def _words(place: PartyGroupPlace) -> dict[str, str]:
    return {"name": place.person.name, "group": place.group.name}


def save_group_row(row: PartyGroup | PartyGroupPlace, by: User | None) -> None:
    row._history_user = by  # type: ignore[union-attr]  # what simple_history reads
    row.save()
