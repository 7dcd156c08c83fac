"""Somebody goes over to another branch or leaves: their place in a Party group ends, its leadership is handed on or vacant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Handing, Restorer, Succession, Successor, SuccessorIdea
from pairing_portal.common.scope import Scope

from .models import PartyGroup, PartyGroupPlace, Person, Stage
from .party_group_services import change_leader, end_places, lead_group, save_group_row
from .party_groups import standing_places
from .restoring import handed_on_words, refuse_other_holder
from .transfer_base import runs

GROUP: Final = "group"
NAMED: Final = 3


def _places(person_ids: Sequence[int], branch_id: int | None = None) -> list[PartyGroupPlace]:
    rows = PartyGroupPlace.objects.open().filter(person_id__in=person_ids)
    rows = rows.filter(group__branch_id=branch_id) if branch_id is not None else rows
    return list(rows.select_related("person", "group").order_by("pk"))


def _by(user_id: int | None) -> User | None:
    return User.objects.filter(pk=user_id).first() if user_id else None


def end_places_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Leave effect."""
    return end_places(_places(person_ids), left_on, _by(by_user_id))


def end_places_of_movers(person_ids: Sequence[int], from_branch_id: int, on: date, by_user_id: int | None) -> list[str]:
    """Move effect: a group is of one branch."""
    return end_places(_places(person_ids, from_branch_id), on, _by(by_user_id))


def preview_places(person_ids: Sequence[int], branch_id: int | None = None) -> list[str]:
    """What would end, and the groups that would be without leader."""
    lines = []
    for place in _places(person_ids, branch_id):
        lines.append(
            _("%(name)s: Party group %(group)s ends.") % {"name": place.person.name, "group": place.group.name}
        )
        if place.group.leader_id == place.person_id:
            lines.append(_("The Party group %(group)s needs another leader.") % {"group": place.group.name})
    return lines


def end_stray_places(today: date) -> int:
    """Daily: places of people whom the roster moved to another branch or counts as gone."""
    strays = PartyGroupPlace.objects.open().exclude(pk__in=standing_places().values("pk"))
    rows = list(strays.select_related("person", "group").order_by("pk"))
    end_places(rows, today, None)
    return len(rows)


# --- Another leader ------------------------------------------------------------------------------


def leader_ideas(person_id: int, branch_id: int | None, on: date) -> list[SuccessorIdea]:
    """For a group the person leads: full members of the group who are on campus, those who stay longest first."""
    groups = PartyGroup.objects.active().filter(leader_id=person_id)
    ideas = []
    for group in groups.filter(branch_id=branch_id) if branch_id is not None else groups:
        people = (
            Person.objects.on_campus(on)
            .filter(pk__in=standing_places().filter(group=group).values("person"), stage=Stage.FULL)
            .exclude(pk=person_id)
            .order_by(F("graduates_on").desc(nulls_last=True), "name_key", "pk")[:NAMED]
        )
        names = [person.name for person in people]
        what = _("leader of the Party group %(group)s") % {"group": group.name}
        candidates = [Successor(person.pk, person.name, _("full member of the group")) for person in people]
        ideas.append(SuccessorIdea(what, names, f"{GROUP}-{group.pk}", candidates))
    return ideas


def changeable_groups(numbers: Sequence[int], scope: Scope) -> set[int]:
    rows = PartyGroup.objects.filter(pk__in=numbers).select_related("branch")
    return {group.pk for group in rows if runs(scope, group.branch)}


def hand_group_over(number: int, successor_id: int, handing: Handing) -> str:
    group = PartyGroup.objects.select_related("leader").get(pk=number)
    refuse_other_holder(group.leader_id, handing)
    old = group.leader.name if group.leader else ""
    group, _problems = change_leader(
        group=group, leader_id=successor_id, scope=handing.scope, by=handing.by, today=handing.today
    )
    if group.leader is None:
        raise Refused(_("Reload the page: the group has changed."))
    return _("%(what)s goes from %(old)s to %(new)s.") % {
        "what": _("The Party group %(group)s") % {"group": group.name}, "old": old, "new": group.leader.name,
    }  # fmt: skip


# --- Given back ----------------------------------------------------------------------------------


def held(person_id: int, branch_id: int | None) -> list[dict[str, Any]]:
    return [
        {"place": place.pk, "led": place.group.leader_id == place.person_id}
        for place in _places([person_id], branch_id)
    ]


def restore(rows: Sequence[dict[str, Any]], handing: Handing) -> tuple[list[str], list[str]]:
    """The place is open again where the group still stands; the leadership where nobody else has it."""
    back, by_hand = [], []
    for kept in rows:
        place = PartyGroupPlace.objects.select_related("person", "group__leader").filter(pk=kept["place"]).first()
        if place is None or place.left_on is None:
            continue
        what = _("Party group %(group)s") % {"group": place.group.name}
        stands = place.group.dissolved_on is None and place.person.party_branch_id == place.group.branch_id
        if not stands or PartyGroupPlace.objects.open().filter(person=place.person).exists():
            by_hand.append(_("%(what)s: choose the group again.") % {"what": what})
            continue
        place.left_on = None
        save_group_row(place, handing.by)
        back.append(what)
        if kept["led"] and place.group.leader is None:
            lead_group(place.group, place.person_id, by=handing.by)
            back.append(_("leader of the Party group %(group)s") % {"group": place.group.name})
        elif kept["led"] and place.group.leader is not None:
            words = _("leader of the Party group %(group)s") % {"group": place.group.name}
            by_hand.append(handed_on_words(words, place.group.leader.name))
    return back, by_hand


LEADERS: Final = Succession(changeable_groups, hand_group_over)
PLACES: Final = Restorer(held, restore)
