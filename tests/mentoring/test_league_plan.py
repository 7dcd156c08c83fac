"""The plan of a League branch: made from a template once a year, milestones ticked off, who may, who is reminded."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from branches.models import AcademicYear, LeagueModelType, Term
from members.access import scope_for
from mentoring import league_services, notices_work
from mentoring.calendar_source import milestones as calendar_milestones
from mentoring.league_template import TEMPLATES, planned_milestones
from mentoring.models import LeagueMilestone, LeaguePlan
from mentoring.tiers import FocusArea
from mentoring.work_rules import milestone_problems
from notifications.models import Notice
from notifications.services import compute_reminders
from tests.mentoring.crew import act, guide
from tests.mentoring.saying import plain, refused, said

TODAY = dt.date(2026, 10, 28)
ENDS = dt.date(2027, 8, 31)


def make(cast, who="league_secretary", **more) -> LeaguePlan:
    values = {"league_branch": cast.one, "academic_year": cast.year, "model_type": "theory-learning"} | more
    return league_services.make_plan(**values, **act(cast, who))


def milestone(cast, due_on=dt.date(2026, 11, 15), **more) -> LeagueMilestone:
    plan = LeaguePlan.objects.first() or make(cast, from_template=False)
    return LeagueMilestone.objects.create(plan=plan, what="成立学习小组", due_on=due_on, **more)


@pytest.mark.parametrize("model_type", LeagueModelType.values)
def test_each_model_type_has_its_milestones_spread_over_the_rest_of_the_year(model_type):
    lines = planned_milestones(model_type, starts_on=TODAY, ends_on=ENDS)
    assert 5 <= len(lines) <= 7
    days = [line.due_on for line in lines]
    assert days == sorted(set(days))
    assert TODAY < days[0] < days[-1] < ENDS
    assert {line.area for line in lines} <= set(FocusArea.values)
    assert {line.area for line in planned_milestones(model_type, starts_on=ENDS, ends_on=ENDS)} == {line.area for line in lines}  # fmt: skip


def test_the_templates_are_of_the_four_types_and_of_all_six_areas():
    assert set(TEMPLATES) == set(LeagueModelType.values)
    assert {line.area for lines in TEMPLATES.values() for line in lines} == set(FocusArea.values)


def test_two_taps_make_the_plan_with_chinese_milestones(cast, sign_in):
    page = reverse("mentoring_league", args=[cast.one.pk])
    client = sign_in("league_secretary")
    assert client.get(page).context["plan_form"]["model_type"].value() == "theory-learning"
    response = client.post(reverse("mentoring_league_plan", args=[cast.one.pk]), {"model_type": "online-publicity"})
    plan = LeaguePlan.objects.get()
    assert (response.url, plan.model_type, plan.academic_year, plan.made_by) == (
        page, "online-publicity", cast.year, cast.user("league_secretary"),
    )  # fmt: skip
    assert [plain(row.what) for row in plan.milestones.all()][:2] == [
        "组建网络宣传小组明确发布前的审核人", "开展防诈骗、保护隐私、文明上网教育",
    ]  # fmt: skip
    shown = client.get(page).content.decode()
    assert [text for text in ("网络宣传型", "意识形态", "安全教育") if text not in shown] == []


def test_an_empty_plan_and_a_milestone_of_ones_own(cast, sign_in):
    client = sign_in("league_secretary")
    client.post(reverse("mentoring_league_plan", args=[cast.one.pk]), {"model_type": "theory-learning", "empty": "1"})
    assert LeagueMilestone.objects.count() == 0
    data = {"what": "参观校史馆", "focus_area": "thought", "due_on": "2026-12-04"}
    response = client.post(reverse("mentoring_league_milestone_new", args=[cast.one.pk]), data)
    row = LeagueMilestone.objects.get()
    assert (row.what, row.focus_area, row.due_on) == ("参观校史馆", "thought", dt.date(2026, 12, 4))
    undo = reverse("mentoring_milestone_delete", args=[row.pk])
    assert f'action="{undo}"' in client.get(response.url).content.decode()
    client.post(undo)
    assert LeagueMilestone.objects.count() == 0


def test_one_plan_a_year(cast):
    make(cast)
    assert refused(make, cast=cast) == (
        "土木系2026级土木工程团支部已有2026–2027学年的计划请修改原计划", "", "",
    )  # fmt: skip
    over = AcademicYear.objects.create(start_year=2025, starts_on=dt.date(2025, 9, 1), ends_on=dt.date(2026, 8, 31))
    assert refused(make, cast=cast, academic_year=over)[0] == "2025–2026学年已结束请制订本学年的计划"
    assert refused(make, cast=cast, league_branch=cast.old, model_type="other", who="liu_secretary")[2] == "model_type"
    assert LeaguePlan.objects.count() == 1


def test_milestones_of_the_template_end_with_the_spring_term_or_in_june(cast):
    def last_due(**more) -> dt.date:
        LeaguePlan.objects.all().delete()
        return max(row.due_on for row in make(cast, **more).milestones.all())

    assert dt.date(2027, 6, 1) <= last_due() <= dt.date(2027, 6, 30)
    spring = Term.objects.create(
        academic_year=cast.year, season="spring", start_monday=dt.date(2027, 3, 1), teaching_weeks=10
    )
    assert dt.date(2027, 4, 1) <= last_due() <= spring.teaching_ends_on


@pytest.mark.parametrize(
    ("due_on", "fits"),
    [
        (dt.date(2026, 8, 31), False), (dt.date(2026, 9, 1), True), (dt.date(2027, 8, 31), True), (dt.date(2027, 9, 1), False),
    ],
)  # fmt: skip
def test_a_milestone_lies_in_the_plans_academic_year(due_on, fits):
    found = milestone_problems(due_on=due_on, year_starts_on=dt.date(2026, 9, 1), year_ends_on=ENDS)
    words = [] if fits else ["计划所在学年为2026年9月1日至2027年8月31日请选择其间的日期"]
    assert [plain(problem) for problem in found] == words


def test_a_day_outside_the_year_is_refused_in_the_form(cast, sign_in):
    make(cast, from_template=False)
    data = {"what": "总结", "focus_area": "", "due_on": "2027-09-01"}
    response = sign_in("league_secretary").post(reverse("mentoring_league_milestone_new", args=[cast.one.pk]), data)
    assert (response.status_code, LeagueMilestone.objects.count()) == (400, 0)
    assert "计划所在学年为2026年9月1日至2027年8月31日" in plain(response.content.decode())


def test_one_press_ticks_off_and_the_toast_takes_it_back_and_a_done_one_stays(cast, sign_in):
    row, client = milestone(cast), sign_in("league_secretary")
    url = reverse("mentoring_milestone_done", args=[row.pk])
    response = client.post(url, {"result": "12人参加"})
    row.refresh_from_db()
    assert (row.done_on, row.result) == (TODAY, "12人参加")
    assert f'action="{url}"' in client.get(response.url).content.decode()
    client.post(reverse("mentoring_milestone_delete", args=[row.pk]))
    assert LeagueMilestone.objects.count() == 1
    assert refused(
        league_services.delete_milestone, milestone=row, scope=scope_for(cast.user("league_secretary")), now=timezone.now()
    )[0] == "这个节点已完成请先重新打开再移除"  # fmt: skip
    client.post(url)
    row.refresh_from_db()
    assert (row.done_on, row.result) == (None, "12人参加")
    assert [version.done_on for version in row.history.order_by("history_id")] == [None, TODAY, None]


def test_a_milestone_and_the_type_can_be_changed(cast, sign_in):
    row, client = milestone(cast), sign_in("league_secretary")
    data = {"what": "成立两个学习小组", "focus_area": "study_climate", "due_on": "2026-11-20", "result": ""}
    client.post(reverse("mentoring_milestone_edit", args=[row.pk]), data)
    row.refresh_from_db()
    assert (row.what, row.focus_area, row.due_on) == ("成立两个学习小组", "study_climate", dt.date(2026, 11, 20))
    edit = reverse("mentoring_league_plan_edit", args=[cast.one.pk])
    client.post(edit, {"model_type": "culture-and-sports", "aim": "让每个人参加一次活动"})
    plan = LeaguePlan.objects.get()
    assert (plan.model_type, plan.aim, plan.milestones.count()) == ("culture-and-sports", "让每个人参加一次活动", 1)


def test_who_reads_the_plan_and_who_writes_it(cast, sign_in):
    guide(cast, cast.person("liu_member"))
    row = milestone(cast)
    page, done = reverse("mentoring_league", args=[cast.one.pk]), reverse("mentoring_milestone_done", args=[row.pk])
    names = (
        "league_secretary", "liu_member", "liu_secretary", "civil_organiser", "counsellor", "college_organiser", "liu_activist",
        "er_secretary", "stranger",
    )  # fmt: skip
    assert {name: (sign_in(name).get(page).status_code, sign_in(name).post(done).status_code) for name in names} == {
        "league_secretary": (200, 302), "liu_member": (200, 302), "liu_secretary": (200, 302), "civil_organiser": (200, 302),
        "counsellor": (200, 403), "college_organiser": (200, 403), "liu_activist": (403, 404), "er_secretary": (404, 404),
        "stranger": (404, 404),
    }  # fmt: skip
    for name in ("counsellor", "liu_activist", "er_secretary"):
        assert refused(make, cast=cast, who=name)[0] == "计划由团支书、帮扶党员和对口党支部书记制订"


def test_a_guide_from_another_department_comes_in_and_goes_when_the_guidance_ends(cast, sign_in):
    from mentoring.guidance_services import end_guidance
    from mentoring.models import LeagueGuidance

    row = LeagueGuidance.objects.create(
        person=cast.person("er_member"), league_branch=cast.one, party_branch=cast.liu, state="active", starts_on=TODAY,
        created_at=timezone.now(), published_at=timezone.now(), focus_areas=["ideology", "safety"],
    )  # fmt: skip
    page, client = reverse("mentoring_league", args=[cast.one.pk]), sign_in("er_member")
    assert "意识形态、安全教育" in client.get(page).content.decode()
    end_guidance(guidance=row, reason="实习", **act(cast, "liu_secretary"))
    assert client.get(page).status_code == 404


def test_without_an_academic_year_the_page_says_so(cast, sign_in, fixed_clock):
    fixed_clock.move_to(dt.datetime(2027, 9, 3, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    client = sign_in("liu_secretary")
    assert "尚未录入当前学年" in client.get(reverse("mentoring_league", args=[cast.one.pk])).content.decode()
    response = client.post(reverse("mentoring_league_plan", args=[cast.one.pk]), {"model_type": "theory-learning"})
    assert (response.status_code, LeaguePlan.objects.count()) == (400, 0)


def test_earlier_years_stay_to_read(cast, sign_in):
    before = AcademicYear.objects.create(start_year=2025, starts_on=dt.date(2025, 9, 1), ends_on=dt.date(2026, 8, 31))
    old = LeaguePlan.objects.create(
        league_branch=cast.one, academic_year=before, model_type="technology-innovation", made_by=cast.user("liu_secretary"),
        created_at=timezone.now(),
    )  # fmt: skip
    make(cast)
    client, page = sign_in("league_secretary"), reverse("mentoring_league", args=[cast.one.pk])
    assert client.get(page).context["plans"] == [old]
    assert client.get(page, {"year": "2025"}).context["plan"] == old


def test_the_page_asks_as_many_queries_for_one_and_three(cast, sign_in, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    milestone(cast)
    client, page = sign_in("league_secretary"), reverse("mentoring_league", args=[cast.one.pk])
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for day in (1, 2):
        milestone(cast, due_on=dt.date(2026, 12, day), focus_area="safety")
    with django_assert_num_queries(len(few)):
        assert len(client.get(page).context["milestones"]) == 3


@pytest.mark.parametrize(
    ("today", "saids"),
    [
        (dt.date(2026, 11, 7), []),
        (dt.date(2026, 11, 8), ["soon"]),
        (dt.date(2026, 11, 15), ["soon"]),
        (dt.date(2026, 11, 16), ["late0"]),
        (dt.date(2026, 11, 23), ["late1"]),
        (dt.date(2027, 8, 31), ["late41"]),
        (dt.date(2027, 9, 1), []),
    ],
)
def test_guides_and_the_league_secretary_hear_a_week_ahead_and_weekly_until_the_year_is_over(
    cast, fixed_clock, today, saids
):
    guide(cast, cast.person("liu_member"))
    milestone(cast)
    fixed_clock.move_to(dt.datetime.combine(today, dt.time(9), dt.timezone(dt.timedelta(hours=8))))
    notices = list(notices_work.compute_milestones_due(timezone.now()))
    both = sorted([cast.user("league_secretary").pk, cast.user("liu_member").pk])
    assert [(notice.user_id, notice.subject["said"]) for notice in notices] == [
        (user_id, word) for word in saids for user_id in both
    ]


def test_a_milestone_done_takes_its_reminder_away(cast, fixed_clock):
    row = milestone(cast, due_on=dt.date(2026, 10, 30))
    compute_reminders(now=timezone.now())
    notice = Notice.objects.get(kind=notices_work.MILESTONE_DUE)
    assert (notice.user, plain(said(notice)[0])) == (
        cast.user("league_secretary"), "土木系2026级土木工程团支部有一个节点将于2026年10月30日到期",
    )  # fmt: skip
    league_services.toggle_milestone(
        milestone=row, scope=scope_for(cast.user("league_secretary")), today=TODAY, now=timezone.now()
    )
    notice.refresh_from_db()
    assert notice.obsolete_at == timezone.now()


def test_reminders_ask_three_queries_for_any_number(cast, django_assert_num_queries):
    milestone(cast, due_on=TODAY)
    with django_assert_num_queries(3):
        assert len(list(notices_work.compute_milestones_due(timezone.now()))) == 1
    for _number in range(2):
        milestone(cast, due_on=TODAY)
    with django_assert_num_queries(3):
        assert len(list(notices_work.compute_milestones_due(timezone.now()))) == 3


def test_milestones_stand_on_the_calendar_until_done(cast):
    milestone(cast)
    milestone(cast, done_on=TODAY)
    span = (dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    names = ("league_secretary", "liu_secretary", "counsellor", "er_secretary")
    assert {name: len(list(calendar_milestones(scope_for(cast.user(name)), *span))) for name in names} == {
        "league_secretary": 1, "liu_secretary": 1, "counsellor": 0, "er_secretary": 0,
    }  # fmt: skip
