"""How notices read outside."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels import Undeliverable
from notifications.channels.wording import LINES, cut, fit, one_line, portal_address, word


def test_words_are_the_portals_language_whoever_runs_the_tick(cast, notice):
    user = cast.user("er_member")
    with translation.override("en"):
        said = word([notice(user=user), notice(user=user)])
    assert (said.title, said.footer) == ("2 条提醒", "请登录系统查看。")


def test_a_deputy_is_told_so_and_not_for_whom(cast, notice):
    told = notice(user=cast.user("er_deputy"), on_behalf_of=cast.user("er_secretary"))
    said = word([told])
    assert said.title == "代理事项：本周还差一次宣讲"
    assert cast.person("er_secretary").name not in said.plain()


def test_what_an_older_release_wrote_is_called_by_its_label(cast, notice):
    told = notice(user=cast.user("er_member"))
    told.subject = {}
    assert (word([told]).title, word([told]).groups) == ("讲课值班", ())


def test_kinds_nobody_knows_are_left_out(cast, notice):
    user = cast.user("er_member")
    known, unknown = notice(user=user), notice("tests.gone", user=user)
    assert word([known, unknown]).title == "本周还差一次宣讲"
    with pytest.raises(Undeliverable):
        word([unknown])


def test_a_long_summary_counts_what_it_does_not_list(cast, notice):
    user = cast.user("er_member")
    said = word([notice(user=user) for _number in range(LINES + 5)])
    assert said.title == f"{LINES + 5} 条提醒"
    assert [len(group.lines) for group in said.groups] == [LINES, 1]
    assert said.groups[1].lines == ("还有 5 条",)


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/lectures/3/", "/lectures/3/"),
        ("", "/notices/"),
        ("//evil.example/", "/notices/"),
        ("https://evil.example/", "/notices/"),
        ("/a) [x](https://evil.example", "/notices/"),
        ("/\\evil.example", "/notices/"),
    ],
)
def test_links_stay_inside(settings, path, leads_to):
    settings.PORTAL_URL = "https://portal.example.edu"
    assert portal_address(path) == f"https://portal.example.edu{leads_to}"


@given(st.text(), st.integers(min_value=3, max_value=60))
def test_a_cut_text_fits_and_is_a_beginning(text, limit):
    text = text.encode(errors="ignore").decode()
    short = cut(text, limit)
    assert len(short.encode()) <= limit
    assert short == text or (short[-1] == "…" and text.startswith(short[:-1]))


@given(st.text(alphabet="中文a😀\n"), st.integers(min_value=40, max_value=80))
def test_the_way_in_is_never_cut(main, limit):
    text = fit(main, "请登录系统查看。", limit)
    assert text.endswith("请登录系统查看。")
    assert len(text.encode()) <= limit


@given(st.text())
def test_one_line_is_one_line_without_marks(text):
    assert set(one_line(text)) & set("\n\r\t\x00\u202e<>[]*`#") == set()
