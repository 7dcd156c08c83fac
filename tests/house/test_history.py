"""The history of a row is for who sees the row: its address names only a key."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.models import Absence, Person

pytestmark = pytest.mark.django_db


def answers(client, row) -> list[int]:
    """The page with all versions, and the page of one."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    version = row.history.latest("history_date")
    pages = [
        reverse(f"{name}_history", args=[row.pk]),
        reverse(f"{name}_simple_history", args=[row.pk, version.history_id]),
    ]
    return [client.get(page).status_code for page in pages]


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("er_secretary", 200),
        ("mech_organiser", 200),
        ("administrator", 200),
        ("counsellor", 403),
        ("liu_secretary", 403),
    ],
)
def test_versions_of_a_person_are_for_who_sees_the_person(cast, sign_in, who, status):
    person = cast.person("er_member")
    person.phone = "13553761378"
    person.save()
    assert answers(sign_in(who), person) == [status, status]


def test_what_was_deleted_is_for_who_answers_for_the_whole_college(cast, sign_in):
    import datetime as dt

    absence = Absence.objects.create(person=cast.person("er_member"), from_on=dt.date(2026, 11, 1))
    page = reverse("admin:members_absence_history", args=[absence.pk])
    absence.delete()
    assert [sign_in(who).get(page).status_code for who in ("er_secretary", "administrator")] == [403, 200]
    assert Person.objects.filter(pk=cast.person("er_member").pk).exists()
