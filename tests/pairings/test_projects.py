"""Joint research projects: people of the two branches, milestones, an outcome."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from members.access import scope_for
from pairing_portal.common.problems import Refused
from pairings import project_services
from pairings.models import BranchPairing, JointProject, ProjectMilestone
from tests.pairings.work import active_pairing, start_project  # noqa: F401  # a fixture


def refused(call, *arguments, **more):
    """(words in English, rule, field) of the refusal."""
    with translation.override("en"), pytest.raises(Refused) as refusal:
        call(*arguments, **more)
    return refusal.value.text.split(" (rule")[0], refusal.value.rule, refusal.value.field


def add_milestone(cast, project, **changes):
    values = {"title": "开题", "due_on": dt.date(2026, 11, 20), "scope": scope_for(cast.user("er_secretary"))}
    return project_services.add_milestone(project=project, **values | changes)


def test_a_project_is_begun_with_people_of_both_branches(cast, pairing, sign_in):
    lead, member = cast.person("er_member"), cast.person("san_member")
    response = sign_in("san_secretary").post(
        reverse("work_project_new", args=[pairing.pk]),
        {"title": "三会一课怎样开得有用", "question": "哪些做法有效", "lead": lead.pk, "members": [member.pk]},
    )
    project = JointProject.objects.get()
    assert response.url == reverse("project", args=[project.pk])
    assert (project.title, project.lead, list(project.members.all()), project.state) == (
        "三会一课怎样开得有用", lead, [member], "running",
    )  # fmt: skip


def test_a_lead_or_member_of_a_third_branch_is_refused(cast, pairing, sign_in):
    stranger = cast.person("liu_member")
    words = "周鑫 belongs to neither of the two branches. Choose somebody of the helping or the partner branch."
    assert refused(start_project, cast, pairing, lead=stranger) == (words, "R90", "lead")
    assert refused(start_project, cast, pairing, members=[stranger]) == (words, "R90", "members")
    url = reverse("work_project_new", args=[pairing.pk])
    for forged in ({"title": "x", "lead": stranger.pk}, {"title": "x", "members": [stranger.pk]}, {"title": ""}):
        assert sign_in("er_secretary").post(url, forged).status_code == 400
    assert JointProject.objects.count() == 0


def test_a_title_stands_once_in_a_pairing(cast, pairing):
    start_project(cast, pairing)
    assert refused(start_project, cast, pairing) == ("This pairing has a project of that title.", "", "title")


def test_who_took_part_and_has_left_the_branch_may_stay(cast, pairing, sign_in):
    project = start_project(cast, pairing)
    member = cast.person("san_member")
    member.party_branch = cast.si
    member.save()
    client, url = sign_in("er_secretary"), reverse("project_edit", args=[project.pk])
    data = {"title": "新题目", "question": "", "lead": project.lead_id, "members": [member.pk]}
    assert (client.get(url).status_code, client.post(url, data).status_code) == (200, 302)
    project.refresh_from_db()
    assert (project.title, list(project.members.all())) == ("新题目", [member])
    client.post(url, data | {"members": []})
    assert client.post(url, data).status_code == 400


def test_who_reads_and_who_writes(cast, pairing, sign_in):
    project = start_project(cast, pairing)
    milestone = add_milestone(cast, project)
    names = ("er_secretary", "san_secretary", "san_member", "mech_organiser", "si_secretary")

    def answers(url, post=False):
        return [(sign_in(name).post(url) if post else sign_in(name).get(url)).status_code for name in names]

    assert answers(reverse("project", args=[project.pk])) == [200, 200, 200, 200, 404]
    assert answers(reverse("project_edit", args=[project.pk])) == [200, 200, 403, 403, 404]
    assert answers(reverse("milestone_done", args=[milestone.pk]), post=True) == [302, 302, 403, 403, 404]
    assert answers(reverse("project_stop", args=[project.pk]), post=True) == [400, 400, 403, 403, 404]
    for name in ("san_member", "mech_organiser", "si_secretary"):
        with pytest.raises(Refused):
            start_project(cast, pairing, name, title="x")


def test_a_milestone_is_reached_in_one_press_and_taken_back(cast, pairing, sign_in, today):
    project = start_project(cast, pairing)
    client, page = sign_in("er_secretary"), reverse("project", args=[project.pk])
    client.post(reverse("project_milestone_new", args=[project.pk]), {"title": "开题", "due_on": "2026-11-20"})
    milestone = ProjectMilestone.objects.get()
    client.post(reverse("milestone_done", args=[milestone.pk]))
    milestone.refresh_from_db()
    assert milestone.done_on == today
    undo = reverse("milestone_reopen", args=[milestone.pk])
    assert f'action="{undo}"' in client.get(page).content.decode()
    client.post(undo)
    milestone.refresh_from_db()
    assert milestone.done_on is None
    client.post(reverse("milestone_remove", args=[milestone.pk]))
    assert ProjectMilestone.objects.count() == 0


def test_a_milestone_lies_in_the_pairing(cast, pairing, sign_in):
    project = start_project(cast, pairing)
    assert refused(add_milestone, cast, project, due_on=dt.date(2027, 7, 1)) == (
        "The pairing runs from 8 Oct 2026 to 30 Jun 2027. Choose a day in between.", "R90", "due_on",
    )  # fmt: skip
    url = reverse("project_milestone_new", args=[project.pk])
    for forged in ({"title": "x", "due_on": "2027-07-01"}, {"title": "", "due_on": "2026-11-20"}, {"title": "x"}):
        assert sign_in("er_secretary").post(url, forged).status_code == 400
    assert ProjectMilestone.objects.count() == 0


def test_finishing_needs_an_outcome_and_stopping_a_reason(cast, pairing, sign_in):
    project, client = start_project(cast, pairing), sign_in("er_secretary")
    finish, stop = reverse("project_finish", args=[project.pk]), reverse("project_stop", args=[project.pk])
    assert client.post(finish, {"outcome": "  "}).status_code == 400
    client.post(finish, {"outcome": "形成结对手册一份"})
    project.refresh_from_db()
    assert (project.state, project.outcome) == ("finished", "形成结对手册一份")
    assert (
        refused(add_milestone, cast, project)[0] == "This project is “finished”. Take it up again before changing it."
    )

    client.post(reverse("project_resume", args=[project.pk]))
    client.post(stop, {"outcome": "课题组成员毕业"})
    project.refresh_from_db()
    assert (project.state, project.outcome) == ("stopped", "课题组成员毕业")
    assert [row.state for row in project.history.order_by("history_id")] == [
        "running",
        "finished",
        "running",
        "stopped",
    ]


def test_a_completed_pairing_keeps_its_projects_to_read(cast, pairing, sign_in):
    project = start_project(cast, pairing)
    milestone = add_milestone(cast, project)
    BranchPairing.objects.filter(pk=pairing.pk).update(state="completed")
    client = sign_in("er_secretary")
    page = client.get(reverse("project", args=[project.pk])).content.decode()
    assert (milestone.title in page, reverse("milestone_done", args=[milestone.pk]) in page) == (True, False)
    client.post(reverse("milestone_done", args=[milestone.pk]))
    milestone.refresh_from_db()
    assert milestone.done_on is None


def test_of_the_other_branchs_people_class_major_and_stage_are_shown_and_no_more(cast, pairing, sign_in):
    person = cast.person("san_member")
    person.phone = "13812345678"
    person.save()
    project = start_project(cast, pairing)
    page = sign_in("er_secretary").get(reverse("project", args=[project.pk])).content.decode()
    assert "第三党支部 · 24模具专科1班 · 模具设计与制造 · 预备党员" in page
    form = sign_in("er_secretary").get(reverse("project_edit", args=[project.pk])).content.decode()
    assert [word for word in ("13812345678", "20240320001") if word in page + form] == []


def test_the_page_asks_the_same_number_of_questions_for_one_milestone_and_for_three(cast, pairing, sign_in):
    client = sign_in("er_secretary")
    project = start_project(cast, pairing)
    url = reverse("project", args=[project.pk])

    def questions():
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    add_milestone(cast, project)
    one = questions()
    add_milestone(cast, project, title="调研")
    add_milestone(cast, project, title="结题")
    project.members.add(cast.person("er_deputy"), cast.person("er_probationary"))
    assert questions() == one
