"""For a new secretary: what the supervision board says is overdue in the branch."""

from __future__ import annotations

from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from branches.models import PartyBranch
from pairing_portal.common.registries import HandoverItem

from .base import Watch
from .sources import BY_KEY, find_overdue


def items(branch_id: int, today: date) -> list[HandoverItem]:
    """Two counts: overdue, and to be done soon; the board lists them."""
    watch = Watch.over(PartyBranch.objects.filter(pk=branch_id), today)
    late = ahead = 0
    for key, rows in find_overdue(watch).items():
        if BY_KEY[key].is_ahead:
            ahead += len(rows)
        else:
            late += len(rows)
    address = f"{reverse('supervision_list')}?branch={branch_id}"
    found = [
        HandoverItem(_("Overdue on the supervision board"), late, address, bool(late)),
        HandoverItem(_("To be done soon on the supervision board"), ahead, address),
    ]
    return [row for row in found if row.count]
