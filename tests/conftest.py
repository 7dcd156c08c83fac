"""The clock stands still, silence fails, and the cast has names."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.template.base import FilterExpression, Variable, VariableDoesNotExist
from django.test import Client
from django.utils import translation

from tests.cast import Cast, build_cast
from tests.services import (  # noqa: F401  # hooks of pytest
    pytest_collection_modifyitems,
    pytest_runtest_logreport,
    pytest_sessionfinish,
    pytest_terminal_summary,
)

# Wednesday of teaching week 8 of the autumn term 2026.
NOW = dt.datetime(2026, 10, 28, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def fixed_clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """Each test starts in the portal's own language; a page asked for in English leaves English behind."""
    translation.activate(settings.LANGUAGE_CODE)
    yield
    translation.deactivate()


# Due for the cast by the calendar alone: meetings its branches owe, lectures missed last week, reviews of its people.
STANDING_REMINDERS = (
    "activities.lecture_week_plan", "activities.lectures_missed", "activities.owed", "members.due_lists",
    "mentoring.record_due", "mentoring.review_due",
)  # fmt: skip


@pytest.fixture
def quiet_reminders(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick says only what the test itself brings about; what is due for the cast anyway is the business of its own tests."""
    from pairing_portal.common.registries import reminder_sources

    known = {key: item for key, item in reminder_sources._items.items() if key not in STANDING_REMINDERS}
    assert len(known) == len(reminder_sources._items) - len(STANDING_REMINDERS)
    monkeypatch.setattr(reminder_sources, "_items", known)


class _Loud(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def silence_fails(request: pytest.FixtureRequest) -> Iterator[None]:
    """An ERROR in the log fails the test, unless it is marked as expected by the fixture `expected_errors`."""
    handler = _Loud()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    if "expected_errors" not in request.fixturenames:
        assert [record.getMessage() for record in handler.records] == []


OUR_TEMPLATES = str(settings.BASE_DIR / "templates")
_resolve = FilterExpression.resolve


def _resolve_or_fail(self: FilterExpression, context: Any, ignore_failures: bool = False) -> Any:
    """A variable that a template of ours prints and nobody gave is a mistake; other packages' templates may."""
    if (
        not ignore_failures
        and isinstance(self.var, Variable)
        and not any("default" in f.__name__ for f, _a in self.filters)
    ):
        template = getattr(context.render_context, "template", None)
        origin = str(getattr(getattr(template, "origin", None), "name", ""))
        if origin.startswith(OUR_TEMPLATES) and "/admin/" not in origin:
            try:
                self.var.resolve(context)
            except VariableDoesNotExist as error:
                raise AssertionError(f"{origin}: variable {self.var} is not defined") from error
    return _resolve(self, context, ignore_failures)


FilterExpression.resolve = _resolve_or_fail


@pytest.fixture
def expected_errors() -> None:
    """Ask for this when the test provokes an ERROR line on purpose."""


@pytest.fixture
def today() -> dt.date:
    return TODAY


@pytest.fixture
def cast(db: None) -> Cast:
    """The named people of the tests, see tests/cast.py."""
    return build_cast(TODAY)


@pytest.fixture
def sign_in(client: Client, cast: Cast):
    """`sign_in("er_secretary")` gives a client signed in as that member of the cast."""

    def _sign_in(name: str) -> Client:
        signed = Client()
        signed.force_login(cast.user(name), backend="allauth.account.auth_backends.AuthenticationBackend")
        return signed

    return _sign_in
