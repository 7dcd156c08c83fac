"""Accounts and the trail in the administration."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import ActivationCode, AuditEvent, User
from accounts.services import activate

LIST = reverse("admin:accounts_user_changelist")
TRAIL = reverse("admin:accounts_auditevent_changelist")
NOT_ADMINISTRATORS = ["er_secretary", "college_organiser", "counsellor", "mech_organiser"]


def act(client, action, *users):
    return client.post(LIST, {"action": action, "_selected_action": [user.pk for user in users]})


@pytest.mark.parametrize("name", NOT_ADMINISTRATORS)
@pytest.mark.parametrize("address", [LIST, TRAIL, reverse("admin:accounts_user_add")])
def test_nobody_but_administrators_enters(sign_in, name, address):
    assert sign_in(name).get(address).status_code == 403


def test_a_stranger_is_sent_to_the_portals_own_sign_in(client, db):
    assert client.get(reverse("admin:index"), follow=True).redirect_chain[-1] == ("/accounts/login/?next=/admin/", 302)
    assert client.get(reverse("admin:login") + "?next=/admin/").url == "/accounts/login/?next=/admin/"


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_the_admins_sign_in_leads_to_this_site_only(client, sign_in, db, wanted):
    assert client.get(reverse("admin:login"), {"next": wanted}).url == "/accounts/login/?next=/admin/"
    assert sign_in("administrator").get(reverse("admin:login"), {"next": wanted}).url == "/admin/"


@pytest.mark.parametrize("address", ["/admin/", "/admin/login/?next=/admin/", LIST])
def test_signed_in_without_a_role_is_403_in_words_not_a_loop(sign_in, address):
    assert sign_in("er_member").get(address).status_code == 403


def test_a_new_account_is_number_and_name_and_answers_with_its_slip(sign_in):
    answer = sign_in("administrator").post(
        reverse("admin:accounts_user_add"),
        {"username": "Ｚ0009", "display_name": "韦老师", "is_superuser": "1", "password": "x"},
    )
    user = User.objects.get(username="Z0009")
    assert (user.display_name, user.is_superuser, user.has_usable_password()) == ("韦老师", False, False)
    slip = answer.context["pages"][0][0]
    assert (slip["number"], slip["name"]) == ("Z0009", "韦老师")
    assert "no-store" in answer.headers["Cache-Control"]
    assert activate(username="Z0009", code=slip["code"], password="Qing-shan-2041", now=timezone.now()) == user


def test_a_number_twice_is_refused(sign_in):
    answer = sign_in("administrator").post(
        reverse("admin:accounts_user_add"), {"username": "t03001", "display_name": "x"}
    )
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["username"]


def test_passwords_are_neither_shown_nor_typed(cast, sign_in):
    user = cast.user("er_member")
    page = sign_in("administrator").get(reverse("admin:accounts_user_change", args=[user.pk])).content.decode()
    assert user.password not in page
    assert 'type="password"' not in page


def test_changing_an_account_is_recorded_by_column(cast, sign_in):
    user = cast.user("er_member")
    sign_in("administrator").post(
        reverse("admin:accounts_user_change", args=[user.pk]),
        {"display_name": "罗萍妍", "email": "a@example.edu", "is_superuser": "on", "username": "other"},
    )
    user.refresh_from_db()
    assert (user.email, user.is_superuser, user.username) == ("a@example.edu", True, "20230310004")
    assert AuditEvent.objects.get(action="set_up").detail == {"columns": ["email", "is_superuser"]}


def test_an_administrator_cannot_take_the_own_role_away(cast, sign_in):
    admin = cast.user("administrator")
    sign_in("administrator").post(
        reverse("admin:accounts_user_change", args=[admin.pk]), {"display_name": "管理员", "email": ""}
    )
    admin.refresh_from_db()
    assert admin.is_superuser


def test_codes_for_those_who_never_came(cast, sign_in):
    waiting = User.objects.create_user("20260510099", display_name="陆晓")
    answer = act(sign_in("administrator"), "issue_codes", waiting, cast.user("er_member"))
    assert [slip["number"] for slip in answer.context["pages"][0]] == ["20260510099"]
    assert ActivationCode.objects.get().issued_by == cast.user("administrator")


def test_reset_close_and_reopen(cast, sign_in):
    client, member, admin = sign_in("administrator"), cast.user("er_member"), cast.user("administrator")
    assert act(client, "reset_accounts", member, admin).context["count"] == 1
    member.refresh_from_db()
    admin.refresh_from_db()
    assert (member.has_usable_password(), admin.has_usable_password()) == (False, True)
    act(client, "close_accounts", member, admin)
    member.refresh_from_db()
    admin.refresh_from_db()
    assert (member.is_active, admin.is_active) == (False, True)
    assert not ActivationCode.objects.open(timezone.now()).exists()
    act(client, "reopen_accounts", member)
    member.refresh_from_db()
    assert member.is_active
    acted = AuditEvent.objects.filter(user=admin).exclude(action="sign_in").order_by("pk")
    assert [event.action for event in acted] == ["reset", "codes_issued", "closed", "reopened"]


def test_accounts_are_not_deleted(cast, sign_in):
    client, member = sign_in("administrator"), cast.user("er_member")
    assert client.post(reverse("admin:accounts_user_delete", args=[member.pk]), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in client.get(LIST).content.decode()


def test_the_trail_is_read_and_nothing_else(cast, sign_in):
    client = sign_in("administrator")
    event = AuditEvent.objects.first()
    assert client.get(TRAIL + "?action__exact=sign_in&q=admin").status_code == 200
    assert client.get(reverse("admin:accounts_auditevent_change", args=[event.pk])).status_code == 200
    assert client.get(reverse("admin:accounts_auditevent_add")).status_code == 403
    assert client.post(reverse("admin:accounts_auditevent_change", args=[event.pk]), {"action": "x"}).status_code == 403
    assert client.post(reverse("admin:accounts_auditevent_delete", args=[event.pk]), {"post": "yes"}).status_code == 403


def test_the_trail_refuses_to_change_itself(cast, sign_in):
    sign_in("er_member")
    event = AuditEvent.objects.get()
    for change in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(action="x"),
    ):
        with pytest.raises(TypeError):
            change()


@pytest.mark.parametrize("guess", ["password__startswith=pbkdf2", "user__password__startswith=m", "person__phone=1"])
def test_columns_cannot_be_guessed_through_the_address(sign_in, expected_errors, guess):
    assert sign_in("administrator").get(f"{LIST}?{guess}").status_code == 400


def test_the_admins_password_page_is_the_portals_own(sign_in):
    assert sign_in("administrator").get(reverse("admin:password_change")).url == reverse("account_change_password")


def test_axes_has_no_admin_pages():
    from axes.models import AccessAttempt
    from django.contrib import admin

    assert not admin.site.is_registered(AccessAttempt)
