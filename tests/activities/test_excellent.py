"""Excellent members of a year: the evidence, the decision of the branch, its undo and its history."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from activities.lectures.excellent import gather_evidence
from activities.lectures.excellent_services import choose_excellent, withdraw_excellent
from activities.models import LogEntry
from branches.models import AcademicYear
from members.access import scope_for
from members.models import Absence, ExcellentMember, Person
from pairing_portal.common.problems import Refused
from tests.activities.talks import answer, heard_by, record
from tests.cast import MEMBER
from tests.conftest import TODAY


def deed(cast, who="liu_secretary"):
    return {
        "branch": cast.liu, "year": cast.year, "scope": scope_for(cast.user(who)), "by": cast.user(who), "today": TODAY,
        "now": timezone.now(),
    }  # fmt: skip


def chosen():
    return list(ExcellentMember.objects.order_by("person__number").values_list("person__name", "note"))


def log(cast, name, on, minutes=60):
    LogEntry.objects.create(
        person=cast.person(name), on=on, minutes=minutes, purpose="service", summary="志愿服务", state="confirmed",
        created_at=timezone.now(), confirmed_by=cast.user("liu_secretary"), confirmed_at=timezone.now(),
    )  # fmt: skip


def test_the_evidence_counts_both_years_and_proposes_who_stays(cast):
    lecture = record(cast)
    answer(cast, heard_by(lecture, cast.one))
    log(cast, "liu_member", dt.date(2026, 10, 12))
    log(cast, "liu_member", dt.date(2026, 3, 2), minutes=90)
    Absence.objects.create(person=cast.person("liu_secretary"), from_on=dt.date(2026, 12, 1))
    rows = {row.person.name: row for row in gather_evidence(cast.liu, cast.year, TODAY).candidates}
    member, secretary = rows["周鑫"], rows["上官涵"]
    assert (member.this_year.lectures_given, member.this_year.lectures_confirmed) == (1, 1)
    assert (member.this_year.minutes, member.last_year.minutes) == (100, 90)
    assert (member.is_proposed, secretary.is_proposed, secretary.ahead.is_leaving) == (True, False, True)
    assert list(rows) == ["上官涵", "周鑫"]


def test_the_evidence_takes_as_many_queries_for_two_members_as_for_five(cast):
    def count():
        with CaptureQueriesContext(connection) as queries:
            gather_evidence(cast.liu, cast.year, TODAY)
        return len(queries)

    before = count()
    for number in range(3):
        person = Person(number=f"2025053009{number}", name="甲", department=cast.civil, party_branch=cast.liu, **MEMBER)
        person.settle_stage(TODAY)
        person.save()
    assert count() == before


def test_the_branch_ticks_takes_back_and_puts_back(cast, sign_in):
    client, person = sign_in("liu_secretary"), cast.person("liu_member")
    page = reverse("lecture_excellent_branch", args=[cast.liu.pk])
    assert client.get(page).status_code == 200
    choose = reverse("lecture_excellent_choose", args=[cast.liu.pk]) + "?year=2026"
    assert client.post(choose, {"person": [person.pk], f"note-{person.pk}": " 讲课清楚 "}).status_code == 302
    assert chosen() == [("周鑫", "讲课清楚")]
    assert client.post(choose, {"person": [person.pk]}).status_code == 302
    assert chosen() == [("周鑫", "讲课清楚")]
    withdraw = reverse("lecture_excellent_withdraw", args=[cast.liu.pk]) + "?year=2026"
    assert client.post(withdraw, {"person": [person.pk]}).status_code == 302
    assert chosen() == []
    assert client.post(f"{choose}&people={person.pk}").status_code == 302
    assert [name for name, _note in chosen()] == ["周鑫"]
    kinds = list(ExcellentMember.history.order_by("history_id").values_list("history_type", "history_user__username"))
    assert kinds == [("+", "20250530001"), ("-", "20250530001"), ("+", "20250530001")]
    trail = AuditEvent.objects.filter(object_type="excellent_members").order_by("pk")
    assert [event.detail for event in trail] == [
        {"year": 2026, "chosen": 1}, {"year": 2026, "chosen": 0}, {"year": 2026, "withdrawn": 1}, {"year": 2026, "chosen": 1},
    ]  # fmt: skip
    assert len(client.get(page).context["history"]) == 3


@pytest.mark.parametrize("name", ["liu_activist", "er_member", "league_secretary"])
def test_only_members_of_the_branch_are_chosen_and_all_or_nothing(cast, name):
    ids = [cast.person("liu_member").pk, cast.person(name).pk]
    with pytest.raises(Refused) as refusal:
        choose_excellent(person_ids=ids, **deed(cast))
    assert (refusal.value.rule, chosen()) == ("R74", [])


def test_who_leaves_during_the_season_is_chosen_with_a_warning(cast):
    Absence.objects.create(person=cast.person("liu_member"), from_on=dt.date(2026, 12, 1))
    report = choose_excellent(person_ids=[cast.person("liu_member").pk], **deed(cast))
    assert [problem.severity for problem in report.warnings] == ["warn"]
    assert len(report.made) == 1


@pytest.mark.parametrize("who", ["er_secretary", "liu_member", "league_secretary", "mech_organiser", "administrator"])
def test_others_neither_choose_nor_take_back(cast, who):
    with pytest.raises(Refused):
        choose_excellent(person_ids=[cast.person("liu_member").pk], **deed(cast, who))
    ExcellentMember.objects.create(person=cast.person("liu_member"), academic_year=cast.year)
    with pytest.raises(Refused):
        withdraw_excellent(person_ids=[cast.person("liu_member").pk], **deed(cast, who))
    assert len(chosen()) == 1


def test_a_year_that_is_over_stays_as_it_was(cast):
    old = AcademicYear.objects.create(start_year=2025, starts_on=dt.date(2025, 9, 1), ends_on=dt.date(2026, 8, 31))
    with pytest.raises(Refused):
        choose_excellent(**deed(cast) | {"year": old}, person_ids=[cast.person("liu_member").pk])
    assert chosen() == []


@pytest.mark.parametrize(("who", "status"), [("liu_secretary", 302), ("college_organiser", 200), ("civil_organiser", 302),
                                             ("liu_member", 403), ("counsellor", 403), ("stranger", 403)])  # fmt: skip
def test_who_opens_the_page(cast, sign_in, who, status):
    assert sign_in(who).get(reverse("lecture_excellent")).status_code == status


@pytest.mark.parametrize("value", ["x", "1.x", "9" * 20, "1" + ".1" * 300])
def test_rubbish_in_the_address_of_an_undo_leads_nowhere(cast, sign_in, value):
    address = reverse("lecture_excellent_choose", args=[cast.liu.pk])
    assert sign_in("liu_secretary").post(f"{address}?year=2026&people={value}").status_code == 404
