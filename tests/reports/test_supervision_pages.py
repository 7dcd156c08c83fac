"""The figures of the three weaknesses, the table of rules, and what the pages cost."""

from __future__ import annotations

import datetime as dt
import importlib
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.models import LogEntry
from members.rules import RULES
from mentoring.models import Mentorship
from reports.supervision.coverage import COVERAGE, covered
from reports.supervision.figures import confirmation_days, three_figures
from reports.supervision.sources import BY_KEY, SOURCES

TODAY = dt.date(2026, 10, 28)
PLACES = [place for place in COVERAGE if place.is_checked]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.rule)
def test_what_acts_by_a_rule_is_where_the_table_says(place):
    module_name, name = place.acts.split(":")
    module = importlib.import_module(module_name)
    assert hasattr(module, name)
    text = Path(module.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r"R\d\d", text)) | {f"R{n}" for n in range(70, 76) if "R70–R75" in text}
    assert place.rule in named
    assert reverse(place.page).startswith("/")


def test_every_rule_stands_in_the_table_once():
    known = [
        f"R{n:02}"
        for n in [*range(1, 21), *range(30, 36), 40, 41, 42, 50, 51, 60, 61, *range(70, 76), *range(80, 87), 90, 91]
    ]
    assert [place.rule for place in COVERAGE] == known
    assert covered() == (len(PLACES), 48)
    assert set(RULES) <= set(known)
    assert {source.rule for source in SOURCES} - {""} <= {place.rule for place in PLACES}


def test_sources_have_keys_of_their_own_that_fit_the_column():
    assert len(BY_KEY) == len(SOURCES)
    assert max(len(key) for key in BY_KEY) <= 40


def entry(cast, name: str, on: dt.date, confirmed_after: int | None) -> None:
    at = timezone.make_aware(dt.datetime.combine(on, dt.time(12)))
    confirmed = {} if confirmed_after is None else {
        "state": "confirmed", "confirmed_by": cast.user("er_secretary"), "confirmed_at": at + dt.timedelta(days=confirmed_after)
    }  # fmt: skip
    LogEntry.objects.create(
        person=cast.person(name), on=on, minutes=30, purpose="self_study", summary="学习", created_at=at, submitted_at=at,
        **confirmed,
    )  # fmt: skip


def test_the_third_figure_is_the_median_from_activity_to_confirmation(cast):
    for days in (1, 2, 9):
        entry(cast, "er_member", dt.date(2026, 10, 10), days)
    entry(cast, "er_member", dt.date(2026, 10, 10), None)
    entry(cast, "er_member", dt.date(2026, 9, 2), 30)
    entry(cast, "san_member", dt.date(2026, 10, 10), 4)
    assert sorted(confirmation_days([cast.er.pk], TODAY)) == [1, 2, 9]
    assert [figure.value for figure in three_figures([cast.er.pk], TODAY)] == [f"{len(PLACES)}/48", "—", "2.0"]


def test_the_second_figure_is_the_share_of_links_with_a_talk(cast):
    now = timezone.now()
    links = [
        Mentorship.objects.create(
            tier=3, mentor=cast.person(mentor), mentee=cast.person("er_probationary"), party_branch=cast.er, state="active",
            starts_on=dt.date(2026, 7, 1), published_at=now, created_at=now,
        )
        for mentor in ("er_member", "er_deputy")
    ]  # fmt: skip
    LogEntry.objects.create(
        person=cast.person("er_member"), on=dt.date(2026, 10, 20), minutes=30, purpose="mentoring", mentorship=links[0],
        summary="谈话", created_at=now, submitted_at=now, state="confirmed", confirmed_by=cast.user("er_secretary"), confirmed_at=now,
    )  # fmt: skip
    assert three_figures([cast.er.pk], TODAY)[1].value == "50%"
    assert three_figures([cast.san.pk], TODAY)[1].value == "—"


def test_the_workbench_of_a_department_shows_the_three_figures(sign_in):
    assert len(sign_in("mech_organiser").get("/").context["weaknesses"]) == 3
    assert "weaknesses" not in sign_in("er_secretary").get("/").context


def queries(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


@pytest.mark.parametrize("address", ["/reports/supervision/", "/reports/supervision/list/"])
def test_one_branch_and_three_cost_the_same(sign_in, cast, address):
    """Er, San and Si with entries, tasks and links of their own."""
    now = timezone.now()
    for name in ("er_member", "san_member", "si_secretary"):
        entry(cast, name, dt.date(2026, 10, 10), None)
    for branch, mentor, mentee in (
        (cast.er, "er_member", "er_probationary"),
        (cast.san, "san_secretary", "san_member"),
    ):
        Mentorship.objects.create(
            tier=3, mentor=cast.person(mentor), mentee=cast.person(mentee), party_branch=branch, state="active",
            starts_on=dt.date(2026, 7, 1), published_at=now, created_at=now,
        )  # fmt: skip
    client = sign_in("mech_organiser")
    one = queries(client, f"{address}?branch={cast.er.pk}")
    assert queries(client, address) <= one
