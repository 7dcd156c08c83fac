"""What the paired branches of the demonstration do together: plan, inspection, project, a stand-in. All through the services."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import User
from members.access import scope_for
from pairings import cover_services, inspection_services, project_services, work_services
from pairings.cover_board import outlook, proposals_for
from pairings.forecast import forecast_for
from pairings.models import BranchPairing, InspectionMaterial, MemberPairing, PairingTask
from pairings.plan_template import PLAN, PlannedTask, planned
from pairings.work_rules import FindingEntry

PRINCIPLES = "战略协作、资源共享、依章办事、平等共建、注重实效。"
AIMS = "共同抓好组织规范、组织组建和党员发展，补齐薄弱环节；结对党员在学业、生活、求职、工作上互帮互促。"
AREA_WORDS = {
    "study": "每周一起自习一次",
    "life": "每月聊一次近况",
    "job_hunting": "改好一版求职简历",
    "work": "一起准备一次微党课",
}
FINDINGS = {
    "支部党员大会记录": (1, 1, ""),
    "支部委员会会议记录": (2, 1, "缺 10 月支委会记录"),
    "党小组会记录": (2, 2, ""),
    "主题党日记录": (2, 2, "签到表未附"),
    "发展党员材料": (12, 12, ""),
}


def plan_of(starts_on: date, ends_on: date) -> list[PlannedTask]:
    return [planned(line, starts_on, ends_on) for line in PLAN]


def work_together(pairing: BranchPairing, users: dict[str, User], partner_key: str, *, today: date) -> None:
    """An inspection some weeks ago with one problem mended and one open, tasks done, a project, goals, an accepted stand-in."""
    secretary, partner = users["er_secretary"], users[partner_key]
    on = max(pairing.starts_on, today - timedelta(days=16))
    _inspect(pairing, secretary, partner, on=on, today=today)
    ours = scope_for(secretary, today)
    for task in PairingTask.objects.filter(pairing=pairing, member_pairing=None, due_on__lt=today).order_by("due_on")[
        :2
    ]:
        work_services.finish_task(
            task=task, evidence="记录见支部工作手册", scope=ours, by=secretary, today=today, now=moment(today, 9)
        )
    _research(pairing, secretary, today=today)
    for pair in MemberPairing.objects.open().filter(pairing=pairing).select_related("pairing")[:3]:
        areas = pair.support_areas or ["study"]
        work_services.agree_goal(pair=pair, goal=AREA_WORDS[areas[0]], support_areas=areas, scope=ours)
    _stand_in(pairing, secretary, today=today)


def _inspect(pairing: BranchPairing, secretary: User, partner: User, *, on: date, today: date) -> None:
    materials = {material.name: material for material in InspectionMaterial.objects.all()}
    mend_by = min(pairing.ends_on, on + timedelta(days=21))
    inspection = inspection_services.record_inspection(
        pairing=pairing, inspecting_branch=pairing.helping_branch, inspected_branch=pairing.partner_branch, on=on,
        inspectors=secretary.display_name, note="", scope=scope_for(secretary, today), by=secretary, today=today, now=moment(on, 15),
        findings=[
            FindingEntry(materials[name], expected, found, problem, mend_by if problem else None)
            for name, (expected, found, problem) in FINDINGS.items()
        ],
    )  # fmt: skip
    finding = inspection.findings.get(material=materials["主题党日记录"])
    inspection_services.report_mended(
        finding=finding,
        note="已补齐签到表",
        scope=scope_for(partner, today),
        by=partner,
        today=today,
        now=moment(today, 8),
    )


def _research(pairing: BranchPairing, secretary: User, *, today: date) -> None:
    scope = scope_for(secretary, today)
    pairs = list(MemberPairing.objects.open().filter(pairing=pairing).select_related("helper", "partner")[:2])
    people = list({person.pk: person for pair in pairs for person in (pair.helper, pair.partner)}.values())
    project = project_services.start_project(
        pairing=pairing, title=f"本专科学生党员结对共建路径研究（{pairing.partner_branch.short_name}）",
        question="专科生党员实习期间，结对支部怎样帮助支部工作不断线？", lead=people[0] if people else None, members=people[1:], scope=scope,
    )  # fmt: skip
    first = min(pairing.ends_on, pairing.starts_on + timedelta(days=30))
    for title, due_on in (
        ("开题", first),
        ("问卷调查", min(pairing.ends_on, first + timedelta(days=60))),
        ("结题报告", pairing.ends_on),
    ):
        milestone = project_services.add_milestone(project=project, title=title, due_on=due_on, scope=scope)
        if due_on < today:
            project_services.finish_milestone(milestone=milestone, scope=scope, today=today)


def _stand_in(pairing: BranchPairing, secretary: User, *, today: date) -> None:
    """The first stand-in the portal proposes is agreed on."""
    branches = [pairing.helping_branch, pairing.partner_branch]
    seen = outlook(forecast_for(branches=branches, today=today, months=12), None, today=today, months=12)
    for proposal in proposals_for(pairing, seen=seen, covers=[], today=today)[:1]:
        if proposal.stand_in is None:
            continue
        cover_services.ask_cover(
            pairing=pairing, absent=proposal.absent, stand_in=proposal.stand_in, duty=proposal.duty, from_on=proposal.from_on,
            to_on=proposal.to_on, scope=scope_for(secretary, today), by=secretary, now=moment(today, 9), today=today,
        )  # fmt: skip


def moment(on: date, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(on, time(hour, 5)))
