"""The sample rosters import exactly to what they should, by the command."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils.translation import override

from branches.models import LeagueBranch, PartyBranch
from members.models import Absence, Person, Post

SAMPLES = Path(__file__).parents[2] / "samples"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
SECOND, THIRD = "机械系第二党支部党员花名册.xlsx", "机械系第三党支部发展党员信息表.xlsx"
FOURTH, SIXTH = "机械系第四党支部名册.xls", "土木系第六党支部.xlsx"
CLASSES = "土木系2026级班级名单.xlsx"
PROGRAMMES = {"本科": "bachelor", "专科": "diploma", "专升本": "upgrade", "教师": "staff"}


def run(capsys, *arguments: str) -> tuple[int, dict]:
    status = 0
    try:
        call_command("import_roster", *arguments, "--json")
    except SystemExit as ended:
        status = ended.code
    return status, json.loads(capsys.readouterr().out)


def files(*names: str) -> list[str]:
    return [str(SAMPLES / name) for name in names]


def import_all(capsys) -> dict:
    _status, first = run(capsys, *files(SECOND, THIRD, SIXTH), "--skip-refused")
    _status, second = run(capsys, *files(FOURTH), "--branch", "机械系党总支第四党支部", "--skip-refused")
    return {**first, "created": first["created"] + second["created"]}


def as_expected(person: Person) -> dict:
    absence = person.absences.first()
    return {
        "number": person.number, "name": person.name, "sex": "男" if person.sex == "male" else "女", "ethnicity": person.ethnicity,
        "born": person.born_on, "phone": person.phone, "level": person.programme, "major": person.major, "grade": person.enrolment_year,
        "graduates": person.graduates_on, "class": person.school_class.name if person.school_class else "",
        "dept": person.department.name, "branch": person.party_branch.name, "stage": person.stage, "applied": person.applied_on,
        "activist": person.activist_on, "candidate": person.candidate_on, "admitted": person.admitted_on,
        "converted": person.converted_on, "internship": (absence.from_on, absence.to_on) if absence else None,
    }  # fmt: skip


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def from_file(row: dict) -> dict:
    dates = {
        key: day(row[key]) for key in ("born", "graduates", "applied", "activist", "candidate", "admitted", "converted")
    }
    internship = row.get("internship")
    return {
        **{
            key: row[key]
            for key in (
                "number",
                "name",
                "sex",
                "ethnicity",
                "phone",
                "major",
                "grade",
                "class",
                "dept",
                "branch",
                "stage",
            )
        },
        **dates,
        "level": PROGRAMMES[row["level"]],
        "internship": tuple(map(day, internship)) if internship else None,
    }


def test_four_rosters_become_103_people_with_their_stages_and_dates(db, capsys):
    report = import_all(capsys)
    assert report["created"] == 108
    assert report["applied"] is True
    assert report["ignored_columns"] == ["身份证号", "备注"]
    people = Person.objects.filter(party_branch__isnull=False).select_related(
        "department", "school_class", "party_branch"
    )
    assert {row["number"]: row for row in map(as_expected, people)} == {
        row["number"]: from_file(row) for row in EXPECTED["people"]
    }


def test_three_rows_are_refused_with_the_right_reasons(db, capsys):
    status, report = run(capsys, *files(SECOND, THIRD, SIXTH), "--skip-refused")
    assert status == 1
    assert [(row["file"], row["sheet"], row["row"], row["column"]) for row in report["refused"]] == [
        (THIRD, "成员信息", 30, "出生时间"),
        (THIRD, "成员信息", 31, "学号"),
        (THIRD, "成员信息", 32, "确定为入党积极分子时间"),
    ]
    first, second, third = (row["message"] for row in report["refused"])
    assert "2007-02-30" in first
    assert "2025.13.40" in first
    assert "第 9 行" in second
    assert "2025-03-01" in third
    assert "2025-09-20" in third
    assert not Person.objects.filter(number__in=["20250320007", "20250320008"]).exists()


def test_five_posts_without_dates(db, capsys):
    import_all(capsys)
    with override("zh-hans"):
        branch = PartyBranch.objects.get(name="机械系党总支第二党支部")
        words = {"支部书记": "书记"}
        found = {
            post.person.number: str(post.get_kind_display()) for post in Post.objects.filter(party_branch__isnull=False)
        }
    assert {number: words.get(word, word) for number, word in found.items()} == EXPECTED["posts"][branch.name]
    assert set(Post.objects.filter(party_branch=branch).values_list("since", flat=True)) == {None}


def test_five_league_branches_with_classes_types_and_secretaries(db, capsys):
    import_all(capsys)
    types = {
        "理论学习型": "theory-learning",
        "科技创新型": "technology-innovation",
        "网络宣传型": "online-publicity",
        "文体活动型": "culture-and-sports",
    }
    found = {
        league.name: (
            league.department.name, league.school_class.name, league.enrolment_year, league.member_count, league.model_type,
            league.posts.get().person.name, league.posts.get().person.number, league.party_branch.name,
        )
        for league in LeagueBranch.objects.all()
    }  # fmt: skip
    assert found == {
        row["name"]: (
            row["dept"], row["class"], row["grade"], row["size"], types[row["kind"]], row["secretary"], row["secretary_number"],
            "土木系党总支第六党支部",
        )
        for row in EXPECTED["league_branches"]
    }  # fmt: skip
    assert Person.objects.filter(party_branch=None).count() == 5
    assert Absence.objects.count() == sum(bool(row.get("internship")) for row in EXPECTED["people"])


def test_classmates_follow_from_the_class_lists(db, capsys):
    import_all(capsys)
    _status, report = run(capsys, *files(CLASSES))
    assert (report["created"], report["refused"]) == (70, [])
    words = {"league_member": "共青团员", "non_member": "群众"}
    found = {
        person.number: (person.name, person.school_class.name, words[person.stage])
        for person in Person.objects.filter(party_branch=None, school_class__name__startswith="26").exclude(sex="")
    }
    assert found == {row["number"]: (row["name"], row["class"], row["status"]) for row in EXPECTED["classmates"]}


def test_identity_numbers_are_stored_nowhere(db, capsys):
    import_all(capsys)
    row = Person.objects.get(number="20230310001")
    assert "45010320050528424X" not in repr(vars(row))
    assert not Person.objects.filter(name__contains="450103").exists()


def test_the_xls_without_branch_is_refused_with_advice(db, capsys):
    status, report = run(capsys, *files(FOURTH))
    assert (status, report["applied"], report["created"]) == (1, False, 0)
    assert "--branch" in report["refused"][0]["message"]
    assert Person.objects.count() == 0


def test_the_same_files_again_change_nothing(db, capsys):
    import_all(capsys)
    before = Person.history.count()
    _status, report = run(capsys, *files(SECOND, SIXTH))
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 54)
    assert Person.history.count() == before


def test_a_refused_row_keeps_its_file_back_and_not_the_others(db, capsys):
    status, report = run(capsys, *files(THIRD, SECOND))
    assert (status, report["applied"]) == (1, False)
    assert set(Person.objects.values_list("party_branch__name", flat=True)) == {"机械系党总支第二党支部"}


def test_a_dry_run_writes_nothing(db, capsys, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        _status, report = run(capsys, *files(SECOND), "--dry-run")
    assert report["created"] == 22
    assert [query["sql"] for query in captured if not query["sql"].startswith("SELECT")] == []


def test_every_person_has_one_line_of_history(db, capsys):
    run(capsys, *files(SECOND))
    assert set(Person.history.values_list("history_type", "history_change_reason")) == {("+", "roster")}
    assert Person.history.count() == 22


def test_the_marked_workbook_names_the_faults(db, capsys, tmp_path):
    from openpyxl import load_workbook

    target = tmp_path / "faults.xlsx"
    run(capsys, *files(THIRD), "--faults", str(target))
    sheet = load_workbook(target).worksheets[0]
    assert "2025.13.40" in str(sheet.cell(30, sheet.max_column).value)


@pytest.mark.parametrize("arguments", [["nowhere.xlsx"], []])
def test_wrong_usage_ends_with_status_2(db, arguments):
    from django.core.management import CommandError

    with pytest.raises(CommandError) as error:
        call_command("import_roster", *arguments)
    assert error.value.returncode in (1, 2)
