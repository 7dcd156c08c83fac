"""What a branch owes by frequency: by calendar months, per year, joint ones for both; who sees it, who is told, and when."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import Activity, ActivityHost, ActivityKind
from activities.notices_owed import compute_owed
from activities.owed import A_YEAR, Done, Duty, Owed, next_due, what_is_owed
from activities.owed_reader import owed_of
from branches.models import PartyBranch
from members.models import Post
from pairing_portal.common.registries import notice_kinds
from tests.activities.event_crew import ZONE

D = dt.date
TODAY = D(2026, 10, 28)
SINCE = D(2026, 9, 1)
QUARTER = Duty("general_meeting", "支部党员大会", "people", "general_meeting_months", 3)
MONTH = Duty("committee_meeting", "支部委员会会议", "people", "committee_meeting_months", 1)
YEAR = Duty("org_life_meeting", "组织生活会", "chat", A_YEAR, 1)


def held(cast, kind, day, *, branch=None, state="finished", with_branch=None, approved=True):
    """An activity of a branch (Er) from 15:00 to 17:00."""
    starts_at = dt.datetime(day.year, day.month, day.day, 15, tzinfo=ZONE)
    finished = {"finished_by": cast.user("er_secretary"), "finished_at": starts_at, "counted_minutes": 60}
    activity = Activity.objects.create(
        kind=ActivityKind.objects.get(key=kind), title=kind, party_branch=branch or cast.er, state=state, starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=2), created_by=cast.user("er_secretary"), created_at=starts_at, check_in_secret="x" * 43,
        cancel_reason="停电" if state == "cancelled" else "", **finished if state == "finished" else {},
    )  # fmt: skip
    if with_branch:
        ActivityHost.objects.create(
            activity=activity, party_branch=with_branch,
            approved_at=starts_at if approved else None, approved_by=cast.user("san_secretary") if approved else None,
        )  # fmt: skip
    return activity


def owes(branch, key, today=TODAY):
    """The line of one kind."""
    return next(row for row in owed_of([branch], today)[branch] if row.duty.key == key)


# --- When it is next due (pure) -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duty", "last", "due"),
    [
        (QUARTER, D(2026, 11, 30), D(2027, 2, 28)),
        (QUARTER, D(2027, 11, 30), D(2028, 2, 29)),
        (QUARTER, D(2026, 8, 31), D(2026, 11, 30)),
        (MONTH, D(2027, 1, 31), D(2027, 2, 28)),
        (MONTH, D(2027, 2, 28), D(2027, 3, 28)),
        (MONTH, D(2026, 12, 15), D(2027, 1, 15)),
        (QUARTER, None, D(2026, 12, 1)),
        (MONTH, None, D(2026, 10, 1)),
    ],
)
def test_the_next_one_is_due_by_calendar_months(duty, last, due):
    assert next_due(duty, Done(last), since=SINCE, today=TODAY) == due


@pytest.mark.parametrize(("times", "held_this_year", "year"), [(1, 0, 2026), (1, 1, 2027), (2, 1, 2026), (2, 2, 2027)])
def test_so_many_a_year_are_due_by_the_end_of_the_year(times, held_this_year, year):
    duty = Duty("org_life_meeting", "", "", A_YEAR, times)
    assert next_due(duty, Done(None, held_this_year), since=SINCE, today=TODAY) == D(year, 12, 31)


@pytest.mark.parametrize(
    ("due", "planned", "standing"),
    [
        (D(2026, 10, 27), None, "late"),
        (D(2026, 10, 28), None, "wait"),
        (D(2026, 11, 27), None, "wait"),
        (D(2026, 11, 28), None, "ok"),
        (D(2026, 11, 10), D(2026, 11, 10), "ok"),
        (D(2026, 11, 10), D(2026, 11, 11), "wait"),
        (D(2026, 10, 27), D(2026, 11, 11), "ok"),
    ],
)
def test_how_it_stands(due, planned, standing):
    assert Owed(QUARTER, None, due, planned, TODAY).standing == standing


def test_committee_meetings_are_owed_where_there_is_a_committee():
    def keys(has_committee):
        rows = what_is_owed([YEAR, QUARTER, MONTH], {}, since=SINCE, today=TODAY, has_committee=has_committee)
        return [row.duty.key for row in rows]

    assert keys(True) == ["committee_meeting", "general_meeting", "org_life_meeting"]
    assert keys(False) == ["general_meeting", "org_life_meeting"]


# --- What is on record ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_what_was_finished_counts_and_the_last_one_of_it(cast):
    held(cast, "general_meeting", D(2026, 6, 10))
    held(cast, "general_meeting", D(2026, 9, 20))
    held(cast, "general_meeting", D(2026, 10, 20), state="published")
    held(cast, "general_meeting", D(2026, 10, 21), state="cancelled")
    held(cast, "general_meeting", D(2026, 10, 22), branch=cast.san)

    row = owes(cast.er, "general_meeting")
    assert (row.last_on, row.due_on, row.planned_on) == (D(2026, 9, 20), D(2026, 12, 20), None)


@pytest.mark.django_db
def test_the_next_planned_one_is_named_but_a_draft_is_not(cast):
    held(cast, "theme_day", D(2026, 11, 2), state="draft")
    assert owes(cast.er, "theme_day").planned_on is None
    held(cast, "theme_day", D(2026, 11, 9), state="published")
    held(cast, "theme_day", D(2026, 11, 3), state="approved")
    assert owes(cast.er, "theme_day").planned_on == D(2026, 11, 3)
    assert owes(cast.er, "theme_day").is_planned is True


@pytest.mark.django_db
@pytest.mark.parametrize(("approved", "last"), [(True, D(2026, 10, 10)), (False, None)])
def test_a_joint_one_counts_for_both_hosts_once_both_have_said_yes(cast, approved, last):
    held(cast, "theme_day", D(2026, 10, 10), with_branch=cast.san, approved=approved)
    assert owes(cast.er, "theme_day").last_on == D(2026, 10, 10)
    assert owes(cast.san, "theme_day").last_on == last


@pytest.mark.django_db
def test_meetings_of_this_year_are_counted_from_new_years_day(cast):
    held(cast, "org_life_meeting", D(2025, 12, 31))
    assert owes(cast.er, "org_life_meeting").due_on == D(2026, 12, 31)
    held(cast, "org_life_meeting", D(2026, 1, 1))
    assert owes(cast.er, "org_life_meeting").due_on == D(2027, 12, 31)


@pytest.mark.django_db
def test_three_posts_make_a_committee(cast):
    def has_committee():
        return "committee_meeting" in [row.duty.key for row in owed_of([cast.er], TODAY)[cast.er]]

    assert has_committee() is False
    Post.objects.create(
        person=cast.person("er_member"), party_branch=cast.er, kind="publicity_officer", since=D(2026, 9, 1)
    )
    assert has_committee() is True


@pytest.mark.django_db
def test_one_branch_and_four_cost_the_same_queries(cast):
    counts = []
    for branches in ([cast.er], [cast.er, cast.san, cast.si, cast.liu]):
        for branch in branches:
            held(cast, "theme_day", D(2026, 10, 10), branch=branch)
        with CaptureQueriesContext(connection) as captured:
            owed_of(branches, TODAY)
        counts.append(len(captured))
    assert counts == [8, 8]


# --- The page -------------------------------------------------------------------------------------


def visit(client, address="/calendar/"):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(address)


@pytest.mark.django_db
def test_committees_see_their_own_and_departments_all_of_theirs(cast, sign_in):
    seen = {}
    for name in ("er_member", "er_secretary", "mech_organiser", "college_organiser", "administrator", "league_secretary"):  # fmt: skip
        context = visit(sign_in(name)).context
        seen[name] = {row.branch.short_name for row in [*context["owed"], *context["owed_later"]]}

    mech = {"第二党支部", "第三党支部", "第四党支部"}
    assert seen == {
        "er_member": set(), "er_secretary": {"第二党支部"}, "mech_organiser": mech,
        "college_organiser": mech | {"第六党支部"}, "administrator": set(), "league_secretary": set(),
    }  # fmt: skip


@pytest.mark.django_db
def test_overdue_ones_stand_first_and_lead_to_planning(cast, sign_in):
    held(cast, "general_meeting", D(2026, 8, 20))
    held(cast, "theme_day", D(2026, 9, 27))
    held(cast, "party_lecture", D(2026, 9, 30))
    response = visit(sign_in("er_secretary"))

    assert [(row.owed.duty.key, row.owed.standing) for row in response.context["owed"]] == [
        ("theme_day", "late"), ("general_meeting", "wait"),
    ]  # fmt: skip
    assert response.context["owed_late"] == 1
    body = response.content.decode()
    assert f"/activities/new/?kind=theme_day&amp;host=party-{cast.er.pk}" in body
    assert "overdue: due by October 27" in body


# --- The weekly word ------------------------------------------------------------------------------


def told(now):
    return [(notice.user_id, notice.subject["keys"]) for notice in compute_owed(now)]


@pytest.fixture
def only_er(cast):
    """Er alone is active, and owes nothing but a theme day."""
    PartyBranch.objects.exclude(pk=cast.er.pk).update(is_active=False)
    ActivityKind.objects.exclude(key="theme_day").update(owed_by="")
    return cast


@pytest.mark.django_db
@pytest.mark.parametrize(("last", "is_told"), [(D(2026, 10, 8), True), (D(2026, 10, 9), False), (D(2026, 8, 1), True)])
def test_secretaries_are_told_a_week_before_counted_from_the_end_of_this_week(only_er, last, is_told):
    """Sunday is 1 November; seven days after it, on the 8th, is the last due day this week speaks of."""
    held(only_er, "theme_day", last)
    secretaries = [only_er.user("er_secretary").pk, only_er.user("er_deputy").pk]

    assert told(timezone.now()) == ([(pk, ["theme_day"]) for pk in sorted(secretaries)] if is_told else [])


@pytest.mark.django_db
def test_it_is_said_once_a_week(only_er, fixed_clock):
    def keys():
        return {notice.dedupe_key for notice in compute_owed(timezone.now())}

    on_wednesday = keys()
    fixed_clock.shift(dt.timedelta(days=4))
    assert keys() == on_wednesday
    fixed_clock.shift(dt.timedelta(days=1))
    assert keys() & on_wednesday == set()
    assert len(keys()) == len(on_wednesday) == 2


@pytest.mark.django_db
def test_what_is_planned_or_held_meanwhile_is_not_said_any_more(only_er):
    kind = notice_kinds.get("activities.owed")
    subject = next(compute_owed(timezone.now())).subject
    assert kind.obsolete_among([subject], timezone.now()) == [False]
    held(only_er, "theme_day", D(2026, 10, 30), state="published")
    assert kind.obsolete_among([subject], timezone.now()) == [True]
    assert told(timezone.now()) == []


@pytest.mark.django_db
def test_its_words(only_er):
    subject = next(compute_owed(timezone.now())).subject
    assert notice_kinds.get("activities.owed").text(subject) == (
        "即将到期或已逾期：主题党日",
        "第二党支部的日历上还没有安排。请安排活动，已经开过的请办结。",
    )
