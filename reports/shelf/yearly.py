"""The yearly work report of a branch: one workbook, its first sheet the sums of the sheets behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import PartyBranch
from members.models import Person
from pairing_portal.common.spreadsheets import Column, SheetSpec

from ..exporter import Report, ReportRequest, register_report
from . import cells, yearly_charts
from .activities import ActivityLedger, minutes_of, people_with_hours
from .lectures import LectureQuota
from .mentoring import ADVANCES, MenteeAdvances, MentoringLedger, MentoringRecords
from .pairing_work import CrossInspections, PairingHelp
from .pairings import PairingLedger, Pairs
from .parameters import BRANCH, OFFICES, YEAR, ShelfReport, known_year, whole_branches

LEDGERS = (("training", "学习培训"), ("service", "志愿服务"), ("pairing", "结对共建"), ("mentoring", "分层帮扶"))
# Sheets taken from other reports: which one, and what is asked of it beside branch and time.
PARTS: tuple[tuple[type[ShelfReport], dict[str, str]], ...] = (
    (PairingLedger, {}), (PairingHelp, {}), (Pairs, {}), (CrossInspections, {}), (MentoringLedger, {}), (MentoringRecords, {}),
    (MenteeAdvances, {}), (LectureQuota, {"grain": "month"}), (ActivityLedger, {}),
)  # fmt: skip
# Line of the summary → (report, heading whose column is summed up, None for the number of rows).
LINES: tuple[tuple[str, type[ShelfReport], str | None], ...] = (
    ("结对共建（个）", PairingLedger, None), ("支委结对（对）", PairingLedger, "支委结对"), ("党员结对（对）", Pairs, None),
    ("共建活动（次）", PairingLedger, "共建活动次数"), ("材料互查（次）", PairingLedger, "材料互查次数"),
    ("帮扶结对（个）", MentoringLedger, None), ("帮扶记录（次）", MentoringRecords, None),
    ("帮扶时长（分钟）", MentoringRecords, "时长(分钟)"), ("帮扶对象发展进展（人次）", MenteeAdvances, None),
    ("理论宣讲应讲（次）", LectureQuota, "应讲次数"), ("理论宣讲计入（次）", LectureQuota, "计入次数"),
    ("理论宣讲达标周（周）", LectureQuota, "达标周数"), ("理论宣讲未达标周（周）", LectureQuota, "未达标周数"),
    ("主题活动（次）", ActivityLedger, None), ("活动参会（人次）", ActivityLedger, "参会人数"),
)  # fmt: skip


@dataclass(frozen=True)
class _Year:
    """The branch and the days a report is about."""

    branch: PartyBranch
    start_year: int
    first: date
    last: date

    @property
    def asked(self) -> dict[str, str]:
        """The same, as parameters of the other reports."""
        return {
            "branch": str(self.branch.pk), "year": str(self.start_year), "from": self.first.isoformat(), "to": self.last.isoformat(),
        }  # fmt: skip


def _subject(request: ReportRequest) -> _Year | None:
    """The branch asked for, else the first one the scope runs or sees; the year asked for, else the one today lies in."""
    seen = whole_branches(request.scope)
    asked = BRANCH.read(request)
    if asked is not None:
        branch = seen.filter(pk=asked.pk).first()
    else:
        branch = (
            seen.filter(pk__in=request.scope.managed_branch_ids).order_by("pk").first() or seen.order_by("pk").first()
        )
    year = known_year(YEAR.read(request), request)
    if branch is None or year is None:
        return None
    return _Year(branch, year.start_year, year.starts_on, year.ends_on)


@register_report
class YearlyReport(ShelfReport):
    """As a .csv only the summary; as a workbook the sheets it sums up too."""

    name = "yearly_report"
    title = gettext_lazy("Yearly work report of a branch")
    description = gettext_lazy(
        "One workbook of a branch and academic year: summary, pairing, mentoring, lectures, activities, hours, development."
    )
    subject = "supervision"
    roles = OFFICES
    takes = (BRANCH, YEAR)

    def columns(self) -> list[Column]:
        return [Column("项目", 32), Column("数量", 14, "number"), Column("党支部", 28), Column("学年", 14)]

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        subject = _subject(request)
        return self._summary(subject, request, _parts(subject, request)) if subject else []

    def sheets(self, request: ReportRequest) -> list[SheetSpec]:
        """The summary, and behind it every sheet it adds up; nothing but the heading where there is no branch or year."""
        subject = _subject(request)
        if subject is None:
            return [self.sheet(request)]
        parts = _parts(subject, request)
        title = f"{subject.branch.name} {subject.start_year}–{subject.start_year + 1}学年"
        first = SheetSpec(
            "工作总结", self.columns(), list(self._summary(subject, request, parts)), title=f"{title} {self.title}", notes=self.notes(request)
        )  # fmt: skip
        behind = [
            SheetSpec(
                str(report.title), report.columns(), rows, title=f"{title} {report.title}", notes=report.definitions()
            )
            for report, rows in parts.values()
        ]
        ending = [_hours_sheet(subject, request, title), _development_sheet(subject, request, title)]
        return [first, *_drawn_sheets(subject, request, parts, title), *behind, *ending]

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("数量", _("sums of the sheets of this workbook; days outside the academic year do not count")),
            ("现有人数", _("people of the branch on the day of the report")),
        ]

    def _summary(
        self, subject: _Year, request: ReportRequest, parts: dict[type[ShelfReport], tuple[Report, list[Sequence[Any]]]]
    ) -> Iterator[Sequence[Any]]:
        where = (subject.branch.name, f"{subject.start_year}–{subject.start_year + 1}")
        for label, kind, heading in LINES:
            report, rows = parts[kind]
            yield (label, _sum(report, rows, heading) if heading else len(rows), *where)
        hours = _hours(subject, request)
        for position, (_key, label) in enumerate(LEDGERS):
            yield (f"{label}时长（小时）", cells.hours(sum(row[4 + position] for row in hours)), *where)
        development = _development(subject, request)
        for name, words in ADVANCES:
            yield (f"{words}（人）", sum(row[2] == str(words) for row in development if name), *where)


def _parts(subject: _Year, request: ReportRequest) -> dict[type[ShelfReport], tuple[Report, list[Sequence[Any]]]]:
    """Each report narrowed down to the branch and the year, with its rows."""
    found: dict[type[ShelfReport], tuple[Report, list[Sequence[Any]]]] = {}
    for kind, more in PARTS:
        report = kind()
        known = {one.key for one in report.takes}
        given = {key: value for key, value in subject.asked.items() if key in known}
        found[kind] = (report, list(report.rows(replace(request, parameters=given | more))))
    return found


def _drawn_sheets(
    subject: _Year,
    request: ReportRequest,
    parts: dict[type[ShelfReport], tuple[Report, list[Sequence[Any]]]],
    title: str,
) -> list[SheetSpec]:
    people = yearly_charts.people_of(request, subject.branch)
    with_hours = people_with_hours(request.scope).filter(party_branch=subject.branch)
    first, last = subject.first, subject.last
    return [
        yearly_charts.activities_sheet(parts[ActivityLedger][1], first, last, title),
        yearly_charts.hours_sheet(with_hours, LEDGERS, first, last, title),
        yearly_charts.lectures_sheet(request, subject.asked, title),
        yearly_charts.way_sheet(people, first, last, request.today, title),
    ]


def _sum(report: Report, rows: Sequence[Sequence[Any]], heading: str) -> int:
    position = [str(column.heading) for column in report.columns()].index(heading)
    return sum(row[position] or 0 for row in rows)


def _hours(subject: _Year, request: ReportRequest) -> list[list[Any]]:
    """The branch's people with their minutes in each ledger."""
    people = people_with_hours(request.scope).filter(party_branch=subject.branch)
    minutes = [minutes_of(people, key, subject.first, subject.last) for key, _label in LEDGERS]
    rows = people.order_by("name_key", "number").values_list("pk", "number", "name", "stage")
    return [
        [subject.branch.name, number, name, cells.stage(stage), *(found.get(pk, 0) for found in minutes)]
        for pk, number, name, stage in rows
    ]


