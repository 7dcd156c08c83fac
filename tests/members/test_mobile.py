"""Mobile members: proposed from absences, registered, spoken with, back; what is overdue; who may."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from members import mobile_services as services
from members.access import scope_for
from members.due_transfers import mobile_due
from members.models import Absence, MobileMember
from members.notices_transfers import compute_mobile
from pairing_portal.common.problems import Refused
from tests.conftest import NOW, TODAY

pytestmark = pytest.mark.django_db
LEFT_ON = dt.date(2026, 6, 1)


def who(cast, name):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "today": TODAY}


def register(cast, name="er_secretary", who_is="er_member", **more):
    values = {
        "from_on": LEFT_ON, "to_on": None, "cause": "实习", "place": "柳州", "contact": cast.person("er_deputy"),
        "talked_on": LEFT_ON,
    } | more  # fmt: skip
    return services.register_mobile(person=cast.person(who_is), **values, **who(cast, name))


@pytest.mark.parametrize(
    ("first", "last", "is_proposed"),
    [
        (dt.date(2026, 9, 1), dt.date(2027, 2, 28), True),
        (dt.date(2026, 9, 1), dt.date(2027, 2, 27), False),
        (dt.date(2026, 4, 30), None, False),
        (dt.date(2026, 4, 29), None, True),
        (dt.date(2026, 3, 1), dt.date(2026, 10, 27), False),
        (dt.date(2026, 3, 1), dt.date(2026, 10, 28), True),
    ],
)
def test_six_calendar_months_make_a_proposal(cast, first, last, is_proposed):
    Absence.objects.create(person=cast.person("er_member"), from_on=first, to_on=last)
    found = services.proposals(scope_for(cast.user("er_secretary")), TODAY)
    assert [one.person.name for one in found] == (["罗萍妍"] if is_proposed else [])
    assert services.proposals(scope_for(cast.user("san_secretary")), TODAY) == []
    assert services.proposals(scope_for(cast.user("administrator")), TODAY) == []


def test_who_is_registered_is_not_proposed(cast):
    Absence.objects.create(person=cast.person("er_member"), from_on=LEFT_ON, to_on=dt.date(2027, 6, 1))
    register(cast)
    assert services.proposals(scope_for(cast.user("er_secretary")), TODAY) == []
    with pytest.raises(Refused):
        register(cast)


@pytest.mark.parametrize(
    ("name", "more", "field"),
    [
        ("san_secretary", {}, ""),
        ("er_member", {}, ""),
        ("administrator", {}, ""),
        ("er_secretary", {"to_on": dt.date(2026, 11, 29)}, "to_on"),
        ("er_secretary", {"to_on": dt.date(2026, 5, 1)}, "to_on"),
        ("er_secretary", {"cause": "  "}, "cause"),
        ("er_secretary", {"from_on": dt.date(1926, 6, 1)}, "from_on"),
        ("er_secretary", {"talked_on": dt.date(2026, 10, 29)}, "talked_on"),
        ("er_secretary", {"contact": "er_member"}, "contact"),
        ("er_secretary", {"contact": "san_member"}, "contact"),
    ],
)
def test_what_is_refused(cast, name, more, field):
    more = more | ({"contact": cast.person(more["contact"])} if "contact" in more else {})
    with pytest.raises(Refused) as refusal:
        register(cast, name, **more)
    assert refusal.value.field == field
    assert MobileMember.objects.count() == 0


def what(row, today):
    return [(due.what, due.is_late) for due in mobile_due(row, 3, today)]


def test_a_contact_every_three_months(cast):
    row = register(cast)
    assert what(row, dt.date(2026, 8, 24)) == []
    assert what(row, dt.date(2026, 8, 25)) == [("contact_due", False)]
    assert what(row, dt.date(2026, 9, 1)) == [("contact_due", False)]
    assert what(row, dt.date(2026, 9, 2)) == [("contact_due", True)]
    row = services.log_contact(mobile=row, on=TODAY, **who(cast, "er_deputy"))
    assert (row.last_contact_on, what(row, TODAY)) == (TODAY, [])


def test_the_contact_logs_and_takes_back_strangers_do_not(cast):
    row = register(cast, contact=cast.person("er_probationary"))
    services.log_contact(mobile=row, on=TODAY, **who(cast, "er_probationary"))
    with pytest.raises(Refused):
        services.log_contact(mobile=row, on=TODAY, **who(cast, "san_secretary"))
    with pytest.raises(Refused):
        services.take_back_contact(mobile=row, scope=scope_for(cast.user("er_secretary")), by=cast.user("er_secretary"))
    mine = {"scope": scope_for(cast.user("er_probationary")), "by": cast.user("er_probationary")}
    assert services.take_back_contact(mobile=row, **mine).last_contact_on is None
    assert MobileMember.history.count() == 3


def test_back_ends_it(cast):
    row = register(cast)
    with pytest.raises(Refused):
        services.come_back(mobile=row, on=dt.date(2026, 10, 29), **who(cast, "er_secretary"))
    services.come_back(mobile=row, on=TODAY, **who(cast, "er_secretary"))
    assert what(MobileMember.objects.get(), TODAY) == []
    with pytest.raises(Refused):
        services.log_contact(mobile=row, on=TODAY, **who(cast, "er_secretary"))


def test_the_contact_is_reminded_else_who_runs_the_branch(cast):
    row = register(cast)
    assert [notice.user_id for notice in compute_mobile(NOW)] == [cast.user("er_deputy").pk]
    MobileMember.objects.filter(pk=row.pk).update(contact=None)
    assert [notice.user_id for notice in compute_mobile(NOW)] == sorted(
        [cast.user("er_secretary").pk, cast.user("er_deputy").pk]
    )
    assert len({notice.dedupe_key for notice in compute_mobile(NOW)}) == 2


@settings(deadline=None)
@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)), st.integers(0, 800), st.integers(3, 12))
def test_longer_lasts_longer(first, days, months):
    last = first + dt.timedelta(days=days)
    if services.lasts(first, last, months, first):
        assert services.lasts(first, last + dt.timedelta(days=1), months, first)
        assert days >= 28 * months - 1


# --- The pages -----------------------------------------------------------------------------------


def test_registering_from_the_page_takes_the_days_of_the_absence(cast, sign_in):
    person = cast.person("er_member")
    Absence.objects.create(person=person, from_on=LEFT_ON, to_on=dt.date(2027, 6, 1))
    client = sign_in("er_secretary")
    assert "罗萍妍" in client.get(reverse("mobile")).content.decode()
    form = client.get(reverse("mobile_new", args=[person.pk])).context["form"]
    assert form["from_on"].value() == LEFT_ON
    data = {"from_on": "2026-06-01", "to_on": "2027-06-01", "cause": "实习", "contact": cast.person("er_deputy").pk}
    assert client.post(reverse("mobile_new", args=[person.pk]), data | {"cause": ""}).status_code == 400
    assert client.post(reverse("mobile_new", args=[person.pk]), data).status_code == 302
    row = MobileMember.objects.get()
    assert (row.contact, row.talked_on) == (cast.person("er_deputy"), None)
    edit = client.post(reverse("mobile_edit", args=[row.pk]), data | {"talked_on": "2026-05-30"})
    assert (edit.status_code, MobileMember.objects.get().talked_on) == (302, dt.date(2026, 5, 30))
    assert client.post(reverse("mobile_back", args=[row.pk]), {"on": "2026-10-28"}).status_code == 302
    assert MobileMember.objects.get().ended_on == TODAY
    assert "罗萍妍" in client.get(reverse("mobile"), {"state": "back"}).content.decode()


def test_one_tap_logs_and_the_toast_takes_it_back(cast, sign_in):
    row = register(cast, contact=cast.person("er_probationary"))
    client = sign_in("er_probationary")
    page = client.get(reverse("mobile")).content.decode()
    assert reverse("mobile_contact", args=[row.pk]) in page
    assert reverse("mobile_back", args=[row.pk]) not in page
    assert client.post(reverse("mobile_contact", args=[row.pk])).status_code == 302
    assert MobileMember.objects.get().last_contact_on == TODAY
    assert reverse("mobile_contact_undo", args=[row.pk]) in client.get(reverse("mobile")).content.decode()
    client.post(reverse("mobile_contact_undo", args=[row.pk]))
    assert MobileMember.objects.get().last_contact_on is None


@pytest.mark.parametrize(
    ("name", "status"),
    [("er_secretary", 200), ("er_deputy", 200), ("mech_organiser", 200), ("er_probationary", 403), ("classmate", 403), ("administrator", 403)],
)  # fmt: skip
def test_who_sees_the_list(cast, sign_in, name, status):
    register(cast)
    assert sign_in(name).get(reverse("mobile")).status_code == status


def test_the_list_asks_as_much_for_three_as_for_one(cast, sign_in):
    counts = []
    for name in ("er_member", "er_probationary", "er_deputy"):
        register(cast, who_is=name, contact=cast.person("er_secretary"))
        client = sign_in("er_secretary")
        with CaptureQueriesContext(connection) as found:
            client.get(reverse("mobile"))
        counts.append(len(found))
    assert counts[0] == counts[2] <= 25
