"""Dashboards: every number is the sum of the rows it opens, for who may see them, at a fixed price."""

from __future__ import annotations

import datetime as dt
import random
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activities.models import Activity, ActivityHost, ActivityKind, LogEntry
from branches.models import Department, PartyBranch
from members.access import scope_for
from members.models import Person, StaffRole
from mentoring.models import Mentorship
from reports.dashboards.base import ALL, read_figure
from reports.dashboards.page import CHARTS, SOURCES, rows_behind
from reports.dashboards.rollup import rebuild_rollup
from reports.dashboards.selection import DashboardFilter, select
from reports.supervision.base import watched_branches
from tests.reports.test_rollup import NOW, entry, random_entries

TODAY = dt.date(2026, 10, 28)
DAY = dt.timedelta(days=1)
WHO = ("civil_organiser", "college_organiser", "er_secretary", "liu_secretary", "mech_organiser", "san_secretary")
ADDRESSES = ({}, {"first": "2026-08-10", "last": "2026-10-28"}, {"period": "2026"}, {"period": "2026-10"})


def selection_of(cast, name: str, **asked):
    scope = scope_for(cast.user(name))
    branches = watched_branches(scope)
    chosen = DashboardFilter({key: str(value) for key, value in asked.items()}, branches=branches, today=TODAY)
    assert chosen.is_valid(), chosen.errors
    return select(scope, chosen, list(branches), TODAY)


def random_activities(cast, luck: random.Random) -> None:
    kinds = list(ActivityKind.objects.all())
    hosts = [cast.er, cast.san, cast.si, cast.liu]
    user = cast.user("er_secretary")
    for number in range(30):
        starts = NOW - luck.randrange(150) * DAY
        state = luck.choice(("draft", "published", "finished", "finished", "cancelled"))
        more = {"finished_by": user, "finished_at": NOW, "counted_minutes": 60} if state == "finished" else {}
        more |= {"cancel_reason": "下雨"} if state == "cancelled" else {}
        party, *others = luck.sample(hosts, 2)
        host = {"league_branch": cast.one} if luck.random() < 0.2 else {"party_branch": party}
        row = Activity.objects.create(
            kind=luck.choice(kinds), title=f"活动{number}", starts_at=starts, ends_at=starts + dt.timedelta(hours=1), state=state,
            created_by=user, created_at=NOW, check_in_secret="x", **host, **more,
        )  # fmt: skip
        if "party_branch" in host and luck.random() < 0.4:
            ActivityHost.objects.create(activity=row, party_branch=others[0])


def random_links(cast, luck: random.Random) -> None:
    now = timezone.now()
    couples = [("er_member", "er_probationary", cast.er), ("er_secretary", "er_probationary", cast.er), ("liu_member", "liu_activist", cast.liu), ("san_member", "san_activist", cast.san)]  # fmt: skip
    for mentor, mentee, branch in couples:
        Mentorship.objects.create(
            tier=3, mentor=cast.person(mentor), mentee=cast.person(mentee), party_branch=branch, state=luck.choice(("active", "active", "draft")),
            starts_on=TODAY - luck.randrange(120) * DAY, published_at=now, created_at=now,
        )  # fmt: skip


def random_lectures(cast, luck: random.Random) -> None:
    from activities.models import Lecture, LectureAudience, QuotaExemption, Textbook

    book = Textbook.objects.filter(is_prescribed=True).first() or Textbook.objects.create(
        title="读本", is_prescribed=True
    )
    for _number in range(14):
        lecture = Lecture.objects.create(
            on=dt.date(2026, 10, 5) + luck.randrange(24) * DAY, minutes=luck.choice((20, 40)), textbook=book, state="delivered",
            recorded_by=cast.user("liu_member"), recorded_at=NOW,
        )  # fmt: skip
        LectureAudience.objects.create(
            lecture=lecture,
            league_branch=cast.one,
            state="confirmed",
            confirmed_by=cast.user("league_secretary"),
            confirmed_at=NOW,
        )
    if luck.random() < 0.5:
        QuotaExemption.objects.create(
            league_branch=cast.one, from_on=dt.date(2026, 10, 12), to_on=dt.date(2026, 10, 13), reason="internship", state="granted",
            decided_by=cast.user("liu_secretary"), decided_at=NOW, asked_by=cast.user("league_secretary"), asked_at=NOW,
        )  # fmt: skip


