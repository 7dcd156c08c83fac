"""Each rule of tiers 1–3: yes, no, the boundary, and the very words. No database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

import pytest

from members.stages import MEMBER_STAGES, Stage
from mentoring.rules import (
    TIERS,
    Limits,
    LinkCase,
    LinkFacts,
    Network,
    PersonFacts,
    allowed_words,
    link_problems,
    source_of,
)
from mentoring.tiers import Tier

START = dt.date(2026, 10, 28)
SIX = {"branch_id": 6, "branch_name": "第六党支部", "department_id": 2}
SENIOR = PersonFacts(
    1,
    "20250530001",
    "上官涵",
    Stage.FULL,
    class_id=61,
    class_name="25土木本科2班",
    admitted_on=dt.date(2025, 5, 10),
    **SIX,
)
FRESH = PersonFacts(
    2,
    "20240510001",
    "周鑫",
    Stage.PROBATIONARY,
    class_id=61,
    class_name="25土木本科2班",
    admitted_on=dt.date(2026, 5, 20),
    **SIX,
)
ACTIVIST = PersonFacts(3, "20250510001", "蓝洋涵", Stage.ACTIVIST, class_id=61, class_name="25土木本科2班", **SIX)
CLASSMATE = PersonFacts(
    4, "20260591001", "农军", Stage.APPLICANT, class_id=61, class_name="25土木本科2班", department_id=2
)

PERSONS = {
    Tier.CLASSMATES: (ACTIVIST, CLASSMATE),
    Tier.ACTIVISTS: (SENIOR, ACTIVIST),
    Tier.NEW_MEMBERS: (SENIOR, FRESH),
}


def change(facts, **values):
    return dataclasses.replace(facts, **values)


def case(tier, mentor=None, mentee=None, **more) -> LinkCase:
    """An allowed link of the tier, unless something is changed."""
    usual_mentor, usual_mentee = PERSONS[tier]
    return LinkCase(
        **{"tier": tier, "mentor": mentor or usual_mentor, "mentee": mentee or usual_mentee, "starts_on": START} | more
    )


def said(wanted: LinkCase):
    """What stands against it: words with the rule's id, severity, field."""
    return [(str(problem), problem.severity, problem.field) for problem in link_problems(wanted)]


def blocked(words: str, field: str):
    return [(words, "block", field)]


def running(tier, pairs, *, first_pk=100, **more) -> list[LinkFacts]:
    """Open links of a tier between these ids."""
    return [LinkFacts(first_pk + at, tier, *pair, dt.date(2026, 9, 1), **more) for at, pair in enumerate(pairs)]


# --- What is allowed -----------------------------------------------------------------------------


@pytest.mark.parametrize("tier", PERSONS)
def test_the_usual_couple_of_each_tier_is_allowed(tier):
    assert link_problems(case(tier)) == []


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        (1, "可以结对：蓝洋涵可以帮扶农军（规则 R84、R86；资历要求：不论先后，同班即可）。"),
        (2, "可以结对：上官涵可以帮扶蓝洋涵（规则 R04、R85、R86；资历要求：须为党员；正式培养联系人须为正式党员）。"),
        (3, "可以结对：上官涵可以帮扶周鑫（规则 R80、R81、R86；资历要求：入党时间在先）。"),
    ],
)
def test_a_yes_names_the_rules_and_what_proves_seniority(tier, words):
    assert allowed_words(case(tier)) == words


@pytest.mark.parametrize(
    ("tier", "mentors", "mentees"),
    [
        (1, {"activist", "candidate", "probationary", "full"}, {"non_member", "league_member", "applicant"}),
        (2, {"probationary", "full"}, {"activist", "candidate"}),
        (3, {"full"}, {"probationary", "full"}),
        (4, {"full"}, set()),
    ],
)
def test_who_helps_whom_stands_in_the_table(tier, mentors, mentees):
    assert (TIERS[tier].mentor_stages, TIERS[tier].mentee_stages) == (mentors, mentees)


