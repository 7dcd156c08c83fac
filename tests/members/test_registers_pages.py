"""Pages of a register: what they cost, in which order they list, where counting stops, odd addresses."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.admin_lists import CappedPaginator
from members.models import Absence, Person
from members.saved_view_services import save_view
from tests.conftest import TODAY
from tests.members.test_registers import APPLIED, REGISTERS, listed, page, person

pytestmark = pytest.mark.django_db


def queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len(found)


@pytest.mark.parametrize("who", ["college_organiser", "er_secretary", "mech_organiser"])
@pytest.mark.parametrize("register", REGISTERS)
def test_at_most_twelve_queries_a_page_whatever_it_holds(cast, sign_in, register, who):
    dates = {"applicant": 1, "activist": 2, "candidate": 3, "member": 4, "person": 1}[register]
    fields = ("applied_on", "activist_on", "candidate_on", "admitted_on")[:dates]
    for name in ("今年", "明年"):
        save_view(user=cast.user(who), register=register, name=name, query="", columns=[])
    client, counts, made = sign_in(who), [], 0
    for wanted in (1, 3, 100):
        for number in range(made, wanted):
            made += 1
            person(
                cast,
                f"2099{number:05}",
                **{field: APPLIED + dt.timedelta(days=400 * at) for at, field in enumerate(fields)}
                | {"school_class": cast.class_24},
            )
        counts.append(
            queries(client, page(register, "?cols=department&cols=branch&cols=school_class&cols=phone&cols=political"))
        )
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 12


def test_counting_stops_and_the_page_says_so(cast, sign_in, monkeypatch):
    monkeypatch.setattr("members.admin_lists.COUNTED", 5)
    answer = sign_in("college_organiser").get(page())
    assert (answer.context["cl"].result_count, answer.context["cl"].paginator.is_capped) == (5, True)
    assert 'register-hint" role="status"' in answer.content.decode()
    few = CappedPaginator(Person.objects.filter(party_branch=cast.san), 50)
    assert (few.count, few.is_capped) == (3, False)


def many(cast, count=7, **fields):
    """People of Er whose name begins with 欧阳, in the order of the register."""
    rows = [
        Person(number=f"2098{n:05}", name=f"欧阳{n}", name_key=f"ouyang {9 - n}", department=cast.mech, party_branch=cast.er, **fields)
        for n in range(count)
    ]  # fmt: skip
    Person.objects.bulk_create(rows)
    return [row.name for row in reversed(rows)]


@pytest.mark.parametrize(("order", "turn"), [("", 1), ("&o=-1", -1), ("&o=2", -1), ("&o=-2", 1)])
def test_a_search_is_listed_in_order_page_by_page(cast, sign_in, monkeypatch, order, turn):
    monkeypatch.setattr("members.admin.RosterAdmin.list_per_page", 3)
    expected, client = many(cast)[::turn], sign_in("er_secretary")
    pages = [listed(client.get(page(query=f"?q=欧阳{order}&p={number}"))) for number in (1, 2, 3)]
    assert pages == [expected[:3], expected[3:6], expected[6:]]
    assert listed(client.get(page(query=f"?q=欧阳{order}&all="))) == expected


def test_whoever_is_away_is_listed_in_order_page_by_page(cast, sign_in, monkeypatch):
    monkeypatch.setattr("members.admin.RosterAdmin.list_per_page", 3)
    expected, client = many(cast), sign_in("er_secretary")
    rows = Person.objects.filter(name__in=expected)
    Absence.objects.bulk_create(
        Absence(person=row, kind=kind, from_on=TODAY) for row in rows for kind in ("internship", "leave")
    )
    pages = [listed(client.get(page(query=f"?away=yes&q=欧阳&p={number}"))) for number in (1, 2, 3)]
    assert pages == [expected[:3], expected[3:6], expected[6:]]
    assert listed(client.get(page(query="?away=yes&p=2"))) == expected[3:6]


def test_a_search_that_finds_too_many_says_how_to_find_fewer(cast, sign_in, monkeypatch):
    monkeypatch.setattr("members.admin_lists.FOUND", 5)
    expected, client = many(cast), sign_in("er_secretary")
    answer = client.get(page(query="?q=欧阳"))
    assert (answer.context["cl"].result_count, answer.context["cl"].paginator.is_capped) == (5, True)
    assert listed(answer) == expected[:5]
    assert "再输入几个字" in answer.content.decode()
    everybody = client.get(reverse("admin:members_person_export") + "?q=欧阳")
    assert everybody.context["row_count"] == 7
    assert client.get(page(query="?q=欧阳1")).context["cl"].paginator.is_capped is False


def test_a_page_beyond_what_was_found_leads_back(cast, sign_in, monkeypatch):
    monkeypatch.setattr("members.admin.RosterAdmin.list_per_page", 3)
    many(cast)
    assert sign_in("er_secretary").get(page(query="?q=欧阳&p=9")).url == page(query="?e=1")


@pytest.mark.parametrize(
    "query",
    [
        "?cols=" + "x" * 5000,
        "?view=abc",
        "?view=999999999999",
        "?cols=%00",
        "?q=" + "罗" * 3000,
        "?" + "&".join(f"cols={n}" for n in range(300)),
    ],
)
def test_odd_addresses_answer(cast, sign_in, query):
    assert sign_in("er_secretary").get(page(query=query)).status_code == 200
