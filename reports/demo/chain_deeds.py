"""What happened on the chains of branch 6 since they were set up: talks, goals, records, a plan, a need, a call for help."""

from __future__ import annotations

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from accounts.models import User
from activities.log_services import confirm_logs, submit_log
from activities.models import LogPurpose
from branches.models import AcademicYear
from members.access import scope_for
from members.models import Person
from mentoring import goal_services, help_services, league_services, need_services, observation_services
from mentoring.consent_text import VERSION
from mentoring.models import HelpKind, LeagueGuidance, MentoringGoal, Mentorship
from mentoring.tiers import Tier
from mentoring.work_rules import StepEntry

from .people import Company
from .together import moment

TALKS = {
    Tier.CLASSMATES: ("一起补高数第二章，做了六道例题", "约好每周三晚自习坐在一起", "聊了考试周怎么安排时间"),
    Tier.ACTIVISTS: (
        "谈了思想汇报怎么写",
        "一起学党章第一章",
        "问了近期学习和班级工作",
        "看了思想汇报初稿，提了两点意见",
    ),
    Tier.NEW_MEMBERS: ("讲了预备期要做哪些事", "一起准备微党课提纲", "聊了怎样带积极分子"),
}
GUIDED = ("参加团支部班会，讲学风建设", "指导团支书写月度计划", "和班委一起做安全教育", "组织学习小组读《读本》")
RECORD = {
    "politics": "积极参加理论学习，思想汇报按时提交，认识较以前深入。",
    "study": "成绩保持在班级前三分之一，主动帮助同学。",
    "work": "担任班委，承办了一次主题班会。",
    "masses": "与同学相处融洽，愿意听取意见。",
    "strengths": "优点：踏实、守时。不足：在公开场合表达还不够自信。",
}


def run_chains(company: Company, year: AcademicYear, secretary: User, *, today: date) -> None:
    """Most links go well, some need a word, one is silent; nothing here is written but by the services."""
    links = list(Mentorship.objects.running().with_people().order_by("tier", "pk"))
    entries = [entry for number, link in enumerate(links) for entry in _talks(link, number, today=today)]
    for number, guidance in enumerate(LeagueGuidance.objects.running().with_names().order_by("pk")):
        entries += _guiding(guidance, number, today=today)
    waiting = {pk for pk, on in entries if on > today - timedelta(days=3)}
    settled = [pk for pk, _on in entries if pk not in waiting]
    # Nobody confirms their own: the committee member for organisation looks at the secretary's.
    for by in (secretary, company.by_number["20250530002"].user):
        assert by is not None
        confirm_logs(entry_ids=settled, scope=scope_for(by, today), by=by, now=moment(today, 8))
    _goals(links, today=today)
    _records(links, company, secretary, today=today)
    _league_plan(company, year, today=today)
    _need_and_help(company, secretary, today=today)


def _talks(link: Mentorship, number: int, *, today: date) -> list[tuple[int, date]]:
    """Every tenth link is silent, every fourth has not met for a while."""
    if number % 10 == 9:
        return []
    words = TALKS[Tier(link.tier)]
    newest = 38 if number % 4 == 3 else 2 + number % 9
    found = []
    for turn, back in enumerate(range(newest, 42, 11)):
        on = today - timedelta(days=back)
        if on < link.starts_on:
            break
        entry = submit_log(
            person=link.mentor, on=on, minutes=(30, 45, 60)[(number + turn) % 3], purpose=LogPurpose.MENTORING,
            mentorship=link, summary=words[(number + turn) % len(words)], today=on, now=moment(on, 20),
        )  # fmt: skip
        found.append((entry.pk, on))
    return found


def _guiding(guidance: LeagueGuidance, number: int, *, today: date) -> list[tuple[int, date]]:
    found = []
    for turn, back in enumerate(range(3 + number % 5, 40, 12)):
        on = today - timedelta(days=back)
        if on < guidance.starts_on:
            break
        areas = guidance.focus_areas
        entry = submit_log(
            person=guidance.person, on=on, minutes=45, purpose=LogPurpose.LEAGUE_BRANCH, league_branch=guidance.league_branch,
            league_guidance=guidance, focus_area=areas[turn % len(areas)], summary=GUIDED[(number + turn) % len(GUIDED)],
            today=on, now=moment(on, 21),
        )  # fmt: skip
        found.append((entry.pk, on))
    return found


