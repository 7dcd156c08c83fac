"""The canary: five needs with unmistakable names are recorded, read and looked for everywhere they must not be.

Each search has its negative control: the same mark put there on purpose is found.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import html
import io
import json
import logging
import re
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.management import call_command
from django.db import connection, models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from accounts.models import AuditEvent
from members.access import scope_for
from members.models import Person
from mentoring import consent_text, need_services, needs
from mentoring.models import SupportConsent, SupportNeed, SupportReading
from notifications.models import Notice
from reports.exporter import reports
from tests.common.test_encryption import stored
from tests.house import test_addresses as house

from .searcher import answer_holds, holds, tables_holding

stage = house.stage  # the fixture: one object of every kind

MARKS = ("canary-7391", "金丝雀7391")
CANARIES = tuple(
    needs.Need(f"canary-7391-{real.code[:4]}", f"金丝雀7391{sign}", f"金丝雀7391说明{sign}")
    for real, sign in zip(needs.NEEDS, "甲乙丙丁戊", strict=True)
)
# Who looks around: everybody the cast has, and nobody.
LOOKERS = (
    "-", "stranger", "er_probationary", "er_member", "er_secretary", "er_deputy", "san_secretary", "liu_secretary", "liu_member",
    "league_secretary", "classmate", "counsellor", "mech_organiser", "civil_organiser", "college_organiser", "administrator",
)  # fmt: skip
# One of each kind of rights: asked for every address there is.
RIGHTS = (
    "-", "er_probationary", "er_member", "er_secretary", "san_secretary", "league_secretary", "counsellor", "mech_organiser",
    "college_organiser", "administrator",
)  # fmt: skip
OWN = {"er_probationary", "classmate", "liu_activist"}
# The readers of the person the addresses are asked for (er_probationary).
READERS = {"er_member", "er_secretary", "er_deputy"}


@dataclass
class Planted:
    cast: object
    people: list[Person]


def client_of(cast, name: str) -> Client:
    client = Client(raise_request_exception=False)
    if name != "-":
        client.force_login(cast.user(name), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


class Everything(logging.Handler):
    """Keeps every line with its traceback and its extra values, from the first step of the stage on."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {record.__dict__}")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def everything_logged():
    """Every line of every logger, down to DEBUG (pytest's own capture forgets what a fixture did)."""
    handler, loggers = Everything(), [logging.getLogger(), logging.getLogger("django_structlog")]
    levels = [logger.level for logger in loggers]
    loggers[0].addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield handler
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def planted(cast, stage, monkeypatch, everything_logged, expected_errors) -> Planted:
    """All five needs of three people, recorded through the pages and read by everybody who may."""
    monkeypatch.setattr(needs, "NEEDS", CANARIES)
    for name, recorder in [
        ("er_probationary", "er_secretary"),
        ("classmate", "counsellor"),
        ("liu_activist", "liu_activist"),
    ]:
        person = cast.person(name)
        client_of(cast, name).post(
            reverse("my_support_consent_give"), {"version": consent_text.VERSION, "agrees": "on"}
        )
        form = {"codes": [need.code for need in CANARIES], "seen": ""}
        client = client_of(cast, recorder)
        answer = client.post(reverse("mentoring_need_record", args=[person.pk]), form)
        assert (answer.status_code, answer_holds(answer, MARKS)) == (302, False)
        # The toast is shown on the next page, and kept nowhere.
        assert answer_holds(client.get(answer.url), MARKS) is False
    for name, reader in [
        ("er_probationary", "er_member"),
        ("er_probationary", "er_secretary"),
        ("classmate", "counsellor"),
    ]:
        shown = client_of(cast, reader).post(reverse("mentoring_need_show", args=[cast.person(name).pk]))
        assert answer_holds(shown, MARKS) is True
    assert SupportNeed.objects.count() == 3
    assert SupportReading.objects.count() == 3
    assert holds(everything_logged.text, MARKS) is False
    return Planted(cast, [cast.person(name) for name in sorted(OWN)])


# --- The searcher --------------------------------------------------------------------------------


