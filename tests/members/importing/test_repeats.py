"""The same file again is not read when nothing it depends on has changed, and is read when anything has."""

from __future__ import annotations

import datetime as dt
import io
import threading
from dataclasses import replace

import pytest
from django.db import connection
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import AuditEvent
from branches.models import LeagueBranch, PartyBranch, SchoolClass
from members.access import scope_for
from members.importing import repeats, service
from members.importing.directory import Directory
from members.models import Absence, Person, Post
from tests.cast import build_cast
from tests.members.importing.test_plain_rows import CLEAN, ER, roster

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TODAY = dt.date(2026, 10, 28)
SAN = "机械系党总支第三党支部"
ROWS = [
    CLEAN | {"身份证号": "1", "备注": ""},
    CLEAN | {"学号": "20239990002", "姓名": "别的同学", "班级": "23新班本科", "电话": "13800000002"},
]
FILE = roster(*ROWS)


@pytest.fixture(autouse=True)
def small_files_count(monkeypatch):
    monkeypatch.setattr(repeats, "MANY_ROWS", 1)


@pytest.fixture
def everybody(transactional_db):
    return build_cast(TODAY)


def run(data=FILE, *, scope=None, dry_run=False, name="名册.csv", branch="", today=TODAY, **more):
    report = service.import_rosters(
        files=[(name, data)],
        scope=scope,
        branch_default=branch,
        dry_run=dry_run,
        today=today,
        now=timezone.now(),
        **more,
    )
    return report.files[0]


def was_read(**more) -> bool:
    return run(**more).book is not None


def test_the_same_file_again_is_all_unchanged_without_being_read(everybody) -> None:
    first, again = run(), run()
    assert (first.counts["created"], first.book is None) == (2, False)
    assert (again.counts, again.applied, again.book) == (
        {"created": 0, "updated": 0, "unchanged": 2, "refused": 0}, True, None,
    )  # fmt: skip
    assert (again.never_stored, again.ignored_columns) == (first.never_stored, first.ignored_columns) == (["身份证号"], ["备注"])  # fmt: skip
    assert AuditEvent.objects.filter(action="imported").count() == 2
    assert Person.history.filter(number__startswith="2023999").count() == 2


def test_it_says_what_reading_would_have_said(everybody, monkeypatch) -> None:
    run()
    short = run(dry_run=True)
    short.write_faults(marked := io.BytesIO())
    assert load_workbook(marked).sheetnames == ["名册"]
    assert short.book is not None
    short = run(dry_run=True)
    monkeypatch.setattr(repeats.Repeats, "earlier", lambda *_args: None)
    long = run(dry_run=True)
    assert (short.book is None, long.book is None) == (True, False)
    assert short.plan == long.plan
    assert short.plan.fingerprint() == long.plan.fingerprint()
    assert (short.never_stored, short.ignored_columns, short.unknown_sheets) == (long.never_stored, long.ignored_columns, long.unknown_sheets)  # fmt: skip


def change_phone(cast) -> None:
    Person.objects.filter(number="20239990001").update(phone="13911111111")


def change_and_change_back(cast) -> None:
    change_phone(cast)
    Person.objects.filter(number="20239990001").update(phone="13800000001")


def delete_person(cast) -> None:
    Person.objects.get(number="20239990002").delete()


def change_somebody_else(cast) -> None:
    cast.person("san_member").save()


def give_post(cast) -> None:
    Post.objects.create(person=cast.person("er_member"), kind="publicity_officer", party_branch=cast.er)


def end_post(cast) -> None:
    Post.objects.filter(person=cast.person("er_secretary")).update(ended_on=TODAY)


def send_away(cast) -> None:
    Absence.objects.create(person=cast.person("er_member"), from_on=TODAY)


def rename_branch(cast) -> None:
    PartyBranch.objects.filter(pk=cast.san.pk).update(name="机械系党总支第九党支部")


def add_class(cast) -> None:
    SchoolClass.objects.create(department=cast.civil, name="26新班", programme="bachelor", enrolment_year=2026)


def rename_department(cast) -> None:
    type(cast.civil).objects.filter(pk=cast.civil.pk).update(name="建筑系")


def touch_league(cast) -> None:
    LeagueBranch.objects.update(member_count=1)


