"""The registers of the administration: who stands in which, filters, search, columns, kept views, history, actions."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.contrib import admin
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import ActivationCode, AuditEvent
from members.absence_services import record_absences
from members.access import scope_for
from members.models import Absence, Person, SavedView
from members.names import name_key
from members.registers import SHOWN, chosen_columns, find_people, offered_columns
from members.saved_view_services import AT_MOST, address_of, delete_view, kept_query, rename_view, save_view
from members.services import save_person
from pairing_portal.common.problems import Refused
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
REGISTERS = sorted(SHOWN)
SENSITIVE = {"phone", "born_on", "ethnicity"}


def page(register="person", query=""):
    return reverse(f"admin:members_{register}_changelist") + query


def listed(answer):
    return [person.name for person in answer.context["cl"].result_list]


def person(cast, number, **dates):
    row = Person(number=number, name=f"人{number}", department=cast.mech, party_branch=cast.er, **dates)
    row.settle_stage(TODAY)
    row.save()
    return row


APPLIED, ACTIVIST, CANDIDATE = dt.date(2024, 9, 20), dt.date(2025, 3, 1), dt.date(2026, 4, 1)


@pytest.fixture
def er(cast):
    """Branch Er with somebody of every stage."""
    cast.people["er_applicant"] = person(cast, "20260310001", applied_on=APPLIED)
    cast.people["er_activist"] = person(cast, "20260310002", applied_on=APPLIED, activist_on=ACTIVIST)
    cast.people["er_candidate"] = person(
        cast, "20260310003", applied_on=APPLIED, activist_on=ACTIVIST, candidate_on=CANDIDATE, phone="13900000003",
        enrolment_year=2025, programme="bachelor", graduates_on=dt.date(2026, 12, 30),
    )  # fmt: skip
    return cast


# --- Who stands in which ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("register", "expected"),
    [
        ("applicant", {"人20260310001"}),
        ("activist", {"人20260310002"}),
        ("candidate", {"人20260310003"}),
        ("member", {"甘杰怡", "张红", "罗萍妍", "潘桂"}),
        ("person", {"甘杰怡", "张红", "罗萍妍", "潘桂", "人20260310001", "人20260310002", "人20260310003"}),
    ],
)
def test_each_register_holds_its_stage(er, sign_in, register, expected):
    assert set(listed(sign_in("er_secretary").get(page(register)))) == expected


@pytest.mark.parametrize("register", REGISTERS)
def test_another_departments_people_stand_in_no_register(er, sign_in, register):
    assert {
        person.department for person in sign_in("mech_organiser").get(page(register)).context["cl"].result_list
    } <= {er.mech}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?stage__exact=candidate", ["人20260310003"]),
        ("?enrolment_year=2025", ["人20260310003"]),
        ("?graduates=this_year", ["人20260310003"]),
        ("?programme__exact=bachelor&stage__exact=probationary", ["潘桂"]),
        ("?away=yes", ["人20260310002"]),
        ("?enrolment_year=x&stage__exact=applicant", ["人20260310001"]),
    ],
)
def test_the_filters_people_use(er, sign_in, query, expected):
    Absence.objects.create(person=er.person("er_activist"), from_on=TODAY, to_on=None)
    assert listed(sign_in("er_secretary").get(page(query=query))) == expected


def test_what_is_filtered_stands_above_the_list_and_is_taken_off_one_by_one(er, sign_in):
    answer = sign_in("er_secretary").get(page(query="?stage__exact=candidate&enrolment_year=2025&cols=number"))
    chosen = answer.context["cl"].in_words()
    assert [(str(one["title"]), str(one["choice"])) for one in chosen] == [
        ("发展阶段", "发展对象"),
        ("入学年份", "2025"),
    ]
    assert [one["off"] for one in chosen] == ["?cols=number&enrolment_year=2025", "?cols=number&stage__exact=candidate"]
    assert "register-filters" in answer.content.decode()
    assert "register-filters" not in sign_in("er_secretary").get(page(query="?q=人")).content.decode()


def test_branch_class_and_department_filter(er, sign_in):
    client = sign_in("college_organiser")
    assert set(listed(client.get(page("member", f"?department__id__exact={er.civil.pk}")))) == {"上官涵", "周鑫"}
    assert listed(client.get(page("activist", f"?party_branch__id__exact={er.san.pk}"))) == ["蓝敏佳"]
    assert listed(client.get(page("member", f"?school_class__id__exact={er.class_24.pk}"))) == ["罗杰"]


def test_the_branches_offered_are_those_of_the_chosen_department(er, sign_in):
    answer = sign_in("college_organiser").get(page("member", f"?department__id__exact={er.civil.pk}"))
    offered = {
        spec.field_path: spec.lookup_choices
        for spec in answer.context["cl"].filter_specs
        if hasattr(spec, "lookup_choices") and hasattr(spec, "field_path")
    }
    assert offered["party_branch"] == [(er.liu.pk, "第六党支部")]
    assert [pk for pk, _name in offered["department"]] == [er.civil.pk, er.mech.pk]


def test_a_list_of_places_that_is_long_waits_for_the_place_above_it(er, sign_in, monkeypatch):
    monkeypatch.setattr("members.admin_lists.OFFERED", 3)
    offered = [
        spec.field_path
        for spec in sign_in("college_organiser").get(page()).context["cl"].filter_specs
        if hasattr(spec, "field_path")
    ]
    assert "party_branch" not in offered
    assert listed(sign_in("college_organiser").get(page(query=f"?party_branch__id__exact={er.si.pk}"))) == ["欧阳英妍"]
    assert listed(sign_in("er_secretary").get(page(query=f"?party_branch__id__exact={er.si.pk}"))) == []
    narrowed = sign_in("college_organiser").get(page(query=f"?department__id__exact={er.mech.pk}"))
    assert "party_branch" in [
        spec.field_path for spec in narrowed.context["cl"].filter_specs if hasattr(spec, "field_path")
    ]


# --- Search -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["罗", "罗萍妍", "萍妍", "妍", "luopingyan", "Luo Ping", "lpy", "20230310004", "202303100", " 罗萍 "]
)
def test_somebody_is_found_by_what_one_remembers(cast, words):
    assert "罗萍妍" in [row.name for row in find_people(Person.objects.all(), words)]


@pytest.mark.parametrize("words", ["萍", "pingyan", "0310004", "%", "_", "x" * 200, "luo%"])
def test_what_stands_in_the_middle_is_not_looked_for(cast, words):
    assert "罗萍妍" not in [row.name for row in find_people(Person.objects.all(), words)]


def test_nothing_to_look_for_is_everybody(cast):
    assert find_people(Person.objects.all(), " \x00 ").count() == Person.objects.count()


def test_a_name_without_pinyin_is_its_own_key(cast):
    row = person(cast, "20260319999")
    Person.objects.filter(pk=row.pk).update(name="O'Neil", name_key=name_key("O'Neil"))
    assert [found.pk for found in find_people(Person.objects.all(), "o'n")] == [row.pk]


# --- Columns ----------------------------------------------------------------------------------------


def test_the_usual_columns_are_few_and_not_sensitive():
    assert {register: len(keys) for register, keys in SHOWN.items()} == dict.fromkeys(SHOWN, 7)
    assert SENSITIVE & {key for keys in SHOWN.values() for key in keys} == set()


def test_columns_are_chosen_by_the_address(er, sign_in):
    html = sign_in("er_secretary").get(page("candidate", "?cols=number&cols=phone")).content.decode()
    assert "13900000003" in html
    assert "13900000003" not in sign_in("er_secretary").get(page("candidate")).content.decode()


def test_unknown_columns_change_nothing(cast):
    scope = scope_for(cast.user("er_secretary"))
    assert chosen_columns("member", ["user__password", "history", ""], scope) == SHOWN["member"]
    assert chosen_columns("member", ["phone", "number", "name"], scope) == ("name", "number", "phone")


@pytest.mark.parametrize(
    ("who", "may"),
    [("er_secretary", True), ("mech_organiser", True), ("administrator", True), ("counsellor", False), ("er_member", False)],
)  # fmt: skip
def test_sensitive_columns_are_for_those_who_keep_a_roster(cast, who, may):
    keys = {column.key for column in offered_columns(scope_for(cast.user(who)))}
    assert keys & SENSITIVE == (SENSITIVE if may else set())


def test_a_counsellor_asks_for_phones_in_vain(cast, sign_in):
    Person.objects.filter(pk=cast.person("classmate").pk).update(phone="13700000009")
    html = sign_in("counsellor").get(page(query="?cols=number&cols=phone")).content.decode()
    assert "农军" in html
    assert "13700000009" not in html


def test_of_people_whose_roster_another_keeps_the_cell_is_empty(cast, sign_in):
    """A committee member of Er who runs San sees Er's people, and their phones not."""
    from members.models import Post

    Post.objects.create(
        person=cast.person("san_secretary"), party_branch=cast.er, kind="publicity_officer", since=TODAY
    )
    html = sign_in("san_secretary").get(page("member", "?cols=number&cols=phone")).content.decode()
    assert "甘杰怡" in html
    assert "13553761378" not in html


