"""The sheets of the yearly report that are drawn: activities and hours by month, lectures by week, the way into the Party.

Each draws the rows it stands beside, and these add up to the sheets behind it. A drawn sheet has no row of sums: it would be drawn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.db.models import Sum
from django.db.models.functions import TruncMonth

from activities import ledgers
from activities.models import ActivityKind, KindGroup, LogEntry
from members.models import Person
from members.stages import Stage
from pairing_portal.common.spreadsheets import Chart, Column, SheetSpec

from ..exporter import ReportRequest
from . import cells
from .lectures import LectureQuota

# Stage → the date on which one enters it.
WAY: Final = {
    Stage.APPLICANT: "applied_on", Stage.ACTIVIST: "activist_on", Stage.CANDIDATE: "candidate_on", Stage.PROBATIONARY: "admitted_on",
    Stage.FULL: "converted_on",
}  # fmt: skip


def months_between(first: date, last: date) -> Iterator[date]:
    """The first day of each month that has a day of the period."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def activities_sheet(ledger: Sequence[Sequence[Any]], first: date, last: date, title: str) -> SheetSpec:
    """The rows of the activity ledger by month and line of work; what belongs to no line stands with its group."""
    lines = dict(ActivityKind.objects.order_by("pk").values_list("name", "group"))
    headings = [name for name, group in lines.items() if group == KindGroup.LINE]
    groups = {group.value: str(group.label) for group in (KindGroup.ORGANISATION, KindGroup.LEAGUE)}
    found = Counter((row[2].date().replace(day=1), groups.get(lines.get(row[1], ""), row[1])) for row in ledger)
    headings = [*headings, *groups.values()]
    rows = [[f"{month:%Y-%m}", *(found[month, name] for name in headings)] for month in months_between(first, last)]
    columns = [Column("月份", 10), *(Column(name, 11, "integer") for name in headings)]
    chart = Chart("各月活动（次）", "月份", headings, "column_stacked")
    return SheetSpec("活动统计", columns, rows, title=f"{title} 活动统计", charts=[chart])


def hours_sheet(people: Any, named: Sequence[tuple[str, str]], first: date, last: date, title: str) -> SheetSpec:
    """Confirmed hours of these people, by month and ledger."""
    minutes: Mapping[str, dict[date, int]] = {key: _by_month(people, key, first, last) for key, _label in named}
    rows = [
        [f"{month:%Y-%m}", *(cells.hours(minutes[key].get(month, 0)) for key, _label in named)]
        for month in months_between(first, last)
    ]
    columns = [Column("月份", 10), *(Column(f"{label}(小时)", 15, "number") for _key, label in named)]
    headings = [column.heading for column in columns[1:]]
    chart = Chart("各月时长（小时）", "月份", headings, "column_stacked")
    return SheetSpec("时长统计", columns, rows, title=f"{title} 时长统计", charts=[chart])


def _by_month(people: Any, key: str, first: date, last: date) -> dict[date, int]:
    entries = ledgers.in_ledger(LogEntry.objects.confirmed().filter(on__gte=first, on__lte=last), key)
    rows = entries.filter(person__in=people.order_by().values("pk")).order_by()
    rows = rows.annotate(month=TruncMonth("on")).values("month").annotate(time=Sum("minutes"))
    return dict(rows.values_list("month", "time"))


def lectures_sheet(request: ReportRequest, asked: Mapping[str, str], title: str) -> SheetSpec:
    """Lectures owed and counted week by week, of all League branches the branch is responsible for."""
    quota = LectureQuota()
    headings = [str(column.heading) for column in quota.columns()]
    known = {one.key for one in quota.takes}
    given = {key: value for key, value in asked.items() if key in known} | {"grain": "week"}
    sums: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in quota.rows(replace(request, parameters=given)):
        week = dict(zip(headings, row, strict=True))
        for position, heading in enumerate(("应讲次数", "计入次数", "差额")):
            sums[week["起始日期"], week["时段"]][position] += week[heading]
    rows = [[f"{label} {monday:%m-%d}", *found] for (monday, label), found in sorted(sums.items())]
    columns = [Column("教学周", 20), *(Column(name, 14, "integer") for name in ("应讲次数", "计入次数", "差额"))]
    charts = [Chart("各周理论宣讲（次）", "教学周", ["应讲次数", "计入次数"])] if rows else []
    return SheetSpec("宣讲统计", columns, rows, title=f"{title} 宣讲统计", charts=charts)


def way_sheet(people: Any, first: date, last: date, today: date, title: str) -> SheetSpec:
    """Who stands where on the way into the Party today, and who came so far in the year."""
    now = Counter(people.order_by().values_list("stage", flat=True))
    until = min(last, today)
    rows = [
        [str(stage.label), now[stage.value], people.filter(**{f"{name}__gte": first, f"{name}__lte": until}).count()]
        for stage, name in WAY.items()
    ]
    columns = [Column("发展阶段", 20), Column("现有人数", 16, "integer"), Column("本学年进入人数", 18, "integer")]
    chart = Chart("发展党员各阶段（人）", "发展阶段", ["现有人数", "本学年进入人数"])
    return SheetSpec("发展阶段", columns, rows, title=f"{title} 发展阶段", charts=[chart])


def people_of(request: ReportRequest, branch: Any) -> Any:
    return Person.objects.visible_to(request.scope).filter(party_branch=branch)
