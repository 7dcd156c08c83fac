"""The import page, as its users meet it: preview, apply, refused rows, and what strangers may not do."""

from __future__ import annotations

import datetime as dt
import io
import threading
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from accounts.models import AuditEvent, StoredUpload
from members.models import Person
from tests.cast import build_cast
from tests.members.importing.test_samples import (
    CLASSES,
    EXPECTED,
    FOURTH,
    SAMPLES,
    SECOND,
    SIXTH,
    THIRD,
    as_expected,
    from_file,
)

PORTAL = ("roster_import", "roster_apply")
ADMIN = ("admin:members_member_import", "admin:members_member_process_import")
HEADINGS = ["学号", "姓名", "性别", "党支部", "递交入党申请书时间", "手机"]


def workbook(rows, headings=HEADINGS, name="名册.xlsx") -> SimpleUploadedFile:
    book = Workbook()
    book.active.append(headings)
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return SimpleUploadedFile(name, stream.getvalue())


def sample(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (Path(SAMPLES) / name).read_bytes())


def upload(client, *files, where=PORTAL[0], branch=""):
    return client.post(reverse(where), {"files": list(files), "branch": branch})


def tokens() -> list[str]:
    return list(StoredUpload.objects.filter(used_at=None).values_list("token", flat=True))


ER = "机械系党总支第二党支部"
NEW = ["20239990001", "新同学", "女", ER, "2024-09-20", "13800000001"]


