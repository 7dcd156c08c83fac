"""Health counted by branch: rows of branches, a count for each state, each leading to its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from branches.models import PartyBranch
from branches.policy import Policy
from pairing_portal.common.scope import Scope

from .filters import PUBLISHED
from .health import TONES, HealthState, LinkHealth, count_health, health_of_guidances, health_of_links
from .models import LeagueGuidance, Mentorship
from .tiers import LinkState, Tier

# What is running or begins; what is over is history and has its own filter in the list.
COUNTED = (HealthState.ON_TRACK, HealthState.NEEDS_WORD, HealthState.SILENT, HealthState.TOO_EARLY)


@dataclass(frozen=True)
class Cell:
    """How many rows of a branch are in a state, and where they stand."""

    state: HealthState
    count: int
    url: str

    @property
    def tone(self) -> str:
        return TONES[self.state]


@dataclass(frozen=True)
class BranchRow:
    branch: PartyBranch
    cells: list[Cell]
    total: int
    url: str


def branch_rows(scope: Scope, today: date, *, guidance: bool = False) -> list[BranchRow]:
    """Branches that keep published links (or guidance of League branches) the scope sees, with their health."""
    model: Any = LeagueGuidance if guidance else Mentorship
    rows = list(
        model.objects.visible_to(scope)
        .filter(state__in=(LinkState.OFFERED, LinkState.ACTIVE))
        .select_related("party_branch")
    )
    policy = Policy()
    health = health_of_guidances(rows, today, policy) if guidance else health_of_links(rows, today, policy)
    by_branch: dict[int, list[Any]] = {}
    for row in rows:
        by_branch.setdefault(row.party_branch_id, []).append(row)
    found = [_row(mine[0].party_branch, [health[row.pk] for row in mine], guidance) for mine in by_branch.values()]
    return sorted(found, key=lambda row: (row.branch.department_id, row.branch.pk))


def _row(branch: PartyBranch, healths: Iterable[LinkHealth], guidance: bool) -> BranchRow:
    counts = count_health(healths)
    cells = [Cell(state, counts[state], rows_address(branch.pk, state, guidance=guidance)) for state in COUNTED]
    total = sum(cell.count for cell in cells)
    return BranchRow(branch, cells, total, rows_address(branch.pk, "", guidance=guidance))


def rows_address(branch_id: int | None, health: str, *, guidance: bool = False) -> str:
    """The list of links (or guidance) of one health, of one branch or of all; without a health all that are counted."""
    asked: dict[str, Any] = {"health": str(health)} if health else {"state": PUBLISHED}
    if branch_id is not None:
        asked["branch"] = branch_id
    if guidance:
        asked["tier"] = int(Tier.LEAGUE_BRANCHES)
    return f"{reverse('mentoring')}?{urlencode(asked)}"
