"""The calendar in a browser: month and week on a desktop, an activity dragged and put back, the list on a phone."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone

from accounts.models import User
from activities.event_rules import Plan
from activities.event_services import cancel_activity, plan_activity, publish_activity
from activities.models import Activity, ActivityKind
from branches.models import PartyBranch
from members.access import scope_for

from .conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TITLE = "参观校史馆"


@pytest.fixture
def planned(portal) -> Activity:
    """On Wednesday next week at three, with a cancelled lecture beside it."""
    user, now = User.objects.get(username__endswith="0310001"), timezone.now()
    scope = scope_for(user)
    branch = PartyBranch.objects.get(pk=min(scope.managed_branch_ids))
    today = timezone.localtime(now)
    wednesday = today.replace(hour=15, minute=0, second=0, microsecond=0) + dt.timedelta(days=9 - today.weekday())

    def publish(kind: str, title: str, starts_at: dt.datetime) -> Activity:
        plan = Plan(
            kind=ActivityKind.objects.get(key=kind), title=title, starts_at=starts_at, ends_at=starts_at + dt.timedelta(hours=2),
            party_branch=branch, place="A101",
        )  # fmt: skip
        (activity,) = plan_activity(plan=plan, repeat_rule="", scope=scope, by=user, now=now)
        return publish_activity(activity=activity, scope=scope, by=user, now=now)

    off = publish("party_lecture", "停电的党课", wednesday + dt.timedelta(days=1))
    cancel_activity(activity=off, reason="停电", scope=scope, by=user, now=now)
    return publish("theme_day", TITLE, wednesday)


def starts(activity: Activity) -> str:
    activity.refresh_from_db()
    return timezone.localtime(activity.starts_at).strftime("%Y-%m-%dT%H:%M")


def day_of(activity: Activity, more: int = 0) -> str:
    return (timezone.localtime(activity.starts_at).date() + dt.timedelta(days=more)).isoformat()


def shown_on(page, activity: Activity, day: str) -> None:
    page.wait_for_selector(f"td.fc-day[data-date='{day}'] .fc-event:has-text('{activity.title[:4]}')")


def drag(page, event, target=None, *, up: float = 0) -> None:
    """With the mouse, as people do: onto the lower part of a day, or `up` by so many pixels."""
    event.evaluate("node => node.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = event.bounding_box()
    x, y = box["x"] + 20, box["y"] + 8
    if target is None:
        goal = (x, y - up)
    else:
        cell = target.bounding_box()
        goal = (cell["x"] + cell["width"] / 2, cell["y"] + cell["height"] - 12)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(*goal, steps=12)
    page.mouse.move(*goal)
    page.mouse.up()


def test_month_and_week_on_a_desktop(visit, portal, planned, shoot):
    page = visit("0310001", DESKTOP)
    on, before = day_of(planned), starts(planned)
    page.goto(f"{portal.url}/calendar/?view=month&month={on[:7]}")
    shown_on(page, planned, on)
    assert page.locator("#calendar-list").is_hidden()
    assert re.fullmatch(r"第\d+周|考试周|", page.locator(".fc-daygrid-week-number").first.inner_text())
    event = page.locator(f".fc-event:has-text('{TITLE}')")
    assert event.evaluate("node => getComputedStyle(node).borderInlineStartWidth") == "3px"
    assert event.locator("svg").count() == 2
    off = page.locator(".fc-event:has(s:text-is('停电的党课'))")
    assert off.locator("text=已取消").count() == 1
    shoot(page, "calendar-month-1280")

    # Dragged to the next day; the hours stay; taken back.
    drag(page, event, page.locator(f"td.fc-day[data-date='{day_of(planned, 2)}']"))
    page.wait_for_selector(".toasts .note-success")
    later = day_of(planned, 2)
    assert starts(planned) == f"{later}T15:00"
    shoot(page, "calendar-moved-1280")
    page.locator(".toasts [data-undo]").click()
    page.wait_for_selector(".toasts :text('已移回')")
    assert starts(planned) == before
    shown_on(page, planned, on)

    # An empty day leads to planning, an entry to its page; entries are reached by keyboard.
    page.locator(f"td.fc-day[data-date='{day_of(planned, -1)}']").click(position={"x": 60, "y": 8})
    page.wait_for_url(re.compile(rf"/activities/new/\?on={day_of(planned, -1)}"))
    page.goto(f"{portal.url}/calendar/?view=week&on={on}")
    page.wait_for_selector(f".fc-timegrid-event:has-text('{TITLE}')")
    shoot(page, "calendar-week-1280")
    week_event = page.locator(f".fc-timegrid-event:has-text('{TITLE}')")
    week_event.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/activities/{planned.pk}/"))


def test_the_week_moves_by_the_hour(visit, portal, planned):
    page = visit("0310001", DESKTOP)
    on = day_of(planned)
    page.goto(f"{portal.url}/calendar/?view=week&on={on}")
    event = page.locator(f".fc-timegrid-event:has-text('{TITLE}')")
    event.wait_for()
    # Two lines of half an hour; a quarter of one more, so that rounding does not decide.
    drag(page, event, up=2.25 * page.locator("td.fc-timegrid-slot-lane").first.bounding_box()["height"])
    page.wait_for_selector(".toasts .note-success")
    assert starts(planned) == f"{on}T14:00"


def test_a_refusal_is_said_and_the_entry_goes_back(chromium, visit, portal, planned):
    """Cancelled by somebody else meanwhile. In a window of its own: a browser notes every refusal as a fault."""
    context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **DESKTOP)
    context.add_cookies(visit("0310001", DESKTOP).context.cookies())
    page = context.new_page()
    on, later = day_of(planned), day_of(planned, 2)
    page.goto(f"{portal.url}/calendar/?view=month&month={on[:7]}")
    shown_on(page, planned, on)
    Activity.objects.filter(pk=planned.pk).update(state="cancelled", cancel_reason="停电")
    drag(page, page.locator(f".fc-event:has-text('{TITLE}')"), page.locator(f"td.fc-day[data-date='{later}']"))
    page.wait_for_selector(".toasts .note-error")
    shown_on(page, planned, on)
    assert starts(planned) == f"{on}T15:00"
    context.close()


def test_a_phone_gets_the_list_and_the_month_when_asked_for(visit, portal, planned, shoot):
    page = visit("0310004", PHONE)
    month = day_of(planned)[:7]
    page.goto(f"{portal.url}/calendar/?month={month}")
    assert page.locator("#calendar-grid").is_hidden()
    entry = page.locator(f"a.agenda-entry:has-text('{TITLE}')")
    assert entry.bounding_box()["height"] >= 44
    assert page.locator(".agenda-entry s:text-is('停电的党课')").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "calendar-list-390")
    page.goto(f"{portal.url}/calendar/?view=month&month={month}")
    page.wait_for_selector(f".fc-event:has-text('{TITLE}')", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "calendar-month-390")
    page.goto(f"{portal.url}/calendar/?view=week")
    assert page.locator("#calendar-grid").is_hidden()


def test_without_the_script_the_list_stands_there(chromium, visit, portal, planned):
    page = visit("0310004", DESKTOP)
    cookies = page.context.cookies()
    context = chromium.new_context(locale="zh-CN", java_script_enabled=False, **DESKTOP)
    context.add_cookies(cookies)
    plain = context.new_page()
    plain.goto(f"{portal.url}/calendar/?view=month&month={day_of(planned)[:7]}")
    assert plain.locator(f"a.agenda-entry:has-text('{TITLE}')").is_visible()
    context.close()
