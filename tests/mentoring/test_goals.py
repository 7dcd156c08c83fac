"""Goals of two people: proposed, agreed, changed, ticked off, reminded; what is refused and in which words."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from mentoring import goal_services, notices_work
from mentoring.calendar_source import goals as calendar_goals
from mentoring.goals import goals_of
from mentoring.models import GoalStep, MentoringGoal
from mentoring.work_rules import STEPS_MAX, StepEntry, goal_problems
from notifications.models import Notice
from notifications.services import compute_reminders, retire_obsolete
from tests.mentoring.crew import act, add_person, as_person, link
from tests.mentoring.saying import plain, refused, said

TODAY = dt.date(2026, 10, 28)
DUE = dt.date(2026, 12, 1)


@pytest.fixture
def two(cast):
    """liu_member is the formal contact of liu_activist, planned until 30 June 2027."""
    mentee = cast.person("liu_activist")
    return link(cast, cast.person("liu_member"), mentee, tier=2, is_formal=True, ends_on=dt.date(2027, 6, 30))


def propose(cast, row, who="liu_member", **more) -> MentoringGoal:
    values = {"what": "读完《党章》", "due_on": DUE, "steps": [StepEntry("第一章", dt.date(2026, 11, 1))]} | more
    return goal_services.propose_goal(
        link=row, **values, scope=scope_for(cast.user(who)), today=TODAY, now=timezone.now()
    )


def agree(cast, goal, who="liu_activist"):
    return goal_services.agree_goal(goal=goal, scope=scope_for(cast.user(who)), now=timezone.now())


def test_a_proposal_counts_as_its_authors_yes_and_asks_the_other(cast, two):
    goal = propose(cast, two)
    assert (goal.mentor_agreed_at, goal.mentee_agreed_at, goal.is_agreed) == (timezone.now(), None, False)
    assert [(step.what, step.due_on) for step in goal.steps.all()] == [("第一章", dt.date(2026, 11, 1))]
    notice = Notice.objects.get(kind=notices_work.GOAL_PROPOSED)
    assert (notice.user, notice.link) == (
        cast.user("liu_activist"), f"/mentoring/links/{two.pk}/goals/#goal-{goal.pk}",
    )  # fmt: skip
    assert said(notice)[0] == "有一个目标等待您同意"
    assert [word for word in ("党章", "蓝洋涵", "周鑫") if word in "".join(said(notice))] == []


def test_the_others_yes_makes_it_hold_and_tells_who_proposed(cast, two):
    goal = agree(cast, propose(cast, two))
    assert goal.is_agreed
    assert Notice.objects.get(kind=notices_work.GOAL_PROPOSED).obsolete_at == timezone.now()
    assert [notice.user for notice in Notice.objects.filter(kind=notices_work.GOAL_AGREED)] == [cast.user("liu_member")]


def test_nobody_agrees_to_their_own_proposal_nor_twice(cast, two):
    goal = propose(cast, two)
    assert refused(goal_services.agree_goal, goal=goal, scope=scope_for(cast.user("liu_member")), now=timezone.now()) == (
        "这是您自己提出的等待对方同意", "", "",
    )  # fmt: skip
    agree(cast, goal)
    assert refused(agree, cast=cast, goal=goal) == ("双方已经同意这个目标请刷新页面", "", "")


@pytest.mark.parametrize(
    ("due_on", "words"),
    [
        (dt.date(2026, 10, 27), "2026年10月27日已过请选择今天或之后的日期"),
        (dt.date(2026, 10, 28), None),
        (dt.date(2027, 6, 30), None),
        (dt.date(2027, 7, 1), "结对计划到2027年6月30日结束请选择此前的日期或请支部延长结对"),
    ],
)
def test_a_goal_is_due_from_today_until_the_links_end(due_on, words):
    found = goal_problems(due_on=due_on, steps=[], today=TODAY, link_ends_on=dt.date(2027, 6, 30))
    assert [(plain(problem), problem.field) for problem in found] == ([(words, "due_on")] if words else [])


@pytest.mark.parametrize(
    ("step_on", "is_kept", "words"),
    [
        (DUE, False, None),
        (DUE + dt.timedelta(days=1), False, "步骤“第一章”晚于目标日期2026年12月1日请选择更早的日期"),
        (TODAY, False, None),
        (dt.date(2026, 10, 27), False, "步骤“第一章”的日期已过请选择今天或之后的日期"),
        (dt.date(2026, 10, 27), True, None),
    ],
)
def test_a_step_is_due_by_the_goals_day_and_not_in_the_past_unless_it_was_there(step_on, is_kept, words):
    steps = [StepEntry("第一章", step_on, is_kept=is_kept)]
    found = goal_problems(due_on=DUE, steps=steps, today=TODAY, link_ends_on=None)
    assert [(plain(problem), problem.field) for problem in found] == ([(words, "steps")] if words else [])


@pytest.mark.parametrize(("count", "words"), [(STEPS_MAX, []), (STEPS_MAX + 1, ["一个目标最多6个步骤请合并其中两步"])])
def test_a_goal_has_at_most_six_steps(count, words):
    steps = [StepEntry("步", DUE)] * count
    assert [plain(p) for p in goal_problems(due_on=DUE, steps=steps, today=TODAY, link_ends_on=None)] == words


def test_a_service_refuses_what_the_rules_forbid_and_writes_nothing(cast, two):
    words, _rule, field = refused(propose, cast=cast, row=two, due_on=dt.date(2026, 10, 27))
    assert (words, field, MentoringGoal.objects.count()) == ("2026年10月27日已过请选择今天或之后的日期", "due_on", 0)


def test_only_the_two_and_only_while_the_link_runs(cast, two):
    from mentoring.services import end_link

    assert refused(propose, cast=cast, row=two, who="liu_secretary") == ("目标由帮扶双方自己商定", "", "")
    end_link(link=two, reason="实习", **act(cast, "liu_secretary"))
    assert refused(propose, cast=cast, row=two) == (
        "结对进行期间才能商定目标这一结对目前为“已结束”已写内容保留", "", "",
    )  # fmt: skip


def test_a_change_asks_the_other_again_keeps_done_steps_and_takes_the_missing_out(cast, two):
    goal = agree(cast, propose(cast, two, steps=[StepEntry("第一章", DUE), StepEntry("第二章", DUE)]))
    first, _second = goal.steps.order_by("pk")
    mentee = scope_for(cast.user("liu_activist"))
    goal_services.toggle_step(step=first, scope=mentee, today=TODAY)
    changed = goal_services.change_goal(
        goal=goal, what="读完《党章》并写心得", due_on=DUE, steps=[StepEntry("心得", DUE)], scope=mentee, today=TODAY,
        now=timezone.now(),
    )  # fmt: skip
    assert (changed.mentor_agreed_at, changed.mentee_agreed_at) == (None, timezone.now())
    assert changed.proposed_by == cast.person("liu_activist")
    assert sorted((step.what, step.done_on) for step in changed.steps.all()) == [("心得", None), ("第一章", TODAY)]
    assert [n.user for n in Notice.objects.filter(kind=notices_work.GOAL_PROPOSED, obsolete_at=None)] == [
        cast.user("liu_member")
    ]


def test_steps_and_reached_wait_until_both_agreed(cast, two):
    goal = propose(cast, two)
    scope = scope_for(cast.user("liu_member"))
    assert refused(goal_services.toggle_step, step=goal.steps.get(), scope=scope, today=TODAY) == (
        "这个目标双方尚未都同意请先同意再完成步骤", "", "",
    )  # fmt: skip
    assert refused(goal_services.reach_goal, goal=goal, scope=scope, today=TODAY, now=timezone.now()) == (
        "这个目标双方尚未都同意请先同意再标记为达成", "", "",
    )  # fmt: skip


def test_one_press_ticks_a_step_off_and_the_toast_takes_it_back(cast, two, sign_in):
    step = agree(cast, propose(cast, two)).steps.get()
    url, client = reverse("mentoring_step_done", args=[step.pk]), sign_in("liu_activist")
    back = f"/mentoring/links/{two.pk}/goals/"
    response = client.post(url, {"back": back})
    step.refresh_from_db()
    assert (response.url, step.done_on) == (f"{back}#goal-{step.goal_id}", TODAY)
    assert f'action="{url}"' in client.get(back).content.decode()
    client.post(url)
    assert GoalStep.objects.get().done_on is None


def test_a_form_never_sends_anybody_out_of_the_room(cast, two, sign_in):
    goal = propose(cast, two)
    for wanted in ("https://example.org/mentoring/", "//example.org", "/admin/"):
        response = sign_in("liu_activist").post(reverse("mentoring_goal_agree", args=[goal.pk]), {"back": wanted})
        assert response.url == f"/mentoring/links/{two.pk}/goals/#goal-{goal.pk}"


def test_reached_and_given_up_can_be_taken_back_and_giving_up_needs_a_reason(cast, two, sign_in):
    goal, client = agree(cast, propose(cast, two)), sign_in("liu_activist")
    client.post(reverse("mentoring_goal_reached", args=[goal.pk]))
    goal.refresh_from_db()
    assert goal.reached_on == TODAY
    client.post(reverse("mentoring_goal_reopen", args=[goal.pk]))
    drop = reverse("mentoring_goal_drop", args=[goal.pk])
    assert client.post(drop, {"reason": " "}).status_code == 400
    client.post(drop, {"reason": "课程改期"})
    goal.refresh_from_db()
    assert (goal.reached_on, goal.dropped_on, goal.drop_reason) == (None, TODAY, "课程改期")
    assert "课程改期" in sign_in("liu_member").get(f"/mentoring/links/{two.pk}/goals/").content.decode()


def test_the_form_writes_goal_and_steps_and_a_step_without_a_day_is_due_with_the_goal(cast, two, sign_in):
    data = {
        "what": "通过英语四级",
        "due_on": "2026-12-19",
        "step_0": "背单词",
        "step_0_due_on": "2026-11-20",
        "step_1": "模拟考",
    }
    sign_in("liu_activist").post(reverse("mentoring_link_goal_new", args=[two.pk]), data)
    goal = MentoringGoal.objects.get()
    assert goal.proposed_by == cast.person("liu_activist")
    assert [(step.what, step.due_on) for step in goal.steps.all()] == [
        ("背单词", dt.date(2026, 11, 20)), ("模拟考", dt.date(2026, 12, 19)),
    ]  # fmt: skip
    edit = reverse("mentoring_goal_edit", args=[goal.pk])
    page = sign_in("liu_member").get(edit).content.decode()
    assert [word for word in ("背单词", "2026-11-20", "模拟考") if word not in page] == []
    sign_in("liu_member").post(edit, data | {"step_1": "", "step_1_due_on": ""})
    assert [step.what for step in goal.steps.all()] == ["背单词"]


def test_what_is_refused_stays_in_the_form_with_its_reason(cast, two, sign_in):
    data = {"what": "通过英语四级", "due_on": "2026-10-27", "step_0_due_on": "2026-11-20"}
    response = sign_in("liu_activist").post(reverse("mentoring_link_goal_new", args=[two.pk]), data)
    page = plain(response.content.decode())
    assert (response.status_code, MentoringGoal.objects.count()) == (400, 0)
    assert "请写明这一步做什么或去掉它的日期" in page
    data.pop("step_0_due_on")
    response = sign_in("liu_activist").post(reverse("mentoring_link_goal_new", args=[two.pk]), data)
    assert "2026年10月27日已过请选择今天或之后的日期" in plain(response.content.decode())
    assert "通过英语四级" in response.content.decode()


def test_who_sees_the_link_reads_its_goals_and_only_the_two_change_them(cast, two, sign_in):
    goal = propose(cast, two)
    page, edit = reverse("mentoring_link_goals", args=[two.pk]), reverse("mentoring_goal_edit", args=[goal.pk])
    names = ("liu_member", "liu_activist", "liu_secretary", "civil_organiser", "er_secretary", "stranger")
    assert {name: (sign_in(name).get(page).status_code, sign_in(name).get(edit).status_code) for name in names} == {
        "liu_member": (200, 200), "liu_activist": (200, 200), "liu_secretary": (200, 403), "civil_organiser": (200, 403),
        "er_secretary": (404, 404), "stranger": (404, 404),
    }  # fmt: skip


def test_the_page_offers_each_what_is_theirs_to_do(cast, two):
    propose(cast, two)
    rows = {
        name: goals_of(two, scope_for(cast.user(name)), TODAY)[0]
        for name in ("liu_member", "liu_activist", "liu_secretary")
    }
    assert {name: (row.may_agree, row.may_change, row.may_reach) for name, row in rows.items()} == {
        "liu_member": (False, True, False), "liu_activist": (True, True, False), "liu_secretary": (False, False, False),
    }  # fmt: skip
    assert rows["liu_member"].words == "待对方同意"


def test_goals_are_read_in_two_queries_for_one_and_three(cast, two, django_assert_num_queries):
    scope = scope_for(cast.user("liu_member"))
    propose(cast, two)
    with django_assert_num_queries(2):
        assert len(goals_of(two, scope, TODAY)) == 1
    for _number in range(2):
        propose(cast, two)
    with django_assert_num_queries(2):
        assert len(goals_of(two, scope, TODAY)) == 3


@pytest.mark.parametrize(
    ("due_on", "today", "count"),
    [
        (dt.date(2026, 10, 28), dt.date(2026, 10, 28), 0),
        (dt.date(2026, 10, 28), dt.date(2026, 10, 29), 2),
        (dt.date(2026, 10, 28), dt.date(2026, 11, 4), 2),
        (dt.date(2026, 10, 28), dt.date(2026, 11, 5), 4),
    ],
)
def test_an_overdue_goal_reminds_both_on_the_day_after_and_every_week(cast, two, fixed_clock, due_on, today, count):
    agree(cast, propose(cast, two, due_on=due_on, steps=[]))
    # The first of these reminders is said the day after; look again on the day given.
    for day in sorted({min(today, dt.date(2026, 10, 29)), today}):
        fixed_clock.move_to(dt.datetime.combine(day, dt.time(9), dt.timezone(dt.timedelta(hours=8))))
        compute_reminders(now=timezone.now())
    assert Notice.objects.filter(kind=notices_work.GOAL_OVERDUE).count() == count


def test_reminders_ask_two_queries_for_any_number_and_leave_when_the_goal_is_reached(
    cast, two, fixed_clock, django_assert_num_queries
):
    goals = [agree(cast, propose(cast, two, due_on=TODAY, steps=[])) for _number in range(3)]
    propose(cast, two, due_on=TODAY, steps=[])
    fixed_clock.shift(dt.timedelta(days=2))
    now = timezone.now()
    with django_assert_num_queries(1):
        assert len(list(notices_work.compute_goals_overdue(now))) == 6
    compute_reminders(now=now)
    MentoringGoal.objects.filter(pk=goals[0].pk).update(reached_on=TODAY)
    retire_obsolete(now=now)
    overdue = Notice.objects.filter(kind=notices_work.GOAL_OVERDUE)
    assert (overdue.filter(obsolete_at=None).count(), overdue.exclude(obsolete_at=None).count()) == (4, 2)


def test_goals_stand_on_the_calendar_of_the_two_alone(cast, two):
    agree(cast, propose(cast, two))
    propose(cast, two, what="未同意")
    span = (dt.date(2026, 12, 1), dt.date(2026, 12, 31))
    found = {
        name: [(entry.title, entry.note) for entry in calendar_goals(scope_for(cast.user(name)), *span)]
        for name in ("liu_member", "liu_activist", "liu_secretary")
    }
    assert found == {
        "liu_member": [("读完《党章》", "蓝洋涵")], "liu_activist": [("读完《党章》", "周鑫")], "liu_secretary": [],
    }  # fmt: skip


def test_a_mentor_without_an_account_gets_no_notice(cast):
    mentor = add_person(cast, "老党员", "20250530099", branch=cast.liu, programme="upgrade", enrolment_year=2025,
                        applied_on=dt.date(2022, 1, 1), activist_on=dt.date(2022, 6, 1), candidate_on=dt.date(2023, 6, 1),
                        admitted_on=dt.date(2023, 8, 1), converted_on=dt.date(2024, 8, 1))  # fmt: skip
    row = link(cast, mentor, cast.person("liu_activist"), tier=2)
    propose(cast, row, who="liu_activist")
    assert Notice.objects.filter(kind=notices_work.GOAL_PROPOSED).count() == 0
    assert as_person(mentor).person_id == mentor.pk
