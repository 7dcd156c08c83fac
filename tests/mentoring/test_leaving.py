"""What leaving ends in this room: links and guidances, drafts go, who stays is told; the preview says it before."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.leaving_services import save_leaver
from members.models import Post
from members.services import leave_people
from mentoring import services
from mentoring.models import LeagueGuidance, Mentorship
from notifications.models import Notice
from pairing_portal.common.registries import leave_effects
from tests.mentoring.crew import TODAY, act, activists, as_person, guide, link, new_members, seniors
from tests.mentoring.deeds import class_helper


@pytest.fixture
def busy(cast):
    """liu_member mentors two, is a draft's mentor, guides One, is about to guide Old; others have links of their own."""
    senior, (first, second, third), other = cast.person("liu_member"), new_members(cast, 3), seniors(cast, 1)[0]
    activist = activists(cast, 1)[0]
    return {
        "mentor": link(cast, senior, first, starts_on=dt.date(2026, 9, 1)),
        "later": link(cast, senior, second, starts_on=dt.date(2026, 11, 2)),
        "draft": link(cast, senior, activist, tier=2, as_draft=True),
        "guide": guide(cast, senior, starts_on=dt.date(2026, 9, 1)),
        "plan": guide(cast, senior, cast.old, as_draft=True),
        "others": link(cast, other, third),
        "other_guide": guide(cast, other),
    }


LINES = ["周鑫 → 新党员1", "周鑫 → 新党员2", "周鑫 → 积极分子20"]
LEAGUES = ["周鑫 → 土木系2026级土木工程团支部", "周鑫 → 土木系2025级土木工程团支部"]


def leave(cast, *people, left_on=TODAY):
    return leave_people(people=people, left_on=left_on, today=TODAY, by=cast.user("civil_organiser"))


def test_the_preview_names_what_would_end_and_ends_nothing(cast, busy):
    lines = services.preview_links_of([cast.person("liu_member").pk])
    assert sorted(lines) == sorted(LINES + LEAGUES)
    assert services.preview_links_of([cast.person("er_member").pk]) == []
    assert Mentorship.objects.open().count() == 4


def test_the_room_is_asked_when_somebody_leaves(cast, busy):
    effect = leave_effects.get("mentoring")
    assert str(effect.label) == "帮扶结对终止"
    assert len(effect.preview([cast.person("liu_member").pk])) == 5


def test_open_links_and_guidances_end_and_drafts_go(cast, busy):
    lines = leave(cast, cast.person("liu_member"), left_on=dt.date(2026, 10, 20))
    assert sorted(line for line in lines if "→" in line) == sorted(LINES + LEAGUES)
    ended = {name: type(row).objects.get(pk=row.pk) for name, row in busy.items() if name not in ("draft", "plan")}
    assert {name: (row.state, row.ended_on, row.end_reason) for name, row in ended.items()} == {
        "mentor": ("ended", dt.date(2026, 10, 20), "已离校"),
        "later": ("ended", dt.date(2026, 11, 2), "已离校"),
        "guide": ("ended", dt.date(2026, 10, 20), "已离校"),
        "others": ("active", None, ""),
        "other_guide": ("active", None, ""),
    }
    assert not Mentorship.objects.filter(pk=busy["draft"].pk).exists()
    assert not LeagueGuidance.objects.filter(pk=busy["plan"].pk).exists()
    assert ended["mentor"].history.count() == 2


def test_leaving_twice_changes_nothing_more(cast, busy):
    leave(cast, cast.person("liu_member"))
    before = Mentorship.history.count()
    assert [line for line in leave(cast, cast.person("liu_member")) if "→" in line] == []
    assert Mentorship.history.count() == before


def test_a_mentee_who_leaves_ends_their_links_too(cast, busy):
    lines = leave(cast, busy["others"].mentee)
    assert [line for line in lines if "→" in line] == ["老党员10 → 新党员3"]
    assert Mentorship.objects.get(pk=busy["others"].pk).state == "ended"


def test_two_who_leave_together_end_their_link_once(cast, busy):
    row = busy["others"]
    lines = leave(cast, row.mentor, row.mentee)
    assert lines.count("老党员10 → 新党员3") == 1
    assert row.history.count() == 2


def test_who_stays_is_told_and_who_left_is_not(cast, busy):
    as_person(busy["mentor"].mentee)
    Notice.objects.all().delete()
    leave(cast, cast.person("liu_member"))
    told = Notice.objects.filter(kind__startswith="mentoring.").values_list("kind", "user__display_name")
    assert sorted(told) == [("mentoring.ended", "新党员1"), ("mentoring.guidance_ended", "张轩丽")]


def test_an_offer_of_somebody_who_left_leaves_the_bell(cast):
    row = link(cast, class_helper(cast), cast.person("classmate"), tier=1, accept=False)
    leave(cast, cast.person("liu_activist"))
    row.refresh_from_db()
    assert (row.state, row.ended_on, row.answered_at) == ("ended", TODAY, None)
    assert Notice.objects.get(kind="mentoring.offered").obsolete_at == timezone.now()
    scope = act(cast, "classmate")["scope"]
    with pytest.raises(services.Refused, match="这份帮扶意向现为“已结束”。请刷新页面。"):
        services.answer_offer(link=row, accept=True, scope=scope, now=timezone.now(), today=TODAY)


def test_a_place_is_free_again_after_the_mentee_left(cast):
    senior, fresh = cast.person("liu_member"), new_members(cast, 3)
    for mentee in fresh[:2]:
        link(cast, senior, mentee)
    leave(cast, fresh[0])
    assert link(cast, senior, fresh[2]).state == "active"


def test_from_the_roster_posts_and_links_end_with_the_person(cast):
    person = cast.person("liu_secretary")
    row = link(cast, person, new_members(cast, 1)[0])
    person.left_on = TODAY
    lines = save_leaver(person=person, by=cast.user("civil_organiser"), today=TODAY, now=timezone.now())
    assert "上官涵 → 新党员1" in lines
    row.refresh_from_db()
    assert (row.state, Post.objects.get(person=person).ended_on) == ("ended", TODAY)


def test_nobody_who_left_is_linked_again(cast):
    person = cast.person("liu_member")
    leave(cast, person)
    with pytest.raises(services.Refused) as caught:
        link(cast, person, new_members(cast, 1)[0])
    assert caught.value.text == "周鑫已离校，不能结对。请选择在校的人。"


@pytest.mark.parametrize("count", [1, 3])
def test_the_preview_asks_the_same_for_one_and_for_three(cast, count, django_assert_num_queries):
    people = seniors(cast, count)
    for person, mentee in zip(people, new_members(cast, count), strict=True):
        link(cast, person, mentee)
    with django_assert_num_queries(2):
        assert len(services.preview_links_of([person.pk for person in people])) == count
