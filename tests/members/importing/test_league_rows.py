"""Lists of League branches: who may change which, and whom they may name as secretary."""

from __future__ import annotations

import io

import pytest
from django.utils.translation import override
from openpyxl import Workbook

from branches.models import LeagueBranch, SchoolClass
from members.models import Person, Post
from tests.members.importing.rosters import LEAGUES, TODAY, import_as, refusals, table

ONE, ROADS = "土木系2026级土木工程团支部", "土木系2026级道路与桥梁工程技术团支部"
LIU, ER = "土木系党总支第六党支部", "机械系党总支第二党支部"


@pytest.fixture(autouse=True)
def in_english():
    with override("en"):
        yield


def as_it_stands(name: str = ONE) -> tuple:
    league = LeagueBranch.objects.select_related("department", "school_class", "party_branch").get(name=name)
    return (
        league.department.name, league.school_class and league.school_class.name, league.member_count,
        league.party_branch and league.party_branch.name,
        list(league.posts.filter(ended_on=None).values_list("person__number", flat=True)),
    )  # fmt: skip


AS_IN_THE_CAST = ("土木系", "26土木本科1班", 30, LIU, ["20260510001"])

OUTSIDE = [
    # Into another department, with a class and a person there.
    (f"{ONE},机械系,26土木本科1班,2026,30,张假,20269999901,", "机械系"),
    # Another class, of which the branch would then see and change the people.
    (f"{ONE},土木系,25土木本科9班,2026,30,,,", "25土木本科9班"),
    # Guided by a branch of another department.
    (f"{ONE},土木系,,2026,30,,,{ER}", ER),
    # A branch that does not exist: to be created there.
    (f"{ONE},土木系,,2026,30,,,土木系党总支第九党支部", "土木系党总支第九党支部"),
    # A League branch that does not exist.
    (f"{ROADS},土木系,,2026,31,,,", ROADS),
]


@pytest.mark.parametrize(("row", "named"), OUTSIDE)
def test_a_branch_secretary_moves_no_league_branch_out_of_the_own_hands(cast, row, named) -> None:
    classes, people = SchoolClass.objects.count(), Person.objects.count()
    file = import_as(cast, "liu_secretary", table(LEAGUES, row))
    assert [message for _column, message in refusals(file)] == [f"“{named}” is outside what you manage."]
    assert as_it_stands() == AS_IN_THE_CAST
    assert (SchoolClass.objects.count(), Person.objects.count()) == (classes, people)
    assert not LeagueBranch.objects.filter(name=ROADS).exists()


def test_a_branch_secretary_may_still_count_and_name_a_new_secretary_of_that_class(cast) -> None:
    row = f"{ONE},土木系,26土木本科1班,2026,31,新书记,20269990001,{LIU}"
    assert refusals(import_as(cast, "liu_secretary", table(LEAGUES, row))) == []
    assert as_it_stands() == ("土木系", "26土木本科1班", 31, LIU, ["20269990001"])
    person = Person.objects.get(number="20269990001")
    assert (person.name, person.school_class, person.department) == ("新书记", cast.class_26, cast.civil)
    assert Post.objects.get(person=cast.person("league_secretary")).ended_on == TODAY


def test_without_a_class_in_the_row_a_new_secretary_belongs_to_the_class_there_is(cast) -> None:
    row = f"{ONE},,,2026,,新书记,20269990001,"
    assert refusals(import_as(cast, "liu_secretary", table(LEAGUES, row))) == []
    assert Person.objects.get(number="20269990001").school_class == cast.class_26


def test_nobody_is_planted_by_a_league_branch_without_class(cast) -> None:
    LeagueBranch.objects.filter(pk=cast.one.pk).update(school_class=None)
    row = f"{ONE},土木系,,2026,30,新书记,20269990001,"
    assert refusals(import_as(cast, "liu_secretary", table(LEAGUES, row))) == [
        ("团支书学号", "Number 20269990001 is outside what you manage.")
    ]
    assert not Person.objects.filter(number="20269990001").exists()


@pytest.mark.parametrize("name", ["罗杰", "别的名字"])
def test_a_number_from_outside_is_no_secretary_and_nothing_is_told_of_it(cast, name) -> None:
    row = f"{ONE},土木系,26土木本科1班,2026,30,{name},20240320001,"
    assert refusals(import_as(cast, "liu_secretary", table(LEAGUES, row))) == [
        ("团支书学号", "Number 20240320001 is outside what you manage.")
    ]
    assert as_it_stands() == AS_IN_THE_CAST