# --- Kept views -------------------------------------------------------------------------------------


def keep(
    client, name="今年毕业", query="graduates=this_year&p=3&cols=number", cols=("number", "phone"), register="member"
):
    return client.post(reverse("register_view_save", args=[register]), {"name": name, "query": query, "cols": cols})


def test_a_view_is_kept_opened_renamed_and_deleted(er, sign_in):
    client = sign_in("er_secretary")
    answer = keep(client, register="candidate")
    view = SavedView.objects.get()
    assert (view.user, view.register, view.name) == (er.user("er_secretary"), "candidate", "今年毕业")
    assert (view.query, view.columns) == ("graduates=this_year", ["number", "phone"])
    opened = client.get(answer.url)
    assert (answer.url, listed(opened)) == (page("candidate", f"?{address_of(view)}"), ["人20260310003"])
    assert "13900000003" in opened.content.decode()
    client.post(reverse("register_view_rename", args=[view.pk]), {"name": " 毕业  生 "})
    view.refresh_from_db()
    assert view.name == "毕业 生"
    assert client.post(reverse("register_view_delete", args=[view.pk])).url == page("candidate", "?graduates=this_year")
    assert SavedView.objects.count() == 0


def test_a_view_is_ones_own(er, sign_in):
    keep(sign_in("er_secretary"))
    view, other = SavedView.objects.get(), sign_in("er_deputy")
    assert "今年毕业" not in other.get(page("member")).content.decode()
    assert other.post(reverse("register_view_rename", args=[view.pk]), {"name": "我的"}).status_code == 404
    assert other.post(reverse("register_view_delete", args=[view.pk])).status_code == 404
    with pytest.raises(Refused):
        rename_view(view=view, name="我的", by=er.user("er_deputy"))
    with pytest.raises(Refused):
        delete_view(view=view, by=er.user("er_deputy"))
    assert SavedView.objects.get().name == "今年毕业"


