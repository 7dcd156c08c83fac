"""The page for lists of links: preview, apply, refused rows, the template, and what strangers may not do."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import threading

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import AuditEvent, StoredUpload
from members.importing.uploads import discard_expired
from mentoring.models import Mentorship
from mentoring.services import arrange_link
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.mentoring.crew import act, add_person, link, new_members
from tests.mentoring.pairs import HEADINGS, bring, row, upload, workbook

CHOOSE, APPLY = reverse("mentoring_import"), reverse("mentoring_import_apply")
LIU = "liu_secretary"


def send(client, *rows, data: bytes | None = None):
    return client.post(CHOOSE, {"file": upload(data if data is not None else workbook(*rows))})


def token() -> str:
    return StoredUpload.objects.get(used_at=None).token


def two_rows(cast):
    """A good one, and one whose mentor is no member."""
    first, second = new_members(cast, 2)
    return row(3, cast.person("liu_member"), first, goal="按期转正"), row(3, cast.person("liu_activist"), second)


def test_the_preview_shows_links_and_changes_and_writes_nothing(cast, sign_in):
    first, second = new_members(cast, 2)
    link(cast, cast.person("liu_member"), first, starts_on=dt.date(2026, 10, 8), goal="旧目标")
    page = send(
        sign_in(LIU),
        row(3, cast.person("liu_member"), first, goal="新目标"),
        row(3, cast.person("liu_member"), second, goal="按期转正"),
    ).content.decode()
    assert "<del>旧目标</del> → <ins>新目标</ins>" in page
    assert "<del>—</del> → <ins>2027-06-30</ins>" in page
    assert "周鑫 → 新党员2" in page
    assert "应用 2 行" in page
    assert Mentorship.objects.get().goal == "旧目标"


def test_applying_makes_the_links_and_says_so(cast, sign_in):
    good, _bad = two_rows(cast)
    secretary = sign_in(LIU)
    send(secretary, good)
    page = secretary.post(APPLY, {"token": token()}, follow=True).content.decode()
    assert "已导入：新增 1 个结对，更新 0 个。" in page
    made = Mentorship.objects.get()
    assert (made.state, made.arranged_by, made.goal) == ("active", cast.user(LIU), "按期转正")
    assert StoredUpload.objects.get().data() == b""
    event = AuditEvent.objects.get(object_type="pairs")
    assert (event.user, event.detail["created"]) == (cast.user(LIU), 1)


def test_an_offer_to_a_classmate_is_announced_as_one(cast, sign_in):
    mate = cast.person("classmate")
    helper = add_person(cast, "同班积极分子", "20260510055", branch=cast.liu, school_class=cast.class_26, programme="bachelor",
                        enrolment_year=2026, applied_on=dt.date(2026, 9, 2), activist_on=dt.date(2026, 10, 1))  # fmt: skip
    secretary = sign_in(LIU)
    send(secretary, row("同班同学", helper, mate))
    page = secretary.post(APPLY, {"token": token()}, follow=True).content.decode()
    assert "已询问 1 名同学，对方可以婉拒。" in page
    assert Mentorship.objects.get().state == "offered"


def test_refused_rows_keep_the_file_back_until_they_are_left_out(cast, sign_in):
    secretary = sign_in(LIU)
    page = send(secretary, *two_rows(cast)).content.decode()
    assert '<li class="is-late"><strong>1</strong>' in page
    answer = secretary.post(APPLY, {"token": token()})
    assert (answer.status_code, Mentorship.objects.count()) == (409, 0)
    assert "未导入：文件中有被拒绝的行，或预览后结对有变化。" in answer.content.decode()
    assert secretary.post(APPLY, {"token": token(), "skip_refused": "1"}).status_code == 302
    assert Mentorship.objects.get().goal == "按期转正"


def test_a_preview_that_no_longer_holds_is_shown_again(cast, sign_in):
    good, _bad = two_rows(cast)
    secretary = sign_in(LIU)
    send(secretary, good)
    link(cast, cast.person("liu_member"), new_members(cast, 1, start=7)[0])
    link(cast, cast.person("liu_member"), new_members(cast, 1, start=8)[0])
    answer = secretary.post(APPLY, {"token": token(), "skip_refused": "1"})
    assert (answer.status_code, Mentorship.objects.count()) == (409, 2)
    assert "（规则 R80）" in answer.content.decode()


def test_another_users_forged_used_or_expired_token_is_404(cast, sign_in, fixed_clock):
    good, _bad = two_rows(cast)
    secretary, other = sign_in(LIU), sign_in("er_secretary")
    send(secretary, good)
    found = token()
    faults = reverse("mentoring_import_faults", args=[found])
    assert [other.post(APPLY, {"token": found}).status_code, other.get(faults).status_code] == [404, 404]
    assert [secretary.post(APPLY, {"token": "x" * 43}).status_code, secretary.post(APPLY, {}).status_code] == [404, 404]
    assert secretary.post(reverse("roster_apply"), {"token": found}).status_code == 404
    assert secretary.post(APPLY, {"token": found}).status_code == 302
    assert secretary.post(APPLY, {"token": found}).status_code == 404
    send(secretary, good)
    late = token()
    fixed_clock.shift(dt.timedelta(minutes=31))
    assert sign_in(LIU).post(APPLY, {"token": late}).status_code == 404
    assert Mentorship.objects.count() == 1
    assert discard_expired(timezone.now()) == 2
    assert StoredUpload.objects.count() == 0


def test_the_marked_workbook_comes_back(cast, sign_in):
    secretary = sign_in(LIU)
    send(secretary, *two_rows(cast))
    answer = secretary.get(reverse("mentoring_import_faults", args=[token()]))
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert sheet.cell(2, sheet.max_column).value == "问题"
    assert sheet.cell(3, sheet.max_column).value is None
    assert "（规则 R81）" in sheet.cell(4, sheet.max_column).value
    assert sheet.cell(4, 2).fill.fgColor.rgb != sheet.cell(3, 2).fill.fgColor.rgb


def test_the_template_can_be_filled_in_and_imported(cast, sign_in):
    secretary = sign_in(LIU)
    answer = secretary.get(reverse("mentoring_import_template"))
    assert "%E5%B8%AE%E6%89%B6%E7%BB%93%E5%AF%B9%E8%A1%A8%E6%A8%A1%E6%9D%BF.xlsx" in answer["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    headings = [cell.value for cell in sheet[2]]
    assert headings == ["帮扶层级", "帮扶人", "帮扶人学号", "帮扶人所在支部", "被帮扶对象", "对象学号", "帮扶类别", "起始日期", "结束日期",
                        "帮扶目标", "状态"]  # fmt: skip
    assert len(book.worksheets) == 2
    (new,) = new_members(cast, 1)
    values = ["老党员帮扶新党员", "周鑫", "20250530002", "第六党支部", new.name, new.number, "", dt.date(2026, 10, 8)]
    for column, value in enumerate(values, 1):
        sheet.cell(3, column, value)
    stream = io.BytesIO()
    book.save(stream)
    send(secretary, data=stream.getvalue())
    secretary.post(APPLY, {"token": token()})
    assert (Mentorship.objects.get().mentee, Mentorship.objects.get().starts_on) == (new, dt.date(2026, 10, 8))


@pytest.mark.parametrize("data", [b"", b"no workbook", b"<html></html>", workbook(headings=("姓名", "性别"))])
def test_what_is_no_list_of_links_is_refused_in_words(cast, sign_in, data):
    answer = send(sign_in(LIU), data=data)
    assert (answer.status_code, StoredUpload.objects.count()) == (200, 0)
    assert "已拒绝" in answer.content.decode()


def test_no_file_at_all_is_said_at_the_field(cast, sign_in):
    answer = sign_in(LIU).post(CHOOSE, {})
    assert answer.status_code == 400
    assert "请检查以下填写内容" in answer.content.decode()


def test_an_empty_list_has_nothing_to_apply(cast, sign_in):
    assert "没有需要应用的内容" in send(sign_in(LIU), data=workbook()).content.decode()


@pytest.mark.parametrize("name", ["liu_member", "league_secretary", "counsellor", "administrator", "stranger"])
def test_who_arranges_no_links_gets_403(cast, sign_in, name):
    client = sign_in(name)
    good, _bad = two_rows(cast)
    assert send(client, good).status_code == 403
    assert client.get(reverse("mentoring_import_template")).status_code == 403
    assert StoredUpload.objects.count() == 0


def test_the_eleventh_file_of_an_hour_waits(cast, sign_in):
    secretary, data = sign_in(LIU), workbook(headings=HEADINGS)
    for _time in range(10):
        assert send(secretary, data=data).status_code == 200
    answer = send(secretary, data=data)
    assert answer.status_code == 400
    assert "最近一小时读取的文件较多" in answer.content.decode()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_confirms_at_once_are_one_import(transactional_db, today, client):
    from django.test import Client

    cast = build_cast(today)
    good, _bad = two_rows(cast)
    clients = []
    for _number in range(2):
        one = Client()
        one.force_login(cast.user(LIU), backend="allauth.account.auth_backends.AuthenticationBackend")
        one.get(CHOOSE)
        clients.append(one)
    send(clients[0], good)
    found, barrier, answers = token(), threading.Barrier(2), []

    def confirm(one):
        barrier.wait(timeout=20)
        answers.append(one.post(APPLY, {"token": found}).status_code)
        connection.close()

    threads = [threading.Thread(target=confirm, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(answers) == [302, 404]
    assert Mentorship.objects.count() == Mentorship.history.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_files_and_a_hand_made_link_at_once_keep_the_limit(transactional_db, today):
    """One senior, three new members: two files and a secretary at the same moment; two places."""
    cast = build_cast(today)
    senior, people = cast.person("liu_member"), new_members(cast, 3)
    barrier = threading.Barrier(3)

    def by_file(person):
        barrier.wait(timeout=20)
        bring(cast, LIU, row(3, senior, person))
        connection.close()

    def by_hand(person):
        barrier.wait(timeout=20)
        with contextlib.suppress(Refused):
            arrange_link(tier=3, mentor=senior, mentee=person, starts_on=today, **act(cast, LIU))
        connection.close()

    threads = [threading.Thread(target=by_file, args=(person,)) for person in people[:2]]
    threads.append(threading.Thread(target=by_hand, args=(people[2],)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert Mentorship.objects.open().filter(mentor=senior).count() == 2
