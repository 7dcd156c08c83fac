"""The other side is told that an entry waits for it: at most once a day, without names, gone once nothing waits."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities import log_services as services
from activities.notices_logs import LOG_ASKS
from members.access import scope_for
from notifications.models import Notice
from pairing_portal.common.registries import notice_kinds
from pairings.services import pair_members
from tests.pairings.crew import activate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_reminders")]


@pytest.fixture(name="pair")
def two_of_er_and_san(cast):
    return pair_members(
        pairing=activate(cast), helper=cast.person("er_member"), partner=cast.person("san_member"), support_areas=["study"],
        starts_on=dt.date(2026, 10, 8), now=timezone.now(),
    )  # fmt: skip


def log(cast, pair, name="er_member", summary="一起复习高等数学", **changes):
    values = {"minutes": 60, "purpose": "pairing", "member_pairing": pair}
    return services.submit_log(
        person=cast.person(name), on=timezone.localdate(), summary=summary, today=timezone.localdate(), now=timezone.now(), **values | changes
    )  # fmt: skip


def told(cast):
    """Who has it in the bell."""
    rows = Notice.objects.filter(kind=LOG_ASKS, obsolete_at=None).select_related("user")
    return sorted(notice.user.username for notice in rows)


def confirm(cast, name, *entries):
    user = cast.user(name)
    return services.confirm_logs(
        entry_ids=[entry.pk for entry in entries], scope=scope_for(user), by=user, now=timezone.now()
    )


def test_the_other_one_of_two_is_told_once_a_day(cast, pair, fixed_clock):
    partner = cast.user("san_member")
    first = log(cast, pair)
    assert told(cast) == [partner.username]
    second = log(cast, pair, summary="一起复习物理")
    assert Notice.objects.filter(kind=LOG_ASKS).count() == 1
    assert confirm(cast, "san_member", first) == 1
    assert told(cast) == [partner.username]
    assert confirm(cast, "er_secretary", second) == 1
    assert told(cast) == []
    fixed_clock.shift(dt.timedelta(days=1))
    log(cast, pair, summary="一起复习化学")
    assert told(cast) == [partner.username]


def test_what_is_said_names_nobody(cast, pair):
    log(cast, pair)
    notice = Notice.objects.get(kind=LOG_ASKS)
    title, body = notice_kinds.get(LOG_ASKS).text(notice.subject)
    for name in (cast.person("er_member").name, cast.person("san_member").name, "高等数学"):
        assert name not in f"{title}{body}{notice.subject}"
    assert notice.link == "/log/confirm/"


def test_returned_and_entries_of_nobody_else_tell_nobody(cast, pair):
    log(cast, None, purpose="self_study", member_pairing=None)
    assert told(cast) == []
    entry = log(cast, pair, summary="复习")
    user = cast.user("er_secretary")
    services.return_log(entry=entry, reason="写明内容", scope=scope_for(user), by=user, now=timezone.now())
    assert told(cast) == []


def test_somebody_without_an_open_account_is_not_told(cast, pair):
    user = cast.user("san_member")
    user.is_active = False
    user.save()
    log(cast, pair)
    assert Notice.objects.filter(kind=LOG_ASKS).count() == 0


def test_it_stands_on_the_workbench_too(cast, pair, sign_in):
    log(cast, pair)
    page = sign_in("san_member").get("/").content.decode()
    assert "/log/confirm/" in page


def test_many_are_asked_about_in_a_few_questions(cast, pair):
    log(cast, pair)
    ask = notice_kinds.get(LOG_ASKS).obsolete_among
    people = [{"person": cast.person(name).pk} for name in ("san_member", "er_member", "league_secretary")]
    with CaptureQueriesContext(connection) as queries:
        assert ask(people, timezone.now()) == [False, True, True]
    assert len(queries) == 4
