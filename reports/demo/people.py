"""The people of the demonstration, with the organisation they belong to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from dateutil.relativedelta import relativedelta

from accounts.models import User
from branches.models import Department, LeagueBranch, PartyBranch, PartyBranchKind, SchoolClass
from members.models import Absence, Person, Post, StaffRole
from members.office_models import PostKind, StaffKind
from members.stages import STAGE_DATE_FIELDS

STORY = Path(__file__).with_name("story.json")
DATES = ("born_on", "graduates_on", *STAGE_DATE_FIELDS)
COMMITTEE = {
    "20230310001": PostKind.BRANCH_SECRETARY,
    "20230310002": PostKind.ORGANIZATION_OFFICER,
    "20230310005": PostKind.PUBLICITY_OFFICER,
    "20230310006": PostKind.DISCIPLINE_OFFICER,
    "20230310007": PostKind.YOUTH_OFFICER,
    "T03001": PostKind.BRANCH_SECRETARY,
    "T03004": PostKind.BRANCH_SECRETARY,
    "20250530001": PostKind.BRANCH_SECRETARY,
    "20250530002": PostKind.ORGANIZATION_OFFICER,
    "20230510001": PostKind.PUBLICITY_OFFICER,
}
KINDS = {"第二": PartyBranchKind.BACHELOR, "第三": PartyBranchKind.DIPLOMA, "第四": PartyBranchKind.DIPLOMA}


@dataclass
class Company:
    """Everybody on stage. `number` finds people by their number in the story's own year."""

    by_number: dict[str, Person] = field(default_factory=dict)
    branches: dict[str, PartyBranch] = field(default_factory=dict)
    league_branches: list[LeagueBranch] = field(default_factory=list)
    departments: dict[str, Department] = field(default_factory=dict)

    def branch(self, ordinal: str) -> PartyBranch:
        return next(branch for name, branch in self.branches.items() if ordinal in name)

    def people_of(self, ordinal: str) -> list[Person]:
        branch = self.branch(ordinal)
        return [person for person in self.by_number.values() if person.party_branch_id == branch.pk]


class Shift:
    """Moves the story's years to the demonstration's year."""

    def __init__(self, years: int) -> None:
        self.years = years

    def date(self, text: str) -> date:
        return date.fromisoformat(text) + relativedelta(years=self.years)

    def number(self, number: str) -> str:
        return number if number.startswith("T") else f"{int(number[:4]) + self.years}{number[4:]}"

    def name(self, text: str) -> str:
        """Names of classes and League branches carry the enrolment year: 26土木本科1班，2026级."""
        if text[:2].isdigit() and not text[:4].isdigit():
            return f"{(int(text[:2]) + self.years) % 100:02}{text[2:]}"
        for year in range(2023, 2027):
            text = text.replace(f"{year}级", f"<{year + self.years}>")
        return text.replace("<", "").replace(">", "级")


def create_company(*, start_year: int, today: date) -> Company:
    """Create departments, branches, classes, people, posts and absences of the story."""
    story = json.loads(STORY.read_text(encoding="utf-8"))
    shift = Shift(start_year - story["year"])
    company = Company()
    for name in ("机械系", "土木系"):
        company.departments[name] = Department.objects.create(
            name=name, general_branch=f"{name}党总支", approving_committee="学校党委"
        )
    for name in sorted({row["branch"] for row in story["people"]}, key=lambda name: "二三四六".index(name[-4])):
        kind = next((kind for part, kind in KINDS.items() if part in name), PartyBranchKind.MIXED)
        company.branches[name] = PartyBranch.objects.create(
            department=company.departments[name[:3]],
            name=name,
            kind=kind,
            committee_term_ends_on=today + relativedelta(months=14),
        )
    classes = _classes(story, shift, company)
    _people(story, shift, company, classes, today)
    _league_branches(story, shift, company, classes, today)
    _posts(company, start_year)
    return company


