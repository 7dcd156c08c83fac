"""What holds for every week, calendar and set of lectures; and that the database counts as the pure rules do."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.lectures.board import QuotaContext, board_rows
from activities.lectures.counts import Totals, branch_cells, department_totals
from activities.models import Lecture, LectureAudience, NoLecture, QuotaExemption, Textbook
from activities.quota import (
    LectureFact,
    QuotaRules,
    WeekState,
    is_quota_week,
    lectures_owed,
    monday_of,
    quota_days,
    quota_weeks,
    season_start,
    week_status,
)
from branches.calendar import Calendar, TermSpan
from branches.models import LeagueBranch, PolicyValue
from tests.conftest import TODAY

AUTUMN = TermSpan(dt.date(2026, 9, 7), 18, 2, "autumn", 2026)
SPRING = TermSpan(dt.date(2027, 3, 1), 18, 2, "spring", 2026)
TERMS = (AUTUMN, SPRING)
# A busy machine is no fault of a rule.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
days = st.dates(dt.date(2026, 8, 1), dt.date(2027, 8, 31))
mondays = days.map(monday_of)
calendars = st.dictionaries(days, st.sampled_from(["holiday", "makeup", "exam", "break"]), max_size=12).map(
    lambda different: Calendar(TERMS, different)
)
rules = st.builds(
    QuotaRules,
    lectures_a_week=st.integers(1, 7),
    min_minutes=st.sampled_from([10, 30, 45]),
    textbook_required=st.booleans(),
    season_month=st.integers(9, 12),
    season_day=st.integers(1, 28),
    whole_year=st.booleans(),
    min_teaching_days=st.integers(1, 5),
    short_weeks_pro_rata=st.booleans(),
)
exemptions = st.lists(st.tuples(days, st.integers(0, 20)), max_size=3).map(
    lambda found: [(first, first + dt.timedelta(days=length)) for first, length in found]
)
# From the worst to the best, for a League branch that owes.
RANK = {WeekState.MISSED: 0, WeekState.RUNNING: 0, WeekState.MET: 1, WeekState.EXEMPT: 2, WeekState.NOT_OWED: 3}


@st.composite
def lectures_of(draw, monday: dt.date) -> list[LectureFact]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        on = monday + dt.timedelta(days=draw(st.integers(0, 6)))
        found.append(
            LectureFact(
                audience_id=number, lecture_id=number, on=on, minutes=draw(st.sampled_from([9, 10, 29, 30, 44, 45, 480])),
                lecture_state=draw(st.sampled_from(["planned", "delivered", "cancelled"])),
                audience_state=draw(st.sampled_from(["waiting", "confirmed", "denied"])),
                textbook_is_prescribed=draw(st.booleans()), recorded_on=on,
            )
        )  # fmt: skip
    return found


@st.composite
def weeks(draw) -> dict[str, object]:
    """Everything the status of one week rests on."""
    monday = draw(mondays)
    return {
        "calendar": draw(calendars), "rules": draw(rules), "monday": monday, "today": draw(days), "owes": draw(st.booleans()),
        "exemptions": draw(exemptions), "lectures": draw(lectures_of(monday)),
    }  # fmt: skip


@CALM
@given(weeks())
def test_a_further_confirmed_lecture_never_makes_a_week_worse(week):
    before = week_status(**week)
    one_more = LectureFact(99, 99, week["monday"], 480, "delivered", "confirmed", True, week["monday"])
    after = week_status(**week | {"lectures": [*week["lectures"], one_more]})
    assert RANK[after.state] >= RANK[before.state]
    assert after.counted >= before.counted
    assert after.required == before.required


@CALM
@given(weeks(), st.randoms())
def test_the_order_of_lectures_and_exemptions_does_not_matter(week, chance):
    mixed = {key: chance.sample(week[key], len(week[key])) for key in ("lectures", "exemptions")}
    before, after = week_status(**week), week_status(**week | mixed)
    assert (after.state, after.required, after.counted) == (before.state, before.required, before.counted)


@CALM
@given(weeks())
def test_a_reason_why_there_was_none_changes_no_number_and_no_state(week):
    silent, said = week_status(**week), week_status(**week, said_why="全系大会")
    assert replace(said, said_why="") == silent
    assert said.is_unmet_with_reason is (said.state in (WeekState.MISSED, WeekState.RUNNING))


@CALM
@given(weeks(), st.integers(1, 400))
def test_a_week_that_is_over_keeps_its_state_whatever_day_it_is_asked(week, later):
    sunday = week["monday"] + dt.timedelta(days=6)
    asked = sunday + dt.timedelta(days=1)
    first = week_status(**week | {"today": asked})
    assert week_status(**week | {"today": asked + dt.timedelta(days=later)}) == first
    assert first.state != WeekState.RUNNING


@CALM
@given(weeks())
def test_state_and_numbers_fit_together(week):
    status = week_status(**week)
    assert 0 <= status.counted <= len(week["lectures"])
    assert status.missing == max(0, status.required - status.counted)
    assert (status.required > 0) == (status.state in (WeekState.MET, WeekState.MISSED, WeekState.RUNNING))
    assert (status.missing == 0) == (status.state in (WeekState.MET, WeekState.EXEMPT, WeekState.NOT_OWED))
    if status.state == WeekState.EXEMPT:
        assert status.counted == 0


@CALM
@given(calendars, mondays, rules)
def test_what_is_owed_lies_between_nothing_and_the_full_number(calendar, monday, numbers):
    owed = lectures_owed(calendar, monday, numbers)
    assert 0 <= owed <= numbers.lectures_a_week
    if is_quota_week(calendar, monday, numbers):
        assert owed == numbers.lectures_a_week
    elif not numbers.short_weeks_pro_rata:
        assert owed == 0


@CALM
@given(calendars, mondays, rules)
def test_nothing_is_owed_before_the_season_or_between_the_terms(calendar, monday, numbers):
    thursday = monday + dt.timedelta(days=3)
    term = calendar.term_of(thursday)
    if term is None or monday < season_start(2026, numbers):
        assert lectures_owed(calendar, monday, numbers) == 0
    if term is not None and calendar.is_exam_week(thursday) and not numbers.whole_year:
        assert lectures_owed(calendar, monday, numbers) == 0


@CALM
@given(st.integers(2000, 2099), st.integers(9, 12), st.integers(1, 28))
def test_a_season_starts_on_a_monday_within_a_week_of_its_day(year, month, day):
    start, first = season_start(year, QuotaRules(season_month=month, season_day=day)), dt.date(year, month, day)
    assert start.weekday() == 0
    assert dt.timedelta(0) <= start - first <= dt.timedelta(days=6)


@CALM
@given(st.integers(2000, 2099))
def test_the_second_of_october_stands_for_the_week_of_the_eighth(year):
    """RULES.md 4.2 names that week as the other beginning of the season."""
    start = season_start(year, QuotaRules(season_day=2))
    assert start <= dt.date(year, 10, 8) <= start + dt.timedelta(days=6)


@CALM
@given(mondays, st.sets(st.integers(0, 6)))
def test_a_make_up_day_is_a_teaching_day_whatever_day_of_the_week(monday, made_up):
    plain = Calendar(TERMS, {})
    moved = Calendar(TERMS, {monday + dt.timedelta(days=day): "makeup" for day in made_up})
    in_teaching = AUTUMN.contains(monday) or SPRING.contains(monday)
    weekend = sum(day > 4 for day in made_up) if in_teaching and not plain.is_exam_week(monday) else 0
    assert quota_days(moved, monday, QuotaRules()) == quota_days(plain, monday, QuotaRules()) + weekend


@CALM
@given(calendars, rules)
def test_weeks_of_a_season_are_mondays_in_order_each_once(calendar, numbers):
    found = quota_weeks(calendar, numbers, dt.date(2026, 8, 1), dt.date(2027, 8, 31))
    assert found == sorted(set(found))
    assert {monday.weekday() for monday in found} <= {0}
    assert quota_weeks(calendar, lambda _monday: numbers, dt.date(2026, 8, 1), dt.date(2027, 8, 31)) == found


@CALM
@given(days)
def test_a_lecture_of_the_turn_of_the_year_counts_for_the_week_its_monday_began(day):
    """31 December and 1 January lie in one week; so do the last day of a term's month and the next."""
    monday = monday_of(day)
    assert {monday_of(monday + dt.timedelta(days=number)) for number in range(7)} == {monday}


