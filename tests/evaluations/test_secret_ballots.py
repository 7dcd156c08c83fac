"""Nothing in the database ties a ballot to its voter: not the order of ids or places, not times, not PostgreSQL's own columns."""

from __future__ import annotations

import base64
import json

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection, models

from evaluations import appraisal_services, ballot_marks
from evaluations.models import (
    AppraisalBallot,
    AppraisalResult,
    AppraisalRoll,
    ClassFeedback,
    ClassFeedbackRoll,
)
from pairing_portal.common import secret_ballots
from pairing_portal.common.encryption import PREFIX, decrypt
from tests.evaluations.voters import TODAY, full_ballot, manager, voting, voting_branch

pytestmark = pytest.mark.django_db
ROUNDS, VOTERS = 100, 10
SECRET = (AppraisalBallot, AppraisalRoll, ClassFeedback, ClassFeedbackRoll)


def _signed_ballot(round, voters, place):
    """A ballot that carries its voter's place in the order of voting: nobody else marks the person of that place as poor."""
    marks = full_ballot(round)
    marks[voters[place].pk]["items"]["ideals"] = "poor"
    return marks


def _places_on(voters, sheet):
    """Which voters' marks lie on a sheet."""
    marks = [ballot_marks.mark_of(sheet, voter.pk) for voter in voters]
    return [place for place, mark in enumerate(marks) if mark["items"]["ideals"] == "poor"]


def _physical_order():
    """What tells the place of a row in the table, by the database's own account."""
    return "ctid" if connection.vendor == "postgresql" else "rowid"


def _stored(round, order):
    """What really stands in the column."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT marks FROM evaluations_appraisalballot WHERE round_id = %s ORDER BY {order}", [round.pk]
        )
        return [row[0] for row in cursor.fetchall()]


def _orders(round, voters):
    """The voters' places on each row, as different readings of the ballots' table give them."""
    found = {
        "by id": list(AppraisalBallot.objects.filter(round=round).order_by("pk").values_list("marks", flat=True)),
        "by place": [json.loads(decrypt(text)) for text in _stored(round, _physical_order())],
    }
    return {name: [_places_on(voters, sheet) for sheet in sheets] for name, sheets in found.items()}


def _hits(order):
    """How many voters' marks lie where the order of voting would put them; about one a round by chance."""
    return sum(index in places for index, places in enumerate(order))


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
    monkeypatch.setattr(ballot_marks, "mixed_sheets", list)
    hits = _vote_all(cast, rounds=5)

    assert hits["by place"] == 5 * VOTERS


def _all_vote(round, voters, marks_of):
    for voter in voters:
        appraisal_services.cast_ballot(round=round, person=voter, marks=marks_of(voter), today=TODAY)


def test_two_dumps_side_by_side_do_not_show_the_ballot_that_came_in_between(cast):
    branch = voting_branch(cast, full=6)
    round = voting(cast, branch)
    voters = list(branch.people.order_by("number"))
    _all_vote(round, voters[:4], lambda voter: full_ballot(round))
    before = _stored(round, "id")
    _all_vote(round, voters[4:5], lambda voter: full_ballot(round, "unqualified"))
    after = _stored(round, "id")

    # The same ballots look new, as long as the one that came, and say of no key-less reader's question which it is.
    assert (set(before) & set(after), len(set(after)), len({len(text) for text in [*before, *after]})) == (set(), 5, 1)
    assert [text for text in after if "unqualified" in text or not text.startswith(PREFIX)] == []


def test_a_sealed_value_does_not_say_when_it_was_written(cast):
    branch = voting_branch(cast, full=5)
    round = voting(cast, branch)
    _all_vote(round, branch.people.all()[:1], lambda voter: full_ballot(round))
    token = base64.urlsafe_b64decode(_stored(round, "id")[0].removeprefix(PREFIX))

    # A token is a version, eight bytes of time, and the rest.
    assert int.from_bytes(token[1:9]) == 0


def test_no_row_keeps_the_hand_of_a_voter(cast):
    """Whoever marks only themselves as excellent would sign by it: such a row turns up as seldom as chance makes it."""
    branch = voting_branch(cast, full=8)
    voters = list(branch.people.order_by("number"))
    signed = 0
    for _number in range(20):
        round = voting(cast, branch)
        _all_vote(
            round,
            voters,
            lambda voter, round=round: full_ballot(round, "basically_qualified", **{f"p{voter.pk}": "excellent"}),
        )
        for sheet in AppraisalBallot.objects.filter(round=round).values_list("marks", flat=True):
            signed += sum(ballot_marks.mark_of(sheet, voter.pk)["grade"] == "excellent" for voter in voters) == 1
        AppraisalBallot.objects.filter(round=round).delete()
        round.delete()

    # Kept as they came all 160 would; dealt out anew about 39 in 100 do, 63 of 160, give or take 6.
    assert signed < 100


def test_mixing_keeps_every_count():
    rows = [{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 2, "c": 4}]
    found = secret_ballots.mixed(rows)

    assert [sorted(row) for row in found] == [sorted(row) for row in rows]
    assert [sorted(row[key] for row in found if key in row) for key in "abc"] == [[1, 1, 2], [2, 3], [4]]


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
