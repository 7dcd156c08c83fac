"""Posts: who appoints whom, how a term ends, what the administration allows."""

import datetime as dt
import threading

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from members import post_services
from members.access import scope_for
from members.models import Absence, ExcellentMember, Person, Post, Sponsor, StaffRole
from pairing_portal.common.problems import Refused
from tests.conftest import TODAY


def appoint(cast, who, by, kind="branch_secretary", branch=None, **more):
    return post_services.appoint_to_post(
        person=cast.person(who), kind=kind, branch=branch or cast.er, since=more.pop("since", TODAY),
        scope=scope_for(cast.user(by)), by=cast.user(by), now=timezone.now(), **more,
    )  # fmt: skip


def holders(branch, kind="branch_secretary"):
    rows = Post.objects.filter(party_branch=branch, kind=kind).order_by("pk")
    return [(post.person.name, post.since, post.ended_on) for post in rows]


def test_the_former_term_ends_the_day_the_new_one_begins(cast):
    post = appoint(cast, "er_member", "mech_organiser", replace_holder=True)
    assert holders(cast.er) == [("甘杰怡", dt.date(2026, 9, 1), TODAY), ("罗萍妍", TODAY, None)]
    assert scope_for(cast.user("er_secretary")).managed_branch_ids == frozenset()
    assert scope_for(cast.user("er_member")).managed_branch_ids == {cast.er.pk}
    event = AuditEvent.objects.get(action="appointed")
    assert (event.user, event.object_id) == (cast.user("mech_organiser"), str(post.pk))
    assert event.detail["former"] == cast.person("er_secretary").pk


def test_a_held_post_is_not_taken_without_saying_so(cast):
    with pytest.raises(Refused, match="甘杰怡"):
        appoint(cast, "er_member", "mech_organiser")
    assert holders(cast.er) == [("甘杰怡", dt.date(2026, 9, 1), None)]


@pytest.mark.parametrize(
    ("by", "kind", "allowed"),
    [
        ("mech_organiser", "branch_secretary", True),
        ("college_organiser", "branch_secretary", True),
        ("administrator", "branch_secretary", True),
        ("er_secretary", "branch_secretary", False),
        ("er_secretary", "publicity_officer", True),
        ("er_secretary", "deputy_secretary", True),
        ("civil_organiser", "branch_secretary", False),
        ("civil_organiser", "publicity_officer", False),
        ("san_secretary", "publicity_officer", False),
        ("er_member", "publicity_officer", False),
        ("counsellor", "publicity_officer", False),
    ],
)
def test_the_department_fills_every_post_and_a_branch_its_own(cast, by, kind, allowed):
    if allowed:
        assert appoint(cast, "er_member", by, kind, replace_holder=True).person == cast.person("er_member")
    else:
        with pytest.raises(Refused):
            appoint(cast, "er_member", by, kind, replace_holder=True)
        assert not cast.person("er_member").posts.exists()


def test_the_guiding_branch_fills_the_posts_of_its_league_branch(cast):
    post = appoint(cast, "classmate", "liu_secretary", "league_deputy", cast.one)
    assert (post.league_branch, post.party_branch) == (cast.one, None)
    with pytest.raises(Refused):
        appoint(cast, "classmate", "er_secretary", "league_deputy", cast.one)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "league_secretary"}, "职务"),
        ({"since": dt.date(2026, 8, 1), "replace_holder": True}, "甘杰怡"),
        ({"since": None, "replace_holder": True}, "请填写新任任职起始日期"),
        ({"who": "er_secretary"}, "甘杰怡"),
    ],
)
def test_what_cannot_be_is_refused_in_words(cast, change, words):
    with pytest.raises(Refused, match=words):
        appoint(cast, change.pop("who", "er_member"), "mech_organiser", **change)
    assert holders(cast.er) == [("甘杰怡", dt.date(2026, 9, 1), None)]


def test_somebody_who_left_holds_no_post(cast):
    person = cast.person("er_member")
    person.left_on = TODAY
    person.settle_stage(TODAY)
    person.save()
    with pytest.raises(Refused, match="罗萍妍"):
        appoint(cast, "er_member", "mech_organiser", replace_holder=True)


