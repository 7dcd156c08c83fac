"""What is due in a month: the lists on screen, in Excel and in the month's reminder (RULES.md 4.3(e), R05, R20)."""

from __future__ import annotations

import datetime as dt
import io
from itertools import product

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from branches.models import PolicyValue
from members.due_lists import LISTS, due_rows, next_review_on
from members.models import DevelopmentStep, Person, Stage
from members.notices_due import compute_due
from mentoring.models import Mentorship, ObservationRecord
from mentoring.observations import intervals_on, next_of_person, observed_people
from pairing_portal.common.registries import notice_kinds
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
        (Stage.ACTIVIST, {"applied_on": APPLIED, "activist_on": dt.date(2025, 10, 31)}, OCTOBER, {"candidates": ["1"], "reviews": ["1"]}),
        (Stage.ACTIVIST, {"applied_on": APPLIED, "activist_on": dt.date(2025, 11, 1)}, OCTOBER, {"reviews": ["1"]}),
        (Stage.CANDIDATE, {"applied_on": APPLIED, "activist_on": APPLIED, "candidate_on": dt.date(2026, 10, 31)}, OCTOBER, {"admissions": ["1"], "reviews": ["1"]}),
        (Stage.PROBATIONARY, {"applied_on": APPLIED, "admitted_on": dt.date(2025, 11, 30)}, NOVEMBER, {"conversions": ["1"], "reviews": ["1"]}),
        (Stage.PROBATIONARY, {"applied_on": APPLIED, "admitted_on": dt.date(2025, 12, 1)}, NOVEMBER, {"reviews": ["1"]}),
        (Stage.PROBATIONARY, {"applied_on": APPLIED, "admitted_on": dt.date(2025, 10, 1), "extended_to": dt.date(2027, 4, 1)}, NOVEMBER, {"reviews": ["1"]}),
        (Stage.ACTIVIST, {"applied_on": APPLIED, "activist_on": dt.date(2026, 4, 30)}, OCTOBER, {"reviews": ["1"]}),
        (Stage.ACTIVIST, {"applied_on": APPLIED, "activist_on": dt.date(2026, 5, 1)}, OCTOBER, {}),
        (Stage.FULL, {"applied_on": dt.date(2023, 9, 20), "admitted_on": dt.date(2024, 5, 1), "converted_on": dt.date(2025, 5, 1)}, OCTOBER, {}),
    ],
    ids=["an applicant", "a year by the last day", "a day too early", "a candidate", "a year of probation", "a day too early again", "extended", "half a year by the last day", "half a year a day later", "a full member"],
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
    for number in range(30):
        person(empty, f"a{number}", Stage.ACTIVIST, applied_on=APPLIED, activist_on=APPLIED)
    with django_assert_num_queries(5):
        found = due_rows(scope=scope, month=OCTOBER)
    assert len(found["reviews"]) == 30


def test_another_branch_is_not_in_the_list(empty, scope, cast):
    Person.objects.create(
        number="77", name="他", department=cast.mech, party_branch=cast.san, stage=Stage.APPLICANT, applied_on=APPLIED
    )

    assert keys_of(due_rows(scope=scope, month=OCTOBER)) == {}


# --- Half-year reviews ------------------------------------------------------------------------------


def d(text):
    return dt.date.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("stage", "activist_on", "admitted_on", "reviewed_on", "expected"),
    [
        ("activist", "2026-03-01", "", "", "2026-09-01"),
        ("activist", "2025-08-31", "", "", "2026-02-28"),
        ("activist", "2027-08-31", "", "", "2028-02-29"),
        ("activist", "2025-12-30", "", "", "2026-06-30"),
        ("activist", "2025-08-31", "", "2026-02-28", "2026-08-28"),
        ("activist", "2026-03-01", "", "2026-02-01", "2026-09-01"),
        ("candidate", "2025-03-01", "", "2026-08-31", "2027-02-28"),
        ("candidate", "2025-03-01", "2026-12-01", "2026-08-31", "2027-02-28"),
        ("probationary", "2025-03-01", "2026-05-31", "2026-04-01", "2026-11-30"),
        ("probationary", "2025-03-01", "2026-05-31", "2026-11-30", "2027-05-30"),
        ("probationary", "2025-03-01", "", "2026-11-30", ""),
        ("activist", "", "", "2026-11-30", ""),
        ("applicant", "", "", "", ""),
        ("full", "2024-03-01", "2025-05-01", "", ""),
        ("left", "2024-03-01", "2025-05-01", "", ""),
    ],
)  # fmt: skip
def test_a_review_is_due_half_a_calendar_year_after_the_last_or_the_beginning(
    stage, activist_on, admitted_on, reviewed_on, expected
):
    found = next_review_on(
        stage=stage, activist_on=d(activist_on), admitted_on=d(admitted_on), reviewed_on=d(reviewed_on),
        number=lambda key: {"activist_review_months": 6, "probation_review_months": 6}[key],
    )  # fmt: skip
    assert found == d(expected)


