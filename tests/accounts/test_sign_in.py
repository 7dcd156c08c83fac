"""Signing in, the lockout, what a stranger can learn, and where one lands."""

import datetime as dt

import pytest
from django.contrib.auth import hashers
from django.urls import reverse
from django.utils import timezone

from accounts import lockout, services
from accounts.models import AuditEvent, User
from tests.cast import PASSWORD

WRONG = "Wrong-pass-0001"


def attempt(client, number, password=WRONG, **more):
    return client.post(
        reverse("account_login"), {"login": number, "password": password, **more.pop("data", {})}, **more
    )


def fail(client, number, times=5, **more):
    return [attempt(client, number, **more).status_code for _ in range(times)]


@pytest.fixture
def member(cast):
    return cast.user("er_member")


@pytest.mark.parametrize("typed", ["20230310004", " 2023 0310004\u3000", "２０２３０３１０００４", "\u200b20230310004"])
def test_the_number_signs_in_however_it_is_typed(client, member, typed):
    answer = attempt(client, typed, PASSWORD)
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.session["_auth_user_id"] == str(member.pk)
    assert AuditEvent.objects.get().action == "sign_in"


@pytest.mark.parametrize(
    ("wanted", "landed"),
    [
        ("/accounts/", "/accounts/"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\t//evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_after_signing_in_one_stays_on_this_site(client, member, wanted, landed):
    assert attempt(client, member.username, PASSWORD, data={"next": wanted}).url == landed


def test_unknown_number_wrong_password_and_account_without_password_read_the_same(client, cast):
    services.create_account(number="20260510099", name="陆晓")
    texts = {
        number: attempt(client, number).context["form"].errors.as_text()
        for number in ("20230310004", "20260510099", "20999999999")
    }
    assert len(set(texts.values())) == 1


@pytest.mark.parametrize("number", ["20230310004", "20999999999", "20260510099"])
def test_every_failure_computes_one_hash(client, cast, monkeypatch, number):
    """Who measures the time of an answer learns nothing: one hash for a known number, one for an unknown one."""
    services.create_account(number="20260510099", name="陆晓")
    counted = []
    hasher = hashers.get_hashers()[0]
    original = type(hasher).encode
    monkeypatch.setattr(type(hasher), "encode", lambda self, *args: counted.append(1) or original(self, *args))
    attempt(client, number)
    assert len(counted) == 1


def test_the_fifth_failure_locks_the_account_for_ten_minutes(client, member, fixed_clock):
    assert fail(client, member.username) == [200, 200, 200, 200, 429]
    assert attempt(client, member.username, PASSWORD).status_code == 429
    fixed_clock.shift(dt.timedelta(minutes=9, seconds=58))
    assert attempt(client, member.username, PASSWORD).status_code == 429
    fixed_clock.shift(dt.timedelta(seconds=4))  # trying meanwhile did not lengthen it
    assert attempt(client, member.username, PASSWORD).status_code == 302


def test_the_lock_holds_for_every_spelling_of_the_number(client, cast):
    spellings = ["T03001", "t03001", "Ｔ03001", "t 03001", "T03001\u200b"]
    assert [attempt(client, spelling).status_code for spelling in spellings] == [200, 200, 200, 200, 429]


def test_four_failures_lock_nothing_and_success_starts_the_count_anew(client, member):
    assert fail(client, member.username, 4) == [200] * 4
    assert attempt(client, member.username, PASSWORD).status_code == 302
    client.logout()
    assert fail(client, member.username, 4) == [200] * 4


def test_the_lock_is_for_one_account_from_one_address(client, cast, member):
    fail(client, member.username)
    assert attempt(client, member.username, PASSWORD, REMOTE_ADDR="10.0.0.9").status_code == 302
    client.logout()
    assert attempt(client, cast.user("er_deputy").username, PASSWORD).status_code == 302


def test_the_lock_page_is_chinese_and_says_how_long(client, member):
    fail(client, member.username, 4)
    answer = attempt(client, member.username)
    assert answer.headers["Retry-After"] == "600"
    assert answer.context["minutes"] == 10
    assert answer.headers["Content-Language"] == "zh-hans"


def test_a_hundred_failures_from_one_address_lock_the_address(client, cast, settings, fixed_clock):
    settings.SIGN_IN_FAILURES_PER_ADDRESS, settings.SIGN_IN_ACCOUNTS_PER_ADDRESS = 6, 1000
    assert [attempt(client, f"2099000000{i}").status_code for i in range(5)] == [200] * 5
    assert (
        attempt(client, cast.user("er_member").username, PASSWORD).status_code == 302
    )  # the sixth try may still be right
    client.logout()
    assert attempt(client, "20990000006").status_code == 200
    assert attempt(client, cast.user("er_deputy").username, PASSWORD).status_code == 429
    assert attempt(client, cast.user("er_deputy").username, PASSWORD, REMOTE_ADDR="10.0.0.9").status_code == 302
    fixed_clock.shift(dt.timedelta(hours=1, seconds=1))
    assert attempt(client, cast.user("er_deputy").username, PASSWORD).status_code == 302


def test_fifty_accounts_from_one_address_lock_the_address(client, cast, settings):
    settings.SIGN_IN_FAILURES_PER_ADDRESS, settings.SIGN_IN_ACCOUNTS_PER_ADDRESS = 1000, 3
    assert [attempt(client, number).status_code for number in ("1001", "1001", "1002", "1003")] == [200] * 4
    assert attempt(client, cast.user("er_member").username, PASSWORD).status_code == 429


def test_limits_are_those_of_the_rules(settings):
    assert (settings.AXES_FAILURE_LIMIT, settings.AXES_COOLOFF_TIME * 60) == (5, 10)
    assert (settings.SIGN_IN_FAILURES_PER_ADDRESS, settings.SIGN_IN_ACCOUNTS_PER_ADDRESS) == (100, 50)


def test_failures_and_the_lock_stand_in_the_trail_once(client, member):
    fail(client, member.username, 8)
    events = AuditEvent.objects.order_by("pk").values_list("action", "user", "ip_address", "succeeded")
    assert list(events) == [("sign_in_failed", member.pk, "127.0.0.1", False)] * 5 + [
        ("locked_out", member.pk, "127.0.0.1", False)
    ]


def test_what_was_typed_into_the_wrong_field_is_kept_nowhere(client, cast):
    from axes.models import AccessAttempt

    attempt(client, "My-secret-9", "My-secret-9")
    event = AuditEvent.objects.get()
    assert (event.user, event.detail) == (None, {})
    assert "secret" not in event.object_id.lower()
    assert "My-secret" not in AccessAttempt.objects.get().post_data


def test_wrong_codes_count_like_wrong_passwords_and_are_not_stored(client, cast):
    from axes.models import AccessAttempt

    number = services.create_account(number="20260510099", name="陆晓").username
    form = {"number": number, "code": "ABCDEFGH23", "password1": "Qing-shan-2041", "password2": "Qing-shan-2041"}
    tries = [client.post(reverse("account_activate"), form).status_code for _ in range(5)]
    assert tries == [400, 400, 400, 400, 429]
    stored = AccessAttempt.objects.get().post_data
    assert "ABCDEFGH23" not in stored
    assert "Qing-shan" not in stored
    code = services.issue_codes(users=[User.objects.get(username=number)], issued_by=None, now=timezone.now())[0].code
    assert client.post(reverse("account_activate"), form | {"code": code}).status_code == 429  # even the right one
    assert client.post(reverse("account_activate"), form | {"code": code}, REMOTE_ADDR="10.0.0.9").status_code == 302


@pytest.mark.parametrize("typed", ["\x00", "a" * 100_000, "' OR 1=1 --", "<script>", "\ud800", "%00", ""])
def test_odd_numbers_are_refused_in_words(client, cast, typed):
    answer = attempt(client, typed.encode("utf-8", "replace").decode())
    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_a_closed_account_does_not_sign_in(client, member):
    services.deactivate_users(users=[member], by=None, now=timezone.now())
    answer = attempt(client, member.username, PASSWORD)
    assert answer.url == reverse("account_inactive")
    assert "_auth_user_id" not in client.session
    assert client.get(answer.url).status_code == 200


def test_signing_out_needs_a_post_and_is_recorded(cast, sign_in):
    client = sign_in("er_member")
    assert client.get(reverse("account_logout")).status_code == 200
    assert client.get(reverse("account_home")).status_code == 200
    answer = client.post(reverse("account_logout"))
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get(reverse("account_home")).status_code == 302
    assert AuditEvent.objects.filter(user=cast.user("er_member"), action="sign_out").count() == 1


def test_signing_in_without_the_form_token_is_refused_in_chinese(db):
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x", "password": "y"})
    assert answer.status_code == 403


def test_a_fragment_asked_for_by_a_stranger_sends_the_browser_to_the_sign_in_page(client, db):
    answer = client.get(
        reverse("account_home"), headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/log/?a=1"}
    )
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Flog%2F%3Fa%3D1"


def test_one_spelling_an_account():
    assert lockout.attempted_number(None, {"username": " ｔ03 001"}) == "T03001"
    assert lockout.attempted_number(None, {"login": "20230310004"}) == "20230310004"
    assert lockout.attempted_number(None, {}) is None
