"""WeCom: the app's message to a person, its token, and the group robot."""

from __future__ import annotations

import pytest
from django.utils import timezone

from notifications.channels import CHANNELS, RateLimited, TryLater, Undeliverable
from notifications.models import ContactChoice
from tests.notifications.outside import MARK, OK

TOKEN = {"errcode": 0, "errmsg": "ok", "access_token": f"{MARK}-token", "expires_in": 7200}
FRESH = TOKEN | {"access_token": f"{MARK}-fresh"}


@pytest.fixture(autouse=True)
def app(settings):
    settings.WECOM_CORP_ID, settings.WECOM_AGENT_ID, settings.WECOM_SECRET = "ww01", 1000002, f"{MARK}-secret"


@pytest.fixture
def member(cast):
    user = cast.user("er_member")
    ContactChoice.objects.create(user=user, wecom_id="wx.member")
    return user


def send(*notices, channel="wecom"):
    CHANNELS[channel].send(list(notices), key="digest-1", now=timezone.now())


def test_one_notice_is_a_text_message_with_its_own_words(service, member, notice):
    service.answers = [TOKEN, OK]
    send(notice(user=member, link="/lectures/"))
    token, message = service.asked
    assert (token.method, token.path) == ("GET", "/cgi-bin/gettoken")
    assert token.query == {"corpid": "ww01", "corpsecret": f"{MARK}-secret"}
    assert (message.method, message.path) == ("POST", "/cgi-bin/message/send")
    assert message.query == {"access_token": f"{MARK}-token"}
    assert message.body == {
        "touser": "wx.member",
        "toparty": "",
        "totag": "",
        "msgtype": "text",
        "agentid": 1000002,
        "text": {
            "content": "本周还差一次宣讲\n\n请登录查看。\n\n请登录系统查看。\nhttps://portal.example.edu/lectures/"
        },
        "safe": 0,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 1800,
    }


def test_several_are_one_summary_by_kind(service, member, notice):
    service.answers = [TOKEN, OK]
    send(
        notice(user=member),
        notice("tests.goal", title="目标已过期", user=member),
        notice(title="周三改为下午", user=member),
    )
    assert service.asked[1].body["text"]["content"] == (
        "3 条提醒\n\n讲课值班\n- 本周还差一次宣讲\n- 周三改为下午\n\n目标提醒\n- 目标已过期\n\n"
        "请登录系统查看。\nhttps://portal.example.edu/notices/"
    )


def test_the_token_is_fetched_once_and_again_when_it_is_refused(service, member, notice):
    service.answers = [TOKEN, OK, OK, {"errcode": 42001}, FRESH, OK]
    for _time in range(3):
        send(notice(user=member))
    assert [asked.path.rpartition("/")[2] for asked in service.asked] == [
        "gettoken", "send", "send", "send", "gettoken", "send",
    ]  # fmt: skip
    assert service.asked[-1].query == {"access_token": f"{MARK}-fresh"}


def test_a_token_that_is_refused_again_waits_for_better_times(service, member, notice):
    service.answers = [TOKEN, {"errcode": 40014}, FRESH, {"errcode": 40014}]
    with pytest.raises(TryLater):
        send(notice(user=member))
    assert len(service.asked) == 4


@pytest.mark.parametrize("code", [40003, 60111, 81013, 82001, 44004])
def test_who_is_not_there_is_not_tried_again(service, member, notice, code):
    service.answers = [TOKEN, {"errcode": code, "errmsg": f"user {MARK} not found"}]
    with pytest.raises(Undeliverable) as caught:
        send(notice(user=member))
    assert str(code) in str(caught.value)
    assert MARK not in str(caught.value)


def test_taken_but_for_nobody(service, member, notice):
    service.answers = [TOKEN, OK | {"invaliduser": "wx.member"}]
    with pytest.raises(Undeliverable):
        send(notice(user=member))


@pytest.mark.parametrize("code", [45009, 45033])
def test_too_often_waits(service, member, notice, code):
    service.answers = [TOKEN, {"errcode": code}]
    with pytest.raises(RateLimited) as caught:
        send(notice(user=member))
    assert caught.value.retry_after.total_seconds() == 60


