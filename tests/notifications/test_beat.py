"""Redis takes connections and never answers: beat says so and goes on, and whoever sends a task is kept for one try."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from celery.beat import ScheduleEntry, Scheduler
from django.utils import timezone
from kombu import pools
from kombu.exceptions import OperationalError

from accounts.models import User
from notifications.tasks import tick
from pairing_portal.celery import app
from reports.jobs import start
from reports.models import ExportJob
from tests.notifications.test_faults import hanging


@contextmanager
def broker_at(url: str, monkeypatch) -> Iterator[None]:
    """This process takes that for its broker, with connections of its own that are thrown away afterwards."""

    def forget() -> None:
        pools.reset()
        app._pool = app.amqp._producer_pool = None

    with monkeypatch.context() as patch:
        patch.setitem(app.conf, "broker_url", url)
        patch.setitem(app.conf, "task_always_eager", False)
        forget()
        yield
    forget()


@pytest.fixture
def silent(monkeypatch):
    """A Redis that never answers is the broker; the connections it took."""
    with hanging() as (url, taken), broker_at(url, monkeypatch):
        yield taken


def test_sending_a_task_gives_up_after_one_try(silent):
    with pytest.raises(OperationalError):
        tick.delay()
    assert len(silent) == 1


def test_a_due_tick_that_cannot_be_sent_is_said_and_beat_goes_on(silent, monkeypatch, caplog, expected_errors):
    scheduler = Scheduler(app=app, lazy=True)
    entry = ScheduleEntry(name="tick", app=app, **app.conf.beat_schedule["tick"])
    with app.connection_for_write() as connected, caplog.at_level(logging.ERROR, "celery.beat"):
        scheduler.apply_entry(entry, producer=app.amqp.Producer(connected, auto_declare=False))
    assert [record.getMessage()[:13] for record in caplog.records if record.name == "celery.beat"] == ["Message Error"]
    assert len(silent) == 1
    # The next one finds a broker that answers, and is sent.
    caplog.clear()
    with broker_at("memory://", monkeypatch), app.connection_for_write() as connected:
        scheduler.apply_entry(entry, producer=app.amqp.Producer(connected, auto_declare=False))
        assert connected.default_channel.queue_declare(app.conf.task_default_queue).message_count == 1
        connected.default_channel.queue_purge(app.conf.task_default_queue)
    assert caplog.records == []


def test_worker_and_beat_wait_for_a_broker_as_long_as_it_takes():
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_connection_retry_on_startup is True


@pytest.mark.django_db
def test_exports_that_wait_ask_a_silent_broker_once_and_stay(silent, settings, cast):
    settings.REDIS_URL = "redis://anywhere"
    user, now = User.objects.get(pk=cast.user("er_secretary").pk), timezone.now()
    for _number in range(3):
        ExportJob.objects.create(user=user, report="members", format="csv", purpose="x", created_at=now)
    assert start.keep_exports(now) == 0
    assert len(silent) == 1
    assert sorted(ExportJob.objects.values_list("state", flat=True)) == ["queued", "queued", "queued"]
