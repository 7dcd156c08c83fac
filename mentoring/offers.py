"""People offered for a link or a guidance, and those who are not, with the rule that says why. Fixed numbers of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Count, F, Q, QuerySet

from branches.models import LeagueBranch
from branches.policy import Policy
from members.models import Person
from members.stages import MEMBER_STAGES
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.scope import Scope

from .facts import league_facts, load_network, partners_of, person_facts
from .guidance_services import guidance_keeper
from .models import Mentorship
from .rules import TIERS, GuidanceCase, Limits, LinkCase, guidance_problems, link_problems, source_of
from .services import keeper_of, refuse_outsiders
from .tiers import OPEN_STATES, Tier

MENTOR, MENTEE = "mentor", "mentee"
OTHER: Final = {MENTOR: MENTEE, MENTEE: MENTOR}
# More rows than this are searched, not scrolled.
SHOWN_AT_MOST: Final = 60


@dataclass(frozen=True)
class Said:
    """An objection as a page shows it: the sentence, the rule's id and where the rule comes from."""

    words: str
    rule: str
    source: str


@dataclass(frozen=True)
class Offer:
    """One person who could be chosen: how many links they have in the tier, and what stands against them."""

    person: Person
    load: int
    problems: Sequence[Problem] = ()

    @property
    def refusals(self) -> list[Said]:
        return said(problem for problem in self.problems if problem.severity == "block")

    @property
    def warnings(self) -> list[Said]:
        return said(problem for problem in self.problems if problem.severity == "warn")


@dataclass(frozen=True)
class Offers:
    """Allowed and refused people, cut to what a page can show; `hidden` counts what was cut off."""

    allowed: list[Offer]
    refused: list[Offer]
    hidden: int = 0
    hidden_refused: int = 0

    @property
    def in_common(self) -> list[Said]:
        """What stands against everybody when nobody is allowed: it is about the person chosen first."""
        if self.allowed or len(self.refused) < 2:
            return []
        first, *others = [offer.refusals for offer in self.refused]
        return [one for one in first if all(one in found for found in others)]

    @property
    def have_warnings(self) -> bool:
        return any(offer.warnings for offer in self.allowed)


def said(problems: Iterable[Problem]) -> list[Said]:
    return [Said(problem.message, problem.rule, source_of(problem.rule)) for problem in problems]


def may_open(scope: Scope) -> bool:
    """Who arranges links of at least one branch."""
    return bool(scope.managed_branch_ids or scope.department_ids or scope.college_staff)


def arrangeable(scope: Scope, prefix: str = "") -> Q:
    """People of the Party branches whose links the scope arranges."""
    if scope.college_staff:
        return Q(**{f"{prefix}party_branch__isnull": False})
    return Q(**{f"{prefix}party_branch_id__in": scope.managed_branch_ids}) | Q(
        **{f"{prefix}party_branch__department_id__in": scope.department_ids}
    )


def known_people(scope: Scope, today: date) -> QuerySet[Person]:
    """Who the scope sees, and by name the members of branches paired with those it runs."""
    partners = {pk for found in partners_of(scope.managed_branch_ids, today).values() for pk in found}
    seen = Q(pk__in=Person.objects.visible_to(scope).order_by().values("pk"))
    rows: QuerySet[Person] = Person.objects.filter(seen | Q(party_branch_id__in=partners, stage__in=MEMBER_STAGES))
    return rows


def first_people(tier: int, side: str, *, scope: Scope, today: date) -> QuerySet[Person]:
    """People of the right stage on one side, least linked first (then the newest members); `held` counts their links."""
    row = TIERS[tier]
    rows = Person.objects.present().filter(stage__in=row.mentor_stages if side == MENTOR else row.mentee_stages)
    if tier == Tier.CLASSMATES:
        rows = rows.filter(school_class__isnull=False)
    if tier == Tier.CLASSMATES and side == MENTEE:
        rows = rows.filter(pk__in=Person.objects.visible_to(scope).order_by().values("pk"))
    elif tier != Tier.CLASSMATES and side == MENTOR:
        partners = {pk for found in partners_of(scope.managed_branch_ids, today).values() for pk in found}
        rows = rows.filter(arrangeable(scope) | Q(party_branch_id__in=partners))
    else:
        rows = rows.filter(arrangeable(scope))
    links = f"mentorships_as_{side}"
    held = Count(links, filter=Q(**{f"{links}__tier": tier, f"{links}__state__in": OPEN_STATES}), distinct=True)
    found: QuerySet[Person] = rows.annotate(held=held).select_related("party_branch", "school_class")
    newest = [F("admitted_on").desc(nulls_last=True)] if tier == Tier.NEW_MEMBERS and side == MENTEE else []
    return found.order_by("held", *newest, "name_key", "pk")