def test_rule_33_warns_about_members_who_are_not_full_yet(cast):
    problems = post_services.appointment_problems(
        person=cast.person("er_probationary"), kind="publicity_officer", branch=cast.er
    )
    assert [(problem.rule, problem.severity) for problem in problems] == [("R33", "warn")]
    assert appoint(cast, "er_probationary", "er_secretary", "publicity_officer").pk


def test_a_term_ends_once_and_not_before_it_began(cast):
    post = cast.person("er_deputy").posts.get()
    end = {"scope": scope_for(cast.user("er_secretary")), "by": cast.user("er_secretary"), "now": timezone.now()}
    with pytest.raises(Refused):
        post_services.end_post(post=post, ended_on=dt.date(2026, 8, 31), **end)
    assert post_services.end_post(post=post, ended_on=TODAY, **end).ended_on == TODAY
    with pytest.raises(Refused):
        post_services.end_post(post=post, ended_on=TODAY, **end)
    assert post.history.count() == 2


@pytest.mark.postgres
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="needs PostgreSQL: threads with connections of their own"
)
@pytest.mark.django_db(transaction=True)
def test_of_two_who_appoint_at_once_one_is_refused_in_words():
    from tests.cast import build_cast

    cast = build_cast(TODAY)
    cast.person("er_secretary").posts.all().delete()
    barrier, results = threading.Barrier(2), []

    def run(who):
        barrier.wait()
        try:
            results.append(appoint(cast, who, "mech_organiser").person.name)
        except Refused:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(who,)) for who in ("er_member", "er_probationary")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("refused") == 1
    assert Post.objects.filter(party_branch=cast.er, kind="branch_secretary", ended_on=None).count() == 1


# --- The department's page -------------------------------------------------------------------


@pytest.fixture
def page(cast):
    return reverse("appoint_secretary", args=[cast.er.pk])


def send(client, page, **data):
    return client.post(page, {"since": TODAY.isoformat(), **data})


def test_a_teacher_in_no_roster_becomes_secretary_with_a_slip(cast, sign_in, page):
    answer = send(sign_in("mech_organiser"), page, number="Ｔ03 099", name="韦老师", replace_holder="on")
    person = Person.objects.get(number="T03099")
    assert (person.programme, person.department, person.party_branch) == ("staff", cast.mech, cast.er)
    assert holders(cast.er)[-1] == ("韦老师", TODAY, None)
    slip = answer.context["pages"][0][0]
    assert (slip["name"], slip["number"], slip["place"]) == ("韦老师", "T03099", str(cast.er))
    assert not person.user.has_usable_password()
    assert person.history.earliest().history_user == cast.user("mech_organiser")


def test_somebody_active_needs_no_slip(cast, sign_in, page):
    answer = send(sign_in("mech_organiser"), page, person=cast.person("er_member").pk, replace_holder="on")
    assert answer.url == page
    assert holders(cast.er)[-1] == ("罗萍妍", TODAY, None)


