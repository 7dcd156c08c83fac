"""What goes out when: urgent at once, the rest once a day, nothing at night; a crash says the same again and nothing is lost."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from branches.models import PolicyValue
from notifications import claim_services, sending_services, services, tick_services
from notifications.channels.base import RateLimited, TryLater, Undeliverable
from notifications.models import Delivery, Digest, Heartbeat, Notice, Robot
from notifications.sending_services import FAILED_KIND
from pairing_portal.common.registries import DueNotice, ReminderSource, notice_kinds, reminder_sources
from tests.cast import build_cast
from tests.notifications.posted import KIND, clock, post, send, states, with_address
from tests.pairings.deeds import race

# 10 o'clock on 28 October 2026; the summaries of the college go out at 8.
pytestmark = pytest.mark.usefixtures("quiet_reminders", "done")


def digest_key(cast, day, name="er_member", channel="email"):
    return f"digest-{cast.user(name).pk}-{channel}-2026-10-{day}"


# --- Once a day -----------------------------------------------------------------------------------


def test_what_is_not_urgent_goes_out_in_one_summary_a_day(cast, mouths, fixed_clock):
    with_address(cast)
    post(cast, 1, 2)
    assert send()["sent"] == 2
    post(cast, 3)
    fixed_clock.shift(dt.timedelta(hours=3))
    post(cast, 4)
    assert send()["sent"] == 0
    fixed_clock.move_to(clock(29, 8, 4))
    assert send()["sent"] == 0
    fixed_clock.move_to(clock(29, 8, 5))
    assert send()["sent"] == 2
    assert mouths["email"].said == [(digest_key(cast, 28), [1, 2]), (digest_key(cast, 29), [3, 4])]
    assert [digest.sent_at for digest in Digest.objects.order_by("on")] == [clock(28, 10), clock(29, 8, 5)]
    assert set(Delivery.objects.filter(channel="email").values_list("digest__on", flat=True)) == {
        dt.date(2026, 10, 28), dt.date(2026, 10, 29)
    }  # fmt: skip


def test_each_has_an_hour_and_each_way_its_own_summary(cast, mouths, settings):
    settings.WECOM_CORP_ID = "ww0123456789abcdef"
    with_address(cast, "er_member", wecom_id="m1", digest_hour=12)
    with_address(cast, "er_deputy")
    post(cast, 1)
    post(cast, 2, name="er_deputy")
    send()
    assert mouths["email"].said == [(digest_key(cast, 28, "er_deputy"), [2])]
    send(clock(28, 12, 5))
    assert mouths["email"].said[1:] == [(digest_key(cast, 28), [1])]
    assert mouths["wecom"].said == [(digest_key(cast, 28, channel="wecom"), [1])]


def test_an_hour_that_became_quiet_is_moved_to_the_morning(cast, mouths):
    with_address(cast, digest_hour=21)
    PolicyValue.objects.create(key="quiet_from_hour", value="20", source="x", effective_from=dt.date(2026, 1, 1))
    post(cast, 1)
    send()
    assert mouths["email"].said == [(digest_key(cast, 28), [1])]


def test_a_summary_that_comes_late_is_the_only_one_of_its_day(cast, mouths, fixed_clock):
    with_address(cast)
    post(cast, 1)
    mouths["email"].before = OSError()
    send()
    mouths["email"].before = None
    post(cast, 2)
    fixed_clock.move_to(clock(29, 8, 5))
    send()
    assert mouths["email"].said == [(digest_key(cast, 28), [1])]
    send(clock(29, 12, 5))
    send(clock(30, 8, 5))
    assert mouths["email"].said[1:] == [(digest_key(cast, 30), [2])]


def test_urgent_goes_at_once_and_one_by_one(cast, mouths):
    with_address(cast)
    post(cast, 1, 2, urgent=True)
    send()
    keys = {notice.subject["n"]: f"notice-{notice.pk}-email" for notice in Notice.objects.all()}
    assert mouths["email"].said == [(keys[1], [1]), (keys[2], [2])]
    assert Digest.objects.count() == 0


def test_a_robot_says_everything_of_a_tick_in_one_message(cast, mouths):
    robot, other = (Robot.objects.create(name=name, kind="wecom", key="k" * 36) for name in ("一", "二"))
    services.post_notices(
        notices=[
            DueNotice(kind=KIND, user_id=None, robot_id=pk, dedupe_key=f"r{n}", subject={"n": n})
            for n, pk in ((1, robot.pk), (2, robot.pk), (3, other.pk))
        ],
        now=timezone.now(),
    )
    Robot.objects.filter(pk=other.pk).update(is_active=False)
    assert send() == {"sent": 2, "dropped": 1, "failed": 0}
    first = Notice.objects.get(dedupe_key="r1").pk
    assert mouths["robot"].said == [(f"robot-{robot.pk}-{first}", [1, 2])]


# --- At night -------------------------------------------------------------------------------------


def test_at_night_nothing_goes_out_and_no_attempt_is_counted(cast, mouths, fixed_clock):
    with_address(cast)
    fixed_clock.move_to(clock(28, 22))
    post(cast, 1, urgent=True)
    post(cast, 2)
    for moment in (clock(28, 22), clock(28, 23, 30), clock(29, 6, 59), clock(29, 7, 4)):
        assert send(moment)["sent"] == 0
    assert set(Delivery.objects.filter(channel="email").values_list("attempts", flat=True)) == {0}
    send(clock(29, 7, 5))
    assert [numbers for _key, numbers in mouths["email"].said] == [[1]]
    send(clock(29, 8, 5))
    assert [numbers for _key, numbers in mouths["email"].said] == [[1], [2]]
    assert set(Delivery.objects.filter(channel="email").values_list("attempts", flat=True)) == {1}


# --- What nobody needs any more -------------------------------------------------------------------


def test_of_a_summary_only_what_still_holds_is_said(cast, mouths, done):
    with_address(cast)
    post(cast, 1, 2)
    post(cast, 3, expires_at=timezone.now())
    done.append(1)
    assert send() == {"sent": 1, "dropped": 2, "failed": 0}
    assert mouths["email"].said == [(digest_key(cast, 28), [2])]


def test_a_summary_of_nothing_is_not_sent_and_leaves_the_day_free(cast, mouths, done):
    with_address(cast)
    post(cast, 1)
    done.append(1)
    assert send() == {"sent": 0, "dropped": 1, "failed": 0}
    assert (mouths["email"].said, Digest.objects.count()) == ([], 0)
    post(cast, 2)
    send(clock(28, 11))
    assert mouths["email"].said == [(digest_key(cast, 28), [2])]


def test_a_kind_that_cannot_be_checked_waits_and_keeps_nobody_back(cast, mouths, monkeypatch, expected_errors):
    with_address(cast)
    post(cast, 1, urgent=True)

    def broken(subject, now):
        raise RuntimeError("甘杰怡")

    kind = notice_kinds.get("pairings.ended")
    monkeypatch.setitem(
        notice_kinds._items, "pairings.ended", (1, type(kind)(kind.kind, kind.label, kind.text, obsolete=broken))
    )
    services.post_notices(
        notices=[
            DueNotice(
                kind="pairings.ended", user_id=cast.user("er_member").pk, dedupe_key="x", subject={"n": 2}, urgent=True
            )
        ],
        now=timezone.now(),
    )
    assert send() == {"sent": 1, "dropped": 0, "failed": 1}
    late = Delivery.objects.get(channel="email", notice__dedupe_key="x")
    assert (late.state, late.attempts, late.error) == ("pending", 1, "the check failed")


# --- Crashes --------------------------------------------------------------------------------------


def test_a_crash_between_sending_and_marking_says_the_same_summary_again(cast, mouths, fixed_clock):
    with_address(cast)
    post(cast, 1, 2)
    mouths["email"].after = SystemExit()
    with pytest.raises(SystemExit):
        send()
    mouths["email"].after = None
    post(cast, 3)
    assert send()["sent"] == 0
    fixed_clock.shift(services.LEASE + dt.timedelta(seconds=1))
    assert send()["sent"] == 2
    assert mouths["email"].said == [(digest_key(cast, 28), [1, 2])] * 2
    assert states() == {1: "sent", 2: "sent", 3: "pending"}


def test_a_crash_loses_nothing_of_what_was_only_claimed(cast, mouths, fixed_clock):
    with_address(cast)
    post(cast, 1, 2, 3, urgent=True)
    mouths["email"].after = SystemExit()
    with pytest.raises(SystemExit):
        send()
    mouths["email"].after = None
    fixed_clock.shift(services.LEASE + dt.timedelta(seconds=1))
    assert send()["sent"] == 3
    assert [numbers for _key, numbers in mouths["email"].said] == [[1], [1], [2], [3]]
    keys = [key for key, _numbers in mouths["email"].said]
    assert keys[0] == keys[1]
    # What was claimed and never begun has used up nothing.
    assert list(Delivery.objects.filter(channel="email").order_by("pk").values_list("attempts", flat=True)) == [2, 1, 1]


def test_a_message_that_ends_the_program_each_time_is_given_up(cast, mouths, expected_errors):
    with_address(cast)
    post(cast, 1, urgent=True)
    Delivery.objects.filter(channel="email").update(attempts=sending_services.INTERRUPTED_TOO_OFTEN)
    assert send()["failed"] == 1
    assert (states(), mouths["email"].said) == ({1: "failed"}, [])


def test_who_lost_the_lease_neither_sends_nor_marks(cast, mouths, fixed_clock):
    with_address(cast)
    post(cast, 1, urgent=True)
    slow = services.claim_deliveries(now=timezone.now())
    fixed_clock.shift(services.LEASE + dt.timedelta(seconds=1))
    assert send()["sent"] == 1
    assert claim_services.begin(slow, now=timezone.now()) is False
    assert claim_services.finish(slow, state="dropped") == 0
    assert (states(), len(mouths["email"].said)) == ({1: "sent"}, 1)


# --- Channels in trouble --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "state", "attempts", "error", "minutes"),
    [
        (Undeliverable("no e-mail address"), "failed", 1, "no e-mail address", 0),
        (TryLater("the mail server asks to wait (451)"), "pending", 1, "the mail server asks to wait (451)", 1),
        (OSError("罗萍妍 was here"), "pending", 1, "OSError", 1),
        (RateLimited(dt.timedelta(minutes=3)), "pending", 0, "", 3),
    ],
)
def test_why_it_did_not_work_decides_what_comes_next(
    cast, mouths, trouble, state, attempts, error, minutes, expected_errors
):
    with_address(cast)
    post(cast, 1, urgent=True)
    mouths["email"].before = trouble
    send()
    row = Delivery.objects.get(channel="email")
    assert (row.state, row.attempts, row.error) == (state, attempts, error)
    assert row.next_attempt_at == timezone.now() + dt.timedelta(minutes=minutes)
    assert (row.lease_token, row.lease_until) == ("", None)


def test_a_channel_that_is_down_is_left_alone_and_the_others_go_on(cast, mouths, settings):
    settings.WECOM_CORP_ID = "ww0123456789abcdef"
    with_address(cast, wecom_id="m1")
    mouths["email"].before = OSError()
    post(cast, *range(6), urgent=True)
    assert send() == {"sent": 6, "dropped": 0, "failed": sending_services.GIVE_UP_AFTER}
    assert sorted(Delivery.objects.filter(channel="email").values_list("attempts", flat=True)) == [0, 0, 0, 1, 1, 1]
    mouths["email"].before = None
    assert send(timezone.now() + dt.timedelta(minutes=1))["sent"] == 6


def test_when_the_time_is_up_the_next_tick_goes_on(cast, mouths):
    with_address(cast)
    post(cast, 1, 2, urgent=True)
    assert services.send_pending(now=timezone.now(), seconds=0)["sent"] == 0
    assert send()["sent"] == 2


def test_what_is_given_up_is_told_to_administrators_once_a_day_and_channel(cast, mouths, caplog, expected_errors):
    with_address(cast, "er_member", "er_deputy")
    mouths["email"].before = Undeliverable("no e-mail address")
    post(cast, 1, urgent=True)
    post(cast, 2, name="er_deputy", urgent=True)
    send()
    alert = Notice.objects.get(kind=FAILED_KIND)
    assert (alert.user, alert.is_urgent, alert.subject) == (cast.user("administrator"), True, {"channel": "email"})
    assert list(alert.deliveries.values_list("channel", "state")) == [("portal", "sent")]
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        "1 deliveries on email were given up: no e-mail address"
    ] * 2
    post(cast, 3, urgent=True)
    send(clock(28, 11))
    assert Notice.objects.filter(kind=FAILED_KIND).count() == 1
    post(cast, 4, urgent=True)
    send(clock(29, 11))
    assert Notice.objects.filter(kind=FAILED_KIND).count() == 2


# --- The tick -------------------------------------------------------------------------------------


def test_after_a_day_without_a_tick_what_is_valid_goes_once_and_the_rest_not_at_all(
    cast, mouths, fixed_clock, monkeypatch
):
    monkeypatch.setattr(reminder_sources, "_items", {})
    with_address(cast)
    post(cast, 1, urgent=True)
    post(cast, 2)
    post(cast, 3, urgent=True, expires_at=timezone.now() + dt.timedelta(hours=12))
    post(cast, 4, expires_at=timezone.now() + dt.timedelta(hours=12))
    fixed_clock.shift(dt.timedelta(hours=26))
    results = [services.run_tick(now=timezone.now()) for _tick in range(3)]
    assert [(result["sent"], result["dropped"]) for result in results] == [(2, 2), (0, 0), (0, 0)]
    assert [numbers for _key, numbers in mouths["email"].said] == [[1], [2]]
    assert states() == {1: "sent", 2: "sent", 3: "dropped", 4: "dropped"}


def test_a_source_that_fails_keeps_nobody_back_and_is_marked_until_it_works(
    cast, done, monkeypatch, caplog, expected_errors
):
    state = {"broken": True}

    def fragile(now):
        if state["broken"]:
            raise LookupError("罗萍妍 20230310003")
        return []

    def steady(now):
        return [DueNotice(kind=KIND, user_id=cast.user("er_member").pk, dedupe_key="steady", subject={"n": 9})]

    sources = {"fragile": (1, ReminderSource("a", fragile)), "steady": (2, ReminderSource("b", steady))}
    monkeypatch.setattr(reminder_sources, "_items", sources)
    assert services.run_tick(now=timezone.now())["created"] == 1
    assert Heartbeat.objects.get(name="source:fragile").result == {"failed": "LookupError"}
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        "reminder source fragile failed: LookupError"
    ]
    state["broken"] = False
    services.run_tick(now=timezone.now())
    assert not Heartbeat.objects.filter(name="source:fragile").exists()


def test_what_the_tick_itself_says_in_the_portal_counts_as_sent(cast, done, monkeypatch):
    notice = DueNotice(kind=KIND, user_id=cast.user("er_member").pk, dedupe_key="once", subject={"n": 1})
    monkeypatch.setattr(reminder_sources, "_items", {"one": (1, ReminderSource("a", lambda now: [notice]))})
    results = [services.run_tick(now=timezone.now()) for _tick in range(2)]
    assert results == [
        {"created": 1, "sent": 1, "dropped": 0, "failed": 0}, {"created": 0, "sent": 0, "dropped": 0, "failed": 0},
    ]  # fmt: skip


def test_many_wait_and_the_queries_of_a_tick_grow_with_the_messages_only(cast, mouths, django_assert_max_num_queries):
    with_address(cast)
    post(cast, *range(40))
    with django_assert_max_num_queries(40):
        assert send()["sent"] == 40
    assert [numbers for _key, numbers in mouths["email"].said] == [list(range(40))]


def deliveries_numbered_backwards():
    rows = list(Delivery.objects.filter(state="pending").order_by("-notice_id"))
    Delivery.objects.filter(state="pending").delete()
    for row in rows:
        row.pk = None
        row.save(force_insert=True)


@pytest.mark.parametrize(("urgent", "said"), [(False, [[0, 1, 2, 3, 4]]), (True, [[0], [1], [2], [3], [4]])])
def test_messages_tell_in_the_order_of_what_was_said_whatever_their_deliveries_numbers(cast, mouths, urgent, said):
    with_address(cast)
    post(cast, *range(5), urgent=urgent)
    deliveries_numbered_backwards()
    assert send()["sent"] == 5
    assert [numbers for _key, numbers in mouths["email"].said] == said


# --- Two ticks at once ----------------------------------------------------------------------------


@pytest.fixture
def crowd(transactional_db, mouths):
    """Thirty urgent messages and a summary of ten, and a mouth that two may use at once."""
    cast = build_cast(timezone.localdate())
    with_address(cast)
    with_address(cast, "er_deputy")
    post(cast, *range(30), urgent=True)
    post(cast, *range(30, 40), name="er_deputy")
    return mouths["email"]


def tick_eight_at_once():
    now = timezone.now()
    return race(lambda _index: sending_services.send_pending(now=now), 8)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_rounds_at_once_each_message_is_sent_by_one(crowd):
    results = tick_eight_at_once()
    assert sum(result["sent"] for result in results) == 40
    assert sorted(numbers for _key, numbers in crowd.said) == sorted([*([n] for n in range(30)), list(range(30, 40))])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lease_eight_rounds_would_send_twice(crowd, monkeypatch):
    """The negative control: rows are read, and nothing is written into them before sending."""
    all_have_read, mine = threading.Barrier(8), threading.local()

    def read_only(*, rows, now, limit=200):
        found = list(rows.select_related("notice__user", "notice__robot", "digest").order_by("pk")[:limit])
        if not hasattr(mine, "has_read"):
            mine.has_read = True
            all_have_read.wait(timeout=20)
        return found

    monkeypatch.setattr(sending_services, "claim", read_only)
    monkeypatch.setattr(sending_services, "begin", lambda rows, now: True)
    tick_eight_at_once()
    # Thirty messages and a summary, and then some.
    assert len(crowd.said) > 31


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_only_one_tick_runs_and_the_lock_is_given_back():
    inside, go_on, results = threading.Event(), threading.Event(), []

    def slow_tick():
        with tick_services._only_tick() as is_ours:
            inside.set()
            go_on.wait(timeout=20)
            results.append(is_ours)
        connection.close()

    thread = threading.Thread(target=slow_tick)
    thread.start()
    inside.wait(timeout=20)
    assert services.run_tick(now=timezone.now()) == {"created": 0, "sent": 0, "dropped": 0, "failed": 0}
    assert not Heartbeat.objects.filter(name="tick").exists()
    go_on.set()
    thread.join(timeout=20)
    assert results == [True]
    services.run_tick(now=timezone.now())
    assert Heartbeat.objects.filter(name="tick").exists()
