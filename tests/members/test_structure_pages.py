"""Committee and structure, the overview of a department, handing over."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.models import LogEntry
from branches.models import PartyBranch
from members.models import Post
from pairing_portal.common.registries import handover_items
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "page", "overview", "handover"),
    [
        ("er_secretary", 200, 302, 200),
        ("mech_organiser", 200, 200, 200),
        ("college_organiser", 200, 200, 200),
        ("administrator", 200, 200, 200),
        ("er_member", 403, 403, 403),
        ("san_secretary", 403, 302, 403),
        ("civil_organiser", 404, 200, 404),
        ("classmate", 404, 403, 404),
    ],
)
def test_who_sees_the_structure(cast, sign_in, name, page, overview, handover):
    client = sign_in(name)
    assert client.get(reverse("structure", args=[cast.er.pk])).status_code == page
    assert client.get(reverse("structure_overview")).status_code == overview
    assert client.get(reverse("structure_handover", args=[cast.er.pk])).status_code == handover


def test_the_page_names_holders_vacancies_and_rules(cast, sign_in):
    Post.objects.create(
        person=cast.person("er_member"), party_branch=cast.er, kind="publicity_officer", since=dt.date(2024, 9, 1), ended_on=dt.date(2026, 9, 1)
    )  # fmt: skip
    PartyBranch.objects.filter(pk=cast.er.pk).update(committee_term_ends_on=dt.date(2026, 9, 30))
    answer = sign_in("mech_organiser").get(reverse("structure", args=[cast.er.pk]))
    row = answer.context["row"]
    assert [post.person.name for post in row.posts] == ["甘杰怡", "张红"]
    assert [post.person.name for post in answer.context["past"]] == ["罗萍妍"]
    assert [problem.rule for problem in row.problems] == ["R34"]
    assert "R34" in answer.content.decode()
    assert reverse("appoint_secretary", args=[cast.er.pk]) in answer.content.decode()


def test_a_vacant_post_leads_to_the_page_that_fills_it(cast, sign_in):
    Post.objects.filter(party_branch=cast.er).update(ended_on=dt.date(2026, 10, 1))
    row = sign_in("mech_organiser").get(reverse("structure", args=[cast.er.pk])).context["row"]
    assert [(vacancy.kind, vacancy.may_fill) for vacancy in row.vacancies] == [("branch_secretary", True)]


def test_the_overview_puts_what_is_wrong_first(cast, sign_in):
    answer = sign_in("mech_organiser").get(reverse("structure_overview"))
    rows = answer.context["rows"]
    assert {row.branch.pk for row in rows} == {cast.er.pk, cast.san.pk, cast.si.pk}
    assert [row.warnings for row in rows] == sorted((row.warnings for row in rows), reverse=True)
    assert rows[-1].branch == cast.er


def test_the_overview_asks_as_much_for_many_branches(cast, sign_in):
    counts = []
    for number in (1, 3):
        for one in range(number):
            PartyBranch.objects.create(department=cast.mech, name=f"机械系党总支第{number}{one}党支部", kind="mixed")
        client = sign_in("mech_organiser")
        with CaptureQueriesContext(connection) as found:
            client.get(reverse("structure_overview"))
        counts.append(len(found))
    assert counts[0] == counts[1] <= 15


def test_handing_over_lists_every_room_with_something_open(cast, sign_in):
    assert handover_items.keys() == ["activities", "conversions", "members", "mentoring", "pairings", "supervision"]
    LogEntry.objects.create(
        person=cast.person("er_member"), on=dt.date(2026, 10, 27), minutes=30, purpose="other", summary="谈心", created_at=NOW,
        submitted_at=NOW, state="submitted",
    )  # fmt: skip
    answer = sign_in("er_secretary").get(reverse("structure_handover", args=[cast.er.pk]))
    items = {str(item.label): item.count for block in answer.context["blocks"] for item in block.items}
    assert items["待确认的记录" if "待确认的记录" in items else "待确认记录"] == 1
    assert "罗萍妍" not in answer.content.decode()


def test_the_branch_page_leads_to_it(cast, sign_in):
    page = reverse("branch", args=[cast.er.pk])
    address = reverse("structure", args=[cast.er.pk])
    assert address in sign_in("er_secretary").get(page).content.decode()
    assert address not in sign_in("er_member").get(page).content.decode()
