"""Rows of people beside what the portal knows: dates, classes, lengths, posts."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from django.utils.translation import override

from accounts.models import AuditEvent
from branches.models import Department, PartyBranch, SchoolClass
from members.importing.service import import_rosters
from members.models import Person, Post
from tests.members.importing.rosters import PEOPLE, TODAY, import_as, refusals, table

ER, SAN, LIU = "机械系党总支第二党支部", "机械系党总支第三党支部", "土木系党总支第六党支部"


@pytest.fixture(autouse=True)
def in_english():
    with override("en"):
        yield


# --- dates of the file among dates of the portal ------------------------------------------------


@pytest.mark.parametrize("more", ["", ",无名职务"])
@pytest.mark.parametrize(
    ("heading", "day", "message"),
    [
        ("确定为入党积极分子时间", "2023-09-01",
         "2023-09-01 lies before “applied on” in the portal (2024-09-20). Correct the file or the portal."),
        ("确定为入党积极分子时间", "2026-04-01",
         "2026-04-01 does not lie before “candidate since” in the portal (2026-03-05). Correct the file or the portal."),
        ("转正时间", "2026-05-01",
         "2026-05-01 lies before “admitted on” in the portal (2026-05-20). Correct the file or the portal."),
    ],
)  # fmt: skip
def test_dates_that_clash_with_the_portal_refuse_their_row(cast, heading, day, message, more) -> None:
    person = cast.person("er_probationary")
    headings = f"{PEOPLE},{heading}" + (",党内职务" if more else "")
    file = import_as(cast, "er_secretary", table(headings, f"{person.number},潘桂,{ER},{day}{more}"))
    assert refusals(file) == [(heading, f"{heading}:{message}")]
    assert Person.objects.get(pk=person.pk).stage_dates == person.stage_dates


def test_an_admission_after_the_extended_probation_refuses_its_row(cast) -> None:
    person = cast.person("er_probationary")
    Person.objects.filter(pk=person.pk).update(extended_to=dt.date(2027, 5, 20))
    row = f"{person.number},潘桂,{ER},2027-05-20"
    assert refusals(import_as(cast, "er_secretary", table(f"{PEOPLE},入党时间", row))) == [
        ("入党时间", "入党时间:2027-05-20 does not lie before “probation extended to” in the portal (2027-05-20). "
         "Correct the file or the portal.")
    ]  # fmt: skip


def test_dates_of_somebody_outside_are_not_told(cast) -> None:
    person = cast.person("san_member")
    row = f"{person.number},罗杰,{ER},2019-01-01"
    file = import_as(cast, "er_secretary", table(f"{PEOPLE},转正时间", row))
    assert [message for _column, message in refusals(file)] == [f"Number {person.number} is outside what you manage."]


def test_dates_that_fit_are_taken(cast) -> None:
    row = f"20240310001,潘桂,{ER},2026-05-20"
    assert refusals(import_as(cast, "er_secretary", table(f"{PEOPLE},确定为发展对象时间", row))) == []
    assert cast.person("er_probationary").candidate_on == dt.date(2026, 3, 5)
    assert Person.objects.get(number="20240310001").candidate_on == dt.date(2026, 5, 20)


# --- the class of somebody who comes to another department --------------------------------------


def test_who_comes_to_another_department_keeps_the_class_the_file_does_not_name(cast) -> None:
    file = import_as(cast, "college_organiser", table(PEOPLE, f"20240320001,罗杰,{LIU}"))
    assert refusals(file) == []
    person = Person.objects.get(number="20240320001")
    assert (person.department, person.party_branch, person.school_class) == (cast.civil, cast.liu, cast.class_24)
    phone = table(f"{PEOPLE},电话", f"20240320001,罗杰,{LIU},13800000001")
    assert import_as(cast, "liu_secretary", phone).counts["updated"] == 1
    person.refresh_from_db()
    assert (person.phone, person.school_class) == ("13800000001", cast.class_24)


def test_a_class_of_the_same_name_in_another_department_is_another_class(cast) -> None:
    headings = f"{PEOPLE},班级"
    Person.objects.filter(number="20240320001").update(department=cast.civil, party_branch=cast.liu)
    data = table(headings, f"20240320001,罗杰,{LIU},24模具专科1班", f"20250530002,周鑫,{LIU},")
    file = import_as(cast, "college_organiser", data)
    (planned,) = file.plan.updated
    assert ("school_class", "机械系 24模具专科1班", "土木系 24模具专科1班") in planned.changes
    school_class = Person.objects.get(number="20240320001").school_class
    assert (school_class.name, school_class.department) == ("24模具专科1班", cast.civil)
    assert import_as(cast, "college_organiser", data).counts["unchanged"] == 2


def test_one_new_branch_named_with_two_departments_is_created_once(cast) -> None:
    data = table(f"{PEOPLE},所属系", "20239990001,甲,新建党支部,机械系", "20239990002,乙,新建党支部,土木系")
    assert refusals(import_as(cast, "college_organiser", data)) == []
    assert PartyBranch.objects.get(name="新建党支部").department == cast.mech


# --- lengths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "text", "limit"),
    [("班级", "班" * 51, 50), ("班级", "班" * 80, 50), ("所属系", "系" * 51, 50), ("专业", "专" * 81, 80)],
)
def test_what_is_longer_than_its_column_is_refused_in_words(cast, heading, text, limit) -> None:
    classes, departments = SchoolClass.objects.count(), Department.objects.count()
    file = import_as(cast, "", table(f"{PEOPLE},{heading}", f"20239990001,新同学,{ER},{text}"))
    assert refusals(file) == [(heading, f"{heading}:“{text[:20]}…” is longer than {limit} characters. Shorten it.")]
    assert (SchoolClass.objects.count(), Department.objects.count()) == (classes, departments)


def test_what_is_as_long_as_its_column_is_stored(cast) -> None:
    data = table("学号,姓名,班级,所属系", f"20239990001,新同学,{'班' * 50},{'系' * 50}")
    assert refusals(import_as(cast, "", data)) == []
    assert Person.objects.get(number="20239990001").school_class.name == "班" * 50


def test_a_branch_of_the_command_line_longer_than_its_column_is_refused_in_words(cast, today) -> None:
    report = import_rosters(
        files=[("a.csv", table("学号,姓名,递交入党申请书时间", "20239990001,新同学,"))], scope=None, dry_run=False,
        branch_default="支" * 81, today=today, now=timezone.now(),
    )  # fmt: skip
    assert (
        report.files[0].refusal
        == f"The name of the Party branch ({'支' * 20}…) is longer than 80 characters. Shorten it."
    )


# --- posts --------------------------------------------------------------------------------------

POSTS = f"{PEOPLE},党内职务"


def holders(kind: str, branch: str = ER) -> list[str]:
    posts = Post.objects.filter(kind=kind, party_branch__name=branch, ended_on=None)
    return list(posts.order_by("person__number").values_list("person__name", flat=True))


def test_an_organisation_officer_does_not_become_secretary_by_a_roster(cast) -> None:
    Post.objects.create(person=cast.person("er_member"), party_branch=cast.er, kind="organization_officer")
    data = table(POSTS, f"20230310001,甘杰怡,{ER},", f"20230310004,罗萍妍,{ER},书记、组织委员")
    file = import_as(cast, "er_member", data)
    assert [note for _source, note in file.plan.notes] == [
        "branch secretary is filled by the department, not by your role. The post was left as it is."
    ]
    assert holders("branch_secretary") == ["甘杰怡"]
    assert import_as(cast, "mech_organiser", data).plan.posts[0].replaced_name == "甘杰怡"
    assert holders("branch_secretary") == ["罗萍妍"]


def test_a_branch_fills_its_other_posts_and_the_trail_has_a_line_of_each(cast) -> None:
    Post.objects.create(person=cast.person("er_member"), party_branch=cast.er, kind="publicity_officer")
    data = table(POSTS, f"20230310001,甘杰怡,{ER},宣传委员", f"20230310004,罗萍妍,{ER},纪检委员")
    import_as(cast, "er_secretary", data)
    assert (holders("publicity_officer"), holders("discipline_officer")) == (["甘杰怡"], ["罗萍妍"])
    lines = AuditEvent.objects.filter(action="appointed").order_by("pk")
    publicity, discipline = (Post.objects.get(kind=f"{kind}_officer", ended_on=None) for kind in ("publicity", "discipline"))  # fmt: skip
    secretary, member = cast.person("er_secretary"), cast.person("er_member")
    assert [(line.user, line.object_type, line.object_id, line.detail) for line in lines] == [
        (cast.user("er_secretary"), "post", str(publicity.pk),
         {"person": secretary.pk, "kind": "publicity_officer", "party_branch": cast.er.pk, "former": member.pk}),
        (cast.user("er_secretary"), "post", str(discipline.pk),
         {"person": member.pk, "kind": "discipline_officer", "party_branch": cast.er.pk, "former": None}),
    ]  # fmt: skip
    assert set(Post.history.filter(history_change_reason="roster").values_list("history_user", flat=True)) == {
        cast.user("er_secretary").pk
    }


def test_a_refused_row_ends_nobodys_term(cast) -> None:
    Post.objects.create(person=cast.person("er_member"), party_branch=cast.er, kind="publicity_officer")
    data = table(f"{POSTS},电话", f"20230310001,甘杰怡,{ER},宣传委员,", f"20230310004,罗萍妍,{ER},,12")
    file = import_as(cast, "er_secretary", data)
    assert len(file.plan.refused) == 1
    assert [note for _source, note in file.plan.notes] == [
        "committee member for publicity is held by 罗萍妍. The post was left as it is; end that term first."
    ]
    assert holders("publicity_officer") == ["罗萍妍"]


def test_who_has_left_is_given_no_post(cast) -> None:
    Person.objects.filter(number="20230310004").update(stage="left", left_on=TODAY)
    file = import_as(cast, "er_secretary", table(POSTS, f"20230310004,罗萍妍,{ER},宣传委员"))
    assert [note for _source, note in file.plan.notes] == ["罗萍妍 has left and holds no post."]
    assert file.plan.posts == []


def test_a_shared_post_of_two_is_planned_once(cast) -> None:
    data = table(POSTS, f"20230310002,张红,{ER},副书记", f"20230310004,罗萍妍,{ER},副书记")
    assert [post.number for post in import_as(cast, "er_secretary", data).plan.posts] == ["20230310004"]
    assert import_as(cast, "er_secretary", data).plan.posts == []
    assert holders("deputy_secretary") == ["张红", "罗萍妍"]
