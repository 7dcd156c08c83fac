"""Compare rows of League branches with the portal: what changes, whether the user may, and who becomes secretary."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from branches.models import LeagueBranch

from .directory import Directory
from .drafts import LeagueDraft, PersonDraft
from .known import CLASS_ID, NAME, PK, KnownPerson
from .leagues import refuse_league, secretary_draft
from .plan import PlannedLeague, Refusal


class LeaguePlanner:
    """Plans the League branches of one file.

    `known`: the people of all numbers; `changeable`: who of them may be changed, None for everybody; `names`: of the
    file's own accepted rows, by number.
    """

    def __init__(
        self, directory: Directory, known: Mapping[str, KnownPerson], changeable: set[int] | None, names: dict[str, str]
    ) -> None:
        self.directory, self.known, self.changeable, self.names = directory, known, changeable, names
        self.planned: list[PlannedLeague] = []
        self.refused: list[Refusal] = []
        # Secretaries nobody knows yet.
        self.secretaries: list[PersonDraft] = []

    def plan(self, drafts: list[LeagueDraft], book_branches: Collection[str]) -> None:
        """`book_branches`: the Party branches of the file's people; the only one takes League branches that have none."""
        rows: dict[str, int] = {}
        for draft in drafts:
            if draft.name in rows:
                refuse_league(draft, "league_name", _("The same League branch as row %(row)d.") % {"row": rows[draft.name]})  # fmt: skip
            rows.setdefault(draft.name, draft.source.row)
            existing = self.directory.leagues.get(draft.name)
            if not draft.problems:
                self._settle_branch(draft, existing, book_branches)
                self._check_scope(draft, existing)
            if not draft.problems and draft.secretary_number:
                self._settle_secretary(draft, existing)
            if draft.problems:
                self.refused.append(Refusal.of(draft))
            else:
                self.planned.append(PlannedLeague(draft, existing, _changes(draft, existing)))

    def _settle_branch(self, draft: LeagueDraft, existing: LeagueBranch | None, book_branches: Collection[str]) -> None:
        values = draft.values
        if values["party_branch"]:
            values["party_branch"] = self.directory.resolve_branch(values["party_branch"])
        elif len(book_branches) == 1 and (existing is None or existing.party_branch_id is None):
            (branch,) = book_branches
            if self.directory.may_put_into_branch(branch, values["department"]):
                values["party_branch"] = branch

    def _check_scope(self, draft: LeagueDraft, existing: LeagueBranch | None) -> None:
        """The department's own, or what the user's Party branch guides already; and nothing moves out of the user's hands."""
        directory, values = self.directory, draft.values
        department, school_class, branch = values["department"], values["school_class"], values["party_branch"]
        if not self._may_change(existing, department):
            self._outside(draft, "league_name", draft.name)
        elif existing is not None and department != existing.department.name and not directory.oversees(department):
            self._outside(draft, "department", department)
        elif school_class and not directory.may_use_class(department, school_class):
            self._outside(draft, "school_class", school_class)
        elif branch and branch != _branch_name(existing) and not directory.may_put_into_branch(branch, department):
            self._outside(draft, "branch", branch)

    def _may_change(self, existing: LeagueBranch | None, department: str) -> bool:
        directory = self.directory
        if existing is None:
            return directory.oversees(department)
        is_guided = directory.scope is not None and directory.scope.manages(existing.party_branch_id)
        return is_guided or directory.oversees(existing.department.name)

    def _settle_secretary(self, draft: LeagueDraft, existing: LeagueBranch | None) -> None:
        """Somebody of this file, somebody known whom the user may appoint, or somebody new; always of that name."""
        number, person = draft.secretary_number, self.known.get(draft.secretary_number)
        school_class = self._class_of(draft, existing)
        if number in self.names:
            is_same = _is_same_name(self.names[number], draft.secretary_name)
        elif person is None:
            if self.directory.place("", school_class, draft.values["department"]).objection:
                self._outside_number(draft)
            self.secretaries += [] if draft.problems else [secretary_draft(draft, school_class)]
            self.names[number] = draft.secretary_name
            return
        else:
            is_same = _is_same_name(person[NAME], draft.secretary_name)
            if not self._may_change_person(person) and not (is_same and self._is_of_class(person, draft, school_class)):
                # The same words whatever the name is: nothing is told of people outside.
                self._outside_number(draft)
                return
        if not is_same:
            refuse_league(
                draft, "secretary_number",
                _("Number %(number)s belongs to somebody of another name. Correct the number or the name.") % {"number": number},
            )  # fmt: skip

    def _class_of(self, draft: LeagueDraft, existing: LeagueBranch | None) -> str:
        """The class of the row, else of the League branch as it is."""
        stated: str = draft.values["school_class"]
        if stated or existing is None or existing.school_class is None:
            return stated
        is_here = (draft.values["department"], existing.school_class.name) in self.directory.classes
        return existing.school_class.name if is_here else ""

    def _may_change_person(self, person: KnownPerson) -> bool:
        return self.changeable is None or person[PK] in self.changeable

    def _is_of_class(self, person: KnownPerson, draft: LeagueDraft, school_class: str) -> bool:
        class_id = self.directory.classes.get((draft.values["department"], school_class))
        return class_id is not None and bool(person[CLASS_ID] == class_id)

    def _outside(self, draft: LeagueDraft, key: str, name: str) -> None:
        refuse_league(draft, key, _("“%(name)s” is outside what you manage.") % {"name": name})

    def _outside_number(self, draft: LeagueDraft) -> None:
        words = _("Number %(number)s is outside what you manage.") % {"number": draft.secretary_number}
        refuse_league(draft, "secretary_number", words)


def _branch_name(existing: LeagueBranch | None) -> str:
    return existing.party_branch.name if existing is not None and existing.party_branch is not None else ""


def _is_same_name(name: str, other: str) -> bool:
    return name.replace(" ", "") == other.replace(" ", "")


def _changes(draft: LeagueDraft, existing: LeagueBranch | None) -> list[tuple[str, Any, Any]]:
    old: dict[str, Any] = dict.fromkeys(draft.values)
    if existing is not None:
        old = {
            "department": existing.department.name,
            "school_class": existing.school_class.name if existing.school_class else "",
            "enrolment_year": existing.enrolment_year,
            "member_count": existing.member_count,
            "model_type": existing.model_type,
            "party_branch": _branch_name(existing),
        }
    return [
        (name, old[name], value)
        for name, value in draft.values.items()
        if value not in (None, "") and value != old[name]
    ]
