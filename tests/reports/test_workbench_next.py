"""The workbench: what is late first, then the oldest; who has nothing to do finds pages that are open to them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from reports.workbench import _urgency
from reports.workbench_next import NEXT, NOBODY
from reports.workbench_parts import Task

NOW = dt.datetime(2026, 10, 28, 2, 0, tzinfo=dt.UTC)


def test_late_comes_first_then_what_waited_longest_and_what_has_no_day_last():
    tasks = [
        Task("undated", 1, "/", "x"),
        Task("young", 1, "/", "x", NOW),
        Task("late and young", 1, "/", "x", NOW, is_late=True),
        Task("old", 1, "/", "x", timezone.localdate(NOW) - dt.timedelta(days=3)),
        Task("late and old", 1, "/", "x", NOW - dt.timedelta(days=9), is_late=True),
        Task("late and undated", 1, "/", "x", is_late=True),
    ]
    said = [task.label for task in sorted(tasks, key=_urgency)]
    assert said == ["late and old", "late and young", "late and undated", "old", "young", "undated"]


WHO = {
    "staff": "mech_organiser", "secretary": "liu_secretary", "committee": "er_deputy", "counsellor": "counsellor",
    "league_secretary": "league_secretary", "person": "classmate",
}  # fmt: skip


@pytest.mark.parametrize("role", sorted(WHO))
def test_every_next_step_is_open_to_the_role_it_is_offered_to(client, cast, role):
    client.force_login(cast.user(WHO[role]))
    assert {name: client.get(reverse(name), follow=True).status_code for _words, name, _icon in NEXT[role]} == {
        name: 200 for _words, name, _icon in NEXT[role]
    }


def test_a_counsellor_with_nothing_to_do_finds_the_classes(client, cast):
    client.force_login(cast.user("counsellor"))
    page = client.get(reverse("workbench"))
    assert page.context["tasks"] == []
    assert [step.url for step in page.context["next_steps"]] == [reverse("mentoring_needs"), reverse("people")]
    assert f'href="{reverse("mentoring_needs")}"' in page.content.decode()


def test_an_account_that_is_nobody_finds_its_own_page(client, cast):
    user = User.objects.create_user(username="brand-new")
    client.force_login(user)
    page = client.get(reverse("workbench"))
    assert page.context["role"] == NOBODY
    assert [step.url for step in page.context["next_steps"]] == [reverse("account_home")]
    assert client.get(reverse("account_home")).status_code == 200
