"""What is due in a month: the five lists on screen, in Excel and in the month's reminder (RULES.md 4.3(e))."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from branches.models import PolicyValue
from members.due_lists import LISTS, due_rows
from members.models import DevelopmentStep, Person, Stage
from members.notices_due import compute_due
from pairing_portal.common.scope import Role, Scope

pytestmark = pytest.mark.django_db
OCTOBER, NOVEMBER = dt.date(2026, 10, 1), dt.date(2026, 11, 1)


@pytest.fixture
def scope(cast):
    return Scope(managed_branch_ids=frozenset({cast.er.pk}), branch_ids=frozenset({cast.er.pk}))


@pytest.fixture
def empty(cast):
    """Branch Er without anybody on the way, so that a test puts in whom it means."""
    Person.objects.filter(party_branch=cast.er).exclude(stage=Stage.FULL).update(party_branch=cast.san)
    return cast


def person(cast, number, stage, **dates):
    return Person.objects.create(
        number=number, name=f"人{number}", department=cast.mech, party_branch=cast.er, stage=stage, **dates
    )


def keys_of(found):
    return {key: [row.person.number for row in rows] for key, rows in found.items() if rows}


APPLIED = dt.date(2025, 9, 20)


@pytest.mark.parametrize(
    ("stage", "dates", "month", "expected"),
    [
        (Stage.APPLICANT, {"applied_on": dt.date(2026, 10, 20)}, OCTOBER, {"talks": ["1"], "activists": ["1"]}),
        (Stage.ACTIVIST, {"applied_on": APPLIED, "activist_on": dt.date(2025, 10, 31)}, OCTOBER, {"candidates": ["1"]}),
        (Stage.ACTIVIST, {"applied_on": APPLIED, "activist_on": dt.date(2025, 11, 1)}, OCTOBER, {}),
        (Stage.CANDIDATE, {"applied_on": APPLIED, "activist_on": APPLIED, "candidate_on": dt.date(2026, 10, 31)}, OCTOBER, {"admissions": ["1"]}),
        (Stage.PROBATIONARY, {"applied_on": APPLIED, "admitted_on": dt.date(2025, 11, 30)}, NOVEMBER, {"conversions": ["1"]}),
        (Stage.PROBATIONARY, {"applied_on": APPLIED, "admitted_on": dt.date(2025, 12, 1)}, NOVEMBER, {}),
        (Stage.PROBATIONARY, {"applied_on": APPLIED, "admitted_on": dt.date(2025, 10, 1), "extended_to": dt.date(2027, 4, 1)}, NOVEMBER, {}),
    ],
    ids=["an applicant", "a year by the last day", "a day too early", "a candidate", "a year of probation", "a day too early again", "extended"],
)  # fmt: skip
def test_a_list_holds_whom_the_rule_lets_by_the_end_of_the_month(empty, scope, stage, dates, month, expected):
    person(empty, "1", stage, **dates)

    assert keys_of(due_rows(scope=scope, month=month)) == expected


def test_who_was_talked_with_is_no_longer_due_a_talk(empty, scope):
    someone = person(empty, "1", Stage.APPLICANT, applied_on=dt.date(2026, 9, 20))
    before = due_rows(scope=scope, month=OCTOBER)["talks"][0]
    DevelopmentStep.objects.create(person=someone, number=2, done_on=dt.date(2026, 10, 1))

    assert (before.on, due_rows(scope=scope, month=OCTOBER)["talks"]) == (dt.date(2026, 10, 20), [])


def test_a_local_waiting_time_moves_the_list(empty, scope):
    person(empty, "1", Stage.APPLICANT, applied_on=dt.date(2026, 9, 20))
    PolicyValue.objects.create(
        key="application_to_activist_months", value="3", source="本校", effective_from=dt.date(2026, 1, 1)
    )

    assert due_rows(scope=scope, month=OCTOBER)["activists"] == []
    assert len(due_rows(scope=scope, month=dt.date(2026, 12, 1))["activists"]) == 1


def test_the_lists_cost_the_same_for_one_and_for_thirty(empty, scope, django_assert_num_queries):
    for number in range(30):
        person(empty, f"{number}", Stage.APPLICANT, applied_on=APPLIED)

    with django_assert_num_queries(3):
        due_rows(scope=scope, month=OCTOBER)


def test_another_branch_is_not_in_the_list(empty, scope, cast):
    Person.objects.create(
        number="77", name="他", department=cast.mech, party_branch=cast.san, stage=Stage.APPLICANT, applied_on=APPLIED
    )

    assert keys_of(due_rows(scope=scope, month=OCTOBER)) == {}


# --- The page ------------------------------------------------------------------------------------


def test_the_secretary_sees_the_rule_beside_each_list(empty, client):
    person(empty, "1", Stage.APPLICANT, applied_on=APPLIED)
    client.force_login(empty.user("er_secretary"))
    page = client.get(reverse("due_lists")).content.decode()

    assert [rule in page for rule in ("R02", "R03", "R07", "R08", "R17")] == [True] * 5
    assert "人1" in page


@pytest.mark.parametrize("query", ["month=2026-13", "month=abc", "month=2099-01", "branch=abc", "branch=999999"])
def test_what_is_no_month_or_branch_is_refused(cast, client, query):
    client.force_login(cast.user("er_secretary"))

    assert client.get(f"{reverse('due_lists')}?{query}").status_code == 400


def test_members_have_no_business_here(cast, client):
    client.force_login(cast.user("er_member"))

    assert client.get(reverse("due_lists")).status_code == 403


def test_the_workbook_has_the_offices_headings(empty, client):
    person(empty, "0012", Stage.PROBATIONARY, applied_on=APPLIED, admitted_on=dt.date(2025, 10, 1), sex="female", born_on=dt.date(2005, 3, 4))  # fmt: skip
    client.force_login(empty.user("er_secretary"))
    page = client.post(reverse("due_list_export", args=["all"]), {"month": "2026-10", "purpose": "月度报送"})
    book = openpyxl.load_workbook(io.BytesIO(page.content))

    assert book.sheetnames[:5] == [row.sheet for row in LISTS]
    rows = list(book["可转正预备党员"].iter_rows(values_only=True))
    assert rows[1] == LISTS[4].headings
    assert rows[2][:6] == (1, "机械系党总支第二党支部", "0012", "人0012", "女", "2005-03")


def test_an_export_is_for_something_and_leaves_a_line_in_the_trail(empty, client):
    client.force_login(empty.user("er_secretary"))
    address = reverse("due_list_export", args=["talks"])
    silent = client.post(address, {"month": "2026-10", "purpose": " "})
    client.post(address, {"month": "2026-10", "purpose": "月度报送"})
    trail = AuditEvent.objects.filter(action="exported").values_list("object_type", "object_id", "detail__purpose")

    assert silent.url == f"{reverse('due_lists')}?month=2026-10&branch="
    assert list(trail) == [("due_list", "talks", "月度报送")]


def test_an_unknown_list_is_not_found(cast, client):
    client.force_login(cast.user("er_secretary"))

    assert client.post(reverse("due_list_export", args=["everything"]), {}).status_code == 404


# --- The reminder --------------------------------------------------------------------------------


def test_who_runs_the_branch_is_told_once_a_month(empty):
    person(empty, "1", Stage.APPLICANT, applied_on=APPLIED)
    now = timezone.make_aware(dt.datetime(2026, 10, 29, 9))
    mine = [notice for notice in compute_due(now) if f":{empty.er.pk}:" in notice.dedupe_key]

    assert {notice.user_id for notice in mine} >= {empty.user("er_secretary").pk}
    assert {notice.dedupe_key.split(":")[1] for notice in mine} == {"2026-10"}
    assert {(notice.subject["count"], notice.subject["talks"]) for notice in mine} == {(2, 1)}


def test_staff_of_the_department_see_every_branch(empty):
    person(empty, "1", Stage.APPLICANT, applied_on=APPLIED)
    scope = Scope(roles=frozenset({Role.STAFF}), department_ids=frozenset({empty.mech.pk}))

    assert "1" in [row.person.number for row in due_rows(scope=scope, month=OCTOBER)["talks"]]
