"""The calendar feed: a secret address, read by two parsers, withdrawn when a new one is made."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from icalendar import Calendar

from activities.event_services import cancel_activity, move_activity
from activities.models import CalendarFeed
from tests.activities.event_crew import act, at, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(cast, client):
    client.force_login(cast.user("er_member"), backend="allauth.account.auth_backends.AuthenticationBackend")
    client.post("/calendar/subscribe/new/")
    return client.get("/calendar/subscribe/").context["address"].removeprefix("http://testserver")


def unfolded(text: str) -> list[str]:
    """A second, small reader of RFC 5545: lines unfolded, escapes resolved."""
    lines = text.replace("\r\n ", "").split("\r\n")
    return [line.replace("\\,", ",").replace("\\;", ";").replace("\\n", "\n").replace("\\\\", "\\") for line in lines]


def events(body: bytes) -> list[dict[str, object]]:
    return [
        {"summary": str(event["summary"]), "start": event.decoded("dtstart"), "end": event.decoded("dtend"),
         "uid": str(event["uid"]), "sequence": int(event["sequence"]), "status": str(event["status"])}
        for event in Calendar.from_ical(body).walk("VEVENT")
    ]  # fmt: skip


def test_two_parsers_read_the_same(cast, address):
    activity = published(cast, title="主题党日:学习;讨论,交流\\体会" + "很长" * 20)
    response = Client().get(address)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = events(response.content)
    assert event == {
        "summary": activity.title, "start": at(30, 15), "end": at(30, 17), "uid": f"activity-{activity.pk}@testserver", "sequence": 0,
        "status": "CONFIRMED",
    }  # fmt: skip
    lines = unfolded(response.content.decode())
    assert f"SUMMARY:{activity.title}" in lines
    assert "DTSTART:20261030T070000Z" in lines
    assert "LOCATION:A101" in lines
    assert all(len(line.encode()) <= 75 for line in response.content.decode().split("\r\n"))


def test_a_move_keeps_the_uid_and_raises_the_sequence(cast, address):
    activity = published(cast)
    before = events(Client().get(address).content)[0]
    move_activity(activity=activity, starts_at=at(31, 9), ends_at=at(31, 10), **act(cast, "er_secretary"))
    after = events(Client().get(address).content)[0]
    assert (after["uid"], after["sequence"], after["start"]) == (before["uid"], 1, at(31, 9))
    cancel_activity(activity=activity, reason="停电", **act(cast, "er_secretary"))
    assert events(Client().get(address).content)[0]["status"] == "CANCELLED"


def test_only_what_one_takes_part_in(cast, address):
    published(cast, audience="committee")
    assert events(Client().get(address).content) == []


def test_a_new_address_ends_the_old_and_the_database_holds_no_token(cast, client, address):
    token = address.split("/")[-1].removesuffix(".ics")
    assert token not in list(CalendarFeed.objects.values_list("token_hash", flat=True))
    assert Client().get(address).status_code == 200
    client.post("/calendar/subscribe/new/")
    assert Client().get(address).status_code == 404
    fresh = client.get("/calendar/subscribe/").context["address"].removeprefix("http://testserver")
    client.post("/calendar/subscribe/withdraw/")
    assert Client().get(fresh).status_code == 404


def test_a_closed_account_has_no_feed(cast, address):
    user = cast.user("er_member")
    user.is_active = False
    user.save()
    assert Client().get(address).status_code == 404


def test_the_address_is_shown_once(cast, client, address):
    assert client.get("/calendar/subscribe/").context["address"] == ""


def test_reading_writes_at_most_once_an_hour(cast, address, fixed_clock, django_assert_num_queries):
    Client().get(address)
    first = CalendarFeed.objects.get().last_read_at
    fixed_clock.shift(dt.timedelta(minutes=30))
    Client().get(address)
    assert CalendarFeed.objects.get().last_read_at == first
