"""League branches that owe lectures in the week of 26 October 2026, their secretaries and speakers; invented, and as many as asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any

ZONE = dt.timezone(dt.timedelta(hours=8))
# Thursday of a quota week, when League branches that are behind are reminded; neither quiet nor before the daily summary.
THURSDAY = dt.datetime(2026, 10, 29, 9, 0, tzinfo=ZONE)
LOTS = 2000


def make_season(branches: int, *, speakers: bool = False, heard: bool = False) -> None:
    """So many League branches, each with a secretary who has an address.

    `speakers`: one Party member on duty for every two. `heard`: every second one heard one lecture of two this week, every tenth both.
    """
    from accounts.models import User
    from branches.models import AcademicYear, Department, LeagueBranch, PartyBranch, Term
    from members.models import Person, Post

    department = Department.objects.create(name="土木系")
    party = PartyBranch.objects.create(department=department, name="土木系党总支第六党支部", kind="mixed")
    year = AcademicYear.objects.create(start_year=2026, starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 8, 31))
    Term.objects.create(
        academic_year=year, season="autumn", start_monday=dt.date(2026, 9, 7), teaching_weeks=18, exam_weeks=2
    )
    leagues = _make(
        LeagueBranch(department=department, party_branch=party, name=f"2026级{number}班团支部", enrolment_year=2026)
        for number in range(branches)
    )
    numbers = [f"2026{number:07}" for number in range(branches)]
    users = _make(User(username=number, email=f"s{number}@example.invalid", password="!") for number in numbers)
    people = _make(
        Person(
            number=number, name="团支书", name_key="tuanzhishu", department=department, user=user, enrolment_year=2026
        )
        for number, user in zip(numbers, users, strict=True)
    )
    _make(
        Post(person=person, league_branch=league, kind="league_secretary", since=dt.date(2026, 9, 1))
        for person, league in zip(people, leagues, strict=True)
    )
    if speakers:
        _add_speakers(leagues, department, year)
    if heard:
        _add_lectures(leagues, users[0])


def _make(rows: Any) -> list[Any]:
    found = list(rows)
    return list(type(found[0]).objects.bulk_create(found, batch_size=LOTS))


def _add_speakers(leagues: list[Any], department: Any, year: Any) -> None:
    from accounts.models import User
    from activities.models import LectureDuty
    from members.models import Person

    numbers = [f"2024{number:07}" for number in range((len(leagues) + 1) // 2)]
    users = _make(User(username=number, password="!") for number in numbers)
    people = _make(
        Person(
            number=number,
            name="宣讲员",
            name_key="xuanjiangyuan",
            department=department,
            user=user,
            enrolment_year=2024,
        )
        for number, user in zip(numbers, users, strict=True)
    )
    _make(
        LectureDuty(academic_year=year, league_branch=league, person=people[number // 2])
        for number, league in enumerate(leagues)
    )


def _add_lectures(leagues: list[Any], author: Any) -> None:
    from activities.models import Lecture, LectureAudience, Textbook

    book = Textbook.objects.create(title="大学生党的基本知识读本", is_prescribed=True)
    hearing = [
        league for number, league in enumerate(leagues) for _turn in range(2 if number % 10 == 0 else number % 2)
    ]
    lectures = _make(
        Lecture(on=dt.date(2026, 10, 27), minutes=40, textbook=book, recorded_by=author, recorded_at=THURSDAY)
        for _league in hearing
    )
    _make(
        LectureAudience(
            lecture=lecture, league_branch=league, state="confirmed", confirmed_by=author, confirmed_at=THURSDAY
        )
        for lecture, league in zip(lectures, hearing, strict=True)
    )
