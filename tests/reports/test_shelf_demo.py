"""Every report on the demonstration: rows that fit, workbooks two readers agree on, what is refused, who sees what."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
import python_calamine
from django.utils import timezone

from accounts.models import User
from evaluations.models import AppraisalResult, Feedback
from members.access import scope_for
from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Role
from reports.exporter import reports, reports_for
from reports.management.commands.export_report import OPERATOR
from tests.conftest import TODAY
from tests.reports.shelf_stage import (  # noqa: F401  # `demo` is a fixture
    ER,
    LIU,
    NAMES,
    asked,
    column,
    demo,
    rows_of,
)

pytestmark = pytest.mark.usefixtures("demo", "db")
# Found out as a whole before the first row: how many there will be is not known sooner.
UNCOUNTED = {
    "due_activists", "due_admissions", "due_candidates", "due_conversions", "due_reviews", "due_talks", "lecture_quota",
    "membership_statistics", "mentoring_duty", "supervision", "yearly_report",
}  # fmt: skip

# --- Every one -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_has_rows_that_fit_its_columns(name):
    rows, width = rows_of(name), len(reports.get(name).columns())
    assert rows != []
    assert reports.get(name).expected_rows(asked()) == (None if name in UNCOUNTED else len(rows))
    assert {len(row) for row in rows} <= {width}


def plain(value):
    """A cell as both readers agree on it: nothing is "", numbers are floats, moments have a time."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float | dt.date):
        return str(value).strip()
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time())
    return float(value) if isinstance(value, int | float) else value


@pytest.mark.parametrize("name", NAMES)
def test_two_readers_find_the_same_cells(name):
    report, target = reports.get(name), io.BytesIO()
    report.write_xlsx(target, asked())
    sheets = openpyxl.load_workbook(io.BytesIO(target.getvalue()))
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(target.getvalue()))
    assert book.sheet_names == sheets.sheetnames
    for sheet in sheets.worksheets:
        one = [[plain(value) for value in row] for row in sheet.iter_rows(values_only=True)]
        other = [[plain(value) for value in row] for row in book.get_sheet_by_name(sheet.title).to_python()]
        assert [row for row in one if any(row)] == [row for row in other if any(row)]
    specs = [(spec, list(spec.rows)) for spec in report.sheets(asked())]
    # Behind those of the report stands that of the notes.
    assert len(specs) == len(sheets.worksheets) - 1
    assert len(specs) == (16 if name == "yearly_report" else 1)
    for sheet, (spec, rows) in zip(sheets.worksheets, specs, strict=False):
        compare(sheet, spec, rows)


