"""One click into a demonstration account leads where one wanted to go."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [("/activities/", "/activities/"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("", "/")],
)
def test_it_keeps_the_way_and_never_leaves_the_portal(client, settings, target, leads_to):
    settings.PORTAL_DEMO = True
    User.objects.create_user("F0001", display_name="覃辅导员", is_demo=True)
    response = client.post(reverse("account_demo_sign_in"), {"username": "F0001", "next": target})
    assert (response.status_code, response["Location"]) == (302, leads_to)
