"""Mentors proposed for a whole branch: never against a rule, each place used, everybody without one explained."""

from __future__ import annotations

import datetime as dt
import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring import wording
from mentoring.proposal import (
    Card,
    PlanBoard,
    blockers,
    couple_problems,
    mentors_for,
    places,
    propose,
    propose_tiers,
    seekers_for,
    stand,
    taken_places,
)
from mentoring.rules import GuideFacts, LeagueFacts, LinkFacts, Network, PersonFacts
from mentoring.tiers import Tier
from mentoring.wording import reason_words, without_words

TODAY = dt.date(2026, 10, 28)
HOME, PARTNER = 1, 2
STAGES = ("league_member", "applicant", "activist", "candidate", "probationary", "full", "left")


def card(pk, stage="full", **more):
    """A person of the home branch, diploma to bachelor, admitted in May 2024."""
    values = {"branch_id": HOME, "branch_name": "第六党支部", "department_id": 1, "programme": "upgrade", "study_year": 4,
              "admitted_on": dt.date(2024, 5, 1) if stage in ("probationary", "full") else None}  # fmt: skip
    major, months = more.pop("major", ""), more.pop("months", 0b111)
    return Card(PersonFacts(pk, f"{pk:05}", f"人{pk}", stage, **values | more), major, months)


def board(cards, **more):
    cards = list(cards)
    classmates = {one.facts.pk for one in cards if one.facts.branch_id is None}
    return PlanBoard(HOME, TODAY, {one.facts.pk: one for one in cards}, classmates=frozenset(classmates), **more)


def new_member(pk, year=2026, **more):
    return card(pk, "probationary", admitted_on=dt.date(year, 5, 1), study_year=2, programme="bachelor", **more)


def couples(proposal):
    return [(couple.mentor.facts.pk, couple.seeker.pk) for couple in proposal.couples]


# --- Solver and rules agree ----------------------------------------------------------------------

days = st.sampled_from([None, dt.date(2024, 5, 1), dt.date(2025, 5, 1), dt.date(2026, 5, 1)])
people = st.builds(
    lambda stage, branch, klass, admitted, year, leaves, programme: {
        "stage": stage, "branch_id": branch, "class_id": klass, "admitted_on": admitted, "study_year": year,
        "graduates_on": leaves, "programme": programme,
    },
    st.sampled_from(STAGES), st.sampled_from([HOME, HOME, PARTNER, None]), st.sampled_from([None, 7, 8]), days,
    st.sampled_from([None, 1, 2, 4]), st.sampled_from([None, TODAY, dt.date(2026, 10, 27), dt.date(2027, 6, 30)]),
    st.sampled_from(["bachelor", "upgrade", "staff"]),
)  # fmt: skip


@st.composite
def worlds(draw):
    """A small branch, a partner branch, classmates and League branches, with links that stand, ended, or end tomorrow."""
    cards = [card(pk, **draw(people)) for pk in range(1, draw(st.integers(2, 9)) + 1)]
    leagues = {
        pk: LeagueFacts(pk, f"团{pk}", draw(st.integers(1, 2)), HOME, 1, draw(st.booleans())) for pk in (101, 102)
    }
    ends = st.sampled_from([None, None, dt.date(2026, 10, 28), dt.date(2026, 10, 30)])
    numbers = st.integers(1, len(cards))
    links = [
        LinkFacts(50 + number, draw(st.sampled_from([1, 2, 3])), *couple, dt.date(2026, 9, 1), draw(ends), draw(st.booleans()))
        for number in range(draw(st.integers(0, 6)))
        if len(set(couple := (draw(numbers), draw(numbers)))) == 2
    ]  # fmt: skip
    guides = [
        GuideFacts(80 + number, draw(numbers), draw(st.sampled_from([101, 102])), dt.date(2026, 9, 1), draw(ends))
        for number in range(draw(st.integers(0, 3)))
    ]
    return board(
        cards, leagues=leagues, network=Network(links, guides), partner_branches=frozenset({PARTNER}) if draw(st.booleans()) else frozenset()
    )  # fmt: skip


