"""Keys no row can have, and days at the ends of the calendar: answered on the form, never an error of the database."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from activities.models import Lecture, LectureAudience
from tests.activities.plans import on_duty, planned
from tests.activities.talks import heard_by, record

pytestmark = pytest.mark.usefixtures("quiet_reminders")

HUGE = "9" * 30


@pytest.mark.parametrize("address", ["lecture_new", "lecture_plan_new"])
def test_a_huge_key_is_a_wrong_choice(cast, sign_in, address):
    on_duty(cast)
    values = {"league_branches": HUGE, "speakers": HUGE, "on": "2026-10-27", "starts_at": "16:00", "minutes": "40"}
    answer = sign_in("liu_member").post(reverse(address), values)
    assert "league_branches" in answer.context["form"].errors
    assert Lecture.objects.count() == 0


def test_a_huge_key_among_the_listeners_answers_nothing(cast, sign_in):
    on_duty(cast)
    audience = heard_by(record(cast), cast.one)
    values = {"took_place": "yes", "listed": "on", "listeners": [HUGE]}
    answer = sign_in("league_secretary").post(reverse("lecture_answer", args=[audience.pk]), values)
    assert answer.status_code in (302, 400)
    assert LectureAudience.objects.get(pk=audience.pk).state == audience.state


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_lecture_is_not_moved_to_the_end_of_time(cast, sign_in, day):
    on_duty(cast)
    lecture = planned(cast)
    values = {"on": day, "starts_at": "16:00", "minutes": "40", "place": "A101"}
    answer = sign_in("liu_member").post(reverse("lecture_move", args=[lecture.pk]), values)
    assert "on" in answer.context["form"].errors
    assert Lecture.objects.get(pk=lecture.pk).on == dt.date(2026, 10, 29)
