"""The outbox: said once, sent later, dropped when nobody needs it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from notifications import services
from notifications.channels import CHANNELS
from notifications.models import Delivery, Heartbeat, Notice
from notifications.tasks import tick
from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds

pytestmark = pytest.mark.usefixtures("quiet_reminders")

KIND = "tests.kind"


@pytest.fixture
def kind(monkeypatch):
    still_needed = {"yes": True}
    entry = NoticeKind(
        KIND, "test", lambda subject: ("标题", "正文"), obsolete=lambda subject, now: not still_needed["yes"]
    )
    monkeypatch.setitem(notice_kinds._items, KIND, (100, entry))
    return still_needed


def due(cast, key="k1", name="er_member", **more):
    return DueNotice(kind=KIND, user_id=cast.user(name).pk, dedupe_key=key, **more)


def with_address(cast, name="er_member"):
    user = cast.user(name)
    user.email = f"{name}@example.invalid"
    user.save()
    return user


def states(channel="email"):
    return list(Delivery.objects.filter(channel=channel).order_by("pk").values_list("state", flat=True))


def test_the_same_key_is_said_once(cast, kind):
    now = timezone.now()
    assert services.post_notices(notices=[due(cast), due(cast)], now=now) == 1
    assert services.post_notices(notices=[due(cast)], now=now) == 0
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 1)


def test_a_notice_goes_by_mail_when_there_is_an_address(cast, kind):
    with_address(cast)
    services.post_notices(notices=[due(cast)], now=timezone.now())
    assert (states("portal"), states()) == (["sent"], ["pending"])
    assert services.run_tick(now=timezone.now())["sent"] == 1
    assert [(message.subject, message.to) for message in mail.outbox] == [("标题", ["er_member@example.invalid"])]
    assert services.run_tick(now=timezone.now())["sent"] == 0
    assert len(mail.outbox) == 1


def test_what_is_no_longer_needed_is_dropped(cast, kind):
    with_address(cast)
    services.post_notices(notices=[due(cast)], now=timezone.now())
    kind["yes"] = False
    assert services.run_tick(now=timezone.now()) == {"created": 0, "sent": 0, "dropped": 1, "failed": 0}
    assert Notice.objects.get().obsolete_at == timezone.now()
    assert (states("portal"), states()) == (["sent"], ["dropped"])


def test_expired_notices_and_closed_accounts_are_dropped(cast, kind):
    now = timezone.now()
    with_address(cast)
    with_address(cast, "er_deputy")
    services.post_notices(notices=[due(cast, expires_at=now), due(cast, "k2", "er_deputy")], now=now)
    closed = cast.user("er_deputy")
    closed.is_active = False
    closed.save()
    assert services.run_tick(now=now)["dropped"] == 2


def test_a_channel_that_is_down_is_tried_again_with_growing_waits_and_given_up(
    cast, kind, monkeypatch, fixed_clock, expected_errors
):
    class Broken:
        def send(self, notices, *, key, now):
            raise OSError("down")

    monkeypatch.setitem(CHANNELS, "email", Broken())
    with_address(cast)
    services.post_notices(notices=[due(cast, urgent=True)], now=timezone.now())
    waits, attempts = [], 0
    mails = Delivery.objects.filter(channel="email")
    while mails.get().state == "pending":
        now = timezone.now()
        assert services.run_tick(now=now)["failed"] == 1
        attempts += 1
        delivery = mails.get()
        waits.append(int((delivery.next_attempt_at - now).total_seconds() // 60))
        fixed_clock.move_to(delivery.next_attempt_at + dt.timedelta(seconds=1))
    assert (mails.get().state, mails.get().error, attempts) == ("failed", "OSError", services.MAX_ATTEMPTS)
    assert waits[: attempts - 1] == [1, 5, 15, 60, 240]


def test_a_lease_keeps_a_second_tick_away_and_a_crashed_one_is_taken_over(cast, kind):
    now = timezone.now()
    with_address(cast)
    services.post_notices(notices=[due(cast, urgent=True)], now=now)
    assert len(services.claim_deliveries(now=now)) == 1
    assert services.claim_deliveries(now=now) == []
    assert len(services.claim_deliveries(now=now + services.LEASE + dt.timedelta(seconds=1))) == 1


def test_the_task_runs_three_times_to_the_same_rows(cast, kind):
    with_address(cast)
    services.post_notices(notices=[due(cast), due(cast, "k2", urgent=True)], now=timezone.now())
    found = []
    for _run in range(3):
        tick()
        found.append(list(Delivery.objects.order_by("pk").values()))
    assert [row["state"] for row in found[0]] == ["sent"] * 4
    assert found[0] == found[1] == found[2]
    assert len(mail.outbox) == 2
    assert Heartbeat.objects.get(name="tick").at == timezone.now()


def test_send_reminders_prints_one_object(cast, kind, capsys):
    with_address(cast)
    services.post_notices(notices=[due(cast)], now=timezone.now())
    call_command("send_reminders", "--json")
    assert json.loads(capsys.readouterr().out) == {"created": 0, "sent": 1, "dropped": 0, "failed": 0}
    with pytest.raises(CommandError):
        call_command("send_reminders", "--at", "tomorrow")


def test_the_bell_counts_and_opening_marks_as_read(cast, kind, sign_in):
    services.post_notices(notices=[due(cast, link="/log/")], now=timezone.now())
    member = sign_in("er_member")
    assert "标题" in member.get(reverse("notices")).content.decode()
    notice = Notice.objects.get()
    assert sign_in("er_secretary").post(reverse("notice_open", args=[notice.pk])).status_code == 404
    assert member.post(reverse("notice_open", args=[notice.pk])).url == "/log/"
    notice.refresh_from_db()
    assert notice.read_at == timezone.now()


def test_readiness_turns_red_when_the_tick_stops(client, cast, fixed_clock, expected_errors):
    assert client.get(reverse("readyz")).status_code == 503
    tick()
    assert client.get(reverse("readyz")).json() == {"status": "ok", "faults": {}}
    fixed_clock.shift(dt.timedelta(minutes=6))
    assert list(client.get(reverse("readyz")).json()["faults"]) == ["tick"]
