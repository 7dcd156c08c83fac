"""The plan of a branch: proposed as drafts, thinned out, thrown away, taken back, published. Nobody is told before that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import User
from branches.models import LeagueBranch, PartyBranch
from branches.policy import Policy
from members.models import Person
from notifications.services import post_notices
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.scope import Scope

from . import notices
from .facts import league_facts_of, load_network, load_people, partners_of, year_start
from .models import LeagueGuidance, Mentorship
from .plan_board import PlanRow, read_plan, read_rows, tier_of, token
from .proposal import Couple, propose_tiers
from .rules import (
    GuidanceCase,
    GuideFacts,
    LeagueFacts,
    Limits,
    LinkCase,
    LinkFacts,
    Network,
    PersonFacts,
    guidance_problems,
    link_problems,
)
from .services import lock_people, refuse_outsiders, wait_for_other_links
from .tiers import LinkState, Tier

Row = Mentorship | LeagueGuidance
# How many refused couples a message names.
NAMED_AT_MOST = 3


@dataclass(frozen=True)
class PlanReport:
    """What was done: drafts made, earlier ones replaced."""

    made: int
    replaced: int


@dataclass(frozen=True)
class PublishReport:
    """Links and guidances made known, and how many people were told."""

    published: int
    told: int


def open_plan(branch: PartyBranch, scope: Scope) -> None:
    """Lock the plan of a branch: two people who propose or publish at once come one after the other.

    Raises `Refused` for everybody but who arranges the links of the branch. The row stays free for links that point at it.
    """
    PartyBranch.objects.select_for_update(no_key=True).get(pk=branch.pk)
    refuse_outsiders(branch, scope)
    wait_for_other_links()


@transaction.atomic
def propose_plan(
    *, branch: PartyBranch, tiers: Collection[int], scope: Scope, by: User | None, today: date, now: datetime
) -> PlanReport:
    """Draft mentors for the tiers. Earlier proposals of these tiers go; what runs and what was drafted by hand stays."""
    open_plan(branch, scope)
    earlier = [row for row in _drafts(branch, tiers, scope) if row.score is not None]
    _delete(earlier)
    board = read_plan(branch, scope=scope, today=today)
    couples = propose_tiers(board, tiers)
    people = Person.objects.in_bulk(
        {couple.mentor.facts.pk for couple in couples} | {couple.seeker.pk for couple in couples}
    )
    rows = [_draft(couple, branch, people, by=by, today=today, now=now) for couple in couples]
    _create(rows, by)
    return PlanReport(made=len(rows), replaced=len(earlier))  # fmt: skip


def _draft(
    couple: Couple, branch: PartyBranch, people: dict[int, Person], *, by: User | None, today: date, now: datetime
) -> Row:
    common = {
        "party_branch": branch, "state": LinkState.DRAFT, "starts_on": today, "reasons": couple.reasons, "score": couple.score,
        "arranged_by": by, "created_at": now,
    }  # fmt: skip
    if couple.tier == Tier.LEAGUE_BRANCHES:
        return LeagueGuidance(person=people[couple.mentor.facts.pk], league_branch_id=couple.seeker.pk, **common)
    return Mentorship(
        tier=couple.tier, mentor=people[couple.mentor.facts.pk], mentee=people[couple.seeker.pk],
        is_formal=couple.tier == Tier.ACTIVISTS, **common,
    )  # fmt: skip


def _drafts(branch: PartyBranch, tiers: Collection[int], scope: Scope) -> list[Row]:
    return [row for row in read_rows(branch, scope) if row.state == LinkState.DRAFT and tier_of(row) in tiers]


def _delete(rows: Sequence[Row]) -> None:
    Mentorship.objects.filter(pk__in=[row.pk for row in rows if isinstance(row, Mentorship)]).delete()
    LeagueGuidance.objects.filter(pk__in=[row.pk for row in rows if isinstance(row, LeagueGuidance)]).delete()


def _create(rows: Sequence[Row], by: User | None) -> None:
    """Write all rows and their history; what the database refuses is said in words."""
    try:
        with transaction.atomic():
            for model in (Mentorship, LeagueGuidance):
                bulk_create_with_history([row for row in rows if isinstance(row, model)], model, default_user=by)
    except IntegrityError as error:
        raise Refused(_("This link was made meanwhile, or does not fit what is there now. Reload the page.")) from error


@transaction.atomic
def discard_plan(*, branch: PartyBranch, tiers: Collection[int], scope: Scope) -> list[str]:
    """Throw all drafts of the tiers away, those made by hand too. Returns their tokens, which `restore_drafts` takes back."""
    open_plan(branch, scope)
    rows = _drafts(branch, tiers, scope)
    if not rows:
        raise Refused(_("No draft is left here. Reload the page."))
    _delete(rows)
    return [token(row) for row in rows]


@transaction.atomic
def drop_draft(*, branch: PartyBranch, name: str, scope: Scope) -> PlanRow:
    """Take one draft off the plan by its token."""
    open_plan(branch, scope)
    row = next((row for row in _drafts(branch, list(Tier), scope) if token(row) == name), None)
    if row is None:
        raise Refused(_("This draft was published or taken off the plan meanwhile. Reload the page."))
    _delete([row])
    mentor, mentee = _names(row)
    return PlanRow(row, mentor, "", mentee, [])


@transaction.atomic
def restore_drafts(*, branch: PartyBranch, names: Collection[str], scope: Scope, by: User | None, today: date) -> int:
    """Put drafts that were taken off back on the plan, if the rules still allow every one. Returns how many."""
    open_plan(branch, scope)
    rows = _deleted(branch, names)
    if not rows:
        raise Refused(_("Nothing is left to take back."))
    _lock(rows)
    _refuse_misfits(_read_ground(rows, today), rows, today, is_there=False)
    _create(rows, by)
    return len(rows)


def _deleted(branch: PartyBranch, names: Collection[str]) -> list[Row]:
    """Drafts of the branch as they were when they were deleted, unless they are back already."""
    rows: list[Row] = []
    for model, letter in ((Mentorship, "l"), (LeagueGuidance, "g")):
        ids = {int(name[1:]) for name in names if name[:1] == letter}
        ids -= set(model.objects.filter(pk__in=ids).values_list("pk", flat=True))
        records = model.history.filter(id__in=ids, history_type="-", party_branch_id=branch.pk, state=LinkState.DRAFT)
        latest = {record.id: record.instance for record in records.order_by("history_id")}
        rows += [latest[pk] for pk in sorted(latest)]
    return rows


@transaction.atomic
def publish_plan(
    *, branch: PartyBranch, tiers: Collection[int], scope: Scope, by: User, today: date, now: datetime
) -> PublishReport:
    """Make the drafts of the tiers known, each checked again, all or nothing; everybody concerned gets one notice a link.

    Classmates are asked first, the other links run at once. Raises `Refused` naming the couples that no longer fit.
    """
    open_plan(branch, scope)
    rows = _drafts(branch, tiers, scope)
    if not rows:
        raise Refused(_("No draft is left here. Reload the page."))
    _lock(rows)
    _refuse_misfits(_read_ground(rows, today), rows, today, is_there=True)
    for row in rows:
        row.state = LinkState.OFFERED if tier_of(row) == Tier.CLASSMATES else LinkState.ACTIVE
        row.starts_on, row.published_at = max(row.starts_on, today), now
    for model in (Mentorship, LeagueGuidance):
        mine = [row for row in rows if isinstance(row, model)]
        bulk_update_with_history(mine, model, ["state", "starts_on", "published_at"], default_user=by)
    due = [notice for row in rows for notice in _notices(row, by)]
    post_notices(notices=due, now=now)
    return PublishReport(published=len(rows), told=len({notice.user_id for notice in due}))


def _notices(row: Row, by: User) -> list[notices.DueNotice]:
    return notices.link_published(row, by) if isinstance(row, Mentorship) else notices.guidance_published(row, by)


def _lock(rows: Sequence[Row]) -> None:
    """People, then League branches, both in the order of their ids."""
    links = [row for row in rows if isinstance(row, Mentorship)]
    guidances = [row for row in rows if isinstance(row, LeagueGuidance)]
    lock_people(
        *{pk for link in links for pk in (link.mentor_id, link.mentee_id)}, *(row.person_id for row in guidances)
    )
    leagues = LeagueBranch.objects.select_for_update(of=("self",)).filter(
        pk__in={row.league_branch_id for row in guidances}
    )
    list(leagues.order_by("pk"))


@dataclass
class _Ground:
    """What the rules ask of all couples of a plan, read at once."""

    people: dict[int, PersonFacts]
    leagues: dict[int, LeagueFacts]
    network: Network
    limits: Limits
    partners: dict[int, set[int]]


def _read_ground(rows: Sequence[Row], today: date) -> _Ground:
    links = [row for row in rows if isinstance(row, Mentorship)]
    guidances = [row for row in rows if isinstance(row, LeagueGuidance)]
    ids = {pk for link in links for pk in (link.mentor_id, link.mentee_id)} | {row.person_id for row in guidances}
    people, start = load_people(ids, today), year_start(today)
    branches = LeagueBranch.objects.filter(pk__in={row.league_branch_id for row in guidances})
    leagues = {league.pk: league_facts_of(league, start) for league in branches}
    helped = {people[link.mentee_id].branch_id for link in links} | {league.branch_id for league in leagues.values()}
    return _Ground(
        people,
        leagues,
        load_network(ids, list(leagues)),
        Limits.on(today, Policy()),
        partners_of(helped, today),
    )


def _refuse_misfits(ground: _Ground, rows: Sequence[Row], today: date, *, is_there: bool) -> None:
    """Raise `Refused` naming the couples that the rules forbid; `is_there`: the rows stand in the network already."""
    refused = []
    for row in rows:
        blocking = [problem for problem in _row_problems(ground, row, today) if problem.severity == "block"]
        if blocking:
            mentor, mentee = _names(row)
            refused.append((f"{mentor} → {mentee}", blocking[0]))
        elif not is_there:
            _stand(ground.network, row)
    if refused:
        lines = " ".join(f"{couple}: {problem}" for couple, problem in refused[:NAMED_AT_MOST])
        words = _("Nothing was changed: %(count)d of the drafts do not fit any more. %(lines)s Take them off the plan or propose again.")  # fmt: skip
        raise Refused(words % {"count": len(refused), "lines": lines})


def _row_problems(ground: _Ground, row: Row, today: date) -> list[Problem]:
    starts_on = max(row.starts_on, today)
    if isinstance(row, LeagueGuidance):
        league = ground.leagues[row.league_branch_id]
        return guidance_problems(GuidanceCase(
            ground.people[row.person_id], league, starts_on, row.ends_on, row.focus_areas, ground.network, ground.limits,
            ground.partners.get(league.branch_id or 0, ()), replaces=row.pk,
        ))  # fmt: skip
    mentee = ground.people[row.mentee_id]
    return link_problems(LinkCase(
        row.tier, ground.people[row.mentor_id], mentee, starts_on, row.ends_on, row.is_formal, ground.network, ground.limits,
        ground.partners.get(mentee.branch_id or 0, ()), replaces=row.pk,
    ))  # fmt: skip


def _stand(network: Network, row: Row) -> None:
    if isinstance(row, LeagueGuidance):
        network.guides.append(GuideFacts(row.pk, row.person_id, row.league_branch_id, row.starts_on))
    else:
        network.links.append(
            LinkFacts(row.pk, row.tier, row.mentor_id, row.mentee_id, row.starts_on, is_formal=row.is_formal)
        )


def _names(row: Row) -> tuple[str, str]:
    if isinstance(row, LeagueGuidance):
        return row.person.name, row.league_branch.name
    return row.mentor.name, row.mentee.name
