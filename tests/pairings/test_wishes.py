"""What a member offers and asks for: found in two places, seen by nobody it does not concern, used by the next proposal."""

from __future__ import annotations

from django.urls import reverse

from members.access import scope_for
from pairings import board_services
from pairings.models import MatchingWish, MemberPairing

from .crew import activate, by, enrol

URL = reverse("wishes")


def test_a_member_finds_the_page_on_the_own_record_and_beside_the_pairings(cast, sign_in):
    client = sign_in("er_member")
    for address in (client.get(reverse("my_record")).url, reverse("pairings")):
        assert f'href="{URL}"' in client.get(address).content.decode()
    # A classmate without a Party branch has no pairing to wish for.
    assert f'href="{URL}"' not in sign_in("classmate").get(reverse("pairings")).content.decode()


def test_wishes_are_saved_and_the_last_word_counts(cast, sign_in):
    client = sign_in("er_member")
    client.post(URL, {"offers": ["study", "life"], "asks": ["work"]})
    client.post(URL, {"offers": ["study"], "is_left_out": "on"})
    wish = MatchingWish.objects.get()
    assert (wish.person, wish.offers, wish.asks, wish.is_left_out) == (cast.person("er_member"), ["study"], [], True)


def test_an_unknown_area_is_refused_and_nothing_is_written(cast, sign_in):
    assert sign_in("er_member").post(URL, {"offers": ["money"]}).status_code == 400
    assert MatchingWish.objects.count() == 0


def test_only_the_person_and_their_own_secretary_see_them(cast):
    MatchingWish.objects.create(academic_year=cast.year, person=cast.person("er_member"), offers=["study"])
    seen = {
        name: MatchingWish.objects.visible_to(scope_for(cast.user(name))).count()
        for name in ("er_member", "er_secretary", "san_secretary", "mech_organiser", "administrator", "er_probationary")
    }
    assert seen == {
        "er_member": 1, "er_secretary": 1, "san_secretary": 0, "mech_organiser": 0, "administrator": 0, "er_probationary": 0,
    }  # fmt: skip


def test_the_next_proposal_follows_what_fits_and_leaves_out_who_asked(cast, today):
    extra = enrol(cast.san, 3, programme="diploma", year=2024)
    pairing = activate(cast)
    MatchingWish.objects.create(academic_year=cast.year, person=extra[0], asks=["life", "study", "work"])
    MatchingWish.objects.create(
        academic_year=cast.year, person=cast.person("er_deputy"), offers=["life", "study", "work"]
    )
    MatchingWish.objects.create(academic_year=cast.year, person=cast.person("er_member"), is_left_out=True)
    board_services.propose_pairs(pairing_id=pairing.pk, version=None, today=today, **by(cast, "er_secretary"))
    assert MemberPairing.objects.get(partner=extra[0]).helper == cast.person("er_deputy")
    assert MemberPairing.objects.filter(helper=cast.person("er_member")).count() == 0
