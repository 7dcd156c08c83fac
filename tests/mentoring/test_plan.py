"""The plan of a branch: proposed as drafts, thinned out, taken back, published; nobody told before, all or nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from members.models import Absence
from mentoring import plan_services
from mentoring.models import LeagueGuidance, Mentorship
from mentoring.plan_board import read_plan
from mentoring.services import arrange_link
from mentoring.tiers import Tier
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.pairings.crew import activate
from tests.pairings.deeds import race

from .crew import TODAY, act, activists, add_person, as_person, classmates, guide, link, new_members, seniors

ALL = list(Tier)


def propose(cast, tiers=ALL, who="liu_secretary"):
    return plan_services.propose_plan(branch=cast.liu, tiers=tiers, **act(cast, who))


def publish(cast, tiers=ALL, who="liu_secretary"):
    return plan_services.publish_plan(branch=cast.liu, tiers=tiers, **act(cast, who))


def drafts(tier):
    if tier == Tier.LEAGUE_BRANCHES:
        rows = LeagueGuidance.objects.filter(state="draft").order_by("person__number")
        return [(row.person.name, row.league_branch_id) for row in rows.select_related("person")]
    rows = Mentorship.objects.filter(state="draft", tier=tier).select_related("mentor", "mentee")
    return [(row.mentor.name, row.mentee.name) for row in rows.order_by("mentee__number")]


def page(sign_in, cast, who="liu_secretary"):
    return sign_in(who).get(reverse("mentoring_plan", args=[cast.liu.pk])).content.decode()


def press(sign_in, cast, name, who="liu_secretary", query="", **data):
    answer = sign_in(who).post(reverse(f"mentoring_plan_{name}", args=[cast.liu.pk]) + query, data, follow=True)
    return [(message.level_tag, message.message, message.extra_tags) for message in answer.context["messages"]]


@pytest.fixture
def liu(cast):
    """Branch Liu with three new members; the class of 2026 has two activists of the branch and two more classmates."""
    new_members(cast, 3)
    activists(cast, 2, school_class=cast.class_26)
    classmates(cast, 2)
    return cast


def test_all_four_tiers_are_drafted_with_reasons_and_nobody_is_told(liu):
    assert propose(liu) == plan_services.PlanReport(made=10, replaced=0)
    assert [mentee for _mentor, mentee in drafts(3)] == ["新党员1", "新党员2", "新党员3"]
    assert [mentee for _mentor, mentee in drafts(2)] == ["蓝洋涵", "积极分子20", "积极分子21"]
    # Four classmates, two who may help: first come those with the lowest number.
    assert [mentee for _mentor, mentee in drafts(1)] == ["张轩丽", "农军"]
    assert {mentor for mentor, _mentee in drafts(1)} == {"积极分子20", "积极分子21"}
    assert drafts(4) == [("上官涵", liu.one.pk), ("周鑫", liu.one.pk)]
    assert set(Mentorship.objects.filter(tier=2).values_list("is_formal", flat=True)) == {True}
    assert {row.score for row in Mentorship.objects.all()} == {
        sum(points for _key, points, _detail in row.reasons) for row in Mentorship.objects.all()
    }
    assert Notice.objects.count() == 0
    assert {row.history.count() for row in (*Mentorship.objects.all(), *LeagueGuidance.objects.all())} == {1}


def test_proposing_again_gives_the_same_drafts(liu):
    propose(liu)
    before = [drafts(tier) for tier in ALL]
    report = propose(liu, who="civil_organiser")
    assert (report.made, report.replaced, [drafts(tier) for tier in ALL]) == (10, 10, before)


def test_what_runs_and_what_was_drafted_by_hand_stays(liu):
    senior, one, two = liu.person("liu_member"), *new_members(liu, 2, start=8)
    link(liu, senior, one)
    by_hand = link(liu, senior, two, as_draft=True)
    propose(liu, [Tier.NEW_MEMBERS])
    propose(liu, [Tier.NEW_MEMBERS])
    # The senior's two places are taken; the other one has room for two of three.
    assert [mentor for mentor, mentee in drafts(3) if mentee.startswith("新党员") and mentee != two.name] == [
        "上官涵"
    ] * 2
    assert Mentorship.objects.get(pk=by_hand.pk).score is None


def test_the_page_says_who_is_drafted_why_and_who_stays_without(liu, sign_in):
    new_members(liu, 2, start=4)
    propose(liu)
    text = page(sign_in, liu)
    assert "第六党支部帮扶方案" in text
    assert "入党更早的正式党员名额已满（每人最多 2 人）" in text
    assert "本班党员和积极分子都已有帮扶对象（每人最多 1 人）" in text
    assert '<p class="muted">新党员5</p>' in text
    assert '<p class="muted">同学30、同学31</p>' in text
    assert "年级高 2 年 +10" in text
    assert "专升本学生 +20" in text


def test_who_could_be_served_at_once_is_called_so(liu, sign_in):
    text = page(sign_in, liu)
    assert text.count("有合适且有名额的人，可生成建议") == 4
    assert f"{liu.one.name}(0/2)" in text


def test_a_classmate_who_said_no_this_year_is_not_asked_again(liu, sign_in):
    from mentoring.services import answer_offer

    offer = link(liu, liu.person("liu_activist"), classmates_of_activist(liu), tier=1, accept=False)
    answer_offer(link=offer, accept=False, scope=as_person(offer.mentee), now=timezone.now(), today=TODAY)
    propose(liu, [Tier.CLASSMATES])
    assert offer.mentee.name not in [mentee for _mentor, mentee in drafts(1)]
    assert "本学年谢绝过一次，请先询问是否愿意再接受" in page(sign_in, liu)


def classmates_of_activist(cast):
    """Puts Liu's activist into the class of League branch One; returns a classmate."""
    activist = cast.person("liu_activist")
    activist.school_class = cast.class_26
    activist.save()
    return cast.person("classmate")


