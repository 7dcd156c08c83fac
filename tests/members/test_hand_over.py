"""Handing over: proposals for posts, pairs, links, guidances, duties and group leaders; carried out in the step that ends the rest."""

from __future__ import annotations

import datetime as dt
import functools
import operator

import pytest
from django.utils import timezone

from activities.models import LectureDuty
from activities.services import assign_duty
from members import transfer_services as services
from members.access import scope_for
from members.hand_over import allowed_keys, choosable, make_plan
from members.leaving_services import leave_person
from members.models import AffiliationTransfer, ExcellentMember, PartyGroup, Person, Post
from members.party_group_services import change_leader, set_up_group
from mentoring.models import LeagueGuidance, Mentorship
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from pairings.models import MemberPairing
from tests.conftest import TODAY
from tests.mentoring.crew import guide, link, new_members, seniors
from tests.pairings.crew import activate, enrol

pytestmark = pytest.mark.django_db


def act(cast, name):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "today": TODAY, "now": timezone.now()}


def idea(ideas, what):
    return next(one for one in ideas if what in one.key)


@pytest.fixture
def held(cast):
    """er_member holds a post, leads a group, has a pair and mentors; two others of Er could follow."""
    member = cast.person("er_member")
    others = enrol(cast.er, 2, major="数控技术")
    post = Post.objects.create(person=member, party_branch=cast.er, kind="publicity_officer", since=dt.date(2026, 9, 1))
    pair = MemberPairing.objects.create(
        pairing=activate(cast), helper=member, partner=cast.person("san_member"), starts_on=dt.date(2026, 10, 8),
        published_at=timezone.now(), support_areas=["study"],
    )  # fmt: skip
    row = link(cast, member, cast.person("er_probationary"), who="er_secretary")
    group, _problems = set_up_group(
        branch=cast.er, name="第一党小组", people=[member.pk, *(one.pk for one in others)], leader_id=member.pk, on=TODAY,
        scope=scope_for(cast.user("er_secretary")), by=cast.user("er_secretary"), today=TODAY,
    )  # fmt: skip
    return {"member": member, "others": others, "post": post, "pair": pair, "link": row, "group": group}


def choices(held, to=0):
    """Everything to one of the others."""
    follower = held["others"][to].pk
    return {f"{room}-{held[room].pk}": follower for room in ("post", "pair", "link", "group")}


def test_the_proposals_name_the_best_with_reasons(cast, held):
    ideas = choosable(held["member"].pk, cast.er.pk, TODAY, scope_for(cast.user("er_secretary")))
    assert [one.key.split("-")[0] for one in ideas] == ["post", "group", "pair", "link"]
    names = {one.key.split("-")[0]: [who.name for who in one.candidates] for one in ideas}
    assert names["group"] == ["学生100", "学生101"]
    assert set(names["pair"]) <= {"甘杰怡", "张红", "潘桂", "学生100", "学生101"}
    assert len(names["pair"]) == 3
    assert "罗萍妍" not in functools.reduce(operator.iadd, names.values(), [])
    assert "潘桂" not in names["link"]
    assert all(who.why for one in ideas for who in one.candidates)


def test_the_first_of_a_pair_is_who_scores_best(cast, held):
    """san_member's major is 模具设计与制造: of the same major goes before everybody else."""
    (same,) = enrol(cast.er, 1, start=200, major="模具设计与制造")
    pair = idea(choosable(held["member"].pk, cast.er.pk, TODAY, scope_for(cast.user("er_secretary"))), "pair")
    assert pair.candidates[0].person_id == same.pk
    assert "同专业 +30" in pair.candidates[0].why


