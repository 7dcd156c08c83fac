"""Asking a service outside: only where we may, only over TLS, and whatever it answers, no key comes to light."""

from __future__ import annotations

import pytest

from notifications.channels import RateLimited, TryLater, Undeliverable, http
from notifications.channels.http import ask
from tests.notifications.outside import MARK, OK

SECRET = {"key": f"{MARK}-key"}


def question(service, **more):
    return ask(service.base, "/send", query=SECRET, payload={"text": "正文"}, **more)


def test_what_is_asked_arrives_as_it_is_and_the_reply_comes_back(service):
    service.answers = [OK | {"more": "好"}]
    assert question(service) == {"errcode": 0, "errmsg": "ok", "more": "好"}
    assert ask(service.base, "/token", query={"a": "&="}) == {"errcode": 0, "errmsg": "ok", "more": "好"}
    post, get = service.asked
    assert (post.method, post.path, post.query, post.body) == ("POST", "/send", SECRET, {"text": "正文"})
    assert (get.method, get.path, get.query, get.body) == ("GET", "/token", {"a": "&="}, None)


@pytest.mark.parametrize(
    "base",
    [
        "http://qyapi.weixin.qq.com",
        "https://169.254.169.254",
        "https://localhost",
        "https://qyapi.weixin.qq.com@evil.example",
        "https://qyapi.weixin.qq.com:8443",
        "https://qyapi.weixin.qq.com.evil.example",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_host_that_is_not_listed_is_never_asked(base, monkeypatch):
    monkeypatch.setattr(http, "_exchange", lambda *args: pytest.fail("asked"))
    with pytest.raises(Undeliverable):
        ask(base, "/send", query=SECRET)


REFUSALS = {
    "404": (404, Undeliverable),
    "403": (403, Undeliverable),
    "408": (408, TryLater),
    "429": (429, RateLimited),
    "500": (500, TryLater),
    "503": (503, TryLater),
    "204": (204, TryLater),
}


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_a_status_says_whether_to_try_again(service, name):
    status, expected = REFUSALS[name]
    service.answers = [status]
    with pytest.raises(expected):
        question(service)
    assert len(service.asked) == 1


RUBBISH = {
    "html": b"<html>sign in to the wifi</html>",
    "nothing": b"",
    "a list": b"[]",
    "no errcode": b'{"errmsg": "ok"}',
    "a word for errcode": b'{"errcode": "0"}',
    "true for errcode": b'{"errcode": false}',
    "half": b'{"errcode": 0',
    "not UTF-8": b'{"errcode": 0, "errmsg": "\xff\xfe"}',
    "deep": b"[" * 60_000,
    "huge number": b'{"errcode": ' + b"9" * 6000 + b"}",
    "huge": b'{"errcode": 0, "errmsg": "' + b"x" * 70_000 + b'"}',
    "shorter than said": (200, {"Content-Length": "5000"}, b'{"errcode": 0}'),
    "not a length": (200, {"Content-Length": "many", "Transfer-Encoding": "chunked"}, b"zz\r\n"),
}


@pytest.mark.parametrize("name", sorted(RUBBISH))
def test_rubbish_is_tried_again_later_and_not_quoted(service, name):
    service.answers = [RUBBISH[name]]
    with pytest.raises(TryLater) as caught:
        question(service)
    assert "wifi" not in str(caught.value)
    assert "xxx" not in str(caught.value)


def test_no_redirect_is_followed(service):
    service.answers = [(302, {"Location": f"{service.base}/elsewhere"}, b""), OK]
    with pytest.raises(TryLater):
        question(service)
    assert [asked.path for asked in service.asked] == ["/send"]


@pytest.mark.parametrize("way", ["drip", "stall"])
def test_who_keeps_us_waiting_is_left(service, impatient, way):
    service.answers = [getattr(service, way)]
    with pytest.raises(TryLater):
        question(service)


def test_a_certificate_nobody_vouches_for_ends_the_talk(service, monkeypatch):
    monkeypatch.undo()
    http_hosts = frozenset({service.host})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http.settings, "OUTGOING_HOSTS", http_hosts)
        with pytest.raises(TryLater):
            question(service)
    assert service.asked == []


def test_nobody_there(service, settings):
    settings.OUTGOING_HOSTS = frozenset({"127.0.0.1:9"})
    with pytest.raises(TryLater):
        ask("https://127.0.0.1:9", "/send", query=SECRET)


@pytest.mark.parametrize("answer", [404, 500, 302, b"rubbish"], ids=str)
def test_neither_error_nor_log_holds_the_key(service, caplog, answer):
    caplog.set_level(0)
    service.answers = [answer]
    with pytest.raises((TryLater, Undeliverable)) as caught:
        question(service)
    told = caught.value
    while told is not None:
        assert MARK not in f"{told!r} {told.args}"
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)
    assert MARK not in caplog.text
