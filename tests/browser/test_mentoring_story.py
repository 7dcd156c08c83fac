"""The second article played through the interface: branch 6 from nobody mentored to four chains, a yes, a talk, one picture."""

from __future__ import annotations

import pytest

from activities.models import LogEntry
from branches.models import PartyBranch
from mentoring.models import LeagueGuidance, Mentorship

from .conftest import PHONE
from .hands import said

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_from_a_proposal_to_a_confirmed_talk_and_the_picture(enter, forming, shoot):
    url, branch = forming.url, PartyBranch.objects.get(name__contains="第六")
    secretary = enter("0530001")
    secretary.goto(f"{url}/mentoring/plan/{branch.pk}/")
    secretary.locator("main form .btn-primary").first.click()
    secretary.wait_for_selector(".plan-score")
    shoot(secretary, "mentoring-plan-draft-1280")
    secretary.locator("main form .btn-primary[formaction$='/publish/']").first.click()
    secretary.locator("#ask [value=yes]").click()
    said(secretary, "已")
    assert set(Mentorship.objects.values_list("tier", "state")) == {(1, "offered"), (2, "active"), (3, "active")}
    assert set(LeagueGuidance.objects.values_list("state", flat=True)) == {"active"}

    offer = Mentorship.objects.get(tier=1, mentee__number__endswith="0593001")
    helped = enter("0593001", PHONE)
    helped.goto(f"{url}/mentoring/me/")
    shoot(helped, "mentoring-offer-390")
    helped.locator("button[value=accept]").click()
    said(helped, "已")
    offer.refresh_from_db()
    assert offer.state == "active"

    contact = Mentorship.objects.get(tier=2, mentee__name="蓝洋涵")
    mentor = enter(contact.mentor.number, PHONE)
    mentor.goto(f"{url}/mentoring/me/")
    mentor.locator(f"#link-{contact.pk} .btn-primary").click()
    mentor.locator("textarea[name=summary]").fill("谈了思想汇报怎么写")
    mentor.locator("main form button[type=submit]").first.click()
    said(mentor, "已提交")
    entry = LogEntry.objects.get(mentorship=contact)
    assert entry.state == "submitted"

    mentee = enter(contact.mentee.number, PHONE)
    mentee.goto(f"{url}/mentoring/me/")
    shoot(mentee, "mentoring-confirm-390")
    mentee.locator("main form .btn-primary", has_text="确认").first.click()
    said(mentee, "已")
    entry.refresh_from_db()
    assert (entry.state, entry.confirmed_by) == ("confirmed", contact.mentee.user)

    secretary.goto(f"{url}/mentoring/chain/?branch={branch.pk}")
    shoot(secretary, "mentoring-chain-1280")
    names = secretary.locator(".chain-box").inner_text()
    assert all(person.name in names for person in (offer.mentor, offer.mentee, contact.mentor, contact.mentee))
    assert LeagueGuidance.objects.first().league_branch.name in secretary.locator("main").inner_text()
