"""The figures of the reports are those of the rows they come from, and three rows ask no more than one."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from django.db import connection
from django.db.models import Count, Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities import ledgers
from activities.models import Activity, LectureAudience, LogEntry, Participation
from branches.models import AcademicYear, LeagueBranch, SchoolClass
from evaluations.models import (
    AppraisalResult,
    ConversionReview,
    Feedback,
    FeedbackExchange,
    MentorAssessment,
)
from members.models import Person
from mentoring.models import LeagueGuidance, Mentorship, ObservationRecord
from pairings.models import BranchPairing, Cover, CrossInspection, InspectionFinding, MemberPairing
from reports.exporter import reports
from reports.management.commands.export_report import OPERATOR
from reports.shelf import continuity, supervision
from reports.supervision.base import Watch, watched_branches
from reports.supervision.sources import find_overdue
from tests.conftest import TODAY
from tests.reports.shelf_stage import (  # noqa: F401  # `demo` is a fixture
    ER,
    LIU,
    asked,
    branch,
    column,
    demo,
    rows_of,
    summed,
)

pytestmark = pytest.mark.usefixtures("demo", "db")
YEAR = ledgers.calendar_year(TODAY.year)

# --- Figures -------------------------------------------------------------------------------------


def test_registers_hold_everybody_once():
    for name, heading, stages in (
        ("members", "学号/工号", ["probationary", "full"]),
        ("activists", "学号", ["activist", "candidate"]),
    ):
        numbers = column(name, heading, rows_of(name))
        assert sorted(numbers) == sorted(Person.objects.filter(stage__in=stages).values_list("number", flat=True))
    assert [row[0] for row in rows_of("members")] == list(range(1, 1 + len(rows_of("members"))))


def test_personal_fields_are_empty_unless_asked_for():
    phones = set(Person.objects.exclude(phone="").values_list("phone", flat=True))
    assert {value for row in rows_of("members") for value in row} & phones == set()
    assert {value for row in rows_of("members", personal="yes") for value in row} & phones != set()
    assert set(column("activists", "出生年月", rows_of("activists"))) == {""}


def test_statistics_add_up_to_the_roster():
    for heading, stages in (
        ("正式党员数", ["full"]), ("预备党员数", ["probationary"]), ("入党积极分子数", ["activist", "candidate"]),
    ):  # fmt: skip
        people = Person.objects.filter(stage__in=stages, party_branch__is_active=True)
        assert summed("membership_statistics", heading) == people.count()
    for row in rows_of("membership_statistics"):
        assert row[3] == pytest.approx((row[4] + row[5]) / row[2])


def test_pairings_count_what_hangs_on_them():
    assert summed("pairings", "党员结对数") == MemberPairing.objects.open().count()
    assert summed("pairings", "材料互查次数") == CrossInspection.objects.count()
    assert (
        summed("pairings", "共建活动次数") == Activity.objects.filter(pairing__isnull=False, state="finished").count()
    )
    assert len(rows_of("pairs")) == MemberPairing.objects.published().count()
    talks = LogEntry.objects.filter(state="confirmed", member_pairing__isnull=False).aggregate(
        n=Count("pk"), m=Sum("minutes")
    )
    assert (summed("pairs", "记录次数"), summed("pairs", "总时长(分钟)")) == (talks["n"], talks["m"])


def test_what_paired_branches_did_adds_up():
    assert summed("pairing_help", "党员结对记录次数") == summed("pairs", "记录次数")
    assert summed("pairing_help", "党员结对时长(分钟)") == summed("pairs", "总时长(分钟)")
    assert summed("pairing_help", "检查对方材料次数") == summed("pairings", "材料互查次数")
    assert summed("pairing_help", "主办联合活动次数") == summed("pairings", "共建活动次数")
    covers = Cover.objects.filter(state="accepted")
    assert summed("pairing_help", "协助任务次数") == covers.count() == 1
    assert summed("pairing_help", "协助任务天数") == sum((row.to_on - row.from_on).days + 1 for row in covers)
    assert len(rows_of("cross_inspections")) == InspectionFinding.objects.count()
    problems = InspectionFinding.objects.exclude(problem="")
    assert len(rows_of("cross_inspections", findings="problems")) == problems.count()
    assert len(rows_of("cross_inspections", findings="unmended")) == problems.filter(mended_on=None).count()


def test_mentoring_is_every_published_link_and_every_confirmed_talk():
    states = ["offered", "active", "ended"]
    links = Mentorship.objects.filter(state__in=states).count()
    guidances = LeagueGuidance.objects.filter(state__in=states).count()
    assert len(rows_of("mentoring")) == links + guidances
    assert len(rows_of("mentoring", tier="4")) == guidances > 0
    assert {len(rows_of("mentoring", tier=str(tier))) for tier in (1, 2, 3)} != {0}
    talks = LogEntry.objects.filter(state="confirmed")
    talks = talks.filter(mentorship__isnull=False) | talks.filter(league_guidance__isnull=False)
    assert summed("mentoring_records", "时长(分钟)") == talks.aggregate(m=Sum("minutes"))["m"]
    assert len(rows_of("observations")) == ObservationRecord.objects.count()


def test_the_duty_table_says_what_the_links_say():
    rows = rows_of("mentoring_duty", branch=branch(LIU))
    ids = Person.objects.filter(party_branch__name=LIU).values("pk")
    links = Mentorship.objects.filter(mentor__in=ids, state__in=["active", "ended"]).count()
    guidances = LeagueGuidance.objects.filter(person__in=ids, state__in=["active", "ended"]).count()
    assert sum(column("mentoring_duty", "对象数", rows)) == links + guidances
    talks = LogEntry.objects.filter(state="confirmed")
    talks = talks.filter(mentorship__mentor__in=ids) | talks.filter(league_guidance__person__in=ids)
    assert sum(column("mentoring_duty", "总时长", rows)) == talks.aggregate(m=Sum("minutes"))["m"]


def test_lectures_that_count_are_those_of_the_quota():
    register = rows_of("lectures")
    assert len(register) == LectureAudience.objects.count()
    counted = len(rows_of("lectures", counted="yes"))
    assert counted == column("lectures", "是否计入", register).count("是") > 0
    assert counted + len(rows_of("lectures", counted="no")) == len(register)
    assert summed("lecture_quota", "计入次数") == counted


def test_the_quota_sums_to_the_same_at_every_grain():
    headings = ["应讲次数", "计入次数", "差额", "达标周数", "未达标周数", "免计周数", "进行中周数"]
    weeks = [summed("lecture_quota", heading) for heading in headings]
    assert weeks == [summed("lecture_quota", heading, grain="month") for heading in headings]
    assert weeks == [summed("lecture_quota", heading, grain="term") for heading in headings]
    assert weeks == [summed("lecture_quota", heading, term="2026-autumn") for heading in headings]
    states = column("lecture_quota", "状态", rows_of("lecture_quota"))
    assert [states.count(word) for word in ("达标", "未达标", "免计", "进行中")] == weeks[3:]


def test_activities_and_who_was_missing():
    known = Activity.objects.filter(state__in=["published", "finished", "cancelled"])
    assert len(rows_of("activities")) == known.count()
    assert summed("activities", "参会人数") == Participation.objects.filter(activity__in=known, state="present").count()
    missing = Participation.objects.filter(state__in=["leave", "absent"])
    assert len(rows_of("attendance")) == missing.count()
    assert len(rows_of("attendance", state="leave")) == missing.filter(state="leave").count()
    assert len(rows_of("activities", **{"from": "2026-10-19", "to": "2026-10-19"})) == known.filter(
        starts_at__date=dt.date(2026, 10, 19)
    ).count()  # fmt: skip


def test_hours_are_those_of_the_ledgers():
    found = ledgers.totals(ledgers.counted(LogEntry.objects.all(), YEAR))
    minutes, number = found["service"]
    assert (summed("volunteer_hours", "服务时长(分钟)"), summed("volunteer_hours", "服务次数")) == (minutes, number)
    members = Person.objects.filter(stage__in=["probationary", "full"])
    trained = ledgers.totals(ledgers.counted(LogEntry.objects.filter(person__in=members), YEAR))["training"][0]
    assert summed("training_hours", "时长(分钟)") == trained
    assert set(column("training_hours", "学号", rows_of("training_hours"))) == set(
        members.values_list("number", flat=True)
    )
    assert set(column("training_hours", "应学学时", rows_of("training_hours"))) == {32, 56}


def test_feedback_is_of_what_both_may_read():
    told = FeedbackExchange.objects.revealed(timezone.now())
    said = Feedback.objects.filter(exchange__in=told)
    assert summed("feedback_summary", "反馈份数") == said.count() > 0
    assert Feedback.objects.count() > said.count()
    rows = rows_of("feedback_summary", grain="link")
    assert len(rows) == said.count()
    assert sorted([row[6] for row in rows]) == sorted(
        round(value / 100, 2) for value in said.values_list("political", flat=True)
    )


def test_assessments_and_appraisals():
    rows = rows_of("mentor_assessments")
    assert len(rows) == MentorAssessment.objects.filter(is_current=True).count()
    sums = MentorAssessment.objects.filter(is_current=True).values_list("total", flat=True)
    assert sorted(map(str, column("mentor_assessments", "综合得分", rows))) == sorted(map(str, sums))
    counted = AppraisalResult.objects.filter(round__state__in=["counted", "decided"])
    votes = counted.aggregate(n=Sum("excellent_count"))["n"]
    assert summed("appraisal_summary", "优秀票") == votes
    assert rows_of("appraisal_summary", branch=branch(LIU)) == []


def test_the_yearly_report_sums_up_its_sheets():
    report, request = reports.get("yearly_report"), asked(branch=branch(ER))
    lines = {row[0]: row[1] for row in report.rows(request)}
    assert lines["结对共建（个）"] == BranchPairing.objects.filter(helping_branch__name=ER).count() == 2
    assert lines["党员结对（对）"] == MemberPairing.objects.published().filter(pairing__helping_branch__name=ER).count()
    sheets = report.sheets(request)
    assert [str(sheet.name) for sheet in sheets] == [
        "工作总结", "活动统计", "时长统计", "宣讲统计", "发展阶段", "结对共建台账", "结对支部互助情况", "党员结对名单", "材料互查台账", "帮扶结对台账", "帮扶记录", "帮扶对象发展进展",
        "宣讲达标统计", "活动台账", "学时与时长", "党员发展",
    ]  # fmt: skip
    hours = next(sheet for sheet in sheets if sheet.name == "学时与时长")
    year = AcademicYear.objects.get(start_year=2026)
    entries = LogEntry.objects.filter(person__party_branch__name=ER, state="confirmed", on__gte=year.starts_on)
    for position, key in ((4, "training"), (5, "service"), (6, "pairing"), (7, "mentoring")):
        assert sum(row[position] for row in hours.rows) == ledgers.totals(entries)[key][0]
    members = Person.objects.filter(
        party_branch__name=ER, converted_on__gte=dt.date(2026, 9, 1), converted_on__lte=TODAY
    )
    assert lines["成为正式党员（人）"] == members.count()


def test_a_supervision_row_is_one_of_the_board():
    found = find_overdue(Watch.over(watched_branches(OPERATOR), TODAY, timezone.now()))
    assert len(rows_of("supervision")) == sum(map(len, found.values()))
    for key, rows in found.items():
        assert len(rows_of("supervision", rule=key)) == len(rows)


# --- Queries -------------------------------------------------------------------------------------


def again(row, **changes):
    """One more row like this one."""
    row.pk = row.id = None
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()


def more_rows():
    """The demonstration has less than three of these."""
    for days in (30, 60):
        cover = Cover.objects.first()
        shift = dt.timedelta(days=days)
        again(cover, from_on=cover.from_on + shift, to_on=cover.to_on + shift)
    again(BranchPairing.objects.first(), state="completed")
    again(ConversionReview.objects.first(), closed_at=timezone.now(), close_reason="重复")


def of(name: str, heading: str):
    """The people of a report's rows."""
    return lambda: {"number__in": column(name, heading)}


