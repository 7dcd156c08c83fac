"""A pairing from proposal to its end: who may do what, in which state, and who is told."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from notifications.models import Notice
from pairing_portal.common.problems import Refused
from pairings import ending_services, services
from pairings.models import BranchPairing, MemberPairing
from tests.cast import build_cast
from tests.pairings.deeds import act, agreed, pair, propose, race


def test_proposed_by_one_side_confirmed_by_the_other(cast, sign_in):
    response = sign_in("er_secretary").post(
        reverse("pairing_new"),
        {
            "academic_year": cast.year.pk, "helping_branch": cast.er.pk, "partner_branch": cast.san.pk,
            "starts_on": "2026-10-08", "ends_on": "2027-06-30", "agreement": "平等共建",
        },
    )  # fmt: skip
    pairing = BranchPairing.objects.get()
    assert response.url == reverse("pairing", args=[pairing.pk])
    assert (pairing.state, pairing.helping_confirmed_by) == ("proposed", cast.user("er_secretary"))
    assert list(Notice.objects.values_list("user", "kind")) == [(cast.user("san_secretary").pk, "pairings.proposed")]

    sign_in("san_secretary").post(reverse("pairing_confirm", args=[pairing.pk]))
    pairing.refresh_from_db()
    assert (pairing.state, pairing.partner_confirmed_by) == ("active", cast.user("san_secretary"))
    assert [step.action for step in pairing.steps.all()] == ["propose", "confirm", "activate"]


def test_the_partner_sees_the_pairing_and_others_do_not(cast, sign_in):
    pairing = propose(cast)
    url = reverse("pairing", args=[pairing.pk])
    assert sign_in("san_secretary").get(url).status_code == 200
    assert sign_in("er_member").get(url).status_code == 200
    assert sign_in("si_secretary").get(url).status_code == 404
    assert sign_in("civil_organiser").get(url).status_code == 404


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (lambda cast: {"partner_branch": cast.er}, "支部不能与自己结对。请另选一个支部。（规则 R90）"),
        (lambda cast: {"ends_on": dt.date(2026, 10, 8)}, "结束日期必须晚于开始日期。（规则 R90）"),
        (
            lambda cast: {"starts_on": dt.date(2026, 8, 31)},
            "日期应在该学年内，即 2026年9月1日 至 2027年8月31日。（规则 R90）",
        ),
        (
            lambda cast: {"ends_on": dt.date(2027, 9, 1)},
            "日期应在该学年内，即 2026年9月1日 至 2027年8月31日。（规则 R90）",
        ),
        (lambda cast: {"helping_branch": cast.si}, "两个支部中必须有一个是您所在的支部。请在一方选择自己的支部。"),
    ],
)
def test_what_a_rule_forbids_is_refused_in_words(cast, changes, message):
    with pytest.raises(Refused) as refusal:
        propose(cast, **changes(cast))
    assert (refusal.value.text, BranchPairing.objects.count()) == (message, 0)


def test_an_inactive_branch_and_a_second_open_pairing_are_refused(cast):
    propose(cast)
    with pytest.raises(Refused, match="这两个支部在该学年已有进行中的结对"):
        propose(cast)
    with pytest.raises(Refused, match="R90"):
        propose(cast, helping_branch=cast.san, partner_branch=cast.er)
    cast.si.is_active = False
    cast.si.save()
    with pytest.raises(Refused) as refusal:
        propose(cast, partner_branch=cast.si)
    assert (refusal.value.rule, refusal.value.field) == ("R90", "partner_branch")


def test_the_database_keeps_one_open_pairing_per_couple_whichever_way_round(cast):
    propose(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        BranchPairing.objects.create(
            academic_year=cast.year, helping_branch=cast.san, partner_branch=cast.er, starts_on=dt.date(2026, 10, 8),
            ends_on=dt.date(2027, 6, 30),
        )  # fmt: skip


def test_only_the_side_that_was_asked_answers(cast):
    pairing = propose(cast)
    for name in ("er_secretary", "si_secretary", "administrator", "mech_organiser"):
        with pytest.raises(Refused):
            services.confirm_pairing(pairing=pairing, **act(cast, name))
        for answer in (services.decline_pairing, services.ask_changes):
            with pytest.raises(Refused):
                answer(pairing=pairing, reason="人手不够", **act(cast, name))
    pairing.refresh_from_db()
    assert pairing.state == "proposed"


def test_declining_needs_a_reason_and_tells_the_proposer(cast):
    pairing = propose(cast)
    with pytest.raises(Refused, match="请填写原因"):
        services.decline_pairing(pairing=pairing, reason="  ", **act(cast, "san_secretary"))
    services.decline_pairing(pairing=pairing, reason="人手不够", **act(cast, "san_secretary"))
    pairing.refresh_from_db()
    assert (pairing.state, pairing.steps.last().reason) == ("declined", "人手不够")
    assert Notice.objects.filter(kind="pairings.declined", user=cast.user("er_secretary")).count() == 1


def test_a_withdrawn_proposal_is_a_draft_and_can_be_sent_again(cast):
    pairing = propose(cast)
    services.withdraw_pairing(pairing=pairing, **act(cast, "er_secretary"))
    pairing.refresh_from_db()
    assert (pairing.state, pairing.helping_confirmed_at) == ("draft", None)
    services.repropose_pairing(pairing=pairing, **act(cast, "er_secretary"))
    pairing.refresh_from_db()
    assert pairing.state == "proposed"


def test_a_stale_page_is_answered_with_who_did_what(cast, sign_in):
    pairing = propose(cast)
    san = sign_in("san_secretary")
    san.post(reverse("pairing_confirm", args=[pairing.pk]))
    page = san.post(reverse("pairing_decline", args=[pairing.pk]), {"reason": "晚了"}, follow=True).content.decode()
    assert "潘晨" in page
    pairing.refresh_from_db()
    assert pairing.state == "active"


def test_ending_early_needs_a_reason_and_ends_the_pairs(cast, today):
    pairing = agreed(cast)
    couple = pair(cast, pairing)
    with pytest.raises(Refused, match="请填写原因"):
        ending_services.end_pairing(pairing=pairing, reason="", today=today, **act(cast, "mech_organiser"))
    ending_services.end_pairing(pairing=pairing, reason="支部合并", today=today, **act(cast, "mech_organiser"))
    couple.refresh_from_db()
    pairing.refresh_from_db()
    assert (pairing.state, couple.ended_on) == ("ended_early", today)


def test_members_of_other_branches_are_not_paired(cast, today):
    pairing = propose(cast)
    with pytest.raises(Refused, match="R90"):
        pair(cast, pairing)
    services.confirm_pairing(pairing=pairing, **act(cast, "san_secretary"))
    with pytest.raises(Refused, match="R90"):
        pair(cast, pairing, helper="liu_member")
    pair(cast, pairing)
    with pytest.raises(Refused):
        pair(cast, pairing)
    assert MemberPairing.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clients", [2, 8])
def test_proposals_at_once_give_one_pairing_and_clear_messages(transactional_db, today, clients):
    cast = build_cast(today)
    results = race(lambda _index: propose(cast), clients)
    assert BranchPairing.objects.count() == 1
    assert sum(isinstance(result, BranchPairing) for result in results) == 1
    assert sum(isinstance(result, Refused) for result in results) == clients - 1


def answer(cast, pairing, index):
    """Half of San's clients confirm, half ask for changes."""
    if index % 2:
        return services.ask_changes(pairing=pairing, reason="请改日期", **act(cast, "san_secretary"))
    return services.confirm_pairing(pairing=pairing, **act(cast, "san_secretary"))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clients", [2, 8])