def test_the_present_term_ends_only_after_confirmation(cast, sign_in, page):
    answer = send(sign_in("mech_organiser"), page, person=cast.person("er_member").pk)
    assert answer.status_code == 400
    assert answer.context["must_confirm"]
    assert holders(cast.er) == [("甘杰怡", dt.date(2026, 9, 1), None)]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "person"),
        ({"person": "999999"}, "person"),
        ({"person": "abc"}, "person"),
        ({"number": "T03099"}, "name"),
        ({"name": "韦老师"}, "number"),
        ({"number": "T03099", "name": " \u3000"}, "name"),
        ({"number": "T 03/099", "name": "韦老师"}, "number"),
        ({"number": "t03001", "name": "潘晨"}, "number"),
        ({"number": "20250530001", "name": "上官涵"}, "number"),
        ({"number": "T03099", "name": "韦老师", "since": "2026-02-30"}, "since"),
        ({"number": "T03099", "name": "韦老师", "since": "2099-01-01"}, "since"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(cast, sign_in, page, data, field):
    answer = send(sign_in("mech_organiser"), page, **{"replace_holder": "on"} | data)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert Person.objects.filter(number="T03099").count() == 0
    assert holders(cast.er) == [("甘杰怡", dt.date(2026, 9, 1), None)]


def test_people_of_another_department_are_neither_offered_nor_accepted(cast, sign_in, page):
    client = sign_in("mech_organiser")
    assert {person.department for person in client.get(page).context["people"]} == {cast.mech}
    answer = send(client, page, person=cast.person("liu_member").pk, replace_holder="on")
    unknown = send(client, page, person="999999", replace_holder="on")
    assert answer.context["form"].errors == unknown.context["form"].errors


@pytest.mark.parametrize("words", ["罗萍妍", "luopingyan", "lpy", "20230310004"])
def test_the_roster_is_searched_by_name_pinyin_and_number(sign_in, page, words):
    assert [person.name for person in sign_in("mech_organiser").get(page, {"q": words}).context["people"]] == ["罗萍妍"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("mech_organiser", 200), ("college_organiser", 200), ("administrator", 200), ("er_secretary", 403),
        ("er_member", 403), ("civil_organiser", 404), ("counsellor", 404), ("liu_secretary", 404), ("stranger", 404),
    ],
)  # fmt: skip
def test_only_the_department_and_administrators_appoint(cast, sign_in, page, name, status):
    client = sign_in(name)
    assert client.get(page).status_code == status
    if status != 200:
        assert send(client, page, number="T03099", name="x", replace_holder="on").status_code == status
        assert not Person.objects.filter(number="T03099").exists()


def test_a_role_of_staff_is_not_opened_by_appointing_it(cast, sign_in, page):
    """Whoever hands out a code could use it: a department does not open the account of a college organiser that way."""
    waiting = User.objects.create_user("Z0009", display_name="组织部二")
    StaffRole.objects.create(user=waiting, kind="organiser", department=None)
    answer = send(sign_in("mech_organiser"), page, number="z0009", name="组织部二", replace_holder="on")
    assert answer.url == page
    assert not waiting.activation_codes.exists()


# --- The administration -----------------------------------------------------------------------

ADD_POST = reverse("admin:members_post_add")


def post_data(cast, who="er_member", kind="publicity_officer", **more):
    return {"person": cast.person(who).pk, "kind": kind, "party_branch": cast.er.pk, "since": TODAY.isoformat()} | more


def test_a_secretary_gives_a_post_of_the_own_branch_in_the_admin(cast, sign_in):
    assert sign_in("er_secretary").post(ADD_POST, post_data(cast)).status_code == 302
    assert cast.person("er_member").posts.get().kind == "publicity_officer"
    assert AuditEvent.objects.filter(action="appointed").count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "branch_secretary", "replace_holder": "on"}, "kind"),
        ({"who": "san_member"}, "person"),
        ({"party_branch": "san"}, "party_branch"),
        ({"kind": "league_secretary"}, "kind"),
        ({"party_branch": ""}, "kind"),
    ],
)
def test_the_admin_refuses_posts_that_are_not_ones_own_to_give(cast, sign_in, change, field):
    if change.get("party_branch") == "san":
        change = {"party_branch": cast.san.pk}
    answer = sign_in("er_secretary").post(ADD_POST, post_data(cast, **change))
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert Post.objects.count() == 6


def test_the_admin_replaces_a_holder_only_when_told(cast, sign_in):
    client = sign_in("mech_organiser")
    answer = client.post(ADD_POST, post_data(cast, kind="branch_secretary"))
    assert list(answer.context["adminform"].form.errors) == ["replace_holder"]
    assert client.post(ADD_POST, post_data(cast, kind="branch_secretary", replace_holder="on")).status_code == 302
    assert holders(cast.er) == [("甘杰怡", dt.date(2026, 9, 1), TODAY), ("罗萍妍", TODAY, None)]


