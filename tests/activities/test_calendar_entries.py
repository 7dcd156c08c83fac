"""The calendar as data: who sees what, what is asked for, how it reads, what 5,000 activities cost."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from activities.event_services import cancel_activity, plan_activity, publish_activity
from activities.kinds import TONES
from activities.models import Activity, ActivityKind
from tests.activities.event_crew import ZONE, act, at, plan_of, planned, published
from tests.pairings.crew import activate

from .talks import record

pytestmark = pytest.mark.django_db

WHO_ASKS = re.compile(
    r'FROM "(django_session|accounts_user|members_person|members_post|members_staffrole)"|"members_staffrole_classes"'
)
OCTOBER = "/calendar/entries/?start=2026-09-28&end=2026-11-02"


def fetch(client, more=""):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(OCTOBER + more)


def titles(client, more=""):
    """Observations that are due for the cast are the business of other tests."""
    return [event["title"] for event in fetch(client, more).json()["events"] if "review" not in event["title"].lower()]


def league_activity(cast, **changes):
    """A sports day of League branch One, published by Liu's League secretary."""
    values = {
        "kind": "culture_sports",
        "title": "班级篮球赛",
        "party_branch": None,
        "league_branch": cast.one,
        "audience": "league",
    }
    activity = plan_activity(plan=plan_of(cast, **values | changes), **act(cast, "league_secretary"))[0]
    return publish_activity(activity=activity, **act(cast, "league_secretary"))


# --- Who sees what --------------------------------------------------------------------------------


def test_an_activity_is_seen_by_its_branch_the_paired_branch_and_the_department(cast, sign_in):
    activate(cast)
    published(cast)
    names = (
        "er_member",
        "san_activist",
        "mech_organiser",
        "si_secretary",
        "liu_secretary",
        "league_secretary",
        "stranger",
    )
    seen = {name: "主题党日：重温入党誓词" in titles(sign_in(name)) for name in names}

    assert [name for name, sees in seen.items() if sees] == ["er_member", "san_activist", "mech_organiser"]


def test_a_draft_is_on_nobodys_calendar(cast, sign_in):
    planned(cast)
    assert titles(sign_in("er_secretary")) == []


def test_nobody_is_sent_to_sign_in(client):
    assert client.get(OCTOBER).status_code == 302


# --- How it reads ---------------------------------------------------------------------------------


def test_an_activity_reads_with_its_sign_colour_and_words(cast, sign_in):
    activity = published(cast)
    (event,) = [event for event in fetch(sign_in("er_secretary")).json()["events"] if "move" in event]

    assert event == {
        "id": f"activity-{activity.pk}", "title": "主题党日：重温入党誓词", "start": "2026-10-30T15:00", "end": "2026-10-30T17:00",
        "allDay": False, "icon": "flag", "tone": "gold", "words": "Activities · 15:00–17:00 · A101 · 第二党支部 · 主题党日",
        "url": f"/activities/{activity.pk}/", "move": f"/activities/{activity.pk}/move/", "mine": True,
    }  # fmt: skip


def test_only_hosts_may_move_and_only_what_is_not_over(cast, sign_in):
    activity = published(cast)
    client = sign_in("er_secretary")
    assert "move" not in fetch(sign_in("er_member")).json()["events"][0]
    cancel_activity(activity=activity, reason="停电", **act(cast, "er_secretary"))

    (event,) = [event for event in fetch(client).json()["events"] if event["title"] == activity.title]
    assert (event.get("cancelled"), event.get("move")) == (True, None)


def test_the_list_strikes_through_what_is_cancelled_and_says_so(cast, sign_in):
    activity = published(cast)
    cancel_activity(activity=activity, reason="停电", **act(cast, "er_secretary"))
    client = sign_in("er_member")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    body = client.get("/calendar/").content.decode()

    assert f'<s>{activity.title}</s> <span class="agenda-off">cancelled</span>' in body


