"""Two at once: one review is opened, one approval writes. PostgreSQL only; with a control that shows what the locks are for."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction
from django.utils import timezone

from evaluations import conversion_services as services
from evaluations.models import ConversionReview
from members.models import DevelopmentStep, Person
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.evaluations.conversion_crew import TODAY, act_now, approve, decided, on_probation
from tests.pairings.deeds import race

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 8


@pytest.fixture
def cast(transactional_db, today):
    return build_cast(today)


def outcome(results) -> tuple[int, list[str]]:
    """How many did it, and what came back that is neither done nor refused."""
    done = [result for result in results if isinstance(result, ConversionReview)]
    return len(done), [repr(row) for row in results if not isinstance(row, (ConversionReview, Refused))]


def test_a_review_is_opened_once_by_hand_and_by_the_daily_job(cast):
    person = on_probation(cast)
    arguments = act_now(cast)

    def work(index):
        if index % 2:
            return services.open_review(person=person, **arguments)
        services.open_due_reviews(today=TODAY, now=timezone.now())
        return Refused("the job says nothing")

    _done, others = outcome(race(work, MANY))
    assert others == []
    assert ConversionReview.objects.filter(person=person).count() == 1


def test_one_approval_writes_and_the_others_read_that_it_is_closed(cast):
    review = decided(cast)
    results = race(lambda index: approve(cast, review), MANY)
    assert outcome(results) == (1, [])
    assert {result.text for result in results if isinstance(result, Refused)} == {
        "本次考察已结束\uff0c已有的决议保持不变。"
    }
    assert DevelopmentStep.objects.filter(person=review.person, number=24).count() == 1


def test_without_the_lock_several_approvals_would_write(cast, monkeypatch):
    """The control: everybody has read the open review before anybody writes."""
    review = decided(cast)
    meet = threading.Barrier(MANY)

    def unlocked(row):
        found = ConversionReview.objects.select_related("party_branch", "person").get(pk=row.pk)
        meet.wait(timeout=20)
        return found

    monkeypatch.setattr(services, "lock_review", unlocked)
    done, _others = outcome(race(lambda index: approve(cast, review), MANY))
    assert done > 1


def test_an_approval_and_somebody_leaving_do_not_wait_for_each_other_for_ever(cast):
    from members.services import leave_people

    review = decided(cast)

    def work(index):
        if index % 2:
            return approve(cast, review)
        with transaction.atomic():
            leave_people(people=[review.person], left_on=TODAY, today=TODAY, by=None)
        return Refused("left")

    done, others = outcome(race(work, MANY))
    row = ConversionReview.objects.get(pk=review.pk)
    assert others == []
    assert (done, row.is_approved) in {(0, None), (1, True)}
    assert row.closed_at is not None
    assert Person.objects.get(pk=review.person_id).left_on == TODAY