@pytest.mark.parametrize(("choose", "apply"), [PORTAL, ADMIN])
def test_the_sample_rosters_through_the_page(db, client, choose, apply):
    from accounts.models import User

    client.force_login(
        User.objects.create_superuser("root", password="x"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    page = upload(client, sample(SECOND), sample(THIRD), sample(SIXTH), where=choose).content.decode()
    assert "2025.13.40" in page
    assert "身份证号" in page
    assert Person.objects.count() == 0
    client.post(reverse(apply), {"token": tokens(), "skip_refused": "1"})
    branch = Person.objects.get(number="20240320001").party_branch.department.party_branches.get(name__contains="第三")
    from branches.models import PartyBranch

    fourth = PartyBranch.objects.create(department=branch.department, name="机械系党总支第四党支部")
    upload(client, sample(FOURTH), where=choose, branch=fourth.pk)
    client.post(reverse(apply), {"token": tokens()})
    upload(client, sample(CLASSES), where=choose)
    client.post(reverse(apply), {"token": tokens()})
    people = Person.objects.filter(party_branch__isnull=False).select_related(
        "department", "school_class", "party_branch"
    )
    assert {row["number"]: row for row in map(as_expected, people)} == {
        row["number"]: from_file(row) for row in EXPECTED["people"]
    }
    assert Person.objects.filter(party_branch=None).count() == 5 + 70
    assert AuditEvent.objects.filter(action="imported").count() == 5


def test_a_secretary_imports_into_the_own_branch(cast, sign_in):
    secretary = sign_in("er_secretary")
    page = upload(
        secretary, workbook([[*NEW[:3], "", "2024-09-20", ""]], headings=HEADINGS), branch=cast.er.pk
    ).content.decode()
    assert "新同学" in page
    secretary.post(reverse("roster_apply"), {"token": tokens()})
    assert Person.objects.get(number=NEW[0]).party_branch == cast.er


def test_the_preview_shows_old_and_new_and_writes_nothing(cast, sign_in):
    row = ["20230310004", "罗萍妍", "女", ER, "2023-09-20", "13911112222"]
    page = upload(sign_in("er_secretary"), workbook([row])).content.decode()
    assert "<del>—</del>" in page
    assert "<ins>13911112222</ins>" in page
    assert Person.objects.get(number="20230310004").phone == ""


@pytest.mark.parametrize("name", ["er_member", "league_secretary", "stranger"])
@pytest.mark.parametrize("address", [*PORTAL, *ADMIN])
def test_who_keeps_no_roster_gets_403(cast, sign_in, name, address):
    client = sign_in(name)
    answer = upload(client, workbook([NEW]), where=address)
    assert answer.status_code in (403, 302 if address.startswith("admin") else 403)
    assert StoredUpload.objects.count() == 0


def test_a_row_of_another_branch_is_neither_read_nor_changed_nor_planted(cast, sign_in):
    stranger = cast.person("san_member")
    rows = [
        [stranger.number, "被改名", "女", ER, "2024-09-20", "13800000000"],
        ["20239990002", "被安插", "女", "机械系党总支第三党支部", "2024-09-20", ""],
        ["20239990003", "新支部", "女", "机械系党总支第九党支部", "2024-09-20", ""],
    ]
    secretary = sign_in("er_secretary")
    page = upload(secretary, workbook(rows)).content.decode()
    assert stranger.name not in page
    assert page.count("不在您的管理范围") == 3
    secretary.post(reverse("roster_apply"), {"token": tokens(), "skip_refused": "1"})
    stranger.refresh_from_db()
    assert (stranger.name, stranger.party_branch) == ("罗杰", cast.san)
    assert not Person.objects.filter(number__startswith="2023999").exists()


def test_a_counsellor_imports_the_lists_of_own_classes_only(cast, sign_in):
    headings = ["学号", "姓名", "班级", "政治面貌"]
    rows = [
        ["20269990001", "本班同学", "26土木本科1班", "共青团员"],
        ["20259990001", "别班同学", "25土木本科2班", "群众"],
    ]
    counsellor = sign_in("counsellor")
    upload(counsellor, workbook(rows, headings=headings))
    counsellor.post(reverse("roster_apply"), {"token": tokens(), "skip_refused": "1"})
    assert list(Person.objects.filter(number__in=["20269990001", "20259990001"]).values_list("name", flat=True)) == [
        "本班同学"
    ]


def test_another_users_forged_used_or_expired_token_is_404(cast, sign_in, fixed_clock):
    secretary, other = sign_in("er_secretary"), sign_in("san_secretary")
    upload(secretary, workbook([NEW]))
    apply, (token,) = reverse("roster_apply"), tokens()
    assert other.post(apply, {"token": token}).status_code == 404
    assert secretary.post(apply, {"token": "x" * 43}).status_code == 404
    assert secretary.post(apply, {}).status_code == 404
    fixed_clock.shift(dt.timedelta(minutes=29))
    assert secretary.post(apply, {"token": token}).status_code == 302
    assert secretary.post(apply, {"token": token}).status_code == 404
    upload(secretary, workbook([[*NEW[:1], "新名字", *NEW[2:]]]))
    fixed_clock.shift(dt.timedelta(minutes=31))
    late = StoredUpload.objects.get(used_at=None).token
    secretary = sign_in("er_secretary")
    assert secretary.post(apply, {"token": late}).status_code == 404
    assert Person.objects.get(number=NEW[0]).name == "新同学"


def test_the_uploaded_file_does_not_outlive_its_use(cast, sign_in):
    secretary = sign_in("er_secretary")
    upload(secretary, workbook([NEW]))
    secretary.post(reverse("roster_apply"), {"token": tokens()})
    assert StoredUpload.objects.get().data() == b""


def test_a_roster_that_changed_since_the_preview_is_shown_again(cast, sign_in):
    secretary = sign_in("er_secretary")
    upload(secretary, workbook([["20230310004", "罗萍妍", "女", ER, "2023-09-20", "13911112222"]]))
    person = cast.person("er_member")
    person.phone = "13700000000"
    person.save()
    answer = secretary.post(reverse("roster_apply"), {"token": tokens()})
    assert answer.status_code == 409
    assert "13700000000" in answer.content.decode()
    person.refresh_from_db()
    assert person.phone == "13700000000"


def test_one_bad_row_keeps_4999_good_ones_back(cast, sign_in):
    rows = [[f"2023{number:07}", "同学", "女", ER, "2024-09-20", ""] for number in range(4999)]
    before = Person.objects.count()
    secretary = sign_in("er_secretary")
    upload(secretary, workbook([*rows, ["20239999999", "坏行", "女", ER, "2024-13-40", ""]]))
    answer = secretary.post(reverse("roster_apply"), {"token": tokens()})
    assert (answer.status_code, Person.objects.count()) == (409, before)


def test_the_marked_workbook_comes_back(cast, sign_in):
    secretary = sign_in("er_secretary")
    upload(secretary, workbook([[*NEW[:4], "2024-13-40", ""]]))
    answer = secretary.get(reverse("roster_faults", args=tokens()))
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert "2024-13-40" in str(sheet.cell(2, sheet.max_column).value)
    assert sign_in("san_secretary").get(reverse("roster_faults", args=tokens())).status_code == 404


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("leer.xlsx", b""),
        SimpleUploadedFile("text.xlsx", b"no workbook"),
        SimpleUploadedFile("page.html", b"<html></html>"),
        SimpleUploadedFile("../../etc/passwd", b"root"),
    ],
)
def test_what_is_no_roster_is_refused_in_words(cast, sign_in, file):
    answer = upload(sign_in("er_secretary"), file)
    assert answer.status_code == 200
    assert "已拒绝" in answer.content.decode()
    assert StoredUpload.objects.count() == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["", "无学号", "女", ER, "", ""], "学号"),
        (["20239990009", "", "女", ER, "", ""], "姓名"),
        (["202399900091234567890123", "长学号", "女", ER, "", ""], "20"),
        (["2.02E+10", "科学计数", "女", ER, "", ""], "2.02E+10"),
        (["20239990009", "性别怪", "未知", ER, "", ""], "未知"),
        (["20239990009", "字" * 51, "女", ER, "", ""], "50"),
        (["20239990009", "日期早", "女", ER, "1899-12-31", ""], "1899-12-31"),
        (["20239990009", "日期零", "女", ER, "0000-00-00", ""], "0000-00-00"),
        (["20239990009", "电话怪", "女", ER, "", "12"], "12"),
    ],
)
def test_a_bad_cell_refuses_its_row_and_says_what_stands_there(cast, sign_in, row, words):
    page = upload(sign_in("er_secretary"), workbook([row])).content.decode()
    assert '<li class="is-late"><strong>1</strong>' in page
    assert words in page


def test_formula_like_text_is_text_and_control_characters_are_removed(cast, sign_in):
    secretary = sign_in("er_secretary")
    headings = [*HEADINGS, "专业"]
    upload(secretary, workbook([["20239990009", "张\u202e三", "女", ER, "", "", "@SUM(1)"]], headings=headings))
    secretary.post(reverse("roster_apply"), {"token": tokens()})
    row = Person.objects.get(number="20239990009")
    assert (row.name, row.major) == ("张三", "@SUM(1)")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_confirms_at_once_are_one_import(transactional_db, today, client):
    from django.test import Client

    cast = build_cast(today)
    clients = []
    for _number in range(2):
        one = Client()
        one.force_login(cast.user("er_secretary"), backend="allauth.account.auth_backends.AuthenticationBackend")
        one.get(reverse("roster_import"))
        clients.append(one)
    upload(clients[0], workbook([NEW]))
    (token,) = tokens()
    barrier, answers = threading.Barrier(2), []

    def confirm(one):
        barrier.wait(timeout=20)
        answers.append(one.post(reverse("roster_apply"), {"token": token}).status_code)
        connection.close()

    threads = [threading.Thread(target=confirm, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(answers) == [302, 404]
    assert Person.history.filter(number=NEW[0]).count() == 1
