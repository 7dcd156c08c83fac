"""Compare drafts with the database, set-wise: what would be created, changed cell by cell, left alone, refused."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from ..models import Absence, Person
from ..office_models import SHARED_POSTS, AbsenceKind, PostKind
from ..stages import STAGE_DATE_FIELDS, derive_stage
from .directory import Directory
from .drafts import PERSON_FIELDS, LeagueDraft, PersonDraft, RowProblem, Source
from .leagues import secretary_draft

CHUNK = 5_000
DATABASE_FIELDS = tuple(
    {"department": "department__name", "school_class": "school_class__name", "party_branch": "party_branch__name"}.get(
        name, name
    )
    for name in PERSON_FIELDS
)


@dataclass(frozen=True)
class Refusal:
    """One refused row: the first faulty column and all that is wrong."""

    source: Source
    column: str
    message: str
    keys: tuple[str, ...] = ()


@dataclass
class PlannedPerson:
    draft: PersonDraft
    # Every field of PERSON_FIELDS as it will stand, plus extended_to and left_on, which a roster does not touch.
    merged: dict[str, Any]
    stage: str
    existing_id: int | None = None
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)


@dataclass
class PlannedPost:
    number: str
    where: str
    kind: str
    replaces: int | None = None
    replaced_name: str = ""


@dataclass
class PlannedAbsence:
    number: str
    from_on: date
    to_on: date | None
    existing_id: int | None = None


@dataclass
class PlannedLeague:
    draft: LeagueDraft
    existing: Any = None
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)


@dataclass
class Plan:
    """Everything one file would do. Nothing is written until `apply.apply_plan`."""

    people: list[PlannedPerson] = field(default_factory=list)
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    posts: list[PlannedPost] = field(default_factory=list)
    absences: list[PlannedAbsence] = field(default_factory=list)
    leagues: list[PlannedLeague] = field(default_factory=list)
    new_departments: list[str] = field(default_factory=list)
    new_branches: list[tuple[str, str]] = field(default_factory=list)  # (name, department)
    new_classes: dict[tuple[str, str], tuple[str, int]] = field(
        default_factory=dict
    )  # (department, class) -> programme, year
    notes: list[tuple[Source, str]] = field(default_factory=list)

    @property
    def created(self) -> list[PlannedPerson]:
        return [person for person in self.people if person.existing_id is None]

    @property
    def updated(self) -> list[PlannedPerson]:
        return [person for person in self.people if person.existing_id is not None]

    @property
    def changes_anything(self) -> bool:
        return bool(self.people or self.posts or self.absences or any(league.changes for league in self.leagues))

    def fingerprint(self) -> str:
        """The same for two plans that do the same to people; a preview is applied only if it still holds.

        Places are left out: the file before this one may have created them meanwhile.
        """
        digest = hashlib.sha256()
        for person in self.people:
            digest.update(repr((person.draft.number, person.existing_id, person.changes)).encode())
        digest.update(repr([(post.number, post.where, post.kind, post.replaces) for post in self.posts]).encode())
        digest.update(repr([(row.number, row.from_on, row.to_on, row.existing_id) for row in self.absences]).encode())
        digest.update(repr([(league.draft.name, league.changes) for league in self.leagues]).encode())
        digest.update(repr([(row.source.row, row.message) for row in self.refused]).encode())
        return digest.hexdigest()


class Planner:
    """Makes the plan of one file. Ask `plan()` once."""

    def __init__(self, directory: Directory, *, today: date) -> None:
        self.directory, self.today = directory, today
        self.result = Plan()
        self._stages: dict[tuple[Any, ...], str] = {}

    def plan(self, people: list[PersonDraft], leagues: list[LeagueDraft]) -> Plan:
        book_branches = {draft.values["party_branch"] for draft in people if draft.values.get("party_branch")}
        self._refuse_repeats(people)
        for draft in people:
            self._place(draft)
        kept_leagues = self._leagues(leagues, book_branches)
        secretaries = [secretary_draft(draft) for draft in kept_leagues if draft.secretary_number]
        taken = {draft.number for draft in people}
        drafts = people + [draft for draft in secretaries if draft.number not in taken]
        existing = self._existing({draft.number for draft in drafts if draft.number})
        changeable = self._changeable(existing)
        for draft in drafts:
            self._person(draft, existing.get(draft.number), changeable)
        self._posts(people, kept_leagues)
        self._absences(people, existing)
        self._creations(people, kept_leagues)
        self.result.notes = [(draft.source, note) for draft in drafts if not draft.problems for note in draft.notes]
        self.result.refused.sort(key=lambda row: (row.source.sheet, row.source.row))
        return self.result

    # --- one row against the others -------------------------------------------------------------

    def _refuse_repeats(self, people: list[PersonDraft]) -> None:
        by_number: dict[str, list[PersonDraft]] = defaultdict(list)
        for draft in people:
            if draft.number:
                by_number[draft.number].append(draft)
        for number, drafts in by_number.items():
            if len(drafts) < 2:
                continue
            first = drafts[0]
            if all(draft.content() == first.content() for draft in drafts):
                for draft in drafts[1:]:
                    _refuse(
                        draft,
                        "number",
                        _("The same number and content as row %(row)d: a repeat. Delete this row.")
                        % {"row": first.source.row},
                    )
                continue
            rows = ", ".join(str(draft.source.row) for draft in drafts)
            for draft in drafts:
                _refuse(
                    draft,
                    "number",
                    _("Number %(number)s stands in rows %(rows)s with different content. Keep the right one.")
                    % {"number": number, "rows": rows},
                )

    def _place(self, draft: PersonDraft) -> None:
        """Department and scope of a row."""
        values = draft.values
        branch, school_class = values.get("party_branch", ""), values.get("school_class", "")
        department = values.pop("department", "")
        if branch in self.directory.branches:
            department = self.directory.branches[branch][2]
        department = department or self.directory.department_of_class(school_class)
        if not department:
            if branch or school_class:
                _refuse(
                    draft, "branch" if branch else "school_class",
                    _("Which department “%(name)s” belongs to is unknown. Add a column 所属系, or write the branch's full name.") % {"name": branch or school_class},
                )  # fmt: skip
            return
        values["department"] = department
        if branch:
            allowed = self.directory.may_use_branch(branch) or (
                branch not in self.directory.branches and self.directory.oversees(department)
            )
        else:
            allowed = self.directory.may_use_class(department, school_class)
        if not allowed:
            _refuse(
                draft,
                "branch" if branch else "school_class",
                _("“%(name)s” is outside what you manage.") % {"name": branch or school_class},
            )

    # --- against the database -------------------------------------------------------------------

    def _existing(self, numbers: set[str]) -> dict[str, tuple[Any, ...]]:
        found: dict[str, tuple[Any, ...]] = {}
        for chunk in _chunks(sorted(numbers), CHUNK):
            rows = (
                Person.objects.filter(number__in=chunk)
                .order_by()
                .values_list("number", "pk", "stage", "extended_to", "left_on", *DATABASE_FIELDS)
            )
            for row in rows:
                found[row[0]] = row[1:]
        return found

    def _changeable(self, existing: dict[str, tuple[Any, ...]]) -> set[int] | None:
        scope = self.directory.scope
        if scope is None or self.directory.is_unlimited:
            return None
        ids = [row[0] for row in existing.values()]
        found: set[int] = set()
        for chunk in _chunks(ids, CHUNK):
            found |= set(Person.objects.changeable_by(scope).filter(pk__in=chunk).values_list("pk", flat=True))  # type: ignore[arg-type]
        return found

    def _person(self, draft: PersonDraft, row: tuple[Any, ...] | None, changeable: set[int] | None) -> None:
        if row is not None and draft.only_creates:
            return
        if row is not None and changeable is not None and row[0] not in changeable:
            draft.problems.clear()
            _refuse(draft, "number", _("Number %(number)s is outside what you manage.") % {"number": draft.number})
        if row is None and not draft.problems and "department" not in draft.values:
            _refuse(draft, "school_class", _("The department is unknown. Add a column 所属系 or 班级."))
        if draft.problems:
            self.result.refused.append(
                Refusal(
                    draft.source, next((problem.column for problem in draft.problems if problem.column), ""),
                    "; ".join(problem.message for problem in draft.problems), tuple(problem.key for problem in draft.problems),
                )
            )  # fmt: skip
            return
        if row is None:
            merged = {name: draft.values.get(name) for name in PERSON_FIELDS} | {"extended_to": None, "left_on": None}
            changes: list[tuple[str, Any, Any]] = []
        else:
            old = dict(zip(PERSON_FIELDS, row[4:], strict=True))
            changes = [
                (name, old[name], value)
                for name, value in draft.values.items()
                if value != old[name] and not _keeps(name, value, old)
            ]
            merged = old | {name: new for name, _old, new in changes} | {"extended_to": row[2], "left_on": row[3]}
        if merged.get("league_joined_on") is not None:
            merged["is_league_member"] = True
        stage = self._stage(merged)
        if row is not None and not changes and row[1] == stage:
            self.result.unchanged += 1
            return
        self.result.people.append(PlannedPerson(draft, merged, stage, row[0] if row else None, changes))

    def _stage(self, merged: dict[str, Any]) -> str:
        key = (*(merged.get(name) for name in STAGE_DATE_FIELDS), bool(merged["is_league_member"]))
        if key not in self._stages:
            self._stages[key] = derive_stage(
                merged, is_league_member=bool(merged["is_league_member"]), today=self.today
            ).value
        return self._stages[key]

    # --- League branches, posts, absences -------------------------------------------------------

    def _leagues(self, leagues: list[LeagueDraft], book_branches: set[str]) -> list[LeagueDraft]:
        kept = []
        seen: dict[str, int] = {}
        for draft in leagues:
            department = draft.values["department"]
            if draft.name in seen:
                draft.problems.append(_problem(_("The same League branch as row %(row)d.") % {"row": seen[draft.name]}))
            seen.setdefault(draft.name, draft.source.row)
            if not draft.problems and not self._may_change_league(draft):
                draft.problems.append(_problem(_("“%(name)s” is outside what you manage.") % {"name": draft.name}))
            if draft.problems:
                self.result.refused.append(
                    Refusal(
                        draft.source, draft.problems[0].column, "; ".join(problem.message for problem in draft.problems)
                    )
                )
                continue
            branch = self.directory.resolve_branch(draft.values["party_branch"]) if draft.values["party_branch"] else ""
            existing = self.directory.leagues.get(draft.name)
            if not branch and len(book_branches) == 1 and (existing is None or existing.party_branch_id is None):
                branch = next(iter(book_branches))
            draft.values["party_branch"] = branch
            kept.append(draft)
            self.result.leagues.append(PlannedLeague(draft, existing, _league_changes(draft, existing, department)))
        return kept

    def _may_change_league(self, draft: LeagueDraft) -> bool:
        directory = self.directory
        if directory.oversees(draft.values["department"]):
            return True
        existing = directory.leagues.get(draft.name)
        return (
            existing is not None
            and directory.scope is not None
            and existing.party_branch_id in directory.scope.managed_branch_ids
        )

    def _posts(self, people: list[PersonDraft], leagues: list[LeagueDraft]) -> None:
        refused = {row.source for row in self.result.refused}
        given: dict[tuple[str, str], str] = {}
        in_file = {draft.number: set(draft.posts) for draft in people}
        for draft in people:
            if draft.source in refused:
                continue
            for kind in draft.posts:
                self._post(draft, draft.number, draft.values.get("party_branch", ""), kind, given, in_file)
        for league in leagues:
            if league.secretary_number:
                self._post(None, league.secretary_number, league.name, PostKind.LEAGUE_SECRETARY, given, in_file)

    def _post(
        self,
        draft: PersonDraft | None,
        number: str,
        where: str,
        kind: str,
        given: dict[tuple[str, str], str],
        in_file: dict[str, set[str]],
    ) -> None:
        if kind in SHARED_POSTS:
            if self.directory.holders.get((where, kind), (0, "", ""))[1] != number:
                self.result.posts.append(PlannedPost(number, where, kind))
            return
        other = given.setdefault((where, kind), number)
        holder = self.directory.holders.get((where, kind))
        label = PostKind(kind).label
        if other != number and draft is not None:
            draft.notes.append(
                _("%(post)s is given to somebody else in this file already; left out here.") % {"post": label}
            )
        elif holder is None:
            self.result.posts.append(PlannedPost(number, where, kind))
        elif holder[1] != number:
            gives_up = draft is None or (holder[1] in in_file and kind not in in_file[holder[1]])
            if gives_up:
                self.result.posts.append(PlannedPost(number, where, kind, holder[0], holder[2]))
            elif draft is not None:
                draft.notes.append(
                    _("%(post)s is held by %(name)s. The post was left as it is; end that term first.")
                    % {"post": label, "name": holder[2]}
                )

    def _absences(self, people: list[PersonDraft], existing: dict[str, tuple[Any, ...]]) -> None:
        refused = {row.source for row in self.result.refused}
        wanted = {draft.number: draft.absence for draft in people if draft.absence and draft.source not in refused}
        ids = {existing[number][0]: number for number in wanted if number in existing}
        known: dict[tuple[str, date], tuple[int, date | None]] = {}
        for chunk in _chunks(list(ids), CHUNK):
            rows = Absence.objects.filter(person_id__in=chunk, kind=AbsenceKind.INTERNSHIP)
            for pk, person_id, from_on, to_on in rows.values_list("pk", "person_id", "from_on", "to_on"):
                known[ids[person_id], from_on] = (pk, to_on)
        for number, (from_on, to_on) in wanted.items():
            pk, old_end = known.get((number, from_on), (None, None))
            if pk is None or old_end != to_on:
                self.result.absences.append(PlannedAbsence(number, from_on, to_on, pk))

    def _creations(self, people: list[PersonDraft], leagues: list[LeagueDraft]) -> None:
        """Departments, branches and classes the file names and the portal does not have."""
        plan, directory = self.result, self.directory
        refused = {row.source for row in plan.refused}
        drafts: list[Any] = [*(draft for draft in people if draft.source not in refused), *leagues]
        for draft in drafts:
            values = draft.values
            department = values.get("department", "")
            if not department:
                continue
            if department not in directory.departments and department not in plan.new_departments:
                plan.new_departments.append(department)
            branch = values.get("party_branch", "")
            if branch and branch not in directory.branches and (branch, department) not in plan.new_branches:
                plan.new_branches.append((branch, department))
            school_class = values.get("school_class", "")
            if school_class and (department, school_class) not in directory.classes:
                year = values.get("enrolment_year") or self.today.year
                programme = values.get("programme") or _programme_of_class(school_class)
                plan.new_classes.setdefault((department, school_class), (programme, year))


def _keeps(name: str, value: Any, old: dict[str, Any]) -> bool:
    """What a roster knows less well than the portal: the League membership of somebody who is a Party member now."""
    return name == "is_league_member" and value is False and old.get("league_joined_on") is not None


def _programme_of_class(school_class: str) -> str:
    return "upgrade" if "专升本" in school_class else "diploma" if "专科" in school_class else "bachelor"


def _league_changes(draft: LeagueDraft, existing: Any, department: str) -> list[tuple[str, Any, Any]]:
    values = draft.values
    if existing is None:
        return [("name", None, draft.name)]
    old = {
        "department": existing.department.name,
        "school_class": existing.school_class.name if existing.school_class else "",
        "enrolment_year": existing.enrolment_year,
        "member_count": existing.member_count,
        "model_type": existing.model_type,
        "party_branch": existing.party_branch.name if existing.party_branch else "",
    }
    return [
        (name, old[name], value) for name, value in values.items() if value not in (None, "") and value != old[name]
    ]


def _refuse(draft: PersonDraft, key: str, message: str) -> None:
    draft.problems.append(RowProblem(_heading(draft, key), message, key))


def _heading(draft: PersonDraft, key: str) -> str:
    return draft.headings.get(key, "")


def _problem(message: str) -> RowProblem:
    return RowProblem("", message)


def _chunks(items: Sequence[Any] | list[Any], size: int) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
