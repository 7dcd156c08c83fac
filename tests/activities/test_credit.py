"""What those present are credited with: minutes within reason, other ones for one person, and what they logged themselves."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from activities.attend_services import enter_afterwards, mark_present
from activities.credit_services import adjust_credit, entries_beside, minutes_allowed
from activities.event_services import finish_activity
from activities.models import LogEntry, Participation
from pairing_portal.common.problems import Refused
from tests.activities.event_crew import act, at, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def meeting(cast):
    """Of Er, this morning from 8 to 9:30, two of Er present; it is ten o'clock."""
    activity = published(cast, starts_at=at(28, 8), ends_at=at(28, 9, 30))
    people = [cast.person(name).pk for name in ("er_member", "er_deputy")]
    mark_present(activity=activity, person_ids=people, present=True, **act(cast, "er_secretary"))
    return activity


@pytest.fixture
def service(cast):
    """A volunteer service of the same hour and a half."""
    return published(cast, kind="volunteer", title="校园护绿", starts_at=at(28, 8), ends_at=at(28, 9, 30))


def own(cast, name="er_member", **changes):
    now = timezone.now()
    values = {
        "person": cast.person(name), "on": dt.date(2026, 10, 28), "minutes": 60, "purpose": "self_study", "summary": "主题党日",
        "created_at": now, "submitted_at": now, "starts_at": dt.time(8, 30),
    }  # fmt: skip
    return LogEntry.objects.create(**values | changes)


def finish(cast, activity, minutes=90):
    return finish_activity(activity=activity, summary="好", counted_minutes=minutes, **act(cast, "er_secretary"))


def refused(call, *arguments, **more):
    with translation.override("en"), pytest.raises(Refused) as caught:
        call(*arguments, **more)
    return caught.value.text, caught.value.field


# --- How many minutes -----------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-1, 0, 91, 150, 721])
def test_a_service_counts_at_least_a_minute_and_no_longer_than_it_was(cast, service, minutes):
    words = "Between 1 and 90 minutes of service: travel does not count, and the service was no longer."
    assert refused(finish, cast, service, minutes) == (words, "counted_minutes")
    assert LogEntry.objects.count() == 0


def test_minutes_that_are_written_down_without_the_ways_are_the_most(cast, service):
    from activities.line_services import save_service

    scope = act(cast, "er_secretary")["scope"]
    save_service(activity=service, kind="green", served="", service_minutes=60, done="浇水", scope=scope)
    service.refresh_from_db()
    assert minutes_allowed(service) == (1, 60)
    assert refused(finish, cast, service, 61)[1] == "counted_minutes"
    assert finish(cast, service, 60).counted_minutes == 60


def test_a_meeting_may_run_over_and_may_count_nothing(cast, meeting):
    assert minutes_allowed(meeting) == (0, 150)
    assert refused(finish, cast, meeting, 151)[1] == "counted_minutes"
    finish(cast, meeting, 0)
    assert LogEntry.objects.count() == 0


# --- Other minutes for one person -----------------------------------------------------------------


def test_who_came_late_gets_fewer_with_a_reason_that_stays(cast, meeting, sign_in):
    finish(cast, meeting)
    row = meeting.participations.get(person=cast.person("er_member"))
    address, client = reverse("participation_credit", args=[row.pk]), sign_in("er_secretary")
    client.cookies["django_language"] = "en"
    assert "90 minutes credited" in client.get(reverse("activity_list", args=[meeting.pk])).content.decode()
    for bad in (
        {"minutes": "40"},
        {"minutes": "0", "reason": "x"},
        {"minutes": "x", "reason": "x"},
        {"minutes": "151", "reason": "x"},
    ):
        client.post(address, bad)
    assert LogEntry.objects.get(person=row.person).minutes == 90
    assert client.post(address, {"minutes": "40", "reason": "迟到"}).status_code == 302
    entry = LogEntry.objects.get(person=row.person)
    assert (entry.minutes, entry.state, entry.confirmed_by) == (40, "confirmed", cast.user("er_secretary"))
    assert entry.history.first().history_change_reason == "迟到"
    assert LogEntry.objects.get(person=cast.person("er_deputy")).minutes == 90
    assert "迟到" in sign_in("er_member").get(reverse("log_entry", args=[entry.pk])).content.decode()
    for name, status in (("er_member", 403), ("stranger", 404)):
        assert sign_in(name).post(address, {"minutes": "90", "reason": "x"}).status_code == status