@pytest.fixture(params=range(3))
def random_college(cast, request):
    luck = random.Random(request.param)  # sample rows, not secrets
    random_entries(cast, request.param, 80)
    random_activities(cast, luck)
    random_links(cast, luck)
    random_lectures(cast, luck)
    rebuild_rollup(now=NOW)
    return cast


def test_every_number_is_the_sum_of_the_rows_it_opens(random_college):
    looked_at, with_something = 0, set()
    for name in WHO:
        for asked in ADDRESSES if name == "college_organiser" else ADDRESSES[:1]:
            selection = selection_of(random_college, name, **asked)
            for source in SOURCES.values():
                for line in read_figure(source, selection).lines:
                    for cell in [*line.cells, *([line.total] if line.total else [])]:
                        column = cell.column.key if cell is not line.total else ALL
                        behind = rows_behind(source, selection, line.axis.key, column)
                        looked_at += 1
                        assert behind.rows.amount() == cell.value or (not cell.value and not behind.rows.amount()), (name, asked, source.key, line.axis.key, column)  # fmt: skip
                        shown = behind.rows.show(list(behind.rows.items[:500]))
                        if source.in_words.__name__ == "number" and source.key != "forms":
                            assert len(shown) == cell.value
                        assert bool(shown) == bool(cell.value) or source.key == "timeliness"
                        if cell.value:
                            with_something.add(source.key)
    assert with_something == set(SOURCES)
    assert looked_at > 500


def test_a_department_is_the_sum_of_its_branches(random_college):
    whole = selection_of(random_college, "mech_organiser")
    for key in ("hours", "example", "theory", "lines"):
        source = SOURCES[key]
        if key == "lines":
            continue  # an activity of two branches counts once for both
        parts = [
            selection_of(random_college, "mech_organiser", branch=branch.pk)
            for branch in (random_college.er, random_college.san, random_college.si)
        ]
        figures = [source.read(part, source.axes(part)) for part in parts]
        found = source.read(whole, source.axes(whole))
        assert sum(found.values()) == sum(sum(figure.values()) for figure in figures) > 0


def test_a_filter_by_department_reads_the_same_as_its_organiser(random_college):
    theirs = selection_of(random_college, "civil_organiser")
    ours = selection_of(random_college, "college_organiser", department=random_college.civil.pk)
    for source in SOURCES.values():
        assert source.read(ours, source.axes(ours)) == source.read(theirs, source.axes(theirs)), source.key


def test_the_rows_of_the_page_are_those_of_the_scope(client, cast):
    entry(cast, "er_member", dt.date(2026, 10, 5), minutes=90)
    entry(cast, "san_member", dt.date(2026, 10, 5), minutes=30)
    rebuild_rollup(now=NOW)
    client.force_login(cast.user("er_secretary"))
    page = client.get(reverse("dashboard_rows", args=["hours"]), {"line": "2026-10", "column": "self_study"})
    assert page.context["amount"] == "1.5"
    assert [row.title for row in page.context["rows"]] == [cast.person("er_member").name]
    assert cast.person("san_member").name not in page.content.decode()
    # The neighbour's branch is not one that can be asked for.
    assert client.get(reverse("dashboards"), {"branch": cast.san.pk}).status_code == 400


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("administrator", 403), ("classmate", 403), ("college_organiser", 200), ("counsellor", 403), ("er_deputy", 200), ("er_member", 403),
        ("er_secretary", 200), ("league_secretary", 403), ("mech_organiser", 200), ("stranger", 403),
    ],
)  # fmt: skip
def test_who_sees_dashboards(client, cast, name, status):
    client.force_login(cast.user(name))
    assert client.get(reverse("dashboards")).status_code == status
    for key in sorted(SOURCES):
        assert client.get(reverse("dashboard_rows", args=[key])).status_code == status


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("", (2026, 9, 1), (2027, 8, 31)), ("2026-2027", (2026, 9, 1), (2027, 8, 31)), ("2026", (2026, 1, 1), (2026, 12, 31)),
        ("2026-02", (2026, 2, 1), (2026, 2, 28)), ("term", (2026, 9, 7), (2027, 1, 24)),
    ],
)  # fmt: skip
def test_what_a_period_of_the_address_means(cast, period, first, last):
    period = f"term-{cast.term.pk}" if period == "term" else period
    found = selection_of(cast, "er_secretary", period=period).period
    assert (found.first, found.last) == (dt.date(*first), dt.date(*last))