def test_of_answers_at_once_one_wins_and_the_others_read_why(transactional_db, today, clients):
    cast = build_cast(today)
    pairing = propose(cast)
    results = race(lambda index: answer(cast, pairing, index), clients)
    winners = [result for result in results if isinstance(result, BranchPairing)]
    refusals = [result.text for result in results if isinstance(result, Refused)]
    assert (len(winners), len(refusals)) == (1, clients - 1)
    assert all("潘晨" in text for text in refusals)
    pairing.refresh_from_db()
    answers = [step.action for step in pairing.steps.exclude(action="propose")]
    assert (pairing.state, answers) in [("active", ["confirm", "activate"]), ("changes_asked", ["ask_changes"])]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clients", [2, 8])
def test_without_the_lock_the_same_race_is_answered_twice(transactional_db, today, monkeypatch, clients):
    """The negative control: with the row lock taken away every client's answer stands in the trail."""
    cast = build_cast(today)
    pairing = propose(cast)
    meet = threading.Barrier(clients)

    def unlocked(row):
        found = BranchPairing.objects.with_branches().select_related("author_branch").get(pk=row.pk)
        meet.wait(timeout=20)
        return found

    monkeypatch.setattr(services, "lock_pairing", unlocked)
    race(lambda index: answer(cast, pairing, index), clients)
    answers = pairing.steps.filter(action__in=("confirm", "ask_changes"))
    assert answers.count() == clients


def test_a_step_is_written_with_who_and_when(cast):
    pairing = agreed(cast)
    step = pairing.steps.get(action="confirm")
    assert (step.by, step.for_branch, step.at) == (cast.user("san_secretary"), cast.san, timezone.now())
