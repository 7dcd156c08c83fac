"""What a League branch said about a lecture: once, one after the other, and to be taken back."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.lectures import answer_services
from activities.lectures.board import week_statuses
from activities.models import Lecture, LectureAudience, LogEntry
from notifications.models import Notice
from notifications.services import run_tick
from pairing_portal.common.problems import Refused
from tests.activities.talks import act, answer, heard_by, record, second_league_branch
from tests.cast import build_cast
from tests.pairings.deeds import race

pytestmark = pytest.mark.usefixtures("quiet_reminders")


@pytest.fixture
def duty(cast):
    return services.assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)


def counted(cast):
    return week_statuses(league_branches=[cast.one], on=dt.date(2026, 10, 28), today=dt.date(2026, 10, 28))[
        0
    ].status.counted


# --- Two League branches at once ------------------------------------------------------------------


def shared_lecture(cast):
    old = second_league_branch(cast)
    lecture = record(cast, league_branches=[cast.one, old])
    return lecture, [(heard_by(lecture, cast.one), "league_secretary"), (heard_by(lecture, old), "classmate")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_league_branches_confirm_a_shared_lecture_at_once(transactional_db, today):
    cast = build_cast(today)
    _lecture, answers = shared_lecture(cast)
    results = race(lambda index: answer(cast, answers[index][0], answers[index][1]), 2)
    assert [type(result) for result in results] == [LectureAudience, LectureAudience]
    assert list(LectureAudience.objects.values_list("state", flat=True)) == ["confirmed", "confirmed"]
    assert list(LogEntry.objects.values_list("person", "state")) == [(cast.person("liu_member").pk, "confirmed")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_lecture_one_of_the_two_answers_is_lost(transactional_db, today, monkeypatch):
    """The negative control: both look for the speaker's entry before either has written it."""
    cast = build_cast(today)
    _lecture, answers = shared_lecture(cast)
    meet = threading.Barrier(2)
    write = answer_services._log_speakers

    def unlocked(lecture_id):
        return Lecture.objects.get(pk=lecture_id)

    def together(audience, *, by, now):
        meet.wait(timeout=20)
        write(audience, by=by, now=now)

    monkeypatch.setattr(answer_services, "lock_lecture", unlocked)
    monkeypatch.setattr(answer_services, "_log_speakers", together)
    results = race(lambda index: answer(cast, answers[index][0], answers[index][1]), 2)
    assert sorted(type(result).__name__ for result in results) == ["IntegrityError", "LectureAudience"]
    assert any(isinstance(result, IntegrityError) for result in results)
    assert LectureAudience.objects.filter(state="confirmed").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_cancelling_and_confirming_at_once_leave_one_of_the_two(transactional_db, today):
    cast = build_cast(today)
    lecture = record(cast)
    audience = heard_by(lecture, cast.one)

    def work(index):
        if index:
            return answer(cast, audience)
        return services.cancel_lecture(lecture=lecture, reason="改期", **act(cast, "liu_member"))

    results = race(work, 2)
    assert sum(isinstance(result, Refused) for result in results) == 1
    states = (Lecture.objects.get().state, LectureAudience.objects.get().state, LogEntry.objects.count())
    assert states in [("cancelled", "waiting", 0), ("delivered", "confirmed", 1)]


# --- Taken back -----------------------------------------------------------------------------------


def test_the_undo_after_answering_takes_the_answer_back(cast, sign_in, duty):
    audience = heard_by(record(cast), cast.one)
    secretary = sign_in("league_secretary")
    page = secretary.post(reverse("lecture_answer", args=[audience.pk]), {"took_place": "yes"}, follow=True)
    take_back = reverse("lecture_answer_take_back", args=[audience.pk])
    assert f'action="{take_back}"' in page.content.decode()
    assert counted(cast) == 1

    assert secretary.post(take_back).url == reverse("lectures_to_confirm")
    audience.refresh_from_db()
    assert (audience.state, audience.confirmed_by, audience.attendance) == ("waiting", None, None)
    assert (LogEntry.objects.count(), counted(cast)) == (0, 0)
    # Undone at once: nobody was told anything yet.
    assert not Notice.objects.filter(user=cast.user("liu_member")).exists()


def test_a_no_is_taken_back_and_answered_with_yes(cast, duty):
    audience = heard_by(record(cast), cast.one)
    answer(cast, audience, took_place=False, reason="改期")
    services.take_back_answer(audience=audience, **act(cast, "league_secretary"))
    answer(cast, audience)
    audience.refresh_from_db()
    assert (audience.state, audience.reason, counted(cast)) == ("confirmed", "", 1)
    assert LogEntry.objects.get().person == cast.person("liu_member")


def test_later_it_needs_a_reason_which_the_page_of_the_week_keeps(cast, sign_in, duty, fixed_clock):
    audience = heard_by(record(cast), cast.one)
    answer(cast, audience)
    fixed_clock.shift(dt.timedelta(minutes=11))
    secretary = sign_in("league_secretary")
    take_back = reverse("lecture_answer_take_back", args=[audience.pk])
    secretary.post(take_back)
    audience.refresh_from_db()
    assert audience.state == "confirmed"

    secretary.post(take_back, {"reason": "点错了,那天没有讲"})
    audience.refresh_from_db()
    assert audience.state == "waiting"
    notice = Notice.objects.get(user=cast.user("liu_member"))
    assert (notice.kind, notice.link) == (
        "activities.lecture_changed",
        f"/lectures/league/{cast.one.pk}/?week=2026-10-27",
    )
    week = secretary.get(reverse("lecture_week", args=[cast.one.pk])).content.decode()
    assert "点错了,那天没有讲" in week
    assert [row.history_user for row in LogEntry.history.filter(history_type="-")] == [cast.user("league_secretary")]


