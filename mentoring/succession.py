"""A mentor or guide goes: who could take over, by the scores of the proposal and the rules; handing on; giving back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from django.utils.translation import gettext as _

from branches.models import PartyBranch
from members.models import Person
from members.restoring import handed_on_words, refuse_other_holder
from notifications.services import post_notices
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.registries import Handing, Restorer, Succession, Successor, SuccessorIdea
from pairing_portal.common.scope import Role, Scope

from . import notices
from .guidance_services import arrange_guidance, read_guidance_case
from .models import LeagueGuidance, Mentorship
from .plan_board import read_plan, tier_of, token
from .proposal import Card, PlanBoard, Seeker, couple_detail, criteria, loads_of, mentors_for
from .rules import GuidanceCase, LinkCase, guidance_problems, link_problems
from .services import hand_on, may_arrange, read_case, save_row, wait_for_other_links
from .tiers import LinkState
from .wording import PAIRED_BRANCH, reason_words

Row = Mentorship | LeagueGuidance
LINK: Final = "link"
GUIDANCE: Final = "guidance"
NAMED: Final = 3
# Who fits does not depend on who looks: whoever may choose is asked of `may_choose`.
READER: Final = Scope(roles=frozenset({Role.STAFF}), college_staff=True, whole_college=True)


# --- Who could take over -------------------------------------------------------------------------


def ideas(person_id: int, branch_id: int | None, on: date) -> list[SuccessorIdea]:
    """For each running link in which the person is mentor and each guidance: the best three whom the rules allow."""
    found = []
    for keeper, rows in _by_keeper(_running(person_id, branch_id)).items():
        board = read_plan(keeper, scope=READER, today=on, skip=[token(row) for row in rows])
        found += [_idea(board, row, person_id) for row in rows]
    return found


def _running(person_id: int, branch_id: int | None) -> list[Row]:
    links = Mentorship.objects.filter(state=LinkState.ACTIVE, mentor_id=person_id).with_people().order_by("tier", "pk")
    guidances = LeagueGuidance.objects.filter(state=LinkState.ACTIVE, person_id=person_id).with_names().order_by("pk")
    if branch_id is not None:
        links, guidances = links.filter(party_branch_id=branch_id), guidances.filter(party_branch_id=branch_id)
    return [*links, *guidances]


def _by_keeper(rows: Sequence[Row]) -> dict[PartyBranch, list[Row]]:
    found: dict[PartyBranch, list[Row]] = {}
    for row in rows:
        found.setdefault(row.party_branch, []).append(row)
    return found


def _idea(board: PlanBoard, row: Row, person_id: int) -> SuccessorIdea:
    if isinstance(row, Mentorship):
        what, key = _("mentor of %(name)s") % {"name": row.mentee.name}, f"{LINK}-{row.pk}"
    else:
        what, key = _("guide of %(league)s") % {"league": row.league_branch.name}, f"{GUIDANCE}-{row.pk}"
    best = ranked(board, row, but={person_id})[:NAMED]
    return SuccessorIdea(what, [one.name for one in best], key, best)


def ranked(board: PlanBoard, row: Row, *, but: Collection[int] = ()) -> list[Successor]:
    """Everybody the rules allow as mentor of the link instead, the best first; whom they warn of come last."""
    tier, seeker = tier_of(row), _seeker(board, row)
    if seeker is None:
        return []
    mentors = [card for card in mentors_for(board, tier) if card.facts.pk not in {*but, seeker.pk}]
    loads = loads_of(board.network)
    parts = _points(board, tier, mentors, seeker, loads)
    found = []
    for card, reasons in zip(mentors, parts, strict=True):
        problems = _problems(board, row, card, seeker)
        if any(problem.severity == "block" for problem in problems):
            continue
        warnings = [str(problem) for problem in problems if problem.severity == "warn"]
        words = [*reason_words(reasons), *warnings]
        rank = (bool(warnings), -sum(points for _key, points, _detail in reasons), card.key)
        found.append((rank, Successor(card.facts.pk, card.facts.name, _("; ").join(words))))
    return [successor for _rank, successor in sorted(found, key=lambda pair: pair[0])]


def _seeker(board: PlanBoard, row: Row) -> Seeker | None:
    """Whom the link helps, as the board has them; None where the branch no longer knows them."""
    if isinstance(row, LeagueGuidance):
        league = board.leagues.get(row.league_branch_id)
        return Seeker(league.pk, f"{league.pk:012}", league.name, league, 0, 1) if league is not None else None
    card = board.cards.get(row.mentee_id)
    if card is None:
        return None
    return Seeker(card.facts.pk, card.key, card.facts.name, card.facts, 0, 1, card.major, card.months)


def _points(
    board: PlanBoard, tier: int, mentors: Sequence[Card], seeker: Seeker, loads: Counter[int]
) -> Iterator[list[list[Any]]]:
    """The reasons of each mentor as the proposal keeps them: [key, points, detail]."""
    i, j = np.arange(len(mentors))[:, None], np.zeros((1, 1), np.intp)
    found = criteria(board, tier, mentors, [seeker], loads) if mentors else []
    grids = [(one.key, np.broadcast_to(one.points(i, j), (len(mentors), 1))) for one in found]
    for number, card in enumerate(mentors):
        reasons = [
            [key, int(grid[number, 0]), couple_detail(key, card, seeker, loads)]
            for key, grid in grids
            if grid[number, 0]
        ]
        if card.facts.branch_id != board.branch_id:
            reasons.append([PAIRED_BRANCH, 0, card.facts.branch_name])
        yield reasons


def _problems(board: PlanBoard, row: Row, mentor: Card, seeker: Seeker) -> list[Problem]:
    if isinstance(row, LeagueGuidance):
        league = board.leagues[row.league_branch_id]
        return guidance_problems(GuidanceCase(
            mentor.facts, league, board.today, focus_areas=row.focus_areas, network=board.network, limits=board.limits,
            partner_branches=board.partner_branches,
        ))  # fmt: skip
    mentee = board.cards[row.mentee_id].facts
    return link_problems(LinkCase(
        row.tier, mentor.facts, mentee, board.today, is_formal=row.is_formal, network=board.network, limits=board.limits,
        partner_branches=board.partner_branches,
    ))  # fmt: skip


# --- Handing on ----------------------------------------------------------------------------------


def _arrangeable(model: Any, numbers: Sequence[int], scope: Scope) -> set[int]:
    rows = model.objects.filter(pk__in=numbers).select_related("party_branch")
    return {row.pk for row in rows if may_arrange(row.party_branch, scope)}


def hand_link_over(number: int, successor_id: int, handing: Handing) -> str:
    """The old link ends as handed on, the successor's begins. What the rules only warn of was shown with the choice."""
    link = Mentorship.objects.select_related("mentor", "mentee", "party_branch").get(pk=number)
    refuse_other_holder(link.mentor_id, handing)
    made = hand_on(
        link=link, mentor=Person.objects.get(pk=successor_id), scope=handing.scope, by=handing.by, today=handing.today,
        now=handing.now, accept_warnings=True,
    )  # fmt: skip
    if made.state == LinkState.OFFERED:
        words = _("%(new)s is offered to %(name)s as mentor in place of %(old)s.")
        return words % {"new": made.mentor.name, "name": link.mentee.name, "old": link.mentor.name}
    return _("%(what)s goes from %(old)s to %(new)s.") % {
        "what": _("Mentoring of %(name)s") % {"name": link.mentee.name}, "old": link.mentor.name, "new": made.mentor.name,
    }  # fmt: skip


