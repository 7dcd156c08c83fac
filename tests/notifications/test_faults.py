"""The outbox while things break: ticks are killed, run twice at once, come a day late; Redis is away, hangs, or forgets."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import redis
from django.conf import settings
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from activities.lectures.notices import LECTURES_BEHIND
from activities.models import LectureAudience
from bench.outbox_drill import drill, mail_sink, portal_environment, start_tick, tally
from bench.reminder_season import THURSDAY, make_season
from branches.models import PolicyValue
from notifications import services, tick_services
from notifications.models import Delivery, Heartbeat, Notice
from pairing_portal.celery import app
from pairing_portal.common.registries import DueNotice
from tests.activities.talks import heard_by, record
from tests.cast import build_cast

DEADLINE_SECONDS = 120
REMINDERS, KILLS = 300, 5
# A kind that asks for nothing and is never done.
KIND = "pairings.ended"
# Celery looks for tasks late, and only where it runs.
app.autodiscover_tasks(force=True)


def final_rows() -> tuple[list, list]:
    """What stands in the end, without numbers and moments that differ from run to run."""
    notices = Notice.objects.order_by("dedupe_key").values_list("dedupe_key", "user_id", "subject", "obsolete_at")
    rows = Delivery.objects.order_by("notice__dedupe_key", "channel")
    return list(notices), list(rows.values_list("notice__dedupe_key", "channel", "state", "attempts"))


def post(cast, count: int = 1, **more) -> None:
    user = cast.user("er_member")
    user.email = "member@example.invalid"
    user.save()
    services.post_notices(
        notices=[
            DueNotice(kind=KIND, user_id=user.pk, dedupe_key=f"k{number}", subject={"name": "x"}, **{"urgent": True} | more)
            for number in range(count)
        ],
        now=timezone.now(),
    )  # fmt: skip


# --- Killed --------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ticks_that_are_killed_lose_nothing_and_repeat_no_more_than_they_were_killed():
    make_season(REMINDERS)
    with mail_sink() as sink:
        outcome = drill(kills=KILLS, reminders=REMINDERS, start=THURSDAY, sink=sink)
    assert outcome.kills == KILLS
    assert tally(LECTURES_BEHIND) == {
        "notices": REMINDERS,
        "recipients": REMINDERS,
        "deliveries": {"portal sent": REMINDERS, "email sent": REMINDERS},
    }
    assert len(sink.ids) == REMINDERS
    assert sink.twice() <= KILLS
    assert sink.renamed() == []


# --- Twice at once -------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_say_everything_once():
    make_season(REMINDERS)
    with mail_sink() as sink:
        pair = [start_tick(THURSDAY, sink) for _number in range(2)]
        assert [process.wait(timeout=DEADLINE_SECONDS) for process in pair] == [0, 0]
        # Who came second did nothing; what the first left when its time was up goes on.
        assert start_tick(THURSDAY + dt.timedelta(minutes=1), sink).wait(timeout=DEADLINE_SECONDS) == 0
    assert tally(LECTURES_BEHIND)["deliveries"] == {"portal sent": REMINDERS, "email sent": REMINDERS}
    assert (sink.taken, len(sink.ids)) == (REMINDERS, REMINDERS)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_ticks_that_do_not_know_of_each_other_are_kept_apart_by_leases_and_keys(monkeypatch):
    """The lock that lets one tick run is a convenience: rows decide where it is lost."""

    @contextmanager
    def everybody() -> Iterator[bool]:
        yield True

    monkeypatch.setattr(tick_services, "_only_tick", everybody)
    make_season(REMINDERS)
    together = threading.Barrier(2)
    faults: list[BaseException] = []

    def work() -> None:
        with closing(connection):
            try:
                together.wait(timeout=30)
                services.run_tick(now=THURSDAY)
            except Exception as error:
                faults.append(error)

    threads = [threading.Thread(target=work) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=DEADLINE_SECONDS)
    services.run_tick(now=THURSDAY + dt.timedelta(minutes=1))
    assert faults == []
    assert tally(LECTURES_BEHIND)["deliveries"] == {"portal sent": REMINDERS, "email sent": REMINDERS}
    to = [message.to[0] for message in mail.outbox]
    assert (len(to), len(set(to))) == (REMINDERS, REMINDERS)


# A task that is told what to do is told of something that is gone: its own tests send it twice for what is there.
ARGUMENTS = {"reports.write_export": ["00000000-0000-0000-0000-000000000000"]}


@pytest.mark.parametrize("name", sorted(key for key in app.tasks if not key.startswith("celery.")))
def test_every_task_runs_three_times_to_the_same_rows(cast, name):
    post(cast, 5)
    app.tasks[name].apply(ARGUMENTS.get(name, []))
    first, mails = final_rows(), len(mail.outbox)
    for _run in range(2):
        app.tasks[name].apply(ARGUMENTS.get(name, []))
    assert final_rows() == first
    assert len(mail.outbox) == mails


# --- A day late ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("quiet_reminders")
def test_after_26_hours_what_is_valid_goes_out_once_and_what_has_expired_does_not(cast, fixed_clock):
    start = timezone.now()
    post(cast, 2, expires_at=start + dt.timedelta(hours=48))
    services.post_notices(
        notices=[
            DueNotice(
                kind=KIND, user_id=cast.user("er_member").pk, dedupe_key="late", subject={"name": "x"}, urgent=True,
                expires_at=start + dt.timedelta(hours=25),
            )
        ],
        now=start,
    )  # fmt: skip
    late = start + dt.timedelta(hours=26)
    fixed_clock.move_to(late)
    services.run_tick(now=late)
    services.run_tick(now=late + dt.timedelta(minutes=1))
    rows = Delivery.objects.filter(channel="email").order_by("notice__dedupe_key")
    assert list(rows.values_list("notice__dedupe_key", "state")) == [
        ("k0", "sent"),
        ("k1", "sent"),
        ("late", "dropped"),
    ]
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_thursdays_reminders_are_said_on_friday_when_the_portal_was_down_and_not_on_monday():
    make_season(3)
    services.compute_reminders(now=THURSDAY + dt.timedelta(hours=26))
    assert tally(LECTURES_BEHIND)["notices"] == 3
    Notice.objects.all().delete()
    services.compute_reminders(now=THURSDAY + dt.timedelta(days=4))
    assert tally(LECTURES_BEHIND)["notices"] == 0


# --- Redis ---------------------------------------------------------------------------------------


@contextmanager
def closed_port() -> Iterator[tuple[str, list]]:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    yield f"redis://127.0.0.1:{port}/0", []


@contextmanager
def hanging() -> Iterator[tuple[str, list]]:
    """Takes every connection and never says a word; the connections are kept to be counted."""
    taken: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                taken.append(listener.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0", taken
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for one in taken:
        one.close()


BROKEN = {"closed": closed_port, "hanging": hanging}


@contextmanager
def broker_at(url: str, monkeypatch) -> Iterator[None]:
    """This process takes that for its broker, and does not run tasks itself."""
    with monkeypatch.context() as patch:
        patch.setitem(app.conf, "broker_url", url)
        patch.setitem(app.conf, "task_always_eager", False)
        app.pool.force_close_all()
        app._pool = None
        app.amqp._producer_pool = None
        yield
    app._pool = None
    app.amqp._producer_pool = None


@pytest.mark.usefixtures("quiet_reminders")
@pytest.mark.parametrize("how", sorted(BROKEN))
def test_pages_write_while_redis_is_away_and_never_ask_it(cast, sign_in, monkeypatch, how):
    audience = heard_by(record(cast), cast.one)
    with BROKEN[how]() as (url, taken), broker_at(url, monkeypatch):
        client = sign_in("league_secretary")
        response = client.post(reverse("lecture_answer", args=[audience.pk]), {"took_place": "yes", "attendance": "28"})
        assert response.status_code == 302
        assert taken == []
    assert LectureAudience.objects.get(pk=audience.pk).state == "confirmed"
    # What piled up goes out with the next tick, whoever drives it.
    post(cast, 3)
    services.run_tick(now=timezone.now())
    assert Delivery.objects.filter(state="pending").count() == 0


@pytest.mark.redis
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestRealBroker:
    @pytest.fixture
    def fixed_clock(self) -> None:
        """Worker and beat are other processes with the real clock."""

    @pytest.fixture
    def never_quiet(self) -> None:
        for key, value in (("quiet_from_hour", "24"), ("quiet_until_hour", "0")):
            PolicyValue.objects.create(key=key, value=value, source="t", effective_from=dt.date(2020, 1, 1))

    @pytest.fixture
    def queue(self) -> Iterator[str]:
        name = f"faults-{settings.DATABASES['default']['NAME']}"
        yield name
        self.broker().delete(name)

    def broker(self) -> redis.Redis:
        return redis.Redis.from_url(os.environ["PORTAL_TEST_REDIS_URL"])

    def celery(self, queue: str, sink, *arguments: str) -> subprocess.Popen:
        environment = portal_environment(
            REDIS_URL=os.environ["PORTAL_TEST_REDIS_URL"], EMAIL_URL=f"smtp://127.0.0.1:{sink.port}",
            DJANGO_SETTINGS_MODULE="tests.notifications.fast_beat", PORTAL_TEST_QUEUE=queue,
        )  # fmt: skip
        command = [sys.executable, "-m", "celery", "-A", "pairing_portal", *arguments, "--loglevel", "CRITICAL"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def until(self, done, *processes: subprocess.Popen) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not done():
            assert time.monotonic() < deadline, "never came true"
            assert [process.poll() for process in processes] == [None] * len(processes)
            time.sleep(0.1)

    def stop(self, *processes: subprocess.Popen) -> None:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=60)

    def ticked(self) -> dt.datetime | None:
        return Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()

    def test_two_beats_at_once_say_everything_once(self, never_quiet, queue, tmp_path):
        cast = build_cast(timezone.localdate())
        post(cast, 20)
        with mail_sink() as sink:
            worker = self.celery(queue, sink, "worker", "--pool", "threads", "-c", "2", "-Q", queue)
            beats = [self.celery(queue, sink, "beat", "-s", str(tmp_path / f"beat{number}")) for number in range(2)]
            try:
                self.until(
                    lambda: not Delivery.objects.filter(notice__kind=KIND, state="pending").exists(), worker, *beats
                )
                first = self.ticked()
                self.until(lambda: self.ticked() != first, worker, *beats)
            finally:
                self.stop(*beats, worker)
        rows = Delivery.objects.filter(notice__kind=KIND, channel="email").values_list("state", "attempts")
        assert list(rows) == [("sent", 1)] * 20
        assert len(sink.ids["member@example.invalid"]) == len(set(sink.ids["member@example.invalid"])) == 20

    def test_what_redis_forgot_the_next_tick_does(self, never_quiet, queue, monkeypatch):
        """Ticks that waited in the queue are gone; nothing else was in there."""
        cast = build_cast(timezone.localdate())
        post(cast, 5)
        monkeypatch.setitem(app.conf, "task_always_eager", False)
        with app.connection_for_write(os.environ["PORTAL_TEST_REDIS_URL"]) as connected:
            for _number in range(3):
                app.send_task("notifications.tick", queue=queue, connection=connected)
            assert self.broker().llen(queue) == 3
            self.broker().delete(queue)
            with mail_sink() as sink:
                worker = self.celery(queue, sink, "worker", "--pool", "solo", "-Q", queue)
                try:
                    app.send_task("notifications.tick", queue=queue, connection=connected)
                    self.until(lambda: self.ticked() is not None, worker)
                finally:
                    self.stop(worker)
        assert (
            list(Delivery.objects.filter(notice__kind=KIND, channel="email").values_list("state", flat=True))
            == ["sent"] * 5
        )
        assert len(set(sink.ids["member@example.invalid"])) == 5
