"""Recording the 25 steps: order, dates both ways, reasons, votes, sponsors, corrections, taking back (RULES.md 1.2–1.5)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from members.documents import Held, read, write
from members.models import DevelopmentStep, Person, Sponsor, StepVote
from members.process_facts import record_of
from members.process_rules import Entry
from members.process_services import correct_step, last_step, remove_last_step
from pairing_portal.common.problems import Refused
from tests.members.process_crew import NOTICE, PASSED, TODAY, act, candidate, record, somebody

pytestmark = pytest.mark.django_db
D = dt.date


def fresh(person) -> Person:
    return Person.objects.get(pk=person.pk)


def refused(deed, *args, **kwargs) -> Refused:
    with pytest.raises(Refused) as caught:
        deed(*args, **kwargs)
    return caught.value


# --- The person's dates ----------------------------------------------------------------------------


def test_a_milestone_writes_the_persons_date_and_the_stage_follows(cast):
    person = somebody(cast)
    step = record(cast, person, 1, D(2026, 9, 20), documents=("application_letter",), note="交组织委员")

    assert (fresh(person).applied_on, fresh(person).stage) == (D(2026, 9, 20), "applicant")
    assert (step.done_on, step.documents, step.note, step.recorded_by) == (
        D(2026, 9, 20), ["application_letter"], "交组织委员", cast.user("er_secretary"),
    )  # fmt: skip


def test_a_date_of_the_roster_is_a_step_done_and_nobody_has_to_write_it_again(cast):
    person = somebody(cast, applied_on=D(2025, 9, 20), activist_on=D(2026, 3, 1))
    known = record_of(person, TODAY).known

    assert {number: (done.on, done.is_from_roster) for number, done in known.done.items()} == {
        1: (D(2025, 9, 20), True), 3: (D(2026, 3, 1), True),
    }  # fmt: skip
    assert (known.next_number, DevelopmentStep.objects.count()) == (4, 0)


def test_a_step_from_the_roster_is_completed_where_it_stands(cast):
    person = somebody(cast, applied_on=D(2025, 9, 20))
    record(cast, person, 1, D(2025, 9, 20), who="组织委员")

    assert (fresh(person).applied_on, DevelopmentStep.objects.get().who) == (D(2025, 9, 20), "组织委员")
    assert not record_of(fresh(person), TODAY).known.done[1].is_from_roster


def test_a_date_corrected_in_the_roster_is_the_truth_of_the_step(cast):
    person = somebody(cast)
    record(cast, person, 1, D(2026, 9, 20))
    person = fresh(person)
    person.applied_on = D(2026, 9, 21)
    person.save()

    assert record_of(person, TODAY).known.done[1].on == D(2026, 9, 21)
    act(cast, correct_step, person=person, number=1, entry=Entry(D(2026, 9, 21)))
    assert DevelopmentStep.objects.get().done_on == D(2026, 9, 21)


def test_a_date_ahead_of_today_is_not_done_yet(cast):
    person = somebody(cast, applied_on=D(2025, 9, 20), activist_on=D(2026, 10, 29))

    assert sorted(record_of(person, TODAY).known.done) == [1]


def test_an_activist_of_29_february_may_become_a_candidate_on_28_february(cast):
    person = somebody(cast, applied_on=D(2023, 9, 20), activist_on=D(2024, 2, 29))
    refusal = refused(record, cast, person, 7, D(2025, 2, 27))

    assert (refusal.rule, fresh(person).candidate_on) == ("R07", None)
    record(cast, person, 7, D(2025, 2, 28))
    assert fresh(person).candidate_on == D(2025, 2, 28)


# --- Order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "on", "words"),
    [
        (2, D(2026, 10, 29), "尚未"),
        (7, D(2026, 10, 1), "3"),
        (15, D(2026, 10, 1), "7"),
        (3, D(2025, 9, 19), "2025"),
        (2, D(1890, 1, 1), "年份"),
    ],
    ids=["a future day", "before the activist", "before the candidate", "before the application", "a mistyped year"],
)  # fmt: skip
def test_what_is_out_of_order_is_refused_and_nothing_is_written(cast, number, on, words):
    person = somebody(cast, applied_on=D(2025, 9, 20))
    record_words = refused(record, cast, person, number, on).text

    assert record_words
    assert DevelopmentStep.objects.count() == 0
    assert (fresh(person).activist_on, fresh(person).candidate_on) == (None, None)


def test_a_step_in_between_is_recorded_later_within_its_bounds(cast):
    person = somebody(cast, applied_on=D(2025, 3, 5), activist_on=D(2025, 6, 1), candidate_on=D(2026, 6, 10))
    record(cast, person, 4, D(2025, 6, 5))

    refused(record, cast, person, 10, D(2026, 6, 9), is_passed=True)
    assert record(cast, person, 10, D(2026, 6, 10), is_passed=True).is_passed is True


def test_a_step_is_recorded_once(cast):
    person = somebody(cast)
    record(cast, person, 1, D(2026, 9, 20))
    refused(record, cast, person, 1, D(2026, 9, 21))

    assert fresh(person).applied_on == D(2026, 9, 20)


# --- Reasons ---------------------------------------------------------------------------------------


def test_what_a_rule_warns_of_needs_a_reason_which_is_kept(cast):
    person = somebody(cast, applied_on=D(2026, 8, 1))
    refusal = refused(record, cast, person, 2, D(2026, 10, 1))
    step = record(cast, person, 2, D(2026, 10, 1), reason="暑假期间未在校")

    assert (refusal.rule, refusal.field, step.reason) == ("R02", "reason", "暑假期间未在校")


def test_a_reason_nobody_asked_for_is_not_kept(cast):
    person = somebody(cast, applied_on=D(2026, 10, 1))

    assert record(cast, person, 2, D(2026, 10, 20), reason="无").reason == ""


# --- Admission -------------------------------------------------------------------------------------


def test_the_meeting_admits_and_keeps_the_count_and_the_notice(cast):
    person = candidate(cast)
    step = record(cast, person, 15, D(2026, 10, 28), vote=replace(PASSED, present=2, written=1), **NOTICE)

    assert (fresh(person).admitted_on, fresh(person).stage) == (D(2026, 10, 28), "probationary")
    vote = StepVote.objects.get(step=step)
    assert (vote.eligible_count, vote.present_count, vote.written_count, vote.issued_count, vote.returned_count, vote.yes_count) == (3, 2, 1, 3, 3, 3)  # fmt: skip
    held = read(step.documents)
    assert (held.notice_from_on, held.notice_to_on) == (D(2026, 10, 12), D(2026, 10, 19))


@pytest.mark.parametrize(
    ("vote", "field"),
    [
        (replace(PASSED, present=4), "present_count"),
        (replace(PASSED, yes=4), "yes_count"),
        (replace(PASSED, yes=3, no=1), "yes_count"),
        (replace(PASSED, present=1, yes=1), "present_count"),
        (replace(PASSED, yes=1, no=2), "yes_count"),
        (None, "eligible_count"),
    ],
    ids=["more present than eligible", "more votes than ballots", "more votes in all", "no quorum", "no majority", "no count"],
)  # fmt: skip
def test_a_count_that_does_not_add_up_or_does_not_pass_admits_nobody(cast, vote, field):
    person = candidate(cast)
    refusal = refused(record, cast, person, 15, D(2026, 10, 28), vote=vote, **NOTICE)

    assert (refusal.rule, refusal.field, fresh(person).admitted_on) == ("R14", field, None)


def test_without_two_sponsors_nobody_is_admitted(cast):
    person = candidate(cast, sponsors=False)

    assert refused(record, cast, person, 15, D(2026, 10, 28), vote=PASSED, **NOTICE).rule == "R08"


def test_an_admission_that_stands_in_the_roster_is_completed_with_its_count(cast):
    person = somebody(
        cast,
        applied_on=D(2023, 3, 5),
        activist_on=D(2023, 6, 1),
        candidate_on=D(2024, 6, 10),
        admitted_on=D(2025, 5, 10),
    )
    step = record(cast, person, 15, D(2025, 5, 10), vote=PASSED)

    assert (step.vote.yes_count, fresh(person).admitted_on) == (3, D(2025, 5, 10))
    assert (
        refused(act, cast, correct_step, person=person, number=15, entry=Entry(D(2025, 5, 11), vote=PASSED)).rule
        == "R08"
    )


def test_step_nine_names_two_full_members(cast):
    person = somebody(cast, applied_on=D(2025, 3, 5), activist_on=D(2025, 6, 1), candidate_on=D(2026, 6, 10))
    ids = [cast.person(name).pk for name in ("er_deputy", "er_member")]

    for wrong in (ids[:1], [ids[0], ids[0]], [ids[0], cast.person("er_probationary").pk], [ids[0], person.pk]):
        assert refused(record, cast, person, 9, D(2026, 6, 20), sponsor_ids=tuple(wrong)).rule == "R08"
    step = record(cast, person, 9, D(2026, 6, 20), sponsor_ids=tuple(ids))
    assert step.who == "张红、罗萍妍"
    assert list(Sponsor.objects.order_by("pk").values_list("person_id", "sponsor_id", "named_on")) == [
        (person.pk, ids[0], D(2026, 6, 20)), (person.pk, ids[1], D(2026, 6, 20)),
    ]  # fmt: skip
    other = [ids[0], cast.person("er_secretary").pk]
    act(cast, correct_step, person=person, number=9, entry=Entry(D(2026, 6, 20), sponsor_ids=tuple(other)))
    assert set(Sponsor.objects.values_list("sponsor_id", flat=True)) == set(other)


# --- Conversion ------------------------------------------------------------------------------------


def probationary(cast, **dates) -> Person:
    return somebody(
        cast, **({"applied_on": D(2024, 3, 5), "activist_on": D(2024, 6, 1), "candidate_on": D(2025, 6, 10), "admitted_on": D(2025, 9, 1)} | dates)
    )  # fmt: skip


def test_the_approval_converts_from_the_day_the_probation_was_over(cast):
    person = probationary(cast)
    record(cast, person, 22, D(2026, 8, 25))
    record(cast, person, 23, D(2026, 10, 20), vote=PASSED, decision="convert", **NOTICE)
    assert fresh(person).stage == "probationary"
    step = record(cast, person, 24, D(2026, 10, 26))

    assert (fresh(person).converted_on, fresh(person).stage, step.done_on) == (D(2026, 9, 1), "full", D(2026, 10, 26))


def test_an_extension_is_approved_and_its_steps_come_again(cast):
    person = probationary(cast, admitted_on=D(2025, 7, 1))
    record(cast, person, 22, D(2026, 6, 25))
    step = record(cast, person, 23, D(2026, 7, 5), vote=PASSED, decision="extend", extended_to=D(2027, 1, 1))
    assert fresh(person).extended_to is None
    record(cast, person, 24, D(2026, 7, 20))
    assert (fresh(person).extended_to, fresh(person).stage) == (D(2027, 1, 1), "probationary")
    known = record_of(fresh(person), TODAY).known
    assert (known.is_second_round, known.next_number) == (True, 16)

    record(cast, person, 22, D(2026, 10, 1))
    rows = DevelopmentStep.objects.filter(person=person, number__gte=22)
    assert list(rows.values_list("number", "done_on")) == [(22, D(2026, 10, 1))]
    assert DevelopmentStep.history.filter(id=step.pk, history_type="-").count() == 1


def test_an_annulment_is_left_to_the_conversion_review(cast):
    person = probationary(cast)
    record(cast, person, 22, D(2026, 8, 25))

    assert (
        refused(record, cast, person, 23, D(2026, 10, 20), vote=PASSED, decision="annul", **NOTICE).field == "decision"
    )


def test_steps_kept_by_an_open_review_are_recorded_there(cast):
    from evaluations.conversion_services import open_review
    from tests.members.process_crew import scope_of_er

    person = probationary(cast)
    open_review(
        person=person, scope=scope_of_er(cast), by=cast.user("er_secretary"), today=TODAY,
        now=dt.datetime(2026, 10, 28, tzinfo=dt.UTC),
    )  # fmt: skip

    refused(record, cast, person, 22, D(2026, 8, 25))
    assert record_of(person, TODAY).is_kept(24)
    assert not record_of(person, TODAY).is_kept(21)


def test_after_an_annulment_the_record_begins_anew(cast):
    person = somebody(cast)
    for number, on in ((1, D(2023, 9, 20)), (3, D(2024, 3, 1)), (23, D(2026, 3, 1)), (24, D(2026, 3, 20))):
        DevelopmentStep.objects.create(person=person, number=number, done_on=on)
    found = record_of(person, TODAY)
    assert (sorted(found.known.done), [row.number for row in found.former], found.known.next_number) == (
        [],
        [1, 3, 23, 24],
        1,
    )

    record(cast, person, 1, D(2026, 10, 1))
    assert list(DevelopmentStep.objects.values_list("number", "done_on")) == [(1, D(2026, 10, 1))]
    assert DevelopmentStep.history.filter(history_type="-").count() == 4


# --- Corrections and taking back -------------------------------------------------------------------


def test_a_correction_keeps_who_when_before_and_after(cast):
    person = somebody(cast, applied_on=D(2026, 10, 1))
    step = record(cast, person, 2, D(2026, 10, 5), who="甘杰怡")
    act(cast, correct_step, person=person, number=2, entry=Entry(D(2026, 10, 6), who="张红"))

    rows = DevelopmentStep.history.filter(id=step.pk).order_by("history_id")
    assert [(row.history_type, row.done_on, row.who, row.history_user.username) for row in rows] == [
        ("+", D(2026, 10, 5), "甘杰怡", "20230310001"), ("~", D(2026, 10, 6), "张红", "20230310001"),
    ]  # fmt: skip


def test_a_correction_that_makes_a_later_stage_unlawful_is_refused(cast):
    person = somebody(cast, applied_on=D(2025, 3, 5), activist_on=D(2025, 6, 1), candidate_on=D(2026, 6, 1))
    record(cast, person, 3, D(2025, 6, 1))
    refusal = refused(act, cast, correct_step, person=person, number=3, entry=Entry(D(2025, 6, 2)))

    assert (refusal.rule, fresh(person).activist_on) == ("R07", D(2025, 6, 1))


def test_only_the_last_step_is_taken_back_with_its_date(cast):
    person = somebody(cast)
    record(cast, person, 1, D(2026, 9, 20))
    record(cast, person, 2, D(2026, 10, 1))
    assert last_step(record_of(fresh(person), TODAY)) == 2
    assert act(cast, remove_last_step, person=person).number == 2
    assert act(cast, remove_last_step, person=person).number == 1

    assert (fresh(person).applied_on, DevelopmentStep.objects.count()) == (None, 0)
    refused(act, cast, remove_last_step, person=person)


def test_a_date_of_the_roster_is_not_taken_back_here(cast):
    person = somebody(cast, applied_on=D(2025, 9, 20), activist_on=D(2026, 3, 1))
    record(cast, person, 2, D(2025, 10, 1))
    refused(act, cast, remove_last_step, person=person)

    assert (fresh(person).activist_on, DevelopmentStep.objects.count()) == (D(2026, 3, 1), 1)


# --- Who records -----------------------------------------------------------------------------------


def test_nobody_keeps_their_own_record_nor_that_of_another_branch(cast):
    refused(record, cast, cast.person("er_secretary"), 16, D(2025, 6, 1))
    refused(record, cast, cast.person("san_activist"), 4, D(2026, 3, 5))

    assert DevelopmentStep.objects.count() == 0


# --- Papers ----------------------------------------------------------------------------------------


def test_papers_and_periods_are_read_as_they_were_written():
    held = Held(("approval", "filing"), D(2026, 3, 2), D(2026, 3, 9), "extend", D(2027, 5, 20))

    assert write(held) == ["filing", "approval", "notice:2026-03-02/2026-03-09", "decision:extend/2027-05-20"]
    assert read(write(held)) == replace(held, codes=("filing", "approval"))


@pytest.mark.parametrize("words", [None, "approval", ["unknown"], ["notice:2026-13-01/x"], [None, 7]], ids=str)
def test_strange_words_in_the_papers_are_passed_over(words):
    assert read(words) == Held()
