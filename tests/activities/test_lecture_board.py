"""The quota board: who sees what, two clicks from a department to a lecture, filters, and a fixed number of queries."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.models import (
    Lecture,
    LectureAudience,
    LectureDuty,
    LectureSpeaker,
    NoLecture,
    QuotaExemption,
    Textbook,
    TextbookChapter,
)
from activities.services import assign_duty
from branches.models import LeagueBranch, Term

BOARD = "/lectures/"
THIS_MONDAY, LAST_MONDAY = dt.date(2026, 10, 26), dt.date(2026, 10, 19)


@pytest.fixture
def book(cast):
    book = Textbook.objects.create(title="大学生党的基本知识读本", is_prescribed=True)
    for number in range(1, 6):
        TextbookChapter.objects.create(textbook=book, number=number, title=f"第{number}讲")
    return book


def league(cast, name, *, party=None, year=2026, **more):
    party = party or cast.liu
    return LeagueBranch.objects.create(
        department=party.department, name=name, enrolment_year=year, party_branch=party, **more
    )


def hear(cast, book, branch, on, *, state="confirmed", minutes=40, chapter=None, **more):
    """A lecture one League branch heard; confirmed unless said otherwise."""
    now = timezone.now()
    lecture = Lecture.objects.create(
        on=on, minutes=minutes, textbook=book, textbook_chapter=chapter, recorded_by=cast.user("liu_member"), recorded_at=now,
        state=more.pop("lecture_state", "delivered"), **more,
    )  # fmt: skip
    LectureSpeaker.objects.create(lecture=lecture, person=cast.person("liu_member"))
    answered = {} if state == "waiting" else {"confirmed_by": cast.user("league_secretary"), "confirmed_at": now}
    return LectureAudience.objects.create(lecture=lecture, league_branch=branch, state=state, **answered)


def board(client, **query):
    response = client.get(BOARD, query)
    assert response.status_code == 200
    return response


def names(response) -> list[str]:
    return [row.league_branch.name for row in response.context["rows"]]


def test_the_college_sees_departments_then_league_branches_then_the_lecture(cast, sign_in, book):
    league(cast, "机械系2026级1班团支部", party=cast.er)
    heard = hear(cast, book, cast.one, THIS_MONDAY, topic="党的性质")
    college = sign_in("college_organiser")
    first = board(college)
    assert [row.department.name for row in first.context["departments"]] == ["机械系", "土木系"]
    assert [(row.current.totals.met, row.current.totals.running) for row in first.context["departments"]] == [
        (0, 1),
        (0, 1),
    ]
    second = f"?department={cast.civil.pk}&amp;week=2026-10-26"
    assert second in first.content.decode()
    rows = college.get(BOARD + second.replace("&amp;", "&"))
    third = f"{reverse('lecture_week', args=[cast.one.pk])}?week=2026-10-26"
    assert names(rows) == [cast.one.name]
    assert third in rows.content.decode()
    page = college.get(third)
    assert [row["lecture"].topic for row in page.context["rows"]] == ["党的性质"]
    assert page.context["rows"][0]["audience"] == heard


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("liu_secretary", True),
        ("liu_member", True),
        ("league_secretary", True),
        ("civil_organiser", True),
        ("er_secretary", False),
        ("mech_organiser", False),
        ("classmate", False),
        ("stranger", False),
        ("administrator", False),
    ],
)
def test_others_see_the_league_branches_they_have_to_do_with_at_once(cast, sign_in, book, who, seen):
    assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    page = board(sign_in(who))
    assert page.context["departments"] == []
    assert names(page) == ([cast.one.name] if seen else [])


def test_a_cell_says_required_counted_pace_and_what_waits(cast, sign_in, book):
    hear(cast, book, cast.one, THIS_MONDAY)
    hear(cast, book, cast.one, THIS_MONDAY, state="waiting")
    page = board(sign_in("liu_secretary"))
    cell = page.context["rows"][0].current
    assert (cell.status.counted, cell.status.required, cell.status.waiting, cell.status.state) == (1, 2, 1, "running")
    assert cell.pace == "截至周日还差 1 次"
    for word in ("1/2", "截至周日还差 1 次", "进行中"):
        assert word in page.content.decode()


def test_a_week_with_a_reason_has_its_own_word_and_stays_unmet(cast, sign_in, book):
    NoLecture.objects.create(
        league_branch=cast.one, monday=LAST_MONDAY, reason="全校运动会", recorded_by=cast.user("liu_member"), recorded_at=timezone.now()
    )  # fmt: skip
    client = sign_in("liu_secretary")
    page = board(client)
    cell = next(cell for cell in page.context["rows"][0].cells if cell.status.monday == LAST_MONDAY)
    assert (cell.status.state, cell.status.missing, cell.is_said) == ("missed", 2, True)
    assert "全校运动会" in cell.why
    assert "#chat-square-text" in page.content.decode()
    week = client.get(reverse("lecture_week", args=[cast.one.pk]), {"week": "2026-10-19"}).content.decode()
    assert "本周无宣讲" in week
    assert "全校运动会" in week
    assert names(board(client, state="said", week="2026-10-19")) == [cast.one.name]
    assert names(client.get(BOARD, {"state": "said"})) == []


def test_minutes_the_league_branch_heard_are_what_counts(cast, sign_in, book):
    audience = hear(cast, book, cast.one, THIS_MONDAY, minutes=45)
    LectureAudience.objects.filter(pk=audience.pk).update(minutes_heard=20)
    client = sign_in("liu_secretary")
    assert board(client).context["rows"][0].current.status.counted == 0
    row = client.get(reverse("lecture_week", args=[cast.one.pk])).context["rows"][0]
    assert (row["verdict"].fact.minutes, row["verdict"].why) == (20, "too_short")


def test_the_page_of_the_week_says_how_many_were_there_and_whom_to_ask_for_a_speaker(cast, sign_in, book):
    audience = hear(cast, book, cast.one, THIS_MONDAY)
    LectureAudience.objects.filter(pk=audience.pk).update(attendance=28)
    page = sign_in("liu_secretary").get(reverse("lecture_week", args=[cast.one.pk])).content.decode()
    assert ("到场 28 人" in page, "宣讲任务" in page) == (True, True)
    LectureAudience.objects.filter(pk=audience.pk).update(attendance=None)
    page = sign_in("liu_secretary").get(reverse("lecture_week", args=[cast.one.pk])).content.decode()
    assert "到场" not in page


def test_a_row_names_speakers_textbook_the_next_lecture_and_the_exemption_asked_for(cast, sign_in, book):
    assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    hear(cast, book, cast.one, THIS_MONDAY, chapter=book.chapters.get(number=1))
    hear(cast, book, cast.one, dt.date(2026, 11, 3), state="waiting", lecture_state="planned", place="A301")
    QuotaExemption.objects.create(
        league_branch=cast.one, from_on=dt.date(2026, 11, 9), to_on=dt.date(2026, 11, 13), reason="exams", state="asked"
    )
    row = board(sign_in("liu_secretary")).context["rows"][0]
    assert (row.speakers, row.heard, row.chapters) == (("周鑫",), 1, 5)
    assert (row.planned.lecture.place, row.asked.reason) == ("A301", "exams")


def test_filters_stand_in_the_address_and_in_words(cast, sign_in, book):
    met, other = league(cast, "甲班团支部"), league(cast, "乙班团支部", party=cast.er)
    for day in (0, 1):
        hear(cast, book, met, THIS_MONDAY + dt.timedelta(days=day))
    assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    client = sign_in("college_organiser")
    assert names(board(client, state="met")) == ["甲班团支部"]
    assert names(board(client, state="running", department=cast.mech.pk)) == ["乙班团支部"]
    assert names(board(client, party=cast.er.pk)) == [other.name]
    assert names(board(client, q="周鑫")) == [cast.one.name]
    assert names(board(client, q="甲班")) == ["甲班团支部"]
    found = board(client, state="met", q="甲")
    assert found.context["words"] == ["达标", "“甲”"]
    none = client.get(BOARD, {"q": "没有这个"})
    assert (none.status_code, names(none)) == (200, [])
    assert "可以去掉一个筛选条件，或看看别的周。" in none.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"state": "green"}, {"department": "x"}, {"department": "999999"}, {"term": "1999-autumn"}, {"week": "2026-13-45"},
        {"grade": "-1"}, {"party": "0"}, {"q": "长" * 51},
    ],
)  # fmt: skip
def test_a_filter_that_does_not_exist_is_refused_in_words(cast, sign_in, query):
    response = sign_in("civil_organiser").get(BOARD, query)
    assert response.status_code == 400
    assert response.context["rows"] == []


@pytest.mark.parametrize(
    "query", [{"page": "0"}, {"page": "x"}, {"page": "99"}, {"week": "1999-01-01"}, {"week": "2026-10-08"}]
)
def test_pages_and_weeks_that_have_no_board_show_the_nearest(cast, sign_in, query):
    page = board(sign_in("civil_organiser"), **query)
    assert names(page) == [cast.one.name]
    assert page.context["focus"].monday == THIS_MONDAY


def test_another_week_in_focus_moves_the_wide_column(cast, sign_in, book):
    page = board(sign_in("liu_secretary"), week="2026-10-21")
    assert page.context["focus"].monday == LAST_MONDAY
    assert page.context["rows"][0].current.status.monday == LAST_MONDAY
    assert page.context["summary"].missed == 1


def test_weeks_of_an_older_term_stay_to_be_read(cast, sign_in, fixed_clock):
    Term.objects.create(
        academic_year=cast.year, season="spring", start_monday=dt.date(2027, 3, 1), teaching_weeks=18, exam_weeks=2
    )
    fixed_clock.move_to(dt.datetime(2027, 4, 7, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    client = sign_in("liu_secretary")
    now = board(client)
    assert [term["key"] for term in now.context["terms"]] == ["2026-spring", "2026-autumn"]
    assert min(head.monday for head in now.context["weeks"]) == dt.date(2027, 3, 1)
    then = board(client, term="2026-autumn")
    assert min(head.monday for head in then.context["weeks"]) == dt.date(2026, 10, 12)
    assert names(then) == [cast.one.name]


def test_more_than_sixty_league_branches_come_in_pages(cast, sign_in):
    LeagueBranch.objects.bulk_create(
        LeagueBranch(department=cast.civil, name=f"26级{number:03}班团支部", enrolment_year=2026, party_branch=cast.liu)
        for number in range(200)
    )
    client = sign_in("civil_organiser")
    pages = [board(client, page=number) for number in (1, 2, 3, 4)]
    assert [len(page.context["rows"]) for page in pages] == [60, 60, 60, 21]
    assert len({name for page in pages for name in names(page)}) == 201
    assert pages[0].context["summary"].running == 201


def queries_of(client, **query) -> int:
    with CaptureQueriesContext(connection) as captured:
        board(client, **query)
    return len(captured)


@pytest.mark.parametrize("query", [{}, {"department": "civil"}, {"state": "running"}])
def test_three_league_branches_ask_no_more_than_one(cast, sign_in, book, query):
    """Departments and League branches alike; lectures, duties, chapters and exemptions behind every one of them."""
    if "department" in query:
        query = {"department": cast.civil.pk}
    client = sign_in("college_organiser")

    def furnish(branch):
        LectureDuty.objects.create(person=cast.person("liu_member"), league_branch=branch, academic_year=cast.year)
        hear(cast, book, branch, THIS_MONDAY, chapter=book.chapters.get(number=1))
        hear(cast, book, branch, dt.date(2026, 11, 3), state="waiting", lecture_state="planned")
        QuotaExemption.objects.create(
            league_branch=branch,
            from_on=dt.date(2026, 11, 9),
            to_on=dt.date(2026, 11, 13),
            reason="exams",
            state="asked",
        )

    furnish(cast.one)
    if not query:
        furnish(league(cast, "机械一班", party=cast.er))
    queries_of(client, **query)
    before = queries_of(client, **query)
    for number in (2, 3):
        furnish(league(cast, f"土木{number}班"))
    assert queries_of(client, **query) == before


def test_an_empty_board_says_what_stands_here(cast, sign_in):
    text = board(sign_in("classmate")).content.decode()
    assert "没有可显示的团支部" in text


def test_the_week_page_shows_an_exemption_and_the_chapters(cast, sign_in, book):
    QuotaExemption.objects.create(
        league_branch=cast.one, from_on=dt.date(2026, 10, 27), to_on=dt.date(2026, 10, 28), reason="military_training"
    )
    hear(cast, book, cast.one, THIS_MONDAY, chapter=book.chapters.get(number=2))
    page = sign_in("liu_secretary").get(reverse("lecture_week", args=[cast.one.pk]))
    assert page.context["status"].state == "exempt"
    assert [one["heard"].confirmed for one in page.context["chapters"]] == [0, 1, 0, 0, 0]
    assert "军训" in page.content.decode()
