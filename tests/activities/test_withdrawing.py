"""An entry taken back twice, or taken back while it is corrected: words, not a fault."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.models import LogEntry
from pairing_portal.common.problems import Refused
from tests.activities.talks import act
from tests.cast import build_cast
from tests.pairings.deeds import race


def logged(cast, name="er_member"):
    return services.submit_log(
        person=cast.person(name), on=dt.date(2026, 10, 28), minutes=45, purpose="self_study", summary="读党章",
        today=timezone.localdate(), now=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize(
    "again",
    [
        lambda cast, entry: services.withdraw_log(entry=entry),
        lambda cast, entry: services.correct_log(
            entry=entry, on=entry.on, minutes=30, summary="读党章", today=timezone.localdate(), now=timezone.now()
        ),
        lambda cast, entry: services.return_log(entry=entry, reason="x", **act(cast, "er_secretary")),
    ],
    ids=["withdraw", "correct", "return"],
)
def test_what_was_taken_back_meanwhile_is_refused_in_words(cast, again):
    entry = logged(cast)
    services.withdraw_log(entry=LogEntry.objects.get())
    with pytest.raises(Refused):
        again(cast, entry)
    assert LogEntry.objects.count() == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_undo_pressed_twice_at_once_takes_back_once(transactional_db, today):
    cast = build_cast(today)
    entry = logged(cast)
    results = race(lambda _index: services.withdraw_log(entry=entry), 2)
    assert sorted(str(type(result).__name__) for result in results) == ["NoneType", "Refused"]
    assert LogEntry.objects.count() == 0


def test_correcting_what_was_taken_back_in_another_window_answers_on_the_form(cast, sign_in, monkeypatch):
    entry = logged(cast)
    correct = services.correct_log

    def after_the_other_window(**values):
        services.withdraw_log(entry=LogEntry.objects.get())
        return correct(**values)

    monkeypatch.setattr(services, "correct_log", after_the_other_window)
    page = sign_in("er_member").post(
        reverse("log_entry", args=[entry.pk]), {"on": "2026-10-28", "minutes": "30", "summary": "读党章"}
    )
    assert page.status_code == 400
    assert LogEntry.objects.count() == 0
