"""What is exported in two places is the same sheet: the administration's registers, the ready-made sheets, and the reports here."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from reports.exporter import ReportRequest, reports
from tests.conftest import TODAY
from tests.mentoring.crew import add_person
from tests.reports.test_shelf_rows import CANDIDATE

SENSITIVE = "?cols=ethnicity&cols=born_on&cols=phone"


def cells(data: bytes) -> list[list[object]]:
    """The first sheet below its title, without rows that are blank."""
    rows = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(min_row=2, values_only=True)
    return [list(row) for row in rows if any(row)]


def report(cast, who: str, name: str, **parameters) -> list[list[object]]:
    asked = ReportRequest(
        scope=scope_for(cast.user(who)), today=TODAY, made_at=timezone.now(), made_by="x", parameters=parameters
    )
    target = io.BytesIO()
    reports.get(name).accept(asked)
    reports.get(name).write_xlsx(target, asked)
    return cells(target.getvalue())


@pytest.fixture
def full(cast):
    add_person(cast, "蒙发展", "20240310099", branch=cast.er, phone="13900000000", ethnicity="壮族", **CANDIDATE)
    return cast


@pytest.mark.parametrize("who", ["er_secretary", "mech_organiser", "college_organiser"])
@pytest.mark.parametrize(
    ("register", "name", "asked"),
    [
        ("member", "members", {}),
        ("activist", "activists", {"stage": "activist"}),
        ("candidate", "activists", {"stage": "candidate"}),
    ],
)
@pytest.mark.parametrize(("query", "personal"), [("", "no"), (SENSITIVE, "yes")])
def test_the_register_exported_in_the_administration_is_the_report(
    full, sign_in, who, register, name, asked, query, personal
):
    answer = sign_in(who).post(reverse(f"admin:members_{register}_export") + query, {"purpose": "核对"})
    found = report(full, who, name, form="register", personal=personal, **asked)
    assert found == cells(answer.content)
    assert len(found) > 1 or who == "er_secretary"


@pytest.mark.parametrize("who", ["er_secretary", "mech_organiser"])
def test_a_branch_asked_for_is_the_same_branch(full, sign_in, who):
    address = reverse("admin:members_member_export")
    answer = sign_in(who).post(f"{address}?party_branch={full.er.pk}", {"purpose": "核对"})
    found = report(full, who, "members", form="register", branch=str(full.er.pk))
    assert found == cells(answer.content)
    assert len(found) == 5


def test_the_summary_of_members_says_the_same_in_both_places(full, sign_in):
    asked = {"month": "2026-10", "branch": "", "purpose": "月报"}
    answer = sign_in("er_secretary").post(reverse("sheet_export", args=["member-summary"]), asked)
    sheet, here = cells(answer.content), report(full, "er_secretary", "members", personal="yes")
    both = [heading for heading in sheet[0] if heading in here[0]]
    assert len(both) == 13

    def only(rows):
        places = [rows[0].index(heading) for heading in both]
        return [["" if row[at] is None else row[at] for at in places] for row in rows]

    assert only(here) == only(sheet)
    assert len(here) > 1