def test_a_view_of_anothers_columns_shows_no_more_than_ones_own_scope(er, sign_in):
    """Columns are checked when a view is opened: somebody who lost the post sees phones no more."""
    Person.objects.filter(pk=er.person("classmate").pk).update(phone="13700000009")
    view = SavedView.objects.create(user=er.user("counsellor"), register="person", name="x", columns=["phone"])
    assert "13700000009" not in sign_in("counsellor").get(page(query=f"?{address_of(view)}")).content.decode()


@pytest.mark.parametrize("name", ["", "  ", "\x00", "名" * 41])
def test_a_name_that_will_not_do_is_refused(cast, sign_in, name):
    answer = keep(sign_in("er_secretary"), name=name)
    assert (answer.status_code, SavedView.objects.count()) == (302, 0)


def test_a_name_twice_too_many_and_too_long_are_refused(cast):
    user = cast.user("er_secretary")
    save_view(user=user, register="member", name="甲", query="", columns=["nonsense"])
    assert SavedView.objects.get().columns == []
    with pytest.raises(Refused, match=r"同名|已有"):
        save_view(user=user, register="member", name=" 甲 ", query="", columns=[])
    with pytest.raises(Refused):
        save_view(user=user, register="member", name="长", query="q=" + "x" * 600, columns=[])
    with pytest.raises(Refused):
        save_view(user=user, register="nonsense", name="乙", query="", columns=[])
    SavedView.objects.bulk_create(SavedView(user=user, register="member", name=f"{n}") for n in range(AT_MOST - 1))
    with pytest.raises(Refused):
        save_view(user=user, register="member", name="乙", query="", columns=[])
    save_view(user=user, register="person", name="乙", query="", columns=[])


