"""Whose entry is whose to confirm: no entry without somebody, and nobody their own."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activities.log_services import confirm_logs
from activities.models import LogEntry
from members.access import scope_for
from members.models import Post, StaffRole
from tests.conftest import TODAY


def entry_of(cast, who):
    now = timezone.now()
    return LogEntry.objects.create(
        person=cast.person(who),
        on=TODAY,
        minutes=60,
        purpose="self_study",
        summary="自学",
        created_at=now,
        submitted_at=now,
    )


def confirmers(cast, entry):
    """Everybody of the cast for whom the entry waits."""
    return {
        name
        for name, user in cast.users.items()
        if LogEntry.objects.confirmable_by(scope_for(user)).filter(pk=entry.pk)
    }


STAFF_OF_CIVIL, STAFF_OF_MECH = {"civil_organiser", "college_organiser"}, {"mech_organiser", "college_organiser"}


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("er_member", {"er_secretary", "er_deputy"}),
        ("er_secretary", {"er_deputy"}),
        ("er_deputy", {"er_secretary"}),
        ("liu_member", {"liu_secretary"}),
        ("liu_secretary", STAFF_OF_CIVIL),  # runs branch Liu alone
        ("san_secretary", STAFF_OF_MECH),
        ("classmate", {"liu_secretary"}),  # no Party branch: Liu guides the League branch of the class
        ("league_secretary", {"liu_secretary"}),
    ],
)
def test_every_entry_has_somebody_who_may_confirm_it(cast, author, expected):
    assert confirmers(cast, entry_of(cast, author)) == expected


def test_without_a_guiding_branch_the_department_confirms_for_the_class(cast):
    cast.one.party_branch = None
    cast.one.save()
    assert confirmers(cast, entry_of(cast, "classmate")) == STAFF_OF_CIVIL


def test_a_league_branch_that_is_no_longer_active_guides_nobody(cast):
    cast.one.is_active = False
    cast.one.save()
    assert confirmers(cast, entry_of(cast, "classmate")) == STAFF_OF_CIVIL


@pytest.mark.parametrize("why", ["vacant", "ended", "closed", "left"])
def test_where_nobody_runs_the_branch_the_department_confirms(cast, why):
    post = Post.objects.get(party_branch=cast.liu)
    if why == "vacant":
        post.delete()
    elif why == "ended":
        Post.objects.filter(pk=post.pk).update(ended_on=TODAY)
    elif why == "closed":
        User.objects.filter(pk=cast.user("liu_secretary").pk).update(is_active=False)
        cast.user("liu_secretary").refresh_from_db()
    else:
        person = cast.person("liu_secretary")
        person.left_on = TODAY
        person.settle_stage(TODAY)
        person.save()
    assert confirmers(cast, entry_of(cast, "liu_member")) == STAFF_OF_CIVIL
    assert confirmers(cast, entry_of(cast, "classmate")) == STAFF_OF_CIVIL


def test_staff_who_stand_in_the_roster_do_not_confirm_their_own(cast):
    StaffRole.objects.create(user=cast.user("liu_secretary"), kind="organiser", department=cast.civil)
    assert confirmers(cast, entry_of(cast, "liu_secretary")) == STAFF_OF_CIVIL


def test_an_administrator_confirms_nothing(cast):
    scope = scope_for(cast.user("administrator"))
    for author in ("liu_secretary", "classmate", "er_member"):
        entry_of(cast, author)
    assert LogEntry.objects.confirmable_by(scope).count() == 0


@pytest.mark.parametrize(
    ("author", "by"),
    [("classmate", "liu_secretary"), ("liu_secretary", "civil_organiser"), ("san_secretary", "mech_organiser")],
)
def test_the_page_lists_opens_and_confirms_it(cast, sign_in, author, by):
    entry, client = entry_of(cast, author), sign_in(by)
    page = client.get(reverse("log_confirm"))
    assert list(page.context["page"]) == [entry]
    assert client.get(reverse("log_entry", args=[entry.pk])).status_code == 200
    client.post(reverse("log_confirm"), {"entry": entry.pk})
    entry.refresh_from_db()
    assert (entry.state, entry.confirmed_by) == ("confirmed", cast.user(by))


@pytest.mark.parametrize(
    ("author", "by", "others"),
    [("classmate", "liu_secretary", "civil_organiser"), ("liu_secretary", "civil_organiser", "mech_organiser")],
)
def test_who_confirms_it_may_return_it_with_a_reason(cast, sign_in, author, by, others):
    entry, client = entry_of(cast, author), sign_in(by)
    assert client.get(reverse("log_entry", args=[entry.pk])).context["may_return"]
    answer = client.post(reverse("log_return", args=[entry.pk]), {"reason": "请写明地点"})
    entry.refresh_from_db()
    assert (entry.state, entry.return_reason, answer.url) == ("returned", "请写明地点", reverse("log_confirm"))
    LogEntry.objects.filter(pk=entry.pk).update(state="submitted", return_reason="")
    sign_in(others).post(reverse("log_return", args=[entry.pk]), {"reason": "请写明地点"})
    entry.refresh_from_db()
    assert entry.state == "submitted"


def test_what_a_branch_confirms_itself_stays_away_from_staff(cast):
    entry = entry_of(cast, "er_member")
    staff = {"scope": scope_for(cast.user("mech_organiser")), "by": cast.user("mech_organiser"), "now": timezone.now()}
    assert confirm_logs(entry_ids=[entry.pk], **staff) == 0


def test_what_is_left_to_staff_can_be_counted(cast):
    lonely = entry_of(cast, "liu_secretary")
    entry_of(cast, "er_member")
    assert list(LogEntry.objects.left_to_staff(TODAY)) == [lonely]
    assert set(LogEntry.objects.left_to_staff(dt.date(2026, 8, 31)).values_list("person__name", flat=True)) == {
        "上官涵", "罗萍妍",
    }  # fmt: skip


def test_nothing_is_ticked_before_somebody_looked(cast, sign_in):
    entry_of(cast, "er_member")
    html = sign_in("er_secretary").get(reverse("log_confirm")).content.decode()
    assert html.count("data-select-all") == 2
    assert "checked" not in html
