"""A lecture on the phone: planned in two taps, given, confirmed by who heard it, and the board turns green."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from activities.lectures.board import week_statuses
from activities.models import Lecture, LectureAudience, LectureDuty, LectureSlot, LogEntry, QuotaExemption
from branches.models import PolicyValue
from members.models import Post
from notifications.models import Notice

from .conftest import DESKTOP, PHONE
from .hands import said

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SPEAKER, SECRETARY = "0530003", "0520002"


def one_is_owed(league_branch, monday):
    """One lecture is owed from that week on, and none was held in it yet."""
    PolicyValue.objects.create(key="lectures_a_week", value="1", source="x", effective_from=monday)
    week = (monday, monday + dt.timedelta(days=6))
    LectureAudience.objects.filter(league_branch=league_branch, lecture__on__range=week).delete()
    QuotaExemption.objects.filter(league_branch=league_branch).delete()


def test_plan_give_confirm_and_the_board_turns_green(visit, portal, shoot):
    url, today = portal.url, timezone.localdate()
    post = Post.objects.get(kind="league_secretary", person__number__endswith=SECRETARY, ended_on=None)
    league, secretary = post.league_branch, post.person
    duty = LectureDuty.objects.filter(league_branch=league).filter_active(today)
    speaker = duty.get(person__number__endswith=SPEAKER).person

    # The League branch offers an hour, far enough ahead to be planned whenever this runs.
    phone = visit(SECRETARY, PHONE)
    ahead = today + dt.timedelta(days=7)
    phone.goto(f"{url}/lectures/slots/")
    phone.locator("select[name=weekday]").select_option(str(ahead.isoweekday()))
    phone.locator("input[name=starts_at]").fill("06:10")
    phone.locator("input[name=ends_at]").fill("07:00")
    phone.locator("input[name=place]").fill("A101")
    phone.locator("main form.form-stack button[type=submit]").click()
    said(phone, "已提供")
    shoot(phone, "lecture-slots-390")
    slot = LectureSlot.objects.get(league_branch=league, starts_at=dt.time(6, 10))

    # Two taps: the page, the hour.
    mine = visit(SPEAKER, PHONE)
    mine.goto(f"{url}/lectures/plan/")
    shoot(mine, "lecture-plan-390")
    mine.locator(f"button[value='{slot.pk}:{ahead.isoformat()}']").click()
    said(mine, "已计划")
    lecture = Lecture.objects.get(state="planned", on=ahead, speakers__person=speaker)
    assert (lecture.starts_at, lecture.place) == (dt.time(6, 10), "A101")
    assert Notice.objects.filter(kind="activities.lecture_planned", user=secretary.user).exists()

    # The day has come and gone.
    day = today - dt.timedelta(days=1)
    monday = day - dt.timedelta(days=day.weekday())
    one_is_owed(league, monday)
    Lecture.objects.filter(pk=lecture.pk).update(on=day)
    assert state_of(league, day, today) != "met"
    mine.goto(f"{url}/lectures/plan/")
    shoot(mine, "lecture-plan-over-390")
    mine.locator(f"form[action$='/lectures/{lecture.pk}/give/'] button").click()
    said(mine, "已登记")

    phone.goto(f"{url}/lectures/confirm/")
    shoot(phone, "lecture-confirm-390")
    card = phone.locator(f"form[action$='/audience/{lecture.audiences.get().pk}/']").first
    card.locator(".answer-big").click()
    said(phone, "已记录")
    audience = LectureAudience.objects.get(lecture=lecture)
    assert (audience.state, audience.confirmed_by) == ("confirmed", secretary.user)
    assert LogEntry.objects.get(lecture=lecture).person == speaker
    assert state_of(league, day, today) in ("met", "not_owed")

    board = visit(SECRETARY, DESKTOP)
    board.goto(f"{url}/lectures/league/{league.pk}/?week={day.isoformat()}")
    if state_of(league, day, today) == "met":
        assert "达标" in board.locator("main").inner_text()
    shoot(board, "lecture-week-1280")


def state_of(league, day, today):
    return week_statuses(league_branches=[league], on=day, today=today)[0].status.state
