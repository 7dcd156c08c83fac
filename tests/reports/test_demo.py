"""The demonstration: its story on any date."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from activities.board import QuotaContext, board_rows, focus_week, shown_weeks
from activities.models import LogEntry
from branches.models import LeagueBranch, PartyBranch
from members.models import Person
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