def test_support_needs_and_calls_for_help_change_nothing(liu):
    from mentoring.models import HelpRequest

    propose(liu, [Tier.CLASSMATES])
    before = drafts(1)
    HelpRequest.objects.create(person=classmates(liu, 1, start=50)[0], kind="first_mentor", asked_at=timezone.now())
    propose(liu, [Tier.CLASSMATES])
    assert drafts(1) == before


def test_a_secretary_proposes_only_classmates_they_may_see(liu):
    """RULES.md P6: the League branch of the class answers to another Party branch now."""
    liu.one.party_branch = liu.er
    liu.one.save()
    propose(liu)
    assert (drafts(1), drafts(4)) == ([], [])


def test_a_mentor_who_is_away_counts_fewer_months(liu):
    Absence.objects.create(person=liu.person("liu_member"), from_on=dt.date(2026, 11, 1), to_on=dt.date(2027, 1, 31))
    board = read_plan(liu.liu, scope=scope_for(liu.user("liu_secretary")), today=TODAY)
    months = {name: board.cards[liu.person(name).pk].months for name in ("liu_member", "liu_secretary")}
    # From 15 November on; both graduate on 30 June.
    assert (months["liu_member"], months["liu_secretary"]) == (0b11111000, 0b11111111)


def test_publishing_tells_everybody_once_a_link_and_asks_classmates_first(liu, sign_in):
    propose(liu)
    told = press(sign_in, liu, "publish")
    assert told == [("success", "已公布 10 条，通知 4 人；同班同学须先同意。", "")]
    states = set(Mentorship.objects.values_list("tier", "state"))
    assert (states, LeagueGuidance.objects.filter(state="active").count()) == (
        {(1, "offered"), (2, "active"), (3, "active")},
        2,
    )
    users = set(Notice.objects.values_list("user", flat=True))
    # Not the secretary who pressed the button, though she mentors; people without an account cannot be told.
    names = ("liu_member", "liu_activist", "league_secretary", "classmate")
    assert users == {liu.user(name).pk for name in names}


def test_the_question_names_as_many_people_as_are_told_then(liu, sign_in):
    propose(liu)
    text = page(sign_in, liu, "civil_organiser")
    report = publish(liu, who="civil_organiser")
    assert f"公布 10 条草稿？将通知 {report.told} 人。同班同学须先同意，其余帮扶立即开始。" in text
    assert report.told == Notice.objects.values("user").distinct().count()


def test_publishing_refuses_all_when_one_does_not_fit_any_more_and_names_it(liu):
    propose(liu, [Tier.NEW_MEMBERS])
    row = Mentorship.objects.filter(state="draft").order_by("mentee__number").select_related("mentor", "mentee").first()
    row.mentor.admitted_on = dt.date(2026, 5, 20)
    row.mentor.converted_on = dt.date(2026, 10, 1)
    row.mentor.save()
    with pytest.raises(Refused) as refusal:
        publish(liu, [Tier.NEW_MEMBERS])
    assert f"{row.mentor.name} → {row.mentee.name}" in refusal.value.text
    assert "规则 R81" in refusal.value.text
    assert refusal.value.text.startswith("未作任何更改：有 ")
    assert Mentorship.objects.exclude(state="draft").count() == 0
    assert Notice.objects.count() == 0


def test_one_tier_is_published_alone(liu):
    propose(liu)
    assert publish(liu, [Tier.ACTIVISTS]).published == 3
    assert (len(drafts(3)), drafts(2), len(drafts(1)), len(drafts(4))) == (3, [], 2, 2)


