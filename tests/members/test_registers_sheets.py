"""The ready-made sheets (RULES.md 4.3): their headings, who stands in them, what stays empty, and the way back."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import AuditEvent
from members.models import AffiliationTransfer, DevelopmentStep, Person, Sponsor
from members.sheets import BY_KEY, PIPELINE, SHEETS
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
HEADINGS = {
    "member-list": "姓名 电话号码 职务 组织 类别 性别 学号/工号 入党时间",
    "member-summary": "序号 姓名 性别 民族 政治面貌 入党时间 身份证号 出生日期 籍贯 现居住地 联系电话 入学时间 学历 专业 年级 组织",
    "activists-filed": "支部 姓名 性别 出生年月 身份证号 学历 职务 申请入党时间 推荐或推优方式 确定为积极分子时间 培养联系人",
    "candidates-filed": "支部 姓名 性别 出生年月 身份证号 学历 职务 申请入党时间 推荐或推优方式 确定为积极分子时间 培养联系人 确定发展对象时间",
    "admissions-filed": "支部 姓名 性别 出生年月 身份证号 学历 职务 入党介绍人 申请入党时间 确定为积极分子时间 确定为发展对象时间 接收为预备党员时间",
    "admissions-asked": "序号 学号 姓名 出生年月 递交入党申请书时间 确定入党积极分子时间 团支部推优 民主评议时间 政治审查 确定重点对象时间 党校结业时间 支部党员大会时间 入党谈话时间 党委审批意见",
    "conversions-asked": "序号 支部名称 学号 姓名 性别 入党时间 入党宣誓时间 转正申请时间 备注 党委预审意见",
    "training": "序号 单位 姓名 学号 性别 民族 出生年月 年级 专业 申请入党时间 联系方式 具体表现 备注",
}  # fmt: skip
PEOPLE = {
    "applicant": {"applied_on": dt.date(2025, 9, 20)},
    "activist": {"applied_on": dt.date(2024, 9, 20), "activist_on": dt.date(2025, 10, 9)},
    "candidate": {"applied_on": dt.date(2024, 9, 20), "activist_on": dt.date(2025, 3, 1), "candidate_on": dt.date(2026, 10, 8)},
    "probationary": {"applied_on": dt.date(2023, 9, 20), "activist_on": dt.date(2024, 3, 1), "candidate_on": dt.date(2025, 4, 1), "admitted_on": dt.date(2025, 10, 12)},
}  # fmt: skip


@pytest.fixture
def er(cast):
    for at, (stage, dates) in enumerate(PEOPLE.items()):
        row = Person(
            number=f"2024031900{at}", name=f"人{stage}", sex="female", ethnicity="壮", born_on=dt.date(2004, 5, 6), phone=f"1390000000{at}",
            department=cast.mech, party_branch=cast.er, programme="bachelor", enrolment_year=2023, graduates_on=dt.date(2027, 7, 1),
            major="数控技术", **dates,
        )  # fmt: skip
        row.settle_stage(TODAY)
        row.save()
        cast.people[stage] = row
    return cast


def export(client, key, month="2026-10", branch="", purpose="月报"):
    return client.post(reverse("sheet_export", args=[key]), {"month": month, "branch": branch, "purpose": purpose})


def table(answer, key):
    """(headings, rows as heading → value)."""
    rows = list(load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(values_only=True))
    head = len(BY_KEY[key].bands) or 1
    return list(rows[head]), [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :] if any(row)]


def names(answer, key):
    return [row["姓名"] for row in table(answer, key)[1]]


@pytest.mark.parametrize("key", sorted(HEADINGS))
def test_the_headings_are_the_offices_own(er, sign_in, key):
    assert table(export(sign_in("er_secretary"), key), key)[0] == HEADINGS[key].split()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("member-list", {"甘杰怡", "张红", "罗萍妍", "潘桂", "人probationary"}),
        ("member-basics", {"甘杰怡", "张红", "罗萍妍", "潘桂", "人probationary"}),
        (
            "pipeline",
            {"甘杰怡", "张红", "罗萍妍", "潘桂", "人applicant", "人activist", "人candidate", "人probationary"},
        ),
        ("candidates-filed", {"人candidate"}),
        ("admissions-filed", set()),
        ("activists-filed", set()),
        ("admissions-asked", {"人candidate"}),
        ("conversions-asked", {"人probationary"}),
        ("training", {"人activist"}),
    ],
)
def test_who_stands_in_a_sheet(er, sign_in, key, expected):
    assert set(names(export(sign_in("er_secretary"), key), key)) == expected


@pytest.mark.parametrize(
    ("key", "month", "expected"),
    [
        ("activists-filed", "2025-10", ["人activist"]),
        ("activists-filed", "2025-11", []),
        ("admissions-filed", "2025-10", ["人probationary"]),
        ("candidates-filed", "2026-09", []),
        ("conversions-asked", "2026-09", []),
    ],
)  # fmt: skip
def test_filing_forms_go_by_the_month(er, sign_in, fixed_clock, key, month, expected):
    fixed_clock.move_to(dt.datetime(2026, 10, 28, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    assert names(export(sign_in("er_secretary"), key, month), key) == expected


def test_the_pipeline_has_its_notes_groups_and_every_column(er, sign_in):
    answer = export(sign_in("er_secretary"), "pipeline")
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert "yyyy-mm-dd" in sheet["A1"].value
    assert "不允许中间出现空值" in sheet["A2"].value
    assert [cell.value for cell in sheet[3] if cell.value] == [
        "基本信息", "阶段1:入党申请阶段", "阶段2:积极分子和发展对象确定和考察阶段", "阶段2:预备党员", "阶段3:正式党员", "阶段4:转出",
    ]  # fmt: skip
    assert [cell.value for cell in sheet[4]] == [entry.heading for entry in PIPELINE]
    groups = sorted(str(area) for area in sheet.merged_cells.ranges if area.min_row == 3)
    assert groups == ["A3:O3", "AD3:AH3", "AI3:AL3", "AM3:AQ3", "P3:Q3", "R3:AC3"]


def test_the_pipeline_tells_steps_sponsors_and_moves(er, sign_in):
    row = er.person("probationary")
    for number, who in ((2, ""), (10, ""), (11, ""), (13, ""), (14, ""), (16, "韦主任"), (17, ""), (20, ""), (22, "")):
        DevelopmentStep.objects.create(person=row, number=number, done_on=dt.date(2025, 9, number), who=who)
    for name in ("er_secretary", "er_member"):
        Sponsor.objects.create(person=row, sponsor=er.person(name), named_on=dt.date(2025, 5, 1))
    AffiliationTransfer.objects.create(
        person=row,
        kind="out",
        to_unit="某公司党委",
        starts_on=dt.date(2026, 10, 1),
        valid_until_on=dt.date(2026, 12, 30),
        letter_number="1",
        from_branch=er.er,
    )
    _heads, rows = table(export(sign_in("er_secretary"), "pipeline"), "pipeline")
    found = next(line for line in rows if line["姓名"] == "人probationary")
    dates = {heading: f"{value:%Y-%m-%d}" for heading, value in found.items() if isinstance(value, dt.datetime)}
    assert dates == {
        "出生时间": "2004-05-06", "递交入党申请书时间": "2023-09-20", "首次组织谈话时间": "2025-09-02", "确定为入党积极分子时间": "2024-03-01",
        "确定发展对象时间(党委备案时间)": "2025-04-01", "党校培训结业时间": "2025-09-11", "党委预审时间": "2025-09-13", "确定入党介绍人时间": "2025-05-01",
        "确定为预备党员时间(支部大会)": "2025-10-12", "入党谈话时间": "2025-09-16", "党委审批时间": "2025-09-17", "入党宣誓时间": "2025-09-20",
        "递交转正申请书时间": "2025-09-22", "关系转出时间": "2026-10-01",
    }  # fmt: skip
    texts = (
        "学年制",
        "入党介绍人",
        '政治审查(填"完成""未完成")',
        "入党志愿书",
        "入党谈话人",
        "转出类型",
        "转出单位",
        "身份证号码",
        "家庭住址",
    )
    assert [found[heading] for heading in texts] == [
        "四年", "甘杰怡、罗萍妍", "完成", "已填写", "韦主任", "转出(凭介绍信)", "某公司党委", None, None,
    ]  # fmt: skip


def test_the_pipeline_comes_back_through_the_importer(er, sign_in):
    client = sign_in("er_secretary")
    answer = export(client, "pipeline")
    book = load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]

    def preview(data):
        files = [SimpleUploadedFile("成员信息.xlsx", data)]
        return client.post(reverse("roster_import"), {"files": files}).context["previews"][0]

    unchanged = preview(answer.content)
    assert unchanged["file"].refusal == ""
    assert unchanged["counts"] == {"created": 0, "updated": 0, "unchanged": 8, "refused": 0}
    assert {"身份证号码", "家庭住址"} <= set(unchanged["file"].never_stored)
    heads = {cell.value: cell.column for cell in sheet[4]}
    row = next(r for r in range(5, sheet.max_row + 1) if sheet.cell(r, heads["姓名"]).value == "人applicant")
    sheet.cell(row, heads["确定为入党积极分子时间"]).value = dt.date(2026, 9, 30)
    sheet.cell(row, heads["身份证号码"]).value = "450100200405061234"
    stream = io.BytesIO()
    book.save(stream)
    changed = preview(stream.getvalue())
    assert [
        (line["number"], [(cell["label"], cell["new"]) for cell in line["changes"]]) for line in changed["updates"]
    ] == [("20240319000", [("确定积极分子时间", "2026-09-30")])]
    assert changed["counts"]["refused"] == 0


@pytest.mark.parametrize("heading", ["是否在本校发展", "是否在中山大学发展"])
def test_the_importer_reads_the_sheet_whichever_university_it_names(er, sign_in, heading):
    """The public template names the university it was made at (RULES.md 4.3(d)); we write our own."""
    client = sign_in("er_secretary")
    book = load_workbook(io.BytesIO(export(client, "pipeline").content))
    sheet = book.worksheets[0]
    heads = {cell.value: cell for cell in sheet[4]}
    heads["是否在本校发展"].value = heading
    row = next(r for r in range(5, sheet.max_row + 1) if sheet.cell(r, heads["姓名"].column).value == "人applicant")
    sheet.cell(row, heads["是否在本校发展"].column).value = "是"
    sheet.cell(row, heads["确定为入党积极分子时间"].column).value = dt.date(2026, 9, 30)
    stream = io.BytesIO()
    book.save(stream)
    files = [SimpleUploadedFile("成员信息.xlsx", stream.getvalue())]
    shown = client.post(reverse("roster_import"), {"files": files}).context["previews"][0]

    assert (shown["file"].refusal, shown["counts"]) == ("", {"created": 0, "updated": 1, "unchanged": 7, "refused": 0})
    assert [(line["number"], [cell["new"] for cell in line["changes"]]) for line in shown["updates"]] == [
        ("20240319000", ["2026-09-30"])
    ]
    # Nothing is kept under it, and the preview says so.
    assert heading in shown["file"].ignored_columns


def test_identity_numbers_are_a_column_and_empty_everywhere(er, sign_in):
    client = sign_in("er_secretary")
    for sheet in SHEETS:
        for row in table(export(client, sheet.key, "2025-10" if sheet.month_field else "2026-10"), sheet.key)[1]:
            assert {value for heading, value in row.items() if "身份证" in heading} <= {None}


def test_a_formula_in_a_name_stays_text(er, sign_in):
    Person.objects.filter(pk=er.person("er_member").pk).update(name="=1+1", name_key="=1+1")
    sheet = load_workbook(io.BytesIO(export(sign_in("er_secretary"), "pipeline").content)).worksheets[0]
    assert [cell.data_type for row in sheet.iter_rows() for cell in row if cell.value == "=1+1"] == ["s"]


# --- Who, for what, on record -----------------------------------------------------------------------


def test_an_export_asks_what_for_and_is_recorded(er, sign_in):
    client = sign_in("er_secretary")
    refused = export(client, "candidates-filed", purpose=" ")
    assert (refused.status_code, refused.url) == (302, reverse("sheets") + "?month=2026-10&branch=#candidates-filed")
    assert not AuditEvent.objects.filter(action="exported").exists()
    answer = export(client, "candidates-filed", branch=er.er.pk, purpose="报组织部")
    event = AuditEvent.objects.get(action="exported")
    assert (event.user, event.object_type, event.object_id) == (er.user("er_secretary"), "sheet", "candidates-filed")
    assert event.detail == {"purpose": "报组织部", "format": "xlsx", "rows": 1, "month": "2026-10", "branch": er.er.pk}
    notes = load_workbook(io.BytesIO(answer.content)).worksheets[1]
    assert "报组织部" in [cell.value for row in notes.iter_rows() for cell in row]


@pytest.mark.parametrize(
    ("who", "status"),
    [("er_secretary", 200), ("mech_organiser", 200), ("college_organiser", 200), ("counsellor", 403), ("er_member", 403),
     ("administrator", 403), ("stranger", 403)],
)  # fmt: skip
def test_sheets_are_for_those_who_keep_a_roster(er, sign_in, who, status):
    client = sign_in(who)
    assert (client.get(reverse("sheets")).status_code, export(client, "member-list").status_code) == (status, status)


@pytest.mark.parametrize("who", ["er_secretary", "liu_secretary", "civil_organiser", "mech_organiser"])
def test_only_people_whose_roster_one_keeps_stand_in_a_sheet(er, sign_in, who):
    from members.access import scope_for

    ours = set(Person.objects.changeable_by(scope_for(er.user(who))).values_list("name", flat=True))
    assert set(names(export(sign_in(who), "pipeline"), "pipeline")) <= ours


@pytest.mark.parametrize(
    ("field", "value"),
    [("month", "2026-13"), ("month", "x"), ("branch", "x"), ("branch", "999999"), ("month", "1900-01")],
)
def test_what_cannot_be_is_a_bad_request(er, sign_in, field, value, expected_errors):
    client = sign_in("er_secretary")
    assert export(client, "member-list", **{field: value}).status_code == 400
    assert client.get(reverse("sheets"), {field: value}).status_code == 400


def test_another_branch_is_not_asked_for_by_its_key(er, sign_in, expected_errors):
    assert export(sign_in("er_secretary"), "member-list", branch=er.san.pk).status_code == 400


def test_an_unknown_sheet_is_not_found(er, sign_in):
    assert export(sign_in("er_secretary"), "nonsense").status_code == 404


# --- The page ---------------------------------------------------------------------------------------


def test_the_page_shows_the_first_rows_of_each(er, sign_in):
    answer = sign_in("er_secretary").get(reverse("sheets"))
    shelf = {item["sheet"].key: item for item in answer.context["shelf"]}
    assert list(shelf) == [sheet.key for sheet in SHEETS]
    assert (len(shelf["pipeline"]["rows"]), shelf["pipeline"]["has_more"]) == (3, True)
    assert (len(shelf["training"]["rows"]), shelf["training"]["has_more"]) == (1, False)
    says_so = "全国" in answer.content.decode()
    assert says_so


def test_the_page_costs_the_same_for_one_and_for_many(cast, sign_in):
    client, counts = sign_in("college_organiser"), []
    Person.objects.filter(party_branch=cast.er).exclude(stage="full").delete()
    for number in range(12):
        for at, dates in enumerate(PEOPLE.values()):
            row = Person(
                number=f"2099{number:03}{at}", name=f"人{number}", department=cast.mech, party_branch=cast.er, **dates
            )
            row.settle_stage(TODAY)
            row.save()
        if number in (0, 2, 11):
            client.get(reverse("sheets"))
            with CaptureQueriesContext(connection) as found:
                client.get(reverse("sheets"))
            counts.append(len(found))
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 30
