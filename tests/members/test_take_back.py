"""Taking a transfer back: what comes back, what stays with others, when it is refused; history is kept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import User
from activities.models import LectureDuty
from activities.services import assign_duty
from evaluations.models import ConversionReview
from members import mobile_services
from members import transfer_services as services
from members.access import scope_for
from members.models import AffiliationTransfer, MobileMember, PartyGroup, PartyGroupPlace, Person, Post
from members.party_group_services import set_up_group
from members.take_back_services import may_take_back, obstacle, take_back
from mentoring.models import LeagueGuidance, Mentorship
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from pairings.models import CommitteePairing, GroupPlace, MemberPairing, PairingGroup
from tests.conftest import TODAY
from tests.mentoring.crew import guide, link, seniors
from tests.pairings.crew import activate, enrol

pytestmark = pytest.mark.django_db


def act(cast, name, today=TODAY):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "today": today, "now": timezone.now()}


def undo(cast, row, name="er_secretary", reason="转错了人", **more):
    return take_back(transfer=row, reason=reason, **act(cast, name) | more)


@pytest.fixture
def held(cast):
    """er_member holds everything a move ends."""
    member, (other,) = cast.person("er_member"), enrol(cast.er, 1)
    post = Post.objects.create(person=member, party_branch=cast.er, kind="publicity_officer", since=dt.date(2026, 9, 1))
    pairing = activate(cast)
    pair = MemberPairing.objects.create(
        pairing=pairing, helper=member, partner=cast.person("san_member"), starts_on=dt.date(2026, 10, 8), published_at=timezone.now()
    )  # fmt: skip
    posts = CommitteePairing.objects.create(
        pairing=pairing, kind="publicity_officer", helping_post=post, published_at=timezone.now()
    )
    from pairings.models import BranchSplit

    split = BranchSplit.objects.create(academic_year=cast.year, branch=cast.er)
    GroupPlace.objects.create(
        split=split, academic_year=cast.year, person=member, is_fixed=True,
        draft_group=PairingGroup.objects.create(split=split, pairing=pairing, name="第一组"),
    )  # fmt: skip
    row = link(cast, member, cast.person("er_probationary"), who="er_secretary")
    secretary = {"scope": scope_for(cast.user("er_secretary")), "by": cast.user("er_secretary"), "today": TODAY}
    mobile = mobile_services.register_mobile(
        person=cast.person("er_probationary"),
        from_on=TODAY,
        to_on=None,
        cause="实习",
        contact=member,
        talked_on=None,
        **secretary,
    )
    group, _problems = set_up_group(
        branch=cast.er, name="第一党小组", people=[member.pk, other.pk], leader_id=member.pk, on=TODAY, **secretary
    )
    return {"post": post, "pair": pair, "posts": posts, "link": row, "mobile": mobile, "group": group, "other": other}


def open_of(cast):
    """What er_member holds in Er now."""
    member = cast.person("er_member")
    return {
        "posts": Post.objects.filter(person=member, ended_on=None).count(),
        "pairs": MemberPairing.objects.filter(helper=member, ended_on=None).count(),
        "paired posts": CommitteePairing.objects.filter(ended_on=None).count(),
        "places": GroupPlace.objects.filter(person=member, is_fixed=True).exclude(draft_group=None).count(),
        "links": Mentorship.objects.filter(mentor=member, state="active").count(),
        "mobile": MobileMember.objects.filter(contact=member).count(),
        "groups": PartyGroupPlace.objects.filter(person=member, left_on=None).count(),
        "led": PartyGroup.objects.filter(leader=member).count(),
    }


EVERYTHING = dict.fromkeys(("posts", "pairs", "paired posts", "places", "links", "mobile", "groups", "led"), 1)
NOTHING = dict.fromkeys(EVERYTHING, 0)


def test_a_move_taken_back_gives_everything_back(cast, held):
    assert open_of(cast) == EVERYTHING
    row = services.ask_move(person=cast.person("er_member"), to_branch=cast.si, on=TODAY, **act(cast, "mech_organiser"))
    assert (row.state, open_of(cast)) == ("done", NOTHING)
    row = undo(cast, row)
    person = Person.objects.get(pk=row.person_id)
    assert (person.party_branch, person.stage, open_of(cast)) == (cast.er, "full", EVERYTHING)
    row.refresh_from_db()
    assert (row.state, row.taken_back_why, row.settled_at, row.outcome["by_hand"]) == (
        "taken_back",
        "转错了人",
        None,
        [],
    )
    assert len(row.outcome["back"]) == 8
    assert [one.state for one in row.history.order_by("history_id")] == ["open", "done", "taken_back"]
    assert Post.objects.get(pk=held["post"].pk).history.count() == 3
    assert {notice.user_id for notice in Notice.objects.filter(kind="members.transfer_taken_back")} == {
        cast.user("si_secretary").pk, cast.user("er_deputy").pk, cast.user("er_member").pk,
    }  # fmt: skip
    assert not Notice.objects.filter(kind="members.transfer_done", obsolete_at=None).exists()


def test_what_was_handed_over_or_filled_since_stays(cast, held):
    other = held["other"]
    row = services.ask_move(
        person=cast.person("er_member"), to_branch=cast.si, on=TODAY, **act(cast, "er_secretary"),
        successors={f"pair-{held['pair'].pk}": other.pk, f"link-{held['link'].pk}": other.pk, f"group-{held['group'].pk}": other.pk},
    )  # fmt: skip
    services.take_move(transfer=row, **act(cast, "si_secretary"))
    row.refresh_from_db()
    Post.objects.create(person=other, party_branch=cast.er, kind="publicity_officer", since=TODAY)
    row = undo(cast, row, "si_secretary")
    assert open_of(cast) == NOTHING | {"places": 1, "mobile": 1, "groups": 1}
    assert (MemberPairing.objects.get(ended_on=None).helper, Mentorship.objects.get(state="active").mentor) == (
        other,
        other,
    )
    assert PartyGroup.objects.get().leader == other
    kept = [line for line in row.outcome["by_hand"] if "学生100" in line]
    assert len(kept) == 4


def test_across_departments_the_class_comes_back(cast):
    person = cast.person("er_member")
    from branches.models import SchoolClass

    school_class = SchoolClass.objects.create(
        department=cast.mech, name="23数控本科1班", programme="bachelor", enrolment_year=2023
    )
    Person.objects.filter(pk=person.pk).update(school_class=school_class)
    row = services.ask_move(person=person, to_branch=cast.liu, on=TODAY, **act(cast, "college_organiser"))
    moved = Person.objects.get(pk=person.pk)
    assert (moved.department, moved.school_class) == (cast.civil, None)
    undo(cast, row)
    moved.refresh_from_db()
    assert (moved.department, moved.school_class, moved.party_branch) == (cast.mech, school_class, cast.er)


def test_a_review_is_open_again(cast):
    person = cast.person("er_probationary")
    review = ConversionReview.objects.create(
        person=person, party_branch=cast.er, due_on=dt.date(2027, 5, 20), opened_at=timezone.now()
    )
    row = services.ask_move(person=person, to_branch=cast.si, on=TODAY, **act(cast, "mech_organiser"))
    review.refresh_from_db()
    assert review.closed_at is not None
    undo(cast, row)
    review.refresh_from_db()
    assert (review.closed_at, review.close_reason) == (None, "")


def test_a_wrong_receipt_is_taken_back(cast):
    goes = seniors(cast, 1)[0]
    user = User.objects.create_user("20250530099", password="Lian-huan-7316")
    Person.objects.filter(pk=goes.pk).update(user=user)
    goes.refresh_from_db()
    guidance, duty = guide(cast, goes), assign_duty(person=goes, league_branch=cast.one, academic_year=cast.year)
    letter = services.start_going(
        person=goes, kind="out", to_unit="单位", on=TODAY, scope=scope_for(cast.user("liu_secretary")), by=cast.user("liu_secretary"),
        today=TODAY,
    )  # fmt: skip
    services.record_receipt(transfer=letter, on=TODAY, **act(cast, "liu_secretary"))
    letter.refresh_from_db()
    user.refresh_from_db()
    assert (letter.state, letter.receipt_on, user.is_active) == ("done", TODAY, False)
    row = undo(cast, letter, "liu_secretary")
    goes.refresh_from_db()
    user.refresh_from_db()
    assert (row.state, row.receipt_on, goes.left_on, goes.stage, user.is_active) == ("open", None, None, "full", True)
    assert LeagueGuidance.objects.get(pk=guidance.pk).state == "active"
    assert LectureDuty.objects.get(pk=duty.pk).ended_on is None
    assert len(row.outcome["by_hand"]) == 1
    # It goes on as before: the receipt can be recorded again, and taken back again.
    services.record_receipt(transfer=row, on=TODAY, **act(cast, "liu_secretary"))
    row.refresh_from_db()
    again = undo(cast, row, "liu_secretary", now=timezone.now() + dt.timedelta(hours=1))
    assert (again.state, Notice.objects.filter(kind="members.transfer_taken_back", user=user).count()) == ("open", 2)


def test_the_end_of_a_stay_is_taken_back(cast):
    person = cast.person("er_member")
    stay = services.start_going(
        person=person,
        kind="stays",
        on=TODAY,
        scope=scope_for(cast.user("er_secretary")),
        by=cast.user("er_secretary"),
        today=TODAY,
    )
    services.end_stay(transfer=stay, on=TODAY, **act(cast, "er_secretary"))
    stay.refresh_from_db()
    assert Person.objects.get(pk=person.pk).left_on == TODAY
    row = undo(cast, stay)
    assert (row.state, Person.objects.get(pk=person.pk).left_on) == ("open", None)


def done_move(cast):
    return services.ask_move(
        person=cast.person("er_member"), to_branch=cast.si, on=TODAY, **act(cast, "mech_organiser")
    )


def test_only_within_seven_days(cast):
    row = done_move(cast)
    on = timezone.localdate(row.settled_at)
    scope = scope_for(cast.user("er_secretary"))
    assert may_take_back(row, scope, on + dt.timedelta(days=7))
    assert not may_take_back(row, scope, on + dt.timedelta(days=8))
    assert (obstacle(row, on + dt.timedelta(days=7)), "7天内" in obstacle(row, on + dt.timedelta(days=8))) == ("", True)


def test_what_was_built_on_it_stands_in_the_way_and_is_named(cast):
    row = done_move(cast)
    Post.objects.create(person=cast.person("er_member"), party_branch=cast.si, kind="publicity_officer", since=TODAY)
    with pytest.raises(Refused, match="宣传委员"):
        undo(cast, row)
    assert Person.objects.get(pk=row.person_id).party_branch == cast.si


@pytest.mark.parametrize("name", ["er_member", "san_secretary", "civil_organiser", "administrator"])
def test_who_keeps_neither_side_takes_nothing_back(cast, name):
    row = done_move(cast)
    with pytest.raises(Refused):
        undo(cast, row, name)
    row.refresh_from_db()
    assert row.state == "done"


def test_a_reason_is_asked_and_nothing_is_taken_back_twice(cast):
    row = done_move(cast)
    with pytest.raises(Refused) as refusal:
        undo(cast, row, reason="  ")
    assert refusal.value.field == "reason"
    row = undo(cast, row)
    with pytest.raises(Refused):
        undo(cast, row)
    with pytest.raises(Refused):
        undo(
            cast,
            services.ask_move(
                person=cast.person("er_deputy"), to_branch=cast.si, on=TODAY, **act(cast, "er_secretary")
            ),
        )


def test_a_later_transfer_goes_first(cast):
    first = done_move(cast)
    second = services.ask_move(
        person=cast.person("er_member"), to_branch=cast.san, on=TODAY, **act(cast, "mech_organiser")
    )
    with pytest.raises(Refused, match="罗萍妍"):
        undo(cast, first)
    undo(cast, second, "si_secretary")
    first.refresh_from_db()
    assert undo(cast, first).state == "taken_back"
    assert Person.objects.get(pk=first.person_id).party_branch == cast.er


def test_rows_from_before_are_left_alone(cast):
    row = done_move(cast)
    AffiliationTransfer.objects.update(settled_at=None, outcome={})
    row.refresh_from_db()
    with pytest.raises(Refused):
        undo(cast, row)
