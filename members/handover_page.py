"""Everything a new secretary finds open in a branch, room by room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import PartyBranch
from branches.policy import Policy
from pairing_portal.common.registries import HandoverItem, handover_items
from pairing_portal.common.scope import Role, Scope

from .due_lists import REVIEWS, BranchCounts, counts_by_branch, due_rows
from .due_transfers import mobile_due, transfer_due
from .models import AffiliationTransfer, MobileMember
from .structure_page import read_structures

ROOMS: dict[str, Any] = {
    "members": gettext_lazy("Members"),
    "pairings": gettext_lazy("Pairing"),
    "mentoring": gettext_lazy("Tiered mentoring"),
    "activities": gettext_lazy("Activities and lectures"),
    "conversions": gettext_lazy("Evaluations"),
    "supervision": gettext_lazy("Supervision"),
}
# Counts are those of the branch, whoever reads the page.
COUNTER = Scope(roles=frozenset({Role.STAFF}), college_staff=True, whole_college=True)


@dataclass(frozen=True)
class HandoverBlock:
    """What one room has open."""

    title: Any
    items: list[HandoverItem]


def read_handover(branch: PartyBranch, today: date) -> list[HandoverBlock]:
    """Block by block in the order of the rooms; rooms with nothing open are left out."""
    found = []
    for key, items in handover_items.items():
        rows = list(items(branch.pk, today))
        if rows:
            found.append(HandoverBlock(ROOMS.get(key, key), rows))
    return found


def members_items(branch_id: int, today: date) -> list[HandoverItem]:
    """This room's own: what is due this month, transfers, mobile members, the branch's structure."""
    branch = PartyBranch.objects.select_related("department").get(pk=branch_id)
    month = today.replace(day=1)
    due = counts_by_branch(due_rows(scope=COUNTER, month=month, branch_id=branch_id)).get(branch_id, BranchCounts())
    lists = f"{reverse('due_lists')}?month={month:%Y-%m}&branch={branch_id}"
    transfers = [
        transfer_due(row, today)
        for row in AffiliationTransfer.objects.open().filter(Q(from_branch=branch) | Q(to_branch=branch))
    ]
    months = Policy().number("mobile_contact_months", today)
    mobile = [mobile_due(row, months, today) for row in MobileMember.objects.open().filter(person__party_branch=branch)]
    problems = read_structures([branch], scope=COUNTER, today=today)[0]
    rows = [
        HandoverItem(_("People who may take the next step this month"), due.people, lists),
        HandoverItem(_("Half-year reviews due this month"), due.by_list[REVIEWS], f"{lists}&list={REVIEWS}"),
        HandoverItem(
            _("Transfers under way"), len(transfers), f"{reverse('transfers')}?branch={branch_id}",
            any(found is not None and found.is_late for found in transfers),
        ),
        HandoverItem(
            _("Mobile members"), len(mobile), f"{reverse('mobile')}?branch={branch_id}",
            any(one.is_late for found in mobile for one in found),
        ),
        HandoverItem(
            _("Points about the branch's structure"), len(problems.problems), reverse("structure", args=[branch_id]),
            bool(problems.warnings),
        ),
        HandoverItem(_("Vacant posts"), len(problems.vacancies), reverse("structure", args=[branch_id]), bool(problems.vacancies)),
    ]  # fmt: skip
    return [row for row in rows if row.count]
