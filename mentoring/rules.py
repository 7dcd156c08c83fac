"""The four tiers as one table of rules: who may mentor, whom, how many, what proves seniority, and why not.

Pure: people and links come in as facts (`facts.py` reads them), numbers as `Limits` (from policy). Every rule answers in
words: what stands against it, the id of RULES.md, and what would be allowed instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import Programme
from branches.policy import RULES
from members.stages import MEMBER_STAGES, Stage
from pairing_portal.common.problems import Problem

from .rule_facts import GuideFacts, LeagueFacts, Limits, LinkFacts, Network, PersonFacts
from .tiers import PERSON_TIERS, Tier

__all__ = [
    "TIERS", "GuidanceCase", "GuideFacts", "LeagueFacts", "Limits", "LinkCase", "LinkFacts", "Network", "PersonFacts", "TierRule",
    "allowed_words", "guidance_problems", "link_problems", "source_of",
]  # fmt: skip


@dataclass(frozen=True)
class TierRule:
    """One row of the table. The stage sets decide who is offered; the check says everything that stands against a couple."""

    tier: Tier
    mentor_stages: frozenset[str]
    mentee_stages: frozenset[str]
    mentors: Any
    mentees: Any
    number: Any
    seniority: Any
    rules: tuple[str, ...]


TIERS: Final[dict[int, TierRule]] = {
    row.tier: row
    for row in (
        TierRule(
            Tier.CLASSMATES,
            frozenset({*MEMBER_STAGES, Stage.ACTIVIST, Stage.CANDIDATE}),
            frozenset({Stage.NON_MEMBER, Stage.LEAGUE_MEMBER, Stage.APPLICANT}),
            gettext_lazy("members and activists of the same class"),
            gettext_lazy("other students of their class"),
            gettext_lazy("one to one, or several mentors for one classmate"),
            gettext_lazy("none: they sit in one class"),
            ("R84", "R86"),
        ),
        TierRule(
            Tier.ACTIVISTS,
            frozenset(MEMBER_STAGES),
            frozenset({Stage.ACTIVIST, Stage.CANDIDATE}),
            gettext_lazy("members of the branch or of a paired one; formal contacts are full members"),
            gettext_lazy("activists and development candidates"),
            gettext_lazy("one or two formal contacts for each activist; peer mentors beside them"),
            gettext_lazy("membership; full membership for a formal contact"),
            ("R04", "R85", "R86"),
        ),
        TierRule(
            Tier.NEW_MEMBERS,
            frozenset({Stage.FULL}),
            frozenset(MEMBER_STAGES),
            gettext_lazy("full members of the branch or of a paired one"),
            gettext_lazy("members admitted later"),
            gettext_lazy("one senior member for at most two new ones"),
            gettext_lazy("the earlier date of admission"),
            ("R80", "R81", "R86"),
        ),
        TierRule(
            Tier.LEAGUE_BRANCHES,
            frozenset({Stage.FULL}),
            frozenset(),
            gettext_lazy("full members of the responsible branch or of a paired one, diploma-to-bachelor students by default"),
            gettext_lazy("junior League branches"),
            gettext_lazy("two or three members for each League branch"),
            gettext_lazy("the higher year of study (diploma-to-bachelor counts from the third)"),
            ("R82", "R83", "R75"),
        ),
    )
}  # fmt: skip


def source_of(rule: str) -> str:
    """Where a rule comes from, in words; "" for a rule that has no number in policy."""
    if rule in ("R81", "R83", "R84", "R86"):
        return str(RULES["senior_mentees_max"].source)
    if rule == "R85":
        return str(RULES["contacts_max"].source)
    return next((str(row.source) for row in RULES.values() if row.rule == rule), "")


@dataclass(frozen=True)
class LinkCase:
    """A link somebody wants. `partner_branches`: Party branches paired with the mentee's (or League branch's) branch."""

    tier: int
    mentor: PersonFacts
    mentee: PersonFacts
    starts_on: date
    ends_on: date | None = None
    is_formal: bool = False
    network: Network = field(default_factory=Network)
    limits: Limits = field(default_factory=Limits)
    partner_branches: Collection[int] = ()
    # A link that ends when this one begins: its place is free.
    replaces: int | None = None


def link_problems(case: LinkCase) -> list[Problem]:
    """Everything that stands against a link of tiers 1–3, what blocks first. Empty: allowed."""
    if case.tier not in PERSON_TIERS:
        return [Problem(_("Choose one of the first three tiers for a link between two people."), field="tier")]
    if case.mentor.pk == case.mentee.pk:
        words = _("%(name)s cannot mentor themselves. Choose somebody else as mentor.")
        return [Problem(words % {"name": case.mentor.name}, "R86", field="mentor")]
    found = [
        *_left_problems(case.mentor, "mentor", case.starts_on),
        *_left_problems(case.mentee, "mentee", case.starts_on),
        *_period_problems(case.starts_on, case.ends_on),
        *_CHECKS[case.tier](case),
        *_cycle_problems(case),
        *_twice_problems(case),
    ]
    return sorted(found, key=lambda problem: problem.severity != "block")


def _left_problems(person: PersonFacts, where: str, on: date) -> Iterator[Problem]:
    if person.stage == Stage.LEFT:
        words = _("%(name)s has left. Choose somebody who is here.")
        yield Problem(words % {"name": person.name}, field=where)
    elif person.graduates_on is not None and person.graduates_on < on:
        words = _("%(name)s has graduated by then (%(on)s). Choose somebody who is still here, or an earlier day.")
        yield Problem(words % {"name": person.name, "on": date_format(person.graduates_on)}, field=where)


def _period_problems(starts_on: date, ends_on: date | None) -> Iterator[Problem]:
    if ends_on is not None and ends_on <= starts_on:
        yield Problem(_("The link must end after it starts. Choose a later last day."), field="ends_on")


def _classmate_problems(case: LinkCase) -> Iterator[Problem]:
    """R84: a member or activist of the same class; one to one or several to one."""
    mentor, mentee, row = case.mentor, case.mentee, TIERS[Tier.CLASSMATES]
    if mentor.stage not in row.mentor_stages and mentor.stage != Stage.LEFT:
        words = _(
            "%(name)s is neither a member nor an activist. Classmates are helped by members and activists of their class."
        )
        yield Problem(words % {"name": mentor.name}, "R84", field="mentor")
    if mentee.stage in (*MEMBER_STAGES, Stage.ACTIVIST, Stage.CANDIDATE):
        words = _("%(name)s is a member or activist already. Choose the tier for activists or for new members instead.")
        yield Problem(words % {"name": mentee.name}, "R84", field="mentee")
    if mentor.class_id is None or mentor.class_id != mentee.class_id:
        words = _("%(mentor)s (%(mentor_class)s) and %(mentee)s (%(mentee_class)s) are not of one class. Choose a member or activist of %(mentee_class)s.")  # fmt: skip
        names = {"mentor": mentor.name, "mentor_class": mentor.class_name or _("no class"), "mentee": mentee.name,
                 "mentee_class": mentee.class_name or _("no class")}  # fmt: skip
        yield Problem(words % names, "R84", field="mentor")
    yield from _too_many_mentees(case, case.limits.classmates_per_mentor, "R84")


def _activist_problems(case: LinkCase) -> Iterator[Problem]:
    """R04, R85: formal contacts are full members, one or two for each activist; others are peer mentors."""
    mentor, mentee = case.mentor, case.mentee
    if mentee.stage not in TIERS[Tier.ACTIVISTS].mentee_stages and mentee.stage != Stage.LEFT:
        words = _("%(name)s is not an activist. Choose an activist or development candidate, or another tier.")
        yield Problem(words % {"name": mentee.name}, "R85", field="mentee")
    if not mentor.is_member and mentor.stage != Stage.LEFT:
        words = _("%(name)s is not a Party member. Activists are guided by members.")
        yield Problem(words % {"name": mentor.name}, "R85", field="mentor")
    elif case.is_formal and mentor.stage == Stage.PROBATIONARY:
        words = _("%(name)s is a probationary member and cannot be a formal cultivation contact. Choose a full member, or let %(name)s be a peer mentor.")  # fmt: skip
        yield Problem(words % {"name": mentor.name}, "R85", field="is_formal")
    yield from _branch_problems(case)
    contacts = [
        link for link in case.network.mentors_of(mentee.pk, Tier.ACTIVISTS) if link.is_formal and _stands(link, case)
    ]
    if case.is_formal and len(contacts) >= case.limits.contacts_max:
        words = _("%(name)s has %(count)d cultivation contacts already (at most %(limit)d). End one of them first, or add a peer mentor.")  # fmt: skip
        values = {"name": mentee.name, "count": len(contacts), "limit": case.limits.contacts_max}
        yield Problem(words % values, "R04", field="is_formal")
    mine = [
        link for link in case.network.mentees_of(mentor.pk, Tier.ACTIVISTS) if link.is_formal and _stands(link, case)
    ]
    if case.is_formal and len(mine) >= case.limits.contact_mentees_warn:
        words = _("%(name)s is contact of %(count)d activists already; more than %(limit)d are hard to know well.")
        values = {"name": mentor.name, "count": len(mine), "limit": case.limits.contact_mentees_warn}
        yield Problem(words % values, "R04", "warn", field="mentor")


def _new_member_problems(case: LinkCase) -> Iterator[Problem]:
    """R80, R81: a full member who joined earlier, for at most two new members."""
    mentor, mentee = case.mentor, case.mentee
    if mentor.stage != Stage.FULL and mentor.stage != Stage.LEFT:
        words = _("%(name)s is not a full member yet. New members are guided by full members.")
        yield Problem(words % {"name": mentor.name}, "R81", field="mentor")
    if not mentee.is_member and mentee.stage != Stage.LEFT:
        words = _("%(name)s is not a Party member yet. Choose the tier for activists or for classmates instead.")
        yield Problem(words % {"name": mentee.name}, "R81", field="mentee")
    elif mentor.is_member and mentee.is_member:
        yield from _seniority_problems(mentor, mentee)
    yield from _branch_problems(case)
    yield from _too_many_mentees(case, case.limits.senior_mentees_max, "R80")


def _seniority_problems(mentor: PersonFacts, mentee: PersonFacts) -> Iterator[Problem]:
    for person, where in ((mentor, "mentor"), (mentee, "mentee")):
        if person.admitted_on is None:
            words = _(
                "The date of admission of %(name)s is unknown, so seniority cannot be told. Enter it in the roster first."
            )
            yield Problem(words % {"name": person.name}, "R81", field=where)
            return
    assert mentor.admitted_on is not None
    assert mentee.admitted_on is not None
    if mentor.admitted_on >= mentee.admitted_on:
        words = _("%(mentor)s (admitted %(mentor_on)s) did not join earlier than %(mentee)s (admitted %(mentee_on)s). Choose somebody admitted before that day.")  # fmt: skip
        values = {"mentor": mentor.name, "mentor_on": date_format(mentor.admitted_on), "mentee": mentee.name,
                  "mentee_on": date_format(mentee.admitted_on)}  # fmt: skip
        yield Problem(words % values, "R81", field="mentor")


def _branch_problems(case: LinkCase) -> Iterator[Problem]:
    """A mentor of the mentee's own branch, or of one paired with it."""
    mentor, mentee = case.mentor, case.mentee
    if mentee.branch_id is None:
        words = _(
            "%(name)s belongs to no Party branch, so no branch can arrange this. Enter the branch in the roster first."
        )
        yield Problem(words % {"name": mentee.name}, field="mentee")
    elif mentor.branch_id != mentee.branch_id and mentor.branch_id not in case.partner_branches:
        words = _("%(mentor)s (%(mentor_branch)s) is neither of %(branch)s nor of a branch paired with it. Choose a member of %(branch)s, or pair the branches first.")  # fmt: skip
        values = {
            "mentor": mentor.name,
            "mentor_branch": mentor.branch_name or _("no branch"),
            "branch": mentee.branch_name,
        }
        yield Problem(words % values, "R90", field="mentor")