def test_of_an_address_only_filters_search_and_order_are_kept():
    assert kept_query("q=a&p=2&o=1&cols=phone&view=3&stage__exact=full&away=") == "q=a&o=1&stage__exact=full"


def test_an_unknown_register_is_not_found_and_strangers_are_refused(cast, sign_in):
    assert keep(sign_in("er_secretary"), register="user").status_code == 404
    assert keep(sign_in("er_member")).status_code == 403


# --- History ----------------------------------------------------------------------------------------


def test_the_history_says_who_when_before_and_after_in_words(er, sign_in):
    row = er.person("er_candidate")
    row.admitted_on, row.phone, row.is_league_member = dt.date(2026, 10, 20), "", True
    save_person(person=row, today=TODAY, by=er.user("er_deputy"))
    answer = sign_in("er_secretary").get(reverse("admin:members_person_history", args=[row.pk]))
    newest = answer.context["page_obj"][0]
    assert newest.history_user == er.user("er_deputy")
    changes = {change["field"]: (change["old"], change["new"]) for change in newest.history_delta_changes}
    assert changes == {
        "入党时间": ("—", "2026-10-20"), "电话": ("13900000003", "—"), "共青团员": ("否", "是"),
    }  # fmt: skip


def test_what_was_nothing_is_a_dash_and_a_code_is_said_in_words(er, sign_in):
    row = er.person("er_candidate")
    row.user, row._change_reason = er.user("stranger"), "roster"
    row.save()
    newest = sign_in("er_secretary").get(reverse("admin:members_person_history", args=[row.pk])).context["page_obj"][0]
    assert [(change["old"], change["new"]) for change in newest.history_delta_changes] == [("—", "路人")]
    assert str(newest.history_change_reason) == "导入名册"


@pytest.mark.parametrize("register", ["activist", "applicant", "candidate", "member"])
def test_a_registers_history_is_the_persons(er, sign_in, register):
    who = {"member": "er_member"}.get(register, f"er_{register}")
    answer = sign_in("er_secretary").get(reverse(f"admin:members_{register}_history", args=[er.person(who).pk]))
    assert answer.url == reverse("admin:members_person_history", args=[er.person(who).pk])


# --- Several at once --------------------------------------------------------------------------------


def act(client, action, people, register="person", **more):
    keys = {"_selected_action": [person.pk for person in people]}
    return client.post(page(register), {"action": action, **keys, **more})


def test_the_ticked_are_exported_and_nobody_else(er, sign_in):
    client, people = sign_in("er_secretary"), [er.person("er_activist"), er.person("er_candidate")]
    asked = act(client, "export_selected", people)
    assert (asked.context["row_count"], asked.context["lacks_purpose"]) == (2, False)
    assert ("_selected_action", str(people[0].pk)) in asked.context["hidden"]
    answer = act(client, "export_selected", people, purpose="核对")
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert [row[1] for row in sheet.iter_rows(min_row=3, values_only=True)] == ["人20260310002", "人20260310003"]
    assert AuditEvent.objects.get(action="exported").detail == {
        "purpose": "核对",
        "format": "xlsx",
        "rows": 2,
        "filters": [],
    }


def test_export_action_without_a_purpose_says_so(er, sign_in):
    asked = act(sign_in("er_secretary"), "export_selected", [er.person("er_activist")], purpose=" ")
    assert asked.context["lacks_purpose"]


