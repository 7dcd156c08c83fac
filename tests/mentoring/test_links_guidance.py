"""Guidance of a League branch on its pages, the table of rules, and "may A help B?"."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mentoring.models import LeagueGuidance, Mentorship
from tests.mentoring.crew import guide, new_members, seniors
from tests.mentoring.link_pages import names, refusals, sent, text_of, toasts

# --- Tier 4 --------------------------------------------------------------------------------------


def test_a_league_branch_gets_a_guide_of_a_higher_year(cast, sign_in):
    secretary, guide_new = sign_in("liu_secretary"), reverse("mentoring_guidance_new")
    new_members(cast, 1)
    page = secretary.get(guide_new)
    assert [league.name for league in page.context["page"]] == [cast.one.name, cast.old.name]
    address = f"{guide_new}?league={cast.one.pk}"
    page = secretary.get(address)
    assert names(page.context["offers"].allowed) == ["上官涵", "周鑫"]
    assert refusals(page)["新党员1"][0] == ("新党员1不是正式党员。团支部由正式党员帮扶，请选择正式党员。", "R82")
    values = {"focus_areas": ["safety", "study_climate"]}
    answer = sent(secretary, address, cast.person("liu_member"), **values)
    row = LeagueGuidance.objects.get()
    assert answer.url == reverse("mentoring_guidance", args=[row.pk])
    assert (row.person, row.state, row.focus_areas) == (
        cast.person("liu_member"),
        "active",
        ["study_climate", "safety"],
    )
    again = sent(secretary, address, cast.person("liu_member"), **values)
    assert "周鑫已在帮扶土木系2026级土木工程团支部。请另选帮扶人。" in text_of(again)
    assert LeagueGuidance.objects.count() == 1


def test_a_fourth_guide_is_refused_in_words(cast, sign_in):
    for person in seniors(cast, 3):
        guide(cast, person)
    address = f"{reverse('mentoring_guidance_new')}?league={cast.one.pk}"
    words = "不能结对：土木系2026级土木工程团支部已有 3 名帮扶人（上限 3）。请先终止其中一名的帮扶。"
    secretary = sign_in("liu_secretary")
    page = secretary.get(address)
    assert names(page.context["offers"].allowed) == []
    assert [one.words for one in page.context["offers"].in_common] == []
    assert refusals(page)["周鑫"] == [(words, "R82")]
    answer = sent(secretary, address, cast.person("liu_member"))
    assert f"{words}（规则 R82）" in text_of(answer)
    assert LeagueGuidance.objects.count() == 3


def test_an_older_league_branch_and_a_bachelor_guide_ask_for_a_tick(cast, sign_in):
    person = seniors(cast, 1, programme="bachelor")[0]
    type(person).objects.filter(pk=person.pk).update(enrolment_year=2023)
    address = f"{reverse('mentoring_guidance_new')}?league={cast.old.pk}"
    secretary = sign_in("liu_secretary")
    answer = sent(secretary, address, person)
    assert answer.status_code == 400
    assert "老党员10不是专升本学生，方案优先安排专升本学生党员。（规则 R82）" in text_of(answer)
    assert "土木系2025级土木工程团支部为 2 年级，低年级团支部指 1 年级及以下。（规则 R75）" in text_of(answer)
    assert sent(secretary, address, person, accept_warnings="on").status_code == 302


def test_the_guide_and_the_secretary_choose_focus_areas(cast, sign_in):
    row = guide(cast, cast.person("liu_member"))
    address = reverse("mentoring_guidance", args=[row.pk])
    for who, status in [("liu_member", 302), ("liu_secretary", 302), ("league_secretary", 403), ("er_secretary", 404),
                        ("classmate", 404)]:  # fmt: skip
        assert sign_in(who).post(address, {"focus_areas": ["politics", "safety"]}).status_code == status
    row.refresh_from_db()
    assert row.focus_areas == ["politics", "safety"]
    league = sign_in("league_secretary").get(address)
    assert "政治建设、安全教育" in text_of(league)
    assert "保存帮扶重点" not in text_of(league)
    member = sign_in("liu_member")
    member.post(address, {"focus_areas": ["nonsense"]})
    assert toasts(member) == ["请从列表中选择帮扶重点。"]


def test_a_guidance_ends_with_a_reason(cast, sign_in):
    row, secretary = guide(cast, cast.person("liu_member")), sign_in("liu_secretary")
    address = reverse("mentoring_guidance_end", args=[row.pk])
    assert sign_in("liu_member").post(address, {"reason": "太忙"}).status_code == 403
    assert "请写明原因，双方都会看到。" in text_of(secretary.post(address, {"reason": ""}))
    assert secretary.post(address, {"reason": "学期结束"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "学期结束")


# --- The rules -----------------------------------------------------------------------------------


def test_everybody_reads_the_rules_and_who_sees_people_may_ask(cast, sign_in):
    page = sign_in("classmate").get(reverse("mentoring_rules"))
    for words in (
        "党员、积极分子帮扶同班同学",
        "一名老党员至多帮扶两名新党员",
        "R80",
        "学校分层帮扶方案",
        "每名老党员帮扶新党员至多",
        "正常：最近 30 天内有已确认的谈话",
        "久未联系：已有 60 天或更久没有已确认的谈话。",
    ):
        assert words in text_of(page)
    assert page.context["form"] is None
    assert "甲能帮扶乙吗？" in text_of(sign_in("liu_secretary").get(reverse("mentoring_rules")))


@pytest.mark.parametrize(
    ("tier", "mentor", "mentee", "words"),
    [
        (3, "周鑫", "20240510001", "可以结对：周鑫可以帮扶新党员1（规则 R80、R81、R86；资历要求：入党时间在先）。"),
        (3, "蓝洋涵", "新党员1", "蓝洋涵还不是正式党员。新党员由正式党员帮扶，请选择正式党员。"),
        (3, "周鑫", "周鑫", "周鑫不能自己帮扶自己。请另选帮扶人。"),
        (4, "周鑫", "2026级", "可以结对：周鑫可以帮扶土木系2026级土木工程团支部"),
        (3, "没有这人", "周鑫", "在您可查看的人员中没有“没有这人”。请核对姓名，或填写学号。"),
        (3, "新党员", "周鑫", "有多人符合：新党员1(土木系党总支第六党支部)、新党员2(土木系党总支第六党支部)。请填写学号。"),
        (3, "甘杰怡", "周鑫", "在您可查看的人员中没有“甘杰怡”。请核对姓名，或填写学号。"),
        (4, "周鑫", "不存在", "没有名为“不存在”的团支部。请核对名称。"),
    ],
)  # fmt: skip
def test_may_a_help_b_is_answered_in_words(cast, sign_in, tier, mentor, mentee, words):
    new_members(cast, 2)
    secretary = sign_in("liu_secretary")
    page = secretary.get(reverse("mentoring_rules"), {"tier": tier, "mentor": mentor, "mentee": mentee})
    assert words in text_of(page)
    assert Mentorship.objects.count() == 0


def test_the_guide_logs_from_the_page_of_the_guidance(cast, sign_in):
    row = guide(cast, cast.person("liu_member"))
    address = reverse("mentoring_guidance", args=[row.pk])
    assert f"?for=guidance-{row.pk}" in text_of(sign_in("liu_member").get(address))
    assert f"?for=guidance-{row.pk}" not in text_of(sign_in("liu_secretary").get(address))
