"""Exports under way: written once, fetched by who asked, for ten minutes; nothing is lost when somebody dies."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import subprocess
import sys
import threading
import time

import openpyxl
import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import AuditEvent
from bench.outbox_drill import ROOT, portal_environment
from members.access import scope_for
from members.models import Post
from notifications.services import run_tick
from pairing_portal.celery import app
from pairing_portal.common.problems import Refused
from reports.exporter import ReportRequest, reports
from reports.jobs import files, progress, start
from reports.jobs.job_services import (
    MOST_AT_ONCE,
    cancel_export,
    forget_exports,
    request_export,
)
from reports.jobs.progress import LEASE
from reports.jobs.run_services import LINK_VALID_FOR, MAX_ATTEMPTS, claim, give_up, run_waiting, write_export
from reports.models import ExportJob
from tests.cast import build_cast
from tests.notifications.test_celery import worker  # noqa: F401  # a fixture
from tests.pairings.deeds import race
from tests.reports.exporting import Counting, ask, counting_fixture, media_fixture, names, written  # noqa: F401  # fixtures among them

# --- Asking and writing --------------------------------------------------------------------------


def test_what_is_asked_for_waits_with_its_line_in_the_trail(cast):
    job = ask(cast, purpose=" 月报 ", state="active")
    assert (job.state, job.report, job.purpose, job.parameters) == ("queued", "counting", "月报", {"state": "active"})
    line = AuditEvent.objects.get(action="exported")
    assert (line.object_id, line.detail) == ("counting", {"purpose": "月报", "format": "xlsx", "state": "active"})


def test_without_a_purpose_nothing_is_asked_for(cast):
    with pytest.raises(Refused) as caught:
        ask(cast, purpose="  ")
    assert (caught.value.field, ExportJob.objects.count(), AuditEvent.objects.filter(action="exported").count()) == (
        "purpose",
        0,
        0,
    )


def test_so_many_at_once_and_no_more(cast):
    for _number in range(MOST_AT_ONCE):
        ask(cast)
    with pytest.raises(Refused):
        ask(cast)
    assert ask(cast, "er_deputy").state == "queued"
    assert ExportJob.objects.count() == MOST_AT_ONCE + 1


def test_it_is_written_with_rows_totals_and_a_watermark(cast, counting, media):
    job = ask(cast, state="active")
    done = write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now())
    assert (done.state, done.rows_done, done.rows_total, done.attempts, done.error) == ("done", 10, 10, 1, "")
    assert done.expires_at == timezone.now() + dt.timedelta(minutes=10) == timezone.now() + LINK_VALID_FOR
    assert names(media) == [done.file]
    assert (done.size, files.path_of(done.file).stat().st_mode & 0o777) == (
        files.path_of(done.file).stat().st_size,
        0o600,
    )
    assert written(done)[:3] == [["计数", None], ["学号", "次数"], ["000", 0]]
    assert written(done)[-1] == ["合计", 45]
    notes = dict(openpyxl.load_workbook(files.path_of(done.file)).worksheets[-1].iter_rows(min_row=2, values_only=True))
    user = cast.user("er_secretary")
    assert notes["制表人"] == f"{user} ({user.username})"
    assert (notes["用途"], notes["筛选"], notes["制表时间"]) == ("月报", "x: active", "2026-10-28 10:00")


def test_progress_is_told_while_it_is_written(cast, counting, monkeypatch):
    seen = []
    monkeypatch.setattr(
        Counting, "before", staticmethod(lambda number: seen.append(tuple(ExportJob.objects.values_list("rows_done", "rows_total").get())))
    )  # fmt: skip
    job = ask(cast)
    write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now())
    assert seen == [(number, 10) for number in range(10)]


def test_told_at_most_twice_a_second(cast, counting, monkeypatch):
    told = []
    monkeypatch.setattr(progress, "TELL_EVERY_SECONDS", 0.5)
    monkeypatch.setattr(progress.time, "monotonic", itertools.count(0, 0.1).__next__)
    monkeypatch.setattr(progress.Progress, "tell", lambda self: told.append(self.done))
    watching = progress.Progress(ExportJob())
    assert len(list(watching.watch(range(1000)))) == 1000
    assert 100 < len(told) <= 200


def test_nobody_writes_what_somebody_holds(cast, counting):
    job = ask(cast)
    held = claim(now=timezone.now(), key=job.pk)
    assert claim(now=timezone.now(), key=job.pk) is None
    assert run_waiting(now=timezone.now()) == 0
    assert (held.state, held.attempts) == ("running", 1)


# --- Calling off ---------------------------------------------------------------------------------


def test_what_waits_is_called_off_and_never_begun(cast, counting, media):
    job = cancel_export(job=ask(cast), now=timezone.now())
    assert (job.state, claim(now=timezone.now()), names(media)) == ("cancelled", None, [])
    # Twice is once.
    assert cancel_export(job=job, now=timezone.now()).state == "cancelled"


def test_what_is_being_written_stops_at_the_next_step(cast, counting, monkeypatch, media):
    job, reached = ask(cast), []

    def cancel_at_four(number: int) -> None:
        reached.append(number)
        if number == 4:
            cancel_export(job=job, now=timezone.now())

    monkeypatch.setattr(Counting, "before", staticmethod(cancel_at_four))
    ended = write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now())
    assert (ended.state, ended.file, names(media)) == ("cancelled", "", [])
    assert reached[-1] < 9


def test_what_has_ended_is_not_called_off(cast, counting):
    job = ask(cast)
    done = write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now())
    with pytest.raises(Refused):
        cancel_export(job=done, now=timezone.now())
    assert ExportJob.objects.get().state == "done"


# --- Failing -------------------------------------------------------------------------------------


def test_rights_are_those_of_the_moment_of_writing(cast, counting, monkeypatch, media):
    monkeypatch.setattr(Counting, "roles", reports.get("pairings").roles)
    job = ask(cast)
    Post.objects.filter(person=cast.person("er_secretary")).delete()
    ended = write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now())
    assert (ended.state, ended.error, names(media)) == ("failed", "您的角色已不包含此报表。", [])


def test_a_closed_account_gets_nothing(cast, counting):
    job, user = ask(cast), cast.user("er_secretary")
    user.is_active = False
    user.save()
    assert write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now()).state == "failed"


def test_a_report_that_is_gone_has_failed_in_words(cast):
    job = ask(cast)
    assert write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now()).error == "此报表已不存在。"


@pytest.mark.usefixtures("expected_errors")
def test_a_mistake_of_ours_fails_at_once_and_quotes_no_row(cast, counting, monkeypatch, media, caplog):
    def fail(number: int) -> None:
        raise RuntimeError("张三 20230310001")

    monkeypatch.setattr(Counting, "before", staticmethod(fail))
    job = ask(cast)
    ended = write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now())
    assert (ended.state, names(media)) == ("failed", [])
    assert "张三" not in ended.error + caplog.text
    assert "RuntimeError" in caplog.text


def test_what_may_pass_is_tried_three_times(cast, counting, monkeypatch, media):
    def fail(number: int) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(Counting, "before", staticmethod(fail))
    ask(cast)
    states = []
    for _time in range(MAX_ATTEMPTS):
        write_export(job=claim(now=timezone.now()), now=timezone.now())
        states.append(ExportJob.objects.values_list("state", "attempts").get())
    assert states == [("queued", 1), ("queued", 2), ("failed", 3)]
    assert names(media) == []


# --- Dying ---------------------------------------------------------------------------------------


def test_who_does_not_come_back_loses_the_lease_and_the_next_begins_anew(cast, counting, media):
    job, now = ask(cast), timezone.now()
    claim(now=now, key=job.pk)
    assert claim(now=now + LEASE) is None
    later = now + LEASE + dt.timedelta(seconds=1)
    done = write_export(job=claim(now=later), now=later)
    assert (done.state, done.attempts, len(names(media))) == ("done", 2, 1)


def test_who_comes_back_too_late_leaves_the_others_file_alone(cast, counting, monkeypatch, media):
    """Both hold the job for a while: only the one whose lease stands in the row may end it."""
    job, now = ask(cast), timezone.now()
    first = claim(now=now, key=job.pk)
    monkeypatch.setattr(progress, "TELL_EVERY_SECONDS", 1000)
    second = claim(now=now + LEASE + dt.timedelta(seconds=1))
    done = write_export(job=second, now=now)
    late = write_export(job=first, now=now)
    assert (late.state, late.file, names(media)) == ("done", done.file, [done.file])


def test_three_deaths_are_a_failure_in_words(cast, counting):
    ask(cast)
    now = timezone.now()
    for _time in range(MAX_ATTEMPTS):
        assert claim(now=now) is not None
        now += LEASE + dt.timedelta(seconds=1)
    assert claim(now=now) is None
    ended = ExportJob.objects.get()
    assert (ended.state, ended.attempts, ended.lease_token) == ("failed", 3, "")
    assert "3" in ended.error
    assert give_up(now=now) == 0


def test_the_tick_makes_up_for_what_nobody_writes(cast, counting, quiet_reminders):
    ask(cast)
    run_tick(now=timezone.now())
    assert ExportJob.objects.get().state == "done"


KILLED = """
import os, sys, django
django.setup()
from django.utils import timezone
from reports.jobs import progress, run_services
from tests.reports.exporting import Counting
from reports.exporter import reports

