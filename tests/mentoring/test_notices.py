"""What is said about links and guidances: to whom, in which words, and when it need not be said any more."""

from __future__ import annotations

import pytest
from django.utils import timezone

from members.models import Post
from mentoring import guidance_services, services
from mentoring.models import Mentorship
from notifications.models import Notice
from notifications.services import retire_obsolete
from pairing_portal.common.registries import notice_kinds
from tests.mentoring.crew import TODAY, act, as_person, guide, link, new_members, seniors
from tests.mentoring.deeds import class_helper


def heard() -> list[tuple[str, str, str]]:
    """Who was told what, with the page it leads to; forgotten when asked."""
    rows = [(notice.user.display_name, notice.kind.removeprefix("mentoring."), notice.link)
            for notice in Notice.objects.select_related("user").order_by("kind", "user__display_name")]  # fmt: skip
    Notice.objects.all().delete()
    return rows


def spoken(notice: Notice) -> str:
    return " ".join(str(words) for words in notice_kinds.get(notice.kind).text(notice.subject))


@pytest.fixture
def offer(cast) -> Mentorship:
    return link(cast, class_helper(cast), cast.person("classmate"), tier=1, accept=False)


def answer(cast, row, accept):
    scope = act(cast, "classmate")["scope"]
    return services.answer_offer(link=row, accept=accept, scope=scope, now=timezone.now(), today=TODAY)


def test_an_offer_is_told_to_the_mentee_alone(cast, offer):
    assert heard() == [("农军", "offered", "/mentoring/me/")]


def test_a_yes_is_told_to_the_mentor_and_the_secretary(cast, offer):
    heard()
    answer(cast, offer, True)
    page = f"/mentoring/links/{offer.pk}/"
    assert heard() == [("上官涵", "answered", page), ("蓝洋涵", "answered", page)]


def test_a_mentee_with_a_post_in_the_branch_is_not_told_of_their_own_answer(cast, offer):
    Post.objects.create(person=cast.person("classmate"), party_branch=cast.liu, kind="deputy_secretary", since=TODAY)
    heard()
    answer(cast, offer, True)
    assert [name for name, _kind, _page in heard()] == ["上官涵", "蓝洋涵"]


def test_after_a_no_the_mentor_is_not_sent_to_a_page_that_is_closed_to_them(cast, offer):
    heard()
    answer(cast, offer, False)
    assert heard() == [
        ("上官涵", "answered", f"/mentoring/links/{offer.pk}/"),
        ("蓝洋涵", "answered", "/mentoring/me/"),
    ]
    scopes = {name: act(cast, name)["scope"] for name in ("liu_secretary", "liu_activist")}
    assert [Mentorship.objects.visible_to(scope).count() for scope in scopes.values()] == [1, 0]


@pytest.mark.parametrize("accept", [True, False])
def test_an_answered_offer_leaves_the_bell_at_once(cast, offer, accept):
    answer(cast, offer, accept)
    assert Notice.objects.get(kind="mentoring.offered").obsolete_at == timezone.now()


def test_an_offer_taken_back_leaves_the_bell_at_once(cast, offer):
    services.end_link(link=offer, reason="另有安排", **act(cast, "liu_secretary"))
    assert Notice.objects.get(kind="mentoring.offered").obsolete_at == timezone.now()


def test_an_offer_that_is_none_any_more_is_not_sent_later(cast, offer):
    retire_obsolete(now=timezone.now())
    assert Notice.objects.get(kind="mentoring.offered").obsolete_at is None
    Mentorship.objects.filter(pk=offer.pk).update(state="ended", ended_on=TODAY)
    retire_obsolete(now=timezone.now())
    assert Notice.objects.get(kind="mentoring.offered").obsolete_at == timezone.now()


def test_a_link_that_begins_and_ends_is_told_to_both_but_not_to_who_did_it(cast):
    mentee = new_members(cast, 1)[0]
    as_person(mentee)
    row = link(cast, cast.person("liu_member"), mentee)
    assert heard() == [("周鑫", "began", "/mentoring/me/"), ("新党员1", "began", "/mentoring/me/")]
    services.end_link(link=row, reason="", scope=as_person(mentee), by=mentee.user, today=TODAY, now=timezone.now())
    assert heard() == [("周鑫", "ended", "/mentoring/me/")]
    mine = link(cast, cast.person("liu_secretary"), mentee)
    assert heard() == [("新党员1", "began", "/mentoring/me/")]
    services.end_link(link=mine, reason="换人", **act(cast, "liu_secretary"))
    assert heard() == [("新党员1", "ended", "/mentoring/me/")]