def pool(tier: int, side: str, first: Person, *, scope: Scope, today: date) -> QuerySet[Person]:
    """People who stand on the other side in the ordinary course. `side` is that of the person chosen first."""
    row, other = TIERS[tier], OTHER[side]
    stages = row.mentor_stages if other == MENTOR else row.mentee_stages
    if tier == Tier.NEW_MEMBERS:
        stages = frozenset(MEMBER_STAGES)
    rows = Person.objects.present().filter(stage__in=stages).exclude(pk=first.pk)
    if tier == Tier.CLASSMATES:
        rows = rows.filter(school_class_id=first.school_class_id, school_class__isnull=False)
        seen = Q(pk__in=Person.objects.visible_to(scope).order_by().values("pk"))
        rows = rows.filter(arrangeable(scope) if other == MENTOR else seen)
    elif other == MENTEE:
        rows = rows.filter(arrangeable(scope))
    else:
        partners = partners_of([first.party_branch_id], today).get(first.party_branch_id or 0, set())
        rows = rows.filter(party_branch_id__in={first.party_branch_id or 0, *partners})
    found: QuerySet[Person] = rows
    return found


def choosable(tier: int, side: str, first: Person, *, scope: Scope, today: date) -> QuerySet[Person]:
    """Who may be sent with the form: the pool, and anybody the scope sees (the rules then say why not)."""
    near = pool(tier, side, first, scope=scope, today=today).order_by().values("pk")
    seen = Person.objects.visible_to(scope).order_by().values("pk")
    rows: QuerySet[Person] = Person.objects.filter(Q(pk__in=near) | Q(pk__in=seen)).exclude(pk=first.pk)
    return rows


def offers_for(
    tier: int, side: str, first: Person, *, scope: Scope, today: date, is_formal: bool = False, words: str = "",
    replaces: Mentorship | None = None,
) -> Offers:  # fmt: skip
    """The other side of a link: allowed people, least linked first, and the rest with what stands against them.

    With `words` everybody the scope sees is searched, so that a name which is missing here is explained too.
    """
    rows = pool(tier, side, first, scope=scope, today=today)
    if words:
        rows = choosable(tier, side, first, scope=scope, today=today).search(words)  # type: ignore[attr-defined]  # of a queryset or row of ours
    if replaces is not None:
        rows = rows.exclude(pk=replaces.mentor_id)
    people = list(rows.select_related("party_branch", "school_class").order_by("name_key", "pk"))
    facts = person_facts([first, *people], today)
    network, limits = load_network(list(facts)), Limits.on(today, Policy())
    mentees = [first] if side == MENTEE else people
    partners = partners_of([person.party_branch_id for person in mentees], today)
    offers = []
    for person in people:
        mentor, mentee = (person, first) if side == MENTEE else (first, person)
        case = LinkCase(
            tier=tier, mentor=facts[mentor.pk], mentee=facts[mentee.pk], starts_on=today, is_formal=is_formal, network=network,
            limits=limits, partner_branches=partners.get(mentee.party_branch_id or 0, ()),
            replaces=replaces.pk if replaces else None,
        )  # fmt: skip
        links = network.mentees_of(person.pk, tier) if side == MENTEE else network.mentors_of(person.pk, tier)
        problems = [*link_problems(case), *_keeper_problems(tier, mentor, mentee, scope)]
        offers.append(Offer(person, len(links), problems))
    return _sorted(offers)


