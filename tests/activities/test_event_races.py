"""Many at once: thirty for five places, a hall that checks in. PostgreSQL only; SQLite lets one write at a time."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activities import attend_services as attending
from activities.check_in_codes import code_now
from activities.event_querysets import ParticipationQuerySet
from activities.models import Activity, Participation
from tests.activities.event_crew import act, at, published
from tests.activities.test_event_pages import form_of
from tests.cast import build_cast
from tests.pairings.crew import enrol
from tests.pairings.deeds import race

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
PLACES, PEOPLE = 5, 30


@pytest.fixture
def cast(transactional_db, today):
    return build_cast(today)


@pytest.fixture
def crowd(cast):
    return enrol(cast.er, PEOPLE)


def press_all(activity, people):
    """Everybody presses "sign up", one a microsecond after the other by their clocks, all at once by ours."""
    now = timezone.now()

    def press(index):
        moment = now + dt.timedelta(microseconds=index)
        return attending.sign_up(activity=activity, person=people[index], now=moment).state

    return Counter(race(press, len(people)))


def test_of_thirty_for_five_places_five_get_one_and_the_others_wait_in_order(cast, crowd):
    activity = published(cast, needs_sign_up=True, capacity=PLACES)
    assert press_all(activity, crowd) == {"signed_up": PLACES, "waiting": PEOPLE - PLACES}
    rows = Participation.objects.filter(activity=activity)
    waiting = list(rows.filter(state="waiting").order_by("signed_up_at").values_list("person_id", flat=True))
    leaving = list(rows.filter(state="signed_up").select_related("person")[:2])
    outcomes = race(lambda i: attending.withdraw(activity=activity, person=leaving[i].person, now=timezone.now()), 2)
    assert [row.state for row in outcomes] == ["withdrawn", "withdrawn"]
    moved = set(rows.filter(state="signed_up", person__in=waiting).values_list("person_id", flat=True))
    assert moved == set(waiting[:2])
    assert rows.filter(state="signed_up").count() == PLACES


def test_without_the_lock_more_get_a_place_than_there_are(cast, crowd, monkeypatch):
    """The negative control: everybody has counted before anybody writes."""
    activity = published(cast, needs_sign_up=True, capacity=PLACES)
    meet = threading.Barrier(PEOPLE)
    monkeypatch.setattr(attending, "lock_activity", lambda row: Activity.objects.get(pk=row.pk))
    count = ParticipationQuerySet.count
    monkeypatch.setattr(ParticipationQuerySet, "count", lambda rows: (count(rows), meet.wait(timeout=30))[0])
    assert press_all(activity, crowd)["signed_up"] > PLACES


def test_forty_check_in_at_once_and_each_counts_once(cast):
    """Twenty people, two presses each, none of whom was on the list before."""
    people = enrol(cast.san, 20)
    activity = published(cast, audience="open", starts_at=at(28, 9, 45), ends_at=at(28, 11))
    scope = act(cast, "er_secretary")["scope"]
    attending.open_check_in(activity=activity, is_open=True, scope=scope, now=timezone.now())
    activity.refresh_from_db()
    code = code_now(activity.check_in_secret, activity.pk, timezone.now())

    def check_in(index):
        return attending.check_in(activity=activity, person=people[index % 20], code=code, now=timezone.now()).state

    assert Counter(race(check_in, 40)) == {"present": 40}
    rows = Participation.objects.filter(activity=activity)
    assert Counter(rows.values_list("state", flat=True)) == {"present": 20}
    assert Participation.history.filter(activity_id=activity.pk, state="present").count() == 20


def test_a_form_sent_twice_at_once_plans_once(cast):
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(
            User.objects.get(pk=cast.user("er_secretary").pk),
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
    values = form_of(cast)
    answers = race(lambda i: clients[i].post(reverse("activity_new"), values).url, 2)
    activity = Activity.objects.get()
    assert answers == [reverse("activity", args=[activity.pk])] * 2


def test_a_finish_and_a_late_tick_do_not_cross(cast):
    """Either the tick came first and is credited, or it came too late and is refused; nobody is present and uncredited."""
    from activities.event_services import finish_activity
    from activities.models import LogEntry
    from pairing_portal.common.problems import Refused

    activity, step = published(cast, starts_at=at(28, 8), ends_at=at(28, 9, 30)), act(cast, "er_secretary")

    def work(index):
        if index:
            return attending.mark_present(
                activity=activity, person_ids=[cast.person("er_member").pk], present=True, **step
            )
        return finish_activity(activity=activity, summary="好", counted_minutes=60, **step)

    results = race(work, 2)
    assert [repr(one) for one in results if isinstance(one, Exception) and not isinstance(one, Refused)] == []
    present = set(Participation.objects.filter(state="present").values_list("person_id", flat=True))
    assert set(LogEntry.objects.values_list("person_id", flat=True)) == present