@pytest.mark.parametrize("stage", Stage.values)
@pytest.mark.parametrize("tier", PERSONS)
def test_the_table_and_the_check_agree_on_the_stages(tier, stage):
    """Who is offered by the table is not refused by the check for their stage, and nobody else passes."""
    usual_mentor, usual_mentee = PERSONS[tier]
    mentor, mentee = change(usual_mentor, stage=stage), change(usual_mentee, stage=stage)
    assert (link_problems(case(tier, mentor=mentor)) == []) == (stage in TIERS[tier].mentor_stages)
    if tier == Tier.NEW_MEMBERS:
        mentee = change(mentee, admitted_on=dt.date(2026, 5, 20))
    assert (link_problems(case(tier, mentee=mentee)) == []) == (stage in TIERS[tier].mentee_stages)


def test_the_fourth_tier_is_not_between_two_people():
    wanted = LinkCase(tier=4, mentor=SENIOR, mentee=FRESH, starts_on=START)
    assert said(wanted) == blocked("两个人之间的结对只能选择前三个层次。", "tier")


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("R04", "《中国共产党发展党员工作细则》（2014）"),
        ("R75", "学校分层帮扶方案"),
        ("R80", "学校分层帮扶方案"),
        ("R81", "学校分层帮扶方案"),
        ("R82", "学校分层帮扶方案"),
        ("R83", "学校分层帮扶方案"),
        ("R84", "学校分层帮扶方案"),
        ("R85", "《中国共产党发展党员工作细则》（2014）"),
        ("R86", "学校分层帮扶方案"),
        ("R99", ""),
    ],
)
def test_each_rule_names_its_source(rule, source):
    assert source_of(rule) == source


# --- Tier 1: classmates (R84) --------------------------------------------------------------------

OTHER_CLASS = {"class_id": 62, "class_name": "26土木本科1班"}


def test_r84_a_mentor_of_another_class_is_refused():
    assert said(case(1, mentee=change(CLASSMATE, **OTHER_CLASS))) == blocked(
        "不能结对：蓝洋涵（25土木本科2班）与农军（26土木本科1班）不同班。请选择26土木本科1班的党员或入党积极分子。（规则 R84）",
        "mentor",
    )


@pytest.mark.parametrize("who", ["mentor", "mentee"])
def test_r84_people_of_no_class_are_not_of_one_class(who):
    homeless = {"class_id": None, "class_name": ""}
    one = change(ACTIVIST, **homeless) if who == "mentor" else ACTIVIST
    both = case(1, mentor=one, mentee=change(CLASSMATE, **homeless))
    mine = "未登记班级" if who == "mentor" else "25土木本科2班"
    assert said(both) == blocked(
        f"不能结对：蓝洋涵（{mine}）与农军（未登记班级）不同班。请选择未登记班级的党员或入党积极分子。（规则 R84）",
        "mentor",
    )


@pytest.mark.parametrize("stage", [Stage.NON_MEMBER, Stage.LEAGUE_MEMBER, Stage.APPLICANT])
def test_r84_who_is_neither_member_nor_activist_mentors_no_classmate(stage):
    assert said(case(1, mentor=change(ACTIVIST, stage=stage))) == blocked(
        "蓝洋涵不是党员，也不是入党积极分子，不能帮扶同班同学。请选择同班的党员或入党积极分子。（规则 R84）", "mentor"
    )


@pytest.mark.parametrize("stage", [Stage.ACTIVIST, Stage.CANDIDATE, *MEMBER_STAGES])
def test_r84_members_and_activists_are_helped_in_other_tiers(stage):
    assert said(case(1, mentee=change(CLASSMATE, stage=stage))) == blocked(
        "农军已是党员或入党积极分子，不在这一层次。请改选“党员帮扶入党积极分子”或“老党员帮扶新党员”。（规则 R84）",
        "mentee",
    )


def test_r84_one_classmate_for_each_mentor_until_the_policy_allows_more():
    network = Network(running(1, [(3, 40)]))
    assert said(case(1, network=network)) == blocked(
        "不能结对：蓝洋涵在本层次已有 1 名帮扶对象（上限 1）。可先终止其中一对，或另选帮扶人。（规则 R84）", "mentor"
    )
    assert said(case(1, network=network, limits=Limits(classmates_per_mentor=2))) == []


def test_r84_several_may_help_one_classmate():
    assert said(case(1, network=Network(running(1, [(10, 4), (11, 4), (12, 4)])))) == []


def test_links_of_another_tier_and_ended_ones_take_no_place():
    network = Network([*running(2, [(3, 40)]), *running(1, [(3, 41)], first_pk=200, ended_on=dt.date(2026, 10, 1))])
    assert said(case(1, network=network)) == []


