"""A conversion review from its opening to the approval, what it writes back, and what is refused (R12, R14–R19)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from branches.models import PolicyValue
from evaluations import conversion_services as services
from evaluations.models import ConversionReview
from members.models import DevelopmentStep, StepVote
from members.rules import Vote
from members.services import leave_people
from tests.evaluations.conversion_crew import (
    PASSED,
    TODAY,
    act,
    act_now,
    approve,
    day,
    decided,
    fresh,
    heard,
    meet,
    on_probation,
    opened,
    prepared,
)
from tests.mentoring.saying import plain, refused

pytestmark = pytest.mark.django_db


def open_due(today=TODAY) -> int:
    return services.open_due_reviews(today=today, now=timezone.now())


# --- Opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "count"), [("2026-11-27", 1), ("2026-11-28", 0), ("2026-10-20", 1), ("2025-10-20", 1), ("2027-05-20", 0)]
)
def test_a_review_opens_by_itself_a_month_before_the_year_is_over(cast, until, count):
    person = on_probation(cast, until=until)
    assert (open_due(), open_due()) == (count, 0)
    assert list(ConversionReview.objects.values_list("person", "due_on")) == [(person.pk, day(until))] * count


def test_the_month_is_a_number_of_policy(cast):
    on_probation(cast, until="2026-11-28")
    PolicyValue.objects.create(
        key="conversion_opens_days", value="60", effective_from=dt.date(2026, 1, 1), source="学院规定"
    )
    assert open_due() == 1


def test_leap_days_and_month_ends_do_not_hide_anybody(cast):
    person = on_probation(cast, until="2025-02-28")
    person.admitted_on = dt.date(2024, 2, 29)
    person.save()
    assert open_due(dt.date(2025, 1, 29)) == 1
    assert ConversionReview.objects.get().due_on == dt.date(2025, 2, 28)


def test_nobody_of_a_closed_branch_and_nobody_who_left_is_opened(cast):
    on_probation(cast)
    cast.er.is_active = False
    cast.er.save()
    on_probation(cast, "san_member")
    leave_people(people=[cast.person("san_member")], left_on=TODAY, today=TODAY, by=None)
    assert open_due() == 0


def test_what_was_closed_by_hand_stays_closed_and_what_was_not_approved_comes_again(cast):
    review = opened(cast)
    services.close_review(review=review, reason="误开", scope=act(cast)["scope"], by=cast.user("er_secretary"), now=timezone.now())  # fmt: skip
    assert open_due() == 0
    review.delete()
    approve(cast, decided_again(cast), is_approved=False, note="材料不全")
    assert open_due() == 1


def decided_again(cast):
    review = services.open_review(person=cast.person("er_probationary"), **act_now(cast))
    return meet(cast, heard(cast, prepared(cast, review)))


def test_an_open_review_of_somebody_converted_elsewhere_is_closed_by_itself(cast):
    review = opened(cast)
    person = cast.person("er_probationary")
    person.converted_on = day("2026-10-20")
    person.settle_stage(TODAY)
    person.save()
    assert services.close_settled_reviews(today=TODAY, now=timezone.now()) == 1
    assert fresh(review).closed_at is not None
    assert fresh(review).close_reason != ""


@pytest.mark.parametrize(
    ("who", "name", "words"),
    [
        ("er_secretary", "er_probationary", "潘桂的转正考察已在进行中"),
        ("er_secretary", "er_member", "罗萍妍不是支部的预备党员所以没有转正可办"),
        ("san_secretary", "er_probationary", "考察由本人所在支部的书记或组织委员启动"),
    ],
)
def test_who_is_refused_another_review(cast, who, name, words):
    opened(cast)
    assert refused(services.open_review, person=cast.person(name), **act_now(cast, who))[0] == words


def test_the_day_follows_the_dates_of_the_person_until_the_meeting(cast):
    review, person = opened(cast), cast.person("er_probationary")
    person.admitted_on = day("2025-10-22")
    person.save()
    services.record_application(review=review, applied_on=day("2026-10-15"), **act(cast))
    assert fresh(review).due_on == day("2026-10-22")


# --- The steps -----------------------------------------------------------------------------------


def test_a_clean_review_converts_from_the_day_the_probation_was_over(cast):
    review = approve(cast, decided(cast), approved_on=day("2026-10-27"))
    person = fresh(cast.person("er_probationary"))
    assert (person.stage, person.converted_on) == ("full", day("2026-10-20"))
    assert (review.is_approved, review.closed_at is not None) == (True, True)
    steps = dict(DevelopmentStep.objects.filter(person=person).values_list("number", "done_on"))
    assert steps == {22: day("2026-10-15"), 23: day("2026-10-26"), 24: day("2026-10-27")}
    vote = StepVote.objects.get(step__person=person, step__number=23)
    assert (vote.eligible_count, vote.present_count, vote.yes_count, vote.issued_count) == (3, 3, 3, 3)
    assert person.history.first().history_user == cast.user("er_secretary")


def test_an_extension_moves_the_end_and_a_second_one_is_refused(cast):
    review = decided(cast, "extend", extended_to=day("2027-04-20"), reason="组织纪律性有待加强")
    assert fresh(cast.person("er_probationary")).extended_to is None
    approve(cast, review)
    person = fresh(cast.person("er_probationary"))
    assert (person.stage, person.extended_to, person.converted_on) == ("probationary", day("2027-04-20"), None)
    assert open_due(dt.date(2027, 3, 21)) == 1
    again = ConversionReview.objects.open().get()
    assert again.due_on == day("2027-04-20")
    again.committee_reviewed_on = day("2026-10-20")
    again.save()
    late = {
        "today": day("2027-04-21"),
        "meeting_on": day("2027-04-21"),
        "reason": "再看",
        "extended_to": day("2027-10-20"),
    }
    words, rule, field = refused(meet, cast=cast, review=again, decision="extend", **late)
    assert (rule, field) == ("R18", "decision")
    assert words.startswith("预备期已延长过一次")


@pytest.mark.parametrize("to", ["2027-04-19", "2027-10-21", None])
def test_an_extension_of_the_wrong_length_is_refused(cast, to):
    review = heard(cast, prepared(cast, opened(cast)))
    values = {"extended_to": day(to) if to else None, "reason": "不足"}
    assert refused(meet, cast=cast, review=review, decision="extend", **values)[1:] == ("R18", "extended_to")


def test_after_the_extension_the_standing_counts_from_its_end(cast):
    person = on_probation(cast, until="2026-03-20")
    person.extended_to = day("2026-10-20")
    person.save()
    review = services.open_review(person=person, **act_now(cast))
    assert review.due_on == day("2026-10-20")
    approve(cast, meet(cast, prepared(cast, review), reason="入党介绍人已毕业离校"))
    assert fresh(person).converted_on == day("2026-10-20")


def test_an_annulment_takes_the_membership_away_and_keeps_the_days_on_record(cast):
    person = cast.person("er_probationary")
    person.is_league_member = True
    person.save()
    review = decided(cast, "annul", reason="违反纪律,不履行党员义务")
    admitted_on = fresh(person).admitted_on
    approve(cast, review)
    person = fresh(person)
    assert (person.stage, person.admitted_on, person.candidate_on, person.applied_on) == (
        "league_member",
        None,
        None,
        None,
    )
    assert person.left_on is None
    steps = dict(DevelopmentStep.objects.filter(person=person).values_list("number", "done_on"))
    assert (steps[15], steps[23], sorted(steps)) == (admitted_on, day("2026-10-26"), [1, 3, 7, 15, 22, 23, 24])
    assert "取消" in person.history.first().history_change_reason
    assert [row.admitted_on for row in person.history.all()[:2]] == [None, admitted_on]


def test_what_is_not_approved_changes_nothing_of_the_person(cast):
    review = approve(cast, decided(cast), is_approved=False, note="公示材料不全")
    person = fresh(cast.person("er_probationary"))
    assert (person.stage, person.converted_on, review.closed_at is not None) == ("probationary", None, True)
    assert DevelopmentStep.objects.filter(person=person).count() == 0


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"meeting_on": day("2026-10-19")}, "R17", "meeting_on"),
        ({"meeting_on": day("2026-10-29")}, "", "meeting_on"),
        ({"vote": Vote(3, 1, 1)}, "R14", "present_count"),
        ({"vote": Vote(3, 2, 1, no=1)}, "R14", "yes_count"),
        ({"vote": Vote(3, 3, 4)}, "R14", "yes_count"),
        ({"vote": Vote(3, 4, 3)}, "R14", "present_count"),
        ({"vote": Vote(3, 3, 3, issued=4)}, "R14", "issued_count"),
        ({"decision": "promote"}, "", "decision"),
        ({"decision": "annul"}, "", "reason"),
    ],
)
def test_a_meeting_that_a_rule_blocks_is_refused(cast, changes, rule, field):
    review = heard(cast, prepared(cast, opened(cast)))
    assert refused(meet, cast=cast, review=review, **changes)[1:] == (rule, field)
    assert fresh(review).meeting_on is None


def test_a_member_voting_in_writing_counts_as_a_vote_and_not_as_present(cast):
    review = heard(cast, prepared(cast, opened(cast)))
    row = meet(cast, review, vote=Vote(eligible=3, present=2, written=1, yes=3))
    assert (row.issued_count, row.returned_count, row.yes_count) == (3, 3, 3)


def test_missing_opinions_and_a_hasty_meeting_need_a_reason(cast):
    review = prepared(cast, opened(cast))
    words, _rule, field = refused(meet, cast=cast, review=review)
    assert (words.startswith("尚未听取"), field) == (True, "reason")
    words, rule, field = refused(meet, cast=cast, review=heard(cast, review), meeting_on=day("2026-10-22"))
    assert (rule, field) == ("R12", "reason")
    assert meet(cast, review, meeting_on=day("2026-10-22"), reason="支部党员即将外出实习").meeting_on == day(
        "2026-10-22"
    )


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("applied_on", "先完成收到转正申请"),
        ("committee_reviewed_on", "先完成支委会审查"),
        ("notice_from_on", "先完成公示"),
    ],
)
def test_a_conversion_needs_application_committee_and_notice(cast, step, words):
    review = heard(cast, prepared(cast, opened(cast)))
    cleared = {step: None} | ({"notice_to_on": None} if step == "notice_from_on" else {})
    ConversionReview.objects.filter(pk=review.pk).update(**cleared)
    assert refused(meet, cast=cast, review=review, reason="都已谈过")[0].startswith(words)


def test_a_notice_shorter_than_five_working_days_needs_a_reason(cast):
    review = opened(cast)
    services.record_application(review=review, applied_on=day("2026-10-05"), **act(cast))
    services.record_committee(review=review, committee_reviewed_on=day("2026-10-05"), **act(cast))
    values = {"review": review, "notice_from_on": day("2026-10-05"), "notice_to_on": day("2026-10-13"), **act(cast)}
    # 5 to 7 October are holidays, Saturday the 10th is a working day: 8, 9, 10, 12, 13.
    assert services.record_notice(notice_result="", **values).notice_to_on == day("2026-10-13")
    values["notice_to_on"] = day("2026-10-12")
    words, rule, field = refused(services.record_notice, notice_result="", **values)
    assert (rule, field, "2026年10月13日" in words) == ("R12", "notice_to_on", True)
    assert services.record_notice(notice_result="学院统一安排", **values).notice_to_on == day("2026-10-12")


def test_steps_keep_their_order_and_none_lies_ahead(cast):
    review = opened(cast)
    assert (
        refused(services.record_application, review=review, applied_on=day("2026-10-29"), **act(cast))[2]
        == "applied_on"
    )
    assert (
        refused(services.record_application, review=review, applied_on=day("2025-10-19"), **act(cast))[2]
        == "applied_on"
    )
    services.record_application(review=review, applied_on=day("2026-10-15"), **act(cast))
    assert refused(services.record_committee, review=review, committee_reviewed_on=day("2026-10-14"), **act(cast))[2] == "committee_reviewed_on"  # fmt: skip
    early = {"notice_from_on": day("2026-10-14"), "notice_to_on": day("2026-10-20"), "notice_result": ""}
    assert refused(services.record_notice, review=review, **early, **act(cast))[2] == "notice_from_on"
    services.record_committee(review=review, committee_reviewed_on=day("2026-10-16"), **act(cast))
    backwards = {"notice_from_on": day("2026-10-20"), "notice_to_on": day("2026-10-19"), "notice_result": ""}
    assert refused(services.record_notice, review=review, **backwards, **act(cast))[2] == "notice_to_on"
    assert refused(services.record_notice, review=review, **early, **act(cast))[2] == "notice_from_on"


@pytest.mark.parametrize(("to", "allowed"), [("2027-04-20", True), ("2027-04-21", False), ("2026-10-20", False)])
def test_a_discussion_is_deferred_by_six_months_at_most(cast, to, allowed):
    review = opened(cast)
    values = {"review": review, "deferred_to": day(to), "defer_reason": "9月从外校转入", **act(cast)}
    if allowed:
        row = services.defer_discussion(**values)
        assert (row.deferred_to, row.due_on) == (day(to), day("2026-10-20"))
    else:
        assert refused(services.defer_discussion, **values)[1:] == ("R19", "deferred_to")


@pytest.mark.parametrize(
    ("approved_on", "note", "answer"),
    [
        ("2027-01-26", "", None),
        ("2027-01-27", "", ("R15", "note")),
        ("2027-01-27", "党委换届", None),
        ("2027-04-26", "党委换届", None),
        ("2027-04-27", "党委换届", ("R15", "approved_on")),
        ("2026-10-25", "", ("R15", "approved_on")),
    ],
)
def test_approval_within_three_months_later_with_a_word_and_never_after_six(cast, approved_on, note, answer):
    values = {
        "cast": cast,
        "review": decided(cast),
        "approved_on": day(approved_on),
        "note": note,
        "today": day("2027-05-01"),
    }
    if answer is None:
        assert approve(**values).is_approved is True
    else:
        assert refused(approve, **values)[1:] == answer


def test_there_is_no_approval_before_the_meeting_and_none_twice(cast):
    review = prepared(cast, opened(cast))
    assert refused(approve, cast=cast, review=review)[2] == "approved_on"
    review = meet(cast, heard(cast, review))
    approve(cast, review)
    assert refused(approve, cast=cast, review=review)[0].startswith("本次考察已结束")


def test_the_last_step_is_taken_back_until_the_approval(cast):
    review = decided(cast)
    assert fresh(review).pack["person"] == review.person_id
    taken = [
        services.undo_last(review=review, step=step, scope=act(cast)["scope"], by=cast.user("er_secretary"))
        for step in ("meeting", "notice", "committee", "application")
    ]
    assert taken == ["支部大会", "公示", "支委会审查", "收到转正申请"]
    row = fresh(review)
    assert (row.meeting_on, row.decision, row.eligible_count, row.pack, row.pack_at) == (None, "", None, {}, None)
    assert (row.notice_from_on, row.committee_reviewed_on, row.applied_on) == (None, None, None)
    arguments = {"review": review, "step": "application", "scope": act(cast)["scope"], "by": cast.user("er_secretary")}
    assert refused(services.undo_last, **arguments)[0] == "没有可撤回的步骤"


def test_what_is_not_the_last_step_any_more_is_not_taken_back(cast):
    review = decided(cast)
    arguments = {"review": review, "step": "notice", "scope": act(cast)["scope"], "by": cast.user("er_secretary")}
    assert refused(services.undo_last, **arguments)[0].startswith("现在的最后一步是“支部大会”")
    assert fresh(review).meeting_on is not None


def test_an_approved_decision_is_not_taken_back(cast):
    review = approve(cast, decided(cast))
    arguments = {"review": review, "step": "application", "scope": act(cast)["scope"], "by": cast.user("er_secretary")}
    assert refused(services.undo_last, **arguments)[0].startswith("本次考察已结束")


def test_after_the_meeting_nothing_before_it_changes(cast):
    review = decided(cast)
    for service, values in (
        (services.record_application, {"applied_on": day("2026-10-15")}),
        (services.record_committee, {"committee_reviewed_on": day("2026-10-16")}),
        (services.defer_discussion, {"deferred_to": day("2026-12-01"), "defer_reason": "转入"}),
    ):
        assert plain(refused(service, review=review, **values, **act(cast))[0]).startswith("支部大会已作出决议")


@pytest.mark.parametrize("who", ["er_probationary", "er_member", "san_secretary", "administrator", "counsellor"])
def test_who_does_not_keep_the_review_is_refused(cast, who):
    review = opened(cast)
    arguments = {"review": review, "applied_on": day("2026-10-15"), **act(cast, who)}
    assert refused(services.record_application, **arguments)[0] != ""
    assert fresh(review).applied_on is None


def test_a_secretary_on_probation_does_not_keep_their_own_review(cast):
    review = opened(cast, "er_deputy")
    assert refused(services.record_application, review=review, applied_on=day("2026-10-15"), **act(cast, "er_deputy"))[0].startswith("任何人不得记录本人的考察")  # fmt: skip
    services.record_application(review=review, applied_on=day("2026-10-15"), **act(cast, "mech_organiser"))


def test_who_leaves_in_the_middle_closes_the_review_with_a_reason(cast):
    review = prepared(cast, opened(cast))
    lines = leave_people(
        people=[cast.person("er_probationary")], left_on=TODAY, today=TODAY, by=cast.user("er_secretary")
    )
    row = fresh(review)
    assert (row.closed_at is not None, "2026年10月28日" in row.close_reason, row.is_approved) == (True, True, None)
    assert "潘桂转正考察已关闭" in [plain(line) for line in lines]
    assert refused(approve, cast=cast, review=review)[0].startswith("本次考察已结束")


def test_the_pack_is_kept_as_it_lay_before_the_meeting(cast):
    review = decided(cast)
    kept = fresh(review).pack
    assert (kept["version"], kept["on"], kept["since"]) == (1, "2026-10-28", "2025-10-20")
    assert fresh(review).pack_at == timezone.now()
    assert "pack" not in [field.name for field in ConversionReview.history.model._meta.fields]


def test_counts_that_do_not_fit_are_refused_by_the_database_too(cast):
    from django.db import IntegrityError, transaction

    review = opened(cast)
    wrong = (
        {"eligible_count": 3, "present_count": 4},
        {"issued_count": 3, "returned_count": 4},
        {"decision": "convert"},
    )
    for values in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            ConversionReview.objects.filter(pk=review.pk).update(**values)
    assert PASSED.yes == 3
