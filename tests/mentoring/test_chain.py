"""The chain as a graph and as a picture: columns, who is reached, who carries too much, what breaks and who takes over."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.chain import (
    ChainFacts,
    ChainLink,
    Column,
    GapKind,
    Load,
    build_chain,
    person_key,
    reached_ids,
    tier_wanted,
)
from mentoring.chain_breaks import Leaving, find_breaks
from mentoring.chain_picture import BOX_HEIGHT, WIDTH, draw, fit, talk_width
from mentoring.rule_facts import GuideFacts, LeagueFacts, Limits, LinkFacts, Network, PersonFacts
from pairing_portal.common.registries import Talks

DAY = dt.date(2026, 10, 28)
GRADUATION = dt.date(2027, 6, 30)
STAGES = ("full", "probationary", "activist", "candidate", "applicant", "league_member", "non_member")


def person(pk, stage="full", **more):
    values = {"name": f"人{pk}", "number": str(pk), "branch_id": 1, "class_id": 1, "programme": "upgrade", "study_year": 4,
              "admitted_on": dt.date(2020, 1, 1) + dt.timedelta(days=pk)}  # fmt: skip
    return PersonFacts(pk=pk, stage=stage, **values | more)


def league(pk=1, **more):
    return LeagueFacts(**{"pk": pk, "name": f"团支部{pk}", "study_year": 1, "branch_id": 1} | more)


def link(pk, tier, mentor, mentee, **more):
    return ChainLink(pk=pk, tier=tier, mentor_id=mentor, mentee_id=mentee, starts_on=DAY, **more)


def guidance(pk, guide, league_id=1, **more):
    return ChainLink(pk=pk, tier=4, mentor_id=guide, league_id=league_id, starts_on=DAY, **more)


def facts_with(people, links=(), leagues=(), **more):
    values = {"own_ids": frozenset(one.pk for one in people), "own_league_ids": frozenset(one.pk for one in leagues)}
    return ChainFacts(
        people={one.pk: one for one in people}, links=tuple(links), leagues={one.pk: one for one in leagues}, **values | more
    )  # fmt: skip


def gaps(facts):
    return [(gap.name, gap.kind) for gap in build_chain(facts).gaps]


def leaving(facts, year=2027, **more):
    """The network is what is drawn, unless told otherwise."""
    links = [
        LinkFacts(one.pk, one.tier, one.mentor_id, one.mentee_id, one.starts_on, is_formal=one.is_formal)
        for one in facts.links if not one.league_id
    ]  # fmt: skip
    guides = [GuideFacts(one.pk, one.mentor_id, one.league_id, one.starts_on) for one in facts.links if one.league_id]
    return Leaving(**{"year": year, "today": DAY, "start_year": 2026, "network": Network(links, guides)} | more)


# --- Columns and who is reached ---------------------------------------------------------------


def test_four_tiers_make_one_chain_and_each_person_stands_in_one_column():
    people = [person(1), person(2, "probationary"), person(3, "activist"), person(4, "non_member")]
    links = [link(1, 3, 1, 2), link(2, 2, 2, 3), link(3, 2, 1, 3, is_formal=True), link(4, 1, 3, 4), guidance(1, 1)]
    chain = build_chain(facts_with(people, links, [league()]))
    columns = {column: [one.pk for one in ones] for column, ones in chain.columns.items()}
    assert columns == {Column.SENIORS: [1], Column.NEW_MEMBERS: [2], Column.ACTIVISTS: [3], Column.CLASSMATES: [4]}
    assert chain.reached_ids == {1, 2, 3, 4}
    assert [(gap.name, gap.kind) for gap in chain.gaps] == [("团支部1", GapKind.GUIDES)]


def test_a_full_member_who_is_guided_as_a_new_one_stands_with_the_new_ones_unless_guiding_too():
    people = [person(1), person(2), person(3)]
    chain = build_chain(facts_with(people, [link(1, 3, 1, 2)]))
    assert [one.pk for one in chain.columns[Column.NEW_MEMBERS]] == [2]
    chain = build_chain(facts_with(people, [link(1, 3, 1, 2), link(2, 3, 2, 3)]))
    assert [one.pk for one in chain.columns[Column.SENIORS]] == [1, 2]


def test_an_offer_nobody_answered_reaches_nobody_and_says_so():
    people = [person(3, "activist"), person(4, "non_member")]
    facts = facts_with(people, [link(1, 1, 3, 4, is_running=False)], wants_classmates=True)
    assert reached_ids(facts) == frozenset()
    assert gaps(facts) == [("人3", GapKind.NOBODY), ("人4", GapKind.ASKED)]


def test_classmates_are_missed_in_a_class_only():
    people = [person(4, "non_member"), person(5, "applicant")]
    assert gaps(facts_with(people)) == []
    assert gaps(facts_with(people, wants_classmates=True)) == [("人4", GapKind.NOBODY), ("人5", GapKind.NOBODY)]


def test_a_mentor_whom_nobody_guides_does_not_make_a_chain():
    people = [person(2, "probationary"), person(3, "activist")]
    facts = facts_with(people, [link(1, 2, 2, 3)])
    assert gaps(facts) == [("人2", GapKind.NOBODY), ("人3", GapKind.BROKEN)]
    guided = replace(facts, people=facts.people | {1: person(1)}, links=(*facts.links, link(2, 3, 1, 2)))
    assert gaps(guided) == [("人3", GapKind.NO_CONTACT)]


def test_people_of_another_branch_are_taken_as_reached_and_not_missed():
    facts = facts_with([person(2, "probationary"), person(3, "activist")], [link(1, 2, 2, 3, is_formal=True)], own_ids=frozenset({3}))  # fmt: skip
    assert gaps(facts) == []


def test_an_old_link_of_a_lower_tier_is_no_senior():
    facts = facts_with([person(1), person(2, "probationary")], [link(1, 2, 1, 2, is_formal=True)])
    assert gaps(facts) == [("人2", GapKind.NO_SENIOR)]


@pytest.mark.parametrize(("guides", "missing"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_a_junior_league_branch_lacks_guides_below_two(guides, missing):
    people = [person(pk) for pk in range(1, 5)]
    facts = facts_with(people, [guidance(pk, pk) for pk in range(1, guides + 1)], [league()])
    found = [gap.short for gap in build_chain(facts).gaps]
    assert found == ([f"缺 {missing} 名帮扶党员"] if missing else [])


def test_older_and_closed_league_branches_lack_nothing_and_show_only_with_guides():
    leagues = [league(1, study_year=2), league(2, is_active=False), league(3, study_year=2)]
    chain = build_chain(facts_with([person(1)], [guidance(1, 1, 3)], leagues))
    assert (chain.gaps, [one.pk for one in chain.leagues]) == ((), [3])


# --- Too much ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (Load({3: 2}), ()),
        (Load({3: 3}), ("新党员 3 名，上限 2（规则 R80）",)),
        (Load({2: 3}, contacts=3), ()),
        (Load({1: 2}), ("同学 2 名，上限 1（规则 R84）",)),
        (Load({3: 2, 1: 1}), ()),
        (Load({3: 2, 1: 1, 4: 1}), ("共 4 对帮扶，超过 3 对难以兼顾",)),
        (Load({2: 6}, contacts=6), ("担任培养联系人的积极分子 6 名，上限 5（规则 R04）", "共 6 对帮扶，超过 3 对难以兼顾")),
    ],
)  # fmt: skip
def test_who_carries_too_much(load, words):
    chain = build_chain(facts_with([person(1)], loads={1: load}))
    assert tuple(text for one in chain.overloads for text in one.words) == words


# --- What breaks ------------------------------------------------------------------------------


def broken(facts, year=2027, **more):
    return [
        (one.link.key, one.leaver.pk, one.needs_successor, one.successor.person.pk if one.successor else None)
        for one in find_breaks(facts, leaving(facts, year, **more))
    ]  # fmt: skip


def test_a_link_breaks_in_the_year_its_mentor_leaves_and_the_least_loaded_takes_over():
    people = [
        person(1, graduates_on=GRADUATION), person(2), person(3), person(9, "probationary", graduates_on=dt.date(2029, 6, 30)),
        person(8, "probationary"),
    ]  # fmt: skip
    facts = facts_with(people, [link(1, 3, 1, 9), link(2, 3, 2, 8)])
    assert broken(facts, 2026) == []
    assert broken(facts, 2027) == [("link-1", 1, True, 3)]


def test_no_successor_leaves_too_or_has_two_already_or_joined_later():
    new = [person(pk, "probationary") for pk in (20, 21, 22)]
    people = [person(1, graduates_on=GRADUATION), person(2, graduates_on=GRADUATION), person(3), person(30), *new]
    facts = facts_with(people, [link(1, 3, 1, 20), link(2, 3, 3, 21), link(3, 3, 3, 22)])
    assert broken(facts) == [("link-1", 1, True, None)]


def test_two_links_that_break_do_not_get_one_place_twice():
    people = [person(1, graduates_on=GRADUATION), person(2), *(person(pk, "probationary") for pk in (20, 21, 22))]
    facts = facts_with(people, [link(pk, 3, 1, 19 + pk) for pk in (1, 2, 3)])
    assert [row[3] for row in broken(facts)] == [2, 2, None]


def test_nearest_first_among_the_equally_loaded():
    people = [
        person(1, graduates_on=GRADUATION), person(2, class_id=2), person(3, class_id=7), person(9, "activist", class_id=7),
    ]  # fmt: skip
    assert broken(facts_with(people, [link(1, 2, 1, 9, is_formal=True)])) == [("link-1", 1, True, 3)]


def test_a_formal_contact_is_followed_by_a_full_member_a_peer_by_any_member():
    people = [person(1, graduates_on=GRADUATION), person(2, "probationary"), person(9, "activist")]
    formal = facts_with(people, [link(1, 2, 1, 9, is_formal=True)])
    assert broken(formal) == [("link-1", 1, True, None)]
    assert broken(replace(formal, links=(link(1, 2, 1, 9),))) == [("link-1", 1, True, 2)]


def test_a_probationary_member_is_proposed_where_probation_ends_before_the_day():
    people = [person(1, graduates_on=GRADUATION), person(2, "probationary"), person(9, "activist")]
    facts = facts_with(people, [link(1, 2, 1, 9, is_formal=True)])
    (one,) = find_breaks(facts, leaving(facts, full_from={2: GRADUATION}))
    assert (one.successor.person.pk, one.successor.full_from) == (2, GRADUATION)
    assert broken(facts, full_from={2: GRADUATION + dt.timedelta(days=1)}) == [("link-1", 1, True, None)]


def test_when_the_one_who_is_helped_leaves_nobody_takes_over():
    people = [person(1), person(2), person(9, "probationary", graduates_on=GRADUATION)]
    assert broken(facts_with(people, [link(1, 3, 1, 9)])) == [("link-1", 9, False, None)]


@pytest.mark.parametrize(("ends_on", "breaks"), [(None, 1), (GRADUATION, 1), (dt.date(2027, 1, 31), 1), (dt.date(2026, 12, 31), 0)])  # fmt: skip
def test_a_planned_end_in_an_earlier_year_is_no_break(ends_on, breaks):
    people = [person(1, graduates_on=GRADUATION), person(9, "probationary")]
    assert len(broken(facts_with(people, [link(1, 3, 1, 9, ends_on=ends_on)]))) == breaks


def test_a_guide_is_followed_while_the_league_branch_is_junior():
    people = [person(1, graduates_on=GRADUATION), person(2), person(3, programme="bachelor")]
    facts = facts_with(people, [guidance(1, 1), guidance(2, 2)], [league()])
    (one,) = find_breaks(facts, leaving(facts))
    assert one.successor.person.pk == 3
    assert one.successor.remarks == ("人3不是专升本学生，方案优先安排专升本学生党员。（规则 R82）",)
    later = replace(facts, people=facts.people | {1: person(1, graduates_on=dt.date(2028, 6, 30))})
    assert broken(later, 2028) == [("guidance-1", 1, False, None)]


# --- Any graph --------------------------------------------------------------------------------

pks = st.integers(1, 12)


@st.composite
def graphs(draw_):
    people = [person(pk, draw_(st.sampled_from(STAGES)), graduates_on=draw_(st.sampled_from([None, GRADUATION]))) for pk in range(1, 13)]  # fmt: skip
    couples = draw_(st.lists(st.tuples(st.integers(1, 3), pks, pks, st.booleans()), max_size=20))
    links = [
        link(at, tier, mentor, mentee, is_running=runs, talks=Talks(confirmed=at))
        for at, (tier, mentor, mentee, runs) in enumerate(couples) if mentor != mentee
    ]  # fmt: skip
    guides = [guidance(at, pk) for at, pk in enumerate(draw_(st.lists(pks, max_size=3)))]
    own = frozenset(draw_(st.sets(pks, min_size=1)))
    return facts_with(people, [*links, *guides], [league()], own_ids=own, wants_classmates=draw_(st.booleans()))


def has_path(facts, goal):
    """By definition, slowly: back along running links to a full member or somebody from outside."""
    seen, waiting = set(), {goal}
    while waiting:
        if any(facts.people[pk].stage == "full" or pk not in facts.own_ids for pk in waiting):
            return True
        seen |= waiting
        waiting = {one.mentor_id for one in facts.links if one.is_running and one.mentee_id in waiting} - seen
    return False


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_each_in_one_column_and_reached_means_a_path(facts):
    chain = build_chain(facts)
    placed = sorted(one.pk for people in chain.columns.values() for one in people)
    assert placed == sorted(facts.people)
    assert {pk for pk in facts.people if has_path(facts, pk)} == chain.reached_ids
    missed = {int(gap.key.split("-")[1]) for gap in chain.gaps if gap.key.startswith("person")}
    wanted = {pk for pk in facts.own_ids if tier_wanted(facts.people[pk], wants_classmates=facts.wants_classmates)}
    assert missed <= wanted
    assert wanted - chain.reached_ids <= missed


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_boxes_do_not_overlap_and_every_line_joins_two_boxes(facts):
    chain = build_chain(facts)
    picture = draw(chain, year=2027)
    spots = [(box.x, box.y) for box in picture.boxes]
    assert len(set(spots)) == len(spots)
    assert all(0 <= x < WIDTH and 0 <= y <= picture.height - BOX_HEIGHT for x, y in spots)
    keys = {box.key for box in picture.boxes}
    assert {end for line in picture.lines for end in (line.source, line.target)} <= keys
    assert [line.key for line in picture.lines] == [one.key for one in chain.links]


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_successors_stay_and_are_allowed(facts):
    for one in find_breaks(facts, leaving(facts)):
        if one.successor:
            found = facts.people[one.successor.person.pk]
            assert found.pk in facts.own_ids
            assert found.graduates_on is None
            assert found.pk not in (one.link.mentor_id, one.link.mentee_id)


# --- The picture ------------------------------------------------------------------------------


def test_tiers_differ_in_their_dashes_and_talks_in_width():
    people = [person(1), person(2, "probationary"), person(3, "activist"), person(4, "non_member")]
    links = [link(1, 3, 1, 2, talks=Talks(7)), link(2, 2, 1, 3, talks=Talks(1)), link(3, 1, 3, 4), guidance(1, 1, talks=Talks(3))]  # fmt: skip
    lines = draw(build_chain(facts_with(people, links, [league()])), year=2027).lines
    assert len({line.dash for line in lines}) == 4
    assert [line.width for line in lines] == ["5", "2.25", "1.25", "3.5"]
    assert [talk_width(count) for count in (0, 1, 2, 3, 5, 6, 99)] == ["1.25", "2.25", "2.25", "3.5", "3.5", "5", "5"]


def test_whom_no_chain_reaches_carries_a_word_and_who_leaves_a_year():
    people = [person(2, "probationary", graduates_on=GRADUATION), person(1)]
    boxes = {box.key: box for box in draw(build_chain(facts_with(people)), year=2027).boxes}
    missed = boxes[person_key(2)]
    assert (missed.flag, missed.classes, missed.facts) == ("无人帮扶", "is-missed is-leaving", "2027年毕业离校")
    assert boxes[person_key(1)].flag == ""
    assert missed.anchor == "gap-person-2"
    kept = {box.key: box for box in draw(build_chain(facts_with(people)), year=2026).boxes}[person_key(2)]
    assert (kept.classes, kept.facts) == ("is-missed", "2027年毕业")


def test_neighbours_stand_near_each_other():
    """Crossed by their numbers, uncrossed by the picture."""
    people = [person(1), person(2), person(3), *(person(pk, "probationary") for pk in (11, 12, 13))]
    chain = build_chain(facts_with(people, [link(1, 3, 1, 13), link(2, 3, 2, 12), link(3, 3, 3, 11)]))
    at = {box.key: box.y for box in draw(chain, year=2026).boxes}
    assert [at[person_key(one)] for one in (1, 2, 3)] == [at[person_key(one)] for one in (13, 12, 11)]


def test_two_hundred_people_stay_readable():
    seniors, new = [person(pk) for pk in range(1, 21)], [person(pk, "probationary") for pk in range(21, 61)]
    alone = [person(pk, "activist") for pk in range(61, 131)]
    others = [person(pk, "applicant") for pk in range(131, 201)]
    links = [link(pk, 3, 1 + (pk - 21) // 2, pk) for pk in range(21, 61)]
    chain = build_chain(facts_with([*seniors, *new, *alone, *others], links))
    picture = draw(chain, year=2027)
    folds = [(box.title, box.anchor) for box in picture.boxes if box.is_fold]
    assert folds == [("另有 64 人无人帮扶", "gaps"), ("另有 67 人没有帮扶关系", "unlinked")]
    assert len(picture.boxes) == 20 + 40 + 6 + 3 + 2
    assert picture.height < 2400
    assert [head.count for head in picture.heads] == [20, 40, 70, 70]


def test_long_names_are_cut_by_their_width():
    assert [fit("欧阳英妍", 8), fit("欧阳英妍丽", 8), fit("Anna", 4), fit("买买提·吐尔逊江", 12)] == [
        "欧阳英妍", "欧阳英…", "Anna", "买买提·吐…",
    ]  # fmt: skip


def test_limits_are_those_in_force():
    facts = facts_with([person(1)], loads={1: Load({3: 3})}, limits=Limits(senior_mentees_max=3))
    assert build_chain(facts).overloads == ()
