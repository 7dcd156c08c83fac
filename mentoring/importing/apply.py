"""Write a plan, set-wise. The caller holds the transaction and the locks: all of a file or nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import User
from branches.models import LeagueBranch
from members.models import Person
from notifications.services import post_notices

from .. import notices
from ..models import LeagueGuidance, Mentorship
from ..tiers import LinkState, Tier
from .plan import Plan, PlannedLink

BATCH = 500
REASON = "pairs"


def apply_plan(plan: Plan, *, user: User | None, now: datetime) -> None:
    """Make the links known at once: tier 1 waits for the mentee, the others run. Everybody concerned is told."""
    links = [_link(planned, user, now) for planned in plan.created if planned.tier != Tier.LEAGUE_BRANCHES]
    guidances = [_guidance(planned, user, now) for planned in plan.created if planned.tier == Tier.LEAGUE_BRANCHES]
    for model, rows in ((Mentorship, links), (LeagueGuidance, guidances)):
        if rows:
            bulk_create_with_history(
                rows, model, batch_size=BATCH, default_user=user, default_change_reason=REASON, default_date=now
            )
    told = [notice for link in links for notice in notices.link_published(link, user)]
    told += [notice for row in guidances for notice in notices.guidance_published(row, user)]
    post_notices(notices=told, now=now)
    _update(Mentorship, plan, ("goal", "ends_on", "is_formal"), user, now)
    _update(LeagueGuidance, plan, ("focus_areas", "ends_on"), user, now)


def _link(planned: PlannedLink, user: User | None, now: datetime) -> Any:
    is_offer = planned.tier == Tier.CLASSMATES
    return Mentorship(
        tier=planned.tier, mentor=planned.mentor, mentee=cast(Person, planned.mentee), party_branch=planned.keeper, goal=planned.goal,
        state=LinkState.OFFERED if is_offer else LinkState.ACTIVE, is_formal=planned.is_formal, starts_on=planned.starts_on,
        ends_on=planned.ends_on, arranged_by=user, created_at=now, published_at=now,
    )  # fmt: skip


def _guidance(planned: PlannedLink, user: User | None, now: datetime) -> Any:
    return LeagueGuidance(
        person=planned.mentor, league_branch=cast(LeagueBranch, planned.mentee), party_branch=planned.keeper, state=LinkState.ACTIVE,
        focus_areas=list(planned.focus_areas), starts_on=planned.starts_on, ends_on=planned.ends_on, arranged_by=user,
        created_at=now, published_at=now,
    )  # fmt: skip


def _update(model: Any, plan: Plan, fields: Sequence[str], user: User | None, now: datetime) -> None:
    rows = []
    for change in plan.updated:
        if isinstance(change.row, model):
            for name, _old, new in change.changes:
                setattr(change.row, name, new)
            rows.append(change.row)
    if rows:
        bulk_update_with_history(
            rows, model, list(fields), batch_size=BATCH, default_user=user, default_change_reason=REASON, default_date=now
        )  # fmt: skip
