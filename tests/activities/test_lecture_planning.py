"""A lecture is planned in two taps, repeated, moved, given; clashes and bad input are answered before anything is written."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.calendar_source import lectures as on_calendar
from activities.lectures import give_services, plan_rules, plan_services
from activities.lectures.board import week_statuses
from activities.lectures.plan_rules import NeedsConsent
from activities.models import (
    Activity,
    ActivityKind,
    Lecture,
    LectureAudience,
    LectureSlot,
    LogEntry,
    Participation,
    QuotaExemption,
)
from branches.models import CalendarDay
from members.access import scope_for
from notifications.models import Notice
from notifications.services import run_tick
from pairing_portal.common.problems import Refused
from tests.activities.plans import THURSDAY, WEDNESDAY, acting, chapters, on_duty, plan, planned, slot
from tests.activities.talks import answer, book, heard_by, record
from tests.cast import build_cast
from tests.pairings.deeds import race

pytestmark = pytest.mark.usefixtures("quiet_reminders")


@pytest.fixture
def duty(cast):
    return on_duty(cast)


def bell(cast, name):
    return Notice.objects.filter(user=cast.user(name)).current()


# --- Two taps --------------------------------------------------------------------------------------


def tap(client, hour, on=THURSDAY, **more):
    values = {"choice": f"{hour.pk}:{on.isoformat()}", "idempotency_key": "k1"}
    return client.post(reverse("lecture_plan_slot"), values | more)


def test_two_taps_plan_the_next_chapter_and_tell_the_league_branch(cast, sign_in, duty):
    first, hour, client = chapters()[0], slot(cast), sign_in("liu_member")
    page = client.get(reverse("lecture_plan")).content.decode()
    assert f"{hour.pk}:2026-10-29" in page
    assert "第1章" in page
    assert tap(client, hour).url == reverse("lecture_plan")
    lecture = Lecture.objects.get()
    assert (lecture.state, lecture.on, lecture.starts_at, lecture.place) == ("planned", THURSDAY, dt.time(16), "A101")
    assert (lecture.textbook_chapter, lecture.textbook, lecture.minutes) == (first, book(), 40)
    assert [row.person for row in lecture.speakers.all()] == [cast.person("liu_member")]
    assert list(lecture.audiences.values_list("league_branch", "state")) == [(cast.one.pk, "waiting")]
    assert list(bell(cast, "league_secretary").values_list("kind", flat=True)) == ["activities.lecture_planned"]
    assert "A101" in str(bell(cast, "league_secretary").get().subject)


def test_without_a_list_of_chapters_it_is_from_the_book_that_counts(cast, duty):
    book()
    assert (planned(cast).textbook, planned(cast, on=dt.date(2026, 10, 30)).textbook_chapter) == (book(), None)


def test_a_plan_sent_twice_is_one_and_the_undo_takes_it_back(cast, sign_in, duty):
    hour, client = slot(cast), sign_in("liu_member")
    tap(client, hour)
    page = client.post(
        reverse("lecture_plan_slot"), {"choice": f"{hour.pk}:2026-10-29", "idempotency_key": "k1"}, follow=True
    )
    lecture = Lecture.objects.get()
    undo = reverse("lecture_plan_undo", args=[lecture.pk])
    assert f'action="{undo}"' in page.content.decode()
    client.post(undo)
    assert (Lecture.objects.count(), bell(cast, "league_secretary").count()) == (0, 0)
    assert client.post(undo).status_code == 404


def test_later_a_plan_is_cancelled_with_a_reason_instead(cast, duty, fixed_clock):
    lecture = planned(cast)
    fixed_clock.shift(dt.timedelta(minutes=11))
    with pytest.raises(Refused):
        plan_services.unplan(lecture=lecture, **acting(cast))
    assert Lecture.objects.count() == 1


@pytest.mark.parametrize("choice", ["", "0:2026-10-29", "999999999999999999999:2026-10-29", "x:y", "{slot}:2026-10-30", "{slot}:2026-13-45", "{slot}:"])  # fmt: skip
def test_a_forged_choice_plans_nothing(cast, sign_in, duty, choice):
    hour = slot(cast)
    response = sign_in("liu_member").post(reverse("lecture_plan_slot"), {"choice": choice.format(slot=hour.pk)})
    assert response.status_code in (400, 404)
    assert Lecture.objects.count() == 0


@pytest.mark.parametrize("name", ["liu_secretary", "er_member", "league_secretary"])
def test_only_who_is_on_duty_sees_the_free_hours(cast, sign_in, duty, name):
    hour = slot(cast)
    assert tap(sign_in(name), hour).status_code == 404
    assert sign_in(name).get(reverse("lecture_plan")).status_code == 403
    assert sign_in(name).get(reverse("lecture_plan_new")).status_code == 403
    assert Lecture.objects.count() == 0


def test_a_duty_that_ended_while_the_page_was_open_plans_nothing(cast, sign_in, duty):
    hour, client = slot(cast), sign_in("liu_member")
    duty.ended_on = WEDNESDAY
    duty.save()
    assert tap(client, hour).status_code == 404
    with pytest.raises(Refused, match="R74"):
        plan(cast)
    assert Lecture.objects.count() == 0


def test_the_page_asks_the_same_number_of_queries_for_one_and_for_three(cast, sign_in, duty):
    def count():
        client = sign_in("liu_member")
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(reverse("lecture_plan")).status_code == 200
        return len(found)

    slot(cast)
    planned(cast)
    one = count()
    for number in range(2):
        branch = type(cast.one).objects.create(
            department=cast.civil, name=f"团支部{number}", enrolment_year=2026, party_branch=cast.liu
        )
        on_duty(cast, league_branch=branch)
        LectureSlot.objects.create(
            league_branch=branch, weekday=5, starts_at=dt.time(8 + number), ends_at=dt.time(9 + number), place="B"
        )
        plan(cast, on=dt.date(2026, 11, 3), starts_at=dt.time(8 + number), league_branches=(branch,))
    assert count() == one


# --- Repeated --------------------------------------------------------------------------------------


def test_weekly_until_the_end_of_the_term_chapter_after_chapter(cast, sign_in, duty):
    chapters()
    CalendarDay.objects.create(on=dt.date(2026, 11, 12), kind="holiday", name="校运会")
    QuotaExemption.objects.create(
        league_branch=cast.one, from_on=dt.date(2026, 11, 17), to_on=dt.date(2026, 11, 18), reason="internship"
    )
    tap(sign_in("liu_member"), slot(cast), repeat="yes")
    rows = list(Lecture.objects.order_by("on"))
    # Weeks 8 to 18 of the term less the day off and the exempt week.
    assert [row.on.isoformat() for row in rows] == [
        "2026-10-29", "2026-11-05", "2026-11-26", "2026-12-03", "2026-12-10", "2026-12-17", "2026-12-24", "2026-12-31",
        "2027-01-07",
    ]  # fmt: skip
    assert [row.chapter for row in rows] == ["第1章", "第2章", "第3章", "", "", "", "", "", ""]
    assert len({row.series_id for row in rows}) == 1
    assert bell(cast, "league_secretary").count() == 1


def test_hours_that_are_taken_are_left_out_and_named(cast, duty):
    planned(cast, on=dt.date(2026, 11, 5), starts_at=dt.time(16, 30))
    made = plan(cast, options={"repeat_weekly": True})
    assert [day for day, _why in made.left_out] == [dt.date(2026, 11, 5)]
    assert dt.date(2026, 11, 5) not in [row.on for row in made.lectures]


def test_the_rest_of_a_series_is_cancelled_together_and_what_was_given_stays(cast, sign_in, duty, fixed_clock):
    rows = plan(cast, options={"repeat_weekly": True}).lectures
    fixed_clock.move_to(dt.datetime(2026, 10, 29, 17, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    give_services.give_lecture(lecture=rows[0], as_planned=True, **acting(cast))
    page = sign_in("liu_member").get(reverse("lecture_cancel", args=[rows[1].pk])).content.decode()
    assert "and_rest" in page
    sign_in("liu_member").post(reverse("lecture_cancel", args=[rows[1].pk]), {"reason": "外出实习", "and_rest": "yes"})
    states = list(Lecture.objects.order_by("on").values_list("state", flat=True))
    assert states == ["delivered"] + ["cancelled"] * (len(rows) - 1)


# --- Clashes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts_at", "refused"),
    [((15, 20), False), ((15, 21), True), ((16, 39), True), ((16, 40), False)],
)
def test_nobody_gives_two_lectures_at_once(cast, duty, starts_at, refused):
    second = type(cast.one).objects.create(
        department=cast.civil, name="另一团支部", enrolment_year=2026, party_branch=cast.liu
    )
    on_duty(cast, league_branch=second)
    planned(cast)
    other = {"starts_at": dt.time(*starts_at), "league_branches": (second,), "place": "B"}
    if refused:
        with pytest.raises(Refused):
            plan(cast, **other)
    else:
        plan(cast, **other)
    assert Lecture.objects.count() == (1 if refused else 2)


def test_a_league_branch_hears_one_lecture_at_a_time(cast, duty):
    on_duty(cast, "liu_secretary")
    planned(cast)
    with pytest.raises(Refused):
        plan(cast, "liu_secretary", starts_at=dt.time(16, 10), place="B")
    assert Lecture.objects.count() == 1


def test_an_activity_and_a_taken_room_are_warned_of_and_planned_all_the_same_once_read(cast, sign_in, duty):
    start = timezone.make_aware(dt.datetime(2026, 10, 29, 16))
    for place, person in (("会议室", "liu_member"), ("A101", "er_member")):
        activity = Activity.objects.create(
            kind=ActivityKind.objects.get(key="contest"), title="组织生活", party_branch=cast.liu, audience="members",
            starts_at=start, ends_at=start + dt.timedelta(hours=1), state="published", place=place,
            created_by=cast.user("liu_secretary"), created_at=timezone.now(),
        )  # fmt: skip
        Participation.objects.create(activity=activity, person=cast.person(person))
    client = sign_in("liu_member")
    response = tap(client, slot(cast))
    page = response.content.decode()
    assert (response.status_code, Lecture.objects.count()) == (400, 0)
    assert "组织生活" in page
    assert "A101" in page
    values = {
        "league_branches": [cast.one.pk], "on": "2026-10-29", "starts_at": "16:00", "minutes": "40", "place": "A101",
        "idempotency_key": "k2", "known": "something else",
    }  # fmt: skip
    response = client.post(reverse("lecture_plan_new"), values)
    assert (response.status_code, Lecture.objects.count()) == (400, 0)
    mark = response.context["asked"].mark
    assert client.post(reverse("lecture_plan_new"), values | {"known": mark}).status_code == 302
    assert Lecture.objects.get().state == "planned"


@pytest.mark.parametrize("kind", ["exempt", "short", "holiday", "not_owed"])
def test_a_week_without_quota_is_warned_of(cast, duty, kind):
    changes = {}
    if kind == "exempt":
        QuotaExemption.objects.create(league_branch=cast.one, from_on=THURSDAY, to_on=THURSDAY, reason="exams")
    elif kind == "short":
        changes = {"minutes": 29}
    elif kind == "holiday":
        CalendarDay.objects.create(on=THURSDAY, kind="holiday", name="校庆")
    else:
        changes = {"on": dt.date(2027, 1, 20)}
    with pytest.raises(NeedsConsent):
        plan(cast, options={"knowing": False}, **changes)
    assert planned(cast, **changes).state == "planned"


@pytest.mark.parametrize(
    "changes",
    [
        {"on": dt.date(2026, 10, 27)},
        {"on": WEDNESDAY, "starts_at": dt.time(9, 59)},
        {"on": dt.date(2027, 10, 30)},
        {"starts_at": None},
        {"minutes": 0},
        {"minutes": 481},
        {"speakers": ()},
        {"league_branches": ()},
    ],
)
def test_what_cannot_be_planned_is_refused_and_writes_nothing(cast, duty, changes):
    with pytest.raises(Refused):
        plan(cast, **changes)
    assert (Lecture.objects.count(), LectureAudience.objects.count()) == (0, 0)


def test_an_activist_gives_no_lecture(cast):
    with pytest.raises(Refused, match="R74"):
        plan(cast, speakers=(cast.person("liu_activist"),), by="civil_organiser")


@pytest.mark.parametrize(
    "changes",
    [
        {"on": "2026-10-27"}, {"on": "2026-13-45"}, {"starts_at": "25:00"}, {"minutes": "９９９９"}, {"minutes": "NaN"},
        {"league_branches": ["999999"]}, {"league_branches": []}, {"textbook_chapter": "999999"}, {"place": "x" * 101},
    ],
)  # fmt: skip
def test_bad_input_is_answered_on_the_form(cast, sign_in, duty, changes):
    values = {"league_branches": [cast.one.pk], "on": "2026-10-29", "starts_at": "16:00", "minutes": "40", "place": "A"}
    assert sign_in("liu_member").post(reverse("lecture_plan_new"), values | changes).status_code == 400
    assert Lecture.objects.count() == 0


def test_a_league_branch_without_the_duty_cannot_be_planted(cast, sign_in, duty):
    values = {"league_branches": [cast.old.pk], "on": "2026-10-29", "starts_at": "16:00", "minutes": "40"}
    assert sign_in("liu_member").post(reverse("lecture_plan_new"), values).status_code == 400
    assert Lecture.objects.count() == 0


# --- Moved -----------------------------------------------------------------------------------------


def move(client, lecture, **changes):
    values = {"on": "2026-10-30", "starts_at": "14:00", "minutes": "45", "place": "B202"}
    return client.post(reverse("lecture_move", args=[lecture.pk]), values | changes)


def test_a_move_tells_the_league_branch_and_is_undone(cast, sign_in, duty):
    lecture, client = planned(cast), sign_in("liu_member")
    assert move(client, lecture).url == reverse("lecture_plan")
    lecture.refresh_from_db()
    assert (lecture.on, lecture.starts_at, lecture.minutes, lecture.place) == (
        dt.date(2026, 10, 30), dt.time(14), 45, "B202",
    )  # fmt: skip
    assert bell(cast, "league_secretary").filter(kind="activities.lecture_plan_changed").count() == 1
    client.post(reverse("lecture_move_back", args=[lecture.pk]))
    lecture.refresh_from_db()
    assert (lecture.on, lecture.starts_at, lecture.minutes, lecture.place) == (THURSDAY, dt.time(16), 40, "A101")


def test_a_move_to_the_same_hour_is_none_and_there_is_nothing_to_undo(cast, sign_in, duty):
    lecture, client = planned(cast), sign_in("liu_member")
    move(client, lecture, on="2026-10-29", starts_at="16:00", minutes="40", place="A101")
    client.post(reverse("lecture_move_back", args=[lecture.pk]))
    assert lecture.history.count() == 1


@pytest.mark.parametrize(("name", "status"), [("er_secretary", 404), ("stranger", 404), ("league_secretary", 403), ("liu_secretary", 302), ("civil_organiser", 302)])  # fmt: skip
def test_who_moves_a_lecture(cast, sign_in, duty, name, status):
    lecture = planned(cast)
    assert move(sign_in(name), lecture).status_code == status
    lecture.refresh_from_db()
    assert (lecture.on == THURSDAY) == (status != 302)


def test_a_lecture_is_not_moved_onto_another(cast, sign_in, duty):
    planned(cast)
    second = planned(cast, on=dt.date(2026, 10, 30))
    assert move(sign_in("liu_member"), second, on="2026-10-29", starts_at="16:20").status_code == 400
    second.refresh_from_db()
    assert second.on == dt.date(2026, 10, 30)


# --- Given -----------------------------------------------------------------------------------------


@pytest.fixture
def afterwards(cast, duty, fixed_clock):
    """The planned lecture is over: Thursday, five o'clock."""
    lecture = planned(cast, options={"chapter": chapters()[0]})
    fixed_clock.move_to(dt.datetime(2026, 10, 29, 17, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    return lecture


def test_one_tap_says_it_was_given_and_the_board_turns(cast, sign_in, afterwards):
    client = sign_in("liu_member")
    assert "as_planned" in client.get(reverse("lecture_plan")).content.decode()
    for _press in range(2):
        assert client.post(reverse("lecture_give", args=[afterwards.pk]), {"as_planned": "yes"}).status_code == 302
    afterwards.refresh_from_db()
    assert (afterwards.state, afterwards.recorded_by) == ("delivered", cast.user("liu_member"))
    assert list(bell(cast, "league_secretary").values_list("kind", flat=True)) == ["activities.lecture_to_confirm"]
    answer(cast, heard_by(afterwards, cast.one))
    assert LogEntry.objects.get().minutes == 40


def test_what_was_different_is_entered_on_the_form(cast, sign_in, afterwards):
    second = book().chapters.get(number=2)
    values = {
        "on": "2026-10-29", "starts_at": "16:05", "minutes": "35", "textbook": book().pk, "textbook_chapter": second.pk,
        "chapter": "", "topic": "党的性质",
    }  # fmt: skip
    sign_in("liu_member").post(reverse("lecture_give", args=[afterwards.pk]), values)
    afterwards.refresh_from_db()
    assert (afterwards.state, afterwards.minutes, afterwards.chapter, afterwards.topic) == ("delivered", 35, "第2章", "党的性质")  # fmt: skip
    assert afterwards.textbook_chapter == second


def test_a_lecture_is_not_given_before_it_begins(cast, sign_in, duty):
    lecture = planned(cast)
    sign_in("liu_member").post(reverse("lecture_give", args=[lecture.pk]), {"as_planned": "yes"})
    lecture.refresh_from_db()
    assert lecture.state == "planned"


@pytest.mark.parametrize("state", ["cancelled", "planned"])
def test_a_cancelled_lecture_is_not_given_and_a_stranger_gives_none(cast, sign_in, afterwards, state):
    if state == "cancelled":
        services.cancel_lecture(lecture=afterwards, reason="改期", **acting(cast))
        sign_in("liu_member").post(reverse("lecture_give", args=[afterwards.pk]), {"as_planned": "yes"})
    else:
        response = sign_in("er_member").post(reverse("lecture_give", args=[afterwards.pk]), {"as_planned": "yes"})
        assert response.status_code == 404
    afterwards.refresh_from_db()
    assert afterwards.state == state


def test_the_speaker_is_asked_once_whether_it_was_given(cast, afterwards):
    for _tick in range(2):
        run_tick(now=timezone.now())
    asked = Notice.objects.filter(kind="activities.lecture_was_it_given")
    assert [row.user for row in asked] == [cast.user("liu_member")]
    give_services.give_lecture(lecture=afterwards, as_planned=True, **acting(cast))
    assert asked.current().count() == 0


def test_recording_what_is_planned_says_where_to_say_so(cast, afterwards):
    with pytest.raises(Refused, match="已有计划"):
        record(cast, on=THURSDAY, chapter="第1章", topic="")
    assert Lecture.objects.count() == 1


def test_a_planned_lecture_does_not_count_and_leaves_the_week_running(cast, duty):
    planned(cast)
    status = week_statuses(league_branches=[cast.one], on=THURSDAY, today=WEDNESDAY)[0].status
    assert (status.counted, status.missing) == (0, 2)


def test_cancelling_a_plan_tells_the_league_branch(cast, duty):
    lecture = planned(cast, on=WEDNESDAY)
    services.cancel_lecture(lecture=lecture, reason="生病", **acting(cast))
    notice = bell(cast, "league_secretary").get()
    assert (notice.kind, notice.subject["what"], notice.is_urgent) == ("activities.lecture_plan_changed", "called_off", True)  # fmt: skip


def test_the_calendar_shows_the_hour(cast, duty):
    planned(cast)
    entry = next(iter(on_calendar(scope_for(cast.user("liu_member")), THURSDAY, THURSDAY)))
    local = timezone.localtime(entry.starts_at)
    assert (local.hour, (entry.ends_at - entry.starts_at).seconds // 60, entry.place) == (16, 40, "A101")


# --- At once ---------------------------------------------------------------------------------------


def two_speakers(today):
    cast = build_cast(today)
    names = ["liu_member", "liu_secretary"]
    for name in names:
        on_duty(cast, name)
    return cast, names


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_speakers_plan_the_same_hour_and_one_gets_it(transactional_db, today):
    cast, names = two_speakers(today)
    results = race(lambda index: plan(cast, names[index]), 2)
    assert sorted(type(result).__name__ for result in results) == ["Planned", "Refused"]
    assert Lecture.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_league_branch_both_get_it(transactional_db, today, monkeypatch):
    """The negative control: both look at the hour before either has written."""
    cast, names = two_speakers(today)
    meet = threading.Barrier(2)
    look = plan_services.require_plan

    def together(wish, **options):
        look(wish, **options)
        meet.wait(timeout=20)

    monkeypatch.setattr(plan_services, "lock_league_branches", lambda ids: None)
    monkeypatch.setattr(plan_services, "require_plan", together)
    race(lambda index: plan(cast, names[index]), 2)
    assert Lecture.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_plan_sent_twice_at_once_is_one(transactional_db, today):
    cast, names = two_speakers(today)
    results = race(lambda index: plan(cast, names[0], options={"idempotency_key": "same"}), 2)
    assert [len(result.lectures) for result in results] == [1, 1]
    assert Lecture.objects.count() == 1


def test_consent_belongs_to_its_warnings():
    first, second = NeedsConsent(["甲"]), NeedsConsent(["甲", "乙"])

    def deed(knowing):
        if not knowing:
            raise second
        return "done"

    with pytest.raises(NeedsConsent):
        plan_rules.if_agreed(deed, first.mark)
    assert plan_rules.if_agreed(deed, second.mark) == "done"