def _too_many_mentees(case: LinkCase, limit: int, rule: str) -> Iterator[Problem]:
    mine = [link for link in case.network.mentees_of(case.mentor.pk, case.tier) if _stands(link, case)]
    if len(mine) >= limit:
        words = _("%(name)s has %(count)d mentees in this tier already (at most %(limit)d). End one of these links first, or choose another mentor.")  # fmt: skip
        yield Problem(words % {"name": case.mentor.name, "count": len(mine), "limit": limit}, rule, field="mentor")


def _stands(link: LinkFacts, case: LinkCase) -> bool:
    """Takes a place beside the new one; the couple's own link is spoken of by itself."""
    couple = (link.mentor_id, link.mentee_id) == (case.mentor.pk, case.mentee.pk)
    return not couple and (link.pk == 0 or link.pk != case.replaces)


def _cycle_problems(case: LinkCase) -> Iterator[Problem]:
    """R86: nobody is helped, directly or through others, by who they help within the tier."""
    if case.network.leads_to(case.mentee.pk, case.mentor.pk, case.tier):
        words = _("%(mentee)s mentors %(mentor)s in this tier already, directly or through others: that would be a circle. Choose another mentor.")  # fmt: skip
        yield Problem(words % {"mentor": case.mentor.name, "mentee": case.mentee.name}, "R86", field="mentor")


