"""Who helps whom on the pages: what each role sees, who is offered, what is refused in words, and that nothing is written then."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mentoring.models import Mentorship
from notifications.models import Notice
from tests.mentoring.crew import activists, classmates, guide, link, new_members, seniors
from tests.mentoring.link_pages import NEW, first_of, names, refusals, sent, text_of, toasts

# --- The list ------------------------------------------------------------------------------------


@pytest.fixture
def three_links(cast):
    """A senior link, a contact, and one classmate who has not answered."""
    newcomer, classmate = new_members(cast, 1)[0], classmates(cast, 1)[0]
    helper = activists(cast, 1, school_class=cast.class_26)[0]
    return [
        link(cast, cast.person("liu_member"), newcomer),
        link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2, is_formal=True),
        link(cast, helper, classmate, tier=1, accept=False),
    ]


@pytest.mark.parametrize(
    ("who", "count"),
    [
        ("liu_secretary", 3), ("liu_member", 2), ("liu_activist", 1), ("civil_organiser", 3), ("counsellor", 1),
        ("league_secretary", 0), ("er_secretary", 0), ("mech_organiser", 0), ("stranger", 0), ("administrator", 3),
    ],
)  # fmt: skip
def test_each_role_sees_its_links(cast, sign_in, three_links, who, count):
    answer = sign_in(who).get(reverse("mentoring"))
    assert (answer.status_code, len(answer.context["rows"])) == (200, count)
    assert ("新建帮扶" in text_of(answer)) == (
        who in ("liu_secretary", "civil_organiser", "er_secretary", "mech_organiser")
    )


def test_the_filters_stand_in_words_and_in_the_address(cast, sign_in, three_links):
    secretary = sign_in("liu_secretary")
    page = secretary.get(reverse("mentoring"), {"tier": 3, "branch": cast.liu.pk, "state": "active", "q": "周鑫"})
    assert page.context["words"] == ["老党员帮扶新党员", "第六党支部", "进行中", "“周鑫”"]
    assert [row["link"].pk for row in page.context["rows"]] == [three_links[0].pk]
    waiting = secretary.get(reverse("mentoring"), {"state": "offered"})
    assert [row["link"].pk for row in waiting.context["rows"]] == [three_links[2].pk]
    early = secretary.get(reverse("mentoring"), {"health": "too_early"})
    assert len(early.context["rows"]) == 3
    assert "没有符合的结果" in text_of(secretary.get(reverse("mentoring"), {"health": "silent"}))
    assert secretary.get(reverse("mentoring"), {"state": "nonsense"}).status_code == 400


def test_numbers_of_people_one_does_not_see_are_not_searched(cast, sign_in, three_links):
    member, secretary = sign_in("liu_member"), sign_in("liu_secretary")
    number = three_links[0].mentee.number
    assert len(member.get(reverse("mentoring"), {"q": number}).context["rows"]) == 0
    assert len(secretary.get(reverse("mentoring"), {"q": number}).context["rows"]) == 1


def test_ended_links_are_shown_when_asked_for(cast, sign_in, three_links):
    secretary = sign_in("liu_secretary")
    secretary.post(reverse("mentoring_link_end", args=[three_links[0].pk]), {"reason": "两人专业方向不同"})
    assert len(secretary.get(reverse("mentoring")).context["rows"]) == 2
    ended = secretary.get(reverse("mentoring"), {"state": "ended"})
    assert [row["link"].pk for row in ended.context["rows"]] == [three_links[0].pk]


def test_an_empty_list_says_what_to_do_first(cast, sign_in):
    secretary, member = sign_in("liu_secretary"), sign_in("liu_member")
    page = text_of(secretary.get(reverse("mentoring")))
    assert "可先建一对：选层次，再选两个人" in page
    assert page.count(f'href="{NEW}"') == 2
    page = text_of(member.get(reverse("mentoring")))
    assert "支部安排结对后，这里列出谁帮扶您、您帮扶谁。" in page
    assert NEW not in page
    assert "还没有团支部帮扶" in text_of(secretary.get(reverse("mentoring"), {"tier": 4}))


def test_drafts_are_counted_and_lead_to_the_plan(cast, sign_in):
    link(cast, cast.person("liu_member"), new_members(cast, 1)[0], as_draft=True)
    guide(cast, cast.person("liu_member"), as_draft=True)
    page = sign_in("liu_secretary").get(reverse("mentoring"))
    assert page.context["drafts"] == [(cast.liu, 2)]
    assert sign_in("liu_member").get(reverse("mentoring")).context["drafts"] == []


def test_the_list_asks_the_same_queries_for_one_and_for_three_rows(cast, sign_in):
    secretary = sign_in("liu_secretary")
    secretary.get(reverse("mentoring"))
    people = new_members(cast, 3)
    mentors = seniors(cast, 3)
    counts = []
    for mentor, mentee in zip(mentors, people, strict=True):
        link(cast, mentor, mentee)
        guide(cast, mentor)
        with CaptureQueriesContext(connection) as links:
            secretary.get(reverse("mentoring"))
        with CaptureQueriesContext(connection) as guidances:
            secretary.get(reverse("mentoring"), {"tier": 4})
        counts.append((len(links), len(guidances)))
    assert counts[0] == counts[2]


# --- Who is offered ------------------------------------------------------------------------------


def test_only_who_arranges_links_opens_the_form(cast, sign_in):
    for who, status in [("liu_secretary", 200), ("civil_organiser", 200), ("liu_member", 403), ("counsellor", 403),
                        ("league_secretary", 403), ("stranger", 403), ("administrator", 403)]:  # fmt: skip
        assert sign_in(who).get(NEW).status_code == status
        assert sign_in(who).get(reverse("mentoring_guidance_new")).status_code == status


def test_the_first_step_offers_people_of_the_right_stage_only(cast, sign_in):
    secretary = sign_in("liu_secretary")
    new_members(cast, 1)
    classmates(cast, 1)

    def offered(**asked):
        return [row["person"].name for row in secretary.get(NEW, asked).context["people"]]

    assert offered(tier=3) == ["新党员1", "上官涵", "周鑫"]
    assert offered(tier=3, side="mentor") == ["上官涵", "周鑫"]
    assert offered(tier=2) == ["蓝洋涵"]
    assert offered(tier=1) == ["农军", "同学30", "张轩丽"]
    assert offered(tier=1, q="nong") == ["农军"]
    assert "先选层次，随后只列出规则允许的人。" in text_of(secretary.get(NEW, {"tier": 4}))
    assert secretary.get(NEW, {"tier": 3, "first": cast.person("er_member").pk}).status_code == 404
    assert secretary.get(NEW, {"tier": 3, "first": "x"}).status_code == 404


def test_the_other_list_holds_who_is_allowed_and_below_who_is_not_and_why(cast, sign_in):
    newcomer, full = new_members(cast, 3), seniors(cast, 1)[0]
    for mentee in newcomer[:2]:
        link(cast, full, mentee)
    page = sign_in("liu_secretary").get(first_of(3, newcomer[2]))
    assert names(page.context["offers"].allowed) == ["上官涵", "周鑫"]
    assert refusals(page) == {
        "老党员10": [
            ("不能结对：老党员10在本层次已有 2 名帮扶对象（上限 2）。可先终止其中一对，或另选帮扶人。", "R80")
        ],
        "新党员1": [
            ("新党员1还不是正式党员。新党员由正式党员帮扶，请选择正式党员。", "R81"),
            ("新党员1（2026年5月20日入党）入党不早于新党员3（2026年5月20日入党）。请选择在此之前入党的党员。", "R81"),
        ],
        "新党员2": [
            ("新党员2还不是正式党员。新党员由正式党员帮扶，请选择正式党员。", "R81"),
            ("新党员2（2026年5月20日入党）入党不早于新党员3（2026年5月20日入党）。请选择在此之前入党的党员。", "R81"),
        ],
    }
    assert "学校分层帮扶方案" in text_of(page)
    assert text_of(page).count('type="radio"') == 2


def test_a_search_explains_somebody_who_is_missing(cast, sign_in):
    newcomer = new_members(cast, 1)[0]
    page = sign_in("liu_secretary").get(first_of(3, newcomer, q="农军"))
    assert names(page.context["offers"].allowed) == []
    assert refusals(page)["农军"][0] == ("农军还不是正式党员。新党员由正式党员帮扶，请选择正式党员。", "R81")


def test_members_of_a_paired_branch_are_offered_by_name(cast, sign_in, monkeypatch):
    from mentoring import facts

    newcomer = new_members(cast, 1)[0]
    monkeypatch.setattr(
        facts, "branch_partners", [lambda ids, on: {pk: {cast.er.pk} for pk in ids if pk == cast.liu.pk}]
    )
    page = sign_in("liu_secretary").get(first_of(3, newcomer))
    assert "甘杰怡" in names(page.context["offers"].allowed)
    assert cast.person("er_secretary").number not in text_of(page)


def test_formal_contacts_are_full_members_and_peers_may_be_probationary(cast, sign_in):
    new_members(cast, 1)
    secretary, activist = sign_in("liu_secretary"), cast.person("liu_activist")
    peers = secretary.get(first_of(2, activist))
    assert names(peers.context["offers"].allowed) == ["上官涵", "新党员1", "周鑫"]
    formal = secretary.get(first_of(2, activist, formal=1))
    assert names(formal.context["offers"].allowed) == ["上官涵", "周鑫"]
    assert refusals(formal) == {
        "新党员1": [("新党员1是预备党员，不能担任正式培养联系人。请选择正式党员，或让新党员1担任朋辈帮扶人。", "R85")]
    }


def test_classmates_are_offered_members_and_activists_of_their_class(cast, sign_in):
    helper = activists(cast, 1, school_class=cast.class_26)[0]
    page = sign_in("liu_secretary").get(first_of(1, cast.person("classmate")))
    assert names(page.context["offers"].allowed) == [helper.name]
    back = sign_in("liu_secretary").get(first_of(1, helper, side="mentor"))
    assert names(back.context["offers"].allowed) == ["农军", "张轩丽"]


def test_a_long_list_is_cut_searched_and_asks_the_same_queries(cast, sign_in):
    secretary, newcomer = sign_in("liu_secretary"), new_members(cast, 1)[0]
    secretary.get(first_of(3, newcomer))
    with CaptureQueriesContext(connection) as few:
        secretary.get(first_of(3, newcomer))
    seniors(cast, 69, start=20)
    with CaptureQueriesContext(connection) as many:
        page = secretary.get(first_of(3, newcomer))
    assert len(many) == len(few)
    assert (len(page.context["offers"].allowed), page.context["offers"].hidden) == (60, 11)
    assert "另有 11 人未显示，可按姓名查找。" in text_of(page)
    found = secretary.get(first_of(3, newcomer, q="老党员88"))
    assert names(found.context["offers"].allowed) == ["老党员88"]


# --- Making a link -------------------------------------------------------------------------------


def test_a_link_is_made_once_however_often_the_form_is_sent(cast, sign_in):
    secretary, newcomer = sign_in("liu_secretary"), new_members(cast, 1)[0]
    address = first_of(3, newcomer)
    answer = sent(secretary, address, cast.person("liu_member"), goal="熟悉支部工作", ends_on="2027-06-30")
    row = Mentorship.objects.get()
    assert (answer.status_code, answer.url) == (302, reverse("mentoring_link", args=[row.pk]))
    assert (row.mentor, row.mentee, row.tier, row.state) == (cast.person("liu_member"), newcomer, 3, "active")
    assert (row.goal, row.ends_on, row.arranged_by) == (
        "熟悉支部工作",
        dt.date(2027, 6, 30),
        cast.user("liu_secretary"),
    )
    assert toasts(secretary) == ["周鑫开始帮扶新党员1，已通知双方。"]

    again = sent(secretary, address, cast.person("liu_member"))
    assert again.status_code == 400
    assert "周鑫与新党员1在本层次已经结对。请修改原来的结对，不要重复新建。" in text_of(again)
    assert Mentorship.objects.count() == 1


def test_a_classmate_is_asked_before_the_link_runs(cast, sign_in):
    helper = activists(cast, 1, school_class=cast.class_26)[0]
    secretary = sign_in("liu_secretary")
    sent(secretary, first_of(1, cast.person("classmate")), helper)
    row = Mentorship.objects.get()
    assert (row.state, row.party_branch) == ("offered", cast.liu)
    assert toasts(secretary) == ["已征求农军的意见，对方同意后帮扶开始。"]


def test_beginning_with_the_mentor_makes_the_same_link(cast, sign_in):
    newcomer = new_members(cast, 1)[0]
    sent(sign_in("liu_secretary"), first_of(3, cast.person("liu_member"), side="mentor"), newcomer)
    assert list(Mentorship.objects.values_list("mentor__name", "mentee__name")) == [("周鑫", "新党员1")]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("nobody", "请从名单中选择一人。"),
        ("third", "不能结对：周鑫在本层次已有 2 名帮扶对象（上限 2）。可先终止其中一对，或另选帮扶人。（规则 R80）"),
        ("junior", "新党员2还不是正式党员。新党员由正式党员帮扶，请选择正式党员。（规则 R81）"),
        ("period", "结束日期必须晚于开始日期。请改选更晚的结束日期。"),
        ("left", "上官涵已离校，不能结对。请选择在校的人。"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_on_the_form_and_nothing_is_written(cast, sign_in, case, words):
    newcomers, member = new_members(cast, 3), cast.person("liu_member")
    secretary, other, more = sign_in("liu_secretary"), member, {}
    if case == "third":
        link(cast, member, newcomers[1])
        link(cast, member, newcomers[2])
    elif case == "nobody":
        other = None
    elif case == "junior":
        other = newcomers[1]
    elif case == "period":
        more = {"ends_on": "2026-10-28"}
    elif case == "left":
        secretary, other = sign_in("civil_organiser"), cast.person("liu_secretary")
        type(other).objects.filter(pk=other.pk).update(stage="left", left_on=dt.date(2026, 10, 1))
    before = (Mentorship.objects.count(), Notice.objects.count())
    answer = sent(secretary, first_of(3, newcomers[0]), other, **more)
    assert answer.status_code == 400
    assert words in text_of(answer)
    assert (Mentorship.objects.count(), Notice.objects.count()) == before


def test_a_branch_that_is_not_paired_lends_nobody(cast, sign_in):
    """The department sees both; the rule still says no, and what would be allowed."""
    from members.models import Person

    newcomer = new_members(cast, 1)[0]
    other = cast.er
    other.department = cast.civil
    other.save()
    Person.objects.filter(party_branch=other).update(department=cast.civil)
    answer = sent(sign_in("civil_organiser"), first_of(3, newcomer), cast.person("er_member"))
    assert (
        "罗萍妍（第二党支部）不在第六党支部，也不在与其结对的支部。请选择第六党支部的党员，或先办理支部结对。（规则 R90）"
        in text_of(answer)
    )
    assert Mentorship.objects.count() == 0


def test_a_warning_asks_for_a_tick_before_anything_is_saved(cast, sign_in):
    mentor, secretary = cast.person("liu_member"), sign_in("liu_secretary")
    for mentee in activists(cast, 5):
        link(cast, mentor, mentee, tier=2, is_formal=True)
    address = first_of(2, cast.person("liu_activist"), formal=1)
    words = "周鑫已是 5 名积极分子的培养联系人，超过 5 名难以深入了解。"
    page = secretary.get(address)
    assert [one.words for offer in page.context["offers"].allowed for one in offer.warnings] == [words]
    answer = sent(secretary, address, mentor)
    assert answer.status_code == 400
    assert f"{words}（规则 R04）" in text_of(answer)
    assert Mentorship.objects.count() == 5
    assert sent(secretary, address, mentor, accept_warnings="on").status_code == 302
    assert Mentorship.objects.count() == 6


# --- One link ------------------------------------------------------------------------------------


def test_the_page_of_a_link_tells_both_what_holds(cast, sign_in, three_links):
    address = reverse("mentoring_link", args=[three_links[0].pk])
    page = sign_in("liu_secretary").get(address)
    assert page.context["may"] == {"log": False, "answer": False, "hand_on": True, "end": True, "plan": False}
    for words in (
        "老党员帮扶新党员",
        "一名老党员至多帮扶两名新党员",
        "土木系党总支第六党支部",
        "上官涵",
        "由上官涵安排",
        "已公布",
    ):
        assert words in text_of(page)
    page = sign_in("liu_member").get(address)
    assert page.context["may"] == {"log": True, "answer": False, "hand_on": False, "end": False, "plan": False}
    assert f"?for=link-{three_links[0].pk}" in text_of(page)
    assert "上官涵" not in text_of(page)
    for who in ("liu_activist", "er_secretary", "league_secretary", "counsellor", "stranger"):
        assert sign_in(who).get(address).status_code == 404


@pytest.mark.parametrize(("answer", "state", "said"), [
    ("accept", "active", "从现在起由积极分子20帮助您。"), ("decline", "declined", "已答复不同意，无须说明理由。"),
])  # fmt: skip
def test_only_the_classmate_answers_and_only_once(cast, sign_in, answer, state, said):
    helper = activists(cast, 1, school_class=cast.class_26)[0]
    row = link(cast, helper, cast.person("classmate"), tier=1, accept=False)
    address = reverse("mentoring_link_answer", args=[row.pk])
    assert sign_in("liu_secretary").post(address, {"answer": answer}).status_code == 403
    assert sign_in("league_secretary").post(address, {"answer": answer}).status_code == 404
    mentee = sign_in("classmate")
    assert "同意" in text_of(mentee.get(reverse("mentoring_link", args=[row.pk])))
    mentee.post(address, {"answer": "perhaps"})
    assert toasts(mentee) == ["请答复同意或不同意。"]
    mentee.post(address, {"answer": answer})
    row.refresh_from_db()
    assert row.state == state
    assert toasts(mentee) == [said]
    again = mentee.post(address, {"answer": answer})
    assert again.status_code == (302 if state == "active" else 404)
    assert Notice.objects.filter(kind="mentoring.answered").count() == 1


def test_a_secretary_ends_a_link_with_a_reason(cast, sign_in, three_links):
    row, secretary = three_links[0], sign_in("liu_secretary")
    address = reverse("mentoring_link_end", args=[row.pk])
    answer = secretary.post(address, {"reason": "  "})
    assert answer.status_code == 400
    assert "请写明原因，双方都会看到。" in text_of(answer)
    row.refresh_from_db()
    assert row.state == "active"
    assert secretary.post(address, {"reason": "帮扶目标已达成"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.ended_on, row.end_reason) == ("ended", dt.date(2026, 10, 28), "帮扶目标已达成")
    again = secretary.post(address, {"reason": "再次"})
    assert "这对帮扶现为“已结束”。请刷新页面。" in text_of(again)


def test_the_mentee_ends_without_a_reason_the_mentor_cannot(cast, sign_in, three_links):
    row = three_links[1]
    address = reverse("mentoring_link_end", args=[row.pk])
    assert sign_in("liu_member").post(address, {"reason": "太忙"}).status_code == 403
    assert sign_in("er_secretary").post(address, {"reason": "太忙"}).status_code == 404
    mentee = sign_in("liu_activist")
    assert "可以不写原因。" in text_of(mentee.get(address))
    mentee.post(address, {})
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "帮扶对象提出终止")


def test_a_link_is_handed_on_the_same_day(cast, sign_in):
    mentor, newcomers = seniors(cast, 1)[0], new_members(cast, 2)
    row = link(cast, mentor, newcomers[0], goal="熟悉支部工作")
    secretary = sign_in("liu_secretary")
    address = reverse("mentoring_link_hand_on", args=[row.pk])
    page = secretary.get(address)
    assert names(page.context["offers"].allowed) == ["上官涵", "周鑫"]
    assert secretary.post(address, {"person": newcomers[1].pk}).status_code == 400
    row.refresh_from_db()
    assert row.state == "active"

    answer = secretary.post(address, {"person": cast.person("liu_member").pk})
    following = Mentorship.objects.get(successor_of=row)
    assert answer.url == reverse("mentoring_link", args=[following.pk])
    row.refresh_from_db()
    assert (row.state, row.ended_on, row.end_reason) == ("ended", dt.date(2026, 10, 28), "已交接给他人")
    assert (following.state, following.mentor, following.goal) == ("active", cast.person("liu_member"), "熟悉支部工作")
    assert "接自老党员10" in text_of(secretary.get(answer.url))
    assert "已交接给周鑫" in text_of(secretary.get(reverse("mentoring_link", args=[row.pk])))
    for who, status in [("liu_member", 403), ("er_secretary", 404)]:
        assert sign_in(who).post(reverse("mentoring_link_hand_on", args=[following.pk]), {}).status_code == status
    refused = secretary.post(address, {"person": cast.person("liu_secretary").pk})
    assert "这对帮扶现为“已结束”。请刷新页面。" in text_of(refused)
