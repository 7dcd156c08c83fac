"""Two at once: a round is filled once, both sides answer, a class answers. PostgreSQL only; with a control that shows what the
locks are for."""

from __future__ import annotations

import threading

import pytest

from evaluations import class_feedback_services, feedback_round_services, feedback_services
from evaluations.models import ClassFeedback, ClassFeedbackRoll, Feedback, FeedbackExchange, FeedbackRound
from members.access import scope_for
from members.models import Person
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.evaluations.feedback_crew import (
    NOW,
    TODAY,
    answer,
    asked,
    asked_league,
    classmates,
    fresh,
    link,
    open_round,
)
from tests.pairings.deeds import race

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 6


@pytest.fixture
def cast(transactional_db, today):
    return build_cast(today)


def strange(results) -> list[str]:
    """What came back that is neither done nor refused."""
    return [repr(row) for row in results if isinstance(row, Exception) and not isinstance(row, Refused)]


def test_a_round_is_opened_once(cast):
    link(cast)
    results = race(lambda index: open_round(cast), MANY)

    assert (strange(results), FeedbackRound.objects.count(), FeedbackExchange.objects.count()) == ([], 1, 1)


def test_a_round_filled_by_many_asks_each_link_once(cast):
    round = open_round(cast)
    for name in ("er_probationary", "er_deputy", "san_member"):
        link(cast, "er_member", name)
    by = scope_for(cast.user("mech_organiser"), TODAY)
    results = race(lambda index: feedback_round_services.fill_round(round=round, scope=by, now=NOW), MANY)

    assert (strange(results), sum(results), round.exchanges.count()) == ([], 3, 3)


def test_both_sides_at_once_are_shown_to_each_other(cast):
    exchange = asked(cast)
    sides = (("er_member", "mentor"), ("er_probationary", "mentee"))
    results = race(lambda index: answer(cast, exchange, *sides[index % 2]), MANY)

    assert (strange(results), Feedback.objects.count(), fresh(exchange).revealed_at) == ([], 2, NOW)


def test_without_the_lock_neither_would_see_that_the_other_has_answered(cast, monkeypatch):
    """The control: both have looked before either has written."""
    exchange = asked(cast)
    meet = threading.Barrier(2)

    def unlocked(exchange_id):
        return FeedbackExchange.objects.select_related("mentor", "mentee").get(pk=exchange_id)

    def wait(exchange, person, now):
        """Both have counted before either commits."""
        meet.wait(timeout=20)

    monkeypatch.setattr(feedback_services, "lock_exchange", unlocked)
    monkeypatch.setattr(feedback_services, "_retire_asks", wait)
    sides = (("er_member", "mentor"), ("er_probationary", "mentee"))
    race(lambda index: answer(cast, exchange, *sides[index]), 2)

    assert (Feedback.objects.count(), fresh(exchange).revealed_at) == (2, None)


def test_a_class_at_once_loses_no_sheet(cast):
    classmates(cast, 5)
    exchange = asked_league(cast, asks_classes=True)
    people = list(Person.objects.filter(pk__in=ClassFeedbackRoll.objects.values("person_id")))
    given = {question.id: 4 for question in class_feedback_services.class_questions()}
    results = race(
        lambda index: class_feedback_services.answer_class_feedback(
            exchange=exchange, person=people[index // 2], given=given, now=NOW
        ),
        2 * len(people),
    )

    assert (strange(results), ClassFeedback.objects.count()) == ([], len(people))
    assert ClassFeedbackRoll.objects.filter(has_answered=True).count() == len(people)