BAD = (
    {"period": "3000"}, {"period": "term-0"}, {"first": "2026-10-01"}, {"first": "2026-10-02", "last": "2026-10-01"},
    {"first": "1999-01-01", "last": "2000-01-01"}, {"first": "2001-01-01", "last": "2026-01-01"}, {"first": "x", "last": "y"},
    {"department": "0"}, {"branch": "a"}, {"branch": "99999999999999999999"}, {"branch": "\x00"}, {"first": "0000-00-00", "last": "9999-99-99"},
)  # fmt: skip


@pytest.mark.parametrize("asked", BAD, ids=str)
def test_a_bad_address_is_a_400(client, cast, asked):
    client.force_login(cast.user("college_organiser"))
    assert client.get(reverse("dashboards"), asked).status_code == 400
    assert client.get(reverse("dashboard_rows", args=["hours"]), asked).status_code == 400


def test_a_line_or_column_or_figure_that_is_not_there(client, cast):
    client.force_login(cast.user("college_organiser"))
    for key in sorted(SOURCES):
        for asked in ({"line": "nowhere"}, {"column": "nothing"}, {"line": "\x00"}):
            assert client.get(reverse("dashboard_rows", args=[key]), asked).status_code == 400
    assert client.get(reverse("dashboard_rows", args=["other"])).status_code == 404
    assert client.post(reverse("dashboards")).status_code == 405


def test_a_branch_and_a_department_that_do_not_go_together(client, cast):
    client.force_login(cast.user("college_organiser"))
    answer = client.get(reverse("dashboards"), {"branch": cast.er.pk, "department": cast.civil.pk})
    assert answer.status_code == 400
    assert list(answer.context["filter"].errors) == ["branch"]


def test_every_address_on_the_page_leads_to_its_rows(client, random_college):
    client.force_login(random_college.user("mech_organiser"))
    page = client.get(reverse("dashboards"), {"first": "2026-08-10", "last": "2026-10-28"}).content.decode()
    addresses = sorted(
        {found.replace("&amp;", "&") for found in re.findall(r'href="(/reports/dashboards/rows/[^"]+)"', page)}
    )
    assert len(addresses) > 30
    for address in addresses[:: len(addresses) // 12]:
        assert client.get(address).status_code == 200
    assert "data-table" in page
    assert "截至" in page or "as of" in page


def test_an_empty_portal_says_what_to_do(client, cast):
    client.force_login(cast.user("liu_secretary"))
    page = client.get(reverse("dashboards"))
    assert page.context["dashboard"].made_at is None
    empty = {figure.source.key for figure in page.context["dashboard"].charts if figure.is_empty}
    assert {"hours", "lines", "timeliness", "health"} <= empty
    assert client.get(reverse("dashboard_rows", args=["hours"])).context["amount"] == "0.0"
    # A period that has not begun has nothing, and says so.
    later = client.get(reverse("dashboards"), {"first": "2027-01-01", "last": "2027-02-01"})
    assert later.status_code == 200
    assert [figure.lines for figure in later.context["dashboard"].problems] == [[], [], []]


def cost(client, cast, name: str, address: str, asked: dict[str, str]) -> int:
    client.force_login(cast.user(name))
    client.get(address, asked)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, asked).status_code == 200
    return len(captured)


