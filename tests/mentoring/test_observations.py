"""Observation records: when the next is due, who writes it, what is refused, who reads it, what is printed (R05, R06, R20)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from branches.models import PolicyValue
from members.access import scope_for
from members.models import Person
from mentoring import notices_observations, observation_services
from mentoring.calendar_source import observations as calendar_observations
from mentoring.models import ObservationRecord
from mentoring.observation_rules import branch_due, contact_due, period_problems, person_problems, stage_since
from mentoring.observation_services import TEXTS
from mentoring.observations import due_rows
from notifications.models import Notice
from notifications.services import compute_reminders
from tests.mentoring.crew import act, activists, guide, link, new_members
from tests.mentoring.saying import plain, refused, said

TODAY = dt.date(2026, 10, 28)
WORDS = dict.fromkeys(TEXTS, "积极参加学习")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.fixture
def contact(cast):
    """liu_member is the formal contact of liu_activist since 28 July."""
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2, is_formal=True)
    type(row).objects.filter(pk=row.pk).update(starts_on=dt.date(2026, 7, 28))
    row.refresh_from_db()
    return row


def record(cast, row, first="2026-07-28", last="2026-10-28", who="liu_member"):
    return observation_services.record_contact(
        link=row, period_from=day(first), period_to=day(last), texts=WORDS, **act(cast, who)
    )


def review(cast, person, first="2026-03-01", last="2026-08-31", who="liu_secretary"):
    return observation_services.record_review(
        person=person, period_from=day(first), period_to=day(last), texts=WORDS, **act(cast, who)
    )


# --- When ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts_on", "last_to", "from_on", "due_on"),
    [
        ("2026-07-28", None, "2026-07-28", "2026-10-28"),
        ("2026-07-28", "2026-09-30", "2026-10-01", "2026-12-30"),
        ("2026-05-31", None, "2026-05-31", "2026-08-31"),
        ("2026-11-30", None, "2026-11-30", "2027-02-28"),
        ("2027-11-30", None, "2027-11-30", "2028-02-29"),
    ],
)
def test_a_contacts_record_is_due_three_calendar_months_after_the_last(starts_on, last_to, from_on, due_on):
    due = contact_due(starts_on=day(starts_on), last_to=day(last_to) if last_to else None, months=3)
    assert (due.from_on, due.due_on) == (day(from_on), day(due_on))


@pytest.mark.parametrize(
    ("today", "standing"),
    [
        ("2026-10-13", "later"), ("2026-10-14", "soon"), ("2026-10-27", "soon"), ("2026-10-28", "due"), ("2027-01-01", "due"),
    ],
)  # fmt: skip
def test_a_contact_is_reminded_two_weeks_ahead_and_on_the_day(today, standing):
    assert contact_due(starts_on=day("2026-07-28"), last_to=None, months=3).standing(day(today)) == standing


@pytest.mark.parametrize(
    ("last_to", "soon_on", "due_on"),
    [
        (None, "2026-08-01", "2026-09-01"),
        ("2026-08-31", "2027-01-31", "2027-02-28"),
        # A review of the stage before does not count for this one.
        ("2026-02-28", "2026-08-01", "2026-09-01"),
        ("2026-03-01", "2026-08-01", "2026-09-01"),
    ],
)
def test_the_branch_is_told_at_five_months_and_late_at_six(last_to, soon_on, due_on):
    due = branch_due(since=day("2026-03-01"), last_to=day(last_to) if last_to else None, months=6)
    assert (due.soon_on, due.due_on) == (day(soon_on), day(due_on))
    one = dt.timedelta(days=1)
    assert [due.standing(on) for on in (due.soon_on - one, due.soon_on, due.due_on - one, due.due_on)] == [
        "later", "soon", "soon", "due",
    ]  # fmt: skip


def test_probation_counts_from_admission_and_has_its_own_number():
    dates = {"activist_on": day("2025-03-01"), "admitted_on": day("2026-05-20")}
    assert stage_since(stage="probationary", **dates) == day("2026-05-20")
    assert stage_since(stage="candidate", **dates) == day("2025-03-01")
    assert branch_due(since=day("2026-05-20"), last_to=day("2026-04-30"), months=3).due_on == day("2026-08-20")


@pytest.mark.parametrize(
    ("today", "last"), [("2026-09-15", "2026-09-15"), ("2026-11-20", "2026-10-28"), ("2026-07-28", "2026-07-29")]
)
def test_the_period_proposed_ends_on_the_due_day_or_today(today, last):
    assert contact_due(starts_on=day("2026-07-28"), last_to=None, months=3).period_to(day(today)) == day(last)


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "words", "field"),
    [
        ("2026-10-01", "2026-10-01", "考察期的结束日期必须晚于开始日期请另选结束日期规则R06", "period_to"),
        ("2026-10-01", "2026-10-02", None, None),
        ("2026-10-01", "2026-10-28", None, None),
        ("2026-10-01", "2026-10-29", "考察期结束于2026年10月29日尚未到来只记录已发生的情况请选择今天或更早的日期规则R06", "period_to"),
        ("2026-09-30", "2026-10-20", "2026年7月1日至2026年9月30日已有记录考察期重叠请从2026年10月1日或之后开始或更正原记录规则R06", "period_from"),
        ("2026-05-01", "2026-07-01", "2026年7月1日至2026年9月30日已有记录考察期重叠请从2026年10月1日或之后开始或更正原记录规则R06", "period_from"),
        ("2026-05-01", "2026-06-30", None, None),
        ("2026-08-01", "2026-08-20", "2026年7月1日至2026年9月30日已有记录考察期重叠请从2026年10月1日或之后开始或更正原记录规则R06", "period_from"),
    ],
)  # fmt: skip
def test_a_period_is_over_in_order_and_beside_the_earlier_ones(first, last, words, field):
    earlier = [(day("2026-07-01"), day("2026-09-30"))]
    found = period_problems(period_from=day(first), period_to=day(last), today=TODAY, earlier=earlier, rule="R06")
    assert [(plain(problem), problem.field) for problem in found] == ([(words, field)] if words else [])


@pytest.mark.parametrize(
    ("stage", "rule", "words"),
    [
        ("applicant", "R05", "蓝洋涵还不是入党积极分子支部确定为积极分子后开始考察规则R05"),
        ("activist", "", None),
        ("candidate", "", None),
        ("probationary", "", None),
        ("full", "R05", "蓝洋涵已是正式党员转正后不再考察已有记录保留规则R05"),
        ("left", "R05", "蓝洋涵已离校不再考察已有记录保留规则R05"),
    ],
)
def test_activists_candidates_and_probationary_members_are_observed(stage, rule, words):
    found = person_problems(name="蓝洋涵", stage=stage, kind="branch")
    assert [(plain(problem), problem.rule) for problem in found] == ([(words, rule)] if words else [])


def test_the_service_refuses_overlaps_the_future_and_writes_nothing(cast, contact):
    record(cast, contact, last="2026-09-30")
    assert refused(record, cast=cast, row=contact, first="2026-09-30")[1:] == ("R06", "period_from")
    assert refused(record, cast=cast, row=contact, first="2026-10-01", last="2026-10-29")[1:] == ("R06", "period_to")
    assert ObservationRecord.objects.count() == 1
    assert record(cast, contact, first="2026-10-01").signed_on == TODAY


def test_a_peer_mentor_and_anybody_else_write_no_contacts_record(cast, contact):
    peer = link(cast, cast.person("liu_secretary"), cast.person("liu_activist"), tier=2)
    assert refused(record, cast=cast, row=peer, who="liu_secretary") == (
        "只有正式培养联系人填写考察记录朋辈帮扶人请记录谈话", "R06", "",
    )  # fmt: skip
    assert refused(record, cast=cast, row=contact, who="liu_secretary") == (
        "考察记录由这一结对的培养联系人填写", "R06", "",
    )  # fmt: skip


def test_nothing_is_observed_of_a_full_member_nor_of_who_left(cast, contact):
    person = cast.person("liu_activist")
    for stage, dates, words in [
        ("full", {"candidate_on": TODAY, "admitted_on": TODAY, "converted_on": TODAY}, "蓝洋涵已是正式党员转正后不再考察已有记录保留"),
        ("left", {"left_on": TODAY}, "蓝洋涵已离校不再考察已有记录保留"),
    ]:  # fmt: skip
        Person.objects.filter(pk=person.pk).update(stage=stage, **dates)
        assert refused(record, cast=cast, row=contact) == (words, "R06", "")
        assert refused(review, cast=cast, person=person) == (words, "R05", "")


def test_a_record_waits_for_a_running_link(cast, contact):
    from mentoring.services import end_link

    end_link(link=contact, reason="换人", **act(cast, "liu_secretary"))
    assert (
        refused(record, cast=cast, row=contact)[0] == "结对进行期间才能填写考察记录这一结对目前为“已结束”已有记录保留"
    )


def test_the_review_is_written_by_who_runs_the_persons_branch(cast):
    person = cast.person("liu_activist")
    row = review(cast, person)
    assert (row.kind, row.mentorship, row.observer, row.recorded_by) == (
        "branch", None, cast.person("liu_secretary"), cast.user("liu_secretary"),
    )  # fmt: skip
    for name in ("liu_member", "er_secretary", "civil_organiser", "administrator"):
        assert refused(review, cast=cast, person=person, who=name) == (
            "半年考察由其所在党支部的书记或组织委员填写", "R05", "",
        )  # fmt: skip
    assert refused(review, cast=cast, person=cast.person("liu_secretary"))[0] == "不能考察自己请由其他支委填写"


def test_a_probationary_member_answers_to_their_own_rule(cast):
    assert refused(review, cast=cast, person=new_members(cast, 1)[0], last="2026-10-29")[1] == "R20"


# --- Correcting and reading ----------------------------------------------------------------------


def test_the_contact_corrects_at_any_time_and_each_version_stays(cast, contact, sign_in):
    row = record(cast, contact)
    data = {"period_from": "2026-08-01", "period_to": "2026-10-28", **dict.fromkeys(TEXTS, "表现突出")}
    response = sign_in("liu_member").post(reverse("mentoring_observation_edit", args=[row.pk]), data)
    assert response.url == reverse("mentoring_observation", args=[row.pk])
    row.refresh_from_db()
    assert (row.period_from, row.politics) == (dt.date(2026, 8, 1), "表现突出")
    assert [version.politics for version in row.history.order_by("history_id")] == ["积极参加学习", "表现突出"]


def test_a_correction_does_not_meet_itself_but_meets_the_others(cast, contact):
    record(cast, contact, last="2026-08-31")
    row = record(cast, contact, first="2026-09-01")
    values = {"record": row, "texts": WORDS, "scope": scope_for(cast.user("liu_member")), "today": TODAY}
    correct = observation_services.correct_record
    assert correct(period_from=day("2026-09-02"), period_to=day("2026-10-20"), **values).period_to == day("2026-10-20")
    assert refused(correct, period_from=day("2026-08-31"), period_to=day("2026-10-20"), **values)[1:] == (
        "R06", "period_from",
    )  # fmt: skip
    values["scope"] = scope_for(cast.user("liu_secretary"))
    assert refused(correct, period_from=day("2026-09-02"), period_to=day("2026-10-20"), **values)[0] == (
        "考察记录由填写的培养联系人更正支部考察由支部更正"
    )


def test_the_person_observed_never_sees_the_record(cast, contact, sign_in):
    row = record(cast, contact)
    review(cast, cast.person("liu_activist"))
    addresses = [
        reverse(name, args=[row.pk]) for name in ("mentoring_observation", "mentoring_observation_edit", "mentoring_observation_print")
    ]  # fmt: skip
    addresses += [reverse(name, args=[row.person_id]) for name in ("mentoring_review_print", "mentoring_review")]
    addresses.append(reverse("mentoring_observe", args=[contact.pk]))
    client = sign_in("liu_activist")
    assert [client.get(address).status_code for address in addresses] == [404, 404, 404, 403, 403, 403]
    assert "蓝洋涵" not in client.get(reverse("mentoring_observations")).content.decode().split("<main")[1]


def test_who_reads_and_who_corrects(cast, contact, sign_in):
    row = record(cast, contact)
    page, edit = (reverse(name, args=[row.pk]) for name in ("mentoring_observation", "mentoring_observation_edit"))
    names = (
        "liu_member",
        "liu_secretary",
        "civil_organiser",
        "college_organiser",
        "er_secretary",
        "counsellor",
        "administrator",
    )
    assert {name: (sign_in(name).get(page).status_code, sign_in(name).get(edit).status_code) for name in names} == {
        "liu_member": (200, 200), "liu_secretary": (200, 403), "civil_organiser": (200, 403), "college_organiser": (200, 403),
        "er_secretary": (404, 404), "counsellor": (404, 404), "administrator": (404, 404),
    }  # fmt: skip


def test_the_form_proposes_the_period_shows_the_record_before_and_writes(cast, contact, sign_in):
    record(cast, contact, last="2026-08-31")
    url = reverse("mentoring_observe", args=[contact.pk])
    page = sign_in("liu_member").get(url).content.decode()
    assert [text for text in ('value="2026-09-01"', 'value="2026-10-28"', "积极参加学习") if text not in page] == []
    data = {"period_from": "2026-09-01", "period_to": "2026-10-28", **dict.fromkeys(TEXTS, "第二份")}
    response = sign_in("liu_member").post(url, data)
    newest = ObservationRecord.objects.first()
    assert (newest.strengths, response.url) == ("第二份", reverse("mentoring_observation", args=[newest.pk]))
    response = sign_in("liu_member").post(url, data)
    assert response.status_code == 400
    assert "已有记录考察期重叠" in plain(response.content.decode())


def test_only_the_contact_opens_the_form_and_a_peer_reads_why_not(cast, contact, sign_in):
    peer = link(cast, cast.person("liu_secretary"), cast.person("liu_activist"), tier=2)
    response = sign_in("liu_secretary").get(reverse("mentoring_observe", args=[peer.pk]))
    assert response.status_code == 403
    assert "只有正式培养联系人填写考察记录" in response.content.decode()
    assert sign_in("si_secretary").get(reverse("mentoring_observe", args=[contact.pk])).status_code == 404


def test_the_printed_form_has_the_headings_of_the_sheet_and_every_record(cast, contact, sign_in):
    record(cast, contact, last="2026-09-30")
    review(cast, cast.person("liu_activist"))
    page = sign_in("liu_secretary").get(reverse("mentoring_review_print", args=[contact.mentee_id])).content.decode()
    headings = (
        "入党积极分子培养考察登记表",
        "姓名",
        "学号",
        "培养联系人",
        "考察期",
        "群众基础",
        "主要优缺点",
        "考察人签名",
        "日期",
    )
    assert [heading for heading in headings if heading not in page] == []
    assert (page.count("observation-sheet"), page.count("20250510001")) == (2, 2)
    alone = sign_in("liu_member").get(reverse("mentoring_review_print", args=[contact.mentee_id])).content.decode()
    assert alone.count("observation-sheet") == 1


def test_the_newest_record_opens_from_the_list(cast, contact, sign_in):
    record(cast, contact, last="2026-08-30")
    newest = record(cast, contact, first="2026-08-31", last="2026-10-28")
    reviewed = review(cast, cast.person("liu_activist"))
    page = sign_in("liu_secretary").get(reverse("mentoring_observations"))
    assert {row.kind: row.last_id for row in page.context["page"]} == {"contact": newest.pk, "branch": reviewed.pk}
    for row in (newest, reviewed):
        assert f'href="{reverse("mentoring_observation", args=[row.pk])}"' in page.content.decode()


def test_a_number_too_large_for_a_row_leads_nowhere(cast, sign_in):
    for name in ("mentoring_review_print", "mentoring_league"):
        assert sign_in("liu_secretary").get(reverse(name, args=[2**63 + 5])).status_code == 404


# --- What is due next ----------------------------------------------------------------------------


def test_each_finds_what_is_theirs_overdue_first(cast, contact):
    new = new_members(cast, 1)[0]
    rows = {
        name: [(row.person.name, row.kind, row.next.due_on, row.standing, row.may_write) for row in due_rows(scope_for(cast.user(name)), TODAY)]
        for name in ("liu_member", "liu_secretary", "civil_organiser", "er_member", "administrator")
    }  # fmt: skip
    by_contact = ("蓝洋涵", "contact", dt.date(2026, 10, 28), "due", True)
    by_branch = ("蓝洋涵", "branch", dt.date(2026, 9, 1), "due", True)
    probation = (new.name, "branch", dt.date(2026, 11, 20), "soon", True)
    assert rows["liu_member"] == [by_contact]
    assert rows["liu_secretary"] == [by_branch, (*by_contact[:4], False), probation]
    assert rows["civil_organiser"] == [(*row[:4], False) for row in (by_branch, by_contact, probation)]
    assert (rows["er_member"], rows["administrator"]) == ([], [])


def test_a_college_sets_its_own_numbers(cast, contact):
    PolicyValue.objects.create(key="contact_entry_months", value="1", source="x", effective_from=dt.date(2026, 1, 1))
    PolicyValue.objects.create(key="activist_review_months", value="9", source="x", effective_from=dt.date(2026, 1, 1))
    rows = due_rows(scope_for(cast.user("liu_secretary")), TODAY)
    assert [(row.kind, row.next.due_on) for row in rows] == [
        ("contact", dt.date(2026, 8, 28)), ("branch", dt.date(2026, 12, 1)),
    ]  # fmt: skip


def test_the_page_filters_counts_branches_and_is_empty_with_a_word(cast, contact, sign_in):
    url = reverse("mentoring_observations")
    client = sign_in("liu_secretary")
    assert client.get(url).context["page"].paginator.count == 2
    assert client.get(url, {"kind": "branch"}).context["page"].paginator.count == 1
    assert client.get(url, {"kind": "branch", "state": "soon"}).context["page"].paginator.count == 0
    counts = sign_in("civil_organiser").get(url).context["branches"]
    assert [(count.branch, count.due, count.soon, count.people) for count in counts] == [(cast.liu, 2, 0, 1)]
    only = sign_in("college_organiser").get(url, {"branch": cast.san.pk})
    assert [row.person for row in only.context["page"]] == [cast.person("san_activist"), cast.person("san_member")]
    assert "没有需要考察的对象" in sign_in("classmate").get(url).content.decode()


def test_the_list_asks_as_many_queries_for_one_and_three(cast, contact, sign_in, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client, url = sign_in("liu_secretary"), reverse("mentoring_observations")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for person in activists(cast, 3):
        link(cast, cast.person("liu_member"), person, tier=2, is_formal=True)
    with django_assert_num_queries(len(few)):
        assert client.get(url).context["page"].paginator.count == 8


def test_what_one_has_to_write_stands_on_the_calendar(cast, contact):
    span = (dt.date(2026, 9, 1), dt.date(2026, 10, 31))
    found = {name: [(e.on, e.title) for e in calendar_observations(scope_for(cast.user(name)), *span)] for name in ("liu_member", "liu_secretary", "civil_organiser")}  # fmt: skip
    assert {name: [(on, plain(title)) for on, title in rows] for name, rows in found.items()} == {
        "liu_member": [(dt.date(2026, 10, 28), "培养联系人考察记录蓝洋涵")],
        "liu_secretary": [(dt.date(2026, 9, 1), "支部半年考察蓝洋涵")],
        "civil_organiser": [],
    }


# --- Reminders -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("on", "titles"), [("2026-10-13", []), ("2026-10-14", ["将于"]), ("2026-10-28", ["已于"])])
def test_the_contact_is_reminded_once_ahead_and_once_on_the_day(cast, contact, fixed_clock, on, titles):
    fixed_clock.move_to(dt.datetime.combine(day(on), dt.time(9), dt.timezone(dt.timedelta(hours=8))))
    for _tick in range(2):
        compute_reminders(now=timezone.now())
    notices = Notice.objects.filter(kind=notices_observations.RECORD_DUE)
    assert [(notice.user, said(notice)[0]) for notice in notices] == [
        (cast.user("liu_member"), f"有一份培养联系人考察记录{word}2026年10月28日到期") for word in titles
    ]


def test_a_record_written_takes_the_reminder_away(cast, contact):
    compute_reminders(now=timezone.now())
    record(cast, contact)
    assert Notice.objects.get(kind=notices_observations.RECORD_DUE).obsolete_at == timezone.now()


def test_reviews_of_one_day_share_a_notice_without_names_and_it_stays_until_the_last_is_written(cast):
    """Liu's activists all became activists on 1 March."""
    people = [cast.person("liu_activist"), *activists(cast, 2)]
    compute_reminders(now=timezone.now())
    notice = Notice.objects.get(kind=notices_observations.REVIEW_DUE, user=cast.user("liu_secretary"))
    assert said(notice)[0] == "有3份半年考察已于2026年9月1日到期"
    assert [person.name for person in people if person.name in "".join(said(notice))] == []
    for person, obsolete_at in zip(people, (None, None, timezone.now()), strict=True):
        review(cast, person)
        notice.refresh_from_db()
        assert notice.obsolete_at == obsolete_at