def test_a_draft_is_taken_off_and_taken_back(liu, sign_in):
    propose(liu, [Tier.NEW_MEMBERS])
    before = drafts(3)
    row = Mentorship.objects.get(mentee__name="新党员2")
    level, text, tags = press(sign_in, liu, "drop", row=f"l{row.pk}")[0]
    assert (level, text) == ("success", f"{row.mentor.name} → 新党员2 已从草稿中移除。")
    assert "新党员2" not in [mentee for _mentor, mentee in drafts(3)]
    undone = press(sign_in, liu, "restore", query="?" + tags.partition("?")[2])
    assert (undone[0][1], drafts(3)) == ("已恢复 1 条草稿。", before)
    back = Mentorship.objects.get(pk=row.pk)
    assert (back.reasons, back.score) == (row.reasons, row.score)


def test_a_whole_draft_is_thrown_away_and_taken_back(liu, sign_in):
    propose(liu)
    before = [drafts(tier) for tier in ALL]
    _level, text, tags = press(sign_in, liu, "discard")[0]
    assert (text, [drafts(tier) for tier in ALL]) == ("已放弃 10 条草稿。", [[], [], [], []])
    query = "?" + tags.partition("?")[2]
    assert press(sign_in, liu, "restore", query=query)[0][1] == "已恢复 10 条草稿。"
    assert [drafts(tier) for tier in ALL] == before
    assert press(sign_in, liu, "restore", query=query)[0][1] == "已没有可恢复的草稿。"


def test_what_was_taken_off_does_not_come_back_against_a_rule(liu):
    propose(liu, [Tier.NEW_MEMBERS])
    row = Mentorship.objects.get(mentee__name="新党员1")
    plan_services.drop_draft(branch=liu.liu, name=f"l{row.pk}", scope=scope_for(liu.user("liu_secretary")))
    for person in new_members(liu, 2, start=30):
        if Mentorship.objects.filter(mentor=row.mentor, state__in=("draft", "active")).count() < 2:
            link(liu, row.mentor, person)
    with pytest.raises(Refused) as refusal:
        plan_services.restore_drafts(
            branch=liu.liu, names=[f"l{row.pk}"], scope=scope_for(liu.user("liu_secretary")), by=None, today=TODAY
        )
    assert f"{row.mentor.name} → 新党员1" in refusal.value.text


def test_a_published_link_or_one_of_another_branch_is_not_taken_off(liu):
    running = link(liu, liu.person("liu_member"), new_members(liu, 1, start=9)[0])
    foreign = arrange_link(
        tier=3, mentor=liu.person("er_member"), mentee=liu.person("er_probationary"), starts_on=TODAY, as_draft=True,
        **act(liu, "er_secretary"),
    )  # fmt: skip
    for row in (running, foreign):
        with pytest.raises(Refused) as refusal:
            plan_services.drop_draft(branch=liu.liu, name=f"l{row.pk}", scope=scope_for(liu.user("liu_secretary")))
        assert refusal.value.text == "这条草稿已被移除或公布，请刷新页面。"
    assert Mentorship.objects.count() == 2


@pytest.mark.parametrize("name", ["propose", "publish", "discard", "drop", "restore"])
@pytest.mark.parametrize(("who", "code"), [("liu_member", 403), ("league_secretary", 403), ("er_secretary", 404)])
def test_the_plan_belongs_to_who_runs_the_branch(liu, sign_in, name, who, code):
    propose(liu)
    answer = sign_in(who).post(reverse(f"mentoring_plan_{name}", args=[liu.liu.pk]), {"row": "l1"})
    assert (answer.status_code, Mentorship.objects.filter(state="draft").count()) == (code, 8)


@pytest.mark.parametrize("data", [{"tier": "5"}, {"tier": "x"}])
def test_a_tier_there_is_not_is_not_found(liu, sign_in, data):
    address = reverse("mentoring_plan_propose", args=[liu.liu.pk])
    assert sign_in("liu_secretary").post(address, data).status_code == 404


@pytest.mark.parametrize("row", ["", "12", "x1", "l", "l１", "l" + "9" * 30])
def test_a_row_that_is_none_is_not_found(liu, sign_in, row):
    address = reverse("mentoring_plan_drop", args=[liu.liu.pk])
    assert sign_in("liu_secretary").post(address, {"row": row}).status_code == 404


