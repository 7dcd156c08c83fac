"""Twenty messages a minute and robot, whoever sends them."""

from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from notifications.channels import CHANNELS, RateLimited, Undeliverable, pace
from notifications.models import Heartbeat, Robot
from tests.notifications.outside import MARK
from tests.pairings.deeds import race


def send(notice):
    CHANNELS["robot"].send([notice], key="robot-1", now=timezone.now())


def test_the_twenty_first_message_of_a_minute_waits_and_is_not_sent(service, robot, notice, fixed_clock):
    told = notice(robot=robot())
    for second in range(pace.TIMES):
        send(told)
        fixed_clock.shift(1 if second < 10 else 0)
    with pytest.raises(RateLimited) as caught:
        send(told)
    assert caught.value.retry_after.total_seconds() == 50
    assert len(service.asked) == pace.TIMES
    fixed_clock.shift(50)
    send(told)
    with pytest.raises(RateLimited):
        send(told)
    assert len(service.asked) == pace.TIMES + 1


def test_robots_do_not_wait_for_each_other(service, robot, notice):
    full, free = robot(), robot(name="另一群")
    for _turn in range(pace.TIMES):
        pace.take_turn(robot_id=full.pk, at=timezone.now())
    send(notice(robot=free))
    assert [asked.query for asked in service.asked] == [{"key": f"{MARK}-key"}]


def test_a_summary_of_many_takes_one_turn(service, robot, notice):
    speaker = robot()
    CHANNELS["robot"].send([notice(robot=speaker) for _number in range(30)], key="robot-1", now=timezone.now())
    assert len(Heartbeat.objects.get(name=f"robot:{speaker.pk}").result["turns"]) == 1


def test_a_clock_that_was_set_back_silences_nobody(service, robot, notice, fixed_clock):
    speaker = robot()
    for _turn in range(pace.TIMES):
        pace.take_turn(robot_id=speaker.pk, at=timezone.now())
    pace.close(robot_id=speaker.pk, at=timezone.now(), wait=pace.WINDOW)
    fixed_clock.shift(-86400)
    send(notice(robot=speaker))
    assert len(service.asked) == 1


def test_a_robot_that_was_switched_off_says_nothing(service, robot, notice):
    with pytest.raises(Undeliverable):
        send(notice(robot=robot(is_active=False)))
    assert service.asked == []


RACERS = 30


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_thirty_at_once_are_twenty_turns():
    robot_id = Robot.objects.create(name="值班群", kind="wecom", key="k" * 20).pk
    at = timezone.now()
    waits = race(lambda _index: pace.take_turn(robot_id=robot_id, at=at), RACERS)
    assert sum(not wait for wait in waits) == pace.TIMES


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_more_than_twenty_speak(monkeypatch):
    """The negative control: all have counted before anybody writes."""
    robot_id = Robot.objects.create(name="值班群", kind="wecom", key="k" * 20).pk
    meet, at = threading.Barrier(RACERS), timezone.now()
    Heartbeat.objects.create(name=f"robot:{robot_id}", at=at)

    def row(robot_id, at):
        found = Heartbeat.objects.get(name=f"robot:{robot_id}")
        meet.wait(timeout=30)
        return found

    monkeypatch.setattr(pace, "_row", row)
    waits = race(lambda _index: pace.take_turn(robot_id=robot_id, at=at), RACERS)
    assert sum(not wait for wait in waits) == RACERS
