"""What happens to the guidance of a League branch (tier 4): arranged, published, focused, ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import LeagueBranch, PartyBranch
from branches.policy import Policy
from members.models import Person
from notifications.services import post_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices
from .facts import league_facts, load_network, load_people, partners_of
from .models import LeagueGuidance
from .rules import GuidanceCase, Limits, guidance_problems
from .services import lock_people, refuse_outsiders, save_row, settle_problems
from .tiers import FocusArea, LinkState


def guidance_keeper(guide: Person, league_branch: LeagueBranch) -> PartyBranch:
    """The responsible Party branch, or the guide's own where none is responsible."""
    keeper = league_branch.party_branch or guide.party_branch
    if keeper is None:
        words = _("Neither %(league)s nor %(name)s belongs to a Party branch. Enter the responsible branch first.")
        raise Refused(words % {"league": league_branch.name, "name": guide.name}, field="league_branch")
    return keeper


def read_guidance_case(
    *, guide: Person, league_branch: LeagueBranch, starts_on: date, ends_on: date | None, focus_areas: Collection[str],
    today: date, replaces: int | None = None,
) -> GuidanceCase:  # fmt: skip
    """The facts of one wanted guidance; certain only while guide and League branch are locked."""
    return GuidanceCase(
        guide=load_people([guide.pk], today)[guide.pk], league=league_facts(league_branch, today), starts_on=starts_on,
        ends_on=ends_on, focus_areas=focus_areas, network=load_network([guide.pk], [league_branch.pk]),
        limits=Limits.on(today, Policy()), replaces=replaces,
        partner_branches=partners_of([league_branch.party_branch_id], today).get(league_branch.party_branch_id or 0, ()),
    )  # fmt: skip


def _lock_guidance(guide_id: int, league_branch_id: int) -> tuple[Person, LeagueBranch]:
    guide = lock_people(guide_id)[guide_id]
    league = (
        LeagueBranch.objects.select_for_update(of=("self",)).select_related("party_branch").get(pk=league_branch_id)
    )
    return guide, league


@transaction.atomic
def arrange_guidance(
    *, guide: Person, league_branch: LeagueBranch, starts_on: date, ends_on: date | None = None,
    focus_areas: Collection[str] = (), scope: Scope | None, by: User | None, today: date, now: datetime, as_draft: bool = False,
    accept_warnings: bool = False, replaces: LeagueGuidance | None = None, reasons: list[list[object]] | None = None,
    score: int | None = None,
) -> LeagueGuidance:  # fmt: skip
    """Give a member the guidance of a League branch (tier 4). Raises as `arrange_link`."""
    guide, league_branch = _lock_guidance(guide.pk, league_branch.pk)
    areas = [area for area in FocusArea.values if area in focus_areas]
    settle_problems(guidance_problems(read_guidance_case(
        guide=guide, league_branch=league_branch, starts_on=starts_on, ends_on=ends_on, focus_areas=areas, today=today,
        replaces=replaces.pk if replaces else None,
    )), accept_warnings=accept_warnings or as_draft)  # fmt: skip
    keeper = guidance_keeper(guide, league_branch)
    refuse_outsiders(keeper, scope)
    if replaces is not None:
        _close_guidance(replaces, on=max(today, starts_on), reason=_("handed on"))
    row = LeagueGuidance(
        person=guide, league_branch=league_branch, party_branch=keeper, focus_areas=areas, starts_on=starts_on, ends_on=ends_on,
        state=LinkState.DRAFT if as_draft else LinkState.ACTIVE, published_at=None if as_draft else now, arranged_by=by,
        created_at=now, successor_of=replaces, reasons=reasons or [], score=score,
    )  # fmt: skip
    save_row(row)
    if not as_draft:
        post_notices(notices=notices.guidance_published(row, by), now=now)
    return row


@transaction.atomic
def publish_guidances(
    *, guidances: Iterable[LeagueGuidance], scope: Scope | None, by: User | None, today: date, now: datetime
) -> list[LeagueGuidance]:
    """Make drafts known, each checked again; all or nothing."""
    published = []
    for draft in sorted(guidances, key=lambda row: row.pk):
        guide, league = _lock_guidance(draft.person_id, draft.league_branch_id)
        row = LeagueGuidance.objects.select_for_update(of=("self",)).select_related("party_branch").get(pk=draft.pk)
        if row.state != LinkState.DRAFT:
            continue
        refuse_outsiders(row.party_branch, scope)
        row.starts_on = max(row.starts_on, today)
        refuse_blocked(guidance_problems(read_guidance_case(
            guide=guide, league_branch=league, starts_on=row.starts_on, ends_on=row.ends_on, focus_areas=row.focus_areas,
            today=today, replaces=row.pk,
        )))  # fmt: skip
        row.state, row.published_at = LinkState.ACTIVE, now
        save_row(row)
        published.append(row)
    post_notices(notices=[notice for row in published for notice in notices.guidance_published(row, by)], now=now)
    return published


@transaction.atomic
def discard_guidance(*, guidance: LeagueGuidance, scope: Scope) -> None:
    """Take a draft off the plan."""
    row = LeagueGuidance.objects.select_for_update(of=("self",)).select_related("party_branch").get(pk=guidance.pk)
    refuse_outsiders(row.party_branch, scope)
    if row.state != LinkState.DRAFT:
        raise Refused(_("This link is published already. End it instead."))
    row.delete()


@transaction.atomic
def set_focus(*, guidance: LeagueGuidance, focus_areas: Collection[str], scope: Scope) -> LeagueGuidance:
    """What the guide looks after in this League branch."""
    row: LeagueGuidance = (
        LeagueGuidance.objects.select_for_update(of=("self",)).select_related("party_branch").get(pk=guidance.pk)
    )
    if scope.person_id != row.person_id:
        refuse_outsiders(row.party_branch, scope)
    row.focus_areas = [area for area in FocusArea.values if area in focus_areas]
    row.save()
    return row


@transaction.atomic
def end_guidance(
    *, guidance: LeagueGuidance, reason: str, scope: Scope | None, by: User | None, today: date, now: datetime
) -> LeagueGuidance:
    """End a guidance early; what was logged stays."""
    _lock_guidance(guidance.person_id, guidance.league_branch_id)
    row: LeagueGuidance = (
        LeagueGuidance.objects.select_for_update(of=("self",)).select_related("party_branch").get(pk=guidance.pk)
    )
    refuse_outsiders(row.party_branch, scope)
    if not reason.strip():
        raise Refused(_("Please say why: both will read it."), field="reason")
    if row.state != LinkState.ACTIVE:
        raise Refused(_("This link is “%(state)s” now. Reload the page.") % {"state": row.get_state_display()})
    _close_guidance(row, on=today, reason=reason.strip())
    post_notices(notices=notices.guidance_ended(row, by), now=now)
    return row


def _close_guidance(row: LeagueGuidance, *, on: date, reason: str) -> None:
    row.state, row.ended_on, row.end_reason = LinkState.ENDED, max(on, row.starts_on), reason[:200]
    row.save()
