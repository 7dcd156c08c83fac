"""Exporting and searching: bad parameters answered in words, limits kept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.limits import EXPORTS, Limit, take_turn
from accounts.models import AuditEvent
from reports.models import ExportJob
from tests.cast import build_cast
from tests.pairings.deeds import race


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def export(client, **changes):
    values = {"purpose": "月报", "format": "xlsx"} | changes
    return client.post(reverse("report_download", args=["pairings"]), values)


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


def exported():
    return AuditEvent.objects.filter(action="exported").count()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"year": "²026"}, "²026"),
        ({"year": "20261"}, "20261"),
        ({"year": "२०२६"}, "२०२६"),
        ({"state": "open"}, "open"),
        ({"format": "json"}, "json"),
        ({"format": "JSON", "purpose": ""}, "JSON"),
        ({"format": ""}, "xlsx"),
    ],
)
def test_what_cannot_be_read_is_a_bad_request_that_names_it(cast, sign_in, changes, named):
    answer = export(sign_in("er_secretary"), **changes)
    assert answer.status_code == 400
    assert named in answer.content.decode()
    assert exported() == 0


def test_a_purpose_is_asked_for_beside_its_field(cast, sign_in):
    answer = export(sign_in("er_secretary"), purpose=" ", state="active")
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["purpose"])
    # What was chosen is still there.
    assert answer.context["form"]["state"].value() == "active"
    assert (exported(), ExportJob.objects.count()) == (0, 0)


def test_good_parameters_are_kept(cast, sign_in):
    assert export(sign_in("er_secretary"), year="2026", state="active").status_code == 200
    assert AuditEvent.objects.get(action="exported").detail["year"] == "2026"


@pytest.mark.parametrize("name", ["pairings", "continuity"])
def test_a_csv_is_text_that_excel_reads(cast, sign_in, tmp_path, name):
    answer = sign_in("er_secretary").post(reverse("report_download", args=[name]), {"purpose": "月报", "format": "csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    written = body(answer)
    assert written.startswith(b"\xef\xbb\xbf")
    out = tmp_path / "out.csv"
    call_command("export_report", name, "--out", str(out))
    assert out.read_bytes().splitlines()[0] == written.splitlines()[0]


def test_the_command_refuses_the_same(cast, tmp_path):
    with pytest.raises(CommandError) as caught:
        call_command("export_report", "pairings", "--out", str(tmp_path / "out.xlsx"), "--param", "year=²026")
    assert caught.value.returncode == 2
    assert list(tmp_path.glob("out*")) == []


# --- Limits ---------------------------------------------------------------------------------------


def test_ten_exports_an_hour_and_person(cast, sign_in, fixed_clock):
    secretary = sign_in("er_secretary")
    assert [export(secretary).status_code for _ in range(11)] == [200] * 10 + [429]
    refused = export(secretary)
    assert "11:00" in refused.content.decode()
    assert refused.headers["Retry-After"] == "3600"
    assert exported() == 10
    assert export(sign_in("er_deputy")).status_code == 200
    fixed_clock.shift(dt.timedelta(hours=1))
    assert export(sign_in("er_secretary")).status_code == 200


def test_a_bad_request_costs_no_turn(cast, sign_in):
    secretary = sign_in("er_secretary")
    for _press in range(11):
        export(secretary, year="x")
    assert export(secretary).status_code == 200


def test_sixty_searches_a_minute(cast, sign_in, fixed_clock):
    member = sign_in("er_member")
    address = reverse("search")
    assert [member.get(address, {"q": "罗"}).status_code for _ in range(61)] == [200] * 60 + [429]
    # The empty page asks nothing of the database.
    assert member.get(address).status_code == 200
    fixed_clock.shift(dt.timedelta(minutes=1))
    assert member.get(address, {"q": "罗"}).status_code == 200


def test_ten_uploads_an_hour_however_many_files_each(cast, sign_in):
    secretary = sign_in("er_secretary")
    answers = []
    for number in range(11):
        files = [SimpleUploadedFile(f"{number}-{part}.csv", b"x,y\n1,2\n") for part in range(3)]
        answers.append(secretary.post(reverse("roster_import"), {"files": files}).status_code)
    assert answers == [200] * 10 + [400]


def test_a_clock_set_back_locks_nobody_out(cast):
    user, now = cast.user("er_member"), timezone.now()
    once = Limit("test", 1, dt.timedelta(hours=1))
    assert take_turn(limit=once, user=user, now=now) == 0
    assert take_turn(limit=once, user=user, now=now + dt.timedelta(minutes=59)) == 60
    assert take_turn(limit=once, user=user, now=now - dt.timedelta(days=1)) == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twelve_at_once_are_ten(transactional_db, today):
    cast = build_cast(today)
    results = race(lambda _index: take_turn(limit=EXPORTS, user=cast.user("er_member"), now=timezone.now()), 12)
    assert sorted(results) == [0] * 10 + [3600] * 2