# --- The database counts as the rules do ---------------------------------------------------------


def fill(cast, chance: random.Random) -> None:
    """League branches of every kind, and a season of lectures good and bad."""
    now = timezone.now()
    books = [
        Textbook.objects.create(title="读本", is_prescribed=True),
        Textbook.objects.create(title="别的"),
        None,
    ]
    LeagueBranch.objects.bulk_create(
        LeagueBranch(
            department=chance.choice([cast.mech, cast.civil]), name=f"团支部{number}", is_active=chance.random() < 0.9,
            enrolment_year=chance.choice([2025, 2026, 2026, 2027]), programme=chance.choice(["diploma", "bachelor", "upgrade"]),
            party_branch=chance.choice([cast.er, cast.liu, cast.liu, None]),
        )
        for number in range(12)
    )  # fmt: skip
    branches = list(LeagueBranch.objects.all())
    for key, value, since in [
        ("lectures_a_week", "1", dt.date(2026, 10, 21)), ("lectures_a_week", "3", dt.date(2026, 11, 9)),
        ("lecture_min_minutes", "40", dt.date(2026, 10, 26)), ("lecture_textbook_required", "0", dt.date(2026, 11, 2)),
        ("junior_study_years", "2", dt.date(2026, 11, 16)), ("lecture_short_weeks", "1", dt.date(2026, 9, 1)),
    ]:  # fmt: skip
        if chance.random() < 0.6:
            PolicyValue.objects.create(key=key, value=value, source="学院决定", effective_from=since)
    lectures = Lecture.objects.bulk_create(
        Lecture(
            on=dt.date(2026, 9, 28) + dt.timedelta(days=chance.randrange(70)), minutes=chance.choice([29, 30, 39, 40, 45]),
            textbook=chance.choice([books[0], *books]), state=chance.choice(["delivered"] * 4 + ["planned"]),
            recorded_by=cast.user("liu_member"), recorded_at=now,
        )
        for _number in range(120)
    )  # fmt: skip
    LectureAudience.objects.bulk_create(
        LectureAudience(
            lecture=lecture, league_branch=branch, state=(state := chance.choice(["confirmed"] * 4 + ["waiting", "denied"])),
            minutes_heard=chance.choice([None, None, None, 20, 40]), confirmed_by=None if state == "waiting" else cast.user("liu_member"),
            confirmed_at=None if state == "waiting" else now,
        )
        for lecture in lectures
        for branch in chance.sample(branches, chance.choice([1, 2, 3]))
    )  # fmt: skip
    for _number in range(10):
        first = dt.date(2026, 9, 28) + dt.timedelta(days=chance.randrange(70))
        state = chance.choice(["granted", "granted", "asked", "refused", "withdrawn"])
        QuotaExemption.objects.create(
            league_branch=chance.choice(branches), from_on=first, to_on=first + dt.timedelta(days=chance.randrange(15)),
            reason="other", state=state, answer="不行" if state == "refused" else "",
        )  # fmt: skip
    NoLecture.objects.create(
        league_branch=cast.one, monday=dt.date(2026, 10, 26), reason="运动会", recorded_by=cast.user("liu_member"), recorded_at=now
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_the_database_counts_what_the_rules_count(cast, seed):
    fill(cast, random.Random(seed))
    context = QuotaContext.load()
    shown = context.weeks(dt.date(2026, 9, 1), dt.date(2026, 12, 6))
    branches = LeagueBranch.objects.order_by("pk")
    told = {}
    for row in board_rows(league_branches=list(branches), mondays=shown, today=TODAY, context=context):
        for cell in row.cells:
            if cell.state != WeekState.NOT_OWED:
                told[row.league_branch.pk, cell.monday] = (cell.state, cell.counted, cell.required)
    counted = branch_cells(league_branches=branches, mondays=shown, today=TODAY, context=context)
    assert {key: (cell.state, cell.counted, cell.required) for key, cell in counted.items()} == told

    sums = {}
    department = dict(branches.values_list("pk", "department_id"))
    for (branch, monday), (state, _counted, _required) in told.items():
        one = Totals(1, state == WeekState.EXEMPT, state == WeekState.MET, state == WeekState.MISSED)
        key, is_over = (department[branch], monday), monday + dt.timedelta(days=6) < TODAY
        sums[key] = replace(one + sums[key] if key in sums else one, is_over=is_over)
    assert department_totals(league_branches=branches, mondays=shown, today=TODAY, context=context) == sums


def test_sums_ask_one_query_and_only_of_those_asked_for(cast, django_assert_num_queries):
    fill(cast, random.Random(1))
    context = QuotaContext.load()
    shown = context.weeks(dt.date(2026, 9, 1), dt.date(2026, 12, 6))
    context.rules_on(TODAY)
    of_civil = LeagueBranch.objects.filter(department=cast.civil)
    with django_assert_num_queries(1):
        found = department_totals(league_branches=of_civil, mondays=shown, today=TODAY, context=context)
    assert {department for department, _monday in found} == {cast.civil.pk}
    assert (
        department_totals(league_branches=LeagueBranch.objects.none(), mondays=shown, today=TODAY, context=context)
        == {}
    )
    assert department_totals(league_branches=of_civil, mondays=[], today=TODAY, context=context) == {}
