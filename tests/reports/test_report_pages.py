"""The reports page: a shelf that computes nothing, a report with its filters, parameters read in words."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import EVERYBODY_ROLES, Scope
from pairing_portal.common.spreadsheets import Column
from reports.exporter import SUBJECTS, Report, ReportRequest, reports
from reports.parameters import read_parameter
from reports.report_page import PREVIEW_ROWS, shelf
from tests.conftest import NOW, TODAY


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def asked(**parameters) -> ReportRequest:
    return ReportRequest(scope=Scope(), today=TODAY, made_at=NOW, made_by="x", parameters=parameters)


class Costly(Report):
    title, description, roles, subject = "贵", "x", EVERYBODY_ROLES, "lectures"
    reached: list[int] = []

    def __init__(self, name: str) -> None:
        self.name = name

    def columns(self) -> list[Column]:
        return [Column("日期", kind="date"), Column("比例", kind="percent"), Column("名")]

    def rows(self, request: ReportRequest):
        for number in range(1000):
            self.reached.append(number)
            yield dt.date(2026, 10, 12), 0.125, "<b>名</b>"


@pytest.fixture
def costly(monkeypatch):
    items = {f"costly{number}": (number, Costly(f"costly{number}")) for number in range(40)}
    monkeypatch.setattr(reports, "_items", dict(reports._items) | items)
    Costly.reached = []
    return Costly


# --- The shelf -----------------------------------------------------------------------------------


def test_the_shelf_computes_no_report_and_asks_no_more_for_forty_than_for_none(cast, sign_in, request):
    client, page = sign_in("er_secretary"), reverse("reports")
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    costly = request.getfixturevalue("costly")
    with CaptureQueriesContext(connection) as many:
        shown = client.get(page)
    assert shown.context["count"] >= 40
    assert (len(many), costly.reached) == (len(few), [])
    assert len([query for query in many if "reports_exportjob" in query["sql"]]) == 1


def test_a_preview_reads_no_more_rows_than_it_shows(cast, sign_in, costly):
    page = sign_in("er_secretary").get(reverse("report_page", args=["costly1"]), headers={"HX-Request": "true"})
    assert costly.reached == list(range(PREVIEW_ROWS + 1))
    text = page.content.decode()
    assert (text.count("<td>2026-10-12</td><td>12.5%</td>"), "<b>名" in text, "<html" in text) == (
        PREVIEW_ROWS,
        False,
        False,
    )


def test_the_page_by_itself_is_whole(cast, sign_in):
    page = sign_in("er_secretary").get(reverse("report_page", args=["pairings"]))
    assert ("<html" in page.content.decode(), page.context["preview"].problem) == (True, "")


def test_every_report_stands_under_a_subject_and_is_found_by_its_words(cast, costly):
    scope = Scope(roles=EVERYBODY_ROLES)
    groups = shelf(scope)
    assert sorted(report.name for group in groups for report in group.reports) == reports.keys()
    assert [group.key for group in groups] == [key for key in SUBJECTS if key in {group.key for group in groups}]
    assert {report.name for group in shelf(scope, "贵") for report in group.reports} == {
        f"costly{n}" for n in range(40)
    }
    assert shelf(scope, "贵 没有") == []


def test_search_says_when_nothing_is_found(cast, sign_in):
    page = sign_in("er_secretary").get(reverse("reports"), {"q": "没有这个词\x00"})
    assert (page.status_code, page.context["groups"]) == (200, [])
    assert "没有符合的报表" in page.content.decode()


def test_a_preview_of_a_bad_filter_says_why(cast, sign_in):
    page = sign_in("er_secretary").get(
        reverse("report_page", args=["pairings"]), {"year": "二〇二六", "part": "preview"}
    )
    assert (page.status_code, "二〇二六" in page.content.decode()) == (200, True)


@pytest.mark.parametrize("name", ["nowhere", "../etc", "PAIRINGS"])
def test_unknown_reports_are_not_found(cast, sign_in, name):
    assert sign_in("er_secretary").get(f"/reports/shelf/{name}/").status_code == 404


@pytest.mark.parametrize("name", sorted(report.name for report in reports))
def test_every_report_has_a_page_with_a_form(cast, sign_in, name):
    page = sign_in("college_organiser").get(reverse("report_page", args=[name]))
    assert page.status_code == 200
    assert list(page.context["form"].fields) == [one.name for one in reports.get(name).parameter_list()] + ["purpose"]
    assert page.context["anchor"] == reports.get(name).subject


# --- Parameters ----------------------------------------------------------------------------------


class State(models.TextChoices):
    OPEN = "open", "进行中"
    CLOSED = "closed", "已结束"


@pytest.mark.parametrize(
    ("given", "good", "bad"),
    [
        (("x", "年"), ["", "随便"], ["长" * 51]),
        (("x", "年", "year"), ["2026"], ["26", "²026", "20261"]),
        (("x", "月", "month"), ["2026-10"], ["2026-13", "2026-1", "10"]),
        (("x", "日", "date"), ["2026-10-12"], ["2026-02-30", "20261012", "1066-01-01"]),
        (("x", "数", "integer"), ["12"], ["-1", "1.5", "1234567", "一"]),
        (("x", "状态", State), ["open"], ["OPEN", "进行中"]),
        (("x", "状态", [("a", "甲"), ("b", "乙")]), ["a", "b"], ["c"]),
    ],
)
def test_what_cannot_be_read_is_refused_beside_its_field(given, good, bad):
    class Given(Costly):
        parameters = (given,)

    report = Given("given")
    for value in good:
        report.accept(asked(x=value))
    for value in bad:
        with pytest.raises(Refused) as caught:
            report.accept(asked(x=value))
        assert caught.value.field == "x"


def test_what_a_function_offers_depends_on_who_asks_and_the_report_checks_it():
    one = read_parameter(
        ("branch", "支部", lambda scope: [(str(key), f"{key}支部") for key in sorted(scope.branch_ids)])
    )
    assert one.choices(Scope(branch_ids=frozenset({2, 3}))) == [("2", "2支部"), ("3", "3支部")]
    one.check("anything", Scope())
    assert one.in_words("3", Scope(branch_ids=frozenset({3}))) == "3支部"


def test_an_unknown_kind_is_a_mistake_of_the_report():
    with pytest.raises(ValueError):
        read_parameter(("x", "x", "colour"))


def test_the_filter_stands_in_words_on_the_notes_sheet():
    class Given(Costly):
        parameters = (("state", "状态", State), ("year", "年度", "year"))

    report = Given("given")
    assert report.filter_in_words(asked(state="open", year="2026")) == "状态: 进行中; 年度: 2026"
    assert dict(report.notes(asked()))["筛选"] == "无"