def hand_guidance_over(number: int, successor_id: int, handing: Handing) -> str:
    row = LeagueGuidance.objects.select_related("person", "league_branch", "party_branch").get(pk=number)
    refuse_other_holder(row.person_id, handing)
    today = handing.today
    made = arrange_guidance(
        guide=Person.objects.get(pk=successor_id), league_branch=row.league_branch, starts_on=max(today, row.starts_on),
        ends_on=row.ends_on if row.ends_on and row.ends_on > today else None, focus_areas=row.focus_areas, scope=handing.scope,
        by=handing.by, today=today, now=handing.now, accept_warnings=True, replaces=row,
    )  # fmt: skip
    return _("%(what)s goes from %(old)s to %(new)s.") % {
        "what": _("Guidance of %(league)s") % {"league": row.league_branch.name}, "old": row.person.name, "new": made.person.name,
    }  # fmt: skip


def _wait(numbers: Sequence[int]) -> None:
    wait_for_other_links()


# --- Giving back ---------------------------------------------------------------------------------


def held(person_id: int, branch_id: int | None) -> list[dict[str, Any]]:
    """Running links on either side and guidances. Drafts and offers without an answer are made anew."""
    from .moving import open_rows

    rows = open_rows([person_id], branch_id)
    return [{token(row)[0]: row.pk} for row in rows if row.state == LinkState.ACTIVE]


