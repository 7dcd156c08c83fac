"""What a hand does on a page again and again."""

from __future__ import annotations


def press(page, name, *, agree=False):
    page.get_by_role("button", name=name, exact=True).first.click()
    if agree:
        page.locator("#ask [value=yes]").click()


def said(page, words):
    page.wait_for_selector(f".toasts :text('{words}')")