# Report → (model whose rows are kept down, by which method, which rows, rows of the report to each of them).
NARROWED = {
    "members": (Person, "visible_to", of("members", "学号/工号"), 1),
    "activists": (Person, "visible_to", of("activists", "学号"), 1),
    "membership_statistics": (Person, "visible_to", of("members", "学号/工号"), None),
    "classes_without_members": (SchoolClass, "visible_to", lambda: {"name__in": column("classes_without_members", "班级")}, 1),
    "due_conversions": (Person, "changeable_by", of("due_conversions", "学号"), 1),
    "due_activists": (Person, "changeable_by", of("due_activists", "学号"), 1),
    "due_reviews": (Person, "changeable_by", of("due_reviews", "学号"), 1),
    "pairings": (BranchPairing, "visible_to", dict, 1),
    "pairing_help": (BranchPairing, "visible_to", dict, 2),
    "pairs": (MemberPairing, "visible_to", lambda: {"published_at__isnull": False}, 1),
    "covers": (Cover, "visible_to", dict, 1),
    "cross_inspections": (InspectionFinding, "visible_to", dict, 1),
    "mentoring": (Mentorship, "visible_to", lambda: {"state": "active"}, None),
    "mentoring_records": (LogEntry, "visible_to", lambda: {"state": "confirmed", "mentorship__isnull": False}, 1),
    "observations": (ObservationRecord, "visible_to", dict, 1),
    "lectures": (LectureAudience, "visible_to", dict, 1),
    "lecture_quota": (LeagueBranch, "supervised_by", lambda: {"name__in": column("lecture_quota", "团支部")}, None),
    "activities": (Activity, "visible_to", lambda: {"state": "finished"}, 1),
    "attendance": (Participation, "visible_to", lambda: {"state__in": ["leave", "absent"]}, 1),
    "volunteer_hours": (Person, "visible_to", of("volunteer_hours", "学号"), 1),
    "training_hours": (Person, "visible_to", of("training_hours", "学号"), None),
    "feedback_summary": (FeedbackExchange, "visible_to", lambda: {"revealed_at__isnull": False}, None),
    "mentor_assessments": (MentorAssessment, "visible_to", lambda: {"is_current": True}, 1),
    "mentoring_duty": (Person, "visible_to", of("mentoring_duty", "学号"), None),
    "conversion_reviews": (ConversionReview, "visible_to", dict, 1),
    "appraisal_summary": (AppraisalResult, "visible_to", lambda: {"round__state": "counted"}, 1),
}  # fmt: skip


