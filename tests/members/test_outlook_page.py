"""What the calendar allows, on screen: a person's line and list, a cohort's sentence, deadlines, who may look, what it costs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from branches.policy import RULES
from members.models import Absence, Person
from members.outlook import LifeFacts, outlook
from members.timeline import WIDTH, Axis, axis_of, lay_out, next_march, ticks_of
from tests.members.process_crew import somebody

D = dt.date
TODAY = D(2026, 10, 28)
days = st.dates(D(2020, 1, 1), D(2032, 12, 31))


def number(key):
    return RULES[key].default


# --- Geometry --------------------------------------------------------------------------------------


def look(**facts):
    dates = {name: facts.pop(name, None) for name in ("applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on")}  # fmt: skip
    return outlook(LifeFacts(dates, **facts), number=number, today=TODAY)


def test_a_day_lies_where_its_share_of_the_line_is():
    axis = Axis(D(2026, 1, 1), D(2026, 1, 11), 100)

    assert [axis.x(on) for on in (D(2026, 1, 1), D(2026, 1, 6), D(2026, 1, 11), D(2025, 1, 1), D(2027, 1, 1))] == [0, 50, 100, 0, 100]  # fmt: skip


def test_the_line_spans_whole_half_years():
    axis = axis_of([look(applied_on=D(2026, 9, 20), leaves_on=D(2029, 6, 30))], TODAY)

    assert (axis.first, axis.last) == (D(2026, 7, 1), D(2029, 7, 1))
    assert [tick.on for tick in ticks_of(axis)][:3] == [D(2026, 9, 1), D(2027, 3, 1), D(2027, 9, 1)]


def test_an_open_absence_reaches_the_end_of_the_line():
    found = look(applied_on=D(2026, 9, 20), leaves_on=D(2029, 6, 30), away=[(D(2029, 1, 1), None)])
    line = lay_out(found, axis_of([found], TODAY), away=[(D(2029, 1, 1), None)], today=TODAY)

    assert (line.bands[0].is_open, line.bands[0].x + line.bands[0].width) == (True, WIDTH)
    assert [line.limit_x, line.leaves_x] == sorted([line.limit_x or 0, line.leaves_x or 0])


@given(applied=st.none() | days, leaves=st.none() | days, away=st.lists(st.tuples(days, st.none() | days), max_size=3))
def test_everything_lies_on_the_line_in_the_order_of_its_days(applied, leaves, away):
    spans = [(first, last) for first, last in away if last is None or last >= first]
    found = look(applied_on=applied, leaves_on=leaves, away=spans)
    line = lay_out(found, axis_of([found], TODAY), away=spans, today=TODAY)

    assert all(0 <= mark.x <= WIDTH for mark in line.marks)
    assert all(0 <= band.x <= band.x + band.width <= WIDTH + 0.1 for band in line.bands)
    assert [mark.x for mark in sorted(line.marks, key=lambda mark: mark.on)] == sorted(mark.x for mark in line.marks)


@pytest.mark.parametrize(
    ("today", "expected"),
    [(D(2026, 10, 28), D(2027, 3, 1)), (D(2027, 2, 28), D(2027, 3, 1)), (D(2027, 3, 1), D(2028, 3, 1))],
)
def test_the_day_to_try_is_the_next_first_of_march(today, expected):
    assert next_march(today) == expected


# --- A person --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_line_and_the_list_say_the_same(cast, sign_in):
    person = somebody(cast, applied_on=D(2026, 9, 20), graduates_on=D(2029, 6, 30))
    Absence.objects.create(person=person, from_on=D(2028, 1, 3), to_on=D(2028, 6, 30))
    page = sign_in("er_secretary").get(reverse("person_outlook", args=[person.pk]))
    words = page.content.decode()

    assert [row["milestone"].on for row in page.context["milestones"]] == [
        D(2026, 9, 20), TODAY, D(2027, 10, 28), D(2028, 7, 1), D(2029, 7, 1),
    ]  # fmt: skip
    assert page.context["words"] == [
        "最早可于2028年7月1日接收为预备党员，须不迟于2029年3月30日（规则 R13）。", "须不迟于2027年12月30日确定为入党积极分子。",
        "预备期于2029年7月1日期满，届时不在校：请现在就安排由谁讨论、在何处讨论，可由结对支部代办或转接组织关系。",
    ]  # fmt: skip
    assert ("R13" in words, "2028年7月1日" in words, "/pairings/continuity/" in words) == (True, True, True)


@pytest.mark.django_db
def test_who_leaves_too_soon_is_told_so(cast, sign_in):
    person = somebody(cast, applied_on=D(2026, 9, 20), graduates_on=D(2027, 6, 30))
    page = sign_in("er_secretary").get(reverse("person_outlook", args=[person.pk]))

    assert page.context["row"].badge[0] == "late"
    assert "2027年3月30日" in page.context["words"][0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("to_on", "words"),
    [
        (D(2027, 4, 30), "预备期于2027年4月27日期满，届时不在校；2027年5月1日起返校，可在返校后召开支部大会，党龄仍从2027年4月27日算起（规则 R17、R19）。"),
        (D(2027, 6, 30), "预备期于2027年4月27日期满，届时不在校：请现在就安排由谁讨论、在何处讨论，可由结对支部代办或转接组织关系。"),
        (D(2027, 4, 26), "预备期于2027年4月27日期满，届时在校。"),
    ],
    ids=["back before leaving", "away until leaving", "back the day before"],
)  # fmt: skip
def test_a_conversion_off_campus_shows_its_lawful_way_out(cast, sign_in, to_on, words):
    person = somebody(
        cast, applied_on=D(2024, 9, 14), activist_on=D(2025, 1, 12), candidate_on=D(2026, 2, 3), admitted_on=D(2026, 4, 27),
        graduates_on=D(2027, 6, 30),
    )  # fmt: skip
    Absence.objects.create(person=person, from_on=D(2026, 11, 2), to_on=to_on)

    assert sign_in("er_secretary").get(reverse("person_outlook", args=[person.pk])).context["words"] == [words]


@pytest.mark.django_db
def test_nothing_known_is_said_and_not_guessed(cast, sign_in):
    person = somebody(cast, born_on=None, graduates_on=None)

    assert sign_in("er_secretary").get(reverse("person_outlook", args=[person.pk])).status_code == 200


# --- A cohort --------------------------------------------------------------------------------------


@pytest.fixture
def cohort(cast):
    """Four applicants of 2026: two of three years, who fit, one who leaves too soon, one without a day of leaving; nobody else."""
    Person.objects.filter(stage__in=("applicant", "activist", "candidate")).update(
        stage="league_member", applied_on=None, activist_on=None, candidate_on=None, is_league_member=True
    )
    common = {"enrolment_year": 2026, "applied_on": D(2026, 9, 20), "programme": "diploma"}
    somebody(cast, "1", name="甲", graduates_on=D(2029, 6, 30), **common)
    somebody(cast, "2", name="乙", graduates_on=D(2028, 6, 30), **common)
    somebody(cast, "3", name="丙", graduates_on=D(2027, 6, 30), **common)
    somebody(cast, "4", name="丁", graduates_on=None, **common)
    return cast


@pytest.mark.django_db
def test_the_sentence_counts_who_fits_and_the_day_to_try_makes_it_fewer(cohort, sign_in):
    client, address = sign_in("er_secretary"), reverse("outlook")
    page = client.get(address, {"stage": "applicant", "year": "2026"})

    assert page.context["sentence"] == "4 名 2026 级入党申请人中，3 人在校期间可接收为预备党员。"
    assert page.context["trial"] == "若到2027年3月1日才确定为入党积极分子，则为 2 人。"
    tried = {by: client.get(address, {"stage": "applicant", "by": by}).context["trial"][-4:] for by in ("2026-12-30", "2026-12-31", "2027-12-31")}  # fmt: skip
    assert {by: words.strip("。 人") for by, words in tried.items()} == {
        "2026-12-30": "3",
        "2026-12-31": "2",
        "2027-12-31": "1",
    }


@pytest.mark.django_db
def test_what_has_to_happen_is_grouped_by_its_day(cohort, sign_in):
    page = sign_in("er_secretary").get(reverse("outlook"))

    assert [(row.on, [person.name for person in row.people]) for row in page.context["deadlines"]] == [
        (D(2026, 12, 30), ["乙"]), (D(2027, 12, 30), ["甲"]), (None, ["丁"]),
    ]  # fmt: skip
    assert [row.person.name for row in page.context["lost"]] == ["丙"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "names"),
    [({"branch": "er"}, ["甲", "乙", "丙", "丁"]), ({"branch": "san"}, []), ({"year": "2025"}, []), ({"stage": "candidate"}, [])],
    ids=["own branch", "another branch", "another year", "another stage"],
)  # fmt: skip
def test_the_filter_stands_in_the_address(cohort, sign_in, query, names):
    query = {key: getattr(cohort, value).pk if key == "branch" else value for key, value in query.items()}
    page = sign_in("er_secretary").get(reverse("outlook"), query)

    assert [row.person.name for row in page.context["rows"]] == names


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", [{"year": "abc"}, {"by": "2026-02-30"}, {"stage": "full"}, {"branch": "999999"}], ids=str
)
def test_a_filter_that_is_none_is_refused_with_words(cohort, sign_in, query):
    page = sign_in("er_secretary").get(reverse("outlook"), query)

    assert (page.status_code, list(page.context["form"].errors)) == (400, list(query))


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["er_member", "counsellor", "league_secretary", "administrator", "stranger"])
def test_a_cohort_is_for_who_runs_a_branch(cohort, sign_in, who):
    assert sign_in(who).get(reverse("outlook")).status_code == 403


@pytest.mark.django_db
def test_the_page_costs_the_same_for_four_and_for_two_hundred(cohort, sign_in, django_assert_max_num_queries):
    client = sign_in("er_secretary")
    for index in range(200):
        somebody(cohort, f"9{index:03}", applied_on=D(2026, 9, 20), graduates_on=D(2029, 6, 30))
    client.get(reverse("outlook"))

    with django_assert_max_num_queries(18):
        assert len(client.get(reverse("outlook")).context["rows"]) == 200
