"""Daily jobs: each by itself, marked when it is done."""

from __future__ import annotations

import datetime as dt
import logging
import threading

import pytest
from django.db import connection
from django.utils import timezone

from notifications.daily_services import LEASE, _claim, run_daily_jobs
from notifications.models import Heartbeat
from notifications.services import run_tick
from pairing_portal.common.registries import daily_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def jobs(monkeypatch):
    """Two jobs, the first of which fails as long as `broken` says so; what ran is in `ran`."""
    state = {"broken": True, "ran": []}

    def fragile(today):
        if state["broken"]:
            raise RuntimeError("甘杰怡 20230310001")
        state["ran"].append(("fragile", today))

    monkeypatch.setattr(
        daily_jobs, "_items", {"fragile": (1, fragile), "steady": (2, lambda day: state["ran"].append(("steady", day)))}
    )
    return state


def test_a_job_that_fails_keeps_nobody_back_and_is_tried_again(jobs, fixed_clock, today, caplog, expected_errors):
    assert run_daily_jobs(now=timezone.now()) == ["steady"]
    fixed_clock.shift(dt.timedelta(minutes=1))
    assert run_daily_jobs(now=timezone.now()) == []
    jobs["broken"] = False
    fixed_clock.shift(dt.timedelta(minutes=1))
    assert run_daily_jobs(now=timezone.now()) == ["fragile"]
    fixed_clock.shift(dt.timedelta(minutes=1))
    assert run_daily_jobs(now=timezone.now()) == []
    assert jobs["ran"] == [("steady", today), ("fragile", today)]
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert said == ["daily job fragile failed: RuntimeError"] * 2
    assert not any(record.exc_info for record in caplog.records)


def test_the_next_day_every_job_runs_once_more(jobs, fixed_clock, today):
    jobs["broken"] = False
    assert run_daily_jobs(now=timezone.now()) == ["fragile", "steady"]
    fixed_clock.shift(dt.timedelta(hours=13, minutes=59))
    assert run_daily_jobs(now=timezone.now()) == []
    fixed_clock.shift(dt.timedelta(minutes=1))
    assert run_daily_jobs(now=timezone.now()) == ["fragile", "steady"]
    assert {day for _job, day in jobs["ran"]} == {today, today + dt.timedelta(days=1)}


def test_the_tick_goes_on_past_a_job_that_fails(jobs, expected_errors):
    assert run_tick(now=timezone.now())["failed"] == 0
    assert Heartbeat.objects.get(name="tick").at == timezone.now()


def test_of_two_ticks_one_holds_a_job_and_a_crashed_one_is_taken_over(fixed_clock):
    now = timezone.now()
    assert [_claim("job:x", now), _claim("job:x", now)] == [True, False]
    assert _claim("job:x", now + LEASE - dt.timedelta(seconds=1)) is False
    assert _claim("job:x", now + LEASE + dt.timedelta(seconds=1)) is True


def test_the_names_of_jobs_fit_their_column():
    longest = Heartbeat._meta.get_field("name").max_length
    assert [key for key in daily_jobs.keys() if len(f"job:{key}") > longest] == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_ticks_at_once_one_runs_the_job(monkeypatch):
    ran, barrier, now = [], threading.Barrier(8), timezone.now()
    monkeypatch.setattr(daily_jobs, "_items", {"slow": (1, lambda day: ran.append(day))})

    def tick():
        barrier.wait(timeout=20)
        run_daily_jobs(now=now)
        connection.close()

    threads = [threading.Thread(target=tick) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(ran) == 1
