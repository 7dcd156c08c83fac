"""Opening an account with the code from the slip."""

import datetime as dt
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.urls import reverse
from django.utils import timezone

from accounts import codes, services
from accounts.models import ActivationCode, AuditEvent, User
from pairing_portal.common.problems import Refused

PASSWORD = "Qing-shan-2041"


@pytest.fixture
def invited(db):
    return services.create_account(number="20260510099", name="陆晓")


@pytest.fixture
def issued(invited):
    return services.issue_codes(users=[invited], issued_by=None, now=timezone.now())[0]


def send(client, number, code, password=PASSWORD, again=None):
    return client.post(
        reverse("account_activate"),
        {"number": number, "code": code, "password1": password, "password2": again if again is not None else password},
    )


def test_a_new_account_cannot_sign_in_and_the_same_number_stays_one_account(invited):
    assert not invited.has_usable_password()
    assert services.create_account(number=" 20260510099 ", name="another name").pk == invited.pk
    assert User.objects.get(pk=invited.pk).display_name == "陆晓"
    assert (
        services.create_account(number="t03009", name="韦老师").pk
        == services.create_account(number="T03009", name="韦老师").pk
    )


def test_codes_are_readable_and_only_their_hash_is_stored(issued):
    assert len(issued.code) == 10
    assert set(issued.code) <= set(codes.ALPHABET)
    stored = ActivationCode.objects.values().get()
    assert issued.code not in str(stored)
    assert stored["code_hash"] == codes.code_hash(issued.code)
    assert stored["expires_at"] - stored["issued_at"] == dt.timedelta(days=14)


def test_the_right_code_opens_the_account_and_signs_in(client, invited, issued):
    answer = send(client, "２０２６ 0510099", f" {issued.code[:5].lower()}-{issued.code[5:]} ")
    assert (answer.status_code, answer.url) == (302, "/")
    invited.refresh_from_db()
    assert invited.check_password(PASSWORD)
    assert invited.password_changed_at == timezone.now()
    assert client.session["_auth_user_id"] == str(invited.pk)
    assert [event.action for event in AuditEvent.objects.filter(user=invited).order_by("pk")] == [
        "activated",
        "sign_in",
    ]


def _used(issued, invited):
    services.activate(username=invited.username, code=issued.code, password=PASSWORD, now=timezone.now())
    return invited.username, issued.code


def _replaced(issued, invited):
    services.issue_codes(users=[invited], issued_by=None, now=timezone.now())
    return invited.username, issued.code


def _expired(issued, invited):
    ActivationCode.objects.update(
        issued_at=timezone.now() - dt.timedelta(days=15), expires_at=timezone.now() - dt.timedelta(seconds=1)
    )
    return invited.username, issued.code


def _closed(issued, invited):
    services.deactivate_users(users=[invited], by=None, now=timezone.now())
    return invited.username, issued.code


@pytest.mark.parametrize(
    "spoil",
    [
        lambda issued, invited: (invited.username, "ABCDEFGH23"),
        lambda issued, invited: ("20260510098", issued.code),
        lambda issued, invited: ("nobody", "ABCDEFGH23"),
        _used, _replaced, _expired, _closed,
    ],
    ids=["wrong code", "other number", "unknown", "used", "replaced", "expired", "closed"],
)  # fmt: skip
def test_every_failure_says_the_same_and_changes_no_password(client, invited, issued, spoil):
    number, code = spoil(issued, invited)
    before = User.objects.get(pk=invited.pk).password
    answer = send(client, number, code, "Bai-yun-3052")
    assert answer.status_code == 400
    assert answer.context["form"].non_field_errors() == [services.not_valid_text()]
    assert User.objects.get(pk=invited.pk).password == before
    assert "_auth_user_id" not in client.session


def test_the_last_second_of_the_fourteen_days_still_counts(invited, issued, fixed_clock):
    fixed_clock.shift(dt.timedelta(days=14) - dt.timedelta(seconds=1))
    assert services.activate(
        username=invited.username, code=issued.code, password=PASSWORD, now=timezone.now()
    ).check_password(PASSWORD)


