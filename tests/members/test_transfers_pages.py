"""The pages of coming and going: who sees what, forms, the graduates of a year all or nothing, reminders."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import notices_transfers, transfer_services
from members.access import scope_for
from members.models import AffiliationTransfer, Person
from pairing_portal.common.registries import notice_kinds
from tests.conftest import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(cast):
    return transfer_services.ask_move(
        person=cast.person("er_member"), to_branch=cast.san, on=TODAY, scope=scope_for(cast.user("er_secretary")),
        by=cast.user("er_secretary"), today=TODAY, now=timezone.now(),
    )  # fmt: skip


def letter(cast, who="er_member", on=TODAY):
    return transfer_services.start_going(
        person=cast.person(who), kind="out", on=on, to_unit="某单位党委", scope=scope_for(cast.user("er_secretary")),
        by=cast.user("er_secretary"), today=TODAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "list_status", "page_status", "step_status"),
    [
        ("er_secretary", 200, 200, 200),
        ("san_secretary", 200, 200, 200),
        ("mech_organiser", 200, 200, 200),
        ("er_member", 403, 200, 403),
        ("si_secretary", 200, 404, 404),
        ("civil_organiser", 200, 404, 404),
        ("administrator", 403, 404, 404),
        ("classmate", 403, 404, 404),
    ],
)
def test_who_sees_a_transfer(cast, sign_in, asked, name, list_status, page_status, step_status):
    client = sign_in(name)
    assert client.get(reverse("transfers")).status_code == list_status
    assert client.get(reverse("transfer", args=[asked.pk])).status_code == page_status
    assert client.get(reverse("transfer_call_off", args=[asked.pk])).status_code == step_status


def test_the_other_branch_agrees_on_the_page(cast, sign_in, asked):
    page = sign_in("er_secretary").get(reverse("transfer", args=[asked.pk])).content.decode()
    assert reverse("transfer_take", args=[asked.pk]) not in page
    assert reverse("transfer_call_off", args=[asked.pk]) in page
    client = sign_in("san_secretary")
    assert (
        reverse("transfer_take", args=[asked.pk]) in client.get(reverse("transfer", args=[asked.pk])).content.decode()
    )
    assert client.post(reverse("transfer_take", args=[asked.pk])).status_code == 302
    assert Person.objects.get(pk=asked.person_id).party_branch == cast.san
    again = client.post(reverse("transfer_take", args=[asked.pk]))
    assert again.status_code == 400


def test_begun_on_the_page_to_a_branch_or_with_a_letter(cast, sign_in):
    client, url = sign_in("er_secretary"), reverse("transfer_new", args=[cast.person("er_member").pk])
    assert client.get(url).status_code == 200
    bad = client.post(url, {"to_branch": cast.liu.pk, "starts_on": "2026-10-28"})
    assert (bad.status_code, list(bad.context["move"].errors)) == (400, ["to_branch"])
    assert client.post(url, {"way": "go", "kind": "out", "starts_on": "2026-10-28"}).status_code == 400
    assert client.post(url, {"way": "go", "kind": "out", "starts_on": "2026-13-41", "to_unit": "x"}).status_code == 400
    done = client.post(url, {"way": "go", "kind": "out", "starts_on": "2026-10-28", "to_unit": "南宁某单位党委"})
    row = AffiliationTransfer.objects.get()
    assert (done.status_code, done.url, row.to_unit) == (302, reverse("transfer", args=[row.pk]), "南宁某单位党委")
    new = client.post(
        reverse("transfer_letter", args=[row.pk]), {"on": "2026-10-28", "to_unit": "另一单位", "letter_number": "9"}
    )
    row.refresh_from_db()
    assert (new.status_code, row.to_unit) == (302, "另一单位")
    assert client.post(reverse("transfer_call_off", args=[row.pk]), {"reason": ""}).status_code == 400
    assert client.post(reverse("transfer_receipt", args=[row.pk]), {"on": "2026-10-28"}).status_code == 302
    assert Person.objects.get(pk=row.person_id).left_on == TODAY


@pytest.mark.parametrize("name", ["er_member", "san_secretary", "administrator"])
def test_who_does_not_run_the_branch_begins_nothing(cast, sign_in, name):
    url = reverse("transfer_new", args=[cast.person("er_probationary").pk])
    assert sign_in(name).get(url).status_code in (403, 404)


def test_the_persons_page_offers_it_to_who_may(cast, sign_in, asked):
    page = reverse("person", args=[cast.person("er_deputy").pk])
    assert (
        reverse("transfer_new", args=[cast.person("er_deputy").pk])
        in sign_in("er_secretary").get(page).content.decode()
    )
    own = sign_in("er_member").get(reverse("person", args=[asked.person_id])).content.decode()
    assert reverse("transfer", args=[asked.pk]) in own
    assert reverse("transfer_new", args=[asked.person_id]) not in own


def test_what_is_late_has_a_list_of_its_own(cast, sign_in):
    late, fine = letter(cast), letter(cast, "er_deputy")
    AffiliationTransfer.objects.filter(pk=late.pk).update(
        starts_on=dt.date(2026, 7, 1), valid_until_on=dt.date(2026, 9, 29)
    )
    client = sign_in("er_secretary")
    rows = client.get(reverse("transfers"), {"state": "late"}).context["page"].object_list
    assert [row.row.pk for row in rows] == [late.pk]
    assert [row.row.pk for row in client.get(reverse("transfers")).context["page"].object_list] == [late.pk, fine.pk]
    assert (
        client.get(reverse("transfers"), {"state": "nonsense", "branch": "x' OR 1", "page": "999"}).status_code == 200
    )
    assert client.get(reverse("transfers"), {"state": "closed"}).context["page"].object_list == []


def test_the_list_asks_as_much_for_three_as_for_one(cast, sign_in):
    counts = []
    for name in ("er_member", "er_deputy", "er_probationary"):
        letter(cast, name)
        client = sign_in("er_secretary")
        with CaptureQueriesContext(connection) as found:
            client.get(reverse("transfers"))
        counts.append(len(found))
    assert counts[0] == counts[2] <= 20


# --- Graduates -----------------------------------------------------------------------------------

YEAR = {"year": "2027", "starts_on": "2027-06-20"}


def choices(cast, **more):
    member, deputy, secretary = (cast.person(name).pk for name in ("er_member", "er_deputy", "er_secretary"))
    return YEAR | {
        f"kind-{member}": "out", f"unit-{member}": "南宁市某党委", f"number-{member}": "001", f"kind-{deputy}": "stays",
        f"kind-{secretary}": "",
    } | more  # fmt: skip


def test_graduates_are_looked_at_then_entered_together(cast, sign_in):
    client, url = sign_in("er_secretary"), reverse("transfer_graduates")
    names = [line.person.name for line in client.get(url, {"year": "2027"}).context["lines"]]
    assert names == ["甘杰怡", "罗萍妍", "潘桂", "张红"]
    page = client.post(url, choices(cast))
    assert (page.status_code, page.context["is_preview"], AffiliationTransfer.objects.count()) == (200, True, 0)
    data = choices(cast) | {"action": "apply", "fingerprint": page.context["fingerprint"]}
    changed = client.post(url, data | {f"kind-{cast.person('er_deputy').pk}": "abroad"})
    assert (changed.status_code, AffiliationTransfer.objects.count()) == (200, 0)
    assert client.post(url, data).status_code == 302
    assert sorted(AffiliationTransfer.objects.values_list("person__name", "kind", "to_unit")) == [
        ("张红", "stays", ""), ("罗萍妍", "out", "南宁市某党委"),
    ]  # fmt: skip
    assert [line.person.name for line in client.get(url, {"year": "2027"}).context["lines"]] == ["甘杰怡", "潘桂"]


@pytest.mark.parametrize(
    "change",
    [{"unit": ""}, {"unit": "x" * 121}, {"kind": "moon"}, {"starts_on": "2031-01-01"}, {"starts_on": "never"}],
    ids=["no unit", "too long", "unknown kind", "far away", "no day"],
)
def test_one_fault_and_nothing_is_entered(cast, sign_in, change):
    member = cast.person("er_member").pk
    data = choices(cast) | {key if key == "starts_on" else f"{key}-{member}": value for key, value in change.items()}
    client, url = sign_in("er_secretary"), reverse("transfer_graduates")
    page = client.post(url, data)
    if page.context["is_preview"]:
        page = client.post(url, data | {"action": "apply", "fingerprint": page.context["fingerprint"]})
    assert (page.status_code, AffiliationTransfer.objects.count()) == (400, 0)


def test_nobody_chosen_and_nobody_of_others(cast, sign_in):
    client, url = sign_in("er_secretary"), reverse("transfer_graduates")
    assert client.post(url, YEAR).status_code == 400
    other = cast.person("liu_member").pk
    assert client.post(url, YEAR | {f"kind-{other}": "out", f"unit-{other}": "x"}).status_code == 400
    assert AffiliationTransfer.objects.count() == 0
    assert sign_in("er_member").get(url).status_code == 403
    assert sign_in("administrator").get(url).status_code == 403


# --- Reminders -----------------------------------------------------------------------------------


def said(kind, on):
    found = list(notices_transfers.compute_due(kind, NOW.replace(year=on.year, month=on.month, day=on.day)))
    return {notice.user_id for notice in found}, {notice.dedupe_key for notice in found}


def test_a_letter_is_spoken_of_before_and_after_its_last_day(cast):
    row = letter(cast)
    both = {cast.user("er_secretary").pk, cast.user("er_deputy").pk}
    assert said(notices_transfers.LETTER, dt.date(2027, 1, 11))[0] == set()
    assert said(notices_transfers.LETTER, dt.date(2027, 1, 12))[0] == both
    assert said(notices_transfers.LETTER, dt.date(2027, 1, 12)) == said(notices_transfers.LETTER, dt.date(2027, 1, 20))
    assert said(notices_transfers.RECEIPT, dt.date(2027, 1, 27))[0] == both
    assert said(notices_transfers.LETTER, dt.date(2027, 1, 27))[0] == set()
    kind = notice_kinds.get(notices_transfers.RECEIPT)
    subject = {"transfer": row.pk, "day": "2027-01-26", "what": "receipt_missing"}
    late = NOW.replace(year=2027, month=1, day=27)
    assert (kind.obsolete(subject, late), kind.obsolete(subject, NOW)) == (False, True)
    title, body = kind.text(subject)
    assert "罗萍妍" not in title + body
    assert "2027年1月26日" in title


def test_an_election_is_spoken_of_half_a_year_before(cast):
    cast.er.committee_term_ends_on = dt.date(2027, 4, 28)
    cast.er.save()
    found = list(notices_transfers.compute_terms(NOW))
    assert {notice.user_id for notice in found} == {cast.user("er_secretary").pk, cast.user("er_deputy").pk}
    assert list(notices_transfers.compute_terms(NOW - dt.timedelta(days=1))) == []
    kind = notice_kinds.get(notices_transfers.TERM)
    assert not kind.obsolete(found[0].subject, NOW)
    cast.er.committee_term_ends_on = dt.date(2030, 4, 28)
    cast.er.save()
    assert kind.obsolete(found[0].subject, NOW)
