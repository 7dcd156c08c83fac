"""The network of links: what leads to what, and that the rules keep it free of circles and within its limits."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.stages import Stage
from mentoring import rules
from mentoring.rules import GuidanceCase, GuideFacts, LeagueFacts, Limits, LinkCase, LinkFacts, Network, PersonFacts
from mentoring.tiers import Tier

START = dt.date(2026, 10, 28)
PEOPLE = range(1, 8)
couples = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))


@st.composite
def links(draw) -> list[LinkFacts]:
    """Links of three tiers between seven people, open and ended."""
    found = []
    for at, (tier, (mentor, mentee), over) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from([1, 2, 3]), couples, st.booleans()), max_size=14))
    ):
        found.append(LinkFacts(at + 1, tier, mentor, mentee, START, START if over else None))
    return found


def reachable(pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Everybody a person leads to, by joining couples until nothing new comes (transitive closure)."""
    closed = set(pairs)
    for _round in PEOPLE:
        closed |= {(a, d) for (a, b), (c, d) in itertools.product(closed, closed) if b == c}
    return closed


@given(links(), st.sampled_from([1, 2, 3]))
def test_leads_to_is_reachability_within_the_open_links_of_the_tier(standing, tier):
    network = Network(standing)
    closed = reachable(
        {(link.mentor_id, link.mentee_id) for link in standing if link.tier == tier and not link.ended_on}
    )
    for start, goal in itertools.product(PEOPLE, PEOPLE):
        assert network.leads_to(start, goal, tier) == ((start, goal) in closed)


def person(pk: int, tier: int, stage: str = "", admitted: int = 0) -> PersonFacts:
    """Somebody of branch 6 and class 61; a smaller `admitted` joined earlier."""
    stage = stage or {1: Stage.ACTIVIST, 2: Stage.FULL, 3: Stage.FULL}[tier]
    return PersonFacts(
        pk, str(pk), f"同学{pk}", stage, branch_id=6, branch_name="第六党支部", class_id=61, class_name="甲班",
        admitted_on=dt.date(2024, 1, 1) + dt.timedelta(days=admitted),
    )  # fmt: skip


def grow(people: dict[int, PersonFacts], wishes, tier: int, *, limits: Limits, is_formal: bool = False) -> Network:
    """Accept one wish after another as a service would: what the rules allow is added."""
    network = Network()
    for at, (mentor, mentee) in enumerate(wishes):
        case = LinkCase(
            tier, people[mentor], people[mentee], START, is_formal=is_formal, network=network, limits=limits
        )
        if not [problem for problem in rules.link_problems(case) if problem.severity == "block"]:
            network.links.append(LinkFacts(at + 1, tier, mentor, mentee, START, is_formal=is_formal))
    return network


wishes = st.lists(couples, max_size=40)


@given(wishes, st.lists(st.integers(0, 4), min_size=7, max_size=7), st.integers(1, 3))
def test_senior_members_are_never_given_too_many_and_never_stand_in_a_circle(wanted, days, limit):
    people = {pk: person(pk, 3, admitted=days[pk - 1]) for pk in PEOPLE}
    network = grow(people, wanted, Tier.NEW_MEMBERS, limits=Limits(senior_mentees_max=limit))
    for pk in PEOPLE:
        assert len(network.mentees_of(pk, 3)) <= limit
        assert not network.leads_to(pk, pk, 3)
    for link in network.links:
        assert people[link.mentor_id].admitted_on < people[link.mentee_id].admitted_on
    made = [(link.mentor_id, link.mentee_id) for link in network.links]
    assert len(set(made)) == len(made)


@given(wishes, st.integers(1, 3))
def test_activists_never_have_too_many_formal_contacts(wanted, limit):
    people = {pk: person(pk, 2, Stage.FULL if pk < 5 else Stage.ACTIVIST) for pk in PEOPLE}
    network = grow(people, wanted, Tier.ACTIVISTS, limits=Limits(contacts_max=limit), is_formal=True)
    for pk in PEOPLE:
        assert len(network.mentors_of(pk, 2)) <= limit
    assert all(link.mentor_id < 5 <= link.mentee_id for link in network.links)


@given(wishes, st.integers(1, 3))
def test_classmates_are_shared_out_within_the_limit(wanted, limit):
    people = {pk: person(pk, 1, Stage.ACTIVIST if pk < 4 else Stage.APPLICANT) for pk in PEOPLE}
    network = grow(people, wanted, Tier.CLASSMATES, limits=Limits(classmates_per_mentor=limit))
    for pk in PEOPLE:
        assert len(network.mentees_of(pk, 1)) <= limit
    assert all(link.mentor_id < 4 <= link.mentee_id for link in network.links)


@given(wishes)
@pytest.mark.parametrize("tier", [1, 2, 3])
def test_the_circle_rule_alone_keeps_each_tier_free_of_circles(tier, wanted):
    """Dates and stages may be corrected after a link was made: then only R86 stands between the links and a circle."""
    network = Network()
    for at, (mentor, mentee) in enumerate(wanted):
        case = LinkCase(tier, person(mentor, tier), person(mentee, tier), START, network=network)
        closes = network.leads_to(mentee, mentor, tier) or mentor == mentee
        said = [problem.rule for problem in rules.link_problems(case)]
        assert ("R86" in said) == closes
        if "R86" not in said:
            network.links.append(LinkFacts(at + 1, tier, mentor, mentee, START))
    assert not [pk for pk in PEOPLE if network.leads_to(pk, pk, tier)]


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from([8, 9])), max_size=30), st.integers(2, 4))
def test_a_league_branch_never_has_too_many_guides_nor_one_of_them_twice(wanted, limit):
    network = Network()
    for at, (guide, league) in enumerate(wanted):
        facts = PersonFacts(guide, str(guide), "甲", Stage.FULL, branch_id=6, programme="upgrade", study_year=3)
        case = GuidanceCase(
            facts,
            LeagueFacts(league, "团支部", 1, branch_id=6),
            START,
            network=network,
            limits=Limits(guides_max=limit),
        )
        if all(problem.severity != "block" for problem in rules.guidance_problems(case)):
            network.guides.append(GuideFacts(at + 1, guide, league, START))
    for league in (8, 9):
        guides = [row.person_id for row in network.guides_of(league)]
        assert len(guides) <= limit
        assert len(set(guides)) == len(guides)


def test_the_numbers_of_a_network_are_those_of_open_links_only():
    network = Network(
        [LinkFacts(1, 3, 1, 2, START), LinkFacts(2, 3, 1, 3, START, START), LinkFacts(3, 2, 1, 4, START)],
        [GuideFacts(1, 1, 9, START), GuideFacts(2, 2, 9, START, START), GuideFacts(3, 3, 8, START)],
    )
    assert [link.pk for link in network.open_links(3)] == [1]
    assert [link.pk for link in network.mentees_of(1, 3)] == [1]
    assert [link.pk for link in network.mentors_of(4, 2)] == [3]
    assert [row.pk for row in network.guides_of(9)] == [1]