def workbook() -> bytes:
    book, file = Workbook(), io.BytesIO()
    book.active["B2"] = "金丝雀7391"
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    ["x金丝雀7391x", "xcanary-7391", json.dumps({"a": "金丝雀7391"}), quote("/?q=金丝雀7391"), workbook(),
     gzip.compress(b"canary-7391", mtime=0), "金丝雀7391".encode("utf-16"), "金丝雀7391".encode().hex().upper(),
     "".join(f"&#{ord(letter)};" for letter in "金丝雀7391"), html.escape("<canary-7391>")]
    + [base64.b64encode(b"#" * shift + mark.encode() + b"##") for shift in range(3) for mark in MARKS],
)  # fmt: skip
def test_the_searcher_finds_the_mark_in_every_disguise(content):
    assert holds(content, MARKS) is True


def test_the_searcher_does_not_cry_wolf():
    assert holds("金丝雀 7391 canary 7391", MARKS) is False


# --- The database --------------------------------------------------------------------------------


def test_no_table_holds_more_than_ciphertext(planted):
    assert tables_holding(MARKS) == []
    assert {stored(need)[:5] for need in SupportNeed.objects.all()} == {"enc1:"}


def test_control_a_mark_in_a_table_a_trail_a_session_is_found(planted):
    event = AuditEvent.objects.create(at=timezone.now(), action="read_sensitive", detail={"category": "金丝雀7391甲"})
    person = planted.people[0]
    person.major = "金丝雀7391甲"
    person.save()
    session = SessionStore()
    session["category"] = "canary-7391-x"
    session.save()
    found = tables_holding(MARKS)
    assert {"accounts_auditevent", "members_person", "members_historicalperson", "session"} <= set(found)
    assert ("dump" in found) == (connection.vendor == "sqlite")
    assert event.detail == {"category": "金丝雀7391甲"}


def test_the_trail_names_neither_person_nor_category(planted):
    events = AuditEvent.objects.filter(action="read_sensitive")
    assert {event.object_type for event in events} == {"support_need"}
    assert {event.object_id for event in events} == {
        str(pk) for pk in SupportReading.objects.values_list("pk", flat=True)
    }
    assert [event.detail for event in events if event.detail] == []


def test_under_the_real_names_the_support_tables_hold_no_word_of_them(cast):
    person = cast.person("classmate")
    scope, user = scope_for(cast.user("classmate")), cast.user("classmate")
    need_services.give_consent(scope=scope, version=consent_text.VERSION, ip=None, now=timezone.now())
    need_services.record_need(person=person, codes=needs.known_codes(), scope=scope, by=user, now=timezone.now())
    need_services.read_need(person=person, scope=scope, by=user, now=timezone.now())
    words = tuple(needs.known_codes()) + tuple(str(need.label) for need in needs.NEEDS)
    assert "financial" in words
    assert "经济困难" in words
    assert [
        table for table in tables_holding(words) if table.startswith(("mentoring_support", "accounts_audit", "session"))
    ] == []


# --- The pages -----------------------------------------------------------------------------------


def may_show(name: str, address: str) -> bool:
    if address == "my_support_need_show":
        return name in OWN
    return address == "mentoring_need_show" and name in READERS


@pytest.mark.parametrize("name", RIGHTS)
def test_no_page_of_the_portal_or_the_administration_carries_it(planted, stage, name, everything_logged):
    arguments, carrying, asked = dict(house.every_address()), [], 0
    for address, (method, _letters) in house.table().items():
        if address not in arguments or method == "SKIP":
            continue
        with transaction.atomic():
            client = client_of(planted.cast, name)
            url = house.address(address, arguments[address], stage)
            answer = client.get(url) if method == "GET" else client.post(url)
            asked += 1
            if answer_holds(answer, MARKS):
                carrying.append(address)
            transaction.set_rollback(True)
    assert asked > 250
    assert carrying == [address for address in house.table() if may_show(name, address)]
    assert holds(everything_logged.text, MARKS) is False


@pytest.mark.parametrize("name", LOOKERS)
def test_the_pages_of_the_others_with_a_need_carry_it_for_their_readers_only(planted, name):
    for person in planted.people:
        url = reverse("mentoring_need_show", args=[person.pk])
        if name == "-":
            assert client_of(planted.cast, name).post(url).url.startswith("/accounts/login/")
            continue
        reads = person in need_services.readable_people(scope_for(planted.cast.user(name)))
        answer = client_of(planted.cast, name).post(url)
        is_me = person.user == planted.cast.user(name)
        assert answer.status_code == (302 if is_me else 200 if reads else 404)
        assert answer_holds(answer, MARKS) == (reads and not is_me)
        if not reads:
            assert answer_holds(client_of(planted.cast, name).get(reverse("person", args=[person.pk])), MARKS) is False


