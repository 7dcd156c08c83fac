"""What this room tells the rooms below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import (
    CalendarSource,
    LeaveEffect,
    MoveEffect,
    NavigationEntry,
    PersonPanel,
    branch_partners,
    calendar_sources,
    handover_items,
    leave_effects,
    move_effects,
    navigation,
    person_panels,
    restorers,
    successions,
    successor_ideas,
)
from pairing_portal.common.scope import Role, Scope


def register() -> None:
    from . import calendar_source, moving, notices, notices_board, notices_covers, notices_work, succession
    from .cover_services import end_covers_of
    from .ending_services import end_pairs_of

    for spoken in (notices, notices_board, notices_covers, notices_work):
        spoken.register()
    leave_effects.register("pairings", LeaveEffect(_("Member pairings end"), end_pairs_of, preview_pairs))
    branch_partners.register("pairings", partners)
    leave_effects.register("covers", LeaveEffect(_("Stand-in duties end"), end_covers_of, preview_covers))
    move_effects.register(
        "pairings", MoveEffect(_("Member pairings end"), moving.end_pairs_of_movers, moving.preview_pairs_of_movers)
    )
    move_effects.register(
        "covers", MoveEffect(_("Stand-in duties end"), moving.end_covers_of_movers, moving.preview_covers_of_movers)
    )
    handover_items.register("pairings", moving.handover, order=20)
    successor_ideas.register("pairings", succession.ideas, order=30)
    successions.register(succession.PAIR, succession.PAIRS, order=15)
    restorers.register("pairings", succession.RESTORER, order=30)
    person_panels.register("pairings", PersonPanel(_("Pairing"), "pairings/person_panel.html", panel, tab="pairing"))
    person_panels.register(
        "covers", PersonPanel(_("Stand-in duties"), "pairings/cover_panel.html", cover_panel, tab="pairing"), order=110
    )
    for order, (kind, label, entries, tone) in enumerate(
        [
            ("cover", _("Stand-in duties"), calendar_source.covers, "teal"),
            ("task", _("Work plan"), calendar_source.tasks, "grey"),
            ("finding", _("Records to mend"), calendar_source.findings, "orange"),
            ("milestone", _("Milestones"), calendar_source.milestones, "blue"),
            ("pairing", _("Pairing"), calendar_source.pairings, "red"),
        ]
    ):
        source = CalendarSource(label, entries, tone, sides=("own", "partner"))
        calendar_sources.register(kind, source, order=20 + order)
    navigation.register(
        "pairings",
        NavigationEntry(_("Pairing"), "pairings", "link", "/pairings/", roles=frozenset(Role) - {Role.COUNSELLOR}),
        order=40,
    )


def partners(branch_ids: Sequence[int], on: date) -> dict[int, set[int]]:
    """The branches paired with each of these on a day."""
    from .models import BranchPairing

    found: dict[int, set[int]] = {pk: set() for pk in branch_ids}
    touching = Q(helping_branch_id__in=branch_ids) | Q(partner_branch_id__in=branch_ids)
    rows = BranchPairing.objects.running_on(on).filter(touching).values_list("helping_branch_id", "partner_branch_id")
    for one, other in rows:
        for mine, theirs in ((one, other), (other, one)):
            if mine in found:
                found[mine].add(theirs)
    return found


def preview_pairs(person_ids: Sequence[int]) -> list[str]:
    """The running pairs that would end."""
    from .models import MemberPairing

    theirs = Q(helper_id__in=person_ids) | Q(partner_id__in=person_ids)
    return [str(pair) for pair in MemberPairing.objects.open().filter(theirs).select_related("helper", "partner")]


def preview_covers(person_ids: Sequence[int]) -> list[str]:
    """The stand-in duties that would end."""
    from .models import Cover

    theirs = Q(stand_in_id__in=person_ids) | Q(absent_id__in=person_ids)
    covers = Cover.objects.standing().filter(theirs, to_on__gte=timezone.localdate())
    return [str(cover) for cover in covers.select_related("stand_in", "absent", "pairing__partner_branch")]


def panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """Published pairs of a person with what is still to do, as far as the viewer may see them."""
    from .models import MemberPairing

    pairs = (
        MemberPairing.objects.visible_to(scope)
        .published()
        .of_person(person_id)
        .with_open_task_counts()
        .select_related("helper", "partner", "pairing__helping_branch", "pairing__partner_branch")
    )
    rows = [{"pair": pair, "other": pair.other(person_id)} for pair in pairs]
    # A member finds here where to say what they offer and ask for, before there is any pair.
    may_wish = scope.person_id == person_id and bool(scope.own_branch_ids)
    return {"rows": rows, "may_wish": may_wish} if rows or may_wish else None


def cover_panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """Agreed stand-in duties of a person, as stand-in and as absent; what is only asked for is the secretaries' business."""
    from .models import Cover

    covers = list(
        Cover.objects.visible_to(scope)
        .accepted()
        .filter(Q(stand_in=person_id) | Q(absent=person_id))
        .select_related("stand_in", "absent", "pairing__helping_branch", "pairing__partner_branch")
    )
    return {"covers": covers, "person_id": person_id, "today": timezone.localdate()} if covers else None
