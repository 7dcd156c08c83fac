"""The life of a mentor assessment: versions, decisions, objections, answers; and what is refused on the way."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from branches.models import PolicyValue
from evaluations import assessment_services as services
from evaluations.models import MentorAssessment
from members.models import Post
from pairing_portal.common.problems import Refused
from tests.evaluations.assessment_crew import (
    TODAY,
    act,
    agreed_goal,
    compute,
    computed,
    current,
    day,
    decide,
    fresh,
    linked,
    objected,
    shown,
    talked,
)
from tests.mentoring.crew import new_members, seniors

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(cast):
    """er_member has a link of two months with one talk, and a goal that was reached."""
    link = linked(cast)
    talked(link, day("2026-09-10"))
    agreed_goal(link, day("2026-10-01"), reached_on=day("2026-09-30"))
    agreed_goal(link, day("2026-10-10"))
    return link


def refusal(work, **values) -> str:
    with pytest.raises(Refused) as caught:
        work(**values)
    return caught.value.text


def weigh(**weights: int) -> None:
    for key, value in weights.items():
        PolicyValue.objects.create(
            key=f"assess_{key}", value=str(value), source="院党委", effective_from=day("2026-09-01")
        )


# --- Computing -----------------------------------------------------------------------------------


def test_the_sum_is_what_its_parts_add(cast, link):
    row = computed(cast)
    points = {part["key"]: part["points"] for part in row.parts}

    assert points == {"talks": 100, "feedback": None, "progress": 50, "lectures": None, "activities": None}
    # (30 × 100 + 15 × 50) ÷ 45
    assert (row.version, row.total, sum(services.sum_of(row.parts).adds.values())) == (1, 83, 83)
    assert row.parts[0]["link"] == f"/evaluations/assessments/{row.pk}/rows/talks/"


def test_computing_again_without_news_writes_nothing(cast, link):
    row = computed(cast)
    again = compute(cast)

    assert (again.made, again.unchanged) == ([], 1)
    assert list(MentorAssessment.objects.values_list("pk", "version")) == [(row.pk, 1)]


def test_new_figures_are_a_new_version_and_the_old_keeps_its_decision(cast, link):
    old = shown(cast, computed(cast))
    agreed_goal(link, day("2026-10-11"))
    compute(cast)
    new, old = current(cast), fresh(old)

    assert (new.version, new.grade, new.shown_at, new.decided_by) == (2, "", None, None)
    assert (old.is_current, old.grade, old.reason, old.shown_at is not None) == (False, "good", "帮扶认真。", True)


def test_a_changed_weight_is_a_new_version_too(cast, link):
    computed(cast)
    weigh(talks=40, feedback=20)
    assert [row.version for row in compute(cast).made] == [2]


def test_weights_that_do_not_sum_up_are_refused_with_their_sum_and_where_to_mend_them(cast, link):
    weigh(talks=40)
    words = refusal(compute, cast=cast)
    assert ("110" in words, "/rules/" in words, MentorAssessment.objects.count()) == (True, True, 0)


def test_only_who_runs_the_branch_or_its_department_computes(cast, link):
    for name in ("san_secretary", "er_member", "administrator", "civil_organiser"):
        assert refusal(compute, cast=cast, name=name)
    assert len(compute(cast, "mech_organiser").made) == 1


def test_a_year_that_has_not_begun_is_refused(cast, link):
    assert refusal(compute, cast=cast, today=day("2026-08-31"))


def test_somebody_who_mentored_nobody_is_refused_by_name(cast):
    values = {"person": cast.person("er_member"), "academic_year": cast.year, "today": TODAY} | act(cast)
    assert cast.person("er_member").name in refusal(services.compute_person, **values)


def test_computing_one_person_leaves_the_others(cast, link):
    linked(cast, "er_deputy", "er_secretary")
    done = services.compute_person(person=link.mentor, academic_year=cast.year, today=TODAY, **act(cast))
    assert [row.person_id for row in done.made] == [link.mentor_id]


def test_somebody_who_left_the_branch_is_not_computed_and_keeps_what_there_is(cast, link):
    row = computed(cast)
    link.mentor.party_branch = cast.san
    link.mentor.save()
    agreed_goal(link, day("2026-10-11"))

    assert compute(cast).made == []
    assert fresh(row).is_current


def test_reading_a_branch_takes_the_same_queries_for_one_and_for_six(cast, link):
    def reads() -> int:
        with CaptureQueriesContext(connection) as queries:
            compute(cast)
        return sum(query["sql"].startswith("SELECT") for query in queries)

    compute(cast)
    one = reads()
    for mentor, mentee in zip(seniors(cast, 5, branch=cast.er), new_members(cast, 5, branch=cast.er), strict=True):
        linked(cast, mentor, mentee)
    compute(cast)
    assert (reads(), MentorAssessment.objects.count()) == (one, 6)


# --- Deciding ------------------------------------------------------------------------------------


def test_a_decision_has_an_author_a_reason_and_is_corrected_until_it_is_shown(cast, link):
    row = decide(cast, computed(cast), grade="fair", reason="谈话不够规律。")
    again = decide(cast, fresh(row), "er_deputy", grade="good", reason="已补谈。")

    assert (again.grade, again.reason, again.decided_by) == ("good", "已补谈。", cast.user("er_deputy"))
    assert refusal(decide, cast=cast, row=shown(cast, again))


@pytest.mark.parametrize(("changes", "field"), [({"grade": "excellent"}, "grade"), ({"reason": " "}, "reason"), ({"reason": "字" * 501}, "reason")])  # fmt: skip
def test_a_decision_without_grade_or_reason_is_refused_beside_its_field(cast, link, changes, field):
    row = computed(cast)
    with pytest.raises(Refused) as caught:
        decide(cast, row, **changes)
    assert (caught.value.field, fresh(row).grade) == (field, "")


@pytest.mark.parametrize("name", ["san_secretary", "mech_organiser", "administrator", "er_probationary"])
def test_the_own_committee_decides_and_nobody_else(cast, link, name):
    row = computed(cast)
    assert refusal(decide, cast=cast, row=row, name=name)


def test_nobody_decides_on_themselves(cast):
    linked(cast, "er_secretary")
    row = computed(cast, "er_secretary")
    own = refusal(decide, cast=cast, row=row)
    decide(cast, row, "er_deputy")

    assert ("本人" in own or "自己" in own or "own" in own, fresh(row).grade) == (True, "good")


def test_who_decides_on_what_another_has_just_decided_is_told(cast, link):
    row = computed(cast)
    decide(cast, row, "er_deputy", grade="weak", reason="谈话少。")
    assert refusal(decide, cast=cast, row=row, seen_decided_at=None)
    assert fresh(row).grade == "weak"


def test_an_older_version_is_not_decided_on_and_not_shown(cast, link):
    row = decide(cast, computed(cast))
    agreed_goal(link, day("2026-10-11"))
    compute(cast)
    values = act(cast)

    assert refusal(decide, cast=cast, row=fresh(row))
    assert refusal(services.show, assessment=row, scope=values["scope"], now=timezone.now())


def test_nothing_is_shown_before_it_is_decided_and_nothing_twice(cast, link):
    row, values = computed(cast), act(cast)
    assert refusal(services.show, assessment=row, scope=values["scope"], now=timezone.now())
    shown(cast, row)
    assert refusal(services.show, assessment=row, scope=values["scope"], now=timezone.now())


# --- Objecting -----------------------------------------------------------------------------------


def test_an_objection_is_due_by_policy_and_stays_with_its_version(cast, link):
    row = objected(cast, computed(cast))
    agreed_goal(link, day("2026-10-11"))
    compute(cast)

    assert (row.answer_due_on, row.objection) == (TODAY + dt.timedelta(days=14), "九月的谈话没有计入。")
    assert (current(cast).version, current(cast).objection) == (2, "")


@pytest.mark.parametrize("text", ["", "  ", "字" * 1001])
def test_an_objection_needs_words_and_not_too_many(cast, link, text):
    row = shown(cast, computed(cast))
    assert refusal(services.object_to, assessment=row, person=row.person, text=text, today=TODAY, now=timezone.now())


def test_one_objects_once_to_ones_own_and_only_when_it_was_shown(cast, link):
    row = computed(cast)
    values = {"text": "有误", "today": TODAY, "now": timezone.now()}
    assert refusal(services.object_to, assessment=row, person=row.person, **values)
    shown(cast, row)
    assert refusal(services.object_to, assessment=row, person=cast.person("er_deputy"), **values)
    services.object_to(assessment=row, person=row.person, **values)
    assert refusal(services.object_to, assessment=row, person=row.person, **values)


def test_another_officer_answers_and_the_grade_may_stay(cast, link):
    row = objected(cast, computed(cast))
    assert refusal(services.answer, assessment=row, text="已核对。", **act(cast))
    services.answer(assessment=row, text="已核对。", **act(cast, "er_deputy"))
    row = fresh(row)

    assert (row.answer, row.answered_by, row.grade) == ("已核对。", cast.user("er_deputy"), "good")
    assert MentorAssessment.objects.count() == 1
    assert refusal(services.answer, assessment=row, text="再答。", **act(cast, "er_deputy"))


def test_the_department_answers_where_no_other_officer_is_left(cast, link):
    row = objected(cast, computed(cast))
    Post.objects.filter(person=cast.person("er_deputy")).update(ended_on=day("2026-10-01"))
    assert refusal(services.answer, assessment=row, text="已核对。", **act(cast, "er_deputy"))
    assert services.answer(assessment=row, text="已核对。", **act(cast, "mech_organiser")).answered_at is not None


def test_a_grade_changed_by_an_answer_is_a_version_of_its_own(cast, link):
    row = objected(cast, computed(cast))
    services.answer(assessment=row, text="改为一般。", grade="fair", **act(cast, "er_deputy"))
    old, new = fresh(row), current(cast)

    assert (old.grade, old.is_current, new.version, new.grade) == ("good", False, 2, "fair")
    assert (new.reason, new.parts[0]["points"], new.shown_at is not None) == (
        "改为一般。",
        row.parts[0]["points"],
        True,
    )
    assert compute(cast).unchanged == 1


def test_an_answer_to_an_older_version_changes_no_grade(cast, link):
    row = objected(cast, computed(cast))
    agreed_goal(link, day("2026-10-11"))
    compute(cast)
    assert refusal(services.answer, assessment=row, text="改。", grade="fair", **act(cast, "er_deputy"))
    assert services.answer(assessment=row, text="见新版本。", **act(cast, "er_deputy")).grade == "good"


def test_nobody_answers_their_own_objection(cast):
    linked(cast, "er_secretary")
    row = computed(cast, "er_secretary")
    row = decide(cast, row, "er_deputy")
    services.show(assessment=row, scope=act(cast, "er_deputy")["scope"], now=timezone.now())
    services.object_to(assessment=row, person=row.person, text="有误", today=TODAY, now=timezone.now())
    assert refusal(services.answer, assessment=row, text="没错。", **act(cast))
