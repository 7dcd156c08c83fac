"""How long a session lasts, and ending the others."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from tests.cast import PASSWORD


def is_in(client) -> bool:
    return client.get(reverse("account_home")).status_code == 200


def test_idle_for_thirty_minutes_ends_the_session(sign_in, fixed_clock):
    client = sign_in("er_member")
    assert is_in(client)
    fixed_clock.shift(dt.timedelta(minutes=29))
    assert is_in(client)
    fixed_clock.shift(dt.timedelta(minutes=29))
    assert is_in(client)
    fixed_clock.shift(dt.timedelta(minutes=30, seconds=1))
    assert not is_in(client)


def test_twelve_hours_end_the_session_of_somebody_who_works_all_the_time(sign_in, fixed_clock):
    client = sign_in("er_member")
    assert is_in(client)
    for _ in range(36):
        fixed_clock.shift(dt.timedelta(minutes=20))
        assert is_in(client)
    fixed_clock.shift(dt.timedelta(minutes=1))
    answer = client.get(reverse("account_home") + "?from=a&to=b")
    assert answer.url == "/accounts/login/?next=/accounts/%3Ffrom%3Da%26to%3Db"
    assert not is_in(client)


def test_ending_other_sessions_keeps_the_one_in_use(cast, sign_in):
    here, library = sign_in("er_member"), sign_in("er_member")
    assert here.post(reverse("account_end_sessions")).url == reverse("account_home")
    assert (is_in(here), is_in(library)) == (True, False)
    assert AuditEvent.objects.filter(user=cast.user("er_member"), action="sessions_ended").count() == 1


@pytest.mark.parametrize(("single", "first_stays"), [(True, False), (False, True)])
def test_an_administrator_has_one_session_where_the_college_wants_that(
    cast, settings, fixed_clock, single, first_stays
):
    settings.SINGLE_ADMIN_SESSION = single
    first, second = Client(), Client()
    for client in (first, second):
        fixed_clock.shift(1)
        client.post(reverse("account_login"), {"login": "admin", "password": PASSWORD})
    assert (is_in(first), is_in(second)) == (first_stays, True)


def test_a_closed_account_loses_its_open_session(cast, sign_in):
    from accounts.services import deactivate_users

    client = sign_in("er_member")
    assert is_in(client)
    deactivate_users(users=[cast.user("er_member")], by=None, now=timezone.now())
    assert not is_in(client)


def test_pages_of_a_signed_in_person_are_kept_in_no_cache(sign_in):
    assert sign_in("er_member").get(reverse("account_home")).headers["Cache-Control"] == "private, no-store"
