"""What makes a password, one case a rule; changing it; being made to."""

import datetime as dt

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import AuditEvent, PreviousPassword
from tests.cast import PASSWORD

GOOD = "Qing-shan-2041"


@pytest.fixture
def secretary(cast):
    person = cast.person("er_secretary")
    person.born_on = dt.date(2004, 7, 9)
    person.save()
    return cast.user("er_secretary")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Ab3-xyz", "password_too_short"),
        ("Ab3-" + "x" * 125, "password_too_long"),
        ("qing-shan-lu", "password_too_plain"),
        ("QINGSHAN2041", "password_too_plain"),
        ("Aa-20230310001", "password_personal"),
        ("Call-13553761378", "password_personal"),
        ("Call-135-5376-1378", "password_personal"),
        ("Born-20040709", "password_personal"),
        ("Born-2004-07-09", "password_personal"),
        (PASSWORD, "password_reused"),
        ("Password1", "password_too_common"),
    ],
)
def test_each_rule_refuses_with_its_own_reason(secretary, password, code):
    with pytest.raises(ValidationError) as refusal:
        validate_password(password, secretary)
    assert [error.code for error in refusal.value.error_list] == [code]


@pytest.mark.parametrize("password", [GOOD, "Ab3-" + "x" * 60, "Ab3-" + "x" * 124, "青山绿水Ab3-好", "correct Horse 9"])
def test_good_passwords_pass(secretary, password):
    assert validate_password(password, secretary) is None


def test_none_of_the_last_five_but_the_sixth_again(cast):
    user = cast.user("er_member")
    used = [PASSWORD]
    for turn in range(5):
        used.append(f"Bai-yun-{3050 + turn}")
        user = services.change_password(user=user, password=used[-1], now=timezone.now() + dt.timedelta(minutes=turn))
    for recent in used[-5:]:
        with pytest.raises(ValidationError):
            services.change_password(user=user, password=recent, now=timezone.now())
    assert services.change_password(user=user, password=used[0], now=timezone.now() + dt.timedelta(hours=1))
    assert PreviousPassword.objects.filter(user=user).count() == 5


def change(client, old=PASSWORD, new=GOOD, again=None):
    return client.post(
        reverse("account_change_password"), {"oldpassword": old, "password1": new, "password2": again or new}
    )


def test_changing_it_ends_the_other_sessions_and_keeps_this_one(cast, sign_in):
    here, elsewhere = sign_in("er_member"), sign_in("er_member")
    assert change(here).url == reverse("account_home")
    assert here.get(reverse("account_home")).status_code == 200
    assert elsewhere.get(reverse("account_home")).status_code == 302
    user = cast.user("er_member")
    user.refresh_from_db()
    assert user.check_password(GOOD)
    assert user.password_changed_at == timezone.now()
    assert AuditEvent.objects.filter(user=user, action="password_changed", succeeded=True).count() == 1


@pytest.mark.parametrize(
    ("old", "new", "again", "field"),
    [
        ("Wrong-pass-0001", GOOD, None, "oldpassword"),
        (PASSWORD, PASSWORD, None, "password1"),
        (PASSWORD, "20230310004", None, "password1"),
        (PASSWORD, "Ab3-xyz", None, "password1"),
        (PASSWORD, "Ab3-" + "x" * 125, None, "password1"),
        (PASSWORD, GOOD, "Qing-shan-2042", "password2"),
    ],
)
def test_a_refused_change_names_the_field_and_changes_nothing(cast, sign_in, old, new, again, field):
    answer = change(sign_in("er_member"), old, new, again)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    user = cast.user("er_member")
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_guessing_the_current_password_ends_in_429(cast, sign_in, fixed_clock):
    client = sign_in("er_member")
    assert [change(client, "Wrong-pass-0001").status_code for _ in range(10)] == [400] * 5 + [429] * 5
    assert change(client).status_code == 429
    fixed_clock.shift(dt.timedelta(minutes=10, seconds=1))
    assert change(client).status_code == 302


@pytest.mark.parametrize("days", [None, 91])
def test_who_must_change_sees_that_page_first(cast, sign_in, days):
    user = cast.user("er_member")
    user.must_change_password = days is None
    user.password_changed_at = timezone.now() - dt.timedelta(days=days or 0)
    user.save()
    client = sign_in("er_member")
    assert client.get(reverse("account_home")).url == reverse("account_change_password")
    assert client.post(reverse("account_data")).url == reverse("account_change_password")
    assert client.get(reverse("account_change_password")).status_code == 200
    assert change(client).url == reverse("account_home")
    assert client.get(reverse("account_home")).status_code == 200


def test_ninety_days_are_not_too_old_and_the_setting_can_say_never(cast, sign_in, settings):
    user = cast.user("er_member")
    user.password_changed_at = timezone.now() - dt.timedelta(days=90)
    user.save()
    assert sign_in("er_member").get(reverse("account_home")).status_code == 200
    user.password_changed_at = timezone.now() - dt.timedelta(days=1000)
    user.save()
    settings.PASSWORD_MAX_AGE_DAYS = 0
    assert sign_in("er_member").get(reverse("account_home")).status_code == 200


def test_an_account_without_a_password_is_told_so(cast, sign_in):
    user = cast.user("er_member")
    user.set_unusable_password()
    user.save()
    assert sign_in("er_member").get(reverse("account_change_password")).url == reverse("account_home")
