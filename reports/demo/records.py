"""What is written down in the demonstration: a contest of the pairing groups with its scores, signed minutes. All through the services."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from activities import contest_services, event_services, minutes_services
from activities.models import Activity
from members.models import Person
from pairings.models import BranchPairing

from .events import draft, finish, plan_for, publish, step, who_at

# Round, highest score, weight; and what the three judges give the teams in turn.
ROUNDS: Final = (
    ("必答题", 100, 1, ((88, 91), (90, 86), (85, 89))),
    ("风险题", 100, 1, ((76, 82), (80, 79), (78, 84))),
    ("廉洁主题演讲", 10, 2, (("9.2", "9.0"), ("8.8", "9.4"), ("9.1", "9.1"))),
)
JUDGES: Final = ("何老师", "陆老师", "覃老师")


def hold_contest(pairing: BranchPairing, others: list[BranchPairing], users: dict[str, Any], on: date) -> None:
    """Branch 2 and both its partners: a team is a group with its partners of the other branch, made by one press."""
    ours = users["er_secretary"]
    plan = plan_for(
        "contest", "党史知识竞赛（按结对分组）", on, (19, 21), party_branch=pairing.helping_branch, pairing=pairing,
        place="学生活动中心", description="每个结对小组与对方支部的结对党员同队：必答、风险、演讲三轮。",
    )  # fmt: skip
    plan.co_hosts = [other.partner_branch for other in others]
    activity = step(event_services.send_for_approval, draft(plan, ours, on, 8), ours, on, 8)
    for key in ("san_secretary", "si_secretary"):
        step(event_services.approve_activity, activity, users[key], on, 9)
    activity = publish(activity, ours, on)
    scope = who_at(ours, on, 20)["scope"]
    teams = contest_services.make_teams(activity=activity, scope=scope)
    for title, highest, weight, given in ROUNDS:
        turn = contest_services.save_round(
            activity=activity, title=title, max_score=Decimal(highest), weight=weight, scope=scope
        )
        columns = [
            contest_services.Column(
                judge, {team.pk: Decimal(str(score)) for team, score in zip(teams, scores, strict=False)}
            )
            for judge, scores in zip(JUDGES, given, strict=True)
        ]
        contest_services.save_scores(contest_round=turn, columns=columns, **who_at(ours, on, 20))
    contest_services.set_up(activity=activity, tie_rule="last_round", is_live=True, scope=scope)
    finish(activity, ours, on, 16, "两队各胜一轮，演讲一轮定胜负；赛后互换学习笔记。", counted_minutes=0)


def write_minutes(activity: Activity, users: dict[str, Any], on: date) -> None:
    """Of the joint study: what was said, what was decided, signed the same evening."""
    ours = users["er_secretary"]
    chair = ours.person
    recorder = (
        Person.objects.filter(party_branch=activity.party_branch, posts__kind="publicity_officer").first() or chair
    )
    text = replace(
        minutes_services.proposed_text(activity), session="第二、第三党支部联合学习（第1次）", chair=chair, recorder=recorder,
        agenda="一、逐段学习公报\n二、结合专业谈打算\n三、商定下月互查“三会一课”记录",
        points="领学人逐段导读，并说明与专业课程的联系。\n与会党员各谈一条打算：办好学习小组、准备技能竞赛、为实习同学送学上门。\n第三党支部提出实习党员较多，建议学习材料提前一周发到群里。",
        resolutions="一、下月第二周互查两个支部的“三会一课”记录。\n二、实习党员线上参加学习，由结对党员负责联系。",
    )  # fmt: skip
    votes = [minutes_services.Vote("下月互查“三会一课”记录", text.present_count or 0)]
    act = who_at(ours, on, 20)
    minutes_services.write_minutes(activity=activity, text=text, votes=votes, seen=0, **act)
    minutes_services.sign_minutes(activity=activity, **act)
