"""A few lectures of last week are looked at: drawn by lot that anybody can draw again, settled one by one."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from activities.lectures import spot_check_services
from activities.lectures.spot_draw import draw, sample_size
from activities.models import SpotCheck
from branches.models import PolicyValue
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from tests.activities.plans import acting
from tests.activities.talks import answer, heard_by, record
from tests.cast import build_cast
from tests.pairings.deeds import race

pytestmark = pytest.mark.usefixtures("quiet_reminders")
LAST_TUESDAY = dt.date(2026, 10, 20)
STAFF = "civil_organiser"


def confirmed(cast, count=1, on=LAST_TUESDAY):
    """Confirmed lectures of one day to League branch One."""
    rows = []
    for number in range(count):
        audience = heard_by(record(cast, on=on, chapter=f"第{number}讲"), cast.one)
        rows.append(answer(cast, audience))
    return rows


def draw_now(cast, name=STAFF, **changes):
    return spot_check_services.draw_spot_checks(**{"on": LAST_TUESDAY} | acting(cast, name) | changes)


# --- The draw --------------------------------------------------------------------------------------


@given(st.sets(st.integers(1, 10**6), max_size=60), st.text(max_size=8), st.integers(0, 50))
def test_the_sample_is_part_of_what_there_is_and_the_same_whatever_the_order(ids, seed, percent):
    found = draw(ids, seed, percent)
    assert set(found) <= ids
    assert len(found) == len(set(found)) == sample_size(len(ids), percent)
    assert draw(sorted(ids, reverse=True) * 2, seed, percent) == found


@pytest.mark.parametrize(
    ("count", "percent", "size"), [(0, 5, 0), (1, 5, 1), (20, 5, 1), (21, 5, 2), (3, 50, 2), (100, 0, 0)]
)
def test_at_least_one_and_rounded_up(count, percent, size):
    assert sample_size(count, percent) == size


def test_another_seed_draws_others():
    assert len({tuple(draw(range(100), str(seed), 5)) for seed in range(50)}) > 40


def test_a_draw_keeps_its_seed_and_can_be_drawn_again(cast):
    rows = confirmed(cast, 3)
    PolicyValue.objects.create(key="spot_check_percent", value="50", source="学院", effective_from=dt.date(2026, 10, 1))
    drawn = draw_now(cast)
    assert {(check.monday, check.state, check.drawn_by) for check in drawn} == {
        (dt.date(2026, 10, 19), "open", cast.user(STAFF))
    }
    again = draw([row.pk for row in rows], drawn[0].seed, 50)
    assert [check.audience_id for check in drawn] == again
    assert len(again) == 2


def test_drawing_twice_adds_nothing_for_the_college_either(cast):
    confirmed(cast, 3)
    assert len(draw_now(cast)) == 1
    confirmed(cast, 1, on=dt.date(2026, 10, 21))
    assert draw_now(cast) == []
    assert draw_now(cast, "college_organiser") == []
    assert SpotCheck.objects.count() == 1


def test_only_confirmed_lectures_of_the_week_and_department_are_drawn(cast):
    record(cast, on=LAST_TUESDAY)
    confirmed(cast, on=dt.date(2026, 10, 27))
    assert draw_now(cast) == []
    confirmed(cast, on=dt.date(2026, 10, 21))
    assert draw_now(cast, "mech_organiser") == []
    assert len(draw_now(cast)) == 1


@pytest.mark.parametrize("on", [dt.date(2026, 10, 28), dt.date(2026, 11, 4), dt.date(2026, 9, 22)])
def test_a_week_that_is_not_over_or_long_ago_is_not_drawn(cast, on):
    with pytest.raises(Refused):
        draw_now(cast, on=on)


def test_no_percent_no_checks(cast):
    confirmed(cast)
    PolicyValue.objects.create(key="spot_check_percent", value="0", source="学院", effective_from=dt.date(2026, 1, 1))
    with pytest.raises(Refused):
        draw_now(cast)


# --- The list --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["liu_secretary", "league_secretary", "counsellor", "administrator", "er_member"])
def test_a_check_that_is_announced_is_none(cast, sign_in, name):
    confirmed(cast)
    check = draw_now(cast)[0]
    client = sign_in(name)
    assert client.get(reverse("spot_checks")).status_code == 403
    assert client.post(reverse("spot_checks_draw")).status_code == 403
    answer_it = reverse("spot_check_answer", args=[check.pk])
    assert client.post(answer_it, {"found": "clear"}).status_code == 404
    check.refresh_from_db()
    assert check.state == "open"


def test_the_department_draws_and_works_through(cast, sign_in):
    confirmed(cast)
    client = sign_in(STAFF)
    client.post(reverse("spot_checks_draw"))
    client.post(reverse("spot_checks_draw"))
    check = SpotCheck.objects.get()
    assert cast.one.name in client.get(reverse("spot_checks")).content.decode()
    client.post(reverse("spot_check_answer", args=[check.pk]), {"found": "clear"})
    check.refresh_from_db()
    assert (check.state, check.checked_by) == ("clear", cast.user(STAFF))
    assert Notice.objects.filter(kind="activities.lecture_spot_doubtful").count() == 0
    assert sign_in("mech_organiser").post(reverse("spot_check_reopen", args=[check.pk])).status_code == 404
    sign_in(STAFF).post(reverse("spot_check_reopen", args=[check.pk]))
    check.refresh_from_db()
    assert (check.state, check.checked_by, check.checked_at) == ("open", None, None)


def test_what_is_not_as_recorded_needs_a_note_and_is_said_to_who_answers_for_it(cast, sign_in):
    confirmed(cast)
    check, client = draw_now(cast)[0], sign_in(STAFF)
    address = reverse("spot_check_answer", args=[check.pk])
    for values in ({"found": "doubtful"}, {"found": "doubtful", "note": " "}, {"found": "maybe"}, {}):
        client.post(address, values)
    check.refresh_from_db()
    assert check.state == "open"
    client.post(address, {"found": "doubtful", "note": "只讲了二十分钟"})
    client.post(address, {"found": "clear"})
    check.refresh_from_db()
    assert (check.state, check.note) == ("doubtful", "只讲了二十分钟")
    told = Notice.objects.filter(kind="activities.lecture_spot_doubtful")
    assert set(told.values_list("user__username", flat=True)) == {
        cast.user("league_secretary").username, cast.user("liu_secretary").username,
    }  # fmt: skip
    # What was found is no text for outside.
    assert all("二十分钟" not in str(notice.subject) for notice in told)
    client.post(reverse("spot_check_reopen", args=[check.pk]))
    assert told.current().count() == 0


def test_only_who_settled_it_takes_it_back_and_only_at_once(cast, fixed_clock):
    confirmed(cast)
    check = spot_check_services.settle_spot_check(check=draw_now(cast)[0], as_recorded=True, **acting(cast, STAFF))
    with pytest.raises(Refused):
        spot_check_services.reopen_spot_check(check=check, **acting(cast, "college_organiser"))
    fixed_clock.shift(dt.timedelta(minutes=11))
    with pytest.raises(Refused):
        spot_check_services.reopen_spot_check(check=check, **acting(cast, STAFF))
    assert SpotCheck.objects.get().state == "clear"


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_three(cast, sign_in):
    def count():
        client = sign_in(STAFF)
        with CaptureQueriesContext(connection) as found:
            client.get(reverse("spot_checks"))
        return len(found)

    rows = confirmed(cast, 3)
    values = {
        "monday": dt.date(2026, 10, 19),
        "seed": "s",
        "drawn_by": cast.user(STAFF),
        "drawn_at": rows[0].confirmed_at,
    }
    SpotCheck.objects.create(audience=rows[0], **values)
    one = count()
    for row in rows[1:]:
        SpotCheck.objects.create(audience=row, **values)
    assert count() == one


# --- At once ---------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_draw_at_once_and_one_draw_stands(transactional_db, today):
    cast = build_cast(today)
    confirmed(cast, 10)
    names = [STAFF, "college_organiser"]
    results = race(lambda index: draw_now(cast, names[index], seed=str(index)), 2)
    assert sorted(len(result) for result in results) == [0, 1]
    assert SpotCheck.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_draw(transactional_db, today, monkeypatch):
    """The negative control: both find the week undrawn, and choose different lectures."""
    cast = build_cast(today)
    rows = confirmed(cast, 10)
    ids = sorted(row.pk for row in rows)
    meet = threading.Barrier(2)

    def slowly(found, seed, percent):
        list(found)
        meet.wait(timeout=20)
        return [ids[int(seed)]]

    monkeypatch.setattr(spot_check_services, "draw", slowly)
    monkeypatch.setattr(
        type(spot_check_services.Department.objects.all()), "select_for_update", lambda rows, **options: rows
    )
    names = [STAFF, STAFF]
    race(lambda index: draw_now(cast, names[index], seed=str(index)), 2)
    assert SpotCheck.objects.count() == 2
