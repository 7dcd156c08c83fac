"""The sheets offices ask for (RULES.md 4.3 (a)–(d), (f)), ready-made: their headings, and what the portal knows under each.

Headings and words in cells are Chinese whatever the page's language: the sheets go to offices, or are typed over into the
national system, which stays the master. Columns the portal does not hold stay empty; numbers of identity cards are never held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.db.models import QuerySet, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from branches.models import Programme
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import Column, SheetSpec
from pairing_portal.common.spreadsheets.writer import Kind

from .due_lists import due_rows, month_end
from .models import Person
from .registers import PROGRAMME_NAMES, SEX_WORDS, status_word
from .sheet_facts import TRANSFER_NAMES, Facts, with_facts
from .stages import DEVELOPING_STAGES, MEMBER_STAGES, Stage

Value = Callable[[Person, Facts], Any]
YEARS: Final[Mapping[str, str]] = {Programme.DIPLOMA: "三年", Programme.BACHELOR: "四年", Programme.UPGRADE: "两年"}
DEGREES: Final[Mapping[str, str]] = {**PROGRAMME_NAMES, Programme.STAFF: ""}
NUMBERING: Final = "序号"


@dataclass(frozen=True)
class Field:
    """A column. Without `value` the portal holds nothing for it and the column stays empty."""

    heading: str
    value: Value | None = None
    kind: Kind = "text"


@dataclass(frozen=True)
class ReadySheet:
    """One sheet. `stages` or `due` (a list of members.due_lists) say who stands in it; `month_field`: only those with that date in
    the month; `bands`: rows above the headings."""

    key: str
    letter: str
    title: str
    about: str | Promise
    fields: tuple[Field, ...]
    stages: tuple[Stage, ...] = ()
    month_field: str = ""
    due: str = ""
    bands: tuple[tuple[tuple[int, int, str], ...], ...] = field(default=())

    @property
    def is_monthly(self) -> bool:
        return bool(self.month_field or self.due)


def _own(name: str) -> Value:
    return lambda person, facts: getattr(person, name)


def _day(heading: str, name: str) -> Field:
    return Field(heading, _own(name), "date")


def _step(heading: str, number: int) -> Field:
    return Field(heading, lambda person, facts: facts.done(person, number), "date")


def _branch(person: Person, facts: Facts) -> str:
    return person.party_branch.name if person.party_branch else ""


def _month_of_birth(person: Person, facts: Facts) -> str:
    return f"{person.born_on:%Y-%m}" if person.born_on else ""


def _review(person: Person, facts: Facts) -> str:
    if facts.has(person, 10):
        return "完成"
    return "" if person.candidate_on is None else "未完成"


def _move(name: str, *kinds: str) -> Value:
    def value(person: Person, facts: Facts) -> Any:
        row = facts.transfer(person, *kinds)
        return getattr(row, name) if row else None

    return value


def _move_kind(person: Person, facts: Facts) -> str:
    row = facts.transfer(person, "out", "branch")
    return TRANSFER_NAMES[row.kind] if row else ""


NAME = Field("姓名", _own("name"))
SEX = Field("性别", lambda person, facts: SEX_WORDS.get(person.sex, ""))
ETHNICITY = Field("民族", _own("ethnicity"))
PHONE = Field("联系电话", _own("phone"))
BIRTH = Field("出生年月", _month_of_birth)
NUMBER = Field("学号", _own("number"))
DEGREE = Field("学历", lambda person, facts: DEGREES.get(person.programme, ""))
POST = Field("职务", lambda person, facts: facts.post_names(person))
MAJOR = Field("专业", _own("major"))
GRADE = Field("年级", lambda person, facts: str(person.enrolment_year or ""))
ENROLLED = Field("入学时间", lambda person, facts: f"{person.enrolment_year}-09" if person.enrolment_year else "")
CONTACTS = Field("培养联系人", lambda person, facts: facts.who(person, 5))
SPONSORS = Field("入党介绍人", lambda person, facts: facts.sponsor_names(person))
APPLIED = _day("申请入党时间", "applied_on")
ROW_NUMBER, BRANCH, IDENTITY = Field(NUMBERING, kind="integer"), Field("支部", _branch), Field("身份证号")

PIPELINE: Final = (
    Field("党支部名称", _branch), NUMBER, NAME, _day("出生时间", "born_on"), SEX, ETHNICITY, Field("籍贯"), Field("家庭住址"), PHONE,
    Field("身份证号码"), Field("当前专业(全称)", _own("major")), Field("学年制", lambda person, facts: YEARS.get(person.programme, "")),
    Field('是否团员(填写"是""否")', lambda person, facts: "是" if person.is_league_member else "否"),
    Field("参加党章学习小组时间", kind="date"), Field("是否在本校发展"),
    _day("递交入党申请书时间", "applied_on"), _step("首次组织谈话时间", 2),
    _day("确定为入党积极分子时间", "activist_on"), Field("民主评议时间", kind="date"), Field("推荐/推优时间", kind="date"),
    _step("支部大会讨论确定发展对象时间", 7), _day("确定发展对象时间(党委备案时间)", "candidate_on"),
    Field('政治审查(填"完成""未完成")', _review), _step("党校培训结业时间", 11), _step("党委预审时间", 13),
    Field("确定入党介绍人时间", lambda person, facts: facts.sponsors_since(person), "date"), SPONSORS, Field("自传"),
    Field("入党志愿书", lambda person, facts: "已填写" if facts.has(person, 14) else ""),
    _day("确定为预备党员时间(支部大会)", "admitted_on"), _step("入党谈话时间", 16), Field("入党谈话人", lambda person, facts: facts.who(person, 16)),
    _step("党委审批时间", 17), _step("入党宣誓时间", 20),
    _step("递交转正申请书时间", 22), _day("转正时间(支部大会讨论转正时间)", "converted_on"), _step("党委审批时间2", 24), _step("转档案馆时间", 25),
    Field("申请保留党籍时间(出国留学人员填写)", _move("starts_on", "abroad"), "date"),
    Field("关系转出时间", _move("starts_on", "out", "branch"), "date"), Field("转出类型", _move_kind), Field("转出单位", _move("to_unit", "out", "branch")),
    Field("备注"),
)  # fmt: skip
_LAST: Final = len(PIPELINE) - 1
PIPELINE_BANDS: Final = (
    ((0, _LAST, "本表所有时间属性的单元格格式设定为“日期”,按 yyyy-mm-dd 填写。"),),
    ((0, _LAST, "基本信息必填,其他资料按发展程度从左到右逐步填写,不允许中间出现空值。"),),
    (
        (0, 14, "基本信息"), (15, 16, "阶段1:入党申请阶段"), (17, 28, "阶段2:积极分子和发展对象确定和考察阶段"), (29, 33, "阶段2:预备党员"),
        (34, 37, "阶段3:正式党员"), (38, _LAST, "阶段4:转出"),
    ),
)  # fmt: skip
_FILED: Final = (
    BRANCH, NAME, SEX, BIRTH, IDENTITY, DEGREE, POST, APPLIED, Field("推荐或推优方式"), _day("确定为积极分子时间", "activist_on"),
)  # fmt: skip

SHEETS: Final = (
    ReadySheet(
        "member-list", "a", "党员信息表", _("Members with phone, post and day of admission."),
        (NAME, Field("电话号码", _own("phone")), POST, Field("组织", _branch), Field("类别", lambda person, facts: status_word(person)), SEX,
         Field("学号/工号", _own("number")), _day("入党时间", "admitted_on")),
        stages=MEMBER_STAGES,
    ),
    ReadySheet(
        "member-summary", "b", "党员信息汇总表", _("The 16 columns of the summary; identity, origin and address stay empty."),
        (ROW_NUMBER, NAME, SEX, ETHNICITY, Field("政治面貌", lambda person, facts: status_word(person)), _day("入党时间", "admitted_on"), IDENTITY,
         _day("出生日期", "born_on"), Field("籍贯"), Field("现居住地"), PHONE, ENROLLED, DEGREE, MAJOR, GRADE, Field("组织", _branch)),
        stages=MEMBER_STAGES,
    ),
    ReadySheet(
        "member-basics", "c", "党员基本信息采集表", _("Of the collection form what the portal holds."),
        (NAME, SEX, ETHNICITY, Field("电话", _own("phone")), _day("出生日期", "born_on"), Field("最高学历", DEGREE.value), ENROLLED,
         _day("毕业时间", "graduates_on"), MAJOR),
        stages=MEMBER_STAGES,
    ),
    ReadySheet(
        "pipeline", "d", "成员信息", _("Everybody from application to the archive. Filled in further it can be imported again."),
        PIPELINE, stages=(*DEVELOPING_STAGES, *MEMBER_STAGES), bands=PIPELINE_BANDS,
    ),
    ReadySheet("activists-filed", "f", "确定入党积极分子备案表", _("Confirmed as activists in the month."), (*_FILED, CONTACTS),
               month_field="activist_on"),
    ReadySheet("candidates-filed", "f", "确定发展对象备案表", _("Confirmed as candidates in the month."),
               (*_FILED, CONTACTS, _day("确定发展对象时间", "candidate_on")), month_field="candidate_on"),
    ReadySheet(
        "admissions-filed", "f", "接收预备党员备案表", _("Admitted in the month."),
        (BRANCH, NAME, SEX, BIRTH, IDENTITY, DEGREE, POST, SPONSORS, APPLIED, _day("确定为积极分子时间", "activist_on"),
         _day("确定为发展对象时间", "candidate_on"), _day("接收为预备党员时间", "admitted_on")),
        month_field="admitted_on",
    ),
    ReadySheet(
        "admissions-asked", "f", "拟吸收预备党员名单汇总审批表", _("Candidates who may be admitted by the end of the month."),
        (ROW_NUMBER, NUMBER, NAME, BIRTH, _day("递交入党申请书时间", "applied_on"), _day("确定入党积极分子时间", "activist_on"), Field("团支部推优"),
         Field("民主评议时间", kind="date"), Field("政治审查", _review), _day("确定重点对象时间", "candidate_on"), _step("党校结业时间", 11),
         _step("支部党员大会时间", 15), _step("入党谈话时间", 16), Field("党委审批意见")),
        due="admissions",
    ),
    ReadySheet(
        "conversions-asked", "f", "申请转正预备党员名单汇总预审表", _("Those whose probation is over by the end of the month."),
        (ROW_NUMBER, Field("支部名称", _branch), NUMBER, NAME, SEX, _day("入党时间", "admitted_on"), _step("入党宣誓时间", 20),
         _step("转正申请时间", 22), Field("备注"), Field("党委预审意见")),
        due="conversions",
    ),
    ReadySheet(
        "training", "f", "党校培训报名汇总表", _("Activists who may become candidates by the end of the month."),
        (ROW_NUMBER, Field("单位", lambda person, facts: person.department.name), NAME, NUMBER, SEX, ETHNICITY, BIRTH, GRADE, MAJOR, APPLIED,
         Field("联系方式", _own("phone")), Field("具体表现"), Field("备注")),
        due="candidates",
    ),
)  # fmt: skip
BY_KEY: Final[Mapping[str, ReadySheet]] = {sheet.key: sheet for sheet in SHEETS}


def people_of(sheet: ReadySheet, *, scope: Scope, month: date, branch_id: int | None) -> QuerySet[Person]:
    """Who stands in a sheet that goes by stage or by a date: people whose roster the scope keeps, by branch and name."""
    rows: QuerySet[Person] = Person.objects.changeable_by(scope).select_related("party_branch", "department")
    if branch_id is not None:
        rows = rows.filter(party_branch=branch_id)
    if sheet.month_field:
        rows = rows.present().filter(**{f"{sheet.month_field}__range": (month, month_end(month))})  # type: ignore[attr-defined]  # of PersonQuerySet
    else:
        rows = rows.filter(stage__in=sheet.stages)
    return rows.distinct().order_by("party_branch", "name_key", "number")


def due_people(*, scope: Scope, month: date, branch_id: int | None) -> dict[str, list[Person]]:
    """List of members.due_lists → its people: read once for all sheets that go by one."""
    found = due_rows(scope=scope, month=month, branch_id=branch_id)
    people = {key: [row.person for row in rows] for key, rows in found.items()}
    prefetch_related_objects([person for rows in people.values() for person in rows], "department")
    return people


def lines(sheet: ReadySheet, people: Iterable[tuple[Person, Facts]]) -> Iterator[tuple[Any, ...]]:
    """The rows under the headings."""
    for number, (person, facts) in enumerate(people, 1):
        yield tuple(
            number if entry.heading == NUMBERING else entry.value(person, facts) if entry.value else None
            for entry in sheet.fields
        )


def spec_of(sheet: ReadySheet, people: Iterable[Any], *, today: date, notes: list[tuple[str, str]]) -> SheetSpec:
    """The workbook's sheet, its rows read as they are written. The 42-column one has its notes and groups where a title would be."""
    columns = [Column(entry.heading, kind=entry.kind) for entry in sheet.fields]
    return SheetSpec(
        name=sheet.title, columns=columns, rows=lines(sheet, with_facts(people, today)),
        title=None if sheet.bands else sheet.title, notes=notes, bands=sheet.bands,
    )  # fmt: skip