def test_people_outside_the_scope_are_not_exported_by_their_key(er, sign_in):
    answer = act(sign_in("er_secretary"), "export_selected", [er.person("liu_member")], purpose="核对")
    assert answer.content[:2] != b"PK" or load_workbook(io.BytesIO(answer.content)).worksheets[0].max_row == 2


def test_the_ticked_are_recorded_as_away_once(er, sign_in):
    client, people = sign_in("er_secretary"), [er.person("er_activist"), er.person("er_candidate")]
    assert act(client, "away_selected", people).status_code == 200
    sent = {"kind": "internship", "from_on": "2026-11-01", "to_on": "2027-01-31"}
    assert act(client, "away_selected", people, **sent).status_code == 302
    assert act(client, "away_selected", people, **sent).status_code == 302
    rows = Absence.objects.values_list("person__name", "kind", "from_on", "to_on")
    assert sorted(rows) == [
        (f"人2026031000{n}", "internship", dt.date(2026, 11, 1), dt.date(2027, 1, 31)) for n in (2, 3)
    ]
    assert {row.history_user for row in Absence.history.all()} == {er.user("er_secretary")}


@pytest.mark.parametrize(
    ("sent", "faulty"),
    [
        ({"kind": "internship", "from_on": "2026-11-01", "to_on": "2026-10-01"}, ["to_on"]),
        ({"kind": "holiday", "from_on": "2026-11-01"}, ["kind"]),
        ({"kind": "leave", "from_on": ""}, ["from_on"]),
        ({"kind": "leave", "from_on": "2026-02-30"}, ["from_on"]),
    ],
)
def test_an_absence_that_cannot_be_is_refused_beside_its_field(er, sign_in, sent, faulty):
    answer = act(sign_in("er_secretary"), "away_selected", [er.person("er_activist")], **sent)
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, faulty)
    assert Absence.objects.count() == 0


def test_nobody_is_recorded_when_one_is_outside(er):
    with pytest.raises(Refused):
        record_absences(
            people=[er.person("er_activist").pk, er.person("liu_member").pk], kind="leave", from_on=TODAY, to_on=None,
            scope=scope_for(er.user("er_secretary")), by=er.user("er_secretary"),
        )  # fmt: skip
    assert Absence.objects.count() == 0


def test_one_by_one_an_absence_that_overlaps_is_refused_and_a_corrected_one_is_not(er, sign_in):
    client, row = sign_in("er_secretary"), er.person("er_activist")
    address = reverse("admin:members_absence_add")
    sent = {"person": row.pk, "kind": "internship", "from_on": "2026-11-01", "to_on": "2027-01-31"}
    client.post(address, sent)
    client.post(address, sent | {"from_on": "2027-01-31", "to_on": ""})
    client.post(address, sent | {"kind": "leave"})
    assert sorted(Absence.objects.values_list("kind", "from_on")) == [
        ("internship", dt.date(2026, 11, 1)), ("leave", dt.date(2026, 11, 1)),
    ]  # fmt: skip
    kept = Absence.objects.get(kind="internship")
    client.post(reverse("admin:members_absence_change", args=[kept.pk]), sent | {"to_on": "2027-02-28"})
    kept.refresh_from_db()
    assert (kept.to_on, kept.history.first().history_user) == (dt.date(2027, 2, 28), er.user("er_secretary"))


def test_a_view_deleted_meanwhile_is_not_renamed(cast):
    user = cast.user("er_secretary")
    view = save_view(user=user, register="member", name="甲", query="", columns=[])
    SavedView.objects.all().delete()
    with pytest.raises(Refused):
        rename_view(view=view, name="乙", by=user)


def test_the_ticked_are_invited(er, sign_in):
    answer = act(sign_in("er_secretary"), "invite_selected", [er.person("er_activist")])
    assert (answer.status_code, "20260310002" in answer.content.decode()) == (200, True)
    assert ActivationCode.objects.get().user.username == "20260310002"


def test_a_counsellor_neither_exports_nor_records(er, sign_in):
    page_ = admin.site._registry[Person]
    request = sign_in("counsellor").get(page()).wsgi_request
    assert set(page_.get_actions(request)) & {"export_selected", "away_selected"} == set()
