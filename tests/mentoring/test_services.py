"""Links from arranging to their end: who may, in which state, what is written, and the words of each refusal."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from branches.models import PolicyValue
from members.access import scope_for
from members.models import Person
from mentoring import services
from mentoring.models import Mentorship
from pairing_portal.common.problems import Refused
from tests.mentoring.crew import (
    STARTS,
    TODAY,
    act,
    activists,
    add_person,
    classmates,
    link,
    new_members,
    seniors,
)
from tests.mentoring.deeds import NOBODY_MAY, class_helper, many_contacts, refusal, state_of
from tests.pairings.crew import activate


@pytest.fixture
def helper(cast) -> Person:
    return class_helper(cast)


# --- Arranging -----------------------------------------------------------------------------------


def test_a_link_of_tier_three_runs_at_once(cast):
    fresh = new_members(cast, 1)[0]
    row = link(cast, cast.person("liu_member"), fresh, goal="  按期转正  ", ends_on=dt.date(2027, 6, 30))
    row.refresh_from_db()
    assert (row.tier, row.mentor, row.mentee, row.party_branch) == (3, cast.person("liu_member"), fresh, cast.liu)
    assert (row.state, row.published_at, row.answered_at) == ("active", timezone.now(), None)
    assert (row.goal, row.starts_on, row.ends_on, row.ended_on) == ("按期转正", STARTS, dt.date(2027, 6, 30), None)
    assert (row.arranged_by, row.created_at, row.is_formal) == (cast.user("liu_secretary"), timezone.now(), False)


def test_only_links_of_tier_two_are_formal(cast):
    assert link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2, is_formal=True).is_formal is True
    assert link(cast, cast.person("liu_member"), new_members(cast, 1)[0], tier=3, is_formal=True).is_formal is False


def test_a_classmate_is_asked_and_the_link_waits(cast, helper):
    row = link(cast, helper, classmates(cast, 1)[0], tier=1, accept=False)
    row.refresh_from_db()
    assert (row.state, row.published_at, row.answered_at) == ("offered", timezone.now(), None)


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_a_draft_is_not_published(cast, helper, tier):
    mentee = {1: classmates(cast, 1)[0], 2: activists(cast, 1)[0], 3: new_members(cast, 1)[0]}[tier]
    row = link(cast, helper if tier == 1 else cast.person("liu_member"), mentee, tier=tier, as_draft=True)
    row.refresh_from_db()
    assert (row.state, row.published_at) == ("draft", None)


def test_the_mentors_branch_keeps_a_link_between_classmates(cast, helper):
    away = add_person(cast, "外支部同学", "20260591999", branch=cast.er, school_class=cast.class_26)
    assert link(cast, helper, away, tier=1, accept=False).party_branch == cast.liu


def test_a_classmates_mentor_of_no_branch_is_refused(cast):
    one, other = classmates(cast, 2)
    for name, value in {"applied_on": dt.date(2025, 9, 20), "activist_on": dt.date(2026, 3, 1)}.items():
        setattr(one, name, value)
    one.settle_stage(TODAY)
    one.save()
    assert refusal(link, cast=cast, mentor=one, mentee=other, tier=1) == (
        "同学30不属于任何党支部，没有支部可以安排。请先在名册中登记所在支部。"
    )


def test_what_a_rule_forbids_is_refused_with_its_id_and_field(cast):
    senior, fresh = cast.person("liu_member"), new_members(cast, 3)
    for mentee in fresh[:2]:
        link(cast, senior, mentee)
    with pytest.raises(Refused) as caught:
        link(cast, senior, fresh[2])
    assert caught.value.text == (
        "不能结对：周鑫在本层次已有 2 名帮扶对象（上限 2）。可先终止其中一对，或另选帮扶人。（规则 R80）"
    )
    assert (caught.value.rule, caught.value.field) == ("R80", "mentor")
    assert Mentorship.objects.count() == 2
    PolicyValue.objects.create(key="senior_mentees_max", value="3", source="试行", effective_from=TODAY)
    link(cast, senior, fresh[2])
    assert Mentorship.objects.count() == 3


def test_drafts_take_places_and_ended_links_free_them(cast):
    senior, fresh = cast.person("liu_member"), new_members(cast, 3)
    first = link(cast, senior, fresh[0])
    link(cast, senior, fresh[1], as_draft=True)
    assert "（上限 2）" in refusal(link, cast=cast, mentor=senior, mentee=fresh[2])
    services.end_link(link=first, reason="已转正", **act(cast, "liu_secretary"))
    assert link(cast, senior, fresh[2]).state == "active"


def test_the_facts_are_read_anew_and_not_taken_from_the_form(cast):
    senior = cast.person("liu_member")
    Person.objects.filter(pk=senior.pk).update(stage="left", left_on=TODAY)
    assert (
        refusal(link, cast=cast, mentor=senior, mentee=new_members(cast, 1)[0])
        == "周鑫已离校，不能结对。请选择在校的人。"
    )


WARNING = "周鑫已是 5 名积极分子的培养联系人，超过 5 名难以深入了解。（规则 R04）"


def test_what_only_warns_needs_a_word(cast):
    senior, mentees = many_contacts(cast)
    values = {"tier": 2, "is_formal": True}
    with pytest.raises(services.NeedsAWord) as caught:
        link(cast, senior, mentees[5], accept_warnings=False, **values)
    assert (caught.value.text, [problem.rule for problem in caught.value.problems]) == (WARNING, ["R04"])
    assert Mentorship.objects.count() == 5
    assert link(cast, senior, mentees[5], accept_warnings=True, **values).state == "active"


def test_a_draft_takes_warnings_along(cast):
    senior, mentees = many_contacts(cast)
    row = link(cast, senior, mentees[5], tier=2, is_formal=True, as_draft=True, accept_warnings=False)
    assert row.state == "draft"


def test_what_blocks_is_not_opened_by_a_word(cast):
    words = refusal(
        link, cast=cast, mentor=cast.person("er_member"), mentee=new_members(cast, 1)[0], accept_warnings=True
    )
    assert words == (
        "罗萍妍（第二党支部）不在第六党支部，也不在与其结对的支部。请选择第六党支部的党员，或先办理支部结对。（规则 R90）"
    )


def test_a_mentor_of_a_paired_branch_may_be_arranged_while_the_pairing_runs(cast):
    fresh = new_members(cast, 1)[0]
    pairing = activate(cast, helper=cast.er, partner=cast.liu)
    row = link(cast, cast.person("er_member"), fresh)
    assert (row.state, row.party_branch) == ("active", cast.liu)
    services.end_link(link=row, reason="换人", **act(cast, "liu_secretary"))
    type(pairing).objects.filter(pk=pairing.pk).update(state="ended_early")
    assert refusal(link, cast=cast, mentor=cast.person("er_deputy"), mentee=fresh).endswith("（规则 R90）")


@pytest.mark.parametrize("name", ["liu_secretary", "civil_organiser", "college_organiser"])
def test_who_runs_the_branch_or_oversees_it_arranges(cast, name):
    assert link(cast, cast.person("liu_member"), new_members(cast, 1)[0], who=name).arranged_by == cast.user(name)


@pytest.mark.parametrize(
    "name",
    [
        "er_secretary",
        "si_secretary",
        "mech_organiser",
        "counsellor",
        "administrator",
        "liu_member",
        "league_secretary",
        "stranger",
    ],
)
def test_nobody_else_arranges_not_even_an_administrator(cast, name):
    assert (
        refusal(link, cast=cast, mentor=cast.person("liu_member"), mentee=new_members(cast, 1)[0], who=name)
        == NOBODY_MAY
    )
    assert Mentorship.objects.count() == 0


def test_the_secretary_of_the_mentor_does_not_arrange_for_the_branch_of_the_mentee(cast):
    activate(cast, helper=cast.er, partner=cast.liu)
    words = refusal(
        link, cast=cast, mentor=cast.person("er_member"), mentee=new_members(cast, 1)[0], who="er_secretary"
    )
    assert words == NOBODY_MAY


def test_the_operator_s_command_line_needs_no_scope(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0], scope=None, by=None)
    assert (row.state, row.arranged_by) == ("active", None)


def test_what_only_the_database_sees_is_said_in_words(cast, monkeypatch):
    senior, fresh = cast.person("liu_member"), new_members(cast, 1)[0]
    link(cast, senior, fresh)
    monkeypatch.setattr(services, "link_problems", lambda case: [])
    assert (
        refusal(link, cast=cast, mentor=senior, mentee=fresh) == "这对帮扶刚刚已经建立，或与现有结对不符。请刷新页面。"
    )
    assert Mentorship.objects.count() == 1


# --- Drafts --------------------------------------------------------------------------------------


def drafts(cast, count=3) -> list[Mentorship]:
    mentors = [*seniors(cast, 2), cast.person("liu_member")]
    return [
        link(cast, mentors[at], mentee, as_draft=True, starts_on=dt.date(2026, 10, 1))
        for at, mentee in enumerate(new_members(cast, count))
    ]


def publish(cast, rows, who="liu_secretary", **more):
    return services.publish_links(links=rows, **act(cast, who) | more)


def test_published_drafts_run_from_today(cast):
    rows = drafts(cast)
    assert publish(cast, reversed(rows)) == rows
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.starts_on, row.published_at) == ("active", TODAY, timezone.now())
    assert publish(cast, rows) == []


def test_a_later_first_day_of_a_draft_is_kept(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0], as_draft=True, starts_on=dt.date(2026, 11, 2))
    assert publish(cast, [row])[0].starts_on == dt.date(2026, 11, 2)


def test_a_published_draft_between_classmates_waits_for_the_mentee(cast, helper):
    row = link(cast, helper, classmates(cast, 1)[0], tier=1, as_draft=True)
    assert [link.state for link in publish(cast, [row])] == ["offered"]


def test_one_draft_that_no_longer_fits_holds_all_of_them_back(cast):
    rows = drafts(cast)
    Person.objects.filter(pk=rows[1].mentor_id).update(stage="left", left_on=TODAY)
    assert refusal(publish, cast=cast, rows=rows) == "老党员11已离校，不能结对。请选择在校的人。"
    assert [state_of(row) for row in rows] == ["draft", "draft", "draft"]


def test_drafts_of_a_branch_are_published_by_who_keeps_them(cast):
    rows = drafts(cast)
    assert refusal(publish, cast=cast, rows=rows, who="er_secretary") == NOBODY_MAY
    assert [row.state for row in publish(cast, rows, scope=None, by=None)] == ["active"] * 3


def test_a_draft_discarded_meanwhile_is_passed_over(cast):
    rows = drafts(cast)
    services.discard_draft(link=rows[0], scope=scope_for(cast.user("liu_secretary")))
    assert publish(cast, rows) == rows[1:]


def test_drafts_are_published_in_a_number_of_queries_that_grows_by_the_draft_only(cast, django_assert_max_num_queries):
    rows = drafts(cast)
    with django_assert_max_num_queries(70):
        publish(cast, rows)


def test_a_draft_is_discarded_once(cast):
    row = drafts(cast, 1)[0]
    scope = scope_for(cast.user("liu_secretary"))
    assert refusal(services.discard_draft, link=row, scope=scope_for(cast.user("liu_member"))) == NOBODY_MAY
    services.discard_draft(link=row, scope=scope)
    assert Mentorship.objects.count() == 0
    assert refusal(services.discard_draft, link=row, scope=scope) == "这份草稿刚刚已被撤下。请刷新页面。"


def test_a_published_link_is_not_discarded(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    words = refusal(services.discard_draft, link=row, scope=scope_for(cast.user("liu_secretary")))
    assert words == "这对帮扶已经公布，不能删除。可改为终止。"
    assert state_of(row) == "active"