def _goals(links: list[Mentorship], *, today: date) -> None:
    """The helped classmate and their mentor agreed on one; the activist has a proposal to answer."""
    due = today + timedelta(days=24)
    for link in links:
        mentor, mentee = link.mentor.user, link.mentee.user
        if mentor is None or mentee is None or link.ends_on is None or link.ends_on < due:
            continue
        steps = [
            StepEntry("列出不懂的章节", today + timedelta(days=3)), StepEntry("每周做一套练习", today + timedelta(days=17)),
        ]  # fmt: skip
        goal = goal_services.propose_goal(
            link=link, what="期末高等数学及格" if link.tier == Tier.CLASSMATES else "交两份思想汇报并谈一次话", due_on=due, steps=steps,
            scope=scope_for(mentor, today), today=today, now=moment(today, 7),
        )  # fmt: skip
        if link.tier == Tier.CLASSMATES:
            goal_services.agree_goal(goal=goal, scope=scope_for(mentee, today), now=moment(today, 8))
            step = MentoringGoal.objects.get(pk=goal.pk).steps.order_by("due_on").first()
            if step is not None:
                goal_services.toggle_step(step=step, scope=scope_for(mentee, today), today=today)


def _records(links: list[Mentorship], company: Company, secretary: User, *, today: date) -> None:
    """The first contacts wrote their quarter; the branch reviewed three activists half a year ago."""
    contacts = [link for link in links if link.is_formal and link.mentor.user_id and link.starts_on < today]
    for link in contacts[:3]:
        user = link.mentor.user
        assert user is not None
        observation_services.record_contact(
            link=link, period_from=link.starts_on, period_to=today, texts=RECORD, scope=scope_for(user, today), by=user, today=today, now=moment(today, 9),
        )  # fmt: skip
    for link in contacts[3:5]:
        since = link.mentee.activist_on
        until = today - relativedelta(months=1)
        if since is not None and since < until:
            observation_services.record_review(
                person=link.mentee, period_from=since, period_to=until, texts=RECORD, scope=scope_for(secretary, today),
                by=secretary, today=today, now=moment(today, 9),
            )  # fmt: skip


def _league_plan(company: Company, year: AcademicYear, *, today: date) -> None:
    """The first junior League branch builds its model type with a plan; its first milestone is reached."""
    guidance = LeagueGuidance.objects.running().with_names().filter(person__user__isnull=False).order_by("pk").first()
    if guidance is None:
        return
    user, branch = guidance.person.user, guidance.league_branch
    assert user is not None
    scope = scope_for(user, today)
    plan = league_services.make_plan(
        league_branch=branch, academic_year=year, model_type=branch.model_type or "theory-learning",
        aim="建成学院示范团支部", scope=scope, by=user, today=today, now=moment(today, 9),
    )  # fmt: skip
    first = plan.milestones.order_by("due_on").first()
    if first is not None:
        league_services.toggle_milestone(
            milestone=first, result="已成立，12 人", scope=scope, today=today, now=moment(today, 10)
        )


def _need_and_help(company: Company, secretary: User, *, today: date) -> None:
    """The helped classmate gave consent and wrote down what for; a first-year student asks for a mentor."""
    helped, classmate = company.by_number["20250593001"], company.by_number["20260591001"]
    user = helped.user
    assert user is not None
    scope = scope_for(user, today)
    # The day before: nothing of the story lies ahead of whoever loads it in the early morning.
    evening = moment(today - timedelta(days=1), 19)
    need_services.give_consent(scope=scope, version=VERSION, ip=None, now=evening)
    need_services.record_need(person=helped, codes=["academic"], scope=scope, by=user, now=evening)
    _ask(classmate, today=today)


def _ask(person: Person, *, today: date) -> None:
    help_services.ask_help(
        person=person, kind=HelpKind.FIRST_MENTOR, today=today, now=moment(today - timedelta(days=1), 19)
    )
