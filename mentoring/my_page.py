"""One's own mentoring page: whom one helps, who helps one, what comes next. A fixed number of queries for any number of links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from branches.policy import Policy
from members.models import Person
from members.next_step import NextStep, next_step
from pairing_portal.common.scope import Scope

from .contacts import Contact, contacts_of
from .health import LinkHealth, health_of_guidances, health_of_links
from .models import GoalStep, LeagueGuidance, MentoringGoal, Mentorship
from .observation_rules import DUE, SOON
from .observations import contact_links, intervals_on, next_of_link
from .tiers import FocusArea, LinkState


@dataclass(frozen=True)
class NextThing:
    """What comes next in a link: words, where to do it, by when."""

    words: str
    url: str = ""
    due_on: date | None = None


@dataclass
class LinkCard:
    """One link as a card of the page."""

    link: Mentorship
    other: Person
    health: LinkHealth
    contact: Contact
    next: NextThing
    goals: list[MentoringGoal] = field(default_factory=list)

    @property
    def is_offer(self) -> bool:
        return self.link.state == LinkState.OFFERED


@dataclass(frozen=True)
class GuidanceCard:
    guidance: LeagueGuidance
    health: LinkHealth
    areas: list[str]


@dataclass
class MyPage:
    """`helping`: links as mentor; `helped`: as mentee; `guiding`: League branches; `leading`: those one is secretary of."""

    helping: list[LinkCard]
    helped: list[LinkCard]
    guiding: list[GuidanceCard]
    leading: list[LeagueBranch] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.helping or self.helped or self.guiding or self.leading)


def my_page(person: Person, scope: Scope, today: date, policy: Policy | None = None) -> MyPage:
    """The links of a person that run or are offered, and their guidance of League branches."""
    policy = policy or Policy()
    states = (LinkState.OFFERED, LinkState.ACTIVE)
    rows = Mentorship.objects.visible_to(scope).of_person(person.pk).filter(state__in=states)
    cards = link_cards(list(rows.with_people()), person, scope, today, policy)
    return MyPage(
        helping=[card for card in cards if card.link.mentor_id == person.pk],
        helped=[card for card in cards if card.link.mentee_id == person.pk],
        guiding=_guidance_cards(person, scope, today, policy),
        leading=list(_led_branches(scope)) if scope.league_branch_ids else [],
    )


def link_cards(
    links: Sequence[Mentorship], person: Person, scope: Scope, today: date, policy: Policy
) -> list[LinkCard]:
    health = health_of_links(links, today, policy)
    contacts = contacts_of([link.other(person.pk).pk for link in links], scope)
    goals = _goals_by_link(links, scope)
    observations = _observations_due(person, today)
    cards = []
    for link in links:
        other, own = link.other(person.pk), goals.get(link.pk, [])
        what = next_thing(link, person.pk, own, health[link.pk], observations.get(link.pk))
        cards.append(LinkCard(link, other, health[link.pk], contacts.get(other.pk, Contact()), what, own))
    return cards


def _goals_by_link(links: Sequence[Mentorship], scope: Scope) -> dict[int, list[MentoringGoal]]:
    found: dict[int, list[MentoringGoal]] = {}
    steps = Prefetch("steps", GoalStep.objects.filter(done_on=None).order_by("due_on", "pk"), to_attr="open_steps")
    goals = MentoringGoal.objects.visible_to(scope).open().filter(mentorship__in=[link.pk for link in links])
    for goal in goals.prefetch_related(steps):
        found.setdefault(goal.mentorship_id, []).append(goal)
    return found


def _observations_due(person: Person, today: date) -> dict[int, date]:
    """By link of a formal contact: the day by which the next record is due, where that is soon or past."""
    intervals, found = intervals_on(today), {}
    for link in contact_links().filter(mentor_id=person.pk):
        due = next_of_link(link, intervals)
        if due.standing(today) in (DUE, SOON):
            found[link.pk] = due.due_on
    return found


def next_thing(
    link: Mentorship, me: int, goals: Sequence[Any], health: LinkHealth, observation_due: date | None = None
) -> NextThing:
    """What comes next: an answer that waits, the earliest day agreed upon, else what the health advises."""
    goals_url = reverse("mentoring_link_goals", args=[link.pk])
    if link.state == LinkState.OFFERED:
        words = _("Answer whether you would like this.") if link.mentee_id == me else _("Wait for the answer.")
        return NextThing(words)
    for goal in goals:
        agreed_at = goal.mentor_agreed_at if link.mentor_id == me else goal.mentee_agreed_at
        if agreed_at is None:
            return NextThing(_("Agree to a goal: %(what)s") % {"what": goal.what}, goals_url, goal.due_on)
    dated = [
        NextThing(step.what, goals_url, step.due_on) for goal in goals if goal.is_agreed for step in goal.open_steps
    ]
    dated += [NextThing(goal.what, goals_url, goal.due_on) for goal in goals if goal.is_agreed]
    if observation_due is not None:
        dated.append(
            NextThing(_("Write the quarter's record"), reverse("mentoring_observe", args=[link.pk]), observation_due)
        )
    if dated:
        return min(dated, key=lambda thing: thing.due_on or date.max)
    return NextThing(health.next_step)


def _guidance_cards(person: Person, scope: Scope, today: date, policy: Policy) -> list[GuidanceCard]:
    rows = list(
        LeagueGuidance.objects.visible_to(scope)
        .running()
        .filter(person=person)
        .select_related("league_branch__school_class")
    )
    health, labels = health_of_guidances(rows, today, policy), dict(FocusArea.choices)
    return [
        GuidanceCard(row, health[row.pk], [str(labels[area]) for area in row.focus_areas if area in labels])
        for row in rows
    ]


def _led_branches(scope: Scope) -> Any:
    """League branches whose secretary the user is, with the number of their guides."""
    guides = Count("guidances", filter=Q(guidances__state=LinkState.ACTIVE), distinct=True)
    rows = LeagueBranch.objects.visible_to(scope).filter(pk__in=scope.league_branch_ids)
    return rows.annotate(guide_count=guides).order_by("pk")


def own_next_step(person: Person, today: date, policy: Policy) -> NextStep | None:
    """The person's own step towards membership."""
    dates = person.stage_dates | {"born_on": person.born_on, "extended_to": person.extended_to}
    return next_step(stage=person.stage, dates=dates, number=lambda key: policy.number(key, today), today=today)