# --- Tier 2: activists (R04, R85) ----------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.NON_MEMBER, Stage.LEAGUE_MEMBER, Stage.APPLICANT, *MEMBER_STAGES])
def test_r85_only_activists_and_candidates_are_guided(stage):
    assert said(case(2, mentee=change(ACTIVIST, stage=stage))) == blocked(
        "蓝洋涵不是入党积极分子。请选择入党积极分子或发展对象，或改选其他层次。（规则 R85）", "mentee"
    )


@pytest.mark.parametrize(
    "stage", [Stage.NON_MEMBER, Stage.LEAGUE_MEMBER, Stage.APPLICANT, Stage.ACTIVIST, Stage.CANDIDATE]
)
@pytest.mark.parametrize("is_formal", [True, False])
def test_r85_only_members_guide_activists(stage, is_formal):
    assert said(case(2, mentor=change(SENIOR, stage=stage), is_formal=is_formal)) == blocked(
        "上官涵不是党员。入党积极分子由党员帮扶，请选择党员。（规则 R85）", "mentor"
    )


def test_r85_a_formal_contact_is_a_full_member():
    assert said(case(2, is_formal=True)) == []
    assert said(case(2, mentor=FRESH, is_formal=True)) == blocked(
        "周鑫是预备党员，不能担任正式培养联系人。请选择正式党员，或让周鑫担任朋辈帮扶人。（规则 R85）", "is_formal"
    )


def test_r85_a_probationary_member_may_be_a_peer_mentor():
    assert said(case(2, mentor=FRESH)) == []


def test_r04_one_or_two_contacts_never_a_third():
    one, two = running(2, [(10, 3)], is_formal=True), running(2, [(10, 3), (11, 3)], is_formal=True)
    assert said(case(2, is_formal=True, network=Network(one))) == []
    assert said(case(2, is_formal=True, network=Network(two))) == blocked(
        "蓝洋涵已有 2 名培养联系人（上限 2）。可先终止其中一名，或改设朋辈帮扶人。（规则 R04）", "is_formal"
    )
    assert said(case(2, is_formal=True, network=Network(two), limits=Limits(contacts_max=3))) == []


def test_r04_peer_mentors_are_not_counted_and_not_limited():
    peers = running(2, [(10, 3), (11, 3), (12, 3)])
    assert said(case(2, is_formal=True, network=Network(peers))) == []
    contacts = running(2, [(10, 3), (11, 3)], is_formal=True)
    assert said(case(2, network=Network(contacts))) == []


def test_r04_the_sixth_activist_of_one_contact_needs_a_word():
    five = running(2, [(1, 30 + at) for at in range(5)], is_formal=True)
    assert said(case(2, is_formal=True, network=Network(five[:4]))) == []
    warned = [("上官涵已是 5 名积极分子的培养联系人，超过 5 名难以深入了解。（规则 R04）", "warn", "mentor")]
    assert said(case(2, is_formal=True, network=Network(five))) == warned
    assert said(case(2, network=Network(five))) == []
    peers = running(2, [(1, 30 + at) for at in range(5)])
    assert said(case(2, is_formal=True, network=Network(peers))) == []


# --- Tier 3: new members (R80, R81) --------------------------------------------------------------


def test_r80_two_new_members_never_a_third():
    two = running(3, [(1, 30), (1, 31)])
    assert said(case(3, network=Network(two[:1]))) == []
    assert said(case(3, network=Network(two))) == blocked(
        "不能结对：上官涵在本层次已有 2 名帮扶对象（上限 2）。可先终止其中一对，或另选帮扶人。（规则 R80）", "mentor"
    )


def test_r80_with_three_in_the_policy_a_third_is_allowed_and_a_fourth_not():
    three = running(3, [(1, 30), (1, 31), (1, 32)])
    limits = Limits(senior_mentees_max=3)
    assert said(case(3, network=Network(three[:2]), limits=limits)) == []
    assert said(case(3, network=Network(three), limits=limits)) == blocked(
        "不能结对：上官涵在本层次已有 3 名帮扶对象（上限 3）。可先终止其中一对，或另选帮扶人。（规则 R80）", "mentor"
    )


def test_r80_the_link_that_is_replaced_leaves_its_place():
    two = running(3, [(1, 30), (1, 31)])
    assert said(case(3, network=Network(two), replaces=101)) == []
    assert len(said(case(3, network=Network(two), replaces=7))) == 1


