"""Taking part through the pages: sign up, leave, the list, the code on the projector, check-in."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import attend_services as attending
from activities import event_services as life
from activities.check_in_codes import code_now
from activities.models import LogEntry, Participation
from notifications.models import Notice
from tests.activities.event_crew import act, at, planned, published
from tests.pairings.crew import activate, enrol

pytestmark = pytest.mark.django_db


def said(response) -> list[str]:
    """The newest message alone: those before it were not shown by a page yet."""
    return [str(message) for message in get_messages(response.wsgi_request)][-1:]


def press(client, name, activity, **values):
    return client.post(reverse(name, args=[activity.pk]), values)


def state(cast, name, activity) -> str:
    return Participation.objects.get(activity=activity, person=cast.person(name)).state


@pytest.fixture
def running(cast):
    """Published, and going on now: 28 October, 9:45 to 11:00; it is 10 o'clock."""
    return published(cast, starts_at=at(28, 9, 45), ends_at=at(28, 11))


def open_code(cast, activity) -> str:
    """Open the check-in; the code that is on the screen now."""
    scope = act(cast, "er_secretary")["scope"]
    attending.open_check_in(activity=activity, is_open=True, scope=scope, now=timezone.now())
    activity.refresh_from_db()
    return code_now(activity.check_in_secret, activity.pk, timezone.now())


# --- One's own part ----------------------------------------------------------------------------------


def test_signing_up_twice_takes_one_place_and_can_be_taken_back(cast, sign_in):
    activity, client = published(cast, needs_sign_up=True, capacity=1), sign_in("er_member")
    assert said(press(client, "activity_sign_up", activity)) == ["报名成功。"]
    press(client, "activity_sign_up", activity)
    assert state(cast, "er_member", activity) == "signed_up"
    assert said(press(sign_in("er_deputy"), "activity_sign_up", activity)) == [
        "名额已满，您已进入候补；有空位时会通知您。"
    ]
    html = sign_in("er_deputy").get(reverse("activity", args=[activity.pk])).content.decode()
    assert "您排在候补第 1 位" in html
    press(client, "activity_withdraw", activity)
    assert (state(cast, "er_member", activity), state(cast, "er_deputy", activity)) == ("withdrawn", "signed_up")


def test_leave_needs_a_reason_and_is_answered_by_the_host(cast, sign_in):
    activity, client = published(cast), sign_in("er_member")
    press(client, "activity_ask_leave", activity, reason=" ")
    assert state(cast, "er_member", activity) == "invited"
    press(client, "activity_ask_leave", activity, reason="家里有事")
    row = Participation.objects.get(activity=activity, person=cast.person("er_member"))
    assert (row.state, row.leave_reason) == ("leave_asked", "家里有事")
    address = reverse("participation_leave_answer", args=[row.pk])
    assert client.post(address, {"answer": "accept"}).status_code == 403
    boss = sign_in("er_secretary")
    assert "家里有事" in boss.get(reverse("activity_list", args=[activity.pk])).content.decode()
    boss.post(address, {"answer": "maybe"})
    assert state(cast, "er_member", activity) == "leave_asked"
    assert said(boss.post(address, {"answer": "accept"})) == ["已准罗萍妍请假。"]
    assert state(cast, "er_member", activity) == "leave"
    assert Notice.objects.filter(kind="activities.leave_answered").count() == 1


def test_who_sees_it_but_is_not_invited_signs_up_for_open_ones_only(cast, sign_in):
    activate(cast)
    closed = published(cast, needs_sign_up=True)
    open_one = published(
        cast, title="公开讲座", needs_sign_up=True, audience="open", starts_at=at(31, 9), ends_at=at(31, 10)
    )
    client = sign_in("san_member")
    assert said(press(client, "activity_sign_up", closed)) == ["您不在邀请名单中。请联系主办方邀请您。"]
    press(client, "activity_sign_up", open_one)
    assert list(Participation.objects.filter(person=cast.person("san_member")).values_list("activity_id", "state")) == [
        (open_one.pk, "signed_up")
    ]
    assert press(sign_in("liu_member"), "activity_sign_up", open_one).status_code == 404
    assert press(sign_in("mech_organiser"), "activity_sign_up", open_one).status_code == 403


