"""Rosters as text, and importing them as somebody of the cast."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from members.access import scope_for
from members.importing.service import FileReport, import_rosters
from tests.cast import Cast

TODAY = dt.date(2026, 10, 28)
PEOPLE = "学号,姓名,党支部"
LEAGUES = "团支部名称,所属系,班级,入学年份,团员人数,团支书,团支书学号,负责党支部"


def table(headings: str, *rows: str) -> bytes:
    return "\n".join([headings, *rows]).encode()


def import_as(cast: Cast, who: str, data: bytes, *, name: str = "名册.csv", dry_run: bool = False) -> FileReport:
    """As this member of the cast, refused rows left out; "" is the operator's command line."""
    user = cast.user(who) if who else None
    report = import_rosters(
        files=[(name, data)], scope=scope_for(user, TODAY) if user else None, dry_run=dry_run, skip_refused=True,
        today=TODAY, now=timezone.now(), user=user,
    )  # fmt: skip
    return report.files[0]


def refusals(file: FileReport) -> list[tuple[str, str]]:
    """Column and message of each refused row."""
    assert file.refusal == ""
    return [(row.column, row.message) for row in file.plan.refused]
