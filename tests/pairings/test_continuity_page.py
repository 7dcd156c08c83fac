"""The page of months: what each sees, what if people leave, the ways out of a gap, and the workbooks."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import load_workbook

from members.access import scope_for
from pairings.models import Cover
from reports.exporter import ReportRequest, reports
from tests.pairings.crew import activate, enrol, send_away

DECEMBER, JANUARY = dt.date(2026, 12, 1), dt.date(2027, 1, 31)
PAGE = "/pairings/continuity/"


@pytest.fixture
def pairing(cast):
    return activate(cast)


def agree(cast, pairing, **changes):
    values = {
        "absent": cast.person("san_member"), "stand_in": cast.person("er_member"), "duty": "study", "from_on": DECEMBER,
        "to_on": JANUARY, "state": "accepted", "asked_by": cast.user("er_secretary"), "asked_at": timezone.now(),
        "answered_by": cast.user("er_secretary"), "answered_at": timezone.now(),
    }  # fmt: skip
    return Cover.objects.create(pairing=pairing, **values | changes)


def row_of(page, branch):
    return next(row for row in page.context["rows"] if row.branch == branch)


def cells(page, branch, count=6):
    return [(cell.forecast.full_on_campus, cell.forecast.gap) for cell in row_of(page, branch).cells[:count]]


def test_who_sees_which_branches(cast, pairing, sign_in):
    seen = {}
    for name in (
        "er_secretary",
        "san_secretary",
        "si_secretary",
        "mech_organiser",
        "civil_organiser",
        "college_organiser",
    ):
        seen[name] = [row.branch.short_name for row in sign_in(name).get(PAGE).context["rows"]]
    assert seen == {
        "er_secretary": ["第二党支部", "第三党支部"],
        "san_secretary": ["第二党支部", "第三党支部"],
        "si_secretary": ["第四党支部"],
        "mech_organiser": ["第二党支部", "第三党支部", "第四党支部"],
        "civil_organiser": ["第六党支部"],
        "college_organiser": ["第二党支部", "第三党支部", "第四党支部", "第六党支部"],
    }


def test_who_does_not(cast, pairing, sign_in):
    for name in ("er_member", "league_secretary", "counsellor", "stranger"):
        assert sign_in(name).get(PAGE).status_code == 403
    assert sign_in("er_member").get(PAGE, {"pairing": pairing.pk}).status_code == 403
    assert sign_in("si_secretary").get(PAGE, {"pairing": pairing.pk}).status_code == 404
    assert sign_in("er_secretary").get(PAGE, {"branch": cast.liu.pk}).status_code == 404
    assert sign_in("er_secretary").get(PAGE, {"pairing": "x"}).status_code == 404


def test_a_partner_in_another_department_is_seen_and_its_peoples_dates_are_not(cast, sign_in):
    activate(cast, partner=cast.liu)
    enrol(cast.liu, 1, programme="diploma")
    person = cast.liu.people.order_by("-pk").first()
    send_away(person, dt.date(2027, 5, 1), dt.date(2027, 6, 30))
    page = sign_in("er_secretary").get(PAGE)
    assert [row.branch for row in page.context["rows"]] == [cast.er, cast.liu]
    assert page.context["conversions"] == []
    shown = page.content.decode()
    assert [secret for secret in (person.number, "2027年5月20日") if secret in shown] == []
    (conversion,) = sign_in("liu_secretary").get(PAGE).context["conversions"]
    assert (conversion["person"].name, conversion["on"]) == (person.name, dt.date(2027, 5, 20))


def test_a_proposal_not_yet_agreed_opens_nothing_of_the_other_branch(cast, pairing, sign_in):
    pairing.state = "proposed"
    pairing.save()
    page = sign_in("er_secretary").get(PAGE, {"pairing": pairing.pk})
    assert [row.branch for row in page.context["rows"]] == [cast.er]
    assert (page.context["proposals"], page.context["may_ask"]) == ([], False)


def test_gaps_are_outlined_and_list_the_lawful_ways(cast, pairing, sign_in):
    for name in ("er_secretary", "er_deputy"):
        send_away(cast.person(name), DECEMBER, JANUARY)
    with translation.override("en"):
        client = sign_in("er_secretary")
        page = client.get(PAGE, {"pairing": pairing.pk}, headers={"accept-language": "en"})
    assert cells(page, cast.er) == [(3, False), (3, False), (1, True), (1, True), (3, False), (3, False)]
    december, january = row_of(page, cast.er).gaps[:2]
    assert "is-gap" in page.content.decode()
    assert len(december.remedies) == len(january.remedies) == 2
    assert "2026" in december.remedies[0]
    assert "2027" in january.remedies[0]


def test_a_stand_in_does_not_close_a_gap_and_is_drawn_under_the_branch_it_helps(cast, pairing, sign_in):
    send_away(cast.person("san_secretary"), DECEMBER, JANUARY)
    cover = agree(cast, pairing, absent=None, duty="meetings")
    page = sign_in("san_secretary").get(PAGE)
    assert cells(page, cast.san)[2:4] == [(0, True), (0, True)]
    (bar,) = row_of(page, cast.san).bars
    assert (bar.cover, bar.before, bar.span, bar.after) == (cover, 2, 2, 20)
    assert row_of(page, cast.er).bars == ()
    assert '<td colspan="20">' in page.content.decode()


def test_what_if_people_leave_earlier_changes_the_page_and_writes_nothing(cast, pairing, sign_in):
    client, people = sign_in("er_secretary"), [cast.person(name) for name in ("er_deputy", "er_member")]
    page = client.get(PAGE, {"without": [person.pk for person in people], "leaving": "2027-01"})
    assert cells(page, cast.er)[:4] == [(3, False), (3, False), (3, False), (1, False)]
    assert [cell.less for cell in row_of(page, cast.er).cells[:5]] == [0, 0, 0, 2, 2]
    assert page.context["may_press"] is False
    for person in people:
        person.refresh_from_db()
    assert [person.left_on for person in people] == [None, None]
    assert client.get(PAGE).context["may_press"] is True


def test_what_if_makes_a_new_gap_and_stays_ticked(cast, pairing, sign_in):
    send_away(cast.person("er_secretary"), DECEMBER, JANUARY)
    chosen = cast.person("er_member").pk
    page = sign_in("er_secretary").get(PAGE, {"without": chosen})
    assert [cell.is_new_gap for cell in row_of(page, cast.er).cells[:5]] == [False, False, True, True, False]
    ticked = [one["fact"].key for group in page.context["people"] for one in group["people"] if one["is_ticked"]]
    assert ticked == [chosen]


def test_at_most_five_are_tried_and_nonsense_is_read_as_the_usual(cast, pairing, sign_in):
    people = enrol(cast.er, 7)
    page = sign_in("er_secretary").get(PAGE, {"without": [person.pk for person in people], "months": "900"})
    asked = page.context["asked"]
    assert (len(asked.trial.person_ids), asked.left_out, asked.months) == (5, 2, 24)
    page = sign_in("er_secretary").get(PAGE, {"without": ["x", "", "9" * 40], "months": "-1", "leaving": "2027-13"})
    assert (page.context["asked"].trial, page.context["asked"].months) == (None, 24)
    assert len(sign_in("er_secretary").get(PAGE, {"months": "60"}).context["months"]) == 60


def test_with_two_pairings_one_is_chosen_first(cast, pairing, sign_in):
    other = activate(cast, partner=cast.si)
    page = sign_in("er_secretary").get(PAGE)
    assert (page.context["chosen"], page.context["other_pairings"]) == (None, [pairing, other])
    page = sign_in("er_secretary").get(PAGE, {"pairing": other.pk})
    assert [row.branch for row in page.context["rows"]] == [cast.er, cast.si]
    assert page.context["chosen"] == other


def queries_of(client, address, **asked):
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address, asked)
    return len(queries), page


def test_queries_do_not_grow_with_branches_and_pairings(cast, sign_in):
    for branch in (cast.san, cast.si, cast.liu):
        enrol(branch, 3, programme="diploma", start=branch.pk * 10 + 200)
        agree(cast, activate(cast, partner=branch), absent=None, duty="meetings")
    client = sign_in("college_organiser")
    client.get(PAGE)
    one, page = queries_of(client, PAGE, branch=cast.er.pk)
    assert len(page.context["rows"]) == 1
    four, page = queries_of(client, PAGE)
    assert (len(page.context["rows"]), len(page.context["running"])) == (4, 3)
    assert one == four


def test_queries_do_not_grow_with_proposals(cast, pairing, sign_in):
    people, client = enrol(cast.san, 3, programme="diploma"), sign_in("er_secretary")
    counts = []
    for away in (people[:1], people[1:]):
        for person in away:
            send_away(person, DECEMBER, JANUARY)
        client.get(PAGE, {"pairing": pairing.pk})
        count, page = queries_of(client, PAGE, pairing=pairing.pk)
        counts.append((count, len(page.context["proposals"])))
    assert [number for _count, number in counts] == [1, 3]
    assert counts[0][0] == counts[1][0]


def workbook(cast, name, **parameters):
    target = io.BytesIO()
    request = ReportRequest(
        scope=scope_for(cast.user("er_secretary")), today=dt.date(2026, 10, 28), made_at=timezone.now(), made_by="甘杰怡",
        parameters=parameters,
    )  # fmt: skip
    reports.get(name).write_xlsx(target, request)
    return [list(row) for row in load_workbook(target).worksheets[0].iter_rows(values_only=True)]


def test_the_workbook_has_a_row_a_branch_and_month_with_numbers(cast, pairing):
    send_away(cast.person("san_secretary"), DECEMBER, JANUARY)
    rows = [row for row in workbook(cast, "continuity", months="4") if row[1] and str(row[1]).startswith("202")]
    assert [row[:7] for row in rows] == [
        [cast.er.name, "2026-10", 4, 4, 3, 3, 31],
        [cast.er.name, "2026-11", 4, 4, 3, 3, 30],
        [cast.er.name, "2026-12", 4, 4, 3, 3, 31],
        [cast.er.name, "2027-01", 4, 4, 3, 3, 31],
        [cast.san.name, "2026-10", 2, 2, 1, 1, 31],
        [cast.san.name, "2026-11", 2, 2, 1, 1, 30],
        [cast.san.name, "2026-12", 2, 1, 1, 0, 0],
        [cast.san.name, "2027-01", 2, 1, 1, 0, 0],
    ]
    assert [bool(row[7]) for row in rows] == [False] * 6 + [True] * 2
    assert [bool(row[8]) for row in rows] == [False] * 6 + [True] * 2


def test_the_ledger_of_stand_ins(cast, pairing):
    agree(cast, pairing)
    (row,) = [row for row in workbook(cast, "covers") if row[3] == "罗萍妍"]
    assert [row[4], row[6].date(), row[7].date(), row[8]] == ["罗杰", DECEMBER, JANUARY, 62]
    assert [row for row in workbook(cast, "covers", state="declined") if row[3] == "罗萍妍"] == []


def test_the_command_writes_both(cast, pairing, tmp_path):
    for name in ("continuity", "covers"):
        call_command("export_report", name, "--out", str(tmp_path / f"{name}.xlsx"))
        assert len(load_workbook(tmp_path / f"{name}.xlsx").worksheets) == 2


def test_the_pages_of_the_pairing_lead_here(cast, pairing, sign_in):
    page = sign_in("er_secretary").get(reverse("pairing", args=[pairing.pk])).content.decode()
    assert f'href="{PAGE}?pairing={pairing.pk}"' in page
