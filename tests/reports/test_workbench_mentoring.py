"""What mentoring puts on the workbench."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from mentoring.help_services import ask_help
from mentoring.models import LeagueMilestone, LeaguePlan
from reports.workbench_mentoring import mentoring_cells, mentoring_figure, mentoring_tasks
from tests.mentoring.crew import TODAY, activists, guide, link, new_members, seniors
from tests.mentoring.test_health import begun, talk

REVIEWS = "到期的考察记录"


def lines(cast, name, *, reviews=False):
    """The tasks of one of the cast; records due stand there for the cast's activists already and are asked for by name."""
    tasks = mentoring_tasks(scope_for(cast.user(name)), TODAY)
    return [(task.label, task.count, task.url, task.is_late) for task in tasks if reviews or task.label != REVIEWS]


def test_nothing_waits_for_nobody(cast):
    for name in ("liu_member", "administrator", "counsellor", "stranger"):
        assert lines(cast, name) == []


def test_an_offer_waits_for_the_mentee_alone(cast):
    link(cast, activists(cast, 1, school_class=cast.class_26)[0], cast.person("classmate"), tier=1, accept=False)
    assert lines(cast, "classmate") == [("待答复的帮扶邀请", 1, "/mentoring/me/", False)]
    assert [row[0] for row in lines(cast, "liu_secretary")] == []


def test_a_call_for_help_waits_for_the_secretary_and_grows_old(cast, fixed_clock):
    asked = timezone.now()
    ask_help(person=cast.person("classmate"), kind="first_mentor", today=TODAY, now=asked)
    assert lines(cast, "liu_secretary") == [("待答复的求助", 1, "/mentoring/help/", False)]
    assert [lines(cast, name) for name in ("liu_member", "civil_organiser", "administrator", "er_secretary")] == [
        [], [], [], [],
    ]  # fmt: skip
    fixed_clock.move_to(asked + dt.timedelta(days=4))
    assert lines(cast, "liu_secretary") == [("待答复的求助", 1, "/mentoring/help/", True)]


def test_silent_links_call_the_mentor_and_the_secretary(cast):
    begun(link(cast, cast.person("liu_member"), new_members(cast, 1)[0]), 90)
    assert lines(cast, "liu_member") == [("我帮扶的人久未谈话", 1, "/mentoring/me/", True)]
    address = f"/mentoring/?health=silent&branch={cast.liu.pk}"
    assert lines(cast, "liu_secretary") == [("久未谈话的帮扶关系", 1, address, True)]


def test_drafts_and_records_due_lead_to_their_pages(cast):
    link(cast, cast.person("liu_member"), new_members(cast, 1)[0], as_draft=True)
    row = begun(link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2, is_formal=True), 200)
    talk(row, cast.person("liu_member"), TODAY, purpose="mentoring", mentorship=row)
    assert [(label, count, url) for label, count, url, _late in lines(cast, "liu_member", reviews=True)] == [
        (REVIEWS, 1, reverse("mentoring_observations")),
    ]
    drafts = ("待发布的帮扶草案：第六党支部", 1, reverse("mentoring_plan", args=[cast.liu.pk]), False)
    assert drafts in lines(cast, "liu_secretary")


def test_milestones_call_the_league_secretary_and_the_guides(cast):
    guide(cast, cast.person("liu_member"))
    plan = LeaguePlan.objects.create(
        league_branch=cast.one, academic_year=cast.year, model_type="theory-learning", made_by=cast.user("liu_secretary"),
        created_at=timezone.now(),
    )  # fmt: skip
    for days in (7, 8):
        LeagueMilestone.objects.create(plan=plan, what="成立学习小组", due_on=TODAY + dt.timedelta(days=days))
    label, address = "建设节点到期：土木系2026级土木工程团支部", reverse("mentoring_league", args=[cast.one.pk])
    for name in ("league_secretary", "liu_member"):
        assert lines(cast, name) == [(label, 1, address, False)]
    assert lines(cast, "liu_secretary") == lines(cast, "classmate") == []
    LeagueMilestone.objects.filter(due_on=TODAY + dt.timedelta(days=8)).update(due_on=TODAY + dt.timedelta(days=7))
    assert lines(cast, "liu_member") == [(label, 2, address, False)]
    LeagueMilestone.objects.update(due_on=TODAY - dt.timedelta(days=1))
    assert lines(cast, "liu_member") == [(label, 2, address, True)]
    LeagueMilestone.objects.update(done_on=TODAY)
    assert lines(cast, "liu_member") == []


def test_the_figure_counts_links_with_a_confirmed_talk(cast):
    one, two = new_members(cast, 2)
    talked = begun(link(cast, cast.person("liu_member"), one), 90)
    begun(link(cast, seniors(cast, 1)[0], two), 90)
    talk(talked, one, TODAY - dt.timedelta(days=30), purpose="mentoring", mentorship=talked)
    figure = mentoring_figure(scope_for(cast.user("liu_secretary")), TODAY)
    assert (figure.label, figure.value, figure.url) == ("有谈话的帮扶", "1/2", reverse("mentoring_health"))
    assert figure.hint == "最近 30 天内有已确认谈话的帮扶关系"
    cells = mentoring_cells(scope_for(cast.user("civil_organiser")), TODAY)
    assert {pk: (cell["total"], cell["silent"], cell["on_track"]) for pk, cell in cells.items()} == {
        cast.liu.pk: (2, 1, 1)
    }


def test_the_workbench_shows_figure_cell_and_the_way_to_ones_own_page(cast, sign_in):
    begun(link(cast, cast.person("liu_member"), new_members(cast, 1)[0]), 90)
    page = sign_in("civil_organiser").get(reverse("workbench")).content.decode()
    assert f"/mentoring/?health=silent&amp;branch={cast.liu.pk}" in page
    assert "有谈话的帮扶" in page
    page = sign_in("liu_member").get(reverse("workbench")).content.decode()
    assert reverse("my_mentoring") in page
    assert "我帮扶的人久未谈话" in page
