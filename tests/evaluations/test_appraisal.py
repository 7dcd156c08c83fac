"""The life of an appraisal: writing, voting, counting, deciding, objecting; and what is refused on the way."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluations import appraisal_services as services
from evaluations.models import (
    AppraisalBallot,
    AppraisalResult,
    AppraisalRoll,
    AppraisalState,
    PeerAppraisal,
    SelfAppraisal,
)
from members.models import Stage
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from tests.evaluations.voters import LAST_DAY, TODAY, begun, full_ballot, manager, voting, voting_branch

pytestmark = pytest.mark.django_db
AFTER = LAST_DAY + dt.timedelta(days=1)


@pytest.fixture
def branch(cast):
    return voting_branch(cast, full=6, probationary=1)


@pytest.fixture
def people(branch):
    return list(branch.people.order_by("number"))


@pytest.fixture
def round(cast, branch):
    return voting(cast, branch)


def vote(round, people, grade="qualified", **own):
    for person in people:
        services.cast_ballot(round=round, person=person, marks=full_ballot(round, grade, **own), today=TODAY)


def counted(round, branch):
    return services.count_ballots(round=round, scope=manager(branch), today=AFTER)


def result_of(round, person):
    return AppraisalResult.objects.get(round=round, person=person)


# --- Opening -------------------------------------------------------------------------------------


def test_a_branch_has_one_appraisal_a_year(cast, branch):
    begun(cast, branch)

    with pytest.raises(Refused):
        begun(cast, branch)


def test_a_round_does_not_close_before_it_opens(cast, branch):
    with pytest.raises(Refused) as refusal:
        services.open_round(
            party_branch=branch, year=2026, write_until_on=TODAY - dt.timedelta(days=1), scope=manager(branch),
            by=cast.user("er_secretary"), today=TODAY,
        )  # fmt: skip

    assert refusal.value.field == "write_until_on"


def test_another_branch_s_secretary_opens_nothing(cast, branch):
    with pytest.raises(Refused):
        services.open_round(
            party_branch=branch, year=2026, write_until_on=LAST_DAY, scope=Scope(managed_branch_ids=frozenset({cast.er.pk})),
            by=cast.user("er_secretary"), today=TODAY,
        )  # fmt: skip


def test_among_four_no_ballot_is_secret(cast):
    branch = voting_branch(cast, full=4)
    round = begun(cast, branch)

    with pytest.raises(Refused):
        services.open_ballot(round=round, vote_until_on=LAST_DAY, scope=manager(branch), today=TODAY)

    assert AppraisalRoll.objects.count() == 0


# --- Writing -------------------------------------------------------------------------------------


def test_members_write_of_themselves_and_of_each_other_until_the_ballot_opens(cast, branch, people):
    round = begun(cast, branch)
    services.write_self_appraisal(round=round, person=people[0], text="一年小结", now=timezone.now())
    services.write_self_appraisal(round=round, person=people[0], text="一年小结(改)", now=timezone.now())
    services.write_peer_appraisal(round=round, author=people[1], person=people[0], text="学习认真", now=timezone.now())
    services.open_ballot(round=round, vote_until_on=LAST_DAY, scope=manager(branch), today=TODAY)

    with pytest.raises(Refused):
        services.write_self_appraisal(round=round, person=people[2], text="太晚", now=timezone.now())
    assert list(SelfAppraisal.objects.values_list("text", flat=True)) == ["一年小结(改)"]
    assert list(PeerAppraisal.objects.values_list("author", "person", "text")) == [
        (people[1].pk, people[0].pk, "学习认真")
    ]


def test_nobody_is_their_own_peer(cast, branch, people):
    with pytest.raises(Refused):
        services.write_peer_appraisal(
            round=begun(cast, branch), author=people[0], person=people[0], text="很好", now=timezone.now()
        )


def test_an_outsider_writes_nothing(cast, branch):
    with pytest.raises(Refused):
        services.write_self_appraisal(
            round=begun(cast, branch), person=cast.person("er_member"), text="路过", now=timezone.now()
        )


# --- Voting --------------------------------------------------------------------------------------


def test_each_member_has_one_ballot(round, people):
    vote(round, people[:1])

    with pytest.raises(Refused):
        vote(round, people[:1])
    assert AppraisalBallot.objects.count() == 1


def test_a_ballot_with_a_hole_would_be_signed(round, people):
    marks = full_ballot(round)
    del marks[people[0].pk]

    with pytest.raises(Refused):
        services.cast_ballot(round=round, person=people[0], marks=marks, today=TODAY)
    assert services.turnout(round) == (0, 7)


def test_a_probationary_member_gets_no_grade_in_a_ballot(round, people):
    marks = full_ballot(round)
    marks[people[-1].pk]["grade"] = "qualified"

    with pytest.raises(Refused) as refusal:
        services.cast_ballot(round=round, person=people[0], marks=marks, today=TODAY)
    assert refusal.value.rule == "R51"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda mark: mark.update(grade="superb"),
        lambda mark: mark.update(grade=""),
        lambda mark: mark["items"].pop("theory"),
        lambda mark: mark["items"].update(theory="so-so"),
        lambda mark: mark["items"].update(extra="good"),
    ],
    ids=["unknown grade", "no grade", "a heading missing", "unknown mark", "a heading too many"],
)
def test_a_spoilt_ballot_is_not_taken(round, people, spoil):
    marks = full_ballot(round)
    spoil(marks[people[0].pk])

    with pytest.raises(Refused):
        services.cast_ballot(round=round, person=people[1], marks=marks, today=TODAY)
    assert AppraisalBallot.objects.count() == 0


def test_after_the_last_day_no_ballot_is_taken(round, people):
    with pytest.raises(Refused):
        services.cast_ballot(round=round, person=people[0], marks=full_ballot(round), today=AFTER)


def test_who_is_not_on_the_roll_does_not_vote(cast, round):
    with pytest.raises(Refused):
        services.cast_ballot(round=round, person=cast.person("er_member"), marks=full_ballot(round), today=TODAY)


# --- Counting ------------------------------------------------------------------------------------


def test_votes_become_counts_and_a_proposal(round, branch, people):
    best = people[0]
    vote(round, people[:4], **{f"p{best.pk}": "excellent"})
    vote(round, people[4:])
    counted(round, branch)
    round.refresh_from_db()
    result = result_of(round, best)

    assert (round.state, round.eligible_count, round.returned_count) == (AppraisalState.COUNTED, 7, 7)
    assert (result.excellent_count, result.qualified_count, result.proposed) == (4, 3, "excellent")
    assert result.items["theory"] == {"good": 7, "fair": 0, "poor": 0}
    assert result_of(round, people[-1]).proposed == ""


def test_below_quorum_nothing_is_counted(round, branch, people):
    vote(round, people[:3])

    with pytest.raises(Refused) as refusal:
        counted(round, branch)
    round.refresh_from_db()
    assert (refusal.value.rule, round.state) == ("R14", AppraisalState.VOTING)


def test_an_open_ballot_is_not_counted_while_votes_are_missing(round, branch, people):
    vote(round, people[:6])

    with pytest.raises(Refused):
        services.count_ballots(round=round, scope=manager(branch), today=TODAY)


def paper(round, people, branch, **changes):
    values = {
        "tellers": people[:2], "eligible": 6, "present": 5, "returned": 5,
        "counts": {people[0].pk: {"excellent": 3, "qualified": 2}},
    } | changes  # fmt: skip
    return services.enter_paper_count(round=round, **values, scope=manager(branch), today=TODAY)


def test_a_count_on_paper_names_its_two_tellers(cast, branch, people):
    round = paper(begun(cast, branch), people, branch)

    assert (round.is_on_paper, round.first_teller, round.second_teller) == (True, people[0], people[1])
    assert result_of(round, people[0]).proposed == "excellent"


@pytest.mark.parametrize(
    "changes",
    [
        {"present": 7, "eligible": 6},
        {"returned": 6, "present": 5},
        {"present": 3, "returned": 3},
        {"returned": 4},
    ],
    ids=["more present than eligible", "more ballots than present", "below quorum", "more votes than ballots"],
)
def test_an_impossible_paper_count_is_refused(cast, branch, people, changes):
    round = begun(cast, branch)

    with pytest.raises(Refused):
        paper(round, people, branch, **changes)
    assert AppraisalResult.objects.count() == 0


def test_one_teller_is_not_two(cast, branch, people):
    with pytest.raises(Refused):
        paper(begun(cast, branch), people, branch, tellers=[people[0], people[0]])


# --- Deciding ------------------------------------------------------------------------------------


@pytest.fixture
def count(round, branch, people):
    vote(round, people)
    return counted(round, branch)


def decide(result, branch, grade="qualified", reason="表现稳定", **more):
    return services.decide_grade(result=result, grade=grade, reason=reason, scope=manager(branch), today=AFTER, **more)


def test_the_committee_decides_with_a_reason(count, branch, people):
    decided = decide(result_of(count, people[0]), branch, "excellent", "全年帮扶扎实")

    assert (decided.grade, decided.reason) == ("excellent", "全年帮扶扎实")


def test_votes_alone_do_not_decide(count, branch, people):
    with pytest.raises(Refused) as refusal:
        decide(result_of(count, people[0]), branch, reason="  ")

    assert refusal.value.field == "reason"


def test_a_probationary_member_takes_part_without_a_grade(count, branch, people):
    result = result_of(count, people[-1])

    with pytest.raises(Refused) as refusal:
        decide(result, branch)
    assert refusal.value.rule == "R51"
    with pytest.raises(IntegrityError), transaction.atomic():
        AppraisalResult.objects.filter(pk=result.pk).update(grade="qualified", reason="x")


def test_one_excellent_above_a_third_needs_a_word(count, branch, people):
    for person in people[:2]:
        decide(result_of(count, person), branch, "excellent")

    with pytest.raises(Refused) as refusal:
        decide(result_of(count, people[2]), branch, "excellent")
    third = decide(result_of(count, people[2]), branch, "excellent", above_cap_reason="抗洪救灾立功")
    assert (refusal.value.rule, third.reason) == ("R50", "表现稳定 抗洪救灾立功")


def test_an_officer_does_not_grade_themselves(count, branch, people):
    scope = Scope(managed_branch_ids=frozenset({branch.pk}), person_id=people[0].pk)

    with pytest.raises(Refused):
        services.decide_grade(
            result=result_of(count, people[0]), grade="excellent", reason="好", scope=scope, today=AFTER
        )


def shown(count, branch, people):
    for person in people:
        if person.stage == Stage.FULL:
            decide(result_of(count, person), branch)
    return services.show_results(round=count, scope=manager(branch), today=AFTER, now=timezone.now())


def test_results_are_shown_once_everybody_has_a_grade(count, branch, people):
    with pytest.raises(Refused):
        services.show_results(round=count, scope=manager(branch), today=AFTER, now=timezone.now())

    assert shown(count, branch, people).state == AppraisalState.DECIDED


def test_a_member_sees_the_own_result_only_once_shown(count, branch, people):
    mine = Scope(person_id=people[0].pk, own_branch_ids=frozenset({branch.pk}))
    before = list(AppraisalResult.objects.visible_to(mine))
    shown(count, branch, people)

    assert (before, [row.person for row in AppraisalResult.objects.visible_to(mine)]) == ([], [people[0]])


def test_an_objection_gets_an_answer_by_a_date(cast, count, branch, people):
    shown(count, branch, people)
    result = services.object_to_grade(
        result=result_of(count, people[0]), person=people[0], text="请再看帮扶记录", today=AFTER, now=timezone.now()
    )
    answered = services.answer_objection(
        result=result, text="已复核,予以更正", grade="excellent", scope=manager(branch), by=cast.user("er_secretary"), now=timezone.now()
    )  # fmt: skip

    assert (result.answer_due_on, answered.grade) == (AFTER + dt.timedelta(days=14), "excellent")
    with pytest.raises(Refused):
        services.object_to_grade(result=answered, person=people[0], text="再次", today=AFTER, now=timezone.now())


def test_nobody_objects_to_another_s_grade(count, branch, people):
    shown(count, branch, people)

    with pytest.raises(Refused):
        services.object_to_grade(
            result=result_of(count, people[0]), person=people[1], text="不服", today=AFTER, now=timezone.now()
        )
