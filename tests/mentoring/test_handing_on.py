"""Links from the offer's answer to their end: who answers, ends and hands on, and what stays when it is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.access import scope_for
from members.models import Person
from mentoring import services
from mentoring.models import Mentorship
from tests.cast import MEMBER
from tests.mentoring.crew import STARTS, TODAY, act, add_person, as_person, link, new_members, seniors
from tests.mentoring.deeds import NOBODY_MAY, class_helper, many_contacts, refusal, state_of


@pytest.fixture
def helper(cast) -> Person:
    return class_helper(cast)


# --- The answer of tier 1 ------------------------------------------------------------------------


@pytest.fixture
def offer(cast, helper) -> Mentorship:
    return link(cast, helper, cast.person("classmate"), tier=1, accept=False)


def answer(cast, row, accept=True, who="classmate", today=TODAY):
    scope = scope_for(cast.user(who))
    return services.answer_offer(link=row, accept=accept, scope=scope, now=timezone.now(), today=today)


def test_a_yes_makes_the_link_run(cast, offer):
    answer(cast, offer)
    offer.refresh_from_db()
    assert (offer.state, offer.answered_at, offer.ended_on) == ("active", timezone.now(), None)


@pytest.mark.parametrize(("starts_on", "ended_on"), [(STARTS, TODAY), (dt.date(2026, 11, 5), dt.date(2026, 11, 5))])
def test_a_no_frees_the_mentor(cast, helper, starts_on, ended_on):
    row = link(cast, helper, cast.person("classmate"), tier=1, accept=False, starts_on=starts_on)
    answer(cast, row, accept=False)
    row.refresh_from_db()
    assert (row.state, row.answered_at, row.ended_on, row.end_reason) == ("declined", timezone.now(), ended_on, "")
    assert link(cast, helper, cast.person("classmate"), tier=1, accept=False).state == "offered"


@pytest.mark.parametrize(
    "name", ["liu_activist", "liu_secretary", "league_secretary", "civil_organiser", "administrator"]
)
@pytest.mark.parametrize("accept", [True, False])
def test_only_the_mentee_answers(cast, offer, name, accept):
    assert refusal(answer, cast=cast, row=offer, who=name, accept=accept) == "只有帮扶对象本人可以答复。"
    assert state_of(offer) == "offered"


@pytest.mark.parametrize(("first", "word"), [(True, "进行中"), (False, "已谢绝")])
@pytest.mark.parametrize("again", [True, False])
def test_an_offer_is_answered_once(cast, offer, first, word, again):
    answer(cast, offer, accept=first)
    assert refusal(answer, cast=cast, row=offer, accept=again) == f"这份帮扶意向现为“{word}”。请刷新页面。"
    assert state_of(offer) == ("active" if first else "declined")


def test_an_offer_taken_back_is_not_answered(cast, offer):
    services.end_link(link=offer, reason="另有安排", **act(cast, "liu_secretary"))
    assert refusal(answer, cast=cast, row=offer) == "这份帮扶意向现为“已结束”。请刷新页面。"


def test_a_draft_is_not_answered(cast, helper):
    row = link(cast, helper, cast.person("classmate"), tier=1, as_draft=True)
    assert refusal(answer, cast=cast, row=row) == "这份帮扶意向现为“草稿”。请刷新页面。"


# --- Ending --------------------------------------------------------------------------------------


def end(cast, row, who="liu_secretary", reason="已转正"):
    return services.end_link(link=row, reason=reason, **act(cast, who))


def test_the_keeper_ends_a_link_and_says_why(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    assert refusal(end, cast=cast, row=row, reason="  ") == "请写明原因，双方都会看到。"
    end(cast, row, reason=" 已转正 ")
    row.refresh_from_db()
    assert (row.state, row.ended_on, row.end_reason) == ("ended", TODAY, "已转正")


def test_a_link_that_had_not_begun_ends_on_its_first_day(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0], starts_on=dt.date(2026, 11, 2))
    assert end(cast, row).ended_on == dt.date(2026, 11, 2)


def test_the_mentee_ends_a_link_without_a_reason(cast):
    mentee = new_members(cast, 1)[0]
    row = link(cast, cast.person("liu_member"), mentee)
    services.end_link(link=row, reason="", scope=as_person(mentee), by=mentee.user, today=TODAY, now=timezone.now())
    row.refresh_from_db()
    assert (row.state, row.ended_on, row.end_reason) == ("ended", TODAY, "帮扶对象提出终止")


@pytest.mark.parametrize("name", ["liu_member", "er_secretary", "mech_organiser", "counsellor", "administrator"])
def test_neither_the_mentor_nor_others_end_a_link(cast, name):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    assert refusal(end, cast=cast, row=row, who=name) == NOBODY_MAY
    assert state_of(row) == "active"


def test_a_link_ends_once(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    end(cast, row)
    assert refusal(end, cast=cast, row=row, reason="又一次") == "这对帮扶现为“已结束”。请刷新页面。"
    row.refresh_from_db()
    assert row.end_reason == "已转正"


def test_a_draft_is_not_ended(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0], as_draft=True)
    assert refusal(end, cast=cast, row=row) == "这对帮扶现为“草稿”。请刷新页面。"


def test_the_operator_ends_without_a_scope(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    services.end_link(link=row, reason="清理", scope=None, by=None, today=TODAY, now=timezone.now())
    assert state_of(row) == "ended"


# --- Handing on ----------------------------------------------------------------------------------


def hand_on(cast, row, mentor, who="liu_secretary", **more):
    return services.hand_on(link=row, mentor=mentor, **act(cast, who) | more)


def test_another_mentor_takes_over_on_the_same_day(cast):
    mentee, following = cast.person("liu_activist"), seniors(cast, 1)[0]
    old = link(cast, cast.person("liu_member"), mentee, tier=2, is_formal=True, goal="学习党章",
               ends_on=dt.date(2027, 6, 30), starts_on=dt.date(2026, 9, 1))  # fmt: skip
    new = hand_on(cast, old, following)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, old.ended_on, old.end_reason) == ("ended", TODAY, "已交接给他人")
    assert (new.state, new.mentor, new.mentee, new.successor_of) == ("active", following, mentee, old)
    assert (new.starts_on, new.ends_on, new.goal, new.is_formal) == (TODAY, dt.date(2027, 6, 30), "学习党章", True)


@pytest.mark.parametrize("days", [0, -1])
def test_a_planned_end_that_has_come_is_not_handed_on(cast, days):
    old = link(cast, cast.person("liu_member"), new_members(cast, 1)[0], starts_on=dt.date(2026, 9, 1),
               ends_on=TODAY + dt.timedelta(days=days))  # fmt: skip
    assert hand_on(cast, old, seniors(cast, 1)[0]).ends_on is None


def test_a_link_that_has_not_begun_is_handed_on_from_its_first_day(cast):
    old = link(cast, cast.person("liu_member"), new_members(cast, 1)[0], starts_on=dt.date(2026, 11, 2))
    new = hand_on(cast, old, seniors(cast, 1)[0])
    old.refresh_from_db()
    assert (new.starts_on, old.ended_on) == (dt.date(2026, 11, 2), dt.date(2026, 11, 2))


def test_the_place_of_the_old_contact_is_free_for_the_new_one(cast):
    """Two contacts are the most; the third takes the place of the first."""
    mentee, (second, third) = cast.person("liu_activist"), seniors(cast, 2)
    old = link(cast, cast.person("liu_member"), mentee, tier=2, is_formal=True)
    link(cast, second, mentee, tier=2, is_formal=True)
    assert hand_on(cast, old, third).state == "active"


def test_a_refused_hand_over_leaves_the_old_link_as_it_was(cast):
    mentee, following = new_members(cast, 1)[0], seniors(cast, 1)[0]
    old = link(cast, cast.person("liu_member"), mentee)
    for other in new_members(cast, 2, start=5):
        link(cast, following, other)
    assert refusal(hand_on, cast=cast, row=old, mentor=following).endswith("（规则 R80）")
    old.refresh_from_db()
    assert (old.state, old.ended_on, old.end_reason) == ("active", None, "")
    assert old.history.count() == 1


def test_a_hand_over_that_only_warns_needs_a_word_and_ends_nothing_without_it(cast):
    senior, mentees = many_contacts(cast)
    old = link(cast, seniors(cast, 1)[0], mentees[5], tier=2, is_formal=True)
    with pytest.raises(services.NeedsAWord, match="难以深入了解"):
        hand_on(cast, old, senior)
    assert state_of(old) == "active"
    assert hand_on(cast, old, senior, accept_warnings=True).state == "active"
    assert state_of(old) == "ended"


def test_a_link_is_not_handed_on_to_its_own_mentor_or_mentee(cast):
    mentor, mentee = cast.person("liu_member"), new_members(cast, 1)[0]
    old = link(cast, mentor, mentee)
    assert refusal(hand_on, cast=cast, row=old, mentor=mentor) == "这对帮扶的帮扶人就是周鑫。请另选一人。"
    assert refusal(hand_on, cast=cast, row=old, mentor=mentee) == "新党员1不能自己帮扶自己。请另选帮扶人。（规则 R86）"
    assert state_of(old) == "active"


def test_only_a_running_link_is_handed_on(cast):
    following = seniors(cast, 1)[0]
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    end(cast, row)
    assert refusal(hand_on, cast=cast, row=row, mentor=following) == "这对帮扶现为“已结束”。请刷新页面。"


def test_an_offer_nobody_answered_is_not_handed_on(cast, offer):
    following = add_person(cast, "同班党员", "20230510888", branch=cast.liu, school_class=cast.class_26, **MEMBER)
    assert refusal(hand_on, cast=cast, row=offer, mentor=following) == "这对帮扶现为“待对方同意”。请刷新页面。"
    assert state_of(offer) == "offered"


def test_a_hand_over_between_classmates_waits_for_the_mentee_again(cast, offer):
    answer(cast, offer)
    following = add_person(cast, "同班积极分子", "20260591777", branch=cast.liu, school_class=cast.class_26,
                           applied_on=dt.date(2025, 9, 20), activist_on=dt.date(2026, 3, 1))  # fmt: skip
    new = hand_on(cast, offer, following)
    assert (new.state, state_of(offer)) == ("offered", "ended")


def test_who_keeps_the_new_link_cannot_take_over_one_kept_elsewhere(cast, offer):
    """Tier 1 is kept by the mentor's branch: a secretary of another branch would end a link of somebody else's."""
    answer(cast, offer)
    theirs = add_person(cast, "二支部党员", "20230310999", branch=cast.er, school_class=cast.class_26, **MEMBER)
    assert refusal(hand_on, cast=cast, row=offer, mentor=theirs, who="er_secretary") == NOBODY_MAY
    assert state_of(offer) == "active"
    assert hand_on(cast, offer, theirs, who="college_organiser").party_branch == cast.er


def test_a_link_made_in_place_of_another_asks_for_both(cast, offer):
    """As `hand_on` does, for whoever arranges with `replaces`: the old one must be theirs and must still run."""
    answer(cast, offer)
    theirs = add_person(cast, "二支部党员", "20230310999", branch=cast.er, school_class=cast.class_26, **MEMBER)
    values = {"cast": cast, "mentor": theirs, "mentee": offer.mentee, "tier": 1, "accept": False, "replaces": offer}
    assert refusal(link, who="er_secretary", **values) == NOBODY_MAY
    end(cast, offer)
    assert refusal(link, who="college_organiser", **values) == "这对帮扶现为“已结束”。请刷新页面。"


@pytest.mark.parametrize("name", ["liu_member", "er_secretary", "counsellor", "administrator"])
def test_a_link_is_handed_on_by_who_keeps_it(cast, name):
    old = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    assert refusal(hand_on, cast=cast, row=old, mentor=seniors(cast, 1)[0], who=name) == NOBODY_MAY
    assert state_of(old) == "active"


def test_a_draft_replaces_nothing(cast):
    old = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    with pytest.raises(AssertionError):
        link(cast, seniors(cast, 1)[0], old.mentee, replaces=old, as_draft=True)
    assert state_of(old) == "active"


# --- The trail -----------------------------------------------------------------------------------


def test_every_step_of_a_link_stands_in_its_history(cast, offer):
    answer(cast, offer)
    end(cast, offer, reason="毕业")
    steps = offer.history.order_by("history_id").values_list("history_type", "state", "end_reason")
    assert list(steps) == [("+", "offered", ""), ("~", "active", ""), ("~", "ended", "毕业")]