def blocks(problems):
    return any(problem.severity == "block" for problem in problems)


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_whoever_the_matrices_bar_the_rules_refuse_and_nobody_else(world):
    for tier in Tier:
        mentors, seekers = mentors_for(world, tier), seekers_for(world, tier)
        barred = blockers(world, tier, mentors, seekers, world.network)
        taken, limit = taken_places(world.network, tier), places(world.limits, tier)
        for i, mentor in enumerate(mentors):
            for j, seeker in enumerate(seekers):
                has_room = taken[mentor.facts.pk] < limit
                refused = couple_problems(world, tier, mentor, seeker, world.network)
                is_barred = any(bool(row.excludes(i, j)) for row in barred)
                if tier in (Tier.CLASSMATES, Tier.NEW_MEMBERS):
                    assert (is_barred or not has_room) == blocks(refused)
                else:
                    # More activists than a contact can know, or a second League branch, is allowed by hand.
                    assert is_barred == blocks(refused)


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_no_proposed_couple_breaks_a_rule_and_everybody_is_served_or_explained(world):
    for tier in Tier:
        wanted = {seeker.pk: seeker.wants - seeker.has for seeker in seekers_for(world, tier)}
        found = propose(world, tier)
        network = Network([*world.network.links], [*world.network.guides])
        for couple in found.couples:
            assert not blocks(couple_problems(world, tier, couple.mentor, couple.seeker, network))
            stand(network, couple, TODAY)
            wanted[couple.seeker.pk] -= 1
        assert {pk for pk, missing in wanted.items() if missing} == {row.seeker.pk for row in found.without}
        assert min(wanted.values(), default=0) >= 0
        over = {pk: count for pk, count in taken_places(network, tier).items() if count > places(world.limits, tier)}
        assert {pk: taken_places(world.network, tier)[pk] for pk in over} == over


