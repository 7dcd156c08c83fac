"""Two at once: one decision is written, one version is made. PostgreSQL only; with a control that shows what the lock is for."""

from __future__ import annotations

import threading

import pytest

from evaluations import assessment_services as services
from evaluations.models import MentorAssessment
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.evaluations.assessment_crew import agreed_goal, compute, computed, day, decide, linked
from tests.pairings.deeds import race

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 6


@pytest.fixture
def row(transactional_db, today):
    cast = build_cast(today)
    link = linked(cast)
    agreed_goal(link, day("2026-10-01"))
    return cast, computed(cast)


def deciding(cast, row, index):
    name = "er_secretary" if index % 2 else "er_deputy"
    return decide(cast, row, name, grade="good", reason=f"第{index}位", seen_decided_at=None)


def outcome(results) -> tuple[int, list[str]]:
    """How many did it, and what came back that is neither done nor refused."""
    done = [result for result in results if isinstance(result, (MentorAssessment, services.Computed))]
    return len(done), [repr(row) for row in results if row not in done and not isinstance(row, Refused)]


def test_of_several_who_decide_at_once_one_does_and_the_others_are_told(row):
    cast, assessment = row
    assert outcome(race(lambda index: deciding(cast, assessment, index), MANY)) == (1, [])


def test_without_the_lock_several_would_decide(row, monkeypatch):
    """The control: everybody has read the undecided version before anybody writes."""
    cast, assessment = row
    meet = threading.Barrier(MANY)

    def unlocked(pk):
        found = MentorAssessment.objects.select_related("person", "academic_year").get(pk=pk)
        meet.wait(timeout=20)
        return found

    monkeypatch.setattr(services, "lock_assessment", unlocked)
    done, _others = outcome(race(lambda index: deciding(cast, assessment, index), MANY))
    assert done > 1


def test_several_who_compute_at_once_make_one_version(row):
    cast, assessment = row
    agreed_goal(assessment.person.mentorships_as_mentor.get(), day("2026-10-05"))
    results = race(lambda index: compute(cast), MANY)

    assert outcome(results) == (MANY, [])
    assert sum(len(result.made) for result in results) == 1
    assert list(MentorAssessment.objects.order_by("version").values_list("version", "is_current")) == [
        (1, False),
        (2, True),
    ]