def asks(name: str) -> tuple[int, int]:
    """(queries, rows)."""
    with CaptureQueriesContext(
        connection,
    ) as found:
        rows = rows_of(name)
    return len(found), len(rows)


@pytest.mark.parametrize("name", sorted(NARROWED))
def test_three_rows_ask_no_more_than_one(monkeypatch, name):
    more_rows()
    model, method, where, each = NARROWED[name]
    keys = list(model.objects.filter(**where()).order_by("pk").values_list("pk", flat=True)[:3])
    assert len(keys) == 3
    kind = type(model.objects.all())
    original = getattr(kind, method)
    counts = []
    for number in (1, 3):
        kept = keys[:number]

        def narrowed(self, scope, kept=kept):
            rows = original(self, scope)
            return rows.filter(pk__in=kept) if self.model is model else rows

        monkeypatch.setattr(kind, method, narrowed)
        counts.append(asks(name))
    (one, few), (three, many) = counts
    assert one == three
    assert few > 0
    assert (few, many) == (each, 3 * each) if each else few <= many


@pytest.mark.parametrize(("name", "where", "function"), [
    ("supervision", supervision, "watched_branches"), ("continuity", continuity, "forecast_branches_of"),
])  # fmt: skip
def test_three_branches_ask_no_more_than_one(monkeypatch, name, where, function):
    original = getattr(where, function)
    counts = []
    for number in (1, 3):
        monkeypatch.setattr(where, function, lambda *given, number=number: list(original(*given))[:number])
        counts.append(asks(name))
    assert counts[0][0] == counts[1][0]
    assert 0 < counts[0][1] < counts[1][1]


