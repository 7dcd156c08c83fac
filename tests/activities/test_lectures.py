"""A lecture is recorded once, confirmed by who heard it, and counted for everybody concerned."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from activities.models import Lecture, LectureAudience, LogEntry, QuotaExemption, Textbook
from activities.services import assign_duty
from notifications.models import Notice
from notifications.services import run_tick

pytestmark = pytest.mark.usefixtures("quiet_reminders")


@pytest.fixture
def book(cast):
    return Textbook.objects.create(title="大学生党的基本知识读本", is_prescribed=True)


@pytest.fixture
def duty(cast):
    return assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)


def record(client, cast, book, **changes):
    values = {
        "league_branches": [cast.one.pk], "speakers": [cast.person("liu_member").pk], "on": "2026-10-27", "minutes": "40",
        "textbook": book.pk if book else "", "chapter": "第一章", "topic": "党的性质",
    }  # fmt: skip
    return client.post(reverse("lecture_new"), values | changes)


def quota(capsys, on="2026-10-28"):
    call_command("quota_status", "--json", "--on", on)
    return json.loads(capsys.readouterr().out)


def test_speaker_records_league_secretary_confirms_and_the_week_counts_it(cast, sign_in, book, duty, capsys):
    assert record(sign_in("liu_member"), cast, book).status_code == 302
    assert Notice.objects.get().user == cast.user("league_secretary")
    before = next(row for row in quota(capsys)["branches"] if row["league_branch"] == cast.one.name)
    assert (before["required"], before["counted"], before["state"]) == (2, 0, "running")
    assert before["lectures"] == [{"on": "2026-10-27", "minutes": 40, "counts": False, "why": "团支部尚未确认"}]

    audience = LectureAudience.objects.get()
    page = sign_in("league_secretary").get(reverse("lectures_to_confirm")).content.decode()
    assert "党的性质" in page
    sign_in("league_secretary").post(
        reverse("lecture_answer", args=[audience.pk]), {"took_place": "yes", "attendance": "28"}
    )
    after = next(row for row in quota(capsys)["branches"] if row["league_branch"] == cast.one.name)
    assert (after["counted"], after["lectures"][0]["counts"], after["lectures"][0]["why"]) == (1, True, "")
    entry = LogEntry.objects.get()
    assert (entry.person, entry.minutes, entry.state, entry.purpose) == (
        cast.person("liu_member"),
        40,
        "confirmed",
        "lecture",
    )


def test_quota_status_names_the_teaching_week_and_its_kind(cast, capsys):
    week = quota(capsys, "2026-10-14")
    assert (week["week"], week["teaching_week"], week["quota_week"]) == ("2026-10-12", 6, True)
    assert quota(capsys, "2026-10-08")["quota_week"] is False


def test_denied_lectures_do_not_count_and_need_a_reason(cast, sign_in, book, duty):
    record(sign_in("liu_member"), cast, book)
    audience = LectureAudience.objects.get()
    league = sign_in("league_secretary")
    league.post(reverse("lecture_answer", args=[audience.pk]), {"took_place": "no"})
    audience.refresh_from_db()
    assert audience.state == "waiting"
    league.post(reverse("lecture_answer", args=[audience.pk]), {"took_place": "no", "reason": "改期"})
    audience.refresh_from_db()
    assert (audience.state, audience.reason) == ("denied", "改期")
    assert LogEntry.objects.count() == 0


def test_an_answer_stands_and_only_the_league_branch_gives_it(cast, sign_in, book, duty):
    record(sign_in("liu_member"), cast, book)
    audience = LectureAudience.objects.get()
    answer = reverse("lecture_answer", args=[audience.pk])
    sign_in("liu_secretary").post(answer, {"took_place": "yes"})
    audience.refresh_from_db()
    assert audience.state == "waiting"
    assert sign_in("er_secretary").post(answer, {"took_place": "yes"}).status_code == 404
    sign_in("league_secretary").post(answer, {"took_place": "yes"})
    sign_in("league_secretary").post(answer, {"took_place": "no", "reason": "改主意"})
    audience.refresh_from_db()
    assert audience.state == "confirmed"


def test_one_lecture_for_two_league_branches_counts_for_both_and_logs_the_speaker_once(cast, sign_in, book, duty):
    cast.old.enrolment_year = 2026
    cast.old.save()
    assign_duty(person=cast.person("liu_member"), league_branch=cast.old, academic_year=cast.year)
    record(sign_in("liu_member"), cast, book, league_branches=[cast.one.pk, cast.old.pk])
    assert (Lecture.objects.count(), LectureAudience.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"on": "2026-10-30"}, "这一天还没有到。讲完之后再登记。"),
        ({"minutes": "0"}, ""),
        ({"minutes": "481"}, ""),
        ({"speakers": []}, ""),
        ({"league_branches": []}, ""),
        ({"league_branches": ["999999"]}, ""),
    ],
)
def test_bad_input_is_answered_on_the_form_and_writes_nothing(cast, sign_in, book, duty, changes, message):
    response = record(sign_in("liu_member"), cast, book, **changes)
    assert response.status_code == 400
    assert message in response.content.decode()
    assert Lecture.objects.count() == 0


def test_a_speaker_of_another_branch_cannot_be_planted(cast, sign_in, book, duty):
    assert record(sign_in("liu_member"), cast, book, speakers=[cast.person("er_member").pk]).status_code == 400


def test_the_board_shows_the_week_and_leads_to_why(cast, sign_in, book, duty):
    record(sign_in("liu_member"), cast, book, minutes="20")
    page = sign_in("liu_secretary").get(reverse("lectures")).content.decode()
    assert cast.one.name in page
    assert "0/2" in page
    week = (
        sign_in("liu_secretary").get(reverse("lecture_week", args=[cast.one.pk]) + "?week=2026-10-28").content.decode()
    )
    assert "不足 30 分钟（R71）" in week
    assert sign_in("er_secretary").get(reverse("lecture_week", args=[cast.one.pk])).status_code == 404


@pytest.mark.parametrize("week", ["2026-13-45", "abc", "0001-01-01", "9999-12-31", "2026-W54"])
def test_a_week_that_does_not_exist_is_a_bad_request(cast, sign_in, week):
    url = reverse("lecture_week", args=[cast.one.pk])
    assert sign_in("liu_secretary").get(url, {"week": week}).status_code == 400


def test_policy_changes_apply_from_their_date_on(cast, capsys):
    from branches.models import PolicyValue

    PolicyValue.objects.create(
        key="lectures_a_week", value="3", source="学院决定", effective_from=dt.date(2026, 10, 26)
    )
    assert quota(capsys, "2026-10-20")["branches"][0]["required"] in (0, 2)
    required = {row["league_branch"]: row["required"] for row in quota(capsys)["branches"]}
    assert required[cast.one.name] == 3
    earlier = {row["league_branch"]: row["required"] for row in quota(capsys, "2026-10-20")["branches"]}
    assert earlier[cast.one.name] == 2


def reminders():
    """What is said about lectures that are missing; the plan of the week and what others are reminded of is not meant."""
    run_tick(now=timezone.now())
    return Notice.objects.filter(kind="activities.lectures_behind")


def test_thursday_reminds_league_secretary_and_speaker_once(cast, duty, fixed_clock):
    assert reminders().count() == 0
    fixed_clock.move_to(dt.datetime(2026, 10, 29, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    assert reminders().count() == 2
    assert reminders().count() == 2
    assert set(reminders().values_list("user__username", flat=True)) == {"20260510001", "20250530002"}


def test_no_reminder_when_the_league_branch_is_exempt(cast, duty, fixed_clock):
    QuotaExemption.objects.create(
        league_branch=cast.one, from_on=dt.date(2026, 10, 26), to_on=dt.date(2026, 10, 30), reason="military_training"
    )
    fixed_clock.move_to(dt.datetime(2026, 10, 29, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    assert reminders().count() == 0


def test_a_week_that_has_not_begun_is_neither_running_nor_missed(cast, sign_in, book, duty):
    cells = sign_in("liu_secretary").get(reverse("lectures")).context["rows"][0].cells
    ahead = {cell.status.monday for cell in cells if cell.is_ahead}
    assert ahead == {dt.date(2026, 11, 2), dt.date(2026, 11, 9), dt.date(2026, 11, 16)}
