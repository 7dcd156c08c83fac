"""Who of the cast sees and changes which rows of this room. Each test names everybody who does; all others do not."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from branches.models import LeagueBranch
from members.access import scope_for
from members.models import Person, Post
from mentoring.models import (
    ContactCard,
    GoalStep,
    HelpRequest,
    LeagueGuidance,
    LeagueMilestone,
    LeaguePlan,
    MentoringGoal,
    Mentorship,
    ObservationRecord,
)
from pairing_portal.common.scope import NOBODY
from tests.mentoring.crew import TODAY, guide, link, new_members, seniors
from tests.mentoring.deeds import class_helper
from tests.pairings.crew import activate

WHOLE_COLLEGE = {"college_organiser", "administrator"}
LIU = {"liu_secretary", "civil_organiser"}


def seers(cast, row, method="visible_to") -> set[str]:
    """Everybody of the cast whose queryset holds the row; nobody's holds it twice."""
    found = set()
    for name, user in cast.users.items():
        rows = list(getattr(type(row).objects.all(), method)(scope_for(user)))
        assert len(rows) == len({other.pk for other in rows})
        if row in rows:
            found.add(name)
    assert row not in getattr(type(row).objects.all(), method)(NOBODY)
    return found


def changers(cast, row) -> set[str]:
    return seers(cast, row, "changeable_by")


@pytest.fixture
def contact(cast) -> Mentorship:
    """er_member is formal contact of liu_activist, whose branch is paired with Er."""
    activate(cast, helper=cast.er, partner=cast.liu)
    return link(cast, cast.person("er_member"), cast.person("liu_activist"), tier=2, is_formal=True)


@pytest.fixture
def classmates(cast) -> Mentorship:
    """liu_activist helps the classmate, who belongs to no Party branch."""
    return link(cast, class_helper(cast), cast.person("classmate"), tier=1)


# --- Links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["active", "ended"])
def test_a_published_link_is_seen_by_the_two_both_committees_and_the_departments(cast, contact, state):
    Mentorship.objects.filter(pk=contact.pk).update(state=state, ended_on=TODAY if state == "ended" else None)
    two, er = {"er_member", "liu_activist"}, {"er_secretary", "er_deputy", "mech_organiser"}
    assert seers(cast, contact) == two | er | LIU | WHOLE_COLLEGE
    assert changers(cast, contact) == LIU | {"college_organiser"}


def test_a_draft_is_seen_by_who_keeps_it_only(cast, contact):
    Mentorship.objects.filter(pk=contact.pk).update(state="draft", published_at=None)
    assert seers(cast, contact) == LIU | WHOLE_COLLEGE
    assert changers(cast, contact) == LIU | {"college_organiser"}


def test_the_rest_of_the_committee_sees_drafts_but_changes_nothing(cast, contact):
    Post.objects.create(person=cast.person("liu_member"), party_branch=cast.liu, kind="publicity_officer", since=TODAY)
    for state in ("active", "draft"):
        Mentorship.objects.filter(pk=contact.pk).update(state=state)
        assert "liu_member" in seers(cast, contact)
        assert "liu_member" not in changers(cast, contact)


def test_a_link_between_classmates_is_seen_by_the_counsellor_of_the_mentee_too(cast, classmates):
    assert seers(cast, classmates) == {"liu_activist", "classmate", "counsellor"} | LIU | WHOLE_COLLEGE


def test_a_counsellor_of_another_class_does_not_see_it(cast, classmates):
    Person.objects.filter(pk=cast.person("classmate").pk).update(school_class=cast.class_24)
    assert "counsellor" not in seers(cast, classmates)


def test_an_offer_is_seen_by_both_and_a_declined_one_by_who_keeps_it_only(cast, classmates):
    Mentorship.objects.filter(pk=classmates.pk).update(state="offered", answered_at=None)
    assert {"liu_activist", "classmate"} < seers(cast, classmates)
    Mentorship.objects.filter(pk=classmates.pk).update(state="declined", ended_on=TODAY)
    assert seers(cast, classmates) == LIU | WHOLE_COLLEGE


