"""Announcements: to whom, told once, read by whom, on the workbench until read, withdrawn and put back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import announcement_services as services
from activities.models import Announcement, Attachment, ReadMark
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from reports.workbench_records import record_tasks
from tests.activities.event_crew import act, at, published

pytestmark = pytest.mark.django_db


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)][-1:]


def publish(cast, *, who="er_secretary", audience=None, title="周五开会", text="A101,15:00。", is_important=False):
    return services.publish_announcement(
        title=title, text=text, audience=audience or cast.er, is_important=is_important, **act(cast, who)
    )


def send(client, audience: str, **changes):
    values = {"audience": audience, "title": "周五开会", "text": "A101,15:00。"}
    return client.post(reverse("announcement_new"), values | changes)


def told() -> list[str]:
    standing = Notice.objects.filter(kind=services.ANNOUNCED, obsolete_at=None)
    return sorted(standing.values_list("user__display_name", flat=True))


# --- Publishing ------------------------------------------------------------------------------------


def test_a_secretary_publishes_to_the_branch_and_everybody_is_told_once(cast, sign_in):
    client = sign_in("er_secretary")
    for _twice in range(2):
        assert send(client, f"party_branch-{cast.er.pk}").status_code == 302
    made = Announcement.objects.get()
    assert (made.party_branch, made.published_by, made.published_at) == (
        cast.er,
        cast.user("er_secretary"),
        timezone.now(),
    )
    assert told() == ["张红", "潘桂", "罗萍妍"]
    notice = Notice.objects.filter(kind=services.ANNOUNCED).first()
    assert (notice.link, notice.is_urgent) == (f"/announcements/{made.pk}/", False)


@pytest.mark.parametrize(
    ("who", "key"),
    [
        ("er_secretary", "party_branch-san"), ("er_secretary", "department-mech"), ("league_secretary", "party_branch-liu"),
        ("civil_organiser", "party_branch-er"), ("er_secretary", "x-1"),
    ],
)  # fmt: skip
def test_other_audiences_are_not_offered(cast, sign_in, who, key):
    field, _dash, name = key.partition("-")
    target = getattr(cast, name, None)
    answer = send(sign_in(who), f"{field}-{target.pk if target else name}")
    assert (answer.status_code, Announcement.objects.count()) == (400, 0)


@pytest.mark.parametrize(("who", "code"), [("er_member", 403), ("stranger", 403), ("counsellor", 403), ("administrator", 403), ("er_deputy", 200)])  # fmt: skip
def test_who_publishes(cast, sign_in, who, code):
    assert sign_in(who).get(reverse("announcement_new")).status_code == code


def test_the_service_refuses_too(cast):
    with pytest.raises(Refused) as caught:
        publish(cast, audience=cast.san)
    assert caught.value.text == "您不能向这些人发布公告。请选择其他范围。"
    with pytest.raises(Refused) as caught:
        publish(cast, title="\u3000")
    assert caught.value.text == "公告须有标题和正文。"


def test_a_league_branch_and_a_department(cast, sign_in):
    send(sign_in("league_secretary"), f"league_branch-{cast.one.pk}")
    assert told() == ["农军"]
    send(sign_in("mech_organiser"), f"department-{cast.mech.pk}", title="全系大会")
    assert {"甘杰怡", "潘晨", "罗杰", "欧阳英妍"} <= set(told())
    assert "上官涵" not in told()


def test_the_text_is_text(cast, sign_in):
    send(sign_in("er_secretary"), f"party_branch-{cast.er.pk}", text="<script>alert(1)</script>", title="' OR 1=1 --")
    html = sign_in("er_member").get(reverse("announcement", args=[Announcement.objects.get().pk])).content.decode()
    assert "&lt;script&gt;alert(1)" in html


# --- Reading ---------------------------------------------------------------------------------------


def test_looking_marks_as_read_and_the_publisher_sees_who_did(cast, sign_in):
    made = publish(cast)
    address = reverse("announcement", args=[made.pk])
    member = sign_in("er_member")
    assert "未读" in member.get(reverse("announcements")).content.decode()
    for _twice in range(2):
        html = member.get(address).content.decode()
    assert "人已读" not in html
    assert ReadMark.objects.filter(user=cast.user("er_member")).count() == 1
    assert told() == ["张红", "潘桂"]
    html = sign_in("er_secretary").get(address).content.decode()
    assert ("4 人中 2 人已读" in html, "潘桂、张红" in html, "甘杰怡、罗萍妍" in html) == (True, True, True)


def test_others_do_not_see_it(cast, sign_in):
    address = reverse("announcement", args=[publish(cast).pk])
    names = (
        "er_probationary",
        "mech_organiser",
        "administrator",
        "san_member",
        "liu_secretary",
        "classmate",
        "stranger",
    )
    assert [sign_in(name).get(address).status_code for name in names] == [200, 200, 200, 404, 404, 404, 404]


def test_unread_ones_alone(cast, sign_in):
    read, _open = publish(cast), publish(cast, title="缴纳党费")
    client = sign_in("er_member")
    client.get(reverse("announcement", args=[read.pk]))
    html = client.get(reverse("announcements") + "?show=unread").content.decode()
    assert ("缴纳党费" in html, "周五开会" in html) == (True, False)


def test_the_list_costs_the_same_with_three_rows(cast, sign_in):
    client = sign_in("er_member")
    publish(cast)
    client.get(reverse("announcements"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(reverse("announcements"))
    publish(cast, title="二")
    publish(cast, title="三")
    with CaptureQueriesContext(connection) as three:
        client.get(reverse("announcements"))
    assert len(three) == len(one)


# --- The workbench ---------------------------------------------------------------------------------


def tasks(cast, name) -> list[tuple[str, int, str]]:
    return [(task.label, task.count, task.url) for task in record_tasks(act(cast, name)["scope"])]


def test_important_ones_stay_on_the_workbench_until_read(cast, sign_in):
    publish(cast, title="平常")
    made = publish(cast, title="重要", is_important=True)
    address = reverse("announcement", args=[made.pk])
    assert tasks(cast, "er_member") == [("重要公告待阅读", 1, address)]
    assert "重要公告待阅读" in sign_in("er_member").get("/").content.decode()
    assert (tasks(cast, "er_secretary"), tasks(cast, "san_member"), tasks(cast, "mech_organiser")) == ([], [], [])
    sign_in("er_member").get(address)
    assert tasks(cast, "er_member") == []


def test_minutes_that_are_missing_stand_there_too(cast, fixed_clock):
    meeting = published(cast, kind="general_meeting", starts_at=at(27, 19), ends_at=at(27, 20))
    address = reverse("minutes", args=[meeting.pk])
    assert tasks(cast, "er_secretary") == [("会议记录待填写", 1, address)]
    assert tasks(cast, "er_member") == []
    assert [task.is_late for task in record_tasks(act(cast, "er_secretary")["scope"])] == [False]
    fixed_clock.move_to(at(31, 9))
    assert [task.is_late for task in record_tasks(act(cast, "er_secretary")["scope"])] == [True]


# --- Withdrawing -----------------------------------------------------------------------------------


def test_withdrawn_and_put_back_without_telling_twice(cast, sign_in):
    made = publish(cast)
    boss, member = sign_in("er_secretary"), sign_in("er_member")
    address = reverse("announcement", args=[made.pk])
    sign_in("er_deputy").get(address)
    assert member.post(reverse("announcement_withdraw", args=[made.pk])).status_code == 403
    assert sign_in("san_secretary").post(reverse("announcement_withdraw", args=[made.pk])).status_code == 404
    assert said(boss.post(reverse("announcement_withdraw", args=[made.pk]))) == ["已撤回：周五开会"]
    assert (member.get(address).status_code, boss.get(address).status_code, told()) == (404, 200, [])
    assert said(boss.post(reverse("announcement_withdraw", args=[made.pk]))) == ["该公告已经撤回。"]
    assert said(boss.post(reverse("announcement_restore", args=[made.pk]))) == ["公告已恢复。没有重复通知任何人。"]
    assert (member.get(address).status_code, told()) == (200, ["潘桂"])
    assert Notice.objects.filter(kind=services.ANNOUNCED).count() == 3
    made.refresh_from_db()
    assert (made.withdrawn_at, made.history.count()) == (None, 3)


def test_files_of_an_announcement(cast, sign_in, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    made, file = publish(cast), SimpleUploadedFile("通知.pdf", b"%PDF-1.7\n%%EOF")
    assert sign_in("er_member").post(reverse("announcement_attach", args=[made.pk]), {"file": file}).status_code == 403
    file.seek(0)
    sign_in("er_deputy").post(reverse("announcement_attach", args=[made.pk]), {"file": file})
    address = reverse("attachment", args=[Attachment.objects.get().pk])
    assert [sign_in(name).get(address).status_code for name in ("er_member", "san_member")] == [200, 404]
    services.withdraw_announcement(announcement=made, scope=act(cast, "er_deputy")["scope"], now=timezone.now())
    assert sign_in("er_member").get(address).status_code == 404


def test_the_same_again_later_is_a_new_one(cast, fixed_clock):
    publish(cast)
    fixed_clock.shift(dt.timedelta(minutes=11))
    publish(cast)
    assert Announcement.objects.count() == 2
