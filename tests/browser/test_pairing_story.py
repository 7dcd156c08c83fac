"""The first article played through the interface: 22 members in two groups, branches 3 and 4, from proposal to published pairs."""

from __future__ import annotations

import pytest

from pairings.models import BranchPairing, CommitteePairing, Cover, GroupPlace, MemberPairing

from .conftest import PHONE
from .hands import press, said

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def pair_up(page, url, pairing, shoot):
    """On the board: posts, pairs, publish."""
    page.goto(f"{url}/pairings/{pairing.pk}/board/")
    press(page, "同职务对应")
    said(page, "支委结对已填写")
    press(page, "自动推荐")
    page.wait_for_selector(".couple.is-new")
    shoot(page, f"board-draft-{pairing.pk}-1280")
    press(page, "公布", agree=True)
    said(page, "已公布")


def test_from_proposal_to_published_pairs_and_a_stand_in(enter, forming, shoot):
    url = forming.url
    first = BranchPairing.objects.get()
    san = enter("T03001")
    san.goto(f"{url}/pairings/{first.pk}/")
    san.locator("form[action$='/confirm/'] button").click()
    said(san, "已")

    er = enter("0310001")
    er.goto(f"{url}/pairings/new/")
    er.locator("select[name=partner_branch]").select_option(label="机械系党总支第四党支部")
    shoot(er, "pairing-new-1280")
    er.locator("main form .btn-primary").click()
    er.wait_for_url(lambda address: address.rstrip("/").split("/")[-1].isdigit())
    second = BranchPairing.objects.exclude(pk=first.pk).get()
    si = enter("T03004", PHONE)
    si.goto(f"{url}/pairings/{second.pk}/")
    shoot(si, "pairing-asked-390")
    si.locator("form[action$='/confirm/'] button").click()
    said(si, "已")
    assert set(BranchPairing.objects.values_list("state", flat=True)) == {"active"}

    er.goto(f"{url}/pairings/split/{first.helping_branch_id}/")
    press(er, "均衡分组")
    said(er, "第一组 11、第二组 11")
    shoot(er, "split-1280")
    press(er, "公布分组", agree=True)
    said(er, "已公布")
    assert GroupPlace.objects.filter(group__isnull=False).count() == 22

    for pairing in (first, second):
        pair_up(er, url, pairing, shoot)
    assert MemberPairing.objects.open().values("helper").distinct().count() == 22
    assert CommitteePairing.objects.filter(published_at__isnull=False, kind="branch_secretary").count() == 2

    er.goto(f"{url}/pairings/continuity/?pairing={first.pk}")
    er.get_by_role("button", name="同意安排").first.click()
    er.wait_for_selector(".toasts .note-success")
    shoot(er, "continuity-1280")
    cover = Cover.objects.get()
    assert (cover.state, cover.stand_in.party_branch, cover.absent.party_branch) == (
        "accepted", first.helping_branch, first.partner_branch,
    )  # fmt: skip


def test_a_pair_is_changed_by_dragging_by_keyboard_and_taken_back(enter, forming, shoot):
    url = forming.url
    pairing = BranchPairing.objects.get()
    san = enter("T03001")
    san.goto(f"{url}/pairings/{pairing.pk}/")
    san.locator("form[action$='/confirm/'] button").click()
    said(san, "已")
    er = enter("0310001")
    er.goto(f"{url}/pairings/{pairing.pk}/board/")
    helper = er.locator("[data-card][data-side=helper]").first
    partner = er.locator("[data-card][data-side=partner]").first
    helper.drag_to(partner)
    said(er, "已在草稿中结对")
    pair = MemberPairing.objects.get()
    assert (pair.is_fixed, pair.is_draft) == (True, True)
    er.locator(".toasts form button").last.click()
    said(er, "已撤回")
    assert MemberPairing.objects.count() == 0

    # The keyboard alone: choose one on each side, then Enter.
    er.locator("input[name=helper]").nth(1).focus()
    er.keyboard.press("Space")
    er.wait_for_selector(".options")
    er.keyboard.press("Escape")
    er.locator("input[name=partner]").nth(1).focus()
    er.keyboard.press("Space")
    er.keyboard.press("Enter")
    said(er, "已在草稿中结对")
    assert MemberPairing.objects.count() == 1

    # Somebody else changes the board: the stale page says so and shows the new one.
    san.goto(f"{url}/pairings/{pairing.pk}/board/")
    press(san, "解除")
    san.wait_for_selector(".couples", state="detached")
    press(er, "解除")
    er.wait_for_selector(".toasts .note-error")
    assert MemberPairing.objects.count() == 0