def _keeper_problems(tier: int, mentor: Person, mentee: Person, scope: Scope) -> list[Problem]:
    """The branch that would keep the link is not one the scope arranges for. No branch at all is a rule's business."""
    person = mentor if tier == Tier.CLASSMATES else mentee
    if person.party_branch is None and tier != Tier.CLASSMATES:
        return []
    try:
        refuse_outsiders(keeper_of(tier, mentor, mentee), scope)
    except Refused as refusal:
        return [Problem(refusal.text, field="mentor")]
    return []


def _sorted(offers: list[Offer]) -> Offers:
    allowed = sorted((one for one in offers if not one.refusals), key=lambda one: (len(one.warnings), one.load))
    refused = [one for one in offers if one.refusals]
    return Offers(
        allowed[:SHOWN_AT_MOST], refused[:SHOWN_AT_MOST], len(allowed[SHOWN_AT_MOST:]), len(refused[SHOWN_AT_MOST:])
    )


# --- Tier 4 --------------------------------------------------------------------------------------


def guided_leagues(scope: Scope) -> QuerySet[LeagueBranch]:
    """League branches whose guidance the scope arranges, youngest first; `held` counts their guides."""
    mine = Q(party_branch_id__in=scope.managed_branch_ids) | Q(department_id__in=scope.department_ids)
    rows = LeagueBranch.objects.active().select_related("school_class", "party_branch")
    rows = rows if scope.college_staff else rows.filter(mine)
    held = Count("guidances", filter=Q(guidances__state__in=OPEN_STATES), distinct=True)
    found: QuerySet[LeagueBranch] = rows.annotate(held=held).order_by("-enrolment_year", "held", "name")
    return found


def guide_pool(league: LeagueBranch, *, scope: Scope, today: date) -> QuerySet[Person]:
    """Members of the responsible Party branch and of those paired with it; of the department where none is responsible."""
    rows = Person.objects.present().members()
    if league.party_branch_id is None:
        found: QuerySet[Person] = rows.filter(arrangeable(scope), department_id=league.department_id)
        return found
    partners = partners_of([league.party_branch_id], today).get(league.party_branch_id, set())
    found = rows.filter(party_branch_id__in={league.party_branch_id, *partners})
    return found


def choosable_guides(league: LeagueBranch, *, scope: Scope, today: date) -> QuerySet[Person]:
    """Who may be sent with the form: the pool, and anybody the scope sees."""
    near = guide_pool(league, scope=scope, today=today).order_by().values("pk")
    seen = Person.objects.visible_to(scope).order_by().values("pk")
    rows: QuerySet[Person] = Person.objects.filter(Q(pk__in=near) | Q(pk__in=seen))
    return rows


def guides_for(league: LeagueBranch, *, scope: Scope, today: date, words: str = "") -> Offers:
    """Guides for a League branch: allowed ones first (diploma-to-bachelor students before others), the rest with the rule."""
    rows = guide_pool(league, scope=scope, today=today)
    if words:
        rows = choosable_guides(league, scope=scope, today=today).search(words)  # type: ignore[attr-defined]  # of a queryset or row of ours
    people = list(rows.select_related("party_branch", "school_class").order_by("name_key", "pk"))
    facts = person_facts(people, today)
    network, limits = load_network(list(facts), [league.pk]), Limits.on(today, Policy())
    partners = partners_of([league.party_branch_id], today).get(league.party_branch_id or 0, set())
    target = league_facts(league, today)
    offers = []
    for person in people:
        case = GuidanceCase(
            guide=facts[person.pk], league=target, starts_on=today, network=network, limits=limits, partner_branches=partners
        )  # fmt: skip
        load = sum(row.person_id == person.pk and row.ended_on is None for row in network.guides)
        offers.append(
            Offer(person, load, [*guidance_problems(case), *_guidance_keeper_problems(person, league, scope)])
        )
    return _sorted(offers)


def _guidance_keeper_problems(person: Person, league: LeagueBranch, scope: Scope) -> list[Problem]:
    try:
        refuse_outsiders(guidance_keeper(person, league), scope)
    except Refused as refusal:
        return [Problem(refusal.text, field="person")]
    return []
