"""The pages of mentor assessments as committee, department, the person and outsiders meet them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from branches.models import PolicyValue
from evaluations import assessment_page as page
from evaluations import scoring
from evaluations.models import MentorAssessment
from members.access import scope_for
from members.models import Post
from notifications.models import Notice
from notifications.services import compute_reminders
from pairing_portal.common.registries import notice_kinds
from tests.evaluations.assessment_crew import (
    act,
    agreed_goal,
    compute,
    computed,
    current,
    day,
    decide,
    fresh,
    invited,
    lectured,
    linked,
    marked,
    objected,
    on_duty,
    shown,
    talked,
)
from tests.mentoring.crew import new_members, seniors

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(cast):
    link = linked(cast)
    talked(link, day("2026-09-10"))
    agreed_goal(link, day("2026-10-01"))
    return link


@pytest.fixture
def enter(client, cast):
    def enter(name):
        client.force_login(cast.user(name))
        return client

    return enter


def words(response) -> str:
    return response.content.decode()


def kinds_told(kind: str) -> list[str]:
    compute_reminders(now=timezone.now())
    return sorted(Notice.objects.filter(kind=f"evaluations.assessment_{kind}").values_list("user__username", flat=True))


# --- The list ------------------------------------------------------------------------------------


def test_the_list_begins_empty_with_what_to_do_and_computes_at_a_press(cast, link, enter):
    client = enter("er_secretary")
    before = client.get(reverse("assessments"))
    done = client.post(reverse("assessments_compute"), {"branch": cast.er.pk, "year": cast.year.pk}, follow=True)

    assert (before.context["missing"], before.context["rows"]) == (1, [])
    assert [row.assessment.person for row in done.context["rows"]] == [cast.person("er_member")]
    assert done.context["missing"] == 0


def test_weights_that_do_not_sum_up_are_said_where_one_computes(cast, link, enter):
    PolicyValue.objects.create(key="assess_talks", value="31", source="x", effective_from=day("2026-09-01"))
    done = enter("er_secretary").post(
        reverse("assessments_compute"), {"branch": cast.er.pk, "year": cast.year.pk}, follow=True
    )
    assert ("101" in words(done), MentorAssessment.objects.count()) == (True, 0)


@pytest.mark.parametrize(
    "data", [{}, {"branch": "x", "year": "x"}, {"branch": "999999", "year": "1"}, {"branch": "1\x00", "year": ""}]
)
def test_nonsense_computes_nothing(cast, link, enter, data):
    assert enter("er_secretary").post(reverse("assessments_compute"), data).status_code == 302
    assert MentorAssessment.objects.count() == 0


def test_another_branch_is_not_computed(cast, link, enter):
    enter("san_secretary").post(reverse("assessments_compute"), {"branch": cast.er.pk, "year": cast.year.pk})
    assert MentorAssessment.objects.count() == 0


@pytest.mark.parametrize(
    "query", ["?year=x", "?year=999", "?branch=-1", "?page=x", "?year=%00", "?branch=9" + "9" * 40]
)
def test_an_address_with_nonsense_shows_the_newest_year(cast, link, enter, query):
    compute(cast)
    response = enter("mech_organiser").get(reverse("assessments") + query)
    assert (response.status_code, len(response.context["rows"])) == (200, 1)


def test_people_stand_by_name_and_not_by_sum(cast, link, enter):
    for mentor, mentee in zip(seniors(cast, 3, branch=cast.er), new_members(cast, 3, branch=cast.er), strict=True):
        agreed_goal(linked(cast, mentor, mentee), day("2026-10-01"), reached_on=day("2026-10-01"))
    compute(cast)
    rows = enter("er_secretary").get(reverse("assessments")).context["rows"]
    keys = [row.assessment.person.name_key for row in rows]
    assert (len(keys), keys) == (4, sorted(keys))


def test_the_list_takes_the_same_queries_for_one_row_and_for_three(cast, link, enter):
    def count() -> int:
        compute(cast)
        client.get(reverse("assessments"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("assessments"))
        return len(queries)

    client = enter("er_secretary")
    one = count()
    for mentor, mentee in zip(seniors(cast, 2, branch=cast.er), new_members(cast, 2, branch=cast.er), strict=True):
        linked(cast, mentor, mentee)
    assert (count(), MentorAssessment.objects.count()) == (one, 3)


# --- One assessment ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("er_secretary", 200), ("er_deputy", 200), ("mech_organiser", 200), ("college_organiser", 200), ("er_member", 404),
        ("er_probationary", 404), ("san_secretary", 404), ("civil_organiser", 404), ("administrator", 404), ("stranger", 404),
    ],
)  # fmt: skip
def test_who_opens_an_assessment_before_it_is_shown(cast, link, enter, name, status):
    row = computed(cast)
    found = [enter(name).get(reverse("assessment", args=[row.pk])).status_code]
    found += [enter(name).get(reverse("assessment_rows", args=[row.pk, part])).status_code for part in scoring.PARTS]
    assert found == [status] * 6


def test_the_person_reads_it_once_it_is_shown_and_the_mentee_never(cast, link, enter):
    row = shown(cast, computed(cast))
    mine = enter("er_member").get(reverse("assessment", args=[row.pk]))

    assert (mine.status_code, mine.context["may_object"], mine.context["may_decide"]) == (200, True, False)
    assert enter("er_member").get(row.parts[0]["link"]).status_code == 200
    assert enter("er_probationary").get(reverse("assessment", args=[row.pk])).status_code == 404


def test_an_officer_reads_nothing_of_themselves_before_it_is_shown(cast, enter):
    linked(cast, "er_secretary")
    row = computed(cast, "er_secretary")
    client = enter("er_secretary")

    assert client.get(reverse("assessment", args=[row.pk])).status_code == 404
    assert client.get(reverse("assessments")).context["rows"] == []
    assert client.get(reverse("admin:evaluations_mentorassessment_change", args=[row.pk])).status_code == 302


def test_the_page_adds_up(cast, link, enter):
    row = computed(cast)
    lines = enter("er_secretary").get(reverse("assessment", args=[row.pk])).context["lines"]
    assert sum(line.adds or 0 for line in lines) == row.total
    assert [line.words for line in lines if line.points is None] == [page.part_words({"points": None})] * 3


def test_the_committee_decides_on_the_page_and_shows_it(cast, link, enter):
    row = computed(cast)
    client = enter("er_secretary")
    empty = client.post(reverse("assessment", args=[row.pk]), {"grade": "", "reason": ""})
    client.post(reverse("assessment", args=[row.pk]), {"grade": "weak", "reason": "谈话少。", "seen": ""})
    client.post(reverse("assessment_show", args=[row.pk]))
    row = fresh(row)

    assert (empty.status_code, sorted(empty.context["form"].errors)) == (400, ["grade", "reason"])
    assert (row.grade, row.shown_at is not None) == ("weak", True)


@pytest.mark.parametrize("seen", ["", "nonsense", "2026-10-01T00:00:00+00:00", "2026-10-01T00:00:00"])
def test_a_form_filled_in_over_another_decision_is_refused(cast, link, enter, seen):
    row = decide(cast, computed(cast), "er_deputy")
    response = enter("er_secretary").post(
        reverse("assessment", args=[row.pk]), {"grade": "weak", "reason": "x", "seen": seen}
    )
    assert (response.status_code, fresh(row).grade) == (400, "good")


def test_the_department_reads_and_does_not_decide(cast, link, enter):
    row = computed(cast)
    client = enter("mech_organiser")
    assert client.post(reverse("assessment", args=[row.pk]), {"grade": "good", "reason": "x"}).status_code == 403
    assert client.post(reverse("assessment_show", args=[row.pk])).status_code == 403
    assert client.post(reverse("assessment_compute", args=[row.pk])).status_code == 302


def test_a_new_version_says_that_it_is_to_be_decided_anew(cast, link, enter):
    old = decide(cast, computed(cast))
    agreed_goal(link, day("2026-10-10"), reached_on=day("2026-10-10"))
    client = enter("er_secretary")
    client.post(reverse("assessment_compute", args=[old.pk]))
    new = current(cast)
    detail = client.get(reverse("assessment", args=[new.pk]))
    listed = client.get(reverse("assessments")).context["rows"]

    assert (detail.context["decided_before"], len(detail.context["versions"])) == (old, 2)
    assert [row.is_redone for row in listed] == [True]
    assert client.get(reverse("assessment", args=[old.pk])).context["newer"] == new


# --- Objection -----------------------------------------------------------------------------------


def test_the_person_objects_and_another_officer_answers(cast, link, enter):
    row = shown(cast, computed(cast))
    enter("er_member").post(reverse("assessment_object", args=[row.pk]), {"text": "少计一次"})
    decider = enter("er_secretary").get(reverse("assessment", args=[row.pk]))
    assert enter("er_secretary").get(reverse("assessment_answer", args=[row.pk])).status_code == 403
    enter("er_deputy").post(reverse("assessment_answer", args=[row.pk]), {"text": "已核对", "grade": ""})
    row = fresh(row)

    assert (decider.context["may_answer"], decider.context["waits_for_another"]) == (False, True)
    assert (row.objection, row.answer) == ("少计一次", "已核对")


def test_an_empty_objection_is_asked_for_words(cast, link, enter):
    row = shown(cast, computed(cast))
    assert enter("er_member").post(reverse("assessment_object", args=[row.pk]), {}).status_code == 400
    assert enter("er_secretary").get(reverse("assessment_object", args=[row.pk])).status_code == 403


def test_the_list_names_an_objection_to_an_earlier_version(cast, link, enter):
    row = objected(cast, computed(cast))
    agreed_goal(link, day("2026-10-11"))
    compute(cast)
    rows = enter("er_secretary").get(reverse("assessments")).context["rows"]
    assert [one.objection for one in rows] == [row.pk]


# --- Rows ----------------------------------------------------------------------------------------


def test_the_rows_are_what_was_counted_and_open_what_the_committee_may_read(cast, link, enter):
    talked(link, day("2026-10-12"))
    marked(cast, link, political=400, working=500)
    invited(cast, "er_member", day("2026-10-15"), "present")
    invited(cast, "er_member", day("2026-10-16"), "absent")
    row = computed(cast)
    client = enter("er_secretary")
    counts = {}
    for part in ("talks", "feedback", "progress", "activities"):
        response = client.get(reverse("assessment_rows", args=[row.pk, part]))
        counts[part] = len(response.context["rows"])
        addresses = [one["url"] for one in response.context["rows"] if one["url"]]
        addresses += [url for one in response.context["rows"] for _day, url in one["entries"]]
        assert [client.get(url).status_code for url in addresses] == [200] * len(addresses)
        assert response.context["is_same"]

    assert counts == {"talks": 2, "feedback": 1, "progress": 1, "activities": 2}


def test_rows_of_lectures_open_the_week_for_who_supervises_the_league_branch(cast, enter):
    linked(cast, "liu_member", "liu_activist", tier=2, party_branch=cast.liu)
    on_duty(cast, "liu_member")
    lectured(cast, day("2026-10-13"), "liu_member")
    compute(cast, "liu_secretary", party_branch=cast.liu)
    row = current(cast, "liu_member")
    client = enter("liu_secretary")
    rows = client.get(reverse("assessment_rows", args=[row.pk, "lectures"])).context["rows"]

    assert {one["row"].state for one in rows} == {"owed", "other_book"}
    assert {client.get(one["url"]).status_code for one in rows} == {200}


def test_rows_that_changed_since_say_so(cast, link, enter):
    row = computed(cast)
    MentorAssessment.objects.filter(pk=row.pk).update(computed_at=timezone.now())
    talked(link, day("2026-09-11"))
    link.log_entries.filter(on=day("2026-09-10")).update(state="returned", return_reason="x")
    link.log_entries.filter(on=day("2026-09-11")).update(state="returned", return_reason="x")
    response = enter("er_secretary").get(reverse("assessment_rows", args=[row.pk, "talks"]))
    assert (response.context["is_same"], response.context["line"].points) == (False, 100)


def test_an_unknown_part_is_not_found(cast, link, enter):
    row = computed(cast)
    assert enter("er_secretary").get(f"/evaluations/assessments/{row.pk}/rows/looks/").status_code == 404


# --- Cards, panel, notices, administration -------------------------------------------------------


def test_the_front_page_and_the_person_s_page_lead_there(cast, link, enter):
    row = shown(cast, computed(cast))
    own = enter("er_member").get(reverse("evaluations"))
    office = enter("er_secretary").get(reverse("person", args=[row.person_id]) + "?tab=evaluation")
    address = reverse("assessment", args=[row.pk])

    assert address in [card.url for card in own.context["cards"]]
    assert address in words(office)
    assert page.person_panel(row.person_id, scope_for(cast.user("er_probationary"))) is None


def test_who_mentors_and_has_nothing_shown_reads_what_will_come(cast, link, enter):
    compute(cast)
    response = enter("er_member").get(reverse("assessments"))
    assert (response.status_code, response.context["rows"]) == (200, [])


def test_the_person_is_told_when_it_is_shown(cast, link):
    decide(cast, computed(cast))
    assert kinds_told("shown") == []
    shown(cast, current(cast))
    assert kinds_told("shown") == [cast.user("er_member").username]
    assert kinds_told("shown") == [cast.user("er_member").username]


def test_an_objection_goes_to_another_officer_and_else_to_the_department(cast, link):
    objected(cast, computed(cast))
    assert kinds_told("objection") == [cast.user("er_deputy").username]
    Notice.objects.all().delete()
    Post.objects.filter(person=cast.person("er_deputy")).update(ended_on=day("2026-10-01"))
    assert kinds_told("objection") == [cast.user("mech_organiser").username]


def test_the_answer_is_told_and_no_notice_names_a_person_or_a_grade(cast, link):
    from evaluations import assessment_services as services

    row = objected(cast, computed(cast))
    kinds_told("objection")
    services.answer(assessment=row, text="已核对。", **act(cast, "er_deputy"))
    assert kinds_told("answered") == [cast.user("er_member").username]
    told = Notice.objects.filter(kind__startswith="evaluations.assessment")
    said = " ".join(" ".join(notice_kinds.get(notice.kind).text(notice.subject)) for notice in told)
    assert [word for word in (row.person.name, cast.person("er_probationary").name, "良好") if word in said] == []


@pytest.mark.parametrize(
    ("name", "expected"), [("er_secretary", 1), ("mech_organiser", 1), ("san_secretary", 0), ("civil_organiser", 0)]
)
def test_the_administration_lists_what_the_role_may_read(cast, link, enter, name, expected):
    computed(cast)
    response = enter(name).get(reverse("admin:evaluations_mentorassessment_changelist"))
    assert response.context["cl"].result_count == expected


def test_the_administrator_has_no_page_of_assessments(cast, link, enter):
    row = computed(cast)
    client = enter("administrator")
    assert client.get(reverse("admin:evaluations_mentorassessment_changelist")).status_code == 403
    assert client.get(reverse("admin:evaluations_mentorassessment_change", args=[row.pk])).status_code == 403


def test_the_administration_changes_nothing(cast, link, enter):
    row = computed(cast)
    enter("er_secretary").post(reverse("admin:evaluations_mentorassessment_change", args=[row.pk]), {"grade": "good"})
    assert fresh(row).grade == ""