def restore(rows: Sequence[dict[str, Any]], handing: Handing) -> tuple[list[str], list[str]]:
    """A link runs again where the rules still allow it and nobody has taken over."""
    back, by_hand, told = [], [], []
    links = Mentorship.objects.select_related("mentor", "mentee", "party_branch")
    guidances = LeagueGuidance.objects.select_related("person", "league_branch", "party_branch")
    ended: list[Row] = [
        *links.filter(pk__in=[row["l"] for row in rows if "l" in row], state=LinkState.ENDED).order_by("pk"),
        *guidances.filter(pk__in=[row["g"] for row in rows if "g" in row], state=LinkState.ENDED).order_by("pk"),
    ]
    for row in ended:
        if (successor := _holder(row)) is not None:
            by_hand.append(handed_on_words(row, successor))
            continue
        refusal = next(
            (problem for problem in _standing_problems(row, handing.today) if problem.severity == "block"), None
        )
        try:
            if refusal is not None:
                raise Refused(refusal.message, rule=refusal.rule)
            row.state, row.ended_on, row.end_reason = LinkState.ACTIVE, None, ""
            row._history_user = handing.by  # type: ignore[union-attr]  # what simple_history reads
            save_row(row)
        except Refused as refused:
            by_hand.append(_("%(what)s: %(why)s") % {"what": row, "why": refused.text})
            continue
        back.append(str(row))
        told += notices.runs_again(row, handing.by, handing.now)
    post_notices(notices=told, now=handing.now)
    return back, by_hand


def _holder(row: Row) -> str | None:
    """The name of who has taken over and still has it."""
    if isinstance(row, Mentorship):
        link = row.successors.open().select_related("mentor").first()  # type: ignore[attr-defined]  # a queryset of ours
        return link.mentor.name if link else None
    guidance = row.successors.open().select_related("person").first()  # type: ignore[attr-defined]  # a queryset of ours
    return guidance.person.name if guidance else None


def _standing_problems(row: Row, today: date) -> list[Problem]:
    ends_on = row.ends_on if row.ends_on and row.ends_on > today else None
    if isinstance(row, Mentorship):
        return link_problems(read_case(
            tier=row.tier, mentor=row.mentor, mentee=row.mentee, starts_on=today, ends_on=ends_on, is_formal=row.is_formal,
            today=today, replaces=row.pk,
        ))  # fmt: skip
    return guidance_problems(read_guidance_case(
        guide=row.person, league_branch=row.league_branch, starts_on=today, ends_on=ends_on, focus_areas=row.focus_areas,
        today=today, replaces=row.pk,
    ))  # fmt: skip


LINKS: Final = Succession(lambda numbers, scope: _arrangeable(Mentorship, numbers, scope), hand_link_over, _wait)
GUIDANCES: Final = Succession(
    lambda numbers, scope: _arrangeable(LeagueGuidance, numbers, scope), hand_guidance_over, _wait
)
RESTORER: Final = Restorer(held, restore, wait_for_other_links)