def _hours_sheet(subject: _Year, request: ReportRequest, title: str) -> SheetSpec:
    columns = [Column("党支部", 24), Column("学号", 16), Column("姓名", 12), Column("身份", 14)]
    columns += [Column(f"{label}(分钟)", 14, "integer", total=True) for _key, label in LEDGERS]
    return SheetSpec("学时与时长", columns, _hours(subject, request), title=f"{title} 学时与时长")


def _development(subject: _Year, request: ReportRequest) -> list[list[Any]]:
    """Steps of the branch's people whose day lies in the year, by day."""
    people = Person.objects.visible_to(request.scope).filter(party_branch=subject.branch)
    names = [name for name, _words in ADVANCES]
    rows = []
    for number, person, *days in people.order_by("name_key", "number").values_list("number", "name", *names):
        for (_name, words), on in zip(ADVANCES, days, strict=True):
            if on and subject.first <= on <= min(subject.last, request.today):
                rows.append([person, number, str(words), on])
    return sorted(rows, key=lambda row: row[3])


def _development_sheet(subject: _Year, request: ReportRequest, title: str) -> SheetSpec:
    columns = [Column("姓名", 12), Column("学号", 16), Column("发展进展", 22), Column("日期", 12, "date")]
    return SheetSpec("党员发展", columns, _development(subject, request), title=f"{title} 党员发展")
