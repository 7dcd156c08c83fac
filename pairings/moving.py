"""Somebody goes over to another Party branch: what pairings end of the branch they leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from .board_models import GroupPlace
from .cover_services import end_covers_of
from .models import BranchPairing, CommitteePairing, Cover, MemberPairing
from .services import end_member_pairing


def _of_side(people: Sequence[int], branch_id: int, *, helping: str, partner: str) -> Q:
    """Rows in which one of these stands on the branch's side of its pairing."""
    return Q(**{f"{helping}__in": people, "pairing__helping_branch_id": branch_id}) | Q(
        **{f"{partner}__in": people, "pairing__partner_branch_id": branch_id}
    )


def _pairs(people: Sequence[int], branch_id: int) -> Any:
    return MemberPairing.objects.filter(
        _of_side(people, branch_id, helping="helper_id", partner="partner_id"), ended_on=None
    )


def _posts(people: Sequence[int], branch_id: int) -> Any:
    return CommitteePairing.objects.filter(
        _of_side(people, branch_id, helping="helping_post__person_id", partner="partner_post__person_id"), ended_on=None
    )


def _covers(people: Sequence[int], branch_id: int) -> Any:
    theirs = Q(stand_in_id__in=people) | Q(absent_id__in=people)
    side = Q(pairing__helping_branch_id=branch_id) | Q(pairing__partner_branch_id=branch_id)
    return Cover.objects.standing().filter(theirs, side)


@transaction.atomic
def end_pairs_of_movers(person_ids: Sequence[int], from_branch_id: int, on: date, by_user_id: int | None) -> list[str]:
    """Pairs and paired posts on the branch's side end, drafts and group places go. Returns a line each."""
    touched = {*_pairs(person_ids, from_branch_id).values_list("pairing_id", flat=True)}
    touched |= {*_posts(person_ids, from_branch_id).values_list("pairing_id", flat=True)}
    list(BranchPairing.objects.select_for_update(of=("self",)).filter(pk__in=touched).order_by("pk"))
    _pairs(person_ids, from_branch_id).filter(published_at=None).delete()
    lines = []
    for pair in _pairs(person_ids, from_branch_id).select_related("helper", "partner").order_by("pk"):
        end_member_pairing(pair=pair, on=on, reason=_("moved to another branch"))
        lines.append(_("The pair %(pair)s ends.") % {"pair": pair})
    _posts(person_ids, from_branch_id).filter(published_at=None).delete()
    for row in _posts(person_ids, from_branch_id):
        row.ended_on = on
        row.save()
        lines.append(_("The paired posts %(row)s end.") % {"row": row.get_kind_display()})
    for place in GroupPlace.objects.filter(person_id__in=person_ids, split__branch_id=from_branch_id):
        place.delete()
    BranchPairing.objects.filter(pk__in=touched).update(board_version=F("board_version") + 1)
    return lines


def preview_pairs_of_movers(person_ids: Sequence[int], from_branch_id: int) -> list[str]:
    """What `end_pairs_of_movers` would end."""
    pairs = _pairs(person_ids, from_branch_id).exclude(published_at=None).select_related("helper", "partner")
    posts = _posts(person_ids, from_branch_id).exclude(published_at=None)
    return [str(pair) for pair in pairs.order_by("pk")] + [
        _("paired posts: %(row)s") % {"row": row.get_kind_display()} for row in posts
    ]


def end_covers_of_movers(person_ids: Sequence[int], from_branch_id: int, on: date, by_user_id: int | None) -> list[str]:
    """Stand-in duties within the branch's pairings end, as when somebody leaves. Returns a line a duty."""
    concerned = [
        person
        for pair in _covers(person_ids, from_branch_id).values_list("stand_in_id", "absent_id")
        for person in pair
        if person in set(person_ids)
    ]
    return end_covers_of(sorted(set(concerned)), on, by_user_id) if concerned else []


def preview_covers_of_movers(person_ids: Sequence[int], from_branch_id: int) -> list[str]:
    """What `end_covers_of_movers` would end."""
    rows = _covers(person_ids, from_branch_id).filter(to_on__gte=timezone.localdate())
    return [str(cover) for cover in rows.select_related("stand_in", "absent", "pairing__partner_branch")]


def handover(branch_id: int, today: date) -> list[Any]:
    """For a new secretary: agreements that are not in force yet, tasks and findings of this branch."""
    from django.urls import reverse

    from pairing_portal.common.registries import HandoverItem

    from .models import InspectionFinding, PairingState, PairingTask

    side = Q(pairing__helping_branch_id=branch_id) | Q(pairing__partner_branch_id=branch_id)
    own = Q(helping_branch_id=branch_id) | Q(partner_branch_id=branch_id)
    agreements = BranchPairing.objects.filter(
        own, state__in=(PairingState.DRAFT, PairingState.PROPOSED, PairingState.CHANGES_ASKED)
    ).count()
    running = BranchPairing.objects.filter(own, state=PairingState.ACTIVE).order_by("pk")
    first = running.values_list("pk", flat=True).first()
    tasks = PairingTask.objects.open().of_plan().filter(side, pairing__state=PairingState.ACTIVE)
    findings = InspectionFinding.objects.unmended().filter(
        inspection__inspected_branch_id=branch_id, inspection__pairing__state=PairingState.ACTIVE
    )
    work = reverse("work", args=[first]) if first else reverse("pairings")
    rows = [
        HandoverItem(_("Pairing agreements not in force yet"), agreements, reverse("pairings")),
        HandoverItem(_("Running pairings"), running.count(), reverse("pairings")),
        HandoverItem(_("Tasks of the work plan"), tasks.count(), work, tasks.filter(due_on__lt=today).exists()),
        HandoverItem(_("Findings to mend"), findings.count(), work, findings.filter(mend_by_on__lt=today).exists()),
        HandoverItem(
            _("Stand-ins asked for"), Cover.objects.filter(side, state="asked").count(), reverse("continuity")
        ),
    ]
    return [row for row in rows if row.count]
