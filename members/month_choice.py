"""Which month and which branch a page of lists is about, as the address or the form says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from branches.models import PartyBranch
from pairing_portal.common.scope import Scope

MONTHS_AHEAD, MONTHS_BACK = 24, 12


@dataclass(frozen=True)
class MonthChoice:
    """`branch_id` None: every branch the scope answers for, which are `branches`."""

    month: date
    branch_id: int | None
    branches: dict[int, PartyBranch]

    def context(self, **kept: str) -> dict[str, Any]:
        """What `members/includes/month_filter.html` shows. `kept`: what else the address says and keeps."""
        return {
            "month": self.month, "previous": (self.month - timedelta(days=1)).replace(day=1),
            "next": (self.month + timedelta(days=32)).replace(day=1), "branches": list(self.branches.values()),
            "branch_id": self.branch_id, "kept": {name: value for name, value in kept.items() if value},
        }  # fmt: skip


def month_choice(data: Mapping[str, str], scope: Scope, today: date) -> MonthChoice | None:
    """This month and every branch where nothing is said; None for what is no month within reach or not a branch of the scope."""
    month = month_of(data.get("month", "")[:7], today)
    branches = {row.pk: row for row in PartyBranch.objects.visible_to(scope).active().run_by(scope).order_by("pk")}  # type: ignore[attr-defined]  # of our queryset
    words = data.get("branch", "")[:20]
    if month is None:
        return None
    if not words:
        return MonthChoice(month, None, branches)
    is_known = words.isascii() and words.isdigit() and int(words) in branches
    return MonthChoice(month, int(words), branches) if is_known else None


def month_of(words: str, today: date) -> date | None:
    """The first day of a month written 2026-11; this month for nothing, None for what is no month within reach."""
    if not words:
        return today.replace(day=1)
    try:
        month = date.fromisoformat(f"{words}-01")
    except ValueError:
        return None
    months = (month.year - today.year) * 12 + month.month - today.month
    return month if -MONTHS_BACK <= months <= MONTHS_AHEAD else None