def test_the_page_costs_the_same_for_one_branch_and_for_many(client, random_college):
    asked = {"first": "2026-08-10", "last": "2026-10-28"}
    one = cost(
        client, random_college, "mech_organiser", reverse("dashboards"), asked | {"branch": random_college.er.pk}
    )
    three = cost(client, random_college, "mech_organiser", reverse("dashboards"), asked)
    for number in range(30):
        PartyBranch.objects.create(department=random_college.mech, name=f"第{number}党支部", kind="mixed")
    many = cost(client, random_college, "mech_organiser", reverse("dashboards"), asked)
    # The chosen branch is one query more: it is looked up for the filter.
    assert one - 1 == three == many


@pytest.mark.parametrize("key", sorted(SOURCES))
def test_a_page_of_rows_costs_the_same_for_one_row_and_for_three(client, cast, key):
    asked = {"first": "2026-10-01", "last": "2026-10-28"}
    counts = []
    for turn in range(2):
        for _number in range(1 + turn):
            fill_one(cast, _number + turn)
        rebuild_rollup(now=NOW)
        counts.append(cost(client, cast, "college_organiser", reverse("dashboard_rows", args=[key]), asked))
    assert counts[0] == counts[1]


def fill_one(cast, number: int) -> None:
    """One more of everything."""
    luck = random.Random(number)  # sample rows, not secrets
    for purpose in ("self_study", "service"):
        entry(cast, "er_member", TODAY - (2 + number) * DAY, purpose=purpose)
    starts = NOW - DAY
    Activity.objects.create(
        kind=luck.choice(list(ActivityKind.objects.all())), title=f"活动{number}", starts_at=starts, ends_at=starts + dt.timedelta(hours=1),
        state="finished", party_branch=cast.er, finished_by=cast.user("er_secretary"), finished_at=NOW, counted_minutes=60,
        created_by=cast.user("er_secretary"), created_at=NOW, check_in_secret="x",
    )  # fmt: skip
    if number < 3:
        mentor = ("er_member", "er_secretary", "er_deputy")[number]
        Mentorship.objects.create(
            tier=3, mentor=cast.person(mentor), mentee=cast.person("er_probationary"), party_branch=cast.er, state="active",
            starts_on=TODAY - 50 * DAY, published_at=NOW, created_at=NOW,
        )  # fmt: skip


def test_figures_of_people_are_those_of_today(cast):
    selection = selection_of(cast, "er_secretary")
    pairing = read_figure(SOURCES["pairings"], selection)
    members = Person.objects.members().filter(party_branch=cast.er).count()
    assert [(cell.column.key, cell.value) for cell in pairing.lines[0].cells] == [("paired", 0), ("unpaired", members)]
    assert LogEntry.objects.count() == 0
    assert [source.key for source in CHARTS] == [
        "pairings", "health", "quota", "lines", "pipeline", "hours", "timeliness",
    ]  # fmt: skip


def test_a_department_without_branches_says_where_to_begin(client, cast):
    bare = Department.objects.create(name="新建系")
    user = User.objects.create_user(username="bare")
    StaffRole.objects.create(user=user, kind="organiser", department=bare)
    client.force_login(user)
    page = client.get(reverse("dashboards"))
    assert page.status_code == 200
    assert page.context["selection"].in_words()[1:] == ["0 个党支部"]
    assert f'href="{reverse("organisation")}"' in page.content.decode()
    for key in sorted(SOURCES):
        assert client.get(reverse("dashboard_rows", args=[key])).status_code == 200


@pytest.mark.parametrize("name", ["college_organiser", "er_deputy", "er_secretary", "mech_organiser"])
def test_every_next_step_of_an_empty_figure_is_open_to_who_sees_it(client, cast, name):
    client.force_login(cast.user(name))
    for source in CHARTS:
        assert source.empty
        if source.see_also:
            assert client.get(reverse(source.see_also)).status_code == 200, source.see_also


def test_what_is_looked_at_stands_in_words(cast):
    assert selection_of(cast, "er_secretary").in_words() == ["2026–2027 学年", cast.er.short_name]
    assert selection_of(cast, "mech_organiser").in_words() == ["2026–2027 学年", str(cast.mech), "3 个党支部"]
    assert selection_of(cast, "college_organiser").in_words()[2:] == []
    assert selection_of(cast, "college_organiser", branch=cast.liu.pk, period="2026-10").in_words() == ["2026年10月", cast.liu.short_name]  # fmt: skip
