"""The registers of people, the statistics of the roster, and the classes that have nobody (RULES.md 4.3(b), (f), (g))."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import LeagueBranch, SchoolClass
from branches.policy import Policy
from branches.services import load_calendar
from members.models import Person, Post
from members.registers import export_columns, offered_columns, sheet_columns, sheet_rows
from members.rules import earliest_candidate_on
from members.sheets import DEGREES
from members.stages import DEVELOPING_STAGES, MEMBER_STAGES, Stage
from mentoring.models import Mentorship
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import Column

from ..exporter import ReportRequest, register_report
from . import cells
from .parameters import BRANCH, OFFICES_AND_SETUP, ShelfReport, choice, lots, names, whole_branches

PERSONAL = choice(
    "personal",
    gettext_lazy("personal fields"),
    (("no", gettext_lazy("leave them empty")), ("yes", gettext_lazy("fill them in"))),
)
FORM = choice(
    "form",
    gettext_lazy("form"),
    (
        ("office", gettext_lazy("the form of the offices")),
        ("register", gettext_lazy("the register of the administration, which can be read in again")),
    ),
)
MEMBER_STAGE = choice("stage", gettext_lazy("stage"), [(stage.value, stage.label) for stage in MEMBER_STAGES])
REGISTER_STAGE = choice("stage", gettext_lazy("stage"), [(s.value, s.label) for s in (Stage.ACTIVIST, Stage.CANDIDATE)])
LACKS = choice(
    "lacks",
    gettext_lazy("what is lacking"),
    (("member", gettext_lazy("no Party member")), ("activist", gettext_lazy("no activist"))),
)


def _people(request: ReportRequest, stages: Sequence[Stage], asked: str | None) -> Any:
    rows = Person.objects.visible_to(request.scope).filter(stage__in=[asked] if asked else stages)
    branch = BRANCH.read(request)
    return (rows.filter(party_branch=branch) if branch else rows).order_by("party_branch_id", "name_key", "number")


class PeopleRegister(ShelfReport):
    """Base of the two registers: in the form of the offices, or cell by cell as the administration exports it."""

    def columns_for(self, request: ReportRequest) -> list[Column]:
        return sheet_columns(_register_columns(request)) if self.is_register(request) else self.columns()

    def is_register(self, request: ReportRequest) -> bool:
        return FORM.read(request) == "register"

    def register_rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        people = self.listed(request).select_related("department", "party_branch", "school_class")
        return sheet_rows(people.order_by("name_key", "number"), _register_columns(request), request.scope)


def _register_columns(request: ReportRequest) -> list[Any]:
    """Those of every export of the administration; the sensitive ones when they are asked for and the scope keeps a roster."""
    personal = PERSONAL.read(request) == "yes"
    return export_columns(column.key for column in offered_columns(request.scope) if personal and column.is_sensitive)


@register_report
class MemberRegister(PeopleRegister):
    """党员信息汇总表 (RULES.md 4.3(b)): the columns the portal keeps, and the student number."""

    name = "members"
    title = gettext_lazy("Member register")
    description = gettext_lazy("Probationary and full members. Personal fields stay empty unless you ask for them.")
    subject = "people"
    roles = OFFICES_AND_SETUP
    takes = (BRANCH, MEMBER_STAGE, PERSONAL, FORM)

    def columns(self) -> list[Column]:
        return [
            Column("序号", 6, "integer"), Column("姓名", 12), Column("学号/工号", 16), Column("性别", 6), Column("民族", 8),
            Column("政治面貌", 14), Column("入党时间", 12, "date"), Column("出生日期", 12, "date"), Column("联系电话", 14),
            Column("入学时间", 10), Column("学历", 12), Column("专业", 24), Column("年级", 9), Column("组织", 24),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        return _people(request, MEMBER_STAGES, MEMBER_STAGE.read(request))

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        return self.register_rows(request) if self.is_register(request) else self._rows(request)

    def _rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        with_personal = PERSONAL.read(request) == "yes"
        people = self.listed(request).values_list(
            "name", "number", "sex", "ethnicity", "stage", "is_league_member", "admitted_on", "born_on", "phone",
            "enrolment_year", "programme", "major", "party_branch__name",
        )  # fmt: skip
        for number, row in enumerate(people.iterator(chunk_size=2000), 1):
            name, student, sex, ethnicity, stage, is_league, admitted, born, phone, year, programme, major, branch = row
            yield (
                number, name, student, cells.sex(sex), ethnicity if with_personal else "", cells.status(stage, is_league),
                admitted, born if with_personal else None, phone if with_personal else "", f"{year}-09" if year else "",
                DEGREES.get(programme, ""), major, str(year or ""), branch or "",
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("民族、出生日期、联系电话", _("empty unless the export asks for personal fields")),
            ("入党时间", _("the day of the branch meeting that admitted the person")),
            ("身份证号、籍贯、现居住地", _("not kept in the portal, so not in the form")),
        ]


@register_report
class ActivistRegister(PeopleRegister):
    """积极分子名册, by the headings of the filing forms (RULES.md 4.3(f))."""

    name = "activists"
    title = gettext_lazy("Activist register")
    description = gettext_lazy("Activists and development candidates with their dates, posts and cultivation contacts.")
    subject = "people"
    roles = OFFICES_AND_SETUP
    takes = (BRANCH, REGISTER_STAGE, PERSONAL, FORM)

    def columns(self) -> list[Column]:
        return [
            Column("支部", 24), Column("姓名", 12), Column("学号", 16), Column("性别", 6), Column("出生年月", 10),
            Column("学历", 12), Column("职务", 16), Column("申请入党时间", 13, "date"),
            Column("确定为积极分子时间", 13, "date"), Column("确定发展对象时间", 13, "date"), Column("培养联系人", 18),
            Column("发展阶段", 14),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        return _people(request, (Stage.ACTIVIST, Stage.CANDIDATE), REGISTER_STAGE.read(request))

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        return self.register_rows(request) if self.is_register(request) else self._rows(request)

    def _rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        with_personal = PERSONAL.read(request) == "yes"
        for some in lots(self.listed(request).select_related("party_branch").iterator(chunk_size=500)):
            ids = [person.pk for person in some]
            contacts, posts = _contacts(request.scope, ids), _posts(request.scope, ids, request.today)
            for person in some:
                yield (
                    person.party_branch.name if person.party_branch else "", person.name, person.number,
                    cells.sex(person.sex), cells.year_and_month(person.born_on) if with_personal else "",
                    DEGREES.get(person.programme, ""), names(posts[person.pk]), person.applied_on, person.activist_on,
                    person.candidate_on, names(contacts[person.pk]), cells.stage(person.stage),
                )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("培养联系人", _("formal cultivation contacts whose link runs today")),
            ("出生年月", _("empty unless the export asks for personal fields")),
        ]


def _contacts(scope: Scope, ids: Sequence[int]) -> dict[int, list[str]]:
    """Mentee → names of formal contacts."""
    found: dict[int, list[str]] = defaultdict(list)
    links = Mentorship.objects.visible_to(scope).running().filter(mentee_id__in=ids, is_formal=True).order_by("pk")
    for mentee_id, name in links.values_list("mentee_id", "mentor__name"):
        found[mentee_id].append(name)
    return found


def _posts(scope: Scope, ids: Sequence[int], today: date) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for post in Post.objects.current(today).filter(person_id__in=ids).order_by("pk"):
        found[post.person_id].append(str(post.get_kind_display()))
    return found


# --- Statistics (g) ------------------------------------------------------------------------------


@dataclass
class _Count:
    """The people of one branch and grade."""

    size: int = 0
    full: int = 0
    probationary: int = 0
    activists: int = 0
    applied: int = 0
    spring: int = 0
    autumn: int = 0

    def add(self, stage: str, number: int) -> None:
        self.size += number
        self.full += number * (stage == Stage.FULL)
        self.probationary += number * (stage == Stage.PROBATIONARY)
        self.activists += number * (stage in (Stage.ACTIVIST, Stage.CANDIDATE))
        self.applied += number * (stage in DEVELOPING_STAGES)


@register_report
class MembershipStatistics(ShelfReport):
    """党员数据 (RULES.md 4.3(g)), one row a branch and grade."""

    name = "membership_statistics"
    title = gettext_lazy("Membership statistics")
    description = gettext_lazy("Branch by branch and grade by grade: members, activists, applicants and their shares.")
    subject = "people"
    roles = OFFICES_AND_SETUP
    takes = (BRANCH,)

    def columns(self) -> list[Column]:
        return [
            Column("支部名称", 24), Column("年级", 10), Column("班级人数", 10, "integer", total=True),
            Column("党员比例(%)", 12, "percent"), Column("正式党员数", 11, "integer", total=True),
            Column("预备党员数", 11, "integer", total=True), Column("积极分子比例", 12, "percent"),
            Column("入党积极分子数", 13, "integer", total=True), Column("提交入党申请书人数", 15, "integer", total=True),
            Column("春季党训班可报送人数", 16, "integer", total=True), Column("秋季党训班可报送人数", 16, "integer", total=True),
        ]  # fmt: skip

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        asked = BRANCH.read(request)
        counts = _counts(request)
        branches = dict(whole_branches(request.scope).values_list("pk", "name"))
        for (branch_id, year), found in sorted(counts.items()):
            if branch_id not in branches or (asked and asked.pk != branch_id):
                continue
            yield (
                branches[branch_id], cells.grade(year), found.size, (found.full + found.probationary) / found.size, found.full,
                found.probationary, found.activists / found.size, found.activists, found.applied, found.spring, found.autumn,
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("班级人数", _("people of the branch, and those without a Party branch in classes it is responsible for")),
            ("入党积极分子数", _("activists and development candidates")),
            ("提交入党申请书人数", _("applicants, activists and candidates: who has applied and is not a member yet")),
            ("党训班可报送人数", _("activists who may become candidates by the end of that term of the academic year")),
        ]


def _guiding(scope: Scope) -> dict[int, int]:
    """Class → the Party branch responsible for its League branch."""
    rows = (
        LeagueBranch.objects.active().visible_to(scope).filter(school_class__isnull=False, party_branch__isnull=False)
    )
    return dict(rows.order_by("-pk").values_list("school_class_id", "party_branch_id"))


def _counts(request: ReportRequest) -> dict[tuple[int, int], _Count]:
    """(branch, year of enrolment) → its people; a fixed number of queries, however many people."""
    guiding = _guiding(request.scope)
    people = Person.objects.visible_to(request.scope).present().order_by()
    found: dict[tuple[int, int], _Count] = defaultdict(_Count)
    places = ("party_branch_id", "school_class_id", "enrolment_year")
    for branch, school_class, year, stage, number in (
        people.values(*places, "stage").annotate(number=Count("pk")).values_list(*places, "stage", "number")
    ):
        if home := branch or guiding.get(school_class):
            found[home, year or 0].add(stage, number)
    may_train = _training_test(request)
    for branch, school_class, year, activist_on in people.filter(
        stage=Stage.ACTIVIST, activist_on__isnull=False
    ).values_list(*places, "activist_on"):
        if home := branch or guiding.get(school_class):
            found[home, year or 0].spring += may_train("spring", activist_on)
            found[home, year or 0].autumn += may_train("autumn", activist_on)
    return found


def _training_test(request: ReportRequest) -> Callable[[str, date], bool]:
    """A function that says whether an activist of that day may become a candidate by the end of the term."""
    ends, policy = _term_ends(request), Policy()

    def may_train(season: str, activist_on: date) -> bool:
        last = ends.get(season)
        return last is not None and earliest_candidate_on(activist_on, lambda key: policy.number(key, last)) <= last

    return may_train


def _term_ends(request: ReportRequest) -> dict[str, date]:
    """Season → last day of that term, of the academic year today lies in or comes next."""
    terms = [term for term in load_calendar().terms if term.ends_on >= request.today]
    if not terms:
        return {}
    year = min(terms, key=lambda term: term.start_monday).academic_year_start
    return {term.season: term.ends_on for term in load_calendar().terms if term.academic_year_start == year}


# --- Classes -------------------------------------------------------------------------------------


@register_report
class ClassesWithoutMembers(ShelfReport):
    name = "classes_without_members"
    title = gettext_lazy("Classes without member or activist")
    description = gettext_lazy(
        "Classes in which nobody is a Party member or nobody is an activist, and who is responsible."
    )
    subject = "people"
    roles = OFFICES_AND_SETUP
    takes = (BRANCH, LACKS)

    def columns(self) -> list[Column]:
        return [
            Column("系别", 14), Column("班级", 22), Column("年级", 10), Column("学历", 12),
            Column("班级人数", 10, "integer", total=True), Column("党员数", 9, "integer", total=True),
            Column("积极分子数", 11, "integer", total=True), Column("申请人数", 10, "integer", total=True),
            Column("责任党支部", 24), Column("缺少", 18),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        return self._classes(request, _responsible(request.scope))

    def _classes(self, request: ReportRequest, responsible: dict[int, tuple[int | None, str]]) -> Any:
        classes = SchoolClass.objects.visible_to(request.scope).select_related("department")
        if not request.scope.whole_college:
            overseen = Q(department_id__in=request.scope.department_ids)
            classes = classes.filter(overseen | Q(pk__in=list(responsible)))
        classes = classes.annotate(
            size=_number(), members=_number(*MEMBER_STAGES), activists=_number(Stage.ACTIVIST, Stage.CANDIDATE),
            applicants=_number(Stage.APPLICANT),
        ).filter(size__gt=0).filter(Q(members=0) | Q(activists=0))  # fmt: skip
        if lacks := LACKS.read(request):
            classes = classes.filter(**{f"{lacks}s": 0})
        if branch := BRANCH.read(request):
            classes = classes.filter(
                pk__in=[pk for pk, (branch_id, _) in responsible.items() if branch_id == branch.pk]
            )
        return classes.order_by("department_id", "-enrolment_year", "name")

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        responsible = _responsible(request.scope)
        for row in self._classes(request, responsible).iterator(chunk_size=500):
            words = ["党员"] * (row.members == 0) + ["积极分子"] * (row.activists == 0)
            yield (
                row.department.name, row.name, cells.grade(row.enrolment_year), cells.programme(row.programme), row.size,
                row.members, row.activists, row.applicants, responsible.get(row.pk, (None, ""))[1], names(words),
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("班级人数", _("people in the roster who have not left; classes without anybody are left out")),
            ("积极分子数", _("activists and development candidates")),
        ]


def _number(*stages: str) -> Count:
    """People of a class, of these stages or of all but those who have left."""
    here = stages or [stage for stage in Stage if stage != Stage.LEFT]
    return Count("people", filter=Q(people__stage__in=here))


def _responsible(scope: Scope) -> dict[int, tuple[int | None, str]]:
    """Class → Party branch that is responsible for it, of the League branches the scope answers for; all for administrators."""
    rows = LeagueBranch.objects.active().filter(school_class__isnull=False)
    seen: Any = rows.visible_to(scope) if scope.whole_college else rows.supervised_by(scope)
    found = seen.order_by("-pk").values_list("school_class_id", "party_branch_id", "party_branch__name")
    return {school_class: (branch, name or "") for school_class, branch, name in found}
