"""Talks and ratings, viewpoints, classics, volunteer service."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import line_services as lines
from activities.classics import CLASSICS, fill_classics
from activities.event_services import finish_activity
from activities.models import (
    ActivityTalk,
    Classic,
    ClassicViewing,
    LogEntry,
    Participation,
    ServiceDetail,
    TalkRating,
    Viewpoint,
)
from members.access import scope_for
from pairing_portal.common.problems import Refused
from tests.activities.event_crew import act, at, published

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 10, 28)


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def scope(cast, name):
    return scope_for(cast.user(name))


def today_event(cast, kind, **more):
    """Of this morning, 8:00 to 9:30, published; it is 10:00."""
    return published(cast, kind=kind, starts_at=at(28, 8), ends_at=at(28, 9, 30), **more)


def come(cast, activity, *names):
    for name in names:
        Participation.objects.update_or_create(
            activity=activity, person=cast.person(name),
            defaults={"state": "present", "checked_in_at": timezone.now(), "way": "list"},
        )  # fmt: skip


# --- Talks ----------------------------------------------------------------------------------------------


@pytest.fixture
def talk(cast):
    """罗萍妍's micro lecture; four were there."""
    activity = today_event(cast, "micro_lecture", title="微党课")
    come(cast, activity, "er_member", "er_secretary", "er_deputy", "er_probationary")
    given = lines.Talk(title="身边的榜样", speaker=cast.person("er_member"), minutes=15, material="讲稿")
    return lines.save_talk(activity=activity, talk=given, scope=scope(cast, "er_deputy"))


def test_the_committee_writes_a_talk_down_with_a_speaker_or_a_guest(cast, sign_in):
    activity = today_event(cast, "experience", title="经验交流")
    client, url = sign_in("er_deputy"), reverse("activity_talk_new", args=[activity.pk])
    form = {"title": "找工作的三件事", "guest": "校友陈工", "topic": "job", "minutes": "20", "material": "幻灯片"}
    assert said(client.post(url, form)) == ["已记录“找工作的三件事”。"]
    row = ActivityTalk.objects.get()
    assert (row.guest, row.speaker, row.topic, row.minutes, row.material) == ("校友陈工", None, "job", 20, "幻灯片")
    for bad in (
        {"number": "20230310004"},
        {"guest": ""},
        {"minutes": "0"},
        {"minutes": "481"},
        {"minutes": "NaN"},
        {"topic": "x"},
    ):
        assert client.post(url, form | bad).status_code == 400
    assert client.post(url, form | {"guest": "", "number": "20230310004"}).status_code == 302
    assert ActivityTalk.objects.filter(speaker=cast.person("er_member")).count() == 1
    assert sign_in("er_member").get(url).status_code == 403
    assert sign_in("liu_member").get(url).status_code == 404


def test_the_average_is_shown_from_three_ratings_on_and_nobody_sees_who_gave_what(cast, talk, sign_in):
    url, page = reverse("talk_rate", args=[talk.pk]), reverse("activity", args=[talk.activity_id])
    for name, stars in (("er_secretary", "5"), ("er_deputy", "4")):
        sign_in(name).post(url, {"stars": stars})
    assert lines.averages_of(talk.activity) == {talk.pk: (None, 2)}
    assert "有三个以上评分时显示平均分" in sign_in("er_member").get(page).content.decode()
    sign_in("er_probationary").post(url, {"stars": "2"})
    assert lines.averages_of(talk.activity) == {talk.pk: (Decimal("3.7"), 3)}
    shown = sign_in("er_member").get(page).content.decode()
    assert "3.7" in shown
    assert "aria-pressed" not in shown  # no rating of another's is marked
    sign_in("er_probationary").post(url, {"stars": "3"})
    assert (TalkRating.objects.count(), lines.averages_of(talk.activity)[talk.pk][0]) == (3, Decimal("4.0"))


@pytest.mark.parametrize(("who", "stars"), [("er_member", "5"), ("san_secretary", "5"), ("er_deputy", "6"), ("er_deputy", "0"),
                                            ("er_deputy", "NaN"), ("er_deputy", "-1"), ("er_deputy", "")])  # fmt: skip