def test_r80_planned_links_without_an_id_take_their_places():
    planned = [LinkFacts(0, 3, 1, 30, START), LinkFacts(0, 3, 1, 31, START)]
    assert len(said(case(3, network=Network(planned), replaces=0))) == 1


@pytest.mark.parametrize(
    ("mentor_on", "words"),
    [
        (dt.date(2026, 5, 19), None),
        (
            dt.date(2026, 5, 20),
            "上官涵（2026年5月20日入党）入党不早于周鑫（2026年5月20日入党）。请选择在此之前入党的党员。（规则 R81）",
        ),
        (
            dt.date(2026, 5, 21),
            "上官涵（2026年5月21日入党）入党不早于周鑫（2026年5月20日入党）。请选择在此之前入党的党员。（规则 R81）",
        ),
    ],
)
def test_r81_the_senior_joined_earlier_and_the_same_day_is_not_earlier(mentor_on, words):
    wanted = case(3, mentor=change(SENIOR, admitted_on=mentor_on))
    assert said(wanted) == (blocked(words, "mentor") if words else [])


@pytest.mark.parametrize(("who", "name"), [("mentor", "上官涵"), ("mentee", "周鑫")])
def test_r81_an_unknown_day_of_admission_proves_nothing(who, name):
    unknown = {who: change(SENIOR if who == "mentor" else FRESH, admitted_on=None)}
    assert said(case(3, **unknown)) == blocked(
        f"{name}的入党时间未登记，无法比较先后。请先在名册中补登。（规则 R81）", who
    )


def test_r81_a_probationary_member_guides_no_new_member():
    mentor = change(SENIOR, stage=Stage.PROBATIONARY)
    assert said(case(3, mentor=mentor)) == blocked(
        "上官涵还不是正式党员。新党员由正式党员帮扶，请选择正式党员。（规则 R81）", "mentor"
    )


def test_r81_of_who_is_no_member_no_day_of_admission_is_asked():
    """One sentence says what is wrong; that an activist has no such day is no second fault."""
    words = "蓝洋涵还不是正式党员。新党员由正式党员帮扶，请选择正式党员。（规则 R81）"
    assert said(case(3, mentor=ACTIVIST)) == blocked(words, "mentor")


def test_r81_who_is_no_member_is_no_new_member():
    assert said(case(3, mentee=ACTIVIST)) == blocked(
        "蓝洋涵还不是党员。请改选“党员帮扶入党积极分子”或“党员、积极分子帮扶同班同学”。（规则 R81）", "mentee"
    )


# --- Branches (R90) ------------------------------------------------------------------------------

AWAY = {"branch_id": 2, "branch_name": "第二党支部", "department_id": 1}


@pytest.mark.parametrize("tier", [2, 3])
def test_r90_a_mentor_of_another_branch_only_where_the_branches_are_paired(tier):
    mentor, mentee = change(SENIOR, **AWAY), PERSONS[tier][1]
    assert said(case(tier, mentor=mentor, partner_branches={2})) == []
    assert said(case(tier, mentor=mentor, partner_branches={3})) == blocked(
        "上官涵（第二党支部）不在第六党支部，也不在与其结对的支部。请选择第六党支部的党员，或先办理支部结对。（规则 R90）",
        "mentor",
    )
    nowhere = change(SENIOR, branch_id=None, branch_name="")
    assert said(case(tier, mentor=nowhere))[0][0].startswith("上官涵（未编入支部）不在第六党支部，")
    assert said(case(tier, mentee=change(mentee, branch_id=None))) == blocked(
        f"{mentee.name}不属于任何党支部，没有支部可以安排。请先在名册中登记所在支部。", "mentee"
    )


def test_classmates_may_belong_to_different_branches():
    assert said(case(1, mentor=change(ACTIVIST, **AWAY))) == []


# --- Every tier: oneself, circles, people who left, days, twice (R86) -----------------------------


@pytest.mark.parametrize("tier", PERSONS)
def test_r86_nobody_mentors_themselves(tier):
    mentor = PERSONS[tier][0]
    assert said(case(tier, mentee=mentor)) == blocked(
        f"{mentor.name}不能自己帮扶自己。请另选帮扶人。（规则 R86）", "mentor"
    )