def test_a_classmate_of_another_party_branch_may_be_secretary_under_the_own_name(cast) -> None:
    stranger = cast.person("san_activist")
    Person.objects.filter(pk=stranger.pk).update(school_class=cast.class_26)
    wrong = f"{ONE},土木系,26土木本科1班,2026,30,蓝某,20250320001,"
    assert refusals(import_as(cast, "liu_secretary", table(LEAGUES, wrong))) == [
        ("团支书学号", "Number 20250320001 is outside what you manage.")
    ]
    right = f"{ONE},土木系,26土木本科1班,2026,30,蓝敏佳,20250320001,"
    assert refusals(import_as(cast, "liu_secretary", table(LEAGUES, right))) == []
    assert as_it_stands()[-1] == ["20250320001"]


@pytest.mark.parametrize("who", ["liu_secretary", "civil_organiser", ""])
def test_a_number_of_another_name_is_refused_to_everybody(cast, who) -> None:
    row = f"{ONE},土木系,26土木本科1班,2026,30,别的名字,20260591001,"
    assert refusals(import_as(cast, who, table(LEAGUES, row))) == [
        ("团支书学号", "Number 20260591001 belongs to somebody of another name. Correct the number or the name.")
    ]


def test_an_organiser_takes_no_league_branch_of_another_department(cast) -> None:
    import_as(cast, "civil_organiser", table(LEAGUES, f"{ROADS},土木系,,2026,31,,,{LIU}"))
    before = as_it_stands(ROADS)
    assert before == ("土木系", None, 31, LIU, [])
    row = f"{ROADS},机械系,,2026,31,,,{ER}"
    assert refusals(import_as(cast, "mech_organiser", table(LEAGUES, row))) == [
        ("团支部名称", f"“{ROADS}” is outside what you manage.")
    ]
    row = f"{ROADS},机械系,,2026,31,,,"
    assert refusals(import_as(cast, "civil_organiser", table(LEAGUES, row))) == [
        ("所属系", "“机械系” is outside what you manage.")
    ]
    row = f"{ROADS},土木系,,2026,31,,,{ER}"
    assert refusals(import_as(cast, "civil_organiser", table(LEAGUES, row))) == [
        ("负责党支部", f"“{ER}” is outside what you manage.")
    ]
    assert as_it_stands(ROADS) == before


def test_the_whole_college_may_move_them(cast) -> None:
    row = f"{ONE},机械系,26机械本科1班,2026,30,张轩丽,20260510001,{ER}"
    assert refusals(import_as(cast, "college_organiser", table(LEAGUES, row))) == []
    assert as_it_stands() == ("机械系", "26机械本科1班", 30, ER, ["20260510001"])


def test_one_new_secretary_of_two_league_branches_is_one_person(cast) -> None:
    rows = [f"土木系2026级{n}团支部,土木系,26新班,2026,30,新书记,20269990001," for n in "甲乙"]
    assert refusals(import_as(cast, "", table(LEAGUES, *rows))) == []
    assert Post.objects.filter(person__number="20269990001").count() == 2
    other = "土木系2026级丙团支部,土木系,26新班,2026,30,别的名字,20269990001,"
    assert len(refusals(import_as(cast, "", table(LEAGUES, *rows, other)))) == 1


def test_a_secretary_whose_own_row_is_refused_is_somebody_new(cast) -> None:
    book = Workbook()
    people = book.active
    people.append(["学号", "姓名", "党支部", "递交入党申请书时间"])
    people.append(["20269990001", "新书记", LIU, "2026-13-40"])
    leagues = book.create_sheet("团支部")
    leagues.append(LEAGUES.split(","))
    leagues.append([ONE, "土木系", "26土木本科1班", 2026, 30, "新书记", "20269990001", ""])
    book.save(stream := io.BytesIO())
    assert len(refusals(import_as(cast, "", stream.getvalue(), name="名册.xlsx"))) == 1
    assert as_it_stands()[-1] == ["20269990001"]


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        (f"{ONE},土木系,{'班' * 51},2026,,,,", "班级", f"班级:“{'班' * 20}…” is longer than 50 characters. Shorten it."),
        (f"{ONE},{'系' * 51},,2026,,,,", "所属系", f"所属系:“{'系' * 20}…” is longer than 50 characters. Shorten it."),
        (f"{'团' * 81},土木系,,2026,,,,", "团支部名称", f"团支部名称:“{'团' * 20}…” is longer than 80 characters. Shorten it."),
        (f"{ONE},土木系,,2026,,,,{'党' * 81}", "负责党支部", f"负责党支部:“{'党' * 20}…” is longer than 80 characters. Shorten it."),
        (f"{ONE},土木系,,2026,,{'名' * 51},20269990001,", "团支书", f"团支书:“{'名' * 20}…” is longer than 50 characters. Shorten it."),
        (f"{ONE},土木系,,2026,,新书记,{'1' * 21},", "团支书学号", f"团支书学号:“{'1' * 20}…” is longer than 20 characters. Shorten it."),
    ],
)  # fmt: skip
def test_what_is_longer_than_its_column_is_refused_in_words(cast, row, column, message) -> None:
    assert refusals(import_as(cast, "", table(LEAGUES, row))) == [(column, message)]
