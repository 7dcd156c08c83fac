"""The life of an activity: who may do which step, and what each step leaves behind."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from activities import attend_services as attending
from activities import event_services as life
from activities.check_in_codes import code_now
from activities.models import Activity, LogEntry, Participation
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from tests.activities.event_crew import act, at, plan_of, planned, published
from tests.pairings.crew import activate

pytestmark = pytest.mark.django_db


def states(activity):
    return dict(activity.participations.values_list("person__name", "state"))


def test_a_published_activity_invites_the_members_of_its_host_and_tells_them(cast):
    activity = published(cast)
    assert states(activity) == {"甘杰怡": "invited", "张红": "invited", "罗萍妍": "invited", "潘桂": "invited"}
    told = Notice.objects.filter(kind="activities.invited").values_list("user__display_name", flat=True)
    assert set(told) == {"张红", "罗萍妍", "潘桂"}


def test_a_weekly_repetition_keeps_the_clock_time(cast):
    made = life.plan_activity(plan=plan_of(cast), repeat_rule="FREQ=WEEKLY;COUNT=3", **act(cast, "er_secretary"))
    assert [timezone.localtime(row.starts_at).strftime("%m-%d %H:%M") for row in made] == [
        "10-30 15:00",
        "11-06 15:00",
        "11-13 15:00",
    ]
    assert [row.repeat_of_id for row in made] == [None, made[0].pk, made[0].pk]


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY;COUNT=61", "FREQ=WEEKLY", "nonsense", "FREQ=WEEKLY;COUNT=x", "FREQ=WEEKLY;COUNT=0"]
)
def test_a_repetition_that_makes_no_sense_is_refused_and_writes_nothing(cast, rule):
    with pytest.raises(Refused):
        life.plan_activity(plan=plan_of(cast), repeat_rule=rule, **act(cast, "er_secretary"))
    assert Activity.objects.count() == 0


def test_a_joint_activity_waits_for_the_other_side(cast):
    activity = planned(cast, pairing=activate(cast))
    assert [row.party_branch for row in activity.co_hosts.all()] == [cast.san]
    with pytest.raises(Refused):
        life.publish_activity(activity=activity, **act(cast, "er_secretary"))
    activity = life.send_for_approval(activity=activity, **act(cast, "er_secretary"))
    assert activity.state == "proposed"
    with pytest.raises(Refused):
        life.approve_activity(activity=activity, **act(cast, "er_secretary"))
    activity = life.approve_activity(activity=activity, **act(cast, "san_secretary"))
    assert activity.state == "approved"
    activity = life.publish_activity(activity=activity, **act(cast, "er_secretary"))
    assert set(states(activity)) == {"甘杰怡", "张红", "罗萍妍", "潘桂", "潘晨", "罗杰"}


def test_a_new_time_is_told_once_and_a_new_title_is_not(cast):
    activity = published(cast)
    life.change_activity(activity=activity, plan=plan_of(cast, title="主题党日"), **act(cast, "er_secretary"))
    assert Notice.objects.filter(kind="activities.changed").count() == 0
    life.move_activity(activity=activity, starts_at=at(31, 9), ends_at=at(31, 11), **act(cast, "er_secretary"))
    assert Notice.objects.filter(kind="activities.changed").count() == 3
    activity.refresh_from_db()
    assert (activity.version, activity.starts_at) == (1, at(31, 9))


def test_the_waiting_list_moves_up_when_a_place_is_given_back(cast):
    activity = published(cast, needs_sign_up=True, capacity=1)
    one, two = cast.person("er_member"), cast.person("er_deputy")
    assert attending.sign_up(activity=activity, person=one, now=timezone.now()).state == "signed_up"
    assert attending.sign_up(activity=activity, person=two, now=timezone.now()).state == "waiting"
    attending.withdraw(activity=activity, person=one, now=timezone.now())
    assert Participation.objects.get(activity=activity, person=two).state == "signed_up"
    assert list(Notice.objects.filter(kind="activities.place_free").values_list("user__display_name", flat=True)) == [
        "张红"
    ]


def test_finishing_credits_who_was_there_once(cast, fixed_clock):
    activity = published(cast, starts_at=at(28, 10), ends_at=at(28, 12))
    attending.open_check_in(
        activity=activity, is_open=True, scope=act(cast, "er_secretary")["scope"], now=timezone.now()
    )
    activity.refresh_from_db()
    code = code_now(activity.check_in_secret, activity.pk, timezone.now())
    for _twice in range(2):
        attending.check_in(activity=activity, person=cast.person("er_member"), code=code, now=timezone.now())
    fixed_clock.shift(dt.timedelta(hours=2))
    life.finish_activity(activity=activity, summary="重温誓词", counted_minutes=120, **act(cast, "er_secretary"))
    assert states(activity) == {"甘杰怡": "absent", "张红": "absent", "罗萍妍": "present", "潘桂": "absent"}
    assert list(LogEntry.objects.values_list("person__name", "minutes", "purpose", "state")) == [
        ("罗萍妍", 120, "activity", "confirmed")
    ]
    attending.enter_afterwards(
        activity=Activity.objects.get(), person=cast.person("er_deputy"), reason="手机没电", **act(cast, "er_secretary")
    )
    assert set(LogEntry.objects.values_list("person__name", flat=True)) == {"罗萍妍", "张红"}
    with pytest.raises(Refused):
        life.finish_activity(activity=activity, summary="再来", counted_minutes=1, **act(cast, "er_secretary"))


@pytest.mark.parametrize(("seconds", "accepted"), [(0, True), (30, True), (45, False), (-15, False)])
def test_a_code_is_good_for_three_windows(cast, seconds, accepted):
    from activities.check_in_codes import is_valid

    now = at(28, 10)
    code = code_now("secret", 7, now)
    assert is_valid(code, "secret", 7, now + dt.timedelta(seconds=seconds)) is accepted
    assert is_valid(code, "secret", 8, now) is False
    assert is_valid(code, "other", 7, now) is False


def test_a_member_plans_nothing_and_a_deputy_may(cast):
    with pytest.raises(Refused):
        planned(cast, who="er_member")
    assert planned(cast, who="er_deputy").state == "draft"


def test_cancelling_keeps_the_record_and_tells(cast):
    activity = published(cast)
    with pytest.raises(Refused):
        life.cancel_activity(activity=activity, reason=" ", **act(cast, "er_secretary"))
    life.cancel_activity(activity=activity, reason="教室停电", **act(cast, "er_secretary"))
    activity.refresh_from_db()
    assert (activity.state, activity.cancel_reason) == ("cancelled", "教室停电")
    assert Notice.objects.filter(kind="activities.cancelled").count() == 3
