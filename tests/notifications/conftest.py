"""Servers outside, and kinds of notices that say what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from notifications.channels import http
from notifications.models import Notice, Robot
from pairing_portal.common.registries import NoticeKind, notice_kinds
from tests.notifications.outside import MARK, MailServer, Service, https_service, mail_server, trusting
from tests.notifications.posted import done, mouths  # noqa: F401  # fixtures


@pytest.fixture
def service(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """WeCom and DingTalk at once, over TLS, on this machine."""
    with https_service(tmp_path) as running:
        settings.OUTGOING_HOSTS = frozenset({running.host})
        settings.WECOM_API = settings.DINGTALK_API = running.base
        settings.PORTAL_URL = "https://portal.example.edu"
        monkeypatch.setattr(http, "_trust", trusting)
        cache.clear()
        yield running
        cache.clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT_SECONDS", 0.3)


@pytest.fixture
def post_office(settings: Any) -> Iterator[MailServer]:
    with mail_server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.DEFAULT_FROM_EMAIL = "Pairing Portal <portal@example.edu>"
        settings.PORTAL_URL = "https://portal.example.edu"
        yield running


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tests.duty` and `tests.goal`, whose words stand in their subject."""
    for kind, label in (("tests.duty", "讲课值班"), ("tests.goal", "目标提醒")):
        entry = NoticeKind(kind, label, lambda subject: (subject["title"], subject.get("body", "请登录查看。")))
        monkeypatch.setitem(notice_kinds._items, kind, (100, entry))


@pytest.fixture
def robot(db: None) -> Callable[..., Robot]:
    def make(kind: str = "wecom", **more: Any) -> Robot:
        return Robot.objects.create(**{"name": "值班群", "kind": kind, "key": f"{MARK}-key", **more})

    return make


@pytest.fixture
def notice(kinds: None) -> Callable[..., Notice]:
    """A stored notice to `user=` or `robot=`; its words are `title` and `body`."""

    def make(
        kind: str = "tests.duty", *, title: str = "本周还差一次宣讲", body: str = "请登录查看。", **more: Any
    ) -> Notice:
        key = f"{kind}:{Notice.objects.count()}"
        subject = {"title": title, "body": body}
        return Notice.objects.create(kind=kind, subject=subject, dedupe_key=key, created_at=timezone.now(), **more)

    return make
