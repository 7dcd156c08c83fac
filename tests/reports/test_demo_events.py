"""The activities of the demonstration: coming, waiting for a yes, finished and counted."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from activities.models import Activity, LogEntry, MeetingMinutes
from reports.demo.load import load_demo

DAYS = [dt.date(2026, 10, 28), dt.date(2027, 1, 2), dt.date(2027, 8, 15)]


@pytest.mark.parametrize("on", DAYS)
def test_there_is_something_to_do_in_every_state(db, fixed_clock, on):
    fixed_clock.move_to(timezone.make_aware(dt.datetime.combine(on, dt.time(10))))
    load_demo(stage="running", today=on)
    found = sorted(Activity.objects.values_list("kind__key", "state"))
    assert found == [
        ("contest", "finished"), ("contest", "published"), ("experience", "proposed"), ("joint_study", "finished"), ("theme_day", "published"),
        ("theme_day", "published"), ("volunteer", "finished"),
    ]  # fmt: skip
    counted = LogEntry.objects.filter(activity__isnull=False)
    assert set(counted.filter(activity__kind__key="joint_study").values_list("minutes", "purpose", "state")) == {
        (120, "activity", "confirmed")
    }
    assert counted.filter(activity__kind__key="joint_study").count() == 20
    assert set(counted.filter(activity__kind__key="volunteer").values_list("minutes", "purpose")) == {(180, "service")}
    assert (
        Activity.objects.get(kind__key="contest", state="published").participations.filter(state="signed_up").count()
        == 3
    )
    coming = Activity.objects.filter(kind__key="theme_day").values_list("starts_at", flat=True)
    assert {dt.timedelta(0) < starts - timezone.now() < dt.timedelta(days=14) for starts in coming} == {True}


def test_the_contest_is_of_the_pairing_groups_and_the_minutes_are_signed(db, fixed_clock):
    fixed_clock.move_to(timezone.make_aware(dt.datetime(2026, 10, 28, 10)))
    load_demo(stage="running", today=dt.date(2026, 10, 28))
    contest = Activity.objects.get(kind__key="contest", state="finished")
    teams = list(contest.teams.select_related("group__pairing").order_by("pk"))
    assert [bool(team.group) for team in teams] == [True, True]
    for team in teams:
        sides = {team.group.pairing.helping_branch_id, team.group.pairing.partner_branch_id}
        assert set(team.members.values_list("party_branch_id", flat=True)) == sides
    assert [row.scores.count() for row in contest.rounds.all()] == [6, 6, 6]
    minutes = MeetingMinutes.objects.get()
    assert (minutes.activity.kind.key, minutes.signed_at is not None) == ("joint_study", True)
    assert 2 * minutes.present_count > minutes.eligible_count