def test_only_who_runs_it_may_choose(cast, held):
    keys = list(choices(held))
    assert allowed_keys(keys, scope_for(cast.user("er_secretary"))) == set(keys)
    assert allowed_keys(keys, scope_for(cast.user("mech_organiser"))) == set(keys)
    # The partner's secretary runs the other side of the pair and nothing else.
    assert allowed_keys(keys, scope_for(cast.user("san_secretary"))) == {f"pair-{held['pair'].pk}"}
    for name in ("er_member", "civil_organiser", "stranger"):
        assert allowed_keys(keys, scope_for(cast.user(name))) == set()
    # An administrator appoints for set-up and moves nobody.
    assert allowed_keys(keys, scope_for(cast.user("administrator"))) == {f"post-{held['post'].pk}"}
    with pytest.raises(Refused):
        make_plan({}, {f"link-{held['link'].pk}": held["others"][0].pk}, scope=scope_for(cast.user("san_secretary")), by=cast.user("san_secretary"))  # fmt: skip


@pytest.mark.parametrize("key", ["", "link", "link-x", "nothing-5", "link-99999999999", "link--1"])
def test_what_is_no_key_is_refused(cast, key):
    with pytest.raises(Refused):
        make_plan({}, {key: 1}, scope=scope_for(cast.user("er_secretary")), by=cast.user("er_secretary"))


def test_chosen_beforehand_and_carried_out_when_the_other_side_agrees(cast, held):
    member, follower = held["member"], held["others"][0]
    row = services.ask_move(
        person=member, to_branch=cast.si, on=TODAY, successors=choices(held), **act(cast, "er_secretary")
    )
    assert (row.state, row.asked_by) == ("open", "from")
    assert Mentorship.objects.get(pk=held["link"].pk).state == "active"
    lines = services.take_move(transfer=row, **act(cast, "si_secretary"))
    assert lines[:4] == [
        "第一党小组组长：由罗萍妍交给学生100。",
        "对潘桂的帮带：由罗萍妍交给学生100。",
        "与罗杰的结对：由罗萍妍交给学生100。",
        "宣传委员：由罗萍妍交给学生100。",
    ]
    assert lines[4:] == ["罗萍妍：不再编入第一党小组。"]
    assert Post.objects.get(kind="publicity_officer", ended_on=None).person == follower
    old, new = MemberPairing.objects.order_by("pk")
    assert (old.ended_on, old.end_reason) == (TODAY, "交给学生100")
    assert (new.helper, new.partner, new.successor_of, new.support_areas) == (follower, old.partner, old, ["study"])
    assert new.published_at is not None
    assert new.score is not None
    link_now = Mentorship.objects.get(state="active")
    assert (link_now.mentor, link_now.mentee, link_now.successor_of_id) == (
        follower,
        cast.person("er_probationary"),
        held["link"].pk,
    )
    assert PartyGroup.objects.get().leader == follower
    row.refresh_from_db()
    assert (row.state, row.settled_by, row.outcome["lines"]) == ("done", cast.user("si_secretary"), lines)


def test_who_asks_from_which_side_is_kept(cast):
    rows = [
        services.ask_move(person=cast.person(who), to_branch=to, on=dt.date(2026, 11, 9), **act(cast, name))
        for who, to, name in [
            ("er_member", cast.san, "er_secretary"), ("er_deputy", cast.san, "san_secretary"), ("er_probationary", cast.san, "mech_organiser"),
        ]
    ]  # fmt: skip
    assert [row.asked_by for row in rows] == ["from", "to", "department"]
    assert [services.answering_branches(row) for row in rows] == [[cast.san], [cast.er], [cast.san]]


def test_a_row_from_before_guesses_by_the_posts(cast):
    row = services.ask_move(person=cast.person("er_member"), to_branch=cast.san, on=TODAY, **act(cast, "san_secretary"))
    AffiliationTransfer.objects.update(asked_by="")
    row.refresh_from_db()
    assert services.answering_branches(row) == [cast.er]


def test_a_fresh_choice_that_does_not_fit_refuses_the_step(cast, held):
    follower = held["others"][0]
    Person.objects.filter(pk=follower.pk).update(party_branch=cast.si)
    with pytest.raises(Refused) as refusal:
        services.ask_move(
            person=held["member"], to_branch=cast.san, on=TODAY, successors={f"post-{held['post'].pk}": follower.pk},
            **act(cast, "mech_organiser"),
        )  # fmt: skip
    assert refusal.value.field == f"to-post-{held['post'].pk}"
    assert AffiliationTransfer.objects.count() == 0
    assert Post.objects.get(pk=held["post"].pk).ended_on is None


