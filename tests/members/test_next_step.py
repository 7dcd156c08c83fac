"""The next step towards membership: the first lawful day and the rule that sets it."""

from __future__ import annotations

import datetime as dt

import pytest

from branches.policy import RULES
from members.next_step import next_step

TODAY = dt.date(2026, 10, 28)


def step(stage, today=TODAY, numbers=None, **dates):
    found = numbers or {}
    return next_step(
        stage=stage, dates=dates, number=lambda key: found.get(key, RULES[key].default), today=today
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "dates", "title", "on", "rule"),
    [
        ("league_member", {"born_on": dt.date(2009, 3, 1)}, "递交入党申请书", dt.date(2027, 3, 1), "R01"),
        ("non_member", {"born_on": dt.date(2008, 2, 29)}, "递交入党申请书", dt.date(2026, 2, 28), "R01"),
        ("non_member", {}, "递交入党申请书", None, "R01"),
        ("applicant", {"applied_on": dt.date(2026, 10, 1)}, "成为入党积极分子", dt.date(2026, 10, 1), "R03"),
        ("activist", {"activist_on": dt.date(2026, 3, 1)}, "成为发展对象", dt.date(2027, 3, 1), "R07"),
        ("activist", {"activist_on": dt.date(2024, 2, 29)}, "成为发展对象", dt.date(2025, 2, 28), "R07"),
        ("candidate", {"candidate_on": dt.date(2026, 3, 1)}, "被接收为预备党员", None, "R08"),
        ("probationary", {"admitted_on": dt.date(2026, 5, 20)}, "转为正式党员", dt.date(2027, 5, 20), "R16"),
        ("probationary", {"admitted_on": dt.date(2024, 2, 29)}, "转为正式党员", dt.date(2025, 2, 28), "R16"),
        (
            "probationary", {"admitted_on": dt.date(2026, 5, 20), "extended_to": dt.date(2027, 11, 20)}, "转为正式党员",
            dt.date(2027, 11, 20), "R18",
        ),
    ],
)  # fmt: skip
def test_each_stage_has_its_next_step_and_first_lawful_day(stage, dates, title, on, rule):
    found = step(stage, **dates)
    assert (found.title, found.on, found.rule) == (title, on, rule)


@pytest.mark.parametrize(
    ("stage", "dates"), [("full", {}), ("left", {}), ("activist", {}), ("applicant", {}), ("probationary", {})]
)
def test_no_step_where_there_is_none_or_its_date_is_unknown(stage, dates):
    assert step(stage, **dates) is None


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (dt.date(2026, 10, 20), "支部在2026年10月20日前与您谈话（规则 R02）。"),
        (dt.date(2026, 10, 21), "支部与您的谈话应在2026年10月20日前完成（规则 R02）。如还没有谈话，请询问支部书记。"),
    ],
)
def test_the_talk_after_an_application_is_due_within_a_month(today, words):
    assert step("applicant", today, applied_on=dt.date(2026, 9, 20)).words == words


def test_a_waiting_time_set_by_the_college_moves_the_day_of_an_applicant():
    found = step("applicant", numbers={"application_to_activist_months": 6}, applied_on=dt.date(2026, 8, 31))
    assert (found.on, found.is_open(TODAY)) == (dt.date(2027, 2, 28), False)
    assert found.words.endswith("从递交申请到确定为积极分子至少 6 个月（规则 R03）。")


@pytest.mark.parametrize(
    ("today", "is_open", "words"),
    [
        (dt.date(2027, 5, 19), False, "预备期自接收之日起 12 个月（规则 R16）。 期满前支部不能讨论转正（规则 R17）。"),
        (
            dt.date(2027, 5, 20),
            True,
            "预备期自接收之日起 12 个月（规则 R16）。 预备期已满：请递交转正申请，由支部讨论（规则 R19）。",
        ),
    ],
)
def test_probation_ends_on_its_day(today, is_open, words):
    found = step("probationary", today, admitted_on=dt.date(2026, 5, 20))
    assert (found.is_open(today), found.words) == (is_open, words)


def test_an_activist_reads_how_long_and_a_candidate_what_comes_first():
    assert step("activist", activist_on=TODAY).words == "入党积极分子须先经过至少 12 个月的培养教育和考察（规则 R07）。"
    assert step("candidate").words == (
        "先要有两名入党介绍人（规则 R08）、3 天或 24 学时的集中培训（规则 R09）和政治审查（规则 R10），再由支部大会讨论决定。没有固定日期。"
    )
