"""The demonstration's round stands half way on any day."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluations.feedback_rules import State
from evaluations.models import ClassFeedback, Feedback, FeedbackExchange, FeedbackRound
from reports.demo.load import load_demo

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("today", [dt.date(2026, 9, 1), dt.date(2026, 11, 24), dt.date(2027, 7, 15)])
def test_a_round_is_half_answered(today, fixed_clock):
    fixed_clock.move_to(dt.datetime.combine(today, dt.time(14), tzinfo=dt.timezone(dt.timedelta(hours=8))))
    load_demo(stage="evaluating", today=today)
    round = FeedbackRound.objects.get(kind="mid_term")
    asked, said = round.exchanges.count(), Feedback.objects.count()
    both = FeedbackExchange.objects.filter(revealed_at__isnull=False).count()

    assert (asked > 12, 2 * asked * 3 // 10 <= said <= 2 * asked * 6 // 10, 0 < both < asked) == (True, True, True)
    assert {Feedback.objects.filter(exchange=row).count() for row in round.exchanges.all()} == {0, 1, 2}
    assert (ClassFeedback.objects.count(), State.BOTH.value) == (6, "both")