def compare(sheet, spec, rows):
    """The sheet holds the headings, the rows and the sums, each cell of them, and nothing else."""
    columns = spec.columns
    first = [[plain(value) for value in row] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert first[0][: len(columns)] == [str(one.heading) for one in columns]
    expected = [[plain(value) for value in row] for row in rows]
    assert [row[: len(columns)] for row in first[1 : 1 + len(expected)]] == expected
    numbers = [position for position, one in enumerate(columns) if "学号" in str(one.heading)]
    assert {type(row[position]) for row in first[1 : 1 + len(expected)] for position in numbers} <= {str}
    if not any(one.total for one in columns):
        assert not any(any(row) for row in first[1 + len(expected) :])
        return
    [sums] = first[1 + len(expected) :]
    for position, one in enumerate(columns):
        if one.total:
            assert sums[position] == pytest.approx(sum(row[position] or 0 for row in rows))
        else:
            assert sums[position] == ("合计" if position == 0 else "")


BAD = {
    "branch": ["不存在的支部", "999999", "-1", "1 OR 1=1", "一\x00"], "year": ["26", "²026", "0001", "9999"],
    "calendar_year": ["0000", "2026年"], "month": ["2026-13", "2026", "9999-12"], "from": ["2026-02-30", "昨天", "9999-12-31"],
    "to": ["20261001", "1900-01-01"], "term": ["2026", "2026-summer", "1999-autumn"], "months": ["0", "61", "-3"],
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_read_is_refused(name):
    report = reports.get(name)
    for parameter in report.parameter_list():
        for given in BAD.get(parameter.name, ["nonsense", "RUNNING", "0"]):
            with pytest.raises(Refused) as caught:
                report.accept(asked(**{parameter.name: given}))
            assert caught.value.field == parameter.name, given
    if "from" in {parameter.name for parameter in report.parameter_list()}:
        with pytest.raises(Refused) as caught:
            report.accept(asked(**{"from": "2026-10-02", "to": "2026-10-01"}))
        assert caught.value.field == "to"


@pytest.mark.parametrize("name", NAMES)
def test_every_choice_is_read(name):
    report = reports.get(name)
    for parameter in report.parameter_list():
        for value, _label in parameter.choices(OPERATOR):
            given = {parameter.name: value}
            rows, expected = rows_of(name, **given), report.expected_rows(asked(**given))
            counted = name not in UNCOUNTED and (name, parameter.name) != ("lectures", "counted")
            assert expected == (len(rows) if counted else None)


# --- Who sees what -------------------------------------------------------------------------------


def scope_of(username: str):
    return scope_for(User.objects.get(username=username), TODAY)


def test_an_administrator_finds_what_is_set_up_and_nothing_said_of_people():
    nobody = reports_for(scope_for(User.objects.create_user("root", is_superuser=True), TODAY))
    assert {report.name for report in nobody} == {
        "activists", "activities", "classes_without_members", "continuity", "covers", "cross_inspections", "due_activists",
        "due_admissions", "due_candidates", "due_conversions", "due_reviews", "due_talks", "members", "membership_statistics", "mentoring",
        "pairing_help", "pairings", "pairs",
    }  # fmt: skip


def test_a_plain_member_finds_none_of_them():
    scope = scope_of("20230310004")
    assert scope.roles == {Role.PERSON}
    assert {report.name for report in reports_for(scope)} <= {
        name for name in NAMES if reports.get(name).roles == frozenset(Role)
    }


# Report → heading under which a branch of the reader's own must stand on every row.
OWN_BRANCH = {
    "members": ["组织"], "activists": ["支部"], "membership_statistics": ["支部名称"], "due_activists": ["党支部"],
    "due_conversions": ["党支部"], "due_talks": ["党支部"], "due_reviews": ["党支部"],
    "due_candidates": ["党支部"], "due_admissions": ["党支部"], "pairings": ["甲方支部", "乙方支部"], "pairs": ["甲方支部", "乙方支部"],
    "pairing_help": ["支部", "对方支部"], "covers": ["甲方支部"], "cross_inspections": ["检查支部", "被查支部"],
    "observations": ["党支部"], "attendance": ["党支部"], "volunteer_hours": ["党支部"], "training_hours": ["党支部"],
    "lecture_quota": ["责任党支部"], "feedback_summary": ["党支部"], "mentor_assessments": ["党支部"],
    "mentoring_duty": ["所在支部"], "conversion_reviews": ["支部名称"], "appraisal_summary": ["党支部"],
    "supervision": ["党支部"], "yearly_report": ["党支部"], "continuity": [],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(OWN_BRANCH) - {"covers", "continuity"}))
@pytest.mark.parametrize(("who", "own"), [("20230310001", ER), ("20250530001", LIU)])
def test_a_secretary_reads_their_own_branch_only(name, who, own):
    rows = rows_of(name, scope_of(who))
    headings = [str(one.heading) for one in reports.get(name).columns()]
    places = [headings.index(heading) for heading in OWN_BRANCH[name]]
    strangers = [row for row in rows if own not in [row[place] for place in places]]
    assert strangers == []


def test_of_the_partners_people_a_branch_gets_no_numbers():
    others = set(Person.objects.exclude(party_branch__name=ER).values_list("number", flat=True))
    scope = scope_of("20230310001")
    for name in ("pairs", "pairings", "pairing_help", "attendance", "covers", "cross_inspections"):
        cells = {str(value) for row in rows_of(name, scope) for value in row}
        assert cells & others == set()


def test_nobody_reads_what_was_not_shown_to_them():
    secretary = Person.objects.get(number="20230310001")
    scope = scope_of(secretary.number)
    for name in ("appraisal_summary", "mentor_assessments", "mentoring_duty", "observations", "conversion_reviews"):
        assert secretary.name not in column(name, "姓名", rows_of(name, scope))
    AppraisalResult.objects.filter(person=secretary).update(grade="")
    result = AppraisalResult.objects.get(person=secretary)
    result.round.shown_at = timezone.now()
    result.round.save()
    assert secretary.name in column("appraisal_summary", "姓名", rows_of("appraisal_summary", scope))


def test_support_needs_and_remarks_are_in_none():
    remarks = {row.remark for row in Feedback.objects.all() if row.remark}
    assert remarks != set()
    for name in NAMES:
        headings = " ".join(str(one.heading) for one in reports.get(name).columns())
        assert "困难" not in headings
        assert "需求" not in headings
        assert not remarks & {value for row in rows_of(name) for value in row if isinstance(value, str)}
