"""Nothing in the database ties a ballot to its voter: not the order of ids or places, not times, not PostgreSQL's own columns."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection, models

from evaluations import appraisal_services
from evaluations.models import (
    AppraisalBallot,
    AppraisalItem,
    AppraisalResult,
    AppraisalRoll,
    ClassFeedback,
    ClassFeedbackRoll,
)
from pairing_portal.common import secret_ballots
from tests.evaluations.voters import TODAY, full_ballot, manager, voting, voting_branch

pytestmark = pytest.mark.django_db
ROUNDS, VOTERS = 100, 10
SECRET = (AppraisalBallot, AppraisalRoll, ClassFeedback, ClassFeedbackRoll)


def _signed_ballot(round, voters, place):
    """A ballot that carries its voter's place in the order of voting in its marks, where only this test can read it."""
    marks = full_ballot(round)
    bits = dict(zip(AppraisalItem.values, format(place, "06b"), strict=True))
    marks[voters[0].pk]["items"] = {item: "fair" if bit == "1" else "good" for item, bit in bits.items()}
    return marks


def _place_of(voters, marks):
    items = marks[str(voters[0].pk)]["items"]
    return int("".join("1" if items[item] == "fair" else "0" for item in AppraisalItem.values), 2)


def _physical_order():
    """What tells the place of a row in the table, by the database's own account."""
    return "ctid" if connection.vendor == "postgresql" else "rowid"


def _orders(round, voters):
    """The voters' places as different readings of the ballots' table give them."""
    found = {"by id": list(AppraisalBallot.objects.filter(round=round).order_by("pk").values_list("marks", flat=True))}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT marks FROM evaluations_appraisalballot WHERE round_id = %s ORDER BY {_physical_order()}",
            [round.pk],
        )
        rows = [row[0] for row in cursor.fetchall()]
    found["by place"] = [json.loads(row) if isinstance(row, str) else row for row in rows]
    return {name: [_place_of(voters, marks) for marks in ballots] for name, ballots in found.items()}


def _hits(order):
    """How many ballots lie where the order of voting would put them; about one a round by chance."""
    return sum(place == index for index, place in enumerate(order))


def _vote_all(cast, rounds=ROUNDS):
    """Ten ballots a round; the total of hits of each reading, forwards and backwards."""
    hits = dict.fromkeys(("by id", "by place", "by id, backwards", "by place, backwards"), 0)
    branch = voting_branch(cast, full=VOTERS)
    voters = list(branch.people.order_by("number"))
    for _number in range(rounds):
        round = voting(cast, branch)
        for place, voter in enumerate(voters):
            appraisal_services.cast_ballot(round=round, person=voter, marks=_signed_ballot(round, voters, place), today=TODAY)  # fmt: skip
        for name, order in _orders(round, voters).items():
            hits[name] += _hits(order)
            hits[f"{name}, backwards"] += _hits(order[::-1])
        AppraisalBallot.objects.filter(round=round).delete()
        round.delete()
    return hits


def test_a_thousand_ballots_lie_in_no_order_of_voting(cast):
    hits = _vote_all(cast)

    # By chance about one ballot a round lies where it was cast: 100 of 1,000, give or take 10. So many more never do.
    assert [name for name, count in hits.items() if count >= 170] == []


def test_ballots_that_are_simply_added_give_their_voters_away(cast, monkeypatch):
    def append(model, *, group, rows):
        """What the portal must not do."""
        known = model._base_manager.filter(**group)
        if model is AppraisalBallot:
            model._base_manager.create(**group, **rows[-1])
        else:
            known.delete()
            model._base_manager.bulk_create([model(**group, **values) for values in rows])

    monkeypatch.setattr(appraisal_services, "rewrite_shuffled", append)
    hits = _vote_all(cast, rounds=5)

    assert hits["by place"] == 5 * VOTERS


@pytest.mark.postgres
def test_every_row_of_a_round_names_the_same_transaction(cast):
    branch = voting_branch(cast, full=7)
    round = voting(cast, branch)
    for voter in branch.people.order_by("number"):
        appraisal_services.cast_ballot(round=round, person=voter, marks=full_ballot(round), today=TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT xmin::text) FROM evaluations_appraisalballot")
        ballots = cursor.fetchone()
        cursor.execute("SELECT count(*), count(DISTINCT xmin::text) FROM evaluations_appraisalroll")
        roll = cursor.fetchone()

    assert (ballots, roll) == ((7, 1), (7, 1))


def _tables():
    """Every row of every table, as a dump would hold them."""
    return {
        model._meta.label: sorted(serializers.serialize("json", [row]) for row in model._base_manager.all())
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy
    }


def test_a_vote_changes_nothing_but_the_ballots_and_the_roll(cast):
    branch = voting_branch(cast, full=5)
    round = voting(cast, branch)
    first, second = branch.people.order_by("number")[:2]
    appraisal_services.cast_ballot(round=round, person=first, marks=full_ballot(round), today=TODAY)
    before = _tables()
    appraisal_services.cast_ballot(round=round, person=second, marks=full_ballot(round), today=TODAY)
    after = _tables()

    assert sorted(name for name in after if after[name] != before[name]) == [
        "evaluations.AppraisalBallot",
        "evaluations.AppraisalRoll",
    ]


@pytest.mark.parametrize("model", SECRET, ids=[model.__name__ for model in SECRET])
def test_secret_rows_hold_no_time_no_counter_and_no_history(model):
    telling = (models.DateField, models.AutoField, models.TimeField)
    fields = [field.name for field in model._meta.get_fields() if isinstance(field, telling)]

    assert (fields, hasattr(model, "history")) == ([], False)


def test_a_ballot_names_no_voter():
    assert sorted(field.name for field in AppraisalBallot._meta.get_fields()) == ["id", "marks", "round"]


def test_rewriting_outside_a_transaction_is_refused(monkeypatch):
    class Outside:
        in_atomic_block = False

    monkeypatch.setattr(secret_ballots, "connection", Outside())

    with pytest.raises(RuntimeError):
        secret_ballots.rewrite_shuffled(AppraisalBallot, group={"round_id": 1}, rows=[])


def test_counting_reads_every_ballot_once(cast):
    branch = voting_branch(cast, full=6, probationary=1)
    round = voting(cast, branch)
    people = list(branch.people.order_by("number"))
    best = people[0]
    for place, voter in enumerate(people[:5]):
        marks = full_ballot(round, **({f"p{best.pk}": "excellent"} if place < 4 else {}))
        appraisal_services.cast_ballot(round=round, person=voter, marks=marks, today=TODAY)
    appraisal_services.count_ballots(round=round, scope=manager(branch), today=TODAY.replace(month=11, day=13))
    result = AppraisalResult.objects.get(round=round, person=best)

    assert (result.excellent_count, result.qualified_count, result.proposed) == (4, 1, "excellent")
