"""A secretary's walk: a review is opened, filled step by step, met on, and its pack printed; a sponsor answers on the phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evaluations.models import ConversionReview
from members.models import Person, Sponsor

from .conftest import DESKTOP, PHONE, SHOTS
from .hands import said

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def portal(live_server, settings):
    """The demonstration at the end of the year: two reviews stand there already."""
    from reports.demo.load import load_demo

    settings.PORTAL_DEMO = True
    settings.ALLOWED_HOSTS = ["*"]
    load_demo(stage="evaluating", today=timezone.localdate())
    return live_server


def fill(page, **values):
    """Fill the form of a step and send it."""
    for name, value in values.items():
        page.locator(f"main [name={name}]").fill(str(value))
    page.locator("main form .btn-primary").last.click()


def test_from_opening_a_review_to_the_printed_pack(visit, portal, shoot):
    today = timezone.localdate()
    person = Person.objects.get(
        number__endswith="0310004", stage="probationary", extended_to=None, admitted_on__lt=today - timedelta(days=365)
    )
    for ending in ("0310001", "0310002"):
        Sponsor.objects.create(person=person, sponsor=Person.objects.get(number__endswith=ending, stage="full"))
    secretary = visit("0310001", DESKTOP)
    secretary.goto(f"{portal.url}/evaluations/")
    shoot(secretary, "evaluations-1280")
    secretary.locator("main .room-card-title", has_text="转正考察").click()
    shoot(secretary, "conversions-1280")
    late = secretary.locator(".review-list li", has=secretary.locator(".gap-line")).first
    assert "公示" in late.inner_text()
    secretary.locator("a", has_text="手动启动").click()
    shoot(secretary, "conversion-new-1280")
    secretary.locator("li", has_text=person.name).locator("button").click()
    said(secretary, "已启动")
    review = ConversionReview.objects.get(person=person)
    shoot(secretary, "conversion-start-1280")

    phone = visit("0310001", PHONE)
    phone.goto(f"{portal.url}/evaluations/conversions/{review.pk}/opinion/")
    fill(phone, text="同意按期转正。")
    said(phone, "谢谢")
    phone.goto(f"{portal.url}/evaluations/")
    shoot(phone, "evaluations-390")
    phone.goto(f"{portal.url}/evaluations/conversions/{review.pk}/")
    shoot(phone, "conversion-390")

    def step(name, **values):
        secretary.goto(f"{portal.url}/evaluations/conversions/{review.pk}/{name}/")
        fill(secretary, **values)

    step("application", applied_on=today - timedelta(days=20))
    said(secretary, "已记录")
    for kind in ("group", "masses"):
        secretary.goto(f"{portal.url}/evaluations/conversions/{review.pk}/opinions/new/")
        secretary.locator("[name=kind]").select_option(kind)
        fill(secretary, text="表现良好,同意。")
        said(secretary, "已记录")
    step("committee", committee_reviewed_on=today - timedelta(days=19))
    step(
        "notice",
        notice_from_on=today - timedelta(days=18),
        notice_to_on=today - timedelta(days=1),
        notice_result="无异议",
    )
    secretary.goto(f"{portal.url}/evaluations/conversions/{review.pk}/meeting/")
    eligible = int(secretary.locator("[name=eligible_count]").input_value())
    shoot(secretary, "conversion-meeting-1280")
    fill(
        secretary,
        meeting_on=today,
        present_count=eligible,
        yes_count=eligible,
        reason="另一位入党介绍人在外实习,已电话听取意见",
    )
    said(secretary, "已记录")
    review.refresh_from_db()
    assert (review.decision, review.yes_count, review.pack["person"]) == ("convert", eligible, person.pk)
    shoot(secretary, "conversion-decided-1280")

    secretary.locator("main a", has_text="考察材料").first.click()
    shoot(secretary, "conversion-pack-1280")
    secretary.locator("a.btn-primary", has_text="打印").click()
    secretary.wait_for_selector(".paper")
    paper = secretary.locator(".paper").inner_text()
    assert [
        words for words in (person.name, "核对表", "帮扶履职情况", "对象评价", "入党介绍人") if words not in paper
    ] == []
    SHOTS.mkdir(parents=True, exist_ok=True)
    pages = secretary.pdf(path=str(SHOTS / "conversion-pack.pdf"), prefer_css_page_size=True)
    assert pages[:4] == b"%PDF"

    secretary.goto(f"{portal.url}/evaluations/conversions/{review.pk}/approval/")
    secretary.locator("[name=is_approved][value='1']").check()
    fill(secretary, approved_on=today)
    said(secretary, "考察已结束")
    person.refresh_from_db()
    assert (person.stage, person.converted_on) == ("full", review.due_on)


def test_the_two_reviews_of_the_demonstration_on_the_phone(visit, portal, shoot):
    phone = visit("0310001", PHONE)
    phone.goto(f"{portal.url}/evaluations/conversions/")
    shoot(phone, "conversions-390")
    for number, review in enumerate(ConversionReview.objects.order_by("due_on")):
        phone.goto(f"{portal.url}/evaluations/conversions/{review.pk}/")
        shoot(phone, f"conversion-{number}-390")
        phone.goto(f"{portal.url}/evaluations/conversions/{review.pk}/pack/")
        shoot(phone, f"conversion-pack-{number}-390")
        assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
