"""Mail, through a real server on this machine."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.utils import timezone

from notifications.channels import CHANNELS, TryLater, Undeliverable
from notifications.channels.email import message_id

ADDRESS = "member@example.invalid"


@pytest.fixture
def member(cast):
    user = cast.user("er_member")
    user.email = ADDRESS
    user.save()
    return user


def send(*notices, key="digest-3-email-2026-10-28"):
    CHANNELS["email"].send(list(notices), key=key, now=timezone.now())


def read(post_office):
    ((recipients, text),) = post_office.mails
    return recipients, message_from_bytes(text.replace(b"\r\n", b"\n"), policy=policy.default)


def test_without_a_mail_server_no_mail_counts_as_sent(member, notice, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    with pytest.raises(Undeliverable):
        send(notice(user=member))


def test_one_notice_is_a_mail_with_its_own_words(post_office, member, notice):
    send(notice(user=member, link="/lectures/"))
    recipients, got = read(post_office)
    assert recipients == [ADDRESS]
    assert got["Subject"] == "本周还差一次宣讲"
    assert got["From"] == "Pairing Portal <portal@example.edu>"
    assert got["Message-ID"] == "<digest-3-email-2026-10-28@example.edu>"
    assert (got["Auto-Submitted"], got["Precedence"]) == ("auto-generated", "bulk")
    assert got.get_content().rstrip() == ("请登录查看。\n\n请登录系统查看。\nhttps://portal.example.edu/lectures/")


def test_several_are_one_summary(post_office, member, notice):
    send(notice(user=member), notice("tests.goal", title="目标已过期", user=member))
    _recipients, got = read(post_office)
    assert got["Subject"] == "2 条提醒"
    assert got.get_content().rstrip() == (
        "讲课值班\n- 本周还差一次宣讲\n\n目标提醒\n- 目标已过期\n\n请登录系统查看。\nhttps://portal.example.edu/notices/"
    )


def test_without_an_address_of_the_portal_there_is_no_link(member, notice, settings):
    settings.PORTAL_URL = ""
    send(notice(user=member, link="/lectures/"))
    assert mail.outbox[0].body == "请登录查看。\n\n请登录系统查看。"


@pytest.mark.parametrize("attribute", ["to_recipients", "to_text"])
@pytest.mark.parametrize(("reply", "expected"), [("550 no such user", Undeliverable), ("451 later", TryLater)])
def test_what_the_server_says_decides_whether_to_try_again(post_office, member, notice, attribute, reply, expected):
    setattr(post_office, attribute, reply)
    with pytest.raises(expected) as caught:
        send(notice(user=member))
    assert reply[:3] in str(caught.value)
    assert ADDRESS not in f"{caught.value!r}"
    assert post_office.mails == []


def test_a_server_that_never_greets_is_left(post_office, member, notice, settings):
    settings.EMAIL_TIMEOUT = 0.3
    post_office.greets = False
    with pytest.raises(OSError, match="timed out"):
        send(notice(user=member))


def test_nobody_there(post_office, member, notice, settings):
    settings.EMAIL_PORT = 9
    with pytest.raises(OSError):
        send(notice(user=member))


@pytest.mark.parametrize("address", ["", "nobody", "a@b\nBcc: c@example.invalid", "a@b, c@example.invalid"])
def test_no_address_no_mail(post_office, member, notice, address):
    member.email = address
    with pytest.raises(Undeliverable):
        send(notice(user=member))
    assert post_office.mails == []


def test_a_title_over_two_lines_adds_no_header(post_office, member, notice):
    send(notice(user=member, title="一\r\nBcc: other@example.invalid"))
    recipients, got = read(post_office)
    assert (recipients, got["Bcc"], got["Subject"]) == ([ADDRESS], None, "一 Bcc: other@example.invalid")


def test_a_key_makes_a_message_id_whatever_stands_in_it(settings):
    settings.DEFAULT_FROM_EMAIL = "portal@example.edu"
    assert message_id("a:b>\n 中") == "<a-b----@example.edu>"
