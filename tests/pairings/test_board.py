"""The board of a pairing: drawing pairs by hand and by the solver, a draft nobody hears of, publishing it once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from pairings import board_services
from pairings.board import read_board, side_capacities
from pairings.models import BranchPairing, MatchingWish, MemberPairing
from pairings.proposal import propose
from pairings.wording import reason_words

from .crew import activate, by, enrol, send_away
from .deeds import race

TODAY = dt.date(2026, 10, 28)


@pytest.fixture
def pairing(cast):
    return activate(cast)


def press(pairing, cast, name="er_secretary"):
    """The arguments of a step by somebody who sees the board as it is now."""
    pairing.refresh_from_db()
    return {"pairing_id": pairing.pk, "version": pairing.board_version, **by(cast, name)}


def draw(pairing, cast, helper, partner, name="er_secretary", **more):
    return board_services.set_pair(
        **press(pairing, cast, name), helper_id=helper.pk, partner_id=partner.pk, today=TODAY, **more
    )[0]


def publish(pairing, cast, name="er_secretary"):
    return board_services.publish_board(
        **press(pairing, cast, name), by=cast.user(name), now=timezone.now(), today=TODAY
    )


def test_a_pair_drawn_by_hand_is_a_pinned_draft_that_nobody_outside_hears_of(cast, pairing):
    pair = draw(pairing, cast, cast.person("er_member"), cast.person("san_member"))
    assert (pair.is_draft, pair.is_fixed, pair.starts_on) == (True, True, TODAY)
    assert not MemberPairing.objects.visible_to(scope_for(cast.user("er_member"))).exists()
    assert MemberPairing.objects.visible_to(scope_for(cast.user("san_secretary"))).get() == pair
    assert Notice.objects.count() == 0


def test_publishing_tells_each_person_concerned_once_and_never_the_one_who_pressed(cast, pairing):
    draw(pairing, cast, cast.person("er_member"), cast.person("san_member"))
    assert publish(pairing, cast) == {"new": 1, "ended": 0, "posts": 0, "told": 4}
    told = Notice.objects.filter(kind="pairings.pairs_published").values_list("user__username", flat=True)
    # The two, the deputy of Er, the secretary of San.
    assert sorted(told) == sorted(
        cast.user(name).username for name in ("er_member", "san_member", "er_deputy", "san_secretary")
    )
    assert MemberPairing.objects.open().count() == 1
    with pytest.raises(Refused, match="没有改动"):
        publish(pairing, cast)


def test_a_published_pair_given_up_stays_until_the_board_is_published(cast, pairing):
    pair = draw(pairing, cast, cast.person("er_member"), cast.person("san_member"))
    publish(pairing, cast)
    board_services.drop_pair(**press(pairing, cast), pair_id=pair.pk)
    pair.refresh_from_db()
    assert (pair.is_dropped, pair.ended_on) == (True, None)
    assert MemberPairing.objects.open().count() == 1
    assert publish(pairing, cast)["ended"] == 1
    pair.refresh_from_db()
    assert (pair.ended_on, MemberPairing.objects.open().count()) == (TODAY, 0)


def test_a_pair_whose_member_moved_to_another_branch_is_shown_and_can_be_ended(cast, pairing, sign_in):
    pair = draw(pairing, cast, cast.person("er_member"), cast.person("san_member"))
    publish(pairing, cast)
    cast.person("er_member").party_branch = cast.si
    cast.person("er_member").save()
    page = sign_in("er_secretary").get(reverse("board", args=[pairing.pk])).content.decode()
    assert "已不在双方名单中的结对" in page
    board_services.drop_pair(**press(pairing, cast), pair_id=pair.pk)
    assert read_board(pairing, today=TODAY).changes == 1
    assert publish(pairing, cast)["ended"] == 1
    assert read_board(pairing, today=TODAY).loose == []


def test_discarding_brings_back_what_is_published(cast, pairing):
    pair = draw(pairing, cast, cast.person("er_member"), cast.person("san_member"))
    publish(pairing, cast)
    board_services.drop_pair(**press(pairing, cast), pair_id=pair.pk)
    draw(pairing, cast, cast.person("er_deputy"), cast.person("san_member"))
    board_services.discard_draft(**press(pairing, cast))
    assert list(MemberPairing.objects.on_board()) == [pair]
    assert MemberPairing.objects.count() == 1


def test_undo_takes_a_step_back_and_restores_what_made_room(cast, pairing):
    first = draw(pairing, cast, cast.person("er_member"), cast.person("san_member"))
    board_services.pin_pair(**press(pairing, cast), pair_id=first.pk, is_fixed=False)
    pair, gone = board_services.set_pair(
        **press(pairing, cast), helper_id=cast.person("er_deputy").pk, partner_id=cast.person("san_member").pk, today=TODAY,
        replace=True,
    )  # fmt: skip
    # Four helpers, one partner: the partner may have two.
    assert gone == []
    board_services.take_back(pairing_id=pairing.pk, drop=pair.pk, couples=[], today=TODAY, **by(cast, "er_secretary"))
    assert [(pair.helper, pair.is_fixed) for pair in MemberPairing.objects.all()] == [(cast.person("er_member"), False)]


@pytest.mark.parametrize(
    ("helping", "partner", "capacities"),
    [(22, 11, (1, 2)), (11, 11, (1, 1)), (10, 11, (2, 1)), (3, 40, (2, 1)), (0, 5, (1, 1))],
)
def test_a_second_partner_only_on_the_smaller_side_and_never_over_the_limit(helping, partner, capacities):
    assert side_capacities(helping, partner, limit=2) == capacities


def test_one_more_than_the_capacity_is_refused_with_what_to_do(cast, pairing):
    extra = enrol(cast.san, 3, programme="diploma", year=2024)
    # Now four on each side: one partner each.
    draw(pairing, cast, cast.person("er_member"), extra[0])
    with pytest.raises(Refused) as refusal:
        draw(pairing, cast, cast.person("er_member"), extra[1])
    assert refusal.value.text == "罗萍妍已与学生100结对；这里每人最多 1 人。请先解除或取消固定那一对。（规则 R90）"
    assert MemberPairing.objects.count() == 1


def test_what_stands_in_the_way_goes_when_it_is_not_pinned(cast, pairing):
    extra = enrol(cast.san, 3, programme="diploma", year=2024)
    old = draw(pairing, cast, cast.person("er_member"), extra[0])
    board_services.pin_pair(**press(pairing, cast), pair_id=old.pk, is_fixed=False)
    new, gone = board_services.set_pair(
        **press(pairing, cast), helper_id=cast.person("er_member").pk, partner_id=extra[1].pk, today=TODAY, replace=True
    )
    assert [couple.partner.name for couple in gone] == ["学生100"]
    assert list(MemberPairing.objects.all()) == [new]


def refusals(cast, pairing):
    third = cast.person("liu_member")
    graduate = enrol(cast.er, 1, start=300)[0]
    graduate.graduates_on = dt.date(2026, 6, 30)
    graduate.save()
    away = enrol(cast.san, 1, start=400, programme="diploma", year=2024)[0]
    send_away(away, dt.date(2026, 9, 1), None)
    shy = enrol(cast.san, 1, start=500, programme="diploma", year=2024)[0]
    MatchingWish.objects.create(academic_year=cast.year, person=shy, is_left_out=True)
    return {
        "third branch": (third, cast.person("san_member"), "所选的人不在第二党支部一方"),
        "graduate": (graduate, cast.person("san_member"), "所选的人不在第二党支部一方"),
        "teacher": (cast.person("er_member"), cast.person("san_secretary"), "所选的人不在第三党支部一方"),
        "activist": (cast.person("er_member"), cast.person("san_activist"), "所选的人不在第三党支部一方"),
        "never together": (cast.person("er_member"), away, "结对期间没有同时在校的时间"),
        "left out": (cast.person("er_member"), shy, "本人申请不参加结对"),
    }


@pytest.mark.parametrize("case", ["third branch", "graduate", "teacher", "activist", "never together", "left out"])
def test_who_cannot_be_paired_is_refused_in_words_and_nothing_is_written(cast, pairing, case):
    helper, partner, words = refusals(cast, pairing)[case]
    with pytest.raises(Refused, match=words):
        draw(pairing, cast, helper, partner)
    pairing.refresh_from_db()
    assert (MemberPairing.objects.count(), pairing.board_version) == (0, 0)


def test_a_stale_board_is_refused_and_says_so(cast, pairing):
    old = press(pairing, cast)
    draw(pairing, cast, cast.person("er_member"), cast.person("san_member"), name="san_secretary")
    with pytest.raises(board_services.StaleBoard, match="其他人"):
        board_services.set_pair(
            **old, helper_id=cast.person("er_deputy").pk, partner_id=cast.person("san_member").pk, today=TODAY
        )
    assert MemberPairing.objects.count() == 1


@pytest.mark.parametrize("name", ["si_secretary", "mech_organiser", "administrator", "er_member"])
def test_only_the_two_secretaries_change_the_board(cast, pairing, name):
    with pytest.raises(Refused, match="看板由双方支部书记调整"):
        draw(pairing, cast, cast.person("er_member"), cast.person("san_member"), name=name)


def test_the_solver_pairs_by_major_and_time_together_and_leaves_pins_alone(cast, pairing):
    enrol(cast.san, 4, programme="diploma", year=2024)
    pinned = draw(pairing, cast, cast.person("er_member"), cast.person("san_member"))
    board_services.propose_pairs(**press(pairing, cast), today=TODAY)
    pairs = list(MemberPairing.objects.on_board().select_related("helper", "partner"))
    assert pinned in pairs
    # Four helpers, five partners: everybody has somebody.
    assert {pair.helper for pair in pairs} == {
        cast.person(name) for name in ("er_secretary", "er_deputy", "er_member", "er_probationary")
    }
    assert len({pair.partner_id for pair in pairs}) == 5
    same = [pair for pair in pairs if not pair.is_fixed and pair.helper.major == pair.partner.major]
    assert all(["same_major", 30, None] in pair.reasons for pair in same)
    assert [pair.score for pair in pairs] == [sum(reason[1] for reason in pair.reasons) for pair in pairs]


def test_published_pairs_stay_unless_rearranging_is_asked_for(cast, pairing):
    extra = enrol(cast.san, 3, programme="diploma", year=2024)
    MatchingWish.objects.create(academic_year=cast.year, person=extra[0], asks=["study", "life"])
    MatchingWish.objects.create(
        academic_year=cast.year, person=cast.person("er_deputy"), offers=["study", "life"], asks=[]
    )
    pair = draw(pairing, cast, cast.person("er_member"), extra[0])
    board_services.pin_pair(**press(pairing, cast), pair_id=pair.pk, is_fixed=False)
    publish(pairing, cast)
    board_services.propose_pairs(**press(pairing, cast), today=TODAY)
    pair.refresh_from_db()
    assert pair.is_dropped is False
    board_services.propose_pairs(**press(pairing, cast), today=TODAY, rearrange=True)
    pair.refresh_from_db()
    better = MemberPairing.objects.on_board().get(partner=extra[0])
    assert (pair.is_dropped, better.helper) == (True, cast.person("er_deputy"))
    assert "支持领域相合：学习、生活 +30" in reason_words(better.reasons)


def test_the_proposal_is_the_same_whatever_the_order_of_rows(cast, pairing):
    enrol(cast.san, 5, programme="diploma", year=2024)
    enrol(cast.er, 3)
    board = read_board(pairing, today=TODAY)
    first = [(pair.helper.number, pair.partner.number) for pair in propose(board, today=TODAY).pairs]
    board.helpers.reverse()
    board.partners.reverse()
    again = [(pair.helper.number, pair.partner.number) for pair in propose(board, today=TODAY).pairs]
    assert sorted(first) == sorted(again)


def test_left_over_people_are_told_why(cast, pairing, sign_in):
    away = enrol(cast.san, 1, start=400, programme="diploma", year=2024)[0]
    send_away(away, dt.date(2026, 9, 1), None)
    page = sign_in("er_secretary").get(reverse("board", args=[pairing.pk])).content.decode()
    assert "结对期间与对方任何人都没有同时在校的时间" in page


def test_the_board_asks_the_same_number_of_queries_for_one_and_many(cast, pairing, sign_in, django_assert_num_queries):
    client = sign_in("er_secretary")
    url = reverse("board", args=[pairing.pk])
    draw(pairing, cast, cast.person("er_member"), cast.person("san_member"))
    client.get(url)
    with django_assert_num_queries(23):
        client.get(url)
    enrol(cast.san, 6, programme="diploma", year=2024)
    enrol(cast.er, 6)
    board_services.propose_pairs(**press(pairing, cast), today=TODAY)
    with django_assert_num_queries(23):
        client.get(url)


def test_the_partner_sees_of_people_only_name_class_major_stage_and_months(cast, pairing, sign_in):
    page = sign_in("san_secretary").get(reverse("board", args=[pairing.pk])).content.decode()
    person = cast.person("er_secretary")
    assert "甘杰怡" in page
    assert (person.number in page, person.phone in page) == (False, False)


def test_members_and_strangers_do_not_see_the_board(cast, pairing, sign_in):
    url = reverse("board", args=[pairing.pk])
    assert sign_in("er_member").get(url).status_code == 403
    assert sign_in("si_secretary").get(url).status_code == 404
    assert sign_in("mech_organiser").get(url).status_code == 200


@pytest.mark.parametrize(
    "values",
    [{"helper": "x"}, {"helper": "99999999999999999999"}, {"helper": ""}, {"version": "-1"}, {"partner": "１"}],
)
def test_a_forged_form_is_404_and_writes_nothing(cast, pairing, sign_in, values):
    form = {"helper": cast.person("er_member").pk, "partner": cast.person("san_member").pk, "version": 0} | values
    assert sign_in("er_secretary").post(reverse("board_pair", args=[pairing.pk]), form).status_code == 404
    assert MemberPairing.objects.count() == 0


def test_the_page_draws_a_pair_and_a_stale_page_is_answered_in_words(cast, pairing, sign_in):
    client = sign_in("er_secretary")
    form = {"helper": cast.person("er_member").pk, "partner": cast.person("san_member").pk, "version": 0}
    page = client.post(reverse("board_pair", args=[pairing.pk]), form, follow=True).content.decode()
    assert "撤销" in page
    form["helper"] = cast.person("er_deputy").pk
    page = client.post(reverse("board_pair", args=[pairing.pk]), form, follow=True).content.decode()
    assert "请重复刚才的操作" in page
    assert MemberPairing.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clients", [2, 8])
def test_many_secretaries_at_once_draw_one_pair(transactional_db, today, clients):
    from tests.cast import build_cast

    cast = build_cast(today)
    pairing = activate(cast)
    seen = press(pairing, cast)
    results = race(
        lambda _index: board_services.set_pair(
            **seen, helper_id=cast.person("er_member").pk, partner_id=cast.person("san_member").pk, today=TODAY
        ),
        clients,
    )
    assert sum(isinstance(result, board_services.StaleBoard) for result in results) == clients - 1
    assert MemberPairing.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_at_once_both_get_through(transactional_db, today, monkeypatch):
    """The negative control: both read the same version, and the partner ends with one pair too many."""
    from tests.cast import build_cast

    cast = build_cast(today)
    enrol(cast.san, 3, programme="diploma", year=2024)
    pairing = activate(cast)
    seen = press(pairing, cast)
    helpers = [cast.person("er_member").pk, cast.person("er_deputy").pk]
    meet = threading.Barrier(2)

    def unlocked(*, pairing_id, version, scope):
        found = BranchPairing.objects.with_branches().get(pk=pairing_id)
        assert found.board_version == version
        return found

    def read_together(*arguments, **values):
        board = read_board(*arguments, **values)
        meet.wait(timeout=20)
        return board

    monkeypatch.setattr(board_services, "open_board", unlocked)
    monkeypatch.setattr(board_services, "read_board", read_together)
    race(
        lambda index: board_services.set_pair(
            **seen, helper_id=helpers[index], partner_id=cast.person("san_member").pk, today=TODAY
        ),
        2,
    )
    assert MemberPairing.objects.filter(partner=cast.person("san_member")).count() == 2