def test_control_a_mark_on_a_page_is_found(planted):
    Person.objects.filter(pk=planted.people[0].pk).update(major="金丝雀7391甲")
    client = client_of(planted.cast, "administrator")
    assert answer_holds(client.get(reverse("person", args=[planted.people[0].pk])), MARKS) is True


def test_error_pages_carry_nothing(planted, monkeypatch, everything_logged):
    person = planted.cast.person("er_probationary")
    record, show = (reverse(f"mentoring_need_{what}", args=[person.pk]) for what in ("record", "show"))
    client, mark = client_of(planted.cast, "er_secretary"), CANARIES[0].code
    answers = [
        client_of(planted.cast, "administrator").post(show),
        client_of(planted.cast, "er_member").post(record, {"codes": [mark]}),
        client.get(show),
        client.post(record, {"codes": ["nonsense"]}),
        client.post(record, {"codes": [mark], "seen": "stale"}, follow=True),
    ]

    def breaks(**values):
        codes = values["codes"]  # a local variable that a careless report would print
        raise RuntimeError(len(codes))

    monkeypatch.setattr(need_services, "record_need", breaks)
    answers.append(client.post(record, {"codes": [mark], "seen": ""}))
    # Of the answers one is a form the secretary sent back wrongly: it offers the list, and shows nothing that is recorded.
    assert [answer.status_code for answer in answers] == [404, 403, 405, 400, 200, 500]
    assert [answer_holds(answer, MARKS) for answer in answers] == [False, False, False, True, False, False]
    assert "checked" not in answers[3].content.decode().split('name="codes"', 1)[1].split("form-actions")[0]
    for _time in range(31):
        last = client.post(show)
    assert (last.status_code, answer_holds(last, MARKS)) == (429, False)
    assert holds(everything_logged.text, MARKS) is False


# --- What is taken out ---------------------------------------------------------------------------


def exports_of(cast, name: str) -> dict[str, object]:
    """Every report in both formats, and every export of the administration: what it answered."""
    answers = {}
    for report in reports:
        for suffix in ("xlsx", "csv"):
            url = reverse("report_download", args=[report.name])
            with transaction.atomic():
                answers[f"{report.name}.{suffix}"] = client_of(cast, name).post(
                    url, {"purpose": "月报", "format": suffix}
                )
                transaction.set_rollback(True)
    for address, _arguments in house.every_address():
        if address.startswith("admin:") and address.endswith("_export"):
            url, client = reverse(address), client_of(cast, name)
            with transaction.atomic():
                answers[address] = client.post(url, {"purpose": "月报"})
                transaction.set_rollback(True)
    return answers


@pytest.mark.parametrize(
    "name", ["er_secretary", "liu_secretary", "counsellor", "civil_organiser", "college_organiser", "administrator"]
)
def test_no_export_carries_it(planted, name):
    answers = exports_of(planted.cast, name)
    assert {answer.status_code for answer in answers.values()} <= {200, 302, 403}
    assert [key for key, answer in answers.items() if answer_holds(answer, MARKS)] == []


def test_control_a_mark_in_an_export_is_found(planted):
    Person.objects.filter(pk__in=[person.pk for person in planted.people]).update(name="金丝雀7391甲")
    answers = exports_of(planted.cast, "college_organiser")
    carrying = {key for key, answer in answers.items() if answer_holds(answer, MARKS)}
    assert {"admin:members_member_export", "admin:members_person_export"} <= carrying


def test_the_operators_exports_and_dumps_carry_nothing(planted, tmp_path):
    for report in reports:
        for suffix in ("xlsx", "csv"):
            target = tmp_path / f"{report.name}.{suffix}"
            call_command("export_report", report.name, out=str(target), stderr=io.StringIO())
            assert holds(target.read_bytes(), MARKS) is False
    out = io.StringIO()
    call_command("dumpdata", stdout=out)
    assert '"mentoring.supportneed"' in out.getvalue()
    assert holds(out.getvalue(), MARKS) is False
    assert "canary" not in f"{[str(row) for row in SupportNeed.objects.all()]}{SupportNeed.objects.all()!r}"


