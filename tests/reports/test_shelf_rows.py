"""Single rows of the reports, cell by cell, for the cast."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import Lecture, LectureAudience, LectureSpeaker, LogEntry, Textbook
from evaluations.models import ConversionReview
from members.access import scope_for
from members.models import DevelopmentStep, Person
from mentoring.models import Mentorship
from pairing_portal.common.problems import Refused
from pairings.models import CrossInspection, InspectionFinding, InspectionMaterial
from reports.exporter import reports
from tests.mentoring.crew import add_person
from tests.pairings.crew import activate
from tests.reports.shelf_stage import asked, column, rows_of

TODAY = dt.date(2026, 10, 28)
CANDIDATE = {
    "applied_on": dt.date(2024, 9, 20),
    "activist_on": dt.date(2025, 3, 1),
    "candidate_on": dt.date(2026, 6, 1),
}


def as_(cast, name: str, report: str, **parameters):
    return rows_of(report, scope_for(cast.user(name)), **parameters)


def link(
    cast, mentor: str, mentee, *, tier: int = 2, starts_on: str = "2025-09-01", ended_on=None, **more
) -> Mentorship:
    now = timezone.now()
    values = {
        "state": "ended" if ended_on else "active",
        "published_at": now,
        "created_at": now,
        "party_branch": cast.liu,
    }
    return Mentorship.objects.create(
        mentor=cast.person(mentor), mentee=mentee, tier=tier, starts_on=dt.date.fromisoformat(starts_on), ended_on=ended_on,
        **values | more,
    )  # fmt: skip


# --- People --------------------------------------------------------------------------------------


def test_a_member_under_the_office_headings(cast):
    row = next(row for row in as_(cast, "er_secretary", "members", personal="yes") if row[2] == "20230310001")
    assert row[1:] == (
        "甘杰怡", "20230310001", "女", "", "中共党员", dt.date(2025, 5, 10), None, "13553761378", "2023-09", "本科", "数控技术",
        "2023", "机械系党总支第二党支部",
    )  # fmt: skip


def test_members_are_filtered_by_branch_and_stage(cast):
    assert column("members", "姓名", as_(cast, "mech_organiser", "members", stage="probationary")) == ["潘桂", "罗杰"]
    assert column(
        "members", "姓名", as_(cast, "mech_organiser", "members", branch=str(cast.san.pk), stage="probationary")
    ) == ["罗杰"]
    assert as_(cast, "mech_organiser", "members", branch=cast.si.name)[0][1] == "欧阳英妍"


def test_a_branch_one_does_not_know_cannot_be_asked_for(cast):
    with pytest.raises(Refused) as caught:
        as_(cast, "er_secretary", "members", branch=str(cast.liu.pk))
    assert caught.value.field == "branch"


def test_an_activist_with_contact_and_without(cast):
    activist = cast.person("liu_activist")
    link(cast, "liu_secretary", activist, is_formal=True, starts_on="2026-03-01")
    link(cast, "liu_member", activist, starts_on="2026-03-01")
    assert as_(cast, "liu_secretary", "activists") == [
        ("土木系党总支第六党支部", "蓝洋涵", "20250510001", "", "", "本科", "", dt.date(2025, 9, 20), dt.date(2026, 3, 1), None,
         "上官涵", "入党积极分子"),
    ]  # fmt: skip


def test_candidates_and_admissions_fall_due(cast):
    person = add_person(cast, "蒙发展", "20240510099", branch=cast.liu, **CANDIDATE)
    assert as_(cast, "liu_secretary", "due_admissions") == [
        [1, "土木系党总支第六党支部", "20240510099", "蒙发展", "", "", dt.date(2024, 9, 20), dt.date(2026, 6, 1)]
    ]
    assert as_(cast, "liu_secretary", "due_candidates", month="2026-10") == []
    # A year after 1 March 2026.
    [due] = as_(cast, "liu_secretary", "due_candidates", month="2027-03")
    assert due[3] == "蓝洋涵"
    person.delete()
    assert as_(cast, "liu_secretary", "due_admissions") == []


def test_who_may_be_sent_to_the_party_school(cast):
    add_person(cast, "韦秋", "20240510098", branch=cast.liu, enrolment_year=2025,
               applied_on=dt.date(2025, 9, 1), activist_on=dt.date(2025, 12, 1))  # fmt: skip
    [row] = [row for row in as_(cast, "liu_secretary", "membership_statistics") if row[6]]
    # Two members, an activist since December and one since March; the autumn term ends in January.
    assert row == ("土木系党总支第六党支部", "2025级", 4, 0.5, 2, 0, 0.5, 2, 2, 0, 1)


def test_classes_without_anybody_say_what_they_lack(cast):
    rows = as_(cast, "liu_secretary", "classes_without_members")
    assert rows == [
        ("土木系", "26土木本科1班", "2026级", "本科", 2, 0, 0, 0, "土木系党总支第六党支部", "党员、积极分子"),
    ]
    assert as_(cast, "er_secretary", "classes_without_members") == []
    Person.objects.filter(pk=cast.person("liu_activist").pk).update(school_class=cast.class_26)
    assert as_(cast, "liu_secretary", "classes_without_members")[0][-1] == "党员"
    assert as_(cast, "liu_secretary", "classes_without_members", lacks="activist") == []
    Person.objects.filter(pk=cast.person("liu_member").pk).update(school_class=cast.class_26)
    assert as_(cast, "liu_secretary", "classes_without_members") == []


# --- Mentoring -----------------------------------------------------------------------------------


def test_a_step_counts_when_it_lies_in_the_time_of_the_link(cast):
    activist = cast.person("liu_activist")  # applied 20 September 2025, activist 1 March 2026
    link(cast, "liu_member", activist, starts_on="2025-09-20")
    link(cast, "liu_secretary", activist, starts_on="2025-09-21", ended_on=dt.date(2026, 2, 28))
    rows = as_(cast, "liu_secretary", "mentee_advances")
    assert [(row[1], row[7], row[8], row[9]) for row in rows] == [
        ("周鑫", "递交入党申请书", dt.date(2025, 9, 20), 0), ("周鑫", "确定为入党积极分子", dt.date(2026, 3, 1), 162),
    ]  # fmt: skip
    asked_for = {"from": "2026-03-01", "to": "2026-03-01"}
    assert len(as_(cast, "liu_secretary", "mentee_advances", **asked_for)) == 1
    assert as_(cast, "er_secretary", "mentee_advances") == []


def test_three_mentees_ask_no_more_than_one(cast):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            as_(cast, "liu_secretary", "mentee_advances")
        return len(found)

    link(cast, "liu_member", cast.person("liu_activist"))
    one = queries()
    for number in (1, 2):
        mentee = add_person(cast, f"覃{number}", f"2025051009{number}", branch=cast.liu, applied_on=dt.date(2025, 9, 20),
                            activist_on=dt.date(2026, 3, 1))  # fmt: skip
        link(cast, "liu_member", mentee)
    assert len(as_(cast, "liu_secretary", "mentee_advances")) == 6
    assert queries() == one


def test_a_talk_of_a_link_and_its_mentor(cast):
    pair = link(cast, "liu_member", cast.person("liu_activist"))
    now = timezone.now()
    values = {
        "minutes": 45,
        "purpose": "mentoring",
        "mentorship": pair,
        "created_at": now,
        "submitted_at": now,
        "summary": "谈学习计划",
    }
    LogEntry.objects.create(person=pair.mentee, on=TODAY, state="submitted", **values)
    assert as_(cast, "liu_secretary", "mentoring_records") == []
    assert as_(cast, "liu_secretary", "mentoring_records", state="submitted") == [
        (TODAY, "周鑫", "蓝洋涵", 45, "谈学习计划", "党员帮扶入党积极分子", "蓝洋涵", "待确认"),
    ]
    LogEntry.objects.update(state="draft")
    assert [as_(cast, "liu_secretary", "mentoring_records", state=state) for state in ("submitted", "returned")] == [
        [],
        [],
    ]


# --- Lectures ------------------------------------------------------------------------------------


def lecture(cast, on: str, *, minutes: int = 40, book=None, state: str = "confirmed") -> LectureAudience:
    user = cast.user("liu_member")
    given = Lecture.objects.create(
        on=dt.date.fromisoformat(on), starts_at=dt.time(19, 40), minutes=minutes, topic="党的纪律", chapter="第五章", textbook=book,
        recorded_by=user, recorded_at=timezone.now(),
    )  # fmt: skip
    LectureSpeaker.objects.create(lecture=given, person=cast.person("liu_member"))
    answer = (
        {} if state == "waiting" else {"confirmed_by": cast.user("league_secretary"), "confirmed_at": timezone.now()}
    )
    return LectureAudience.objects.create(lecture=given, league_branch=cast.one, attendance=28, state=state, **answer)


def test_a_lecture_with_its_week_and_clock(cast):
    book = Textbook.objects.create(title="党课读本", is_prescribed=True)
    lecture(cast, "2026-10-20", book=book)
    assert as_(cast, "liu_secretary", "lectures") == [
        (7, dt.date(2026, 10, 20), "19:40", "20:20", 40, "土木系2026级土木工程团支部", "周鑫", "党的纪律", "《党课读本》第五章", 30, 28,
         "周鑫", 0, "是", ""),
    ]  # fmt: skip
    assert as_(cast, "er_secretary", "lectures") == []


def test_why_a_lecture_does_not_count(cast):
    book = Textbook.objects.create(title="党课读本", is_prescribed=True)
    lecture(cast, "2026-09-15", book=book)  # before the season
    lecture(cast, "2026-10-20", book=book, minutes=20)
    lecture(cast, "2026-10-21")
    lecture(cast, "2026-10-22", book=book, state="waiting")
    rows = as_(cast, "liu_secretary", "lectures")
    assert column("lectures", "是否计入", rows) == ["否"] * 4
    assert len(set(column("lectures", "不计入原因", rows))) == 4
    assert as_(cast, "liu_secretary", "lectures", counted="yes") == []


def test_a_surplus_of_one_week_does_not_fill_another(cast):
    book = Textbook.objects.create(title="党课读本", is_prescribed=True)
    for on in ("2026-10-13", "2026-10-14", "2026-10-15"):
        lecture(cast, on, book=book)
    weeks = as_(cast, "liu_secretary", "lecture_quota", to="2026-10-25")
    assert [row[2:] for row in weeks] == [
        ("第6教学周", dt.date(2026, 10, 12), dt.date(2026, 10, 18), 2, 3, 0, 1, 0, 0, 0, "达标"),
        ("第7教学周", dt.date(2026, 10, 19), dt.date(2026, 10, 25), 2, 0, 2, 0, 1, 0, 0, "未达标"),
    ]
    [month] = as_(cast, "liu_secretary", "lecture_quota", to="2026-10-25", grain="month")
    assert month[2:] == ("2026-10", dt.date(2026, 10, 12), dt.date(2026, 10, 25), 4, 3, 2, 1, 1, 0, 0, "未达标")
    [term] = as_(cast, "liu_secretary", "lecture_quota", to="2026-10-25", grain="term")
    assert term[2] == "2026–2027 秋季学期"
    assert term[5:] == month[5:]


# --- Pairing and reviews -------------------------------------------------------------------------


def test_a_finding_mended_and_one_that_is_not(cast):
    pairing = activate(cast)
    inspection = CrossInspection.objects.create(
        pairing=pairing,
        inspecting_branch=cast.er,
        inspected_branch=cast.san,
        on=TODAY,
        recorded_by=cast.user("er_secretary"),
    )
    first, second = (InspectionMaterial.objects.create(name=name) for name in ("会议记录", "党费收缴"))
    values = {"inspection": inspection, "expected": 12, "found": 10, "mend_by_on": dt.date(2026, 11, 10)}
    InspectionFinding.objects.create(material=first, problem="缺两次", **values)
    InspectionFinding.objects.create(
        material=second,
        problem="缺签名",
        mended_on=TODAY,
        mended_by=cast.user("san_secretary"),
        mend_note="已补签",
        **values,
    )
    rows = as_(cast, "san_secretary", "cross_inspections")
    assert [row[3:] for row in rows] == [
        ("会议记录", 12, 10, "缺两次", dt.date(2026, 11, 10), "尚未整改"),
        ("党费收缴", 12, 10, "缺签名", dt.date(2026, 11, 10), "2026-10-28 已补签"),
    ]
    assert len(as_(cast, "san_secretary", "cross_inspections", findings="unmended")) == 1
    assert as_(cast, "liu_secretary", "cross_inspections") == []


def test_a_review_with_oath_and_extension(cast):
    person, by = cast.person("er_probationary"), cast.user("er_secretary")
    DevelopmentStep.objects.create(person=person, number=20, done_on=dt.date(2026, 6, 1), recorded_by=by)
    ConversionReview.objects.create(
        person=person, party_branch=cast.er, due_on=dt.date(2026, 5, 20), opened_at=timezone.now(), applied_on=dt.date(2026, 5, 2),
        meeting_on=dt.date(2026, 5, 25), decision="extend", extended_to=dt.date(2026, 11, 20), approval_note="同意延长",
    )  # fmt: skip
    [row] = as_(cast, "er_deputy", "conversion_reviews", state="extend")
    assert row == (
        1, "机械系党总支第二党支部", "20240310001", "潘桂", "", dt.date(2026, 5, 20), dt.date(2026, 6, 1), dt.date(2026, 5, 2),
        "预备期延长至2026-11-20", "同意延长", dt.date(2026, 5, 20), dt.date(2026, 5, 25), "延长预备期",
    )  # fmt: skip
    assert as_(cast, "er_deputy", "conversion_reviews", state="convert") == []


def test_members_without_training_stand_in_the_table_with_nothing(cast):
    rows = as_(cast, "er_secretary", "training_hours")
    assert {(row[2], row[4], row[9], row[10]) for row in rows} == {
        ("甘杰怡", 0.0, 56, 56.0), ("张红", 0.0, 56, 56.0), ("罗萍妍", 0.0, 32, 32.0), ("潘桂", 0.0, 32, 32.0),
    }  # fmt: skip
    now, user = timezone.now(), cast.user("er_secretary")
    LogEntry.objects.create(
        person=cast.person("er_member"), on=TODAY, minutes=100, purpose="self_study", summary="学党章", created_at=now, submitted_at=now,
        state="confirmed", confirmed_by=user, confirmed_at=now,
    )  # fmt: skip
    [row] = [row for row in as_(cast, "er_secretary", "training_hours") if row[5]]
    assert row[2:] == ("罗萍妍", "正式党员", 1.67, "学党章", TODAY, 1.67, 100, 32, 30.33)
    assert [row for row in as_(cast, "er_secretary", "training_hours", calendar_year="2025") if row[5]] == []


def test_a_yearly_report_of_nobody_is_an_empty_sheet(cast):
    report = reports.get("yearly_report")
    request = asked(scope_for(cast.user("stranger")))
    assert [list(sheet.rows) for sheet in report.sheets(request)] == [[]]


def test_the_own_branch_is_the_first_choice_of_a_yearly_report(cast):
    activate(cast)
    rows = as_(cast, "san_secretary", "yearly_report")
    assert {row[2:] for row in rows} == {("机械系党总支第三党支部", "2026–2027")}
    assert {row[0]: row[1] for row in rows}["结对共建（个）"] == 1
    with pytest.raises(Refused):
        as_(cast, "san_secretary", "yearly_report", branch=str(cast.liu.pk))
    # Known by name within the department, but nobody's figures for a neighbour.
    assert as_(cast, "san_secretary", "yearly_report", branch=str(cast.si.pk)) == []