# --- What is drawn -------------------------------------------------------------------------------


def test_the_yearly_report_draws_what_its_sheets_say():
    report, request = reports.get("yearly_report"), asked(branch=branch(LIU))
    target = io.BytesIO()
    report.write_xlsx(target, request)
    book = openpyxl.load_workbook(io.BytesIO(target.getvalue()))
    drawn = {
        sheet.title: [[(one.cat.strRef.f, one.val.numRef.f) for one in chart.series] for chart in sheet._charts]
        for sheet in book.worksheets
        if sheet._charts
    }
    assert sorted(drawn) == ["发展阶段", "宣讲统计", "时长统计", "活动统计"]
    letters = {"活动统计": "BCDEFGHI", "时长统计": "BCDE", "宣讲统计": "BC", "发展阶段": "BC"}
    for name, charts in drawn.items():
        last = book[name].max_row
        assert charts == [
            [(f"'{name}'!$A$3:$A${last}", f"'{name}'!${letter}$3:${letter}${last}") for letter in letters[name]]
        ] or charts == [
            [(f"{name}!$A$3:$A${last}", f"{name}!${letter}$3:${letter}${last}") for letter in letters[name]]
        ]


def test_what_is_drawn_adds_up_to_the_summary():
    report, request = reports.get("yearly_report"), asked(branch=branch(LIU))
    sheets = {sheet.name: [list(row) for row in sheet.rows] for sheet in report.sheets(request)}
    summary = {row[0]: row[1] for row in sheets["工作总结"]}

    def total(name: str, position: int) -> float:
        return sum(row[position] for row in sheets[name])

    assert sum(sum(row[1:]) for row in sheets["活动统计"]) == summary["主题活动（次）"] > 0
    assert len(sheets["活动统计"]) == len(sheets["时长统计"]) == 12
    labels = ("学习培训", "志愿服务", "结对共建", "分层帮扶")
    for position, label in enumerate(labels, 1):
        assert total("时长统计", position) == pytest.approx(summary[f"{label}时长（小时）"], abs=0.06)
    assert total("宣讲统计", 1) == summary["理论宣讲应讲（次）"] > 0
    assert total("宣讲统计", 2) == summary["理论宣讲计入（次）"] > 0
    people = Person.objects.filter(
        party_branch__name=LIU, stage__in=["applicant", "activist", "candidate", "probationary", "full"]
    )
    assert total("发展阶段", 1) == people.count()
    assert total("发展阶段", 2) == len(sheets["党员发展"])