def test_a_secretary_sees_the_links_of_classmates_the_branch_answers_for(cast, classmates):
    """Kept by Er, as their mentor moved there; the mentee is of no Party branch, of a League branch Liu answers for."""
    Mentorship.objects.filter(pk=classmates.pk).update(party_branch=cast.er, mentor=cast.person("er_probationary"))
    assert "liu_secretary" in seers(cast, classmates)
    assert "liu_secretary" not in changers(cast, classmates)
    Person.objects.filter(pk=cast.person("classmate").pk).update(party_branch=cast.si)
    assert "liu_secretary" not in seers(cast, classmates)


def test_a_class_with_two_league_branches_shows_its_links_once(cast, classmates):
    LeagueBranch.objects.create(
        department=cast.civil,
        name="同班第二团支部",
        school_class=cast.class_26,
        enrolment_year=2026,
        party_branch=cast.liu,
    )
    Mentorship.objects.filter(pk=classmates.pk).update(party_branch=cast.er)
    assert "liu_secretary" in seers(cast, classmates)


@pytest.mark.parametrize(
    ("name", "sees_all"), [("liu_secretary", True), ("civil_organiser", True), ("counsellor", False)]
)
@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_one_query_however_many_rows(cast, name, sees_all, count, django_assert_num_queries):
    for mentor, mentee in zip(seniors(cast, count), new_members(cast, count), strict=True):
        link(cast, mentor, mentee)
    scope = scope_for(cast.user(name))
    with django_assert_num_queries(1):
        branches = [row.mentee.party_branch.name for row in Mentorship.objects.visible_to(scope).with_people()]
    assert branches == [cast.liu.name] * (count if sees_all else 0)


# --- Guidance of League branches -----------------------------------------------------------------


def test_a_guidance_is_seen_by_guide_league_secretary_committees_counsellor_and_department(cast):
    activate(cast, helper=cast.er, partner=cast.liu)
    row = guide(cast, cast.person("er_member"))
    near = {"er_member", "er_secretary", "er_deputy", "league_secretary", "counsellor"}
    assert seers(cast, row) == near | LIU | WHOLE_COLLEGE
    assert changers(cast, row) == LIU | {"college_organiser"}
    LeagueGuidance.objects.filter(pk=row.pk).update(state="ended", ended_on=TODAY)
    assert seers(cast, row) == near | LIU | WHOLE_COLLEGE


def test_a_draft_of_a_guidance_is_seen_by_who_keeps_it_only(cast):
    row = guide(cast, cast.person("liu_member"), as_draft=True)
    assert seers(cast, row) == LIU | WHOLE_COLLEGE


def test_a_guidance_of_another_class_is_not_the_counsellor_s(cast):
    row = guide(cast, cast.person("liu_member"), cast.old)
    assert seers(cast, row) == {"liu_member"} | LIU | WHOLE_COLLEGE


# --- What stands beside a link -------------------------------------------------------------------


def test_goals_and_steps_are_seen_with_their_link_and_changed_by_the_two(cast, contact):
    goal = MentoringGoal.objects.create(
        mentorship=contact, what="学习党章", due_on=dt.date(2026, 12, 1), proposed_by=contact.mentor,
        mentor_agreed_at=timezone.now(),
    )  # fmt: skip
    step = GoalStep.objects.create(goal=goal, what="通读一遍", due_on=dt.date(2026, 11, 15))
    for row in (goal, step):
        assert seers(cast, row) == seers(cast, contact)
        assert changers(cast, row) == {"er_member", "liu_activist"}
    Mentorship.objects.filter(pk=contact.pk).update(state="declined", ended_on=TODAY)
    assert seers(cast, goal) == seers(cast, step) == LIU | WHOLE_COLLEGE


