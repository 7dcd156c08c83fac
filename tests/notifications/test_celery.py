"""The server set-up: a real Celery worker on Redis and PostgreSQL runs the tick."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils import timezone

from branches.models import PolicyValue
from notifications.models import Delivery, Heartbeat
from notifications.services import post_notices
from pairing_portal.celery import app
from pairing_portal.common.registries import DueNotice
from tests.cast import build_cast

DEADLINE_SECONDS = 40


@pytest.fixture
def fixed_clock() -> None:
    """The worker is another process with the real clock."""


@pytest.fixture
def worker(transactional_db) -> Iterator[subprocess.Popen]:
    database = settings.DATABASES["default"]
    host, port = database["HOST"] or "127.0.0.1", database["PORT"] or 5432
    environment = os.environ | {
        "DATABASE_URL": f"postgres://{database['USER']}@{host}:{port}/{database['NAME']}",
        "REDIS_URL": os.environ["PORTAL_TEST_REDIS_URL"],
        "DJANGO_SETTINGS_MODULE": "pairing_portal.settings",
        # The mail is written to the worker's own output: a portal without a mail server sends none.
        "EMAIL_URL": "consolemail://",
    }
    queue = f"tests-{database['NAME']}"
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "pairing_portal",
        "worker",
        "--pool",
        "solo",
        "-Q",
        queue,
        "--loglevel",
        "WARNING",
    ]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.queue = queue
    yield process
    process.terminate()
    process.wait(timeout=30)


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_a_tick_sent_through_redis_is_run_by_the_worker(worker, monkeypatch):
    # This process has no broker of its own; only the worker under test has.
    monkeypatch.setitem(app.conf, "task_always_eager", False)
    cast = build_cast(timezone.localdate())
    user = cast.user("er_member")
    user.email = "member@example.invalid"
    user.save()
    # Whatever the hour of this run is, nothing waits for the morning.
    for key, value in (("quiet_from_hour", "24"), ("quiet_until_hour", "0")):
        PolicyValue.objects.create(key=key, value=value, source="x", effective_from=dt.date(2026, 1, 1))
    post_notices(
        notices=[DueNotice(kind="pairings.ended", user_id=user.pk, dedupe_key="k", subject={"name": "x"}, urgent=True)],
        now=timezone.now(),
    )
    with app.connection_for_write(os.environ["PORTAL_TEST_REDIS_URL"]) as broker:
        for _send in range(2):
            app.send_task("notifications.tick", queue=worker.queue, connection=broker)
    deadline = time.monotonic() + DEADLINE_SECONDS
    # The heartbeat is the last thing a tick writes.
    while time.monotonic() < deadline and not Heartbeat.objects.filter(name="tick").exists():
        assert worker.poll() is None
        time.sleep(0.1)
    # The tick says too what is due for the cast; this one was posted for the worker.
    posted = Delivery.objects.filter(notice__dedupe_key="k", channel="email")
    assert list(posted.values_list("state", "attempts")) == [("sent", 1)]
    assert Heartbeat.objects.filter(name="tick").count() == 1
