"""DingTalk's group robot: signed or by keyword."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from django.utils import timezone

from notifications.channels import CHANNELS, RateLimited, TryLater, Undeliverable
from notifications.channels.dingtalk import signature
from tests.notifications.outside import MARK, OK


def send(*notices):
    CHANNELS["robot"].send(list(notices), key="robot-1", now=timezone.now())


def test_the_signature_of_the_rules():
    assert quote_plus(signature(1700000000000, "SECdemo")) == "lOvVf9TQCVugV68mGbSZCg0gzOl1SVjxWi1MyVZCUuA%3D"


def test_a_signed_robot_says_markdown(service, robot, notice):
    speaker = robot("dingtalk", secret=f"SEC{MARK}")
    send(notice(robot=speaker, title="第6教学周", body="3个团支部未达标"))
    (asked,) = service.asked
    moment = int(timezone.now().timestamp() * 1000)
    assert (asked.method, asked.path) == ("POST", "/robot/send")
    assert asked.query == {
        "access_token": f"{MARK}-key",
        "timestamp": str(moment),
        "sign": signature(moment, f"SEC{MARK}"),
    }
    assert asked.body == {
        "msgtype": "markdown",
        "markdown": {
            "title": "第6教学周",
            "text": "#### 结对共建门户 · 第6教学周\n\n3个团支部未达标\n\n[请登录系统查看。](https://portal.example.edu/notices/)",
        },
        "at": {"isAtAll": False},
    }


def test_without_a_secret_the_keyword_stands_in_every_message(service, robot, notice):
    speaker = robot("dingtalk")
    send(notice(robot=speaker))
    send(notice(robot=speaker), notice("tests.goal", robot=speaker))
    assert [asked.query for asked in service.asked] == [{"access_token": f"{MARK}-key"}] * 2
    assert ["结对共建门户" in asked.body["markdown"]["text"] for asked in service.asked] == [True, True]


@pytest.mark.parametrize("code", [310000, 300001, 400101, 400102, 400013, 430101])
def test_what_will_not_get_better_is_given_up(service, robot, notice, code):
    service.answers = [{"errcode": code, "errmsg": f"keywords not in content {MARK}"}]
    with pytest.raises(Undeliverable) as caught:
        send(notice(robot=robot("dingtalk")))
    assert str(code) in str(caught.value)
    assert MARK not in str(caught.value)


@pytest.mark.parametrize("answer", [{"errcode": -1}, 500, b"rubbish", {"errcode": 12345}], ids=str)
def test_what_may_get_better_is_tried_again(service, robot, notice, answer):
    service.answers = [answer]
    with pytest.raises(TryLater):
        send(notice(robot=robot("dingtalk")))


@pytest.mark.parametrize("code", [130101, 410100])
def test_who_spoke_too_often_is_not_asked_for_ten_minutes(service, robot, notice, fixed_clock, code):
    service.answers = [{"errcode": code}, OK]
    told = notice(robot=robot("dingtalk"))
    with pytest.raises(RateLimited) as caught:
        send(told)
    assert caught.value.retry_after.total_seconds() == 600
    fixed_clock.shift(599)
    with pytest.raises(RateLimited) as caught:
        send(told)
    assert (caught.value.retry_after.total_seconds(), len(service.asked)) == (1, 1)
    fixed_clock.shift(1)
    send(told)
    assert len(service.asked) == 2


def test_a_stalled_service_is_left_and_the_turn_is_taken(service, robot, notice, impatient):
    service.answers = [service.stall]
    with pytest.raises(TryLater):
        send(notice(robot=robot("dingtalk")))