def test_an_empty_plan_says_that_nobody_needs_one(cast, sign_in):
    text = sign_in("si_secretary").get(reverse("mentoring_plan", args=[cast.si.pk])).content.decode()
    assert text.count("本层目前没有需要安排帮扶人的人。") == 3
    assert "本支部没有负责的低年级团支部。" in text
    assert press_empty(sign_in, cast) == "目前无人可建议；下方逐一说明未安排帮扶人的原因。"
    address = reverse("mentoring_plan_publish", args=[cast.si.pk])
    answer = sign_in("si_secretary").post(address, follow=True)
    assert [message.message for message in answer.context["messages"]] == ["这里已没有草稿，请刷新页面。"]


def press_empty(sign_in, cast):
    answer = sign_in("si_secretary").post(reverse("mentoring_plan_propose", args=[cast.si.pk]), follow=True)
    return next(message.message for message in answer.context["messages"])


def test_a_member_of_a_paired_branch_is_named_with_their_branch(cast, sign_in):
    """San has one teacher as full member, admitted with everybody else; Er's members help where San has nobody."""
    activate(cast)
    person = add_person(cast, "新党员99", "20240320099", branch=cast.san, programme="diploma", enrolment_year=2024,
                        applied_on=dt.date(2024, 9, 20), activist_on=dt.date(2025, 3, 1), candidate_on=dt.date(2026, 3, 5),
                        admitted_on=dt.date(2026, 5, 20))  # fmt: skip
    for number in range(3):
        add_person(cast, f"新党员9{number}", f"2024032008{number}", branch=cast.san, programme="diploma", enrolment_year=2024,
                   applied_on=dt.date(2024, 9, 20), activist_on=dt.date(2025, 3, 1), candidate_on=dt.date(2026, 3, 5),
                   admitted_on=dt.date(2026, 5, 20))  # fmt: skip
    plan_services.propose_plan(branch=cast.san, tiers=[3], **act(cast, "san_secretary"))
    branches = list(Mentorship.objects.values_list("mentor__party_branch", flat=True))
    assert (branches.count(cast.san.pk), branches.count(cast.er.pk), person.mentorships_as_mentee.count()) == (2, 3, 1)
    text = sign_in("san_secretary").get(reverse("mentoring_plan", args=[cast.san.pk])).content.decode()
    assert "来自结对的第二党支部（本支部成员已无名额）" in text


def test_who_helps_too_many_is_called_overloaded(liu, sign_in):
    from branches.models import PolicyValue

    senior, mentees = liu.person("liu_member"), new_members(liu, 2, start=7)
    for mentee in mentees:
        link(liu, senior, mentee)
    PolicyValue.objects.create(key="senior_mentees_max", value="1", source="自定", effective_from=TODAY)
    text = page(sign_in, liu)
    assert "帮扶人数超出上限" in text
    assert "现有 2，上限 1" in text


def test_the_page_asks_as_often_for_sixty_people_as_for_three(cast, sign_in):
    new_members(cast, 1)
    activists(cast, 1, school_class=cast.class_26)
    classmates(cast, 1)
    guide(cast, cast.person("liu_member"))
    propose(cast)
    client, address = sign_in("liu_secretary"), reverse("mentoring_plan", args=[cast.liu.pk])
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    seniors(cast, 15)
    new_members(cast, 20, start=40)
    activists(cast, 15, school_class=cast.class_26, start=60)
    classmates(cast, 10, start=60)
    propose(cast)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few) <= 26


def test_proposing_and_publishing_ask_as_often_for_sixty_as_for_six(cast, django_assert_max_num_queries):
    seniors(cast, 15)
    new_members(cast, 20, start=40)
    activists(cast, 15, school_class=cast.class_26, start=60)
    classmates(cast, 10, start=60)
    with django_assert_max_num_queries(40):
        report = propose(cast)
    with django_assert_max_num_queries(50):
        assert publish(cast).published == report.made == 20 + 16 + 12 + 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_publish_at_once_and_one_plan_is_published(transactional_db, today):
    cast = build_cast(today)
    new_members(cast, 2)
    propose(cast)
    results = race(lambda index: publish(cast, who=("liu_secretary", "civil_organiser")[index]), 2)
    refusals = [result for result in results if isinstance(result, Refused)]
    reports = [result for result in results if isinstance(result, plan_services.PublishReport)]
    assert ([refusal.text for refusal in refusals], len(reports)) == (["这里已没有草稿，请刷新页面。"], 1)
    assert Mentorship.objects.filter(state="draft").count() == 0
    assert {row.history.count() for row in Mentorship.objects.all()} == {2}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_propose_at_once_and_no_senior_gets_a_third(transactional_db, today):
    cast = build_cast(today)
    new_members(cast, 4)
    results = race(lambda index: propose(cast, [3], ("liu_secretary", "civil_organiser")[index]), 2)
    assert sorted((report.made, report.replaced) for report in results) == [(4, 0), (4, 4)]
    assert Mentorship.objects.filter(state="draft", tier=3).count() == 4