@pytest.mark.parametrize("code", [-1, 40001, 40013, 60020])
def test_what_an_operator_can_mend_is_tried_again(service, member, notice, code):
    service.answers = [{"errcode": code}]
    with pytest.raises(TryLater):
        send(notice(user=member))


@pytest.mark.parametrize(
    "reply", [{}, {"access_token": ""}, {"access_token": 5, "expires_in": 7200}, {"access_token": "x"}]
)
def test_a_reply_without_a_token(service, member, notice, reply):
    service.answers = [OK | reply]
    with pytest.raises(TryLater):
        send(notice(user=member))
    assert len(service.asked) == 1


@pytest.mark.parametrize("account", ["", "@all", "a|b", "a b", "-x", "林", "x" * 63 + "|"])
def test_an_account_that_reaches_nobody_or_others_is_not_written_to(service, member, notice, account):
    ContactChoice.objects.update(wecom_id=account)
    with pytest.raises(Undeliverable):
        send(notice(user=member))
    assert service.asked == []


def test_without_an_app_or_an_account_nothing_is_asked(service, cast, member, notice, settings):
    with pytest.raises(Undeliverable):
        send(notice(user=cast.user("er_secretary")))
    settings.WECOM_SECRET = ""
    with pytest.raises(Undeliverable):
        send(notice(user=member))
    assert service.asked == []


def test_a_long_text_is_cut_between_characters_and_keeps_the_way_in(service, member, notice):
    service.answers = [TOKEN, OK]
    send(notice(user=member, body="请登录查看" * 400))
    content = service.asked[1].body["text"]["content"]
    assert 2046 <= len(content.encode()) <= 2048
    assert content.endswith("…\n\n请登录系统查看。\nhttps://portal.example.edu/notices/")


def test_a_stalled_service_is_left(service, member, notice, impatient):
    service.answers = [TOKEN, service.stall]
    with pytest.raises(TryLater):
        send(notice(user=member))


def test_a_robot_says_markdown_with_its_key(service, robot, notice):
    speaker = robot()
    send(notice(robot=speaker, title="第6教学周", body="3个团支部未达标", link="/lectures/"), channel="robot")
    (asked,) = service.asked
    assert (asked.path, asked.query) == ("/cgi-bin/webhook/send", {"key": f"{MARK}-key"})
    assert asked.body == {
        "msgtype": "markdown",
        "markdown": {
            "content": "**第6教学周**\n\n3个团支部未达标\n\n[请登录系统查看。](https://portal.example.edu/lectures/)"
        },
    }


def test_a_robot_says_several_in_one_message_of_at_most_4096_bytes(service, robot, notice):
    speaker = robot()
    send(*[notice(robot=speaker, title=f"{number} " + "提醒" * 40) for number in range(60)], channel="robot")
    content = service.asked[0].body["markdown"]["content"]
    assert content.startswith("**60 条提醒**\n\n讲课值班\n> 0 提醒")
    assert content.endswith("\n\n[请登录系统查看。](https://portal.example.edu/notices/)")
    assert 4094 <= len(content.encode()) <= 4096


@pytest.mark.parametrize("code", [93000, 93004])
def test_a_robot_that_was_removed_is_given_up(service, robot, notice, code):
    service.answers = [{"errcode": code, "errmsg": "invalid webhook url"}]
    with pytest.raises(Undeliverable):
        send(notice(robot=robot()), channel="robot")


def test_names_typed_by_people_bring_no_marks_into_a_chat(service, robot, notice):
    title = "土木<@all>[点我](https://evil.example)**团支部**\n> `x`"
    send(notice(robot=robot(), title=title), channel="robot")
    content = service.asked[0].body["markdown"]["content"]
    assert content.startswith("**土木＜@all＞［点我］(https://evil.example)＊＊团支部＊＊ ＞ ｀x｀**\n\n")


def test_no_secret_comes_to_light(service, member, notice, caplog):
    caplog.set_level(0)
    service.answers = [TOKEN, {"errcode": 42001}, 500]
    with pytest.raises(TryLater) as caught:
        send(notice(user=member))
    assert MARK not in f"{caught.value!r}{caplog.text}"
