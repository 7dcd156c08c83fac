"""Successors on the pages: offered with the transfer, kept, shown, carried out; the way back; leaving without a transfer."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import AffiliationTransfer, Person, Post
from pairings.models import MemberPairing
from tests.pairings.crew import activate, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(cast):
    member, (other,) = cast.person("er_member"), enrol(cast.er, 1)
    post = Post.objects.create(person=member, party_branch=cast.er, kind="publicity_officer", since=dt.date(2026, 9, 1))
    pair = MemberPairing.objects.create(
        pairing=activate(cast), helper=member, partner=cast.person("san_member"), starts_on=dt.date(2026, 10, 8),
        published_at=timezone.now(),
    )  # fmt: skip
    return {"member": member, "other": other, "post": post, "pair": pair}


def ask(client, cast, held, **more):
    sent = {"to_branch": cast.si.pk, "starts_on": "2026-10-28"} | more
    return client.post(reverse("transfer_new", args=[held["member"].pk]), sent)


def test_the_whole_way_and_back(cast, sign_in, held):
    secretary = sign_in("er_secretary")
    page = secretary.get(reverse("transfer_new", args=[held["member"].pk])).content.decode()
    for words in (
        "由谁接任",
        "无人接任：随之终止",
        "学生100",
        f'name="to-post-{held["post"].pk}"',
        f'name="to-pair-{held["pair"].pk}"',
    ):
        assert words in page
    ask(secretary, cast, held, **{f"to-post-{held['post'].pk}": held["other"].pk, f"to-pair-{held['pair'].pk}": ""})
    row = AffiliationTransfer.objects.get()
    assert {key: value["to"] for key, value in row.successors.items()} == {f"post-{held['post'].pk}": held["other"].pk}
    detail = secretary.get(reverse("transfer", args=[row.pk])).content.decode()
    assert "完成时由谁接任" in detail
    assert "原支部" in detail
    # The choice is changed before the other side answers.
    sent = {f"to-post-{held['post'].pk}": held["other"].pk, f"to-pair-{held['pair'].pk}": held["other"].pk}
    assert secretary.post(reverse("transfer_successors", args=[row.pk]), sent).status_code == 302
    taker = sign_in("si_secretary")
    # The receiving side reads who takes over and decides nothing of it but the answer.
    page = taker.get(reverse("transfer_take", args=[row.pk])).content.decode()
    assert ("完成时由谁接任" in page, "to-post-" in page) == (True, False)
    assert taker.post(reverse("transfer_take", args=[row.pk])).status_code == 302
    assert Post.objects.get(ended_on=None, kind="publicity_officer").person == held["other"]
    assert MemberPairing.objects.get(ended_on=None).helper == held["other"]
    detail = taker.get(reverse("transfer", args=[row.pk])).content.decode()
    assert "由罗萍妍交给学生100" in detail
    assert taker.post(reverse("transfer_back", args=[row.pk]), {"reason": ""}).status_code == 400
    taker.post(reverse("transfer_back", args=[row.pk]), {"reason": "转错了"})
    assert Person.objects.get(pk=held["member"].pk).party_branch == cast.er
    detail = secretary.get(reverse("transfer", args=[row.pk])).content.decode()
    for words in ("已撤回", "转错了", "需要手工办理", "仍由接任的学生100承担"):
        assert words in detail
    assert "撤回转接" not in detail
    # The person reads that it was taken back, not what others took over.
    mine = sign_in("er_member").get(reverse("transfer", args=[row.pk])).content.decode()
    assert ("已撤回" in mine, "学生100" in mine) == (True, False)


def test_what_stands_in_the_way_is_said_instead_of_the_form(cast, sign_in, held):
    organiser = sign_in("mech_organiser")
    ask(organiser, cast, held)
    row = AffiliationTransfer.objects.get()
    assert row.state == "done"
    Post.objects.create(person=held["member"], party_branch=cast.si, kind="youth_officer", since=dt.date(2026, 10, 28))
    page = organiser.get(reverse("transfer_back", args=[row.pk])).content.decode()
    assert ("青年委员" in page, 'name="reason"' in page) == (True, False)


@pytest.mark.parametrize("value", ["x", "999999", "-1", "1e3"])
def test_somebody_who_is_not_offered_is_refused_beside_the_field(cast, sign_in, held, value):
    answer = ask(sign_in("er_secretary"), cast, held, **{f"to-post-{held['post'].pk}": value})
    assert answer.status_code == 400
    assert AffiliationTransfer.objects.count() == 0


def test_leaving_from_the_persons_page(cast, sign_in, held):
    secretary = sign_in("er_secretary")
    address = reverse("person_leave", args=[held["member"].pk])
    assert address in secretary.get(reverse("person", args=[held["member"].pk])).content.decode()
    assert secretary.post(address, {"on": "2026-11-28"}).status_code == 400
    assert (
        secretary.post(address, {"on": "2026-10-28", f"to-post-{held['post'].pk}": held["other"].pk}).status_code == 302
    )
    assert Person.objects.get(pk=held["member"].pk).left_on == dt.date(2026, 10, 28)
    assert Post.objects.get(ended_on=None, kind="publicity_officer").person == held["other"]
