"""What the pages of links read besides the rows: the table of rules with its numbers, a link's story, "may A help B?"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Count
from django.utils.translation import gettext as _

from branches.models import LeagueBranch, PartyBranch
from branches.policy import RULES, Policy
from members.models import Person
from pairing_portal.common.scope import Scope

from .guidance_services import read_guidance_case
from .models import LeagueGuidance, Mentorship
from .offers import Said, known_people, said
from .rules import TIERS, GuidanceCase, LinkCase, TierRule, allowed_words, guidance_problems, link_problems, source_of
from .services import read_case
from .tiers import FocusArea, LinkState, Tier

# The numbers of policy each tier asks for.
NUMBERS: Final = {
    Tier.CLASSMATES: ("classmates_per_mentor",),
    Tier.ACTIVISTS: ("contacts_max", "contact_mentees_warn"),
    Tier.NEW_MEMBERS: ("senior_mentees_max",),
    Tier.LEAGUE_BRANCHES: ("guides_min", "guides_max", "junior_study_years"),
}
MATCHES_SHOWN: Final = 5


@dataclass(frozen=True)
class TierRow:
    """One tier as the page of rules shows it."""

    rule: TierRule
    numbers: list[tuple[Any, int, Any]]
    sources: list[tuple[str, str]]

    @property
    def number(self) -> int:
        return int(self.rule.tier)

    @property
    def label(self) -> str:
        return str(self.rule.tier.label)


def tier_row(tier: int, today: date, policy: Policy | None = None) -> TierRow:
    policy, rule = policy or Policy(), TIERS[tier]
    numbers = [(RULES[key].label, policy.number(key, today), RULES[key].unit) for key in NUMBERS[rule.tier]]
    return TierRow(rule, numbers, [(one, source_of(one)) for one in rule.rules])


def tier_rows(today: date) -> list[TierRow]:
    """The four tiers with the numbers in force; one query."""
    policy = Policy()
    return [tier_row(tier, today, policy) for tier in TIERS]


@dataclass(frozen=True)
class Event:
    """One line of a link's story."""

    words: str
    at: datetime | date
    detail: str = ""


def story_of(row: Mentorship | LeagueGuidance, *, names_arranger: bool) -> list[Event]:
    """What happened to a link or a guidance, oldest first. Who arranged it is the branch's business."""
    by = str(row.arranged_by) if names_arranger and row.arranged_by else ""
    events = [Event(_("arranged by %(name)s") % {"name": by} if by else _("arranged"), row.created_at)]
    if row.published_at:
        asked = isinstance(row, Mentorship) and row.tier == Tier.CLASSMATES
        events.append(Event(_("offered to the mentee") if asked else _("published"), row.published_at))
    if isinstance(row, Mentorship) and row.answered_at:
        said_no = row.state == LinkState.DECLINED
        events.append(Event(_("declined by the mentee") if said_no else _("accepted by the mentee"), row.answered_at))
    if row.ended_on and row.state == LinkState.ENDED:
        events.append(Event(_("ended"), row.ended_on, row.end_reason))
    return events


def draft_counts(scope: Scope) -> list[tuple[PartyBranch, int]]:
    """Branches whose drafts the scope may publish, with their number of drafts; three queries."""
    counts: dict[int, int] = {}
    for model in (Mentorship, LeagueGuidance):
        rows = model.objects.changeable_by(scope).filter(state=LinkState.DRAFT).order_by()
        for pk, count in rows.values_list("party_branch_id").annotate(count=Count("pk")):
            counts[pk] = counts.get(pk, 0) + count
    branches = PartyBranch.objects.filter(pk__in=counts).order_by("name") if counts else []
    return [(branch, counts[branch.pk]) for branch in branches]


def focus_words(keys: Iterable[str]) -> list[str]:
    """Focus areas by their names, in the order of the scheme."""
    wanted = set(keys)
    return [str(label) for key, label in FocusArea.choices if key in wanted]


def visible_ids(people: Iterable[Person], scope: Scope) -> set[int]:
    """Which of these people have a page the scope may open; one query."""
    ids = {person.pk for person in people}
    return set(Person.objects.visible_to(scope).filter(pk__in=ids).values_list("pk", flat=True))


# --- May A help B? -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """The answer in words; `faults` say by field whose name was not understood."""

    allowed: str = ""
    refusals: list[Said] = field(default_factory=list)
    remarks: list[Said] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def may_help(
    *, tier: int, mentor: str, mentee: str, is_formal: bool, scope: Scope, today: date
) -> Verdict:  # fmt: skip
    """ "May A help B?" among the people and League branches the scope knows."""
    helper, fault = _one_person(mentor, scope, today)
    faults = {"mentor": fault} if fault else {}
    case: LinkCase | GuidanceCase
    if tier == Tier.LEAGUE_BRANCHES:
        league, fault = _one_league(mentee, scope)
        faults |= {"mentee": fault} if fault else {}
        if helper is None or league is None:
            return Verdict(faults=faults)
        case = read_guidance_case(
            guide=helper, league_branch=league, starts_on=today, ends_on=None, focus_areas=(), today=today
        )
        return _verdict(case, guidance_problems(case))
    helped, fault = _one_person(mentee, scope, today)
    faults |= {"mentee": fault} if fault else {}
    if helper is None or helped is None:
        return Verdict(faults=faults)
    case = read_case(
        tier=tier, mentor=helper, mentee=helped, starts_on=today, ends_on=None, is_formal=is_formal and tier == Tier.ACTIVISTS,
        today=today,
    )  # fmt: skip
    return _verdict(case, link_problems(case))


def _verdict(case: LinkCase | GuidanceCase, problems: Sequence[Any]) -> Verdict:
    refusals = said(problem for problem in problems if problem.severity == "block")
    remarks = said(problem for problem in problems if problem.severity != "block")
    return Verdict("" if refusals else allowed_words(case), refusals, remarks)


def _one_person(words: str, scope: Scope, today: date) -> tuple[Person | None, str]:
    """The one person meant, or why it is not clear. A whole number or name goes before parts of it."""
    words = words.strip()
    people = known_people(scope, today).select_related("party_branch", "school_class")
    found = list(people.filter(number=words)) or list(people.filter(name=words)[: MATCHES_SHOWN + 1])
    found = found or list(people.search(words)[: MATCHES_SHOWN + 1])  # type: ignore[attr-defined]  # of a queryset or row of ours
    if len(found) == 1:
        return found[0], ""
    if not found:
        return None, _("Nobody you may see is called “%(words)s”. Check the name, or write the number.") % {
            "words": words
        }
    names = "、".join(_with_place(person) for person in found[:MATCHES_SHOWN])
    return None, _("Several people fit: %(names)s. Write the number.") % {"names": names}


def _with_place(person: Person) -> str:
    place = person.school_class or person.party_branch
    return f"{person.name}({place})" if place else person.name


def _one_league(words: str, scope: Scope) -> tuple[LeagueBranch | None, str]:
    words = words.strip()
    rows = LeagueBranch.objects.visible_to(scope).select_related("party_branch")
    found = list(rows.filter(name=words)) or list(rows.filter(name__icontains=words)[: MATCHES_SHOWN + 1])
    if len(found) == 1:
        return found[0], ""
    if not found:
        return None, _("No League branch is called “%(words)s”. Check the name.") % {"words": words}
    names = "、".join(row.name for row in found[:MATCHES_SHOWN])
    return None, _("Several League branches fit: %(names)s. Write the whole name.") % {"names": names}
