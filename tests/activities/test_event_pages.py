"""Pages of activities: the list, one activity and its one next step, planning, changing, moving, calling off."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import event_services as life
from activities.models import Activity, ActivityKind, LogEntry, Participation
from notifications.models import Notice
from tests.activities.event_crew import act, at, planned, published
from tests.pairings.crew import activate

pytestmark = pytest.mark.django_db
JSON = {"HTTP_ACCEPT": "application/json"}


def page(client, name, *args, query=""):
    return client.get(reverse(name, args=args) + query)


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def form_of(cast, **changes) -> dict[str, object]:
    """What a secretary of Er types for Friday the 30th."""
    values = {
        "kind": ActivityKind.objects.get(key="theme_day").pk, "title": "重温入党誓词", "host": f"party-{cast.er.pk}", "on": "2026-10-30",
        "starts_at": "15:00", "ends_at": "17:00", "place": "A101", "audience": "members",
    }  # fmt: skip
    return {key: value for key, value in (values | changes).items() if value is not None}


# --- The list ------------------------------------------------------------------------------------


def test_mine_come_first_and_the_others_stand_below(cast, sign_in):
    mine = published(cast)
    other = published(cast, title="支委会", audience="committee", starts_at=at(29, 9), ends_at=at(29, 10))
    response = page(sign_in("er_member"), "activities")
    assert [row["activity"].pk for row in response.context["mine"]] == [mine.pk]
    assert [row["activity"].pk for row in response.context["rows"]] == [other.pk]
    assert "新建活动" not in response.content.decode()
    assert "新建活动" in page(sign_in("er_deputy"), "activities").content.decode()


def test_filters_stand_in_words_and_in_the_address(cast, sign_in):
    published(cast)
    past = published(cast, title="上次党日", starts_at=at(20, 15), ends_at=at(20, 17))
    client, kind = sign_in("er_secretary"), ActivityKind.objects.get(key="theme_day")
    query = f"?when=past&kind={kind.pk}&host=party-{cast.er.pk}&state=published&q=上次"
    response = page(client, "activities", query=query)
    assert [row["activity"].pk for row in response.context["rows"]] == [past.pk]
    assert response.context["words"] == ["主题党日", "第二党支部", "已公布", "往期", "“上次”"]
    assert page(client, "activities", query="?state=nonsense").status_code == 400
    assert page(client, "activities", query="?host=party-999999").status_code == 400
    assert "没有符合的结果" in page(client, "activities", query="?q=没有这个").content.decode()


def test_an_empty_list_says_what_to_do_first(cast, sign_in):
    assert "安排下一次活动" in page(sign_in("er_secretary"), "activities").content.decode()
    assert "发布后会出现在这里" in page(sign_in("er_member"), "activities").content.decode()


def test_another_branch_sees_nothing_of_a_draft_and_a_partner_only_what_is_published(cast, sign_in):
    activate(cast)
    draft, known = planned(cast), published(cast, title="公开党课")
    assert page(sign_in("san_member"), "activity", draft.pk).status_code == 404
    assert page(sign_in("san_member"), "activity", known.pk).status_code == 200
    assert page(sign_in("liu_member"), "activity", known.pk).status_code == 404


@pytest.mark.parametrize("who", ["er_secretary", "er_member"])
def test_the_list_takes_as_many_queries_for_three_as_for_one(cast, sign_in, who):
    client = sign_in(who)
    published(cast)
    counts = []
    for more in (0, 2):
        for number in range(more):
            published(cast, title=f"党日{number}", starts_at=at(31, 9 + number), ends_at=at(31, 10 + number))
        page(client, "activities")
        with CaptureQueriesContext(connection) as queries:
            page(client, "activities")
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- One activity, and what to do next ---------------------------------------------------------------


def test_each_state_offers_its_one_next_step(cast, sign_in, fixed_clock):
    activity = planned(cast, pairing=activate(cast))
    client, other = sign_in("er_secretary"), sign_in("san_secretary")

    def next_step(who=client):
        may = page(who, "activity", activity.pk).context["may"]
        return may.step.label if may.step else may.waits

    assert next_step() == "送对方同意"
    client.post(reverse("activity_send", args=[activity.pk]))
    assert next_step() == "等待第三党支部同意。"
    assert next_step(other) == "同意"
    other.post(reverse("activity_approve", args=[activity.pk]))
    assert next_step() == "发布并邀请"
    client.post(reverse("activity_publish", args=[activity.pk]))
    assert next_step() == "参加人员"
    for moment, words in ((at(30, 14, 45), "显示签到码"), (at(30, 17, 5), "填写小结并结束")):
        fixed_clock.move_to(moment)
        client.force_login(cast.user("er_secretary"), backend="allauth.account.auth_backends.AuthenticationBackend")
        assert next_step() == words


def test_a_deputy_of_the_committee_plans_and_the_page_says_who_publishes(cast, sign_in):
    from members.models import Post

    Post.objects.create(
        person=cast.person("er_member"), kind="publicity_officer", party_branch=cast.er, since=dt.date(2026, 9, 1)
    )
    activity = planned(cast, who="er_member")
    response = page(sign_in("er_member"), "activity", activity.pk)
    assert response.context["may"].waits == "由主办支部书记发布。"
    assert sign_in("er_member").post(reverse("activity_publish", args=[activity.pk])).status_code == 403
    activity.refresh_from_db()
    assert activity.state == "draft"


def test_the_page_says_when_with_the_teaching_week_and_who_said_yes(cast, sign_in):
    activity = planned(cast, pairing=activate(cast))
    html = page(sign_in("er_secretary"), "activity", activity.pk).content.decode()
    assert "2026年10月30日（第8教学周）" in html
    assert "尚未送出" in html
    life.send_for_approval(activity=activity, **act(cast, "er_secretary"))
    assert "待同意" in page(sign_in("er_secretary"), "activity", activity.pk).content.decode()


def test_names_are_for_who_keeps_the_list_and_figures_for_all(cast, sign_in):
    activity = published(cast)
    assert "潘桂" in page(sign_in("er_secretary"), "activity", activity.pk).content.decode()
    html = page(sign_in("er_member"), "activity", activity.pk).content.decode()
    assert "潘桂" not in html
    assert "邀请了 4 人。" in html


def test_the_history_tells_what_changed(cast, sign_in):
    activity = published(cast)
    life.move_activity(activity=activity, starts_at=at(31, 9), ends_at=at(31, 11), **act(cast, "er_secretary"))
    changes = page(sign_in("er_secretary"), "activity", activity.pk).context["changes"]
    assert changes[0].what.startswith("开始时间 2026")
    assert [change.what for change in changes[1:]] == ["已公布", "已计划"]


# --- Planning --------------------------------------------------------------------------------------


def test_a_plan_is_a_draft_of_the_chosen_branch(cast, sign_in):
    client = sign_in("er_secretary")
    response = client.post(reverse("activity_new"), form_of(cast))
    activity = Activity.objects.get()
    assert response.url == reverse("activity", args=[activity.pk])
    assert (activity.state, activity.party_branch, activity.starts_at) == ("draft", cast.er, at(30, 15))
    assert said(response) == ["已存为草稿。"]


def test_the_address_fills_in_the_day_and_the_kind(cast, sign_in):
    html = page(sign_in("er_secretary"), "activity_new", query="?on=2026-11-05&kind=micro_lecture").content.decode()
    assert 'value="2026-11-05"' in html
    chosen = ActivityKind.objects.get(key="micro_lecture").pk
    assert f'id="kind-{chosen}" value="{chosen}" checked' in html
    assert page(sign_in("er_secretary"), "activity_new", query="?on=nonsense&kind=nothing").status_code == 200


@pytest.mark.parametrize(
    ("more", "days"),
    [
        ({"repeat": "weekly", "repeat_count": 3}, ["10-30", "11-06", "11-13"]),
        ({"repeat": "fortnightly", "repeat_until": "2026-11-27"}, ["10-30", "11-13", "11-27"]),
        ({"repeat": "monthly", "repeat_count": 2}, ["10-30", "11-30"]),
    ],
)
def test_a_repetition_is_a_row_each(cast, sign_in, more, days):
    response = sign_in("er_secretary").post(reverse("activity_new"), form_of(cast, **more))
    assert response.status_code == 302
    rows = Activity.objects.order_by("starts_at")
    assert [timezone.localtime(row.starts_at).strftime("%m-%d") for row in rows] == days


def test_pressing_twice_or_sending_again_plans_once(cast, sign_in):
    client = sign_in("er_secretary")
    first = client.post(reverse("activity_new"), form_of(cast, repeat="weekly", repeat_count=2))
    again = client.post(reverse("activity_new"), form_of(cast, repeat="weekly", repeat_count=2, accept_clashes="on"))
    assert Activity.objects.count() == 2
    assert again.url == first.url


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"title": " 　"}, "title", "这个字段是必填项。"),
        ({"ends_at": "14:00"}, "ends_at", "活动的结束时间必须晚于开始时间。请选择更晚的结束时间。"),
        ({"on": "2025-10-01"}, "starts_at", None),
        ({"on": "2029-10-01"}, "starts_at", None),
        ({"on": "0001-01-01"}, "on", "请核对年份。"),
        ({"on": "9999-12-31"}, "on", "请核对年份。"),
        ({"on": "2026-02-30"}, "on", None),
        ({"capacity": "1,5", "needs_sign_up": "on"}, "capacity", None),
        ({"capacity": "NaN", "needs_sign_up": "on"}, "capacity", None),
        ({"capacity": str(2**63), "needs_sign_up": "on"}, "capacity", None),
        ({"capacity": "-1", "needs_sign_up": "on"}, "capacity", None),
        ({"capacity": "5"}, "capacity", None),
        ({"repeat": "weekly"}, "repeat", None),
        ({"repeat": "hourly", "repeat_count": "3"}, "repeat", None),
        ({"repeat": "weekly", "repeat_count": "61"}, "repeat_count", None),
        ({"audience": "league"}, "audience", None),
        ({"host": "party-999999"}, "host", "选择一个有效的选项。 party-999999 不在可用的选项中。"),
        ({"kind": "999999"}, "kind", None),
        ({"sign_up_until": "2026-10-31T10:00", "needs_sign_up": "on"}, "sign_up_until", None),
        ({"title": "长" * 101}, "title", None),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(cast, sign_in, changes, field, words):
    response = sign_in("er_secretary").post(reverse("activity_new"), form_of(cast, **changes))
    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    if words:
        assert response.context["form"].errors[field] == [words]
    assert Activity.objects.count() == 0


def test_a_forged_host_answers_like_one_that_does_not_exist(cast, sign_in):
    errors = []
    for key in (f"party-{cast.liu.pk}", f"league-{cast.one.pk}", "party-999999"):
        response = sign_in("er_secretary").post(reverse("activity_new"), form_of(cast, host=key))
        errors.append(response.context["form"].errors["host"][0].replace(key, ""))
    assert len(set(errors)) == 1
    assert Activity.objects.count() == 0


def test_full_width_digits_are_digits_and_markup_stays_text(cast, sign_in):
    client = sign_in("er_secretary")
    client.post(reverse("activity_new"), form_of(cast, title="<script>x</script>", capacity="１０", needs_sign_up="on"))
    activity = Activity.objects.get()
    assert activity.capacity == 10
    assert "<script>x" not in page(client, "activity", activity.pk).content.decode()


def test_a_clash_is_a_warning_that_needs_a_tick(cast, sign_in):
    published(cast)
    client = sign_in("er_secretary")
    values = form_of(cast, title="另一场", starts_at="16:00")
    response = client.post(reverse("activity_new"), values)
    assert response.status_code == 400
    assert "A101" in str(response.context["clashes"][0])
    assert "仍按此安排" in response.content.decode()
    assert Activity.objects.count() == 1
    assert client.post(reverse("activity_new"), values | {"accept_clashes": "on"}).status_code == 302
    assert Activity.objects.count() == 2


def test_who_lost_the_post_while_the_form_was_open_writes_nothing(cast, sign_in):
    from members.models import Post

    client = sign_in("er_secretary")
    assert page(client, "activity_new").status_code == 200
    Post.objects.filter(person=cast.person("er_secretary")).delete()
    assert client.post(reverse("activity_new"), form_of(cast)).status_code == 403
    assert Activity.objects.count() == 0


def test_a_league_secretary_plans_for_the_own_class(cast, sign_in):
    kind = ActivityKind.objects.get(key="first_lesson").pk
    values = form_of(cast, host=f"league-{cast.one.pk}", kind=kind, audience="league")
    assert sign_in("league_secretary").post(reverse("activity_new"), values).status_code == 302
    assert Activity.objects.get().league_branch == cast.one


# --- Changing, moving, calling off --------------------------------------------------------------------


def test_a_new_place_is_told_and_the_audience_of_a_published_one_stays(cast, sign_in):
    activity = published(cast)
    values = form_of(cast, title="重温誓词", place="B202", audience="open", host=None)
    response = sign_in("er_secretary").post(reverse("activity_edit", args=[activity.pk]), values)
    assert response.status_code == 302
    activity.refresh_from_db()
    assert (activity.title, activity.place, activity.audience) == ("重温誓词", "B202", "members")
    assert Notice.objects.filter(kind="activities.changed").count() == 3


def test_more_places_let_the_waiting_list_move_up(cast, sign_in):
    from activities.attend_services import sign_up

    activity = published(cast, needs_sign_up=True, capacity=1)
    for name in ("er_member", "er_deputy"):
        sign_up(activity=activity, person=cast.person(name), now=timezone.now())
    values = form_of(cast, title=activity.title, capacity="2", needs_sign_up="on")
    sign_in("er_secretary").post(reverse("activity_edit", args=[activity.pk]), values)
    assert Participation.objects.get(activity=activity, person=cast.person("er_deputy")).state == "signed_up"


def test_a_drag_moves_it_and_the_way_back_brings_it_back(cast, sign_in):
    activity, client = published(cast), sign_in("er_secretary")
    address = reverse("activity_move", args=[activity.pk])
    answer = client.post(address, {"starts": "2026-10-31T09:00", "ends": "2026-10-31T11:00"}, **JSON)
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    activity.refresh_from_db()
    assert (activity.starts_at, activity.ends_at) == (at(31, 9), at(31, 11))
    client.post(answer.json()["undo"])
    activity.refresh_from_db()
    assert (activity.starts_at, activity.ends_at) == (at(30, 15), at(30, 17))


@pytest.mark.parametrize(
    ("starts", "ends"), [("2026-10-31T09:00", "2026-10-31T08:00"), ("nonsense", "x"), ("", ""), ("0001-01-01T00:00", "9999-12-31T00:00")]
)  # fmt: skip
def test_a_move_that_cannot_be_is_refused_in_words(cast, sign_in, starts, ends):
    activity = published(cast)
    answer = sign_in("er_secretary").post(
        reverse("activity_move", args=[activity.pk]), {"starts": starts, "ends": ends}, **JSON
    )
    assert (answer.status_code, answer.json()["ok"]) == (409, False)
    assert answer.json()["text"]
    activity.refresh_from_db()
    assert activity.starts_at == at(30, 15)


def test_a_member_moves_publishes_cancels_and_finishes_nothing(cast, sign_in):
    activity, client = published(cast), sign_in("er_member")
    for name in (
        "activity_move",
        "activity_publish",
        "activity_cancel",
        "activity_finish",
        "activity_send",
        "activity_approve",
        "activity_decline",
    ):
        assert (name, client.post(reverse(name, args=[activity.pk])).status_code) == (name, 403)
    activity.refresh_from_db()
    assert activity.state == "published"


def test_calling_off_asks_why_and_a_draft_is_deleted(cast, sign_in):
    activity, draft, client = published(cast), planned(cast, title="草稿"), sign_in("er_secretary")
    address = reverse("activity_cancel", args=[activity.pk])
    assert client.post(address, {"reason": " "}).status_code == 400
    assert client.post(address, {"reason": "教室停电"}).status_code == 302
    activity.refresh_from_db()
    assert (activity.state, activity.cancel_reason) == ("cancelled", "教室停电")
    assert "已取消：教室停电" in page(client, "activity", activity.pk).content.decode()
    assert "删除草稿" in page(client, "activity_cancel", draft.pk).content.decode()
    client.post(reverse("activity_cancel", args=[draft.pk]))
    assert not Activity.objects.filter(pk=draft.pk).exists()


def test_the_other_side_sends_it_back_with_a_reason(cast, sign_in):
    activity = planned(cast, pairing=activate(cast))
    life.send_for_approval(activity=activity, **act(cast, "er_secretary"))
    client = sign_in("san_secretary")
    assert client.post(reverse("activity_decline", args=[activity.pk]), {"reason": ""}).status_code == 400
    response = client.post(reverse("activity_decline", args=[activity.pk]), {"reason": "那天实习"})
    assert said(response) == ["已退回，对方会看到您的理由。"]
    assert client.get(response.url).status_code == 200
    activity.refresh_from_db()
    assert activity.state == "draft"


def test_finishing_proposes_the_planned_length_and_credits_once(cast, sign_in, fixed_clock):
    activity = published(cast, starts_at=at(28, 9), ends_at=at(28, 9, 50))
    client, address = sign_in("er_secretary"), reverse("activity_finish", args=[activity.pk])
    client.post(reverse("activity_mark", args=[activity.pk]), {"person": [cast.person("er_member").pk], "here": "yes"})
    assert client.get(address).context["form"]["counted_minutes"].value() == 50
    assert client.post(address, {"summary": "", "counted_minutes": 50}).status_code == 400
    assert client.post(address, {"summary": "好", "counted_minutes": "1e2"}).status_code == 400
    assert client.post(address, {"summary": "重温誓词", "counted_minutes": 50}).status_code == 302
    assert client.post(address, {"summary": "重温誓词", "counted_minutes": 50}).status_code == 400
    assert list(LogEntry.objects.values_list("person__name", "minutes")) == [("罗萍妍", 50)]
    assert "到会 1 人，每人计 50 分钟" in page(client, "activity", activity.pk).content.decode()


def test_an_empty_form_names_every_field_that_is_needed(cast, sign_in):
    response = sign_in("er_secretary").post(reverse("activity_new"), {})
    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["kind", "title", "host", "on", "starts_at", "ends_at", "audience"]


def test_a_forged_pairing_of_others_is_no_choice(cast, sign_in):
    """San and Si are paired; Er learns nothing of it and cannot plan under it."""
    others = activate(cast, helper=cast.san, partner=cast.si)
    response = sign_in("er_secretary").post(reverse("activity_new"), form_of(cast, pairing=others.pk))
    missing = sign_in("er_secretary").post(reverse("activity_new"), form_of(cast, pairing=999999))
    assert response.context["form"].errors["pairing"] == missing.context["form"].errors["pairing"]
    assert Activity.objects.count() == 0
