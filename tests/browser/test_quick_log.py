"""The quick log on a phone: three taps and a sentence, a lost network, the weight of the page."""

from __future__ import annotations

import gzip
import io
import sys

import pytest
from PIL import Image

from activities.models import LogEntry

from .conftest import PHONE
from .hands import said

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIMIT = 150 * 1024
KEPT = "() => Object.keys(localStorage).filter((key) => key.startsWith('log-draft-')).length"


def fill(page, words):
    page.locator("label[for='target-study']").click()
    page.locator("label[for='minutes-45']").click()
    page.locator("textarea[name=summary]").fill(words)


def press_send(page):
    page.locator("form.quick-log button[type=submit]").click()


def test_three_taps_a_lost_network_and_signing_out(visit, portal, shoot):
    page = visit("0310004", PHONE)
    page.goto(f"{portal.url}/log/")
    fill(page, "学习党章第一章")
    assert page.evaluate(KEPT) == 1
    press_send(page)
    said(page, "已提交")
    entry = LogEntry.objects.get(summary="学习党章第一章")
    assert (entry.minutes, entry.purpose, entry.state) == (45, "self_study", "submitted")
    assert page.evaluate(KEPT) == 0

    # The network drops: the entry stays on the phone and goes off once.
    page.context.set_offline(True)
    fill(page, "学习党章第二章")
    press_send(page)
    page.wait_for_selector("[data-draft-note]:not([hidden]) :text('没有网络')")
    shoot(page, "quick-log-offline-390")
    press_send(page)
    assert LogEntry.objects.filter(summary="学习党章第二章").count() == 0
    # The word of the first entry may still stand on the page, so it is the new page that is waited for.
    with page.expect_navigation():
        page.context.set_offline(False)
    said(page, "已提交")
    assert LogEntry.objects.filter(summary="学习党章第二章").count() == 1
    assert page.evaluate(KEPT) == 0

    # What is only typed outlives the page, and nothing stays after signing out.
    fill(page, "学习党章第三章")
    page.goto(f"{portal.url}/log/mine/")
    page.goto(f"{portal.url}/log/")
    assert page.locator("textarea[name=summary]").input_value() == "学习党章第三章"
    assert page.locator("#target-study").is_checked()
    shoot(page, "quick-log-draft-390")
    page.goto(f"{portal.url}/accounts/logout/")
    page.locator("form[data-sign-out] button").last.click()
    page.wait_for_url(f"{portal.url}/accounts/login/**")
    assert page.evaluate(KEPT) == 0
    assert LogEntry.objects.filter(summary="学习党章第三章").count() == 0


def photo(width, height):
    kept = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(kept, "JPEG", quality=95)
    return {"name": "合影.jpg", "mimeType": "image/jpeg", "buffer": kept.getvalue()}


def test_photos_are_made_smaller_on_the_phone_and_sent_along(visit, portal, shoot, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    page = visit("0310004", PHONE)
    page.goto(f"{portal.url}/log/")
    fill(page, "党章学习小组活动")
    page.locator("details:has(#photos) summary").click()
    page.locator("#photos").set_input_files([photo(2400, 1800)])
    page.wait_for_selector("[data-photos-shown] img")
    page.locator("#photos").set_input_files([photo(40, 30), photo(50, 30), photo(60, 30)])
    page.wait_for_selector("[data-photos-many]:not([hidden])")
    assert page.locator("[data-photos-shown] img").count() == 3
    shoot(page, "quick-log-photos-390")

    # Without a network the text is kept, and the page says what becomes of the photos.
    page.context.set_offline(True)
    press_send(page)
    page.wait_for_selector("[data-draft-note]:not([hidden]) :text('照片')")
    with page.expect_navigation():
        page.context.set_offline(False)
    said(page, "已提交")
    entry = LogEntry.objects.get(summary="党章学习小组活动")
    with_size = []
    for row in entry.attachments.order_by("pk"):
        with row.file.open("rb") as file, Image.open(file) as image:
            with_size.append(image.size)
    # The server would have kept 2560 dots: it was the phone that made it smaller.
    assert with_size == [(1600, 1200), (40, 30), (50, 30)]
    assert page.evaluate(KEPT) == 0


def test_the_page_is_light(visit, portal):
    page = visit("0310004", PHONE)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 60, "downloadThroughput": 9e6 / 8, "uploadThroughput": 4e6 / 8},
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(f"{portal.url}/log/", wait_until="load")
    ready = page.evaluate("() => Math.round(performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd)")
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    page.wait_for_load_state("networkidle")
    files = page.evaluate(
        "() => ['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind)).map((entry) => entry.name)"
    )
    own = {address.split("#")[0] for address in files if address.startswith(portal.url)}
    weights = {address: len(gzip.compress(page.request.get(address).body(), 6)) for address in own}
    kilobytes = sum(weights.values()) / 1024
    sys.stdout.write(f"\ninteractive after {ready} ms, {kilobytes:.0f} KB compressed in {len(weights)} files\n")
    assert 0 < sum(weights.values()) < LIMIT