def test_ones_own_download_carries_nothing(planted):
    for name in (*OWN, "er_member", "er_secretary"):
        answer = client_of(planted.cast, name).post(reverse("account_data"))
        assert (answer.status_code, answer_holds(answer, MARKS)) == (200, False)


# --- Messages and logs ---------------------------------------------------------------------------


def test_no_notice_no_mail_and_no_line_of_the_log_carries_it(planted, fixed_clock, everything_logged):
    for user in planted.cast.users.values():
        user.email = f"{user.username}@example.edu"
        user.save()
    for days in (0, 1, 8, 40, 100):
        fixed_clock.move_to(
            dt.datetime(2026, 10, 28, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))) + dt.timedelta(days=days)
        )
        call_command("send_reminders", stdout=io.StringIO())
    sent = [f"{one.subject}{one.body}{one.extra_headers}{getattr(one, 'alternatives', '')}" for one in mail.outbox]
    assert Notice.objects.count() > 1
    assert [text for text in sent if holds(text, MARKS)] == []
    for name in ("er_probationary", "er_member", "er_secretary"):
        assert answer_holds(client_of(planted.cast, name).get(reverse("notices")), MARKS) is False
    assert tables_holding(MARKS) == []
    assert holds(everything_logged.text, MARKS) is False
    assert "request_finished" in everything_logged.text


def test_control_a_mark_in_a_mail_and_in_a_log_is_found(planted, everything_logged):
    mail.send_mail("x", "您的帮扶对象：金丝雀7391甲", "a@example.edu", ["b@example.edu"])
    assert [holds(one.body, MARKS) for one in mail.outbox[-1:]] == [True]
    logging.getLogger("mentoring").debug("recorded %s", ["canary-7391-fina"])
    assert holds(everything_logged.text, MARKS) is True


# --- Asking sideways -----------------------------------------------------------------------------


def paths_to_a_need(model: type[models.Model]) -> list[str]:
    """Lookups from a model of the administration over a person to the encrypted column."""
    if issubclass(model, Person):
        return ["support_need__codes", "support_consents__needs__codes"]
    fields = [
        field.name
        for field in model._meta.get_fields()
        if getattr(field, "related_model", None) is Person and field.concrete
    ]
    return [f"{name}__support_need__codes" for name in fields]


@pytest.mark.parametrize("name", ["administrator", "er_secretary", "counsellor", "college_organiser"])
def test_no_list_of_the_administration_answers_questions_about_it(planted, name):
    client, asked = client_of(planted.cast, name), 0
    for model in admin.site._registry:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        if client.get(url).status_code != 200:
            continue
        for path in paths_to_a_need(model):
            for lookup in ("__startswith", "", "__regex", "__isnull", "__contains"):
                answer = client.get(url, {f"{path}{lookup}": "1"})
                assert (url, path, lookup, answer.status_code) == (url, path, lookup, 400)
                asked += 1
        for order in ({"o": "support_need__codes"}, {"order_by": "support_need__codes"}):
            assert client.get(url, order).status_code in {200, 302, 400}
    assert asked > 0


def body_of(answer) -> str:
    """The page without what differs each time."""
    return re.sub(r"[A-Za-z0-9+/=_-]{22,}", "", answer.content.decode())


@pytest.mark.parametrize("name", ["er_secretary", "counsellor", "civil_organiser", "administrator"])
@pytest.mark.parametrize("address", ["people", "search", "reports", "mentoring_needs"])
def test_parameters_and_searches_tell_right_from_wrong_nowhere(planted, name, address):
    client, url = client_of(planted.cast, name), reverse(address)
    for key in (
        "support_need__codes__startswith",
        "support_need",
        "codes",
        "need",
        "category",
        "order_by",
        "fields",
        "q",
    ):
        right, wrong = client.get(url, {key: "canary"}), client.get(url, {key: "kanary"})
        assert right.status_code == wrong.status_code
        assert body_of(right).replace("canary", "?") == body_of(wrong).replace("kanary", "?")


def test_consents_and_readings_are_ones_own(planted):
    for model in (SupportConsent, SupportReading):
        for name in LOOKERS[1:]:
            scope = scope_for(planted.cast.user(name))
            assert {row.person_id for row in model.objects.visible_to(scope)} - {scope.person_id} == set()
