"""A kind of notice the tests decide about, recipients with addresses, and channels that keep what they are given."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from notifications import services
from notifications.channels import CHANNELS
from notifications.models import ContactChoice, Delivery
from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds

KIND = "tests.kind"
CHINA = dt.timezone(dt.timedelta(hours=8))


@pytest.fixture
def done(monkeypatch):
    """Numbers whose notice asks for nothing any more; a list the test fills."""
    found: list[int] = []
    among = lambda subjects, now: [subject["n"] in found for subject in subjects]  # noqa: E731  # one word for the table
    kind = NoticeKind(
        KIND, "测试", lambda subject: (f"标题{subject['n']}", "正文"), obsolete=lambda subject, now: among([subject], now)[0],
        obsolete_among=among,
    )  # fmt: skip
    monkeypatch.setitem(notice_kinds._items, KIND, (100, kind))
    return found


class Mouth:
    """A channel that keeps what it said; `trouble` is raised instead, or after it, as a crash would be."""

    def __init__(self) -> None:
        self.said: list[tuple[str, list[int]]] = []
        self.before: BaseException | None = None
        self.after: BaseException | None = None

    def send(self, notices, *, key, now):
        if self.before is not None:
            raise self.before
        self.said.append((key, [notice.subject["n"] for notice in notices]))
        if self.after is not None:
            raise self.after


@pytest.fixture
def mouths(monkeypatch):
    """The outside channels by name, kept apart."""
    found = {name: Mouth() for name in ("email", "wecom", "robot")}
    for name, mouth in found.items():
        monkeypatch.setitem(CHANNELS, name, mouth)
    return found


def with_address(cast, *names, **choice):
    for name in names or ("er_member",):
        user = cast.user(name)
        user.email = f"{name}@example.invalid"
        user.save()
        if choice:
            ContactChoice.objects.update_or_create(user=user, defaults=choice)


def post(cast, *numbers, name="er_member", now=None, **more):
    services.post_notices(
        notices=[
            DueNotice(kind=KIND, user_id=cast.user(name).pk, dedupe_key=f"k{n}:{name}", subject={"n": n}, **more)
            for n in numbers
        ],
        now=now or timezone.now(),
    )


def send(at=None):
    """One round of sending at this moment."""
    return services.send_pending(now=at or timezone.now())


def states(channel="email"):
    """number -> state."""
    rows = Delivery.objects.filter(channel=channel).select_related("notice")
    return {row.notice.subject["n"]: row.state for row in rows}


def clock(day, hour, minute=0):
    """A moment of October 2026, in China."""
    return dt.datetime(2026, 10, day, hour, minute, tzinfo=CHINA)
