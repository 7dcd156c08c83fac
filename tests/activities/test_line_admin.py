"""Talks, viewpoints and contests in the administration: to look up, of the activities one sees."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.models import ActivityTalk, ContestRound, ContestSetup, ContestTeam, Viewpoint
from tests.activities.event_crew import planned

pytestmark = pytest.mark.django_db
PAGES = ("activitytalk", "contestsetup", "viewpoint")


def fill(cast, number=1):
    """Of a draft of Er: a talk, a viewpoint, a contest of two teams and three rounds."""
    activity = planned(cast, kind="contest", title=f"党史竞赛{number}")
    ActivityTalk.objects.create(
        activity=activity, speaker=cast.person("er_member"), title=f"身边的榜样{number}", minutes=10
    )
    Viewpoint.objects.create(
        activity=activity, person=cast.person("er_member"), horizon="nearby", source=f"校报{number}", words="身边的变化", posted_at=timezone.now()
    )  # fmt: skip
    ContestSetup.objects.create(activity=activity)
    for name in ("甲队", "乙队"):
        ContestTeam.objects.create(activity=activity, name=name)
    for position in range(3):
        ContestRound.objects.create(activity=activity, title=f"第{position}轮", position=position)
    return activity


@pytest.mark.parametrize(("page", "words"), list(zip(PAGES, ("身边的榜样1", "党史竞赛1", "校报1"), strict=True)))
def test_each_sees_those_of_activities_of_the_own_branch(cast, sign_in, page, words):
    fill(cast)
    address = reverse(f"admin:activities_{page}_changelist")
    seen = {
        name: words in sign_in(name).get(address).content.decode()
        for name in ("er_secretary", "mech_organiser", "college_organiser", "liu_secretary", "san_secretary")
    }
    assert seen == {
        "er_secretary": True, "mech_organiser": True, "college_organiser": True, "liu_secretary": False, "san_secretary": False,
    }  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_written_by_hand_and_rows_cost_no_questions(cast, sign_in, page):
    fill(cast)
    client, counts = sign_in("er_secretary"), []
    address = reverse(f"admin:activities_{page}_changelist")
    for number in (2, 3):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
        fill(cast, number)
    assert counts[0] == counts[1]
    row = {"activitytalk": ActivityTalk, "contestsetup": ContestSetup, "viewpoint": Viewpoint}[page].objects.first()
    html = client.get(reverse(f"admin:activities_{page}_change", args=[row.pk])).content.decode()
    assert 'name="_save"' not in html


def test_a_contest_is_listed_with_its_teams_and_rounds(cast, sign_in):
    fill(cast)
    page = sign_in("er_secretary").get(reverse("admin:activities_contestsetup_changelist"))
    (row,) = page.context["cl"].result_list
    assert (row.teams, row.rounds) == (2, 3)
