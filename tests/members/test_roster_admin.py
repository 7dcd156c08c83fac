"""The registers in the administration: leaving, correcting a classmate, taking the list out."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import AuditEvent, User
from activities.models import LectureDuty
from activities.services import assign_duty
from members.access import scope_for
from members.models import Person, Post, StaffRole
from members.year_turn import preview_turn
from pairing_portal.common.scope import Role
from tests.conftest import TODAY


def change(person, register="person"):
    return reverse(f"admin:members_{register}_change", args=[person.pk])


def as_typed(person, **changes):
    """What the change page sends for a person as they are."""
    texts = ("name", "sex", "ethnicity", "phone", "programme", "major", "enrolment_year", "number")
    days = (
        "born_on", "graduates_on", "league_joined_on", "applied_on", "activist_on", "candidate_on", "admitted_on",
        "converted_on", "extended_to", "left_on",
    )  # fmt: skip
    rows = ("department", "party_branch", "school_class")
    values = {name: getattr(person, name) or "" for name in texts}
    values |= {name: day.isoformat() if (day := getattr(person, name)) else "" for name in days}
    values |= {name: getattr(person, f"{name}_id") or "" for name in rows}
    values |= {"is_league_member": "on"} if person.is_league_member else {}
    return values | changes


def errors(answer):
    return list(answer.context["adminform"].form.errors)


# --- Leaving --------------------------------------------------------------------------------------


@pytest.mark.parametrize("register", ["person", "member"])
def test_leaving_by_hand_ends_post_duty_and_account(cast, sign_in, register):
    person = cast.person("liu_secretary")
    assign_duty(person=person, league_branch=cast.one, academic_year=cast.year)
    values = as_typed(person, left_on=TODAY.isoformat(), phone="13900000000")
    assert sign_in("civil_organiser").post(change(person, register), values).status_code == 302
    person = Person.objects.get(pk=person.pk)
    assert (person.stage, person.left_on, person.phone) == ("left", TODAY, "13900000000")
    assert list(Post.objects.filter(person=person).values_list("ended_on", flat=True)) == [TODAY]
    assert list(LectureDuty.objects.filter(person=person).values_list("ended_on", flat=True)) == [TODAY]
    assert User.objects.get(pk=person.user_id).is_active is False
    assert AuditEvent.objects.get(action="closed").user == cast.user("civil_organiser")
    assert preview_turn(scope=scope_for(cast.user("civil_organiser")), today=TODAY).leaving == []


def test_a_day_that_has_not_come_is_refused_and_nothing_ends(cast, sign_in):
    person = cast.person("liu_secretary")
    answer = sign_in("civil_organiser").post(change(person), as_typed(person, left_on="2026-10-29"))
    assert errors(answer) == ["left_on"]
    assert scope_for(cast.user("liu_secretary")).managed_branch_ids == {cast.liu.pk}
    assert Person.objects.get(pk=person.pk).left_on is None


def test_a_day_corrected_later_is_kept_and_other_changes_touch_nothing(cast, sign_in):
    person, client = cast.person("er_member"), sign_in("er_secretary")
    client.post(change(person), as_typed(person, left_on="2026-10-20"))
    person.refresh_from_db()
    client.post(change(person), as_typed(person, left_on="2026-10-12"))
    person.refresh_from_db()
    client.post(change(person), as_typed(person, phone="13800000000"))
    person.refresh_from_db()
    assert (person.left_on, person.phone, person.stage) == (dt.date(2026, 10, 12), "13800000000", "left")
    assert AuditEvent.objects.filter(action="closed").count() == 1


def test_the_account_of_somebody_with_a_role_of_staff_stays_open(cast, sign_in):
    person = cast.person("san_secretary")
    StaffRole.objects.create(user=person.user, kind="organiser", department=cast.mech)
    sign_in("mech_organiser").post(change(person), as_typed(person, left_on=TODAY.isoformat()))
    person.user.refresh_from_db()
    assert person.user.is_active
    assert scope_for(person.user).roles == {Role.PERSON, Role.STAFF}


@pytest.fixture
def halfway(cast):
    """Left on paper: the date stands in the roster, the post and the account were forgotten."""
    person = cast.person("liu_secretary")
    Person.objects.filter(pk=person.pk).update(left_on=dt.date(2026, 9, 30), stage="left")
    return person


def test_a_forgotten_post_of_somebody_who_left_gives_nothing(cast, halfway):
    scope = scope_for(cast.user("liu_secretary"))
    assert (scope.roles, scope.branch_ids, scope.managed_branch_ids) == ({Role.PERSON}, frozenset(), frozenset())
    Person.objects.filter(pk=halfway.pk).update(stage="full")  # before the night's refresh
    assert scope_for(cast.user("liu_secretary")).roles == {Role.PERSON}
    assert scope_for(cast.user("liu_secretary"), today=dt.date(2026, 9, 29)).managed_branch_ids == {cast.liu.pk}


def test_the_turn_of_the_year_finishes_what_was_left_halfway(cast, sign_in, halfway):
    client = sign_in("civil_organiser")
    page = client.get(reverse("year_turn"))
    assert page.context["turn"].leaving == [halfway]
    assert page.context["turn"].accounts == 1
    assert "2026-09-30" in page.content.decode()
    client.post(reverse("year_turn"), {"fingerprint": page.context["fingerprint"], "person": halfway.pk})
    halfway.refresh_from_db()
    assert halfway.left_on == dt.date(2026, 9, 30)
    assert Post.objects.get(person=halfway).ended_on == dt.date(2026, 9, 30)
    assert User.objects.get(pk=halfway.user_id).is_active is False
    assert client.get(reverse("year_turn")).context["turn"].leaving == []


# --- A person without a Party branch --------------------------------------------------------------


def test_the_guiding_branch_corrects_a_classmate(cast, sign_in):
    person = cast.person("classmate")
    answer = sign_in("liu_secretary").post(change(person), as_typed(person, phone="13700000000"))
    assert answer.status_code == 302
    person.refresh_from_db()
    assert (person.phone, person.party_branch) == ("13700000000", None)


@pytest.mark.parametrize(
    "changes",
    [{"party_branch": "er"}, {"school_class": ""}, {"school_class": "class_24"}, {"department": "mech"}],
)
def test_a_classmate_is_not_moved_out_of_reach(cast, sign_in, changes):
    person = cast.person("classmate")
    moved = {name: getattr(cast, where).pk if where else "" for name, where in changes.items()}
    assert errors(sign_in("liu_secretary").post(change(person), as_typed(person, **moved))) != []
    fresh = Person.objects.get(pk=person.pk)
    assert (fresh.department, fresh.school_class, fresh.party_branch) == (cast.civil, cast.class_26, None)


def test_neither_a_member_loses_the_branch_nor_a_new_row_comes_without_one(cast, sign_in):
    client, member = sign_in("liu_secretary"), cast.person("liu_member")
    assert errors(client.post(change(member), as_typed(member, party_branch=""))) == ["party_branch"]
    new = as_typed(cast.person("classmate"), number="20269990001", name="新同学")
    assert errors(client.post(reverse("admin:members_person_add"), new)) == ["party_branch"]
    assert not Person.objects.filter(number="20269990001").exists()


def test_a_branch_that_guides_no_league_branch_of_the_class_does_not_correct(cast, sign_in):
    cast.one.party_branch = None
    cast.one.save()
    person = cast.person("classmate")
    sign_in("liu_secretary").post(change(person), as_typed(person, phone="13700000000"))
    person.refresh_from_db()
    assert person.phone == ""


# --- Taking the list out --------------------------------------------------------------------------

COLUMNS = [
    "学号或工号", "姓名", "性别", "系部", "党支部", "班级", "发展阶段", "政治面貌",
]  # fmt: skip


def export(client, register="person", query="", purpose="上报系部"):
    return client.post(reverse(f"admin:members_{register}_export") + query, {"purpose": purpose})


def names(answer):
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(number for number, row in enumerate(rows) if len([value for value in row if value]) > 3)
    return rows[head], [row[1] for row in rows[head + 1 :] if row[1]]


@pytest.mark.parametrize(
    ("who", "register", "expected"),
    [
        ("er_secretary", "person", {"甘杰怡", "张红", "罗萍妍", "潘桂"}),
        ("er_secretary", "activist", set()),
        ("san_secretary", "activist", {"蓝敏佳"}),
        ("liu_secretary", "member", {"上官涵", "周鑫"}),
        ("civil_organiser", "person", {"上官涵", "周鑫", "蓝洋涵", "张轩丽", "农军"}),
    ],
)
def test_each_keeper_exports_the_rows_of_the_own_scope(cast, sign_in, who, register, expected):
    _head, found = names(export(sign_in(who), register))
    assert set(found) == expected


def test_the_export_is_what_the_list_shows(cast, sign_in):
    client = sign_in("er_secretary")
    assert names(export(client, query="?stage__exact=probationary"))[1] == ["潘桂"]
    assert names(export(client, query="?q=luopingyan"))[1] == ["罗萍妍"]
    assert client.get(reverse("admin:members_person_export") + "?q=luopingyan").context["row_count"] == 1
    listed = client.get(reverse("admin:members_person_changelist") + "?q=luopingyan").content.decode()
    assert reverse("admin:members_person_export") + "?q=luopingyan" in listed


def test_columns_are_few_and_none_is_sensitive(cast, sign_in):
    head, _found = names(export(sign_in("er_secretary")))
    assert len([value for value in head if value]) == 16
    assert {"手机", "电话", "民族", "出生日期", "出生年月"} & set(head) == set()
    assert "13553761378" not in str(head)


def test_the_trail_keeps_why_and_how_many_and_no_search_words(cast, sign_in):
    export(sign_in("er_secretary"), query="?q=luopingyan")
    event = AuditEvent.objects.get(action="exported")
    assert (event.user, event.object_type) == (cast.user("er_secretary"), "person")
    assert event.detail == {"purpose": "上报系部", "format": "xlsx", "rows": 1, "filters": ["q"]}


def test_without_a_purpose_nothing_leaves(cast, sign_in):
    answer = export(sign_in("er_secretary"), purpose=" ")
    assert answer.context["lacks_purpose"]
    assert not AuditEvent.objects.filter(action="exported").exists()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?party_branch__id__exact=x", 302),
        ("?phone__startswith=1355", 400),
        ("?user__password__startswith=a", 400),
        ("?p=999", 200),
    ],
)
def test_an_address_asks_for_no_more_than_the_list_does(cast, sign_in, query, status, expected_errors):
    answer = export(sign_in("er_secretary"), query=query)
    assert answer.status_code == status
    assert AuditEvent.objects.filter(action="exported").count() == (status == 200)


@pytest.mark.parametrize("who", ["counsellor", "er_member", "league_secretary", "stranger"])
def test_who_keeps_no_roster_exports_none(cast, sign_in, who):
    for register in ("person", "member", "activist"):
        assert export(sign_in(who), register).status_code == 403
    assert not AuditEvent.objects.filter(action="exported").exists()