def _twice_problems(case: LinkCase) -> Iterator[Problem]:
    for link in case.network.links:
        same = (link.tier, link.mentor_id, link.mentee_id) == (case.tier, case.mentor.pk, case.mentee.pk)
        if not same or (link.pk and link.pk == case.replaces):
            continue
        names = {"mentor": case.mentor.name, "mentee": case.mentee.name}
        if link.ended_on is None:
            words = _(
                "%(mentor)s and %(mentee)s are linked in this tier already. Change that link instead of making another."
            )
            yield Problem(words % names, field="mentee")
        elif link.ended_on > case.starts_on:
            words = _("%(mentor)s and %(mentee)s were linked in this tier until %(until)s; the two times overlap. Let the new link begin on that day or later.")  # fmt: skip
            yield Problem(words % (names | {"until": date_format(link.ended_on)}), field="starts_on")


_CHECKS: Final[dict[int, Callable[[LinkCase], Iterator[Problem]]]] = {
    Tier.CLASSMATES: _classmate_problems,
    Tier.ACTIVISTS: _activist_problems,
    Tier.NEW_MEMBERS: _new_member_problems,
}


@dataclass(frozen=True)
class GuidanceCase:
    """A guidance somebody wants: one member for one junior League branch."""

    guide: PersonFacts
    league: LeagueFacts
    starts_on: date
    ends_on: date | None = None
    focus_areas: Collection[str] = ()
    network: Network = field(default_factory=Network)
    limits: Limits = field(default_factory=Limits)
    partner_branches: Collection[int] = ()
    replaces: int | None = None