def test_nobody_changes_their_own_and_nothing_that_is_not_there(cast, meeting):
    row = meeting.participations.get(person=cast.person("er_deputy"))
    change = {"participation": row, "minutes": 40, "reason": "早退"}
    assert (
        refused(adjust_credit, **change, **act(cast, "er_secretary"))[0] == "Nothing is credited here. Reload the page."
    )
    finish(cast, meeting)
    words = "Nobody changes their own minutes. Ask another member of the committee."
    assert refused(adjust_credit, **change, **act(cast, "er_deputy"))[0] == words
    assert refused(adjust_credit, **change | {"reason": " "}, **act(cast, "er_secretary"))[1] == "reason"
    assert refused(adjust_credit, **change | {"minutes": 0}, **act(cast, "er_secretary"))[1] == "minutes"


# --- What they logged themselves ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "is_marked"),
    [
        ({}, True),
        ({"starts_at": dt.time(7, 0)}, False),
        ({"starts_at": dt.time(7, 1)}, True),
        ({"starts_at": dt.time(9, 30)}, False),
        ({"starts_at": dt.time(23, 30), "on": dt.date(2026, 10, 27), "minutes": 600}, True),
        ({"on": dt.date(2026, 10, 27)}, False),
        ({"starts_at": None}, False),
        ({"starts_at": None, "minutes": 631}, True),
        ({"starts_at": None, "minutes": 630}, False),
    ],
)
def test_an_own_entry_of_the_same_time_is_marked_and_nobody_is_blocked(cast, meeting, changes, is_marked):
    entry = own(cast, **changes)
    finish(cast, meeting)
    entry.refresh_from_db()
    assert (entry.flag, entry.state) == ("overlap" if is_marked else "", "submitted")
    assert LogEntry.objects.filter(activity=meeting, minutes=90).count() == 2


def test_returned_ones_and_those_of_others_are_left_alone(cast, meeting):
    own(cast, state="returned", return_reason="重复")
    own(cast, "er_secretary")
    finish(cast, meeting)
    assert LogEntry.objects.exclude(flag="").count() == 0


def test_who_finishes_reads_whose_entries_they_are_and_the_confirmer_sees_the_mark(cast, meeting, sign_in):
    entry = own(cast)
    client = sign_in("er_secretary")
    client.cookies["django_language"] = "en"
    address = reverse("activity_finish", args=[meeting.pk])
    page = client.post(address, {"summary": "好", "counted_minutes": "90"}, follow=True).content.decode()
    name = cast.person("er_member").name
    assert f"{name}, October 28 08:30, 60 min" in page
    assert "主题党日</" not in page.split("Logged for the same time")[1].split("</div>")[0]
    assert "also logged it themselves" in client.get(reverse("activity_list", args=[meeting.pk])).content.decode()
    for url in (reverse("log_confirm"), reverse("log_entry", args=[entry.pk])):
        assert "Hours of an activity are credited for the same time" in client.get(url).content.decode()


def test_the_other_branch_is_only_counted(cast, meeting, sign_in):
    guest = cast.person("liu_member") if "liu_member" in cast.people else cast.person("liu_secretary")
    Participation.objects.create(
        activity=meeting, person=guest, state="present", checked_in_at=timezone.now(), way="list"
    )
    own(cast, "liu_member" if "liu_member" in cast.people else "liu_secretary")
    client = sign_in("er_secretary")
    client.cookies["django_language"] = "en"
    address = reverse("activity_finish", args=[meeting.pk])
    page = client.post(address, {"summary": "好", "counted_minutes": "90"}, follow=True).content.decode()
    said = page.split("Logged for the same time")[1].split("</div>")[0]
    assert ("1 of another branch" in said, guest.name in said) == (True, False)


def test_entered_afterwards_is_looked_at_too(cast, meeting):
    finish(cast, meeting)
    entry = own(cast, "er_secretary")
    enter_afterwards(activity=meeting, person=cast.person("er_secretary"), reason="漏签", **act(cast, "er_deputy"))
    entry.refresh_from_db()
    assert entry.flag == "overlap"
    assert [row.pk for row in entries_beside(meeting, [entry.person_id])] == [entry.pk]


def test_a_correction_to_another_hour_takes_the_mark_away(cast, meeting):
    from activities.log_services import correct_log

    entry = own(cast)
    finish(cast, meeting)
    correct_log(
        entry=entry, on=entry.on, minutes=60, summary="自学", starts_at=dt.time(6, 0), today=dt.date(2026, 10, 28), now=timezone.now()
    )  # fmt: skip
    entry.refresh_from_db()
    assert entry.flag == ""
