"""A register taken out, edited in Excel and brought back: the preview shows the edited cells and nothing else."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import StoredUpload
from members.models import Person
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
APPLIED, ACTIVIST, CANDIDATE, ADMITTED = (
    dt.date(2023, 9, 20), dt.date(2024, 3, 1), dt.date(2025, 4, 1), dt.date(2026, 5, 10),
)  # fmt: skip
DATES = {
    "applicant": {"applied_on": APPLIED},
    "activist": {"applied_on": APPLIED, "activist_on": ACTIVIST},
    "candidate": {"applied_on": APPLIED, "activist_on": ACTIVIST, "candidate_on": CANDIDATE},
    "member": {"applied_on": APPLIED, "activist_on": ACTIVIST, "candidate_on": CANDIDATE, "admitted_on": ADMITTED},
}
REGISTERS = sorted(DATES)
# As the registers head these columns.
NUMBER, PHONE, APPLIED_ON = "学号或工号", "电话", "申请入党时间"


@pytest.fixture
def filled(cast):
    """In each register three people of branch Er, with all that makes a sheet hard to read back."""
    for at, dates in enumerate(DATES.values()):
        for number in range(3):
            row = Person(
                number=f"2025031{at}00{number}", name=("欧阳一", "=SUM(A1)", "O'Neil Li")[number], sex=("male", "", "female")[number],
                ethnicity=("汉", "维吾尔", "")[number], born_on=(dt.date(2004, 2, 29), None, dt.date(2005, 1, 1))[number],
                phone=("13900000000", "", "07712345678")[number], department=cast.mech, party_branch=cast.er,
                school_class=(cast.class_24, None, None)[number], programme=("diploma", "", "bachelor")[number],
                enrolment_year=(2023, None, 2025)[number], graduates_on=(dt.date(2026, 7, 1), None, None)[number],
                major="模具", is_league_member=number == 1, **dates,
            )  # fmt: skip
            row.settle_stage(TODAY)
            row.save()
    return cast


def export(client, register, query=""):
    answer = client.post(reverse(f"admin:members_{register}_export") + query, {"purpose": "核对"})
    assert answer.status_code == 200
    return answer.content


def cells(data):
    """The headings and the rows of the first sheet."""
    rows = list(load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True))
    return list(rows[1]), [list(row) for row in rows[2:]]


def edited(data, changes):
    """`changes`: (number, heading) → value."""
    book = load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    heads = {cell.value: cell.column for cell in sheet[2]}
    rows = {sheet.cell(row, heads[NUMBER]).value: row for row in range(3, sheet.max_row + 1)}
    for (number, heading), value in changes.items():
        sheet.cell(rows[number], heads[heading]).value = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def preview(client, register, data):
    file = SimpleUploadedFile("名册.xlsx", data)
    answer = client.post(reverse(f"admin:members_{register}_import"), {"files": [file]})
    (shown,) = answer.context["previews"]
    assert shown["file"].refusal == ""
    return answer, shown


def apply(client, register):
    tokens = list(StoredUpload.objects.filter(used_at=None).values_list("token", flat=True))
    return client.post(reverse(f"admin:members_{register}_process_import"), {"token": tokens})


COLUMNS = "?cols=number&cols=phone&cols=born_on&cols=ethnicity&cols=major"


@pytest.mark.parametrize("query", ["", COLUMNS], ids=["usual columns", "all columns"])
@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize("who", ["er_secretary", "mech_organiser", "college_organiser"])
def test_an_unchanged_file_changes_nothing(filled, sign_in, register, query, who):
    client = sign_in(who)
    _heads, rows = cells(export(client, register, query))
    answer, shown = preview(client, register, export(client, register, query))
    assert (shown["counts"], shown["changes_anything"]) == (
        {"created": 0, "updated": 0, "unchanged": len(rows), "refused": 0}, False,
    )  # fmt: skip
    says_so = "无变化" in answer.content.decode()
    assert says_so


@pytest.mark.parametrize("register", REGISTERS)
def test_two_edited_cells_are_the_difference_and_come_back(filled, sign_in, register):
    client = sign_in("er_secretary")
    first, second = (f"2025031{list(DATES).index(register)}00{number}" for number in (0, 2))
    before = export(client, register, COLUMNS)
    changes = {(first, PHONE): "13711112222", (second, APPLIED_ON): dt.date(2023, 9, 25)}
    _answer, shown = preview(client, register, edited(before, changes))
    assert {(row["number"], cell["label"], cell["old"], cell["new"]) for row in shown["updates"] for cell in row["changes"]} == {
        (first, PHONE, "13900000000", "13711112222"), (second, APPLIED_ON, "2023-09-20", "2023-09-25"),
    }  # fmt: skip
    assert (shown["counts"]["created"], shown["counts"]["updated"], shown["counts"]["refused"]) == (0, 2, 0)
    assert apply(client, register).status_code == 302
    heads, old = cells(before)
    new_heads, new = cells(export(client, register, COLUMNS))
    at = heads.index(NUMBER)
    assert new_heads == heads
    for row in old:
        for (number, heading), value in changes.items():
            if row[at] == number:
                row[heads.index(heading)] = (
                    dt.datetime.combine(value, dt.time()) if isinstance(value, dt.date) else value
                )
    assert new == old


@pytest.mark.parametrize("register", REGISTERS)
def test_a_formula_is_text_on_the_way_out_and_back(filled, sign_in, register):
    data = export(sign_in("er_secretary"), register)
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    found = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=SUM(A1)"]
    assert {(cell.data_type, cell.quotePrefix) for cell in found} == {("s", True)}
    number = f"2025031{list(DATES).index(register)}002"
    changed = edited(data, {(number, "姓名"): "'=1+1"})
    preview(sign_in("er_secretary"), register, changed)
    apply(sign_in("er_secretary"), register)
    again = load_workbook(io.BytesIO(export(sign_in("er_secretary"), register))).worksheets[0]
    assert {cell.data_type for row in again.iter_rows() for cell in row if "1+1" in str(cell.value)} == {"s"}


def test_people_without_a_branch_come_back_too(cast, sign_in):
    """An applicant known by the class alone; in a roster a row without a branch is refused only for somebody new."""
    Person.objects.filter(pk=cast.person("classmate").pk).update(applied_on=dt.date(2026, 9, 20), stage="applicant")
    client = sign_in("liu_secretary")
    data = export(client, "applicant")
    _answer, shown = preview(client, "applicant", data)
    assert shown["counts"] == {"created": 0, "updated": 0, "unchanged": 1, "refused": 0}
    _answer, shown = preview(client, "applicant", edited(data, {("20260591001", APPLIED_ON): dt.date(2026, 9, 21)}))
    assert [cell["new"] for row in shown["updates"] for cell in row["changes"]] == ["2026-09-21"]
    _answer, shown = preview(client, "applicant", edited(data, {("20260591001", NUMBER): "20269991111"}))
    assert (shown["counts"]["created"], shown["counts"]["refused"]) == (0, 1)


def test_who_left_comes_back_with_everybody(cast, sign_in):
    Person.objects.filter(pk=cast.person("er_member").pk).update(left_on=dt.date(2026, 9, 1), stage="left")
    client = sign_in("mech_organiser")
    _answer, shown = preview(client, "person", export(client, "person"))
    assert (shown["counts"]["updated"], shown["counts"]["refused"]) == (0, 0)


def test_what_is_guessed_of_somebodys_studies_is_no_news_of_somebody_known(filled, sign_in):
    """A file without graduation and grade: of a new person they are guessed, of a known one they stay."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["学号", "姓名", "党支部", "学历", "递交入党申请书时间"])
    for number in ("20250310000", "20250319999"):
        book.active.append([number, "欧阳一", "机械系党总支第二党支部", "专科", dt.date(2023, 9, 20)])
    stream = io.BytesIO()
    book.save(stream)
    _answer, shown = preview(sign_in("mech_organiser"), "person", stream.getvalue())
    plan = shown["file"].plan
    assert [row.draft.number for row in plan.updated] == []
    assert plan.created[0].merged["graduates_on"] == dt.date(2028, 6, 30)


def test_an_english_page_exports_what_it_imports(filled, sign_in):
    client = sign_in("er_secretary")
    client.cookies["django_language"] = "en"
    data = export(client, "member")
    _answer, shown = preview(client, "member", data)
    assert shown["changes_anything"] is False