def test_a_choice_of_before_that_no_longer_fits_is_said_and_ends(cast, held):
    row = services.ask_move(
        person=held["member"], to_branch=cast.si, on=TODAY, successors=choices(held), **act(cast, "er_secretary")
    )
    Person.objects.filter(pk=held["others"][0].pk).update(party_branch=cast.si)
    lines = services.take_move(transfer=row, **act(cast, "si_secretary"))
    assert sum(line.startswith("未能交给学生100") for line in lines) == 4
    assert not Post.objects.filter(kind="publicity_officer", ended_on=None).exists()
    assert MemberPairing.objects.filter(ended_on=None).count() == 0
    assert Mentorship.objects.filter(state="active").count() == 0
    assert PartyGroup.objects.get().leader_id is None


def test_a_successor_of_the_other_side_does_not_slip_in(cast, held):
    """Somebody who went over to the partner branch is no successor on the helping side."""
    Person.objects.filter(pk=held["others"][0].pk).update(party_branch=cast.san)
    with pytest.raises(Refused):
        services.ask_move(
            person=held["member"], to_branch=cast.si, on=TODAY, successors={f"pair-{held['pair'].pk}": held["others"][0].pk},
            **act(cast, "mech_organiser"),
        )  # fmt: skip


def test_what_passed_to_somebody_else_is_left_alone(cast, held):
    """The leader changed after the choice: the new one stays."""
    row = services.ask_move(
        person=held["member"], to_branch=cast.si, on=TODAY, successors=choices(held), **act(cast, "er_secretary")
    )
    change_leader(
        group=held["group"], leader_id=held["others"][1].pk, scope=scope_for(cast.user("er_secretary")), by=cast.user("er_secretary"),
        today=TODAY,
    )  # fmt: skip
    services.take_move(transfer=row, **act(cast, "si_secretary"))
    assert PartyGroup.objects.get().leader == held["others"][1]


def test_who_chose_and_lost_the_office_hands_over_nothing(cast, held):
    row = services.ask_move(
        person=held["member"], to_branch=cast.si, on=TODAY, successors=choices(held), **act(cast, "er_secretary")
    )
    Post.objects.filter(person=cast.person("er_secretary")).update(ended_on=TODAY)
    services.take_move(transfer=row, **act(cast, "si_secretary"))
    assert not Mentorship.objects.filter(state="active").exists()


def test_the_choice_is_changed_until_the_transfer_is_done(cast, held):
    row = services.ask_move(
        person=held["member"], to_branch=cast.si, on=TODAY, successors=choices(held), **act(cast, "er_secretary")
    )
    who = {"scope": scope_for(cast.user("er_deputy")), "by": cast.user("er_deputy"), "now": timezone.now()}
    changed = services.choose_successors(
        transfer=row,
        successors={f"link-{held['link'].pk}": held["others"][1].pk, f"pair-{held['pair'].pk}": None},
        **who,
    )
    kept = {key: (value["to"], value["by"]) for key, value in changed.successors.items()}
    first, second = (one.pk for one in held["others"])
    assert kept == {
        f"post-{held['post'].pk}": (first, cast.user("er_secretary").pk),
        f"link-{held['link'].pk}": (second, cast.user("er_deputy").pk),
        f"group-{held['group'].pk}": (first, cast.user("er_secretary").pk),
    }


def test_the_department_proposes_a_pair_on_the_board_and_does_not_publish_it(cast, held):
    follower = held["others"][0]
    lines = services.ask_move(
        person=held["member"], to_branch=cast.si, on=TODAY, successors={f"pair-{held['pair'].pk}": follower.pk},
        **act(cast, "mech_organiser"),
    ).outcome["lines"]  # fmt: skip
    made = MemberPairing.objects.get(successor_of=held["pair"])
    assert (made.helper, made.published_at) == (follower, None)
    assert str(made) in lines[0]


