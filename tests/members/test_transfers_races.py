"""Two at once: one move is done, one transfer is begun. PostgreSQL only; with a control that shows what the lock is for."""

from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from members import transfer_services as services
from members.access import scope_for
from members.models import AffiliationTransfer, Person
from members.services import leave_people
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.conftest import TODAY
from tests.pairings.deeds import race

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 8


@pytest.fixture
def cast(transactional_db, today):
    return build_cast(today)


def act(cast, name):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "today": TODAY, "now": timezone.now()}


def ask(cast):
    return services.ask_move(person=cast.person("er_member"), to_branch=cast.san, on=TODAY, **act(cast, "er_secretary"))


def outcome(results):
    """How many did it, and what came back that is neither done nor refused."""
    done = [one for one in results if isinstance(one, (list, AffiliationTransfer))]
    return len(done), [repr(one) for one in results if not isinstance(one, (list, AffiliationTransfer, Refused))]


def test_one_takes_and_the_others_read_that_it_is_done(cast):
    row, arguments = ask(cast), act(cast, "san_secretary")
    assert outcome(race(lambda index: services.take_move(transfer=row, **arguments), MANY)) == (1, [])
    assert (AffiliationTransfer.history.count(), Person.objects.get(pk=row.person_id).party_branch) == (2, cast.san)


def test_one_transfer_is_begun(cast):
    assert outcome(race(lambda index: ask(cast), MANY)) == (1, [])
    assert AffiliationTransfer.objects.count() == 1


def test_without_the_lock_several_would_take_it(cast, monkeypatch):
    """The control: everybody has read the open transfer and its person before anybody writes."""
    row, arguments = ask(cast), act(cast, "san_secretary")
    meet = threading.Barrier(MANY)

    def unlocked(transfer):
        found = AffiliationTransfer.objects.with_names().get(pk=transfer.pk)
        meet.wait(timeout=20)
        return found

    monkeypatch.setattr(services, "lock_row", lambda transfer, more=(): unlocked(transfer))
    monkeypatch.setattr(services, "lock_person", lambda person, *more: person)
    done, _others = outcome(race(lambda index: services.take_move(transfer=row, **arguments), MANY))
    assert done > 1


def test_taking_and_leaving_do_not_wait_for_each_other_for_ever(cast):
    row, arguments = ask(cast), act(cast, "san_secretary")

    def work(index):
        if index % 2:
            return services.take_move(transfer=row, **arguments)
        return leave_people(
            people=[cast.person("er_member")], left_on=TODAY, today=TODAY, by=cast.user("mech_organiser")
        )

    _done, others = outcome(race(work, MANY))
    assert others == []
    assert Person.objects.get(pk=row.person_id).left_on == TODAY
    assert AffiliationTransfer.objects.get(pk=row.pk).state in ("done", "called_off")
