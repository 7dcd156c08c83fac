"""Guidance of League branches from arranging to its end: who may, what is written, and the words of each refusal."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from branches.models import LeagueBranch
from members.access import scope_for
from members.models import Person
from mentoring import guidance_services, services
from mentoring.models import LeagueGuidance
from tests.mentoring.crew import STARTS, TODAY, act, add_person, guide, seniors
from tests.mentoring.deeds import NOBODY_MAY, refusal, state_of
from tests.pairings.crew import activate


def scope(cast, name):
    return scope_for(cast.user(name))


def test_a_guidance_runs_at_once_and_keeps_its_areas_in_order(cast):
    person = seniors(cast, 1)[0]
    row = guide(cast, person, focus_areas=["safety", "politics", "cooking"], ends_on=dt.date(2027, 6, 30))
    row.refresh_from_db()
    assert (row.person, row.league_branch, row.party_branch) == (person, cast.one, cast.liu)
    assert (row.state, row.published_at, row.focus_areas) == ("active", timezone.now(), ["politics", "safety"])
    assert (row.starts_on, row.ends_on, row.ended_on) == (STARTS, dt.date(2027, 6, 30), None)
    assert (row.arranged_by, row.created_at) == (cast.user("liu_secretary"), timezone.now())


def test_where_no_branch_is_responsible_the_guide_s_own_keeps_it(cast):
    LeagueBranch.objects.filter(pk=cast.one.pk).update(party_branch=None)
    assert guide(cast, seniors(cast, 1)[0]).party_branch == cast.liu


def test_without_any_branch_nobody_keeps_it(cast):
    LeagueBranch.objects.filter(pk=cast.one.pk).update(party_branch=None)
    cast.one.refresh_from_db()
    person = add_person(cast, "无支部党员", "T09001", school_class=cast.class_26)
    words = refusal(guidance_services.guidance_keeper, guide=person, league_branch=cast.one)
    assert words == "土木系2026级土木工程团支部没有负责的党支部，无支部党员也不属于任何党支部。请先登记负责的党支部。"


def test_a_fourth_guide_is_refused(cast):
    people = seniors(cast, 4)
    for person in people[:3]:
        guide(cast, person)
    assert refusal(guide, cast=cast, person=people[3]) == (
        "不能结对：土木系2026级土木工程团支部已有 3 名帮扶人（上限 3）。请先终止其中一名的帮扶。（规则 R82）"
    )
    assert LeagueGuidance.objects.count() == 3


@pytest.mark.parametrize(
    ("programme", "year", "allowed"), [("upgrade", 2026, True), ("bachelor", 2024, True), ("bachelor", 2025, False)]
)
def test_the_year_counts_from_three_for_diploma_to_bachelor_students(cast, programme, year, allowed):
    """Against a League branch of year 2: new diploma-to-bachelor students are in year 3, second-year students too low."""
    person = seniors(cast, 1, programme=programme)[0]
    Person.objects.filter(pk=person.pk).update(enrolment_year=year)
    if allowed:
        assert guide(cast, person, cast.old).state == "active"
    else:
        assert refusal(guide, cast=cast, person=person, league_branch=cast.old) == (
            "老党员10为 2 年级，土木系2025级土木工程团支部为 2 年级。帮扶人的年级必须更高（专升本从 3 年级算起），"
            "请选择更高年级的党员。（规则 R83）"
        )


def test_what_only_warns_needs_a_word(cast):
    person = seniors(cast, 1, programme="bachelor")[0]
    Person.objects.filter(pk=person.pk).update(enrolment_year=2023)
    with pytest.raises(services.NeedsAWord) as caught:
        guide(cast, person, cast.old, accept_warnings=False)
    assert caught.value.text == (
        "老党员10不是专升本学生，方案优先安排专升本学生党员。（规则 R82） "
        "土木系2025级土木工程团支部为 2 年级，低年级团支部指 1 年级及以下。（规则 R75）"
    )
    assert [problem.rule for problem in caught.value.problems] == ["R82", "R75"]
    assert LeagueGuidance.objects.count() == 0
    assert guide(cast, person, cast.old, as_draft=True, accept_warnings=False).state == "draft"


def test_that_one_guide_is_too_few_stops_nobody(cast):
    assert guide(cast, seniors(cast, 1)[0], accept_warnings=False).state == "active"


def test_a_guide_of_a_paired_branch_while_the_pairing_runs(cast):
    person = cast.person("er_member")
    assert refusal(guide, cast=cast, person=person) == (
        "罗萍妍不在负责土木系2026级土木工程团支部的党支部，也不在与其结对的支部。请选择这些支部的党员。（规则 R90）"
    )
    activate(cast, helper=cast.er, partner=cast.liu)
    assert guide(cast, person).party_branch == cast.liu


@pytest.mark.parametrize("name", ["liu_secretary", "civil_organiser", "college_organiser"])
def test_who_keeps_it_arranges(cast, name):
    assert guide(cast, seniors(cast, 1)[0], who=name).arranged_by == cast.user(name)


@pytest.mark.parametrize(
    "name", ["er_secretary", "mech_organiser", "counsellor", "administrator", "liu_member", "league_secretary"]
)
def test_nobody_else_arranges(cast, name):
    assert refusal(guide, cast=cast, person=seniors(cast, 1)[0], who=name) == NOBODY_MAY
    assert LeagueGuidance.objects.count() == 0


def test_the_operator_s_command_line_needs_no_scope(cast):
    assert guide(cast, seniors(cast, 1)[0], scope=None, by=None).arranged_by is None


def test_one_takes_over_from_another(cast):
    people = seniors(cast, 4)
    rows = [guide(cast, person) for person in people[:3]]
    new = guide(cast, people[3], replaces=rows[0])
    rows[0].refresh_from_db()
    assert (rows[0].state, rows[0].ended_on, rows[0].end_reason) == ("ended", TODAY, "已交接给他人")
    assert (new.state, new.successor_of) == ("active", rows[0])
    assert refusal(guide, cast=cast, person=people[0], replaces=rows[0]) == "这对帮扶现为“已结束”。请刷新页面。"


def test_a_refused_hand_over_leaves_the_old_guidance_as_it_was(cast):
    first, second = seniors(cast, 2)
    old = guide(cast, first)
    guide(cast, second)
    assert (
        refusal(guide, cast=cast, person=second, replaces=old)
        == "老党员11已在帮扶土木系2026级土木工程团支部。请另选帮扶人。"
    )
    assert (state_of(old), old.history.count()) == ("active", 1)


def test_who_keeps_the_new_guidance_cannot_end_one_kept_elsewhere(cast):
    old = guide(cast, seniors(cast, 1)[0])
    theirs = LeagueBranch.objects.create(
        department=cast.mech,
        name="机械系2026级团支部",
        school_class=cast.class_24,
        enrolment_year=2026,
        party_branch=cast.er,
    )
    values = {"cast": cast, "person": cast.person("er_member"), "league_branch": theirs, "who": "er_secretary"}
    assert refusal(guide, replaces=old, **values) == NOBODY_MAY
    assert state_of(old) == "active"


# --- Drafts --------------------------------------------------------------------------------------


def publish(cast, rows, who="liu_secretary", **more):
    return guidance_services.publish_guidances(guidances=rows, **act(cast, who) | more)


def drafts(cast, count=2):
    return [guide(cast, person, as_draft=True, starts_on=dt.date(2026, 10, 1)) for person in seniors(cast, count)]


def test_published_drafts_run_from_today(cast):
    rows = drafts(cast)
    assert [row.published_at for row in rows] == [None, None]
    assert publish(cast, reversed(rows)) == rows
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.starts_on, row.published_at) == ("active", TODAY, timezone.now())
    assert publish(cast, rows) == []


def test_a_later_first_day_of_a_draft_is_kept(cast):
    row = guide(cast, seniors(cast, 1)[0], as_draft=True, starts_on=dt.date(2026, 11, 2))
    assert publish(cast, [row])[0].starts_on == dt.date(2026, 11, 2)


def test_one_draft_that_no_longer_fits_holds_all_of_them_back(cast):
    rows = drafts(cast)
    Person.objects.filter(pk=rows[1].person_id).update(stage="left", left_on=TODAY)
    assert refusal(publish, cast=cast, rows=rows) == "老党员11已离校，不能结对。请选择在校的人。"
    assert [state_of(row) for row in rows] == ["draft", "draft"]


def test_drafts_are_published_by_who_keeps_them(cast):
    rows = drafts(cast)
    assert refusal(publish, cast=cast, rows=rows, who="er_secretary") == NOBODY_MAY
    assert len(publish(cast, rows, who="civil_organiser")) == 2


def test_a_draft_is_discarded_once_and_by_who_keeps_it(cast):
    row, other = drafts(cast)
    discard = guidance_services.discard_guidance
    assert refusal(discard, guidance=row, scope=scope(cast, "liu_member")) == NOBODY_MAY
    discard(guidance=row, scope=scope(cast, "liu_secretary"))
    assert list(LeagueGuidance.objects.all()) == [other]
    assert refusal(discard, guidance=row, scope=scope(cast, "liu_secretary")) == "这份草稿刚刚已被撤下。请刷新页面。"
    assert publish(cast, [row, other]) == [other]
    words = refusal(discard, guidance=other, scope=scope(cast, "liu_secretary"))
    assert words == "这对帮扶已经公布，不能删除。可改为终止。"


# --- Focus and end -------------------------------------------------------------------------------


def set_focus(cast, row, who, areas=("ideology", "thought")):
    return guidance_services.set_focus(guidance=row, focus_areas=areas, scope=scope(cast, who))


@pytest.mark.parametrize("name", ["liu_member", "liu_secretary", "civil_organiser"])
def test_the_guide_and_who_keeps_it_set_the_focus(cast, name):
    row = guide(cast, cast.person("liu_member"))
    set_focus(cast, row, name)
    row.refresh_from_db()
    assert row.focus_areas == ["thought", "ideology"]


@pytest.mark.parametrize("name", ["liu_activist", "er_secretary", "league_secretary", "counsellor", "administrator"])
def test_others_do_not_set_the_focus(cast, name):
    row = guide(cast, cast.person("liu_member"))
    assert refusal(set_focus, cast=cast, row=row, who=name) == NOBODY_MAY
    row.refresh_from_db()
    assert row.focus_areas == ["study_climate"]


def end(cast, row, who="liu_secretary", reason="毕业"):
    return guidance_services.end_guidance(guidance=row, reason=reason, **act(cast, who))


def test_a_guidance_ends_once_with_a_reason(cast):
    row = guide(cast, cast.person("liu_member"))
    assert refusal(end, cast=cast, row=row, reason=" ") == "请写明原因，双方都会看到。"
    end(cast, row, reason=" 毕业 ")
    row.refresh_from_db()
    assert (row.state, row.ended_on, row.end_reason) == ("ended", TODAY, "毕业")
    for again in (
        lambda: refusal(end, cast=cast, row=row),
        lambda: refusal(set_focus, cast=cast, row=row, who="liu_member"),
    ):
        assert again() == "这对帮扶现为“已结束”。请刷新页面。"
    steps = row.history.order_by("history_id").values_list("history_type", "state")
    assert list(steps) == [("+", "active"), ("~", "ended")]


def test_a_guidance_that_had_not_begun_ends_on_its_first_day(cast):
    row = guide(cast, cast.person("liu_member"), starts_on=dt.date(2026, 11, 2))
    assert end(cast, row).ended_on == dt.date(2026, 11, 2)


@pytest.mark.parametrize("name", ["liu_member", "er_secretary", "league_secretary", "administrator"])
def test_neither_the_guide_nor_others_end_it(cast, name):
    row = guide(cast, cast.person("liu_member"))
    assert refusal(end, cast=cast, row=row, who=name) == NOBODY_MAY
    assert state_of(row) == "active"


def test_a_draft_is_not_ended(cast):
    assert refusal(end, cast=cast, row=drafts(cast, 1)[0]) == "这对帮扶现为“草稿”。请刷新页面。"
