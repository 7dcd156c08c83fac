"""How a branch is built (R30–R35, R61): each rule at its boundary, in words that name the remedy."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.structure import (
    BranchFacts,
    GroupFacts,
    LeagueTerm,
    Officer,
    StructureNumbers,
    structure_problems,
    vacant_kinds,
)
from tests.conftest import TODAY

NUMBERS = StructureNumbers()
KINDS = (
    "branch_secretary", "organization_officer", "publicity_officer", "discipline_officer", "deputy_secretary", "youth_officer",
    "united_front_officer", "secrecy_officer",
)  # fmt: skip


def officers(count: int, **more) -> list[Officer]:
    return [Officer(number, f"人{number}", KINDS[number], f"职务{number}", **more) for number in range(count)]


# Nothing to say about this one.
SOUND = BranchFacts(full=9, members=12, officers=officers(3), term_ends_on=dt.date(2028, 6, 30))


def said(facts: BranchFacts) -> list[tuple[str, str]]:
    return [(problem.rule, problem.severity) for problem in structure_problems(facts, NUMBERS, TODAY)]


def test_a_sound_branch_is_left_alone():
    assert said(SOUND) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"full": 3, "members": 5, "officers": officers(1)}, []),
        ({"full": 2, "members": 5, "officers": officers(1)}, [("R30", "warn")]),
        ({"members": 30}, [("R35", "info")]),
        ({"members": 31}, [("R31", "info"), ("R35", "info")]),
        ({"members": 31, "is_student": False}, [("R35", "info")]),
        ({"members": 51, "is_student": False}, [("R31", "info"), ("R35", "info")]),
        ({"full": 6, "officers": officers(1)}, []),
        ({"full": 7, "officers": officers(2)}, [("R32", "warn")]),
        ({"full": 7, "officers": officers(3)}, []),
        ({"full": 7, "officers": officers(4)}, [("R32", "info")]),
        ({"full": 7, "officers": officers(7)}, []),
        ({"full": 7, "officers": officers(8)}, [("R32", "warn")]),
        ({"officers": [replace(one, kind="youth_officer") for one in officers(3)]}, [("R32", "warn")]),
        ({"officers": [*officers(2), *officers(3, is_full=False)[2:]]}, [("R33", "warn")]),
        ({"officers": [*officers(3), Officer(0, "人0", "youth_officer", "青年委员")]}, [("R33", "warn")]),
        ({"term_ends_on": None}, [("R34", "info")]),
        ({"term_ends_on": dt.date(2026, 10, 27)}, [("R34", "warn")]),
        ({"term_ends_on": dt.date(2026, 10, 28)}, [("R34", "info")]),
        ({"term_ends_on": dt.date(2027, 4, 28)}, [("R34", "info")]),
        ({"term_ends_on": dt.date(2027, 4, 29)}, []),
        ({"members": 20}, []),
        ({"members": 21}, [("R35", "info")]),
        ({"members": 21, "groups": [GroupFacts("一组", 3, 1)]}, []),
        ({"groups": [GroupFacts("一组", 2, 1)]}, [("R35", "warn")]),
        ({"groups": [GroupFacts("一组", 3, 0)]}, [("R35", "warn")]),
        ({"groups": [GroupFacts("一组", 3, 1, leader_is_full=False)]}, [("R35", "warn")]),
        ({"leagues": [LeagueTerm("团支部", dt.date(2025, 10, 28))]}, [("R61", "info")]),
        ({"leagues": [LeagueTerm("团支部", dt.date(2025, 10, 29))]}, []),
        ({"leagues": [LeagueTerm("团支部", None)]}, []),
    ],
)  # fmt: skip
def test_each_rule_at_its_boundary(change, expected):
    assert said(replace(SOUND, **change)) == expected


def test_six_months_before_are_calendar_months():
    facts = replace(SOUND, term_ends_on=dt.date(2027, 8, 31))
    assert structure_problems(facts, NUMBERS, dt.date(2027, 2, 27)) == []
    assert [problem.rule for problem in structure_problems(facts, NUMBERS, dt.date(2027, 2, 28))] == ["R34"]


def test_the_words_name_what_is_there_and_what_to_do():
    problem = structure_problems(replace(SOUND, full=2, officers=officers(1)), NUMBERS, TODAY)[0]
    assert "2" in str(problem)
    assert "R30" in str(problem)


def test_vacancies_follow_the_size():
    assert vacant_kinds(replace(SOUND, full=6, officers=()), NUMBERS) == ["branch_secretary"]
    assert vacant_kinds(replace(SOUND, full=7, officers=officers(2)), NUMBERS) == [
        "publicity_officer",
        "discipline_officer",
    ]


facts_of_branches = st.builds(
    BranchFacts,
    full=st.integers(0, 60), members=st.integers(0, 80), is_student=st.booleans(),
    officers=st.lists(
        st.builds(
            Officer, person_id=st.integers(1, 5), name=st.just("人"), kind=st.sampled_from(KINDS), label=st.just("职务"),
            is_full=st.booleans(),
        ),
        max_size=9,
    ),
    term_ends_on=st.none() | st.dates(dt.date(2020, 1, 1), dt.date(2035, 12, 31)),
    groups=st.none() | st.lists(st.builds(GroupFacts, name=st.just("组"), members=st.integers(0, 9), full=st.integers(0, 9)), max_size=3),
)  # fmt: skip


@given(facts_of_branches, st.dates(dt.date(2020, 1, 1), dt.date(2035, 12, 31)))
def test_nothing_blocks_and_what_warns_stands_first(facts, today):
    problems = structure_problems(facts, NUMBERS, today)
    severities = [problem.severity for problem in problems]
    assert set(severities) <= {"warn", "info"}
    assert severities == sorted(severities, key=lambda severity: severity != "warn")
    assert (facts.full < 3) == any(problem.rule == "R30" for problem in problems)
