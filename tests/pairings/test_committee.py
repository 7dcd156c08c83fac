"""Same post to same post, vacancies flagged, adjusted by hand, published with the board (R91)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.models import Post
from pairing_portal.common.problems import Refused
from pairings import board_services, committee_services
from pairings.models import CommitteePairing

from .crew import activate, by

TODAY = dt.date(2026, 10, 28)


@pytest.fixture
def pairing(cast):
    Post.objects.create(person=cast.person("er_member"), party_branch=cast.er, kind="publicity_officer", since=TODAY)
    Post.objects.create(person=cast.person("san_member"), party_branch=cast.san, kind="discipline_officer", since=TODAY)
    return activate(cast)


def step(pairing, cast, name="er_secretary"):
    pairing.refresh_from_db()
    return {"pairing_id": pairing.pk, "version": pairing.board_version, **by(cast, name)}


def rows():
    return [
        (row.kind, row.helping_post and row.helping_post.person.name, row.partner_post and row.partner_post.person.name)
        for row in CommitteePairing.objects.filter(ended_on=None).select_related(
            "helping_post__person", "partner_post__person"
        )
    ]


def test_the_same_posts_stand_beside_each_other_and_vacancies_are_flagged(cast, pairing):
    assert committee_services.propose_committee(**step(pairing, cast), today=TODAY) == (4, 3)
    assert rows() == [
        ("branch_secretary", "甘杰怡", "潘晨"),
        ("deputy_secretary", "张红", None),
        ("publicity_officer", "罗萍妍", None),
        ("discipline_officer", None, "罗杰"),
    ]
    # A second proposal changes nothing.
    assert committee_services.propose_committee(**step(pairing, cast), today=TODAY) == (0, 3)


def test_a_new_holder_fills_the_vacancy_and_an_ended_post_leaves_the_board(cast, pairing):
    committee_services.propose_committee(**step(pairing, cast), today=TODAY)
    old = Post.objects.get(kind="discipline_officer")
    old.ended_on = TODAY
    old.save()
    Post.objects.create(person=cast.person("san_member"), party_branch=cast.san, kind="publicity_officer", since=TODAY)
    committee_services.propose_committee(**step(pairing, cast), today=TODAY)
    assert ("publicity_officer", "罗萍妍", "罗杰") in rows()
    assert [row for row in rows() if row[0] == "discipline_officer"] == []


def test_posts_are_paired_by_hand_across_kinds(cast, pairing):
    committee_services.propose_committee(**step(pairing, cast), today=TODAY)
    publicity, discipline = Post.objects.get(kind="publicity_officer"), Post.objects.get(kind="discipline_officer")
    committee_services.pair_posts(
        **step(pairing, cast), helping_post_id=publicity.pk, partner_post_id=discipline.pk, today=TODAY
    )
    assert ("publicity_officer", "罗萍妍", "罗杰") in rows()
    assert len(rows()) == 3
    with pytest.raises(Refused, match="这两个职务已结对"):
        committee_services.pair_posts(
            **step(pairing, cast), helping_post_id=publicity.pk, partner_post_id=discipline.pk, today=TODAY
        )


def test_a_post_of_another_branch_is_refused(cast, pairing):
    other = Post.objects.get(party_branch=cast.liu)
    with pytest.raises(Refused) as refusal:
        committee_services.pair_posts(
            **step(pairing, cast), helping_post_id=other.pk, partner_post_id=None, today=TODAY
        )
    assert refusal.value.text == "该职务今天不在第二党支部任职名单中，请刷新页面。（规则 R91）"
    with pytest.raises(Refused, match="请至少选择一方的职务"):
        committee_services.pair_posts(**step(pairing, cast), helping_post_id=None, partner_post_id=None, today=TODAY)


def test_posts_are_published_with_the_board(cast, pairing):
    committee_services.propose_committee(**step(pairing, cast), today=TODAY)
    counts = board_services.publish_board(
        **step(pairing, cast), by=cast.user("er_secretary"), now=timezone.now(), today=TODAY
    )
    assert (counts["posts"], CommitteePairing.objects.filter(published_at=None).count()) == (4, 0)