def test_what_lasts_all_day_ends_on_the_day_after(cast, sign_in):
    record(cast)
    (event,) = fetch(sign_in("league_secretary")).json()["events"]

    day = dt.date.fromisoformat(event["start"])
    assert (event["end"], event["allDay"], event["tone"]) == ((day + dt.timedelta(days=1)).isoformat(), True, "gold")


def test_holidays_and_make_up_days_stand_behind_their_days(cast, sign_in):
    days = fetch(sign_in("er_member")).json()["days"]

    assert [(day["title"], day["start"], day["end"], day["display"], day["mark"]) for day in days] == [
        ("holiday 国庆节", "2026-10-01", "2026-10-08", "background", "holiday"),
        ("make-up day 国庆节调休", "2026-10-10", "2026-10-11", "background", "makeup"),
    ]


# --- What is asked for ----------------------------------------------------------------------------


def test_filters_by_kind_activity_whose_and_mine(cast, sign_in):
    pairing = activate(cast)
    published(cast, title="甲", audience="members")
    published(cast, title="乙", kind="party_lecture", audience="committee", starts_at=at(29, 15), ends_at=at(29, 17))
    published(cast, title="丙", who="san_secretary", party_branch=cast.san, starts_at=at(31, 15), ends_at=at(31, 17))
    client = sign_in("er_member")
    day_one = f"Pairing begins: {pairing}"

    assert titles(client) == [day_one, "乙", "甲", "丙"]
    assert titles(client, "&kind=event") == ["乙", "甲", "丙"]
    assert titles(client, "&kind=pairing") == [day_one]
    assert titles(client, "&activity=party_lecture") == ["乙"]
    assert titles(client, "&side=own") == [day_one, "乙", "甲"]
    assert titles(client, "&side=partner") == [day_one, "丙"]
    assert titles(client, "&side=league") == []
    assert titles(client, "&mine=1") == ["甲"]
    assert titles(client, "&mine=1&activity=party_lecture") == []


def test_league_branches_are_a_side_of_their_own(cast, sign_in):
    league_activity(cast)
    assert titles(sign_in("classmate"), "&side=league") == ["班级篮球赛"]
    assert titles(sign_in("liu_secretary"), "&side=league") == ["班级篮球赛"]
    assert titles(sign_in("liu_secretary"), "&side=own") == []


