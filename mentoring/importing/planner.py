"""Row by row: who is meant, what stands already, what the rules say. Asks no query; the network grows as rows are accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from branches.models import LeagueBranch, PartyBranch
from members.importing.drafts import Source
from members.importing.plan import Refusal
from members.models import Person
from members.stages import Stage
from pairing_portal.common.problems import Problem, Refused

from ..guidance_services import guidance_keeper
from ..models import LeagueGuidance, Mentorship
from ..rules import GuidanceCase, GuideFacts, LinkCase, LinkFacts, guidance_problems, link_problems
from ..services import keeper_of
from ..tiers import LinkState, Tier
from .drafts import Named, PairDraft
from .plan import Plan, PlannedChange, PlannedLink
from .reach import Reach, Unknown

# Where a problem of the rules stands in the file.
COLUMN_OF = {
    "mentor": "mentor",
    "person": "mentor",
    "mentee": "mentee",
    "league_branch": "mentee",
    "is_formal": "category",
}
Row = Mentorship | LeagueGuidance


class Planner:
    """Makes the plan of one file. Ask `plan()` once."""

    def __init__(self, reach: Reach) -> None:
        self.reach, self.today = reach, reach.today
        self.result = Plan()
        self.seen: dict[tuple[int, int, int], Source] = {}
        # What is still short of a League branch's guides, by League branch: the last row decides.
        self.short: dict[int, tuple[Source, str]] = {}

    def plan(self, drafts: Sequence[PairDraft]) -> Plan:
        result = self.result
        for draft in drafts:
            if draft.is_over:
                self._leave_out(draft)
                continue
            self._row(draft)
            if draft.problems:
                result.refused.append(Refusal.of(draft))
            else:
                result.notes += [(draft.source, note) for note in draft.notes]
        result.notes += self.short.values()
        return result

    def _leave_out(self, draft: PairDraft) -> None:
        """The file says it has ended: nothing is made, and what still runs is ended by people, not by a file."""
        self.result.left_out += 1
        words = _("By its state this has ended; the row is left out.")
        try:
            mentor = self.reach.person(draft.mentor)
            if draft.tier in (None, Tier.LEAGUE_BRANCHES):
                stands = None
            else:
                stands = self.reach.links.get((draft.tier, mentor.pk, self.reach.person(draft.mentee).pk))
        except Unknown:
            stands = None
        if stands is not None and self.reach.may_keep(stands.party_branch):
            words = _("By its state this has ended, but the link still runs in the portal. End it there, with a reason; the row is left out.")  # fmt: skip
        self.result.notes.append((draft.source, words))

    def _row(self, draft: PairDraft) -> None:
        mentor = self._meant(draft, "mentor", draft.mentor)
        if mentor is not None:
            self._compare_status(draft, mentor)
        if draft.tier == Tier.LEAGUE_BRANCHES:
            self._guidance(draft, mentor)
            return
        mentee = self._meant(draft, "mentee", draft.mentee)
        if draft.tier is not None and mentor is not None and mentee is not None:
            self._link(draft, draft.tier, mentor, mentee)

    def _meant(self, draft: PairDraft, key: str, who: Named) -> Person | None:
        if not who or any(problem.key in (key, f"{key}_number") for problem in draft.problems):
            return None
        try:
            return self.reach.person(who)
        except Unknown as unknown:
            draft.refuse(f"{key}_number" if who.number else key, str(unknown))
            return None

    def _compare_status(self, draft: PairDraft, mentor: Person) -> None:
        if draft.mentor_stage and draft.mentor_stage != mentor.stage:
            words = _("The file calls %(name)s %(stated)s, the roster %(stage)s; the roster counts.")
            names = {"name": mentor.name, "stated": Stage(draft.mentor_stage).label, "stage": Stage(mentor.stage).label}
            draft.notes.append(words % names)

    # --- tiers 1–3 ------------------------------------------------------------------------------

    def _link(self, draft: PairDraft, tier: Tier, mentor: Person, mentee: Person) -> None:
        keeper = self._keeper(draft, lambda: keeper_of(tier, mentor, mentee))
        if keeper is None or self._is_repeat(draft, (tier, mentor.pk, mentee.pk)):
            return
        if draft.is_formal and tier != Tier.ACTIVISTS:
            words = _("Formal cultivation contacts belong to the tier “%(tier)s”. Correct the tier or the kind.")
            draft.refuse("category", words % {"tier": Tier.ACTIVISTS.label})
        standing = self.reach.links.get((tier, mentor.pk, mentee.pk))
        if standing is not None:
            self._compare_link(draft, standing)
            return
        declined_on = self.reach.declined.get((tier, mentor.pk, mentee.pk))
        if declined_on is not None:
            self.result.left_out += 1
            words = _("%(name)s declined this offer on %(on)s; a file does not ask again. The row is left out.")
            draft.notes.append(words % {"name": mentee.name, "on": date_format(declined_on)})
            return
        self._refuse_past(draft)
        case = self._case(draft, tier, mentor, mentee)
        problems = link_problems(case)
        if tier == Tier.ACTIVISTS and draft.is_formal is None and any(_blocks(p, "is_formal") for p in problems):
            case = replace(case, is_formal=False)
            problems = link_problems(case)
        self._take(draft, problems)
        if draft.problems:
            return
        self.reach.places.add_link(LinkFacts(0, tier, mentor.pk, mentee.pk, case.starts_on, None, case.is_formal))
        self.result.created.append(
            PlannedLink(
                draft.source, tier, mentor, mentee, keeper, case.starts_on, case.ends_on, is_formal=case.is_formal, goal=draft.goal
            )
        )  # fmt: skip

    def _case(self, draft: PairDraft, tier: Tier, mentor: Person, mentee: Person) -> LinkCase:
        """Tier 2 without a word is a formal contact where the rules allow it."""
        reach = self.reach
        return LinkCase(
            tier=tier, mentor=reach.facts[mentor.pk], mentee=reach.facts[mentee.pk], starts_on=draft.starts_on or self.today,
            ends_on=draft.ends_on, is_formal=tier == Tier.ACTIVISTS and draft.is_formal is not False,
            network=reach.places.near(tier, mentor.pk, mentee.pk), limits=reach.limits,
            partner_branches=reach.partners.get(mentee.party_branch_id or 0, ()),
        )  # fmt: skip

    def _compare_link(self, draft: PairDraft, link: Mentorship) -> None:
        """The link stands: its goal, its end and (in tier 2) its kind follow the file, and only where the file says something."""
        tier, kind = Tier(link.tier), link.is_formal if draft.is_formal is None else draft.is_formal
        changes = _changes(link, goal=draft.goal or None, ends_on=draft.ends_on, is_formal=kind)
        if changes:
            case = replace(
                self._case(draft, tier, link.mentor, link.mentee), starts_on=link.starts_on, is_formal=kind, replaces=link.pk,
                ends_on=draft.ends_on or link.ends_on,
            )  # fmt: skip
            self._settle(draft, changes, link_problems(case))
        self._note_standing(draft, link)
        if draft.problems:
            return
        self._keep(draft, link, changes)
        if kind != link.is_formal:
            known = LinkFacts(link.pk, tier, link.mentor_id, link.mentee_id, link.starts_on, None, kind)
            self.reach.places.replace_link(link.pk, known)

    # --- tier 4 ---------------------------------------------------------------------------------

    def _guidance(self, draft: PairDraft, guide: Person | None) -> None:
        if not draft.mentee.name:
            return
        try:
            league = self.reach.league(draft.mentee.name)
        except Unknown as unknown:
            draft.refuse("mentee", str(unknown))
            return
        if guide is not None:
            self._guide(draft, guide, league)

    def _guide(self, draft: PairDraft, guide: Person, league: LeagueBranch) -> None:
        keeper = self._keeper(draft, lambda: guidance_keeper(guide, league))
        if keeper is None or self._is_repeat(draft, (Tier.LEAGUE_BRANCHES, guide.pk, league.pk)):
            return
        if draft.goal and not draft.focus_areas:
            draft.notes.append(_("A League branch is guided in focus areas; the goal names none and is not stored."))
        case = GuidanceCase(
            guide=self.reach.facts[guide.pk], league=self.reach.league_facts[league.pk], starts_on=draft.starts_on or self.today,
            ends_on=draft.ends_on, focus_areas=draft.focus_areas, network=self.reach.places.guides(league.pk),
            limits=self.reach.limits, partner_branches=self.reach.partners.get(league.party_branch_id or 0, ()),
        )  # fmt: skip
        standing = self.reach.guidances.get((guide.pk, league.pk))
        if standing is not None:
            self._compare_guidance(draft, standing, case)
            return
        self._refuse_past(draft)
        problems = guidance_problems(case)
        self._take(draft, problems)
        if draft.problems:
            return
        self.short.pop(league.pk, None)
        for problem in problems:
            if problem.severity == "info":
                self.short[league.pk] = (draft.source, str(problem))
        self.reach.places.add_guide(GuideFacts(0, guide.pk, league.pk, case.starts_on))
        self.result.created.append(
            PlannedLink(
                draft.source, Tier.LEAGUE_BRANCHES, guide, league, keeper, case.starts_on, case.ends_on,
                focus_areas=tuple(draft.focus_areas),
            )
        )  # fmt: skip

    def _compare_guidance(self, draft: PairDraft, row: LeagueGuidance, case: GuidanceCase) -> None:
        changes = _changes(row, focus_areas=draft.focus_areas or None, ends_on=draft.ends_on)
        if changes:
            case = replace(case, starts_on=row.starts_on, ends_on=draft.ends_on or row.ends_on, replaces=row.pk)
            self._settle(draft, changes, guidance_problems(case))
        self._note_standing(draft, row)
        if not draft.problems:
            self._keep(draft, row, changes)

    # --- both -----------------------------------------------------------------------------------

    def _keeper(self, draft: PairDraft, find: Any) -> PartyBranch | None:
        """The Party branch that would keep it; the rules are not even asked about links of branches out of reach."""
        try:
            keeper: PartyBranch = find()
        except Refused as refusal:
            draft.refuse(COLUMN_OF.get(refusal.field, "mentor"), refusal.text)
            return None
        if self.reach.may_keep(keeper):
            return keeper
        words = _("This link is kept by %(branch)s, which is outside what you manage.")
        draft.refuse("mentee", words % {"branch": keeper.short_name})
        return None

    def _is_repeat(self, draft: PairDraft, couple: tuple[int, int, int]) -> bool:
        first = self.seen.setdefault(couple, draft.source)
        if first is draft.source:
            return False
        draft.refuse("mentee", _("The same two stand in row %(row)d in this tier already. Delete one of the rows.") % {"row": first.row})  # fmt: skip
        return True

    def _refuse_past(self, draft: PairDraft) -> None:
        if draft.ends_on is not None and draft.ends_on < self.today:
            words = _("The last day (%(on)s) has passed. Only links that still run are imported: correct the date, or delete the row.")  # fmt: skip
            draft.refuse("ends_on", words % {"on": date_format(draft.ends_on)})

    def _take(self, draft: PairDraft, problems: Sequence[Problem]) -> None:
        """What blocks refuses the row, warnings are shown with it."""
        for problem in problems:
            if problem.severity == "block":
                key = COLUMN_OF.get(problem.field, problem.field)
                draft.refuse(key if key in draft.headings else "mentor", str(problem))
            elif problem.severity == "warn":
                draft.notes.append(str(problem))

    def _settle(self, draft: PairDraft, changes: Sequence[tuple[str, Any, Any]], problems: Sequence[Problem]) -> None:
        """Of a link that stands only what changes is asked about."""
        names = {name for name, _old, _new in changes}
        if "ends_on" in names:
            self._refuse_past(draft)
        self._take(draft, [problem for problem in problems if problem.field in names])

    def _note_standing(self, draft: PairDraft, row: Row) -> None:
        if draft.starts_on is not None and draft.starts_on != row.starts_on:
            words = _("In the portal this runs from %(on)s; a file does not change the first day.")
            draft.notes.append(words % {"on": date_format(row.starts_on)})
        if row.state == LinkState.DRAFT:
            draft.notes.append(_("This is a draft in the portal; publish it there."))

    def _keep(self, draft: PairDraft, row: Row, changes: Sequence[tuple[str, Any, Any]]) -> None:
        if changes:
            self.result.updated.append(PlannedChange(draft.source, row, tuple(changes)))
        else:
            self.result.unchanged += 1


def _blocks(problem: Problem, field: str) -> bool:
    return problem.severity == "block" and problem.field == field


def _changes(row: Row, **stated: str | list[str] | date | bool | None) -> list[tuple[str, Any, Any]]:
    """(field, old, new) where the file says something else; None says nothing."""
    pairs = ((name, getattr(row, name), value) for name, value in stated.items() if value is not None)
    return [
        (name, old, new)
        for name, old, new in pairs
        if (sorted(old) != sorted(new) if isinstance(new, list) else old != new)
    ]
