"""Leave taken back, who is expected where people sign up, a speaker named by name, and the workbench that shows it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from activities import attend_services as attending
from activities import event_services as life
from activities.event_page import counts_of, own_part
from activities.models import ActivityTalk, Participation
from members.access import scope_for
from members.models import Person
from pairing_portal.common.problems import Refused
from reports.workbench_events import my_events
from tests.activities.event_crew import act, at, published

pytestmark = pytest.mark.django_db


def own(cast, activity, name="er_member"):
    return Participation.objects.get(activity=activity, person=cast.person(name))


def ask(cast, activity, name="er_member"):
    return attending.ask_leave(activity=activity, person=cast.person(name), reason="实习面试", now=timezone.now())


def test_leave_is_taken_back_by_pressing_once(cast, sign_in):
    activity = published(cast)
    ask(cast, activity)
    assert own_part(activity, cast.person("er_member").pk, timezone.now()).come_after_all
    client = sign_in("er_member")
    assert "我能参加了，撤回请假" in client.get(reverse("activity", args=[activity.pk])).text
    client.post(reverse("activity_come_after_all", args=[activity.pk]))
    row = own(cast, activity)
    assert (row.state, row.leave_reason) == ("invited", "")
    assert not own_part(activity, row.person_id, timezone.now()).come_after_all
    client.post(reverse("activity_come_after_all", args=[activity.pk]))
    assert own(cast, activity).state == "invited"


def test_leave_that_was_granted_is_taken_back_too(cast):
    activity = published(cast)
    attending.answer_leave(participation=ask(cast, activity), accept=True, **act(cast, "er_secretary"))
    row = attending.come_after_all(activity=activity, person=cast.person("er_member"), now=timezone.now())
    assert row.state == "invited"


def test_a_place_given_up_is_asked_for_again(cast):
    activity = published(cast, needs_sign_up=True, capacity=1)
    member, deputy = cast.person("er_member"), cast.person("er_deputy")
    for person in (member, deputy):
        attending.sign_up(activity=activity, person=person, now=timezone.now())
    ask(cast, activity)
    assert own(cast, activity, "er_deputy").state == "signed_up"
    assert attending.come_after_all(activity=activity, person=member, now=timezone.now()).state == "waiting"


def test_nothing_is_taken_back_that_was_not_asked_or_is_over(cast, fixed_clock):
    activity = published(cast, starts_at=at(28, 11), ends_at=at(28, 12))
    person = cast.person("er_member")
    with pytest.raises(Refused):
        attending.come_after_all(activity=activity, person=person, now=timezone.now())
    ask(cast, activity)
    fixed_clock.shift(dt.timedelta(hours=3))
    with pytest.raises(Refused):
        attending.come_after_all(activity=activity, person=person, now=timezone.now())
    assert own(cast, activity).state == "leave_asked"


def test_where_people_sign_up_the_merely_invited_are_neither_expected_nor_absent(cast, fixed_clock):
    activity = published(cast, starts_at=at(28, 11), ends_at=at(28, 12), needs_sign_up=True)
    attending.sign_up(activity=activity, person=cast.person("er_member"), now=timezone.now())
    assert counts_of(activity).expected == 1
    fixed_clock.shift(dt.timedelta(hours=3))
    life.finish_activity(activity=activity, summary="好", counted_minutes=60, **act(cast, "er_secretary"))
    states = dict(activity.participations.values_list("person__name", "state"))
    assert states == {"罗萍妍": "absent", "甘杰怡": "invited", "张红": "invited", "潘桂": "invited"}


def test_finishing_with_nobody_ticked_says_what_that_means(cast, sign_in, fixed_clock):
    activity = published(cast, starts_at=at(28, 11), ends_at=at(28, 12), needs_sign_up=True)
    fixed_clock.shift(dt.timedelta(hours=3))
    page = sign_in("er_secretary").get(reverse("activity_finish", args=[activity.pk]))
    assert page.context["consequences"][:2] == [
        "名单上还没有人到会，现在结束就没有人记入学时。请先到名单上勾选。",
        "报了名没来的记为缺席；只是受邀、没有报名的不记。",
    ]


@pytest.mark.parametrize("named", ["罗萍妍", "20230310004"])
def test_a_speaker_is_named_by_name_or_number(cast, sign_in, named):
    activity = published(cast, kind="micro_lecture")
    client = sign_in("er_secretary")
    address = reverse("activity_talk_new", args=[activity.pk])
    assert '<option value="20230310004">罗萍妍</option>' in client.get(address).text
    client.post(address, {"title": "入党誓词的由来", "number": named, "minutes": "15"})
    assert [talk.speaker.name for talk in ActivityTalk.objects.all()] == ["罗萍妍"]


def test_of_two_with_one_name_the_number_is_asked(cast, sign_in):
    activity = published(cast, kind="micro_lecture")
    Person.objects.filter(pk=cast.person("er_deputy").pk).update(name="罗萍妍")
    answer = sign_in("er_secretary").post(
        reverse("activity_talk_new", args=[activity.pk]), {"title": "题", "number": "罗萍妍"}
    )
    assert answer.context["form"].errors["number"] == ["有几个人叫罗萍妍，请改填学号或工号。"]
    assert ActivityTalk.objects.count() == 0


def test_the_workbench_shows_what_one_is_expected_at(cast, sign_in):
    activity = published(cast)
    assert [row["activity"] for row in my_events(scope_for(cast.user("er_member")))] == [activity]
    assert "我要参加的活动" in sign_in("er_member").get("/").text
    attending.answer_leave(participation=ask(cast, activity), accept=True, **act(cast, "er_secretary"))
    assert my_events(scope_for(cast.user("er_member"))) == []
