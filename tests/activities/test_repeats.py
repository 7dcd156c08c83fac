"""A lecture is one lecture, however often its form is sent."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.urls import reverse

from activities import services
from activities.lectures import record_services
from activities.models import Lecture, LectureAudience
from pairing_portal.common.problems import Refused
from tests.activities.talks import act, answer, book, heard_by, record, second_league_branch
from tests.cast import build_cast
from tests.pairings.deeds import race


@pytest.fixture
def duty(cast):
    return services.assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)


def form(cast, **changes):
    return {
        "league_branches": [cast.one.pk], "speakers": [cast.person("liu_member").pk], "on": "2026-10-27", "minutes": "40",
        "textbook": book().pk, "chapter": "第一章", "topic": "党的性质",
    } | changes  # fmt: skip


def test_the_form_sent_twice_is_one_lecture(cast, sign_in, duty):
    speaker = sign_in("liu_member")
    key = speaker.get(reverse("lecture_new")).context["key"]
    for _press in range(2):
        assert speaker.post(reverse("lecture_new"), form(cast, idempotency_key=key)).status_code == 302
    assert (Lecture.objects.count(), LectureAudience.objects.count()) == (1, 1)


def test_a_refused_form_keeps_its_key(cast, sign_in, duty):
    page = sign_in("liu_member").post(reverse("lecture_new"), form(cast, minutes="0", idempotency_key="k1"))
    assert 'name="idempotency_key" value="k1"' in page.content.decode()


def test_the_same_lecture_from_another_form_is_refused_in_words(cast, sign_in, duty):
    sign_in("liu_member").post(reverse("lecture_new"), form(cast, idempotency_key="k1"))
    again = sign_in("liu_secretary").post(reverse("lecture_new"), form(cast, chapter=" 第一章 ", idempotency_key="k2"))
    assert again.status_code == 400
    assert list(again.context["form"].errors) == ["chapter"]
    assert Lecture.objects.count() == 1


def test_another_chapter_day_speaker_or_league_branch_is_another_lecture(cast):
    record(cast)
    record(cast, chapter="第二章")
    record(cast, on=dt.date(2026, 10, 26))
    record(cast, speakers=[cast.person("liu_secretary")])
    record(cast, league_branches=[second_league_branch(cast)])
    assert Lecture.objects.count() == 5


def test_without_a_chapter_the_topic_tells_them_apart(cast):
    record(cast, chapter="", topic="时事报告")
    record(cast, chapter="", topic="校史")
    with pytest.raises(Refused):
        record(cast, chapter="", topic="时事报告")


def test_what_was_cancelled_or_did_not_take_place_can_be_recorded_again(cast):
    services.cancel_lecture(lecture=record(cast), reason="改期", **act(cast, "liu_member"))
    answer(cast, heard_by(record(cast), cast.one), took_place=False, reason="没有讲")
    record(cast)
    assert Lecture.objects.count() == 3


def test_a_speaker_gives_no_more_lectures_than_a_day_has_hours(cast):
    for number in range(3):
        record(cast, chapter=f"第{number}章", minutes=480)
    with pytest.raises(Refused, match="1441"):
        record(cast, chapter="第四章", minutes=1)
    record(cast, chapter="第四章", minutes=1, speakers=[cast.person("liu_secretary")])
    assert Lecture.objects.count() == 4


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keys", [("k1", "k1"), ("k1", "k2")], ids=["one form twice", "two forms"])
def test_sent_at_once_it_is_recorded_once(transactional_db, today, keys):
    cast = build_cast(today)
    book()
    results = race(lambda index: record(cast, idempotency_key=keys[index]), 2)
    assert Lecture.objects.count() == 1
    wanted = {"Lecture"} if keys[0] == keys[1] else {"Lecture", "Refused"}
    assert {type(result).__name__ for result in results} == wanted


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_speakers_it_is_recorded_twice(transactional_db, today, monkeypatch):
    """The negative control: both compare the day before either has written."""
    cast = build_cast(today)
    book()
    meet = threading.Barrier(2)
    monkeypatch.setattr(record_services, "lock_people", lambda person_ids: None)
    compare = record_services.given_problems

    def together(**values):
        problems = list(compare(**values))
        meet.wait(timeout=20)
        return problems

    monkeypatch.setattr(record_services, "given_problems", together)
    race(lambda index: record(cast, idempotency_key=f"k{index}"), 2)
    assert Lecture.objects.count() == 2
