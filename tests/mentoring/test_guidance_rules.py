"""Each rule of tier 4 and of guides: yes, no, the boundary, and the very words (R75, R82, R83). No database."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from branches.models import Programme
from members.stages import Stage
from mentoring.rules import (
    TIERS,
    GuidanceCase,
    GuideFacts,
    LeagueFacts,
    Limits,
    Network,
    PersonFacts,
    allowed_words,
    guidance_problems,
)
from mentoring.tiers import Tier

START = dt.date(2026, 10, 28)
GUIDE = PersonFacts(
    1, "20250530001", "上官涵", Stage.FULL, branch_id=6, branch_name="第六党支部", department_id=2,
    programme=Programme.UPGRADE, study_year=4,
)  # fmt: skip
ONE = LeagueFacts(9, "土木2026级团支部", 1, branch_id=6, department_id=2)
TWO_GUIDES = [GuideFacts(21, 31, 9, dt.date(2026, 9, 1)), GuideFacts(22, 32, 9, dt.date(2026, 9, 1))]


def change(facts, **values):
    return dataclasses.replace(facts, **values)


def case(**more) -> GuidanceCase:
    """An allowed guidance beside two others, unless something is changed."""
    return GuidanceCase(
        **{"guide": GUIDE, "league": ONE, "starts_on": START, "network": Network(guides=TWO_GUIDES)} | more
    )


def said(wanted: GuidanceCase):
    return [(str(problem), problem.severity, problem.field) for problem in guidance_problems(wanted)]


def blocked(words: str, field: str):
    return [(words, "block", field)]


def test_a_third_guide_is_allowed():
    assert said(case()) == []
    assert allowed_words(case()) == (
        "可以结对：上官涵可以帮扶土木2026级团支部（规则 R82、R83、R75；资历要求：年级高于团支部（专升本从三年级算起））。"
    )


def test_r82_a_fourth_guide_is_refused_unless_the_policy_allows_it():
    three = Network(guides=[*TWO_GUIDES, GuideFacts(23, 33, 9, START)])
    assert said(case(network=three)) == blocked(
        "不能结对：土木2026级团支部已有 3 名帮扶人（上限 3）。请先终止其中一名的帮扶。（规则 R82）", "league_branch"
    )
    assert said(case(network=three, limits=Limits(guides_max=4))) == []
    assert said(case(network=three, replaces=22)) == []


def test_r82_planned_guidances_without_an_id_take_their_places():
    planned = [GuideFacts(0, person, 9, START) for person in (31, 32, 33)]
    assert [severity for _words, severity, _field in said(case(network=Network(guides=planned), replaces=0))] == [
        "block"
    ]


def test_r82_ended_guidances_and_those_of_other_league_branches_take_no_place():
    others = [GuideFacts(23, 33, 9, dt.date(2026, 9, 1), dt.date(2026, 10, 1)), GuideFacts(24, 34, 8, START)]
    assert said(case(network=Network(guides=[*TWO_GUIDES, *others]))) == []


def test_r82_the_first_guide_is_allowed_and_a_second_is_asked_for():
    assert said(case(network=Network())) == [
        (
            "加上这一名，土木2026级团支部共有 1 名帮扶人，方案要求至少 2 名。请尽快再安排一名。（规则 R82）",
            "info",
            "league_branch",
        )
    ]
    assert said(case(network=Network(guides=TWO_GUIDES[:1]))) == []
    assert said(case(network=Network(), limits=Limits(guides_min=1))) == []


@pytest.mark.parametrize("stage", sorted(set(Stage.values) - {Stage.FULL, Stage.LEFT}))
def test_r82_a_guide_is_a_full_member(stage):
    assert TIERS[Tier.LEAGUE_BRANCHES].mentor_stages == {Stage.FULL}
    assert said(case(guide=change(GUIDE, stage=stage))) == blocked(
        "上官涵不是正式党员。团支部由正式党员帮扶，请选择正式党员。（规则 R82）", "person"
    )


@pytest.mark.parametrize("programme", [Programme.BACHELOR, Programme.DIPLOMA])
def test_r82_others_than_diploma_to_bachelor_students_need_a_word(programme):
    assert said(case(guide=change(GUIDE, programme=programme))) == [
        ("上官涵不是专升本学生，方案优先安排专升本学生党员。（规则 R82）", "warn", "person")
    ]


@pytest.mark.parametrize(("mine", "allowed"), [(1, False), (2, False), (3, True), (4, True)])
def test_r83_the_guide_s_year_is_higher_and_an_equal_one_is_not(mine, allowed):
    second = change(ONE, study_year=2)
    wanted = case(guide=change(GUIDE, study_year=mine), league=second, limits=Limits(junior_study_years=2))
    words = f"上官涵为 {mine} 年级，土木2026级团支部为 2 年级。帮扶人的年级必须更高（专升本从 3 年级算起），请选择更高年级的党员。（规则 R83）"
    assert said(wanted) == ([] if allowed else blocked(words, "person"))


def test_r83_staff_has_no_year_of_study():
    teacher = change(GUIDE, programme=Programme.STAFF, study_year=None)
    assert said(case(guide=teacher))[0] == (
        "上官涵为 — 年级，土木2026级团支部为 1 年级。帮扶人的年级必须更高（专升本从 3 年级算起），请选择更高年级的党员。（规则 R83）",
        "block",
        "person",
    )


def test_r75_a_league_branch_that_is_no_longer_junior_needs_a_word():
    second = change(ONE, study_year=2)
    assert said(case(league=second)) == [
        ("土木2026级团支部为 2 年级，低年级团支部指 1 年级及以下。（规则 R75）", "warn", "league_branch")
    ]
    assert said(case(league=second, limits=Limits(junior_study_years=2))) == []


OTHER_BRANCH = "上官涵不在负责土木2026级团支部的党支部，也不在与其结对的支部。请选择这些支部的党员。（规则 R90）"


def test_r90_a_guide_is_of_the_responsible_branch_or_of_one_paired_with_it():
    away = change(GUIDE, branch_id=2)
    assert said(case(guide=away)) == blocked(OTHER_BRANCH, "person")
    assert said(case(guide=away, partner_branches={3})) == blocked(OTHER_BRANCH, "person")
    assert said(case(guide=away, partner_branches={2})) == []
    assert said(case(guide=change(GUIDE, branch_id=None))) == blocked(OTHER_BRANCH, "person")


def test_r90_where_no_branch_is_responsible_the_department_decides():
    nobodys = change(ONE, branch_id=None)
    assert said(case(league=nobodys)) == []
    assert said(case(league=nobodys, guide=change(GUIDE, department_id=1))) == blocked(OTHER_BRANCH, "person")
    assert said(case(league=nobodys, guide=change(GUIDE, branch_id=None))) == blocked(OTHER_BRANCH, "person")
    assert said(case(guide=change(GUIDE, branch_id=2), league=ONE)) == blocked(OTHER_BRANCH, "person")


def test_a_league_branch_that_is_no_longer_active_is_not_guided():
    assert said(case(league=change(ONE, is_active=False))) == blocked(
        "土木2026级团支部已停用。请选择在用的团支部。", "league_branch"
    )


def test_a_guide_who_left_or_has_graduated_is_refused():
    assert said(case(guide=change(GUIDE, stage=Stage.LEFT))) == blocked(
        "上官涵已离校，不能结对。请选择在校的人。", "person"
    )
    assert said(case(guide=change(GUIDE, graduates_on=START))) == []
    assert said(case(guide=change(GUIDE, graduates_on=START - dt.timedelta(days=1)))) == blocked(
        "上官涵于 2026年10月27日毕业，届时已不在校。请选择届时仍在校的人，或把日期提前。", "person"
    )


@pytest.mark.parametrize(("days", "allowed"), [(-1, False), (0, False), (1, True)])
def test_a_guidance_ends_after_the_day_it_starts(days, allowed):
    wanted = case(ends_on=START + dt.timedelta(days=days))
    assert said(wanted) == ([] if allowed else blocked("结束日期必须晚于开始日期。请改选更晚的结束日期。", "ends_on"))


def test_the_same_member_does_not_guide_a_league_branch_twice():
    mine = GuideFacts(25, 1, 9, dt.date(2026, 9, 1))
    assert said(case(network=Network(guides=[mine, TWO_GUIDES[0]]))) == blocked(
        "上官涵已在帮扶土木2026级团支部。请另选帮扶人。", "person"
    )
    full = Network(guides=[mine, *TWO_GUIDES])
    assert said(case(network=full)) == blocked("上官涵已在帮扶土木2026级团支部。请另选帮扶人。", "person")
    assert said(case(network=Network(guides=[mine, TWO_GUIDES[0]]), replaces=25)) == []
    assert said(case(network=Network(guides=[*TWO_GUIDES, GuideFacts(25, 1, 8, START)]))) == []


def test_after_an_ended_guidance_the_next_begins_on_its_last_day_or_later():
    ended = GuideFacts(25, 1, 9, dt.date(2026, 9, 1), START)
    assert said(case(network=Network(guides=[*TWO_GUIDES, ended]))) == []
    later = change(ended, ended_on=START + dt.timedelta(days=1))
    assert said(case(network=Network(guides=[*TWO_GUIDES, later]))) == blocked(
        "上官涵帮扶土木2026级团支部到 2026年10月29日为止，时间重叠。请把开始日期定在当天或之后。", "starts_on"
    )
    assert said(case(network=Network(guides=[*TWO_GUIDES, later]), replaces=25)) == []
    for foreign in (change(later, person_id=2), change(later, league_branch_id=8)):
        assert said(case(network=Network(guides=[*TWO_GUIDES, foreign]))) == []


def test_what_blocks_comes_before_what_warns():
    wanted = case(guide=change(GUIDE, programme=Programme.BACHELOR), league=change(ONE, is_active=False))
    assert [severity for _words, severity, _field in said(wanted)] == ["block", "warn"]
