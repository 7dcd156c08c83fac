"""One entry, many ledgers: once in each, the sum of its rows, for those who may see all of them."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import ledgers
from activities.models import Activity, ActivityKind, Lecture, LectureAudience, LectureSpeaker, LogEntry, Textbook
from activities.services import answer_audience
from branches.models import AcademicYear
from members.access import scope_for
from pairings.models import BranchPairing
from tests.conftest import TODAY
from tests.mentoring.crew import guide, link

THIS_YEAR = ledgers.Period("2026", "2026", dt.date(2026, 1, 1), dt.date(2026, 12, 31))


def entry(cast, who, *, purpose="self_study", state="confirmed", on=TODAY, minutes=60, **more):
    now = timezone.now()
    confirmed = {"confirmed_by": cast.user("er_secretary"), "confirmed_at": now} if state == "confirmed" else {}
    returned = {"return_reason": "请写明地点"} if state == "returned" else {}
    return LogEntry.objects.create(
        person=cast.person(who), on=on, minutes=minutes, purpose=purpose, summary="学习党章", state=state, created_at=now,
        submitted_at=now, **confirmed, **returned, **more,
    )  # fmt: skip


def activity(cast, kind, *, pairing=None):
    now = timezone.now()
    return Activity.objects.create(
        kind=ActivityKind.objects.get(key=kind), title="活动", party_branch=cast.er, pairing=pairing, audience="members",
        starts_at=now, ends_at=now + dt.timedelta(hours=2), state="published", check_in_secret="s" * 43,
        created_by=cast.user("er_secretary"), created_at=now,
    )  # fmt: skip


@pytest.fixture
def joint(cast):
    now = timezone.now()
    return BranchPairing.objects.create(
        academic_year=cast.year, helping_branch=cast.er, partner_branch=cast.san, starts_on=dt.date(2026, 10, 8),
        ends_on=dt.date(2027, 6, 30), state="active", helping_confirmed_by=cast.user("er_secretary"), helping_confirmed_at=now,
        partner_confirmed_by=cast.user("san_secretary"), partner_confirmed_at=now,
    )  # fmt: skip


def lecture_given(cast, who="liu_member"):
    lecture = Lecture.objects.create(
        on=TODAY, minutes=40, topic="学习党史", textbook=Textbook.objects.create(title="读本", is_prescribed=True),
        recorded_by=cast.user(who), recorded_at=timezone.now(),
    )  # fmt: skip
    LectureSpeaker.objects.create(lecture=lecture, person=cast.person(who))
    audience = LectureAudience.objects.create(lecture=lecture, league_branch=cast.one)
    secretary = cast.user("league_secretary")
    return answer_audience(
        audience=audience, took_place=True, attendance=28, scope=scope_for(secretary), by=secretary, now=timezone.now()
    )


def counted_of(cast, who):
    rows = ledgers.counted(LogEntry.objects.filter(person=cast.person(who)), THIS_YEAR)
    return {key: value for key, value in ledgers.totals(rows).items() if value != (0, 0)}


def test_the_same_row_counts_in_several_ledgers_and_once_in_each(cast, joint):
    entry(cast, "er_member", purpose="service", activity=activity(cast, "volunteer", pairing=joint), minutes=90)
    entry(cast, "er_member", purpose="activity", activity=activity(cast, "party_lecture"), minutes=45)
    assert counted_of(cast, "er_member") == {
        "": (135, 2), "pairing": (90, 1), "service": (90, 1), "training": (45, 1),
    }  # fmt: skip


def test_a_lecture_counts_as_training_and_a_contacts_talk_as_mentoring_and_duty(cast):
    lecture_given(cast)
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2)
    type(row).objects.filter(pk=row.pk).update(is_formal=True)
    entry(cast, "liu_member", purpose="mentoring", mentorship=row, minutes=30)
    entry(cast, "liu_activist", purpose="mentoring", mentorship=row, minutes=25)
    guidance = guide(cast, cast.person("liu_member"))
    entry(
        cast,
        "liu_member",
        purpose="league_branch",
        league_branch=cast.one,
        league_guidance=guidance,
        focus_area="safety",
    )
    assert counted_of(cast, "liu_member") == {
        "": (130, 3), "mentoring": (90, 2), "contact": (30, 1), "lectures": (40, 1), "training": (40, 1),
    }  # fmt: skip
    # Whoever is cultivated logs the talk too, and has no contact's duty.
    assert counted_of(cast, "liu_activist") == {"": (25, 1), "mentoring": (25, 1)}


def test_only_confirmed_rows_of_the_year_count(cast):
    for state in ("draft", "submitted", "returned"):
        entry(cast, "er_member", state=state)
    entry(cast, "er_member", on=dt.date(2025, 12, 31))
    entry(cast, "er_member", on=dt.date(2026, 1, 1), minutes=20)
    assert counted_of(cast, "er_member") == {"": (20, 1), "training": (20, 1)}


@pytest.mark.parametrize("seed", range(5))
def test_each_sum_is_the_sum_of_its_rows(cast, joint, seed):
    chance = random.Random(seed)  # data for a test
    kinds = ["volunteer", "party_lecture", "contest", "social", "theme_day"]
    for _number in range(25):
        if chance.random() < 0.5:
            made = activity(cast, chance.choice(kinds), pairing=chance.choice([None, joint]))
            more = {"activity": made, "purpose": "service" if made.kind.counts_as_service else "activity"}
        else:
            more = {"purpose": chance.choice(["self_study", "service", "other"])}
        entry(
            cast, "er_member", minutes=chance.randint(1, 300), state=chance.choice(["confirmed", "confirmed", "submitted"]),
            on=dt.date(2026, chance.randint(1, 10), chance.randint(1, 28)), **more,
        )  # fmt: skip
    rows = ledgers.counted(LogEntry.objects.filter(person=cast.person("er_member")), THIS_YEAR)
    marked = list(ledgers.with_ledgers(rows))
    found = ledgers.totals(rows)
    assert found[""] == (sum(row.minutes for row in marked), len(marked))
    for ledger in ledgers.LEDGERS:
        own = list(ledgers.in_ledger(rows, ledger.key))
        assert len({row.pk for row in own}) == len(own)
        assert {row.pk for row in own} == {row.pk for row in marked if ledger in ledgers.ledgers_of(row)}
        assert found[ledger.key] == (sum(row.minutes for row in own), len(own))


def hints(client, who, cast, **query):
    page = client.get(reverse("person_ledgers", args=[cast.person(who).pk]), query)
    return {figure["key"]: (figure["value"], str(figure["hint"])) for figure in page.context["stats"]}


def test_training_is_held_against_32_hours_and_56_in_a_committee(cast, sign_in):
    entry(cast, "er_member", minutes=200)
    assert hints(sign_in("er_member"), "er_member", cast)["training"] == (
        "3 小时 20 分钟",
        "年度要求 32 小时：还差 28 小时 40 分钟",
    )
    assert hints(sign_in("er_secretary"), "er_secretary", cast)["training"][1] == "年度要求 56 小时：还差 56 小时"
    for day in range(1, 4):
        entry(cast, "er_member", minutes=720, on=dt.date(2026, 3, day))
    assert hints(sign_in("er_member"), "er_member", cast)["training"][1] == "年度要求 32 小时：已达到"
    # The goal is one of calendar years, and of members alone.
    by_year = hints(sign_in("er_member"), "er_member", cast, year="2026-2027")
    assert by_year["training"] == ("3 小时 20 分钟", "自学、主讲理论课，以及计为学习培训的活动")
    assert "年度要求" not in hints(sign_in("liu_activist"), "liu_activist", cast)["training"][1]


def test_each_figure_opens_its_rows(cast, sign_in):
    study = entry(cast, "er_member")
    service = entry(cast, "er_member", purpose="service")
    client = sign_in("er_member")
    page = client.get(reverse("my_ledgers"))
    assert [line["entry"] for line in page.context["lines"]] == [service, study]
    links = {figure["key"]: figure["url"] for figure in page.context["stats"]}
    assert [line["entry"] for line in client.get(links["service"]).context["lines"]] == [service]
    assert [line["entry"] for line in client.get(links["training"]).context["lines"]] == [study]
    assert client.get(links["pairing"]).context["lines"] == []
    assert "甘杰怡" in client.get(links["training"]).content.decode()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2025", "2025"), ("2026-2027", "2026-2027"), ("2030", "2026"), ("1999", "2026"), ("x", "2026"), ("", "2026"),
        ("2024-2025", "2026"), ("２０２５", "2026"),
    ],
)  # fmt: skip
def test_the_address_names_the_year_and_nonsense_is_this_year(cast, asked, expected):
    assert ledgers.period_of(asked, TODAY, list(AcademicYear.objects.all())).key == expected


PAGES = ("person_ledgers", "person_ledgers_print", "person_certificate")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("whose", "allowed", "refused"),
    [
        ("er_member", {"er_member", "er_secretary", "er_deputy", "mech_organiser", "college_organiser"}, {"administrator"}),
        ("classmate", {"classmate", "liu_secretary", "civil_organiser", "college_organiser"},
         {"league_secretary", "counsellor", "administrator"}),
    ],
)  # fmt: skip
def test_who_sees_the_hours_of_a_person(cast, sign_in, name, whose, allowed, refused):
    address = reverse(name, args=[cast.person(whose).pk])
    answers = {who: sign_in(who).get(address).status_code for who in cast.users}
    assert {who for who, code in answers.items() if code == 200} == allowed
    assert {who for who, code in answers.items() if code == 403} == refused
    assert set(answers.values()) == {200, 403, 404}


def test_the_persons_page_shows_the_figures_to_those_who_see_all_of_them(cast, sign_in):
    entry(cast, "er_member")
    address = reverse("person", args=[cast.person("er_member").pk])
    opens = f"{reverse('person_ledgers', args=[cast.person('er_member').pk])}?year=2026&amp;ledger=training#rows"
    assert opens in sign_in("er_secretary").get(address).content.decode()
    assert opens not in sign_in("administrator").get(address).content.decode()


def test_the_printed_record_names_every_row_once_and_who_confirmed_it(cast, sign_in, joint):
    entry(cast, "er_member", purpose="service", activity=activity(cast, "volunteer", pairing=joint))
    page = sign_in("er_member").get(reverse("person_ledgers_print", args=[cast.person("er_member").pk]))
    html = page.content.decode()
    assert html.count("学习党章") == 1
    assert "结对共建 · 志愿服务" in html
    assert '甘杰怡</span> <span class="short">2026-10-28' in html
    totals = {str(row["label"]): row["count"] for row in page.context["totals"] if row["count"]}
    assert totals == {"结对共建": 1, "志愿服务": 1}


def test_the_certificate_names_lectures_who_heard_and_who_confirmed_them(cast, sign_in):
    address = reverse("person_certificate", args=[cast.person("liu_member").pk])
    client = sign_in("liu_member")
    assert "还没有已确认的理论课" in client.get(address).content.decode()
    lecture_given(cast)
    html = client.get(address).content.decode()
    for words in (
        "周鑫",
        "主讲理论课 1 次，共 40 分钟",
        "学习党史",
        cast.one.name,
        "到场 28 人",
        '张轩丽</span> <span class="short">2026-10-28',
    ):
        assert words in html
    assert "还没有已确认的理论课" in client.get(address, {"year": "2025"}).content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_one_row_costs_as_many_queries_as_three(cast, sign_in, name):
    client, counts = sign_in("liu_member"), []
    address = reverse(name, args=[cast.person("liu_member").pk])
    Textbook.objects.all().delete()
    client.get(address)
    for number in range(3):
        entry(cast, "liu_member")
        lecture = Lecture.objects.create(
            on=TODAY, minutes=40, recorded_by=cast.user("liu_member"), recorded_at=timezone.now()
        )
        LectureAudience.objects.create(
            lecture=lecture, league_branch=cast.one, state="confirmed", confirmed_by=cast.user("league_secretary"),
            confirmed_at=timezone.now(),
        )  # fmt: skip
        entry(cast, "liu_member", purpose="lecture", lecture=lecture, league_branch=cast.one)
        if number in (0, 2):
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            counts.append(len(captured))
    assert counts[0] == counts[1]
