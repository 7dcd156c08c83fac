"""Setting up a year and turning it: checked, shown, applied as a whole."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activities.services import assign_duty
from branches.models import AcademicYear, CalendarDay, LeagueBranch, Term
from branches.policy import Policy, check_policy_value
from branches.services import load_calendar
from branches.year import DayPlan, TermPlan, nearest_monday, proposed_days, set_up_year
from members.models import Person, Post
from members.services import leave_people, refresh_stages
from pairing_portal.common.problems import Refused

FORM = {
    "start_year": "2027", "autumn_start": "2027-09-06", "autumn_teaching": "18", "autumn_exams": "2", "spring_start": "2028-03-06",
    "spring_teaching": "18", "spring_exams": "2", "days": "2027-10-01 放假 国庆节\n2027/10/09 调课", "step": "save",
}  # fmt: skip


def test_the_calendar_of_the_worked_example(cast):
    calendar = load_calendar()
    days = [calendar.teaching_days(cast.term.start_monday + dt.timedelta(weeks=week)) for week in (3, 4, 5)]
    assert days == [3, 3, 5]
    assert calendar.teaching_week(dt.date(2026, 10, 12)) == 6


def test_holidays_with_make_up_days_are_proposed_where_they_are_known():
    days, unknown = proposed_days(dt.date(2026, 9, 7), dt.date(2026, 12, 31))
    kinds = {day.on: str(day.kind) for day in days}
    assert (kinds[dt.date(2026, 10, 1)], kinds[dt.date(2026, 10, 10)], unknown) == ("holiday", "makeup", [])


def test_a_year_is_looked_at_then_saved(cast, sign_in):
    staff = sign_in("college_organiser")
    page = staff.post(reverse("year_setup"), FORM | {"step": "look"})
    assert page.status_code == 200
    assert not AcademicYear.objects.filter(start_year=2027).exists()
    staff.post(reverse("year_setup"), FORM)
    assert list(Term.objects.filter(academic_year__start_year=2027).values_list("season", flat=True)) == [
        "autumn",
        "spring",
    ]
    assert list(CalendarDay.objects.filter(on__year=2027).values_list("on", "kind")) == [
        (dt.date(2027, 10, 1), "holiday"), (dt.date(2027, 10, 9), "makeup"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"autumn_start": "2027-09-07"}, "2027-09-06"),
        ({"spring_start": "2027-12-06"}, "2028"),
        ({"days": "2027-10-01 什么"}, "第 1 行"),
        ({"days": "2027-02-30 放假"}, "第 1 行"),
        ({"autumn_teaching": "0"}, ""),
        ({"autumn_start": ""}, ""),
        ({"autumn_start": "9999-12-27"}, "2027"),
        ({"spring_start": "9999-12-27"}, "2028"),
        ({"spring_start": "9999-12-31"}, "2028"),
        ({"autumn_start": "0001-01-01"}, "2027"),
        ({"days": "2027-10-01 放假\n\n2028-10-02 放假 国庆节"}, "2028-10-02"),
        ({"days": "2026-10-01 放假 国庆节"}, "2026-10-01"),
    ],
)
def test_what_cannot_be_a_year_is_refused_in_words(cast, sign_in, changes, words):
    answer = sign_in("college_organiser").post(reverse("year_setup"), FORM | changes)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert AcademicYear.objects.count() == 1


def test_a_day_of_another_year_is_named_with_its_line(cast, sign_in):
    days = "2027-10-01 放假 国庆节\n\n2028-10-02 放假 国庆节\n2027-10-09 调课"
    answer = sign_in("college_organiser").post(reverse("year_setup"), FORM | {"days": days, "step": "look"})
    (fault,) = answer.context["form"].errors["days"]
    assert "3" in fault
    assert "2028-10-02" in fault
    assert answer.context["grid"] is None
    assert days.replace("\n", "\r\n") in answer.content.decode() or days in answer.content.decode()


def test_a_day_at_the_seam_belongs_to_the_neighbour_and_is_not_lost(cast, sign_in):
    """The stored year ends on 31 August 2027: a day of that August is not of the year that follows."""
    form = FORM | {"days": "2027-08-30 假期 暑假"}
    answer = sign_in("college_organiser").post(reverse("year_setup"), form)
    assert "2027-08-30" in answer.context["form"].errors["days"][0]
    assert not AcademicYear.objects.filter(start_year=2027).exists()


def test_the_service_refuses_a_day_outside_the_year_too(cast):
    plan = {
        "autumn": TermPlan("autumn", dt.date(2027, 9, 6), 18, 2),
        "spring": TermPlan("spring", dt.date(2028, 3, 6), 18, 2),
    }
    with pytest.raises(Refused, match="2029-01-01"):
        set_up_year(
            start_year=2027, **plan, days=[DayPlan(dt.date(2029, 1, 1), "holiday")], responsible={},
            by=cast.user("college_organiser"), now=timezone.now(),
        )  # fmt: skip
    assert AcademicYear.objects.count() == 1


def test_terms_that_overlap_a_neighbour_are_refused_when_they_are_looked_at(cast, sign_in):
    AcademicYear.objects.create(start_year=2028, starts_on=dt.date(2028, 6, 1), ends_on=dt.date(2029, 8, 31))
    answer = sign_in("college_organiser").post(reverse("year_setup"), FORM | {"step": "look"})
    assert list(answer.context["form"].errors) == ["autumn_start"]


def test_the_nearest_monday():
    assert nearest_monday(dt.date(2026, 9, 8)) == dt.date(2026, 9, 7)
    assert nearest_monday(dt.date(2026, 9, 11)) == dt.date(2026, 9, 14)


def test_a_responsible_branch_is_assigned_with_the_year(cast, sign_in):
    league = LeagueBranch.objects.create(department=cast.civil, name="土木系2027级团支部", enrolment_year=2027)
    sign_in("college_organiser").post(reverse("year_setup"), FORM | {f"league-{league.pk}": str(cast.liu.pk)})
    league.refresh_from_db()
    assert league.party_branch == cast.liu


@pytest.fixture
def league(cast):
    return LeagueBranch.objects.create(
        department=cast.civil, name="土木系2027级团支部", enrolment_year=2027, party_branch=cast.liu
    )


@pytest.mark.parametrize("why", ["inactive", "of another department"])
def test_the_branch_that_answers_now_stays_an_option_and_is_kept(cast, sign_in, league, why):
    present = cast.liu if why == "inactive" else cast.er
    cast.liu.is_active = False
    cast.liu.save()
    LeagueBranch.objects.filter(pk=league.pk).update(party_branch=present)
    staff = sign_in("college_organiser")
    page = staff.get(reverse("year_setup") + "?year=2027")
    (row,) = page.context["leagues"]
    assert (row["options"], row["chosen"]) == ([present], str(present.pk))
    assert f'<option value="{present.pk}" selected>' in page.content.decode()
    staff.post(reverse("year_setup"), FORM | {f"league-{league.pk}": row["chosen"]})
    league.refresh_from_db()
    assert league.party_branch == present


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({}, "liu"), ({"league": ""}, None), ({"league": "er"}, "liu"), ({"league": "999999"}, "liu")],
)
def test_a_league_branch_without_an_answer_that_was_offered_keeps_its_branch(cast, sign_in, league, answer, expected):
    sent = {f"league-{league.pk}": str(cast.er.pk) if value == "er" else value for value in answer.values()}
    sign_in("college_organiser").post(reverse("year_setup"), FORM | sent)
    league.refresh_from_db()
    assert league.party_branch == (cast.liu if expected else None)


def test_the_year_form_stands_in_one_column(cast, sign_in):
    assert "two-columns" not in sign_in("college_organiser").get(reverse("year_setup")).content.decode()


def test_a_colleges_own_number_counts_from_its_date_on(cast, sign_in):
    staff = sign_in("college_organiser")
    values = {"key": "lectures_a_week", "value": "3", "source": "学院决定", "effective_from": "2026-10-26"}
    staff.post(reverse("admin:branches_policyvalue_add"), values)
    policy = Policy()
    assert (
        policy.number("lectures_a_week", dt.date(2026, 10, 25)),
        policy.number("lectures_a_week", dt.date(2026, 10, 26)),
    ) == (2, 3)
    assert "学院决定" in sign_in("er_member").get(reverse("rules_page")).content.decode()


@pytest.mark.parametrize("value", ["0", "-1", "1000000000", "zwei", "1.5", ""])
def test_a_number_out_of_bounds_is_refused(value):
    with pytest.raises(Exception, match="1"):
        check_policy_value("lectures_a_week", value)


@pytest.fixture
def graduate(cast):
    person = cast.person("liu_secretary")
    person.graduates_on = dt.date(2026, 6, 30)
    person.save()
    return person


def test_graduates_leave_as_a_whole_and_a_second_time_nothing_happens(cast, sign_in, graduate):
    staff = sign_in("civil_organiser")
    page = staff.get(reverse("year_turn"))
    fingerprint = page.context["fingerprint"]
    assert graduate.name in page.content.decode()
    staff.post(reverse("year_turn"), {"fingerprint": fingerprint, "person": graduate.pk})
    graduate.refresh_from_db()
    assert (graduate.stage, graduate.left_on) == ("left", dt.date(2026, 6, 30))
    assert not Post.objects.filter(person=graduate, ended_on=None).exists()
    assert User.objects.get(pk=graduate.user_id).is_active is False
    history = Person.history.count()
    staff.post(reverse("year_turn"), {"fingerprint": fingerprint, "person": graduate.pk})
    assert Person.history.count() == history


def test_the_preview_names_what_ends_with_them_in_other_rooms(cast, sign_in, graduate):
    assign_duty(person=graduate, league_branch=cast.one, academic_year=cast.year)
    assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    client = sign_in("civil_organiser")
    page = client.get(reverse("year_turn"))
    lines = [line for _label, ending in page.context["turn"].endings for line in ending]
    assert lines == [f"{graduate.name} → {cast.one.name}"]
    assert lines[0] in page.content.decode()
    client.post(reverse("year_turn"), {"fingerprint": page.context["fingerprint"], "person": graduate.pk})
    assert client.get(reverse("year_turn")).context["turn"].endings == []


def test_a_stale_preview_is_not_applied(cast, sign_in, graduate):
    sign_in("civil_organiser").post(reverse("year_turn"), {"fingerprint": "old", "person": graduate.pk})
    graduate.refresh_from_db()
    assert graduate.left_on is None


def test_a_department_does_not_turn_the_year_of_another(cast, sign_in, graduate):
    staff = sign_in("mech_organiser")
    page = staff.get(reverse("year_turn"))
    assert graduate.name not in page.content.decode()
    staff.post(reverse("year_turn"), {"fingerprint": page.context["fingerprint"], "person": graduate.pk})
    graduate.refresh_from_db()
    assert graduate.left_on is None


def test_stages_follow_dates_that_have_come(cast, today):
    person = cast.person("san_activist")
    Person.objects.filter(pk=person.pk).update(candidate_on=today + dt.timedelta(days=1))
    assert refresh_stages(today=today) == 0
    assert refresh_stages(today=today + dt.timedelta(days=1)) == 1
    person.refresh_from_db()
    assert person.stage == "candidate"


def test_leaving_twice_ends_things_once(cast, today):
    person = cast.person("er_deputy")
    assert leave_people(people=[person], left_on=today, today=today, by=None) != []
    assert leave_people(people=[person], left_on=today, today=today, by=None) == []


def test_the_organisation_asks_the_same_queries_for_one_branch_and_more(cast, sign_in):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from branches.models import PartyBranch

    staff = sign_in("civil_organiser")
    staff.get(reverse("organisation"))
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as captured:
            staff.get(reverse("organisation"))
        counts.append(len(captured))
        PartyBranch.objects.bulk_create(
            PartyBranch(department=cast.civil, name=f"第{number}{one}党支部") for one in range(3)
        )
    assert counts[0] == counts[1]