@settings(max_examples=60, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_given_changes_nothing(world, chance):
    mixed = list(world.cards.items())
    chance.shuffle(mixed)
    other = PlanBoard(**vars(world) | {"cards": dict(mixed)})
    for tier in Tier:
        assert propose(world, tier) == propose(other, tier) == propose(world, tier)


# --- Each tier -----------------------------------------------------------------------------------


def test_every_new_member_gets_one_senior_who_joined_earlier_and_no_senior_a_third():
    seniors = [card(1), card(2)]
    found = propose(board([*seniors, *(new_member(pk) for pk in range(11, 16))]), Tier.NEW_MEMBERS)
    assert [mentee for _mentor, mentee in couples(found)] == [11, 12, 13, 14]
    assert sorted(mentor for mentor, _mentee in couples(found)) == [1, 1, 2, 2]
    assert [(row.seeker.pk, row.why) for row in found.without] == [(15, wording.CAPACITY)]


def test_room_is_used_where_only_one_senior_joined_early_enough():
    """Sharing evenly would leave the second new member alone although the early senior has room for two."""
    cards = [card(1), card(2, admitted_on=dt.date(2026, 4, 30)), card(3, admitted_on=dt.date(2026, 4, 30)),
             new_member(11, 2025), new_member(12, 2025), new_member(13)]  # fmt: skip
    found = propose(board(cards), Tier.NEW_MEMBERS)
    assert (sorted(couples(found))[:2], found.without) == ([(1, 11), (1, 12)], [])


def test_members_of_a_paired_branch_come_only_where_nobody_of_the_own_has_room():
    own = [card(1)]
    theirs = [card(2, branch_id=PARTNER, branch_name="第三党支部", major="土木", admitted_on=dt.date(2023, 5, 1))]
    mentees = [new_member(pk, major="土木") for pk in (11, 12, 13)]
    alone = propose(board([*own, *theirs, *mentees]), Tier.NEW_MEMBERS)
    assert ([mentor for mentor, _mentee in couples(alone)], len(alone.without)) == ([1, 1], 1)
    paired = propose(board([*own, *theirs, *mentees], partner_branches=frozenset({PARTNER})), Tier.NEW_MEMBERS)
    assert [mentor for mentor, _mentee in couples(paired)] == [1, 1, 2]
    assert reason_words(paired.couples[2].reasons)[-1] == "来自结对的第三党支部（本支部成员已无名额）"


def test_a_senior_of_the_same_class_and_major_comes_first_and_the_words_say_so():
    near = card(2, class_id=7, major="土木工程", months=0b1111)
    found = propose(
        board([card(1), near, new_member(11, class_id=7, major="土木工程", months=0b11111)]), Tier.NEW_MEMBERS
    )
    assert couples(found) == [(2, 11)]
    assert reason_words(found.couples[0].reasons) == [
        "共同在校 4 个月 +8",
        "尚未帮扶他人 +10",
        "同专业 +15",
        "同班 +20",
    ]
    assert found.couples[0].score == 53


def test_an_activist_gets_one_full_member_of_a_higher_year_as_contact():
    cards = [card(1, study_year=2), card(2, study_year=4), card(3, "probationary"), card(11, "activist", study_year=2)]
    found = propose(board(cards), Tier.ACTIVISTS)
    assert couples(found) == [(2, 11)]
    assert "年级高 2 年 +10" in reason_words(found.couples[0].reasons)


def test_a_contact_gets_no_sixth_activist_and_one_with_a_contact_is_left_in_peace():
    activists = [card(pk, "activist") for pk in range(11, 18)]
    running = Network([LinkFacts(50, 2, 1, 11, dt.date(2026, 9, 1), is_formal=True)])
    found = propose(board([card(1), *activists], network=running), Tier.ACTIVISTS)
    assert couples(found) == [(1, pk) for pk in range(12, 16)]
    assert [(row.seeker.pk, row.why) for row in found.without] == [(16, wording.CAPACITY), (17, wording.CAPACITY)]


def test_a_classmate_gets_one_mentor_of_the_class_and_who_said_no_is_not_asked_again():
    cards = [card(1, class_id=7), card(2, "activist", class_id=7), card(3, class_id=8),
             *(card(pk, "league_member", branch_id=None, class_id=7) for pk in (11, 12, 13))]  # fmt: skip
    found = propose(board(cards, said_no=frozenset({11})), Tier.CLASSMATES)
    assert (sorted(mentor for mentor, _mentee in couples(found)), [mentee for _m, mentee in couples(found)]) == (
        [1, 2],
        [12, 13],
    )
    assert [(row.seeker.pk, row.why) for row in found.without] == [(11, wording.SAID_NO)]


def test_each_junior_league_branch_gets_two_guides_upgrade_students_first():
    leagues = {101: LeagueFacts(101, "团一", 1, HOME, 1), 102: LeagueFacts(102, "团二", 2, HOME, 1)}
    cards = [
        card(1, programme="bachelor", study_year=4),
        card(2, study_year=4),
        card(3, study_year=3),
        card(4, study_year=1),
    ]
    found = propose(board(cards, leagues=leagues), Tier.LEAGUE_BRANCHES)
    assert couples(found) == [(2, 101), (3, 101)]
    standing = Network(guides=[GuideFacts(80, 2, 101, dt.date(2026, 9, 1))])
    found = propose(board(cards, leagues=leagues, network=standing), Tier.LEAGUE_BRANCHES)
    assert couples(found) == [(3, 101)]


def test_a_league_branch_one_guide_short_says_so():
    leagues = {101: LeagueFacts(101, "团一", 1, HOME, 1)}
    found = propose(board([card(1), card(2, study_year=1)], leagues=leagues), Tier.LEAGUE_BRANCHES)
    assert [(row.has, row.seeker.wants, row.why) for row in found.without] == [(1, 2, wording.NOT_HIGHER)]


def test_each_tier_counts_what_the_one_before_proposed():
    """The contact of an activist helps somebody already; the classmate's mentor is the one who helps nobody."""
    cards = [card(1, class_id=7, major="土木"), card(2, "activist", class_id=7),
             card(11, "league_member", branch_id=None, class_id=7, major="土木")]  # fmt: skip
    found = propose_tiers(board(cards), list(Tier))
    assert [(couple.tier, couple.mentor.facts.pk, couple.seeker.pk) for couple in found] == [(2, 1, 2), (1, 1, 11)]
    plain = [
        card(1, class_id=7),
        card(2, "activist", class_id=7),
        card(11, "league_member", branch_id=None, class_id=7),
    ]
    found = propose_tiers(board(plain), list(Tier))
    assert [(couple.tier, couple.mentor.facts.pk, couple.seeker.pk) for couple in found] == [(2, 1, 2), (1, 2, 11)]


def test_the_reasons_for_staying_without_are_spoken():
    late = propose(board([card(1, admitted_on=dt.date(2026, 5, 1)), new_member(11)]), Tier.NEW_MEMBERS)
    nobody = propose(board([new_member(11)]), Tier.NEW_MEMBERS)
    assert [without_words(row.why, tier=3) for row in (*late.without, *nobody.without)] == [
        "本支部及结对支部中没有入党更早的正式党员", "本支部及结对支部都没有合适的正式党员，可先与其他支部结对",
    ]  # fmt: skip
    assert without_words(wording.CAPACITY, tier=3, limit=2) == "入党更早的正式党员名额已满（每人最多 2 人）"
    assert without_words(wording.CAPACITY, tier=1, limit=1) == "本班党员和积极分子都已有帮扶对象（每人最多 1 人）"


def test_two_hundred_people_take_no_longer_than_a_moment():
    chance = random.Random(4)
    cards = [card(pk, class_id=pk % 5, months=chance.getrandbits(12)) for pk in range(1, 101)]
    cards += [card(pk, "activist", class_id=pk % 5, months=chance.getrandbits(12)) for pk in range(101, 201)]
    cards += [card(pk, "league_member", branch_id=None, class_id=pk % 5) for pk in range(201, 401)]
    started = time.perf_counter()
    found = propose_tiers(board(cards), list(Tier))
    assert len([couple for couple in found if couple.tier == Tier.ACTIVISTS]) == 100
    assert len([couple for couple in found if couple.tier == Tier.CLASSMATES]) == 200
    assert time.perf_counter() - started < 10


def test_a_guide_that_ends_tomorrow_is_not_proposed_for_today():
    leagues = {101: LeagueFacts(101, "团一", 1, HOME, 1)}
    standing = Network(guides=[GuideFacts(80, 1, 101, dt.date(2026, 9, 1), dt.date(2026, 10, 30))])
    found = propose(board([card(1)], leagues=leagues, network=standing), Tier.LEAGUE_BRANCHES)
    assert (found.couples, [row.why for row in found.without]) == ([], [wording.LINKED])
