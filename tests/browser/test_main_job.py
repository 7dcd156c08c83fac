"""The main job from end to end, as its people do it."""

from __future__ import annotations

import pytest

from activities.models import LectureAudience, LogEntry

from .conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_student_logs_on_the_phone_and_the_secretary_confirms(visit, portal, shoot):
    student = visit("0310004", PHONE)
    student.goto(f"{portal.url}/log/")
    student.locator("label.big-choice").first.click()
    student.locator("label[for=minutes-45]").click()
    student.get_by_label("做了什么", exact=False).fill("一起修改求职简历")
    shoot(student, "log-390")
    student.get_by_role("button", name="提交记录").click()
    student.wait_for_selector(".toasts :text('45')")
    assert "一起修改求职简历" in student.content()
    entry = LogEntry.objects.get(summary="一起修改求职简历")
    assert (entry.minutes, entry.state, entry.purpose) == (45, "submitted", "pairing")

    secretary = visit("0310001", DESKTOP)
    shoot(secretary, "workbench-1280")
    secretary.locator("a.task", has_text="待确认").first.click()
    secretary.wait_for_url(f"{portal.url}/log/confirm/")
    shoot(secretary, "confirm-1280")
    secretary.locator("#all").check()
    secretary.locator(".action-bar button").click()
    secretary.wait_for_load_state()
    entry.refresh_from_db()
    assert entry.state == "confirmed"


def test_undo_takes_the_entry_back(visit, portal):
    student = visit("0310004", PHONE)
    before = LogEntry.objects.count()
    student.goto(f"{portal.url}/log/")
    student.locator("label.big-choice").first.click()
    student.get_by_label("做了什么", exact=False).fill("写错的一条")
    student.get_by_role("button", name="提交记录").click()
    student.locator(".toasts form button").click()
    student.wait_for_load_state()
    assert LogEntry.objects.count() == before


def test_a_lecture_is_confirmed_in_one_tap_and_the_board_turns(visit, portal, shoot):
    waiting = LectureAudience.objects.get(state="waiting", lecture__state="delivered")
    league_secretary = visit("0520002", PHONE)
    league_secretary.goto(f"{portal.url}/lectures/confirm/")
    shoot(league_secretary, "lecture-confirm-390")
    league_secretary.locator("form[data-attendance] button[type=submit]").first.click()
    league_secretary.wait_for_load_state()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attendance) == ("confirmed", waiting.league_branch.member_count)

    board = visit("0530001", DESKTOP)
    board.goto(f"{portal.url}/lectures/")
    shoot(board, "board-1280")
    row = board.locator("tr", has_text=waiting.league_branch.name)
    assert row.locator("td.is-focus .quota-number").inner_text() == "1/2"


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_page_is_wider_than_the_screen(visit, portal, device):
    page = visit("0310001", device)
    wide = []
    for address in ("/", "/log/", "/log/mine/", "/log/confirm/", "/lectures/", "/pairings/", "/pairings/new/", "/notices/",
                    "/calendar/", "/reports/", "/search/?q=gan", "/members/", "/branches/"):  # fmt: skip
        page.goto(portal.url + address)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(address)
    assert wide == []