# --- The code ---------------------------------------------------------------------------------------


def test_the_phone_shows_one_button_and_pressing_twice_counts_once(cast, sign_in, running):
    code, client = open_code(cast, running), sign_in("er_member")
    address = reverse("activity_check_in", args=[running.pk, code])
    page = client.get(address)
    assert page.content.decode().count("check-in-button") == 1
    assert state(cast, "er_member", running) == "invited"
    for _twice in range(2):
        assert client.post(address).status_code == 302
    row = Participation.objects.get(activity=running, person=cast.person("er_member"))
    assert (row.state, row.way, row.checked_in_at) == ("present", "code", timezone.now())
    assert "签到成功" in client.get(address).content.decode()


def test_an_old_code_says_what_to_do_and_counts_nobody(cast, sign_in, running, fixed_clock):
    code, client = open_code(cast, running), sign_in("er_member")
    fixed_clock.shift(dt.timedelta(seconds=45))
    address = reverse("activity_check_in", args=[running.pk, code])
    for response in (client.get(address), client.post(address)):
        assert response.status_code == 400
        assert "签到码已过期" in response.content.decode()
        assert "组织者在名单上勾选" in response.content.decode()
    assert state(cast, "er_member", running) == "invited"


def test_a_code_of_another_activity_or_a_closed_one_is_refused(cast, sign_in, running):
    other = published(cast, title="另一场", starts_at=at(28, 9, 45), ends_at=at(28, 11), place="B1")
    code, client = open_code(cast, other), sign_in("er_member")
    assert client.post(reverse("activity_check_in", args=[running.pk, code])).status_code == 400
    attending.open_check_in(activity=other, is_open=False, scope=act(cast, "er_secretary")["scope"], now=timezone.now())
    response = client.post(reverse("activity_check_in", args=[other.pk, code]))
    assert "签到" in response.context["refused"]
    assert Participation.objects.filter(state="present").count() == 0


def test_signing_in_leads_back_to_the_button(cast, client, running):
    address = reverse("activity_check_in", args=[running.pk, open_code(cast, running)])
    response = client.get(address)
    assert response.url == f"/accounts/login/?next={address}"


def test_the_projector_shows_the_code_and_who_is_here(cast, sign_in, running):
    client = sign_in("er_secretary")
    address = reverse("activity_projector", args=[running.pk])
    assert "签到未开放" in client.get(address).content.decode()
    press(client, "activity_check_in_open", running, open="yes")
    page = client.get(address)
    assert 'class="qr"' in page.content.decode()
    assert page.headers["Cache-Control"].startswith("max-age=0")
    running.refresh_from_db()
    attending.check_in(
        activity=running, person=cast.person("er_member"), now=timezone.now(),
        code=code_now(running.check_in_secret, running.pk, timezone.now()),
    )  # fmt: skip
    found = client.get(reverse("activity_projector_code", args=[running.pk])).json()
    assert (found["present"], found["expected"], found["seconds"], found["is_open"]) == (1, 4, 15, True)
    assert found["svg"].startswith("<svg")
    assert running.check_in_secret not in str(found)
    for name in ("activity_projector", "activity_projector_code", "activity_list"):
        assert sign_in("er_member").get(reverse(name, args=[running.pk])).status_code == 403


def test_the_check_in_is_opened_at_its_time_only(cast, sign_in):
    activity = published(cast)
    press(sign_in("er_secretary"), "activity_check_in_open", activity, open="yes")
    activity.refresh_from_db()
    assert activity.is_check_in_open is False


# --- The list --------------------------------------------------------------------------------------