def test_guidance_and_duty_are_handed_on_at_the_receipt(cast):
    goes, stays = seniors(cast, 2)
    row = guide(cast, goes)
    duty = assign_duty(person=goes, league_branch=cast.one, academic_year=cast.year)
    ExcellentMember.objects.create(person=stays, academic_year=cast.year)
    letter = services.start_going(
        person=goes, kind="out", to_unit="单位", on=TODAY, scope=scope_for(cast.user("liu_secretary")), by=cast.user("liu_secretary"),
        today=TODAY,
    )  # fmt: skip
    ideas = choosable(goes.pk, None, TODAY, scope_for(cast.user("liu_secretary")))
    assert [one.key for one in ideas] == [f"duty-{duty.pk}", f"guidance-{row.pk}"]
    assert stays.pk in [one.person_id for one in idea(ideas, "guidance").candidates]
    lines = services.record_receipt(
        transfer=letter, on=TODAY, successors={one.key: stays.pk for one in ideas}, **act(cast, "liu_secretary")
    )
    assert len(lines) >= 3
    assert LeagueGuidance.objects.get(state="active").person == stays
    assert LectureDuty.objects.get(ended_on=None).person == stays
    assert LectureDuty.objects.get(pk=duty.pk).ended_on == TODAY
    assert Person.objects.get(pk=goes.pk).left_on == TODAY


def test_leaving_without_a_transfer_hands_over_first(cast, held):
    lines = leave_person(person=held["member"], on=TODAY, successors=choices(held, 1), **act(cast, "er_secretary"))
    assert "罗萍妍" in lines[0]
    person = Person.objects.get(pk=held["member"].pk)
    assert (person.left_on, person.stage, person.user.is_active) == (TODAY, "left", False)
    assert Post.objects.get(kind="publicity_officer", ended_on=None).person == held["others"][1]
    assert MemberPairing.objects.get(ended_on=None).helper == held["others"][1]
    assert Mentorship.objects.get(state="active").mentor == held["others"][1]


def test_leaving_is_refused_to_strangers_and_for_days_to_come(cast, held):
    for name in ("san_secretary", "administrator", "er_member"):
        with pytest.raises(Refused):
            leave_person(person=held["member"], on=TODAY, **act(cast, name))
    with pytest.raises(Refused) as refusal:
        leave_person(person=held["member"], on=TODAY + dt.timedelta(days=1), **act(cast, "er_secretary"))
    assert refusal.value.field == "on"
    assert Person.objects.get(pk=held["member"].pk).left_on is None


def test_an_offer_of_tier_one_asks_the_mentee_again(cast):
    helper, other = new_members(cast, 2)
    Person.objects.filter(pk__in=(helper.pk, other.pk)).update(school_class=cast.class_26)
    for one in (helper, other):
        one.refresh_from_db()
    row = link(cast, helper, cast.person("classmate"), tier=1)
    best = idea(choosable(helper.pk, cast.liu.pk, TODAY, scope_for(cast.user("liu_secretary"))), "link")
    assert other.pk in [one.person_id for one in best.candidates]
    lines = leave_person(person=helper, on=TODAY, successors={f"link-{row.pk}": other.pk}, **act(cast, "liu_secretary"))
    made = Mentorship.objects.get(successor_of=row)
    assert (made.mentor, made.state) == (other, "offered")
    assert "待本人同意" in lines[0]
    assert (
        Notice.objects.filter(kind="mentoring.offered", user=cast.user("classmate"), subject__link=made.pk).count() == 1
    )


def test_the_same_queries_for_one_pair_and_for_three(cast, held, django_assert_max_num_queries):
    """The board and the plan are read once, however many pairs and links."""
    pairing = held["pair"].pairing
    for partner in enrol(cast.san, 2, start=300, programme="diploma", year=2024):
        MemberPairing.objects.create(
            pairing=pairing, helper=held["member"], partner=partner, starts_on=TODAY, published_at=timezone.now()
        )
    with django_assert_max_num_queries(90):
        ideas = choosable(held["member"].pk, cast.er.pk, TODAY, scope_for(cast.user("er_secretary")))
    assert sum(one.key.startswith("pair") for one in ideas) <= 3