def test_a_term_ends_in_the_admin_through_its_service(cast, sign_in):
    post = cast.person("er_deputy").posts.get()
    page = reverse("admin:members_post_change", args=[post.pk])
    sign_in("er_secretary").post(page, {"since": "2026-09-01", "planned_end_on": "", "ended_on": TODAY.isoformat()})
    post.refresh_from_db()
    assert post.ended_on == TODAY
    assert AuditEvent.objects.get(action="appointed").detail["ended_on"] == TODAY.isoformat()


def test_a_secretary_neither_ends_the_own_post_nor_sees_another_branchs(cast, sign_in):
    client = sign_in("er_secretary")
    own, other = cast.person("er_secretary").posts.get(), cast.person("san_secretary").posts.get()
    client.post(reverse("admin:members_post_change", args=[own.pk]), {"ended_on": TODAY.isoformat()})
    own.refresh_from_db()
    assert own.ended_on is None
    assert client.get(reverse("admin:members_post_change", args=[other.pk])).status_code == 302
    assert {
        post.party_branch for post in client.get(reverse("admin:members_post_changelist")).context["cl"].queryset
    } == {cast.er}


def test_roles_of_staff_are_given_by_administrators_alone(cast, sign_in):
    page = reverse("admin:members_staffrole_add")
    data = {
        "user": cast.user("stranger").pk,
        "kind": "counsellor",
        "department": cast.civil.pk,
        "classes": [cast.class_26.pk],
    }
    for name in ("er_secretary", "mech_organiser", "college_organiser"):
        assert sign_in(name).post(page, data).status_code == 403
    client = sign_in("administrator")
    wrong = client.post(page, data | {"department": cast.mech.pk})
    assert list(wrong.context["adminform"].form.errors) == ["classes"]
    assert client.post(page, data).status_code == 302
    assert scope_for(cast.user("stranger")).class_ids == {cast.class_26.pk}
    role = StaffRole.objects.get(user=cast.user("stranger"))
    client.post(reverse("admin:members_staffrole_delete", args=[role.pk]), {"post": "yes"})
    assert scope_for(cast.user("stranger")).class_ids == frozenset()
    given = AuditEvent.objects.filter(object_type="staff_role").order_by("pk")
    assert [event.detail["given"] for event in given] == [True, False]


@pytest.mark.parametrize(
    ("model", "data", "rows"),
    [
        ("absence", {"kind": "internship", "from_on": "2026-11-01", "to_on": "2027-04-30"}, Absence),
        ("excellentmember", {"academic_year": "year"}, ExcellentMember),
        ("sponsor", {"sponsor": "er_secretary", "named_on": ""}, Sponsor),
    ],
)
def test_rows_of_own_people_are_kept_and_of_others_refused(cast, sign_in, model, data, rows):
    page = reverse(f"admin:members_{model}_add")
    data = data | {key: value for key, value in {"academic_year": cast.year.pk}.items() if key in data}
    if "sponsor" in data:
        data["sponsor"] = cast.person("er_secretary").pk
    client = sign_in("er_secretary")
    stranger = client.post(page, data | {"person": cast.person("san_member").pk})
    assert "person" in stranger.context["adminform"].form.errors
    assert client.post(page, data | {"person": cast.person("er_member").pk}).status_code == 302
    assert [row.person for row in rows.objects.all()] == [cast.person("er_member")]
    assert sign_in("counsellor").post(page, data | {"person": cast.person("classmate").pk}).status_code == 403


def test_sponsors_are_two_full_members(cast, sign_in):
    page, client = reverse("admin:members_sponsor_add"), sign_in("er_secretary")
    candidate = cast.person("er_probationary").pk

    def add(sponsor):
        return client.post(page, {"person": candidate, "sponsor": cast.person(sponsor).pk, "named_on": ""})

    assert add("er_secretary").status_code == 302
    assert "sponsor" in add("er_probationary").context["adminform"].form.errors
    assert add("er_deputy").status_code == 302
    assert "person" in add("er_member").context["adminform"].form.errors
    assert Sponsor.objects.count() == 2