def test_each_stage_has_its_own_months():
    def on(stage):
        return next_review_on(
            stage=stage, activist_on=d("2026-01-31"), admitted_on=d("2026-01-31"), reviewed_on=None,
            number=lambda key: {"activist_review_months": 1, "probation_review_months": 3}[key],
        )  # fmt: skip

    assert [on(stage) for stage in ("activist", "candidate", "probationary")] == [
        d("2026-02-28"), d("2026-02-28"), d("2026-04-30"),
    ]  # fmt: skip


def reviewed(cast, someone, until, since="2025-01-01", **more):
    values = {
        "kind": "branch",
        "observer": cast.person("er_secretary"),
        "recorded_by": cast.user("er_secretary"),
        "signed_on": d(until),
    }
    return ObservationRecord.objects.create(person=someone, period_from=d(since), period_to=d(until), **values | more)


def contact(cast, name, someone, **more):
    now = timezone.now()
    values = {"is_formal": True, "state": "active", "starts_on": dt.date(2026, 3, 1)}
    return Mentorship.objects.create(
        mentor=cast.person(name), mentee=someone, tier=2, party_branch=cast.er, published_at=now, created_at=now,
        **values | more,
    )  # fmt: skip


def test_a_review_takes_somebody_from_the_list_until_the_next(empty, scope):
    someone = person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2026, 1, 15))
    before = due_rows(scope=scope, month=OCTOBER)["reviews"][0]
    reviewed(empty, someone, "2026-10-31")

    assert (before.on, before.reviewed_on, before.is_late(dt.date(2026, 7, 15))) == (d("2026-07-15"), None, False)
    assert before.is_late(dt.date(2026, 7, 16))
    assert due_rows(scope=scope, month=dt.date(2027, 3, 1))["reviews"] == []
    after = due_rows(scope=scope, month=dt.date(2027, 4, 1))["reviews"][0]
    assert (after.on, after.reviewed_on) == (d("2027-04-30"), d("2026-10-31"))


def test_a_contacts_record_is_not_the_branchs_review(empty, scope):
    someone = person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2026, 1, 15))
    link = contact(empty, "er_member", someone)
    reviewed(empty, someone, "2026-10-01", kind="contact", mentorship=link, observer=link.mentor)

    assert [row.reviewed_on for row in due_rows(scope=scope, month=OCTOBER)["reviews"]] == [None]


@pytest.mark.parametrize(
    ("links", "named", "expected"),
    [
        ([{}], "黄艳", ("罗萍妍",)),
        ([{"is_formal": False}], "", ()),
        ([{"state": "ended", "ended_on": dt.date(2026, 9, 1)}], "", ()),
        ([{"state": "ended", "ended_on": dt.date(2026, 9, 1)}], "黄艳、张晨", ("黄艳、张晨",)),
        ([{"starts_on": dt.date(2026, 11, 1)}], "", ()),
        ([], "", ()),
    ],
    ids=["a formal one", "a peer", "one of before", "one of before, two in the record", "not begun", "nobody"],
)
def test_who_the_contact_is(empty, scope, links, named, expected):
    someone = person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2026, 1, 15))
    for values in links:
        contact(empty, "er_member", someone, **values)
    if named:
        DevelopmentStep.objects.create(person=someone, number=5, done_on=dt.date(2026, 2, 1), who=named)

    assert [row.contacts for row in due_rows(scope=scope, month=OCTOBER)["reviews"]] == [expected]


def test_contacts_of_an_attempt_before_are_not_those_of_now(empty, scope):
    someone = person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2026, 1, 15))
    DevelopmentStep.objects.create(person=someone, number=5, done_on=dt.date(2026, 1, 14), who="黄艳")

    assert [row.contacts for row in due_rows(scope=scope, month=OCTOBER)["reviews"]] == [()]


def test_without_a_branch_there_is_nobody_to_write_the_review(cast):
    Person.objects.create(
        number="77", name="他", department=cast.mech, stage=Stage.ACTIVIST, applied_on=APPLIED, activist_on=APPLIED
    )
    scope = Scope(roles=frozenset({Role.STAFF}), department_ids=frozenset({cast.mech.pk}))
    found = keys_of(due_rows(scope=scope, month=OCTOBER))

    assert ("77" in found["candidates"], "77" in found["reviews"]) == (True, False)


