"""The pages of the process record: who sees how much, recording in the browser, history, labels, undo, cost."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from members.models import DevelopmentStep, Person, Sponsor, StepLabel
from mentoring.models import Mentorship
from tests.members.process_crew import candidate, record, somebody

pytestmark = pytest.mark.django_db
D = dt.date


@pytest.fixture
def person(cast):
    someone = somebody(cast, applied_on=D(2026, 10, 1), school_class=cast.class_24)
    record(cast, someone, 2, D(2026, 10, 5), who="甘杰怡", note="思想端正")
    return someone


def page_of(client, person):
    return client.get(reverse("process", args=[person.pk]))


def post(client, person, number, **data):
    return client.post(reverse("process_step", args=[person.pk, number]), data)


def test_the_committee_sees_who_and_the_notes_and_may_record(person, sign_in):
    page = page_of(sign_in("er_secretary"), person)

    assert (page.context["with_details"], page.context["may_record"], page.context["next"].step.number) == (
        True,
        True,
        3,
    )
    assert "思想端正" in page.content.decode()


def test_the_person_sees_dates_and_what_comes_next_and_nothing_else(cast, person, sign_in):
    person.user = cast.user("stranger")
    person.save()
    page = page_of(sign_in("stranger"), person)
    words = page.content.decode()

    assert ("2026年10月5日" in words, "思想端正" in words, "甘杰怡" in words) == (True, False, False)
    assert (page.context["may_record"], page.context["next"].step.number) == (False, 3)
    assert post(sign_in("stranger"), person, 3, done_on="2026-10-28").status_code == 403


def test_the_counsellor_of_the_class_sees_dates(cast, sign_in):
    classmate = cast.person("classmate")
    Person.objects.filter(pk=classmate.pk).update(applied_on=D(2026, 10, 1), stage="applicant")
    DevelopmentStep.objects.create(person=classmate, number=2, done_on=D(2026, 10, 5), note="思想端正")
    page = page_of(sign_in("counsellor"), classmate)

    assert (page.status_code, page.context["with_details"], "思想端正" in page.content.decode()) == (200, False, False)


@pytest.mark.parametrize(
    ("who", "status"),
    [("san_secretary", 404), ("civil_organiser", 404), ("stranger", 404), ("er_member", 404), ("mech_organiser", 200), ("administrator", 200)],
)  # fmt: skip
def test_strangers_find_nothing(person, sign_in, who, status):
    assert page_of(sign_in(who), person).status_code == status
    assert sign_in(who).get(reverse("person_outlook", args=[person.pk])).status_code == status


def test_a_league_secretary_knows_the_classmate_but_sees_no_record(cast, sign_in):
    assert page_of(sign_in("league_secretary"), cast.person("classmate")).status_code == 403


def test_the_guiding_branch_records_for_people_without_a_branch(cast, sign_in):
    classmate = cast.person("classmate")
    Person.objects.filter(pk=classmate.pk).update(born_on=D(2007, 1, 1))
    assert post(sign_in("liu_secretary"), classmate, 1, done_on="2026-10-20").status_code == 302

    assert Person.objects.get(pk=classmate.pk).stage == "applicant"


def test_recording_says_so_offers_undo_and_undo_takes_it_back(person, sign_in):
    client = sign_in("er_secretary")
    done = client.post(reverse("process_step", args=[person.pk, 3]), {"done_on": "2026-10-28"}, follow=True)
    assert Person.objects.get(pk=person.pk).stage == "activist"
    assert reverse("process_undo", args=[person.pk]) in done.content.decode()
    client.post(reverse("process_undo", args=[person.pk]))

    assert (Person.objects.get(pk=person.pk).stage, DevelopmentStep.objects.filter(number=3).count()) == (
        "applicant",
        0,
    )


def test_a_warning_asks_for_a_reason_beside_its_field_and_keeps_what_was_typed(cast, sign_in):
    someone = somebody(cast, applied_on=D(2026, 8, 1))
    client = sign_in("er_secretary")
    page = post(client, someone, 2, done_on="2026-10-20", who="甘杰怡")

    assert (page.status_code, list(page.context["form"].errors), page.context["form"]["who"].value()) == (
        400,
        ["reason"],
        "甘杰怡",
    )
    assert post(client, someone, 2, done_on="2026-10-20", who="甘杰怡", reason="实习").status_code == 302
    assert "实习" in page_of(client, someone).content.decode()


@pytest.mark.parametrize(
    ("number", "data", "field"),
    [
        (3, {"done_on": ""}, "done_on"), (3, {"done_on": "2026-02-30"}, "done_on"), (3, {"done_on": "2026-10-29"}, "done_on"),
        (3, {"done_on": "2025-02-28"}, "done_on"), (3, {"done_on": "2026-10-28", "note": "x" * 201}, "note"),
        (3, {"done_on": "2026-10-28", "documents": ["passport"]}, "documents"),
    ],
    ids=["nothing", "no such day", "tomorrow", "before the application", "too long", "an unknown paper"],
)  # fmt: skip
def test_bad_input_is_said_beside_its_field(person, sign_in, number, data, field):
    page = post(sign_in("er_secretary"), person, number, **data)

    assert (page.status_code, list(page.context["form"].errors)) == (400, [field])
    assert Person.objects.get(pk=person.pk).activist_on is None


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"eligible_count": "3"}, ["present_count", "yes_count"]),
        ({"eligible_count": "-1", "present_count": "3", "yes_count": "3"}, ["eligible_count"]),
        ({"notice_from_on": "2026-10-12"}, ["notice_to_on"]),
    ],
    ids=["half a count", "a negative count", "half a notice"],
)
def test_half_a_count_or_notice_is_asked_for_in_full(cast, sign_in, data, fields):
    page = post(sign_in("er_secretary"), candidate(cast), 15, **({"done_on": "2026-10-28"} | data))

    assert (page.status_code, sorted(page.context["form"].errors)) == (400, sorted(fields))


@pytest.mark.parametrize("number", [0, 26, 999])
def test_there_are_25_steps(person, sign_in, number):
    assert sign_in("er_secretary").get(reverse("process_step", args=[person.pk, number])).status_code == 404


def test_a_correction_shows_before_and_after(person, sign_in):
    client = sign_in("er_secretary")
    assert post(client, person, 2, done_on="2026-10-06", who="张红").status_code == 302
    changes = client.get(reverse("process_step", args=[person.pk, 2])).context["changes"]

    assert [change.words for change in changes] == ["已更正", "已记录"]
    assert [(old, new) for _label, old, new in changes[0].fields] == [
        ("2026年10月5日", "2026年10月6日"), ("甘杰怡", "张红"), ("思想端正", ""),
    ]  # fmt: skip


def test_a_colleges_own_name_stands_everywhere(person, sign_in):
    StepLabel.objects.create(number=3, label="列为重点培养对象")
    client = sign_in("er_secretary")

    for name, arguments in (("process", [person.pk]), ("process_step", [person.pk, 3]), ("person", [person.pk])):
        assert "列为重点培养对象" in client.get(reverse(name, args=arguments)).content.decode()


def test_contacts_of_the_mentoring_are_shown_and_not_asked_for_again(cast, sign_in):
    someone = somebody(cast, applied_on=D(2025, 9, 1), activist_on=D(2026, 9, 20))
    Mentorship.objects.create(
        tier=2, mentor=cast.person("er_member"), mentee=someone, party_branch=cast.er, state="active", is_formal=True,
        starts_on=D(2026, 9, 21), published_at=dt.datetime(2026, 9, 21, tzinfo=dt.UTC), created_at=dt.datetime(2026, 9, 21, tzinfo=dt.UTC),
    )  # fmt: skip
    client = sign_in("er_secretary")
    form = client.get(reverse("process_step", args=[someone.pk, 5])).context["form"]

    assert form["who"].value() == "罗萍妍"
    assert post(client, someone, 5, done_on="2026-09-21", who="罗萍妍").status_code == 302


def test_sponsors_are_chosen_among_full_members_of_the_branch(cast, sign_in):
    someone = somebody(cast, applied_on=D(2025, 3, 5), activist_on=D(2025, 6, 1), candidate_on=D(2026, 6, 10))
    client = sign_in("er_secretary")
    choices = client.get(reverse("process_step", args=[someone.pk, 9])).context["form"].fields["sponsor_1"].choices
    assert [pk for pk, _name in choices if pk] == [
        cast.person(name).pk for name in ("er_secretary", "er_member", "er_deputy")
    ]
    first, second = cast.person("er_deputy").pk, cast.person("er_member").pk
    assert post(client, someone, 9, done_on="2026-06-20", sponsor_1=first, sponsor_2=second).status_code == 302
    assert set(Sponsor.objects.values_list("sponsor_id", flat=True)) == {first, second}
    assert post(client, someone, 9, done_on="2026-06-20", sponsor_1=first, sponsor_2=cast.person("liu_member").pk).status_code == 400  # fmt: skip


def test_the_record_costs_the_same_with_one_step_and_with_many(cast, sign_in, django_assert_max_num_queries):
    person, client = candidate(cast), sign_in("er_secretary")
    page_of(client, person)
    for number in (4, 5, 6, 8, 12, 14):
        DevelopmentStep.objects.create(person=person, number=number, done_on=D(2026, 7, 1))

    with django_assert_max_num_queries(22):
        page_of(client, person)
