"""Rules R01–R20: each with a yes, a no and its boundary; leap days and month ends."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest

from branches.policy import RULES as POLICY
from members import rules
from members.development_models import VOTED_STEPS
from members.rules import RULES, Facts, Helper, Vote, check
from members.steps import BY_NUMBER, STAGE_NAMES, STEPS, labelled

TODAY = dt.date(2026, 10, 28)
FULL_A, FULL_B, NOT_FULL = Helper(7, "罗萍妍", True), Helper(8, "张红", True), Helper(9, "潘桂", False)
NATIONAL_DAY = {dt.date(2026, 10, day): "holiday" for day in range(1, 8)} | {dt.date(2026, 10, 10): "makeup"}
PASSED = Vote(eligible=15, present=12, yes=8)


def number(**changes):
    return lambda key: changes.get(key, POLICY[key].default)


def found(step, facts, today=TODAY, **changes) -> list[tuple[str, str, str]]:
    return [(problem.rule, problem.severity, problem.field) for problem in check(step, facts, today, number(**changes))]


def d(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def dates(**texts) -> Facts:
    return Facts(pk=1, name="蓝敏佳", **{name: d(text) for name, text in texts.items()})


# --- The table -----------------------------------------------------------------------------------


def test_there_are_twenty_rules_with_words_source_and_numbers_of_policy():
    assert list(RULES) == [f"R{n:02}" for n in range(1, 21)] == list(rules.CHECKS)
    assert [rule.id for rule in RULES.values() if not (str(rule.title) and str(rule.source))] == []
    assert sorted(key for rule in RULES.values() for key in rule.keys if key not in POLICY) == []
    assert {rule.severity for rule in RULES.values()} == {"block", "warn", "info"}


def test_the_steps_are_numbered_and_ask_rules_that_exist():
    assert [step.number for step in STEPS] == list(range(1, 26))
    assert tuple(step.number for step in STEPS if step.is_voted) == VOTED_STEPS
    assert sorted({rule for step in STEPS for rule in step.rules} - set(RULES)) == []
    assert [step.stage for step in STEPS] == sorted(step.stage for step in STEPS)
    assert {step.stage for step in STEPS} == set(STAGE_NAMES)
    assert BY_NUMBER[15].date_field == "admitted_on"


def test_a_college_names_a_step_its_own_way():
    names = labelled({2: "谈心谈话"})
    assert (names[2], names[1]) == ("谈心谈话", STEPS[0].name)
    assert labelled({2: ""})[2] == STEPS[1].name


def test_words_name_the_day_and_what_would_be_allowed():
    problem = check("candidate", dates(activist_on="2024-02-29", candidate_on="2025-02-27"), TODAY, number())[0]
    assert "2025年2月28日" in str(problem)
    assert "R07" in str(problem)
    for step in rules.STEPS:
        for problem in check(step, dates(admitted_on="2024-01-01", meeting_on="2024-02-01"), TODAY, number()):
            assert re.findall(r"%\(|[{}]", str(problem)) == []


def test_the_hardest_objection_stands_first():
    facts = replace(dates(admitted_on="2025-10-28", meeting_on="2025-12-01"), vote=Vote(10, 4, 4))
    severities = [problem.severity for problem in check("conversion", facts, TODAY, number())]
    assert severities == sorted(severities, key=("block", "warn", "info").index)
    assert {"block", "warn"} <= set(severities)


# --- R01–R07 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born_on", "applied_on", "blocked"),
    [
        ("2008-10-28", "2026-10-28", False),
        ("2008-10-29", "2026-10-28", True),
        ("2008-02-29", "2026-02-28", False),
        ("2008-02-29", "2026-02-27", True),
        (None, "2026-10-28", False),
        ("2008-10-28", None, False),
    ],
)
def test_r01_an_applicant_is_eighteen_on_the_day(born_on, applied_on, blocked):
    expected = [("R01", "block", "applied_on")] if blocked else []
    assert found("application", dates(born_on=born_on, applied_on=applied_on)) == expected


@pytest.mark.parametrize(
    ("applied_on", "talked_on", "today", "warned"),
    [
        ("2026-09-28", "2026-10-28", "2026-11-30", False),
        ("2026-09-28", "2026-10-29", "2026-11-30", True),
        ("2026-09-28", "2026-09-27", "2026-11-30", True),
        ("2026-09-28", None, "2026-10-28", False),
        ("2026-09-28", None, "2026-10-29", True),
        ("2026-01-31", "2026-02-28", "2026-03-15", False),
        ("2026-01-31", "2026-03-01", "2026-03-15", True),
        ("2024-01-31", "2024-02-29", "2024-03-15", False),
    ],
)
def test_r02_the_talk_comes_within_a_month(applied_on, talked_on, today, warned):
    expected = [("R02", "warn", "done_on")] if warned else []
    assert found("talk", dates(applied_on=applied_on, talked_on=talked_on), d(today)) == expected


@pytest.mark.parametrize(
    ("months", "activist_on", "warned"),
    [(0, "2026-09-20", False), (3, "2026-12-20", False), (3, "2026-12-19", True), (6, None, False)],
)
def test_r03_a_college_may_make_applicants_wait(months, activist_on, warned):
    facts = dates(applied_on="2026-09-20", activist_on=activist_on)
    expected = [("R03", "warn", "activist_on")] if warned else []
    assert found("activist", facts, application_to_activist_months=months) == expected


@pytest.mark.parametrize(
    ("contacts", "count"),
    [
        ((FULL_A,), 0),
        ((FULL_A, FULL_B), 0),
        ((), 1),
        ((FULL_A, FULL_B, Helper(10, "周鑫", True)), 1),
        ((NOT_FULL,), 1),
        ((FULL_A, FULL_A), 1),
        ((Helper(1, "蓝敏佳", True),), 1),
    ],
)
def test_r04_contacts_are_one_or_two_other_full_members(contacts, count):
    assert found("contacts", Facts(pk=1, contacts=contacts)) == [("R04", "block", "contacts")] * count


@pytest.mark.parametrize(
    ("reviewed_on", "today", "severity"),
    [
        (None, "2026-07-31", ""),
        (None, "2026-08-01", "info"),
        (None, "2026-08-31", "info"),
        (None, "2026-09-01", "warn"),
        ("2026-08-31", "2027-01-30", ""),
        ("2026-08-31", "2027-01-31", "info"),
        ("2026-08-31", "2027-02-27", "info"),
        ("2026-08-31", "2027-02-28", "warn"),
    ],
)
def test_r05_an_activist_is_reviewed_every_half_year(reviewed_on, today, severity):
    facts = dates(activist_on="2026-03-01", reviewed_on=reviewed_on)
    assert [row[1] for row in found("R05", facts, d(today))] == ([severity] if severity else [])


def test_r05_a_probationary_member_is_reviewed_by_r20_instead():
    facts = dates(activist_on="2025-03-01", admitted_on="2026-03-01")
    assert (found("R05", facts), [row[0] for row in found("probation_review", facts)]) == ([], ["R20"])


@pytest.mark.parametrize(
    ("entry_on", "today", "count"),
    [
        (None, "2026-05-31", 0),
        (None, "2026-06-01", 1),
        ("2026-11-30", "2027-02-27", 0),
        ("2026-11-30", "2027-02-28", 1),
    ],
)
def test_r06_the_contact_writes_every_quarter(entry_on, today, count):
    facts = dates(activist_on="2026-03-01", contact_entry_on=entry_on)
    assert found("R06", facts, d(today)) == [("R06", "info", "")] * count


@pytest.mark.parametrize(
    ("activist_on", "candidate_on", "blocked"),
    [
        ("2026-03-01", "2027-03-01", False),
        ("2026-03-01", "2027-02-28", True),
        ("2024-02-29", "2025-02-28", False),
        ("2024-02-29", "2025-02-27", True),
        (None, "2025-02-27", False),
    ],
)
def test_r07_a_candidate_was_an_activist_for_a_calendar_year(activist_on, candidate_on, blocked):
    expected = [("R07", "block", "candidate_on")] if blocked else []
    assert found("candidate", dates(activist_on=activist_on, candidate_on=candidate_on)) == expected


# --- R08–R14 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sponsors", "count"),
    [
        ((FULL_A, FULL_B), 0),
        ((FULL_A,), 1),
        ((), 1),
        ((FULL_A, FULL_B, Helper(10, "周鑫", True)), 1),
        ((FULL_A, NOT_FULL), 1),
        ((FULL_A, FULL_A), 1),
        ((FULL_A, Helper(1, "蓝敏佳", True)), 1),
    ],
)
def test_r08_sponsors_are_exactly_two_different_full_members(sponsors, count):
    assert found("sponsors", Facts(pk=1, sponsors=sponsors)) == [("R08", "block", "sponsors")] * count


@pytest.mark.parametrize(
    ("days", "hours", "passed", "field"),
    [
        (3, 0, True, ""),
        (0, 24, True, ""),
        (2, 23, True, "hours"),
        (3, 24, False, "is_passed"),
        (3, 0, None, "is_passed"),
    ],
)
def test_r09_training_takes_three_days_or_twenty_four_hours_and_is_passed(days, hours, passed, field):
    facts = Facts(training_days=days, training_hours=hours, is_training_passed=passed)
    assert found("training", facts) == ([("R09", "block", field)] if field else [])


@pytest.mark.parametrize(
    ("done_on", "clean", "meeting_on", "severity"),
    [
        ("2025-10-28", True, "2026-10-28", ""),
        ("2025-10-28", True, "2026-10-29", "warn"),
        ("2024-02-29", True, "2025-02-28", ""),
        ("2024-02-29", True, "2025-03-01", "warn"),
        (None, None, "2026-10-28", "block"),
        ("2026-10-01", False, "2026-10-28", "block"),
        ("2025-10-27", True, None, "warn"),
    ],
)
def test_r10_the_political_review_is_clean_and_a_year_old_at_most(done_on, clean, meeting_on, severity):
    facts = replace(dates(political_review_on=done_on, meeting_on=meeting_on), is_political_review_clean=clean)
    assert [row[1] for row in found("political_review", facts)] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("before", "meeting_on", "warned"),
    [
        ("2026-09-30", "2026-10-30", False),
        ("2026-09-30", "2026-10-31", True),
        ("2026-10-30", "2026-10-30", False),
        ("2026-10-31", "2026-10-30", True),
        (None, "2026-10-30", True),
        (None, None, False),
        ("2026-01-31", "2026-02-28", False),
    ],
)
def test_r11_the_pre_review_comes_first_and_the_meeting_within_a_month(before, meeting_on, warned):
    facts = dates(pre_reviewed_on=before, meeting_on=meeting_on)
    assert found("pre_review", facts) == ([("R11", "warn", "meeting_on")] if warned else [])


@pytest.mark.parametrize(
    ("first", "last", "meeting_on", "fields"),
    [
        ("2026-10-19", "2026-10-23", "2026-10-26", []),
        ("2026-10-19", "2026-10-22", "2026-10-26", ["notice_to_on"]),
        ("2026-10-17", "2026-10-23", None, []),
        ("2026-10-19", "2026-10-23", "2026-10-23", ["meeting_on"]),
        # National Day is no time for a notice; the make-up Saturday after it is.
        ("2026-09-30", "2026-10-09", None, ["notice_to_on"]),
        ("2026-09-30", "2026-10-12", None, []),
        (None, None, None, ["notice_from_on"]),
    ],
)
def test_r12_a_notice_stands_for_five_working_days(first, last, meeting_on, fields):
    facts = replace(dates(notice_from_on=first, notice_to_on=last, meeting_on=meeting_on), days=NATIONAL_DAY)
    assert found("notice", facts) == [("R12", "warn", field) for field in fields]


def test_r12_names_the_day_until_which_it_has_to_stand():
    facts = replace(dates(notice_from_on="2026-09-30", notice_to_on="2026-10-09"), days=NATIONAL_DAY)
    assert "2026年10月12日" in check("notice", facts, TODAY, number())[0].message
    assert rules.notice_may_end_on(d("2026-09-30"), NATIONAL_DAY, number()) == d("2026-10-12")


@pytest.mark.parametrize(
    ("leaves_on", "meeting_on", "warned"),
    [
        ("2027-01-28", "2026-10-28", False),
        ("2027-01-27", "2026-10-28", True),
        ("2027-02-28", "2026-11-30", False),
        ("2027-02-27", "2026-11-30", True),
        ("2026-12-01", None, True),
        (None, "2026-10-28", False),
    ],
)
def test_r13_who_leaves_within_three_months_is_generally_not_admitted(leaves_on, meeting_on, warned):
    facts = dates(leaves_on=leaves_on, meeting_on=meeting_on)
    assert found("leaving", facts) == ([("R13", "warn", "meeting_on")] if warned else [])


@pytest.mark.parametrize(
    ("vote", "fields"),
    [
        (Vote(eligible=15, present=8, yes=8), []),
        (Vote(eligible=15, present=7, yes=7), ["present_count", "yes_count"]),
        (Vote(eligible=14, present=8, yes=8), []),
        # Half is not more than half, of those with a vote and not of those present.
        (Vote(eligible=14, present=7, written=7, yes=14), ["present_count"]),
        (Vote(eligible=14, present=14, yes=7, no=7), ["yes_count"]),
        (Vote(eligible=15, present=12, yes=7), ["yes_count"]),
        # Opinions in writing count as votes, not as present.
        (Vote(eligible=15, present=8, written=2, yes=10), []),
        (Vote(eligible=15, present=6, written=6, yes=12), ["present_count"]),
        (Vote(eligible=1, present=1, yes=1), []),
        (Vote(eligible=0, present=0, yes=0), ["eligible_count"]),
        (Vote(eligible=10, present=9, written=2, yes=9), ["present_count"]),
        (Vote(eligible=10, present=8, issued=9, yes=8), ["issued_count"]),
        (Vote(eligible=10, present=8, issued=8, returned=9, yes=8), ["returned_count"]),
        (Vote(eligible=10, present=8, issued=8, returned=7, yes=8), ["yes_count"]),
        (Vote(eligible=10, present=8, yes=6, no=2, abstained=1), ["yes_count"]),
        (Vote(eligible=10, present=8, yes=6, no=1, abstained=1), []),
    ],
)
def test_r14_more_than_half_present_and_more_than_half_in_favour(vote, fields):
    assert found("vote", Facts(vote=vote)) == [("R14", "block", field) for field in fields]


def test_an_admission_asks_all_its_rules():
    ready = replace(
        dates(
            political_review_on="2026-03-01", pre_reviewed_on="2026-10-10", notice_from_on="2026-10-12", notice_to_on="2026-10-19",
            meeting_on="2026-10-28", leaves_on="2027-06-30",
        ),
        sponsors=(FULL_A, FULL_B), training_hours=24, is_training_passed=True, is_political_review_clean=True, vote=PASSED,
    )  # fmt: skip
    assert found("admission", ready) == []
    assert {row[0] for row in found("admission", Facts(meeting_on=TODAY))} == {"R08", "R09", "R10", "R11", "R12"}


# --- R15–R20 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meeting_on", "approved_on", "today", "severity"),
    [
        ("2026-07-28", None, "2026-10-28", ""),
        ("2026-07-28", None, "2026-10-29", "warn"),
        ("2026-07-28", "2026-10-28", "2026-12-01", ""),
        ("2026-07-28", "2026-10-29", "2026-12-01", "warn"),
        ("2026-07-28", "2027-01-28", "2027-02-01", "warn"),
        ("2026-07-28", "2027-01-29", "2027-02-01", "block"),
        ("2026-07-28", None, "2027-01-29", "warn"),
        ("2026-08-31", "2026-11-30", "2026-12-01", ""),
        ("2026-08-31", "2027-02-28", "2027-03-01", "warn"),
        ("2026-08-31", "2027-03-01", "2027-03-01", "block"),
        ("2026-07-28", "2026-07-27", "2026-10-28", "block"),
        (None, None, "2026-10-28", ""),
    ],
)
def test_r15_an_approval_comes_within_three_months_and_never_after_six(meeting_on, approved_on, today, severity):
    facts = dates(meeting_on=meeting_on, approved_on=approved_on)
    expected = [("R15", severity, "approved_on")] if severity else []
    assert found("approval", facts, d(today)) == expected


@pytest.mark.parametrize(
    ("admitted_on", "extended_to", "ends_on"),
    [
        ("2026-05-20", None, "2027-05-20"),
        ("2024-02-29", None, "2025-02-28"),
        ("2023-02-28", None, "2024-02-28"),
        ("2026-05-20", "2027-11-20", "2027-11-20"),
    ],
)
def test_r16_a_probation_lasts_a_calendar_year_from_the_meeting(admitted_on, extended_to, ends_on):
    assert rules.probation_ends_on(d(admitted_on), d(extended_to), number()) == d(ends_on)
    assert found("probation_end", dates(admitted_on=admitted_on)) == [("R16", "info", "")]
    assert found("probation_end", Facts()) == []


@pytest.mark.parametrize(
    ("meeting_on", "converted_on", "fields"),
    [
        ("2026-05-20", None, []),
        ("2026-05-19", None, ["meeting_on"]),
        (None, "2026-05-20", []),
        (None, "2026-05-19", ["converted_on"]),
        ("2026-05-21", "2026-05-20", []),
    ],
)
def test_r17_nobody_is_converted_before_the_year_is_over(meeting_on, converted_on, fields):
    facts = dates(admitted_on="2025-05-20", meeting_on=meeting_on, converted_on=converted_on)
    assert found("R17", facts) == [("R17", "block", field) for field in fields]


@pytest.mark.parametrize(
    ("extend_to", "field"),
    [
        ("2026-11-20", ""),
        ("2026-11-19", "extended_to"),
        ("2027-05-20", ""),
        ("2027-05-21", "extended_to"),
        (None, "extended_to"),
    ],
)
def test_r18_an_extension_takes_six_to_twelve_months(extend_to, field):
    facts = dates(admitted_on="2025-05-20", meeting_on="2026-05-20", extend_to=extend_to)
    assert found("R18", facts) == ([("R18", "block", field)] if field else [])


def test_r18_month_ends_are_counted_as_the_calendar_has_them():
    assert rules.extension_bounds(d("2026-08-31"), number()) == (d("2027-02-28"), d("2027-08-31"))


def test_r18_there_is_no_second_extension():
    facts = dates(admitted_on="2025-05-20", extended_to="2026-11-20", meeting_on="2026-11-20", extend_to="2027-05-20")
    assert found("R18", facts) == [("R18", "block", "decision")]


@pytest.mark.parametrize(
    ("admitted_on", "extended_to", "today", "count"),
    [
        ("2025-10-28", None, "2026-10-28", 0),
        ("2025-10-28", None, "2026-10-29", 1),
        ("2025-10-28", "2027-04-28", "2027-04-28", 0),
        ("2025-10-28", "2027-04-28", "2027-04-29", 1),
        (None, None, "2027-04-29", 0),
    ],
)
def test_r19_a_conversion_is_overdue_from_the_day_after(admitted_on, extended_to, today, count):
    facts = dates(admitted_on=admitted_on, extended_to=extended_to)
    assert found("overdue", facts, d(today)) == [("R19", "warn", "")] * count


def test_r19_is_silent_once_the_branch_has_met_or_converted():
    late = dates(admitted_on="2024-10-28")
    assert found("overdue", replace(late, meeting_on=d("2026-10-01"))) == []
    assert found("overdue", replace(late, converted_on=d("2025-10-28"))) == []


@pytest.mark.parametrize(
    ("reviewed_on", "today", "count"),
    [
        (None, "2026-09-19", 0),
        (None, "2026-10-20", 1),
        (None, "2026-11-20", 1),
        ("2026-08-31", "2027-01-30", 0),
        ("2026-08-31", "2027-02-28", 1),
        # A review of the time before the admission does not count for the probation.
        ("2026-03-31", "2026-11-20", 1),
    ],
)
def test_r20_a_probationary_member_is_reviewed_every_half_year(reviewed_on, today, count):
    facts = dates(admitted_on="2026-05-20", reviewed_on=reviewed_on)
    assert found("probation_review", facts, d(today)) == [("R20", "info", "")] * count
    assert found("probation_review", replace(facts, converted_on=d("2026-10-01")), d(today)) == []


def test_when_the_next_review_of_the_branch_is_due():
    assert rules.review_due_on(dates(activist_on="2026-03-01"), number()) == d("2026-09-01")
    assert rules.review_due_on(dates(admitted_on="2026-05-20", reviewed_on="2026-08-31"), number()) == d("2027-02-28")
    assert rules.review_due_on(Facts(), number()) == dt.date.max
