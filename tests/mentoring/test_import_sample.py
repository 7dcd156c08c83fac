"""The sample list of links: seventeen in, the eighteenth would be a third new member for one senior."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from mentoring.models import Mentorship
from tests.mentoring.pairs import workbook

SAMPLES = Path(__file__).parents[1] / "samples"
PAIRS = SAMPLES / "土木系帮扶结对表.xlsx"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))


def run(capsys, *arguments: str) -> tuple[int, str]:
    status = 0
    try:
        call_command("import_pairs", *arguments)
    except SystemExit as ended:
        status = ended.code
    return status, capsys.readouterr().out


def answer(capsys, *arguments: str) -> tuple[int, dict]:
    status, text = run(capsys, *arguments, "--json")
    return status, json.loads(text)


@pytest.fixture
def roster(db, capsys):
    for name in ("土木系第六党支部.xlsx", "土木系2026级班级名单.xlsx"):
        call_command("import_roster", str(SAMPLES / name), "--json")
    capsys.readouterr()


THIRD = "不能结对：上官涵在本层次已有 2 名帮扶对象（上限 2）。可先终止其中一对，或另选帮扶人。（规则 R80）"


def test_one_refused_row_keeps_the_file_back(roster, capsys):
    status, found = answer(capsys, str(PAIRS))
    assert (status, found["applied"], found["created"], found["updated"], found["unchanged"]) == (1, False, 17, 0, 0)
    assert found["created"] == EXPECTED["pairs_ok"] == len(found["links"])
    assert found["refused"] == [
        {"file": "土木系帮扶结对表.xlsx", "sheet": "结对", "row": 20, "column": "帮扶人", "message": THIRD}
    ]
    assert (found["files"], found["ignored_columns"]) == (1, [])
    assert Mentorship.objects.count() == 0


def test_a_dry_run_says_the_same_and_writes_nothing(roster, capsys):
    _status, real = answer(capsys, str(PAIRS), "--skip-refused", "--dry-run")
    assert (real["created"], real["applied"], Mentorship.objects.count()) == (17, False, 0)
    assert not AuditEvent.objects.filter(object_type="pairs").exists()


def test_seventeen_links_are_made_and_a_second_time_none(roster, capsys):
    status, found = answer(capsys, str(PAIRS), "--skip-refused")
    assert (status, found["applied"], found["created"]) == (1, True, 17)
    assert found["links"][0] == {"row": 3, "tier": 2, "mentor": "20250530001", "mentee": "20250510001"}
    assert found["links"][-1] == {"row": 19, "tier": 3, "mentor": "20250530004", "mentee": "20240510007"}
    links = Mentorship.objects.order_by("pk")
    assert [(link.tier, link.is_formal, link.state) for link in links] == [(2, True, "active")] * 10 + [
        (3, False, "active")
    ] * 7
    assert {(str(link.starts_on), str(link.ends_on), link.goal) for link in links} == {
        ("2026-10-08", "2027-06-30", "按期完成培养考察")
    }
    assert Mentorship.history.count() == 17
    event = AuditEvent.objects.get(object_type="pairs")
    assert {key: event.detail[key] for key in ("created", "refused")} == {"created": 17, "refused": 1}
    status, again = answer(capsys, str(PAIRS), "--skip-refused")
    assert (status, again["created"], again["unchanged"], again["links"]) == (1, 0, 17, [])
    assert Mentorship.objects.count() == Mentorship.history.count() == 17


def test_the_command_tells_in_words(roster, capsys):
    status, text = run(capsys, str(PAIRS))
    assert (status, text.splitlines()) == (
        1,
        [
            "土木系帮扶结对表.xlsx",
            "  新增 17，更新 0，不变 0，拒绝 1",
            f"  结对 第 20 行：{THIRD}",
            "  未写入任何内容",
        ],
    )


def test_a_clean_file_is_applied_with_status_zero(roster, capsys, tmp_path):
    path = tmp_path / "结对.xlsx"
    path.write_bytes(
        workbook(["3", "上官涵", "20250530001", "陆娜晨", "20240510001", "", "2026-10-08", "", "", "进行中"])
    )
    status, found = answer(capsys, str(path))
    assert (status, found["created"], found["applied"], found["refused"]) == (0, 1, True, [])


def test_a_file_that_is_not_there_is_wrong_usage(db):
    with pytest.raises(CommandError) as caught:
        call_command("import_pairs", "nowhere.xlsx")
    assert caught.value.returncode == 2


def test_a_file_that_is_no_workbook_is_refused_with_status_one(db, capsys, tmp_path):
    path = tmp_path / "leer.xlsx"
    path.write_bytes(b"")
    status, found = answer(capsys, str(path))
    assert (status, found["created"], found["applied"], found["links"]) == (1, 0, False, [])
    assert [row["message"] for row in found["refused"]] == ["文件是空的（0 字节）。请重新选择，可能尚未下载完成。"]
