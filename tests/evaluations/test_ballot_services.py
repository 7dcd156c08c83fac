"""A ballot that does not come to a count: too few ballots, people who left, longer, withdrawn; an appraisal begun by mistake."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import User
from evaluations import appraisal_services, ballot_services
from evaluations.models import AppraisalBallot, AppraisalResult, AppraisalRoll, AppraisalRound, AppraisalState
from members.models import Person
from notifications.models import Notice
from notifications.services import compute_reminders
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from tests.evaluations.voters import LAST_DAY, TODAY, begun, full_ballot, manager, voting, voting_branch

pytestmark = pytest.mark.django_db
AFTER = LAST_DAY + dt.timedelta(days=1)
LATER = LAST_DAY + dt.timedelta(days=5)
ANOTHER = Scope(managed_branch_ids=frozenset({0}))


@pytest.fixture
def branch(cast):
    return voting_branch(cast, full=7)


@pytest.fixture
def people(branch):
    return list(branch.people.order_by("number"))


@pytest.fixture
def round(cast, branch):
    return voting(cast, branch)


def vote(round, people, today=TODAY):
    for person in people:
        appraisal_services.cast_ballot(round=round, person=person, marks=full_ballot(round), today=today)


def count(round, branch, today=AFTER):
    return appraisal_services.count_ballots(round=round, scope=manager(branch), today=today)


def extend(round, branch, until=LATER, today=AFTER, scope=None):
    return ballot_services.extend_ballot(
        round=round, vote_until_on=until, scope=scope or manager(branch), today=today, now=timezone.now()
    )


def withdraw(round, branch, scope=None):
    return ballot_services.withdraw_ballot(round=round, scope=scope or manager(branch), now=timezone.now())


def test_four_ballots_of_seven_reach_the_quorum_and_are_not_counted(round, branch, people):
    vote(round, people[:4])

    with pytest.raises(Refused):
        count(round, branch)
    round.refresh_from_db()
    assert (round.state, AppraisalResult.objects.filter(qualified_count__gt=0).count()) == (AppraisalState.VOTING, 0)


def test_who_left_or_moved_in_between_is_not_waited_for(cast, round, branch, people):
    vote(round, people[:5])
    Person.objects.filter(pk=people[5].pk).update(left_on=TODAY, stage="left")
    Person.objects.filter(pk=people[6].pk).update(party_branch=cast.er)
    mover = Person.objects.get(pk=people[6].pk)

    with pytest.raises(Refused):
        vote(round, [mover])
    assert appraisal_services.turnout(round) == (5, 5)
    assert count(round, branch, today=TODAY).eligible_count == 5


def test_a_ballot_below_the_quorum_goes_on_until_a_later_day(round, branch, people):
    vote(round, people[:3])
    extend(round, branch)
    vote(round, people[3:], today=LATER)
    counted = count(round, branch, today=LATER)

    assert (counted.state, counted.vote_until_on, counted.returned_count) == (AppraisalState.COUNTED, LATER, 7)


@pytest.mark.parametrize(
    ("until", "today"), [(LAST_DAY, TODAY), (LAST_DAY - dt.timedelta(days=1), TODAY), (AFTER, LATER), (dt.date(9999, 12, 31), TODAY)],
    ids=["the same day", "an earlier day", "a day gone by", "a year mistyped"],
)  # fmt: skip
def test_a_ballot_is_not_opened_for_shorter(round, branch, until, today):
    with pytest.raises(Refused) as refusal:
        extend(round, branch, until, today)

    assert refusal.value.field == "vote_until_on"


def test_another_branch_s_secretary_moves_nothing(round, branch):
    for deed in (extend, withdraw):
        with pytest.raises(Refused):
            deed(round, branch, scope=ANOTHER)
    with pytest.raises(Refused):
        ballot_services.cancel_round(round=round, scope=ANOTHER, now=timezone.now())


def test_a_withdrawn_ballot_leaves_no_ballot_and_opens_the_way_to_paper(round, branch, people):
    vote(round, people[:3])
    withdraw(round, branch)
    left = [model.objects.count() for model in (AppraisalBallot, AppraisalRoll, AppraisalResult)]
    counted = appraisal_services.enter_paper_count(
        round=round, tellers=people[:2], eligible=7, present=6, returned=6, counts={people[0].pk: {"qualified": 6}},
        scope=manager(branch), today=AFTER,
    )  # fmt: skip

    assert (left, counted.state, counted.is_on_paper) == ([0, 0, 0], AppraisalState.COUNTED, True)


def test_what_is_counted_is_not_withdrawn(round, branch, people):
    vote(round, people)
    count(round, branch)

    with pytest.raises(Refused):
        withdraw(round, branch)
    assert AppraisalResult.objects.filter(qualified_count=7).count() == 7


def test_a_paper_count_is_corrected_until_it_is_shown(cast, branch, people):
    round = begun(cast, branch)
    values = {"tellers": people[:2], "eligible": 7, "present": 6, "scope": manager(branch), "today": AFTER}
    appraisal_services.enter_paper_count(round=round, returned=6, counts={people[0].pk: {"qualified": 6}}, **values)
    appraisal_services.enter_paper_count(round=round, returned=5, counts={people[0].pk: {"excellent": 5}}, **values)
    result = AppraisalResult.objects.get(round=round, person=people[0])
    found = (result.excellent_count, result.qualified_count, result.proposed)
    AppraisalRound.objects.filter(pk=round.pk).update(state=AppraisalState.DECIDED)

    with pytest.raises(Refused):
        appraisal_services.enter_paper_count(round=round, returned=5, counts={}, **values)
    assert found == (5, 0, "excellent")


def test_a_count_of_the_portal_is_not_written_over_by_paper(round, branch, people):
    vote(round, people)
    count(round, branch)

    with pytest.raises(Refused):
        appraisal_services.enter_paper_count(
            round=round, tellers=people[:2], eligible=7, present=7, returned=7, counts={}, scope=manager(branch), today=AFTER
        )  # fmt: skip


def test_an_appraisal_begun_by_mistake_is_taken_back_until_somebody_wrote(cast, branch, people):
    first = begun(cast, branch)
    ballot_services.cancel_round(round=first, scope=manager(branch), now=timezone.now())
    second = begun(cast, branch)
    appraisal_services.write_self_appraisal(round=second, person=people[0], text="小结", now=timezone.now())

    with pytest.raises(Refused):
        ballot_services.cancel_round(round=second, scope=manager(branch), now=timezone.now())
    assert list(AppraisalRound.objects.all()) == [second]


def test_a_probationary_member_s_objection_is_answered_without_a_grade(cast):
    branch = voting_branch(cast, full=6, probationary=1)
    people = list(branch.people.order_by("number"))
    round = voting(cast, branch)
    vote(round, people)
    count(round, branch)
    AppraisalRound.objects.filter(pk=round.pk).update(shown_at=timezone.now())
    result = AppraisalResult.objects.get(round=round, person=people[-1])
    appraisal_services.object_to_grade(result=result, person=people[-1], text="请复核", today=AFTER, now=timezone.now())
    answer = {
        "result": result,
        "text": "已复核",
        "scope": manager(branch),
        "by": cast.user("er_secretary"),
        "now": timezone.now(),
    }

    with pytest.raises(Refused) as refusal:
        appraisal_services.answer_objection(grade="qualified", **answer)
    assert refusal.value.rule == "R51"
    assert appraisal_services.answer_objection(**answer).grade == ""


def test_a_ballot_open_for_longer_is_told_anew_to_who_has_not_voted(round, branch, people):
    users = [User.objects.create(username=person.number, display_name=person.name) for person in people[:2]]
    for person, user in zip(people, users, strict=False):
        Person.objects.filter(pk=person.pk).update(user=user)
    now = timezone.make_aware(dt.datetime.combine(TODAY, dt.time(9)))
    compute_reminders(now=now)
    vote(round, people[:1])
    extend(round, branch, today=TODAY)
    compute_reminders(now=now)
    told = Notice.objects.filter(kind="evaluations.appraisal_vote").order_by("pk")

    assert [(row.user_id, row.subject["until"], row.obsolete_at is None) for row in told.filter(obsolete_at=None)] == [
        (users[1].pk, LATER.isoformat(), True)
    ]
