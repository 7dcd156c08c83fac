"""Saying something: at once in the portal, outside only where somebody wants it, to a deputy while the office is empty."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import User
from activities.lectures.behind import key_of
from members.deputies import deputies_of
from members.models import Absence, Person, Post
from notifications.models import Channel, ContactChoice, Delivery, MutedKind, Notice, Robot
from notifications.services import post_notice_set, post_notices
from pairing_portal.common.insert_select import insert_select
from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds

KIND, INSIDE, LOUD, OFFICE = "tests.kind", "tests.inside", "tests.loud", "tests.office"
KINDS = {
    KIND: {},
    INSIDE: {"outside": False},
    LOUD: {"may_mute": False, "urgent": True},
    OFFICE: {"to_office": True},
}


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    for key, options in KINDS.items():
        entry = NoticeKind(key, key, lambda subject: ("标题", "正文"), **options)
        monkeypatch.setitem(notice_kinds._items, key, (100, entry))


def reach(cast, name="er_member", *, email="a@example.invalid", **choice) -> User:
    user = cast.user(name)
    user.email = email
    user.save()
    if choice:
        ContactChoice.objects.create(user=user, **choice)
    return user


def by_list(users, kind=KIND, **more):
    """Post one by one; the same as `by_set`."""
    return post_notices(
        notices=[
            DueNotice(kind=kind, user_id=user.pk, dedupe_key=f"{kind}:{user.pk}", subject={"n": 1}, link="/x/", **more)
            for user in users
        ],
        now=timezone.now(),
    )


def by_set(users, kind=KIND):
    rows = User.objects.filter(pk__in=[user.pk for user in users]).values(
        user_id=F("pk"),
        dedupe_key=key_of(f"{kind}:", F("pk")),
        subject=JSONObject(n=Value(1)),
        link=Value("/x/"),
        expires_at=Value(timezone.now() + dt.timedelta(days=1), output_field=DateTimeField()),
    )
    return post_notice_set(kind=kind, rows=rows, now=timezone.now())


WAYS = pytest.mark.parametrize("post", [by_list, by_set])


def deliveries(user):
    return sorted(Delivery.objects.filter(notice__user=user).values_list("channel", "state"))


PORTAL, EMAIL, WECOM = ("portal", "sent"), ("email", "pending"), ("wecom", "pending")


@WAYS
def test_in_the_portal_it_stands_at_once_and_outside_it_waits(cast, post):
    user = reach(cast)
    assert post([user]) == 1
    assert deliveries(user) == [EMAIL, PORTAL]
    portal = Delivery.objects.get(channel="portal")
    assert (portal.sent_at, portal.attempts, portal.lease_token) == (timezone.now(), 0, "")
    assert Delivery.objects.get(channel="email").next_attempt_at == timezone.now()
    notice = Notice.objects.get()
    assert (notice.kind, notice.subject, notice.link, notice.is_urgent) == (KIND, {"n": 1}, "/x/", False)
    assert (notice.created_at, notice.dedupe_key) == (timezone.now(), f"{KIND}:{user.pk}")


@WAYS
def test_without_a_mail_server_no_mail_waits(cast, post, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    user = reach(cast)
    assert post([user]) == 1
    assert deliveries(user) == [PORTAL]


@WAYS
def test_the_same_key_is_said_once_and_costs_no_number(cast, post):
    users = [reach(cast), cast.user("er_deputy")]
    assert post(users) == 2
    assert post(users) == 0
    assert post([*users, cast.user("er_secretary")]) == 1
    assert (Notice.objects.count(), Delivery.objects.count()) == (3, 4)
    first, last = Notice.objects.order_by("pk")[0], Notice.objects.order_by("-pk")[0]
    assert last.pk - first.pk == 2


@WAYS
@pytest.mark.parametrize(
    ("kind", "choice", "muted", "expected"),
    [
        (KIND, {}, False, [EMAIL, PORTAL]),
        (KIND, {"by_email": False}, False, [PORTAL]),
        (KIND, {"by_email": True}, True, [PORTAL]),
        (LOUD, {}, True, [EMAIL, PORTAL]),
        (LOUD, {"by_email": False}, False, [PORTAL]),
        (INSIDE, {"wecom_id": "w1"}, False, [PORTAL]),
        (KIND, {"wecom_id": "w1"}, False, [EMAIL, PORTAL, WECOM]),
        (KIND, {"wecom_id": "w1"}, True, [PORTAL]),
        (KIND, {"wecom_id": "w1", "by_wecom": False}, False, [EMAIL, PORTAL]),
        (KIND, {"wecom_id": "", "by_wecom": True}, False, [EMAIL, PORTAL]),
    ],
)
def test_outside_only_where_it_is_wanted(cast, post, settings, kind, choice, muted, expected):
    settings.WECOM_CORP_ID = "ww1"
    user = reach(cast, **choice)
    if muted:
        MutedKind.objects.create(user=user, kind=kind)
    MutedKind.objects.create(user=user, kind="another.kind")
    MutedKind.objects.create(user=cast.user("er_deputy"), kind=kind)
    post([user], kind)
    assert deliveries(user) == expected


@WAYS
def test_without_an_address_and_without_wecom_of_the_college_nothing_goes_outside(cast, post, settings):
    settings.WECOM_CORP_ID = ""
    user = reach(cast, email="", wecom_id="w1")
    post([user])
    assert deliveries(user) == [PORTAL]


@WAYS
def test_an_urgent_kind_makes_urgent_notices(cast, post):
    post([reach(cast)], LOUD)
    assert Notice.objects.get().is_urgent


@WAYS
def test_a_kind_nobody_registered_is_not_written(cast, post):
    assert post([reach(cast)], "tests.unknown") == 0
    assert Notice.objects.count() == 0


def test_a_robot_gets_one_delivery_of_its_own(cast):
    robot = Robot.objects.create(name="全院", kind="wecom", key="k")
    notice = DueNotice(kind=KIND, user_id=None, robot_id=robot.pk, dedupe_key="r")
    assert post_notices(notices=[notice, DueNotice(kind=INSIDE, user_id=cast.user("er_member").pk, dedupe_key="u")], now=timezone.now()) == 2  # fmt: skip
    assert list(Delivery.objects.filter(notice__robot=robot).values_list("channel", "state")) == [("robot", "pending")]
    assert post_notices(notices=[notice], now=timezone.now()) == 0


def test_old_notices_without_deliveries_are_left_alone(cast):
    """Only what this call wrote is completed."""
    old = Notice.objects.create(user=cast.user("er_member"), kind=KIND, dedupe_key="old", created_at=timezone.now())
    by_list([cast.user("er_deputy")])
    assert Delivery.objects.filter(notice=old).count() == 0


def test_nothing_is_said_when_the_transaction_fails(cast):
    def said_in_vain():
        with transaction.atomic():
            by_set([reach(cast)])
            raise IntegrityError

    with pytest.raises(IntegrityError):
        said_in_vain()
    assert (Notice.objects.count(), Delivery.objects.count()) == (0, 0)


@pytest.mark.parametrize("people", [1, 8])
def test_writing_takes_the_same_queries_however_many_there_are(cast, people, django_assert_num_queries, settings):
    settings.WECOM_CORP_ID = "ww1"
    users = [reach(cast, name, wecom_id=name) for name in sorted(cast.users)[:people]]
    with django_assert_num_queries(8):
        by_set(users)
    Notice.objects.all().delete()
    with django_assert_num_queries(9):
        by_list(users)


# --- Deputies ------------------------------------------------------------------------------------


def away(cast, name, *, to_on=None) -> None:
    Absence.objects.create(person=cast.person(name), from_on=timezone.localdate(), to_on=to_on)


def copies():
    rows = Notice.objects.exclude(on_behalf_of=None)
    return sorted((str(row.user), str(row.on_behalf_of), row.dedupe_key) for row in rows)


@WAYS
def test_while_the_secretary_is_away_the_deputy_is_told_too(cast, post):
    away(cast, "er_secretary")
    secretary, deputy = cast.user("er_secretary"), reach(cast, "er_deputy")
    assert post([secretary], OFFICE) == 2
    assert copies() == [("张红", "甘杰怡", f"{OFFICE}:{secretary.pk}:for:{deputy.pk}")]
    assert deliveries(deputy) == [EMAIL, PORTAL]
    copy, original = Notice.objects.get(user=deputy), Notice.objects.get(user=secretary)
    assert (copy.subject, copy.link, copy.expires_at) == (original.subject, original.link, original.expires_at)
    assert post([secretary], OFFICE) == 0


@WAYS
def test_a_deputy_who_is_told_anyway_is_told_once(cast, post):
    away(cast, "er_secretary")
    assert post([cast.user("er_secretary"), cast.user("er_deputy")], OFFICE) == 2
    assert copies() == []


@WAYS
def test_who_is_there_and_what_is_not_said_to_an_office_needs_no_deputy(cast, post):
    assert post([cast.user("er_secretary")], OFFICE) == 1
    away(cast, "er_secretary")
    assert post([cast.user("er_secretary")], KIND) == 1
    assert copies() == []


def test_who_stands_in(cast):
    """The deputy; else who organises; nobody who is away; for the League secretary its deputy; only on the days away."""
    today = timezone.localdate()
    secretary, deputy, league = (cast.user(name).pk for name in ("er_secretary", "er_deputy", "league_secretary"))
    ids = [secretary, league, cast.user("liu_secretary").pk]
    assert deputies_of(ids, today) == {}
    away(cast, "er_secretary", to_on=today)
    away(cast, "liu_secretary")
    assert deputies_of(ids, today) == {secretary: {deputy}}
    assert deputies_of([league], today) == {}
    assert deputies_of(ids, today + dt.timedelta(days=1)) == {}
    Post.objects.create(
        person=cast.person("er_member"), party_branch=cast.er, kind="organization_officer", since=dt.date(2026, 9, 1)
    )
    assert deputies_of(ids, today) == {secretary: {deputy}}
    away(cast, "er_deputy")
    assert deputies_of(ids, today) == {secretary: {cast.user("er_member").pk}}
    Person.objects.filter(pk=cast.person("league_secretary").pk).update(left_on=today)
    Post.objects.create(
        person=cast.person("classmate"), league_branch=cast.one, kind="league_deputy", since=dt.date(2026, 9, 1)
    )
    assert deputies_of(ids, today)[league] == {cast.user("classmate").pk}
    User.objects.filter(pk=cast.user("classmate").pk).update(is_active=False)
    assert league not in deputies_of(ids, today)


# --- INSERT … SELECT -----------------------------------------------------------------------------


def test_an_empty_set_writes_nothing(cast):
    nobody = User.objects.none().values(notice_id=F("pk"))
    assert insert_select(model=Delivery, rows=nobody, columns=["notice_id"], constants={"channel": Channel.PORTAL}) == 0


def test_a_row_that_breaks_another_rule_than_uniqueness_is_refused(cast):
    by_list([cast.user("er_member")])
    rows = Notice.objects.values(notice_id=F("pk"))
    constants = {"channel": "email", "state": "unheard", "attempts": 0, "next_attempt_at": timezone.now(), "lease_token": "", "error": ""}  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_select(model=Delivery, rows=rows, columns=["notice_id"], constants=constants)


# --- The table of all kinds ----------------------------------------------------------------------


def test_every_kind_of_notice_stands_in_the_operators_table_as_it_is():
    """`| kind | about | to | when | urgent | mute | office |` in docs/operator.md."""
    text = (settings.BASE_DIR / "docs" / "operator.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    table = {cells[0].strip("`"): tuple(cells[4:]) for cells in rows if len(cells) == 7}
    said = {True: "yes", False: "no"}
    kinds = {
        key: (said[kind.urgent], said[kind.may_mute], said[kind.to_office])
        for key, kind in notice_kinds.items()
        if not key.startswith("tests.")
    }
    assert table == kinds
    assert [cells for cells in rows if len(cells) == 7 and not (cells[2] and cells[3])] == []
