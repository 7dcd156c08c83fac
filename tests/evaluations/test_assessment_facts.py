"""The facts behind each part, as they are read: what counts, what does not, and in how many queries."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import LectureDuty, QuotaExemption, Textbook
from evaluations import assessment_facts as facts
from evaluations import scoring
from members.models import Person
from tests.evaluations.assessment_crew import (
    TODAY,
    agreed_goal,
    at,
    day,
    guided,
    invited,
    lectured,
    linked,
    marked,
    milestone,
    on_duty,
    talked,
)
from tests.mentoring.crew import new_members, seniors

pytestmark = pytest.mark.django_db


def read(cast, name="er_member", today=TODAY):
    person = cast.person(name)
    return facts.facts_of([person.pk], cast.year, today=today, now=timezone.now())[person.pk]


def states(found, part) -> list[str]:
    return [row.state for row in found.rows[part]]


def figures(found, part) -> tuple[int | None, int, float, float]:
    counted = found.counted(part)
    return counted.points, counted.evidence, float(counted.done), float(counted.owed)


@pytest.fixture
def book(db):
    return Textbook.objects.create(title="大学生党的基本知识读本", is_prescribed=True)


# --- Talks ---------------------------------------------------------------------------------------


def test_windows_of_all_links_and_guidances_count_together(cast):
    link, guidance = linked(cast), guided(cast)
    talked(link, day("2026-09-10"))
    talked(link, day("2026-09-12"))
    talked(guidance, day("2026-10-05"))
    found = read(cast)

    assert states(found, scoring.TALKS) == ["talked", "running", "silent", "running"]
    assert figures(found, scoring.TALKS) == (50, 2, 1.0, 2.0)
    assert [len(row.days) for row in found.rows[scoring.TALKS]] == [2, 0, 0, 1]


def test_a_talk_that_waits_or_was_returned_does_not_count(cast):
    link = linked(cast)
    talked(link, day("2026-09-10"), state="submitted")
    assert figures(read(cast), scoring.TALKS) == (0, 1, 0.0, 1.0)


def test_a_young_link_has_no_evidence_and_not_zero(cast):
    linked(cast, starts_on=day("2026-10-10"))
    assert figures(read(cast), scoring.TALKS) == (None, 0, 0.0, 0.0)


def test_an_offer_that_was_never_answered_is_no_link(cast):
    linked(cast, tier=1, mentee="classmate", ended_on=day("2026-10-20"))
    assert read(cast).rows[scoring.TALKS] == []


# --- Progress ------------------------------------------------------------------------------------


def test_goals_reached_of_goals_due(cast):
    link = linked(cast)
    agreed_goal(link, day("2026-10-01"), reached_on=day("2026-09-30"))
    agreed_goal(link, day("2026-10-02"))
    agreed_goal(link, day("2026-10-03"), dropped_on=day("2026-10-01"))
    agreed_goal(link, day("2026-12-01"))
    agreed_goal(link, day("2026-12-02"), reached_on=day("2026-10-20"))
    agreed_goal(link, day("2026-10-05"), is_agreed=False)
    found = read(cast)

    assert states(found, scoring.PROGRESS) == ["reached", "missed", "dropped", "ahead", "reached"]
    assert figures(found, scoring.PROGRESS) == (67, 3, 2.0, 3.0)


def test_milestones_are_asked_of_who_guided_when_they_were_due(cast):
    guided(cast, starts_on=day("2026-09-20"))
    milestone(cast, day("2026-09-10"))
    milestone(cast, day("2026-10-10"), done_on=day("2026-10-20"))
    milestone(cast, day("2026-10-12"))
    found = read(cast)

    assert states(found, scoring.PROGRESS) == ["reached", "missed"]
    assert figures(found, scoring.PROGRESS) == (50, 2, 1.0, 2.0)


# --- Feedback ------------------------------------------------------------------------------------


def test_feedback_counts_once_it_may_be_read_and_only_what_the_other_side_said(cast):
    link = linked(cast)
    marked(cast, link, political=500, working=400, learning=300, discipline=400)
    marked(cast, link, side="mentor", political=100)
    assert figures(read(cast), scoring.FEEDBACK) == (75, 1, 400.0, 500.0)


def test_feedback_nobody_may_read_yet_is_no_evidence(cast):
    marked(cast, linked(cast), revealed=False, political=500)
    assert figures(read(cast), scoring.FEEDBACK) == (None, 0, 0.0, 0.0)


# --- Lectures ------------------------------------------------------------------------------------


def test_the_owed_share_of_two_speakers_and_what_counts_as_given(cast, book):
    """Three owed weeks are over (5 to 25 October without the week of the holiday, which owes by the rules in force)."""
    on_duty(cast, "er_member")
    on_duty(cast, "er_deputy")
    lectured(cast, day("2026-10-13"), "er_member", book=book)
    lectured(cast, day("2026-10-14"), "er_member", "er_deputy", book=book)
    lectured(cast, day("2026-10-15"), "er_member", book=book, minutes=20)
    lectured(cast, day("2026-10-16"), "er_member", book=None)
    lectured(cast, day("2026-10-20"), "er_member", book=book, state="waiting")
    mine, other = read(cast), read(cast, "er_deputy")

    owed = float(mine.counted(scoring.LECTURES).owed)
    assert sorted(set(states(mine, scoring.LECTURES))) == ["given", "other_book", "owed", "short"]
    assert (figures(mine, scoring.LECTURES)[2], figures(other, scoring.LECTURES)[2]) == (2.0, 1.0)
    assert (
        owed
        == float(other.counted(scoring.LECTURES).owed)
        == len([s for s in states(mine, scoring.LECTURES) if s == "owed"])
    )


def test_an_exempt_week_is_left_out(cast, book):
    on_duty(cast, "er_member")
    before = read(cast).counted(scoring.LECTURES)
    QuotaExemption.objects.create(
        league_branch=cast.one, from_on=day("2026-10-13"), to_on=day("2026-10-14"), reason="exams", state="granted"
    )
    found = read(cast)

    assert before.owed - found.counted(scoring.LECTURES).owed == 2
    assert states(found, scoring.LECTURES).count("exempt") == 1


def test_a_duty_taken_over_owes_from_the_next_whole_week(cast):
    on_duty(cast, "er_member", assigned_on=day("2026-10-14"))
    assert [str(row.first) for row in read(cast).rows[scoring.LECTURES]] == ["2026-10-19"]


def test_without_a_duty_there_is_no_evidence(cast, book):
    lectured(cast, day("2026-10-13"), "er_member", book=book)
    assert figures(read(cast), scoring.LECTURES) == (None, 0, 0.0, 0.0)


# --- Activities ----------------------------------------------------------------------------------


def test_attended_of_those_expected_at(cast):
    invited(cast, "er_member", day("2026-09-10"), "present")
    invited(cast, "er_member", day("2026-09-17"), "absent")
    invited(cast, "er_member", day("2026-09-24"), "leave")
    invited(cast, "er_member", day("2026-10-08"), "absent", activity_state="cancelled")
    invited(cast, "er_member", day("2026-08-20"), "absent")
    found = read(cast)

    assert states(found, scoring.ACTIVITIES) == ["present", "absent", "leave"]
    assert figures(found, scoring.ACTIVITIES) == (50, 2, 1.0, 2.0)


# --- All together --------------------------------------------------------------------------------


def test_a_year_that_has_not_begun_holds_nothing(cast):
    linked(cast, starts_on=day("2026-06-01"))
    assert read(cast, today=day("2026-08-31")).rows == {part: [] for part in scoring.PARTS}


def test_after_the_year_later_days_say_nothing(cast):
    link = linked(cast)
    talked(link, day("2027-09-05"))
    agreed_goal(link, day("2027-09-10"))
    late = read(cast, today=dt.date(2028, 1, 1))

    assert max(row.last for row in late.rows[scoring.TALKS] if row.owed) <= cast.year.ends_on
    assert states(late, scoring.TALKS).count("talked") == 0
    assert late.rows[scoring.PROGRESS] == []


def test_who_mentored_in_the_year(cast):
    linked(cast)
    linked(cast, "er_deputy", starts_on=day("2026-03-01"), ended_on=day("2026-08-31"))
    guided(cast, "liu_member")
    found = facts.mentors_among(Person.objects.all(), facts.span_of(cast.year, TODAY))
    assert sorted(found.values_list("name", flat=True)) == sorted(
        [cast.person("er_member").name, cast.person("liu_member").name]
    )


def test_the_same_number_of_queries_for_one_mentor_and_for_six(cast, book):
    mentors = seniors(cast, 6, branch=cast.er)
    for mentor, mentee in zip(mentors, new_members(cast, 6, branch=cast.er), strict=True):
        link = linked(cast, mentor, mentee)
        agreed_goal(link, day("2026-10-01"))
        LectureDuty.objects.create(
            academic_year=cast.year, league_branch=cast.one, person=mentor, assigned_at=at(day("2026-09-01"))
        )
    counts = []
    for ids in ([mentors[0].pk], [mentor.pk for mentor in mentors]):
        with CaptureQueriesContext(connection) as queries:
            facts.facts_of(ids, cast.year, today=TODAY, now=timezone.now())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14