CHANGES = (
    change_phone, change_and_change_back, delete_person, change_somebody_else, give_post, end_post, send_away, rename_branch,
    add_class, rename_department, touch_league,
)  # fmt: skip


def test_any_change_of_what_it_depends_on_and_it_is_read(everybody) -> None:
    """One test for all of them: emptying the tables takes seconds."""
    for change in CHANGES:
        run()
        assert (change, was_read(dry_run=True)) == (change, False)
        change(everybody)
        assert (change, was_read(dry_run=True)) == (change, True)


OTHERS = (
    {"today": TODAY + dt.timedelta(days=1)}, {"branch": SAN}, {"name": "土木系名册.csv"}, {"data": roster(*reversed(ROWS))},
    {"data": FILE + b"\n"},
)  # fmt: skip


def test_another_day_branch_name_content_or_version_is_read(everybody, monkeypatch) -> None:
    run()
    for other in OTHERS:
        assert (other, was_read(dry_run=True, **other)) == (other, True)
    assert was_read(dry_run=True) is False
    monkeypatch.setattr(repeats, "_code", lambda: "another")
    assert was_read(dry_run=True) is True


def test_what_one_has_applied_tells_nothing_to_another(everybody) -> None:
    run()
    secretary = scope_for(everybody.user("er_secretary"), TODAY)
    assert was_read(scope=secretary) is True
    # A limited user's file is noted once it has found nothing to change.
    assert was_read(scope=secretary) is False
    assert was_read(scope=secretary, user=everybody.user("er_secretary")) is False
    assert was_read(scope=scope_for(everybody.user("san_secretary"), TODAY)) is True
    assert was_read(scope=scope_for(everybody.user("er_deputy"), TODAY)) is True
    assert was_read(scope=replace(secretary, managed_branch_ids=frozenset({everybody.san.pk}))) is True


OPEN = ({"电话": "12"}, {"出生年月": "2010-01-01"}, {"职务": "宣传委员"}, {"职务": "班长"}, {"实习开始": "2026-09-01"})


def test_what_leaves_something_open_is_read_again(everybody) -> None:
    for more in OPEN:
        data = roster(ROWS[1], CLEAN | more)
        assert run(data, skip_refused=True).applied is True
        assert (more, was_read(data=data, dry_run=True)) == (more, True)


def test_a_stale_preview_is_shown_again_and_a_small_file_is_always_read(everybody, monkeypatch) -> None:
    shown = run(dry_run=True).plan.fingerprint()
    run()
    assert run(fingerprints=[shown]).is_stale is True
    monkeypatch.setattr(repeats, "MANY_ROWS", 3)
    run(roster(CLEAN))
    assert was_read(data=roster(CLEAN)) is True


def at_the_same_time(action) -> None:
    def work() -> None:
        action()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


MEANWHILE = (
    lambda: Person.objects.filter(number="20230310004").update(phone="13911111111"),
    lambda: Person.objects.get(name="罗杰").delete(),
    lambda: PartyBranch.objects.filter(name=SAN).update(is_active=False),
)


def test_what_somebody_else_wrote_during_the_import_is_not_vouched_for(everybody, monkeypatch) -> None:
    apply_plan = service.apply_plan
    for number, action in enumerate(MEANWHILE):

        def slowly(*args, action=action, **options) -> None:
            at_the_same_time(action)
            apply_plan(*args, **options)

        data = roster(CLEAN | {"学号": f"2023999100{number}"})
        monkeypatch.setattr(service, "apply_plan", slowly)
        run(data)
        monkeypatch.setattr(service, "apply_plan", apply_plan)
        assert was_read(data=data, dry_run=True) is True
        run(data)
        assert was_read(data=data, dry_run=True) is False


def test_a_directory_notices_that_it_would_answer_otherwise_now(everybody) -> None:
    found = Directory.load(None)
    assert found.resolve_branch("第八党支部") == "第八党支部"
    assert found.resolve_branch("第三党支部") == SAN
    assert found.place(ER, "", "")[0] == "机械系"
    assert found.still_answers() is True
    PartyBranch.objects.create(name="机械系党总支第八党支部", department=everybody.mech)
    assert found.still_answers() is False
