"""What one file would do: created, changed cell by cell, left alone, refused. Made by `planner`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Protocol

from branches.models import LeagueBranch

from .drafts import PERSON_FIELDS, LeagueDraft, PersonDraft, PlainRow, RowProblem, Source

# Every field a person has in the plan; the last two a roster does not touch.
MERGED_FIELDS = (*PERSON_FIELDS, "extended_to", "left_on")


class RefusedDraft(Protocol):
    """A row of any import, as far as a refusal tells of it."""

    source: Source
    problems: list[RowProblem]


@dataclass(frozen=True)
class Refusal:
    """One refused row: the first faulty column and all that is wrong."""

    source: Source
    column: str
    message: str
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, draft: RefusedDraft) -> Refusal:
        """All objections to this row in one."""
        problems = draft.problems
        column = next((problem.column for problem in problems if problem.column), "")
        message = "; ".join(problem.message for problem in problems)
        return cls(draft.source, column, message, tuple(problem.key for problem in problems))


class PlannedPerson(NamedTuple):
    """`values`: every field of MERGED_FIELDS as it will stand; `changes`: (field, old, new), empty for a new person.

    `class_id`: the class somebody known stays in, where the row names none; it may be another department's.
    """

    draft: PersonDraft | PlainRow
    values: tuple[Any, ...]
    stage: str
    existing_id: int | None = None
    changes: tuple[tuple[str, Any, Any], ...] = ()
    class_id: int | None = None

    @property
    def merged(self) -> dict[str, Any]:
        return dict(zip(MERGED_FIELDS, self.values, strict=True))


@dataclass
class PlannedPost:
    """`where`: the Party branch or League branch; `replaces`: the post whose term ends with it, and its holder's name."""

    number: str
    name: str
    where: str
    kind: str
    replaces: int | None = None
    replaced_name: str = ""


@dataclass
class PlannedAbsence:
    number: str
    name: str
    from_on: date
    to_on: date | None
    existing_id: int | None = None
    old_to_on: date | None = None


@dataclass
class PlannedLeague:
    """`changes`: (field, old, new); of a new one everything the row says."""

    draft: LeagueDraft
    existing: LeagueBranch | None = None
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
    def changed_leagues(self) -> list[PlannedLeague]:
        return [league for league in self.leagues if league.changes]

    @property
    def changes_anything(self) -> bool:
        return bool(self.people or self.posts or self.absences or self.changed_leagues)

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
