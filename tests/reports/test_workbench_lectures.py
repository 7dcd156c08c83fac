"""The workbench says of lectures what the board says: to the secretary, the speaker, the League secretary and the college."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import Lecture, LectureAudience, LectureSpeaker, QuotaExemption, Textbook
from activities.services import assign_duty
from branches.models import LeagueBranch

MONDAY = dt.date(2026, 10, 26)


@pytest.fixture
def book(cast):
    return Textbook.objects.create(title="读本", is_prescribed=True)


def hear(cast, book, branch, *, on=MONDAY, state="confirmed", lecture_state="delivered", **more):
    now = timezone.now()
    lecture = Lecture.objects.create(
        on=on,
        minutes=40,
        textbook=book,
        recorded_by=cast.user("liu_member"),
        recorded_at=now,
        state=lecture_state,
        **more,
    )
    LectureSpeaker.objects.create(lecture=lecture, person=cast.person("liu_member"))
    said = {} if state == "waiting" else {"confirmed_by": cast.user("league_secretary"), "confirmed_at": now}
    LectureAudience.objects.create(lecture=lecture, league_branch=branch, state=state, **said)


def tasks(client) -> dict[str, int]:
    return {task.url: task.count for task in client.get("/").context["tasks"]}


def test_the_secretary_sees_the_quota_of_the_week_and_who_is_behind(cast, sign_in, book):
    met = LeagueBranch.objects.create(department=cast.civil, name="甲班", enrolment_year=2026, party_branch=cast.liu)
    for day in (0, 1):
        hear(cast, book, met, on=MONDAY + dt.timedelta(days=day))
    hear(cast, book, cast.one)
    hear(cast, book, cast.one, state="waiting")
    quota = sign_in("liu_secretary").get("/").context["quota"]
    assert (quota["met"], quota["owing"], quota["more"]) == (1, 2, 0)
    assert [(row["league_branch"], row["status"].missing, row["status"].waiting) for row in quota["behind"]] == [
        (cast.one, 1, 1)
    ]


def test_a_speaker_sees_what_is_to_be_planned_and_the_next_lecture(cast, sign_in, book):
    assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    client = sign_in("liu_member")
    assert tasks(client)["/lectures/plan/"] == 2
    hear(cast, book, cast.one, on=dt.date(2026, 10, 30), state="waiting", lecture_state="planned", place="A301")
    page = client.get("/")
    assert tasks(client)["/lectures/plan/"] == 1
    assert [lecture.place for lecture in page.context["my_lectures"]] == ["A301"]
    assert "A301" in page.content.decode()


def test_the_league_secretary_sees_what_waits_for_an_answer(cast, sign_in, book):
    assert "/lectures/confirm/" not in tasks(sign_in("league_secretary"))
    hear(cast, book, cast.one, state="waiting")
    assert tasks(sign_in("league_secretary"))["/lectures/confirm/"] == 1
    assert "/lectures/confirm/" not in tasks(sign_in("liu_secretary"))


def test_an_exemption_asked_for_waits_for_who_decides(cast, sign_in):
    QuotaExemption.objects.create(
        league_branch=cast.one, from_on=MONDAY, to_on=MONDAY, reason="exams", state="asked", asked_at=timezone.now()
    )
    assert [
        tasks(sign_in(who)).get("/lectures/exemptions/") for who in ("liu_secretary", "civil_organiser", "er_secretary")
    ] == [1, 1, None]


def test_more_league_branches_ask_no_more_queries(cast, sign_in, book):
    client = sign_in("civil_organiser")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/")
        return len(captured)

    queries()
    before = queries()
    for number in range(3):
        branch = LeagueBranch.objects.create(
            department=cast.civil, name=f"{number}班", enrolment_year=2026, party_branch=cast.liu
        )
        hear(cast, book, branch)
    queries()
    assert queries() == before + 2  # lectures to name: how many League branches heard them, and who gave them