progress.TELL_EVERY_SECONDS = -1
def die(number):
    if number == 6:
        os.kill(os.getpid(), 9)
Counting.before = staticmethod(die)
reports.register("counting", Counting())
run_services.run_waiting(now=timezone.now())
"""


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_loses_nothing(transactional_db, counting, today, media, settings):
    cast = build_cast(today)
    job = ask(cast)
    environment = portal_environment(MEDIA_ROOT=str(settings.MEDIA_ROOT), PYTHONPATH=str(ROOT))
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, cwd=ROOT, capture_output=True, timeout=120)
    assert killed.returncode == -9, killed.stderr.decode()[-2000:]
    job.refresh_from_db()
    # It died in the middle: what it had told stands there, the file does not.
    assert (job.state, job.rows_done, job.rows_total, job.file, job.attempts) == ("running", 6, 10, "", 1)
    assert [name for name in names(media) if not name.startswith(".")] == []
    after = job.lease_until + dt.timedelta(seconds=1)
    assert claim(now=job.lease_until) is None
    done = write_export(job=claim(now=after), now=after)
    assert (done.state, done.attempts, written(done)[-1]) == ("done", 2, ["合计", 45])
    # What the dead one left is swept when it is old.
    for path in media.iterdir():
        if path.name != done.file:
            os.utime(path, (0, 0))
    forget_exports(now=timezone.now())
    assert names(media) == [done.file]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_writes_it(transactional_db, counting, today):
    job = ask(build_cast(today))
    found = race(lambda _index: claim(now=timezone.now(), key=job.pk) is not None, 6)
    assert sorted(found) == [False] * 5 + [True]
    assert ExportJob.objects.get().attempts == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_without_the_question_in_the_update_all_would_write_it(transactional_db, counting, today):
    job = ask(build_cast(today))
    looked = threading.Barrier(6)

    def careless(_index: int) -> bool:
        waits = ExportJob.objects.filter(pk=job.pk, state="queued").exists()
        looked.wait(timeout=20)
        return waits and ExportJob.objects.filter(pk=job.pk).update(state="running") == 1

    assert race(careless, 6) == [True] * 6


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_somebody_else_cancels_while_it_is_written(transactional_db, counting, today, monkeypatch, media):
    """Progress and cancelling go over a connection of their own, past the rows that are being read."""
    job = ask(build_cast(today))
    monkeypatch.setattr(
        Counting, "before", staticmethod(lambda number: race(lambda _i: cancel_export(job=job, now=timezone.now()), 1) if number == 3 else None)
    )  # fmt: skip
    ended = write_export(job=claim(now=timezone.now()), now=timezone.now())
    assert (ended.state, names(media)) == ("cancelled", [])


# --- Who starts it -------------------------------------------------------------------------------


def test_what_takes_longer_than_a_request_waits_goes_on_behind_it(cast, counting, monkeypatch, media):
    started = []
    monkeypatch.setattr(start, "SECONDS_TO_WAIT", -1)
    monkeypatch.setattr(start, "start", started.append)
    job = start.begin(ask(cast), now=timezone.now())
    # The try of the request does not count.
    assert (job.state, job.attempts, started, names(media)) == ("queued", 0, [job.pk], [])
    assert start.run_one(job.pk) is True
    assert (ExportJob.objects.get().state, start.run_one(job.pk)) == ("done", False)


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_thread_of_this_process_writes(transactional_db, today, monkeypatch):
    begun = []

    class Thread:
        def __init__(self, target, args, **more):
            begun.append((target, args, more["daemon"]))

        def start(self):
            begun.append("started")

    monkeypatch.setattr(start.threading, "Thread", Thread)
    key = ask(build_cast(today)).pk
    start.start(key)
    assert begun == [(start._run_here, [key], True), "started"]


def test_a_broker_that_is_away_stops_nobody(cast, counting, settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    from reports import tasks

    def away(key: str) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr(tasks.write_one, "delay", away)
    start._start(ask(cast).pk)
    assert ExportJob.objects.get().state == "queued"


def test_with_a_broker_the_tick_sends_and_does_not_write(cast, counting, settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    from reports import tasks

    sent = []
    monkeypatch.setattr(tasks.write_one, "delay", sent.append)
    job = ask(cast)
    start.keep_exports(timezone.now())
    assert (sent, ExportJob.objects.get().state) == ([str(job.pk)], "queued")
    # Sent twice, written once.
    assert [tasks.write_one(key) for key in sent * 2] == [True, False]


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_a_worker_behind_redis_writes_it(transactional_db, worker, today, monkeypatch, media):  # noqa: F811  # the fixture
    monkeypatch.setitem(app.conf, "task_always_eager", False)
    cast, now = build_cast(today), timezone.now()
    user = cast.user("er_secretary")
    asked = ReportRequest(scope=scope_for(user), today=today, made_at=now, made_by="x", purpose="月报")
    job = request_export(user=user, report=reports.get("pairings"), asked=asked, format="xlsx", now=now)
    with app.connection_for_write(os.environ["PORTAL_TEST_REDIS_URL"]) as broker:
        for _send in range(2):
            app.send_task("reports.write_export", [str(job.pk)], queue=worker.queue, connection=broker)
    for _look in range(400):
        job.refresh_from_db()
        if job.state == "done":
            break
        assert worker.poll() is None
        time.sleep(0.1)
    assert (job.state, job.attempts, names(media)) == ("done", 1, [job.file])