def test_a_weak_password_leaves_the_code_usable(client, invited, issued):
    answer = send(client, invited.username, issued.code, "Aa-20260510099")
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["password1"]
    assert send(client, invited.username, issued.code).status_code == 302


def test_the_two_passwords_must_agree(client, invited, issued):
    answer = send(client, invited.username, issued.code, again="Qing-shan-2042")
    assert list(answer.context["form"].errors) == ["password2"]


def test_nothing_typed_names_each_field(client, db):
    answer = client.post(reverse("account_activate"), {"number": " 　\u200b", "code": "--"})
    assert sorted(answer.context["form"].errors) == ["code", "number", "password1", "password2"]


def test_the_number_stands_in_the_address_never_the_code(client, db):
    answer = client.get(reverse("account_activate"), {"number": "２０２６", "code": "ABCDE"})
    assert answer.context["form"].initial == {"number": "2026"}


def test_a_code_taken_by_a_second_request_in_between_is_refused(invited, issued, monkeypatch):
    """The update decides, not the reading before it."""

    def meanwhile(password, user):
        ActivationCode.objects.update(used_at=timezone.now())

    monkeypatch.setattr(services, "validate_password", meanwhile)
    with pytest.raises(Refused):
        services.activate(username=invited.username, code=issued.code, password=PASSWORD, now=timezone.now())
    assert not User.objects.get(pk=invited.pk).has_usable_password()


def test_the_database_keeps_one_open_code_per_account(invited, issued):
    with pytest.raises(IntegrityError):
        ActivationCode.objects.create(
            user=invited, code_hash="x", issued_at=timezone.now(), expires_at=timezone.now() + dt.timedelta(days=1)
        )


def _together(count, act):
    """Runs `act(i)` in `count` threads at once; gives the results, exceptions included."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(position):
        try:
            barrier.wait()
            results[position] = act(position)
        except Exception as error:
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(position,)) for position in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.postgres
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="needs PostgreSQL: threads with connections of their own"
)
@pytest.mark.django_db(transaction=True)
def test_of_twenty_people_with_one_code_one_gets_in():
    user = services.create_account(number="20260510097", name="陆晓")
    code = services.issue_codes(users=[user], issued_by=None, now=timezone.now())[0].code
    results = _together(
        20,
        lambda i: services.activate(
            username=user.username, code=code, password=f"Qing-shan-{3000 + i}", now=timezone.now()
        ),
    )
    winners = [i for i, result in enumerate(results) if isinstance(result, User)]
    assert len(winners) == 1
    assert [type(result) for i, result in enumerate(results) if i not in winners] == [Refused] * 19
    assert User.objects.get(pk=user.pk).check_password(f"Qing-shan-{3000 + winners[0]}")


@pytest.mark.postgres
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="needs PostgreSQL: threads with connections of their own"
)
@pytest.mark.django_db(transaction=True)
def test_two_who_issue_at_once_leave_one_open_code():
    users = [services.create_account(number=f"2026051010{i}", name="陆晓") for i in range(5)]
    results = _together(
        6,
        lambda i: services.issue_codes(users=users if i % 2 else users[::-1], issued_by=None, now=timezone.now()),
    )
    assert [len(result) for result in results] == [5] * 6
    assert ActivationCode.objects.open(timezone.now()).count() == 5


def test_a_forgotten_password_is_reset_with_a_new_code(cast, sign_in):
    member, client = cast.user("er_member"), sign_in("er_member")
    issued = services.reset_account(user=member, issued_by=cast.user("administrator"), now=timezone.now())
    member.refresh_from_db()
    assert not member.has_usable_password()
    assert client.get(reverse("account_home")).status_code == 302  # the open session ended
    with pytest.raises(ValidationError):  # the password before the reset is one of the last five
        services.activate(username=member.username, code=issued.code, password="Lian-huan-7316", now=timezone.now())
    assert (
        services.activate(username=member.username, code=issued.code, password=PASSWORD, now=timezone.now()) == member
    )