def test_many_are_ticked_at_once_and_the_way_back_takes_the_ticks_back(cast, sign_in, running):
    client = sign_in("er_deputy")
    ids = [cast.person(name).pk for name in ("er_member", "er_probationary")]
    response = press(client, "activity_mark", running, person=[*ids, "nonsense", 10**30], here="yes")
    assert said(response) == ["2 人已到会。"]
    rows = Participation.objects.filter(activity=running, state="present")
    assert set(rows.values_list("person_id", "way", "recorded_by__display_name")) == {
        (pk, "list", "张红") for pk in ids
    }
    undo = next(message.extra_tags for message in get_messages(response.wsgi_request)).removeprefix("undo:")
    client.post(undo)
    assert rows.count() == 0
    assert said(press(client, "activity_mark", running)) == ["请至少勾选一人。"]


def test_a_tick_taken_back_leaves_the_place_that_was_held(cast, sign_in):
    activity = published(cast, starts_at=at(28, 10, 20), ends_at=at(28, 11), needs_sign_up=True, capacity=5)
    attending.sign_up(activity=activity, person=cast.person("er_member"), now=timezone.now())
    client, pk = sign_in("er_secretary"), cast.person("er_member").pk
    press(client, "activity_mark", activity, person=pk, here="yes")
    press(client, "activity_mark", activity, person=pk, here="no")
    assert state(cast, "er_member", activity) == "signed_up"


def test_people_of_another_activity_are_not_ticked(cast, sign_in, running):
    press(sign_in("er_secretary"), "activity_mark", running, person=cast.person("liu_member").pk, here="yes")
    assert Participation.objects.filter(state="present").count() == 0


def test_the_list_is_searched_by_name_pinyin_and_number(cast, sign_in, running):
    client, address = sign_in("er_secretary"), reverse("activity_list", args=[running.pk])
    for words in ("罗", "luopingyan", "20230310004"):
        assert [row.person.name for row, _tone in client.get(address, {"q": words}).context["rows"]] == ["罗萍妍"]
    assert client.get(address, {"state": "present"}).context["rows"] == []


def test_somebody_is_entered_afterwards_with_a_reason_and_credited(cast, sign_in, running, fixed_clock):
    fixed_clock.move_to(at(28, 11, 30))
    life.finish_activity(activity=running, summary="好", counted_minutes=75, **act(cast, "er_secretary"))
    client = sign_in("er_secretary")
    refused = press(client, "activity_afterwards", running, number="20230310004", reason="")
    assert refused.status_code == 400
    assert "reason" in refused.context["form"].errors
    nobody = press(client, "activity_afterwards", running, number="20250530002", reason="手机没电")
    assert nobody.context["form"].errors["number"] == [
        "在您能看到的人里，没有姓名或学号（工号）是20250530002的。请核对，或填名册上的姓名。"
    ]
    done = press(client, "activity_afterwards", running, number="20230310004", reason="手机没电")
    assert said(done) == ["已补录罗萍妍到会。"]
    assert list(LogEntry.objects.values_list("person__name", "minutes", "state")) == [("罗萍妍", 75, "confirmed")]
    own = press(client, "activity_afterwards", running, number="20230310001", reason="我也在")
    assert own.status_code == 400
    assert state(cast, "er_secretary", running) == "absent"


def test_the_committee_of_the_other_side_reads_the_list_too(cast, sign_in):
    activity = planned(cast, pairing=activate(cast))
    life.send_for_approval(activity=activity, **act(cast, "er_secretary"))
    life.approve_activity(activity=activity, **act(cast, "san_secretary"))
    life.publish_activity(activity=activity, **act(cast, "er_secretary"))
    page = sign_in("san_secretary").get(reverse("activity_list", args=[activity.pk]))
    assert len(page.context["rows"]) == 6


def test_the_list_takes_as_many_queries_for_a_hundred_as_for_four(cast, sign_in):
    client, counts = sign_in("er_secretary"), []
    for number, more in enumerate((0, 100)):
        enrol(cast.er, more)
        activity = published(cast, title=f"党日{number}", starts_at=at(28, 9 + number), ends_at=at(28, 10 + number))
        address = reverse("activity_list", args=[activity.pk])
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address)
        counts.append(len(queries))
        assert len(response.context["rows"]) == 4 + more
    assert counts[0] == counts[1]
