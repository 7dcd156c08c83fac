"""What a run has to test on, and what it did: hooks of pytest, taken up by conftest.py.

`postgres` tests run on PostgreSQL only, `redis` tests where script/test found a Redis. On a run that claims both
(PORTAL_TEST_SERVICES=1) under PORTAL_REQUIRE_SERVICES=1 none of them may be skipped or missing.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

MARKS = ("postgres", "redis")
outcomes: Counter[str] = Counter()
marked: Counter[str] = Counter()


def on_postgres() -> bool:
    return settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


def with_redis() -> bool:
    return bool(os.environ.get("PORTAL_TEST_SERVICES") and os.environ.get("PORTAL_TEST_REDIS_URL"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = {
        "postgres": "" if on_postgres() else "needs PostgreSQL (script/test runs it there)",
        "redis": "" if with_redis() else "needs Redis (script/test runs it there)",
    }
    for item in items:
        for mark, reason in reasons.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome in {"failed", "skipped"}:
        outcomes[report.outcome] += 1
        if report.outcome == "passed":
            marked.update(mark for mark in MARKS if mark in report.keywords)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the tally, on the process that hears of every test; fail a run whose services were not used."""
    if hasattr(session.config, "workerinput"):
        return
    if tally := os.environ.get("PORTAL_TEST_TALLY"):
        with Path(tally).open("a") as file:
            file.write(f"{outcomes['passed']} {outcomes['failed']} {outcomes['skipped']}\n")
    if services_missed(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def services_missed(config: pytest.Config) -> list[str]:
    """Marks of which no test passed although the run is there for them; only a run of everything is judged."""
    whole = not config.option.keyword and not config.option.markexpr and not config.invocation_params.args[2:]
    required = os.environ.get("PORTAL_REQUIRE_SERVICES") == "1" and os.environ.get("PORTAL_TEST_SERVICES") == "1"
    return [mark for mark in MARKS if not marked[mark]] if whole and required else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if on_postgres():
        terminalreporter.write_line(f"PostgreSQL only: {marked['postgres']} passed; Redis: {marked['redis']} passed")
    for mark in services_missed(config):
        terminalreporter.write_line(f"no test marked {mark} passed although services are required", red=True)
