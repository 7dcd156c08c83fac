from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone, translation

from pairing_portal.common.templatetags.portal import ago, icon, state_badge
from pairing_portal.common.toasts import undo_address
from tests.conftest import NOW, TODAY

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def words(html: str) -> str:
    return html.removesuffix("</time>").rpartition(">")[2]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOW, "just now"),
        (NOW + 20 * dt.timedelta(seconds=1), "in a moment"),
        (NOW - MINUTE, "1 minute ago"),
        (NOW - 59 * MINUTE, "59 minutes ago"),
        (NOW - 3 * HOUR, "3 hours ago"),
        (NOW + 2 * HOUR, "in 2 hours"),
        (NOW - 25 * HOUR, "yesterday"),
        (NOW + 25 * HOUR, "tomorrow"),
        (NOW - 3 * DAY, "3 days ago"),
        (NOW - 31 * DAY, "27 Sep 2026"),
        (TODAY, "today"),
        (TODAY + DAY, "tomorrow"),
        (TODAY - 3 * DAY, "3 days ago"),
        (TODAY + 9 * DAY, "in 9 days"),
    ],
)
def test_a_time_is_said_as_people_say_it(moment: dt.date, expected: str) -> None:
    with translation.override("en"):
        assert words(ago(moment)) == expected


def test_the_exact_time_stands_behind_the_words_in_the_colleges_zone() -> None:
    moment = dt.datetime(2026, 10, 24, 17, 30, tzinfo=dt.UTC)

    with translation.override("en"):
        assert ago(moment) == '<time datetime="2026-10-25T01:30:00+08:00" title="25 Oct 2026, 01:30">3 days ago</time>'


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_time_says_nothing(nothing: str | None) -> None:
    assert ago(nothing) == ""


def test_a_naive_moment_does_not_break_the_page() -> None:
    with translation.override("en"):
        assert words(ago(timezone.localtime().replace(tzinfo=None) - 3 * DAY)) == "3 days ago"


def test_a_state_is_icon_word_and_colour() -> None:
    assert state_badge("late", "<逾期>") == (
        '<span class="state state-late"><svg class="icon" aria-hidden="true">'
        '<use href="/static/icons.svg#exclamation-triangle"/></svg>&lt;逾期&gt;</span>'
    )


def test_an_unknown_state_is_neutral() -> None:
    assert 'class="state state-neutral"' in state_badge("x", "…")


def test_an_icon_with_a_meaning_says_it() -> None:
    assert (
        icon("bell", "通知")
        == '<svg class="icon" role="img" aria-label="通知"><use href="/static/icons.svg#bell"/></svg>'
    )


@pytest.mark.parametrize(
    ("tags", "address"),
    [
        ("undo:/log/3/withdraw/", "/log/3/withdraw/"),
        ("urgent undo:/log/3/withdraw/", "/log/3/withdraw/"),
        ("", ""),
        (None, ""),
        ("undo://evil.example/x", ""),
        ("undo:/\\evil.example", ""),
        ("undo:javascript:alert(1)", ""),
    ],
)
def test_only_an_address_of_the_portal_takes_something_back(tags: str | None, address: str) -> None:
    assert undo_address(tags) == address
