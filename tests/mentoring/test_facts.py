"""What the rules are told: people, League branches, links, numbers, partners; in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from django.utils import timezone

from branches.models import AcademicYear, PolicyValue
from branches.policy import Policy
from members.models import Person
from mentoring import facts
from mentoring.models import Mentorship
from mentoring.rules import GuideFacts, LeagueFacts, Limits, LinkFacts, PersonFacts
from tests.cast import ACTIVIST, MEMBER, PROBATIONARY
from tests.mentoring.crew import STARTS, TODAY, activists, add_person, classmates, guide, link, new_members, seniors
from tests.pairings.crew import activate


def test_a_person_is_read_with_branch_class_and_year_of_study(cast):
    senior, league_secretary, teacher = (
        cast.person(name) for name in ("liu_member", "league_secretary", "san_secretary")
    )
    people = facts.load_people([senior.pk, league_secretary.pk, teacher.pk], TODAY)
    assert people[senior.pk] == PersonFacts(
        senior.pk, "20250530002", "周鑫", "full", branch_id=cast.liu.pk, branch_name=cast.liu.short_name,
        department_id=cast.civil.pk, programme="upgrade", study_year=4, admitted_on=MEMBER["admitted_on"],
        graduates_on=dt.date(2027, 6, 30),
    )  # fmt: skip
    assert people[league_secretary.pk] == PersonFacts(
        league_secretary.pk, "20260510001", "张轩丽", "league_member", department_id=cast.civil.pk,
        class_id=cast.class_26.pk, class_name="26土木本科1班", programme="bachelor", study_year=1,
        graduates_on=dt.date(2030, 6, 30),
    )  # fmt: skip
    assert people[teacher.pk].study_year is None


def test_a_league_branch_is_read_with_its_year_and_who_answers_for_it(cast):
    assert facts.league_facts(cast.one, TODAY) == LeagueFacts(
        cast.one.pk, "土木系2026级土木工程团支部", 1, branch_id=cast.liu.pk, department_id=cast.civil.pk
    )
    assert facts.league_facts(cast.old, TODAY).study_year == 2


@pytest.mark.parametrize(
    ("on", "start"),
    [
        (dt.date(2026, 9, 1), 2026),
        (dt.date(2027, 8, 31), 2026),
        (dt.date(2026, 8, 31), 2025),
        (dt.date(2027, 9, 1), 2027),
    ],
)
def test_the_academic_year_of_a_day_is_the_entered_one_or_that_of_the_calendar(cast, on, start):
    assert facts.year_start(on) == start


def test_an_entered_academic_year_goes_before_the_calendar(cast):
    first, last = dt.date(2026, 8, 24), dt.date(2027, 9, 5)
    AcademicYear.objects.filter(pk=cast.year.pk).update(starts_on=first, ends_on=last)
    day = dt.timedelta(days=1)
    assert [facts.year_start(on) for on in (first - day, first, last, last + day)] == [2025, 2026, 2026, 2027]


def test_open_and_ended_links_are_read_and_declined_ones_are_not(cast):
    mentor, (first, second) = cast.person("liu_member"), new_members(cast, 2)
    standing, over = link(cast, mentor, first), link(cast, mentor, second)
    Mentorship.objects.filter(pk=over.pk).update(state="ended", ended_on=dt.date(2026, 11, 2))
    helper = cast.person("liu_activist")
    Person.objects.filter(pk=helper.pk).update(school_class=cast.class_26)
    helper.refresh_from_db()
    no = link(cast, helper, classmates(cast, 1)[0], tier=1, accept=False)
    Mentorship.objects.filter(pk=no.pk).update(state="declined", ended_on=TODAY)
    assert facts.load_network([mentor.pk, helper.pk]).links == [
        LinkFacts(standing.pk, 3, mentor.pk, first.pk, STARTS),
        LinkFacts(over.pk, 3, mentor.pk, second.pk, STARTS, dt.date(2026, 11, 2)),
    ]


@pytest.mark.parametrize(("values", "count"), [({}, 1), ({"as_draft": True}, 1)])
def test_drafts_and_formal_contacts_are_read_as_they_are(cast, values, count):
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2, is_formal=True, **values)
    assert facts.load_network([cast.person("liu_activist").pk]).links == [
        LinkFacts(row.pk, 2, row.mentor_id, row.mentee_id, STARTS, is_formal=True)
    ]


def test_ended_links_of_others_are_not_read(cast):
    over = link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    Mentorship.objects.filter(pk=over.pk).update(state="ended", ended_on=TODAY)
    assert facts.load_network([cast.person("liu_secretary").pk]).links == []


def test_a_circle_shows_that_runs_through_branches_of_others(cast):
    """Four people of four branches: the two in the middle belong to branches of neither who is linked now."""
    four = [
        add_person(
            cast, f"党员{at}", f"2023000000{at}", branch=branch, programme="bachelor", enrolment_year=2023, **MEMBER
        )
        for at, branch in enumerate((cast.er, cast.san, cast.si, cast.liu))
    ]
    for mentor, mentee in itertools.pairwise(four):
        Mentorship.objects.create(
            tier=3, mentor=mentor, mentee=mentee, party_branch=mentee.party_branch, state="active", starts_on=STARTS,
            created_at=timezone.now(), published_at=timezone.now(),
        )  # fmt: skip
    network = facts.load_network([four[3].pk, four[0].pk])
    assert network.leads_to(four[0].pk, four[3].pk, 3)
    assert not network.leads_to(four[3].pk, four[0].pk, 3)


def test_guides_of_the_league_branch_and_guidances_of_the_person_are_read(cast):
    first, second = seniors(cast, 2)
    mine, other, elsewhere = guide(cast, first), guide(cast, second), guide(cast, first, cast.old)
    network = facts.load_network([first.pk], [cast.one.pk])
    assert sorted(network.guides, key=lambda row: row.pk) == [
        GuideFacts(mine.pk, first.pk, cast.one.pk, STARTS),
        GuideFacts(other.pk, second.pk, cast.one.pk, STARTS),
        GuideFacts(elsewhere.pk, first.pk, cast.old.pk, STARTS),
    ]
    assert [row.pk for row in facts.load_network([second.pk]).guides] == [other.pk]


def test_the_numbers_are_those_of_the_policy_on_the_day(cast):
    assert Limits.on(TODAY) == Limits(1, 2, 5, 2, 2, 3, 1)
    PolicyValue.objects.create(key="senior_mentees_max", value="3", source="试行", effective_from=dt.date(2026, 11, 1))
    assert Limits.on(dt.date(2026, 10, 31), Policy()).senior_mentees_max == 2
    assert Limits.on(dt.date(2026, 11, 1), Policy()).senior_mentees_max == 3


def test_partners_are_those_of_pairings_running_that_day(cast):
    activate(cast, helper=cast.er, partner=cast.liu)
    er, liu, si = cast.er.pk, cast.liu.pk, cast.si.pk
    assert facts.partners_of([liu, er, si, None], TODAY) == {liu: {er}, er: {liu}, si: set()}
    assert facts.partners_of([liu], dt.date(2026, 10, 7)) == {liu: set()}
    assert facts.partners_of([], TODAY) == {}


@pytest.mark.parametrize("count", [1, 3])
def test_any_number_of_people_and_links_takes_the_same_number_of_queries(cast, count, django_assert_num_queries):
    mentor = cast.person("liu_member")
    mentees = activists(cast, count)
    for mentee in mentees:
        link(cast, mentor, mentee, tier=2)
    ids = [mentor.pk, *(mentee.pk for mentee in mentees)]
    with django_assert_num_queries(4):
        assert len(facts.load_people(ids, TODAY)) == count + 1
        assert len(facts.load_network(ids, [cast.one.pk]).links) == count


def test_stages_of_the_dates_reach_the_rules(cast):
    stages = [
        facts.load_people([add_person(cast, "某某", f"2024000000{at}", branch=cast.liu, **dates).pk], TODAY)
        for at, dates in enumerate((ACTIVIST, PROBATIONARY, MEMBER, MEMBER | {"left_on": TODAY}))
    ]
    assert [next(iter(found.values())).stage for found in stages] == ["activist", "probationary", "full", "left"]
