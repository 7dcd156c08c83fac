"""The demonstration: its story on any date."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.demo import offered_accounts
from accounts.models import User
from activities.lectures.board import QuotaContext, board_rows, focus_week, shown_weeks
from activities.models import LectureAudience, LogEntry, Textbook
from branches.models import LeagueBranch, PartyBranch
from members.models import Person
from pairing_portal.common.registries import demo_accounts
from pairings.models import BranchPairing, MemberPairing
from reports.demo.load import load_demo
from reports.demo.season import demo_season

TWELVE = [
    dt.date(2026, 9, 5), dt.date(2026, 10, 3), dt.date(2026, 10, 25), dt.date(2026, 11, 24), dt.date(2026, 12, 31),
    dt.date(2027, 1, 20), dt.date(2027, 2, 14), dt.date(2027, 3, 1), dt.date(2027, 5, 2), dt.date(2027, 7, 15),
    dt.date(2027, 8, 31), dt.date(2028, 2, 29),
]  # fmt: skip


@pytest.mark.parametrize("today", TWELVE)
def test_met_missed_exempt_and_running_weeks_on_any_date(db, today, fixed_clock):
    fixed_clock.move_to(dt.datetime.combine(today, dt.time(10), tzinfo=dt.timezone(dt.timedelta(hours=8))))
    load_demo(stage="running", today=today)
    context = QuotaContext.load()
    weeks = shown_weeks(context, today)
    focus = focus_week(weeks, today)
    assert focus == today - dt.timedelta(days=today.weekday())
    rows = board_rows(league_branches=list(LeagueBranch.objects.all()), mondays=weeks, today=today, context=context)
    assert {"met", "missed", "exempt", "running"} <= {cell.state.value for row in rows for cell in row.cells}
    now = [row.cells[weeks.index(focus)].state.value for row in rows]
    assert {"met", "exempt", "running"} <= set(now)
    assert any(cell.is_unmet_with_reason for row in rows for cell in row.cells)
    planned = LectureAudience.objects.filter(lecture__state="planned", lecture__on__gt=today)
    assert planned.values("league_branch").distinct().count() == planned.count() == 3


@pytest.mark.parametrize("day", range(0, 730, 5))
def test_today_is_always_in_a_teaching_week(day):
    today = dt.date(2026, 9, 1) + dt.timedelta(days=day)
    season = demo_season(today)
    term = next(term for term in season.terms if term.start_monday <= today <= term.ends_on)
    assert (today - term.start_monday).days // 7 < term.teaching_weeks <= 30
    assert season.terms[0].ends_on < season.terms[1].start_monday
    assert season.starts_on <= today <= season.ends_on


def test_the_story_of_the_two_departments(db, today):
    load_demo(stage="running", today=today)
    second = PartyBranch.objects.get(name="机械系党总支第二党支部")
    assert second.people.count() == 22
    assert set(BranchPairing.objects.values_list("partner_branch__name", "state")) == {
        ("机械系党总支第三党支部", "active"),
        ("机械系党总支第四党支部", "active"),
    }
    assert MemberPairing.objects.open().values("helper").distinct().count() == 22
    assert MemberPairing.objects.values("helper").distinct().count() == 22
    assert set(LogEntry.objects.values_list("state", flat=True)) == {"confirmed", "submitted", "returned"}


def test_forming_waits_for_the_partner(db, today):
    load_demo(stage="forming", today=today)
    assert list(BranchPairing.objects.values_list("state", flat=True)) == ["proposed"]
    assert LogEntry.objects.count() == 0


def test_evaluating_is_near_the_end(db, today):
    load_demo(stage="evaluating", today=today)
    assert set(BranchPairing.objects.values_list("ends_on", flat=True)) == {today + dt.timedelta(weeks=3)}


def test_it_is_not_loaded_over_people_or_into_production(db, today, settings, cast):
    before = Person.objects.count()
    with pytest.raises(CommandError):
        call_command("load_demo")
    assert Person.objects.count() == before


# What each account of the sign-in page says it can do, as the pages that must open.
PROMISES = {
    "????0310001": ["log_confirm", "pairings", "people", "roster_import"],
    "T03001": ["pairings", "people"],
    "????0530001": ["lectures", "lecture_new"],
    "????0310004": ["quick_log", "my_logs"],
    "????0530003": ["lectures", "lecture_new"],
    "????0520002": ["lectures_to_confirm"],
    "????0510004": ["workbench", "quick_log"],
    "????0593001": ["workbench", "quick_log"],
    "????0591001": ["workbench", "quick_log"],
    "F0001": ["people", "invitations"],
    "Z0001": ["reports", "pairings"],
    "Z0002": ["reports", "lectures"],
    "admin": ["admin:index", "year_setup"],
}


@pytest.fixture
def visit(settings):
    """`visit("????0310001")` gives a client signed in as the account offered under this name."""

    def _visit(pattern):
        username = next(row["username"] for row in offered_accounts() if fnmatchcase(row["username"], pattern))
        client = Client()
        client.force_login(
            User.objects.get(username=username), backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        return client

    settings.PORTAL_DEMO = True
    return _visit


@pytest.mark.parametrize("stage", ["forming", "running", "evaluating"])
@pytest.mark.parametrize("day", [dt.date(2026, 10, 28), dt.date(2027, 7, 15)])
def test_each_offered_account_opens_what_it_promises(db, visit, fixed_clock, stage, day):
    fixed_clock.move_to(dt.datetime.combine(day, dt.time(10), tzinfo=dt.timezone(dt.timedelta(hours=8))))
    load_demo(stage=stage, today=day)
    assert {account.username for account in demo_accounts} == set(PROMISES)
    refused = {}
    for account, names in PROMISES.items():
        client = visit(account)
        for name in names:
            status = client.get(reverse(name)).status_code
            if status != 200:
                refused[account, name] = status
    assert refused == {}


def test_the_lecturer_records_and_the_league_secretary_confirms(db, today, visit):
    """Two accounts of the sign-in page do the main job of a lecture between them."""
    load_demo(stage="running", today=today)
    lecturer, secretary = visit("????0530003"), visit("????0520002")
    page = lecturer.get(reverse("lecture_new"))
    given = {key: value for key, value in page.context["form"].initial.items() if key != "textbook"}
    form = {
        "league_branches": [branch.pk for branch in given["league_branches"]], "speakers": [p.pk for p in given["speakers"]],
        "on": given["on"], "minutes": 40, "textbook": Textbook.objects.get().pk, "chapter": "第五章",
        "idempotency_key": page.context["key"],
    }  # fmt: skip
    assert lecturer.post(reverse("lecture_new"), form).status_code == 302
    cards = secretary.get(reverse("lectures_to_confirm")).context["cards"]
    waiting = [card["audience"] for card in cards]
    assert len(waiting) == 2
    for audience in waiting:
        secretary.post(reverse("lecture_answer", args=[audience.pk]), {"took_place": "yes"})
    row = next(
        row for row in lecturer.get(reverse("lectures")).context["rows"] if row.league_branch == audience.league_branch
    )
    assert (row.current.status.counted, row.current.status.state) == (2, "met")


def test_the_secretary_who_mentors_sees_five_league_branches(db, today, visit):
    load_demo(stage="running", today=today)
    board = visit("????0530001").get(reverse("lectures")).context
    assert (len(board["rows"]), len(board["not_owing"])) == (4, 1)
