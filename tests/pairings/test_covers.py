"""Who stands in: asked by one side, answered by the stand-in's branch, ended by either, and what is refused."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from members.access import scope_for
from members.models import Person
from members.services import leave_people
from notifications.models import Delivery, Notice
from notifications.services import send_pending
from pairing_portal.common.problems import Refused
from pairings import cover_services
from pairings.models import BranchPairing, BranchSplit, Cover, GroupPlace, PairingGroup
from tests.cast import build_cast
from tests.pairings.crew import activate, enrol, send_away
from tests.pairings.deeds import race

DECEMBER, JANUARY = dt.date(2026, 12, 1), dt.date(2027, 1, 31)


def pressed(cast, name):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "now": timezone.now()}


def ask(cast, pairing, name="san_secretary", today=dt.date(2026, 10, 28), **changes):
    values = {
        "absent": cast.person("san_member"), "stand_in": cast.person("er_member"), "duty": "study",
        "from_on": DECEMBER, "to_on": JANUARY,
    } | changes  # fmt: skip
    return cover_services.ask_cover(pairing=pairing, **values, **pressed(cast, name), today=today)


def accept(cast, cover, name="er_secretary", today=dt.date(2026, 10, 28)):
    return cover_services.accept_cover(cover=cover, **pressed(cast, name), today=today)


def end(cast, cover, over_from, today, name="er_secretary", **more):
    return cover_services.end_cover(cover=cover, over_from=over_from, today=today, **pressed(cast, name), **more)


def refused(call, *arguments, **more):
    """(words in English, rule, field) of the refusal."""
    with translation.override("en"), pytest.raises(Refused) as refusal:
        call(*arguments, **more)
    return refusal.value.text.split(" (rule")[0], refusal.value.rule, refusal.value.field


def told(kind, **more):
    notices = Notice.objects.filter(kind=f"pairings.cover_{kind}", **more)
    return sorted(notices.values_list("user__display_name", flat=True))


@pytest.fixture
def pairing(cast):
    return activate(cast)


def test_the_partner_asks_and_the_helping_branch_accepts(cast, pairing):
    cover = ask(cast, pairing)
    assert (cover.state, cover.asked_by, cover.answered_by) == ("asked", cast.user("san_secretary"), None)
    assert told("asked") == ["张红", "甘杰怡"]

    accept(cast, cover)
    cover.refresh_from_db()
    assert (cover.state, cover.answered_by) == ("accepted", cast.user("er_secretary"))
    assert told("asked", obsolete_at=None) == []
    assert told("accepted") == ["潘晨", "罗杰", "罗萍妍"]
    assert [row.state for row in cover.history.order_by("history_id")] == ["asked", "accepted"]


def test_the_helping_branch_agrees_by_asking_and_the_other_side_is_told(cast, pairing):
    cover = ask(cast, pairing, "er_deputy", absent=None, duty="meetings")
    assert (cover.state, cover.answered_by) == ("accepted", cast.user("er_deputy"))
    assert (told("asked"), told("accepted")) == ([], ["潘晨", "罗萍妍"])


def test_who_is_a_secretary_and_stands_in_reads_it_once(cast, pairing):
    ask(cast, pairing, "er_secretary", absent=None, stand_in=cast.person("er_secretary"))
    assert told("accepted") == ["潘晨", "甘杰怡"]


def test_nothing_is_sent_outside_once_it_is_answered(cast, pairing):
    User.objects.update(email="somebody@example.invalid")
    cover = ask(cast, pairing)
    cover_services.decline_cover(cover=cover, reason="期末复习", **pressed(cast, "er_deputy"))
    send_pending(now=timezone.now())
    asked = Notice.objects.filter(kind="pairings.cover_asked")
    outside = Delivery.objects.filter(notice__in=asked, channel="email")
    assert set(outside.values_list("state", flat=True)) == {"dropped"}
    assert told("declined") == ["潘晨"]


def test_a_decline_needs_a_reason_and_leaves_the_person_out_of_the_proposals(cast, pairing):
    cover = ask(cast, pairing)
    words, _rule, field = refused(
        cover_services.decline_cover, cover=cover, reason="  ", **pressed(cast, "er_secretary")
    )
    assert (words, field) == ("Please give a reason: the other side will read it.", "reason")
    cover_services.decline_cover(cover=cover, reason="期末复习", **pressed(cast, "er_secretary"))
    cover.refresh_from_db()
    assert (cover.state, cover.reason) == ("declined", "期末复习")


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        ({"to_on": dt.date(2026, 11, 30)}, "A stand-in duty cannot end before it begins. Choose a later last day.", "to_on"),
        ({"from_on": dt.date(2026, 10, 27)}, "That day has passed. Let the duty begin today or later.", "from_on"),
        ({"to_on": dt.date(2027, 7, 1)}, "The pairing runs from 8 Oct 2026 to 30 Jun 2027. Choose a day in between.", "to_on"),
        ({"duty": "vote"}, "Choose one of the duties in the list. Quorum, vote and posts are never lent to another branch.", "duty"),
    ],
)  # fmt: skip
def test_days_and_duties_that_cannot_be(cast, pairing, changes, words, field):
    found = refused(ask, cast, pairing, **changes)
    assert (found[0], found[2]) == (words, field)
    assert Cover.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "name", "words"),
    [
        ("stand_in", "liu_member", "周鑫 belongs to neither of the two branches. Choose somebody of 第二党支部."),
        ("stand_in", "san_secretary", "潘晨 is of the branch that is helped. Choose somebody of 第二党支部."),
        ("absent", "er_deputy", "张红 is of the stand-in's own branch. A branch divides its own work itself; choose somebody of 第三党支部."),
        ("absent", "liu_member", "周鑫 belongs to neither of the two branches. Choose somebody of 第三党支部."),
        ("absent", "san_activist", "蓝敏佳 is no longer a member of 第三党支部 by then. Choose somebody who is, or the branch as a whole."),
    ],
)  # fmt: skip
def test_people_of_the_wrong_side(cast, pairing, field, name, words):
    found = refused(ask, cast, pairing, **{field: cast.person(name)})
    assert (found[0], found[2]) == (words, field)


def test_who_is_in_the_group_for_another_partner_does_not_stand_in_here(cast, pairing):
    other = activate(cast, partner=cast.si)
    split = BranchSplit.objects.create(academic_year=cast.year, branch=cast.er, published_at=timezone.now(), published_by=cast.user("er_secretary"))  # fmt: skip
    for number, (one, name) in enumerate([(pairing, "er_deputy"), (other, "er_member")]):
        group = PairingGroup.objects.create(split=split, pairing=one, name=f"第{number}组")
        GroupPlace.objects.create(split=split, academic_year=cast.year, person=cast.person(name), group=group)
    words, rule, _field = refused(ask, cast, pairing)
    assert words == "罗萍妍 is in the group for another partner. Choose somebody of the group for this pairing."
    assert rule == "R90"
    assert ask(cast, pairing, stand_in=cast.person("er_deputy")).state == "asked"


def test_a_stand_in_who_is_away_themselves(cast, pairing):
    send_away(cast.person("er_member"), dt.date(2027, 1, 1), None)
    assert ask(cast, pairing, to_on=dt.date(2027, 1, 30)).state == "asked"
    words, _rule, field = refused(ask, cast, pairing, duty="files", to_on=dt.date(2027, 1, 31))
    assert words == "罗萍妍 is away on half of those days or more. Choose somebody else, or a shorter time."
    assert field == "stand_in"


def test_somebody_was_asked_already(cast, pairing):
    cover = ask(cast, pairing)
    other = {"stand_in": cast.person("er_deputy"), "from_on": JANUARY, "to_on": dt.date(2027, 2, 28)}
    words = refused(ask, cast, pairing, **other)[0]
    assert words == "罗萍妍 was asked for this already, from 1 Dec 2026 to 31 Jan 2027. Take that back first, or choose other days."  # fmt: skip
    accept(cast, cover)
    words = refused(ask, cast, pairing, **other)[0]
    assert words == "罗萍妍 does this already, from 1 Dec 2026 to 31 Jan 2027. End that first, or choose other days."
    assert ask(cast, pairing, **other | {"from_on": dt.date(2027, 2, 1)}).state == "asked"
    assert ask(cast, pairing, **other | {"duty": "files"}).state == "asked"


def test_a_branch_as_a_whole_is_covered_once_too(cast, pairing):
    ask(cast, pairing, absent=None, duty="meetings")
    assert refused(ask, cast, pairing, absent=None, duty="meetings", stand_in=cast.person("er_deputy"))[0].startswith("罗萍妍 was asked")  # fmt: skip


def test_who_may_ask_answer_and_end(cast, pairing, today):
    for name in ("er_member", "mech_organiser", "si_secretary", "administrator"):
        refused(ask, cast, pairing, name)
    cover = ask(cast, pairing)
    for name in ("san_secretary", "si_secretary", "mech_organiser", "er_member"):
        refused(accept, cast, cover, name)
        refused(cover_services.decline_cover, cover=cover, reason="不", **pressed(cast, name))
    assert refused(cover_services.withdraw_cover, cover=cover, **pressed(cast, "er_secretary"))[0] == (
        "Only the branch that asked takes this back. The other branch can decline it."
    )
    accept(cast, cover)
    for name in ("si_secretary", "mech_organiser", "er_member"):
        refused(end, cast, cover, today, today, name)


def test_an_unanswered_ask_is_taken_back(cast, pairing):
    cover = ask(cast, pairing)
    cover_services.withdraw_cover(cover=cover, **pressed(cast, "san_secretary"))
    cover.refresh_from_db()
    assert (cover.state, cover.answered_by) == ("ended", cast.user("san_secretary"))
    assert told("asked", obsolete_at=None) == []
    words = refused(accept, cast, cover)[0]
    assert words == "This stand-in duty is “ended” already (潘晨). Reload the page to see what can be done."


def test_a_pairing_that_is_over_lends_nobody(cast, pairing):
    cover = ask(cast, pairing)
    BranchPairing.objects.filter(pk=pairing.pk).update(state="ended_early")
    assert refused(ask, cast, pairing, duty="files")[1] == "R90"
    assert refused(accept, cast, cover)[1] == "R90"


def test_an_ask_whose_days_are_over_is_not_accepted(cast, pairing, fixed_clock):
    cover = ask(cast, pairing)
    later = dt.date(2027, 2, 1)
    assert refused(accept, cast, cover, today=later)[0].startswith("The days asked for are over.")


@pytest.mark.parametrize(
    ("over_from", "last"), [(dt.date(2026, 12, 10), dt.date(2026, 12, 9)), (dt.date(2026, 12, 11), dt.date(2026, 12, 10))]
)  # fmt: skip
def test_a_running_duty_ends_from_today_or_tomorrow(cast, pairing, over_from, last):
    cover = accept(cast, ask(cast, pairing))
    end(cast, cover, over_from, dt.date(2026, 12, 10), "san_secretary", reason="提前返校")
    cover.refresh_from_db()
    assert (cover.state, cover.to_on, cover.reason) == ("ended", last, "提前返校")
    assert told("ended") == ["张红", "甘杰怡", "罗杰", "罗萍妍"]
    assert told("accepted", obsolete_at=None) == []
    assert refused(end, cast, cover, over_from, dt.date(2026, 12, 10))[0].startswith("This stand-in duty is “ended”")


def test_a_duty_that_has_not_begun_falls_away_with_its_days(cast, pairing, today):
    cover = accept(cast, ask(cast, pairing))
    assert refused(end, cast, cover, DECEMBER, today)[2] == "over_from"
    end(cast, cover, today, today)
    cover.refresh_from_db()
    assert (cover.state, cover.from_on, cover.to_on) == ("ended", DECEMBER, JANUARY)


def test_leaving_ends_duties_and_asks_and_another_is_proposed(cast, pairing, today, sign_in):
    running = ask(cast, pairing, from_on=today, duty="files")
    accept(cast, running)
    open_ask = ask(cast, pairing)
    with translation.override("en"):
        lines = leave_people(people=[cast.person("er_member")], left_on=today, today=today, by=None)
    assert lines[-4:] == [
        "The stand-in duty 罗萍妍 → 罗杰 ends.",
        "Another stand-in is proposed on the page “Who stands in”.",
    ] * 2  # fmt: skip
    for cover in (running, open_ask):
        cover.refresh_from_db()
    assert (running.state, running.from_on) == ("ended", today)
    assert (open_ask.state, open_ask.answered_by) == ("ended", cast.user("san_secretary"))
    send_away(cast.person("san_member"), DECEMBER, JANUARY)
    page = sign_in("san_secretary").get(reverse("continuity"), {"pairing": pairing.pk})
    (proposal,) = page.context["proposals"]
    assert (proposal.absent, proposal.stand_in) == (cast.person("san_member"), cast.person("er_secretary"))


def test_who_leaves_later_stands_in_until_then(cast, pairing, today):
    cover = accept(cast, ask(cast, pairing, from_on=today))
    leave_people(people=[cast.person("er_member")], left_on=dt.date(2026, 11, 20), today=today, by=None)
    cover.refresh_from_db()
    assert (cover.state, cover.to_on) == ("accepted", dt.date(2026, 11, 19))


def test_one_press_asks_one_press_accepts_and_one_ends(cast, pairing, sign_in):
    send_away(cast.person("san_member"), DECEMBER, JANUARY)
    partner, helper = sign_in("san_secretary"), sign_in("er_secretary")
    page = reverse("continuity") + f"?pairing={pairing.pk}"
    (proposal,) = partner.get(page).context["proposals"]
    response = partner.post(
        reverse("pairing_cover_ask", args=[pairing.pk]),
        {"absent": proposal.absent.pk, "stand_in": proposal.stand_in.pk, "duty": proposal.duty.value,
         "from_on": "2026-12-01", "to_on": "2027-01-31"},
    )  # fmt: skip
    assert response.url == f"{page}#stand-ins"
    cover = Cover.objects.get()
    shown = partner.get(page).context
    assert (shown["proposals"], [row.cover for row in shown["asks"]], shown["waiting"]) == ([], [cover], 0)
    assert helper.get(page).context["waiting"] == 1
    helper.post(reverse("cover_accept", args=[cover.pk]))
    assert [row.cover.state for row in helper.get(page).context["running"]] == ["accepted"]
    helper.post(reverse("cover_end", args=[cover.pk]))
    shown = helper.get(page).context
    assert ([row.cover.state for row in shown["earlier"]], len(shown["proposals"])) == (["ended"], 1)


def test_the_form_shows_why_it_is_refused_beside_its_field(cast, pairing, sign_in):
    send_away(cast.person("er_member"), DECEMBER, JANUARY)
    response = sign_in("er_secretary").post(
        reverse("pairing_cover_ask", args=[pairing.pk]),
        {"absent": "", "stand_in": cast.person("er_member").pk, "duty": "meetings", "from_on": "2026-12-01", "to_on": "2027-01-31"},
    )  # fmt: skip
    assert (response.status_code, list(response.context["form"].errors)) == (400, ["stand_in"])
    offered = {person.name for person in response.context["form"].fields["absent"].queryset}
    assert offered == {"罗杰", "潘晨"}
    assert "20240320001" not in response.content.decode()


def test_strangers_get_404_and_insiders_without_the_right_403(cast, pairing, sign_in):
    cover = ask(cast, pairing)
    answers = {
        name: [
            sign_in(name).post(reverse(address, args=[key])).status_code
            for address, key in (("pairing_cover_ask", pairing.pk), ("cover_accept", cover.pk), ("cover_decline", cover.pk), ("cover_end", cover.pk))
        ]
        for name in ("er_member", "er_probationary", "san_secretary", "si_secretary", "mech_organiser", "civil_organiser")
    }  # fmt: skip
    assert answers == {
        "er_member": [403, 403, 403, 403],
        "er_probationary": [403, 404, 404, 404],
        "san_secretary": [400, 403, 403, 302],
        "si_secretary": [404, 404, 404, 404],
        "mech_organiser": [403, 403, 403, 403],
        "civil_organiser": [404, 404, 404, 404],
    }
    cover.refresh_from_db()
    assert cover.state == "ended"


def test_agreed_duties_stand_on_the_pages_of_both(cast, pairing, sign_in):
    cover = ask(cast, pairing)
    own = reverse("my_record")
    assert "组织学习" not in sign_in("er_member").get(own, follow=True).content.decode()
    accept(cast, cover)
    for name, other in (("er_member", "罗杰"), ("san_member", "罗萍妍")):
        page = sign_in(name).get(own, follow=True).content.decode()
        assert [words in page for words in ("组织学习", other, "2026-12-01 – 2027-01-31")] == [True, True, True]


def test_the_administration_accepts_what_the_service_allows(cast, pairing, sign_in):
    covers = [ask(cast, pairing), ask(cast, pairing, duty="files")]
    data = {"action": "accept_selected", "_selected_action": [cover.pk for cover in covers]}
    url = reverse("admin:pairings_cover_changelist")
    sign_in("san_secretary").post(url, data)
    assert set(Cover.objects.values_list("state", flat=True)) == {"asked"}
    sign_in("er_secretary").post(url, data)
    assert set(Cover.objects.values_list("state", flat=True)) == {"accepted"}
    assert b"\xe7\xbd\x97\xe8\x90\x8d\xe5\xa6\x8d" not in sign_in("si_secretary").get(url).content


def answer(cast, cover, index):
    """Every second client accepts, the others decline."""
    if index % 2:
        return cover_services.decline_cover(cover=cover, reason="不便", **pressed(cast, "er_deputy"))
    return accept(cast, cover)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clients", [2, 8])
def test_answers_at_once_give_one_answer(transactional_db, today, clients):
    cast = build_cast(today)
    cover = ask(cast, activate(cast))
    results = race(lambda index: answer(cast, cover, index), clients)
    assert [sum(isinstance(result, kind) for result in results) for kind in (Cover, Refused)] == [1, clients - 1]
    assert cover.history.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clients", [2, 8])
def test_asks_at_once_for_the_branch_as_a_whole_give_one(transactional_db, today, clients):
    """No constraint of the database catches this one: the row lock does."""
    cast = build_cast(today)
    pairing = activate(cast)
    enrol(cast.er, 8)
    people = list(Person.objects.filter(party_branch=cast.er, number__startswith="2023").order_by("-pk"))
    results = race(lambda index: ask(cast, pairing, absent=None, duty="meetings", stand_in=people[index]), clients)
    assert [sum(isinstance(result, kind) for result in results) for kind in (Cover, Refused)] == [1, clients - 1]
    assert Cover.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_answers_are_written(transactional_db, today, monkeypatch):
    """The negative control: with the row lock taken away both are told that theirs is the answer."""
    cast = build_cast(today)
    cover = ask(cast, activate(cast))
    meet = threading.Barrier(2)

    monkeypatch.setattr(
        cover_services, "lock_pairing", lambda row: BranchPairing.objects.with_branches().get(pk=row.pk)
    )
    given = cover_services._given_reason
    monkeypatch.setattr(cover_services, "_given_reason", lambda reason: (meet.wait(timeout=20), given(reason))[1])
    problems = cover_services.cover_rules.stand_in_problems
    monkeypatch.setattr(
        cover_services.cover_rules, "stand_in_problems", lambda *all_: (meet.wait(timeout=20), problems(*all_))[1]
    )
    results = race(lambda index: answer(cast, cover, index), 2)
    assert [type(result) for result in results] == [Cover, Cover]
    assert cover.history.count() == 3
