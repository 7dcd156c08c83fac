"""Columns are a quicker way to the same plan: whatever they take for plain, reading row by row makes the same of it."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from members.importing.columns import ColumnReader
from members.importing.directory import Directory
from members.importing.drafts import PERSON_FIELDS, PersonDraft, PlainRow
from members.importing.rows import PeopleReader
from members.importing.service import import_rosters
from members.importing.vocabulary import VOCABULARIES
from members.models import Person
from members.stages import derive_stage
from pairing_portal.common.spreadsheets import Row, Sheet, recognise
from tests.members.importing.test_samples import CLASSES, SAMPLES, SECOND, SIXTH, THIRD

TODAY = dt.date(2026, 10, 28)
ER = "机械系党总支第二党支部"
DATES = (
    "",
    None,
    "2023-09-20",
    "2024.3.1",
    dt.date(2024, 3, 1),
    "2025年7月1日",
    "2027-01-01",
    "2024-02-30",
    "无",
    45000.0,
    True,
)
CELLS = {
    "学号": ("20230310001", "20230310002", 20230310003.0, "T01", "", "-", "2.02E+10", "1" * 21, True, "１２３"),
    "姓名": ("潘桂", "潘　桂", "Ann  Lee", "", "-", "张\u202e三", "字" * 51, 1.0, True),
    "性别": ("男", "女", "", "未知", 1.0, True),
    "民族": ("汉", "壮族", "无", "火星"),
    "出生年月": ("2005-05-28", "2010-01-01", "2027-01-01", "", "2005-05"),
    "电话": ("13812345678", 13812345678.0, "0771-3456789", "", "12"),
    "层次": ("本科", "专科", "学生", "教师", "", "x"),
    "学制": ("三年", "四年", "", "九年"),
    "班级": ("23模具本科2班", "24数控专科1班", "26土木 1班", "土木", "", "字" * 51),
    "年级": ("2023", 2024.0, "", "23级"),
    "毕业时间": ("2027-06", "", "x"),
    "所属系": ("机械系", "土木系", "", "字" * 51),
    "党支部": (ER, "第二党支部", "外语系党总支第一党支部", "无名支部", ""),
    "政治面貌": ("中共党员", "中共预备党员", "发展对象", "入党积极分子", "入党申请人", "共青团员", "群众", "", "x"),
    "入团时间": DATES, "递交入党申请书时间": DATES, "确定为入党积极分子时间": DATES, "确定为发展对象时间": DATES,
    "接收为预备党员时间": DATES, "转正时间": DATES,
    "职务": ("", "无", "书记", "班长"),
    "实习开始": ("", "2026-09-01"), "实习结束": ("", "2027-01-01", "2020-01-01"),
}  # fmt: skip


@st.composite
def tables(draw):
    """A table with some of the columns, in any order, mostly of harmless cells."""
    chosen = draw(st.lists(st.sampled_from([name for name in CELLS if name not in ("学号", "姓名")]), unique=True))
    names = draw(st.permutations(["学号", "姓名", *chosen]))
    cell = {name: st.one_of(st.just(values[0]), st.sampled_from(values)) for name, values in CELLS.items()}
    rows = draw(st.lists(st.tuples(*(cell[name] for name in names)), max_size=6))
    sheet = Sheet("名册", rows=[Row(1, tuple(names)), *(Row(number, row) for number, row in enumerate(rows, 2))])
    return recognise(sheet, VOCABULARIES)


def directory() -> Directory:
    found = Directory(None, departments={"机械系": 1}, branches={ER: (1, 1, "机械系")})
    found.classes_by_name["土木"].append("土木系")
    return found


TRUE_BEFORE_ONE = recognise(
    Sheet("名册", rows=[Row(1, ("学号", "姓名", "党支部")), Row(2, ("1", True, ER)), Row(3, ("2", 1.0, ER))]),
    VOCABULARIES,
)


@given(tables(), st.sampled_from(["", ER]), st.sampled_from(["", "外语系"]))
@example(TRUE_BEFORE_ONE, "", "")
@settings(max_examples=300, deadline=None)
def test_a_plain_row_says_what_its_draft_says(table, branch, department) -> None:
    places = directory()
    reader = PeopleReader(
        table, file="名册.xlsx", default_branch=branch or ER, default_department=department, today=TODAY,
        resolve_branch=places.resolve_branch,
    )  # fmt: skip
    for row, found in zip(table.rows, ColumnReader(reader, places).rows(), strict=True):
        draft = reader.draft(row)
        if isinstance(found, PersonDraft):
            assert found == draft
            continue
        assert (draft.problems, draft.notes, draft.posts, draft.absence) == ([], [], [], None)
        placing = places.place(draft.values.get("party_branch", ""), draft.values.get("school_class", ""), draft.values["department"])  # fmt: skip
        assert placing.objection == ""
        said = {key: value for key, value in zip(PERSON_FIELDS, found.values, strict=True) if value is not None}
        values = draft.values | {"department": placing.department}
        assert (found.number, found.source, list(said.items())) == (draft.number, draft.source, in_order(values))
        is_member = bool(values.get("is_league_member")) or "league_joined_on" in values
        assert found.stage == derive_stage(values, is_league_member=is_member, today=TODAY)


def in_order(values: dict) -> list[tuple]:
    return [(key, values[key]) for key in PERSON_FIELDS if key in values]


def plan_of(name: str, data: bytes, *, branch: str = "") -> tuple:
    report = import_rosters(
        files=[(name, data)], scope=None, branch_default=branch, dry_run=True, today=TODAY, now=timezone.now()
    )
    plan = report.files[0].plan
    people = [
        (person.draft.number, person.draft.source, person.merged, person.stage, person.existing_id, person.changes)
        for person in plan.people
    ]
    rest = (
        plan.refused,
        plan.posts,
        plan.absences,
        plan.new_departments,
        plan.new_branches,
        plan.new_classes,
        plan.notes,
    )
    return people, plan.unchanged, rest, plan.fingerprint()


def row_by_row(reader: ColumnReader) -> list[PersonDraft]:
    return [reader.reader.draft(row) for row in reader.table.rows]


def apply(name: str, data: bytes) -> None:
    import_rosters(files=[(name, data)], scope=None, dry_run=False, skip_refused=True, today=TODAY, now=timezone.now())


@pytest.mark.parametrize("state", ["empty", "known", "changed"])
@pytest.mark.parametrize("name", [SECOND, THIRD, SIXTH, CLASSES])
def test_a_sample_makes_the_same_plan_both_ways(db, monkeypatch, name, state) -> None:
    data = (SAMPLES / name).read_bytes()
    if state != "empty":
        apply(name, data)
    if state == "changed":
        Person.objects.filter(number__endswith="1").update(phone="", major="别的", born_on=None)
        Person.objects.filter(number__endswith="2").delete() if name == CLASSES else None
    quick = plan_of(name, data)
    monkeypatch.setattr(ColumnReader, "rows", row_by_row)
    assert plan_of(name, data) == quick


def roster(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    csv.writer(text).writerows([names, *([row.get(name, "") for name in names] for row in rows)])
    return text.getvalue().encode()


CLEAN = {
    "学号": "20239990001",
    "姓名": "新同学",
    "党支部": ER,
    "递交入党申请书时间": "2024-09-20",
    "电话": "13800000001",
}


def test_clean_rows_are_plain_and_others_are_not(db) -> None:
    rows = [CLEAN, CLEAN | {"学号": "20239990002", "电话": "12"}]
    sheet = Sheet(
        "名册", rows=[Row(1, tuple(CLEAN)), *(Row(at, tuple(row.values())) for at, row in enumerate(rows, 2))]
    )
    places = directory()
    reader = PeopleReader(
        recognise(sheet, VOCABULARIES), file="a.csv", default_branch="", default_department="", today=TODAY,
        resolve_branch=places.resolve_branch,
    )  # fmt: skip
    assert [type(row) for row in ColumnReader(reader, places).rows()] == [PlainRow, PersonDraft]


def test_repeated_numbers_are_refused_however_plain_their_rows(db) -> None:
    plan = plan_of("a.csv", roster(CLEAN, CLEAN, CLEAN | {"学号": "20239990002"}))
    assert [number for number, *_rest in plan[0]] == ["20239990001", "20239990002"]
    assert [row.source.row for row in plan[2][0]] == [3]


def test_text_with_tabs_and_backslashes_is_stored_as_it_is(db) -> None:
    apply("a.csv", roster(CLEAN | {"专业": "A\tB\\N\nC"}))
    assert Person.objects.get(number="20239990001").major == "A\tB\\N\nC"
    assert plan_of("a.csv", roster(CLEAN | {"专业": "A\tB\\N\nC"}))[:2] == ([], 1)


def test_a_blank_cell_leaves_what_is_known(db) -> None:
    apply("a.csv", roster(CLEAN))
    assert plan_of("a.csv", roster(CLEAN | {"电话": ""}))[:2] == ([], 1)
    (person,) = plan_of("a.csv", roster(CLEAN | {"电话": "13800000002", "姓名": "改名"}))[0]
    assert person[5] == (("name", "新同学", "改名"), ("phone", "13800000001", "13800000002"))


def test_a_stage_that_is_behind_the_day_is_an_update(db) -> None:
    apply("a.csv", roster(CLEAN))
    Person.objects.update(stage="non_member")
    ((_number, _source, _merged, stage, _pk, changes),) = plan_of("a.csv", roster(CLEAN))[0]
    assert (stage, changes) == ("applicant", ())
