"""What the page shows of a plan before it is applied: every link it makes, every cell it changes, every refused row."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from members.importing.preview import cells

from ..tiers import FocusArea, Tier
from .plan import PlannedChange, PlannedLink
from .service import PairsReport

# Of each kind.
SHOWN_ROWS = 200


def preview_of(report: PairsReport, token: str) -> dict[str, Any]:
    """The context of one file; `token` "" when there is nothing to confirm."""
    plan = report.plan
    counted: tuple[list[Any], ...] = (plan.created, plan.updated, plan.notes)
    return {
        "file": report,
        "token": token,
        "counts": report.counts | {"left_out": plan.left_out},
        "created": [_created(link) for link in plan.created[:SHOWN_ROWS]],
        "updates": [_updated(change) for change in plan.updated[:SHOWN_ROWS]],
        "notes": plan.notes[:SHOWN_ROWS],
        "more": sum(max(0, len(rows) - SHOWN_ROWS) for rows in counted),
        "rows_to_apply": len(plan.created) + len(plan.updated),
        "offers": sum(link.tier == Tier.CLASSMATES for link in plan.created),
    }


def _created(link: PlannedLink) -> dict[str, Any]:
    kind = ""
    if link.tier == Tier.ACTIVISTS:
        kind = _("formal cultivation contact") if link.is_formal else _("peer mentor")
    elif link.tier == Tier.LEAGUE_BRANCHES:
        kind = _areas(link.focus_areas)
    return {"link": link, "tier": link.tier.label, "kind": kind}


def _updated(change: PlannedChange) -> dict[str, Any]:
    spoken = [
        (name, _areas(old), _areas(new)) if name == "focus_areas" else (name, old, new)
        for name, old, new in change.changes
    ]
    return {"link": change, "tier": change.tier.label, "changes": cells(type(change.row), spoken)}


def _areas(areas: Any) -> str:
    return "、".join(str(FocusArea(area).label) for area in areas)
