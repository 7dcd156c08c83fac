"""Rules change from their date on: no week that is over is judged anew, and a week that runs keeps the rules it began with."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from activities.lectures.board import QuotaContext, board_rows, shown_weeks
from activities.models import Lecture, LectureAudience, Textbook
from branches.models import PolicyValue

W6, W7, W8, W9 = (dt.date(2026, 10, 12) + dt.timedelta(weeks=number) for number in range(4))
LATER = dt.date(2026, 12, 9)


@pytest.fixture
def lectures(cast):
    """One lecture of 35 minutes from the textbook in each of four weeks, one of 60 from other material in the last."""
    book = Textbook.objects.create(title="读本", is_prescribed=True)
    for monday in (W6, W7, W8, W9):
        hear(cast, book, monday, 35)
    hear(cast, None, W9 + dt.timedelta(days=1), 60)


def hear(cast, book, on, minutes):
    now = timezone.now()
    lecture = Lecture.objects.create(
        on=on, minutes=minutes, textbook=book, recorded_by=cast.user("liu_member"), recorded_at=now
    )
    LectureAudience.objects.create(
        lecture=lecture, league_branch=cast.one, state="confirmed", confirmed_by=cast.user("league_secretary"), confirmed_at=now
    )  # fmt: skip


def rule(key, value, since):
    PolicyValue.objects.create(key=key, value=str(value), source="学院决定", effective_from=since)


def row(cast, branch=None, today=LATER):
    rows = board_rows(league_branches=[branch or cast.one], mondays=[W6, W7, W8, W9], today=today)
    return [(cell.required, cell.counted, cell.state.value) for cell in rows[0].cells]


def test_before_any_change(cast, lectures):
    assert row(cast) == [(2, 1, "missed")] * 4


def test_a_lower_number_from_a_monday_on(cast, lectures):
    rule("lectures_a_week", 1, W8)
    assert row(cast) == [(2, 1, "missed"), (2, 1, "missed"), (1, 1, "met"), (1, 1, "met")]


def test_a_change_in_the_middle_of_a_week_holds_from_the_next_monday(cast, lectures):
    rule("lectures_a_week", 1, W7 + dt.timedelta(days=2))
    assert row(cast) == [(2, 1, "missed"), (2, 1, "missed"), (1, 1, "met"), (1, 1, "met")]


def test_longer_lectures_from_a_day_on_leave_earlier_ones_counted(cast, lectures):
    rule("lecture_min_minutes", 40, W8)
    assert [counted for _required, counted, _state in row(cast)] == [1, 1, 0, 0]


def test_other_material_counts_only_from_its_day_on(cast, lectures):
    rule("lecture_textbook_required", 0, W9)
    assert row(cast) == [(2, 1, "missed")] * 3 + [(2, 2, "met")]


def test_second_year_league_branches_owe_from_the_day_they_do(cast, lectures):
    rule("junior_study_years", 2, W8)
    assert [state for _required, _counted, state in row(cast, cast.old)] == ["not_owed", "not_owed", "missed", "missed"]


def test_two_changes_each_hold_for_their_time(cast, lectures):
    rule("lectures_a_week", 1, W7)
    rule("lectures_a_week", 3, W9)
    assert [required for required, _counted, _state in row(cast)] == [2, 1, 1, 3]


def test_a_later_season_keeps_the_weeks_that_were_owed(cast):
    """The season moved to November while it ran: October stays on the board, and what was owed there."""
    rule("lecture_season_month", 11, W8)
    context = QuotaContext.load()
    assert shown_weeks(context, LATER)[:3] == [W6, W7, dt.date(2026, 11, 2)]


def test_fewer_teaching_days_asked_for_later_do_not_turn_the_holiday_into_a_quota_week(cast):
    rule("quota_min_teaching_days", 3, W7)
    assert shown_weeks(QuotaContext.load(), LATER)[0] == W6
    PolicyValue.objects.all().delete()
    rule("quota_min_teaching_days", 3, dt.date(2026, 9, 1))
    assert shown_weeks(QuotaContext.load(), LATER)[0] == dt.date(2026, 10, 5)


def test_the_whole_academic_year_takes_in_the_exam_weeks(cast):
    rule("lecture_season_whole_year", 1, dt.date(2026, 9, 1))
    exams = dt.date(2027, 1, 11)
    context = QuotaContext.load()
    assert [
        context.owed(monday) for monday in (exams, exams + dt.timedelta(weeks=1), exams + dt.timedelta(weeks=2))
    ] == [2, 2, 0]


def test_a_book_that_becomes_prescribed_is_no_news_for_another_books_lectures(cast, lectures):
    """Several may be prescribed side by side: what was given from the first one stays counted."""
    before = row(cast)
    Textbook.objects.create(title="读本(新版)", is_prescribed=True)
    assert row(cast) == before


def test_the_mark_of_a_book_stays_once_lectures_were_given_from_it(cast, lectures, sign_in):
    """Taking it away would undo what was counted. A book nobody has used yet may still be marked."""
    used, unused = Textbook.objects.get(), Textbook.objects.create(title="读本(新版)")
    staff = sign_in("college_organiser")
    for book, mark in ((used, ""), (unused, "on")):
        given = {"title": book.title, "publisher": "", "edition": "", **({"is_prescribed": mark} if mark else {})}
        address = reverse("admin:activities_textbook_change", args=[book.pk])
        assert staff.post(address, given).status_code == 302
        book.refresh_from_db()
        assert book.is_prescribed is True
    assert row(cast) == [(2, 1, "missed")] * 4