def test_a_college_may_review_more_often(empty, scope):
    person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2026, 7, 31))
    PolicyValue.objects.create(
        key="activist_review_months", value="3", source="本校", effective_from=dt.date(2026, 10, 31)
    )

    assert keys_of(due_rows(scope=scope, month=dt.date(2026, 9, 1))) == {}
    assert [row.on for row in due_rows(scope=scope, month=OCTOBER)["reviews"]] == [d("2026-10-31")]


def test_the_list_and_the_page_of_records_name_the_same_day(empty, scope):
    """Two ways to one date: here from dates of the roster, there from the rows of the records."""
    days = ["2025-08-31", "2025-12-30", "2026-02-28", "2026-04-30"]
    cases = product(["activist", "candidate", "probationary"], days, ["", "2026-01-31", "2026-03-31", "2026-08-31"])
    for at, (stage, since, until) in enumerate(cases):
        dates = {
            "activist": {"activist_on": d(since)}, "candidate": {"activist_on": d(since), "candidate_on": d("2026-09-01")},
            "probationary": {"activist_on": d("2025-01-01"), "admitted_on": d(since)},
        }[stage]  # fmt: skip
        someone = person(empty, f"{at}", stage, **dates)
        if until:
            reviewed(empty, someone, until)
    there = {
        row.number: due.due_on
        for row in observed_people() if (due := next_of_person(row, intervals_on(OCTOBER))) and row.party_branch_id == empty.er.pk
    }  # fmt: skip
    here = {row.person.number: row.on for row in due_rows(scope=scope, month=dt.date(2028, 1, 1))["reviews"]}

    assert len(here) == 3 * 4 * 4
    assert here == there


# --- The page ------------------------------------------------------------------------------------


def test_the_secretary_sees_the_rule_beside_each_list(empty, client):
    person(empty, "1", Stage.APPLICANT, applied_on=APPLIED)
    client.force_login(empty.user("er_secretary"))
    page = client.get(reverse("due_lists")).content.decode()

    assert [rule in page for rule in ("R02", "R03", "R05", "R07", "R08", "R17", "R20")] == [True] * 7
    assert "人1" in page


def test_the_page_says_who_is_reviewed_and_leads_to_writing_it(empty, client):
    someone = person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2025, 12, 31))
    contact(empty, "er_member", someone)
    reviewed(empty, someone, "2026-01-31")
    client.force_login(empty.user("er_secretary"))
    page = client.get(reverse("due_lists"), {"month": "2026-10"})
    [due] = page.context["shown"][-1]["rows"]
    text = page.content.decode()

    assert (due.on, page.context["chips"][-1]["count"]) == (d("2026-07-31"), 1)
    assert [words in text for words in ("2026-07-31", "2026-01-31", "罗萍妍", "逾期")] == [True] * 4
    assert f'href="{reverse("mentoring_review", args=[someone.pk])}"' in text
    assert client.get(reverse("mentoring_review", args=[someone.pk])).status_code == 200


def test_who_does_not_run_the_branch_writes_no_review(empty, client):
    someone = person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2025, 12, 31))
    client.force_login(empty.user("mech_organiser"))
    page = client.get(reverse("due_lists"), {"month": "2026-10"}).content.decode()

    assert someone.name in page
    assert reverse("mentoring_review", args=[someone.pk]) not in page


def test_a_long_list_is_cut_and_has_a_page_of_its_own(empty, client):
    for number in range(130):
        person(empty, f"x{number:03}", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2026, 1, 15))
    client.force_login(empty.user("er_secretary"))

    def shown(**query):
        page = client.get(reverse("due_lists"), {"month": "2026-10", **query})
        return {
            row["list"].key: (len(row["rows"]), row["count"]) for row in page.context["shown"]
        }, page.content.decode()

    all_lists, text = shown()
    assert (len(all_lists), all_lists["reviews"]) == (6, (20, 130))
    assert "?month=2026-10&amp;list=reviews" in text
    own, text = shown(list="reviews")
    assert own == {"reviews": (100, 130)}
    assert '<input type="hidden" name="list" value="reviews">' in text
    assert reverse("due_list_export", args=["reviews"]) in text
    assert shown(list="reviews", page="2")[0] == {"reviews": (30, 130)}
    assert shown(list="candidates")[0] == {"candidates": (0, 0)}


