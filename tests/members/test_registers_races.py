"""Twenty at once: one keeps the view, one absence is written, nobody meets an error. PostgreSQL only, with controls."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError

from members import absence_services, saved_view_services
from members.absence_services import record_absences, save_absence
from members.access import scope_for
from members.models import Absence, SavedView
from members.saved_view_services import AT_MOST, rename_view, save_view
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.conftest import TODAY
from tests.pairings.deeds import race

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 20


@pytest.fixture
def cast(transactional_db, today):
    return build_cast(today)


def kinds(results):
    """What came back, by its class, each once."""
    return {type(one) for one in results}


def save(user, name):
    return save_view(user=user, register="member", name=name, query="", columns=[])


# --- Kept views -------------------------------------------------------------------------------------


def test_one_name_is_kept_once_and_the_others_are_told(cast):
    user = cast.user("er_secretary")
    results = race(lambda index: save(user, "今年毕业"), MANY)
    assert kinds(results) == {SavedView, Refused}
    assert sum(isinstance(one, SavedView) for one in results) == SavedView.objects.count() == 1


def test_no_more_than_the_limit_are_kept(cast):
    user = cast.user("er_secretary")
    SavedView.objects.bulk_create(SavedView(user=user, register="member", name=str(n)) for n in range(AT_MOST - 1))
    results = race(lambda index: save(user, f"第{index}个"), MANY)
    assert kinds(results) == {SavedView, Refused}
    assert SavedView.objects.count() == AT_MOST


def test_two_views_do_not_get_the_same_name(cast):
    user = cast.user("er_secretary")
    views = [save(user, str(n)) for n in range(MANY)]
    results = race(lambda index: rename_view(view=views[index], name="今年毕业", by=user), MANY)
    assert kinds(results) == {SavedView, Refused}
    assert SavedView.objects.filter(name="今年毕业").count() == 1


def test_two_people_keep_the_same_name_each_for_themselves(cast):
    users = [cast.user("er_secretary"), cast.user("er_deputy")]
    results = race(lambda index: save(users[index % 2], "今年毕业"), MANY)
    assert kinds(results) == {SavedView, Refused}
    assert set(SavedView.objects.values_list("user", flat=True)) == {user.pk for user in users}
    assert SavedView.objects.count() == 2


def test_without_the_lock_the_database_would_raise(cast, monkeypatch):
    """The control: everybody has looked at the names before anybody writes."""
    meet = threading.Barrier(MANY)
    refuse = saved_view_services._refuse_taken

    def look(*args, **kwargs):
        refuse(*args, **kwargs)
        meet.wait(timeout=20)

    monkeypatch.setattr(saved_view_services, "_lock", lambda user: None)
    monkeypatch.setattr(saved_view_services, "_refuse_taken", look)
    user = cast.user("er_secretary")
    assert kinds(race(lambda index: save(user, "今年毕业"), MANY)) == {SavedView, IntegrityError}


# --- Absences ---------------------------------------------------------------------------------------


def away(cast, names, later=0):
    """Er's secretary records them as away from `later` days on, until further notice."""
    return record_absences(
        people=[cast.person(name).pk for name in names], kind="internship", from_on=TODAY + timedelta(days=later), to_on=None,
        scope=scope_for(cast.user("er_secretary")), by=cast.user("er_secretary"),
    )  # fmt: skip


def test_one_absence_is_written(cast):
    results = race(lambda index: away(cast, ["er_member"], index), MANY)
    assert sorted(results) == [(0, 1)] * (MANY - 1) + [(1, 0)]
    assert (Absence.objects.count(), Absence.history.count()) == (1, 1)


def test_one_absence_is_written_also_one_by_one_and_beside_a_list(cast):
    who, user = cast.person("er_member"), cast.user("er_secretary")

    def work(index):
        if index % 2:
            return away(cast, ["er_member"], index)
        day = TODAY + timedelta(days=index)
        return save_absence(absence=Absence(person=who, kind="internship", from_on=day), by=user)

    assert kinds(race(work, MANY)) <= {Absence, Refused, tuple}
    assert (Absence.objects.count(), Absence.history.count()) == (1, 1)


def test_lists_that_overlap_do_not_wait_for_each_other_for_ever(cast):
    names = ["er_member", "er_deputy", "er_secretary"]
    results = race(lambda index: away(cast, names[index % 3 :] + names[: index % 2]), MANY)
    assert kinds(results) == {tuple}
    assert (sum(recorded for recorded, _kept in results), Absence.objects.count()) == (3, 3)


def test_without_the_lock_several_would_be_written(cast, monkeypatch):
    """The control: everybody has looked for absences before anybody writes."""
    meet = threading.Barrier(MANY)
    write = absence_services.bulk_create_with_history

    def late(*args, **kwargs):
        meet.wait(timeout=20)
        return write(*args, **kwargs)

    monkeypatch.setattr(absence_services, "_lock_people", lambda ids: None)
    monkeypatch.setattr(absence_services, "bulk_create_with_history", late)
    race(lambda index: away(cast, ["er_member"], index), MANY)
    assert Absence.objects.count() == MANY