def test_reminders_ask_a_fixed_number_of_queries(cast, contact, django_assert_num_queries):
    def ask(count: int) -> None:
        with django_assert_num_queries(2):
            assert len(list(notices_observations.compute_records_due(timezone.now()))) == count
        with django_assert_num_queries(3):
            list(notices_observations.compute_reviews_due(timezone.now()))

    ask(1)
    for person in activists(cast, 2):
        row = link(cast, cast.person("liu_member"), person, tier=2, is_formal=True)
        type(row).objects.filter(pk=row.pk).update(starts_on=dt.date(2026, 7, 1))
    ask(3)


def test_guides_of_league_branches_are_no_contacts(cast):
    guide(cast, cast.person("liu_member"))
    assert due_rows(scope_for(cast.user("liu_member")), TODAY) == []


def test_the_history_in_the_administration_is_for_who_sees_the_record(cast, contact, sign_in):
    """The address of a version names keys alone, so a role in another branch is not enough."""
    row = record(cast, contact)
    version = row.history.get().pk
    pages = [
        reverse("admin:mentoring_observationrecord_history", args=[row.pk]),
        reverse("admin:mentoring_observationrecord_simple_history", args=[row.pk, version]),
    ]
    assert {
        name: [sign_in(name).get(page).status_code for page in pages]
        for name in ("liu_secretary", "civil_organiser", "er_secretary", "mech_organiser", "counsellor", "administrator")
    } == {
        "liu_secretary": [200, 200], "civil_organiser": [200, 200], "er_secretary": [403, 403], "mech_organiser": [403, 403],
        "counsellor": [403, 403], "administrator": [403, 403],
    }  # fmt: skip


def test_an_activist_on_the_committee_does_not_find_themselves(cast, contact):
    from members.models import Post

    Post.objects.create(person=cast.person("liu_activist"), party_branch=cast.liu, kind="organization_officer")
    new_members(cast, 1)
    rows = due_rows(scope_for(cast.user("liu_activist")), TODAY)
    assert [(row.person.name, row.kind) for row in rows] == [("新党员1", "branch")]
