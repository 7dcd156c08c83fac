"""One tap confirms, with the class list and the minutes; free hours; a week without a lecture."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.lectures import no_lecture_services, slot_services
from activities.models import LectureListener, LectureSlot, LogEntry, NoLecture, QuotaExemption
from members.models import Person, Post
from notifications.models import Notice
from notifications.services import run_tick
from pairing_portal.common.problems import Refused
from tests.activities.plans import acting, on_duty, slot
from tests.activities.talks import act, answer, book, heard_by, record

pytestmark = pytest.mark.usefixtures("quiet_reminders")


@pytest.fixture
def audience(cast):
    on_duty(cast)
    return heard_by(record(cast), cast.one)


def answer_page(client, audience, **values):
    return client.post(reverse("lecture_answer", args=[audience.pk]), {"took_place": "yes"} | values)


# --- The class list --------------------------------------------------------------------------------


def test_everybody_is_ticked_and_the_absent_are_unticked(cast, sign_in, audience):
    client = sign_in("league_secretary")
    page = client.get(reverse("lectures_to_confirm")).content.decode()
    assert page.count('name="listeners"') == 2
    # Thirty in the League branch, two of them in the roster.
    assert 'value="28"' in page
    classmate = cast.person("classmate")
    answer_page(client, audience, listed="yes", listeners=[classmate.pk], others="20", minutes_heard="40")
    audience.refresh_from_db()
    assert (audience.state, audience.attendance, audience.minutes_heard) == ("confirmed", 21, None)
    assert [row.person for row in audience.listeners.all()] == [classmate]


def test_nobody_of_the_list_came(cast, sign_in, audience):
    answer_page(sign_in("league_secretary"), audience, listed="yes")
    audience.refresh_from_db()
    assert (audience.state, audience.attendance, LectureListener.objects.count()) == ("confirmed", 0, 0)


def test_without_the_list_the_number_alone_is_kept(cast, sign_in, audience):
    answer_page(sign_in("league_secretary"), audience, attendance="25")
    audience.refresh_from_db()
    assert (audience.attendance, LectureListener.objects.count()) == (25, 0)


@pytest.mark.parametrize("forged", ["er_member", "liu_member", "nobody"])
def test_nobody_outside_the_class_is_ticked(cast, sign_in, audience, forged):
    pk = 999999 if forged == "nobody" else cast.person(forged).pk
    answer_page(sign_in("league_secretary"), audience, listed="yes", listeners=[pk])
    audience.refresh_from_db()
    assert (audience.state, LectureListener.objects.count()) == ("waiting", 0)


def test_somebody_seen_but_of_no_class_is_refused_by_the_service(cast, audience):
    with pytest.raises(Refused):
        answer(cast, audience, listeners=[cast.person("liu_member")])
    assert LectureListener.objects.count() == 0


def test_the_same_person_ticked_a_hundred_times_is_one(cast, sign_in, audience):
    classmate = cast.person("classmate").pk
    answer_page(sign_in("league_secretary"), audience, listed="yes", listeners=[classmate] * 100)
    audience.refresh_from_db()
    assert (audience.attendance, LectureListener.objects.count()) == (1, 1)


def test_more_ticked_than_present_is_refused(cast, audience):
    with pytest.raises(Refused):
        answer(cast, audience, listeners=[cast.person("classmate"), cast.person("league_secretary")], attendance=1)


def test_taken_back_the_ticks_and_the_minutes_go_too(cast, audience):
    answer(cast, audience, listeners=[cast.person("classmate")], minutes_heard=25)
    services.take_back_answer(audience=audience, **act(cast, "league_secretary"))
    audience.refresh_from_db()
    assert (audience.state, audience.attendance, audience.minutes_heard, LectureListener.objects.count()) == (
        "waiting", None, None, 0,
    )  # fmt: skip


# --- The minutes heard -----------------------------------------------------------------------------


def test_what_was_heard_stands_in_the_speakers_log(cast, audience):
    answer(cast, audience, minutes_heard=25)
    audience.refresh_from_db()
    assert (audience.minutes_heard, audience.lecture.minutes, LogEntry.objects.get().minutes) == (25, 40, 25)


@pytest.mark.parametrize("minutes", ["0", "481", "-1", "NaN", "4e1"])
def test_minutes_that_cannot_be_are_not_taken(cast, sign_in, audience, minutes):
    answer_page(sign_in("league_secretary"), audience, minutes_heard=minutes)
    audience.refresh_from_db()
    assert audience.state == "waiting"


def test_a_deputy_confirms_too(cast, sign_in, audience):
    Post.objects.create(
        person=cast.person("classmate"), league_branch=cast.one, kind="league_deputy", since=dt.date(2026, 9, 1)
    )
    answer_page(sign_in("classmate"), audience)
    audience.refresh_from_db()
    assert (audience.state, audience.confirmed_by) == ("confirmed", cast.user("classmate"))


def test_a_leaver_is_not_in_the_list(cast, sign_in, audience):
    Person.objects.filter(pk=cast.person("classmate").pk).update(stage="left", left_on=dt.date(2026, 10, 1))
    page = sign_in("league_secretary").get(reverse("lectures_to_confirm")).content.decode()
    assert page.count('name="listeners"') == 1


# --- Recording with a chapter ----------------------------------------------------------------------


def test_a_chapter_of_the_list_brings_its_textbook_and_title(cast, sign_in):
    on_duty(cast)
    chapter = book().chapters.create(number=1, title="党的性质")
    values = {
        "league_branches": [cast.one.pk], "speakers": [cast.person("liu_member").pk], "on": "2026-10-27", "minutes": "40",
        "textbook_chapter": chapter.pk,
    }  # fmt: skip
    assert sign_in("liu_member").post(reverse("lecture_new"), values).status_code == 302
    lecture = cast.one.lecture_audiences.get().lecture
    assert (lecture.textbook, lecture.textbook_chapter, lecture.chapter) == (book(), chapter, "党的性质")


def test_a_chapter_of_another_textbook_is_refused_beside_its_field(cast, sign_in):
    on_duty(cast)
    chapter = book().chapters.create(number=1, title="党的性质")
    other = type(book()).objects.create(title="别的书")
    values = {
        "league_branches": [cast.one.pk], "speakers": [cast.person("liu_member").pk], "on": "2026-10-27", "minutes": "40",
        "textbook": other.pk, "textbook_chapter": chapter.pk,
    }  # fmt: skip
    response = sign_in("liu_member").post(reverse("lecture_new"), values)
    assert (response.status_code, list(response.context["form"].errors)) == (400, ["textbook_chapter"])


# --- Free hours ------------------------------------------------------------------------------------


def offer(client, **changes):
    values = {"weekday": "4", "starts_at": "16:00", "ends_at": "17:00", "place": "A101"}
    return client.post(reverse("lecture_slots"), values | changes)


def test_the_league_secretary_offers_an_hour_twice_pressed_it_is_one(cast, sign_in):
    client = sign_in("league_secretary")
    offer(client)
    offer(client)
    assert list(LectureSlot.objects.values_list("league_branch", "weekday", "starts_at", "place")) == [
        (cast.one.pk, 4, dt.time(16), "A101")
    ]
    assert "A101" in client.get(reverse("lecture_slots")).content.decode()


def test_removing_an_hour_is_undone(cast, sign_in):
    hour, client = slot(cast), sign_in("league_secretary")
    page = client.post(reverse("lecture_slot_remove", args=[hour.pk]), follow=True).content.decode()
    assert LectureSlot.objects.count() == 0
    undo = next(part for part in page.split('action="')[1:] if "weekday=4" in part).split('"')[0]
    client.post(undo.replace("&amp;", "&"))
    assert LectureSlot.objects.get().starts_at == dt.time(16)


@pytest.mark.parametrize(
    "changes",
    [{"weekday": "8"}, {"weekday": ""}, {"ends_at": "15:00"}, {"starts_at": "24:30"}, {"starts_at": "16:30", "ends_at": "17:30"}],
)  # fmt: skip
def test_bad_hours_are_answered_on_the_form(cast, sign_in, changes):
    slot(cast)
    assert offer(sign_in("league_secretary"), place="B", **changes).status_code == 400
    assert LectureSlot.objects.count() == 1


def test_only_the_league_branch_offers_and_removes(cast, sign_in):
    hour = slot(cast)
    for name, status in (("er_member", 403), ("liu_secretary", 403), ("civil_organiser", 403)):
        assert offer(sign_in(name)).status_code == status
    remove = reverse("lecture_slot_remove", args=[hour.pk])
    assert sign_in("er_secretary").post(remove).status_code == 404
    assert sign_in("liu_secretary").post(remove).status_code == 403
    with pytest.raises(Refused):
        slot_services.remove_slot(slot=hour, scope=acting(cast, "liu_secretary")["scope"])
    assert LectureSlot.objects.count() == 1


# --- No lecture this week --------------------------------------------------------------------------


def say(client, cast, **changes):
    values = {"week": "2026-10-28", "reason": "全班外出参观"}
    return client.post(reverse("lecture_none", args=[cast.one.pk]), values | changes)


@pytest.mark.parametrize(
    ("name", "status"),
    [("league_secretary", 302), ("liu_member", 302), ("liu_secretary", 302), ("civil_organiser", 302), ("er_secretary", 404), ("classmate", 404)],
)  # fmt: skip
def test_who_says_that_there_is_none(cast, sign_in, name, status):
    on_duty(cast)
    assert say(sign_in(name), cast).status_code == status
    rows = list(NoLecture.objects.values_list("league_branch", "monday", "reason"))
    assert rows == ([(cast.one.pk, dt.date(2026, 10, 26), "全班外出参观")] if status == 302 else [])


def test_it_is_said_once_and_taken_back(cast, sign_in):
    client = sign_in("league_secretary")
    say(client, cast)
    assert say(client, cast, reason="又一个原因").status_code == 400
    row = NoLecture.objects.get()
    back = reverse("lecture_none_back", args=[row.pk])
    assert sign_in("er_secretary").post(back).status_code == 404
    assert sign_in("league_secretary").post(back).status_code == 302
    assert NoLecture.objects.count() == 0
    assert NoLecture.history.filter(history_type="-").get().history_user == cast.user("league_secretary")


@pytest.mark.parametrize("kind", ["met", "exempt", "not_owed", "long_ago", "far_ahead", "no_reason", "no_week"])
def test_a_week_in_which_nothing_is_missed_is_refused(cast, sign_in, kind):
    changes = {}
    if kind == "met":
        for chapter in ("一", "二"):
            answer(cast, heard_by(record(cast, chapter=chapter), cast.one))
    elif kind == "exempt":
        QuotaExemption.objects.create(
            league_branch=cast.one, from_on=dt.date(2026, 10, 28), to_on=dt.date(2026, 10, 28), reason="exams"
        )
    else:
        changes = {
            "not_owed": {"week": "2026-10-07"}, "long_ago": {"week": "2026-09-14"}, "far_ahead": {"week": "2026-12-14"},
            "no_reason": {"reason": " "}, "no_week": {"week": "2026-W54"},
        }[kind]  # fmt: skip
    assert say(sign_in("league_secretary"), cast, **changes).status_code == 400
    assert NoLecture.objects.count() == 0


def test_who_said_it_is_not_reminded_of_the_week(cast, fixed_clock):
    on_duty(cast)
    fixed_clock.move_to(dt.datetime(2026, 10, 29, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    run_tick(now=timezone.now())
    behind = Notice.objects.filter(kind="activities.lectures_behind", user=cast.user("league_secretary"))
    assert behind.current().count() == 1
    row = no_lecture_services.say_no_lecture(
        league_branch=cast.one, on=dt.date(2026, 10, 29), reason="外出", **acting(cast, "league_secretary")
    )
    assert behind.current().count() == 0
    no_lecture_services.take_back_no_lecture(row=row, **acting(cast, "league_secretary"))
    assert behind.current().count() == 1


def test_what_waits_for_a_yes_or_was_said_to_be_none_is_not_to_be_planned(cast, sign_in):
    duty = on_duty(cast)

    def left(week):
        (plan,) = sign_in("liu_member").get(reverse("lecture_plan")).context["plans"]
        return plan.weeks[week].open

    assert (left(0), left(1)) == (2, 2)
    lecture = record(cast)
    assert left(0) == 1
    answer(cast, heard_by(lecture, cast.one))
    assert left(0) == 1
    NoLecture.objects.create(
        league_branch=cast.one, monday=dt.date(2026, 11, 2), reason="校运动会", recorded_by=duty.person.user,
        recorded_at=timezone.now(),
    )  # fmt: skip
    assert left(1) == 0
    assert "已排满" not in sign_in("liu_member").get(reverse("lecture_plan")).content.decode()
