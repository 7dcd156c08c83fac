"""Impossible entries are refused, odd ones flagged, confirmed ones corrected with a reason, silent ones left to the secretary."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from activities.log_services import confirm_logs, correct_log, submit_log
from activities.models import Lecture, LectureAudience, LectureSpeaker, LogEntry, Participation
from members.access import scope_for
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from tests.conftest import TODAY
from tests.mentoring.crew import link

from .event_crew import at, published

DAY = dt.date(2026, 10, 27)


def submit(cast, who="er_member", **what):
    values = {
        "on": DAY,
        "minutes": 60,
        "summary": "自学",
        "purpose": "self_study",
        "today": TODAY,
        "now": timezone.now(),
    }
    return submit_log(person=cast.person(who), **values | what)


def correct(entry, **what):
    values = {
        "on": entry.on, "minutes": entry.minutes, "summary": entry.summary, "starts_at": entry.starts_at, "today": TODAY,
        "now": timezone.now(),
    }  # fmt: skip
    return correct_log(entry=entry, **values | what)


def confirm(cast, entry, who="er_secretary"):
    user = cast.user(who)
    assert confirm_logs(entry_ids=[entry.pk], scope=scope_for(user), by=user, now=timezone.now()) == 1
    entry.refresh_from_db()


def refusal_of(call, *arguments, **what):
    with pytest.raises(Refused) as refusal:
        call(*arguments, **what)
    return refusal.value.text, refusal.value.field


TAKEN = "这段时间已有记录：{}。请检查开始时间和时长。"


@pytest.mark.parametrize(
    ("hour", "minutes", "on", "fits"),
    [
        ("14:30", 60, DAY, False), ("13:00", 61, DAY, False), ("14:15", 15, DAY, False), ("13:00", 60, DAY, True),
        ("15:00", 60, DAY, True), ("14:30", 60, dt.date(2026, 10, 26), True), ("23:30", 700, dt.date(2026, 10, 26), True),
        ("23:00", 720, dt.date(2026, 10, 26), True), (None, 60, DAY, True),
    ],
)  # fmt: skip
def test_two_entries_of_the_same_hour_are_refused_when_both_name_it(cast, hour, minutes, on, fits):
    submit(cast, starts_at=dt.time(14, 0))
    what = {"starts_at": dt.time.fromisoformat(hour) if hour else None, "minutes": minutes, "on": on, "summary": "读书"}
    if fits:
        assert submit(cast, **what).starts_at == what["starts_at"]
    else:
        assert refusal_of(submit, cast, **what) == (TAKEN.format("自学（14:00–15:00）"), "starts_at")
    assert submit(cast, "er_deputy", **what)


def test_past_midnight_the_day_before_still_counts(cast):
    submit(cast, on=dt.date(2026, 10, 26), starts_at=dt.time(23, 0), minutes=120)
    words, _field = refusal_of(submit, cast, starts_at=dt.time(0, 30), summary="读书")
    assert words == TAKEN.format("自学（23:00–01:00）")
    assert submit(cast, starts_at=dt.time(1, 0), summary="读书")


def test_a_returned_entry_and_the_entry_itself_do_not_stand_in_the_way(cast):
    entry = submit(cast, starts_at=dt.time(14, 0))
    assert correct(entry, minutes=90).minutes == 90
    LogEntry.objects.filter(pk=entry.pk).update(state="returned", return_reason="重写")
    assert submit(cast, starts_at=dt.time(14, 0), summary="读书")
    assert refusal_of(correct, entry)[1] == "starts_at"


def test_an_activity_one_came_to_and_a_lecture_one_gave_take_their_time(cast):
    activity = published(cast, starts_at=at(28, 8), ends_at=at(28, 9))
    row = Participation.objects.get(activity=activity, person=cast.person("er_member"))
    assert submit(cast, on=TODAY, starts_at=dt.time(8, 30), minutes=10)
    Participation.objects.filter(pk=row.pk).update(state="present", way="list", checked_in_at=timezone.now())
    words, _field = refusal_of(submit, cast, on=TODAY, starts_at=dt.time(8, 45), minutes=10, summary="读书")
    assert words == TAKEN.format(f"{activity.title}（08:00–09:00）")

    speaker = cast.person("liu_member")
    lecture = Lecture.objects.create(
        on=DAY, starts_at=dt.time(19, 0), minutes=40, topic="党史", recorded_by=cast.user("liu_member"), recorded_at=timezone.now()
    )  # fmt: skip
    LectureSpeaker.objects.create(lecture=lecture, person=speaker)
    audience = LectureAudience.objects.create(lecture=lecture, league_branch=cast.one)
    words, _field = refusal_of(submit, cast, "liu_member", starts_at=dt.time(19, 30))
    assert words == TAKEN.format("党史（19:00–19:40）")
    LectureAudience.objects.filter(pk=audience.pk).update(
        state="denied", confirmed_by=cast.user("league_secretary"), confirmed_at=timezone.now()
    )
    assert submit(cast, "liu_member", starts_at=dt.time(19, 30))


def test_the_form_says_the_hour_is_taken(cast, sign_in):
    submit(cast, starts_at=dt.time(14, 0))
    form = {"target": "study", "minutes": "30", "summary": "读书", "on": "2026-10-27", "starts_at": "14:10"}
    answer = sign_in("er_member").post(reverse("quick_log"), form)
    assert answer.status_code == 400
    assert "这段时间已有记录" in answer.content.decode()
    assert sign_in("er_member").post(reverse("quick_log"), form | {"starts_at": "25:99"}).status_code == 400
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("days", "flag"), [((27, 26), ""), ((27, 26, 25), "repeated"), ((27, 20, 14), "repeated"), ((27, 20, 13), "")]
)
def test_the_same_sentence_three_times_in_two_weeks_is_flagged(cast, days, flag):
    for day in reversed(days):
        row = submit(
            cast, on=dt.date(2026, 10, day), summary=f"学习 党章{'。' if day == 26 else ''}", late_reason="补录"
        )
    assert row.flag == flag
    assert submit(cast, summary="读书").flag == ""
    assert submit(cast, "er_deputy", summary="学习党章").flag == ""


def test_the_flag_goes_with_another_sentence_and_is_shown_to_who_confirms(cast, sign_in):
    rows = [submit(cast, summary="学习党章") for _number in range(3)]
    html = sign_in("er_secretary").get(reverse("log_confirm")).content.decode()
    assert html.count("两周内多次写了相同内容，请核实后再确认。") == 1
    assert html.count("留意") == 1
    assert correct(rows[2], summary="学习党章第一章").flag == ""


def test_a_confirmed_entry_is_corrected_with_a_reason_and_waits_again(cast, sign_in):
    entry = submit(cast)
    confirm(cast, entry)
    assert refusal_of(correct, entry) == ("请说明为什么更正已确认的记录：确认人会看到。", "reason")
    student, page = sign_in("er_member"), reverse("log_entry", args=[entry.pk])
    assert "确认后更正" in student.get(page).content.decode()
    form = {"on": "2026-10-27", "minutes": 45, "summary": "自学", "reason": "时长记错了"}
    assert student.post(page, form).status_code == 302
    entry.refresh_from_db()
    assert (entry.state, entry.minutes, entry.confirmed_by, entry.confirmed_at) == ("submitted", 45, None, None)
    assert [(row.state, row.minutes, row.history_change_reason) for row in entry.history.all()] == [
        ("submitted", 45, "时长记错了"), ("confirmed", 60, None), ("submitted", 60, None),
    ]  # fmt: skip
    notice = Notice.objects.get(kind="activities.log_corrected")
    assert (notice.user, notice.subject) == (cast.user("er_secretary"), {"entry": entry.pk, "on": "2026-10-27"})
    assert "时长记错了" in sign_in("er_secretary").get(page).content.decode()
    confirm(cast, entry)
    assert entry.state == "confirmed"


def test_an_entry_sent_in_time_is_not_late_when_corrected_later(cast, fixed_clock):
    entry = submit(cast)
    fixed_clock.move_to(at(10, 9, month=11))
    later = dt.date(2026, 11, 10)
    assert correct(entry, minutes=50, today=later).minutes == 50
    assert refusal_of(correct, entry, on=dt.date(2026, 10, 20), today=later)[1] == "late_reason"


def test_what_an_activity_made_is_corrected_there(cast, sign_in):
    activity = published(cast, starts_at=at(28, 8), ends_at=at(28, 9))
    now = timezone.now()
    entry = LogEntry.objects.create(
        person=cast.person("er_member"), on=TODAY, minutes=60, purpose="activity", activity=activity, summary="主题党日",
        state="confirmed", created_at=now, submitted_at=now, confirmed_by=cast.user("er_secretary"), confirmed_at=now,
    )  # fmt: skip
    assert refusal_of(correct, entry, reason="x")[0] == "这条记录由活动结束时生成。请联系活动组织者更正。"
    page = reverse("log_entry", args=[entry.pk])
    assert sign_in("er_member").get(page).context["form"] is None
    assert sign_in("er_member").post(page, {"minutes": 90}).status_code == 403


@pytest.fixture
def three_turns(cast):
    """Of branch Liu: a talk left for eight days, one sent today, study without another side."""
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2)
    talk = {"purpose": "mentoring", "mentorship": row, "on": TODAY}
    study = submit(cast, "liu_member")
    fresh = submit(cast, "liu_member", **talk, summary="谈学习")
    silent = submit(cast, "liu_member", **talk, summary="谈思想")
    LogEntry.objects.filter(pk=silent.pk).update(submitted_at=timezone.now() - dt.timedelta(days=8))
    LogEntry.objects.filter(pk=fresh.pk).update(submitted_at=timezone.now() - dt.timedelta(days=2, hours=1))
    return silent, study, fresh


def turns(client):
    page = client.get(reverse("log_confirm"))
    return [(entry, entry.turn) for entry in page.context["page"]], page.content.decode()


def test_silent_ones_come_first_and_the_others_keep_their_time(cast, sign_in, three_turns):
    silent, study, fresh = three_turns
    rows, html = turns(sign_in("liu_secretary"))
    assert rows == [(silent, 0), (study, 1), (fresh, 2)]
    places = [
        html.index(words)
        for words in ("现在由您确认", "对方 7 天内没有答复。", "待您确认", "对方还可以确认", "对方还有 5 天")
    ]
    assert places == sorted(places)
    # “All” ticks what is the secretary's.
    assert html.count("data-select>") == 2
    # For the other side both talks are its own.
    assert turns(sign_in("liu_activist"))[0] == [(silent, 1), (fresh, 1)]


def test_without_an_account_the_other_side_is_not_waited_for(cast, sign_in, three_turns):
    silent, study, fresh = three_turns
    user = cast.user("liu_activist")
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert turns(sign_in("liu_secretary"))[0] == [(silent, 1), (fresh, 1), (study, 1)]


def test_todays_activity_is_told_and_not_offered_and_the_page_names_what_arrived(cast, sign_in):
    activity = published(cast, starts_at=at(28, 15), ends_at=at(28, 16))
    published(cast, starts_at=at(29, 15), ends_at=at(29, 16), title="明天的活动")
    form = {"target": "study", "minutes": "30", "summary": "读书", "on": "2026-10-28", "idempotency_key": "key-1"}
    sign_in("er_member").post(reverse("quick_log"), form)
    page = sign_in("er_member").get(reverse("quick_log"))
    assert (page.context["todays"], page.context["arrived"]) == ([activity], "key-1")
    assert "组织者结束活动时自动记入学时，无需自行记录。" in page.content.decode()
    assert sign_in("san_member").get(reverse("quick_log")).context["todays"] == []
    names = {who: sign_in(who).get(reverse("quick_log")).context["draft_name"] for who in ("er_member", "er_deputy")}
    assert len(set(names.values())) == 2
