"""Lists of links as workbooks, and importing them as somebody of the cast."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import Workbook

from members.access import scope_for
from mentoring.importing.service import PairsReport, import_pairs
from tests.cast import Cast

TODAY = dt.date(2026, 10, 28)
HEADINGS = (
    "帮扶层级",
    "帮扶人",
    "学号",
    "被帮扶对象",
    "对象学号",
    "帮扶类别",
    "起始日期",
    "结束日期",
    "帮扶目标",
    "状态",
)
SENIOR, NEW, ACTIVISTS, CLASSMATES, LEAGUE = (
    "老党员帮扶新党员", "老党员帮扶新党员", "党员帮扶入党积极分子", "帮扶同学", "帮扶团支部",
)  # fmt: skip


def workbook(*rows: Sequence[Any], headings: Sequence[str] = HEADINGS, sheets: Sequence[str] = ()) -> bytes:
    """A sheet 结对 with a title, and further sheets of one cell each."""
    book = Workbook()
    book.active.title = "结对"
    for row in (["分层帮扶结对表"], headings, *rows):
        book.active.append(list(row))
    for name in sheets:
        book.create_sheet(name).append(["请勿修改表头"])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def row(
    tier: Any, mentor, mentee, *, category="", since="2026.10.08", until="2027.06.30", goal="", state=""
) -> list[Any]:
    """A row of HEADINGS; the mentee is a person or the name of a League branch."""
    who = [mentee, ""] if isinstance(mentee, str) else [mentee.name, mentee.number]
    return [tier, mentor.name, mentor.number, *who, category, since, until, goal, state]


def bring(cast: Cast, who: str, *rows: Sequence[Any], data: bytes | None = None, **more: Any) -> PairsReport:
    """As this member of the cast, applied at once; "" is the operator's command line."""
    user = cast.user(who) if who else None
    values: dict[str, Any] = {"dry_run": False} | more
    return import_pairs(
        name="结对.xlsx", data=data if data is not None else workbook(*rows), scope=scope_for(user, TODAY) if user else None,
        today=TODAY, now=timezone.now(), user=user, **values,
    )  # fmt: skip


def refusals(report: PairsReport) -> list[tuple[int, str, str]]:
    """Row, column and message of each refused row."""
    assert report.refusal == ""
    return [(found.source.row, found.column, found.message) for found in report.plan.refused]


def notes(report: PairsReport) -> list[tuple[int, str]]:
    return [(source.row, words) for source, words in report.plan.notes]


def upload(data: bytes, name: str = "结对.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)