def test_the_speaker_the_absent_and_other_numbers_rate_nothing(cast, talk, sign_in, who, stars):
    sign_in(who).post(reverse("talk_rate", args=[talk.pk]), {"stars": stars})
    assert TalkRating.objects.count() == 0


def test_a_rated_talk_keeps_its_speaker_and_stays(cast, talk, sign_in):
    lines.rate_talk(talk=talk, person=cast.person("er_deputy"), stars=4)
    client = sign_in("er_deputy")
    assert said(client.post(reverse("talk_remove", args=[talk.pk]))) == ["已有听众评分，不能删除。"]
    changed = client.post(reverse("talk_edit", args=[talk.pk]), {"title": "榜样", "number": "20230310002"})
    assert changed.status_code == 400
    assert (
        client.post(reverse("talk_edit", args=[talk.pk]), {"title": "榜样", "number": "20230310004"}).status_code == 302
    )
    talk.refresh_from_db()
    assert (talk.title, talk.speaker) == ("榜样", cast.person("er_member"))


def test_the_page_takes_as_many_queries_for_three_talks_as_for_one(cast, talk, sign_in):
    client, counts = sign_in("er_secretary"), []
    for more in (0, 2):
        for number in range(more):
            given = lines.Talk(title=f"题目{number}", speaker=cast.person("er_deputy"))
            lines.save_talk(activity=talk.activity, talk=given, scope=scope(cast, "er_deputy"))
        client.get(reverse("activity", args=[talk.activity_id]))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("activity", args=[talk.activity_id]))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- Viewpoints -------------------------------------------------------------------------------------------

POST = {"horizon": "country", "source": "人民日报", "words": "读后很受启发。"}


def test_those_who_take_part_post_viewpoints_and_the_list_counts_them(cast, sign_in):
    activity = published(cast, kind="reading_month", title="读书月", starts_at=at(1, 8), ends_at=at(31, 18))
    url, client = reverse("activity_viewpoints", args=[activity.pk]), sign_in("er_member")
    for _twice in range(2):
        assert client.post(url, POST).status_code == 302
    client.post(url, POST | {"horizon": "nearby", "words": "身边的变化。"})
    assert [(row.horizon, row.source) for row in Viewpoint.objects.order_by("pk")] == [
        ("country", "人民日报"), ("nearby", "人民日报"),
    ]  # fmt: skip
    page = sign_in("er_deputy").get(url + "?horizon=country")
    assert [(value, count) for value, _label, count in page.context["horizons"]] == [
        ("nearby", 1),
        ("country", 1),
        ("world", 0),
    ]
    assert [row.words for row in page.context["page"].object_list] == ["读后很受启发。"]
    for bad in ({"horizon": "moon"}, {"source": " "}, {"words": ""}, {"words": "字" * 1001}):
        assert client.post(url, POST | bad).status_code == 400
    # Sees it, and takes no part.
    assert sign_in("mech_organiser").post(url, POST).status_code == 400
    assert sign_in("liu_member").get(url).status_code == 404
    assert Viewpoint.objects.count() == 2


def test_a_viewpoint_is_removed_by_who_wrote_it_or_the_committee(cast, sign_in):
    activity = published(cast, kind="reading_month", title="读书月", starts_at=at(1, 8), ends_at=at(31, 18))
    row = lines.post_viewpoint(activity=activity, person=cast.person("er_member"), **POST, now=timezone.now())
    url = reverse("activity_viewpoint_remove", args=[activity.pk])
    assert said(sign_in("er_probationary").post(url, {"viewpoint": row.pk})) == ["观点只能由本人或主办方支委删除。"]
    sign_in("er_deputy").post(url, {"viewpoint": "x"})
    assert Viewpoint.objects.count() == 1
    sign_in("er_member").post(url, {"viewpoint": row.pk})
    assert Viewpoint.objects.count() == 0


# --- Classics ---------------------------------------------------------------------------------------------


def test_the_list_is_seeded_once_and_then_the_colleges(cast):
    assert Classic.objects.count() == len(CLASSICS) == 6
    Classic.objects.exclude(title="建党伟业").delete()
    fill_classics()
    assert [row.title for row in Classic.objects.all()] == ["建党伟业"]


