"""The calendar: who sees which line, what a month is, holidays in the margin, a fixed number of queries."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import Lecture, LectureAudience, LectureState
from members.models import Post
from pairings.models import Cover, ProjectMilestone
from tests.pairings.work import (  # fmt: skip
    active_pairing,
    add_pair_task,
    add_task,
    finish,
    gap,
    inspect,
    mend,
    published_pair,
    start_project,
)

from .talks import book, record, second_league_branch

pytestmark = pytest.mark.django_db
__all__ = ["active_pairing", "published_pair"]  # fixtures

NOVEMBER = "/calendar/?month=2026-11"


def stand_in(cast, pairing, state="accepted", **changes):
    """罗萍妍 of Er stands in for 罗杰 of San with the files, 3 November to 31 December."""
    now, secretary = timezone.now(), cast.user("san_secretary")
    values = {
        "pairing": pairing, "absent": cast.person("san_member"), "stand_in": cast.person("er_member"), "duty": "files",
        "from_on": dt.date(2026, 11, 3), "to_on": dt.date(2026, 12, 31), "state": state, "asked_by": secretary, "asked_at": now,
        "answered_by": secretary, "answered_at": now,
    }  # fmt: skip
    return Cover.objects.create(**values | changes)


def visit(client, address):
    """Read in English, so that the words are those of the code."""
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(address)


def lines_of(week):
    """(day, title) of every line of a week in the order of the page; what began before the month first.

    The half-year reviews that are due for the cast are the business of other tests.
    """
    groups = (week.running, *(day.lines for day in week.days))
    return [
        (f"{line.entry.on:%m-%d}", line.entry.title)
        for group in groups
        for line in group
        if line.entry.kind != "observation"
    ]


def lines(response):
    return [line for week in response.context["weeks"] for line in lines_of(week)]


def seen_by(sign_in, address, *names):
    """Titles each of the cast finds at an address."""
    return {name: [title for _day, title in lines(visit(sign_in(name), address))] for name in names}


def all_of(names, titles):
    return dict.fromkeys(names, titles)


# --- Who sees what --------------------------------------------------------------------------------


def test_an_agreed_stand_in_stands_on_the_calendars_of_both_sides_and_of_nobody_else(cast, pairing, sign_in):
    stand_in(cast, pairing)
    concerned = ("er_member", "san_member", "er_secretary", "san_secretary", "mech_organiser", "college_organiser")
    others = ("er_probationary", "san_activist", "si_secretary", "liu_secretary", "civil_organiser", "counsellor", "stranger")  # fmt: skip

    assert seen_by(sign_in, NOVEMBER, *concerned, *others) == {
        **all_of(concerned, ["罗萍妍 stands in for 罗杰: files"]),
        **all_of(others, []),
    }


@pytest.mark.parametrize("state", ["asked", "declined", "ended"])
def test_a_stand_in_that_is_not_agreed_is_on_no_calendar(cast, pairing, sign_in, state):
    stand_in(cast, pairing, state)

    assert seen_by(sign_in, NOVEMBER, "er_member", "san_secretary") == {"er_member": [], "san_secretary": []}


def test_a_stand_in_for_the_whole_branch_names_the_branch(cast, pairing, sign_in):
    stand_in(cast, pairing, absent=None)

    assert seen_by(sign_in, NOVEMBER, "er_member") == {"er_member": ["罗萍妍 stands in for 第三党支部: files"]}


def test_a_line_leads_where_its_reader_may_go(cast, pairing, sign_in):
    """Committees to the stand-ins of the pairing, the two people to their own record."""
    stand_in(cast, pairing)
    found = {}
    for name in ("er_member", "san_member", "er_secretary", "san_secretary", "mech_organiser", "administrator"):
        client = sign_in(name)
        page = visit(client, NOVEMBER).content.decode()
        found_here = re.findall(r'class="agenda-entry" href="([^"]+)"', page)
        (address,) = [address for address in found_here if not address.startswith("/mentoring/")]
        found[name] = (address, client.get(address, follow=True).status_code)

    beside = (f"/pairings/continuity/?pairing={pairing.pk}#stand-ins", 200)
    own = ("/members/me/", 200)
    assert found == {
        "er_member": own, "san_member": own, "er_secretary": beside, "san_secretary": beside, "mech_organiser": beside,
        "administrator": beside,
    }  # fmt: skip


def test_open_lines_of_the_shared_plan_are_seen_by_both_branches(cast, pairing, pair, sign_in):
    add_task(cast, pairing, due_on=dt.date(2026, 11, 20))
    finish(cast, add_task(cast, pairing, what="已做完", due_on=dt.date(2026, 11, 21)))
    add_task(cast, pairing, what="无期限", due_on=None)
    add_pair_task(cast, pair, due_on=dt.date(2026, 11, 22))

    both = ("er_secretary", "er_probationary", "san_secretary", "san_activist")
    others = ("si_secretary", "liu_secretary", "stranger")
    assert seen_by(sign_in, NOVEMBER, *both, *others) == {
        **all_of(both, ["规范三会一课记录"]),
        **all_of(others, []),
    }


def test_what_is_to_be_mended_is_the_two_committees_business(cast, pairing, sign_in):
    inspection = inspect(cast, pairing, gap(0), gap(1))
    findings = list(inspection.findings.order_by("pk"))
    mend(cast, findings[1])

    committees = ("er_secretary", "er_deputy", "san_secretary")
    others = ("er_member", "san_member", "mech_organiser", "si_secretary")
    assert seen_by(sign_in, NOVEMBER, *committees, *others) == {
        **all_of(committees, [f"{findings[0].material.name} · 第三党支部"]),
        **all_of(others, []),
    }


def test_milestones_that_are_not_reached_are_seen_by_both_branches(cast, pairing, sign_in):
    project = start_project(cast, pairing)
    for title, done_on in (("开题", None), ("调研", dt.date(2026, 10, 20))):
        ProjectMilestone.objects.create(project=project, title=title, due_on=dt.date(2026, 11, 20), done_on=done_on)

    assert seen_by(sign_in, NOVEMBER, "er_member", "san_secretary", "si_secretary") == {
        "er_member": ["开题"], "san_secretary": ["开题"], "si_secretary": [],
    }  # fmt: skip


def test_a_pairing_has_its_first_and_its_last_day(cast, pairing, sign_in):
    client = sign_in("san_member")

    assert lines(visit(client, "/calendar/")) == [("10-08", "Pairing begins: 第二党支部 ↔ 第三党支部")]
    assert lines(visit(client, "/calendar/?month=2027-06")) == [("06-30", "Pairing ends: 第二党支部 ↔ 第三党支部")]
    assert lines(visit(sign_in("si_secretary"), "/calendar/")) == []


@pytest.mark.parametrize(("state", "kept"), [("completed", 1), ("ended_early", 0), ("proposed", 0), ("declined", 0)])
def test_only_a_pairing_that_was_kept_has_a_last_day(cast, pairing, sign_in, state, kept):
    pairing.state = state
    pairing.save()

    assert len(lines(visit(sign_in("er_secretary"), "/calendar/?month=2027-06"))) == kept


def test_a_pairing_that_is_over_leaves_no_due_days(cast, pairing, sign_in):
    add_task(cast, pairing, due_on=dt.date(2026, 11, 20))
    inspect(cast, pairing, gap())
    ProjectMilestone.objects.create(project=start_project(cast, pairing), title="开题", due_on=dt.date(2026, 11, 20))
    assert len(lines(visit(sign_in("er_secretary"), NOVEMBER))) == 3
    pairing.state = "ended_early"
    pairing.save()

    assert lines(visit(sign_in("er_secretary"), NOVEMBER)) == []


def test_a_lecture_is_seen_by_who_gives_it_and_by_the_league_branches_that_hear_it(cast, sign_in):
    record(cast)
    concerned = ("liu_member", "liu_secretary", "league_secretary", "civil_organiser", "college_organiser")
    others = ("classmate", "liu_activist", "er_secretary", "mech_organiser", "counsellor")

    assert seen_by(sign_in, "/calendar/", *concerned, *others) == {
        **all_of(concerned, ["党的性质"]),
        **all_of(others, []),
    }


def test_a_league_secretary_reads_of_their_own_league_branch_only(cast, sign_in):
    old = second_league_branch(cast)
    lecture = record(cast, league_branches=[cast.one, old])
    note = {}
    for name in ("league_secretary", "classmate", "liu_secretary"):
        ((line,),) = [
            day.lines for week in visit(sign_in(name), "/calendar/").context["weeks"] for day in week.days if day.lines
        ]
        note[name] = (line.entry.note, line.entry.url)

    week = f"?week={lecture.on - dt.timedelta(days=lecture.on.weekday())}"
    assert note == {
        "league_secretary": ("土木系2026级土木工程团支部 · 周鑫", f"/lectures/league/{cast.one.pk}/{week}"),
        "classmate": ("土木系2025级土木工程团支部 · 周鑫", f"/lectures/league/{old.pk}/{week}"),
        "liu_secretary": ("土木系2026级土木工程团支部、土木系2025级土木工程团支部 · 周鑫", f"/lectures/league/{cast.one.pk}/{week}"),
    }  # fmt: skip


@pytest.mark.parametrize(("state", "shown"), [("planned", 1), ("delivered", 1), ("cancelled", 0)])
def test_a_cancelled_lecture_is_not_in_the_calendar(cast, sign_in, state, shown):
    lecture = record(cast)
    Lecture.objects.filter(pk=lecture.pk).update(state=state, cancel_reason="调课" if state == "cancelled" else "")

    assert len(lines(visit(sign_in("league_secretary"), "/calendar/"))) == shown


def test_a_speaker_without_a_duty_reads_the_line_without_a_link(cast, sign_in):
    record(cast)
    response = visit(sign_in("liu_member"), "/calendar/")

    assert '<div class="agenda-entry">' in response.content.decode()


# --- The month ------------------------------------------------------------------------------------


def test_what_lasts_longer_stands_once_where_it_begins_and_then_under_the_first_week(cast, pairing, sign_in):
    stand_in(cast, pairing)
    client = sign_in("er_member")
    title = "罗萍妍 stands in for 罗杰: files"
    november, december = (visit(client, f"/calendar/?month=2026-{month}").context["weeks"] for month in (11, 12))

    assert [lines_of(week) for week in november] == [[], [("11-03", title)], [], [], [], []]
    assert [lines_of(week) for week in december] == [[("11-03", title)], [], [], [], []]
    assert [len(week.running) for week in december] == [1, 0, 0, 0, 0]
    assert lines(visit(client, "/calendar/?month=2027-01")) == []


def test_the_page_says_since_when_and_until_when(cast, pairing, sign_in):
    stand_in(cast, pairing)
    client = sign_in("san_member")
    words = [re.sub(r"<[^>]+>", "|", visit(client, f"/calendar/?month=2026-{month}").content.decode()) for month in (11, 12)]  # fmt: skip

    assert [("since 3 Nov 2026" in text, "until 31 Dec 2026" in text) for text in words] == [
        (False, True),
        (True, True),
    ]


def test_a_month_is_cut_into_weeks_with_their_number_and_today_is_marked(cast, pairing, sign_in):
    weeks = visit(sign_in("er_secretary"), "/calendar/").context["weeks"]

    assert [(week.first.day, week.last.day, week.number, week.is_exam, week.is_current) for week in weeks] == [
        (1, 4, 4, False, False), (5, 11, 5, False, False), (12, 18, 6, False, False), (19, 25, 7, False, False),
        (26, 31, 8, False, True),
    ]  # fmt: skip
    assert [str(day.on) for week in weeks for day in week.days if day.is_today] == ["2026-10-28"]


def test_exam_weeks_and_days_outside_the_term_have_no_teaching_week(cast, pairing, sign_in):
    add_task(cast, pairing, due_on=dt.date(2027, 1, 20))
    weeks = visit(sign_in("er_secretary"), "/calendar/?month=2027-01").context["weeks"]

    assert [(week.first.day, week.number, week.is_exam) for week in weeks] == [
        (1, 17, False), (4, 18, False), (11, 19, True), (18, 20, True), (25, None, False),
    ]  # fmt: skip


def test_holidays_and_make_up_days_stand_in_the_margin_also_of_an_empty_month(cast, sign_in):
    response = visit(sign_in("er_member"), "/calendar/")

    assert [
        (mark.kind, mark.name, mark.first.day, mark.last.day) for week in response.context["weeks"] for mark in week.marks
    ] == [
        ("holiday", "国庆节", 1, 4), ("holiday", "国庆节", 5, 7), ("makeup", "国庆节调休", 10, 10),
    ]  # fmt: skip
    assert "Nothing stands in the calendar this month" in response.content.decode()


def test_kinds_are_chosen_in_the_address(cast, pairing, sign_in):
    stand_in(cast, pairing)
    add_task(cast, pairing, due_on=dt.date(2026, 11, 20))
    client = sign_in("er_secretary")
    response = visit(client, NOVEMBER + "&kind=task")

    assert lines(response) == [("11-20", "规范三会一课记录")]
    assert [(row["url"], row["count"], row["is_on"]) for row in response.context["filters"]] == [
        ("/calendar/?month=2026-11", 3, False), ("/calendar/?month=2026-11&kind=cover", 1, False),
        ("/calendar/?month=2026-11&kind=task", 1, True), ("/calendar/?month=2026-11&kind=observation", 1, False),
    ]  # fmt: skip
    assert (response.context["earlier"], response.context["later"]) == (
        "/calendar/?kind=task", "/calendar/?month=2026-12&kind=task",
    )  # fmt: skip
    assert visit(client, NOVEMBER + "&kind=lecture").context["has_entries"] is False


@pytest.mark.parametrize(
    "query",
    ["month=abc", "month=2026-13", "month=2026-00", "month=2026-1", "month=2026-11-01", "month=2026-W45", "month=-2026-11",
     "month=２０２６-11", "month=2026-11%00", "month=0000-01", "month=9999-12", "month=2036-11", "month=2016-09",
     "kind=secret", "kind=cover%00"],
)  # fmt: skip
def test_what_is_no_month_or_kind_is_refused_in_words(cast, sign_in, query):
    response = sign_in("er_member").get(f"/calendar/?{query}")

    assert response.status_code == 400
    assert "无法识别这个请求" in response.content.decode()


@pytest.mark.parametrize(("month", "earlier", "later"), [("2016-10", False, True), ("2036-10", True, False)])
def test_the_calendar_ends_ten_years_from_now(cast, sign_in, month, earlier, later):
    context = visit(sign_in("er_member"), f"/calendar/?month={month}").context

    assert (bool(context["earlier"]), bool(context["later"])) == (earlier, later)


# --- What it costs, how it is reached -------------------------------------------------------------


def test_one_entry_and_three_of_each_kind_cost_the_same_queries(cast, pairing, sign_in):
    Post.objects.create(
        person=cast.person("er_secretary"), league_branch=cast.old, kind="league_secretary", since=dt.date(2026, 9, 1)
    )
    project = start_project(cast, pairing)
    client = sign_in("er_secretary")

    def add(number):
        day = dt.date(2026, 11, 10 + number)
        stand_in(cast, pairing, from_on=day)
        add_task(cast, pairing, who=cast.person("san_member"), due_on=day)
        inspect(cast, pairing, gap(number, mend_by_on=day))
        ProjectMilestone.objects.create(project=project, title=f"节点{number}", due_on=day)
        lecture = Lecture.objects.create(
            on=day, minutes=40, textbook=book(), recorded_by=cast.user("liu_member"), recorded_at=timezone.now(),
            state=LectureState.PLANNED,
        )  # fmt: skip
        lecture.speakers.create(person=cast.person("liu_member"))
        LectureAudience.objects.create(lecture=lecture, league_branch=cast.old)

    visit(client, NOVEMBER)
    counts, shown = [], []
    for numbers in ([0], [1, 2]):
        for number in numbers:
            add(number)
        with CaptureQueriesContext(connection) as captured:
            shown.append(len(lines(visit(client, NOVEMBER))))
        counts.append(len(captured))
    assert shown == [5, 15]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["league_secretary", "liu_member"])
def test_lectures_stay_in_the_menu_for_who_gives_and_who_confirms_them(cast, sign_in, name):
    page = sign_in(name).get("/calendar/").content.decode()
    menu = page.partition('class="frame-nav"')[2].partition("</nav>")[0]

    assert 'href="/lectures/"' in menu
    assert re.findall(r'href="([^"]+)" aria-current="page"', menu) == ["/calendar/"]