def guidance_problems(case: GuidanceCase) -> list[Problem]:
    """R82, R83: two or three full members, each of a higher year of study. What blocks comes first. Empty: allowed."""
    found = [
        *_left_problems(case.guide, "person", case.starts_on),
        *_period_problems(case.starts_on, case.ends_on),
        *_guide_problems(case),
        *_league_problems(case),
        *_guides_in_place(case),
    ]
    return sorted(found, key=lambda problem: problem.severity != "block")


def _guide_problems(case: GuidanceCase) -> Iterator[Problem]:
    guide, league = case.guide, case.league
    if guide.stage != Stage.FULL and guide.stage != Stage.LEFT:
        words = _("%(name)s is not a full member. A League branch is guided by full members.")
        yield Problem(words % {"name": guide.name}, "R82", field="person")
    is_own = guide.branch_id is not None and (
        guide.branch_id == league.branch_id
        or guide.branch_id in case.partner_branches
        or (league.branch_id is None and guide.department_id == league.department_id)
    )
    if not is_own:
        words = _("%(name)s is neither of the Party branch responsible for %(league)s nor of one paired with it. Choose a member of those.")  # fmt: skip
        yield Problem(words % {"name": guide.name, "league": league.name}, "R90", field="person")
    if guide.study_year is None or guide.study_year <= league.study_year:
        words = _("%(name)s is in study year %(mine)s, %(league)s in year %(theirs)d. A guide's year must be higher (diploma-to-bachelor counts from 3).")  # fmt: skip
        values = {"name": guide.name, "mine": guide.study_year if guide.study_year is not None else "—", "league": league.name,
                  "theirs": league.study_year}  # fmt: skip
        yield Problem(words % values, "R83", field="person")
    if guide.programme != Programme.UPGRADE and guide.stage == Stage.FULL:
        words = _("%(name)s is not a diploma-to-bachelor student; the scheme sends those first.")
        yield Problem(words % {"name": guide.name}, "R82", "warn", field="person")