@pytest.mark.parametrize(
    "query",
    ["", "start=2026-10-01", "end=2026-10-01", "start=2026-10-02&end=2026-10-02", "start=2026-10-02&end=2026-10-01",
     "start=2026-10-01&end=2027-01-10", "start=2026-10-01T00:00&end=2026-10-02", "start=20261001&end=20261002",
     "start=2026-02-30&end=2026-03-02", "start=0001-01-01&end=0001-01-02", "start=9999-12-30&end=9999-12-31",
     "start=2026-10-01&end=2026-10-02&kind=secret", "start=2026-10-01&end=2026-10-02&side=all",
     "start=2026-10-01&end=2026-10-02&mine=yes", "start=2026-10-01&end=2026-10-02&activity=%00",
     "start=2026-10-01&end=2026-10-02&activity=a%27%20or%201"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(cast, sign_in, query):
    response = sign_in("er_member").get(f"/calendar/entries/?{query}")

    assert response.status_code == 400
    assert response.json()["words"]


@pytest.mark.parametrize(("end", "status"), [("2027-01-09", 200), ("2027-01-10", 400)])
def test_a_hundred_days_at_most(cast, sign_in, end, status):
    assert sign_in("er_member").get(f"/calendar/entries/?start=2026-10-01&end={end}").status_code == status


# --- The page around it ---------------------------------------------------------------------------


def page(client, query):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(f"/calendar/{query}")


def test_a_week_is_listed_alone_and_turned_by_weeks(cast, sign_in):
    published(cast)
    published(cast, title="下周", starts_at=at(4, 15, month=11), ends_at=at(4, 17, month=11))
    context = page(sign_in("er_member"), "?view=week").context

    shown = [line.entry.title for week in context["weeks"] for day in week.days for line in day.lines]
    assert shown == ["主题党日：重温入党誓词"]
    assert (context["earlier"], context["later"], context["this_month"]) == (
        "/calendar/?on=2026-10-19&view=week", "/calendar/?on=2026-11-02&view=week", "/calendar/?view=week",
    )  # fmt: skip
    assert [view["url"] for view in context["views"]] == [
        "/calendar/?view=month", "/calendar/?view=week", "/calendar/?view=list",
    ]  # fmt: skip


def test_views_keep_days_and_choice(cast, sign_in):
    context = page(sign_in("er_member"), "?month=2026-12&side=own&mine=1&view=list").context

    assert [view["url"] for view in context["views"]] == [
        "/calendar/?month=2026-12&side=own&mine=1&view=month",
        "/calendar/?on=2026-11-30&side=own&mine=1&view=week",
        "/calendar/?month=2026-12&side=own&mine=1&view=list",
    ]
    assert context["chosen_words"] == "own branch · only mine"
    assert context["grid"]["entries_url"] == "/calendar/entries/?side=own&mine=1"


@pytest.mark.parametrize(
    "query",
    [
        "view=day",
        "view=week&on=2026-13-01",
        "view=week&on=today",
        "side=x",
        "mine=2",
        "activity=nothing",
        "on=2050-01-01",
    ],
)
def test_what_the_page_cannot_read_is_refused(cast, sign_in, query):
    assert page(sign_in("er_member"), f"?{query}").status_code == 400


def test_who_may_not_plan_is_not_led_there(cast, sign_in):
    assert page(sign_in("er_secretary"), "").context["plan_url"] == "/activities/new/"
    assert page(sign_in("er_member"), "").context["plan_url"] == ""


def test_weeks_of_the_term_stand_in_the_margin(cast, sign_in):
    weeks = page(sign_in("er_member"), "?month=2027-01").context["grid"]["weeks"]

    assert '"2026-12-28": "Week 17"' in weeks
    assert '"2027-01-11": "Exams"' in weeks
    assert "2027-01-25" not in weeks


# --- What it costs, how it looks ------------------------------------------------------------------


def test_a_month_of_5000_activities_of_a_department_takes_at_most_eight_queries(cast, sign_in):
    kinds = list(ActivityKind.objects.all())
    start = dt.datetime(2026, 10, 1, 8, tzinfo=ZONE)
    Activity.objects.bulk_create(
        Activity(
            kind=kinds[number % len(kinds)], title=f"活动{number}", party_branch=(cast.er, cast.san, cast.si)[number % 3],
            starts_at=start + dt.timedelta(minutes=8 * number), ends_at=start + dt.timedelta(minutes=8 * number + 90), state="published",
            created_by=cast.user("er_secretary"), created_at=start, check_in_secret="x" * 43,
        )
        for number in range(5000)
    )  # fmt: skip
    client = sign_in("mech_organiser")
    fetch(client)
    asked = {}
    for more in ("", "&kind=event"):
        with CaptureQueriesContext(connection) as captured:
            response = fetch(client, more)
        assert len([event for event in response.json()["events"] if event["title"].startswith("活动")]) == 5000
        # Who asks (session, account, roles, posts) is read for every page.
        asked[more] = len([row for row in captured if not WHO_ASKS.search(row["sql"])]), len(captured)
    assert asked[""][0] <= 8
    assert asked["&kind=event"][1] <= 8


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("tone", TONES)
def test_every_colour_can_be_read_on_its_ground(tone):
    css = (settings.BASE_DIR / "static/css/calendar.css").read_text(encoding="utf-8")
    ink, tint = re.search(rf"\.tone-{tone} {{ --tone: (#\w{{6}}); --tone-tint: (#\w{{6}}); }}", css).groups()
    dark, light = sorted((luminance(ink), luminance(tint)))

    assert (light + 0.05) / (dark + 0.05) >= 4.5
