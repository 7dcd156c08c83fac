"""A lecture duty: who assigns it, for whom, and how long it gives rights."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from activities.choices import log_choices
from activities.lecture_querysets import concerned_league_branches
from activities.lectures.forms import LectureForm, lecture_branches
from activities.models import LectureDuty, QuotaExemption
from activities.services import assign_duty
from branches.models import AcademicYear, PartyBranch
from members.access import scope_for
from tests.conftest import TODAY

ADD = reverse("admin:activities_lectureduty_add")


def duty_data(cast, **changes):
    values = {
        "academic_year": cast.year.pk, "league_branch": cast.one.pk, "person": cast.person("liu_member").pk,
    }  # fmt: skip
    return values | changes


def errors(answer):
    return list(answer.context["adminform"].form.errors)


@pytest.mark.parametrize("who", ["liu_secretary", "civil_organiser", "college_organiser"])
def test_the_guiding_branch_and_the_department_assign_a_duty(cast, sign_in, who):
    client = sign_in(who)
    assert client.post(ADD, duty_data(cast)).status_code == 302
    assert [(duty.person, duty.league_branch, duty.ended_on) for duty in LectureDuty.objects.all()] == [
        (cast.person("liu_member"), cast.one, None)
    ]
    assert LectureDuty.history.count() == 1
    again = client.post(ADD, duty_data(cast), follow=True)
    assert [str(message) for message in again.context["messages"]][-1] == "该同志已有这项任务。"
    assert LectureDuty.objects.count() == 1


@pytest.fixture
def neighbour(cast, today):
    """A second branch in the civil department, with its own secretary and member, which guides nobody."""
    branch = PartyBranch.objects.create(department=cast.civil, name="土木系党总支第七党支部", kind="mixed")
    for name in ("er_secretary", "er_member"):
        person = cast.person(name)
        person.department, person.party_branch = cast.civil, branch
        person.save()
    cast.person("er_secretary").posts.update(party_branch=branch)
    return branch


@pytest.mark.parametrize(
    ("who", "changes", "field"),
    [
        ("er_secretary", {"person": "er_member"}, "league_branch"),
        ("liu_secretary", {"person": "er_member"}, "person"),
        ("liu_secretary", {"person": "liu_activist"}, "person"),
        ("mech_organiser", {"person": "er_deputy"}, "league_branch"),
    ],
)
def test_nobody_plants_a_duty_on_a_league_branch_or_a_person_of_others(cast, sign_in, neighbour, who, changes, field):
    """Neighbours within one department see each other's names; choosing is another matter."""
    client = sign_in(who)
    data = duty_data(cast, **{key: cast.person(name).pk for key, name in changes.items()})
    answer = client.post(ADD, data)
    unknown = client.post(ADD, data | {field: 999_999})
    assert field in errors(answer)
    assert answer.context["adminform"].form.errors[field] == unknown.context["adminform"].form.errors[field]
    assert LectureDuty.objects.count() == 0


def test_who_has_a_duty_is_not_rewritten_only_its_end_is_set(cast, sign_in):
    duty = assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    page = reverse("admin:activities_lectureduty_change", args=[duty.pk])
    forged = duty_data(cast, person=cast.person("liu_secretary").pk, league_branch=cast.old.pk)
    assert sign_in("liu_secretary").post(page, forged | {"ended_on": "2026-10-28"}).status_code == 302
    duty.refresh_from_db()
    assert (duty.person, duty.league_branch, duty.ended_on) == (cast.person("liu_member"), cast.one, TODAY)


def test_an_exemption_is_granted_within_the_own_department(cast, sign_in):
    page = reverse("admin:activities_quotaexemption_add")
    values = {
        "league_branch": cast.one.pk,
        "from_on": "2026-11-02",
        "to_on": "2026-11-06",
        "reason": "exams",
        "note": "",
    }
    assert errors(sign_in("mech_organiser").post(page, values)) == ["league_branch"]
    assert sign_in("civil_organiser").post(page, values).status_code == 302
    assert [row.league_branch for row in QuotaExemption.objects.all()] == [cast.one]


# --- How long it gives rights ---------------------------------------------------------------------


@pytest.fixture
def last_year(db):
    return AcademicYear.objects.create(start_year=2025, starts_on=dt.date(2025, 9, 1), ends_on=dt.date(2026, 8, 31))


def rights(cast):
    scope = scope_for(cast.user("liu_member"))
    return {
        "concerned": list(concerned_league_branches(scope)),
        "records for": list(lecture_branches(scope, TODAY)),
        "offered first": LectureForm(scope=scope, today=TODAY).initial["league_branches"],
        "logs for": [choice.league_branch for choice in log_choices(scope, TODAY) if choice.league_branch],
    }


def test_the_duty_of_this_year_gives_rights(cast):
    assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    assert set(map(tuple, rights(cast).values())) == {(cast.one,)}


@pytest.mark.parametrize("ended_on", [None, dt.date(2026, 6, 1)])
def test_the_duty_of_a_past_year_gives_none_though_nobody_ended_it(cast, sign_in, last_year, ended_on):
    LectureDuty.objects.create(
        person=cast.person("liu_member"), league_branch=cast.one, academic_year=last_year, ended_on=ended_on
    )
    assert set(map(tuple, rights(cast).values())) == {()}
    client = sign_in("liu_member")
    assert client.get(reverse("lecture_new")).status_code == 403
    assert client.get(reverse("lecture_week", args=[cast.one.pk])).status_code == 404


def test_a_duty_that_ended_in_this_year_gives_none(cast):
    duty = assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    LectureDuty.objects.filter(pk=duty.pk).update(ended_on=TODAY)
    assert set(map(tuple, rights(cast).values())) == {()}
    LectureDuty.objects.filter(pk=duty.pk).update(ended_on=TODAY + dt.timedelta(days=1))
    assert set(map(tuple, rights(cast).values())) == {(cast.one,)}


def test_duties_of_two_years_offer_the_league_branch_once(cast, last_year):
    for year in (last_year, cast.year):
        LectureDuty.objects.create(person=cast.person("liu_member"), league_branch=cast.one, academic_year=year)
    assert rights(cast)["offered first"] == rights(cast)["logs for"] == [cast.one]