def test_members_and_activists_mark_what_they_have_seen_and_take_it_back(cast, sign_in):
    film, activity = Classic.objects.get(title="建党伟业"), today_event(cast, "red_classics", title="观影")
    form = {"classic": film.pk, "on": "2026-10-28", "thought": "震撼", "activity": activity.pk}
    client = sign_in("er_member")
    response = client.post(reverse("classic_seen"), form)
    assert said(response) == ["《建党伟业》已记入您的清单。"]
    client.post(reverse("classic_seen"), form | {"thought": "很震撼"})
    row = ClassicViewing.objects.get()
    assert (row.person, row.on, row.thought, row.activity) == (cast.person("er_member"), TODAY, "很震撼", activity)
    sign_in("san_activist").post(reverse("classic_seen"), {"classic": film.pk, "on": "2026-10-01"})
    assert ClassicViewing.objects.count() == 2
    for bad in ({"on": "2026-10-29"}, {"on": "1999-12-31"}, {"on": "x"}, {"classic": 999999}, {"activity": 999999}):
        assert client.post(reverse("classic_seen"), form | bad).status_code == 400
    assert (
        sign_in("classmate").post(reverse("classic_seen"), {"classic": film.pk, "on": "2026-10-01"}).status_code == 400
    )
    client.post(reverse("classic_unseen") + f"?classic={film.pk}")
    assert [row.person for row in ClassicViewing.objects.all()] == [cast.person("san_activist")]


def test_who_saw_what_is_for_the_committee_of_their_branch(cast, sign_in):
    film = Classic.objects.get(title="建党伟业")
    for name in ("er_member", "san_member"):
        lines.record_viewing(classic=film, person=cast.person(name), on=TODAY, thought=f"{name}的感想", today=TODAY)
    shown = sign_in("er_secretary").get(reverse("classics_who")).content.decode()
    assert ("er_member的感想" in shown, "san_member的感想" in shown) == (True, False)
    assert sign_in("er_member").get(reverse("classics_who")).status_code == 403
    mine = sign_in("er_member").get(reverse("classics"))
    assert (mine.status_code, mine.context["seen"], "观看阅读情况" in mine.content.decode()) == (200, 1, False)


# --- Volunteer service --------------------------------------------------------------------------------------


def test_service_minutes_leave_travel_out_and_are_what_finishing_proposes(cast, sign_in):
    activity = today_event(cast, "volunteer", title="校园护绿")
    come(cast, activity, "er_member")
    client, url = sign_in("er_secretary"), reverse("activity_service", args=[activity.pk])
    form = {"kind": "green", "served": "校园", "service_minutes": "60", "done": "浇水除草"}
    for bad in ({"service_minutes": "91"}, {"service_minutes": "-1"}, {"service_minutes": "0"}, {"kind": "x"}):
        assert client.post(url, form | bad).status_code == 400
    assert ServiceDetail.objects.count() == 0
    assert client.post(url, form).status_code == 302
    finish = client.get(reverse("activity_finish", args=[activity.pk]))
    assert finish.context["form"].initial["counted_minutes"] == 60
    finish_activity(activity=activity, summary="完成", counted_minutes=60, **act(cast, "er_secretary"))
    assert [(row.person, row.minutes, row.purpose) for row in LogEntry.objects.all()] == [
        (cast.person("er_member"), 60, "service"),
    ]  # fmt: skip
    assert client.post(url, form | {"service_minutes": "50"}).status_code == 400
    assert client.post(url, form | {"done": "浇水"}).status_code == 302
    page = client.get(reverse("activity", args=[activity.pk])).content.decode()
    assert ("浇水" in page, "浇水除草" in page) == (True, False)


@pytest.mark.parametrize("name", ["activity_talk_new", "activity_viewpoints", "activity_service"])
def test_another_kind_of_activity_has_none_of_these(cast, sign_in, name):
    assert sign_in("er_secretary").get(reverse(name, args=[published(cast).pk])).status_code == 404


def test_services_refuse_another_line(cast):
    activity = published(cast)
    with pytest.raises(Refused, match="这类活动没有这些内容"):
        lines.save_talk(activity=activity, talk=lines.Talk(title="题", guest="客"), scope=scope(cast, "er_deputy"))
