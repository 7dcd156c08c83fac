"""One's own account: the page, the download; demonstration accounts."""

import json

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, User
from pairing_portal.common.registries import DemoAccount, demo_accounts


@pytest.fixture
def demo_user(db):
    return User.objects.create_user("demo-secretary", display_name="甘杰怡", is_demo=True)


@pytest.fixture
def offered(demo_user):
    demo_accounts.register("demo-secretary", DemoAccount("demo-secretary", "支部书记", "确认记录"))
    demo_accounts.register("gone", DemoAccount("gone", "x", "y"))
    yield
    del demo_accounts._items["demo-secretary"], demo_accounts._items["gone"]


def test_the_page_shows_ones_own_account_only(cast, sign_in):
    answer = sign_in("er_member").get(reverse("account_home"))
    assert answer.context["account"] == cast.user("er_member")
    assert {event.user_id for event in answer.context["sign_ins"]} == {cast.user("er_member").pk}
    assert "20230310004" in answer.content.decode()


def test_the_download_holds_own_data_and_no_password(cast, sign_in):
    answer = sign_in("er_member").post(reverse("account_data"))
    data = json.loads(answer.content)
    assert data["account"]["number"] == "20230310004"
    assert data["account"]["name"] == "罗萍妍"
    assert data["trail"][0]["action"] == "sign_in"
    assert cast.user("er_member").password not in answer.content.decode()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data-20261028.json"'
    assert AuditEvent.objects.filter(user=cast.user("er_member"), action="exported").count() == 1


def test_the_download_is_a_post(sign_in):
    assert sign_in("er_member").get(reverse("account_data")).status_code == 405


def test_in_demonstration_mode_one_click_signs_in(client, settings, demo_user, offered):
    settings.PORTAL_DEMO = True
    assert [item["username"] for item in client.get(reverse("account_login")).context["demo_accounts"]] == [
        "demo-secretary"
    ]
    assert client.post(reverse("account_demo_sign_in"), {"username": "demo-secretary"}).url == "/"
    assert client.session["_auth_user_id"] == str(demo_user.pk)


@pytest.mark.parametrize(
    ("demo_mode", "username"),
    [(False, "demo-secretary"), (True, "20230310004"), (True, "admin"), (True, ""), (True, "x" * 9000)],
)
def test_without_demonstration_mode_or_for_a_real_account_there_is_no_such_page(
    client, cast, settings, demo_user, offered, demo_mode, username
):
    settings.PORTAL_DEMO = demo_mode
    assert client.post(reverse("account_demo_sign_in"), {"username": username}).status_code == 404
    assert "_auth_user_id" not in client.session
    settings.PORTAL_DEMO = False
    assert client.get(reverse("account_login")).context["demo_accounts"] == []


def test_demonstration_accounts_are_never_locked_nor_made_to_change(client, settings, demo_user):
    settings.PORTAL_DEMO = True
    demo_user.must_change_password = True
    demo_user.save()
    form = {"login": "demo-secretary", "password": "Wrong-pass-0001"}
    assert [client.post(reverse("account_login"), form).status_code for _ in range(8)] == [200] * 8
    client.post(reverse("account_demo_sign_in"), {"username": "demo-secretary"})
    assert client.get(reverse("account_home")).status_code == 200


def test_a_demonstration_account_is_locked_like_any_other_where_the_mode_is_off(client, demo_user):
    form = {"login": "demo-secretary", "password": "Wrong-pass-0001"}
    assert [client.post(reverse("account_login"), form).status_code for _ in range(5)] == [200] * 4 + [429]
