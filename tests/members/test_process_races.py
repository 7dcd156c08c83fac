"""Two at once: a step is recorded once. PostgreSQL only; with a control that shows what the lock is for."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from members import process_services as services
from members.models import DevelopmentStep, Person
from members.process_facts import record_of
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.members.process_crew import TODAY, record, scope_of_er, somebody
from tests.pairings.deeds import race

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 8
DAYS = [dt.date(2026, 10, day) for day in range(1, MANY + 1)]


@pytest.fixture
def cast(transactional_db, today):
    return build_cast(today)


def outcome(results) -> tuple[int, list[str]]:
    """How many recorded, and what came back that is neither recorded nor refused."""
    done = [row for row in results if isinstance(row, DevelopmentStep)]
    return len(done), [repr(row) for row in results if not isinstance(row, (DevelopmentStep, Refused))]


def test_a_step_is_recorded_once_and_the_date_is_the_winners(cast):
    person = somebody(cast)
    results = race(lambda index: record(cast, person, 1, DAYS[index]), MANY)

    assert outcome(results) == (1, [])
    assert len([row for row in results if isinstance(row, Refused) and "已有记录" in row.text]) == MANY - 1
    assert Person.objects.get(pk=person.pk).applied_on == DevelopmentStep.objects.get().done_on


def test_without_the_lock_a_loser_would_write_another_date(cast, monkeypatch):
    """The control: everybody has read the empty record before anybody writes. Only the database's constraint is left then."""
    person = somebody(cast)
    meet = threading.Barrier(MANY)

    def unlocked(row, number, scope, today):
        found = record_of(Person.objects.get(pk=row.pk), today)
        meet.wait(timeout=20)
        return found

    monkeypatch.setattr(services, "_locked", unlocked)
    results = race(lambda index: record(cast, person, 1, DAYS[index]), MANY)

    losers = [row for row in results if isinstance(row, Refused)]
    assert outcome(results) == (1, [])
    # They passed the check and ran into the constraint: not told that the step is on record, but that somebody was quicker.
    assert [row.text for row in losers if "已有记录" in row.text] == []


def test_recording_and_taking_back_do_not_leave_a_date_without_its_step(cast):
    person = somebody(cast)
    record(cast, person, 1, DAYS[0])

    def work(index):
        if index % 2:
            return record(cast, person, 2, DAYS[index])
        return services.remove_last_step(
            person=person, scope=scope_of_er(cast), by=cast.user("er_secretary"), today=TODAY
        )

    _done, others = outcome(race(work, MANY))
    numbers = set(DevelopmentStep.objects.values_list("number", flat=True))
    assert others == []
    assert (1 in numbers) == (Person.objects.get(pk=person.pk).applied_on is not None)
