"""Exports that are written: fetched by who asked, for ten minutes, then forgotten; the pages that show them."""

from __future__ import annotations

import datetime as dt
import io
import os

import openpyxl
import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.limits import EXPORTS
from accounts.models import AuditEvent
from members.models import Post
from reports.exporter import reports
from reports.jobs import files, start
from reports.jobs.job_services import (
    KEPT_FOR,
    expire_files,
    forget_exports,
    is_fetchable,
)
from reports.jobs.run_services import LINK_VALID_FOR, claim, write_export
from reports.models import ExportJob
from tests.notifications.test_celery import worker  # noqa: F401  # a fixture
from tests.reports.exporting import Counting, ask, counting_fixture, media_fixture, names, written  # noqa: F401  # fixtures among them

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
