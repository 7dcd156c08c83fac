"""Minutes of meetings: prefilled, R14 in words, corrected with history, signed, due."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from activities import minutes_services as services
from activities.models import MeetingMinutes, Motion, Participation
from activities.notices_records import compute_minutes_due
from notifications.models import Notice
from notifications.services import compute_reminders
from pairing_portal.common.problems import Refused
from tests.activities.event_crew import act, at, planned, published
from tests.pairings.crew import activate

pytestmark = pytest.mark.django_db


@pytest.fixture
def meeting(cast):
    """A general meeting of Er on 27 October, 19:00 to 20:30: secretary, member and probationary member came, the deputy asked for leave."""
    activity = published(
        cast, kind="general_meeting", title="十月支部党员大会", starts_at=at(27, 19), ends_at=at(27, 20, 30)
    )
    for name in ("er_secretary", "er_member", "er_probationary"):
        row, _new = Participation.objects.get_or_create(activity=activity, person=cast.person(name))
        row.state, row.checked_in_at, row.way = "present", at(27, 19), "list"
        row.save()
    Participation.objects.filter(activity=activity, person=cast.person("er_deputy")).update(
        state="leave", leave_reason="外出实习"
    )
    return activity


def fields(cast, **changes) -> dict[str, object]:
    values = {
        "session": "第3次支部党员大会", "chair": cast.person("er_secretary").pk, "recorder": cast.person("er_member").pk, "guests": "潘桂",
        "eligible_count": 3, "present_count": 2, "agenda": "讨论接收预备党员", "points": "同意", "resolutions": "通过", "seen": 0,
        "votes-TOTAL_FORMS": 1, "votes-INITIAL_FORMS": 0, "votes-0-what": "接收蓝敏佳", "votes-0-yes": 2, "votes-0-no": 0,
        "votes-0-abstained": 0,
    }  # fmt: skip
    return values | changes


def save(client, meeting, cast, **changes):
    return client.post(reverse("minutes_edit", args=[meeting.pk]), fields(cast, **changes))


def page(client, meeting) -> str:
    return client.get(reverse("minutes", args=[meeting.pk])).content.decode()


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)][-1:]


def test_numbers_and_guests_come_from_the_list(cast, meeting, sign_in):
    """Three full members of Er; two of them came, and a probationary member without a vote."""
    text = services.proposed_text(meeting)
    assert (text.eligible_count, text.present_count, text.guests) == (3, 2, "潘桂")
    html = sign_in("er_secretary").get(reverse("minutes_edit", args=[meeting.pk])).content.decode()
    assert ('value="3"' in html, 'value="潘桂"' in html) == (True, True)


def test_of_a_committee_meeting_all_invited_have_a_vote(cast):
    activity = published(cast, kind="committee_meeting", audience="committee", starts_at=at(27, 19), ends_at=at(27, 20))
    count = Participation.objects.filter(activity=activity).count()
    assert services.proposed_text(activity).eligible_count == count


def test_minutes_show_everything_of_the_form_of_the_rules(cast, meeting, sign_in):
    client = sign_in("er_deputy")
    assert "还没有会议记录" in page(client, meeting)
    assert save(client, meeting, cast).url == f"/activities/{meeting.pk}/minutes/"
    html = page(client, meeting)
    for part in (
        "第3次支部党员大会", "十月支部党员大会", "2026年10月27日", "甘杰怡", "罗萍妍", "张红 (外出实习)", "潘桂", "3 / 2", "讨论接收预备党员", "接收蓝敏佳",
        "赞成 2 票，反对 0 票，弃权 0 票", "应到 3 人，实到 2 人，超过半数，可以表决。", "通过：应到 3 人中 2 人赞成，超过半数", "data-print",
    ):  # fmt: skip
        assert part in html
    minutes = MeetingMinutes.objects.get()
    assert (minutes.written_by, minutes.chair, minutes.present_count) == (
        cast.user("er_deputy"),
        cast.person("er_secretary"),
        2,
    )


@pytest.mark.parametrize(
    ("eligible", "present", "yes", "quorum", "carried"),
    [(10, 6, 6, True, True), (10, 5, 5, False, False), (10, 6, 5, True, False), (9, 5, 5, True, True), (0, 0, 0, False, False)],
)  # fmt: skip
def test_more_than_half_of_all_who_are_eligible(eligible, present, yes, quorum, carried):
    assert services.quorum_words(eligible, present)[0] is quorum
    assert services.outcome_words(services.Vote("x", yes), eligible, present)[0] is carried


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"present_count": 4}, "实到人数不能多于应到人数。"),
        ({"votes-0-no": 1}, "“接收蓝敏佳”：共 3 票，但有表决权的实到只有 2 人。"),
        ({"votes-0-what": ""}, "请填写表决事项。"),
        ({"present_count": ""}, "请先填写应到和实到人数，再填写表决。"),
        ({"votes-0-yes": "-1"}, "0"),
        ({"votes-0-yes": "NaN"}, "整数"),
        ({"chair": 999999}, "选择"),
        ({"votes-TOTAL_FORMS": 9999}, "10"),
    ],
)
def test_impossible_minutes_are_refused(cast, meeting, sign_in, changes, words):
    answer = save(sign_in("er_secretary"), meeting, cast, **changes)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert (MeetingMinutes.objects.count(), Motion.objects.count()) == (0, 0)


def test_a_correction_is_seen_in_the_history(cast, meeting, sign_in):
    client = sign_in("er_secretary")
    save(client, meeting, cast)
    save(client, meeting, cast, seen=1, agenda="讨论接收蓝敏佳", **{"votes-0-yes": 1, "votes-0-abstained": 1})
    minutes = MeetingMinutes.objects.get()
    assert [row.agenda for row in minutes.history.all()] == ["讨论接收蓝敏佳", "讨论接收预备党员"]
    assert list(minutes.motions.values_list("yes", "abstained")) == [(1, 1)]
    html = page(client, meeting)
    assert "议题、表决：接收蓝敏佳 2/0/0 → 接收蓝敏佳 1/0/1" in html
    assert "不通过：应到 3 人中 1 人赞成，未超过半数" in html


def test_nobody_overwrites_what_was_saved_meanwhile(cast, meeting, sign_in):
    save(sign_in("er_secretary"), meeting, cast)
    answer = save(sign_in("er_deputy"), meeting, cast, agenda="别的")
    assert answer.status_code == 400
    assert "他人已保存过这份会议记录。请复制您的文字，刷新页面后补充。" in answer.content.decode()
    assert MeetingMinutes.objects.get().agenda == "讨论接收预备党员"


def test_signed_minutes_are_read_by_those_invited(cast, meeting, sign_in):
    activate(cast)
    boss, member = sign_in("er_secretary"), sign_in("er_member")
    address = reverse("minutes", args=[meeting.pk])
    save(boss, meeting, cast, chair="")
    assert member.get(address).status_code == 403
    assert said(boss.post(reverse("minutes_sign", args=[meeting.pk]))) == ["签字前请填写：主持人"]
    save(boss, meeting, cast, seen=1)
    assert member.post(reverse("minutes_sign", args=[meeting.pk])).status_code == 403
    assert said(boss.post(reverse("minutes_sign", args=[meeting.pk]))) == ["已签字。受邀人员现在可以查看会议记录。"]
    minutes = MeetingMinutes.objects.get()
    assert (minutes.signed_by, minutes.signed_at) == (cast.user("er_secretary"), timezone.now())
    html = member.get(address).content.decode()
    assert ("讨论接收预备党员" in html, "外出实习" in html, "minutes/edit" in html) == (True, False, False)
    assert address in member.get(reverse("activity", args=[meeting.pk])).content.decode()
    # The secretary of the paired branch, who inspects; its members do not.
    assert [sign_in(name).get(address).status_code for name in ("san_secretary", "san_member", "liu_secretary", "stranger")] == [200, 403, 404, 404]  # fmt: skip
    assert said(boss.post(reverse("minutes_sign", args=[meeting.pk]))) == ["会议记录已经签字。"]


def test_only_the_committee_writes_and_only_once_it_has_begun(cast, meeting, sign_in):
    assert save(sign_in("er_member"), meeting, cast).status_code == 403
    assert save(sign_in("liu_secretary"), meeting, cast).status_code == 404
    coming = published(cast, kind="general_meeting")
    answer = save(sign_in("er_secretary"), coming, cast)
    assert "会议开始后才能填写会议记录。" in answer.content.decode()
    contest = planned(cast, kind="contest")
    assert sign_in("er_secretary").get(reverse("minutes", args=[contest.pk])).status_code == 404
    assert MeetingMinutes.objects.count() == 0
    with pytest.raises(Refused) as caught:
        services.write_minutes(activity=meeting, text=services.Text(), votes=[], seen=0, **act(cast, "er_member"))
    assert caught.value.text == "会议记录由主办方支委会填写。"


def test_secretaries_are_reminded_before_and_after_the_day(cast, meeting, fixed_clock):
    """Held on the 27th, due within three days: on the 30th."""
    told = {(cast.user("er_secretary").pk), cast.user("er_deputy").pk}
    assert list(compute_minutes_due(timezone.now())) == []
    fixed_clock.move_to(at(29, 9))
    notices = list(compute_minutes_due(timezone.now()))
    assert ({notice.user_id for notice in notices}, {notice.subject["late"] for notice in notices}) == (told, {False})
    compute_reminders(now=timezone.now())
    fixed_clock.move_to(at(31, 9))
    for _twice in range(2):
        compute_reminders(now=timezone.now())
    assert Notice.objects.filter(kind=services.MINUTES_DUE).count() == 4
    services.write_minutes(activity=meeting, text=services.Text(), votes=[], seen=0, **act(cast, "er_secretary"))
    assert Notice.objects.filter(kind=services.MINUTES_DUE, obsolete_at=None).count() == 0
    assert list(compute_minutes_due(timezone.now())) == []


def test_overdue_is_shown(cast, meeting, sign_in, fixed_clock):
    assert "请于 2026年10月30日" in page(sign_in("er_secretary"), meeting)
    fixed_clock.move_to(at(31, 9))
    assert "已逾期：应于 2026年10月30日" in page(sign_in("er_secretary"), meeting)
    assert services.due_on(meeting) == dt.date(2026, 10, 30)