def _league_problems(case: GuidanceCase) -> Iterator[Problem]:
    league = case.league
    if not league.is_active:
        words = _("%(league)s is no longer active. Choose an active League branch.")
        yield Problem(words % {"league": league.name}, field="league_branch")
    if league.study_year > case.limits.junior_study_years:
        words = _("%(league)s is in study year %(year)d; junior League branches are those up to year %(limit)d.")
        values: dict[str, object] = {
            "league": league.name,
            "year": league.study_year,
            "limit": case.limits.junior_study_years,
        }
        yield Problem(words % values, "R75", "warn", field="league_branch")


def _guides_in_place(case: GuidanceCase) -> Iterator[Problem]:
    guide, league, limits = case.guide, case.league, case.limits
    standing = [row for row in case.network.guides_of(league.pk) if row.pk == 0 or row.pk != case.replaces]
    if any(row.person_id == guide.pk for row in standing):
        words = _("%(name)s guides %(league)s already.")
        yield Problem(words % {"name": guide.name, "league": league.name}, field="person")
        return
    for row in case.network.guides:
        mine = row.person_id == guide.pk and row.league_branch_id == league.pk and row.pk != case.replaces
        if mine and row.ended_on is not None and row.ended_on > case.starts_on:
            words = _("%(name)s guided %(league)s until %(until)s; the two times overlap. Begin on that day or later.")
            values: dict[str, object] = {"name": guide.name, "league": league.name, "until": date_format(row.ended_on)}
            yield Problem(words % values, field="starts_on")
    if len(standing) >= limits.guides_max:
        words = _("%(league)s has %(count)d guides already (at most %(limit)d). End one of these duties first.")
        values = {"league": league.name, "count": len(standing), "limit": limits.guides_max}
        yield Problem(words % values, "R82", field="league_branch")
    elif len(standing) + 1 < limits.guides_min:
        words = _(
            "With this one %(league)s has %(count)d guide; the scheme asks for at least %(limit)d. Add another soon."
        )
        values = {"league": league.name, "count": len(standing) + 1, "limit": limits.guides_min}
        yield Problem(words % values, "R82", "info", field="league_branch")


def allowed_words(case: LinkCase | GuidanceCase) -> str:
    """The sentence of a yes: what the rules found in order."""
    if isinstance(case, GuidanceCase):
        row, names = TIERS[Tier.LEAGUE_BRANCHES], {"mentor": case.guide.name, "mentee": case.league.name}
    else:
        row, names = TIERS[case.tier], {"mentor": case.mentor.name, "mentee": case.mentee.name}
    values = names | {"rules": "、".join(row.rules), "seniority": row.seniority}
    return _("Allowed: %(mentor)s may guide %(mentee)s (rules %(rules)s; seniority: %(seniority)s).") % values
