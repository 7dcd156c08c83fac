"""One branch over two partners: an even split, what was fixed by hand, one group a year, publishing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from notifications.models import Notice
from pairing_portal.common.problems import Refused
from pairings import board_services, group_services
from pairings.board import read_board
from pairings.models import BranchSplit, GroupPlace, MemberPairing, PairingGroup

from .crew import activate, by, enrol, send_away

TODAY = dt.date(2026, 10, 28)


@pytest.fixture
def two(cast):
    """Branch Er with 22 members helps San and Si."""
    extra = enrol(cast.er, 18)
    for person in extra[:6]:
        send_away(person, dt.date(2027, 3, 1), dt.date(2027, 5, 31))
    return activate(cast), activate(cast, partner=cast.si)


def step(cast, name="er_secretary"):
    split = BranchSplit.objects.filter(branch=cast.er, academic_year=cast.year).first()
    return {
        "branch": cast.er, "year": cast.year, "version": split.version if split else None, "today": TODAY, **by(cast, name),
    }  # fmt: skip


def groups(cast):
    """Members by group of the draft."""
    return {
        group.pairing.partner_branch: list(
            GroupPlace.objects.filter(draft_group=group).order_by("person__number").select_related("person")
        )
        for group in PairingGroup.objects.all()
    }


def publish(cast):
    return group_services.publish_split(**step(cast), by=cast.user("er_secretary"), now=timezone.now())


def test_22_members_are_divided_into_two_groups_alike_in_size_majors_and_absences(cast, two):
    report = group_services.propose_split(**step(cast))
    assert report.sizes == {"第一组": 11, "第二组": 11}
    found = groups(cast)
    majors = [sum(place.person.major == "数控技术" for place in places) for places in found.values()]
    away = [sum(place.person.absences.exists() for place in places) for places in found.values()]
    stages = [sum(place.person.stage == "probationary" for place in places) for places in found.values()]
    assert (max(majors) - min(majors) <= 1, sorted(away), sorted(stages)) == (True, [3, 3], [0, 1])


def test_what_was_put_by_hand_stays_through_a_proposal(cast, two):
    group_services.propose_split(**step(cast))
    target = PairingGroup.objects.get(pairing=two[1])
    for name in ("er_secretary", "er_deputy", "er_member"):
        group_services.place_member(**step(cast), person_id=cast.person(name).pk, group_id=target.pk)
    report = group_services.propose_split(**step(cast))
    placed = {place.person for place in groups(cast)[cast.si]}
    assert {cast.person(name) for name in ("er_secretary", "er_deputy", "er_member")} <= placed
    assert report.sizes == {"第一组": 11, "第二组": 11}


def test_the_database_keeps_one_group_a_year(cast, two):
    group_services.propose_split(**step(cast))
    place = GroupPlace.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        GroupPlace.objects.create(split=place.split, academic_year=cast.year, person=place.person)


def test_publishing_puts_each_member_on_one_board_and_tells_them_once(cast, two):
    group_services.propose_split(**step(cast))
    assert read_board(two[0], today=TODAY).needs_split is True
    counts = publish(cast)
    boards = [read_board(pairing, today=TODAY) for pairing in two]
    assert [len(board.helpers) for board in boards] == [11, 11]
    assert {card.pk for card in boards[0].helpers} & {card.pk for card in boards[1].helpers} == set()
    assert counts["placed"] == 22
    # Of the 22 three have accounts beside the secretary who pressed.
    assert Notice.objects.filter(kind="pairings.groups_published").count() == 3 == counts["told"]


def test_nobody_may_be_left_without_a_group(cast, two):
    group_services.propose_split(**step(cast))
    group_services.place_member(**step(cast), person_id=cast.person("er_member").pk, group_id=None)
    with pytest.raises(Refused, match="尚未分组：罗萍妍"):
        publish(cast)
    assert GroupPlace.objects.filter(group__isnull=False).count() == 0


def test_a_member_who_moves_ends_the_pair_of_the_old_group(cast, two):
    group_services.propose_split(**step(cast))
    place = GroupPlace.objects.get(person=cast.person("er_member"))
    first = PairingGroup.objects.get(pairing=two[0])
    group_services.place_member(**step(cast), person_id=place.person_id, group_id=first.pk)
    publish(cast)
    two[0].refresh_from_db()
    pair, _gone = board_services.set_pair(
        pairing_id=two[0].pk, version=two[0].board_version, helper_id=place.person_id,
        partner_id=cast.person("san_member").pk, today=TODAY, **by(cast, "er_secretary"),
    )  # fmt: skip
    two[0].refresh_from_db()
    board_services.publish_board(
        pairing_id=two[0].pk, version=two[0].board_version, by=cast.user("er_secretary"), now=timezone.now(), today=TODAY,
        **by(cast, "er_secretary"),
    )  # fmt: skip
    second = PairingGroup.objects.get(pairing=two[1])
    group_services.place_member(**step(cast), person_id=place.person_id, group_id=second.pk)
    assert publish(cast)["ended"] == 1
    pair.refresh_from_db()
    assert (pair.ended_on, pair.end_reason) == (TODAY, "调到其他组")
    assert MemberPairing.objects.open().count() == 0


def test_members_of_an_ended_pairing_are_divided_again(cast, two):
    group_services.propose_split(**step(cast))
    publish(cast)
    group_services.pin_place(
        **step(cast), person_id=GroupPlace.objects.filter(group__pairing=two[1])[0].person_id, is_fixed=True
    )
    two[1].state = "ended_early"
    two[1].save()
    report = group_services.propose_split(**step(cast))
    assert report.sizes == {"第一组": 22}


def test_discarding_brings_the_published_groups_back(cast, two):
    group_services.propose_split(**step(cast))
    publish(cast)
    place = GroupPlace.objects.get(person=cast.person("er_member"))
    other = PairingGroup.objects.exclude(pk=place.group_id).get()
    group_services.place_member(**step(cast), person_id=place.person_id, group_id=other.pk)
    group_services.discard_split(**step(cast))
    place.refresh_from_db()
    assert place.draft_group_id == place.group_id


@pytest.mark.parametrize("name", ["san_secretary", "mech_organiser", "er_member", "administrator"])
def test_only_the_branchs_own_secretary_divides_it(cast, two, name):
    with pytest.raises(Refused, match="分组由本支部书记进行"):
        group_services.propose_split(**step(cast, name))


def test_a_stale_page_and_a_stranger_are_refused(cast, two):
    group_services.propose_split(**step(cast))
    old = step(cast)
    group_services.propose_split(**step(cast))
    with pytest.raises(board_services.StaleBoard):
        group_services.place_member(**old, person_id=cast.person("er_member").pk, group_id=None)
    with pytest.raises(Refused, match="不是可以分组的本支部党员"):
        group_services.place_member(**step(cast), person_id=cast.person("liu_member").pk, group_id=None)
    with pytest.raises(Refused, match="没有这个组"):
        group_services.place_member(**step(cast), person_id=cast.person("er_member").pk, group_id=999999)


def test_the_page_divides_moves_and_publishes(cast, two, sign_in):
    client = sign_in("er_secretary")
    url = reverse("split", args=[cast.er.pk])
    client.get(url)

    def post(name, query="", **more):
        values = {"version": BranchSplit.objects.get().version, **more}
        return client.post(reverse(name, args=[cast.er.pk]) + query, values, follow=True).content.decode()

    assert "第一组 11、第二组 11" in post("split_propose")
    target = PairingGroup.objects.get(pairing=two[1]).pk
    person = cast.person("er_member").pk
    assert "编入第二组" in post("split_place", f"?group={target}", person=person)
    assert "已公布" in post("split_publish")
    assert GroupPlace.objects.get(person_id=person).group_id == target


def test_without_a_pairing_the_page_says_what_to_do(cast, sign_in):
    page = sign_in("er_secretary").get(reverse("split", args=[cast.er.pk])).content.decode()
    assert "本学年还没有双方确认的结对" in page


def test_the_page_asks_the_same_number_of_queries_for_few_and_many(cast, two, sign_in, django_assert_num_queries):
    client, url = sign_in("er_secretary"), reverse("split", args=[cast.er.pk])
    group_services.propose_split(**step(cast))
    client.get(url)
    with django_assert_num_queries(24):
        client.get(url)
    enrol(cast.er, 5, start=700)
    client.get(url)
    with django_assert_num_queries(24):
        client.get(url)
