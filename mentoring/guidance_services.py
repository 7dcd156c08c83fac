"""What happens to the guidance of a League branch (tier 4): arranged, published, focused, ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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
from .services import lock_people, refuse_outsiders, refuse_unless, save_row, settle_problems
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


def _lock_leagues(*ids: int) -> dict[int, LeagueBranch]:
    """Rows of League branches, locked after the people: whoever takes the last place of one waits here."""
    rows = LeagueBranch.objects.select_for_update(of=("self",)).select_related("party_branch")
    return {row.pk: row for row in rows.filter(pk__in=ids).order_by("pk")}


def _lock_guidance(guidance: LeagueGuidance, *more_people: int) -> LeagueGuidance:
    """The guidance as it stands now, locked after its guide and League branch. Raises `Refused` when it is gone."""
    rows = _lock_guidances([guidance], *more_people)
    if not rows:
        raise Refused(_("This draft was taken off the plan meanwhile. Reload the page."))
    return rows[0]


def _lock_guidances(guidances: Sequence[LeagueGuidance], *more_people: int) -> list[LeagueGuidance]:
    lock_people(*{row.person_id for row in guidances}, *more_people)
    _lock_leagues(*{row.league_branch_id for row in guidances})
    rows = LeagueGuidance.objects.select_for_update(of=("self",))
    rows = rows.select_related("person", "party_branch", "league_branch__party_branch")
    return list(rows.filter(pk__in=[row.pk for row in guidances]).order_by("pk"))


@transaction.atomic
def arrange_guidance(
    *, guide: Person, league_branch: LeagueBranch, starts_on: date, ends_on: date | None = None,
    focus_areas: Collection[str] = (), scope: Scope | None, by: User | None, today: date, now: datetime, as_draft: bool = False,
    accept_warnings: bool = False, replaces: LeagueGuidance | None = None, reasons: list[list[object]] | None = None,
    score: int | None = None,
) -> LeagueGuidance:  # fmt: skip
    """Give a member the guidance of a League branch (tier 4). `replaces` ends. Raises as `arrange_link`."""
    if replaces is not None:
        assert not as_draft, "a draft ends nothing"
        replaces = _lock_guidance(replaces, guide.pk)
        refuse_outsiders(replaces.party_branch, scope)
        refuse_unless(replaces, LinkState.ACTIVE)
    guide = lock_people(guide.pk)[guide.pk]
    league_branch = _lock_leagues(league_branch.pk)[league_branch.pk]
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
        ended = notices.guidance_ended(replaces, by) if replaces is not None else []
        post_notices(notices=[*ended, *notices.guidance_published(row, by)], now=now)
    return row


@transaction.atomic
def publish_guidances(
    *, guidances: Iterable[LeagueGuidance], scope: Scope | None, by: User | None, today: date, now: datetime
) -> list[LeagueGuidance]:
    """Make drafts known, each checked again; all or nothing."""
    published = []
    for row in _lock_guidances(list(guidances)):
        if row.state != LinkState.DRAFT:
            continue
        refuse_outsiders(row.party_branch, scope)
        row.starts_on = max(row.starts_on, today)
        refuse_blocked(guidance_problems(read_guidance_case(
            guide=row.person, league_branch=row.league_branch, starts_on=row.starts_on, ends_on=row.ends_on,
            focus_areas=row.focus_areas, today=today, replaces=row.pk,
        )))  # fmt: skip
        row.state, row.published_at = LinkState.ACTIVE, now
        save_row(row)
        published.append(row)
    post_notices(notices=[notice for row in published for notice in notices.guidance_published(row, by)], now=now)
    return published


@transaction.atomic
def discard_guidance(*, guidance: LeagueGuidance, scope: Scope) -> None:
    """Take a draft off the plan."""
    row = _lock_guidance(guidance)
    refuse_outsiders(row.party_branch, scope)
    if row.state != LinkState.DRAFT:
        raise Refused(_("This link is published already. End it instead."))
    row.delete()


@transaction.atomic
def set_focus(*, guidance: LeagueGuidance, focus_areas: Collection[str], scope: Scope) -> LeagueGuidance:
    """What the guide looks after in this League branch: set by the guide or by who keeps it, as long as it runs."""
    row = _lock_guidance(guidance)
    if scope.person_id != row.person_id:
        refuse_outsiders(row.party_branch, scope)
    refuse_unless(row, LinkState.DRAFT, LinkState.ACTIVE)
    row.focus_areas = [area for area in FocusArea.values if area in focus_areas]
    row.save()
    return row


@transaction.atomic
def end_guidance(
    *, guidance: LeagueGuidance, reason: str, scope: Scope | None, by: User | None, today: date, now: datetime
) -> LeagueGuidance:
    """End a guidance early; what was logged stays."""
    row = _lock_guidance(guidance)
    refuse_outsiders(row.party_branch, scope)
    if not reason.strip():
        raise Refused(_("Please say why: both will read it."), field="reason")
    refuse_unless(row, LinkState.ACTIVE)
    _close_guidance(row, on=today, reason=reason.strip())
    post_notices(notices=notices.guidance_ended(row, by), now=now)
    return row


def _close_guidance(row: LeagueGuidance, *, on: date, reason: str) -> None:
    row.state, row.ended_on, row.end_reason = LinkState.ENDED, max(on, row.starts_on), reason[:200]
    row.save()
