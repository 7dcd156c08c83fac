"""Robots in the administration: set up by administrators, their keys never shown again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from notifications import robot_services
from notifications.models import Robot
from pairing_portal.common.problems import Refused
from tests.notifications.outside import MARK, OK

KEY = f"{MARK}-key"
SECRET = f"SEC{MARK}"
LIST = reverse("admin:notifications_robot_changelist")
ADD = reverse("admin:notifications_robot_add")


def change(robot):
    return reverse("admin:notifications_robot_change", args=[robot.pk])


def form(**more):
    return {
        "name": "值班群",
        "kind": "dingtalk",
        "department": "",
        "is_active": "on",
        "key": KEY,
        "secret": SECRET,
    } | more


def set_up(cast, **more):
    given = {"robot_id": None, "name": "值班群", "kind": "wecom", "department": None, "key": KEY, "secret": ""}
    return robot_services.set_up_robot(
        **given | {"is_active": True, "by": cast.user("administrator"), "now": timezone.now()} | more
    )


def stored():
    return list(Robot.objects.values_list("name", "kind", "key", "secret", "is_active"))


def test_an_administrator_sets_up_a_robot_and_its_key_is_stored_unreadable(cast, sign_in):
    assert sign_in("administrator").post(ADD, form()).url == LIST
    assert stored() == [("值班群", "dingtalk", KEY, SECRET, True)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_robot")
        assert MARK not in str(cursor.fetchall())
    event = AuditEvent.objects.get(action="set_up")
    assert event.detail == {"columns": ["department", "is_active", "key", "kind", "name", "secret"]}


def test_no_page_shows_the_key_again_and_an_empty_field_keeps_it(cast, sign_in):
    robot = set_up(cast, kind="dingtalk", secret=SECRET)
    administrator = sign_in("administrator")
    page = administrator.get(change(robot)).content.decode()
    assert (MARK in page, page.count("已保存，留空则不变")) == (False, 2)
    assert MARK not in administrator.get(LIST).content.decode()
    assert administrator.post(change(robot), form(name="新群名", key="", secret="")).url == LIST
    assert stored() == [("新群名", "dingtalk", KEY, SECRET, True)]
    assert administrator.post(change(robot), form(key="", secret="", drop_secret="on")).url == LIST
    assert stored() == [("值班群", "dingtalk", KEY, "", True)]


def test_a_form_with_a_fault_does_not_send_the_key_back(cast, sign_in):
    answer = sign_in("administrator").post(ADD, form(kind="wecom"))
    assert answer.context["adminform"].form.errors == {"secret": ["只有钉钉机器人有加签密钥。"]}
    assert MARK not in answer.content.decode()
    assert stored() == []


def test_staff_see_the_robots_of_their_department_without_keys(cast, sign_in, service):
    own = set_up(cast, department=cast.mech, kind="dingtalk", secret=SECRET)
    other = set_up(cast, name="土木群", department=cast.civil)
    organiser = sign_in("mech_organiser")
    listed = organiser.get(LIST).content.decode()
    assert ("值班群" in listed, "土木群" in listed) == (True, False)
    page = organiser.get(change(own)).content.decode()
    assert ("值班群" in page, MARK in page, 'name="key"' in page) == (True, False, False)
    assert organiser.get(change(other)).status_code == 302
    assert organiser.post(change(own), form()).status_code == 403
    organiser.post(LIST, {"action": "send_trial_message", "_selected_action": [own.pk]})
    assert service.asked == []


ADDRESSES = {
    "wecom": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
    "dingtalk": f"https://oapi.dingtalk.com/robot/send?access_token={KEY}",
}


@pytest.mark.parametrize("kind", sorted(ADDRESSES))
def test_the_whole_address_may_be_pasted(cast, kind):
    set_up(cast, kind=kind, key=f" {ADDRESSES[kind]}\n")
    assert stored() == [("值班群", kind, KEY, "", True)]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "k" * 129,
        f"{KEY}&access_token=other",
        f"http://169.254.169.254/cgi-bin/webhook/send?key={KEY}",
        f"http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
        f"https://localhost/cgi-bin/webhook/send?key={KEY}",
        f"https://qyapi.weixin.qq.com@evil.example/cgi-bin/webhook/send?key={KEY}",
        f"https://qyapi.weixin.qq.com/elsewhere?key={KEY}",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
        "https://[qyapi.weixin.qq.com/",
        ADDRESSES["dingtalk"],
        "file:///etc/passwd",
    ],
)
def test_what_is_no_key_of_such_a_robot_is_refused(cast, key):
    with pytest.raises(Refused) as caught:
        set_up(cast, key=key)
    assert (caught.value.field, MARK in caught.value.text, stored()) == ("key", False, [])


def test_another_kind_needs_another_key_and_forgets_the_secret(cast):
    robot = set_up(cast, kind="dingtalk", secret=SECRET)
    with pytest.raises(Refused):
        set_up(cast, robot_id=robot.pk, kind="wecom", key="")
    set_up(cast, robot_id=robot.pk, kind="wecom", key="w" * 36)
    assert stored() == [("值班群", "wecom", "w" * 36, "", True)]


def test_a_trial_message_is_sent_and_said(cast, sign_in, service, robot):
    speaker = robot(is_active=False)
    asked = {"action": "send_trial_message", "_selected_action": [speaker.pk]}
    page = sign_in("administrator").post(LIST, asked, follow=True).content.decode()
    assert "值班群：测试消息已发送。" in page
    assert service.asked[0].body["markdown"]["content"] == (
        "**测试消息**\n\n门户可以向本群发送消息。摘要只含数字和支部名称，不含个人姓名。\n\n"
        "[请登录系统查看。](https://portal.example.edu/)"
    )
    assert AuditEvent.objects.get(action="set_up").detail == {"trial": True}


@pytest.mark.parametrize(
    ("answer", "words"), [({"errcode": 93000}, "机器人已不在群里"), (500, "返回 HTTP 500")], ids=str
)
def test_a_trial_that_fails_says_why(cast, sign_in, service, robot, answer, words):
    service.answers = [answer]
    asked = {"action": "send_trial_message", "_selected_action": [robot().pk]}
    page = sign_in("administrator").post(LIST, asked, follow=True).content.decode()
    assert words in page
    assert MARK not in page


def test_trials_count_as_messages(cast, service, robot):
    speaker = robot()
    deed = {"robot_id": speaker.pk, "by": cast.user("administrator"), "now": timezone.now()}
    for _time in range(20):
        robot_services.send_trial(**deed)
    with pytest.raises(Refused):
        robot_services.send_trial(**deed)
    assert len(service.asked) == 20
    assert service.answers == [OK]


def test_the_list_asks_as_much_for_three_robots_as_for_one(cast, sign_in):
    administrator = sign_in("administrator")
    counts = []
    for names in (["一"], ["二", "三"]):
        for name in names:
            set_up(cast, name=name, department=cast.mech)
        administrator.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            administrator.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1]
