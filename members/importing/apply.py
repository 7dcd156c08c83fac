"""Write a plan, set-wise: on PostgreSQL COPY into a temporary table and one upsert, on SQLite batches.

The caller holds the transaction: all of a file or nothing of it. History rows are written with the people.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from django.db import connection
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import AuditAction, User
from accounts.services import record_audit
from branches.models import Department, LeagueBranch, PartyBranch, PartyBranchKind, SchoolClass

from ..models import Absence, Person, Post
from ..names import name_key
from ..office_models import LEAGUE_POSTS
from .plan import MERGED_FIELDS, Plan, PlannedPerson

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
BRANCH_AND_PROGRAMME = itemgetter(*map(MERGED_FIELDS.index, ("party_branch", "programme")))
# What stands for these characters in the text that COPY reads.
COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
COPY_BYTES_A_READ = 1 << 18


def apply_plan(plan: Plan, *, user: User | None, today: date, now: datetime) -> None:
    """Write everything `plan` says. Must run inside a transaction."""
    places = _create_places(plan)
    writer = _write_with_copy if connection.vendor == "postgresql" else _write_in_batches
    if plan.people:
        writer(plan.people, places, user, now)
    _write_leagues(plan, places, user)
    numbers = {post.number for post in plan.posts} | {absence.number for absence in plan.absences}
    ids = dict(Person.objects.filter(number__in=numbers).values_list("number", "pk"))
    _write_posts(plan, ids, user, today, now)
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

    def columns(self, people: list[PlannedPerson]) -> list[Sequence[Any]]:
        """The columns of COLUMNS, each as long as `people`."""
        values = dict(zip(MERGED_FIELDS, zip(*(person.values for person in people), strict=True), strict=True))
        classes = zip(values["department"], values["school_class"], strict=True)
        return [
            [person.draft.number for person in people],
            list(map(name_key, values["name"])),
            *([text or "" for text in values[name]] for name in TEXT_COLUMNS),
            values["enrolment_year"],
            *(values[name] for name in DATE_COLUMNS),
            list(map(bool, values["is_league_member"])),
            [person.stage for person in people],
            [self.departments[department] for department in values["department"]],
            [
                person.class_id or (self.classes[place] if place[1] else None)
                for person, place in zip(people, classes, strict=True)
            ],
            [self.branches[branch] if branch else None for branch in values["party_branch"]],
            values["extended_to"],
            values["left_on"],
        ]


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
    for branch, programme in {BRANCH_AND_PROGRAMME(person.values) for person in plan.people}:
        if branch and programme not in ("", "staff", None):
            programmes.setdefault(branch, set()).add(programme)
    kinds: dict[frozenset[str], str] = {
        frozenset({"bachelor"}): PartyBranchKind.BACHELOR,
        frozenset({"diploma"}): PartyBranchKind.DIPLOMA,
    }
    return {branch: kinds.get(frozenset(found), PartyBranchKind.MIXED) for branch, found in programmes.items()}


def _write_with_copy(people: list[PlannedPerson], places: Places, user: User | None, now: datetime) -> None:
    columns = ", ".join(COLUMNS)
    changed = ", ".join(f"{column} = EXCLUDED.{column}" for column in COLUMNS if column != "number")
    history = ", ".join(column for column in COLUMNS if column != "name_key")
    marks = ["~" if person.existing_id else "+" for person in people]
    lines = copy_lines([marks, *places.columns(people)])
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.roster_rows")
        cursor.execute(
            f"CREATE TEMPORARY TABLE roster_rows ON COMMIT DROP AS SELECT '+'::text AS mark, {columns} "  # noqa: S608  # names above
            "FROM members_person WITH NO DATA"
        )
        cursor.cursor.copy_expert(
            f"COPY roster_rows (mark, {columns}) FROM STDIN", io.BytesIO(lines), size=COPY_BYTES_A_READ
        )
        cursor.execute(
            f"INSERT INTO members_person ({columns}) SELECT {columns} FROM roster_rows "  # noqa: S608  # names above
            f"ON CONFLICT (number) DO UPDATE SET {changed}"
        )
        cursor.execute(
            f"INSERT INTO members_historicalperson (id, user_id, {history}, history_date, history_type, history_user_id, "  # noqa: S608  # names above
            f"history_change_reason) SELECT p.id, p.user_id, {', '.join('p.' + name for name in history.split(', '))}, %s, r.mark, %s, %s "
            "FROM members_person p JOIN roster_rows r ON r.number = p.number",
            [now, user.pk if user else None, REASON],
        )


def copy_lines(columns: Sequence[Sequence[Any]]) -> bytes:
    """Columns of one type each (None for no value) as the text that COPY reads."""
    rows = zip(*map(_copy_texts, columns), strict=True)
    return ("\n".join(map("\t".join, rows)) + "\n").encode()


def _copy_texts(column: Sequence[Any]) -> Sequence[str]:
    if set(map(type, column)) == {str}:
        joined = "".join(column)
        return column if not any(mark in joined for mark in "\\\t\n\r") else [t.translate(COPY_ESCAPES) for t in column]
    texts = {value: _copy_text(value) for value in set(column)}
    return [texts[value] for value in column]


def _copy_text(value: Any) -> str:
    if value is None:
        return r"\N"
    return value.translate(COPY_ESCAPES) if isinstance(value, str) else str(value)


def _write_in_batches(people: list[PlannedPerson], places: Places, user: User | None, now: datetime) -> None:
    fresh, known = [], []
    for person, values in zip(people, zip(*places.columns(people), strict=True), strict=True):
        row = Person(**dict(zip(COLUMNS, values, strict=True)))
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
    for planned in plan.changed_leagues:
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


def _write_posts(plan: Plan, ids: dict[str, int], user: User | None, today: date, now: datetime) -> None:
    """Appoint; the trail has a line of each, as of an appointment on the pages."""
    leagues = dict(LeagueBranch.objects.values_list("name", "pk"))
    branches = dict(PartyBranch.objects.values_list("name", "pk"))
    for planned in plan.posts:
        former = _end_term(planned.replaces, user, today) if planned.replaces else None
        place, places = ("league_branch", leagues) if planned.kind in LEAGUE_POSTS else ("party_branch", branches)
        where = {f"{place}_id": places[planned.where]}
        post = Post(person_id=ids[planned.number], kind=planned.kind, since=today if former else None, **where)
        _save_post(post, user)
        record_audit(
            action=AuditAction.APPOINTED, user=user, now=now, object_type="post", object_id=post.pk,
            detail={
                "person": post.person_id, "kind": post.kind, place: places[planned.where],
                "former": former.person_id if former else None,
            },
        )  # fmt: skip


def _end_term(post_id: int, user: User | None, today: date) -> Post:
    post = Post.objects.get(pk=post_id)
    post.ended_on = max(today, post.since or today)
    _save_post(post, user)
    return post


def _save_post(post: Post, user: User | None) -> None:
    post._history_user = user  # type: ignore[attr-defined]  # what simple_history reads
    post._change_reason = REASON  # type: ignore[attr-defined]  # likewise
    post.save()


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