def observation(cast, kind: str, contact: Mentorship | None, by: str) -> ObservationRecord:
    words = dict.fromkeys(("politics", "study", "work", "masses", "strengths"), "良好")
    return ObservationRecord.objects.create(
        person=cast.person("liu_activist"), kind=kind, mentorship=contact, period_from=dt.date(2026, 7, 1),
        period_to=dt.date(2026, 9, 30), recorded_by=cast.user(by), signed_on=TODAY, **words,
    )  # fmt: skip


def test_a_contact_s_record_is_read_by_contact_branch_and_department_never_by_the_one_observed(cast, contact):
    row = observation(cast, "contact", contact, "er_member")
    assert seers(cast, row) == {"er_member", "college_organiser"} | LIU
    assert changers(cast, row) == {"er_member"}


def test_even_in_a_committee_nobody_reads_the_record_of_themselves(cast, contact):
    row = observation(cast, "contact", contact, "er_member")
    for name in ("liu_activist", "liu_member"):
        Post.objects.create(person=cast.person(name), party_branch=cast.liu, kind="youth_officer", since=TODAY)
        assert (name in seers(cast, row)) == (name == "liu_member")
        Post.objects.filter(person=cast.person(name)).delete()


def test_a_branch_s_review_is_changed_by_who_runs_the_branch(cast, contact):
    row = observation(cast, "branch", None, "liu_secretary")
    assert seers(cast, row) == {"college_organiser"} | LIU
    assert changers(cast, row) == {"liu_secretary"}


def test_the_plan_of_a_league_branch_is_seen_by_all_who_build_it(cast):
    plan = LeaguePlan.objects.create(
        league_branch=cast.one, academic_year=cast.year, model_type="theory-learning", made_by=cast.user("liu_secretary"),
        created_at=timezone.now(),
    )  # fmt: skip
    milestone = LeagueMilestone.objects.create(plan=plan, what="主题团日", due_on=dt.date(2026, 12, 4))
    row = guide(cast, cast.person("liu_member"))
    builders = {"liu_member", "league_secretary"} | LIU
    for thing in (plan, milestone):
        assert seers(cast, thing) == builders | {"counsellor"} | WHOLE_COLLEGE
        assert changers(cast, thing) >= builders
        assert changers(cast, thing).isdisjoint({"counsellor", "er_secretary", "administrator", "classmate"})
    LeagueGuidance.objects.filter(pk=row.pk).update(state="ended", ended_on=TODAY)
    assert "liu_member" not in seers(cast, plan) | seers(cast, milestone)


def test_a_contact_card_is_seen_by_its_owner_and_by_who_is_linked_with_them_now(cast, contact):
    card = ContactCard.objects.create(person=cast.person("liu_activist"), way="phone")
    mine = ContactCard.objects.create(person=cast.person("er_member"), way="phone")
    assert seers(cast, card) == seers(cast, mine) == {"er_member", "liu_activist"}
    assert changers(cast, card) == {"liu_activist"}
    for state, ended_on in (("draft", None), ("ended", TODAY), ("declined", TODAY)):
        Mentorship.objects.filter(pk=contact.pk).update(state=state, ended_on=ended_on)
        assert (seers(cast, card), seers(cast, mine)) == ({"liu_activist"}, {"er_member"})


@pytest.mark.parametrize("name", ["liu_activist", "classmate"])
def test_a_call_for_help_is_between_the_person_and_the_secretary(cast, name):
    row = HelpRequest.objects.create(person=cast.person(name), kind="first_mentor", asked_at=timezone.now())
    assert seers(cast, row) == {name, "liu_secretary"}
    assert changers(cast, row) == {"liu_secretary"}


def test_a_secretary_does_not_answer_their_own_call(cast):
    row = HelpRequest.objects.create(person=cast.person("liu_secretary"), kind="talk", asked_at=timezone.now())
    assert seers(cast, row) == {"liu_secretary"}
    assert changers(cast, row) == set()
