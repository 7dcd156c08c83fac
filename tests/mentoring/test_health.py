"""How a link is doing: each state, its boundary day, and the words."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import LogEntry
from branches.models import PolicyValue
from branches.policy import Policy
from mentoring.health import (
    HealthFacts,
    HealthLimits,
    HealthState,
    count_health,
    filter_by_health,
    health_of_guidances,
    health_of_links,
    health_rules,
    judge,
)
from mentoring.models import LeagueMilestone, LeaguePlan, MentoringGoal
from pairing_portal.common.registries import Talks

from .crew import TODAY, guide, link, new_members, seniors


def state(days_running=100, last=None, *, overdue=0, waiting=0, link_state="active"):
    """The state of a link begun so many days ago, whose last confirmed talk was `last` days ago."""
    talks = Talks(int(last is not None), 60, TODAY - dt.timedelta(days=last) if last is not None else None, waiting)
    facts = HealthFacts(link_state, TODAY - dt.timedelta(days=days_running), talks, overdue)
    return judge(facts, TODAY)


@pytest.mark.parametrize(
    ("running", "last", "expected"),
    [
        (0, None, "too_early"), (13, None, "too_early"), (14, None, "needs_word"), (59, None, "needs_word"),
        (60, None, "silent"), (1, 0, "on_track"), (100, 30, "on_track"), (100, 31, "needs_word"), (100, 59, "needs_word"),
        (100, 60, "silent"), (-3, None, "too_early"),
    ],
)  # fmt: skip
def test_days_since_the_last_confirmed_talk_decide(running, last, expected):
    assert state(running, last).state == expected


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (state(100, 5, overdue=1), "needs_word"),
        (state(5, None, overdue=1), "needs_word"),
        (state(100, 70, overdue=1), "silent"),
        (state(100, 70, link_state="ended"), "ended"),
        (state(100, None, link_state="declined"), "ended"),
        (state(100, None, link_state="offered"), "too_early"),
        (state(100, None, link_state="draft"), "too_early"),
    ],
)
def test_overdue_goals_and_the_links_own_state_weigh_in(health, expected):
    assert health.state == expected


@pytest.mark.parametrize(
    ("arguments", "label", "tone", "words", "next_step"),
    [
        ({"last": 3}, "正常", "ok", "最近一次已确认的谈话在 3 天前。", "继续保持。"),
        ({"last": 0}, "正常", "ok", "最近一次已确认的谈话就在今天。", "继续保持。"),
        ({"last": 40}, "需关注", "wait", "最近一次已确认的谈话在 40 天前。", "约一次谈话并记录。"),
        (
            {"last": 3, "overdue": 2}, "需关注", "wait", "最近一次已确认的谈话在 3 天前。 2 个约定目标已逾期。", "一起看看逾期的目标。",
        ),
        ({}, "久未联系", "late", "开始 100 天以来还没有已确认的谈话。", "请询问双方：尽快谈话，或改由他人帮扶。"),
        (
            {"waiting": 1}, "久未联系", "late", "开始 100 天以来还没有已确认的谈话。 1 条记录待确认。", "有记录需要尽快确认。",
        ),
        ({"days_running": 0}, "尚早", "exempt", "今天开始。", "约好第一次谈话。"),
        ({"link_state": "offered"}, "尚早", "exempt", "被帮扶对象尚未答复。", "等待答复。"),
        ({"days_running": -3}, "尚早", "exempt", "帮扶尚未开始。", "约好第一次谈话。"),
        ({"link_state": "ended"}, "已结束", "neutral", "帮扶已结束。", ""),
    ],
)  # fmt: skip
def test_the_verdict_says_why_and_what_next(arguments, label, tone, words, next_step):
    health = state(**arguments)
    assert (health.label, health.tone, health.words, health.next_step) == (label, tone, words, next_step)


def test_the_numbers_are_policy(cast):
    PolicyValue.objects.create(key="talk_every_days", value="7", source="x", effective_from=dt.date(2026, 1, 1))
    assert HealthLimits.on(TODAY) == HealthLimits(7, 60, 14)
    assert health_rules(Policy(), TODAY) == [
        "正常：最近 7 天内有已确认的谈话，且没有逾期的约定目标。",
        "需关注：超过 7 天没有已确认的谈话，或开始 14 天内没有谈话，或有约定目标逾期。",
        "久未联系：已有 60 天或更久没有已确认的谈话。",
        "尚早：帮扶开始不足 14 天且尚无谈话，或尚未开始。",
        "已结束：帮扶已结束，已有记录保留。",
    ]


def talk(row, person, on, *, state="confirmed", **what):
    """An entry as the services leave it."""
    now = timezone.now()
    more = {"confirmed_by": person.user or row.arranged_by, "confirmed_at": now} if state == "confirmed" else {}
    return LogEntry.objects.create(
        person=person, on=on, minutes=45, summary="谈心", state=state, created_at=now, submitted_at=now, **what, **more
    )


def begun(row, days):
    type(row).objects.filter(pk=row.pk).update(starts_on=TODAY - dt.timedelta(days=days))
    row.refresh_from_db()
    return row


def test_only_confirmed_talks_and_agreed_goals_count(cast):
    one, two, three = new_members(cast, 3)
    senior = seniors(cast, 1)[0]
    talked = begun(link(cast, cast.person("liu_member"), one), 90)
    silent = begun(link(cast, cast.person("liu_member"), two), 90)
    late = begun(link(cast, senior, three), 90)
    talk(talked, one, TODAY - dt.timedelta(days=4), purpose="mentoring", mentorship=talked)
    talk(silent, two, TODAY - dt.timedelta(days=4), state="submitted", purpose="mentoring", mentorship=silent)
    talk(late, three, TODAY, purpose="mentoring", mentorship=late)
    now = timezone.now()
    goal = {"what": "读完党章", "due_on": TODAY - dt.timedelta(days=1), "proposed_by": one, "mentor_agreed_at": now}
    MentoringGoal.objects.create(mentorship=talked, **goal)
    MentoringGoal.objects.create(mentorship=late, mentee_agreed_at=now, **goal)
    health = health_of_links([talked, silent, late], TODAY)
    assert {pk: (row.state, row.days, row.overdue) for pk, row in health.items()} == {
        talked.pk: ("on_track", 4, 0), silent.pk: ("silent", 90, 0), late.pk: ("needs_word", 0, 1),
    }  # fmt: skip
    assert count_health(health.values()) == {
        HealthState.SILENT: 1, HealthState.NEEDS_WORD: 1, HealthState.TOO_EARLY: 0, HealthState.ON_TRACK: 1,
        HealthState.ENDED: 0,
    }  # fmt: skip
    assert filter_by_health([talked, silent, late], health, "silent") == [silent]
    assert filter_by_health([talked, silent, late], health, "nonsense") == [talked, silent, late]


def test_a_guidance_is_judged_by_its_own_talks_and_the_plans_milestones(cast):
    row = begun(guide(cast, cast.person("liu_member")), 40)
    assert health_of_guidances([row], TODAY)[row.pk].state == "needs_word"
    talk(
        row, cast.person("liu_member"), TODAY, purpose="league_branch", league_branch=cast.one, league_guidance=row,
        focus_area="safety",
    )  # fmt: skip
    assert health_of_guidances([row], TODAY)[row.pk].state == "on_track"
    plan = LeaguePlan.objects.create(
        league_branch=cast.one, academic_year=cast.year, model_type="theory-learning", made_by=cast.user("liu_member"),
        created_at=timezone.now(),
    )  # fmt: skip
    LeagueMilestone.objects.create(plan=plan, what="成立学习小组", due_on=TODAY)
    assert health_of_guidances([row], TODAY)[row.pk].state == "on_track"
    LeagueMilestone.objects.create(plan=plan, what="第一次学习", due_on=TODAY - dt.timedelta(days=1))
    late = health_of_guidances([row], TODAY)[row.pk]
    assert (late.state, late.words, late.next_step) == (
        "needs_word", "最近一次已确认的谈话就在今天。 1 个建设节点已逾期。", "与团支部一起看看逾期的建设节点。",
    )  # fmt: skip


def test_reading_asks_the_same_number_of_queries_for_one_and_three_links(cast):
    links = [link(cast, person, mentee) for person, mentee in zip(seniors(cast, 3), new_members(cast, 3), strict=True)]
    counts = []
    for rows in (links[:1], links):
        with CaptureQueriesContext(connection) as captured:
            health_of_links(rows, TODAY)
        counts.append(len(captured))
    assert counts == [3, 3]
