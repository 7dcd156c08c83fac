"""Support needs: how long things stay, one's own copy, and two people at once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from members.services import leave_people
from members.year_turn import preview_turn
from mentoring import need_services
from mentoring.models import SupportConsent, SupportNeed, SupportReading
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.pairings.deeds import race

from . import need_deeds
from .crew import TODAY, as_person, classmates
from .need_deeds import agree, read, record

junior, helped = need_deeds.junior, need_deeds.helped


# --- How long ------------------------------------------------------------------------------------


def test_leaving_erases_the_need_and_ends_the_consent_without_a_word(cast, helped):
    record(helped)
    lines = leave_people(people=[helped], left_on=TODAY, today=TODAY, by=cast.user("civil_organiser"))
    assert SupportNeed.objects.count() == 0
    assert SupportConsent.objects.get().state == "withdrawn"
    (plain,) = classmates(cast, 1, start=60)
    others = leave_people(people=[plain], left_on=TODAY, today=TODAY, by=cast.user("civil_organiser"))
    assert [line for line in lines if "→" not in line] == [line.replace("同学60", "农军") for line in others]
    preview = preview_turn(scope=scope_for(cast.user("civil_organiser")), today=dt.date(2031, 9, 1))
    assert "删除帮扶需求登记" not in [label for label, _lines in preview.endings]


def test_who_left_unnoticed_is_forgotten_by_the_daily_job(cast, helped):
    record(helped)
    helped.left_on = TODAY
    helped.settle_stage(TODAY)
    helped.save()
    need_services.forget_what_is_over(TODAY)
    assert (SupportNeed.objects.count(), SupportConsent.objects.in_force().count()) == (0, 0)
    with pytest.raises(Refused, match="您已离校"):
        agree(helped)


@pytest.mark.parametrize(("years", "days", "kept"), [(3, 0, 1), (3, 1, 0)])
def test_a_consent_is_kept_three_years_after_its_end(cast, helped, fixed_clock, years, days, kept):
    need_services.withdraw_consent(scope=as_person(helped), now=timezone.now())
    day = TODAY.replace(year=TODAY.year + years) + dt.timedelta(days=days)
    need_services.forget_what_is_over(day)
    assert SupportConsent.objects.count() == kept


def test_readings_are_kept_two_years_and_standing_consents_for_good(cast, helped):
    record(helped)
    read(helped, cast.user("counsellor"))
    need_services.forget_what_is_over(dt.date(2028, 10, 28))
    assert SupportReading.objects.count() == 1
    need_services.forget_what_is_over(dt.date(2036, 10, 29))
    assert (SupportReading.objects.count(), SupportConsent.objects.count(), SupportNeed.objects.count()) == (0, 1, 1)


def test_ones_own_download_has_consents_and_readings_and_no_category(cast, sign_in, helped):
    record(helped)
    read(helped, cast.user("counsellor"))
    data = sign_in("classmate").post(reverse("account_data")).json()["support_needs"]
    assert [(row["version"], row["address"], row["withdrawn_at"]) for row in data["consents"]] == [
        ("2026-10", "10.0.0.9", None)
    ]
    assert [(row["role"], row["reader"]) for row in data["readings"]] == [("counsellor", "覃老师")]
    assert data["categories"] == "只在“我的帮扶需求”页面显示，不写入任何文件。"
    assert "support_needs" in sign_in("er_member").post(reverse("account_data")).json()


# --- Two at once ---------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_withdrawing_while_somebody_records_leaves_nothing_behind(request):
    cast = build_cast(TODAY)
    person, counsellor = cast.person("classmate"), cast.user("counsellor")
    for _round in range(12):
        agree(person)

        def both(index):
            if index == 0:
                need_services.withdraw_consent(scope=as_person(person), now=timezone.now())
            else:
                record(person, ["social"], by=counsellor)

        results = race(both, 2)
        assert results[0] is None
        assert results[1] is None or "未经本人同意" in str(results[1])
        assert (SupportNeed.objects.count(), SupportConsent.objects.in_force().count()) == (0, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_negative_control_without_the_lock_a_need_outlives_its_consent(monkeypatch):
    """The same without locking: the consent is read, withdrawn, and the need written after it."""
    cast = build_cast(TODAY)
    person, counsellor = cast.person("classmate"), cast.user("counsellor")
    agree(person)
    monkeypatch.setattr(need_services, "lock_people", lambda *ids: {person.pk: person} if person.pk in ids else {})
    found, agreed = [], need_services.consent_of

    def withdrawn_meanwhile(person_id):
        consent = agreed(person_id)
        if consent is not None and not found:
            found.append(consent)
            race(lambda index: need_services.withdraw_consent(scope=as_person(person), now=timezone.now()), 1)
        return consent

    monkeypatch.setattr(need_services, "consent_of", withdrawn_meanwhile)
    with transaction.atomic():
        record(person, ["social"], by=counsellor)
    assert (SupportNeed.objects.count(), SupportConsent.objects.in_force().count()) == (1, 0)