def _classes(story: dict[str, Any], shift: Shift, company: Company) -> dict[str, SchoolClass]:
    wanted: dict[str, tuple[str, str, int]] = {}
    for row in story["people"]:
        if row.get("class"):
            wanted[row["class"]] = (row["branch"][:3], row["programme"], row["enrolment_year"])
    for row in story["league_branches"]:
        wanted[row["class"]] = ("土木系", row["programme"], row["enrolment_year"])
    SchoolClass.objects.bulk_create(
        SchoolClass(
            department=company.departments[department],
            name=shift.name(name),
            programme=programme,
            enrolment_year=year + shift.years,
        )
        for name, (department, programme, year) in wanted.items()
    )
    made = {school_class.name: school_class for school_class in SchoolClass.objects.all()}
    return {name: made[shift.name(name)] for name in wanted}


def _people(
    story: dict[str, Any], shift: Shift, company: Company, classes: dict[str, SchoolClass], today: date
) -> None:
    absences = []
    for row in story["people"]:
        person = Person(
            number=shift.number(row["number"]),
            department=company.departments[row["branch"][:3]],
            party_branch=company.branches[row["branch"]],
            school_class=classes.get(row.get("class", "")),
            is_league_member=row["programme"] != "staff",
            enrolment_year=row["enrolment_year"] + shift.years if row.get("enrolment_year") else None,
            **{key: row.get(key, "") for key in ("name", "sex", "ethnicity", "phone", "programme", "major")},
            **{key: shift.date(row[key]) for key in DATES if row.get(key)},
        )
        person.settle_stage(today)
        person.save()
        company.by_number[row["number"]] = person
        if row.get("internship"):
            first, last = row["internship"]
            absences.append(Absence(person=person, from_on=shift.date(first), to_on=shift.date(last)))
    Absence.objects.bulk_create(absences)


def _league_branches(
    story: dict[str, Any], shift: Shift, company: Company, classes: dict[str, SchoolClass], today: date
) -> None:
    civil, liu = company.departments["土木系"], company.branch("第六")
    mates = {row["number"]: row for row in story["classmates"]}
    for row in story["league_branches"]:
        mates.setdefault(
            row["secretary"],
            {
                "number": row["secretary"],
                "name": row["secretary_name"],
                "class": row["class"],
                "is_league_member": True,
            },
        )
    for row in mates.values():
        school_class = classes[row["class"]]
        person = Person(
            number=shift.number(row["number"]), name=row["name"], department=civil, school_class=school_class,
            programme=school_class.programme, enrolment_year=school_class.enrolment_year, is_league_member=row["is_league_member"],
            graduates_on=date(school_class.enrolment_year + (3 if school_class.programme == "diploma" else 4), 6, 30),
        )  # fmt: skip
        person.settle_stage(today)
        person.save()
        company.by_number[row["number"]] = person
    for row in story["league_branches"]:
        league_branch = LeagueBranch.objects.create(
            department=civil, name=shift.name(row["name"]), school_class=classes[row["class"]], programme=row["programme"],
            enrolment_year=row["enrolment_year"] + shift.years, party_branch=liu, model_type=row["model_type"],
            member_count=row["member_count"],
        )  # fmt: skip
        company.league_branches.append(league_branch)
        Post.objects.create(
            person=company.by_number[row["secretary"]], league_branch=league_branch, kind=PostKind.LEAGUE_SECRETARY,
            since=date(league_branch.enrolment_year, 9, 20),
        )  # fmt: skip


def _posts(company: Company, start_year: int) -> None:
    for number, kind in COMMITTEE.items():
        person = company.by_number[number]
        Post.objects.create(person=person, party_branch=person.party_branch, kind=kind, since=date(start_year, 9, 1))


def create_staff(company: Company) -> dict[str, User]:
    """Accounts of people who stand in no roster."""
    made = {}
    for key, username, name in (
        ("organiser", "Z0001", "韦组织员"),
        ("civil_organiser", "Z0002", "卢组织员"),
        ("counsellor", "F0001", "覃辅导员"),
        ("administrator", "admin", "系统管理员"),
    ):
        made[key] = User.objects.create_user(
            username, display_name=name, is_demo=True, is_superuser=key == "administrator"
        )
    for key, department in (("organiser", "机械系"), ("civil_organiser", "土木系")):
        StaffRole.objects.create(user=made[key], kind=StaffKind.ORGANISER, department=company.departments[department])
    role = StaffRole.objects.create(
        user=made["counsellor"], kind=StaffKind.COUNSELLOR, department=company.departments["土木系"]
    )
    role.classes.add(*[branch.school_class for branch in company.league_branches])
    return made
