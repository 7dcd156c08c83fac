"""Activities in the administration, and what they put on the workbench."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from activities import attend_services as attending
from activities import event_services as life
from activities.models import ActivityKind, Participation
from members.access import scope_for
from reports.workbench_events import event_tasks
from tests.activities.event_crew import act, at, planned, published
from tests.pairings.crew import activate

pytestmark = pytest.mark.django_db
LIST = "admin:activities_activity_changelist"


def act_on(client, action, *rows):
    return client.post(reverse(LIST), {"action": action, "_selected_action": [row.pk for row in rows]})


def test_each_sees_the_activities_of_the_own_branch(cast, sign_in):
    planned(cast)
    assert "重温入党誓词" in sign_in("er_secretary").get(reverse(LIST)).content.decode()
    assert "重温入党誓词" not in sign_in("liu_secretary").get(reverse(LIST)).content.decode()


def test_publishing_calls_the_service_and_says_what_was_refused(cast, sign_in):
    draft, joint = planned(cast), planned(cast, title="联合学习", pairing=activate(cast))
    response = act_on(sign_in("er_secretary"), "publish_selected", draft, joint)
    draft.refresh_from_db()
    joint.refresh_from_db()
    assert (draft.state, joint.state) == ("published", "draft")
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert said[0].startswith("联合学习: ")
    assert said[1] == "已发布 1 项，共选 2 项。"
    assert Participation.objects.filter(activity=draft).count() == 4


def test_calling_off_opens_the_page_that_asks_why(cast, sign_in):
    one, two = published(cast), published(cast, title="另一场", starts_at=at(31, 9), ends_at=at(31, 10))
    client = sign_in("er_secretary")
    assert act_on(client, "cancel_selected", one).url == reverse("activity_cancel", args=[one.pk])
    assert act_on(client, "cancel_selected", one, two).url == reverse(LIST)


def test_nothing_is_written_by_hand(cast, sign_in):
    activity = published(cast)
    page = sign_in("er_secretary").get(reverse("admin:activities_activity_change", args=[activity.pk])).content.decode()
    assert 'name="_save"' not in page
    assert "check_in_secret" not in page
    assert activity.check_in_secret not in page


def test_the_college_keeps_the_kinds(cast, sign_in):
    kind = ActivityKind.objects.get(key="theme_day")
    address = reverse("admin:activities_activitykind_change", args=[kind.pk])
    assert 'name="_save"' not in sign_in("er_secretary").get(address).content.decode()
    page = sign_in("college_organiser").get(address).content.decode()
    assert 'name="_save"' in page
    assert 'name="key"' not in page


# --- The workbench -----------------------------------------------------------------------------------


def tasks(cast, name):
    return [(str(task.label), task.count, task.url, task.is_late) for task in event_tasks(scope_for(cast.user(name)))]


def test_a_yes_that_is_waited_for_stands_on_the_other_sides_workbench(cast, sign_in):
    activity = planned(cast, pairing=activate(cast))
    assert tasks(cast, "san_secretary") == []
    life.send_for_approval(activity=activity, **act(cast, "er_secretary"))
    address = reverse("activity", args=[activity.pk])
    assert tasks(cast, "san_secretary") == [("待同意的联合活动", 1, address, False)]
    assert tasks(cast, "er_secretary") == []
    assert "待同意的联合活动" in sign_in("san_secretary").get("/").content.decode()


def test_leave_to_answer_and_activities_to_finish(cast, fixed_clock):
    activity = published(cast, starts_at=at(29, 9), ends_at=at(29, 10))
    attending.ask_leave(activity=activity, person=cast.person("er_member"), reason="有课", now=timezone.now())
    address = reverse("activity_list", args=[activity.pk]) + "?state=leave_asked"
    assert tasks(cast, "er_secretary") == [("待答复的请假", 1, address, True)]
    assert tasks(cast, "er_member") == []
    fixed_clock.move_to(at(29, 11))
    finish = [("待填写小结的活动", 1, reverse("activity", args=[activity.pk]), False)]
    assert tasks(cast, "er_secretary") == finish
    assert tasks(cast, "mech_organiser") == []
    fixed_clock.shift(dt.timedelta(days=4))
    assert tasks(cast, "er_secretary")[0][3] is True