@pytest.mark.parametrize("tier", PERSONS)
@pytest.mark.parametrize("others", [[], [50], [50, 51], [50, 51, 52]])
def test_r86_a_circle_of_two_or_more_is_refused(tier, others):
    mentor, mentee = PERSONS[tier]
    chain = [mentee.pk, *others, mentor.pk]
    network = Network(running(tier, list(itertools.pairwise(chain))))
    circle = f"不能结对：{mentee.name}在本层次已直接或间接帮扶{mentor.name}，会形成循环。请另选帮扶人。（规则 R86）"
    assert said(case(tier, network=network)) == blocked(circle, "mentor")


@pytest.mark.parametrize("tier", PERSONS)
def test_r86_only_standing_links_of_the_same_tier_close_a_circle(tier):
    mentor, mentee = PERSONS[tier]
    back = [(mentee.pk, 50), (50, mentor.pk)]
    other_tier = tier % 3 + 1
    assert said(case(tier, network=Network(running(other_tier, back)))) == []
    assert said(case(tier, network=Network(running(tier, back, ended_on=dt.date(2026, 10, 1))))) == []


@pytest.mark.parametrize("tier", PERSONS)
@pytest.mark.parametrize("who", ["mentor", "mentee"])
def test_nobody_who_left_is_linked(tier, who):
    person = PERSONS[tier][who == "mentee"]
    wanted = case(tier, **{who: change(person, stage=Stage.LEFT)})
    assert said(wanted) == blocked(f"{person.name}已离校，不能结对。请选择在校的人。", who)


@pytest.mark.parametrize("tier", PERSONS)
@pytest.mark.parametrize("who", ["mentor", "mentee"])
def test_nobody_is_linked_after_graduating_and_the_last_day_is_still_good(tier, who):
    person = PERSONS[tier][who == "mentee"]
    assert said(case(tier, **{who: change(person, graduates_on=START)})) == []
    wanted = case(tier, **{who: change(person, graduates_on=START - dt.timedelta(days=1))})
    assert said(wanted) == blocked(
        f"{person.name}于 2026年10月27日毕业，届时已不在校。请选择届时仍在校的人，或把日期提前。", who
    )


@pytest.mark.parametrize("tier", PERSONS)
@pytest.mark.parametrize(("days", "allowed"), [(-1, False), (0, False), (1, True)])
def test_a_link_ends_after_the_day_it_starts(tier, days, allowed):
    wanted = case(tier, ends_on=START + dt.timedelta(days=days))
    assert said(wanted) == ([] if allowed else blocked("结束日期必须晚于开始日期。请改选更晚的结束日期。", "ends_on"))


@pytest.mark.parametrize("tier", PERSONS)
def test_the_same_two_are_not_linked_twice_in_a_tier(tier):
    mentor, mentee = PERSONS[tier]
    network = Network(running(tier, [(mentor.pk, mentee.pk)]))
    assert said(case(tier, network=network)) == blocked(
        f"{mentor.name}与{mentee.name}在本层次已经结对。请修改原来的结对，不要重复新建。", "mentee"
    )
    assert said(case(tier, network=network, replaces=100)) == []
    assert said(case(tier, network=Network(running(tier % 3 + 1, [(mentor.pk, mentee.pk)])))) == []


@pytest.mark.parametrize("tier", PERSONS)
def test_after_an_ended_link_the_next_begins_on_its_last_day_or_later(tier):
    mentor, mentee = PERSONS[tier]
    pair = [(mentor.pk, mentee.pk)]
    assert said(case(tier, network=Network(running(tier, pair, ended_on=START)))) == []
    network = Network(running(tier, pair, ended_on=START + dt.timedelta(days=1)))
    assert said(case(tier, network=network)) == blocked(
        f"{mentor.name}与{mentee.name}在本层次的结对到 2026年10月29日为止，时间重叠。请把开始日期定在当天或之后。",
        "starts_on",
    )
    assert said(case(tier, network=network, replaces=100)) == []


def test_what_blocks_comes_before_what_warns():
    five = running(2, [(1, 30 + at) for at in range(5)], is_formal=True)
    wanted = case(2, is_formal=True, network=Network([*five, *running(2, [(1, 3)], first_pk=200)]))
    assert [severity for _words, severity, _field in said(wanted)] == ["block", "warn"]
