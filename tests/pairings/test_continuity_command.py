"""`manage.py continuity` and the queries behind it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from branches.models import PartyBranch
from members.models import Absence
from pairings.continuity import AbsenceFact, forecast
from pairings.forecast import forecast_for, load_facts

AWAY = {"from_on": dt.date(2026, 12, 1), "to_on": dt.date(2027, 1, 31)}


def asked(capsys, *words):
    call_command("continuity", "--json", *words)
    return json.loads(capsys.readouterr().out)


def of_branch(capsys, *words):
    (branch,) = asked(capsys, *words)["branches"]
    return {one["month"]: one for one in branch["months"]}


@pytest.fixture
def er_away(cast):
    for name in ("er_secretary", "er_member"):
        Absence.objects.create(person=cast.person(name), kind="internship", **AWAY)


def test_json_has_every_active_branch_and_24_months_from_this_one(cast, capsys):
    cast.si.is_active = False
    cast.si.save()
    found = asked(capsys)
    assert list(found) == ["branches"]
    assert [branch["branch"] for branch in found["branches"]] == [cast.er.name, cast.san.name, cast.liu.name]
    for branch in found["branches"]:
        assert set(branch) == {"branch", "months"}
        assert (branch["months"][0]["month"], len(branch["months"])) == ("2026-10", 24)
    assert found["branches"][0]["months"][0] == {
        "month": "2026-10", "members": 4, "on_campus": 4, "full_on_campus": 3, "gap": False,
    }  # fmt: skip


def test_an_internship_of_two_of_three_full_members_is_a_gap(cast, er_away, capsys):
    months = of_branch(capsys, "--branch", "第二党支部")
    assert months["2026-11"]["gap"] is False
    assert months["2026-12"] == {"month": "2026-12", "members": 4, "on_campus": 2, "full_on_campus": 1, "gap": True}
    assert months["2027-01"]["gap"] is True
    assert months["2027-02"] == {"month": "2027-02", "members": 4, "on_campus": 4, "full_on_campus": 3, "gap": False}


def test_conversions_are_presumed_and_graduates_leave(cast, capsys):
    months = of_branch(capsys, "--branch", cast.er.name)
    assert [months[f"2027-0{number}"]["full_on_campus"] for number in (5, 6, 7)] == [3, 4, 0]
    assert months["2027-07"] == {"month": "2027-07", "members": 0, "on_campus": 0, "full_on_campus": 0, "gap": True}


def test_staff_who_never_graduate_stay_and_activists_do_not_count(cast, capsys):
    months = of_branch(capsys, "--branch", "第三党支部", "--months", "60")
    assert len(months) == 60
    assert (months["2026-10"]["members"], months["2026-10"]["full_on_campus"]) == (2, 1)
    assert months["2031-09"] == {"month": "2031-09", "members": 1, "on_campus": 1, "full_on_campus": 1, "gap": False}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--branch", "第九党支部"], "--branch 第九党支部: no active Party branch of this name"),
        (["--branch", ""], "--branch : no active Party branch of this name"),
        (["--branch", "第四党支部"], "--branch 第四党支部: no active Party branch of this name"),
        (["--branch", "党支部"], "several Party branches end so"),
        (["--months", "0"], "--months must be a whole number from 1 to 60"),
        (["--months", "61"], "--months must be a whole number from 1 to 60"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(cast, capsys, words, message):
    cast.si.is_active = False
    cast.si.save()
    with pytest.raises(CommandError, match=message) as refused:
        call_command("continuity", "--json", *words)
    assert refused.value.returncode == 2
    assert capsys.readouterr().out == ""


def test_a_whole_name_wins_over_an_end_of_others(cast, capsys):
    PartyBranch.objects.create(department=cast.civil, name="第二党支部", kind="mixed")
    assert asked(capsys, "--branch", "第二党支部")["branches"][0]["branch"] == "第二党支部"


def test_the_table_marks_gaps_with_words_and_names_conversions_off_campus(cast, er_away, capsys):
    Absence.objects.create(person=cast.person("er_probationary"), kind="exchange", from_on=dt.date(2027, 5, 1))
    with translation.override("en"):
        call_command("continuity", "--branch", "第二党支部", "--months", "8")
    assert capsys.readouterr().out.splitlines() == [
        "机械系党总支第二党支部",
        "    month  members  on campus  full members on campus",
        "  2026-10        4          4                       3",
        "  2026-11        4          4                       3",
        "  2026-12        4          2                       1  gap: no quorum on any day",
        "  2027-01        4          2                       1  gap: no quorum on any day",
        "  2027-02        4          4                       3",
        "  2027-03        4          4                       3",
        "  2027-04        4          4                       3",
        "  2027-05        4          3                       3",
        "  2027-05-20 conversion of 潘桂 (20240310001), away until further notice",
    ]


def test_the_table_says_when_nobody_is_there_and_when_a_branch_is_too_small(cast, capsys):
    Absence.objects.create(person=cast.person("san_secretary"), from_on=dt.date(2026, 11, 1))
    with translation.override("en"):
        call_command("continuity", "--branch", "第三党支部", "--months", "2")
    assert capsys.readouterr().out.splitlines()[2:] == [
        "  2026-10        2          2                       1  too few full members for a branch",
        "  2026-11        2          1                       0  gap: no full member on campus · too few full members for a branch",
    ]


def test_the_chinese_heading_stands_over_its_columns(cast, capsys):
    call_command("continuity", "--branch", "第二党支部", "--months", "1")
    _name, heading, numbers = capsys.readouterr().out.splitlines()
    assert "党员" in heading
    assert len(heading.encode("gb18030")) == len(numbers)


def queries(branches) -> int:
    with CaptureQueriesContext(connection) as captured:
        forecast_for(branches=branches, today=dt.date(2026, 10, 28))
    return len(captured)


def test_three_branches_take_as_many_queries_as_one(cast, er_away):
    Absence.objects.create(person=cast.person("liu_member"), **AWAY)
    assert queries(PartyBranch.objects.filter(pk=cast.er.pk)) == 4
    assert queries(PartyBranch.objects.exclude(pk=cast.si.pk)) == 4
    assert queries([]) <= 4


def test_facts_leave_out_who_has_left_and_absences_that_are_over(cast):
    person = cast.person("er_member")
    person.left_on = dt.date(2026, 10, 1)
    person.save()
    Absence.objects.create(person=cast.person("er_deputy"), from_on=dt.date(2026, 1, 1), to_on=dt.date(2026, 9, 30))
    Absence.objects.create(person=cast.person("er_deputy"), kind="leave", from_on=dt.date(2026, 9, 1), to_on=dt.date(2026, 10, 1))  # fmt: skip
    facts = load_facts(cast.er.people.all(), since=dt.date(2026, 10, 1))
    assert [one.name for one in facts] == ["甘杰怡", "张红", "潘桂"]
    assert facts[1].absences == (AbsenceFact(dt.date(2026, 9, 1), dt.date(2026, 10, 1), "leave"),)
    assert (facts[0].branch_id, facts[0].major, facts[0].key) == (
        cast.er.pk,
        "数控技术",
        cast.person("er_secretary").pk,
    )


def test_the_forecast_carries_the_facts_to_try_what_if(cast):
    (found,) = forecast_for(branches=[cast.er], today=dt.date(2026, 10, 28), months=2)
    assert found.branch == cast.er
    assert forecast(found.people, today=dt.date(2026, 10, 28), months=2).months == found.months
    with pytest.raises(ValueError, match="from 1 to 60"):
        forecast_for(branches=[cast.er], today=dt.date(2026, 10, 28), months=61)
