"""Two helped people who have agreed, and what is done with their support needs."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from mentoring import consent_text, need_services

from .crew import TODAY, as_person, classmates, link, new_members

EVERY = ("academic", "financial", "discipline", "social", "psychological")
# The labels of the five, as they are shown.
WORDS = ("学业困难", "经济困难", "作息与纪律", "人际交往", "已转介学校心理中心")


@pytest.fixture
def junior(cast):
    """A new member of branch Liu, guided by liu_member; has agreed."""
    (person,) = new_members(cast, 1)
    link(cast, cast.person("liu_member"), person)
    agree(person)
    return person


@pytest.fixture
def helped(cast):
    """农军 of class 26 without a Party branch, helped by liu_activist's classmate; has agreed."""
    person = cast.person("classmate")
    (mentor,) = classmates(cast, 1)
    mentor.applied_on, mentor.activist_on = dt.date(2026, 9, 5), dt.date(2026, 10, 1)
    mentor.party_branch = cast.liu
    mentor.settle_stage(TODAY)
    mentor.save()
    link(cast, mentor, person, tier=1)
    agree(person)
    cast.people["helper"] = mentor
    as_person(mentor)
    cast.users["helper"] = mentor.user
    return person


def agree(person, **changes):
    values = {"scope": as_person(person), "version": consent_text.VERSION, "ip": "10.0.0.9", "now": timezone.now()}
    return need_services.give_consent(**values | changes)


def record(person, codes=EVERY, by=None, **more):
    """By the person, or by a user."""
    scope = scope_for(by) if by else as_person(person)
    need_services.record_need(person=person, codes=codes, scope=scope, by=by or person.user, now=timezone.now(), **more)


def words_in(answer) -> list[str]:
    """Labels a page shows, other than in the text of the consent, which names all of them to everybody."""
    html = re.sub(r'<div class="prose">.*?</div>', "", answer.content.decode(), flags=re.S)
    return [word for word in WORDS if word in html]


def read(person, user):
    return need_services.read_need(person=person, scope=scope_for(user), by=user, now=timezone.now())


def page(client, person):
    return client.get(reverse("mentoring_need", args=[person.pk]))


def show(client, person, **data):
    return client.post(reverse("mentoring_need_show", args=[person.pk]), data)