@pytest.mark.parametrize(
    "query", ["month=2026-13", "month=abc", "month=2099-01", "branch=abc", "branch=999999", "list=abc", "list=all"]
)
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

    assert book.sheetnames[:6] == [row.sheet for row in LISTS]
    rows = list(book["可转正预备党员"].iter_rows(values_only=True))
    assert rows[1] == LISTS[4].headings
    assert rows[2][:6] == (1, "机械系党总支第二党支部", "0012", "人0012", "女", "2005-03")


def test_the_reviews_under_their_headings(empty, client):
    someone = person(empty, "0013", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2025, 10, 31), sex="male", born_on=dt.date(2006, 1, 2))  # fmt: skip
    contact(empty, "er_member", someone)
    contact(empty, "er_secretary", someone)
    reviewed(empty, someone, "2026-04-30")
    person(empty, "0014", Stage.PROBATIONARY, applied_on=APPLIED, activist_on=APPLIED, admitted_on=dt.date(2026, 3, 31))
    client.force_login(empty.user("er_secretary"))
    page = client.post(
        reverse("due_list_export", args=["reviews"]), {"month": "2026-10", "purpose": "月度报送", "list": "reviews"}
    )
    title, headings, *rows = openpyxl.load_workbook(io.BytesIO(page.content))["半年考察到期名单"].iter_rows(
        values_only=True
    )

    assert title[0] == "半年考察到期名单(2026年10月)"
    assert " | ".join(headings) == (
        "序号 | 党支部 | 学号 | 姓名 | 性别 | 出生年月 | 申请入党时间 | 确定为入党积极分子时间 | 上次考察时间 | 本次考察截止时间 | 培养联系人"
    )
    at = dt.datetime
    assert rows[:2] == [
        (1, "机械系党总支第二党支部", "0014", "人0014", None, None, at(2025, 9, 20), at(2025, 9, 20), None, at(2026, 9, 30), None),
        (2, "机械系党总支第二党支部", "0013", "人0013", "男", "2006-01", at(2025, 9, 20), at(2025, 10, 31), at(2026, 4, 30),
         at(2026, 10, 30), "罗萍妍、甘杰怡"),
    ]  # fmt: skip


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
    # One person, in two lists: due a talk, and free to become an activist.
    assert {tuple(notice.subject[key] for key in ("count", "talks", "reviews")) for notice in mine} == {(1, 1, 0)}


def test_the_reminder_counts_the_reviews(empty):
    now = timezone.make_aware(dt.datetime(2026, 10, 29, 9))

    def said():
        return [notice.subject for notice in compute_due(now) if f":{empty.er.pk}:" in notice.dedupe_key][:1]

    assert said() == []
    person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2026, 1, 15))
    assert said() == [{"month": "2026-10", "count": 0, "talks": 0, "reviews": 1}]
    person(empty, "2", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2025, 10, 31))
    assert said() == [{"month": "2026-10", "count": 1, "talks": 0, "reviews": 2}]


@pytest.mark.parametrize(
    ("subject", "title", "body"),
    [
        ({"count": 3}, "2026-10：3 人可以进入下一步", "名单只说明规则允许，由支部决定。"),
        ({"count": 3, "talks": 2, "reviews": 4}, "2026-10：3 人可以进入下一步", "有 2 名申请人待谈话。有 4 份半年考察到期。"),
        ({"count": 0, "talks": 0, "reviews": 1}, "2026-10：有半年考察到期", "有 1 份半年考察到期。"),
    ],
)  # fmt: skip
def test_what_the_reminder_says(subject, title, body):
    assert notice_kinds.get("members.due_lists").text({"month": "2026-10", **subject}) == (title, body)


def test_who_takes_a_branch_over_finds_the_reviews(empty):
    from members.handover_page import members_items

    person(empty, "1", Stage.ACTIVIST, applied_on=APPLIED, activist_on=dt.date(2025, 10, 1))
    found = {str(item.label): (item.count, item.url) for item in members_items(empty.er.pk, dt.date(2026, 10, 29))}
    here = f"{reverse('due_lists')}?month=2026-10&branch={empty.er.pk}"

    assert found["本月到期的半年考察"] == (1, f"{here}&list=reviews")
    assert found["本月可进入下一步的人员"] == (1, here)


def test_staff_of_the_department_see_every_branch(empty):
    person(empty, "1", Stage.APPLICANT, applied_on=APPLIED)
    scope = Scope(roles=frozenset({Role.STAFF}), department_ids=frozenset({empty.mech.pk}))

    assert "1" in [row.person.number for row in due_rows(scope=scope, month=OCTOBER)["talks"]]
