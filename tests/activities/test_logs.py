"""Logging on the phone, confirming, returning."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.models import LogEntry
from members.access import scope_for
from notifications.models import Notice
from pairings.models import BranchPairing
from pairings.services import pair_members


@pytest.fixture
def pair(cast):
    now = timezone.now()
    pairing = BranchPairing.objects.create(
        academic_year=cast.year, helping_branch=cast.er, partner_branch=cast.san, starts_on=dt.date(2026, 10, 8),
        ends_on=dt.date(2027, 6, 30), state="active", helping_confirmed_by=cast.user("er_secretary"), helping_confirmed_at=now,
        partner_confirmed_by=cast.user("san_secretary"), partner_confirmed_at=now,
    )  # fmt: skip
    return pair_members(
        pairing=pairing, helper=cast.person("er_member"), partner=cast.person("san_member"), support_areas=["study"],
        starts_on=dt.date(2026, 10, 8), now=now,
    )  # fmt: skip


def form(pair=None, **changes):
    values = {
        "target": f"pair-{pair.pk}" if pair else "study", "minutes": "60", "summary": "一起复习高等数学", "on": "2026-10-28",
        "idempotency_key": "key-1",
    }  # fmt: skip
    return values | changes


def test_a_student_logs_for_the_pair_and_the_secretary_confirms(cast, sign_in, pair):
    student = sign_in("er_member")
    page = student.get(reverse("quick_log")).content.decode()
    assert "罗杰" in page
    assert student.post(reverse("quick_log"), form(pair)).status_code == 302
    entry = LogEntry.objects.get()
    assert (entry.person, entry.minutes, entry.member_pairing, entry.state) == (
        cast.person("er_member"),
        60,
        pair,
        "submitted",
    )

    secretary = sign_in("er_secretary")
    assert "一起复习高等数学" in secretary.get(reverse("log_confirm")).content.decode()
    secretary.post(reverse("log_confirm"), {"entry": [entry.pk, entry.pk, "abc", "99999999999999999999"]})
    entry.refresh_from_db()
    assert (entry.state, entry.confirmed_by) == ("confirmed", cast.user("er_secretary"))


def test_the_same_press_sent_twice_is_one_entry(cast, sign_in):
    student = sign_in("er_member")
    for _press in range(2):
        assert student.post(reverse("quick_log"), form()).status_code == 302
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"on": "2026-10-29"}, "这一天还没有到。完成之后再记录。"),
        ({"on": "2025-10-01"}, "一年以前的内容不能再记录。"),
        ({"on": "2026-10-20"}, "这已经是 7 天以前的事。请说明补录原因。"),
        ({"minutes": "0", "other_minutes": "721"}, ""),
        ({"minutes": "0"}, "请填写分钟数，或选择一个按钮。"),
        ({"summary": "\u3000\u200b "}, "请用一句话写明做了什么。"),
        ({"target": "pair-999"}, ""),
        ({"on": "2026-02-30"}, ""),
        ({"minutes": "1e3"}, ""),
    ],
)
def test_bad_input_is_answered_on_the_form_and_writes_nothing(cast, sign_in, changes, message):
    response = sign_in("er_member").post(reverse("quick_log"), form(**changes))
    assert response.status_code == 400
    assert message in response.content.decode()
    assert LogEntry.objects.count() == 0


def test_late_entry_with_a_reason_is_accepted(cast, sign_in):
    sign_in("er_member").post(reverse("quick_log"), form(on="2026-10-20", late_reason="出差在外"))
    assert LogEntry.objects.get().late_reason == "出差在外"


def test_a_day_holds_twelve_hours(cast, sign_in):
    student = sign_in("er_member")
    for number in range(8):
        student.post(reverse("quick_log"), form(minutes="90", idempotency_key=f"k{number}"))
    assert sum(LogEntry.objects.values_list("minutes", flat=True)) == 720
    response = student.post(reverse("quick_log"), form(minutes="30", idempotency_key="one-more"))
    assert "最多可记录 720 分钟" in response.content.decode()


def test_nobody_confirms_their_own_entry_or_that_of_another_branch(cast, sign_in):
    sign_in("er_secretary").post(reverse("quick_log"), form())
    entry = LogEntry.objects.get()
    sign_in("er_secretary").post(reverse("log_confirm"), {"entry": entry.pk})
    sign_in("san_secretary").post(reverse("log_confirm"), {"entry": entry.pk})
    entry.refresh_from_db()
    assert entry.state == "submitted"
    sign_in("er_deputy").post(reverse("log_confirm"), {"entry": entry.pk})
    entry.refresh_from_db()
    assert entry.state == "confirmed"


def test_a_returned_entry_tells_its_author_why_and_can_be_corrected(cast, sign_in):
    student = sign_in("er_member")
    student.post(reverse("quick_log"), form())
    entry = LogEntry.objects.get()
    sign_in("er_secretary").post(reverse("log_return", args=[entry.pk]), {"reason": "请写明地点"})
    entry.refresh_from_db()
    assert (entry.state, entry.return_reason) == ("returned", "请写明地点")
    assert Notice.objects.get().user == cast.user("er_member")
    student.post(reverse("log_entry", args=[entry.pk]), {"on": "2026-10-28", "minutes": 45, "summary": "在图书馆复习"})
    entry.refresh_from_db()
    assert (entry.state, entry.minutes, entry.summary) == ("submitted", 45, "在图书馆复习")


def test_a_confirmed_entry_is_not_corrected_without_a_reason_nor_taken_back(cast, sign_in):
    student = sign_in("er_member")
    student.post(reverse("quick_log"), form())
    entry = LogEntry.objects.get()
    sign_in("er_secretary").post(reverse("log_confirm"), {"entry": entry.pk})
    assert student.post(reverse("log_entry", args=[entry.pk]), form()).status_code == 400
    student.post(reverse("log_withdraw", args=[entry.pk]))
    assert LogEntry.objects.get().minutes == 60


def test_undo_takes_an_unconfirmed_entry_back(cast, sign_in):
    student = sign_in("er_member")
    student.post(reverse("quick_log"), form())
    student.post(reverse("log_withdraw", args=[LogEntry.objects.get().pk]))
    assert LogEntry.objects.count() == 0


def test_strangers_get_404_and_accounts_without_a_person_403(cast, sign_in):
    sign_in("er_member").post(reverse("quick_log"), form())
    entry = LogEntry.objects.get()
    assert sign_in("si_secretary").get(reverse("log_entry", args=[entry.pk])).status_code == 404
    assert sign_in("si_secretary").post(reverse("log_return", args=[entry.pk]), {"reason": "x"}).status_code == 404
    assert sign_in("stranger").get(reverse("quick_log")).status_code == 403
    assert sign_in("er_member").get(reverse("log_confirm")).status_code == 403


def test_the_pair_partner_sees_the_entry_and_outsiders_do_not(cast, sign_in, pair):
    sign_in("er_member").post(reverse("quick_log"), form(pair))
    entry = LogEntry.objects.get()
    assert list(LogEntry.objects.visible_to(scope_for(cast.user("san_member")))) == [entry]
    assert list(LogEntry.objects.visible_to(scope_for(cast.user("san_activist")))) == []


def test_confirm_page_asks_the_same_number_of_queries_for_one_and_three_entries(cast, sign_in, pair):
    student, secretary = sign_in("er_member"), sign_in("er_secretary")
    secretary.get(reverse("log_confirm"))  # the session is written once
    counts = []
    for number in range(3):
        student.post(reverse("quick_log"), form(pair, idempotency_key=f"k{number}"))
        if number in (0, 2):
            with CaptureQueriesContext(connection) as captured:
                secretary.get(reverse("log_confirm"))
            counts.append(len(captured))
    assert counts[0] == counts[1]
