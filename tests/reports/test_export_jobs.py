"""Exports under way: written once, fetched by who asked, for ten minutes; nothing is lost when somebody dies."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from accounts.limits import EXPORTS
from accounts.models import AuditEvent
from bench.outbox_drill import ROOT, portal_environment
from members.access import scope_for
from members.models import Post
from notifications.services import run_tick
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import EVERYBODY_ROLES
from pairing_portal.common.spreadsheets import Column
from reports.exporter import Report, ReportRequest, reports
from reports.jobs import files, progress, start
from reports.jobs.job_services import (
    KEPT_FOR,
    MOST_AT_ONCE,
    cancel_export,
    expire_files,
    forget_exports,
    is_fetchable,
    request_export,
)
from reports.jobs.progress import LEASE
from reports.jobs.run_services import LINK_VALID_FOR, MAX_ATTEMPTS, claim, give_up, run_waiting, write_export
from reports.models import ExportJob
from tests.cast import build_cast
from tests.pairings.deeds import race


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT / "exports"


class Counting(Report):
    """Gives ten rows, and before each does what the test wants."""

    name, title, description = "counting", "计数", "x"
    roles = EVERYBODY_ROLES
    parameters = (("state", "x"),)
    before = staticmethod(lambda number: None)

    def columns(self) -> list[Column]:
        return [Column("学号"), Column("次数", kind="integer", total=True)]

    def rows(self, request: ReportRequest):
        for number in range(10):
            type(self).before(number)
            yield f"00{number}", number

    def expected_rows(self, request: ReportRequest) -> int:
        return 10


@pytest.fixture
def counting(monkeypatch) -> type[Report]:
    kept = dict(reports._items) | {"counting": (100, Counting())}
    monkeypatch.setattr(reports, "_items", kept)
    monkeypatch.setattr(Counting, "before", staticmethod(lambda number: None))
    # Every row is told.
    monkeypatch.setattr(progress, "TELL_EVERY_SECONDS", -1)
    return Counting


def ask(cast, name="er_secretary", **changes) -> ExportJob:
    user, now = cast.user(name), timezone.now()
    asked = ReportRequest(
        scope=scope_for(user), today=now.date(), made_at=now, made_by="x", purpose=changes.pop("purpose", "月报"), parameters=changes
    )  # fmt: skip
    return request_export(user=user, report=Counting(), asked=asked, format="xlsx", now=now)


def written(job: ExportJob) -> list[list[object]]:
    book = openpyxl.load_workbook(files.path_of(job.file))
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def names(media: Path) -> list[str]:
    return sorted(path.name for path in media.iterdir()) if media.exists() else []


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
from tests.reports.test_export_jobs import Counting
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
def test_control_without_the_question_in_the_update_several_would_write_it(transactional_db, counting, today):
    job = ask(build_cast(today))

    def careless(_index: int) -> bool:
        rows = ExportJob.objects.filter(pk=job.pk, state="queued")
        waits = rows.exists()
        return waits and bool(ExportJob.objects.filter(pk=job.pk).update(state="running") or True)

    assert race(careless, 6).count(True) >= 1


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


# --- Fetching and forgetting ---------------------------------------------------------------------


def done_job(cast, name="er_secretary") -> ExportJob:
    job = ask(cast, name)
    return write_export(job=claim(now=timezone.now(), key=job.pk), now=timezone.now())


def test_who_asked_fetches_it_for_ten_minutes(cast, counting, sign_in, fixed_clock, media):
    job = done_job(cast)
    address, client = reverse("export_file", args=[job.pk]), sign_in("er_secretary")
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == files.path_of(job.file).read_bytes()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Disposition"].endswith("20261028.xlsx")
    assert sign_in("er_deputy").get(address).status_code == 404
    fixed_clock.shift(LINK_VALID_FOR)
    assert client.get(address).url == reverse("reports") + "#exports"
    assert (expire_files(now=timezone.now()), names(media)) == (1, [])
    assert (expire_files(now=timezone.now()), is_fetchable(ExportJob.objects.get(), timezone.now())) == (0, False)


def test_who_lost_the_right_fetches_nothing(cast, counting, sign_in, monkeypatch):
    monkeypatch.setattr(Counting, "roles", reports.get("pairings").roles)
    job = done_job(cast)
    Post.objects.filter(person=cast.person("er_secretary")).delete()
    assert sign_in("er_secretary").get(reverse("export_file", args=[job.pk])).status_code == 403


def test_a_proxy_hands_the_file_over(cast, counting, sign_in, settings):
    settings.PROTECTED_MEDIA_PREFIX = "/protected"
    job = done_job(cast)
    answer = sign_in("er_secretary").get(reverse("export_file", args=[job.pk]))
    assert (answer.content, answer.headers["X-Accel-Redirect"]) == (b"", f"/protected/exports/{job.file}")


@pytest.mark.parametrize("name", ["../portal.sqlite3", "a/b.xlsx", "..", ""])
def test_no_name_leads_out_of_the_folder(name):
    with pytest.raises(ValueError):
        files.path_of(name)


def test_names_cannot_be_guessed():
    assert len({files.new_name("xlsx") for _time in range(50)}) == 50
    assert min(len(files.new_name("csv")) for _time in range(50)) >= 36


def test_old_exports_are_forgotten_and_files_of_nobody_swept(cast, counting, media, fixed_clock):
    kept = done_job(cast)
    (media / "left.xlsx").write_bytes(b"x")
    (media / "young.xlsx").write_bytes(b"x")
    os.utime(media / "left.xlsx", (0, 0))
    now = timezone.now().timestamp()
    os.utime(media / "young.xlsx", (now, now))
    os.utime(media / kept.file, (0, 0))
    assert forget_exports(now=timezone.now()) == 1
    assert names(media) == sorted(["young.xlsx", kept.file])
    waiting = ask(cast)
    fixed_clock.shift(KEPT_FOR + dt.timedelta(days=1))
    forget_exports(now=timezone.now())
    # What waits is never forgotten.
    assert list(ExportJob.objects.values_list("pk", flat=True)) == [waiting.pk]


# --- Pages ---------------------------------------------------------------------------------------


def test_a_quick_one_comes_at_once_and_stands_under_ones_exports(cast, sign_in):
    client = sign_in("er_secretary")
    answer = client.post(reverse("report_download", args=["pairings"]), {"purpose": "月报", "format": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert book.worksheets[0]["A1"].value == str(reports.get("pairings").title)
    shown = client.get(reverse("reports")).context["exports"]
    assert [(one.state, one.is_fetchable, one.may_repeat) for one in shown] == [("已生成", True, False)]


def test_a_slow_one_leads_to_its_progress_and_can_be_called_off(cast, counting, sign_in, monkeypatch):
    monkeypatch.setattr(start, "SECONDS_TO_WAIT", -1)
    client = sign_in("er_secretary")
    answer = client.post(reverse("report_download", args=["counting"]), {"purpose": "月报", "format": "csv"})
    assert answer.url == reverse("reports") + "#exports"
    job = ExportJob.objects.get()
    page = client.get(reverse("export_job", args=[job.pk]), headers={"HX-Request": "true"})
    assert "every 1s" in page.content.decode()
    claim(now=timezone.now(), key=job.pk)
    ExportJob.objects.update(rows_done=3, rows_total=10)
    page = client.get(reverse("export_job", args=[job.pk]), headers={"HX-Request": "true"}).content.decode()
    assert 'max="10" value="3"' in page
    assert client.post(reverse("export_cancel", args=[job.pk])).url == reverse("reports") + "#exports"
    page = client.get(reverse("export_job", args=[job.pk]), headers={"HX-Request": "true"}).content.decode()
    assert ("every 1s" in page, reverse("export_repeat", args=[job.pk]) in page) == (False, True)


def test_the_same_again(cast, counting, sign_in, fixed_clock):
    ask(cast, state="active")
    first = write_export(job=claim(now=timezone.now()), now=timezone.now())
    fixed_clock.shift(dt.timedelta(hours=1))
    answer = sign_in("er_secretary").post(reverse("export_repeat", args=[first.pk]))
    assert answer.status_code == 200
    second = ExportJob.objects.exclude(pk=first.pk).get()
    for field in ("report", "parameters", "format", "purpose", "state"):
        assert getattr(second, field) == getattr(first, field)
    assert AuditEvent.objects.filter(action="exported").count() == 2


def test_repeating_takes_a_turn(cast, counting, sign_in):
    job, client = done_job(cast), sign_in("er_secretary")
    answers = [client.post(reverse("export_repeat", args=[job.pk])).status_code for _time in range(EXPORTS.times + 1)]
    assert answers == [200] * EXPORTS.times + [429]


def test_strangers_find_none_of_it(cast, counting, sign_in):
    job, deputy = done_job(cast), sign_in("er_deputy")
    found = [
        deputy.get(reverse("export_job", args=[job.pk])), deputy.get(reverse("export_file", args=[job.pk])),
        deputy.post(reverse("export_cancel", args=[job.pk])), deputy.post(reverse("export_repeat", args=[job.pk])),
    ]  # fmt: skip
    assert [answer.status_code for answer in found] == [404] * 4
    assert deputy.get(reverse("reports")).context["exports"] == []


def test_administrators_see_who_asked_for_what_but_no_file(cast, counting, sign_in):
    job, administrator = done_job(cast), sign_in("administrator")
    listed = administrator.get(reverse("admin:reports_exportjob_changelist"))
    page = administrator.get(reverse("admin:reports_exportjob_change", args=[job.pk]))
    assert (listed.status_code, page.status_code) == (200, 200)
    assert job.purpose in listed.content.decode()
    assert job.file not in listed.content.decode() + page.content.decode()
    assert sign_in("er_secretary").get(reverse("admin:reports_exportjob_changelist")).status_code == 403


def test_the_command_lists_every_report(capsys):
    call_command("export_report", "--list")
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()] == [
        key for key, _item in reports.items()
    ]