def test_an_hour_that_another_league_branch_confirmed_stays(cast):
    _lecture, [(first, one), (second, other)] = shared_lecture(cast)
    answer(cast, first, one)
    answer(cast, second, other)
    services.take_back_answer(audience=first, reason="听错了", **act(cast, one))
    entry = LogEntry.objects.get()
    assert (entry.league_branch, entry.confirmed_by) == (cast.old, cast.user("classmate"))
    services.take_back_answer(audience=second, reason="也没有讲", **act(cast, other))
    assert LogEntry.objects.count() == 0


@pytest.mark.parametrize("name", ["liu_secretary", "liu_member", "civil_organiser", "er_secretary"])
def test_only_the_league_branch_takes_its_answer_back(cast, duty, name):
    audience = heard_by(record(cast), cast.one)
    answer(cast, audience)
    with pytest.raises(Refused):
        services.take_back_answer(audience=audience, reason="x", **act(cast, name))
    assert LogEntry.objects.count() == 1


def test_there_must_be_an_answer_and_strangers_get_404(cast, sign_in, duty):
    audience = heard_by(record(cast), cast.one)
    with pytest.raises(Refused):
        services.take_back_answer(audience=audience, reason="x", **act(cast, "league_secretary"))
    take_back = reverse("lecture_answer_take_back", args=[audience.pk])
    assert sign_in("er_secretary").post(take_back, {"reason": "x"}).status_code == 404
    assert sign_in("league_secretary").get(take_back).status_code == 405


def test_taken_back_it_is_asked_for_again(cast, duty):
    audience = heard_by(record(cast), cast.one)
    bell = Notice.objects.filter(user=cast.user("league_secretary"))
    answer(cast, audience)
    assert bell.current().count() == 0
    services.take_back_answer(audience=audience, reason="x", **act(cast, "league_secretary"))
    assert list(bell.unread().values_list("kind", flat=True)) == ["activities.lecture_to_confirm"]
    before = Notice.objects.filter(kind__startswith="activities.").count()
    run_tick(now=timezone.now())
    assert Notice.objects.filter(kind__startswith="activities.").count() == before
    assert bell.unread().count() == 1


# --- Cancelled ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["liu_member", "liu_secretary", "civil_organiser"])
def test_a_lecture_is_cancelled_with_a_reason(cast, sign_in, duty, name):
    lecture = record(cast)
    client, address = sign_in(name), reverse("lecture_cancel", args=[lecture.pk])
    assert "党的性质" in client.get(address).content.decode()
    assert client.post(address, {"reason": " "}).status_code == 400
    assert Lecture.objects.get().state == "delivered"
    assert client.post(address, {"reason": "记错了日期"}).url.startswith(reverse("lecture_week", args=[cast.one.pk]))
    lecture.refresh_from_db()
    assert (lecture.state, lecture.cancel_reason) == ("cancelled", "记错了日期")
    assert Notice.objects.filter(kind="activities.lecture_to_confirm").current().count() == 0
    told = Notice.objects.filter(user=cast.user("liu_member"), kind="activities.lecture_changed").count()
    assert told == (0 if name == "liu_member" else 1)
    week = sign_in("league_secretary").get(reverse("lecture_week", args=[cast.one.pk])).content.decode()
    assert "记错了日期" in week


def test_who_heard_it_does_not_cancel_it_and_strangers_get_404(cast, sign_in, duty):
    lecture = record(cast)
    address = reverse("lecture_cancel", args=[lecture.pk])
    assert sign_in("league_secretary").post(address, {"reason": "x"}).status_code == 403
    assert sign_in("er_secretary").post(address, {"reason": "x"}).status_code == 404
    assert Lecture.objects.get().state == "delivered"


def test_an_answered_lecture_is_cancelled_after_the_answer_was_taken_back(cast, duty):
    lecture = record(cast)
    audience = heard_by(lecture, cast.one)
    answer(cast, audience)
    with pytest.raises(Refused):
        services.cancel_lecture(lecture=lecture, reason="改期", **act(cast, "liu_secretary"))
    services.take_back_answer(audience=audience, **act(cast, "league_secretary"))
    services.cancel_lecture(lecture=lecture, reason="改期", **act(cast, "liu_secretary"))
    with pytest.raises(Refused):
        services.cancel_lecture(lecture=lecture, reason="改期", **act(cast, "liu_secretary"))
    with pytest.raises(Refused):
        answer(cast, audience)


def test_the_week_asks_the_same_number_of_queries_for_one_and_three_lectures(cast, sign_in, duty):
    secretary, address = sign_in("league_secretary"), reverse("lecture_week", args=[cast.one.pk])
    counts = []
    for number in range(3):
        audience = heard_by(record(cast, chapter=f"第{number}章"), cast.one)
        answer(cast, audience, took_place=False, reason="改期")
        services.take_back_answer(audience=audience, reason="记错了", **act(cast, "league_secretary"))
        secretary.get(address)
        with CaptureQueriesContext(connection) as captured:
            secretary.get(address)
        counts.append(len(captured))
    assert counts[0] == counts[2]
