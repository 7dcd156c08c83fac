"""Write a plan, set-wise: on PostgreSQL COPY into a temporary table and one upsert, on SQLite batches.

The caller holds the transaction: all of a file or nothing of it. History rows are written with the people.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from typing import Any

from django.db import connection
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import User
from branches.models import Department, LeagueBranch, PartyBranch, PartyBranchKind, SchoolClass

from ..models import Absence, Person, Post
from ..names import name_key
from ..office_models import PostKind
from .plan import Plan, PlannedPerson

BATCH = 500
REASON = "roster"
TEXT_COLUMNS = ("name", "sex", "ethnicity", "phone", "programme", "major")
DATE_COLUMNS = (
    "born_on", "graduates_on", "league_joined_on", "applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on",
)  # fmt: skip
COLUMNS = (
    "number", "name_key", *TEXT_COLUMNS, "enrolment_year", *DATE_COLUMNS, "is_league_member", "stage", "department_id",
    "school_class_id", "party_branch_id", "extended_to", "left_on",
)  # fmt: skip
# A path COPY writes for "no value"; no cell can hold it, as text is stripped of control characters.
NULL = "\x01"


def apply_plan(plan: Plan, *, user: User | None, today: date, now: datetime) -> None:
    """Write everything `plan` says. Must run inside a transaction."""
    places = _create_places(plan)
    writer = _write_with_copy if connection.vendor == "postgresql" else _write_in_batches
    if plan.people:
        writer(plan.people, places, user, now)
    _write_leagues(plan, places, user)
    numbers = {post.number for post in plan.posts} | {absence.number for absence in plan.absences}
    ids = dict(Person.objects.filter(number__in=numbers).values_list("number", "pk"))
    _write_posts(plan, ids, user, today)
    _write_absences(plan, ids, user)


class Places:
    """Names to ids, after everything missing was created."""

    def __init__(self) -> None:
        self.departments = dict(Department.objects.values_list("name", "pk"))
        self.branches = dict(PartyBranch.objects.values_list("name", "pk"))
        self.classes = {
            (department, name): pk
            for pk, name, department in SchoolClass.objects.values_list("pk", "name", "department__name")
        }

    def row(self, person: PlannedPerson) -> tuple[Any, ...]:
        """The columns of COLUMNS."""
        values = person.merged
        department, school_class = values["department"], values["school_class"]
        branch = values["party_branch"]
        return (
            person.draft.number, name_key(values["name"]), *((values[name] or "") for name in TEXT_COLUMNS), values["enrolment_year"],
            *(values[name] for name in DATE_COLUMNS), bool(values["is_league_member"]), person.stage, self.departments[department],
            self.classes[department, school_class] if school_class else None, self.branches[branch] if branch else None,
            values["extended_to"], values["left_on"],
        )  # fmt: skip


def _create_places(plan: Plan) -> Places:
    for name in plan.new_departments:
        Department.objects.create(name=name, general_branch=f"{name}党总支")
    departments = dict(Department.objects.values_list("name", "pk"))
    kinds = _kinds_of_branches(plan)
    PartyBranch.objects.bulk_create(
        PartyBranch(name=name, department_id=departments[department], kind=kinds.get(name, PartyBranchKind.MIXED))
        for name, department in plan.new_branches
    )
    SchoolClass.objects.bulk_create(
        [
            SchoolClass(name=name, department_id=departments[department], programme=programme, enrolment_year=year)
            for (department, name), (programme, year) in plan.new_classes.items()
        ],
        batch_size=BATCH,
    )
    return Places()


def _kinds_of_branches(plan: Plan) -> dict[str, str]:
    """A branch whose students are all of one programme is of that kind."""
    programmes: dict[str, set[str]] = {}
    for person in plan.people:
        if person.merged["party_branch"] and person.merged["programme"] not in ("", "staff", None):
            programmes.setdefault(person.merged["party_branch"], set()).add(person.merged["programme"])
    kinds: dict[frozenset[str], str] = {
        frozenset({"bachelor"}): PartyBranchKind.BACHELOR,
        frozenset({"diploma"}): PartyBranchKind.DIPLOMA,
    }
    return {branch: kinds.get(frozenset(found), PartyBranchKind.MIXED) for branch, found in programmes.items()}


def _write_with_copy(people: list[PlannedPerson], places: Places, user: User | None, now: datetime) -> None:
    columns = ", ".join(COLUMNS)
    changed = ", ".join(f"{column} = EXCLUDED.{column}" for column in COLUMNS if column != "number")
    history = ", ".join(column for column in COLUMNS if column != "name_key")
    buffer = io.StringIO()
    rows = csv.writer(buffer, lineterminator="\n")
    for person in people:
        mark = "~" if person.existing_id else "+"
        rows.writerow([mark, *(NULL if value is None else value for value in places.row(person))])
    buffer.seek(0)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.roster_rows")
        cursor.execute(
            f"CREATE TEMPORARY TABLE roster_rows ON COMMIT DROP AS SELECT '+'::text AS mark, {columns} "  # noqa: S608  # names above
            "FROM members_person WITH NO DATA"
        )
        cursor.cursor.copy_expert(
            f"COPY roster_rows (mark, {columns}) FROM STDIN WITH (FORMAT csv, NULL '{NULL}')", buffer
        )
        cursor.execute(
            f"INSERT INTO members_person ({columns}) SELECT {columns} FROM roster_rows "  # noqa: S608  # names above
            f"ON CONFLICT (number) DO UPDATE SET {changed}"
        )
        cursor.execute(
            f"INSERT INTO members_historicalperson (id, user_id, {history}, history_date, history_type, history_user_id, "  # noqa: S608
            f"history_change_reason) SELECT p.id, p.user_id, {', '.join('p.' + name for name in history.split(', '))}, %s, r.mark, %s, %s "
            "FROM members_person p JOIN roster_rows r ON r.number = p.number",
            [now, user.pk if user else None, REASON],
        )


def _write_in_batches(people: list[PlannedPerson], places: Places, user: User | None, now: datetime) -> None:
    fresh, known = [], []
    for person in people:
        row = Person(**dict(zip(COLUMNS, places.row(person), strict=True)))
        if person.existing_id:
            row.pk = person.existing_id
            known.append(row)
        else:
            fresh.append(row)
    if fresh:
        bulk_create_with_history(
            fresh, Person, batch_size=BATCH, default_user=user, default_change_reason=REASON, default_date=now
        )
    if known:
        fields = [column for column in COLUMNS if column != "number"]
        accounts = dict(Person.objects.filter(pk__in=[row.pk for row in known]).values_list("pk", "user_id"))
        for row in known:
            row.user_id = accounts[row.pk]
        bulk_update_with_history(
            known, Person, fields, batch_size=BATCH, default_user=user, default_change_reason=REASON, default_date=now
        )


def _write_leagues(plan: Plan, places: Places, user: User | None) -> None:
    for planned in plan.leagues:
        if not planned.changes:
            continue
        draft, values = planned.draft, planned.draft.values
        league = planned.existing or LeagueBranch(name=draft.name)
        league.department_id = places.departments[values["department"]]
        if values["school_class"]:
            league.school_class_id = places.classes[values["department"], values["school_class"]]
            league.programme = SchoolClass.objects.values_list("programme", flat=True).get(pk=league.school_class_id)
        league.enrolment_year = values["enrolment_year"]
        if values["member_count"] is not None:
            league.member_count = values["member_count"]
        league.model_type = values["model_type"] or league.model_type
        if values["party_branch"]:
            league.party_branch_id = places.branches[values["party_branch"]]
        league.save()


def _write_posts(plan: Plan, ids: dict[str, int], user: User | None, today: date) -> None:
    leagues = dict(LeagueBranch.objects.values_list("name", "pk"))
    branches = dict(PartyBranch.objects.values_list("name", "pk"))
    for planned in plan.posts:
        if planned.replaces:
            former = Post.objects.get(pk=planned.replaces)
            former.ended_on = max(today, former.since or today)
            former.save()
        is_league = planned.kind == PostKind.LEAGUE_SECRETARY
        Post.objects.create(
            person_id=ids[planned.number],
            kind=planned.kind,
            league_branch_id=leagues[planned.where] if is_league else None,
            party_branch_id=None if is_league else branches[planned.where],
            since=today if planned.replaces else None,
        )


def _write_absences(plan: Plan, ids: dict[str, int], user: User | None) -> None:
    fresh: list[Absence] = []
    for planned in plan.absences:
        if planned.existing_id:
            row = Absence.objects.get(pk=planned.existing_id)
            row.to_on = planned.to_on
            row.save()
        else:
            fresh.append(Absence(person_id=ids[planned.number], from_on=planned.from_on, to_on=planned.to_on))
    if fresh:
        bulk_create_with_history(fresh, Absence, batch_size=BATCH, default_user=user, default_change_reason=REASON)
