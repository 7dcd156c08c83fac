"""What stands in the bell is what still asks for something."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import services as activities
from activities.models import LogEntry
from branches.models import LeagueBranch
from members.access import scope_for
from members.models import Post
from notifications import services
from notifications.models import Notice
from notifications.wiring import unread_count
from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds
from tests.activities.talks import act, answer, heard_by, record

pytestmark = pytest.mark.usefixtures("quiet_reminders")

KIND = "tests.kind"
WAITING = "activities.logs_waiting"
THURSDAY = dt.datetime(2026, 10, 29, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))


@pytest.fixture
def done(monkeypatch):
    """Subjects that ask for nothing any more; a list the test fills."""
    found: list[int] = []
    kind = NoticeKind(
        KIND, "test", lambda subject: ("标题", "正文"), obsolete=lambda subject, now: subject["n"] in found
    )
    monkeypatch.setitem(notice_kinds._items, KIND, (100, kind))
    return found


def post(cast, *numbers, name="er_member", **more):
    services.post_notices(
        notices=[
            DueNotice(kind=KIND, user_id=cast.user(name).pk, dedupe_key=f"k{n}:{name}", subject={"n": n}, **more)
            for n in numbers
        ],
        now=timezone.now(),
    )


def shown(sign_in, name="er_member"):
    return len(sign_in(name).get(reverse("notices")).context["rows"])


# --- Expired and fulfilled ------------------------------------------------------------------------


def test_what_has_expired_leaves_the_bell_by_itself(cast, sign_in, done, fixed_clock):
    post(cast, 1, expires_at=timezone.now() + dt.timedelta(hours=1))
    post(cast, 2)
    assert (unread_count(cast.user("er_member").pk), shown(sign_in)) == (2, 2)
    fixed_clock.shift(dt.timedelta(hours=1))
    assert (unread_count(cast.user("er_member").pk), shown(sign_in)) == (1, 1)


def test_the_tick_retires_what_is_done_and_what_has_expired(cast, done):
    post(cast, 1, 2)
    post(cast, 3, expires_at=timezone.now())
    services.run_tick(now=timezone.now())
    done.append(1)
    services.run_tick(now=timezone.now())
    assert {row.subject["n"] for row in Notice.objects.filter(obsolete_at=None)} == {2}


def test_a_tick_looks_at_so_many_and_the_next_one_at_the_rest(cast, done):
    post(cast, *range(5))
    done.extend(range(5))
    left = []
    for _tick in range(4):
        services.retire_obsolete(now=timezone.now(), limit=2)
        left.append(Notice.objects.filter(obsolete_at=None).count())
    assert left == [3, 1, 0, 0]


def test_what_stands_at_the_front_does_not_keep_the_rest_from_being_looked_at(cast, done):
    post(cast, *range(5))
    done.extend([3, 4])
    for _tick in range(3):
        services.retire_obsolete(now=timezone.now(), limit=2)
    assert Notice.objects.filter(obsolete_at=None).count() == 3


def test_one_subject_of_many_recipients_is_asked_about_once(cast, done, monkeypatch):
    for name in ("er_member", "er_secretary", "er_deputy"):
        post(cast, 1, name=name)
    asked = []
    kind = NoticeKind(
        KIND, "test", lambda subject: ("", ""), obsolete=lambda subject, now: asked.append(subject) or True
    )
    monkeypatch.setitem(notice_kinds._items, KIND, (100, kind))
    assert (services.retire_obsolete(now=timezone.now()), asked) == (3, [{"n": 1}])


def test_read_notices_are_left_alone_and_unknown_kinds_go(cast, done):
    post(cast, 1, 2)
    Notice.objects.filter(dedupe_key="k1:er_member").update(read_at=timezone.now())
    Notice.objects.filter(dedupe_key="k2:er_member").update(kind="gone.kind")
    done.append(1)
    assert services.retire_obsolete(now=timezone.now()) == 1
    assert Notice.objects.get(obsolete_at=None).dedupe_key == "k1:er_member"


# --- Logs that wait -------------------------------------------------------------------------------


def logged(cast, name, *, days=6, minutes=30):
    then = timezone.now() - dt.timedelta(days=days)
    return LogEntry.objects.create(
        person=cast.person(name), on=then.date(), minutes=minutes, purpose="self_study", summary="读党章", created_at=then,
        submitted_at=then,
    )  # fmt: skip


def told():
    return {notice.user.username: notice.subject["count"] for notice in Notice.objects.filter(kind=WAITING)}


def test_each_is_told_how_many_they_may_confirm(cast):
    entries = [logged(cast, name) for name in ("er_member", "er_secretary", "er_secretary", "er_deputy")]
    services.run_tick(now=timezone.now())
    assert told() == {"20230310001": 2, "20230310002": 3}
    for name in ("er_secretary", "er_deputy"):
        count = LogEntry.objects.confirmable_by(scope_for(cast.user(name))).count()
        assert count == told()[cast.user(name).username]
    assert len(entries) == 4


def test_who_wrote_all_that_waits_is_not_told_and_staff_are_when_nobody_else_may(cast):
    Post.objects.filter(person=cast.person("er_deputy")).update(ended_on=dt.date(2026, 9, 30))
    logged(cast, "er_secretary")
    services.run_tick(now=timezone.now())
    assert told() == {"Z0001": 1, "Z0003": 1}


def test_the_secretary_who_guides_a_class_is_told_of_its_people(cast):
    logged(cast, "classmate")
    services.run_tick(now=timezone.now())
    assert told() == {"20250530001": 1}


def test_confirming_takes_the_reminder_from_everybody_who_had_it(cast, sign_in):
    mine, other = logged(cast, "er_secretary"), logged(cast, "er_member")
    services.run_tick(now=timezone.now())
    assert Notice.objects.filter(kind=WAITING).current().count() == 2
    sign_in("er_secretary").post(reverse("log_confirm"), {"entry": [other.pk]})
    # The secretary's own entry still waits, for the deputy.
    assert [notice.user for notice in Notice.objects.filter(kind=WAITING).current()] == [cast.user("er_deputy")]
    sign_in("er_deputy").post(reverse("log_confirm"), {"entry": [mine.pk]})
    assert Notice.objects.filter(kind=WAITING).current().count() == 0


def test_returning_the_last_one_takes_it_too(cast):
    entry = logged(cast, "er_member")
    services.run_tick(now=timezone.now())
    activities.return_log(entry=entry, reason="写清楚", **act(cast, "er_secretary"))
    assert Notice.objects.filter(kind=WAITING).current().count() == 0


def test_said_once_a_week_and_in_a_fixed_number_of_queries_after_that(cast):
    logged(cast, "er_member")
    services.run_tick(now=timezone.now())
    counts = []
    for more in range(3):
        with CaptureQueriesContext(connection) as captured:
            assert services.compute_reminders(now=timezone.now()) == 0
        counts.append(len(captured))
        logged(cast, "er_member", days=7 + more)
    assert counts[0] == counts[2]


# --- The week's quota -----------------------------------------------------------------------------


def behind(cast, fixed_clock):
    """League branch One has one lecture of two on Thursday, and its secretary was reminded."""
    activities.assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    fixed_clock.move_to(THURSDAY)
    answer(cast, heard_by(record(cast), cast.one))
    services.run_tick(now=timezone.now())
    return Notice.objects.filter(kind="activities.lectures_behind")


def test_the_second_lecture_takes_the_reminder_away(cast, fixed_clock):
    reminders = behind(cast, fixed_clock)
    assert reminders.current().count() == 2
    audience = heard_by(record(cast, chapter="第二章"), cast.one)
    answer(cast, audience)
    assert reminders.current().count() == 0
    # Taken back, the week is behind again, and so says the bell.
    activities.take_back_answer(audience=audience, reason="x", **act(cast, "league_secretary"))
    assert reminders.unread().count() == 2


def test_an_exemption_takes_it_away_with_the_next_tick(cast, fixed_clock):
    reminders = behind(cast, fixed_clock)
    activities.grant_exemption(
        league_branches=[cast.one], from_on=dt.date(2026, 10, 26), to_on=dt.date(2026, 10, 30), reason="other"
    )
    services.run_tick(now=timezone.now())
    assert reminders.current().count() == 0


def test_the_quota_of_many_league_branches_is_asked_set_wise(cast, fixed_clock):
    fixed_clock.move_to(THURSDAY)
    ask = notice_kinds.get("activities.lectures_behind").obsolete_among
    counts = []
    for size in (1, 2):
        subjects = [
            {"league_branch": pk} for pk in LeagueBranch.objects.order_by("pk").values_list("pk", flat=True)[:size]
        ]
        with CaptureQueriesContext(connection) as captured:
            ask(subjects, timezone.now())
        counts.append(len(captured))
    assert counts[0] == counts[1]
