"""Exemptions: asked for, merged or refused, decided, granted for a grade, taken back; what counts and who is told."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.lectures.board import week_statuses
from activities.lectures.exemption_services import (
    Span,
    UnusualDates,
    ask_exemption,
    decide_exemption,
    grant_in_bulk,
    preview_bulk,
    restore_exemption,
    withdraw_bulk,
    withdraw_exemption,
)
from activities.models import QuotaExemption
from branches.models import LeagueBranch
from members.access import scope_for
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from tests.activities.talks import act, second_league_branch
from tests.conftest import TODAY

PAGE = reverse("exemptions")
NOV = dt.date(2026, 11, 2)


def span(first=NOV, days=5, reason="military_training", note=""):
    return Span(first, first + dt.timedelta(days=days - 1), reason, note)


def ask(cast, *, who="league_secretary", what=None, **changes):
    return ask_exemption(
        **{"league_branch": cast.one, "span": what or span(), "today": TODAY} | act(cast, who) | changes
    )


def grade(cast, **changes):
    values = {"departments": [cast.civil], "enrolment_year": 2026, "span": span(), "today": TODAY}
    return values | changes


def rows():
    return list(QuotaExemption.objects.order_by("pk").values_list("from_on", "to_on", "state"))


def told(kind):
    return sorted(Notice.objects.filter(kind=kind, obsolete_at=None).values_list("user__username", flat=True))


def state_of(cast, on):
    return str(week_statuses(league_branches=[cast.one], on=on, today=TODAY)[0].status.state)


def test_the_league_branch_asks_on_its_phone_and_the_branch_grants(cast, sign_in):
    new = reverse("exemption_new")
    data = {"league_branch": cast.one.pk, "from_on": "2026-11-02", "to_on": "2026-11-06", "reason": "military_training"}
    assert sign_in("league_secretary").post(new, data).url == PAGE
    row = QuotaExemption.objects.get()
    assert (row.state, row.asked_by) == ("asked", cast.user("league_secretary"))
    assert told("activities.exemption_asked") == ["20250530001"]
    assert state_of(cast, NOV) != "exempt"
    decide = reverse("exemption_decide", args=[row.pk])
    assert sign_in("liu_secretary").post(decide, {"is_granted": "yes", "answer": "同意"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.answer) == ("granted", cast.user("liu_secretary"), "同意")
    assert told("activities.exemption_decided") == ["20260510001"]
    assert state_of(cast, NOV) == "exempt"
    assert sign_in("liu_secretary").post(reverse("exemption_restore", args=[row.pk])).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.answer) == ("asked", None, "")


def test_a_refusal_needs_an_answer(cast, sign_in):
    row, client = ask(cast), sign_in("civil_organiser")
    decide = reverse("exemption_decide", args=[row.pk])
    client.post(decide, {"is_granted": "no", "answer": " "})
    assert rows()[0][2] == "asked"
    client.post(decide, {"is_granted": "no", "answer": "只有两天"})
    row.refresh_from_db()
    assert (row.state, row.answer) == ("refused", "只有两天")
    with pytest.raises(Refused):
        decide_exemption(exemption=row, is_granted=True, answer="", **act(cast, "civil_organiser"))


@pytest.mark.parametrize("who", ["liu_member", "er_secretary", "mech_organiser", "administrator", "classmate"])
def test_others_neither_ask_nor_decide(cast, who):
    with pytest.raises(Refused):
        ask(cast, who=who)
    row = ask(cast)
    with pytest.raises(Refused):
        decide_exemption(exemption=row, is_granted=True, answer="", **act(cast, who))
    with pytest.raises(Refused):
        withdraw_exemption(exemption=row, **act(cast, who))
    assert [state for *_days, state in rows()] == ["asked"]


def test_the_asker_does_not_grant_it_but_takes_it_back_and_puts_it_back(cast):
    row = ask(cast)
    with pytest.raises(Refused):
        decide_exemption(exemption=row, is_granted=True, answer="", **act(cast, "league_secretary"))
    withdraw_exemption(exemption=row, **act(cast, "league_secretary"))
    assert rows()[0][2] == "withdrawn"
    restore_exemption(exemption=row, **act(cast, "league_secretary"))
    assert rows()[0][2] == "asked"
    with pytest.raises(Refused):
        restore_exemption(exemption=row, **act(cast, "league_secretary"))


def test_requests_that_touch_become_one(cast):
    ask(cast, what=span(NOV, 5))
    ask(cast, what=span(NOV + dt.timedelta(days=3), 6))
    assert rows() == [(NOV, NOV + dt.timedelta(days=8), "asked")]
    ask(cast, what=span(NOV + dt.timedelta(days=14), 2))
    assert len(rows()) == 2
    ask(cast, what=span(NOV + dt.timedelta(days=4), 11))
    assert rows() == [
        (NOV, NOV + dt.timedelta(days=15), "asked"), (NOV + dt.timedelta(days=14), NOV + dt.timedelta(days=15), "withdrawn"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "days", "reason"), [(NOV, 5, "exams"), (NOV + dt.timedelta(days=2), 1, "internship")]
)
def test_a_request_for_another_reason_on_the_same_days_is_refused(cast, first, days, reason):
    ask(cast)
    with pytest.raises(Refused) as refusal:
        ask(cast, what=span(first, days, reason))
    assert (refusal.value.field, len(rows())) == ("from_on", 1)


@pytest.mark.parametrize(
    ("first", "days"), [(NOV, 5), (NOV + dt.timedelta(days=1), 1), (NOV + dt.timedelta(days=4), 5)]
)
def test_days_that_are_exempt_already_are_not_asked_for_again(cast, first, days):
    decide_exemption(exemption=ask(cast), is_granted=True, answer="", **act(cast, "liu_secretary"))
    with pytest.raises(Refused):
        ask(cast, what=span(first, days))
    assert len(rows()) == 1


@pytest.mark.parametrize(
    ("what", "field"),
    [(Span(NOV, NOV - dt.timedelta(days=1), "exams"), "to_on"), (span(dt.date(2000, 1, 1)), "from_on"),
     (Span(NOV, dt.date(2100, 1, 1), "exams"), "to_on"), (span(reason="party"), "reason"), (span(reason="other"), "note"),
     (Span(dt.date.min, dt.date.max, "exams"), "from_on")],
)  # fmt: skip
def test_impossible_days_are_refused_at_their_field(cast, what, field):
    with pytest.raises(Refused) as refusal:
        ask(cast, what=what, is_confirmed=True)
    assert (refusal.value.field, rows()) == (field, [])


@pytest.mark.parametrize(
    "what", [span(dt.date(2027, 2, 10)), span(dt.date(2026, 9, 7), 140), span(dt.date(2026, 10, 12))]
)
def test_unusual_days_are_asked_back_first(cast, sign_in, what):
    data = {
        "league_branch": cast.one.pk, "from_on": what.from_on.isoformat(), "to_on": what.to_on.isoformat(), "reason": what.reason,
    }  # fmt: skip
    with pytest.raises(UnusualDates):
        ask(cast, what=what)
    client = sign_in("league_secretary")
    asked = client.post(reverse("exemption_new"), data)
    assert (asked.status_code, len(asked.context["warnings"]) > 0, rows()) == (400, True, [])
    assert 'type="checkbox"' in asked.content.decode()
    assert client.post(reverse("exemption_new"), data | {"is_confirmed": "on"}).status_code == 302
    assert len(rows()) == 1


@pytest.mark.parametrize("value", ["2026-02-30", "0000-01-01", "99999-01-01", "明天", "", "2026-11-02'; --"])
def test_a_day_that_is_none_is_said_beside_the_field(cast, sign_in, value):
    data = {"league_branch": cast.one.pk, "from_on": value, "to_on": "2026-11-06", "reason": "exams"}
    answered = sign_in("league_secretary").post(reverse("exemption_new"), data)
    assert (answered.status_code, list(answered.context["form"].errors), rows()) == (400, ["from_on"], [])


def test_a_league_branch_of_others_cannot_be_asked_for(cast, sign_in):
    data = {"league_branch": cast.old.pk, "from_on": "2026-11-02", "to_on": "2026-11-06", "reason": "exams"}
    assert sign_in("league_secretary").post(reverse("exemption_new"), data).status_code == 400
    assert rows() == []


# --- In bulk ------------------------------------------------------------------------------------


def test_a_grade_is_exempt_after_a_look_and_taken_back_at_once(cast, sign_in):
    other = second_league_branch(cast)
    asked = ask(cast)
    client = sign_in("civil_organiser")
    data = {
        "enrolment_year": "2026", "departments": [cast.civil.pk], "from_on": "2026-11-02", "to_on": "2026-11-20",
        "reason": "military_training",
    }  # fmt: skip
    bulk = reverse("exemption_bulk")
    looked = client.post(bulk, data).context["preview"]
    assert ([branch.pk for branch in looked.branches], looked.weeks, len(rows())) == ([cast.one.pk, other.pk], 3, 1)
    assert client.post(bulk, data | {"apply": "1"}).status_code == 302
    assert [state for *_days, state in rows()] == ["granted", "granted", "granted"]
    asked.refresh_from_db()
    assert asked.state == "granted"
    assert state_of(cast, dt.date(2026, 11, 18)) == "exempt"
    at = QuotaExemption.objects.filter(asked_by=None).first().decided_at
    assert QuotaExemption.history.filter(decided_at=at, asked_by=None).count() == 2
    page = client.get(PAGE)
    assert [batch["count"] for batch in page.context["batches"]] == [2]
    address = reverse("exemption_bulk_withdraw")
    assert client.post(address, {"at": at.isoformat()}).status_code == 302
    assert sorted(state for *_days, state in rows()) == ["granted", "withdrawn", "withdrawn"]


def test_who_is_exempt_already_is_passed_over(cast):
    grant_in_bulk(**grade(cast), **act(cast, "civil_organiser"))
    other = second_league_branch(cast)
    found = preview_bulk(**grade(cast), scope=scope_for(cast.user("civil_organiser")))
    assert (found.branches, found.exempt_already) == ([other], [cast.one])
    grant_in_bulk(**grade(cast), **act(cast, "civil_organiser"))
    with pytest.raises(Refused):
        grant_in_bulk(**grade(cast), **act(cast, "civil_organiser"))
    assert len(rows()) == 2


@pytest.mark.parametrize("who", ["liu_secretary", "league_secretary", "mech_organiser", "administrator"])
def test_a_grade_is_exempt_by_its_department_alone(cast, who):
    with pytest.raises(Refused):
        grant_in_bulk(**grade(cast), **act(cast, who))
    made = grant_in_bulk(**grade(cast), **act(cast, "college_organiser"))
    with pytest.raises(Refused):
        withdraw_bulk(decided_at=made[0].decided_at, **act(cast, who))
    assert [state for *_days, state in rows()] == ["granted"]


@pytest.mark.parametrize("at", ["", "x", "2026-10-28", "2026-13-01T00:00:00+08:00", "2026-10-28T00:00:00"])
def test_a_moment_that_is_none_leads_nowhere(cast, sign_in, at):
    assert sign_in("civil_organiser").post(reverse("exemption_bulk_withdraw"), {"at": at}).status_code == 404


# --- The list -----------------------------------------------------------------------------------


def test_the_list_filters_by_state_and_shows_only_what_one_sees(cast, sign_in):
    row = ask(cast)
    client = sign_in("liu_secretary")
    assert [item["row"] for item in client.get(PAGE, {"state": "asked"}).context["rows"]] == [row]
    assert client.get(PAGE, {"state": "refused"}).context["rows"] == []
    assert client.get(PAGE, {"state": "nonsense"}).status_code == 404
    assert sign_in("er_secretary").get(PAGE).context["total"] == 0
    assert (
        sign_in("er_secretary").post(reverse("exemption_decide", args=[row.pk]), {"is_granted": "yes"}).status_code
        == 404
    )
    assert (
        sign_in("league_secretary").post(reverse("exemption_decide", args=[row.pk]), {"is_granted": "yes"}).status_code
        == 403
    )


def test_the_list_takes_as_many_queries_for_one_row_as_for_three(cast, sign_in):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(PAGE).status_code == 200
        return len(queries)

    ask(cast)
    client = sign_in("civil_organiser")
    client.get(PAGE)
    before = count()
    for number in range(2):
        league = LeagueBranch.objects.create(
            department=cast.civil, name=f"团支部{number}", enrolment_year=2026, party_branch=cast.liu
        )
        QuotaExemption.objects.create(
            league_branch=league, from_on=NOV, to_on=NOV, reason="exams", state="asked", asked_by=cast.user("liu_member"),
            asked_at=timezone.now(),
        )  # fmt: skip
    assert count() == before
