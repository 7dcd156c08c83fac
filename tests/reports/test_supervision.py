"""What the sources of the supervision board find, from when on, and who is to act."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from activities.models import Lecture, LectureAudience, Textbook
from branches.models import PartyBranch
from evaluations.models import (
    AppraisalResult,
    AppraisalRound,
    ConversionReview,
    Feedback,
    FeedbackExchange,
    FeedbackRound,
    MentorAssessment,
)
from members.models import DevelopmentStep, Person, Post
from pairings.models import CrossInspection, InspectionFinding, InspectionMaterial, PairingTask
from reports.supervision.sources_life import appraisal_year
from tests.pairings.crew import activate
from tests.reports.watching import DAY, TODAY, found, old_log, running_link


def test_activists_are_reviewed_every_half_year_by_the_secretary(cast):
    assert found(cast, "activist_review") == [
        ("第三党支部", "san_activist", dt.date(2026, 9, 1), ["san_secretary"]),
        ("第六党支部", "liu_activist", dt.date(2026, 9, 1), ["liu_secretary"]),
    ]


def test_probationary_members_are_due_six_months_after_admission(cast):
    assert found(cast, "probation_review") == []
    on = dt.date(2026, 11, 20)
    assert found(cast, "probation_review", "mech_organiser", on) == [
        ("第二党支部", "er_probationary", on, ["er_deputy", "er_secretary"]),
        ("第三党支部", "san_member", on, ["san_secretary"]),
    ]


def test_the_contact_writes_the_contacts_record(cast):
    running_link(
        cast, dt.date(2026, 7, 1), tier=2, is_formal=True, mentor=cast.person("liu_member"),
        mentee=cast.person("liu_activist"), party_branch=cast.liu,
    )  # fmt: skip
    assert found(cast, "contact_record") == [("第六党支部", "liu_activist", dt.date(2026, 10, 1), ["liu_member"])]


@pytest.mark.parametrize(
    ("starts_on", "silent", "quiet"),
    [
        (dt.date(2026, 8, 29), [dt.date(2026, 10, 28)], []),
        (dt.date(2026, 8, 30), [], [dt.date(2026, 9, 13)]),
        (dt.date(2026, 10, 15), [], []),
    ],
)
def test_links_are_silent_after_sixty_days_and_need_a_talk_before(cast, starts_on, silent, quiet):
    running_link(cast, starts_on)
    assert [since for _b, _p, since, _u in found(cast, "silent")] == silent
    assert [since for _b, _p, since, _u in found(cast, "quiet")] == quiet


def test_a_link_with_a_talk_needs_the_next_after_thirty_days(cast):
    link = running_link(cast, dt.date(2026, 5, 1))
    old_log(cast, days=31, purpose="mentoring", mentorship=link, state="confirmed",
            confirmed_by=cast.user("er_secretary"), confirmed_at=timezone.now())  # fmt: skip
    assert found(cast, "quiet") == [("第二党支部", "er_member", TODAY, ["er_member"])]


def test_junior_league_branches_lack_guides_and_speakers(cast):
    assert found(cast, "guides") == [("第六党支部", "", dt.date(2026, 9, 1), ["liu_secretary"])]
    assert found(cast, "speakers") == [("第六党支部", "", dt.date(2026, 10, 5), ["liu_secretary"])]
    assert found(cast, "speakers", today=dt.date(2026, 9, 30)) == []


def test_missed_quota_weeks_of_the_last_four_are_named(cast):
    assert [since for _b, _p, since, _u in found(cast, "missed_weeks")] == [
        dt.date(2026, 10, 19),
        dt.date(2026, 10, 26),
    ]


def test_a_lecture_waits_for_its_league_secretary_after_two_days(cast):
    book = Textbook.objects.create(title="读本", is_prescribed=True)
    for days in (2, 3):
        lecture = Lecture.objects.create(
            on=TODAY - days * DAY, minutes=40, textbook=book, recorded_by=cast.user("liu_member"),
            recorded_at=timezone.now(),
        )  # fmt: skip
        LectureAudience.objects.create(lecture=lecture, league_branch=cast.one)
    assert found(cast, "lectures_waiting") == [("第六党支部", "", TODAY, ["league_secretary"])]


def test_log_entries_wait_longer_than_the_policy_allows(cast):
    old_log(cast, days=2)
    assert found(cast, "logs_waiting") == []
    old_log(cast, days=5)
    assert found(cast, "logs_waiting") == [("第二党支部", "er_member", TODAY - 2 * DAY, ["er_deputy", "er_secretary"])]


def test_nobody_is_to_confirm_their_own_entry(cast):
    old_log(cast, "er_secretary")
    assert [users for _b, _p, _s, users in found(cast, "logs_waiting")] == [["er_deputy"]]


def test_classmates_without_a_branch_stand_with_the_branch_that_guides_their_class(cast):
    old_log(cast, "classmate")
    assert found(cast, "logs_waiting", "liu_secretary") == [
        ("第六党支部", "classmate", TODAY - 2 * DAY, ["liu_secretary"])
    ]


def test_pairings_tasks_findings_and_agreements_stand_with_the_side_that_acts(cast):
    pairing = activate(cast)
    PairingTask.objects.create(pairing=pairing, area="standards", what="互查", side="both", due_on=TODAY - DAY)
    PairingTask.objects.create(pairing=pairing, area="standards", what="今天到期", side="both", due_on=TODAY)
    inspection = CrossInspection.objects.create(
        pairing=pairing, inspecting_branch=cast.er, inspected_branch=cast.san, on=dt.date(2026, 10, 12),
        recorded_by=cast.user("er_secretary"),
    )  # fmt: skip
    InspectionFinding.objects.create(
        inspection=inspection, material=InspectionMaterial.objects.first(), problem="缺记录", mend_by_on=dt.date(2026, 10, 20)
    )  # fmt: skip
    assert found(cast, "tasks") == [
        ("第二党支部", "", TODAY, ["er_deputy", "er_secretary"]),
        ("第三党支部", "", TODAY, ["san_secretary"]),
    ]
    assert found(cast, "findings") == [("第三党支部", "", dt.date(2026, 10, 21), ["san_secretary"])]
    pairing.state, pairing.partner_confirmed_by, pairing.partner_confirmed_at = "proposed", None, None
    pairing.save()
    pairing.steps.create(action="propose", by=cast.user("er_secretary"), at=timezone.now() - 10 * DAY)
    assert found(cast, "agreements") == [("第三党支部", "", TODAY - 7 * DAY, ["san_secretary"])]
    assert found(cast, "tasks") == []


def test_applicants_are_talked_with_within_a_month(cast):
    person = cast.person("er_probationary")
    Person.objects.filter(pk=person.pk).update(
        stage="applicant", applied_on=dt.date(2026, 9, 20), activist_on=None, candidate_on=None, admitted_on=None
    )
    assert found(cast, "talks") == [
        ("第二党支部", "er_probationary", dt.date(2026, 10, 21), ["er_deputy", "er_secretary"])
    ]
    Person.objects.filter(pk=person.pk).update(applied_on=dt.date(2026, 9, 28))
    assert found(cast, "talks") == []
    Person.objects.filter(pk=person.pk).update(applied_on=dt.date(2026, 9, 27))
    assert [row[2] for row in found(cast, "talks")] == [TODAY]
    DevelopmentStep.objects.create(person=person, number=2, done_on=dt.date(2026, 10, 10))
    assert found(cast, "talks") == []


def test_probation_over_without_a_review_and_admissions_without_approval(cast):
    on = dt.date(2027, 5, 22)
    DevelopmentStep.objects.create(person=cast.person("san_member"), number=15, done_on=dt.date(2026, 5, 20))
    assert found(cast, "approval", "san_secretary") == [
        ("第三党支部", "san_member", dt.date(2026, 8, 21), ["san_secretary"])
    ]
    assert found(cast, "conversion", "mech_organiser", on) == [
        ("第二党支部", "er_probationary", dt.date(2027, 5, 21), ["er_deputy", "er_secretary"]),
        ("第三党支部", "san_member", dt.date(2027, 5, 21), ["san_secretary"]),
    ]


def test_hours_are_a_matter_of_the_last_quarter(cast):
    assert found(cast, "hours", "er_secretary", dt.date(2026, 9, 30)) == []
    for days in (5, 6):
        old_log(
            cast, days=days, minutes=810, state="confirmed", confirmed_by=cast.user("er_secretary"), confirmed_at=timezone.now()
        )  # fmt: skip
    rows = found(cast, "hours", "er_secretary")
    assert sorted((person, users) for _b, person, _s, users in rows) == [
        ("er_deputy", ["er_deputy"]), ("er_secretary", ["er_secretary"])
    ]  # fmt: skip


@pytest.mark.parametrize(("month", "year"), [(1, 2025), (3, 2025), (4, None), (10, None), (11, 2026), (12, 2026)])
def test_the_appraisal_is_asked_for_from_november_to_march(month, year):
    assert appraisal_year(dt.date(2026, month, 15)) == year


def test_a_branch_without_a_decided_appraisal_is_named_from_november_on(cast):
    on = dt.date(2026, 11, 2)
    first = dt.date(2026, 11, 1)
    assert [row[:3] for row in found(cast, "appraisal", "er_secretary", on)] == [("第二党支部", "", first)]
    row = AppraisalRound.objects.create(
        party_branch=cast.er, year=2026, opened_on=first, write_until_on=on, opened_by=cast.user("er_secretary")
    )
    assert [row[:3] for row in found(cast, "appraisal", "er_secretary", on)] == [("第二党支部", "", first)]
    AppraisalRound.objects.filter(pk=row.pk).update(state="decided")
    assert found(cast, "appraisal", "er_secretary", on) == []


def test_the_branch_itself_is_watched(cast):
    assert [row[0] for row in found(cast, "few_members")] == ["第三党支部", "第四党支部", "第六党支部"]
    PartyBranch.objects.filter(pk=cast.er.pk).update(committee_term_ends_on=dt.date(2027, 4, 28))
    PartyBranch.objects.filter(pk=cast.san.pk).update(committee_term_ends_on=dt.date(2027, 4, 29))
    PartyBranch.objects.filter(pk=cast.si.pk).update(committee_term_ends_on=TODAY - DAY)
    assert [row[0:3] for row in found(cast, "term")] == [
        ("第二党支部", "", TODAY), ("第四党支部", "", TODAY)
    ]  # fmt: skip


def test_a_committee_of_two_is_too_small_for_seven_full_members(cast):
    assert found(cast, "committee") == []
    for number in range(4):
        row = Person(
            number=f"20230310{number + 50:03}", name="党员", department=cast.mech, party_branch=cast.er,
            applied_on=dt.date(2023, 9, 1), activist_on=dt.date(2024, 3, 1), candidate_on=dt.date(2025, 3, 1),
            admitted_on=dt.date(2025, 5, 1), converted_on=dt.date(2026, 5, 1),
        )  # fmt: skip
        row.settle_stage(TODAY)
        row.save()
    assert [row[0] for row in found(cast, "committee")] == ["第二党支部"]
    Post.objects.create(person=row, party_branch=cast.er, kind="youth_officer")
    assert found(cast, "committee") == []


def test_an_open_review_past_its_day_is_overdue_until_the_meeting_and_then_until_the_approval(cast):
    person = cast.person("er_probationary")
    row = ConversionReview.objects.create(
        person=person, party_branch=cast.er, due_on=dt.date(2027, 5, 20), opened_at=timezone.now()
    )
    on = dt.date(2027, 5, 22)
    assert [row[1:3] for row in found(cast, "conversion", "er_secretary", on)] == [
        ("er_probationary", dt.date(2027, 5, 21))
    ]
    ConversionReview.objects.filter(pk=row.pk).update(
        meeting_on=on, decision="annul", decision_reason="x", eligible_count=3, present_count=3, yes_count=3
    )
    assert found(cast, "conversion", "er_secretary", on) == []
    late = dt.date(2027, 8, 23)
    assert [row[1:3] for row in found(cast, "approval", "er_secretary", late)] == [("er_probationary", late)]


def test_objections_are_answered_by_their_day(cast):
    asked = {"objection": "请复核", "objected_at": timezone.now(), "answer_due_on": TODAY - DAY}
    MentorAssessment.objects.create(
        person=cast.person("er_member"), academic_year=cast.year, computed_at=timezone.now(), **asked
    )
    round_ = AppraisalRound.objects.create(
        party_branch=cast.liu, year=2025, opened_on=TODAY, write_until_on=TODAY, opened_by=cast.user("liu_secretary")
    )
    AppraisalResult.objects.create(round=round_, person=cast.person("liu_member"), **asked)
    assert found(cast, "objections") == [
        ("第二党支部", "er_member", TODAY, ["er_deputy", "er_secretary"]),
        ("第六党支部", "liu_member", TODAY, ["liu_secretary"]),
    ]
    MentorAssessment.objects.update(answered_at=timezone.now())
    AppraisalResult.objects.update(answer_due_on=TODAY)
    assert found(cast, "objections") == []


def test_feedback_that_closed_names_the_side_that_was_silent(cast):
    link, now = running_link(cast, dt.date(2026, 10, 1)), timezone.now()
    days = {"opens_at": now - 20 * DAY, "closes_at": now - 2 * DAY}
    asked = FeedbackRound.objects.create(title="期中反馈", kind="mid_term", term=cast.term, created_at=now, **days)
    exchange = FeedbackExchange.objects.create(
        round=asked, mentorship=link, mentor=link.mentor, mentee=link.mentee, **days
    )
    since = TODAY - 2 * DAY
    silent = [
        ("第二党支部", "er_member", since, ["er_member"]),
        ("第二党支部", "er_probationary", since, ["er_probationary"]),
    ]
    assert found(cast, "feedback") == sorted(silent, key=lambda row: row[1], reverse=True)
    Feedback.objects.create(exchange=exchange, side="mentee", author=link.mentee, submitted_at=now)
    assert found(cast, "feedback") == silent[:1]
    FeedbackExchange.objects.update(called_off_at=now, call_off_reason="离校")
    assert found(cast, "feedback") == []