def test_a_draft_is_told_to_nobody_until_it_is_published(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0], as_draft=True)
    assert heard() == []
    services.publish_links(links=[row], **act(cast, "liu_secretary"))
    assert heard() == [("周鑫", "began", "/mentoring/me/")]


def test_who_hands_over_and_who_takes_over_are_both_told(cast):
    following = seniors(cast, 1)[0]
    as_person(following)
    old = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    heard()
    services.hand_on(link=old, mentor=following, **act(cast, "liu_secretary"))
    assert heard() == [("老党员10", "began", "/mentoring/me/"), ("周鑫", "ended", "/mentoring/me/")]


def test_a_guidance_is_told_to_the_guide_and_the_league_secretary(cast):
    page = f"/mentoring/league/{cast.one.pk}/"
    row = guide(cast, cast.person("liu_member"))
    assert heard() == [("周鑫", "guidance_began", page), ("张轩丽", "guidance_began", page)]
    following = seniors(cast, 1)[0]
    as_person(following)
    new = guide(cast, following, replaces=row)
    assert heard() == [
        ("张轩丽", "guidance_began", page), ("老党员10", "guidance_began", page),
        ("周鑫", "guidance_ended", page), ("张轩丽", "guidance_ended", page),
    ]  # fmt: skip
    guidance_services.end_guidance(guidance=new, reason="毕业", **act(cast, "liu_secretary"))
    assert heard() == [("张轩丽", "guidance_ended", page), ("老党员10", "guidance_ended", page)]


def test_who_arranges_their_own_guidance_is_not_told(cast):
    guide(cast, cast.person("liu_secretary"))
    assert [name for name, _kind, _page in heard()] == ["张轩丽"]


def test_a_refusal_tells_nobody(cast):
    mentor, mentee = cast.person("liu_member"), new_members(cast, 1)[0]
    link(cast, mentor, mentee)
    heard()
    with pytest.raises(services.Refused):
        link(cast, mentor, mentee)
    assert heard() == []


def test_no_notice_names_the_two_or_says_why(cast, offer):
    answer(cast, offer, True)
    mentee = new_members(cast, 1)[0]
    as_person(mentee)
    row = link(cast, cast.person("liu_member"), mentee)
    services.end_link(link=row, reason="家庭困难", **act(cast, "liu_secretary"))
    guide(cast, cast.person("liu_member"))
    notices = list(Notice.objects.all())
    assert {notice.kind.removeprefix("mentoring.") for notice in notices} == {
        "offered", "answered", "began", "ended", "guidance_began",
    }  # fmt: skip
    text = " ".join(f"{spoken(notice)} {notice.subject}" for notice in notices)
    for word in ("农军", "蓝洋涵", "新党员1", "周鑫", "家庭困难"):
        assert word not in text


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        ("offered", {}, "同班有人愿意帮助您 请查看是谁，并答复同意或不同意，无须说明理由。"),
        ("began", {}, "您的一对帮扶已经开始 对方是谁、如何联系、约定了什么，请看您的页面。"),
        ("answered", {"accepted": True}, "对方同意结对 帮扶从现在开始。"),
        ("answered", {"accepted": False}, "对方没有同意结对 也许另有更合适的人，不同意无须说明理由。"),
        ("ended", {}, "您的一对帮扶已经终止 已填写的记录予以保留，继续计入统计。"),
        ("guidance_began", {"name": "甲团支部"}, "开始帮扶：甲团支部 页面上有建设计划、节点和帮扶重点。"),
        ("guidance_ended", {"name": "甲团支部"}, "帮扶已终止：甲团支部 已填写的记录予以保留，继续计入统计。"),
    ],
)
def test_the_words_of_each_notice(kind, subject, words):
    assert spoken(Notice(kind=f"mentoring.{kind}", subject=subject)) == words
