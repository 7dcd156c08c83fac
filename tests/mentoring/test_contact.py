"""How the two of a link reach each other: hidden until its owner chooses, and for the two alone."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.access import scope_for
from mentoring.contacts import Contact, contacts_of, save_card
from mentoring.models import ContactCard
from pairing_portal.common.problems import Refused

from .crew import link


@pytest.fixture
def pair(cast):
    mentor = cast.person("liu_member")
    mentor.phone = "138 0013 8000"
    mentor.save()
    return link(cast, mentor, cast.person("liu_activist"), tier=2)


def seen(cast, by, whom="liu_member"):
    pk = cast.person(whom).pk
    return contacts_of([pk], scope_for(cast.user(by))).get(pk, Contact())


def choose(cast, way, words="", who="liu_member"):
    person = cast.person(who)
    person.refresh_from_db()
    return save_card(person=person, way=way, words=words, scope=scope_for(cast.user(who)))


def test_nothing_is_shown_until_the_owner_chooses(cast, sign_in, pair):
    assert seen(cast, "liu_activist") == Contact()
    page = sign_in("liu_activist").get(reverse("my_mentoring")).content.decode()
    assert "未公开联系方式" in page
    assert "138" not in page


def test_the_phone_or_own_words_are_shown_and_hidden_again(cast, sign_in, pair):
    choose(cast, "phone")
    assert seen(cast, "liu_activist") == Contact("138 0013 8000", "tel:13800138000")
    assert 'href="tel:13800138000"' in sign_in("liu_activist").get(reverse("my_mentoring")).content.decode()
    choose(cast, "other", "  班级群   微信 ")
    assert seen(cast, "liu_activist") == Contact("班级群 微信")
    choose(cast, "hidden", "班级群")
    assert seen(cast, "liu_activist") == Contact()
    assert (ContactCard.objects.get().way, ContactCard.objects.get().words) == ("hidden", "")


@pytest.mark.parametrize("who", ["classmate", "er_member", "administrator", "liu_secretary", "civil_organiser"])
def test_people_of_no_link_with_them_see_nothing(cast, pair, who):
    choose(cast, "other", "微信")
    assert seen(cast, who) == Contact()


@pytest.mark.parametrize(
    ("way", "words", "message"),
    [
        ("phone", "", "名册中没有您的电话。请用自己的话写明怎样联系您。"),
        ("other", "   ", "请写明怎样联系您，或选择不显示。"),
        ("everybody", "", "请选择对方能看到什么。"),
    ],
)
def test_what_cannot_be_shown_is_refused(cast, way, words, message):
    with pytest.raises(Refused) as refusal:
        choose(cast, way, words, who="liu_activist")
    assert (refusal.value.text, ContactCard.objects.count()) == (message, 0)


def test_nobody_chooses_for_somebody_else(cast):
    with pytest.raises(Refused) as refusal:
        save_card(person=cast.person("liu_member"), way="other", words="x", scope=scope_for(cast.user("liu_secretary")))
    assert refusal.value.text == "只能由本人选择。"


def test_the_form_shows_what_the_others_see(cast, sign_in, pair):
    client = sign_in("liu_member")
    assert client.get(reverse("my_contact")).context["contact"] == Contact()
    assert client.post(reverse("my_contact"), {"way": "other", "words": "晚上 302"}).url == reverse("my_contact")
    page = client.get(reverse("my_contact"))
    assert page.context["contact"] == Contact("晚上 302")
    refused = client.post(reverse("my_contact"), {"way": "other", "words": ""})
    assert refused.status_code == 400
    assert "请写明怎样联系您，或选择不显示。" in refused.content.decode()
    assert seen(cast, "liu_activist") == Contact("晚上 302")
