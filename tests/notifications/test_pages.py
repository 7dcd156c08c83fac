"""The pages of the room: the bell, how one is reached, and the operators' outbox with its command."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications import services
from notifications.channels.base import Undeliverable
from notifications.models import ContactChoice, Delivery, Heartbeat, MutedKind, Notice
from notifications.sending_services import FAILED_KIND
from notifications.wiring import unread_count
from pairing_portal.common.registries import DueNotice
from tests.notifications.posted import KIND, post, send, states, with_address

pytestmark = pytest.mark.usefixtures("quiet_reminders", "done")

SETTINGS = "notice_settings"


# --- The bell -------------------------------------------------------------------------------------


def test_the_list_stands_by_kind_and_can_show_what_is_unread_only(cast, sign_in):
    member = sign_in("er_member")
    assert "没有" in member.get(reverse("notices")).content.decode()
    post(cast, 1, 2)
    Notice.objects.filter(dedupe_key="k1:er_member").update(read_at=timezone.now())
    everything = member.get(reverse("notices"))
    assert [(group["label"], [row["title"] for row in group["rows"]]) for group in everything.context["groups"]] == [
        ("测试", ["标题2", "标题1"])
    ]
    unread = member.get(reverse("notices"), {"show": "unread"})
    assert [row["title"] for row in unread.context["rows"]] == ["标题2"]


def test_a_deputy_reads_for_whom_it_is(cast, sign_in):
    services.post_notices(
        notices=[
            DueNotice(
                kind=KIND, user_id=cast.user("er_deputy").pk, dedupe_key="d", subject={"n": 1},
                on_behalf_of_id=cast.user("er_secretary").pk,
            )
        ],
        now=timezone.now(),
    )  # fmt: skip
    page = sign_in("er_deputy").get(reverse("notices")).content.decode()
    assert str(cast.user("er_secretary")) in page


def test_marking_all_as_read_can_be_taken_back_for_a_while(cast, sign_in, fixed_clock):
    post(cast, 1, 2)
    post(cast, 3, name="er_deputy")
    member = sign_in("er_member")
    Notice.objects.filter(dedupe_key="k1:er_member").update(read_at=timezone.now() - dt.timedelta(minutes=1))
    page = member.post(reverse("notices_read"), follow=True)
    assert unread_count(cast.user("er_member").pk) == 0
    undo = f"{reverse('notices_unread')}?at={timezone.now().isoformat().replace('+', '%2B').replace(':', '%3A')}"
    assert undo.replace("&", "&amp;") in page.content.decode()
    sign_in("er_deputy").post(undo)
    assert unread_count(cast.user("er_member").pk) == 0
    member.post(undo)
    assert set(Notice.objects.unread().values_list("dedupe_key", flat=True)) == {"k2:er_member", "k3:er_deputy"}
    member.post(reverse("notices_read"))
    fixed_clock.shift(dt.timedelta(minutes=11))
    member.post(undo)
    assert unread_count(cast.user("er_member").pk) == 0


@pytest.mark.parametrize(
    "at", ["", "x", "2026-10-28", "9999-99-99T00:00", "2026-10-28T10:00:00", "2030-01-01T00:00:00+00:00"]
)
def test_taking_back_a_moment_that_is_none_does_nothing(cast, sign_in, at):
    post(cast, 1)
    Notice.objects.update(read_at=timezone.now())
    assert sign_in("er_member").post(reverse("notices_unread"), query_params={"at": at}).status_code == 302
    assert Notice.objects.unread().count() == 0


def test_the_list_asks_the_same_questions_for_one_row_and_for_three(cast, sign_in):
    member, counts = sign_in("er_member"), []
    member.get(reverse("notices"))
    for number in (1, 2, 3):
        post(cast, number)
        with CaptureQueriesContext(connection) as captured:
            member.get(reverse("notices"))
        counts.append(len(captured))
    assert counts[0] == counts[2]


# --- How one is reached ---------------------------------------------------------------------------


def test_what_is_turned_off_is_let_go_outside_and_stands_in_the_portal(cast, sign_in):
    with_address(cast)
    post(cast, 1, urgent=True)
    member = sign_in("er_member")
    page = member.get(reverse(SETTINGS))
    assert [field.name for field in page.context["form"]] == ["by_email", "digest_hour", "received", "others"]
    assert [key for key, _label in page.context["form"].fields["received"].choices] == [KIND]
    others = [key for key, _label in page.context["form"].fields["others"].choices]
    assert member.post(reverse(SETTINGS), {"by_email": "on", "digest_hour": "12", "others": others}).status_code == 302
    choice = ContactChoice.objects.get(user=cast.user("er_member"))
    assert (choice.by_email, choice.by_wecom, choice.wecom_id, choice.digest_hour) == (True, True, "", 12)
    assert list(MutedKind.objects.values_list("user__username", "kind")) == [(cast.user("er_member").username, KIND)]
    assert (states(), states("portal")) == ({1: "dropped"}, {1: "sent"})
    post(cast, 2, urgent=True)
    assert (states(), states("portal")) == ({1: "dropped"}, {1: "sent", 2: "sent"})
    member.post(reverse(SETTINGS), {"by_email": "on", "digest_hour": "", "others": others, "received": [KIND]})
    assert (MutedKind.objects.count(), ContactChoice.objects.get().digest_hour) == (0, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("wecom_id", "a|b"), ("wecom_id", "@all"), ("wecom_id", "罗萍妍"), ("wecom_id", "x" * 65), ("wecom_id", "a b"),
        ("digest_hour", "3"), ("digest_hour", "24"), ("digest_hour", "-1"), ("digest_hour", "x"), ("others", "no.kind"),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_said_beside_its_field_and_nothing_is_written(cast, sign_in, settings, field, value):
    settings.WECOM_CORP_ID = "ww0123456789abcdef"
    page = sign_in("er_member").post(reverse(SETTINGS), {"by_email": "on", field: value})
    assert (page.status_code, list(page.context["form"].errors)) == (400, [field])
    assert (ContactChoice.objects.count(), MutedKind.objects.count()) == (0, 0)


def test_without_a_mail_server_nobody_is_asked_about_mail_and_the_choice_stays(cast, sign_in, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    ContactChoice.objects.create(user=cast.user("er_member"), by_email=False)
    member = sign_in("er_member")
    page = member.get(reverse(SETTINGS))
    assert "by_email" not in page.context["form"].fields
    assert "没有设置邮件服务器" in page.content.decode()
    assert member.post(reverse(SETTINGS), {"digest_hour": "12"}).status_code == 302
    assert ContactChoice.objects.values_list("by_email", "digest_hour").get() == (False, 12)


def test_the_account_page_leads_there(cast, sign_in):
    assert f'href="{reverse(SETTINGS)}"' in sign_in("er_member").get(reverse("account_home")).content.decode()


# --- The operators' outbox ------------------------------------------------------------------------


@pytest.fixture
def given_up(cast, mouths, expected_errors):
    """Two messages by mail that cannot be delivered, and one that waits for tomorrow."""
    with_address(cast)
    mouths["email"].before = Undeliverable("no such mailbox")
    post(cast, 1, 2, urgent=True)
    send()
    mouths["email"].before = None
    return list(Delivery.objects.filter(channel="email").order_by("pk"))


def test_operators_see_how_it_goes_and_never_what_is_said(cast, sign_in, given_up):
    Heartbeat.objects.create(name="tick", at=timezone.now() - dt.timedelta(minutes=6), result={"sent": 2})
    Heartbeat.objects.create(name="source:lectures", at=timezone.now(), result={"failed": "LookupError"})
    page = sign_in("administrator").get(reverse("notice_outbox"))
    facts, text = page.context["facts"], page.content.decode()
    assert (facts.tick_is_late, facts.parked, facts.due, [one.error for one in facts.failing]) == (
        True, 2, 0, ["LookupError"]
    )  # fmt: skip
    assert facts.counts["email"] == {"pending": 0, "sent": 0, "dropped": 0, "failed": 2}
    assert "no such mailbox" in text
    assert [word for word in ("标题1", "example.invalid", cast.user("er_member").username) if word in text] == []


def test_what_was_given_up_is_tried_again_or_dropped(cast, sign_in, given_up, mouths):
    administrator = sign_in("administrator")
    administrator.post(reverse("notice_outbox_retry"), {"delivery": [given_up[0].pk, "x", "9" * 30]})
    assert states() == {1: "pending", 2: "failed"}
    assert Notice.objects.filter(kind=FAILED_KIND).current().count() == 1
    administrator.post(reverse("notice_outbox_drop"), {"channel": "all:email"})
    assert states() == {1: "pending", 2: "dropped"}
    # Nothing is left to decide on, so nothing is asked for.
    assert Notice.objects.filter(kind=FAILED_KIND).current().count() == 0
    assert send()["sent"] == 1
    assert [numbers for _key, numbers in mouths["email"].said] == [[1]]
    assert Delivery.objects.get(pk=given_up[0].pk).attempts == 1


@pytest.mark.parametrize(
    "chosen", [{}, {"delivery": "x"}, {"channel": "email"}, {"channel": "all:nowhere"}, {"delivery": "0"}]
)
def test_a_choice_of_nothing_changes_nothing(sign_in, given_up, chosen):
    for deed in ("notice_outbox_retry", "notice_outbox_drop"):
        assert sign_in("administrator").post(reverse(deed), chosen).status_code == 302
    assert states() == {1: "failed", 2: "failed"}


def test_nobody_else_decides(sign_in, given_up):
    for name in ("er_secretary", "mech_organiser", "college_organiser"):
        assert sign_in(name).post(reverse("notice_outbox_drop"), {"channel": "all:email"}).status_code == 403
    assert states() == {1: "failed", 2: "failed"}


def test_the_outbox_asks_the_same_questions_for_one_row_and_for_three(cast, sign_in, given_up):
    administrator, counts = sign_in("administrator"), []
    administrator.get(reverse("notice_outbox"))
    for number in (3, 4, 5):
        with CaptureQueriesContext(connection) as captured:
            administrator.get(reverse("notice_outbox"))
        counts.append(len(captured))
        post(cast, number, urgent=True)
        Delivery.objects.filter(channel="email").update(state="failed")
    assert counts[0] == counts[2]


def test_the_administration_does_the_same(sign_in, given_up):
    administrator, url = sign_in("administrator"), reverse("admin:notifications_delivery_changelist")
    assert administrator.get(url).status_code == 200
    administrator.post(url, {"action": "retry_selected", "_selected_action": [given_up[0].pk]})
    administrator.post(url, {"action": "drop_selected", "_selected_action": [given_up[1].pk]})
    assert states() == {1: "pending", 2: "dropped"}


def test_the_command_shows_and_does_the_same(given_up, capsys):
    first, second = (row.pk for row in given_up)
    call_command("outbox", "--json", "--retry", str(first))
    shown = json.loads(capsys.readouterr().out)
    assert (shown["retried"], shown["dropped"], shown["tick"]["late"], shown["due"], shown["oldest_due_seconds"]) == (
        1, 0, True, 1, 0
    )  # fmt: skip
    assert shown["parked"] == [
        {"id": second, "channel": "email", "kind": KIND, "attempts": 1, "error": "no such mailbox"}
    ]
    call_command("outbox", "--drop", str(first), str(second))
    assert (states(), "0 wait again, 2 dropped" in capsys.readouterr().out) == ({1: "dropped", 2: "dropped"}, True)
    for wrong in (["--retry", "x"], ["--drop", "all"], ["--retry", "1", "all"]):
        with pytest.raises(CommandError):
            call_command("outbox", *wrong)


def test_everything_given_up_waits_again_at_a_word(given_up, capsys):
    call_command("outbox", "--retry", "all")
    assert states() == {1: "pending", 2: "pending"}
    assert "2 wait again" in capsys.readouterr().out


def test_the_outbox_stands_in_the_navigation_of_administrators_only(sign_in):
    link = f'href="{reverse("notice_outbox")}"'
    shown = {
        name: link in sign_in(name).get(reverse("notices")).content.decode()
        for name in ("administrator", "er_secretary")
    }
    assert shown == {"administrator": True, "er_secretary": False}
