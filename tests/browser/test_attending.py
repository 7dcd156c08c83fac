"""An activity from the sign-up on the phone to the hour in the record: the projector's code, the organiser's list, the ledger."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import User
from activities import event_services
from activities.check_in_codes import code_now
from activities.event_rules import Plan
from activities.models import Activity, ActivityKind, LogEntry
from members.access import scope_for

from .conftest import DESKTOP, PHONE
from .hands import said

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def soon(portal) -> Activity:
    """A micro lecture of branch 2 that begins in a quarter of an hour, with sign-up until then."""
    secretary = User.objects.get(username__endswith="0310001")
    now = timezone.now()
    starts_at = now + dt.timedelta(minutes=15)
    plan = Plan(
        kind=ActivityKind.objects.get(key="micro_lecture"), title="微党课:身边的榜样", starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=1), party_branch=secretary.person.party_branch, place="A101", needs_sign_up=True,
        sign_up_until=starts_at, capacity=30,
    )  # fmt: skip
    step = {"scope": scope_for(secretary), "by": secretary, "now": now}
    (activity,) = event_services.plan_activity(plan=plan, **step)
    return event_services.publish_activity(activity=activity, **step)


def test_sign_up_check_in_finish_and_the_record(visit, portal, soon, shoot):
    page = f"{portal.url}/activities/{soon.pk}/"
    member = visit("0310004", PHONE)
    member.goto(page)
    shoot(member, "activity-390")
    member.locator("form[action$='/sign-up/'] button").click()
    said(member, "已")

    secretary = visit("0310001", DESKTOP)
    secretary.goto(f"{page}projector/")
    secretary.locator("button[name=open][value=yes]").click()
    secretary.wait_for_selector("svg")
    shoot(secretary, "projector-1280")

    activity = Activity.objects.get(pk=soon.pk)
    member.goto(f"{page}check-in/{code_now(activity.check_in_secret, activity.pk, timezone.now())}/")
    shoot(member, "check-in-390")
    member.locator(".check-in-button").click()
    member.wait_for_load_state()
    assert activity.participations.get(person__user__username__endswith="0310004").state == "present"

    # The hour goes by.
    past = timezone.now() - dt.timedelta(hours=2)
    Activity.objects.filter(pk=activity.pk).update(starts_at=past, ends_at=past + dt.timedelta(hours=1))
    secretary.goto(f"{page}finish/")
    secretary.locator("[name=summary]").fill("三人主讲,交流热烈")
    shoot(secretary, "activity-finish-1280")
    secretary.locator("main form button[type=submit]").first.click()
    said(secretary, "已")
    entry = LogEntry.objects.get(activity=activity)
    assert (entry.person.number[4:], entry.minutes, entry.state) == ("0310004", 60, "confirmed")

    member.goto(f"{portal.url}/log/ledgers/")
    shoot(member, "ledgers-390")
    assert "微党课:身边的榜样" in member.locator("main").inner_text()
