"""A real browser: Debian's Chromium through Playwright, in Chinese, in the portal's time zone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
SHOTS = Path(os.environ.get("PORTAL_SHOTS", "var/shots"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    playwright_api = pytest.importorskip("playwright.sync_api", reason="needs requirements/browser.txt")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs Chromium")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--lang=zh-CN"])
        yield browser
        browser.close()


@pytest.fixture
def fixed_clock() -> None:
    """The browser has its own clock, so the server keeps the real one too."""


@pytest.fixture
def portal(live_server, settings):
    """The portal with its demonstration, as script/serve shows it."""
    from django.utils import timezone

    from reports.demo.load import load_demo

    settings.PORTAL_DEMO = True
    settings.ALLOWED_HOSTS = ["*"]
    load_demo(stage="running", today=timezone.localdate())
    return live_server


@pytest.fixture
def visit(chromium, portal):
    """`visit("????0310004", PHONE)` gives a page signed in by one click; faults in its console fail the test."""
    contexts, faults = [], []

    def _visit(account: str, device: dict[str, object]):
        context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **device)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{portal.url}/accounts/login/")
        page.locator(f"form:has(input[value$='{account}']) button").first.click()
        page.wait_for_url(f"{portal.url}/")
        return page

    yield _visit
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def forming(live_server, settings):
    """The demonstration before anybody is paired: one proposal to branch 3 waits."""
    from django.utils import timezone

    from reports.demo.load import load_demo

    settings.PORTAL_DEMO = True
    settings.ALLOWED_HOSTS = ["*"]
    load_demo(stage="forming", today=timezone.localdate())
    return live_server


@pytest.fixture
def enter(chromium, forming):
    """`enter("T03001")` gives a page signed in as the account whose number ends so; faults in its console fail the test."""
    contexts, faults = [], []

    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    def _enter(ending, device=DESKTOP):
        user = get_user_model().objects.get(username__endswith=ending)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **device)
        context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": forming.url,
                }
            ]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield _enter
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def shoot():
    """Keep a picture for people to look at."""

    def _shoot(page, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        # Hiding the caret would leave style attributes behind, which the page's own rules forbid.
        page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=True, caret="initial")

    return _shoot
