"""The named cast: two departments, four Party branches, their people, and who must fail.

Mechanical department (机械系): branch Er (第二, bachelor, helps), branch San (第三, diploma, partner), branch Si (第四, diploma).
Civil department (土木系): branch Liu (第六) with League branches One (2026, owes lectures) and Old (2025, owes none).

Names used in tests: er_secretary, er_deputy, er_member, er_probationary, san_secretary, san_member, san_activist, si_secretary,
liu_secretary, liu_member, liu_activist, league_secretary, classmate, mech_organiser, civil_organiser, college_organiser,
counsellor, administrator, stranger (signed in, in no roster).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from accounts.models import User
from branches.models import (
    AcademicYear,
    CalendarDay,
    Department,
    LeagueBranch,
    PartyBranch,
    SchoolClass,
    Term,
)
from members.models import Person, Post, StaffRole

PASSWORD = "Lian-huan-7316"


@dataclass
class Cast:
    people: dict[str, Person] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    mech: Department = None
    civil: Department = None
    er: PartyBranch = None
    san: PartyBranch = None
    si: PartyBranch = None
    liu: PartyBranch = None
    class_24: SchoolClass = None
    class_26: SchoolClass = None
    one: LeagueBranch = None
    old: LeagueBranch = None
    year: AcademicYear = None
    term: Term = None

    def person(self, name: str) -> Person:
        return self.people[name]

    def user(self, name: str) -> User:
        return self.users[name]


MEMBER = {"applied_on": dt.date(2023, 9, 20), "activist_on": dt.date(2024, 3, 1), "candidate_on": dt.date(2025, 3, 5),
          "admitted_on": dt.date(2025, 5, 10), "converted_on": dt.date(2026, 5, 10)}  # fmt: skip
PROBATIONARY = {"applied_on": dt.date(2024, 9, 20), "activist_on": dt.date(2025, 3, 1),
                "candidate_on": dt.date(2026, 3, 5), "admitted_on": dt.date(2026, 5, 20)}  # fmt: skip
ACTIVIST = {"applied_on": dt.date(2025, 9, 20), "activist_on": dt.date(2026, 3, 1)}


def build_cast(today: dt.date) -> Cast:
    cast = Cast()
    cast.mech = Department.objects.create(name="机械系", general_branch="机械系党总支")
    cast.civil = Department.objects.create(name="土木系", general_branch="土木系党总支")
    branch = PartyBranch.objects.create
    cast.er = branch(department=cast.mech, name="机械系党总支第二党支部", kind="bachelor")
    cast.san = branch(department=cast.mech, name="机械系党总支第三党支部", kind="diploma")
    cast.si = branch(department=cast.mech, name="机械系党总支第四党支部", kind="diploma")
    cast.liu = branch(department=cast.civil, name="土木系党总支第六党支部", kind="mixed")
    cast.class_24 = SchoolClass.objects.create(
        department=cast.mech, name="24模具专科1班", programme="diploma", enrolment_year=2024
    )
    cast.class_26 = SchoolClass.objects.create(
        department=cast.civil, name="26土木本科1班", programme="bachelor", enrolment_year=2026
    )
    class_25 = SchoolClass.objects.create(
        department=cast.civil, name="25土木本科2班", programme="bachelor", enrolment_year=2025
    )
    cast.one = LeagueBranch.objects.create(
        department=cast.civil, name="土木系2026级土木工程团支部", school_class=cast.class_26, enrolment_year=2026,
        party_branch=cast.liu, model_type="theory-learning", member_count=30,
    )  # fmt: skip
    cast.old = LeagueBranch.objects.create(
        department=cast.civil, name="土木系2025级土木工程团支部", school_class=class_25, enrolment_year=2025, party_branch=cast.liu,
    )  # fmt: skip
    cast.year = AcademicYear.objects.create(
        start_year=2026, starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 8, 31)
    )
    cast.term = Term.objects.create(
        academic_year=cast.year, season="autumn", start_monday=dt.date(2026, 9, 7), teaching_weeks=18, exam_weeks=2
    )
    for day in range(1, 8):
        CalendarDay.objects.create(on=dt.date(2026, 10, day), kind="holiday", name="国庆节")
    CalendarDay.objects.create(on=dt.date(2026, 10, 10), kind="makeup", name="国庆节调休")

    def person(key, name, number, *, branch=None, school_class=None, department=None, account=True, **more) -> Person:
        home = department or (branch.department if branch else school_class.department)
        row = Person(number=number, name=name, department=home, party_branch=branch, school_class=school_class, **more)
        row.settle_stage(today)
        if account:
            row.user = cast.users[key] = user(number, name)
        row.save()
        cast.people[key] = row
        return row

    def user(number: str, name: str, **more) -> User:
        return User.objects.create_user(number, password=PASSWORD, display_name=name, **more)

    bachelor = {
        "programme": "bachelor",
        "enrolment_year": 2023,
        "graduates_on": dt.date(2027, 6, 30),
        "major": "数控技术",
    }
    diploma = {
        "programme": "diploma",
        "enrolment_year": 2024,
        "graduates_on": dt.date(2027, 6, 30),
        "major": "模具设计与制造",
    }
    fresh = {"programme": "bachelor", "enrolment_year": 2026, "graduates_on": dt.date(2030, 6, 30)}
    person(
        "er_secretary", "甘杰怡", "20230310001", branch=cast.er, sex="female", phone="13553761378", **bachelor, **MEMBER
    )
    person("er_deputy", "张红", "20230310002", branch=cast.er, **bachelor, **MEMBER)
    person("er_member", "罗萍妍", "20230310004", branch=cast.er, **bachelor, **MEMBER)
    person(
        "er_probationary", "潘桂", "20240310001", branch=cast.er, **bachelor | {"enrolment_year": 2024}, **PROBATIONARY
    )
    person("san_secretary", "潘晨", "T03001", branch=cast.san, programme="staff", **MEMBER)
    person("san_member", "罗杰", "20240320001", branch=cast.san, school_class=cast.class_24, **diploma, **PROBATIONARY)
    person("san_activist", "蓝敏佳", "20250320001", branch=cast.san, **diploma | {"enrolment_year": 2025}, **ACTIVIST)
    person("si_secretary", "欧阳英妍", "T03004", branch=cast.si, programme="staff", **MEMBER)
    person("liu_secretary", "上官涵", "20250530001", branch=cast.liu, programme="upgrade", enrolment_year=2025,
           graduates_on=dt.date(2027, 6, 30), **MEMBER)  # fmt: skip
    person("liu_member", "周鑫", "20250530002", branch=cast.liu, programme="upgrade", enrolment_year=2025,
           graduates_on=dt.date(2027, 6, 30), **MEMBER)  # fmt: skip
    person("liu_activist", "蓝洋涵", "20250510001", branch=cast.liu, **bachelor | {"enrolment_year": 2025}, **ACTIVIST)
    person("league_secretary", "张轩丽", "20260510001", school_class=cast.class_26, is_league_member=True, **fresh)
    person("classmate", "农军", "20260591001", school_class=cast.class_26, **fresh)

    since = dt.date(2026, 9, 1)
    for key, kind, where in [
        ("er_secretary", "branch_secretary", cast.er),
        ("er_deputy", "deputy_secretary", cast.er),
        ("san_secretary", "branch_secretary", cast.san),
        ("si_secretary", "branch_secretary", cast.si),
        ("liu_secretary", "branch_secretary", cast.liu),
    ]:
        Post.objects.create(person=cast.people[key], party_branch=where, kind=kind, since=since)
    Post.objects.create(
        person=cast.people["league_secretary"], league_branch=cast.one, kind="league_secretary", since=since
    )

    for key, number, name, department in [
        ("mech_organiser", "Z0001", "韦主任", cast.mech),
        ("civil_organiser", "Z0002", "卢主任", cast.civil),
        ("college_organiser", "Z0003", "组织部", None),
    ]:
        cast.users[key] = user(number, name)
        StaffRole.objects.create(user=cast.users[key], kind="organiser", department=department)
    cast.users["counsellor"] = user("F0001", "覃老师")
    role = StaffRole.objects.create(user=cast.users["counsellor"], kind="counsellor", department=cast.civil)
    role.classes.add(cast.class_26)
    cast.users["administrator"] = user("admin", "管理员", is_superuser=True)
    cast.users["stranger"] = user("X0001", "路人")
    return cast
